"""The objects and files of each delivery, one module for each."""

from __future__ import annotations

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.argo import argo_objects
from cdk8s_airflow.delivery.wire.flux import flux_objects
from cdk8s_airflow.delivery.wire.helm_command import helm_files
from cdk8s_airflow.delivery.wire.k3s import k3s_objects
from cdk8s_airflow.delivery.wire.release import Delivered, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts

__all__ = ["Delivered", "Release", "deliver"]


def deliver(delivery: Delivery, release: Release, facts: ClusterFacts) -> Delivered:
    """The objects and files of a release for its delivery."""
    if isinstance(delivery, K3sHelmChart):
        return k3s_objects(delivery, release, facts)
    if isinstance(delivery, FluxRelease):
        return flux_objects(delivery, release, facts)
    if isinstance(delivery, ArgoApplication):
        return argo_objects(delivery, release, facts)
    return helm_files(delivery, release, facts)
