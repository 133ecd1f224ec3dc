"""Comparison of two outputs: what a change does to the platform that is running.

``compare`` takes two platforms, read with ``read_folder``, and gives a ``Plan``: every change with its risk class, the rule that
chose it, what happens, and what to do first. The command line is ``cdk8s-airflow plan``.
"""

from __future__ import annotations

from cdk8s_airflow.plan.comparison import Change, Plan, compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Manifest, Platform, platform, read_files, read_folder, read_text
from cdk8s_airflow.plan.risk import Risk

__all__ = [
    "Change", "Manifest", "Plan", "PlanError", "Platform", "Risk", "compare", "platform", "read_files", "read_folder", "read_text",
]  # fmt: skip
