"""The command line ``cdk8s-airflow``."""

from __future__ import annotations

from cdk8s_airflow.cli.main import main

__all__ = ["main"]
