"""A whole platform as one construct: namespaces, database, DAGs, release and network policies."""

from __future__ import annotations

from cdk8s import App, Chart
from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.airflow.components import ApiServer, Scheduler
from cdk8s_airflow.airflow.config import Throughput
from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.exposure import Ingress
from cdk8s_airflow.airflow_platform.settings import PlatformSettings
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.dags.repo_sync import DagRepoSync
from cdk8s_airflow.database.cnpg_cluster import CnpgCluster
from cdk8s_airflow.model.secret_reference import AirflowKeys, BasicAuthSecret, ExistingSecret
from cdk8s_airflow.namespaces.namespace import Namespace
from cdk8s_airflow.network.isolation import NetworkIsolation
from cdk8s_airflow.validation import Finding, show


class AirflowPlatform(PlatformConstruct):
    """A whole platform from one settings object.

    It creates namespaces ``airflow-NAME`` and ``airflow-data-NAME``, a CloudNativePG Cluster ``airflow-pg``, the DAG source, the
    release ``airflow-NAME`` with the KubernetesExecutor, and network policies. They are written to the files ``00-namespaces``,
    ``10-data``, ``15-isolation`` and ``20-airflow``, so an App has one platform. Several platforms are
    :class:`~cdk8s_airflow.environments.Environments`.

    Secrets are referenced by these names: ``airflow-fernet-key`` and the other keys with the prefix ``airflow``,
    ``airflow-pg-credentials``, and ``airflow-metadata`` with the URL of the database.

    If you need an argument that the settings do not have, create the constructs yourself: this class uses only public ones.

    Its parts are the attributes ``airflow_namespace``, ``data_namespace``, ``database``, ``dags`` and ``airflow``.
    """

    how_to_write = (
        'AirflowPlatform(App(), "platform", settings=SmallPlatform(name="dev", host="airflow.acme.lab", '
        'dag_repo="https://gitlab.acme.lab/data/airflow-dags.git"))'
    )

    def __init__(self, scope: Construct, id: str, *, settings: PlatformSettings) -> None:
        """Create the platform.

        Args:
            scope: the App. The platform creates the Charts.
            id: the construct id.
            settings: the settings, such as ``SmallPlatform(...)``.

        Raises:
            PlatformError: with everything that is wrong with the settings or with a part of the platform.
        """
        found = checked(AirflowPlatform.__init__, locals())
        if not found and not isinstance(scope, App):
            found.append(_not_an_app(scope))
        super().__init__(scope, id, found)
        if not self._sound:
            return
        base = Chart(scope, "00-namespaces")
        self.airflow_namespace = Namespace(base, "airflow", name=f"airflow-{settings.name}", labels=settings.tags)
        self.data_namespace = Namespace(base, "data", name=f"airflow-data-{settings.name}", labels=settings.tags)
        self.database = _database(Chart(scope, "10-data"), settings, self.data_namespace)
        release = Chart(scope, "20-airflow")
        self.dags = _dags(release, settings)
        self.airflow = _airflow(release, settings, self.airflow_namespace, self.database, self.dags)
        if settings.isolation:
            NetworkIsolation(
                Chart(scope, "15-isolation"),
                "isolation",
                traffic=[self.airflow, self.database],
                facts=settings.facts,
            )


def _database(scope: Chart, settings: PlatformSettings, namespace: Namespace) -> CnpgCluster:
    return CnpgCluster(
        scope,
        "database",
        name="airflow-pg",
        namespace=namespace,
        postgres_major=settings.postgres_major,
        instances=settings.database_instances,
        storage=settings.database_storage,
        resources=settings.database_resources,
        backup=settings.database_backup,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        facts=settings.facts,
    )


def _dags(scope: Chart, settings: PlatformSettings) -> DagRepoSync:
    return DagRepoSync(
        scope,
        "dags",
        repo=settings.dag_repo,
        ref=settings.dag_ref,
        sub_path=settings.dag_folder,
        credentials=settings.dag_credentials,
    )


def _airflow(
    scope: Chart, settings: PlatformSettings, namespace: Namespace, database: CnpgCluster, dags: DagRepoSync
) -> AirflowChart:
    return AirflowChart(
        scope,
        "airflow",
        namespace=namespace,
        release=f"airflow-{settings.name}",
        chart_version=settings.chart_version,
        airflow_version=settings.airflow_version,
        image=settings.image,
        database=database.connection(bridge=ExistingSecret("airflow-metadata")),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(task_resources=settings.task_resources),
        throughput=Throughput(tasks=settings.parallel_tasks // settings.schedulers),
        dags=dags,
        logs=settings.logs,
        ui=Ingress(host=settings.host, class_name=settings.ingress_class, tls=settings.tls),
        scheduler=Scheduler(replicas=settings.schedulers, resources=settings.scheduler_resources),
        api_server=ApiServer(replicas=settings.api_servers),
        delivery=settings.delivery,
        facts=settings.facts,
    )


def _not_an_app(scope: object) -> Finding:
    return Finding(
        rule="platform/scope",
        at="scope",
        problem="must be the App, because the platform creates a Chart for each of its files",
        seen=f"{show(scope)} ({type(scope).__name__})",
        fix="Pass the App: AirflowPlatform(app, ...)",
    )
