"""The certificates of a Cluster that it does not generate itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.secret_reference import ExistingSecret, SecretKey, TlsSecret


def certificate_spec(settings: ClusterSettings) -> dict[str, Any]:
    """The part of the Cluster's ``spec`` with certificates."""
    given = settings.certificates
    if given is None:
        return {}
    fields = {
        "serverTLSSecret": _named(given.server),
        "serverCASecret": _named(given.server_ca),
        "clientCASecret": _named(given.client_ca),
        "replicationTLSSecret": _named(given.replication),
        "serverAltDNSNames": list(given.names),
    }
    return {"certificates": {key: value for key, value in fields.items() if value}}


def authority_secret(settings: ClusterSettings) -> str:
    """The Secret with the CA that signs the certificate of the server."""
    certificates = settings.certificates
    given = None if certificates is None else _named(certificates.server_ca)
    return given or f"{settings.name}-ca"


def certificate_needs(settings: ClusterSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets with certificates and keys."""
    given = settings.certificates
    if given is None:
        return
    for ref, whose in ((given.server, "clients see"), (given.replication, "instances follow the writer with")):
        if ref is not None:
            yield needs.pasted(
                ref,
                settings.namespace,
                f"the certificate that {whose}, in Cluster {settings.name}",
                key="tls.key",
                plain={"tls.crt": "tls.crt"},
                awaited=False,
            )
    for authority, whom in ((given.server_ca, "the server"), (given.client_ca, "clients")):
        if authority is not None:
            key = SecretKey(authority.name, "ca.crt")
            yield needs.authority(key, settings.namespace, f"the CA of {whom} of Cluster {settings.name}")
    if given.client_ca is not None and given.replication is None:
        yield needs.free_key(
            SecretKey(given.client_ca.name, "ca.key"),
            settings.namespace,
            f"signs the certificates of clients of Cluster {settings.name}",
            content="the private key of the CA, in PEM",
            source="cat ca.key",
        )


def _named(ref: ExistingSecret | TlsSecret | None) -> str | None:
    return None if ref is None else ref.name
