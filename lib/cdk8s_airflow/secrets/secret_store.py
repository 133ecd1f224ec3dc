"""Stores of secrets that External Secrets reads from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import ConfigMapKey
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.providers import SecretProvider
from cdk8s_airflow.secrets.wire import secret_store as stores
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, ObjectName
from cdk8s_airflow.validation.frozen import frozen


@frozen(kw_only=False)
class ExistingSecretStore:
    """A SecretStore that somebody else makes, in the namespace of those who use it.

    Args:
        name: its name.
    """

    how_to_write: ClassVar[str] = 'SecretStore.existing("vault")'

    name: ObjectName


@frozen(kw_only=False)
class ExistingClusterSecretStore:
    """A ClusterSecretStore that somebody else makes.

    Args:
        name: its name.
    """

    how_to_write: ClassVar[str] = 'ClusterSecretStore.existing("vault")'

    name: ObjectName


class _Store(PlatformConstruct):
    """What both kinds of store have in common."""

    _kind: ClassVar[str] = ""

    def __init__(
        self,
        scope: Construct,
        id: str,
        found: list[Finding],
        name: str,
        provider: SecretProvider,
        namespace: str | None,
    ) -> None:
        super().__init__(scope, id, found)
        # A name that was refused is not told again by whoever refers to it.
        self._name = name if self._sound else "unsound"
        self._provider: SecretProvider | None = provider if self._sound else None
        self._credentials_namespace = namespace

    def _write_down(self, provider: SecretProvider, guards: bool) -> None:
        """Where its login is, and the Secrets it takes."""
        namespace = self._credentials_namespace
        if not self._sound or namespace is None:
            return
        if guards:
            login = f"what {self._kind} {self._name!r} logs in with"
            at = "namespace" if self._kind == "SecretStore" else "credentials_namespace"
            self._found_late(self._registry.guard(namespace, login, at=at))
        self._need(stores.store_needs(provider, namespace, f"{self._kind} {self._name} logs in with it"))
        account = stores.login_account(provider)
        if account is not None:
            self._registry.notes.append(
                BeforeApply(
                    f"{self._kind} {self._name} logs in as service account {namespace}/{account.name}. Allow that account to read "
                    "only the secrets that this platform uses."
                )
            )
        authority = getattr(provider, "ca", None)
        if isinstance(authority, ConfigMapKey):
            self._registry.notes.append(
                BeforeApply(
                    f"{self._kind} {self._name} reads a CA certificate from ConfigMap {namespace}/{authority.name}, key "
                    f"{authority.key}:\n  kubectl -n {namespace} get configmap {authority.name}"
                )
            )

    @property
    def name(self) -> str:
        """The store's name."""
        return self._name


