"""The objects of a bridge for a database URL: the account that reads the password, the store and the ExternalSecret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model.namespace import ExistingNamespace
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.secrets.providers import KubernetesSecrets
from cdk8s_airflow.secrets.remote_secret import RemoteKey, RemoteTemplate, RemoteValue
from cdk8s_airflow.secrets.wire.external_secret import ExternalSettings, external_secret_manifest
from cdk8s_airflow.secrets.wire.secret_store import cluster_store_manifest
from cdk8s_airflow.validation.frozen import frozen


@frozen
class BridgeSettings:
    """The settings of a bridge.

    Attributes:
        name: the name of the account, its Role and binding, and the store.
        namespace: the namespace of the copied URL.
        secret: the name of the Secret with the copied URL.
        source_namespace: the namespace of the password.
        source: the name of the Secret with the password.
        reader_namespace: the namespace of the account.
        uri: whether the source has the whole URL, under ``uri``.
        url: the text of the URL before and after the password.
        interval: how often the source is read.
        ca: the source and the target of the CA certificate; None if it is not copied.
    """

    name: str
    namespace: str
    secret: str
    source_namespace: str
    source: str
    reader_namespace: str
    uri: bool
    url: tuple[str, str]
    interval: str
    ca: tuple[SecretKey, SecretKey] | None = None


def bridge_objects(settings: BridgeSettings) -> dict[str, dict[str, Any]]:
    """An account that can read one Secret, a store that uses it for one namespace, and the ExternalSecret with the URL
    there.

    The Kubernetes provider of External Secrets needs only ``get`` on that name. The validation of the store creates a
    SelfSubjectRulesReview, which every account of a cluster may create.
    """
    sources = list(dict.fromkeys([settings.source, *([settings.ca[0].name] if settings.ca else [])]))
    reader = {"name": settings.name, "namespace": settings.reader_namespace}
    role = {"name": settings.name, "namespace": settings.source_namespace}
    provider = KubernetesSecrets(
        namespace=ExistingNamespace(settings.source_namespace), credentials=ExistingServiceAccount(settings.name)
    )
    return {
        "reader": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": reader,
            "automountServiceAccountToken": False,
        },
        "role": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": role,
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": sources, "verbs": ["get"]}],
        },
        "binding": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": role,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": settings.name},
            "subjects": [{"kind": "ServiceAccount", **reader}],
        },
        "store": cluster_store_manifest(
            settings.name, provider, credentials_namespace=settings.reader_namespace, namespaces=[settings.namespace]
        ),
        "secret": _copied(settings, settings.secret, {"connection": url_value(settings)}),
        **_authority(settings),
    }


def _authority(settings: BridgeSettings) -> dict[str, dict[str, Any]]:
    if settings.ca is None:
        return {}
    there, here = settings.ca
    return {"authority": _copied(settings, here.name, {here.key: RemoteKey(there.name, property=there.key)})}


def _copied(settings: BridgeSettings, name: str, data: Mapping[str, RemoteValue]) -> dict[str, Any]:
    return external_secret_manifest(
        ExternalSettings(
            name=name,
            namespace=settings.namespace,
            type="Opaque",
            labels={},
            store_kind="ClusterSecretStore",
            store=settings.name,
            data=data,
            interval=settings.interval,
        )
    )


def url_value(settings: BridgeSettings) -> RemoteValue:
    """The URL from the operator's Secret, or composed from the password."""
    if settings.uri:
        return RemoteKey(settings.source, property="uri")
    before, after = settings.url
    return RemoteTemplate(
        template=f"{before}{{password}}{after}", parts={"password": RemoteKey(settings.source, property="password")}
    )
