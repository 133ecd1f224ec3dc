"""One release of Airflow by its official chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from cdk8s import ApiObject
from constructs import Construct

from cdk8s_airflow.airflow.authentication import AdminAccount, Auth, FabAuth
from cdk8s_airflow.airflow.chart_archive import ChartArchive, schema_of
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
from cdk8s_airflow.airflow.environment import (
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
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.collector import statsd_beside
from cdk8s_airflow.airflow.wire.config import overlaid_config_rules
from cdk8s_airflow.airflow.wire.database import database_told
from cdk8s_airflow.airflow.wire.environment import variables_twice
from cdk8s_airflow.airflow.wire.pod_settings import volumes_twice
from cdk8s_airflow.airflow.wire.release import (
    release_needs,
    release_notes,
    release_objects,
    release_rules,
    release_values,
)
from cdk8s_airflow.airflow.wire.sessions import demands
from cdk8s_airflow.airflow.wire.task_namespaces import namespace_objects
from cdk8s_airflow.airflow.wire.task_pods import namespace_rules, task_pod_objects, with_task_pods
from cdk8s_airflow.airflow.wire.tree import Tree, overlay
from cdk8s_airflow.airflow.wire.value_ownership import owned_rules
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import DagFolder
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.repo_sync import DagRepoSync
from cdk8s_airflow.dags.source import DagSettings
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire import Delivered, Release, deliver
from cdk8s_airflow.delivery.wire.k3s import structured_rules
from cdk8s_airflow.delivery.wire.permissions import guard_delivery
from cdk8s_airflow.kube import bindings
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image, RegistryMirror
from cdk8s_airflow.model.secret_reference import AirflowKeys, PullSecret
from cdk8s_airflow.model.service_account import ServiceAccounts
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.model.version import DEFAULT_CHART_VERSION, pair_findings, runs_of
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, claim_rules, fitting_rules, has_quota
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.schemas.chart_values import secret_findings
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding, PlatformError
from cdk8s_airflow.validation.constraints import Must, NonEmpty, is_label_1035

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.data_lake import DataLake
    from cdk8s_airflow.model.permission import Permission
    from cdk8s_airflow.model.resources import Resources

_LONGEST_RELEASE = 40

DagSource: TypeAlias = DagRepoSync | DagBundles | DagImage | DagVolume | ExistingDagVolume | DagFolder
"""Where DAG files come from: git, several git repositories, an image, a volume or a folder next to the program."""

_ReleaseName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= _LONGEST_RELEASE,
        "is not a release name from which the chart can make the names of its objects",
        f"use at most {_LONGEST_RELEASE} lower-case letters, digits and dashes, starting with a letter",
        "airflow/release",
    ),
]

_Rotation = Annotated[
    NonEmpty,
    Must(
        lambda text: text.isprintable() and "{{" not in text,
        "is not a text for an annotation: the chart would read it as a template, or it has characters nobody sees",
        'write something like "2026-11-21" or "after the leak"',
        "airflow/rotation",
    ),
]


class AirflowChart(PlatformConstruct):
    """A release of Airflow by its official chart.

    What is said here is turned into values for the pinned version of the chart, held against what that version accepts,
    and handed to the delivery. The same arguments work for every version in the table of versions; each gets its own keys.

    What it always sees to: no bundled PostgreSQL or Redis, no user that everybody knows, keys and database URL by
    reference, requests and memory limits on every container, the Pod Security Standard ``restricted``, and a migration
    that waits for the database and names missing Secrets.

    Args:
        scope: the Chart it is written to; one whose file sorts after those of namespaces and database.
        id: the construct id.
        namespace: where Airflow runs.
        database: the metadata database, as a database's ``connection(...)`` gives it.
        keys: the Secrets with the keys that must not move.
        executor: how tasks are run: :class:`KubernetesExecutor`, :class:`CeleryExecutor`, :class:`LocalExecutor`,
            :class:`CeleryKubernetesExecutor` with Airflow 2, or several of them as :class:`MultipleExecutors`.
        logs: where task logs are kept. Required: with a pod for each task, a log without a place is gone with its pod, and
            that should be said (:meth:`Logs.ephemeral`) rather than happen.
        release: the release's name, and the first part of the name of everything the chart makes. At most 40 characters,
            and one of a kind in the cluster. Default: ``"airflow"``.
        chart_version: the version of the chart. Default: the newest known here.
        chart_archive: the released archive of a version that is not known here but lies between two that are. It only says
            what that version takes; the delivery still gets the chart by its version. Default: none, and such a version is
            refused.
        airflow_version: the version of Airflow. Default: the one the chart was released with.
        dags: where DAG files come from: git (:class:`DagRepoSync`, with Airflow 3 also :class:`DagBundles`), the image
            (:class:`DagImage`), a volume (:class:`DagVolume`) or, in a lab, a local folder (:class:`DagFolder`). Default: what the image
            has in ``/opt/airflow/dags``.
        image: the image Airflow runs in. Default: the official one of ``airflow_version``.
        mirror: where copies of all images of the release are pulled from. Default: from where their makers put them.
        pull_secret: the Secret by which nodes log in to the registry. Default: none.
        ui: how people reach the UI: :class:`ClusterIP` (the default), :class:`NodePort`, :class:`LoadBalancer`,
            :class:`Ingress` or :class:`HttpRoute`.
        admin: an account with a password, from a Secret. Default: none; ``airflow users create`` makes one by hand.
        auth: how people log in: :class:`FabAuth`, with or without single sign-on (the default is without), or
            :class:`SimpleAuth`.
        env: environment variables of every pod that runs Airflow, task pods and jobs included: a text, or one key of a Secret
            or ConfigMap. Default: none.
        env_from: Secrets and ConfigMaps each of whose keys is such a variable. Default: none.
        connections: id of a connection of Airflow -> the key of a Secret with its URI or JSON. They come from the
            environment, so the UI does not list them. Default: none.
        variables: key of a variable of Airflow -> its text, or the key of a Secret. Likewise. Default: none.
        data_lake: the buckets that tasks work with, as a connection and as variables. Default: none.
        secrets_backend: where Airflow looks up connections and variables before anywhere else. Default: nowhere.
        proxy: the proxy through which pods reach the world. Default: none.
        ca: the authorities that pods trust in place of the public ones. Default: those of each image.
        scheduler: the scheduler.
        api_server: the server of the UI and API; Airflow 2's webserver.
        triggerer: the triggerer, or None for none: deferred tasks then wait for ever.
        dag_processor: the DAG processor. Default: one with Airflow 3, which needs it; none with Airflow 2, whose scheduler
            reads DAG files itself.
        statsd: the StatsD exporter, or None for none. Default: one, unless ``otel_collector`` takes the metrics.
        otel_collector: an OpenTelemetry collector for metrics or traces. Default: none.
        flower: Flower, a page about Celery's workers. Default: none.
        cleanup: what deletes pods that tasks left behind. Default: none; Airflow deletes the pods of its tasks itself.
        database_cleanup: what deletes old rows from the database. Default: none, and the database grows for ever.
        migration: the Job that migrates the database.
        task_pods: the pods in which KubernetesExecutor runs tasks, the default one and named ones. Default: those of Airflow 3
            know neither the metadata database nor any key of Airflow.
        task_namespaces: other namespaces in which tasks may run, with Airflow 3. Default: none; tasks run beside the release.
        service_accounts: as whom components speak to Kubernetes and to the cloud. Default: one for each, as the chart makes
            them.
        config: options of airflow.cfg, by section, under any name they have had: ``{"core": {"load_examples": False}}``. What
            holds a secret is given as :class:`SecretKey`; what another argument says is not taken here.
        throughput: how much Airflow does at once, as :meth:`Throughput.small` or :meth:`Throughput.large`. An option in
            ``config`` wins. Default: Airflow's own figures.
        delivery: how the release reaches the cluster: :class:`K3sHelmChart` (the default), :class:`FluxRelease`,
            :class:`ArgoApplication` or :class:`HelmCommand`.
        facts: what is known of the cluster.
        rotation: any text; changing it restarts every pod. Nothing else does when the content of a Secret changes.
        values: values of the chart, laid over ours key by key: maps are merged, anything else is replaced. They are held
            against the version like ours.
        unchecked_values: likewise, laid over everything and not checked, but for secrets in clear text; the summary says so.

    Raises:
        PlatformError: with everything that is wrong with the arguments, their combination or the values.
    """

    how_to_write = "AirflowChart(chart, ...)"
    _ids: tuple[str, ...] = ()
    _told: tuple[ReleaseSettings, Mapping[str, Any]] | None = None

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
        ui: Exposure = ClusterIP(),
        admin: AdminAccount | None = None,
        auth: Auth = FabAuth(),
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
        service_accounts: ServiceAccounts = ServiceAccounts(),
        delivery: Delivery = K3sHelmChart(),
        facts: ClusterFacts = ClusterFacts(),
        rotation: _Rotation | None = None,
        values: Mapping[str, Any] | None = None,
        unchecked_values: Mapping[str, Any] | None = None,
    ) -> None:
        found = checked(AirflowChart.__init__, locals())
        archive = chart_archive.opened if isinstance(chart_archive, ChartArchive) else None
        own = None if archive is None else archive.own
        schema = None
        if chart_archive is None or archive is not None:
            found += pair_findings(chart_version, airflow_version, own)
        if archive is not None and not found:
            schema, problems = schema_of(archive)
            found += problems
        runs = None if found else runs_of(chart_version, own)
        if runs is None:
            super().__init__(scope, id, found)
            return
        dialect = Dialect(chart_version, airflow_version or runs.default)
        settings = ReleaseSettings(
            release=release,
            namespace=namespace.name,
            dialect=dialect,
            executor=executor,
            dags=_dag_settings(dags),
            image=image,
            mirror=mirror,
            pull_secret=pull_secret,
            keys=keys,
            database=database,
            logs=logs,
            ui=ui,
            admin=admin,
            auth=auth,
            env=env or {},
            env_from=env_from,
            connections=connections or {},
            variables=variables or {},
            data_lake=data_lake,
            secrets_backend=secrets_backend,
            proxy=proxy,
            ca=ca,
            scheduler=scheduler,
            api_server=api_server,
            triggerer=triggerer,
            dag_processor=dag_processor if dag_processor is not None or dialect.airflow_major < 3 else DagProcessor(),
            statsd=statsd_beside(statsd, otel_collector),
            otel_collector=otel_collector,
            flower=flower,
            cleanup=cleanup,
            database_cleanup=database_cleanup,
            migration=migration,
            config=config or {},
            throughput=throughput,
            task_pods=task_pods,
            task_namespaces=tuple(each.name for each in task_namespaces),
            service_accounts=service_accounts,
            rotation=rotation,
            delivery=delivery,
            facts=facts,
            has_quota=any(map(has_quota, (namespace, *task_namespaces))),
            archived_images=None if archive is None else archive.side_images,
        )
        found += release_rules(settings)
        found += fitting_rules(namespace, settings, always=partial(_always_running, settings))
        found += claim_rules(namespace, settings, service=type(ui).__name__)
        for place in task_namespaces:
            found += fitting_rules(place, task_pods, "task_pods")
            found += fitting_rules(place, task_resources_of(executor), "executor.task_resources")
        ours = release_values(settings)
        found += owned_rules(ours, values or {})
        found += overlaid_config_rules(settings, values or {})
        checked_values = overlay(ours, values or {})
        refused = any(finding.at == "executor" for finding in found)
        found += secret_findings(unchecked_values or {}, "unchecked_values")
        unfit = [
            finding
            for finding in check_values(
                checked_values,
                chart_version=dialect.chart,
                airflow_version=dialect.airflow,
                executor=executor.name,
                schema=schema,
            )
            if not (refused and finding.at == "values.executor")
        ]
        if any(finding.rule in ("environment/clear-text", "environment/owned") for finding in found):
            given = {finding.at for finding in secret_findings(values or {})}
            unfit = [each for each in unfit if each.rule != "values/secret-literal" or each.at in given]
        found += unfit or variables_twice(settings, checked_values, values or {})
        found += [] if unfit else volumes_twice(checked_values)
        if not found:
            checked_values, problems = _with_task_pods(settings, checked_values, values or {})
            found += problems
        all_values = overlay(checked_values, unchecked_values or {})
        text = ""
        if not found:
            text, problems = _text(all_values, unchecked_values or {})
            found += problems
        if not found:
            found += structured_rules(delivery, all_values)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        self._found_late(finding for each in demands(settings, all_values) for finding in self._registry.open(each))
        if not self._sound:
            return
        delivered = deliver(
            delivery,
            Release(
                name=release,
                namespace=settings.namespace,
                chart_version=dialect.chart,
                text=text,
                values=all_values,
            ),
            facts,
        )
        bound = {id: (bindings.helm_chart, m) for id, m in delivered.objects.items() if m["kind"] == "HelmChart"}
        made = {
            **release_objects(settings),
            **task_pod_objects(settings, checked_values),
            **namespace_objects(settings, checked_values),
        }
        objects = {**made, **{id: m for id, m in delivered.objects.items() if id not in bound}}
        self._emit(objects, bound=bound, facts=facts, files=delivered.files)
        if self._sound:
            self._told = settings, all_values
            self._ids = (*objects, *bound)
            self._write_down(settings, all_values, delivered, unchecked_values)

    @property
    def api_objects(self) -> Mapping[str, ApiObject]:
        """Every object this has made, by its construct id, for JSON patches: what they say wins over everything else.

        ``release`` is the one that stands for the release. Empty while findings are being collected and there are some.
        """
        return {id: ApiObject.of(self.node.find_child(id)) for id in self._ids}

    @property
    def api_object(self) -> ApiObject | None:
        """The object that stands for the release; None where the delivery makes none (:class:`HelmCommand`)."""
        return ApiObject.of(self.node.find_child("release")) if "release" in self._ids else None

    @property
    def traffic(self) -> Traffic:
        """Its pods, and all connections they take part in, for :class:`NetworkIsolation`; nothing while findings are collected."""
        if self._told is None:
            return Traffic()
        from cdk8s_airflow.airflow.wire.traffic import release_traffic

        return release_traffic(*self._told)

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """What each service account that comes with the release may do with the API of Kubernetes, that of Helm's too."""
        return () if self._told is None else _permissions(*self._told)

    def _write_down(
        self,
        settings: ReleaseSettings,
        values: Mapping[str, Any],
        delivered: Delivered,
        unchecked_values: Mapping[str, Any] | None,
    ) -> None:
        registry = self._registry
        self._need(release_needs(settings))
        self._found_late(registry.launch((settings.namespace, *settings.task_namespaces), settings.release))
        self._found_late(registry.own_database(database_told(settings), settings.release))
        self._found_late(guard_delivery(registry, settings.delivery, settings.release))
        registry.permissions.append(partial(_permissions, settings, values))
        registry.notes += release_notes(settings)
        registry.notes += delivered.notes
        registry.removals += delivered.removal
        if unchecked_values:
            registry.notes.append(
                f"Release {settings.release} has values that nothing was checked against: {', '.join(sorted(unchecked_values))}"
            )


