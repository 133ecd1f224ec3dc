"""A pooler as CloudNativePG reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from cdk8s_airflow.database.pooler_monitoring import PoolerMonitoring
from cdk8s_airflow.database.wire.traffic import POSTGRES, instances
from cdk8s_airflow.model.disruption_budget import DisruptionBudget
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement, TopologySpread
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.traffic import ClusterComponent, PodGroup, Traffic, TrafficFlow, resolves_names
from cdk8s_airflow.model.wire.disruption_budget import budget
from cdk8s_airflow.model.wire.placement import placement, spread
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import seconds
from cdk8s_airflow.validation.frozen import frozen

POOLER_LABEL = "cnpg.io/poolerName"
"""The label by which the operator finds the pods of a pooler. Source: its ``pkg/specs/pgbouncer/deployments.go``."""

METRICS = 9127
"""The port at which a pooler shows metrics."""

HAS_ARGUMENT: Mapping[str, str] = {
    "default_pool_size": "CnpgPooler(pool_size=)",
    "max_client_conn": "CnpgPooler(max_clients=)",
    "pool_mode": "CnpgPooler(mode=)",
}
"""Parameter of PgBouncer -> the argument that sets it."""

ALLOWED = frozenset(
    [
        "application_name_add_host",
        "auth_type",
        "autodb_idle_timeout",
        "cancel_wait_timeout",
        "client_idle_timeout",
        "client_login_timeout",
        "client_tls_ciphers",
        "client_tls_sslmode",
        "client_tls13_ciphers",
        "default_pool_size",
        "disable_pqexec",
        "dns_max_ttl",
        "dns_nxdomain_ttl",
        "idle_transaction_timeout",
        "ignore_startup_parameters",
        "listen_backlog",
        "log_connections",
        "log_disconnections",
        "log_pooler_errors",
        "log_stats",
        "max_client_conn",
        "max_db_connections",
        "max_packet_size",
        "max_prepared_statements",
        "max_user_connections",
        "min_pool_size",
        "pkt_buf",
        "query_timeout",
        "query_wait_timeout",
        "reserve_pool_size",
        "reserve_pool_timeout",
        "sbuf_loopcnt",
        "server_check_delay",
        "server_check_query",
        "server_connect_timeout",
        "server_fast_close",
        "server_idle_timeout",
        "server_lifetime",
        "server_login_retry",
        "server_reset_query",
        "server_reset_query_always",
        "server_round_robin",
        "server_tls_ciphers",
        "server_tls13_ciphers",
        "server_tls_protocols",
        "server_tls_sslmode",
        "stats_period",
        "suspend_timeout",
        "tcp_defer_accept",
        "tcp_socket_buffer",
        "tcp_keepalive",
        "tcp_keepcnt",
        "tcp_keepidle",
        "tcp_keepintvl",
        "tcp_user_timeout",
        "track_extra_parameters",
        "verbose",
    ]
)
"""Parameters that the operator takes. Source: ``AllowedPgbouncerGenericConfigurationParameters`` in its webhook, 1.30."""

PREPARED_STATEMENTS = "200"
"""How many prepared statements PgBouncer follows for each client. Airflow 3's second driver prepares each statement, which a
pooler that assigns a session for each transaction must support; without it the driver stops with an error."""


@frozen
class PoolerSettings:
    """The validated settings of a CnpgPooler."""

    name: str
    namespace: str
    cluster: str
    instances: int
    mode: str
    max_clients: int
    pool_size: int
    resources: Resources
    image: str | None = None
    pull_secret: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    placement: NodePlacement = Placement()
    spread: Sequence[TopologySpread] = ()
    disruption_budget: DisruptionBudget | None = None
    architecture: str | None = None
    monitoring: PoolerMonitoring | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The label that its pods, and no others, have."""
        return {POOLER_LABEL: self.name}


