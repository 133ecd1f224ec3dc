"""The pods of a release that always run, and those of its hooks, as a ResourceQuota counts them."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.footprint import component_pods, hook_pods
from cdk8s_airflow.model.pod_requests import PodRequests


def always_running(settings: ReleaseSettings) -> Iterator[tuple[int, PodRequests]]:
    """The number of pods of each component, at least, and the requests of one of them with all its containers.

    Tasks, Jobs, and the second set of pods during an upgrade come on top.
    """
    yield from ((each.idle, each.pod) for each in component_pods(settings))


def hooks(settings: ReleaseSettings) -> Iterator[PodRequests]:
    """The requests of each Job that runs during an install or upgrade, one after the other."""
    yield from (each.pod for each in hook_pods(settings))
