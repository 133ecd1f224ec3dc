"""What Prometheus scrapes: ServiceMonitors and PodMonitors, or the scrape configuration of a Prometheus without operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from cdk8s_airflow.database.wire.settings import instance_labels
from cdk8s_airflow.monitoring.targets import Targets
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Scrape:
    """One set of endpoints.

    Attributes:
        id: the construct id of the monitor.
        job: the value of the label ``job``, and the name of the monitor.
        namespace: the namespace of the Service or of the pods, and of the monitor.
        service: whether endpoints of a Service are scraped. Otherwise pods.
        labels: the labels of the Service or of the pods.
        port: the name of the port.
        number: the number of a port that no container declares; with ``container``.
        container: the name of the container that listens on ``number``.
    """

    id: str
    job: str
    namespace: str
    service: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    port: str | None = None
    number: int | None = None
    container: str | None = None


def scrapes(targets: Targets) -> Iterator[Scrape]:
    """Everything that is scraped."""
    release = targets.release
    if release.statsd is not None:
        yield Scrape(
            id="statsd",
            job=release.statsd,
            namespace=release.namespace,
            service=True,
            labels=release.statsd_labels,
            port="statsd-scrape",
        )
    if release.collector_port is not None:
        yield Scrape(
            id="otel-collector",
            job=f"{release.release}-otel-collector",
            namespace=release.namespace,
            labels=release.collector_labels,
            number=release.collector_port,
            container="otel-collector",
        )
    if release.pgbouncer is not None:
        yield Scrape(
            id="pgbouncer",
            job=release.pgbouncer,
            namespace=release.namespace,
            labels=release.pgbouncer_labels,
            port="metrics",
        )
    if release.git_sync is not None:
        yield Scrape(
            id="git-sync",
            job=f"{release.release}-git-sync",
            namespace=release.namespace,
            labels=release.git_sync_labels,
            number=release.git_sync_port,
            container=release.git_sync,
        )
    for cluster in targets.clusters:
        if not cluster.scraped:
            yield Scrape(
                id=f"cluster-{cluster.name}",
                job=cluster.name,
                namespace=cluster.namespace,
                labels=instance_labels(cluster.name),
                port="metrics",
            )
    for pooler in targets.poolers:
        if not pooler.scraped:
            yield Scrape(
                id=f"pooler-{pooler.name}",
                job=pooler.name,
                namespace=pooler.namespace,
                labels={"cnpg.io/poolerName": pooler.name},
                port="metrics",
            )
    for store in targets.stores:
        yield Scrape(
            id=f"store-{store.name}",
            job=store.name,
            namespace=store.namespace,
            labels=store.labels,
            port="server-metrics",
        )


def monitor(scrape: Scrape, labels: Mapping[str, str], interval: str) -> dict[str, Any]:
    """The ServiceMonitor or PodMonitor of the Prometheus Operator."""
    endpoint: dict[str, Any] = {"interval": interval, "relabelings": _relabelings(scrape)}
    if scrape.port is not None:
        endpoint["port"] = scrape.port
    endpoints = "endpoints" if scrape.service else "podMetricsEndpoints"
    metadata: dict[str, Any] = {"name": scrape.job, "namespace": scrape.namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor" if scrape.service else "PodMonitor",
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": dict(scrape.labels)}, endpoints: [endpoint]},
    }


def _relabelings(scrape: Scrape) -> list[dict[str, Any]]:
    """The label ``job``, and the address where no container declares the port."""
    made: list[dict[str, Any]] = []
    if scrape.number is not None:
        made += [
            {"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_container_name"], "regex": scrape.container},
            *_address(scrape.number, "sourceLabels", "targetLabel"),
        ]
    return [*made, {"action": "replace", "targetLabel": "job", "replacement": scrape.job}]


def _address(number: int, source: str, target: str) -> list[dict[str, Any]]:
    """The pod's address with a port. An IPv6 address is in brackets."""
    return [
        {
            "action": "replace",
            source: ["__meta_kubernetes_pod_ip"],
            "regex": regex,
            target: "__address__",
            "replacement": made,
        }
        for regex, made in (
            (r"(\d+\.\d+\.\d+\.\d+)", f"$1:{number}"),
            ("([0-9a-fA-F:]*:[0-9a-fA-F:.]*)", f"[$1]:{number}"),
        )
    ]


def scrape_configs(targets: Targets, interval: str) -> list[dict[str, Any]]:
    """``scrape_configs`` for a Prometheus that runs in the cluster without the operator."""
    made: list[dict[str, Any]] = []
    for scrape in scrapes(targets):
        role = "endpoints" if scrape.service else "pod"
        prefix = f"__meta_kubernetes_{'service' if scrape.service else 'pod'}_label_"
        relabel: list[dict[str, Any]] = [
            {"action": "keep", "source_labels": [prefix + _label(key)], "regex": value}
            for key, value in scrape.labels.items()
        ]
        if scrape.number is not None:
            relabel.append(
                {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_name"], "regex": scrape.container}
            )
            relabel += _address(scrape.number, "source_labels", "target_label")
        else:
            name = (
                "__meta_kubernetes_endpoint_port_name"
                if scrape.service
                else "__meta_kubernetes_pod_container_port_name"
            )
            relabel.append({"action": "keep", "source_labels": [name], "regex": scrape.port})
        relabel += [
            {"source_labels": [f"__meta_kubernetes_{meta}"], "target_label": label}
            for meta, label in (("namespace", "namespace"), ("pod_name", "pod"))
        ]
        made.append(
            {
                "job_name": scrape.job,
                "scrape_interval": interval,
                "kubernetes_sd_configs": [{"role": role, "namespaces": {"names": [scrape.namespace]}}],
                "relabel_configs": relabel,
            }
        )
    return made


def _label(key: str) -> str:
    """A label key as Prometheus writes it in the name of a meta label."""
    return "".join(character if character.isalnum() else "_" for character in key)
