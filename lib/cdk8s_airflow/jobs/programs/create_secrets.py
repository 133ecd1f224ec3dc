"""Creates the missing Secrets of a plan, and does not change existing ones.

The script runs in a pod, as ``python3 bootstrap_job.py PLAN``. It is one file, needs only Python 3.8 or newer, and uses the
Kubernetes API with the pod's service account. It sends only two kinds of requests: GET of one Secret, and POST of a new one.

It can be interrupted at any time and run several times at once: each Secret is created in one request, which succeeds for only
one of all runs. Values that are derived from a Secret are derived from what the API server returns, never from what this run
has generated. It never prints the content of a Secret, nor any text of the API server about one.

The plan is JSON::

    {"patience": seconds, "pause": seconds, "metadata": {"labels": ..., "annotations": ...},
     "secrets": [{"namespace": ..., "name": ..., "type": ..., "labels": ..., "keys": {key: [part, ...]}}, ...]}

``metadata`` is added to all Secrets. A part is one of ``{"text": ...}``, ``{"random": "hex" or "base64url", "bytes": ...}``, and
``{"namespace": ..., "secret": ..., "key": ..., "as": "url", "json" or "plain"}``: the value of a key of another Secret,
percent-encoded, escaped for a JSON string, or unchanged.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"
"""The folder with the pod's token and the certificate of the API server."""

_SECONDS_FOR_AN_ANSWER = 10


class Waiting(Exception):
    """A condition is not met yet; it may be met later."""


class Broken(Exception):
    """A condition that waiting cannot fix."""


class Answer(NamedTuple):
    """A response of the API server.

    Attributes:
        status: the HTTP status.
        body: the object; empty if it cannot be parsed.
    """

    status: int
    body: Mapping[str, Any]


class Cluster:
    """A client of the API server with the pod's service account.

    Args:
        host: its address.
        port: its port.
        folder: the folder with the pod's token and the server's certificate.
    """

    def __init__(self, host: str, port: int, folder: str = CREDENTIALS) -> None:
        self._host = host
        self._port = port
        self._token = os.path.join(folder, "token")
        self._trust = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
        # From Python 3.13 on, certificates are checked strictly; those of many clusters would fail.
        self._trust.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def get(self, namespace: str, name: str) -> Answer:
        """One Secret."""
        return self._ask("GET", f"/api/v1/namespaces/{quote(namespace)}/secrets/{quote(name)}")

    def create(self, namespace: str, secret: Mapping[str, Any]) -> Answer:
        """Creates a new Secret; for an existing one, the API server answers with 409."""
        return self._ask("POST", f"/api/v1/namespaces/{quote(namespace)}/secrets", secret)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        # Kubernetes puts a new token into the file before the old one expires, so it is read each time.
        with open(self._token, encoding="ascii") as file:
            headers = {"Authorization": "Bearer " + file.read().strip(), "Accept": "application/json"}
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=_SECONDS_FOR_AN_ANSWER, context=self._trust
        )
        try:
            sent = None
            if body is not None:
                sent = json.dumps(body).encode()
                headers["Content-Type"] = "application/json"
            connection.request(method, path, body=sent, headers=headers)
            response = connection.getresponse()
            read = response.read()
        finally:
            connection.close()
        try:
            answer = json.loads(read)
        except ValueError:
            answer = {}
        return Answer(response.status, answer if isinstance(answer, dict) else {})


