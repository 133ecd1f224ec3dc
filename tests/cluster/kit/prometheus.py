"""A Prometheus in the cluster, with the files that ``Monitoring(operator=False)`` writes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import yaml

from tests.cluster.kit.kubectl import Kubectl, KubectlError
from tests.cluster.kit.lacking import wait_for_pod_or_skip

NAMESPACE = "cdk8s-airflow-prometheus"
LABELS = {"app": "prometheus"}
_PORT = 9090
_INTERVAL = "5s"


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    kubectl: Kubectl

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each sample of an expression."""
        found = self._get(f"query?query={quote(expression, safe='')}")["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def firing(self) -> dict[str, dict[str, str]]:
        """Name of an alert that fires -> its labels."""
        alerts = self._get("alerts")["alerts"]
        return {each["labels"]["alertname"]: each["labels"] for each in alerts if each["state"] == "firing"}

    def wait(self, condition: Callable[[], Any], what: str, seconds: int = 120) -> Any:
        """Wait until a condition is true; its value.

        Raises:
            KubectlError: if it is not true in time.
        """
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise KubectlError(f"{what}: not within {seconds} s; firing: {self.firing()}")
            time.sleep(1)
        return found

    def _get(self, path: str) -> Any:
        server = f"/api/v1/namespaces/{NAMESPACE}/pods/prometheus:{_PORT}/proxy/api/v1/"
        return json.loads(self.kubectl.run("get", "--raw", server + path).stdout)["data"]


@contextmanager
def prometheus(kubectl: Kubectl, image: str, scrape: str, rules: str) -> Iterator[Prometheus]:
    """A Prometheus in a namespace of its own, which is deleted at the end.

    It scrapes and evaluates rules every five seconds, and alerts do not wait.

    Args:
        kubectl: the cluster.
        image: an image with ``/bin/prometheus``. The test is skipped if the node cannot pull it.
        scrape: the file with ``scrape_configs``.
        rules: the file with the rules.

    Raises:
        KubectlError: if the namespace exists, or Prometheus does not start within two minutes.
    """
    if kubectl.exists("namespace", NAMESPACE):
        raise KubectlError(f"the cluster has a namespace {NAMESPACE} already, which a test must not touch")
    try:
        kubectl.run("create", "namespace", NAMESPACE)
        kubectl.run(
            "apply", "--server-side", "-f", "-", input=json.dumps(_manifests(image, configuration(scrape), rules))
        )
        wait_for_pod_or_skip(kubectl, NAMESPACE, "prometheus")
        yield Prometheus(kubectl)
    finally:
        kubectl.run("delete", "clusterrole,clusterrolebinding", "--ignore-not-found", NAMESPACE)
        kubectl.run("delete", "namespace", "--ignore-not-found", NAMESPACE, "--timeout=2m", timeout=150)


def configuration(scrape: str) -> str:
    """The configuration of Prometheus: the file with ``scrape_configs``, and short intervals."""
    found = yaml.safe_load(scrape)
    for each in found["scrape_configs"]:
        each["scrape_interval"] = _INTERVAL
    intervals = {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL, "evaluation_interval": _INTERVAL}
    return str(yaml.safe_dump({"global": intervals, "rule_files": ["/etc/prometheus/rules.yaml"], **found}))


def without_delay(rules: str) -> str:
    """Rules whose alerts fire as soon as their expression is true."""
    return re.sub(r"^( *for: ).*$", r"\g<1>0s", rules, flags=re.MULTILINE)


def _manifests(image: str, config: str, rules: str) -> dict[str, object]:
    def metadata(name: str, namespaced: bool = True) -> dict[str, object]:
        return {"name": name, **({"namespace": NAMESPACE} if namespaced else {}), "labels": LABELS}

    container = {
        "name": "prometheus",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/bin/prometheus", "--config.file=/etc/prometheus/prometheus.yaml", "--storage.tsdb.path=/data",
        ],
        "ports": [{"containerPort": _PORT}],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": _PORT}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "1m"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/prometheus"}, {"name": "data", "mountPath": "/data"}],
    }  # fmt: skip
    spec = {
        "serviceAccountName": "prometheus",
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": "prometheus"}}, {"name": "data", "emptyDir": {}}],
        "securityContext": {"fsGroup": 65534},
        "terminationGracePeriodSeconds": 1,
    }
    watched = {"apiGroups": [""], "resources": ["pods", "services", "endpoints"], "verbs": ["get", "list", "watch"]}
    account = {"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAMESPACE}
    rbac = "rbac.authorization.k8s.io/v1"
    objects = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("prometheus")},
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": metadata(NAMESPACE, False), "rules": [watched]},
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": metadata(NAMESPACE, False),
            "roleRef": role,
            "subjects": [account],
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata("prometheus"),
            "data": {"prometheus.yaml": config, "rules.yaml": without_delay(rules)},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("prometheus"), "spec": spec},
    ]
    return {"apiVersion": "v1", "kind": "List", "items": objects}
