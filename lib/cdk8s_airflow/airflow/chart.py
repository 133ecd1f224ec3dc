"""One release of Airflow by its official chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from constructs import Construct

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, Migration, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.dialect import Dialect
from cdk8s_airflow.airflow.executors import KubernetesExecutor
from cdk8s_airflow.airflow.exposure import ClusterIP, Ingress
from cdk8s_airflow.airflow.logs import ClaimLogs, Logs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.versions import CHARTS, DEFAULT_CHART_VERSION, pair_findings, postgres_findings
from cdk8s_airflow.airflow.wire.components import own_disruption_budgets
from cdk8s_airflow.airflow.wire.keys import session_keys
from cdk8s_airflow.airflow.wire.logs import log_claim_name
from cdk8s_airflow.airflow.wire.release import release_values
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import LabelValue, Must, is_label_1035, seconds
from cdk8s_airflow.dags.repo_sync import DagRepoSync
from cdk8s_airflow.database.connection import Connection
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.pruning import state_metadata
from cdk8s_airflow.delivery.wire import helm_chart, way_out
from cdk8s_airflow.facts import ClusterFacts
from cdk8s_airflow.kube import bindings
from cdk8s_airflow.kube.construct import PlatformConstruct, checked
from cdk8s_airflow.kube.text import values_text
from cdk8s_airflow.network.namespace import NamespaceHandle
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.secrets import needs
from cdk8s_airflow.secrets.contracts import AirflowKeys, GitSshSecret, GitTokenSecret
from cdk8s_airflow.storage.volume import shared_access_mode
from cdk8s_airflow.storage.wire import claim

_LONGEST_RELEASE = 40

_ReleaseName = Annotated[
    str,
    Must(
        lambda text: is_label_1035(text) and len(text) <= _LONGEST_RELEASE,
        "is not a release name from which the chart can make the names of its objects",
        f"use at most {_LONGEST_RELEASE} lower-case letters, digits and dashes, starting with a letter",
        "airflow/release",
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
        executor: how tasks are run.
        logs: where task logs are kept. Required: with a pod for each task, a log without a place is gone with its pod, and
            that should be said (:meth:`Logs.ephemeral`) rather than happen.
        release: the release's name, and the first part of the name of everything the chart makes. At most 40 characters,
            and one of a kind in the cluster. Default: ``"airflow"``.
        chart_version: the version of the chart. Default: the newest known here.
        airflow_version: the version of Airflow. Default: the one the chart was released with.
        dags: where DAG files come from. Default: the image.
        ui: how people reach the UI. Default: :class:`ClusterIP`.
        scheduler: the scheduler.
        api_server: the server of the UI and API; Airflow 2's webserver.
        triggerer: the triggerer, or None for none: deferred tasks then wait for ever.
        dag_processor: the DAG processor. Default: one with Airflow 3, which needs it; none with Airflow 2, whose scheduler
            reads DAG files itself.
        statsd: the StatsD exporter, or None for no metrics.
        migration: the Job that migrates the database.
        delivery: how the release reaches the cluster. Default: :class:`K3sHelmChart`.
        facts: what is known of the cluster.
        rotation: any text; changing it restarts every pod. Nothing else does when the content of a Secret changes.
        values: values of the chart, laid over ours key by key: maps are merged, anything else is replaced. They are held
            against the version like ours.
        unchecked_values: likewise, laid over everything and not checked at all; the summary says so.

    Raises:
        PlatformError: with everything that is wrong with the arguments, their combination or the values.
    """

    how_to_write = "AirflowChart(chart, ...)"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        database: Connection,
        keys: AirflowKeys,
        executor: KubernetesExecutor,
        logs: Logs,
        release: _ReleaseName = "airflow",
        chart_version: str = DEFAULT_CHART_VERSION,
        airflow_version: str | None = None,
        dags: DagRepoSync | None = None,
        ui: ClusterIP | Ingress = ClusterIP(),
        scheduler: Scheduler = Scheduler(),
        api_server: ApiServer = ApiServer(),
        triggerer: Triggerer | None = Triggerer(),
        dag_processor: DagProcessor | None = None,
        statsd: Statsd | None = Statsd(),
        migration: Migration = Migration(),
        delivery: K3sHelmChart = K3sHelmChart(),
        facts: ClusterFacts = ClusterFacts(),
        rotation: LabelValue | None = None,
        values: Mapping[str, Any] | None = None,
        unchecked_values: Mapping[str, Any] | None = None,
    ) -> None:
        found = checked(AirflowChart.__init__, locals())
        found += pair_findings(chart_version, airflow_version)
        if found:
            super().__init__(scope, id, found)
            return
        dialect = Dialect(chart_version, airflow_version or CHARTS[chart_version].default)
        settings = ReleaseSettings(
            release=release,
            namespace=namespace.name,
            dialect=dialect,
            executor=executor,
            dags=dags.settings if dags is not None else None,
            keys=keys,
            database=database,
            logs=logs,
            ui=ui,
            scheduler=scheduler,
            api_server=api_server,
            triggerer=triggerer,
            dag_processor=dag_processor if dag_processor is not None or dialect.airflow_major < 3 else DagProcessor(),
            statsd=statsd,
            migration=migration,
            rotation=rotation,
            patience=seconds(delivery.timeout),
        )
        found += _release_rules(settings, delivery, facts)
        checked_values = overlay(release_values(settings), values or {})
        found += check_values(
            checked_values, chart_version=dialect.chart, airflow_version=dialect.airflow, executor=executor.name
        )
        super().__init__(scope, id, found)
        if not self._sound:
            return
        manifest = helm_chart(
            delivery,
            release=release,
            target_namespace=settings.namespace,
            chart_version=dialect.chart,
            values=values_text(overlay(checked_values, unchecked_values or {})),
            can_retry=facts.can_retry_releases,
        )
        own = own_disruption_budgets(settings)
        if isinstance(logs, ClaimLogs):
            mode = shared_access_mode(logs.volume, facts, "logs.volume")
            assert not isinstance(mode, Finding)
            own["logs"] = claim(log_claim_name(release), settings.namespace, logs.volume, mode, state_metadata())
        self._emit(own, bound={"release": (bindings.helm_chart, manifest)}, facts=facts)
        if self._sound:
            self._write_down(settings, delivery, unchecked_values)

    def _write_down(
        self, settings: ReleaseSettings, delivery: K3sHelmChart, unchecked_values: Mapping[str, Any] | None
    ) -> None:
        ledger = self._ledger
        ledger.need(_secrets(settings))
        if isinstance(settings.logs, ClaimLogs):
            ledger.state.append(("PersistentVolumeClaim", settings.namespace, log_claim_name(settings.release)))
        ledger.notes.append(
            f"If release {settings.release} has failed: mend the cause, then\n"
            f"  {way_out(settings.release, settings.namespace, delivery)}"
        )
        if unchecked_values:
            ledger.notes.append(
                f"Release {settings.release} has values that nothing was checked against: {', '.join(sorted(unchecked_values))}"
            )


