"""Receivers for log collectors in the cluster: a program with the push API of Loki, and moto in place of the services of AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk8s_airflow.network import PodGroup
from tests.cluster.kit.certificates import certificates
from tests.cluster.kit.kubectl import Kubectl, KubectlError

NAMESPACE = "log-receivers"
LOKI_PORT = 3100
AWS_PORT = 5000
LOKI_HOST = f"loki.{NAMESPACE}.svc"
LOKI = PodGroup(name="Loki", namespace=NAMESPACE, labels={"app": "loki"})
AWS = PodGroup(name="AWS", namespace=NAMESPACE, labels={"app": "aws"})
REFUSED = 2
"""So many pushes of each collector are refused at first, as by a Loki that restarts."""

_LOKI = Path(__file__).with_name("loki_server.py").read_text(encoding="utf-8")

_READ = f"""\
import urllib.request
print(urllib.request.urlopen("http://localhost:{LOKI_PORT}/", timeout=30).read().decode())
"""

_AWS = f"""\
import io
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
moto = DomainDispatcherApplication(create_backend_app)
def application(environ, start_response):
    # Fluent Bit asks STS with GET. AWS accepts that, and moto takes it for a request to S3.
    if environ["HTTP_HOST"].startswith("sts.") and environ["QUERY_STRING"]:
        body = environ["QUERY_STRING"].encode()
        environ |= dict(REQUEST_METHOD="POST", QUERY_STRING="", CONTENT_LENGTH=str(len(body)))
        environ |= {{"CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": io.BytesIO(body)}}
    return moto(environ, start_response)
run_simple("0.0.0.0", {AWS_PORT}, application, threaded=True, ssl_context=("/tls/tls.crt", "/tls/tls.key"))
"""

_CLIENT = f"""\
import boto3, gzip, json, urllib3
urllib3.disable_warnings()
def client(service, region):
    return boto3.client(
        service, region_name=region, endpoint_url="https://localhost:{AWS_PORT}", verify=False,
        aws_access_key_id="a", aws_secret_access_key="b",
    )
"""

_GROUPS = """\
logs = client("logs", REGION)
def events(stream):
    found, token = [], {}
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **token)
        if token.get("nextToken") == page["nextForwardToken"] or not page["events"]:
            return found
        found += [each["message"] for each in page["events"]]
        token = {"nextToken": page["nextForwardToken"]}
