"""The first release of helm-controller and Flux that supports each field."""

from __future__ import annotations

from collections.abc import Mapping

from cdk8s_airflow.validation.constraints import version

Releases = tuple[tuple[int, ...], ...]
"""The first release in each supported line of releases. Every line after the last one listed supports the field."""

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
"""Fields of a HelmChart and the releases of k3s-io/helm-controller that support them. Source: its types.go at each
tag."""

OLDEST_BUNDLED: tuple[int, ...] = (0, 15, 6)
"""Every k3s that runs a supported Kubernetes version includes this helm-controller or a newer one."""

FLUX_RETRIES: Releases = ((2, 7),)
"""The Flux releases whose HelmRelease has ``install.strategy``. Source: the definition in helm-controller 1.4.0."""


def has(since: Releases, seen: str | None) -> bool:
    """Whether a version supports a field that these releases introduced. False if the version is unknown."""
    if seen is None:
        return False
    numbers = version(seen)
    return any(numbers >= first and numbers[:2] == first[:2] for first in since) or numbers >= since[-1]


def releases_text(since: Releases) -> str:
    """The releases as text: ``0.16.25 or 0.17.6``."""
    return " or ".join(".".join(map(str, first)) for first in since)
