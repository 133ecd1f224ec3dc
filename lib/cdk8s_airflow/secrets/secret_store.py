"""SecretStores and ClusterSecretStores, from which External Secrets reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
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
    """An existing SecretStore in the namespace of the ExternalSecrets that use it.

    Args:
        name: the name of the store, which ExternalSecrets refer to.
    """

    how_to_write: ClassVar[str] = 'SecretStore.existing("vault")'

    name: ObjectName


@frozen(kw_only=False)
class ExistingClusterSecretStore:
    """An existing ClusterSecretStore.

    Args:
        name: the name of the store, which ExternalSecrets refer to.
    """

    how_to_write: ClassVar[str] = 'ClusterSecretStore.existing("vault")'

    name: ObjectName


class _Store(PlatformConstruct):
    """Common parts of both kinds of store."""

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
        # Constructs that refer to an invalid store do not report its name again.
        self._name = name if self._sound else "unsound"
        self._provider: SecretProvider | None = provider if self._sound else None
        self._credentials_namespace = namespace

    def _write_down(self, provider: SecretProvider, guards: bool) -> None:
        """Register the location of its credentials, and the Secrets that it reads."""
        namespace = self._credentials_namespace
        if not self._sound or namespace is None:
            return
        if guards:
            login = f"the credentials of {self._kind} {self._name!r}"
            at = "namespace" if self._kind == "SecretStore" else "credentials_namespace"
            self._found_late(self._registry.guard(namespace, login, at=at))
        self._need(stores.store_needs(provider, namespace, f"authenticates {self._kind} {self._name}"))
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
        """The name of the store."""
        return self._name


class SecretStore(_Store):
    """A SecretStore for the ExternalSecrets of one namespace. Requires External Secrets 0.16 or newer.

    Its credentials are in the same namespace. In a namespace where Airflow starts pods, every DAG author could use
    these credentials, so that is an error: create a :class:`ClusterSecretStore` with credentials in another namespace.
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
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the SecretStore.

        Args:
            scope: the Chart that it is written to.
            id: the construct id, and the name unless ``name`` is set.
            name: the name. Default: None, the construct id.
            namespace: the namespace of the store, its credentials, and the ExternalSecrets that use it.
            provider: where the secrets are stored. ``spec.provider``.
            shared_with_dags: whether the store may be in a namespace where Airflow starts pods, so that DAG authors can
                use its credentials. Then restrict the credentials to the secrets of this release. Default: False.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if the operator would reject the object, or if task pods could use the credentials.
        """
        found = checked(SecretStore.__init__, {**locals(), "name": id if name is None else name})
        facts = facts_of(scope, facts)
        self._namespace = getattr(namespace, "name", "")
        super().__init__(scope, id, found, id if name is None else name, provider, self._namespace)
        if not self._sound:
            return
        self._emit({"store": stores.store_manifest(self._name, self._namespace, provider)}, facts=facts)
        self._write_down(provider, stores.logs_in(provider) and not shared_with_dags)

    @staticmethod
    def existing(name: str) -> ExistingSecretStore:
        """An existing SecretStore. Returns a handle for other constructs; emits no object."""
        return ExistingSecretStore(name)


_Namespaces = Annotated[
    Sequence[NamespaceHandle],
    Must(
        lambda namespaces: len(namespaces) > 0,
        "must contain at least one namespace, otherwise every namespace of the cluster could use the store",
        "List the namespaces whose ExternalSecrets use the store",
        "secrets/store-namespaces",
    ),
]


class ClusterSecretStore(_Store):
    """A ClusterSecretStore for several namespaces, with credentials in another one. Requires External Secrets 0.16 or
    newer.
    """

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
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the ClusterSecretStore.

        Args:
            scope: the Chart that it is written to.
            id: the construct id, and the name unless ``name`` is set.
            name: the name, unique in the cluster. Default: None, the construct id.
            namespaces: the namespaces whose ExternalSecrets can use the store, at least one. ``spec.conditions``.
            provider: where the secrets are stored. ``spec.provider``.
            credentials_namespace: the namespace of the service account, Secrets and ConfigMaps that the provider refers
                to. Use one where Airflow starts no pods. Default: None, for providers without references.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if the operator would reject the object, or if task pods could use the credentials.
        """
        found = checked(ClusterSecretStore.__init__, {**locals(), "name": id if name is None else name})
        facts = facts_of(scope, facts)
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
        """An existing ClusterSecretStore. Returns a handle for other constructs; emits no object."""
        return ExistingClusterSecretStore(name)


def _login_rules(provider: SecretProvider, namespace: str | None) -> Iterator[Finding]:
    if namespace is None and stores.needs_namespace(provider):
        yield Finding(
            rule="secrets/login-namespace",
            at="credentials_namespace",
            problem="is required, because the provider refers to a service account, Secret or ConfigMap",
            fix="Set credentials_namespace= to their namespace, one where Airflow starts no pods",
        )


AnySecretStore = SecretStore | ClusterSecretStore | ExistingSecretStore | ExistingClusterSecretStore
"""A store that an ExternalSecret can refer to."""


def kind_of(store: AnySecretStore) -> str:
    """The kind of a store."""
    return "SecretStore" if isinstance(store, SecretStore | ExistingSecretStore) else "ClusterSecretStore"


def reach_rules(store: AnySecretStore, namespace: str) -> Iterator[Finding]:
    """Check that ExternalSecrets in a namespace can use a store."""
    if isinstance(store, SecretStore) and store.sound and store._namespace != namespace:
        yield Finding(
            rule="secrets/store-reach",
            at="store",
            problem=f"must be a store that this namespace can use; SecretStore {store.name!r} is in namespace "
            f"{store._namespace!r}",
            seen=repr(namespace),
            fix="Create a SecretStore in the namespace of the Secret, or a ClusterSecretStore",
        )
    if isinstance(store, ClusterSecretStore) and store.sound and namespace not in store._namespaces:
        yield Finding(
            rule="secrets/store-reach",
            at="store",
            problem="must be a store that this namespace can use; it is not in namespaces= of ClusterSecretStore "
            f"{store.name!r}",
            seen=repr(namespace),
            fix="Add the namespace to namespaces= of the store",
        )
