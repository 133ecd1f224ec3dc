"""One release of Airflow by its official chart."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from constructs import Construct

from cdk8s_airflow.airflow.arguments import release_settings
from cdk8s_airflow.airflow.authentication import DEFAULT_AUTH, AdminAccount, Auth
from cdk8s_airflow.airflow.chart_archive import ChartArchive
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
from cdk8s_airflow.airflow.environment_variables import (
    CaBundle,
    Connections,
    Env,
    EnvFrom,
    HttpProxy,
    KubernetesSecretsBackend,
    Variables,
)
from cdk8s_airflow.airflow.executors import Executor, task_resources_of
from cdk8s_airflow.airflow.exposure import ClusterIP, Exposure
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import CompiledRelease, Releases, compile_release
from cdk8s_airflow.airflow.pod_settings import PlainText
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.shared_resources import ReleaseResources
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.database import database_identities
from cdk8s_airflow.airflow.wire.exclusive_use import release_uses
from cdk8s_airflow.airflow.wire.keda import required_definitions
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.exclusive_use import ExclusiveUses
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.app.workloads import ReleaseWorkloads
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import DagFolder
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.repo_sync import DagRepoSync
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.permissions import guard_delivery
from cdk8s_airflow.kube.emit import emitted_object
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image, RegistryMirror
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.release_access import ReleaseAccesses
from cdk8s_airflow.model.secret_reference import AirflowKeys, PullSecret
from cdk8s_airflow.model.service_account import ServiceAccounts
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.version import DEFAULT_CHART_VERSION
from cdk8s_airflow.namespaces.namespace import (
    NamespaceHandle,
    claim_rules,
    emit_quota,
    fitting_rules,
    has_quota,
    quota_rules,
)
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, LabelValue, Must, NonEmpty, short_label

if TYPE_CHECKING:
    from cdk8s import ApiObject

    from cdk8s_airflow.airflow.data_lake import DataLake
    from cdk8s_airflow.airflow.handles import ComponentHandle, ReleaseHandles, ServiceHandle
    from cdk8s_airflow.model.permission import Permission
    from cdk8s_airflow.model.pod_requests import PodRequests
    from cdk8s_airflow.namespaces.fitted_quota import NamespacePods

_LONGEST_RELEASE = 40

DagSource: TypeAlias = DagRepoSync | DagBundles | DagImage | DagVolume | ExistingDagVolume | DagFolder
"""Where DAG files come from: git, several git repositories, an image, a volume or a folder next to the program."""

_ReleaseName = Annotated[
    str,
    short_label(
        _LONGEST_RELEASE,
        "must be valid as part of the names of the chart's objects",
        "airflow/release",
    ),
]

_Rotation = Annotated[
    NonEmpty,
    Must(
        lambda text: text.isprintable() and "{{" not in text,
        "must be plain text: no Helm template and no invisible characters",
        'use something like "2026-11-21" or "after the leak"',
        "airflow/rotation",
    ),
]


class AirflowChart(PlatformConstruct):
    """A release of Airflow by its official chart.

    The arguments are translated into values of the pinned chart version, and the values are validated for that version. The
    delivery then carries them to the cluster. The same arguments work for every supported version.

    The chart's bundled PostgreSQL and default user are always disabled; its Redis runs only with :class:`RedisBroker`. Keys and
    the database URL come from Secrets. All containers have requests and memory limits, and meet the Pod Security Standard
    ``restricted``. The migration Job waits for the database and prints the names of missing Secrets.
    """

    how_to_write = "AirflowChart(chart, ...)"
    _ids: tuple[str, ...] = ()
    _compiled: CompiledRelease | None = None

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        database: DatabaseConnection,
        keys: AirflowKeys,
        executor: Executor,
        logs: Logs,
        release: _ReleaseName = "airflow",
        chart_version: str = DEFAULT_CHART_VERSION,
        chart_archive: ChartArchive | None = None,
        airflow_version: str | None = None,
        dags: DagSource | None = None,
        image: Image | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        placement: NodePlacement | None = None,
        labels: Mapping[AnnotationKey, LabelValue] | None = None,
        annotations: Mapping[AnnotationKey, PlainText] | None = None,
        ui: Exposure = ClusterIP(),
        admin: AdminAccount | None = None,
        auth: Auth = DEFAULT_AUTH,
        env: Env | None = None,
        env_from: EnvFrom = (),
        connections: Connections | None = None,
        variables: Variables | None = None,
        data_lake: DataLake | None = None,
        secrets_backend: KubernetesSecretsBackend | None = None,
        proxy: HttpProxy | None = None,
        ca: CaBundle | None = None,
        scheduler: Scheduler = Scheduler(),
        api_server: ApiServer = ApiServer(),
        triggerer: Triggerer | None = Triggerer(),
        dag_processor: DagProcessor | None = None,
        statsd: Statsd | None = Statsd(),
        otel_collector: OtelCollector | None = None,
        flower: Flower | None = None,
        cleanup: PodCleanup | None = None,
        database_cleanup: DatabaseCleanup | None = None,
        migration: DatabaseMigration = DatabaseMigration(),
        config: Config | None = None,
        throughput: Throughput | None = None,
        task_pods: TaskPods = TaskPods(),
        task_namespaces: Sequence[NamespaceHandle] = (),
        pod_operator_namespaces: Sequence[NamespaceHandle] = (),
        local_settings: NonEmpty | None = None,
        service_accounts: ServiceAccounts = ServiceAccounts(),
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts | None = None,
        rotation: _Rotation | None = None,
        values: Mapping[str, Any] | None = None,
        unchecked_values: Mapping[str, Any] | None = None,
    ) -> None:
        """Create the Airflow release.

        Args:
            scope: the Chart that the objects are written to. The name of its file must sort after those of the files with the
                namespaces and the database.
            id: the construct id.
            namespace: the namespace of Airflow.
            database: the metadata database, as the method ``connection(...)`` of a database returns it.
            keys: the Secrets with the keys of Airflow. Their content must not change.
            executor: how tasks run: :class:`KubernetesExecutor`, :class:`CeleryExecutor`, :class:`LocalExecutor`,
                :class:`CeleryKubernetesExecutor` with Airflow 2, or several of them as :class:`MultipleExecutors`.
            logs: where task logs are kept. Required: if each task has its own pod, a log that is not stored is lost with the pod. If
                that is acceptable, pass :meth:`Logs.ephemeral`.
            release: the name of the release, and the prefix of the names of all its objects. At most 40 characters, and unique in
                the cluster. Default: ``"airflow"``.
            chart_version: the version of the chart. Default: the newest supported one.
            chart_archive: the released archive of a chart version that this library does not support, but that is between two
                supported versions. It is used to validate values; the delivery still gets the chart by its version. Default:
                None; such a version is then refused.
            airflow_version: the version of Airflow. Default: the version at the start of the tag of ``image=`` or ``DagImage``; without
                an image, the version that the chart was released with.
            dags: where DAG files come from: git (:class:`DagRepoSync`, with Airflow 3 also :class:`DagBundles`), the image
                (:class:`DagImage`), a volume (:class:`DagVolume`) or, in a lab, a local folder (:class:`DagFolder`). Default: the files that
                the image has in ``/opt/airflow/dags``.
            image: the image of Airflow. Default: the official one of ``airflow_version``.
            mirror: the registry with copies of all images of the release. Default: None; images are pulled from their original registries.
            pull_secret: the Secret with the login to the registry. Default: None.
            placement: the nodes on which all pods of the release run, task pods and Jobs included: a :class:`NodeGroup` or a
                :class:`Placement`. A component, a worker set or a task pod with its own ``placement=`` uses only its own; the two are
                not merged. Default: None, any node.
            labels: labels of all objects and pods of the release, such as ``{"team": "data"}``. A label of a component
                overrides one with the same key. Default: none.
            annotations: annotations of all pods of the release. An annotation of a component overrides one with the same key.
                Default: none.
            ui: how users reach the UI: :class:`ClusterIP` (the default), :class:`NodePort`, :class:`LoadBalancer`,
                :class:`Ingress` or :class:`HttpRoute`.
            admin: an account with a password from a Secret. Default: None; create one with ``airflow users create``.
            auth: how users log in: :class:`FabAuth`, with or without single sign-on (the default is without), or
                :class:`SimpleAuth`.
            env: environment variables of every pod that runs Airflow, including task pods and jobs: a string, or one key of a
                Secret or ConfigMap. Default: none.
            env_from: Secrets and ConfigMaps. Each of their keys becomes an environment variable of these pods. Default: none.
            connections: id of an Airflow connection -> the key of a Secret with its URI or JSON. They are environment variables, so
                the UI does not list them. Default: none.
            variables: key of an Airflow variable -> its value, or the key of a Secret. They are environment variables, so the UI does
                not list them. Default: none.
            data_lake: the buckets that tasks use, as a connection and as variables. Default: none.
            secrets_backend: the backend in which Airflow looks up connections and variables first. Default: None.
            proxy: the HTTP proxy for connections that leave the cluster. Default: None.
            ca: the CA certificates that pods trust instead of the public ones. Default: those of each image.
            scheduler: the scheduler.
            api_server: the API server of Airflow 3, which also serves the UI; the webserver of Airflow 2.
            triggerer: the triggerer, or None to run without one: deferred tasks then never resume.
            dag_processor: the DAG processor. Default: one with Airflow 3, which requires it; none with Airflow 2, whose scheduler
                parses DAG files.
            statsd: the StatsD exporter, or None to disable it. Default: enabled, unless ``otel_collector`` receives the
                metrics.
            otel_collector: an OpenTelemetry collector for metrics or traces. Default: None.
            flower: Flower, a web UI that shows Celery workers. Default: None.
            cleanup: a CronJob that deletes finished task pods. Default: None; Airflow deletes the pods of its tasks itself.
            database_cleanup: a CronJob that deletes old rows from the database. Default: None, and the database keeps growing.
            migration: the Job that migrates the database.
            task_pods: the pods in which KubernetesExecutor runs tasks: a default one and named ones. Default: pods of Airflow 3 tasks
                get neither the URL of the metadata database nor any key of Airflow.
            task_namespaces: other namespaces in which tasks may run, with Airflow 3. Default: none; tasks run in the namespace of the release.
            pod_operator_namespaces: other namespaces in which tasks start pods with KubernetesPodOperator, with any executor and any version
                of Airflow. In each, a Role lets the service accounts of the workers and the triggerer create pods, read their logs and
                events, and execute commands in them. With LocalExecutor, the scheduler's account gets these permissions instead
                of the workers' account. The namespaces in ``task_namespaces`` have this Role too. Set ``pod_security=`` of the
                namespace if it does not enforce ``restricted``. Default: none; pods start in the namespace of the release.
            local_settings: the Python code of ``airflow_local_settings.py``, such as cluster policies or a
                ``pod_mutation_hook`` of your own, which runs before the hook that ``task_pods=`` adds. Becomes
                ``airflowLocalSettings``. Default: None, no additional code.
            service_accounts: service accounts of components, for the Kubernetes API and cloud identities. Default: the chart creates
                one for each component.
            config: options of airflow.cfg by section, under their current or an older name: ``{"core": {"load_examples": False}}``.
                For a secret, pass :class:`SecretKey`. Options that another argument sets are refused.
            throughput: limits on parallelism, as :meth:`Throughput.small` or :meth:`Throughput.large`. Options in ``config``
                have precedence. Default: Airflow's defaults.
            delivery: how the release reaches the cluster: :class:`K3sHelmChart` (the default), :class:`FluxRelease`,
                :class:`ArgoApplication` or :class:`HelmCommand`.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).
            rotation: any string; changing it restarts every pod. Pods do not restart when only the content of a Secret changes.
            values: values of the chart, merged over the generated ones: mappings are merged, everything else is replaced. They are
                validated for the chart version.
            unchecked_values: values of the chart, merged last. They are not validated, except for secrets in clear text, and the
                summary lists them.

        Raises:
            PlatformError: with everything that is wrong with the arguments, their combination or the values.
        """
        arguments = dict(locals())
        found = checked(AirflowChart.__init__, arguments)
        arguments["facts"] = facts_of(scope, facts)
        settings, found = release_settings(arguments, found, has_quota)
        compiled = None if settings is None else compile_release(settings)
        if compiled is not None:
            found += [*compiled.findings, *_bound_rules(arguments, compiled.settings)]
        super().__init__(scope, id, found)
        if compiled is not None and self._sound:
            self._register_sessions(compiled)
            self._emit_release(compiled)
            emit_quota(arguments["namespace"], partial(_pods_of, compiled.settings))
            for each in arguments["task_namespaces"]:
                emit_quota(each, partial(_task_pods_of, compiled.settings))

    @property
    def api_objects(self) -> Mapping[str, ApiObject]:
        """Every object that this construct has created, by its construct id, for JSON patches. A patch overrides everything else.

        ``release`` is the object of the release. Empty if this construct has errors and ``run`` or ``synth`` is still
        collecting them.
        """
        return {id: emitted_object(self, id) for id in self._ids}

    @property
    def api_object(self) -> ApiObject | None:
        """The object of the release; None if the delivery has no such object (:class:`HelmCommand`)."""
        return emitted_object(self, "release") if "release" in self._ids else None

    @property
    def traffic(self) -> Traffic:
        """The pods of the release and all their connections, for :class:`NetworkIsolation`; empty if the release has errors."""
        return Traffic() if self._compiled is None else self._compiled.traffic

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """The permissions of each service account of the release in the Kubernetes API, including the account that runs Helm."""
        return () if self._compiled is None else self._compiled.permissions

    @property
    def handles(self) -> ReleaseHandles:
        """The names, labels and ports of all components that the release creates, for objects of your own.

        Raises:
            AttributeError: if this release has errors and ``run`` or ``synth`` is still collecting them.
        """
        if self._compiled is None:
            raise AttributeError("a release with findings has no handles")
        return self._compiled.handles

    @property
    def scheduler(self) -> ComponentHandle:
        """The scheduler: ``release.scheduler.deployment_name``, ``.pod_labels``, ``.scale_target``."""
        return self.handles.component("scheduler")

    @property
    def ui(self) -> ComponentHandle:
        """The API server of Airflow 3, which also serves the UI; the webserver of Airflow 2."""
        return self.handles.component("ui")

    def component(self, name: str) -> ComponentHandle:
        """A component by its name, such as ``"triggerer"``, ``"dag_processor"``, ``"workers"`` or ``"statsd"``.

        Args:
            name: the name as in ``handles.components``.

        Raises:
            KeyError: if this release has no such component. The message lists those that it has.
        """
        return self.handles.component(name)

    def service(self, name: str) -> ServiceHandle:
        """The Service of a component, such as ``release.service("statsd")``: its name, labels, ports and host name.

        Args:
            name: the name of the component, as in ``handles.components``.

        Raises:
            KeyError: if this release has no such component, or the component has no Service.
        """
        return self.handles.service(name)

    def _register_sessions(self, release: CompiledRelease) -> None:
        """Adds the database sessions of the release to those of the rest of the app."""
        self._found_late(finding for demand in release.sessions for finding in self._registry.open(demand))

    def _emit_release(self, release: CompiledRelease) -> None:
        """Emits the objects of the release, and registers what other constructs of the app need."""
        if not self._sound:
            return
        settings, delivered = release.settings, release.delivered
        objects = {**release.objects, **delivered.objects}
        self._emit(objects, facts=settings.facts, files=delivered.files)
        if not self._sound:
            return
        self._require_definitions(required_definitions(settings), settings.facts)
        self._compiled = release
        self._ids = tuple(objects)
        registry = self._registry
        self._need(release.needs)
        self._found_late(registry.launch(settings.pod_namespaces, settings.release))
        self._found_late(registry.own_database(database_identities(settings), settings.release))
        self._found_late(registry.slot(ReleaseResources).claim(settings))
        self._found_late(guard_delivery(registry, settings.delivery, settings.release))
        registry.slot(ReleaseWorkloads).append(lambda: release.workloads)
        registry.slot(Releases).append(release)
        require_policies(self, f"release {settings.release!r}", lambda: release.traffic)
        registry.slot(ExclusiveUses).add(release_uses(settings))
        registry.permissions.append(lambda: release.permissions)
        registry.slot(ReleaseAccesses).append(lambda: release.access)
        registry.notes += [*release.notes, *delivered.notes, *_unchecked_notes(settings)]
        registry.removals += delivered.removal


def _bound_rules(arguments: Mapping[str, Any], settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the release does not fit in the quotas and limits of its namespaces."""
    namespace: NamespaceHandle = arguments["namespace"]
    yield from fitting_rules(
        namespace, settings, always=partial(_always_running, settings), hooks=partial(_hooks, settings)
    )
    yield from claim_rules(namespace, settings, service=type(settings.ui).__name__)
    yield from quota_rules(namespace, settings.release, partial(_pods_of, settings))
    for task_namespace in arguments["task_namespaces"]:
        yield from quota_rules(task_namespace, settings.release, partial(_task_pods_of, settings))
        yield from fitting_rules(task_namespace, settings.task_pods, "task_pods")
        yield from fitting_rules(task_namespace, task_resources_of(settings.executor), "executor.task_resources")


