"""The base class of all constructs: it checks the arguments, emits the objects, and registers them with the app."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import ref

from constructs import Construct

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.exemption import exemptions_of
from cdk8s_airflow.app.facts import state
from cdk8s_airflow.app.registry import Registry, identity_of, registry_of
from cdk8s_airflow.app.secret_findings import file_findings, manifests_findings
from cdk8s_airflow.kube.argument_types import accept_plain_types
from cdk8s_airflow.kube.emit import create, emit, payload
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.schemas import checked_manifest, crd_name
from cdk8s_airflow.schemas.canonical import canonical
from cdk8s_airflow.validation import Finding, PlatformError, check_arguments, check_value, report, show
from cdk8s_airflow.validation.calls import caller
from cdk8s_airflow.validation.collection import known_arguments
from cdk8s_airflow.validation.documentation import document

accept_plain_types()


def first_line(error: Exception) -> str:
    """The message of a cdk8s error, without the JavaScript stack trace."""
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix("Error: ") if lines else type(error).__name__


_DUPLICATE = regex(r"There is already a Construct with name '([^']*)' in (\w+)(?: \[([^\]]*)\])?")


def duplicate_id(problem: str, place: str) -> Finding | None:
    """The finding for a construct id that is used twice in one scope; None for another error of cdk8s.

    Args:
        problem: the error of cdk8s.
        place: the file and line of the program. Empty if unknown.
    """
    match = _DUPLICATE.search(problem)
    if match is None:
        return None
    id, kind, path = match[1], match[2], match[3] or ""
    return Finding(
        rule="construct/id",
        at="id",
        problem=f"must be unique in the {kind}{f' {path!r}' if path else ''}, and another construct there has it",
        seen=repr(id),
        fix=f'Use another id{f" in {place}" if place else ""}, such as "{id}-2"',
        path=f"{path}/{id}" if path else id,
    )


def _refused(problem: str, id: str, scope: str) -> Finding:
    place = caller()
    return duplicate_id(problem, place) or Finding(
        rule="construct/id",
        at="id",
        problem=f"is not accepted by cdk8s: {problem}",
        seen=repr(id),
        fix=f"Use another id{f' in {place}' if place else ''}",
        path=scope,
    )


def _misplaced(scope: object, id: object) -> Iterator[Finding]:
    """Check the scope and the id. Without them, the construct cannot be created at all."""
    yield from check_value(id, str, "id")
    if not isinstance(scope, Construct):
        yield Finding(
            rule="argument/type",
            at="scope",
            problem=f"must be a Chart or another construct, not {type(scope).__name__}",
            seen=show(scope),
            fix="Pass the Chart that the construct belongs to",
        )


def path_below(scope: Construct, id: str) -> str:
    """The path of a child of ``scope``. It is read from jsii, which is slow, so call this only to report a finding."""
    path = scope.node.path
    return f"{path}/{id}" if path else id


if TYPE_CHECKING:
    from jsii import JSIIMeta as _ConstructType
else:
    _ConstructType = type(Construct)


class PlatformConstructType(_ConstructType):
    """The metaclass of constructs: while one is created, the exemptions of its app from the secret scan are active."""

    if not TYPE_CHECKING:
        # Type checkers look at __init__ instead, which has the real signature.
        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            """Creates a construct."""
            scope = args[0] if args else kwargs.get("scope")
            kwargs = {**known_arguments(cls, kwargs)}
            if not isinstance(scope, Construct):
                return super().__call__(*args, **kwargs)
            with exemptions_of(scope, (args[2:], kwargs)):
                return super().__call__(*args, **kwargs)


class PlatformConstruct(Construct, metaclass=PlatformConstructType):
    """A construct that is checked in Python before cdk8s creates it.

    A subclass checks its arguments with :func:`checked`, calls ``super().__init__``, and hands finished manifests to
    :meth:`_emit`. While findings are collected instead of raised, a construct with findings exists but emits nothing.

    A call into Node takes long, so cdk8s creates the construct together with its objects. It does so before if anything asks for
    the construct in Node: a child, ``node``, a finding, or the end of the constructor.
    """

    _node_reference: Any = None

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        document(cls)

    def __init__(self, scope: Construct, id: str, findings: Iterable[Finding]) -> None:
        """Create the construct.

        Args:
            scope: the Chart or construct that it belongs to.
            id: the construct id.
            findings: the findings about the arguments.

        Raises:
            PlatformError: if there are findings and they are not collected, or if cdk8s rejects the id or the scope.
        """
        misplaced = list(_misplaced(scope, id))
        if misplaced:
            raise PlatformError([*misplaced, *findings])
        findings = list(findings)
        self._path = path_below(scope, id) if findings else ""
        self._sound = not report(finding.within(self._path) for finding in findings)
        self._scope = scope
        self._id = id
        self._secret_needs: tuple[SecretNeed, ...] = ()
        if findings:
            self._create_in_node()

    if not TYPE_CHECKING:

        @property
        def __jsii_ref__(self) -> Any:
            """The reference that jsii passes to Node. Asking for it creates the construct there."""
            if self._node_reference is None:
                if "_id" not in self.__dict__:
                    raise AttributeError("the construct has no scope yet")
                self._create_in_node()
            return self._node_reference

        @__jsii_ref__.setter
        def __jsii_ref__(self, reference: Any) -> None:
            self._node_reference = reference

    def _create_in_node(self) -> None:
        """Create the construct in Node without objects, if it does not exist there yet."""
        if self._node_reference is not None:
            return
        refused = ""
        try:
            super().__init__(self._scope, self._id)
        except RuntimeError as error:
            refused = first_line(error)
        if refused:
            raise PlatformError([_refused(refused, self._id, self._scope.node.path)])

    def _create_with(self, manifests: Mapping[str, Mapping[str, Any]], exact: Collection[str]) -> bool:
        """Create the construct in Node together with its objects. Returns whether it has succeeded; otherwise nothing has changed."""
        if self._node_reference is not None or _overrides(type(self)):
            return False
        objects = payload(manifests, exact=exact)
        if objects is None:
            return False
        try:
            create(self, self._scope, self._id, objects)
        except RuntimeError:
            return False
        return True

    @property
    def sound(self) -> bool:
        """Whether the construct has no findings. A construct with findings exists only while findings are collected."""
        return self._sound

    @property
    def secret_needs(self) -> tuple[SecretNeed, ...]:
        """The Secrets that the objects of this construct read: names and keys, without content."""
        return self._secret_needs

    @property
    def _registry(self) -> Registry:
        return registry_of(self._scope)

    def _need(self, needs: Iterable[SecretNeed]) -> None:
        """Register Secrets that must exist."""
        added = tuple(needs)
        self._secret_needs = (*self._secret_needs, *added)
        self._found_late(self._registry.need(added))

    def _provide(self, sources: Iterable[ProvidedSecret]) -> None:
        """Register Secrets that the objects of this construct create."""
        self._found_late(self._registry.provide(sources))

    def _found_late(self, found: Iterable[Finding]) -> None:
        """Report findings that depend on other constructs of the app."""
        found = list(found)
        if found:
            self._create_in_node()
            path = path_below(self._scope, self._id)
            self._sound = not report(finding.within(path) for finding in found)

    def _check_at_the_end(self, check: Callable[[], Iterable[Finding]]) -> None:
        """Register a check that depends on constructs that may come later: it is called when all of them exist."""
        path = path_teller(self._scope, self._id)
        self._registry.checks.append(lambda: [finding.within(path()) for finding in check()])

    def _emit(
        self,
        manifests: Mapping[str, Mapping[str, Any]],
        *,
        facts: ClusterFacts | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Emit the objects, if none of them has findings.

        Args:
            manifests: construct id -> manifest.
            facts: the facts about the cluster that the construct uses. Default: None, those of the app.
            files: path -> text of each file that is written next to the manifests.
        """
        facts = facts or self._registry.facts
        crds = {name for manifest in manifests.values() if (name := crd_name(manifest["apiVersion"], manifest["kind"]))}
        checked = {id: checked_manifest(manifest) for id, manifest in manifests.items()}
        found = [finding for each in checked.values() for finding in each.findings]
        found += manifests_findings(manifests.values())
        found += [finding for name, text in (files or {}).items() for finding in file_findings(name, text)]
        if facts is not None:
            found += state(self._registry, facts)
            found += _missing_definitions(crds, facts)
        if not found:
            found = self._registry.register(manifests.values(), path_teller(self._scope, self._id))
            found += self._registry.write(files or {})
        if found:
            self._found_late(found)
            return
        self._require_definitions(crds, facts)
        exact = {id for id, each in checked.items() if each.exact}
        made = {id: canonical(checked[id].document if id in exact else manifest) for id, manifest in manifests.items()}
        if not self._create_with(made, exact):
            emit(self, made, exact=exact)
        self._registry.checked.update((identity_of(manifest), manifest) for manifest in made.values())

    def _require_definitions(self, crds: Iterable[str], facts: ClusterFacts | None) -> None:
        """Registers custom resource definitions that the cluster must have, and those that ``ClusterFacts`` lists."""
        registry = self._registry
        registry.crds |= set(crds)
        if facts is not None and facts.crds is not None:
            registry.installed_crds = (registry.installed_crds or set()) | set(facts.crds)


