"""A chart repository in the cluster, with the released charts and a certificate of its own authority."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.kit.certificates import certificates
from tests.cluster.kit.kubectl import Kubectl, KubectlError

_PORT = 8443

_PROGRAM = """\
import http.server, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory="/charts")
server = http.server.ThreadingHTTPServer(("", 8443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class ChartServer:
    """A chart repository that runs.

    Attributes:
        url: its address.
        ca: the certificate of its authority, in PEM.
    """

    url: str
    ca: str


@contextmanager
def chart_server(
    kubectl: Kubectl, archives: Sequence[Path], image: str, namespace: str = "cdk8s-airflow-charts"
) -> Iterator[ChartServer]:
    """A chart repository in a namespace of its own, which is deleted at the end.

    Args:
        kubectl: the cluster.
        archives: files ``NAME-VERSION.tgz``.
        image: an image with Python 3.
        namespace: the namespace.

    Raises:
        KubectlError: if the namespace exists, or the server does not start within two minutes.
    """
    if kubectl.exists("namespace", namespace):
        raise KubectlError(f"the cluster has a namespace {namespace} already, which a test must not touch")
    host = f"charts.{namespace}.svc.cluster.local"
    ca, certificate, key = certificates(host)
    try:
        kubectl.run("create", "namespace", namespace)
        manifests = _manifests(namespace, archives, image, certificate, key)
        kubectl.run("apply", "--server-side", "-f", "-", input=json.dumps(manifests))
        kubectl.run("-n", namespace, "wait", "pod/charts", "--for=condition=Ready", "--timeout=120s", timeout=130)
        yield ChartServer(f"https://{host}", ca)
    finally:
        kubectl.run("delete", "namespace", "--ignore-not-found", namespace, "--timeout=2m", timeout=150)


def index(archives: Sequence[Path]) -> str:
    """The index of a chart repository, as JSON, which is YAML too."""
    entries: dict[str, list[dict[str, object]]] = {}
    for archive in archives:
        name, _, version = archive.stem.rpartition("-")
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        entries.setdefault(name, []).append(
            {"apiVersion": "v2", "name": name, "version": version, "urls": [archive.name], "digest": digest}
        )
    return json.dumps({"apiVersion": "v1", "entries": entries})


def _manifests(namespace: str, archives: Sequence[Path], image: str, certificate: str, key: str) -> dict[str, object]:
    labels = {"app": "charts"}

    def metadata(name: str) -> dict[str, object]:
        return {"name": name, "namespace": namespace, "labels": labels}

    container = {
        "name": "charts",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", _PROGRAM],
        "ports": [{"containerPort": _PORT}],
        "readinessProbe": {"tcpSocket": {"port": _PORT}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "1m"}},
        "volumeMounts": [{"name": "charts", "mountPath": "/charts"}, {"name": "tls", "mountPath": "/tls"}],
    }
    volumes = [
        {"name": "charts", "configMap": {"name": "charts"}},
        {"name": "tls", "secret": {"secretName": "charts"}},
    ]
    files = {archive.name: base64.b64encode(archive.read_bytes()).decode() for archive in archives}
    objects = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata("charts"),
            "data": {"index.yaml": index(archives)},
            "binaryData": files,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata("charts"),
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": certificate, "tls.key": key},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata("charts"),
            "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": _PORT}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata("charts"),
            "spec": {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 1},
        },
    ]
    return {"apiVersion": "v1", "kind": "List", "items": objects}
