"""All that was said about one release, as the wire reads it."""

from __future__ import annotations

from dataclasses import dataclass

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, Migration, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.exposure import ClusterIP, Ingress
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.checks.constraints import seconds
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.database.connection import Connection
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.facts import ClusterFacts
from cdk8s_airflow.secrets.contracts import AirflowKeys


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings:
    """One release of Airflow, sound in itself."""

    release: str
    namespace: str
    dialect: Dialect
    executor: KubernetesExecutor
    dags: GitSync | None
    keys: AirflowKeys
    database: Connection
    logs: Logs
    ui: ClusterIP | Ingress
    scheduler: Scheduler
    api_server: ApiServer
    triggerer: Triggerer | None
    dag_processor: DagProcessor | None
    statsd: Statsd | None
    migration: Migration
    rotation: str | None
    delivery: K3sHelmChart
    facts: ClusterFacts

    @property
    def patience(self) -> int:
        """Seconds that the delivery gives to a hook."""
        return seconds(self.delivery.timeout)
