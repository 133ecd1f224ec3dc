"""Delivery with Flux: a HelmRelease, the HelmRepository of its chart, and its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, Label, ObjectName
from cdk8s_airflow.validation.durations import seconds
from cdk8s_airflow.validation.frozen import frozen

_SHORTEST_INTERVAL = "1m"


@frozen
class FluxRelease:
    """Deliver the release as a Flux HelmRelease with a HelmRepository, and its values in a ConfigMap.

    Flux is configured not to wait until pods are ready: they wait for the migration, and Helm runs the migration hook only
    after that wait. Flux does wait for the migration hook. A failed release is never uninstalled or rolled back, because the
    database cannot be migrated back.

    Attributes:
        namespace: the namespace of the Flux objects, not the one where Airflow runs. Default: ``"flux-system"``. Helm
            stores the release state in the namespace of Airflow (``spec.storageNamespace``), where ``helm history``
            finds it.
        timeout: how long Helm waits for each hook, such as the database migration, at least ``"10m"``.
            ``spec.timeout``. Default: ``"30m"``.
        interval: how often Flux reconciles the release, at least ``"1m"``. ``spec.interval``. A change is applied
            immediately. Default: ``"10m"``.
        failure_policy: ``"retry"`` retries the upgrade of a failed release until it succeeds (Flux 2.7 and newer);
            ``"stop"`` leaves the release failed until you fix it. Default: None; ``"retry"`` if ``ClusterFacts.flux``
            is 2.7 or newer, otherwise ``"stop"``.
        retry_interval: how long Flux waits before a retry, at least ``"1m"``. Default: ``"5m"``.
        service_account: the service account in ``namespace`` that Flux impersonates, ``spec.serviceAccountName``.
            Default: None, the account of Flux.
        source: the chart repository or OCI registry. Default: the repository of the Airflow project.
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
                    problem=f"must be at least {_SHORTEST_INTERVAL!r}, otherwise Flux reconciles continuously",
                    seen=repr(interval),
                    fix=f"Use {_SHORTEST_INTERVAL!r} or more",
                )
