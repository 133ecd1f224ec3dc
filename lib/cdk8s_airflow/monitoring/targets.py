"""What is monitored, as plain settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from cdk8s_airflow.dags.git_sync import METRICS_PORT
from cdk8s_airflow.validation.frozen import frozen


@frozen
class ReleaseTarget:
    """A release of Airflow.

    Attributes:
        release: the name of the release.
        namespace: its namespace.
        namespaces: the namespaces in which its pods run: its own and those of its tasks.
        airflow: the version of Airflow.
        statsd: the name of the Service of the StatsD exporter, or None if the release has none.
        statsd_labels: the labels of this Service.
        pgbouncer: the name of the chart's PgBouncer Deployment, or None.
        pgbouncer_labels: the labels of its pods.
        triggerer: whether there is a triggerer.
        dag_processor: whether there is a DAG processor of its own.
        deployments: the names of its Deployments.
        stateful_sets: the names of its StatefulSets.
        git_sync: the name of the git-sync container, or None if git-sync does not serve metrics.
        git_sync_port: the port on which git-sync serves metrics.
        git_sync_labels: labels of the pods with git-sync.
        collector_port: the port on which the OpenTelemetry collector serves metrics for Prometheus, or None.
        collector_labels: the labels of the pods of the collector.
    """

    release: str
    namespace: str
    namespaces: tuple[str, ...]
    airflow: str
    statsd: str | None
    statsd_labels: Mapping[str, str]
    pgbouncer: str | None
    pgbouncer_labels: Mapping[str, str]
    triggerer: bool
    dag_processor: bool
    deployments: tuple[str, ...]
    stateful_sets: tuple[str, ...]
    git_sync: str | None = None
    git_sync_port: int = METRICS_PORT
    git_sync_labels: Mapping[str, str] = field(default_factory=dict)
    collector_port: int | None = None
    collector_labels: Mapping[str, str] = field(default_factory=dict)


@frozen
class ClusterTarget:
    """A PostgreSQL cluster of CloudNativePG.

    Attributes:
        name: the name of the Cluster.
        namespace: its namespace.
        instances: the number of instances.
        backups: whether it has scheduled backups.
        scraped: whether it has a PodMonitor already.
    """

    name: str
    namespace: str
    instances: int
    backups: bool
    scraped: bool = False


@frozen
class PoolerTarget:
    """A pooler of CloudNativePG.

    Attributes:
        name: the name of the Pooler.
        namespace: its namespace.
        scraped: whether it has a PodMonitor already.
    """

    name: str
    namespace: str
    scraped: bool = False


@frozen
class StoreTarget:
    """An object store in the cluster.

    Attributes:
        name: the name of the store.
        namespace: its namespace.
        labels: the labels of its pods.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]


@frozen
class Targets:
    """Everything that is monitored together.

    Attributes:
        release: the release.
        clusters: the database clusters.
        poolers: the poolers.
        stores: the object stores.
    """

    release: ReleaseTarget
    clusters: tuple[ClusterTarget, ...] = ()
    poolers: tuple[PoolerTarget, ...] = ()
    stores: tuple[StoreTarget, ...] = ()
