"""Makes the Secrets of a plan that are missing, and leaves those that are there as they are.

This runs in a pod, as ``python3 bootstrap_job.py PLAN``: it is one file, needs nothing but Python 3.8 or newer, and talks to
Kubernetes as the pod's own account. It only ever sends two requests: GET of one Secret, and POST of a new one.

It may be killed at any time and run several times at once, because each Secret comes to be in one step that only one of all
runs can win, and what is derived from a Secret is derived from what Kubernetes says is in it, never from what this run has
made up. No content of a Secret is ever printed, and nothing that the API server says about one.

The plan is JSON::

    {"patience": seconds, "pause": seconds, "metadata": {"labels": ..., "annotations": ...},
     "secrets": [{"namespace": ..., "name": ..., "type": ..., "labels": ..., "keys": {key: [part, ...]}}, ...]}

where ``metadata`` is what all of them get, and a part is one of ``{"text": ...}``, ``{"random": "hex" or "base64url", "bytes": ...}``, and
``{"namespace": ..., "secret": ..., "key": ..., "as": "url", "json" or "plain"}``: what stands in another Secret, percent-encoded, as
the inside of a string of JSON, or as it is.
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
"""Where Kubernetes puts a pod's token and the certificate of its API server."""

_SECONDS_FOR_AN_ANSWER = 10


class Waiting(Exception):
    """Something is not as it must be yet; it may be later."""


class Broken(Exception):
    """Something is as no waiting will mend it."""


class Answer(NamedTuple):
    """What the API server said.

    Attributes:
        status: the HTTP status.
        body: the object, or nothing of it where there is no sense in it.
    """

    status: int
    body: Mapping[str, Any]


class Cluster:
    """The API server, asked as the pod's own account.

    Args:
        host: its address.
        port: its port.
        folder: where the pod's token and the server's certificate are.
    """

    def __init__(self, host: str, port: int, folder: str = CREDENTIALS) -> None:
        self._host = host
        self._port = port
        self._token = os.path.join(folder, "token")
        self._trust = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
        # From Python 3.13 on certificates are held to a form that those of many clusters do not have.
        self._trust.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def get(self, namespace: str, name: str) -> Answer:
        """One Secret."""
        return self._ask("GET", f"/api/v1/namespaces/{quote(namespace)}/secrets/{quote(name)}")

    def create(self, namespace: str, secret: Mapping[str, Any]) -> Answer:
        """A new Secret; never one that is there already, which the API server answers with 409."""
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
    """Makes what a plan says.

    Args:
        cluster: whom to ask.
        plan: the plan.
    """

    def __init__(self, cluster: Cluster, plan: Mapping[str, Any]) -> None:
        self._cluster = cluster
        self._plan = plan
        self._said: dict[str, str] = {}

    def run(self) -> int:
        """Goes on until all is there, or patience is at its end; returns the exit status."""
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
                    print(f"gave up on {place}, which {self._said[place]}", flush=True)
                return 1
            if open_ and not progress:
                time.sleep(self._plan["pause"])
        print("some Secrets cannot be used, see above" if broken else "every Secret is there", flush=True)
        return 1 if broken else 0

    def _say(self, place: str, text: str) -> None:
        if self._said.get(place) != text:
            print(place, text, flush=True)
            self._said[place] = text

    def _see_to(self, wanted: Mapping[str, Any]) -> str:
        """Looks for one Secret and makes it if it is missing; returns what to say about it."""
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
            return "made"
        if answer.status == 409:
            there = self._read(namespace, name)
            if there is None:
                raise Waiting("somebody else made it and took it away again")
            return self._left(wanted, there)
        if answer.status == 404:
            raise Waiting(f"namespace {namespace} is not there yet")
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
        """What to say about a Secret that is there: it is left as it is, whatever is in it."""
        lacking = sorted(key for key in wanted["keys"] if not _decoded(there, key))
        if lacking:
            raise Broken(
                f"it is there and was left as it is, but lacks {', '.join(lacking)}; "
                "add what is missing, or delete it to have it made anew"
            )
        if wanted["type"] not in ("Opaque", there.get("type")):
            raise Broken(
                f"it is there and was left as it is, but is not of type {wanted['type']}; make it anew with that type"
            )
        return "is there, left as it is" + self._doubts(wanted, there)

    def _doubts(self, wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
        """Whether what was taken from another Secret is still what stands there."""
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
                    return f", although its {key} has not what is in {_source(part)}; delete it to have it made anew"
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
                raise Broken(f"{part['key']} of Secret {_source(part)} has a zero byte in it, which no URL can carry")
            return quote(taken, safe="").encode("ascii")
        try:
            return json.dumps(taken.decode())[1:-1].encode("ascii")
        except UnicodeDecodeError:
            raise Broken(f"{part['key']} of Secret {_source(part)} is no text, and JSON carries nothing else") from None

    def _taken(self, part: Mapping[str, Any]) -> bytes:
        place = _source(part)
        there = self._read(part["namespace"], part["secret"])
        if there is None:
            raise Waiting(f"Secret {place} is not there yet")
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
    """What a refusal means. Of the server's own words only one is told, lest they repeat what was sent."""
    said = f"{answer.status} {answer.body.get('reason') or ''}".strip()
    if answer.status == 403:
        return Waiting(
            f"this account may not {verb} it in namespace {namespace} yet ({said}): "
            "its Role is not there, a quota is used up, or the namespace is being deleted"
        )
    if answer.status in (400, 405, 413, 422):
        return Broken(f"the API server refused to {verb} it ({said})")
    return Waiting(f"the API server could not {verb} it ({said})")


def main(arguments: Sequence[str], environment: Mapping[str, str], folder: str = CREDENTIALS) -> int:
    """Runs a plan; returns the exit status.

    Args:
        arguments: the path of the plan.
        environment: where Kubernetes says how its API server is reached.
        folder: where the pod's token and the server's certificate are.
    """
    with open(arguments[0], encoding="utf-8") as file:
        plan = json.load(file)
    host, port = _address(environment)
    return Maker(Cluster(host, port, folder), plan).run()


def _address(environment: Mapping[str, str]) -> tuple[str, int]:
    return environment["KUBERNETES_SERVICE_HOST"], int(environment["KUBERNETES_SERVICE_PORT"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
