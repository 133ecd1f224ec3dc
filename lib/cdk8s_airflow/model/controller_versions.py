"""Since when a delivery's controller knows what."""

from __future__ import annotations

from collections.abc import Mapping

from cdk8s_airflow.validation.constraints import version

Releases = tuple[tuple[int, ...], ...]
"""The first release of each line of releases that got something; lines after the last one all have it."""

HELM_CONTROLLER: Mapping[str, Releases] = {
    "repoCAConfigMap": ((0, 14, 0),),
    "authSecret": ((0, 14, 0),),
    "dockerRegistrySecret": ((0, 15, 1),),
    "backOffLimit": ((0, 15, 3),),
    "takeOwnership": ((0, 16, 14),),
    "values": ((0, 16, 20), (0, 17, 0)),
    "forceConflicts": ((0, 16, 25), (0, 17, 6)),
    "failurePolicy=retry": ((0, 16, 25), (0, 17, 6)),
}
"""Fields of a HelmChart, and the releases of k3s-io/helm-controller that know them. Source: its types.go at each tag."""

ALWAYS_THERE: tuple[int, ...] = (0, 15, 6)
"""What is as old as this, every k3s on a Kubernetes that is supported here has, whether it is said or not."""

FLUX_RETRIES: Releases = ((2, 7),)
"""The releases of Flux whose HelmRelease has ``install.strategy``. Source: the definition in helm-controller 1.4.0."""


def has(since: Releases, seen: str | None) -> bool:
    """Whether a version has what came with these releases; an unknown version has none of it."""
    if seen is None:
        return False
    numbers = version(seen)
    return any(numbers >= first and numbers[:2] == first[:2] for first in since) or numbers >= since[-1]


def told(since: Releases) -> str:
    """The releases as words: ``0.16.25 or 0.17.6``."""
    return " or ".join(".".join(map(str, first)) for first in since)