groups = {each["logGroupName"]: each.get("retentionInDays") for each in logs.describe_log_groups()["logGroups"]}
pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP) if GROUP in groups else ()
streams = [each["logStreamName"] for page in pages for each in page["logStreams"]]
print(json.dumps([groups, {stream: events(stream) for stream in streams}]))
"""

_OBJECTS = """\
s3 = client("s3", REGION)
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
body = lambda key: gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).decode()
print(json.dumps({key: body(key).splitlines() for key in keys}))
"""


@dataclass(frozen=True)
class LokiLine:
    """A log line that Loki has received.

    Attributes:
        labels: the labels of its stream.
        time: nanoseconds since 1970.
        text: the line.
        metadata: its structured metadata.
    """

    labels: dict[str, str]
    time: int
    text: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Push:
    """A request to the push API.

    Attributes:
        path: its path.
        headers: its headers, with names in lower case.
        lines: its log lines.
    """

    path: str
    headers: dict[str, str]
    lines: list[LokiLine]


@dataclass(frozen=True)
class LogReceivers:
    """The receivers, which run.

    Attributes:
        kubectl: the cluster.
        ca: the certificate of the authority of the AWS hosts, in PEM.
    """

    kubectl: Kubectl
    ca: str

    def loki(self) -> tuple[list[Push], list[Push]]:
        """The pushes that Loki has accepted, and those that it has refused."""
        accepted, refused = json.loads(self._python("loki", _READ))
        return [_push(*each) for each in accepted], [_push(*each) for each in refused]

    def log_groups(self, region: str, group: str) -> tuple[dict[str, int | None], dict[str, list[str]]]:
        """All log groups of CloudWatch with their retention in days, and the messages of each log stream of one group."""
        groups, streams = json.loads(self._python("aws", f"{_CLIENT}REGION, GROUP = {region!r}, {group!r}\n{_GROUPS}"))
        return groups, streams

    def create_bucket(self, region: str, bucket: str) -> None:
        """Create a bucket."""
        create = f"create_bucket(Bucket={bucket!r}, CreateBucketConfiguration={{'LocationConstraint': {region!r}}})"
        self._python("aws", f"{_CLIENT}client('s3', {region!r}).{create}\n")

    def objects(self, region: str, bucket: str) -> dict[str, list[str]]:
        """The lines of each object of a bucket, which is compressed with gzip."""
        program = f"{_CLIENT}REGION, BUCKET = {region!r}, {bucket!r}\n{_OBJECTS}"
        return dict(json.loads(self._python("aws", program)))

    def address(self, service: str) -> str:
        """The address of a Service."""
        return str(self.kubectl.get("service", service, "-n", NAMESPACE)["spec"]["clusterIP"])

    def _python(self, pod: str, program: str) -> str:
        return self.kubectl.run(
            "-n", NAMESPACE, "exec", "-i", pod, "--", "python", "-", input=program, timeout=180
        ).stdout


def _push(path: str, headers: dict[str, str], streams: list[dict[str, Any]]) -> Push:
    lines = [
        LokiLine(stream["stream"], int(time), text, dict(*metadata))
        for stream in streams
        for time, text, *metadata in stream["values"]
    ]
    return Push(path, headers, lines)


@contextmanager
def log_receivers(kubectl: Kubectl, image: str, moto: str, hosts: tuple[str, ...]) -> Iterator[LogReceivers]:
    """The receivers in a namespace of their own, which is deleted at the end.

    Args:
        kubectl: the cluster.
        image: an image with Python 3.
        moto: an image with the server of moto.
        hosts: the hosts of AWS for which moto has a certificate.

    Raises:
        KubectlError: if the namespace exists, or a receiver does not start within two minutes.
    """
    if kubectl.exists("namespace", NAMESPACE):
        raise KubectlError(f"the cluster has a namespace {NAMESPACE} already, which a test must not touch")
    ca, certificate, key = certificates(*hosts)
    tls = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "aws", "namespace": NAMESPACE},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": certificate, "tls.key": key},
    }
    objects = [
        tls,
        *_server(LOKI, image, ["python", "-c", _LOKI], LOKI_PORT, LOKI_PORT),
        *_server(AWS, moto, ["python", "-c", _AWS], AWS_PORT, 443, "aws"),
    ]
    try:
        kubectl.run("create", "namespace", NAMESPACE)
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        kubectl.run("apply", "--server-side", "-f", "-", input=text)
        kubectl.run(
            "-n", NAMESPACE, "wait", "pod/loki", "pod/aws", "--for=condition=Ready", "--timeout=120s", timeout=130
        )
        yield LogReceivers(kubectl, ca)
    finally:
        kubectl.run("delete", "namespace", "--ignore-not-found", NAMESPACE, "--timeout=2m", timeout=150)


def _server(
    pods: PodGroup, image: str, command: list[str], port: int, service_port: int, secret: str | None = None
) -> list[dict[str, Any]]:
    name = pods.labels["app"]
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(pods.labels)}
    container: dict[str, Any] = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "ports": [{"containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "1m"}},
        "env": [{"name": "PORT", "value": str(port)}, {"name": "REFUSED", "value": str(REFUSED)}],
    }
    spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 1}
    if secret is not None:
        container["volumeMounts"] = [{"name": "tls", "mountPath": "/tls"}]
        spec["volumes"] = [{"name": "tls", "secret": {"secretName": secret}}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": dict(pods.labels), "ports": [{"port": service_port, "targetPort": port}]},
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]
