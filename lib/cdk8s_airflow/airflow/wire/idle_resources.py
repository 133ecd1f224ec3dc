"""The pods of a release, as a ResourceQuota counts them: those that always run, those of hooks, and those of tasks."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.footprint import component_pods, hook_pods, largest_task_pod
from cdk8s_airflow.model.pod_requests import PodRequests


def always_running(settings: ReleaseSettings) -> Iterator[tuple[int, PodRequests]]:
    """The number of pods of each component, at least, and the requests of one of them with all its containers.

    Tasks, Jobs, and the second set of pods during an upgrade come on top.
    """
    yield from ((each.idle, each.pod) for each in component_pods(settings))


def most_running(settings: ReleaseSettings) -> Iterator[tuple[int, PodRequests]]:
    """The number of pods of each component, at most: all replicas, and one more during an upgrade."""
    yield from ((each.most + 1, each.pod) for each in component_pods(settings))


def task_pod_of(settings: ReleaseSettings) -> PodRequests | None:
    """The requests of the largest task pod; None if tasks do not run in pods."""
    return largest_task_pod(settings)


def hooks(settings: ReleaseSettings) -> Iterator[PodRequests]:
    """The requests of each Job that runs during an install or upgrade, one after the other."""
    yield from (each.pod for each in hook_pods(settings))
