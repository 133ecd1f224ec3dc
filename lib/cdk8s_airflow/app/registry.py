"""The registry of an app: the objects of its constructs, and their requirements.

No construct searches the construct tree. What concerns the whole app (two objects with the same name, Secrets that must exist,
required CRDs) is registered here by each construct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary, ref

from cdk8s_airflow.app.unused import UnusedConstructs
from cdk8s_airflow.model.database_login import DatabasePasswords
from cdk8s_airflow.model.provided_secret import ProvidedSecret, unmet
from cdk8s_airflow.model.pruning import STATE_LABEL
from cdk8s_airflow.model.secret_need import SecretNeed, derived, merged
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
    """The registered data of one app.

    Attributes:
        objects: every object with a name -> a function that returns the path of its construct.
        checked: every object -> its manifest as it was checked and passed to cdk8s.
        secrets: Secrets that must exist, by namespace and name.
        needs: the same, one entry for each reader.
        provided: Secrets that the platform creates, by namespace and name.
        launching: namespaces in which a release may launch pods -> which release.
        guarded: namespaces with a service account that can read Secrets in other namespaces -> a description of the account.
        rbac: every Role and binding among the objects.
        permissions: permissions of service accounts that charts and operators create, computed when they are read.
        crds: the names of the required CRDs.
        partly_checked: kinds of Kubernetes itself among the user's own objects: their fields are not compared with a schema.
        unknown_kinds: (apiVersion, kind) of custom resources for which no schema is included.
        installed_crds: the definitions in ``ClusterFacts(crds=)`` of all constructs; None if no construct has this fact.
        facts: the ``ClusterFacts`` of the app; None if it has none.
        stated_facts: all ``ClusterFacts`` that the app and its constructs were given, each once.
        without_facts: the scope of the first construct that was created without facts, while the app had none.
        state: objects that hold state. If one is deleted, data is lost.
        notes: paragraphs of the summary and its details.
        late_notes: functions that return further paragraphs, called when all constructs exist.
        checks: functions that return findings, called when all constructs exist and before anything is written.
        removals: the commands that uninstall releases.
        files: path below the output folder -> text, of each file that is written next to the manifests.
        databases: each identity of every metadata database -> the release that uses it.
        sessions: the sessions at each database and pooler, by its name.
        archives: every backup folder -> the Cluster that writes to it.
        slots: data of single packages, by its class (:meth:`slot`).
    """

    objects: dict[Identity, Callable[[], str]] = field(default_factory=dict)
    checked: dict[Identity, Mapping[str, Any]] = field(default_factory=dict)
    secrets: dict[tuple[str, str], SecretNeed] = field(default_factory=dict)
    needs: list[SecretNeed] = field(default_factory=list)
    provided: dict[tuple[str, str], ProvidedSecret] = field(default_factory=dict)
    launching: dict[str, str] = field(default_factory=dict)
    guarded: dict[str, str] = field(default_factory=dict)
    rbac: list[Mapping[str, Any]] = field(default_factory=list)
    permissions: list[Callable[[], Iterable[Permission]]] = field(default_factory=list)
    crds: set[str] = field(default_factory=set)
    partly_checked: set[str] = field(default_factory=set)
    unknown_kinds: set[tuple[str, str]] = field(default_factory=set)
    installed_crds: set[str] | None = None
    facts: ClusterFacts | None = None
    stated_facts: list[ClusterFacts] = field(default_factory=list)
    without_facts: ref[Any] | None = None
    state: list[Identity] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    late_notes: list[Callable[[], Iterable[str]]] = field(default_factory=list)
    checks: list[Callable[[], Iterable[Finding]]] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    archives: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, list[Demand]] = field(default_factory=dict)
    slots: dict[type, Any] = field(default_factory=dict)

    def slot(self, kind: type[_Kept]) -> _Kept:
        """The data of a package for this app: one instance of a class of that package, created on first use."""
        kept: _Kept = self.slots.setdefault(kind, kind())
        return kept

    def register(self, manifests: Iterable[Mapping[str, Any]], path: Callable[[], str]) -> list[Finding]:
        """Register objects. Returns a finding for each whose name is already used.

        Args:
            manifests: the objects.
            path: returns the path of the construct that emits them. It is slow, so it is called only for a finding.
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
                        problem=f"is already used by another {kind.partition('/')[0]}{place}, from {taken_by()}",
                        seen=repr(name),
                        fix="Rename one of the two",
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
        """Register files. Returns a finding for each whose path is already used."""
        taken = sorted(files.keys() & self.files.keys())
        if not taken:
            self.files.update(files)
        return [
            Finding(
                rule="object/taken",
                at="release",
                problem="writes a file that another release writes too",
                seen=repr(path),
                fix="Rename one of the two releases",
            )
            for path in taken
        ]

    def need(self, needs: Iterable[SecretNeed]) -> list[Finding]:
        """Register Secrets that must exist. Returns a finding for each that the platform creates with other keys or another type."""
        found: list[Finding] = []
        for need in needs:
            self.needs.append(need)
            place = (need.namespace, need.name)
            first = self.secrets.get(place)
            self.secrets[place] = need if first is None else merged([first, need])[0]
            source = self.provided.get(place)
            if source is not None:
                found += unmet(need, source)
        return found

    def provide(self, sources: Iterable[ProvidedSecret]) -> list[Finding]:
        """Register Secrets that the platform creates. Returns a finding for each that is created twice, or not as its reader requires."""
        found: list[Finding] = []
        for source in sources:
            place = (source.namespace, source.name)
            first = self.provided.get(place)
            if first is not None:
                found.append(
                    Finding(
                        rule="secrets/made-twice",
                        at="name",
                        problem=f"Secret {source.name!r} in namespace {source.namespace!r} is already created by {first.by}",
                        seen=source.name,
                        fix="Remove one of the two. A SecretBootstrap skips Secrets that constructs before it in the program create, and "
                        "those in exclude=",
                    )
                )
                continue
            self.provided[place] = source
            need = self.secrets.get(place)
            if need is not None:
                found += unmet(need, source)
        return found

    def launch(self, namespaces: Iterable[str], release: str) -> list[Finding]:
        """Register the namespaces where a release starts pods. Returns a finding for each with a service account that DAG authors could use."""
        found = []
        for namespace in namespaces:
            self.launching.setdefault(namespace, release)
            if namespace in self.guarded:
                found.append(_borrowed("namespace", namespace, release, self.guarded[namespace]))
        return found

    def guard(self, namespace: str, account: str, *, at: str = "namespace") -> list[Finding]:
        """Register the namespace of a service account that can read Secrets in other namespaces. Returns a finding if a release starts pods there.

        Args:
            namespace: the namespace of the service account.
            account: a description of the account for the finding.
            at: the argument with the namespace.
        """
        self.guarded.setdefault(namespace, account)
        release = self.launching.get(namespace)
        return [] if release is None else [_borrowed(at, namespace, release, account)]

    def open(self, demand: Demand) -> list[Finding]:
        """Register sessions at a server. Returns a finding if the sum of all sessions there is above its maximum."""
        from cdk8s_airflow.model.sessions import over

        known = self.sessions.setdefault(demand.server.name, [])
        known.append(demand)
        return list(over(known))

    def own_database(self, ways: Iterable[str], release: str) -> list[Finding]:
        """Register the metadata database of a release. Returns a finding if another release uses the same.

        Args:
            ways: its identities: the address, the key of the Secret with its URL.
            release: the release that uses it.
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
                problem=f"is also the metadata database of release {other!r}; each release would run, migrate and clean up the tasks "
                "of the other",
                fix="Use a separate database and a separate Secret with its URL for each release",
            )
        ]

    def archive(self, folder: str, cluster: str) -> list[Finding]:
        """Register the backup folder of a Cluster. Returns a finding if another Cluster writes to the same."""
        other = self.archives.setdefault(folder, cluster)
        if other == cluster:
            return []
        return [
            Finding(
                rule="database/backup-shared",
                at="backup",
                problem=f"writes to {folder}, and so does {other}; neither backup could be restored",
                fix="Use a separate folder for each: CnpgBackup(server_name=...) or CnpgBackup(prefix=...)",
            )
        ]

    @property
    def all_notes(self) -> list[str]:
        """All paragraphs of the summary and its details."""
        late = [note for notes in self.late_notes for note in notes()]
        return [*self.notes, *late, *self.slot(UnusedConstructs).notes()]

    @property
    def missing(self) -> list[SecretNeed]:
        """Secrets that the user must create. A password that another Secret of the app contains is copied from there."""
        passwords = self.slot(DatabasePasswords)
        needs = merged(derived(need, passwords) for need in self.needs)
        return [need for need in needs if (need.namespace, need.name) not in self.provided]


def _borrowed(at: str, namespace: str, release: str, account: str) -> Finding:
    return Finding(
        rule="secrets/exposed-account",
        at=at,
        problem=f"must not be a namespace where release {release!r} starts pods: a DAG author could start a pod that uses "
        f"{account}, which can read Secrets",
        seen=repr(namespace),
        fix="Use a namespace where no Airflow release starts pods",
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
    """Keep all registries, also those of apps that no longer exist. Returns them by app. The mapping grows with each new app."""
    global _registries
    kept: dict[Any, Registry] = {}
    _registries = kept
    return kept


def registry_of(scope: Construct | IConstruct) -> Registry:
    """The registry of the app that a construct belongs to. It is freed with the app."""
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
