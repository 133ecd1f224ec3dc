"""What the tests monitor, as plain settings."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.monitoring.targets import ClusterTarget, PoolerTarget, ReleaseTarget, StoreTarget, Targets

AIRFLOW = {2: "2.11.0", 3: "3.2.2"}


def release(major: int = 3, **changes: Any) -> ReleaseTarget:
    """A release with every part that can be monitored."""
    given: dict[str, Any] = {
        "release": "airflow",
        "namespace": "airflow",
        "namespaces": ("airflow", "tasks"),
        "airflow": AIRFLOW[major],
        "statsd": "airflow-statsd",
        "statsd_labels": {"tier": "airflow", "component": "statsd", "release": "airflow"},
        "pgbouncer": "airflow-pgbouncer",
        "pgbouncer_labels": {"tier": "airflow", "component": "pgbouncer", "release": "airflow"},
        "triggerer": True,
        "dag_processor": True,
        "deployments": ("airflow-scheduler", "airflow-worker"),
        "stateful_sets": ("airflow-redis",),
        "git_sync": "git-sync",
        "git_sync_labels": {"tier": "airflow", "release": "airflow"},
        "collector_port": 8889,
        "collector_labels": {"component": "otel-collector"},
    }
    return ReleaseTarget(**{**given, **changes})


def targets(major: int = 3, **changes: Any) -> Targets:
    """A platform with every part that can be monitored; ``changes`` are those of the release."""
    return Targets(
        release=release(major, **changes),
        clusters=(ClusterTarget(name="airflow-pg", namespace="airflow-data", instances=3, backups=True),),
        poolers=(PoolerTarget(name="airflow-pg-pooler", namespace="airflow-data"),),
        stores=(
            StoreTarget(name="seaweedfs", namespace="storage", labels={"app.kubernetes.io/instance": "seaweedfs"}),
        ),
    )
