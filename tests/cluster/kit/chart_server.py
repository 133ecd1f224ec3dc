"""A chart repository in the cluster, with the released charts and a certificate of its own authority."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cluster.kit.kubectl import Kubectl, KubectlError

_PORT = 8443
_DAYS = datetime.timedelta(days=30)

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


def certificates(*hosts: str) -> tuple[str, str, str]:
    """The certificate of a new authority, and a certificate of it for some hosts with its key."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("cdk8s-airflow-test-ca", authority_key, (), authority_key, None)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate("server", key, hosts, authority_key, authority)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return _pem(authority), _pem(certificate), text


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority_key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if authority is None else authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + _DAYS)
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
