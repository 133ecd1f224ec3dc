"""A pooler in front of a CloudNativePG cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked, path_below
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.app.unused import UnusedConstructs
from cdk8s_airflow.database.cnpg_cluster import CnpgCluster
from cdk8s_airflow.database.connection import UNSOUND, DatabaseAddress, DatabaseConnection, TlsMode, authority_rules
from cdk8s_airflow.database.pooler_monitoring import PoolerMonitoring
from cdk8s_airflow.database.wire.pooler import (
    PoolerSettings,
    pooler_objects,
    pooler_parameter_findings,
    pooler_pods,
    pooler_traffic,
)
from cdk8s_airflow.database.wire.traffic import POSTGRES
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.database_login import DatabasePasswords
from cdk8s_airflow.model.disruption_budget import DisruptionBudget, budget_findings
from cdk8s_airflow.model.image import RegistryMirror, registry_and_path
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.placement import APART, Placement, TopologySpread
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import (
    ConfigMapKey,
    DsnSecret,
    ExistingSecret,
    PullSecret,
    ResultBackendSecret,
    SecretKey,
)
from cdk8s_airflow.model.sessions import DatabaseServer, Demand, Line
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding, check_arguments, report, show
from cdk8s_airflow.validation.constraints import Count, NonEmpty, short_label
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL

PoolMode = Literal["transaction", "session"]
"""When a pooler takes a session back from its client: after each transaction, or when the client leaves."""

_PoolerName = Annotated[
    str,
    short_label(LONGEST_LABEL, "must be a valid name of a Service", "database/name"),
]


class CnpgPooler(PlatformConstruct):
    """PgBouncer in front of a :class:`CnpgCluster`, run by CloudNativePG: many clients share few sessions of PostgreSQL.

    It is in the Cluster's namespace and accepts the same users and passwords as the Cluster. Airflow gets a separate address,
    without a password in it. Migrations bypass the pooler: they need a lock that lasts as long as their session, and a pooler
    does not guarantee that.
    """

    how_to_write = 'CnpgPooler(chart, "pooler", cluster=db)'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        cluster: CnpgCluster,
        name: _PoolerName | None = None,
        max_clients: Count = 100,
        pool_size: Count = 10,
        mode: PoolMode = "transaction",
        instances: Count = 1,
        parameters: Mapping[str, str] | None = None,
        image: NonEmpty | None = None,
        mirror: RegistryMirror | None = None,
        pull_secret: PullSecret | None = None,
        resources: Resources = Resources(cpu="50m", memory="64Mi", memory_limit="128Mi"),
        placement: NodePlacement = Placement(),
        spread: Sequence[TopologySpread] = APART,
        disruption_budget: DisruptionBudget | None = DisruptionBudget(),
        monitoring: PoolerMonitoring | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the connection pooler of a cluster.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            cluster: the Cluster behind it.
            name: the Pooler's name, which its Service has too. Default: ``<cluster>-pooler``.
            max_clients: the number of client connections that each instance accepts (``max_client_conn``). Default: 100.
            pool_size: how many sessions of PostgreSQL each instance opens at most for one database and user
                (``default_pool_size``). Default: 10.
            mode: when a session goes back into the pool. Default: ``"transaction"``, which Airflow works with.
            instances: how many PgBouncers. Default: 1. Each has a pool of its own.
            parameters: PgBouncer parameters that CloudNativePG accepts; values are strings. Default: in transaction
                mode ``max_prepared_statements``, without which Airflow 3 fails.
            image: the image. Default: the operator's own choice.
            mirror: where a copy of the image is pulled from. Used only with ``image``; the operator has its own setting for its default image.
            pull_secret: the Secret, in its namespace, with which nodes log in to the registry. Default: None.
            resources: of each instance. Default: 50m CPU, 64Mi memory, at most 128Mi.
            placement: on which nodes it may run. Default: any.
            spread: how instances are kept apart. Default: they prefer different nodes.
            disruption_budget: how many instances may be taken away at once, from two on. Default: one.
            monitoring: a PodMonitor for its metrics. Default: none.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: for what the operator or its schema would refuse.
        """
        found = checked(CnpgPooler.__init__, locals())
        facts = facts_of(scope, facts)
        self._cluster = cluster
        self._name = name or f"{getattr(cluster, '_name', '')}-pooler"
        self._namespace: str = getattr(cluster, "_namespace", "")
        self._mode = mode
        self._instances = instances
        self._max_clients = max_clients
        self._pool_size = pool_size
        if not found:
            found += _rules(self._name, cluster, image, mirror)
            found += pooler_parameter_findings(parameters or {})
            found += budget_findings(disruption_budget, instances, "disruption_budget")
        super().__init__(scope, id, found)
        self._sound = self._sound and getattr(cluster, "sound", False)
        if not self._sound:
            return
        pulled = image if image is None or mirror is None else mirror.of(image)
        settings = PoolerSettings(
            name=self._name,
            namespace=self._namespace,
            cluster=cluster._name,
            instances=instances,
            mode=mode,
            max_clients=max_clients,
            pool_size=pool_size,
            resources=resources,
            image=pulled,
            pull_secret=None if pull_secret is None else pull_secret.name,
            parameters=parameters or {},
            placement=placement,
            spread=tuple(spread),
            disruption_budget=disruption_budget,
            architecture=facts.architecture,
            monitoring=monitoring,
        )
        self._found_late(self._registry.open(_demand(settings, cluster.server)))
        if not self._sound:
            return
        self._emit(pooler_objects(settings), facts=facts)
        if not self._sound:
            return
        traffic = self.traffic
        require_policies(self, f"CnpgPooler {self._name!r}", lambda: traffic)
        use = "Pass AirflowChart(database=pooler.connection())"
        self._registry.slot(UnusedConstructs).add("CnpgPooler", id, use)
        passwords = self._registry.slot(DatabasePasswords)
        passwords.also_at(self._name, self._namespace, served_by=f"{cluster._name}-rw")
        if pulled is not None and pulled != image:
            self._registry.notes.append(
                BeforeApply(f"Copy the image of Pooler {self._name} to the mirror:\n  {image} -> {pulled}")
            )
        if pull_secret is not None and pulled is not None:
            registry = registry_and_path(pulled)[0]
            self._need([needs.registry_login(pull_secret, self._namespace, registries=(registry,))])

    @property
    def host(self) -> str:
        """Its Service, in a form that any namespace resolves."""
        self._registry.slot(UnusedConstructs).use("CnpgPooler", self._id)
        return f"{self._name}.{self._namespace}.svc"

    @property
    def server(self) -> DatabaseServer:
        """How many clients all its instances take."""
        return DatabaseServer(
            name=f"Pooler {self._namespace}/{self._name}",
            takes=self._max_clients * self._instances,
            grow="raise max_clients= or instances= of CnpgPooler",
        )

    @property
    def traffic(self) -> Traffic:
        """Its pods and their connections, except those of clients. Empty if this construct has errors."""
        return pooler_traffic(self._name, self._namespace, self._cluster._name) if self._sound else Traffic()

    def connection(
        self,
        *,
        bridge: ExistingSecret | DsnSecret | None = None,
        tls: TlsMode = "require",
        ca: SecretKey | ConfigMapKey | None = None,
        results: CnpgPooler | None = None,
        results_bridge: ResultBackendSecret | None = None,
    ) -> DatabaseConnection:
        """A way to the database through this pooler, for ``AirflowChart(database=...)``.

        Args:
            bridge: a Secret in the namespace of Airflow with the whole URL under ``connection``, with this pooler's :attr:`host`. Needed
                when Airflow is in another namespace. Default: only the password, from the Secret in the namespace of the
                Cluster; the library adds the rest of the URL, which is not secret.
            tls: the TLS mode of clients. A pooler serves the certificate of its Cluster, which does not contain the
                pooler's name: ``"verify-ca"`` works, ``"verify-full"`` does not. Default: ``"require"``.
            ca: the CA certificate for ``"verify-ca"``. Default: the Cluster's own, which the operator keeps in Secret
                ``<cluster>-ca`` in its namespace; in another namespace, set a copy.
            results: another pooler of the same Cluster, through which Celery reads and writes results, so that they never wait
                for a session that schedulers hold. Default: this one.
            results_bridge: a Secret in the namespace of Airflow with the URL of ``results`` under ``connection``. Required if both
                ``bridge`` and ``results`` are set. The summary prints the command that creates it from the password, and
                :class:`SecretBootstrap` creates it. Default: none.

        Raises:
            PlatformError: if an argument is invalid.
        """
        arguments = {"bridge": bridge, "tls": tls, "ca": ca, "results": results, "results_bridge": results_bridge}
        found = check_arguments(CnpgPooler.connection, arguments)
        if not found:
            found += _connection_rules(self, bridge, tls, results, results_bridge)
        if not found and ca is not None:
            found += authority_rules(tls, ca)
        path = path_below(self._scope, self._id) if found else ""
        if report(finding.under("connection").within(path) for finding in found) or not self._sound:
            return UNSOUND
        cluster = self._cluster
        through = self._address(self.host)
        direct = self._address(cluster.host)
        own = ca is None and tls == "verify-ca"
        common = DatabaseConnection(
            secret="",
            tls=tls,
            ca=SecretKey(f"{cluster._name}-ca", "ca.crt") if own else ca,
            ca_namespace=self._namespace if own else None,
            direct=direct,
            direct_peer=cluster.connection().peer,
            results=None if results is None else self._address(results.host),
            results_peer=None if results is None else pooler_pods(results._name, results._namespace),
            server=cluster.server,
            pooler=self.server,
            results_pooler=None if results is None else results.server,
            postgres_major=cluster._major,
            peer=pooler_pods(self._name, self._namespace),
        )
        credentials = f"{cluster._name}-app" if cluster._credentials is None else cluster._credentials.name
        if bridge is not None:
            return replace(
                common,
                secret=bridge.name,
                results_secret=None if results_bridge is None else results_bridge.name,
                url=through.around_password,
                password=(self._namespace, credentials),
            )
        return replace(
            common,
            secret=credentials,
            secret_key="password",
            secret_namespace=self._namespace,
            address=through,
        )

    def _address(self, host: str) -> DatabaseAddress:
        return DatabaseAddress(host=host, port=POSTGRES, database=self._cluster._database, user=self._cluster._owner)


