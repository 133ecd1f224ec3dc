"""What the constructs of one app have said: their objects, and what they need of the world.

Handles are never read back and no construct searches the tree, so whatever concerns the whole (two objects of one name,
Secrets somebody must make, definitions the cluster must have) is written down here as it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary, ref

from cdk8s_airflow.model.provided_secret import ProvidedSecret, unmet
from cdk8s_airflow.model.pruning import STATE_LABEL
from cdk8s_airflow.model.secret_need import SecretNeed, merged
from cdk8s_airflow.validation import Finding

if TYPE_CHECKING:
    from constructs import Construct, IConstruct

    from cdk8s_airflow.model.cluster_facts import ClusterFacts
    from cdk8s_airflow.model.permission import Permission
    from cdk8s_airflow.model.sessions import Demand

_RBAC = "/rbac.authorization.k8s.io"

_Kept = TypeVar("_Kept")

Identity = tuple[str, str, str]
"""Kind (with its API group), namespace and name of an object."""


@dataclass
class Registry:
    """What is known of one app so far.

    Attributes:
        objects: every object that has a name of its own, and how to say which construct made it.
        secrets: Secrets that must exist, by namespace and name.
        provided: Secrets that something on the platform makes, by namespace and name.
        launching: namespaces in which a release may launch pods -> which release.
        guarded: namespaces with an account that reaches Secrets elsewhere -> whose account.
        rbac: every Role and binding among the objects.
        rights: what accounts may do that are not among the objects but come with them; each is worked out when asked for.
        crds: names of the custom resource definitions that must exist.
        unknown_kinds: (apiVersion, kind) of custom resources for which no schema is included.
        installed_crds: the definitions in ``ClusterFacts(crds=)`` of all constructs; None if no construct has this fact.
        stated_facts: the ``ClusterFacts`` that constructs were given, each once.
        state: objects that hold state, so that deleting them loses data.
        notes: what a reader of the summary should know.
        removals: the commands that uninstall releases.
        files: what is written beside the manifests, path below their folder -> text.
        databases: every metadata database, by each way there is to tell it -> the release that has it.
        sessions: what is opened at each database and pooler, by its name.
        archives: every folder into which backups go -> whose they are.
        slots: what one package keeps for an app, by the class of what it keeps (:meth:`slot`).
    """

    objects: dict[Identity, Callable[[], str]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], SecretNeed] = field(default_factory=dict)
    provided: dict[tuple[str, str], ProvidedSecret] = field(default_factory=dict)
    launching: dict[str, str] = field(default_factory=dict)
    guarded: dict[str, str] = field(default_factory=dict)
    rbac: list[Mapping[str, Any]] = field(default_factory=list)
    permissions: list[Callable[[], Iterable[Permission]]] = field(default_factory=list)
    crds: set[str] = field(default_factory=set)
    unknown_kinds: set[tuple[str, str]] = field(default_factory=set)
    installed_crds: set[str] | None = None
    stated_facts: list[ClusterFacts] = field(default_factory=list)
    state: list[Identity] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    archives: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, list[Demand]] = field(default_factory=dict)
    slots: dict[type, Any] = field(default_factory=dict)

    def slot(self, kind: type[_Kept]) -> _Kept:
        """What a package keeps for this app: one instance of a class of its own, created on first use."""
        kept: _Kept = self.slots.setdefault(kind, kind())
        return kept

    def register(self, manifests: Iterable[Mapping[str, Any]], path: Callable[[], str]) -> list[Finding]:
        """Writes down objects; returns a finding for each whose name is taken.

        Args:
            manifests: the objects.
            path: tells the path of the construct that makes them, should anybody ask: reading it has its price.
        """
        found = []
        for manifest in manifests:
            identity = identity_of(manifest)
            if not identity[2]:
                continue
            taken_by = self.objects.get(identity)
            if taken_by is not None:
                kind, namespace, name = identity
                place = f" in namespace {namespace}" if namespace else ""
                found.append(
                    Finding(
                        rule="object/taken",
                        at="name",
                        problem=f"there is {'an' if kind[0] in 'AEIOU' else 'a'} {kind.partition('/')[0]} of this name{place} already, "
                        f"from {taken_by()}",
                        seen=repr(name),
                        fix="give one of the two another name",
                    )
                )
            else:
                self.objects[identity] = path
                if identity[0].endswith(_RBAC):
                    self.rbac.append(manifest)
                if STATE_LABEL in manifest["metadata"].get("labels", {}):
                    self.state.append(identity)
        return found

    def write(self, files: Mapping[str, str]) -> list[Finding]:
        """Writes down files; returns a finding for each whose path is taken."""
        taken = sorted(files.keys() & self.files.keys())
        if not taken:
            self.files.update(files)
        return [
            Finding(
                rule="object/taken",
                at="release",
                problem="there is a file of this path already",
                seen=repr(path),
                fix="give one of the two releases another name",
            )
            for path in taken
        ]

    def need(self, needs: Iterable[SecretNeed]) -> list[Finding]:
        """Writes down Secrets that must exist; returns a finding for each that something makes otherwise than it is read."""
        found: list[Finding] = []
        for need in needs:
            place = (need.namespace, need.name)
            first = self.secrets.get(place)
            self.secrets[place] = need if first is None else merged([first, need])[0]
            source = self.provided.get(place)
            if source is not None:
                found += unmet(need, source)
        return found

    def provide(self, sources: Iterable[ProvidedSecret]) -> list[Finding]:
        """Writes down Secrets that something makes; returns a finding for each that is made twice, or otherwise than it is read."""
        found: list[Finding] = []
        for source in sources:
            place = (source.namespace, source.name)
            first = self.provided.get(place)
            if first is not None:
                found.append(
                    Finding(
                        rule="secrets/made-twice",
                        at="name",
                        problem=f"Secret {source.name!r} of namespace {source.namespace!r} is made already, by {first.by}",
                        seen=source.name,
                        fix="leave one of the two out; a SecretBootstrap skips what comes before it in the program, and what its "
                        "exclude= names",
                    )
                )
                continue
            self.provided[place] = source
            need = self.secrets.get(place)
            if need is not None:
                found += unmet(need, source)
        return found

    def launch(self, namespaces: Iterable[str], release: str) -> list[Finding]:
        """Writes down where a release may launch pods; returns a finding for each place with an account that DAG authors could borrow."""
        found = []
        for namespace in namespaces:
            self.launching.setdefault(namespace, release)
            if namespace in self.guarded:
                found.append(_borrowed("namespace", namespace, release, self.guarded[namespace]))
        return found

    def guard(self, namespace: str, account: str, *, at: str = "namespace") -> list[Finding]:
        """Writes down where an account lives that reaches Secrets elsewhere; returns a finding if a release may launch pods there.

        Args:
            namespace: where the account is.
            account: whose it is, as a reader of a finding knows it.
            at: the argument that says the namespace.
        """
        self.guarded.setdefault(namespace, account)
        release = self.launching.get(namespace)
        return [] if release is None else [_borrowed(at, namespace, release, account)]

    def open(self, demand: Demand) -> list[Finding]:
        """Writes down sessions that are opened somewhere; returns a finding when all together are more than are taken there."""
        from cdk8s_airflow.model.sessions import over

        known = self.sessions.setdefault(demand.server.name, [])
        known.append(demand)
        return list(over(known))

    def own_database(self, ways: Iterable[str], release: str) -> list[Finding]:
        """Writes down the metadata database of a release; returns a finding when another release has it.

        Args:
            ways: each way there is to tell it: its address, the key of the Secret with its URL.
            release: whose it is.
        """
        ways = list(ways)
        other = next((self.databases[way] for way in ways if way in self.databases), None)
        for way in ways:
            self.databases.setdefault(way, release)
        if other is None:
            return []
        return [
            Finding(
                rule="database/shared",
                at="database",
                problem=f"is the metadata database of release {other!r} too, and each would run, migrate and clean up the tasks of "
                "the other",
                fix="give each release a database of its own, and a Secret of its own for its URL",
            )
        ]

    def archive(self, folder: str, cluster: str) -> list[Finding]:
        """Writes down where a Cluster's backups go; returns a finding when another's go there."""
        other = self.archives.setdefault(folder, cluster)
        if other == cluster:
            return []
        return [
            Finding(
                rule="database/backup-shared",
                at="backup",
                problem=f"goes into {folder}, as that of {other} does, and neither could be restored",
                fix="give each a folder of its own: CnpgBackup(server_name=...) or CnpgBackup(prefix=...)",
            )
        ]

    @property
    def missing(self) -> list[SecretNeed]:
        """Secrets that somebody has to make by hand."""
        return [need for place, need in self.secrets.items() if place not in self.provided]


def _borrowed(at: str, namespace: str, release: str, account: str) -> Finding:
    return Finding(
        rule="secrets/exposed-account",
        at=at,
        problem=f"{account} may reach Secrets of other namespaces, and release {release!r} may launch pods beside it: "
        "any author of a DAG could start one as that account",
        seen=repr(namespace),
        fix="give the account a namespace of its own, in which no Airflow runs pods",
    )


def identity_of(manifest: Mapping[str, Any]) -> Identity:
    """Kind, namespace and name of a manifest; the kind carries its API group, so that equal kinds of two groups differ."""
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest.get("metadata", {})
    kind = manifest["kind"]
    return f"{kind}/{group}" if group else kind, metadata.get("namespace", ""), metadata.get("name", "")


_registries: MutableMapping[Any, Registry] = WeakKeyDictionary()
_roots: WeakKeyDictionary[Any, ref[Any]] = WeakKeyDictionary()


def keep_registries() -> dict[Any, Registry]:
    """From now on, registries stay when their apps are gone. Returns them by app; the mapping grows with each new app."""
    global _registries
    kept: dict[Any, Registry] = {}
    _registries = kept
    return kept


def registry_of(scope: Construct | IConstruct) -> Registry:
    """The registry of the app that a construct belongs to. It goes when the app goes."""
    known = _roots.get(scope)
    root = known() if known is not None else None
    if root is None:
        root = _root_of(scope)
        _roots[scope] = ref(root)
    registry = _registries.get(root)
    if registry is None:
        registry = _registries[root] = Registry()
    return registry


def _root_of(scope: Construct | IConstruct) -> Any:
    from cdk8s import App

    if isinstance(scope, App):
        return scope
    try:
        # One call to Node, where scope.node.root takes two.
        return App.of(scope)
    except RuntimeError:
        return scope.node.root
