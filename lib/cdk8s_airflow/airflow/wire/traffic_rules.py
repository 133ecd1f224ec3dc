"""Whether the network policies of an app allow the connections of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from cdk8s_airflow.validation import Finding

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.pipeline import CompiledRelease
    from cdk8s_airflow.network.wire.network_policy import Isolation


def _pods(peer: object) -> tuple[object, object]:
    return getattr(peer, "namespace", None), getattr(peer, "labels", None)


def isolation_rules(
    isolations: Iterable[Isolation], release: CompiledRelease, path: Callable[[], str]
) -> Iterator[Finding]:
    """A finding if the namespace of a release denies all traffic and no policy allows that of the release.

    Args:
        isolations: the network policies of the app.
        release: the release.
        path: returns the construct path of the release.
    """
    namespace = release.settings.namespace
    around = [each for each in isolations if namespace in each.namespaces]
    if not around:
        return
    allowed = [_pods(flow.source) for each in around for flow in each.flows]
    if any(_pods(each) in allowed for each in release.traffic.workloads):
        return
    yield Finding(
        rule="network/left-out",
        at="traffic",
        problem=f"must contain release {release.settings.release!r}: NetworkIsolation denies all traffic in its namespace "
        f"{namespace!r}, so that no pod of the release could connect to the database",
        fix="Create NetworkIsolation after the release, and add the release to traffic=[...]",
    ).within(path())
