"""References between the objects of a release, the chart's and ours, and which of them lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.helm.rendering import Pod, Rendered

Manifest = Mapping[str, Any]

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
_SCALED = ("HorizontalPodAutoscaler", "ScaledObject")


def dangling(rendered: Rendered, ours: Iterable[Manifest] = ()) -> set[str]:
    """Every reference of a rendered release that leads to nothing, as text.

    Args:
        rendered: what the chart renders.
        ours: the objects of the platform next to it.
    """
    manifests = [*rendered.manifests, *ours]
    return {
        *_services(rendered, manifests),
        *_selectors(rendered, manifests),
        *_backends(manifests),
        *_accounts(rendered, manifests),
        *_mounts(rendered),
        *_sources(rendered, manifests),
        *_scaled(manifests),
        *_addresses(rendered, manifests),
    }


def _named(manifests: Iterable[Manifest], *kinds: str) -> dict[str, Manifest]:
    return {str(each["metadata"]["name"]): each for each in manifests if each["kind"] in kinds}


def _matching(pods: Iterable[Pod], labels: Mapping[str, str]) -> list[Pod]:
    return [pod for pod in pods if labels.items() <= pod.labels.items()]


def _services(rendered: Rendered, manifests: list[Manifest]) -> Iterator[str]:
    """Services without pods, and ports of Services that no container of those pods has."""
    for name, service in _named(manifests, "Service").items():
        spec = service["spec"]
        pods = _matching(rendered.pods, spec.get("selector") or {})
        if not pods:
            yield f"Service/{name}: no pod has its labels"
            continue
        ports = {
            each
            for pod in pods
            for container in pod.containers
            for port in container.spec.get("ports") or []
            for each in (port.get("name"), port["containerPort"])
        }
        for port in spec["ports"]:
            target = port.get("targetPort", port["port"])
            if target not in ports:
                yield f"Service/{name}: port {target} is no port of its pods"


def _selectors(rendered: Rendered, manifests: list[Manifest]) -> Iterator[str]:
    for name, budget in _named(manifests, "PodDisruptionBudget", "NetworkPolicy").items():
        selector = budget["spec"].get("selector") or budget["spec"].get("podSelector") or {}
        if not _matching(rendered.pods, selector.get("matchLabels") or {}):
            yield f"{budget['kind']}/{name}: no pod has its labels"
    for kind in _WORKLOADS[:3]:
        for name, workload in _named(manifests, kind).items():
            labels = workload["spec"]["selector"].get("matchLabels") or {}
            pod = workload["spec"]["template"]["metadata"].get("labels") or {}
            if not labels.items() <= pod.items():
                yield f"{kind}/{name}: its selector is not that of its pods"


def _backends(manifests: list[Manifest]) -> Iterator[str]:
    services = _named(manifests, "Service")

    def missing(name: str, port: Any) -> bool:
        ports = {
            each for port_ in services.get(name, {"spec": {"ports": []}})["spec"]["ports"] for each in port_.values()
        }
        return port not in ports

    for name, ingress in _named(manifests, "Ingress").items():
        for rule in ingress["spec"].get("rules") or []:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                port = backend["port"].get("name", backend["port"].get("number"))
                if missing(backend["name"], port):
                    yield f"Ingress/{name}: there is no Service {backend['name']} with port {port}"
    for name, route in _named(manifests, "HTTPRoute").items():
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                if missing(backend["name"], backend["port"]):
                    yield f"HTTPRoute/{name}: there is no Service {backend['name']} with port {backend['port']}"


def _accounts(rendered: Rendered, manifests: list[Manifest]) -> Iterator[str]:
    accounts = {"default", *_named(manifests, "ServiceAccount")}
    for pod in rendered.pods:
        name = pod.spec.get("serviceAccountName", "default")
        if name not in accounts:
            yield f"{pod.where}: there is no ServiceAccount {name}"
    roles = {*_named(manifests, "Role", "ClusterRole")}
    for name, binding in _named(manifests, "RoleBinding", "ClusterRoleBinding").items():
        if binding["roleRef"]["name"] not in roles and not binding["roleRef"]["name"].startswith("system:"):
            yield f"{binding['kind']}/{name}: there is no {binding['roleRef']['kind']} {binding['roleRef']['name']}"
        for subject in binding.get("subjects") or []:
            if subject["kind"] == "ServiceAccount" and subject["name"] not in accounts:
                yield f"{binding['kind']}/{name}: there is no ServiceAccount {subject['name']}"


def _mounts(rendered: Rendered) -> Iterator[str]:
    for pod in rendered.pods:
        volumes = {volume["name"] for volume in pod.spec.get("volumes") or []}
        volumes |= {
            claim["metadata"]["name"]
            for workload in rendered.find("StatefulSet", pod.name)
            for claim in workload["spec"].get("volumeClaimTemplates") or []
        }
        for container in pod.containers:
            for mount in container.spec.get("volumeMounts") or []:
                if mount["name"] not in volumes:
                    yield f"{container.where}: there is no volume {mount['name']}"


def _sources(rendered: Rendered, manifests: list[Manifest]) -> Iterator[str]:
    """ConfigMaps and Secrets that pods name; those that a user creates are the same before and after.

    Variables are identified by the name of their source, so that one more container with the same variables is no difference.
    """
    config_maps, secrets = _named(manifests, "ConfigMap"), _named(manifests, "Secret")
    for pod in rendered.pods:
        for volume in pod.spec.get("volumes") or []:
            if "configMap" in volume and volume["configMap"]["name"] not in config_maps:
                yield f"{pod.where}: there is no ConfigMap {volume['configMap']['name']}"
            if "secret" in volume and volume["secret"]["secretName"] not in secrets:
                yield f"{pod.where}: there is no Secret {volume['secret']['secretName']}"
        for container in pod.containers:
            for entry in container.env_entries:
                for kind, there in (("secretKeyRef", secrets), ("configMapKeyRef", config_maps)):
                    source = (entry.get("valueFrom") or {}).get(kind)
                    if source is not None and source["name"] not in there:
                        yield f"{kind} {source['name']} is not of this release"
            for entry in container.spec.get("envFrom") or []:
                for kind, there in (("secretRef", secrets), ("configMapRef", config_maps)):
                    if kind in entry and entry[kind]["name"] not in there:
                        yield f"{kind} {entry[kind]['name']} is not of this release"


def _scaled(manifests: list[Manifest]) -> Iterator[str]:
    for name, scaler in _named(manifests, *_SCALED).items():
        target = scaler["spec"]["scaleTargetRef"]
        if target["name"] not in _named(manifests, target.get("kind", "Deployment")):
            yield f"{scaler['kind']}/{name}: there is no {target.get('kind', 'Deployment')} {target['name']}"


def _addresses(rendered: Rendered, manifests: list[Manifest]) -> Iterator[str]:
    """Addresses of Services in airflow.cfg, in variables and on command lines."""
    services = _named(manifests, "Service")
    pattern = re.compile(rf"\b({re.escape(rendered.release)}-[a-z][a-z0-9-]*?)(?:\.[a-z0-9.-]+)?:(\d+)\b")
    texts = [
        str(value) for each in manifests if each["kind"] == "ConfigMap" for value in (each.get("data") or {}).values()
    ]
    texts += [
        str(entry.get("value", ""))
        for pod in rendered.pods
        for container in pod.containers
        for entry in container.env_entries
    ]
    for name, port in {match for text in texts for match in pattern.findall(text)}:
        ports = {str(each["port"]) for each in services.get(name, {"spec": {"ports": []}})["spec"]["ports"]}
        if port not in ports:
            yield f"{name}:{port} is not the address of a Service"
    for section, option in (("metrics", "statsd_host"),):
        config = rendered.airflow_cfg
        if config.has_option(section, option) and config.get(section, "statsd_on", fallback="False") == "True":
            host = config.get(section, option).partition(".")[0]
            if host.startswith(f"{rendered.release}-") and host not in services:
                yield f"{section}.{option}: there is no Service {host}"


__all__ = ["dangling"]
