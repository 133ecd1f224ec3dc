"""An S3 store in the cluster, with a certificate of its own authority: the server of moto, which keeps objects in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.kit.certificates import certificates
from tests.cluster.kit.kubectl import Kubectl, KubectlError
from tests.cluster.kit.lacking import wait_for_pod_or_skip

PORT = 8443
LABELS = {"app": "s3"}

_CREATE = """\
import boto3, sys
boto3.client(
    "s3", endpoint_url="https://localhost:8443", verify=False, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
).create_bucket(Bucket=sys.argv[1])
"""

_LIST = """\
import boto3, sys
client = boto3.client(
    "s3", endpoint_url="https://localhost:8443", verify=False, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
)
for page in client.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[1]):
    for each in page.get("Contents", ()):
        print(each["Key"])
"""


@dataclass(frozen=True)
class S3Store:
    """A store that runs.

    Attributes:
        kubectl: the cluster.
        namespace: its namespace.
        url: its address.
        ca: the certificate of its authority, in PEM.
    """

    kubectl: Kubectl
    namespace: str
    url: str
    ca: str

    def keys(self, bucket: str) -> list[str]:
        """The names of all objects in a bucket."""
        return self._python(_LIST, bucket).splitlines()

    def refuse_connections(self, refuse: bool) -> None:
        """Take the pod out of the Service, or put it back. The objects stay."""
        selector = {"app": "nothing"} if refuse else LABELS
        self.kubectl.run(
            "-n", self.namespace, "patch", "service", "s3", "-p", json.dumps({"spec": {"selector": selector}})
        )

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket."""
        self._python(_CREATE, bucket)

    def _python(self, program: str, *arguments: str) -> str:
        return self.kubectl.run(
            "-n", self.namespace, "exec", "-i", "s3", "--", "python", "-W", "ignore", "-", *arguments, input=program
        ).stdout  # fmt: skip


@contextmanager
def s3_store(kubectl: Kubectl, image: str, bucket: str, namespace: str = "cdk8s-airflow-s3") -> Iterator[S3Store]:
    """A store in a namespace of its own, which is deleted at the end. It accepts any credentials.

    Args:
        kubectl: the cluster.
        image: an image with ``moto_server`` and Python on the ``PATH``. The test is skipped if the node cannot pull it.
        bucket: the bucket that is created.
        namespace: the namespace.

    Raises:
        KubectlError: if the namespace exists, or the store does not start within two minutes.
    """
    if kubectl.exists("namespace", namespace):
        raise KubectlError(f"the cluster has a namespace {namespace} already, which a test must not touch")
    host = f"s3.{namespace}.svc"
    ca, certificate, key = certificates(host)
    try:
        kubectl.run("create", "namespace", namespace)
        kubectl.run(
            "apply", "--server-side", "-f", "-", input=json.dumps(_manifests(namespace, image, certificate, key))
        )
        wait_for_pod_or_skip(kubectl, namespace, "s3")
        store = S3Store(kubectl, namespace, f"https://{host}:{PORT}", ca)
        store.create_bucket(bucket)
        yield store
    finally:
        kubectl.run("delete", "namespace", "--ignore-not-found", namespace, "--timeout=2m", timeout=150)


def _manifests(namespace: str, image: str, certificate: str, key: str) -> dict[str, object]:
    def metadata(name: str) -> dict[str, object]:
        return {"name": name, "namespace": namespace, "labels": LABELS}

    container = {
        "name": "s3",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "moto_server", "-H", "0.0.0.0", "-p", str(PORT), "-s", "-c", "/tls/tls.crt", "-k", "/tls/tls.key",
        ],
        # Otherwise the first part of the host name is the bucket.
        "env": [{"name": "S3_IGNORE_SUBDOMAIN_BUCKETNAME", "value": "true"}],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "1m"}},
        "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
    }  # fmt: skip
    spec = {
        "containers": [container],
        "volumes": [{"name": "tls", "secret": {"secretName": "s3"}}],
        "terminationGracePeriodSeconds": 1,
    }
    objects = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata("s3"),
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": certificate, "tls.key": key},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata("s3"),
            "spec": {"selector": LABELS, "ports": [{"port": PORT, "targetPort": PORT}]},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("s3"), "spec": spec},
    ]
    return {"apiVersion": "v1", "kind": "List", "items": objects}
