"""What every pod gives up, so that all of them pass the Pod Security Standard ``restricted``."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.tree import Tree, join

AIRFLOW_USER = 50000
"""The user of the official image; its group is 0."""

GIT_SYNC_USER = 65533
"""The user of the git-sync image."""

STATSD_USER = 65534
"""The user of the StatsD exporter's image."""

SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}

CONTAINER: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    **SECCOMP,
}
"""What each container gives up."""


AIRFLOW_POD: dict[str, Any] = {"runAsNonRoot": True, "runAsUser": AIRFLOW_USER, "fsGroup": 0, **SECCOMP}
"""What each pod of Airflow gives up."""


def security_values(settings: ReleaseSettings) -> Tree:
    """The global contexts reach Airflow's own containers; git-sync and StatsD have keys of their own.

    The chart replaces a context instead of merging it, so user and group are always said again.
    """
    return join(
        {
            "securityContexts": {
                "pod": AIRFLOW_POD,
                "containers": CONTAINER,
            }
        },
        _git_sync(settings),
        _statsd(settings),
    )


def _git_sync(settings: ReleaseSettings) -> Tree:
    if settings.git_sync is None:
        return {}
    return {"dags": {"gitSync": {"securityContexts": {"container": {"runAsUser": GIT_SYNC_USER, **CONTAINER}}}}}


def _statsd(settings: ReleaseSettings) -> Tree:
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


SECURITY = Concept(values=security_values)
"""Security contexts."""
