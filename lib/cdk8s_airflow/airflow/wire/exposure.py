"""How users reach the UI: Service, Ingress, HTTPRoute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.exposure import (
    ISSUER_ANNOTATIONS,
    ClusterIP,
    HttpRoute,
    Ingress,
    LoadBalancer,
    NodePort,
)
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, config_option
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.validation import Finding

SERVER_PORT = CHART_PORTS["apiServer"]
"""The port of the UI's Service; the chart's ``ports.airflowUI`` and ``ports.apiServer``."""


def exposure_values(settings: ReleaseSettings) -> Tree:
    """The Service, and the Ingress if there is one."""
    dialect, ui = settings.dialect, settings.ui
    return join(
        nest(f"{dialect.place('ui_server')}.service", _service(settings)),
        nest(dialect.place("ui_server.ingress"), _ingress(ui)) if isinstance(ui, Ingress) else {},
    )


def exposure_config(settings: ReleaseSettings) -> ConfigOptions:
    """The URL that users open."""
    base_url = settings.ui.base_url
    return {} if base_url is None else config_option(settings.dialect.place("ui_server.base_url"), base_url)


def _service(settings: ReleaseSettings) -> Tree:
    ui = settings.ui
    if isinstance(ui, NodePort):
        service: Tree = {"type": "NodePort"}
        if ui.port is not None:
            service["ports"] = [{"name": settings.dialect.ui_port, "port": SERVER_PORT, "nodePort": ui.port}]
        return service
    if isinstance(ui, LoadBalancer):
        service = {"type": "LoadBalancer"}
        if ui.source_ranges:
            service["loadBalancerSourceRanges"] = list(ui.source_ranges)
        if ui.annotations:
            service["annotations"] = dict(ui.annotations)
        return service
    return {"type": "ClusterIP"}


def _ingress(ui: Ingress) -> Tree:
    """The hosts with their TLS entries. The chart refuses a separate list of TLS entries."""
    hosts = []
    annotations = dict(ui.annotations)
    for host in ui.hosts:
        entry: Tree = {"name": host.name}
        if host.tls is not None:
            entry["tls"] = {"enabled": True, "secretName": host.tls.secret}
            if host.tls.issuer is not None:
                annotations[ISSUER_ANNOTATIONS[host.tls.issuer_kind]] = host.tls.issuer
        hosts.append(entry)
    ingress: Tree = {"enabled": True, "hosts": hosts, "path": ui.path, "pathType": "Prefix"}
    if ui.class_name is not None:
        ingress["ingressClassName"] = ui.class_name
    if annotations:
        ingress["annotations"] = annotations
    return ingress


def exposure_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The HTTPRoute. The chart has no template for it. Source: gateway.networking.k8s.io/v1."""
    ui = settings.ui
    if not isinstance(ui, HttpRoute):
        return {}
    # The API server adds the same defaults. Set here, they are no difference in a later comparison.
    parent: dict[str, Any] = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": ui.gateway.name}
    if ui.gateway.namespace is not None:
        parent["namespace"] = ui.gateway.namespace
    if ui.gateway.listener is not None:
        parent["sectionName"] = ui.gateway.listener
    service = f"{settings.release}-{settings.dialect.ui_server}"
    backend = {"group": "", "kind": "Service", "name": service, "port": SERVER_PORT, "weight": 1}
    match = {"path": {"type": "PathPrefix", "value": "/"}}
    return {
        "route": {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": settings.release, "namespace": settings.namespace},
            "spec": {
                "parentRefs": [parent],
                "hostnames": [ui.host, *ui.more_hosts],
                "rules": [{"matches": [match], "backendRefs": [backend]}],
            },
        }
    }


def exposure_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the server does not answer its probes at the path."""
    ui = settings.ui
    if not settings.dialect.has("ui_server.probes_ignore_base_url"):
        return
    at, path = "", "/"
    if isinstance(ui, Ingress):
        at, path = "ui.path", ui.path
    elif isinstance(ui, (ClusterIP, NodePort, LoadBalancer)) and ui.base_url is not None:
        at, path = "ui.base_url", "/" + ui.base_url.partition("://")[2].partition("/")[2]
    if path != "/":
        yield Finding(
            rule="exposure/sub-path",
            at=at,
            problem="is not supported with Airflow 3: the chart probes its server without the path, so it would never be ready",
            seen=repr(path),
            fix='use path="/" and a separate host name for Airflow',
        )


def exposure_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The certificates that no issuer creates."""
    if not isinstance(settings.ui, Ingress):
        return
    for host in settings.ui.hosts:
        if host.tls is not None and host.tls.issuer is None:
            yield needs.pasted(
                host.tls.reference,
                settings.namespace,
                f"the certificate of {host.name}",
                key="tls.key",
                plain={"tls.crt": "tls.crt"},
                awaited=False,
            )


EXPOSURE = Concept(
    values=exposure_values, config=exposure_config, objects=exposure_objects, rules=exposure_rules, needs=exposure_needs
)
"""Access to the UI."""
