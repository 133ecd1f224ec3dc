"""Whether the network policies of an app allow the connections of each construct that has pods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from cdk8s_airflow.model.traffic import PodGroup, Traffic
from cdk8s_airflow.network.isolations import Isolations
from cdk8s_airflow.network.wire.network_policy import Isolation
from cdk8s_airflow.validation import Finding

if TYPE_CHECKING:
    from cdk8s_airflow.app.construct import PlatformConstruct


def require_policies(construct: PlatformConstruct, name: str, traffic: Callable[[], Traffic]) -> None:
    """Register a construct with pods: it must be in ``traffic=`` if a NetworkIsolation denies all traffic in their namespace.

    Args:
        construct: the construct.
        name: what the message calls it, such as ``"release 'airflow'"``.
        traffic: returns its pods. It is called when all constructs exist.
    """
    construct._check_at_the_end(partial(left_out, construct._registry.slot(Isolations), name, traffic))


def left_out(isolations: Iterable[Isolation], name: str, traffic: Callable[[], Traffic]) -> Iterator[Finding]:
    """A finding if a namespace of the pods denies all traffic and no policy selects any of the pods there.

    Args:
        isolations: the network policies of the app.
        name: what the message calls the construct.
        traffic: returns the pods of the construct.
    """
    isolated = {namespace for each in isolations for namespace in each.namespaces}
    if not isolated:
        return
    pods = [each for each in traffic().workloads if each.namespace in isolated]
    selected = [each for isolation in isolations for each in isolation.pods]
    if not pods or any(_selects(group, each) for group in selected for each in pods):
        return
    yield Finding(
        rule="network/left-out",
        at="traffic",
        problem=f"must contain {name}: NetworkIsolation denies all traffic in its namespace {pods[0].namespace!r}, so that its "
        "pods could neither open nor accept connections",
        fix=f"Create NetworkIsolation after {name}, and add it to traffic=[...]",
    )


def _selects(group: PodGroup, pods: PodGroup) -> bool:
    """Whether a group of pods contains another."""
    return (
        group.namespace == pods.namespace
        and group.labels.items() <= pods.labels.items()
        and not any(key in pods.labels for key in group.without)
    )
