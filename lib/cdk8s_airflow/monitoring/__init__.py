"""Scraping, alerts, dashboards and log shipping.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.monitoring.alerts import Alerts as Alerts
    from cdk8s_airflow.monitoring.dashboards import Dashboards as Dashboards
    from cdk8s_airflow.monitoring.log_collectors import AlloyLogs as AlloyLogs
    from cdk8s_airflow.monitoring.log_collectors import FluentBitLogs as FluentBitLogs
    from cdk8s_airflow.monitoring.log_outputs import CloudWatchOutput as CloudWatchOutput
    from cdk8s_airflow.monitoring.log_outputs import FluentBitOutput as FluentBitOutput
    from cdk8s_airflow.monitoring.log_outputs import LokiOutput as LokiOutput
    from cdk8s_airflow.monitoring.log_outputs import S3LogOutput as S3LogOutput
    from cdk8s_airflow.monitoring.monitoring import Monitoring as Monitoring
    from cdk8s_airflow.monitoring.statsd_mapping import statsd_mappings as statsd_mappings
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "Alerts",
    "AlloyLogs",
    "CloudWatchOutput",
    "Dashboards",
    "FluentBitLogs",
    "FluentBitOutput",
    "LokiOutput",
    "Monitoring",
    "S3LogOutput",
    "statsd_mappings",
]
