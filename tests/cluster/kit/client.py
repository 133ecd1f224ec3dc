"""A client of a database that writes all the time, and the times in which it could not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.kit.kubectl import Kubectl
from tests.cluster.kit.lacking import wait_for_pod_or_skip

PAUSE, TIMEOUT, IDLE = 0.2, 2, 10
"""Seconds between two attempts, seconds until an attempt has failed, and the number of sessions that are open all the time."""

_PROGRAM = f"""\
import json, os, sys, time, psycopg2
url = os.environ["URL"]
def session():
    return psycopg2.connect(url, connect_timeout={TIMEOUT})
def write(attempt):
    connection = session()
    with connection, connection.cursor() as cursor:
        cursor.execute("create table if not exists attempts (number integer)")
        cursor.execute("insert into attempts values (%s)", [attempt])
    connection.close()
def is_open(connection):
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select 1")
        return True
    except psycopg2.Error:
        return False
idle, attempt = [], 0
while True:
    attempt, start, error = attempt + 1, time.time(), ""
    try:
        write(attempt)
        idle = [each for each in idle if is_open(each)]
        idle += [session() for _ in range({IDLE} - len(idle))]
    except psycopg2.Error as problem:
        error = " ".join(str(problem).split()) or type(problem).__name__
    print(json.dumps([attempt, start, time.time(), error]), flush=True)
    time.sleep({PAUSE})
"""


@dataclass(frozen=True)
class Attempt:
    """One attempt to open a session and to write a row.

    Attributes:
        number: its number, which is the row.
        start: when it started, in seconds since 1970.
        end: when it ended.
        error: why it failed; empty if the row is committed.
    """

    number: int
    start: float
    end: float
    error: str


def outages(attempts: Iterable[Attempt]) -> list[float]:
    """How long each outage was: from the end of the last success to the end of the next one."""
    found: list[float] = []
    last: Attempt | None = None
    failed = False
    for each in attempts:
        if each.error:
            failed = True
            continue
        if failed and last is not None:
            found.append(round(each.end - last.end, 1))
        last, failed = each, False
    return found


@dataclass(frozen=True)
class DatabaseClient:
    """A client that runs in a pod.

    Attributes:
        kubectl: the cluster.
        namespace: the namespace of its pod.
        name: the name of its pod.
    """

    kubectl: Kubectl
    namespace: str
    name: str

    def attempts(self, after: int = 0) -> list[Attempt]:
        """Its attempts so far, from a number on."""
        lines = self.kubectl.run("-n", self.namespace, "logs", self.name).stdout.splitlines()
        found = [Attempt(*json.loads(line)) for line in lines if line.startswith("[")]
        return [each for each in found if each.number > after]


@contextmanager
def database_client(
    kubectl: Kubectl, namespace: str, secret: str, image: str, name: str = "client"
) -> Iterator[DatabaseClient]:
    """A client in the namespace of a database.

    Args:
        kubectl: the cluster.
        namespace: the namespace.
        secret: the Secret with the URL under ``uri``.
        image: an image with Python and psycopg2. The test is skipped if the node cannot pull it.
        name: the name of its pod.

    Raises:
        KubectlError: if it does not run within two minutes.
    """
    try:
        kubectl.run("apply", "--server-side", "-f", "-", input=json.dumps(_pod(namespace, secret, image, name)))
        wait_for_pod_or_skip(kubectl, namespace, name)
        yield DatabaseClient(kubectl, namespace, name)
    finally:
        kubectl.run("-n", namespace, "delete", "pod", "--ignore-not-found", name, "--grace-period=1", timeout=90)


def _pod(namespace: str, secret: str, image: str, name: str) -> dict[str, object]:
    container = {
        "name": "client",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", _PROGRAM],
        "env": [{"name": "URL", "valueFrom": {"secretKeyRef": {"name": secret, "key": "uri"}}}],
        "resources": {"requests": {"cpu": "1m"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "containers": [container],
            "securityContext": {"runAsNonRoot": True, "runAsUser": 50000, "seccompProfile": {"type": "RuntimeDefault"}},
            "terminationGracePeriodSeconds": 1,
        },
    }
