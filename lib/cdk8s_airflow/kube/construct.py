"""What all constructs of this library have in common: check first, then make objects, then write down what was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import ref

from constructs import Construct

from cdk8s_airflow.checks import Finding, check_arguments, report
from cdk8s_airflow.facts import ClusterFacts
from cdk8s_airflow.kube.edge import emit
from cdk8s_airflow.kube.ledger import Ledger, ledger_of
from cdk8s_airflow.schemas import check_manifest, crd_name

Binding = Callable[[Construct, str, Mapping[str, Any]], object]
"""A function that makes one object through the generated bindings of its kind."""


def path_below(scope: Construct, id: str) -> str:
    """The path a child of ``scope`` has; read from jsii, so only worth its price when there is something to say."""
    path = scope.node.path
    return f"{path}/{id}" if path else id


class PlatformConstruct(Construct):
    """A construct that is checked in Python before cdk8s hears of it.

    A subclass checks its arguments with :meth:`_checked`, calls ``super().__init__``, and hands finished manifests to
    :meth:`_emit`. Where findings are being collected instead of raised, an unsound construct exists but emits nothing.
    """

    def __init__(self, scope: Construct, id: str, findings: Iterable[Finding]) -> None:
        findings = list(findings)
        self._path = path_below(scope, id) if findings else ""
        self._sound = not report(finding.within(self._path) for finding in findings)
        super().__init__(scope, id)
        self._scope = scope
        self._id = id

    @property
    def _ledger(self) -> Ledger:
        return ledger_of(self._scope)

    def _emit(
        self,
        manifests: Mapping[str, Mapping[str, Any]],
        *,
        bound: Mapping[str, tuple[Binding, Mapping[str, Any]]] | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Makes the objects, if all of them are sound.

        Args:
            manifests: construct id -> manifest, for kinds without bindings.
            bound: construct id -> the function for its kind, and the manifest.
            facts: what is known of the cluster.
        """
        bound = bound or {}
        everything = {**manifests, **{id: manifest for id, (_, manifest) in bound.items()}}
        crds = {
            name for manifest in everything.values() if (name := crd_name(manifest["apiVersion"], manifest["kind"]))
        }
        found = [finding for manifest in everything.values() for finding in check_manifest(manifest)]
        found += _missing_definitions(crds, facts)
        if not found:
            found = self._ledger.register(everything.values(), _path_teller(self._scope, self._id))
        if found:
            path = path_below(self._scope, self._id)
            self._sound = not report(finding.within(path) for finding in found)
            return
        self._ledger.crds |= crds
        emit(self, manifests)
        for id, (binding, manifest) in bound.items():
            binding(self, id, manifest)


def _path_teller(scope: Construct, id: str) -> Callable[[], str]:
    """Tells a path later, without keeping the construct (and so its whole app) in memory until then."""
    later = ref(scope)

    def path() -> str:
        alive = later()
        return id if alive is None else path_below(alive, id)

    return path


def _missing_definitions(crds: set[str], facts: ClusterFacts | None) -> list[Finding]:
    if facts is None or facts.crds is None:
        return []
    return [
        Finding(
            rule="facts/crd-missing",
            at="facts.crds",
            problem=f"the cluster lacks {name}, which this needs",
            seen=", ".join(sorted(facts.crds)) or "none",
            fix="install the operator that brings it, then name it in ClusterFacts(crds=...)",
        )
        for name in sorted(crds - set(facts.crds))
    ]


def checked(constructor: Callable[..., Any], arguments: Mapping[str, object]) -> list[Finding]:
    """The findings on a constructor's arguments; ``self``, ``scope`` and ``id`` are left to Python and cdk8s."""
    return check_arguments(
        constructor,
        {name: value for name, value in arguments.items() if name not in ("self", "scope", "id", "__class__")},
    )
