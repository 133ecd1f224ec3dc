"""The facts about the cluster that hold for a whole app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

from cdk8s_airflow.app.registry import Registry, registry_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import Finding, PlatformError, check_value, report, show
from cdk8s_airflow.validation.calls import caller

if TYPE_CHECKING:
    from cdk8s import App

_NO_FACTS = ClusterFacts()

_OF_THE_CLUSTER = (
    "kubernetes",
    "helm_controller",
    "flux",
    "cnpg",
    "cluster_domain",
    "pod_networks",
    "service_networks",
    "node_networks",
    "ip_families",
    "network_plugin",
    "api_server",
    "dns",
    "ingress_controller",
    "monitoring",
    "cnpg_operator",
    "keda",
    "cloud_identity",
)
"""The facts that have one value in a cluster. Nodes, their architecture, storage classes and definitions are not among them: a
construct may be given only those that matter to it."""


def set_facts(app: App, facts: ClusterFacts) -> None:
    """Sets the facts about the cluster for all constructs of an app.

    A construct that has an argument ``facts`` uses these facts unless the argument is set. An argument replaces all facts of the
    app for that construct; the two are not merged. Call this right after ``App()``, before the first construct is created.

    Args:
        app: the app.
        facts: facts about its cluster.

    Raises:
        PlatformError: if other facts are already set for the app, if a construct without facts was created before, or if a
            construct has facts that contradict these.
    """
    from cdk8s import App

    if not isinstance(app, App):
        raise PlatformError([_not_an_app(app)])
    found = check_value(facts, ClusterFacts, "facts")
    if not found:
        registry = registry_of(app)
        found = list(_misused(registry, facts)) or state(registry, facts)
        if registry.facts is None:
            registry.facts = facts
    place = caller()
    report(finding.within(place) for finding in found)


def facts_of(scope: Any, facts: ClusterFacts | None) -> ClusterFacts:
    """The facts that a construct uses: those that it was given, or those of its app, or none.

    Args:
        scope: the scope of the construct.
        facts: its argument.
    """
    from constructs import Construct

    if facts is not None or not isinstance(scope, Construct):
        return _NO_FACTS if facts is None else facts
    registry = registry_of(scope)
    if registry.facts is None and registry.without_facts is None:
        registry.without_facts = ref(scope)
    return registry.facts or _NO_FACTS


def state(registry: Registry, facts: ClusterFacts) -> list[Finding]:
    """Registers facts that a construct or the app was given.

    Args:
        registry: the registry of the app.
        facts: the facts.

    Returns:
        A finding for each fact that has another value elsewhere in the app.
    """
    if facts in registry.stated_facts or facts == _NO_FACTS:
        return []
    found = [finding for other in registry.stated_facts for finding in _contradictions(facts, other)]
    if not found:
        registry.stated_facts.append(facts)
    return found


def _contradictions(facts: ClusterFacts, others: ClusterFacts) -> Iterator[Finding]:
    for name in _OF_THE_CLUSTER:
        here, there = _stated(facts, name), _stated(others, name)
        if here is not None and there is not None and not _agree(here, there):
            yield Finding(
                rule="facts/contradiction",
                at=f"facts.{name}",
                problem=f"must be the same in the whole app, which is for one cluster; elsewhere it is {show(there)}",
                seen=show(here),
                fix=f"State it once, without facts= of constructs: set_facts(app, ClusterFacts({name}={show(there)}))",
            )


def _stated(facts: ClusterFacts, name: str) -> object:
    """A fact; None if it is unknown."""
    value = getattr(facts, name)
    return None if value == getattr(_NO_FACTS, name) else value


def _agree(here: object, there: object) -> bool:
    if isinstance(here, str) and isinstance(there, str):
        # A version can have fewer numbers than another that it agrees with: 1.34 and 1.34.4.
        return f"{here}.".startswith(f"{there}.") or f"{there}.".startswith(f"{here}.")
    if isinstance(here, (list, tuple)) and isinstance(there, (list, tuple)):
        return set(here) == set(there)
    return here == there


def _misused(registry: Registry, facts: ClusterFacts) -> Iterator[Finding]:
    if registry.facts is not None and registry.facts != facts:
        different = [name for name in _names(facts) if getattr(facts, name) != getattr(registry.facts, name)]
        yield Finding(
            rule="facts/several",
            at="facts",
            problem=f"must be set once for an app, and facts with another value for {', '.join(different)} are already set",
            fix="Call set_facts() once, with all facts in one ClusterFacts(...)",
        )
    scope = None if registry.without_facts is None else registry.without_facts()
    if scope is not None:
        yield Finding(
            rule="facts/order",
            at="facts",
            problem=f"must be set before the constructs of the app, and one in {scope.node.path!r} was created without facts",
            fix="Call set_facts() right after App()",
        )


def _names(facts: ClusterFacts) -> list[str]:
    import dataclasses

    return [field.name for field in dataclasses.fields(facts)]


def _not_an_app(given: object) -> Finding:
    return Finding(
        rule="argument/type",
        at="app",
        problem=f"must be a cdk8s App, not {type(given).__name__}",
        seen=show(given),
        fix="Pass the App: set_facts(app, ClusterFacts(...))",
        path=caller(),
    )
