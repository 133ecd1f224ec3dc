"""Helm releases among the objects, for every delivery: k3s, Flux, Argo CD, or the Helm command."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdk8s_airflow.plan.manifest import HELM_COMMAND, Manifest, Platform, parse
from cdk8s_airflow.plan.tree import Path

_ARCHIVE = re.compile(r"-v?\d+(?:\.\d+)*[\w.+-]*\.tgz$")


@dataclass(frozen=True, eq=False)
class Release:
    """One Helm release.

    Attributes:
        manifest: the object that delivers it.
        name: the name of the release.
        namespace: the namespace that it is installed into.
        chart: the name of the chart, without its repository: ``airflow``.
        version: the version of the chart; empty if none is pinned.
        repository: where the chart comes from.
        values: the values, as a document.
        at: the path of the values in the object.
        values_from: ConfigMaps that hold the values, by namespace and name.
        failure_policy: what happens with a release that failed, in the words of the controller; empty if there is no choice.
    """

    manifest: Manifest
    name: str
    namespace: str
    chart: str
    version: str
    repository: str
    values: Mapping[str, Any]
    at: Path
    values_from: tuple[tuple[str, str], ...] = ()
    failure_policy: str = ""

    @property
    def is_airflow(self) -> bool:
        """Whether it is a release of the Airflow chart."""
        return self.chart == "airflow"

    @functools.cached_property
    def document(self) -> dict[str, Any]:
        """What rules on releases look at: ``release`` with what is written above, ``values`` with embedded texts opened."""
        return {
            "release": {
                "name": self.name, "namespace": self.namespace, "version": self.version, "repository": self.repository,
                "failurePolicy": self.failure_policy,
            },
            "values": opened_values(self.values),
        }  # fmt: skip


def opened_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with the YAML texts opened that the chart's templates read as YAML."""
    opened = dict(values)
    for key in ("podTemplate", "extraEnv", "extraEnvFrom"):
        if isinstance(opened.get(key), str):
            opened[key] = parse(opened[key])
    return opened


@functools.lru_cache(maxsize=4096)
def release_of(manifest: Manifest, platform: Platform) -> Release | None:
    """The release that an object delivers; None if it delivers none.

    Args:
        manifest: the object.
        platform: the platform, for objects that hold the values.
    """
    if manifest.kind == "HelmChart" and manifest.group == "helm.cattle.io":
        return _k3s(manifest)
    if manifest.kind == "HelmRelease" and manifest.group == "helm.toolkit.fluxcd.io":
        return _flux(manifest, platform)
    if manifest.kind == "Application" and manifest.group == "argoproj.io":
        return _argo(manifest)
    if manifest.kind == HELM_COMMAND:
        return _helm(manifest)
    return None


def _k3s(manifest: Manifest) -> Release:
    spec = manifest.spec
    text = spec.get("valuesContent")
    structured = spec.get("values")
    at: Path = ("spec", "valuesContent") if text or not structured else ("spec", "values")
    return Release(
        manifest=manifest,
        name=manifest.name,
        namespace=str(spec.get("targetNamespace") or manifest.namespace),
        chart=_chart(spec.get("chart")),
        version=str(spec.get("version") or ""),
        repository=str(spec.get("repo") or spec.get("chart") or ""),
        values=_merged(_mapping(text), _mapping(structured)),
        at=at,
        failure_policy=str(spec.get("failurePolicy") or "reinstall"),
    )


def _flux(manifest: Manifest, platform: Platform) -> Release:
    spec = manifest.spec
    chart = _mapping(_mapping(spec.get("chart")).get("spec"))
    values: Mapping[str, Any] = {}
    sources = []
    for entry in spec.get("valuesFrom") or ():
        if not isinstance(entry, Mapping) or entry.get("kind") != "ConfigMap":
            continue
        config = platform.find("ConfigMap", manifest.namespace, str(entry.get("name")))
        if config is None:
            continue
        text = _mapping(config.body.get("data")).get(entry.get("valuesKey") or "values.yaml")
        values = _merged(values, _mapping(text))
        sources.append((config.namespace, config.name))
    inline = _mapping(spec.get("values"))
    strategy = _mapping(_mapping(spec.get("upgrade")).get("strategy")).get("name")
    remediation = _mapping(_mapping(spec.get("install")).get("remediation"))
    policy = str(strategy or ("reinstall" if remediation.get("retries") else ""))
    target = str(spec.get("targetNamespace") or "")
    return Release(
        manifest=manifest,
        name=str(spec.get("releaseName") or (f"{target}-{manifest.name}" if target else manifest.name)),
        namespace=target or manifest.namespace,
        chart=_chart(chart.get("chart")),
        version=str(chart.get("version") or ""),
        repository=_flux_repository(manifest, chart, platform),
        values=_merged(values, inline),
        at=("spec", "valuesFrom") if sources and not inline else ("spec", "values"),
        values_from=tuple(sources),
        failure_policy=policy,
    )


def _flux_repository(manifest: Manifest, chart: Mapping[str, Any], platform: Platform) -> str:
    source = _mapping(chart.get("sourceRef"))
    namespace = str(source.get("namespace") or manifest.namespace)
    found = platform.find(str(source.get("kind")), namespace, str(source.get("name")))
    return str(found.spec.get("url") or "") if found else f"{source.get('kind')} {namespace}/{source.get('name')}"


def _argo(manifest: Manifest) -> Release | None:
    spec = manifest.spec
    sources = [spec.get("source"), *(spec.get("sources") or ())]
    for position, source in enumerate(sources):
        if not isinstance(source, Mapping) or not source.get("chart"):
            continue
        helm = _mapping(source.get("helm"))
        field = "values" if helm.get("values") else "valuesObject"
        within: Path = ("spec", "source") if position == 0 else ("spec", "sources", f"[{position - 1}]")
        return Release(
            manifest=manifest,
            name=str(helm.get("releaseName") or manifest.name),
            namespace=str(_mapping(spec.get("destination")).get("namespace") or ""),
            chart=_chart(source.get("chart")),
            version=str(source.get("targetRevision") or ""),
            repository=str(source.get("repoURL") or ""),
            values=_merged(_mapping(helm.get("values")), _mapping(helm.get("valuesObject"))),
            at=(*within, "helm", field),
        )
    return None


def _helm(manifest: Manifest) -> Release:
    spec = manifest.spec
    return Release(
        manifest=manifest,
        name=manifest.name,
        namespace=manifest.namespace,
        chart=_chart(spec.get("chart")),
        version=str(spec.get("version") or ""),
        repository=str(spec.get("repo") or spec.get("chart") or ""),
        values=_mapping(spec.get("values")),
        at=("spec", "values"),
    )


def _chart(value: Any) -> str:
    """The name of a chart, of which there may be only the URL of a registry or archive."""
    return _ARCHIVE.sub("", str(value or "").rstrip("/").rpartition("/")[2])


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = parse(value)
    return value if isinstance(value, Mapping) else {}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """Helm's merge: mappings are merged, everything else is replaced."""
    if not over:
        return base
    if not base:
        return over
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged
