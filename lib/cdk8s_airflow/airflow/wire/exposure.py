"""How people reach the UI."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.exposure import ISSUER_ANNOTATIONS, Ingress
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.secrets import needs


def exposure_values(settings: ReleaseSettings) -> Tree:
    """The Service, and an Ingress whose host carries its own TLS entry."""
    dialect, ui = settings.dialect, settings.ui
    server = dialect.place("ui_server")
    service = nest(f"{server}.service.type", "ClusterIP")
    if not isinstance(ui, Ingress):
        return service
    host: Tree = {"name": ui.host}
    annotations = dict(ui.annotations)
    if ui.tls is not None:
        host["tls"] = {"enabled": True, "secretName": ui.tls.secret}
        if ui.tls.issuer is not None:
            annotations[ISSUER_ANNOTATIONS[ui.tls.issuer_kind]] = ui.tls.issuer
    ingress: Tree = {"enabled": True, "hosts": [host], "path": "/", "pathType": "Prefix"}
    if ui.class_name is not None:
        ingress["ingressClassName"] = ui.class_name
    if annotations:
        ingress["annotations"] = annotations
    return join(
        service,
        nest(dialect.place("ui_server.ingress"), ingress),
        nest(dialect.place("ui_server.base_url"), ui.base_url),
    )


def exposure_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The certificate, where nobody issues it."""
    namespace = settings.namespace
    if isinstance(settings.ui, Ingress) and settings.ui.tls is not None and settings.ui.tls.issuer is None:
        yield needs.pasted(
            settings.ui.tls.reference,
            namespace,
            f"the certificate of {settings.ui.host}",
            key="tls.key",
            plain={"tls.crt": "tls.crt"},
            awaited=False,
        )
