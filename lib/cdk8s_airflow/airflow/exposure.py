"""How users reach the UI: Service, Ingress, Gateway API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import ClassVar, Literal

from cdk8s_airflow.model.secret_reference import TlsSecret
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import (
    AnnotationKey,
    Cidr,
    HostName,
    Label,
    ObjectName,
    PortNumber,
    SecretName,
    UrlPath,
    WebUrl,
)
from cdk8s_airflow.validation.frozen import frozen

ISSUER_ANNOTATIONS: Mapping[str, str] = {
    "ClusterIssuer": "cert-manager.io/cluster-issuer",
    "Issuer": "cert-manager.io/issuer",
}
"""Kind of an issuer -> the annotation that selects it for cert-manager."""


@frozen(kw_only=False)
class IngressTls:
    """TLS for a host, with the certificate in a Secret of the release's namespace.

    Args:
        secret: the name of the Secret, of type ``kubernetes.io/tls``.
        issuer: the cert-manager issuer that fills the Secret. Default: None; then you create the Secret.
        issuer_kind: ``"ClusterIssuer"`` (the default), or ``"Issuer"`` for one in the release's namespace.
    """

    how_to_write: ClassVar[str] = 'IngressTls("airflow-tls", issuer="homelab-ca")'

    secret: SecretName
    issuer: ObjectName | None = None
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"

    def _rules(self) -> Iterator[Finding]:
        if self.issuer is None and self.issuer_kind != "ClusterIssuer":
            yield Finding(
                rule="exposure/issuer",
                at="issuer_kind",
                problem="has no effect without issuer=",
                seen=repr(self.issuer_kind),
                fix='set issuer="...", or remove issuer_kind=',
            )

    @property
    def reference(self) -> TlsSecret:
        """The Secret as a typed reference."""
        return TlsSecret(self.secret)


@frozen(kw_only=False)
class ClusterIP:
    """The UI is reachable only from inside the cluster: by ``kubectl port-forward``, or through a proxy or tunnel of your own.

    Args:
        base_url: the URL that users open, such as ``"https://airflow.example.com"`` for a tunnel or proxy with TLS. Airflow puts it
            into links, and identity providers redirect to it. Config option ``base_url``. Default: None; links are relative.
    """

    how_to_write: ClassVar[str] = "ClusterIP()"

    base_url: WebUrl | None = None


@frozen
class NodePort:
    """The UI is reachable on a port of every node.

    Attributes:
        port: the port, 30000 to 32767 unless the cluster has another range. Default: Kubernetes chooses one, and keeps it.
        base_url: the URL that users open, which Airflow puts into links. Default: None; links are relative.
    """

    how_to_write: ClassVar[str] = "NodePort(port=30080)"

    port: PortNumber | None = None
    base_url: WebUrl | None = None


@frozen
class LoadBalancer:
    """The UI is reachable at an address that the cluster's load balancer assigns to the Service.

    It listens on Airflow's own port 8080, without TLS.

    Attributes:
        base_url: the URL that users open, which Airflow puts into links. Default: None; links are relative.
        source_ranges: the networks that may connect, as CIDRs. Default: every client that can route to the address.
        annotations: settings of the load balancer, for example for an internal address.
    """

    how_to_write: ClassVar[str] = 'LoadBalancer(source_ranges=["10.0.0.0/8"])'

    base_url: WebUrl | None = None
    source_ranges: Sequence[Cidr] = ()
    annotations: Mapping[AnnotationKey, str] = field(default_factory=dict)


@frozen(kw_only=False)
class IngressHost:
    """An additional host name of an Ingress.

    Args:
        name: the host name, such as ``"airflow.example.com"``.
        tls: its certificate. Default: None, plain http.
    """

    how_to_write: ClassVar[str] = 'IngressHost("airflow.internal.example.com", tls=IngressTls("airflow-internal-tls"))'

    name: HostName
    tls: IngressTls | None = None


@frozen
class Ingress:
    """The UI is reachable by a host name through an ingress controller, over a ClusterIP Service.

    The base URL in Airflow's links starts with ``https://`` if ``tls`` or ``https=True`` is set, otherwise with ``http://``.

    Attributes:
        host: the host name of the UI, such as ``"airflow.example.com"``.
        class_name: the ingress class, like ``"nginx"`` or ``"traefik"``. Default: the cluster's default class.
        tls: the certificate. Default: none, plain http.
        https: whether users open the UI with https. Set it to True without ``tls`` if a proxy in front of the cluster terminates
            TLS, such as an AWS load balancer with an ACM certificate, or Cloudflare. It determines the base URL and the redirect
            URL of OIDC. Default: None; True if ``tls`` is set.
        more_hosts: additional host names for the UI; links still use ``host``.
        path: the path of the UI, like ``"/airflow"``. Default: ``"/"``. Airflow 3 requires ``"/"``: the probes of its chart do
            not include a path prefix.
        annotations: additional annotations of the Ingress, for the ingress controller.
    """

    how_to_write: ClassVar[str] = (
        'Ingress(host="airflow.example.com", class_name="nginx", tls=IngressTls("airflow-tls"))'
    )

    host: HostName
    class_name: ObjectName | None = None
    tls: IngressTls | None = None
    https: bool | None = None
    more_hosts: Sequence[IngressHost] = ()
    path: UrlPath = "/"
    annotations: Mapping[AnnotationKey, str] = field(default_factory=dict)

    @property
    def hosts(self) -> tuple[IngressHost, ...]:
        """All host names, the one for links first."""
        return (IngressHost(self.host, self.tls), *self.more_hosts)

    def _rules(self) -> Iterator[Finding]:
        if self.tls is not None and self.https is False:
            yield Finding(
                rule="exposure/https",
                at="https",
                problem="must not be False with tls=, because the ingress controller serves https",
                seen="False",
                fix="Remove https=, or remove tls=",
            )
        issuers = {
            (host.tls.issuer_kind, host.tls.issuer) for host in self.hosts if host.tls is not None and host.tls.issuer
        }
        if len(issuers) > 1:
            yield Finding(
                rule="exposure/issuer",
                at="more_hosts",
                problem="has another issuer than tls, and an Ingress has one issuer for all hosts",
                seen=", ".join(sorted(f"{kind} {name}" for kind, name in issuers)),
                fix="use the same issuer for all hosts",
            )
        for key in sorted(ISSUER_ANNOTATIONS.values()):
            if issuers and key in self.annotations:
                yield Finding(
                    rule="exposure/issuer",
                    at=f"annotations.{key}",
                    problem="conflicts with tls=, which sets an issuer too",
                    seen=show(self.annotations[key]),
                    fix="remove the annotation: tls=IngressTls(..., issuer=...) sets it",
                )
        yield from _repeated([host.name for host in self.hosts], "more_hosts")

    @property
    def base_url(self) -> str:
        """The URL that users open."""
        https = self.tls is not None if self.https is None else self.https
        return f"{'https' if https else 'http'}://{self.host}{self.path.rstrip('/')}"


@frozen(kw_only=False)
class ExistingGateway:
    """A Gateway that already exists.

    Args:
        name: the name of the Gateway, ``spec.parentRefs[].name`` of the HTTPRoute.
        namespace: its namespace. Default: the release's. A Gateway in another namespace must allow routes from there.
        listener: the name of one of its listeners. Default: all that match the host.
    """

    how_to_write: ClassVar[str] = 'ExistingGateway("public", namespace="gateways")'

    name: ObjectName
    namespace: Label | None = None
    listener: ObjectName | None = None


@frozen
class HttpRoute:
    """The UI is reachable by a host name through the Gateway API, over a ClusterIP Service. This library creates the HTTPRoute.

    Attributes:
        host: the host name of the UI, such as ``"airflow.example.com"``.
        gateway: the Gateway that the route is attached to. Its listeners have the certificates.
        https: whether users open the UI with https. Default: True; it only sets the base URL.
        more_hosts: additional host names for the UI; links still use ``host``.
    """

    how_to_write: ClassVar[str] = (
        'HttpRoute(host="airflow.example.com", gateway=ExistingGateway("public", namespace="gateways"))'
    )

    host: HostName
    gateway: ExistingGateway
    https: bool = True
    more_hosts: Sequence[HostName] = ()

    def _rules(self) -> Iterator[Finding]:
        yield from _repeated([self.host, *self.more_hosts], "more_hosts")

    @property
    def base_url(self) -> str:
        """The URL that users open."""
        return f"{'https' if self.https else 'http'}://{self.host}"


Exposure = ClusterIP | NodePort | LoadBalancer | Ingress | HttpRoute
"""A way to reach the UI."""


def _repeated(hosts: Sequence[str], at: str) -> Iterator[Finding]:
    for host in sorted({host for host in hosts if hosts.count(host) > 1}):
        yield Finding(
            rule="exposure/host-twice",
            at=at,
            problem="has the same host name twice",
            seen=repr(host),
            fix="list each host once",
        )