def _release_rules(settings: ReleaseSettings, delivery: K3sHelmChart, facts: ClusterFacts) -> Iterator[Finding]:
    dialect, database = settings.dialect, settings.database
    yield from postgres_findings(dialect.airflow, database.postgres_major)
    for field, ref in session_keys(settings.keys).items():
        if ref is None and dialect.place(f"keys.{field}") is not None:
            yield Finding(
                rule="secrets/key-missing",
                at=f"keys.{field}",
                problem=f"is missing, and Airflow {dialect.airflow} reads it; the chart would make one up and change it",
                fix='name its Secret, or use AirflowKeys.existing(prefix="airflow")',
            )
    if database.secret_namespace is not None and database.secret_namespace != settings.namespace:
        yield Finding(
            rule="database/needs-bridge",
            at="database",
            problem=f"its URL is in Secret {database.secret!r} of namespace {database.secret_namespace!r}, "
            f"and pods in {settings.namespace!r} cannot read it there",
            fix='name a Secret that has the URL beside Airflow: connection(bridge=ExistingSecret("airflow-metadata")), '
            f"or put the database into {settings.namespace!r}",
        )
    elif database.missing:
        yield Finding(
            rule="database/no-url",
            at="database",
            problem=database.missing,
            fix='name a Secret that has the URL: connection(bridge=ExistingSecret("airflow-metadata")), '
            "or leave credentials out, and the operator makes one that has it",
        )
    yield from _shared_secrets(settings)
    if isinstance(settings.logs, ClaimLogs):
        mode = shared_access_mode(settings.logs.volume, facts, "logs.volume")
        if isinstance(mode, Finding):
            yield mode
    if delivery.namespace == settings.namespace:
        yield Finding(
            rule="delivery/shared-namespace",
            at="delivery.namespace",
            problem="is where Airflow runs: the controller's account there may do anything in the cluster, "
            "and any DAG author could start a pod as it",
            seen=repr(delivery.namespace),
            fix="leave it at 'kube-system', or use a namespace in which Airflow starts no pods",
        )
    if delivery.failure_policy == "retry" and not facts.can_retry_releases:
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem="needs helm-controller 0.16.25 or 0.17.6, and older ones refuse the object",
            seen=repr(facts.helm_controller),
            fix='say ClusterFacts(helm_controller="...") if yours is new enough, or leave it out',
        )


