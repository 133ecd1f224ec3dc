"""Environment variables of all pods that run Airflow: also connections, the proxy, CA certificates and the secrets backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from ipaddress import ip_address, ip_network
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.airflow.secret_literals import literal_findings
from cdk8s_airflow.model.secret_reference import (
    ConfigMapKey,
    ExistingConfigMap,
    ExistingSecret,
    OptionalSource,
    SecretKey,
)
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Label, Must, NonEmpty, VariableName, VersionText, is_web_url
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_host
from cdk8s_airflow.validation.versions import within

_IDENTIFIER = regex(r"[A-Za-z0-9_]+")
_CONNECTION_TYPE = regex(r"[a-z][a-z0-9_-]*")

OLDEST_PROVIDER = "10.13.0"
"""The first version of apache-airflow-providers-cncf-kubernetes that has the backend, read from its releases."""

_AirflowName = Annotated[
    str,
    Must(
        lambda text: _IDENTIFIER.fullmatch(text) is not None,
        "cannot be part of the name of an environment variable",
        "use letters, digits and underscores; other names can come from secrets_backend=",
        "argument/name",
    ),
]

EnvValue = str | SecretKey | ConfigMapKey | OptionalSource
"""The value of an environment variable."""

Env = Mapping[VariableName, EnvValue]
"""Environment variables: a string, or one key of a Secret or ConfigMap, which may be optional."""

EnvFrom = Sequence[ExistingSecret | ExistingConfigMap | OptionalSource]
"""Secrets and ConfigMaps each of whose keys becomes a variable."""

_ConnectionType = Annotated[
    str,
    Must(
        lambda text: _CONNECTION_TYPE.fullmatch(text) is not None,
        "must be a connection type of Airflow",
        'Use lower-case letters, digits, dashes and underscores, such as "aws" or "google_cloud_platform"',
        "argument/name",
    ),
]


@frozen
class CloudIdentityConnection:
    """An Airflow connection without a secret: the pods that use it authenticate with their cloud identity.

    Examples are IAM roles for service accounts (AWS), Workload Identity Federation (Google Cloud) and Microsoft Entra
    Workload ID (Azure). Assign the identity to the pods with ``service_accounts=``.

    Attributes:
        type: the connection type, ``conn_type`` of the connection.
        extra: the extra fields of the connection, such as ``{"region_name": "eu-central-1"}``. A field that looks like a
            secret is an error. Default: empty.
        host: the host of the connection. Default: None.
    """

    how_to_write: ClassVar[str] = 'CloudIdentityConnection(type="aws", extra={"region_name": "eu-central-1"})'

    type: _ConnectionType
    extra: Mapping[str, str | int | bool] = field(default_factory=dict)
    host: NonEmpty | None = None

    def _rules(self) -> Iterator[Finding]:
        for name, value in self.extra.items():
            if isinstance(value, str):
                yield from literal_findings(f"extra.{name}", name, value)


Connections = Mapping[_AirflowName, SecretKey | CloudIdentityConnection]
"""Id of a connection -> the key of a Secret with its URI or JSON, or a connection without a secret."""

Variables = Mapping[_AirflowName, str | SecretKey]
"""Key of a variable of Airflow -> its text, or the key of a Secret with it."""


@frozen
class KubernetesSecretsBackend:
    """Lets Airflow look up connections and variables in Kubernetes Secrets, by label, each time it needs one.

    A Secret with the label ``airflow.apache.org/connection-id: NAME`` holds a connection, one with
    ``airflow.apache.org/variable-key: NAME`` a variable, each under the key ``value``. New Secrets require no restart of pods.

    Every pod that runs Airflow, task pods included, may then read **all** Secrets of that namespace, because Kubernetes RBAC
    cannot select Secrets by label. Therefore use a separate namespace for them.

    Attributes:
        namespace: the namespace of these Secrets. Default: that of the release, which also contains its keys and database URL.
        provider_version: the version of apache-airflow-providers-cncf-kubernetes in your own image; at least 10.13.0. The
            official image has it from Airflow 3.2 on; no such version supports Airflow before 2.11.
    """

    how_to_write: ClassVar[str] = 'KubernetesSecretsBackend(namespace="airflow-connections")'

    namespace: Label | None = None
    provider_version: VersionText | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.provider_version is not None and within(f"<{OLDEST_PROVIDER}", self.provider_version):
            yield Finding(
                rule="environment/provider",
                at="provider_version",
                problem=f"is older than {OLDEST_PROVIDER}, the first that has this backend",
                seen=repr(self.provider_version),
                fix="use a newer provider in the image",
            )


def _is_proxy(text: str) -> bool:
    return is_web_url(text) and "/" not in text.partition("://")[2]


def _is_exception(text: str) -> bool:
    """Whether every reader of NO_PROXY takes the text: a host, a domain with a dot before it, an address, a network of IPv4.

    httpx, by which tasks of Airflow 3 reach the API server, stops with an error at a network of IPv6.
    """
    if is_host(text.removeprefix(".")):
        return True
    try:
        ip_address(text)
    except ValueError:
        try:
            return ip_network(text).version == 4
        except ValueError:
            return False
    return True


_ProxyUrl = Annotated[
    str,
    Must(
        _is_proxy,
        "must be the address of a proxy",
        'Use a URL such as "http://proxy.example.com:3128"; with user and password, pass a SecretKey(...) that contains it',
        "argument/url",
        hides=True,
    ),
]

_Exception = Annotated[
    str,
    Must(
        _is_exception,
        "must be a proxy exception that all programs support",
        'Use a host, a domain such as ".example.com", an address, or an IPv4 network such as "10.0.0.0/8"',
        "environment/no-proxy",
    ),
]


@frozen
class HttpProxy:
    """The HTTP proxy for connections from the pods to addresses outside the cluster.

    It is set in every pod that runs Airflow, task pods and Jobs included, and in git-sync. Connections to the Services of the
    release, all other Services by their full names, the Kubernetes API server, and the networks in :class:`ClusterFacts` do not
    use it. Database clients and ssh ignore a proxy.

    Attributes:
        http: the proxy for http URLs, or the key of a Secret with the URL of the proxy if that contains a password. Default:
            None.
        https: the proxy for https URLs, in the same form. Default: None.
        no_proxy: other destinations that do not use the proxy: hosts, domains such as ``".example.com"``, IP addresses, IPv4
            networks. Add Services in other namespaces that are called by their short names.
    """

    how_to_write: ClassVar[str] = (
        'HttpProxy(http="http://proxy.example.com:3128", https="http://proxy.example.com:3128", no_proxy=[".example.com"])'
    )

    http: _ProxyUrl | SecretKey | None = None
    https: _ProxyUrl | SecretKey | None = None
    no_proxy: Sequence[_Exception] = ()

    def _rules(self) -> Iterator[Finding]:
        if self.http is None and self.https is None:
            yield Finding(
                rule="environment/proxy",
                at="http",
                problem="is required, or https=",
                seen="None",
                fix="Set http= or https=, or remove proxy=",
            )


@frozen(kw_only=False)
class CaBundle:
    """The CA certificates that programs in the pods trust, in one file.

    The file **replaces** the system's CA certificates, so include the public ones if they are still required. It is mounted in
    every pod that runs Airflow, task pods and Jobs included, and in git-sync. The libraries requests and httpx, curl, git, the
    AWS libraries and Python's own ssl module read it. It does not apply to the database: set ``tls=`` and ``ca=`` of its
    connection.

    Args:
        source: the key of a ConfigMap or Secret with certificates in PEM.
    """

    how_to_write: ClassVar[str] = 'CaBundle(ConfigMapKey("ca-bundle", "ca.crt"))'

    source: SecretKey | ConfigMapKey
