"""The settings of a whole platform, and three profiles of defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import ClassVar

from cdk8s_airflow.airflow.exposure import IngressTls
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.dags.git_sync import GitRef, GitSubPath
from cdk8s_airflow.database.backup import CnpgBackup
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import GitSshSecret, GitTokenSecret
from cdk8s_airflow.model.version import DEFAULT_CHART_VERSION
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Count, HostName, Label, LabelValue, NonEmpty, ObjectName
from cdk8s_airflow.validation.frozen import frozen


@frozen
class PlatformSettings:
    """The settings of an :class:`AirflowPlatform`.

    A profile is a subclass with other defaults and nothing else: :class:`LabPlatform`, :class:`SmallPlatform`,
    :class:`ProductionPlatform`. Every default can be overridden.

    Attributes:
        name: the name of the environment, such as ``"prod"``. It is part of the names of namespaces and of the release.
        host: the host name of the UI.
        dag_repo: the URL of the git repository with the DAG files.
        dag_ref: its branch, tag or commit. Default: ``"main"``.
        dag_folder: the folder with the DAG files in the repository. Default: ``""``, the whole repository.
        dag_credentials: the Secret with which git-sync reads it. Default: None, a public repository.
        chart_version: the version of the Airflow chart. Default: the newest supported one.
        airflow_version: the version of Airflow. Default: None, the one that the chart was released with.
        image: the image that Airflow runs in. Default: None, the official one.
        schedulers: the number of schedulers. Default: 1.
        scheduler_resources: the resources of each. Default: 250m CPU, 768Mi memory, at most 2Gi.
        api_servers: the number of API servers. Default: 1.
        task_resources: the resources of each task pod. Default: 250m CPU, 512Mi memory, at most 1Gi.
        parallel_tasks: the most task pods that run at the same time. There are none while no task runs. It is divided
            among the schedulers, ``core.parallelism``. Default: 16.
        logs: where task logs are stored, such as ``Logs.s3("acme-airflow-logs", region="eu-central-1")``. Required by
            :class:`ProductionPlatform`. Default: ``Logs.ephemeral()``: logs are lost with the pods of tasks.
        database_instances: the number of PostgreSQL instances. Default: 1.
        database_storage: the volume of each instance. Default: 10Gi of the default storage class.
        database_resources: the resources of each instance. Default: 100m CPU, 512Mi memory, at most 1Gi.
        database_backup: the backup of the database. Default: None, no backup.
        postgres_major: the major version of PostgreSQL. Default: 16.
        ingress_class: the ingress class. Default: None, the default one of the cluster.
        tls: TLS for the host. Default: None, plain HTTP.
        isolation: whether network policies deny all traffic but what the platform requires. The facts about the cluster that
            this requires are asked for by errors. Default: False.
        delivery: how the release reaches the cluster. Default: ``K3sHelmChart()``.
        tags: labels of the namespaces, such as ``{"cost-center": "data"}``. Default: empty.
        facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).
    """

    how_to_write: ClassVar[str] = (
        'SmallPlatform(name="dev", host="airflow.acme.lab", dag_repo="https://gitlab.acme.lab/data/airflow-dags.git")'
    )
    names_a_secret: ClassVar[bool] = True

    name: Label
    host: HostName
    dag_repo: NonEmpty
    dag_ref: GitRef = "main"
    dag_folder: GitSubPath = ""
    dag_credentials: GitTokenSecret | GitSshSecret | None = None
    chart_version: NonEmpty = DEFAULT_CHART_VERSION
    airflow_version: NonEmpty | None = None
    image: Image | None = None
    schedulers: Count = 1
    scheduler_resources: Resources = Resources(cpu="250m", memory="768Mi", memory_limit="2Gi")
    api_servers: Count = 1
    task_resources: Resources = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")
    parallel_tasks: Count = 16
    logs: Logs = Logs.ephemeral()
    database_instances: Count = 1
    database_storage: Volume = Volume("10Gi")
    database_resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    database_backup: CnpgBackup | None = None
    postgres_major: Count = 16
    ingress_class: ObjectName | None = None
    tls: IngressTls | None = None
    isolation: bool = False
    delivery: Delivery = K3sHelmChart()
    tags: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    facts: ClusterFacts | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.parallel_tasks < self.schedulers:
            yield Finding(
                rule="platform/parallel-tasks",
                at="parallel_tasks",
                problem=f"must be at least the number of schedulers ({self.schedulers}), because it is divided among them",
                seen=repr(self.parallel_tasks),
                fix=f"Use parallel_tasks={self.schedulers} or more, or fewer schedulers",
            )


@frozen
class LabPlatform(PlatformSettings):
    """A platform to try things out: one of everything, 4 parallel tasks, 5Gi for the database, logs that are not kept.

    Attributes:
        parallel_tasks: the most task pods that run at the same time. Default: 4.
        database_storage: the volume of each instance. Default: 5Gi of the default storage class.
    """

    how_to_write: ClassVar[str] = (
        'LabPlatform(name="lab", host="airflow.acme.lab", dag_repo="https://gitlab.acme.lab/data/airflow-dags.git")'
    )

    parallel_tasks: Count = 4
    database_storage: Volume = Volume("5Gi")


@frozen
class SmallPlatform(PlatformSettings):
    """A platform for one team: one scheduler, 16 parallel tasks, two database instances of 20Gi.

    Attributes:
        database_instances: the number of PostgreSQL instances. Default: 2.
        database_storage: the volume of each instance. Default: 20Gi of the default storage class.
    """

    database_instances: Count = 2
    database_storage: Volume = Volume("20Gi")


@frozen(kw_only=True)
class ProductionPlatform(PlatformSettings):
    """A platform that survives the loss of a node: two schedulers and API servers, three database instances of 50Gi, network
    policies, 64 parallel tasks.

    Set ``logs`` and ``database_backup``; logs that are not kept are refused.

    Attributes:
        schedulers: the number of schedulers. Default: 2.
        api_servers: the number of API servers. Default: 2.
        parallel_tasks: the most task pods that run at the same time. Default: 64.
        database_instances: the number of PostgreSQL instances. Default: 3.
        database_storage: the volume of each instance. Default: 50Gi of the default storage class.
        database_resources: Default: 500m CPU, 2Gi memory.
        isolation: whether network policies deny all traffic but what the platform requires. Default: True.
    """

    how_to_write: ClassVar[str] = (
        'ProductionPlatform(name="prod", host="airflow.acme.com", dag_repo="https://gitlab.acme.lab/data/airflow-dags.git", '
        'logs=Logs.s3("acme-airflow-logs", region="eu-central-1"))'
    )

    schedulers: Count = 2
    api_servers: Count = 2
    parallel_tasks: Count = 64
    database_instances: Count = 3
    database_storage: Volume = Volume("50Gi")
    database_resources: Resources = Resources(cpu="500m", memory="2Gi")
    isolation: bool = True

    def _rules(self) -> Iterator[Finding]:
        yield from PlatformSettings._rules(self)
        if self.logs == Logs.ephemeral():
            yield Finding(
                rule="platform/logs",
                at="logs",
                problem="must be kept outside the pods of tasks",
                seen="Logs.ephemeral()",
                fix='Use logs=Logs.s3("acme-airflow-logs", region="eu-central-1") with your bucket, or another profile',
            )
