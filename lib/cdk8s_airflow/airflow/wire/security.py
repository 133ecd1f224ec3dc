"""Security contexts of all pods, which meet the Pod Security Standard ``restricted``."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts
from cdk8s_airflow.airflow.wire.tree import Tree

AIRFLOW_USER = 50000
"""The user of the official image; its group is 0."""

STATSD_USER = 65534
"""The user of the StatsD exporter's image."""

SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}

CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    **SECCOMP,
}
"""Security context of each container."""


AIRFLOW_POD: dict[str, Any] = {"runAsNonRoot": True, "runAsUser": AIRFLOW_USER, "fsGroup": 0, **SECCOMP}
"""Security context of each Airflow pod."""


def security_parts(settings: ReleaseSettings) -> PodParts:
    """Security contexts of Airflow's own pods and containers."""
    return PodParts(pod_security=AIRFLOW_POD, container_security=CONTAINER)


def security_values(settings: ReleaseSettings) -> Tree:
    """Security contexts of StatsD, which has separate keys. The chart replaces a context as a whole, so each is complete."""
    if settings.statsd is None:
        return {}
    return {
        "statsd": {
            "securityContexts": {
                "pod": {"runAsNonRoot": True, "runAsUser": STATSD_USER, **SECCOMP},
                "container": CONTAINER,
            }
        }
    }


SECURITY = Concept(values=security_values, parts=security_parts)
"""Security contexts."""
