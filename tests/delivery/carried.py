"""The release that a delivery contains, read back from its output as its controller reads it."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cdk8s

from cdk8s_airflow import (
    AdminAccount,
    ArgoApplication,
    BasicAuthSecret,
    ClusterFacts,
    DagRepoSync,
    FluxRelease,
    GitTokenSecret,
    HelmCommand,
    Ingress,
    IngressTls,
    K3sHelmChart,
    Logs,
    Scheduler,
    Volume,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.delivery.delivery import Delivery
from tests.making import emitted, make_airflow, new_chart
from tests.truth import assert_accepted

DELIVERIES: Mapping[str, Delivery] = {
    "k3s": K3sHelmChart(),
    "k3s-structured": K3sHelmChart(values="structured"),
    "flux": FluxRelease(),
    "argo": ArgoApplication(),
    "helm": HelmCommand(),
}
"""All deliveries."""

FACTS = ClusterFacts(kubernetes="1.34", helm_controller="0.17.7", flux="2.8")


@dataclass(frozen=True, kw_only=True)
class Carried:
    """The arguments with which Helm, or Argo CD, renders the chart."""

    release: str
    namespace: str
    chart: str
    version: str
    timeout: str | None
    values: str | Mapping[str, Any]


def platform(delivery: Delivery, pair: tuple[str, str], **changes: Any) -> cdk8s.Chart:
    """A platform with the given delivery."""
    chart = new_chart("platform")
    settings: dict[str, Any] = {
        "release": "lab",
        "chart_version": pair[0],
        "airflow_version": pair[1],
        "dags": DagRepoSync(
            chart, "dags", repo="https://git.lab/dags.git", ref="main", credentials=GitTokenSecret("git-token")
        ),
        "logs": Logs.claim(Volume("5Gi", storage_class="fast")),
        "ui": Ingress(host="airflow.lab", class_name="nginx", tls=IngressTls("airflow-tls")),
        "scheduler": Scheduler(replicas=2),
        "admin": AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@lab.example"),
        "delivery": delivery,
        "facts": ClusterFacts(helm_controller="0.17.7", flux="2.8", rwx_classes={"fast"}),
        **changes,
    }
    make_airflow(chart, **settings)
    return chart


def carried(chart: cdk8s.Chart) -> Carried:
    """The release in the objects of a Chart and the files next to them."""
    manifests = emitted(chart)
    assert_accepted(manifests)
    (release,) = releases(manifests, registry_of(chart).files)
    return release


def releases(manifests: list[dict[str, Any]], files: Mapping[str, str]) -> list[Carried]:
    """Every Airflow release in the manifests and the files next to them."""
    found = []
    for manifest in manifests:
        if manifest["kind"] == "HelmChart" and manifest["spec"]["chart"].endswith("airflow"):
            found.append(_helm_chart(manifest))
        elif manifest["kind"] == "HelmRelease":
            found.append(_helm_release(manifest, manifests))
        elif manifest["kind"] == "Application":
            found.append(_application(manifest))
    return [*found, _files(files)] if any(name.endswith(".sh") for name in files) else found


def _helm_chart(manifest: Mapping[str, Any]) -> Carried:
    spec = manifest["spec"]
    return Carried(
        release=manifest["metadata"]["name"],
        namespace=spec["targetNamespace"],
        chart=f"{spec.get('repo', '')}/{spec['chart']}",
        version=spec["version"],
        timeout=spec["timeout"],
        values=spec.get("valuesContent") or spec["values"],
    )


def _helm_release(manifest: Mapping[str, Any], manifests: list[dict[str, Any]]) -> Carried:
    spec, home = manifest["spec"], manifest["metadata"]["namespace"]
    (source,) = spec["valuesFrom"]
    assert source["kind"] == "ConfigMap"
    texts = _one(manifests, "ConfigMap", home, source["name"])
    repository = _one(manifests, "HelmRepository", home, spec["chart"]["spec"]["sourceRef"]["name"])
    return Carried(
        release=spec["releaseName"],
        namespace=spec["targetNamespace"],
        chart=f"{repository['spec']['url']}/{spec['chart']['spec']['chart']}",
        version=spec["chart"]["spec"]["version"],
        timeout=spec["timeout"],
        values=texts["data"][source["valuesKey"]],
    )


def _one(manifests: list[dict[str, Any]], kind: str, namespace: str, name: str) -> dict[str, Any]:
    """The object with that kind, namespace and name."""
    (found,) = (
        each
        for each in manifests
        if (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) == (kind, namespace, name)
    )
    return found


def _application(manifest: Mapping[str, Any]) -> Carried:
    spec = manifest["spec"]
    return Carried(
        release=spec["source"]["helm"]["releaseName"],
        namespace=spec["destination"]["namespace"],
        chart=f"{spec['source']['repoURL']}/{spec['source']['chart']}",
        version=spec["source"]["targetRevision"],
        timeout=None,
        values=spec["source"]["helm"]["values"],
    )


def _files(files: Mapping[str, str]) -> Carried:
    script = next(text for name, text in files.items() if name.endswith(".sh"))
    values = next(text for name, text in files.items() if name.endswith(".yml"))
    command = shlex.split(re.sub(r"\\\n", " ", script), comments=True)
    options = dict(itertools.pairwise(command))
    return Carried(
        release=options["--install"],
        namespace=options["--namespace"],
        chart=f"{options['--repo']}/{command[command.index('--install') + 2]}",
        version=options["--version"],
        timeout=options["--timeout"],
        values=values,
    )
