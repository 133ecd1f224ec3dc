"""Secrets that External Secrets copies out of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.remote_secret import LiteralValue, RemoteValue, literal_rules
from cdk8s_airflow.secrets.secret_store import AnySecretStore, ClusterSecretStore, SecretStore, kind_of, reach_rules
from cdk8s_airflow.secrets.target_secret import SecretLabels, TargetSecret, reference_rules, wanted
from cdk8s_airflow.secrets.wire.external_secret import ExternalSettings, external_secret_manifest, remotes
from cdk8s_airflow.secrets.wire.secret_store import remote_problem
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, SecretKeyName


class ExternalSecret(PlatformConstruct):
    """A Secret whose content External Secrets takes from a store and keeps up to date. Needs the operator 0.16 or newer.

    The Secret goes when this object goes; what is in the store stays. A Secret that was there before is taken over, and its content
    replaced by the store's.
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
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the ExternalSecret.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: where the Secret is read, and so made.
            secret: which Secret: the same reference that its reader is given, or several :class:`SecretKey` of one Secret.
            store: where it comes from.
            data: each key, and what it holds: a :class:`RemoteKey`, a :class:`RemoteTemplate` that is put together from several, the
                :class:`DatabaseUrl` of a database of this platform, or a :class:`LiteralValue` that is no secret.
            interval: how often the operator reads the store. None asks only once. Default: ``"1h"``. Pods that run see nothing of a change until
                they restart, but new ones, those of tasks among them, do.
            labels: of the Secret. Default: none but ``cnpg.io/reload`` on a login, by which CloudNativePG reads it again.
            facts: what is known of the cluster.

        Raises:
            PlatformError: for a key that is read and not given, a store that may not be used here, and what the operator would refuse.
        """
        found = checked(ExternalSecret.__init__, locals())
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
            self._provide(
                [
                    ProvidedSecret(
                        name=want.name,
                        namespace=where,
                        keys=frozenset(data),
                        by=f"ExternalSecret {where}/{want.name}",
                        type=want.type,
                    )
                ]
            )


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
            problem="takes nothing from the store",
            seen=", ".join(data),
            fix="say of at least one key where it is kept: RemoteKey(...); what is no secret belongs in a ConfigMap",
        )
