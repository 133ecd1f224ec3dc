"""The chart's own PgBouncer, in front of a database that brings no pooler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import ClassVar

from cdk8s_airflow.model.disruption_budget import DisruptionBudget, budget_findings
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PgBouncerSecret
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count
from cdk8s_airflow.validation.frozen import frozen

_OWNED = frozenset(
    [
        "auth_file",
        "auth_type",
        "ignore_startup_parameters",
        "listen_addr",
        "listen_port",
        "max_client_conn",
        "max_prepared_statements",
        "pool_mode",
        "server_tls_ca_file",
        "server_tls_sslmode",
        "stats_users",
    ]
)
"""Settings that follow from other arguments."""


_RESULTS_POOL = 5


def _one_line(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and "\n" not in text and "\r" not in text


@frozen
class PgBouncer:
    """PgBouncer of the Airflow chart, in the namespace of a release: many clients share few sessions of an external PostgreSQL.

    For a :class:`CnpgCluster` use :class:`CnpgPooler`, which uses the Cluster's users and certificates.

    All its settings are in a ConfigMap that this library writes, so you resize a pool with a new manifest. The secrets are in one
    Secret: the login of the database in PgBouncer's own form.

    Attributes:
        credentials: that Secret. The summary has the command that creates it from the password.
        max_clients: the number of client connections that each instance accepts (``max_client_conn``). Default: 100.
        pool_size: sessions of PostgreSQL that each instance opens at most for Airflow. Default: 10.
        results_pool_size: the pool size for Celery's results, which never wait for other connections. Default: None; 5 with Celery. Without
            Celery there is no such pool, and a number is an error.
        replicas: how many instances, each with pools of its own. Default: 1.
        resources: of each instance. Default: 50m CPU, 64Mi memory, at most 128Mi.
        exporter_resources: requests and limits of its metrics sidecar. Default: 10m CPU, 64Mi memory, at most 128Mi.
        parameters: further settings of its ``[pgbouncer]`` section, like ``{"server_idle_timeout": "300"}``. Default: none.
        placement: the nodes on which it may run. Default: None, those of the release.
        disruption_budget: how many instances may be taken away at once, from two on. Default: one.
    """

    how_to_write: ClassVar[str] = 'PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer"))'

    credentials: PgBouncerSecret
    max_clients: Count = 100
    pool_size: Count = 10
    results_pool_size: Count | None = None
    replicas: Count = 1
    resources: Resources = Resources(cpu="50m", memory="64Mi", memory_limit="128Mi")
    exporter_resources: Resources = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")
    parameters: Mapping[str, str] = field(default_factory=dict)
    placement: NodePlacement | None = None
    disruption_budget: DisruptionBudget | None = DisruptionBudget()

    @property
    def results_pool(self) -> int:
        """The size of the pool for Celery's results."""
        return _RESULTS_POOL if self.results_pool_size is None else self.results_pool_size

    def _rules(self) -> Iterator[Finding]:
        yield from budget_findings(self.disruption_budget, self.replicas, "disruption_budget")
        for name, value in sorted(self.parameters.items()):
            at = f"parameters.{name}"
            if name in _OWNED:
                yield Finding(
                    rule="database/pgbouncer",
                    at=at,
                    problem="is set by other arguments of the database",
                    seen=repr(value),
                    fix="Remove it",
                )
            elif not name.replace("_", "").isalnum() or not name.islower() or not _one_line(value):
                yield Finding(
                    rule="database/pgbouncer",
                    at=at,
                    problem="must be one line of a configuration file",
                    fix='Use name and value of a PgBouncer setting: {"server_idle_timeout": "300"}',
                )