def _demand(settings: PoolerSettings, server: DatabaseServer) -> Demand:
    """What a pooler opens at its Cluster: its pool, what it may open beyond that when clients wait, and its own session.

    Each PgBouncer asks the Cluster for the passwords of those who log in, as a role of its own and in database ``postgres``
    (``auth_user`` and ``auth_dbname`` in the operator's ``pgbouncer.ini``), and so outside the pool.
    """
    reserve = settings.parameters.get("reserve_pool_size", "")
    each = settings.pool_size + (int(reserve) if reserve.isdigit() else 0)
    return Demand(
        who=f"Pooler {settings.name}",
        server=server,
        lines=(
            Line(what="pool of an instance", count=settings.instances, each=each),
            Line(what="look-up of logins", count=settings.instances, each=1),
        ),
        fixes=("lower pool_size= or instances= of CnpgPooler",),
    )


def _rules(name: str, cluster: CnpgCluster, image: str | None, mirror: RegistryMirror | None) -> Iterator[Finding]:
    if name == cluster._name:
        yield Finding(
            rule="database/name",
            at="name",
            problem="must differ from the name of the Cluster",
            seen=repr(name),
            fix="Remove it, or use another name",
        )
    if name in {f"{cluster._name}-{kind}" for kind in ("rw", "ro", "r")}:
        yield Finding(
            rule="database/name",
            at="name",
            problem="is the name of a Service that CloudNativePG creates for the Cluster",
            seen=repr(name),
            fix="Remove it, or use another name",
        )
    if len(name) > LONGEST_LABEL:
        yield Finding(
            rule="database/name",
            at="name",
            problem="must have at most 63 characters as the name of a Service",
            seen=repr(name),
            fix="Use a shorter name=",
        )
    if mirror is not None and image is None:
        yield Finding(
            rule="database/image",
            at="mirror",
            problem="is ignored without image=: the operator chooses the image of PgBouncer",
            fix='Set image=, such as "ghcr.io/cloudnative-pg/pgbouncer:1.25.1", or remove mirror=',
        )


