"""How people reach the UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from cdk8s_airflow.checks import Finding, show
from cdk8s_airflow.checks.constraints import HostName, NonEmpty, ObjectName, SecretName, is_qualified_name
from cdk8s_airflow.secrets.contracts import TlsSecret

ISSUER_ANNOTATIONS: Mapping[str, str] = {
    "ClusterIssuer": "cert-manager.io/cluster-issuer",
    "Issuer": "cert-manager.io/issuer",
}
"""Kind of an issuer -> the annotation by which cert-manager finds it."""


@dataclass(frozen=True)
class Tls:
    """TLS for a host, with the certificate in a Secret of the release's namespace.

    Args:
        secret: the Secret's name; of type ``kubernetes.io/tls``.
        issuer: the cert-manager issuer that fills the Secret. Default: none; then somebody must make it.
        issuer_kind: ``"ClusterIssuer"`` (the default), or ``"Issuer"`` for one in the release's namespace.
    """

    how_to_write: ClassVar[str] = 'Tls("airflow-tls", issuer="homelab-ca")'

    secret: SecretName
    issuer: ObjectName | None = None
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"

    def _rules(self) -> Iterator[Finding]:
        if self.issuer is None and self.issuer_kind != "ClusterIssuer":
            yield Finding(
                rule="exposure/issuer",
                at="issuer_kind",
                problem="is the kind of an issuer, and no issuer is named",
                seen=repr(self.issuer_kind),
                fix='name it: issuer="...", or leave issuer_kind out',
            )

    @property
    def reference(self) -> TlsSecret:
        """The Secret by its contract."""
        return TlsSecret(self.secret)


@dataclass(frozen=True)
class ClusterIP:
    """Reached from inside the cluster, or by ``kubectl port-forward``."""

    how_to_write: ClassVar[str] = "ClusterIP()"


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """Reached by a host name through an ingress controller, over a ClusterIP Service.

    The base URL that Airflow puts into links follows from it: ``https://`` with TLS, ``http://`` without.

    Attributes:
        host: the host name.
        class_name: the ingress class, like ``"nginx"`` or ``"traefik"``. Default: the cluster's default class.
        tls: the certificate. Default: none, plain http.
        annotations: further annotations, as the ingress controller reads them.
    """

    how_to_write: ClassVar[str] = 'Ingress(host="airflow.example.com", class_name="nginx", tls=Tls("airflow-tls"))'

    host: HostName
    class_name: ObjectName | None = None
    tls: Tls | None = None
    annotations: Mapping[NonEmpty, str] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        if self.tls is not None and self.tls.issuer is not None:
            for key in sorted(ISSUER_ANNOTATIONS.values()):
                if key in self.annotations:
                    yield Finding(
                        rule="exposure/issuer",
                        at=f"annotations.{key}",
                        problem="names an issuer, and so does tls",
                        seen=show(self.annotations[key]),
                        fix="leave the annotation out: it is written for tls=Tls(..., issuer=...)",
                    )
        for key in sorted(self.annotations):
            if not is_qualified_name(key):
                yield Finding(
                    rule="argument/name",
                    at=f"annotations.{key}",
                    problem="is not a key that an annotation can have",
                    seen=show(key),
                    fix='write it like "nginx.ingress.kubernetes.io/proxy-body-size"',
                )

    @property
    def base_url(self) -> str:
        """The URL people type."""
        return f"{'https' if self.tls else 'http'}://{self.host}"