class SecretStore(_Store):
    """A store for the ExternalSecrets of one namespace. Needs the operator External Secrets 0.16 or newer.

    What it logs in with is in the same namespace. Where Airflow may launch pods, any author of a DAG could use that login, so that
    is refused: make a :class:`ClusterSecretStore` whose login is elsewhere.
    """

    how_to_write = 'SecretStore(chart, "store", namespace=..., provider=AwsSecretsManager(region="eu-central-1"))'
    _kind = "SecretStore"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: ObjectName | None = None,
        namespace: NamespaceHandle,
        provider: SecretProvider,
        shared_with_dags: bool = False,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the SecretStore.

        Args:
            scope: the Chart it is written to.
            id: the construct id, and the name unless ``name`` is given.
            name: its name. Default: the id.
            namespace: where it is, with its login and the ExternalSecrets that use it.
            provider: where the secrets are kept.
            shared_with_dags: whether authors of DAGs may use the login, which is so where Airflow may launch pods. Then let it reach
                nothing but what this release reads anyway. Default: they may not.
            facts: what is known of the cluster.

        Raises:
            PlatformError: for what the operator would refuse, and for a login that pods of tasks could use.
        """
        found = checked(SecretStore.__init__, {**locals(), "name": id if name is None else name})
        self._namespace = getattr(namespace, "name", "")
        super().__init__(scope, id, found, id if name is None else name, provider, self._namespace)
        if not self._sound:
            return
        self._emit({"store": stores.store_manifest(self._name, self._namespace, provider)}, facts=facts)
        self._write_down(provider, stores.logs_in(provider) and not shared_with_dags)

    @staticmethod
    def existing(name: str) -> ExistingSecretStore:
        """A store that somebody else makes: a name for others to refer to, and no object."""
        return ExistingSecretStore(name)


_Namespaces = Annotated[
    Sequence[NamespaceHandle],
    Must(
        lambda namespaces: len(namespaces) > 0,
        "is empty: every namespace of the cluster could use the store then",
        "name the namespaces whose ExternalSecrets may use it",
        "secrets/store-namespaces",
    ),
]


class ClusterSecretStore(_Store):
    """A store for the ExternalSecrets of some namespaces, with its login in another. Needs External Secrets 0.16 or newer."""

    how_to_write = (
        'ClusterSecretStore(chart, "store", namespaces=[...], provider=AwsSecretsManager(region="eu-central-1"))'
    )
    _kind = "ClusterSecretStore"

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: ObjectName | None = None,
        namespaces: _Namespaces,
        provider: SecretProvider,
        credentials_namespace: NamespaceHandle | None = None,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the ClusterSecretStore.

        Args:
            scope: the Chart it is written to.
            id: the construct id, and the name unless ``name`` is given.
            name: its name, which is the whole cluster's. Default: the id.
            namespaces: whose ExternalSecrets may use it.
            provider: where the secrets are kept.
            credentials_namespace: where the service account, keys and certificates are that the provider names; one in which Airflow
                launches no pods. Default: none, for providers that name nothing.
            facts: what is known of the cluster.

        Raises:
            PlatformError: for what the operator would refuse, and for a login that pods of tasks could use.
        """
        found = checked(ClusterSecretStore.__init__, {**locals(), "name": id if name is None else name})
        there: str | None = None if credentials_namespace is None else getattr(credentials_namespace, "name", "")
        if not found:
            found += _login_rules(provider, there)
        super().__init__(scope, id, found, id if name is None else name, provider, there)
        self._namespaces: tuple[str, ...] = ()
        if not self._sound:
            return
        self._namespaces = tuple(dict.fromkeys(each.name for each in namespaces))
        manifest = stores.cluster_store_manifest(
            self._name, provider, credentials_namespace=there, namespaces=self._namespaces
        )
        self._emit({"store": manifest}, facts=facts)
        self._write_down(provider, stores.logs_in(provider))

    @staticmethod
    def existing(name: str) -> ExistingClusterSecretStore:
        """A store that somebody else makes: a name for others to refer to, and no object."""
        return ExistingClusterSecretStore(name)


def _login_rules(provider: SecretProvider, namespace: str | None) -> Iterator[Finding]:
    if namespace is None and stores.needs_namespace(provider):
        yield Finding(
            rule="secrets/login-namespace",
            at="credentials_namespace",
            problem="is missing: the provider names a service account, a key or a certificate, and a ClusterSecretStore has no namespace",
            fix="say where they are; in a namespace in which Airflow launches no pods",
        )


AnySecretStore = SecretStore | ClusterSecretStore | ExistingSecretStore | ExistingClusterSecretStore
"""A store as an ExternalSecret takes it."""


def kind_of(store: AnySecretStore) -> str:
    """The kind of a store."""
    return "SecretStore" if isinstance(store, SecretStore | ExistingSecretStore) else "ClusterSecretStore"


def reach_rules(store: AnySecretStore, namespace: str) -> Iterator[Finding]:
    """Whether ExternalSecrets of a namespace may use a store."""
    if isinstance(store, SecretStore) and store.sound and store._namespace != namespace:
        yield Finding(
            rule="secrets/store-reach",
            at="store",
            problem=f"SecretStore {store.name!r} is in namespace {store._namespace!r}, and only ExternalSecrets there can use it",
            seen=repr(namespace),
            fix="make a SecretStore beside the Secret, or a ClusterSecretStore",
        )
    if isinstance(store, ClusterSecretStore) and store.sound and namespace not in store._namespaces:
        yield Finding(
            rule="secrets/store-reach",
            at="store",
            problem=f"ClusterSecretStore {store.name!r} may not be used by ExternalSecrets of this namespace",
            seen=repr(namespace),
            fix="add the namespace to namespaces= of the store",
        )
