"""Metrics of cert-manager, of a ``CnpgPooler`` and of the kubelet's volumes are those that alerts and dashboards use."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import HelmCommand
from cdk8s_airflow.monitoring.metrics import METRICS, MetricSource
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.kubectl import KubectlError
from tests.cluster.kit.lacking import skip_without_definition, wait_for_deployment_or_skip
from tests.cluster.kit.platform import TEST_LABEL
from tests.cluster.platforms import homelab
from tests.monitoring.list_metrics import metrics_of_scrape, recorded_metrics

SCRAPES = "CDK8S_AIRFLOW_SCRAPES"
NAMESPACE = "cdk8s-airflow-metrics"
VOLUME = "cdk8s-airflow-metrics"
POOLER = "airflow-pg-pooler"
DAYS = 90
"""How long cert-manager's certificates are valid by default."""


def scrape(kubectl: Kubectl, path: str) -> str:
    """What a program serves to Prometheus, through the API server.

    Args:
        kubectl: the cluster.
        path: the program: ``namespaces/NAMESPACE/pods/POD:PORT`` or ``nodes/NODE``.
    """
    return kubectl.run("get", "--raw", f"/api/v1/{path}/proxy/metrics").stdout


def value(text: str, metric: str, **labels: str) -> float | None:
    """The value of the only sample with these labels; None if there is no such sample."""
    found = [
        float(number)
        for found_labels, number in re.findall(rf"^{metric}\{{(.*)\}} (\S+)", text, re.MULTILINE)
        if all(f'{name}="{expected}"' in found_labels for name, expected in labels.items())
    ]
    assert len(found) < 2, found
    return found[0] if found else None


def wait_for_value(sample: Callable[[], float | None], seconds: int) -> float:
    """Wait until a sample exists and is not 0.

    Raises:
        KubectlError: if it is not in time.
    """
    end = time.monotonic() + seconds
    while not (found := sample()):
        if time.monotonic() > end:
            raise KubectlError(f"the sample is {found} after {seconds} s")
        time.sleep(1)
    return found


