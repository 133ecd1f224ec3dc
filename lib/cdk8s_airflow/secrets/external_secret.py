"""ExternalSecrets: Secrets that the External Secrets operator copies from a secret store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.remote_secret import LiteralValue, RemoteValue, literal_rules
from cdk8s_airflow.secrets.secret_store import AnySecretStore, ClusterSecretStore, SecretStore, kind_of, reach_rules
from cdk8s_airflow.secrets.target_secret import SecretLabels, TargetSecret, reference_rules, wanted
from cdk8s_airflow.secrets.wire.external_secret import ExternalSettings, external_secret_manifest, remotes
from cdk8s_airflow.secrets.wire.secret_store import remote_problem
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, SecretKeyName


class ExternalSecret(PlatformConstruct):
    """A Secret whose content the External Secrets operator copies from a store and keeps up to date. Requires version
    0.16.

    If this object is deleted, the Secret is deleted, and the content of the store is kept. If a Secret with the same
    name exists, the operator takes it over and replaces its content.
    """

    how_to_write = 'ExternalSecret(chart, "fernet", namespace=..., secret=..., store=..., data={...})'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        secret: TargetSecret,
        store: AnySecretStore,
        data: Mapping[SecretKeyName, RemoteValue],
        interval: Duration | None = "1h",
        labels: SecretLabels | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the ExternalSecret.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            namespace: the namespace of the Secret and of its readers.
            secret: the Secret to create: the same reference that its reader gets, or a list of :class:`SecretKey` of
                one Secret. ``spec.target.name``.
            store: the store that the content comes from. ``spec.secretStoreRef``.
            data: each key -> its content: a :class:`RemoteKey`; a :class:`RemoteTemplate` for a string with several
                values; the :class:`DatabaseUrl` of a database of this platform; or a :class:`LiteralValue` that is not
                secret.
            interval: how often the operator reads the store, ``spec.refreshInterval``. None: it reads the store once.
                Default: ``"1h"``. Running pods use a changed value after a restart; new pods, such as task pods, use it
                immediately.
            labels: labels of the Secret. Default: None; a :class:`BasicAuthSecret` gets ``cnpg.io/reload``, so that
                CloudNativePG reloads it.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if a key that the reader requires is missing, if the store cannot be used in this namespace,
                or if the operator would reject the object.
        """
        found = checked(ExternalSecret.__init__, locals())
        facts = facts_of(scope, facts)
        where: str = getattr(namespace, "name", "")
        if not found:
            found += reference_rules(secret, data, "data")
            found += reach_rules(store, where)
            found += _remote_rules(store, data)
            found += _plain_rules(data)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        want = wanted(secret, labels)
        settings = ExternalSettings(
            name=want.name,
            namespace=where,
            type=want.type,
            labels=want.labels,
            store_kind=kind_of(store),
            store=store.name,
            data=data,
            interval=interval,
        )
        self._emit({"secret": external_secret_manifest(settings)}, facts=facts)
        if self._sound:
            self._provide([want.provided("ExternalSecret", where, data)])


def _remote_rules(store: AnySecretStore, data: Mapping[str, RemoteValue]) -> Iterator[Finding]:
    if not isinstance(store, SecretStore | ClusterSecretStore) or store._provider is None:
        return
    for key, value in data.items():
        for part, remote in remotes(value):
            problem = remote_problem(store._provider, remote.name, remote.property, remote.version)
            if problem is not None:
                yield Finding(
                    rule="secrets/remote-name",
                    at=".".join(step for step in ("data", key, part) if step),
                    problem=problem[0],
                    fix=problem[1],
                )


def _plain_rules(data: Mapping[str, RemoteValue]) -> Iterator[Finding]:
    plain = {key: value for key, value in data.items() if isinstance(value, LiteralValue)}
    literal = [finding for key, value in plain.items() for finding in literal_rules(key, value)]
    yield from literal
    if not literal and plain and len(plain) == len(data):
        yield Finding(
            rule="secrets/keys",
            at="data",
            problem="must contain at least one RemoteKey, RemoteTemplate or DatabaseUrl",
            seen=", ".join(data),
            fix="Use RemoteKey(...) for a value in the store; put values that are not secret into a ConfigMap",
        )