def _shared_secrets(settings: ReleaseSettings) -> Iterator[Finding]:
    """Secrets of different contracts under one name: whoever makes the second overwrites the first."""
    keys, git, ui = settings.keys, settings.dags, settings.ui
    named = {"keys.fernet": keys.fernet.name}
    named |= {f"keys.{field}": ref.name for field, ref in session_keys(keys).items() if ref is not None}
    named["database"] = settings.database.secret
    if git is not None and git.credentials is not None:
        named["dags.credentials"] = git.credentials.name
    if isinstance(ui, Ingress) and ui.tls is not None:
        named["ui.tls.secret"] = ui.tls.secret
    first: dict[str, str] = {}
    for at, name in named.items():
        if name in first and not (at.startswith("keys.") and first[name].startswith("keys.")):
            yield Finding(
                rule="secrets/shared",
                at=at,
                problem=f"is the same Secret as {first[name]}, and each of them has to hold something else",
                seen=repr(name),
                fix="give each a Secret of its own",
            )
        first.setdefault(name, at)


def _secrets(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    keys, namespace, database = settings.keys, settings.namespace, settings.database
    purposes = {
        "webserver": "signs sessions of the webserver",
        "api": "signs sessions of the API server",
        "jwt": "signs tokens between components",
    }
    yield needs.random_key(
        keys.fernet, namespace, "encrypts connections and variables; keep a copy outside the cluster"
    )
    for field, ref in session_keys(keys).items():
        if ref is not None and settings.dialect.place(f"keys.{field}") is not None:
            yield needs.random_key(ref, namespace, purposes[field])
    if database.secret_namespace is None:
        if database.url is not None and database.password is not None:
            yield needs.dsn_copied(
                database.secret, namespace, source=database.password, url=database.url, purpose="the database's URL"
            )
        else:
            yield needs.dsn_typed(database.secret, namespace, "the database's URL")
    git = settings.dags
    if git is not None and isinstance(git.credentials, GitTokenSecret):
        yield needs.git_token(git.credentials, namespace, f"reads {git.repo}")
    if git is not None and isinstance(git.credentials, GitSshSecret):
        yield needs.pasted(git.credentials, namespace, f"reads {git.repo}", key="gitSshKey")
    if isinstance(settings.ui, Ingress) and settings.ui.tls is not None and settings.ui.tls.issuer is None:
        yield needs.pasted(
            settings.ui.tls.reference,
            namespace,
            f"the certificate of {settings.ui.host}",
            key="tls.key",
            plain={"tls.crt": "tls.crt"},
        )
