"""All settings of one release, the input of the wire functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.airflow.authentication import DEFAULT_AUTH, AdminAccount, Auth
from cdk8s_airflow.airflow.components import (
    ApiServer,
    DagProcessor,
    DatabaseCleanup,
    DatabaseMigration,
    Flower,
    OtelCollector,
    PodCleanup,
    Scheduler,
    Statsd,
    Triggerer,
)
from cdk8s_airflow.airflow.config import Config, Throughput
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.environment_variables import (
    CaBundle,
    Connections,
    Env,
    EnvFrom,
    HttpProxy,
    KubernetesSecretsBackend,
    Variables,
)
from cdk8s_airflow.airflow.executors import Executor, RedisBroker, celery_of
from cdk8s_airflow.airflow.exposure import Exposure
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.source import DagSettings
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import SIDE_IMAGES, Image, RegistryMirror
from cdk8s_airflow.model.namespace import PodSecurityLevel
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.scaling import Keda
from cdk8s_airflow.model.secret_reference import AirflowKeys, PullSecret
from cdk8s_airflow.model.service_account import ServiceAccounts
from cdk8s_airflow.validation.durations import seconds
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.data_lake import DataLake


@frozen
class ReleaseSettings:
    """One release of Airflow. The settings are valid on their own; the pipeline checks how they fit together."""

    release: str
    namespace: str
    dialect: Dialect
    executor: Executor
    dags: DagSettings | None
    keys: AirflowKeys
    database: DatabaseConnection
    logs: Logs
    ui: Exposure
    scheduler: Scheduler
    api_server: ApiServer
    triggerer: Triggerer | None
    dag_processor: DagProcessor | None
    statsd: Statsd | None
    migration: DatabaseMigration
    rotation: str | None
    delivery: Delivery
    facts: ClusterFacts
    otel_collector: OtelCollector | None = None
    flower: Flower | None = None
    cleanup: PodCleanup | None = None
    database_cleanup: DatabaseCleanup | None = None
    image: Image | None = None
    mirror: RegistryMirror | None = None
    pull_secret: PullSecret | None = None
    placement: NodePlacement | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    config: Config = field(default_factory=dict)
    admin: AdminAccount | None = None
    auth: Auth = DEFAULT_AUTH
    env: Env = field(default_factory=dict)
    env_from: EnvFrom = ()
    connections: Connections = field(default_factory=dict)
    variables: Variables = field(default_factory=dict)
    secrets_backend: KubernetesSecretsBackend | None = None
    proxy: HttpProxy | None = None
    ca: CaBundle | None = None
    throughput: Throughput | None = None
    task_pods: TaskPods = TaskPods()
    task_namespaces: tuple[str, ...] = ()
    pod_operator_namespaces: tuple[str, ...] = ()
    other_levels: Mapping[str, PodSecurityLevel] = field(default_factory=dict)
    local_settings: str | None = None
    service_accounts: ServiceAccounts = ServiceAccounts()
    data_lake: DataLake | None = None
    has_quota: bool = False
    limits_started_pods: bool = False
    pod_security: PodSecurityLevel = "restricted"
    archived_images: Mapping[str, tuple[str, str]] | None = None
    archived_schema: Any = None
    archived_defaults: Mapping[str, Any] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    unchecked_values: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def results(self) -> dict[object, Any]:
        """The results of functions that are computed once for these settings: see ``airflow/wire/once.py``."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """What a copy has: the settings, without results, because the copy may be changed."""
        return {name: value for name, value in vars(self).items() if name != "results"}

    @property
    def other_images(self) -> Mapping[str, tuple[str, str]]:
        """Key under ``images`` -> repository and tag of each image of the chart other than Airflow's."""
        return SIDE_IMAGES[self.dialect.chart] if self.archived_images is None else self.archived_images

    @property
    def airflow_image(self) -> Image | None:
        """The image that Airflow runs in, or None for the official one."""
        return self.dags.image if isinstance(self.dags, DagImage) else self.image

    @property
    def side_images(self) -> tuple[str, ...]:
        """Keys of the images other than Airflow's that run."""
        celery = celery_of(self.executor)
        used = {
            "gitSync": self.git_sync is not None,
            "statsd": self.statsd is not None,
            "redis": celery is not None and isinstance(celery.broker, RedisBroker),
            "otelCollector": self.otel_collector is not None,
            "pgbouncer": self.database.pgbouncer is not None,
            "pgbouncerExporter": self.database.pgbouncer is not None,
        }
        return tuple(key for key, runs in used.items() if runs)

    @property
    def git_sync(self) -> GitSync | None:
        """The repository that git-sync fetches, if DAG files come from git-sync."""
        return self.dags if isinstance(self.dags, GitSync) else None

    @property
    def operator_namespaces(self) -> tuple[str, ...]:
        """The other namespaces in which tasks may start pods with KubernetesPodOperator."""
        return tuple(dict.fromkeys((*self.task_namespaces, *self.pod_operator_namespaces)))

    @property
    def pod_namespaces(self) -> tuple[str, ...]:
        """All namespaces in which pods of the release run: its own, and those in which tasks start pods."""
        return (self.namespace, *self.operator_namespaces)

    @property
    def restricted_namespaces(self) -> tuple[str, ...]:
        """The namespaces in which tasks start pods and that enforce the Pod Security Standard ``restricted``."""
        levels = {self.namespace: self.pod_security, **self.other_levels}
        return tuple(name for name in self.pod_namespaces if levels.get(name) == "restricted")

    @property
    def has_task_pods(self) -> bool:
        """Whether tasks run in pods of their own."""
        return "Kubernetes" in self.executor.name

    @property
    def has_celery_workers(self) -> bool:
        """Whether tasks run in Celery workers."""
        return "Celery" in self.executor.name

    @property
    def runs_tasks_in_scheduler(self) -> bool:
        """Whether tasks run inside the scheduler."""
        return "Local" in self.executor.name

    @property
    def keda_arguments(self) -> tuple[str, ...]:
        """The arguments that are ``Keda(...)``. There is a ScaledObject for each, with which KEDA connects to the database."""
        celery = celery_of(self.executor)
        scalings: list[tuple[str, object]] = [
            ("triggerer.scaling", None if self.triggerer is None else self.triggerer.scaling)
        ]
        if celery is not None:
            scalings.append(("executor.workers.scaling", celery.workers.scaling))
            scalings += [(f"executor.sets[{index}].scaling", each.scaling) for index, each in enumerate(celery.sets)]
        return tuple(at for at, scaling in scalings if isinstance(scaling, Keda))

    @property
    def patience(self) -> int:
        """The timeout of a Helm hook in this delivery, in seconds."""
        return seconds(self.delivery.timeout)
