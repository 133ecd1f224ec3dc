"""The releases of helm-controller and Flux that support each field."""

from __future__ import annotations

from collections.abc import Mapping

from cdk8s_airflow.validation.versions import within

HELM_CONTROLLER: Mapping[str, str] = {
    "repoCAConfigMap": ">=0.14.0",
    "authSecret": ">=0.14.0",
    "dockerRegistrySecret": ">=0.15.1",
    "backOffLimit": ">=0.15.3",
    "takeOwnership": ">=0.16.14",
    "values": ">=0.16.20",
    "forceConflicts": ">=0.16.25 <0.17 | >=0.17.6",
    "failurePolicy=retry": ">=0.16.25 <0.17 | >=0.17.6",
}
"""Fields of a HelmChart and the releases of k3s-io/helm-controller that support them. Source: its types.go at each
tag."""

OLDEST_BUNDLED = "0.15.6"
"""Every k3s that runs a supported Kubernetes version includes this helm-controller or a newer one."""

FLUX_RETRIES = ">=2.7"
"""The Flux releases whose HelmRelease has ``install.strategy``. Source: the definition in helm-controller 1.4.0."""


def supports(versions: str, seen: str | None) -> bool:
    """Whether a version supports a field that a range of versions supports. False if the version is unknown."""
    return seen is not None and within(versions, seen)