def pooler_objects(settings: PoolerSettings) -> dict[str, dict[str, Any]]:
    """The Pooler, and what the operator does not make for it: a disruption budget and a PodMonitor."""
    made = {"pooler": pooler_manifest(settings)}
    metadata = {"name": settings.name, "namespace": settings.namespace}
    if settings.instances > 1 and settings.disruption_budget is not None:
        made["disruption-budget"] = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata,
            "spec": {**budget(settings.disruption_budget), "selector": {"matchLabels": settings.labels}},
        }
    given = settings.monitoring
    if given is not None:
        endpoint = {
            "port": "metrics",
            **({} if given.interval is None else {"interval": f"{seconds(given.interval)}s"}),
        }
        made["monitor"] = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PodMonitor",
            "metadata": {**metadata, "labels": dict(given.labels)} if given.labels else metadata,
            "spec": {"selector": {"matchLabels": settings.labels}, "podMetricsEndpoints": [endpoint]},
        }
    return made


def pooler_manifest(settings: PoolerSettings) -> dict[str, Any]:
    """The Pooler. Source: ``spec`` of postgresql.cnpg.io/v1. In a template ``containers`` must stand, and the one is ``pgbouncer``.

    The image is in the template, which every release of the operator reads; ``pgbouncer.image`` requires 1.30.
    """
    parameters = {
        "max_client_conn": str(settings.max_clients),
        "default_pool_size": str(settings.pool_size),
        **({"max_prepared_statements": PREPARED_STATEMENTS} if settings.mode == "transaction" else {}),
        **settings.parameters,
    }
    container: dict[str, Any] = {"name": "pgbouncer", "resources": resources(settings.resources)}
    if settings.image is not None:
        container["image"] = settings.image
    pod: dict[str, Any] = {"containers": [container], **placement(settings.placement, settings.architecture)}
    if settings.instances > 1 and settings.spread:
        pod["topologySpreadConstraints"] = spread(settings.spread, settings.labels)
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Pooler",
        "metadata": {"name": settings.name, "namespace": settings.namespace},
        "spec": {
            "cluster": {"name": settings.cluster},
            "instances": settings.instances,
            "type": "rw",
            "pgbouncer": {"poolMode": settings.mode, "parameters": parameters},
            "template": {"metadata": {"labels": settings.labels}, "spec": pod},
        },
    }


def pooler_pods(name: str, namespace: str) -> PodGroup:
    """The pods of a pooler."""
    return PodGroup(name=f"{name} pooler", namespace=namespace, labels={POOLER_LABEL: name})


def pooler_traffic(name: str, namespace: str, cluster: str) -> Traffic:
    """The pods of a pooler and all connections they take part in, but for its clients: those are in the clients' traffic."""
    pods = pooler_pods(name, namespace)
    flows = (
        *resolves_names(pods),
        TrafficFlow(source=pods, target=ClusterComponent(role="api-server"), port=6443, purpose="the Kubernetes API"),
        TrafficFlow(source=pods, target=instances(cluster, namespace), port=POSTGRES, purpose="the database"),
        TrafficFlow(source=ClusterComponent(role="monitoring"), target=pods, port=METRICS, purpose="metrics"),
    )
    return Traffic(workloads=(pods,), flows=flows)


def pooler_parameter_findings(parameters: Mapping[str, str]) -> Iterator[Finding]:
    """Findings for parameters that the operator does not accept, or that an argument sets."""
    for name in sorted(parameters):
        if name in HAS_ARGUMENT:
            yield Finding(
                rule="database/pooler-parameter",
                at=f"parameters.{name}",
                problem=f"is set by {HAS_ARGUMENT[name]}",
                seen=repr(parameters[name]),
                fix=f"Use {HAS_ARGUMENT[name]} instead",
            )
        elif name not in ALLOWED:
            yield Finding(
                rule="database/pooler-parameter",
                at=f"parameters.{name}",
                problem="must be a parameter of PgBouncer that CloudNativePG supports",
                fix="Remove it; https://cloudnative-pg.io/documentation/current/connection_pooling/ lists the supported parameters",
            )
