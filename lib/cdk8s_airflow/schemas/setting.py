"""The versions and the executor for which values of the chart are checked."""

from __future__ import annotations

from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import version, within


@frozen
class Setting:
    """What values are checked for.

    Attributes:
        chart: the version of the chart.
        airflow: the version of Airflow.
        executor: the name of the executor, or several separated by commas.
    """

    chart: str
    airflow: str
    executor: str

    @property
    def reviewed(self) -> tuple[str, ...]:
        """The reviewed charts whose keys are known: the chart itself, or the two adjacent ones if it is not reviewed."""
        known = store.chart_versions()
        if self.chart in known:
            return (self.chart,)
        older = [chart for chart in known if version(chart) < version(self.chart)]
        newer = [chart for chart in known if version(chart) > version(self.chart)]
        return (*older[-1:], *newer[:1])

    @property
    def airflow_3(self) -> bool:
        """Whether this is Airflow 3 or newer."""
        return within(">=3", self.airflow)

    @property
    def local(self) -> bool:
        """Whether tasks can run in the scheduler."""
        return "Local" in self.executor

    @property
    def celery(self) -> bool:
        """Whether Celery workers are among the executors."""
        return "Celery" in self.executor

    @property
    def task_pods(self) -> bool:
        """Whether tasks can run in pods of their own."""
        return "Kubernetes" in self.executor
