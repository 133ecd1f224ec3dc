"""The metrics of a Cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.database.wire.certificates import authority_secret
from cdk8s_airflow.database.wire.settings import ClusterSettings, instance_labels
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.validation.durations import seconds


def monitoring_spec(settings: ClusterSettings) -> dict[str, Any]:
    """The part of the Cluster's ``spec`` with metrics."""
    given = settings.monitoring
    if given is None:
        return {}
    made: dict[str, Any] = {}
    if given.queries:
        made["customQueriesConfigMap"] = [{"name": each.name, "key": each.key} for each in given.queries]
    if not given.default_queries:
        made["disableDefaultQueries"] = True
    if given.tls:
        made["tls"] = {"enabled": True}
    return {"monitoring": made} if made else {}


def monitoring_objects(settings: ClusterSettings) -> dict[str, dict[str, Any]]:
    """A PodMonitor of the instances. Source: the operator's monitoring page; it deprecates creating one itself."""
    given = settings.monitoring
    if given is None:
        return {}
    endpoint: dict[str, Any] = {"port": "metrics"}
    if given.interval is not None:
        endpoint["interval"] = f"{seconds(given.interval)}s"
    if given.tls:
        endpoint["scheme"] = "https"
        endpoint["tlsConfig"] = {
            "ca": {"secret": {"name": authority_secret(settings), "key": "ca.crt"}},
            "serverName": f"{settings.name}-rw",
        }
    metadata: dict[str, Any] = {"name": settings.name, "namespace": settings.namespace}
    if given.labels:
        metadata["labels"] = dict(given.labels)
    monitor = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": metadata,
        "spec": {
            "selector": {"matchLabels": instance_labels(settings.name)},
            "podMetricsEndpoints": [endpoint],
        },
    }
    return {"pod-monitor": monitor}


def monitoring_notes(settings: ClusterSettings) -> Iterator[str]:
    """The ConfigMaps with queries."""
    monitoring = settings.monitoring
    for each in monitoring.queries if monitoring is not None else ():
        yield BeforeApply(
            f"Cluster {settings.name} reads metric queries from ConfigMap {settings.namespace}/{each.name}, key {each.key}. With the "
            f"label cnpg.io/reload=true, the operator applies changes of it.\n"
            f"  kubectl -n {settings.namespace} get configmap {each.name}"
        )