def _always_running(settings: ReleaseSettings) -> Iterable[tuple[int, Resources]]:
    """What a release asks for all the time; looked up only where a namespace bounds it."""
    from cdk8s_airflow.airflow.wire.idle_resources import always_running

    return always_running(settings)


def _permissions(settings: ReleaseSettings, values: Mapping[str, Any]) -> tuple[Permission, ...]:
    """What the accounts of a release may do; looked up when somebody asks, not at synth."""
    from cdk8s_airflow.airflow.wire.permissions import release_permissions

    made = {**release_objects(settings), **namespace_objects(settings, values)}
    return release_permissions(settings, values, made.values())


def _dag_settings(dags: DagSource | None) -> DagSettings | None:
    """What a source was told; nothing of one whose faults have been reported."""
    if dags is None or (isinstance(dags, DagRepoSync) and not dags.sound):
        return None
    return dags.settings


def _with_task_pods(settings: ReleaseSettings, values: Tree, given: Mapping[str, Any]) -> tuple[Tree, list[Finding]]:
    """Values with what follows from them for task pods; what was given has the last word here too."""
    try:
        namespace_objects(settings, values)
        return overlay(with_task_pods(settings, values), given), list(namespace_rules(values))
    except PlatformError as error:
        return values, list(error.findings)


def _text(values: Mapping[str, Any], unchecked_values: Mapping[str, Any]) -> tuple[str, list[Finding]]:
    """The values as text; what no text can say is found here, where nothing else has looked."""
    try:
        return values_text(values), []
    except PlatformError as error:
        return "", [
            replace(finding, at=f"unchecked_{finding.at}")
            if any(finding.at.startswith(f"values.{key}") for key in unchecked_values)
            else finding
            for finding in error.findings
        ]