def _connection_rules(
    pooler: CnpgPooler,
    bridge: object,
    tls: TlsMode,
    results: CnpgPooler | None,
    results_bridge: object,
) -> Iterator[Finding]:
    if tls == "verify-full":
        yield Finding(
            rule="database/authority",
            at="tls",
            problem="is not supported: a pooler serves the certificate of its Cluster, which does not contain the name of the pooler",
            seen=repr(tls),
            fix='Use "verify-ca", which verifies the issuer of the certificate',
        )
    if results_bridge is not None and (results is None or bridge is None):
        missing = "results=" if results is None else "bridge="
        yield Finding(
            rule="database/results",
            at="results_bridge",
            problem=f"is ignored without {missing}",
            seen=show(results_bridge),
            fix=f"Remove it, or set {missing}",
        )
    if results is None:
        return
    if bridge is not None and results_bridge is None:
        yield Finding(
            rule="database/results",
            at="results_bridge",
            problem="is required with bridge= and results=: the Secret of bridge= has one URL, which goes through this pooler",
            fix='Set results_bridge=ResultBackendSecret("airflow-result-backend")',
        )
    elif results._cluster is not pooler._cluster:
        yield Finding(
            rule="database/results",
            at="results",
            problem="must be a pooler of the same Cluster",
            seen=show(results),
            fix="Create it with the same cluster=",
        )
