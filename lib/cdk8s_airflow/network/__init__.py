"""Network policies, and the facts about the cluster that they require.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.model.cluster_network import Cilium as Cilium
    from cdk8s_airflow.model.cluster_network import CloudIdentity as CloudIdentity
    from cdk8s_airflow.model.cluster_network import ClusterDns as ClusterDns
    from cdk8s_airflow.model.cluster_network import HostNetwork as HostNetwork
    from cdk8s_airflow.model.cluster_network import KubernetesApiAddress as KubernetesApiAddress
    from cdk8s_airflow.model.cluster_network import NotInstalled as NotInstalled
    from cdk8s_airflow.model.traffic import ClusterComponent as ClusterComponent
    from cdk8s_airflow.model.traffic import ExternalPeer as ExternalPeer
    from cdk8s_airflow.model.traffic import HasTraffic as HasTraffic
    from cdk8s_airflow.model.traffic import PodGroup as PodGroup
    from cdk8s_airflow.model.traffic import Traffic as Traffic
    from cdk8s_airflow.model.traffic import TrafficFlow as TrafficFlow
    from cdk8s_airflow.model.traffic import UnlocatedPeer as UnlocatedPeer
    from cdk8s_airflow.network.isolation import NetworkIsolation as NetworkIsolation
    from cdk8s_airflow.network.wire.network_policy import PeerEndpoint as PeerEndpoint
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "Cilium",
    "CloudIdentity",
    "ClusterComponent",
    "ClusterDns",
    "ExternalPeer",
    "HasTraffic",
    "HostNetwork",
    "KubernetesApiAddress",
    "NetworkIsolation",
    "NotInstalled",
    "PeerEndpoint",
    "PodGroup",
    "Traffic",
    "TrafficFlow",
    "UnlocatedPeer",
]
