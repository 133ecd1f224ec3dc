"""Delivery by k3s's helm-controller: a HelmChart object that it installs and upgrades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import Duration, Label, seconds

SHORTEST_TIMEOUT = "10m"
"""Less than this is too short for images to be pulled and a database to come up."""

FailurePolicy = Literal["abort", "retry", "reinstall"]
"""What helm-controller does after a failed install or upgrade."""


@dataclass(frozen=True, kw_only=True)
class K3sHelmChart:
    """The release as a ``helm.cattle.io/v1`` HelmChart, for k3s and clusters with its helm-controller.

    Attributes:
        namespace: where the HelmChart lives, not where Airflow runs. Default: ``"kube-system"``. The controller makes a
            service account there that may do anything in the cluster; in a namespace where Airflow may start pods, any DAG
            author could borrow it.
        timeout: how long Helm waits for each hook, the database migration among them. Default: ``"30m"``, enough for a
            database that is still being made. At least ``"10m"``.
        failure_policy: ``"abort"`` leaves a failed release as it is until somebody mends it; ``"retry"`` upgrades it again
            (helm-controller 0.16.25 or 0.17.6 and newer); ``"reinstall"`` uninstalls it first, and with it everything the
            chart made. Default: retry where ``ClusterFacts.helm_controller`` allows it, else abort. Never reinstall, which
            is what helm-controller does when nobody says anything.
    """

    how_to_write: ClassVar[str] = 'K3sHelmChart(timeout="30m")'

    namespace: Label = "kube-system"
    timeout: Duration = "30m"
    failure_policy: FailurePolicy | None = None

    def _rules(self) -> Iterator[Finding]:
        if seconds(self.timeout) < seconds(SHORTEST_TIMEOUT):
            yield Finding(
                rule="delivery/timeout",
                at="timeout",
                problem="is too short for images to be pulled and a database to come up",
                seen=repr(self.timeout),
                fix=f"use {SHORTEST_TIMEOUT!r} or more",
            )
