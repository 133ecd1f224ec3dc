"""What the registry of an app keeps about its network policies."""

from __future__ import annotations

from cdk8s_airflow.network.wire.network_policy import Isolation


class Isolations(list[Isolation]):
    """The connections that each set of network policies of one app allows."""
