"""Network traffic of a Cluster of CloudNativePG.

Source of the labels: ``pkg/specs/{pods,jobs}.go`` of the operator; of the ports: its documentation of networking, and the pinger of
the instance manager, by which a primary asks the others whether it is cut off.
"""

from __future__ import annotations

from cdk8s_airflow.model.traffic import ClusterComponent, PodGroup, Traffic, TrafficFlow, resolves_names

CLUSTER_LABEL = "cnpg.io/cluster"
"""The label of everything that belongs to a Cluster."""

ROLE_LABEL = "cnpg.io/podRole"
"""The label that distinguishes instances and poolers; pods of the operator's Jobs lack it."""

POSTGRES, STATUS, METRICS = 5432, 8000, 9187
"""Ports of an instance: PostgreSQL, its manager, metrics."""


def instances(name: str, namespace: str) -> PodGroup:
    """The instances of a Cluster."""
    return PodGroup(name=f"{name} instances", namespace=namespace, labels={CLUSTER_LABEL: name, ROLE_LABEL: "instance"})


def jobs(name: str, namespace: str) -> PodGroup:
    """The pods of the Jobs by which the operator makes, joins, restores and upgrades instances."""
    return PodGroup(name=f"{name} jobs", namespace=namespace, labels={CLUSTER_LABEL: name}, without=(ROLE_LABEL,))


def cluster_traffic(name: str, namespace: str) -> Traffic:
    """The pods of a Cluster and all connections they take part in, but for its clients: those are in the clients' traffic."""
    servers, workers = instances(name, namespace), jobs(name, namespace)
    operator, kubernetes = ClusterComponent(role="cnpg-operator"), ClusterComponent(role="api-server")
    flows = (
        *resolves_names(servers, workers),
        TrafficFlow(source=servers, target=kubernetes, port=6443, purpose="the Kubernetes API"),
        TrafficFlow(source=workers, target=kubernetes, port=6443, purpose="the Kubernetes API"),
        TrafficFlow(source=operator, target=servers, port=STATUS, purpose="the operator"),
        TrafficFlow(source=operator, target=servers, port=POSTGRES, purpose="the operator"),
        TrafficFlow(source=servers, target=servers, port=POSTGRES, purpose="replication"),
        TrafficFlow(source=servers, target=servers, port=STATUS, purpose="whether an instance is cut off"),
        TrafficFlow(source=workers, target=servers, port=POSTGRES, purpose="a new instance"),
        TrafficFlow(source=ClusterComponent(role="monitoring"), target=servers, port=METRICS, purpose="metrics"),
    )
    return Traffic(workloads=(servers, workers), flows=flows)
