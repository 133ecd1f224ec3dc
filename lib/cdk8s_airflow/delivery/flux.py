"""Delivery by Flux: a HelmRelease, the repository it takes the chart from, and its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, Label, ObjectName, seconds
from cdk8s_airflow.validation.frozen import frozen

_SHORTEST_INTERVAL = "1m"


@frozen
class FluxRelease:
    """The release as a Flux HelmRelease with a HelmRepository, and its values in a ConfigMap.

    Flux does not wait for pods to become ready: they wait for the migration, and Helm runs that only afterwards. It waits
    for the migration. A failed release is never uninstalled nor rolled back: a database does not migrate backwards.

    Attributes:
        namespace: where Flux's objects live, not where Airflow runs. Default: ``"flux-system"``. The state of the release
            is kept where Airflow runs, as Helm itself would, so that ``helm history`` finds it.
        timeout: how long Helm waits for each hook, the database migration among them. Default: ``"30m"``. At least ``"10m"``.
        interval: how often Flux looks whether the release is as it should be. A change is applied at once. Default: ``"10m"``.
        failure_policy: ``"retry"`` upgrades a failed release until it works (Flux 2.7 and newer); ``"stop"`` leaves it as it
            is until somebody mends it. Default: retry where ``ClusterFacts.flux`` allows it, else stop.
        retry_interval: how long Flux waits before it tries again. Default: ``"5m"``.
        service_account: the account in ``namespace`` that Flux acts as. Default: Flux's own.
        source: where the chart comes from. Default: the repository of the Airflow project.
    """

    how_to_write: ClassVar[str] = "FluxRelease()"

    namespace: Label = "flux-system"
    timeout: Duration = "30m"
    interval: Duration = "10m"
    failure_policy: Literal["retry", "stop"] | None = None
    retry_interval: Duration = "5m"
    service_account: ObjectName | None = None
    source: ChartSource = ChartSource()

    def _rules(self) -> Iterator[Finding]:
        yield from timeout_rules(self.timeout)
        for at, interval in (("interval", self.interval), ("retry_interval", self.retry_interval)):
            if seconds(interval) < seconds(_SHORTEST_INTERVAL):
                yield Finding(
                    rule="delivery/interval",
                    at=at,
                    problem="is so short that Flux would be at it all the time",
                    seen=repr(interval),
                    fix=f"use {_SHORTEST_INTERVAL!r} or more",
                )