def _unchecked_notes(settings: ReleaseSettings) -> Iterator[str]:
    """A note with the keys of ``unchecked_values=``, if there are any."""
    if settings.unchecked_values:
        keys = ", ".join(sorted(settings.unchecked_values))
        yield BeforeApply(f"unchecked_values= of release {settings.release} has keys that are not validated: {keys}")


def _pods_of(settings: ReleaseSettings) -> NamespacePods:
    """The pods of a release in its own namespace. Computed only for ``Quota(tasks=...)``."""
    from cdk8s_airflow.airflow.wire.idle_resources import hooks, most_running
    from cdk8s_airflow.model.pod_requests import largest_of

    return dataclasses.replace(
        _task_pods_of(settings), components=tuple(most_running(settings)), hook=largest_of(hooks(settings))
    )


def _task_pods_of(settings: ReleaseSettings) -> NamespacePods:
    """The pods of a release in a namespace that has only its task pods."""
    from cdk8s_airflow.airflow.wire.idle_resources import task_pod_of
    from cdk8s_airflow.namespaces.fitted_quota import NamespacePods

    return NamespacePods(task=task_pod_of(settings))


def _always_running(settings: ReleaseSettings) -> Iterable[tuple[int, PodRequests]]:
    """The pods that a release always runs. Computed only for a namespace with a quota."""
    from cdk8s_airflow.airflow.wire.idle_resources import always_running

    return always_running(settings)


def _hooks(settings: ReleaseSettings) -> Iterable[PodRequests]:
    """The pods of the Jobs of an install. Computed only for a namespace with a quota."""
    from cdk8s_airflow.airflow.wire.idle_resources import hooks

    return hooks(settings)