class Maker:
    """Creates the Secrets of a plan.

    Args:
        cluster: the API client.
        plan: the plan.
    """

    def __init__(self, cluster: Cluster, plan: Mapping[str, Any]) -> None:
        self._cluster = cluster
        self._plan = plan
        self._said: dict[str, str] = {}

    def run(self) -> int:
        """Repeats until all Secrets exist, or ``patience`` is over; returns the exit status."""
        deadline = time.monotonic() + self._plan["patience"]
        open_: list[Mapping[str, Any]] = list(self._plan["secrets"])
        broken = False
        while open_:
            waiting = []
            for wanted in open_:
                place = _place(wanted)
                try:
                    self._say(place, self._see_to(wanted))
                except Waiting as reason:
                    self._say(place, f"waits: {reason}")
                    waiting.append(wanted)
                except Broken as reason:
                    self._say(place, f"CANNOT BE USED: {reason}")
                    broken = True
            progress = len(waiting) < len(open_)
            open_ = waiting
            if open_ and time.monotonic() >= deadline:
                for wanted in open_:
                    place = _place(wanted)
                    print(f"timed out: {place} {self._said[place]}", flush=True)
                return 1
            if open_ and not progress:
                time.sleep(self._plan["pause"])
        print("some Secrets cannot be used, see above" if broken else "every Secret exists", flush=True)
        return 1 if broken else 0

    def _say(self, place: str, text: str) -> None:
        if self._said.get(place) != text:
            print(place, text, flush=True)
            self._said[place] = text

    def _see_to(self, wanted: Mapping[str, Any]) -> str:
        """Checks one Secret and creates it if it is missing; returns what to print about it."""
        namespace, name = wanted["namespace"], wanted["name"]
        there = self._read(namespace, name)
        if there is not None:
            return self._left(wanted, there)
        data = {
            key: base64.b64encode(self._content(parts)).decode("ascii") for key, parts in sorted(wanted["keys"].items())
        }
        common = self._plan["metadata"]
        metadata = {
            "namespace": namespace,
            "name": name,
            "labels": {**common["labels"], **wanted["labels"]},
            "annotations": common["annotations"],
        }
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": wanted["type"], "data": data}
        try:
            answer = self._cluster.create(namespace, made)
        except (OSError, http.client.HTTPException) as error:
            raise Waiting(_unreached(error)) from None
        if answer.status == 201 and answer.body.get("kind") == "Secret":
            return "created"
        if answer.status == 409:
            there = self._read(namespace, name)
            if there is None:
                raise Waiting("another process created and deleted it")
            return self._left(wanted, there)
        if answer.status == 404:
            raise Waiting(f"namespace {namespace} does not exist yet")
        raise _refused(answer, "create", namespace)

    def _read(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        try:
            answer = self._cluster.get(namespace, name)
        except (OSError, http.client.HTTPException) as error:
            raise Waiting(_unreached(error)) from None
        if answer.status == 200 and answer.body.get("kind") == "Secret":
            if "deletionTimestamp" in answer.body.get("metadata", {}):
                raise Waiting(f"Secret {namespace}/{name} is being deleted")
            return answer.body
        if answer.status == 404:
            return None
        raise _refused(answer, "get", namespace)

    def _left(self, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
        """What to print about an existing Secret. It is not changed."""
        lacking = sorted(key for key in wanted["keys"] if not _decoded(there, key))
        if lacking:
            raise Broken(
                f"it exists and was not changed, but lacks {', '.join(lacking)}; "
                "add the missing keys, or delete it to have it created again"
            )
        if wanted["type"] not in ("Opaque", there.get("type")):
            raise Broken(
                f"it exists and was not changed, but is not of type {wanted['type']}; delete it to have it created again"
            )
        return "exists, not changed" + self._doubts(wanted, there)

    def _doubts(self, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
        """Whether a value that was copied from another Secret still equals the source."""
        for key, parts in sorted(wanted["keys"].items()):
            for part in parts:
                if "secret" not in part:
                    continue
                try:
                    taken, written = self._taken(part), self._part(part)
                except (Waiting, Broken):
                    continue
                content = _decoded(there, key)
                if taken not in content and written not in content:
                    return f", but its {key} differs from {_source(part)}; delete it to have it created again"
        return ""

    def _content(self, parts: Sequence[Mapping[str, Any]]) -> bytes:
        return b"".join(self._part(part) for part in parts)

    def _part(self, part: Mapping[str, Any]) -> bytes:
        if "text" in part:
            return str(part["text"]).encode()
        if "random" in part:
            raw = secrets.token_bytes(part["bytes"])
            return raw.hex().encode("ascii") if part["random"] == "hex" else base64.urlsafe_b64encode(raw)
        taken = self._taken(part)
        if part["as"] == "plain":
            return taken
        if part["as"] == "url":
            if b"\0" in taken:
                raise Broken(
                    f"{part['key']} of Secret {_source(part)} contains a zero byte, which a URL cannot contain"
                )
            return quote(taken, safe="").encode("ascii")
        try:
            return json.dumps(taken.decode())[1:-1].encode("ascii")
        except UnicodeDecodeError:
            raise Broken(f"{part['key']} of Secret {_source(part)} is not text, as JSON requires") from None

    def _taken(self, part: Mapping[str, Any]) -> bytes:
        place = _source(part)
        there = self._read(part["namespace"], part["secret"])
        if there is None:
            raise Waiting(f"Secret {place} does not exist yet")
        taken = _decoded(there, part["key"])
        if not taken:
            raise Waiting(f"Secret {place} has no {part['key']} yet")
        return taken


def _place(wanted: Mapping[str, Any]) -> str:
    return f"{wanted['namespace']}/{wanted['name']}"


def _source(part: Mapping[str, Any]) -> str:
    return f"{part['namespace']}/{part['secret']}"


def _decoded(secret: Mapping[str, Any], key: str) -> bytes:
    return base64.b64decode((secret.get("data") or {}).get(key) or "")


def _unreached(error: Exception) -> str:
    return f"the API server did not answer ({type(error).__name__})"


def _refused(answer: Answer, verb: str, namespace: str) -> Exception:
    """The exception for a refused request. Only the reason of the response is printed, because its text may repeat the input."""
    said = f"{answer.status} {answer.body.get('reason') or ''}".strip()
    if answer.status == 403:
        return Waiting(
            f"this account may not {verb} it in namespace {namespace} yet ({said}): "
            "its Role is missing, a quota is used up, or the namespace is being deleted"
        )
    if answer.status in (400, 405, 413, 422):
        return Broken(f"the API server refused to {verb} it ({said})")
    return Waiting(f"the API server could not {verb} it ({said})")


def main(arguments: Sequence[str], environment: Mapping[str, str], folder: str = CREDENTIALS) -> int:
    """Runs a plan; returns the exit status.

    Args:
        arguments: the path of the plan.
        environment: the variables with the address of the API server.
        folder: the folder with the pod's token and the server's certificate.
    """
    with open(arguments[0], encoding="utf-8") as file:
        plan = json.load(file)
    host, port = _address(environment)
    return Maker(Cluster(host, port, folder), plan).run()


def _address(environment: Mapping[str, str]) -> tuple[str, int]:
    return environment["KUBERNETES_SERVICE_HOST"], int(environment["KUBERNETES_SERVICE_PORT"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
