"""Scraping, alerts, dashboards and log shipping.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.monitoring.alerts import Alerts as Alerts
    from cdk8s_airflow.monitoring.dashboards import Dashboards as Dashboards
    from cdk8s_airflow.monitoring.monitoring import Monitoring as Monitoring
    from cdk8s_airflow.monitoring.statsd_mapping import statsd_mappings as statsd_mappings
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "Alerts",
    "Dashboards",
    "Monitoring",
    "statsd_mappings",
]
