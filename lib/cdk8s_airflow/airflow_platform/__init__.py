"""A whole platform as one construct, from one settings object.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.airflow_platform.platform import AirflowPlatform as AirflowPlatform
    from cdk8s_airflow.airflow_platform.settings import LabPlatform as LabPlatform
    from cdk8s_airflow.airflow_platform.settings import PlatformSettings as PlatformSettings
    from cdk8s_airflow.airflow_platform.settings import ProductionPlatform as ProductionPlatform
    from cdk8s_airflow.airflow_platform.settings import SmallPlatform as SmallPlatform
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "AirflowPlatform",
    "LabPlatform",
    "PlatformSettings",
    "ProductionPlatform",
    "SmallPlatform",
]
