"""Check that containers, volumes and Services fit the quota and limits of their namespace. Otherwise pods would never
start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TypeVar

from cdk8s_airflow.model.pod_requests import PodRequests, largest_of
from cdk8s_airflow.model.quota import ContainerLimits, Quota
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.quantities import bytes_text, cpu_text, quantity

_Part = TypeVar("_Part")


def bound_findings(
    given: object, at: str, *, namespace: str, quota: Quota | None = None, limits: ContainerLimits | None = None
) -> Iterator[Finding]:
    """Resources in settings that exceed the quota or the limits of a namespace.

    Args:
        given: settings; every :class:`Resources` in them is checked.
        at: the argument that holds the settings; empty if their fields are arguments.
        namespace: the name of the namespace.
        quota: the quota of the namespace.
        limits: the limits of the namespace.
    """
    if quota is None and limits is None:
        return
    for path, resources in resources_in(given, at):
        if limits is not None:
            yield from _against_limits(path, resources, namespace, limits)
        if quota is not None:
            yield from _against_quota(path, resources, namespace, quota)


def together_findings(
    parts: Iterable[tuple[int, PodRequests]],
    *,
    namespace: str,
    quota: Quota,
    hooks: Iterable[PodRequests] = (),
    at: str = "namespace",
) -> Iterator[Finding]:
    """Check that the pods that always run fit the quota together, at their minimum number, and next to them each hook.

    Args:
        parts: the number of pods of each kind, and the requests of one.
        namespace: the name of the namespace.
        quota: the quota of the namespace.
        hooks: the requests of the Jobs of an install, which run one after the other while all other pods wait for them.
        at: the argument that names the namespace.
    """
    counted = [(count, each) for count, each in parts if count]
    hooks = list(hooks)
    hook = largest_of(hooks)
    for name, asked, more, bound in (
        ("cpu", sum(count * each.cpu for count, each in counted), hook.cpu, quota.cpu),
        ("memory", sum(count * each.memory for count, each in counted), hook.memory, quota.memory),
        (
            "memory_limit",
            sum(count * each.memory_limit for count, each in counted),
            hook.memory_limit,
            quota.memory_limit,
        ),
    ):
        if bound is not None and asked + more > quantity(bound) + _ROUNDING:
            yield _too_much(
                at, _amount(name, asked), _amount(name, more) if more else "", f"{name}={bound!r}", namespace
            )
    pods = sum(count for count, _ in counted)
    if quota.pods is not None and pods + bool(hooks) > quota.pods:
        yield _too_much(at, f"{pods} pods", "1 pod" if hooks else "", f"pods={quota.pods}", namespace)


_ROUNDING = 1e-6
"""Sums of CPU are floating point numbers."""


def _amount(name: str, amount: float) -> str:
    return f"{cpu_text(amount)} CPU" if name == "cpu" else bytes_text(amount)


def _too_much(at: str, asked: str, more: str, bound: str, namespace: str) -> Finding:
    hook = f" and {more} for the largest Job of an install or upgrade" if more else ""
    return Finding(
        rule="quota/too-small",
        at=at,
        problem=f"has Quota({bound}), but the pods that always run there need {asked}{hook}, without tasks and rolling updates",
        seen=repr(namespace),
        fix="Raise the quota of the namespace, or reduce replicas or requests",
    )


def volume_findings(
    given: object,
    at: str,
    *,
    namespace: str,
    quota: Quota | None = None,
    limits: ContainerLimits | None = None,
    times: int = 1,
) -> Iterator[Finding]:
    """Volumes that exceed the quota or the limits of a namespace.

    Args:
        given: settings; every :class:`Volume` in them is checked.
        at: the argument that holds the settings; empty if their fields are arguments.
        namespace: the name of the namespace.
        quota: the quota of the namespace.
        limits: the limits of the namespace.
        times: how many claims are created for each volume.
    """
    for path, volume in _parts_in(given, at, Volume):
        if limits is not None and _is_above(volume.size, limits.max_storage):
            yield _no_room(path, volume, namespace, f"ContainerLimits(max_storage={limits.max_storage!r})")
        elif (
            quota is not None and quota.storage is not None and times * quantity(volume.size) > quantity(quota.storage)
        ):
            each = f" for {times} volumes" if times > 1 else ""
            yield _no_room(path, volume, namespace, f"Quota(storage={quota.storage!r}){each}")
        elif quota is not None and quota.claims is not None and quota.claims < times:
            each = f" for {times} volumes" if times > 1 else ""
            yield _no_room(path, volume, namespace, f"Quota(claims={quota.claims}){each}")


def service_findings(kind: str, *, namespace: str, quota: Quota) -> Iterator[Finding]:
    """Check that a quota allows the Service of the UI. A Service of type LoadBalancer uses node ports too.

    Args:
        kind: the type of the Service.
        namespace: the name of the namespace.
        quota: the quota of the namespace.
    """
    for name, bound, kinds in (
        ("load_balancers", quota.load_balancers, ("LoadBalancer",)),
        ("node_ports", quota.node_ports, ("LoadBalancer", "NodePort")),
    ):
        if bound == 0 and kind in kinds:
            yield Finding(
                rule="quota/too-small",
                at="ui",
                problem=f"must not use a Service of type {kind} in namespace {namespace}, which has Quota({name}=0)",
                seen=kind,
                fix=f"Expose the UI in another way, or set {name}=1 in the quota of the namespace",
            )


def _no_room(at: str, volume: Volume, namespace: str, problem: str) -> Finding:
    return Finding(
        rule="quota/too-small",
        at=at,
        problem=f"must fit namespace {namespace}, which has {problem}",
        seen=repr(volume.size),
        fix="Request a smaller size, or raise the quota or limits of the namespace",
    )


def resources_in(given: object, at: str) -> Iterator[tuple[str, Resources]]:
    """Every :class:`Resources` in settings, with its argument."""
    return _parts_in(given, at, Resources)


def _parts_in(given: object, at: str, kind: type[_Part]) -> Iterator[tuple[str, _Part]]:
    if isinstance(given, kind):
        yield at, given
    elif isinstance(given, Mapping):
        for key, value in given.items():
            yield from _parts_in(value, f"{at}.{key}" if at else str(key), kind)
    elif isinstance(given, (list, tuple)):
        for index, value in enumerate(given):
            yield from _parts_in(value, f"{at}[{index}]", kind)
    elif is_dataclass(given) and not isinstance(given, type):
        for field in fields(given):
            yield from _parts_in(getattr(given, field.name), f"{at}.{field.name}" if at else field.name, kind)


def _against_limits(at: str, given: Resources, namespace: str, limits: ContainerLimits) -> Iterator[Finding]:
    if given.cpu_limit is None:
        ceiling, name = (limits.cpu_limit, "cpu_limit") if limits.cpu_limit is not None else (limits.max_cpu, "max_cpu")
        if ceiling is not None and quantity(given.cpu) > quantity(ceiling):
            yield _finding(
                f"{at}.cpu",
                given.cpu,
                namespace,
                f"ContainerLimits({name}={ceiling!r}), the CPU limit of this container",
            )
    elif _is_above(given.cpu_limit, limits.max_cpu):
        yield _finding(f"{at}.cpu_limit", given.cpu_limit, namespace, f"ContainerLimits(max_cpu={limits.max_cpu!r})")
    most = given.memory_limit or given.memory
    if _is_above(most, limits.max_memory):
        name = "memory" if given.memory_limit is None else "memory_limit"
        yield _finding(f"{at}.{name}", most, namespace, f"ContainerLimits(max_memory={limits.max_memory!r})")


def _against_quota(at: str, given: Resources, namespace: str, quota: Quota) -> Iterator[Finding]:
    for name, asked, bound in (
        ("cpu", given.cpu, quota.cpu),
        ("memory", given.memory, quota.memory),
        ("cpu_limit", given.cpu_limit, quota.cpu_limit),
        ("memory_limit", given.memory_limit or given.memory, quota.memory_limit),
    ):
        if asked is not None and _is_above(asked, bound):
            yield _finding(f"{at}.{name}", asked, namespace, f"Quota({name}={bound!r})")


def _is_above(amount: str, bound: str | None) -> bool:
    return bound is not None and quantity(amount) > quantity(bound)


def _finding(at: str, seen: str, namespace: str, problem: str) -> Finding:
    return Finding(
        rule="quota/too-small",
        at=at,
        problem=f"must fit namespace {namespace}, which has {problem}",
        seen=repr(seen),
        fix="Request less, or raise the quota or limits of the namespace",
    )