document(PlatformConstruct)


@functools.cache
def _overrides(kind: type[PlatformConstruct]) -> bool:
    """Whether a class replaces a member of ``Construct``, which Node must then know."""
    own = {name for base in kind.__mro__[: kind.__mro__.index(Construct)] for name in vars(base)}
    return any(name in own for name in vars(Construct) if not name.startswith("_"))


def path_teller(scope: Construct, id: str) -> Callable[[], str]:
    """A function that returns the path of a construct, without keeping the construct and its app in memory."""
    later = ref(scope)

    def path() -> str:
        alive = later()
        return id if alive is None else path_below(alive, id)

    return path


def _missing_definitions(crds: set[str], facts: ClusterFacts) -> list[Finding]:
    if facts.crds is None:
        return []
    return [
        Finding(
            rule="facts/crd-missing",
            at="facts.crds",
            problem=f"must list {name}, which this construct requires",
            seen=", ".join(sorted(facts.crds)) or "none",
            fix="Install the operator that provides it, then add it to ClusterFacts(crds=...)",
        )
        for name in sorted(crds - set(facts.crds))
    ]


def checked(constructor: Callable[..., Any], arguments: Mapping[str, object]) -> list[Finding]:
    """The findings on a constructor's arguments; ``self``, ``scope`` and ``id`` are left to Python and cdk8s."""
    return check_arguments(
        constructor,
        {name: value for name, value in arguments.items() if name not in ("self", "scope", "id", "__class__")},
    )
