"""A run that must end in 30 minutes, and tasks with trigger rules.

Airflow 3 has no SLAs. From Airflow 3.1 on, a deadline reports a run that is late, with a callback in the triggerer.
With Airflow 2, ``sla=`` of a task does, for scheduled runs only. In both, the run continues until its timeouts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

try:
    from airflow.sdk import dag, task, teardown

    AIRFLOW_2 = False
except ImportError:
    from airflow.decorators import dag, task, teardown

    AIRFLOW_2 = True

try:
    from airflow.sdk.definitions.deadline import AsyncCallback, DeadlineAlert, DeadlineReference
except ImportError:  # Airflow 2 and 3.0
    DeadlineAlert = None

LIMIT = timedelta(minutes=30)
# Sent with the connection smtp_default. Callbacks of deadlines do not evaluate templates, so the text is fixed.
MAIL = {
    "from_email": "airflow@example.com",
    "to": "data-team@example.com",
    "subject": "critical_pipeline is late",
    "html_content": "It has not ended after 30 minutes.",
}

RUN: dict[str, Any] = {}
PUBLISH: dict[str, Any] = {}
if DeadlineAlert is not None:
    RUN["deadline"] = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=LIMIT,
        callback=AsyncCallback(SmtpNotifier, kwargs=MAIL),
    )
elif AIRFLOW_2:
    RUN["sla_miss_callback"] = SmtpNotifier(**MAIL)
    PUBLISH["sla"] = LIMIT


@dag(
    dag_id="critical_pipeline",
    schedule="0 */2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    default_args={
        "owner": "data-engineering",
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(minutes=20),
    },
    tags=["critical"],
    **RUN,
)
def critical_pipeline() -> None:
    """Read two sources, of which one is enough, and publish the result."""

    @task
    def read_primary() -> None:
        """The source that is usually available."""

    @task
    def read_replica() -> None:
        """The second source."""

    @task(trigger_rule="one_success")
    def merge() -> None:
        """Runs as soon as one source was read."""

    @task(trigger_rule="all_failed")
    def report_outage() -> None:
        """Runs only if both sources failed."""
        print("no source is available")

    @task(**PUBLISH)
    def publish() -> None:
        """Runs if merge succeeded."""

    # Runs after success and failure, and does not decide whether the run has succeeded. A last task with
    # trigger_rule="all_done" would hide the failure of publish.
    @teardown
    def clean_up() -> None:
        """Removes temporary files."""

    sources = [read_primary(), read_replica()]
    published = publish()
    sources >> report_outage()
    sources >> merge() >> published
    published >> clean_up()


critical_pipeline()
