"""dbt: its profiles, and the pods that run it.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.dbt.profiles import DbtProfiles as DbtProfiles
    from cdk8s_airflow.dbt.targets import DbtPostgres as DbtPostgres
    from cdk8s_airflow.dbt.targets import DbtProfile as DbtProfile
    from cdk8s_airflow.dbt.targets import DbtTarget as DbtTarget
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "DbtPostgres",
    "DbtProfile",
    "DbtProfiles",
    "DbtTarget",
]