def check_metrics(text: str, source: MetricSource, prefix: str) -> None:
    """Check that a program serves the metrics of the list with the labels that were recorded.

    Args:
        text: what the program serves.
        source: the source of the metrics.
        prefix: the first letters of their names.
    """
    served, recorded = metrics_of_scrape(text), recorded_metrics()
    if SCRAPES in os.environ:
        lines = [" ".join([name, *sorted(served[name])]) for name in sorted(served) if name.startswith(prefix)]
        Path(os.environ[SCRAPES], f"{source}-{prefix}.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    expected = [name for name, metric in METRICS.items() if metric.source == source and name.startswith(prefix)]
    assert expected
    assert set(expected) <= served.keys(), "metrics are not served"
    missing = {name: recorded.get(name, set()) - served[name] for name in expected}
    assert not any(missing.values()), f"metrics have lost labels: {missing}"


@contextmanager
def objects(kubectl: Kubectl, *manifests: Mapping[str, Any]) -> Iterator[None]:
    """Objects in a namespace of their own; both are deleted at the end."""
    if kubectl.exists("namespace", NAMESPACE):
        raise KubectlError(f"the cluster has a namespace {NAMESPACE} already, which a test must not touch")
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    try:
        kubectl.run("create", "namespace", NAMESPACE)
        kubectl.run("label", "namespace", NAMESPACE, f"{TEST_LABEL}=metrics")
        kubectl.run("apply", "--server-side", "--validate=strict", "-f", "-", input=text)
        yield
    finally:
        kubectl.run("delete", "--ignore-not-found", "-f", "-", "--timeout=2m", input=text, timeout=150)
        kubectl.run("delete", "namespace", "--ignore-not-found", NAMESPACE, "--timeout=2m", timeout=150)


def manifest(kind: str, version: str, spec: Mapping[str, Any], name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    """An object."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def test_cert_manager_serves_the_expiry_of_a_certificate(kubectl: Kubectl) -> None:
    skip_without_definition(kubectl, "certificaterequests.cert-manager.io", "cert-manager")
    labels = "app.kubernetes.io/name=cert-manager,app.kubernetes.io/component=controller"
    pods = kubectl.items("pods", "-A", "-l", labels)
    if not pods:
        pytest.skip(f"the cluster does not have cert-manager: there is no pod with the labels {labels}")
    metadata = pods[0]["metadata"]
    controller = f"namespaces/{metadata['namespace']}/pods/{metadata['name']}:9402"
    issuer = manifest("Issuer", "cert-manager.io/v1", {"selfSigned": {}}, "ui")
    spec = {"secretName": "ui-tls", "dnsNames": ["airflow.example.com"], "issuerRef": {"name": "ui"}}
    certificate = manifest("Certificate", "cert-manager.io/v1", spec, "ui")
    with objects(kubectl, issuer, certificate):
        start = time.monotonic()
        kubectl.run("-n", NAMESPACE, "wait", "certificate/ui", "--for=condition=Ready", "--timeout=60s", timeout=90)
        print(f"certificate issued: {time.monotonic() - start:.0f} s")
        metric = "certmanager_certificate_expiration_timestamp_seconds"
        # The label `namespace` is that of the certificate, not that of cert-manager.
        expiry = wait_for_value(
            lambda: value(scrape(kubectl, controller), metric, namespace=NAMESPACE, name="ui"), seconds=30
        )
        assert abs(expiry - time.time() - DAYS * 86400) < 300
        check_metrics(scrape(kubectl, controller), "cert-manager", "certmanager_")


def test_kubelet_serves_the_size_of_a_volume(kubectl: Kubectl) -> None:
    """The kubelet has figures of a ``local`` volume, and none of ``hostPath``."""
    node = next(
        each["metadata"]["labels"]["kubernetes.io/hostname"]
        for each in kubectl.items("nodes")
        if not each["spec"].get("unschedulable") and not each["spec"].get("taints")
    )
    affinity = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    size = {"storage": "1Mi"}
    volume = {
        "capacity": size,
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": NAMESPACE, "name": "logs"},
        "local": {"path": "/tmp"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [affinity]}},
    }
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "volumeName": VOLUME,
        "resources": {"requests": size},
    }
    container = {
        "name": "idle",
        "image": "registry.k8s.io/pause:3.10",
        "volumeMounts": [{"name": "logs", "mountPath": "/logs", "readOnly": True}],
    }
    pod = {
        "containers": [container],
        "volumes": [{"name": "logs", "persistentVolumeClaim": {"claimName": "logs"}}],
        "terminationGracePeriodSeconds": 1,
    }
    with objects(
        kubectl,
        manifest("PersistentVolume", "v1", volume, VOLUME, namespace=""),
        manifest("PersistentVolumeClaim", "v1", claim, "logs"),
        manifest("Pod", "v1", pod, "idle"),
    ):
        kubectl.run("-n", NAMESPACE, "wait", "pod/idle", "--for=condition=Ready", "--timeout=60s", timeout=90)
        found = kubectl.get("pod", "idle", "-n", NAMESPACE)["spec"]["nodeName"]
        labels = {"namespace": NAMESPACE, "persistentvolumeclaim": "logs"}

        def sample(metric: str) -> float | None:
            return value(scrape(kubectl, f"nodes/{found}"), metric, **labels)

        start = time.monotonic()
        capacity = wait_for_value(lambda: sample("kubelet_volume_stats_capacity_bytes"), seconds=150)
        print(f"size of the volume is served: {time.monotonic() - start:.0f} s")
        assert 0 < (sample("kubelet_volume_stats_available_bytes") or 0) <= capacity
        check_metrics(scrape(kubectl, f"nodes/{found}"), "kubelet", "kubelet_volume_stats_")


@pytest.fixture
def pooled(runner: PlatformRunner, tmp_path: Path) -> Iterator[Platform]:
    """The database of main.py's platform with a pooler that opens one session, without a release."""
    app = homelab("kubernetes", pooler={"pool_size": 1}, release={"delivery": HelmCommand()}).app
    with runner.platform(app, tmp_path, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        wait_for_deployment_or_skip(platform, "airflow-data", POOLER, f"cnpg.io/poolerName={POOLER}")
        yield platform


def test_pooler_serves_clients_that_wait(pooled: Platform) -> None:
    kubectl = pooled.kubectl
    (pod,) = kubectl.items("pods", "-n", "airflow-data", "-l", f"cnpg.io/poolerName={POOLER}")
    pooler = f"namespaces/airflow-data/pods/{pod['metadata']['name']}:9127"
    query = f'psql "host={POOLER} user=airflow dbname=airflow" -c "select pg_sleep(60)" </dev/null >/dev/null 2>&1 &'
    password = "IFS= read -r PGPASSWORD; export PGPASSWORD"
    secret = kubectl.run(
        "-n",
        "airflow-data",
        "get",
        "secret",
        "airflow-pg-credentials",
        "-o",
        "go-template={{.data.password|base64decode}}",
    ).stdout
    with pooled.explained():
        kubectl.run(
            "-n", "airflow-data", "exec", "-i", "airflow-pg-1", "-c", "postgres", "--",
            "sh", "-c", f"{password}; {query} {query}", input=f"{secret}\n",
        )  # fmt: skip
        labels = {"database": "airflow", "user": "airflow"}

        def sample(metric: str) -> float | None:
            return value(scrape(kubectl, pooler), metric, **labels)

        assert wait_for_value(lambda: sample("cnpg_pgbouncer_pools_cl_waiting"), seconds=30) == 1
        assert sample("cnpg_pgbouncer_pools_cl_active") == 1
        check_metrics(scrape(kubectl, pooler), "cloudnative-pg", "cnpg_pgbouncer_")
    print({what: seconds for what, seconds in pooled.seconds.items() if seconds > 5})


def test_value_is_that_of_the_sample_with_these_labels() -> None:
    text = 'm{a="1",b="2"} 3\nm{a="2",b="2"} 4e+01\nmore{a="1"} 5\n'
    assert value(text, "m", a="1") == 3
    assert value(text, "m", b="2", a="2") == 40
    assert value(text, "m", a="3") is None
    with pytest.raises(AssertionError):
        value(text, "m", b="2")


def test_metric_that_is_not_served_or_has_lost_a_label_is_reported() -> None:
    pools = ("cnpg_pgbouncer_pools_cl_active", "cnpg_pgbouncer_pools_cl_waiting")
    samples = [f'{name}{{database="airflow",user="airflow"}} 1\n' for name in pools]
    check_metrics("".join(samples), "cloudnative-pg", "cnpg_pgbouncer_")
    with pytest.raises(AssertionError, match="not served"):
        check_metrics(samples[0], "cloudnative-pg", "cnpg_pgbouncer_")
    with pytest.raises(AssertionError, match="lost labels"):
        check_metrics("".join(samples).replace('user="airflow"', 'role="airflow"'), "cloudnative-pg", "cnpg_pgbouncer_")
