"""An API server that knows Secrets, and holds every request against the Roles that were emitted.

It authenticates the token of one service account, decides as Kubernetes' RBAC does (``create`` has no name to be narrowed to,
``get`` has), answers over TLS, and can interfere at any request.
"""

from __future__ import annotations

import base64
import copy
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PeerEndpoint = tuple[str, str]
"""Namespace and name of a Secret."""

Reply = tuple[int, dict[str, Any]]

TOKEN = "token-of-the-account"


@cache
def certificate(name: str) -> tuple[bytes, bytes]:
    """Certificate and key of a server at 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), secret


@dataclass
class Request:
    """One request that came in, and how it was answered."""

    verb: str
    namespace: str
    name: str
    body: dict[str, Any]
    status: int = 0


@dataclass
class ApiServer:
    """What the server knows, and what it was asked.

    Attributes:
        manifests: Roles and RoleBindings, and the ServiceAccount that asks.
        namespaces: those that exist.
        secrets: the Secrets.
        tokens: those it takes.
        before: told of each request before it is answered; what it returns is answered instead.
        after: told of each request after it took effect and before the answer is sent.
    """

    manifests: list[dict[str, Any]]
    namespaces: set[str]
    secrets: dict[PeerEndpoint, dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    before: Callable[[Request], Reply | None] = lambda request: None
    after: Callable[[Request], None] = lambda request: None
    requests: list[Request] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)
    lock: Any = field(default_factory=threading.Lock)

    def values(self, namespace: str, name: str) -> dict[str, str]:
        """What is in a Secret."""
        return {key: base64.b64decode(text).decode() for key, text in self.secrets[namespace, name]["data"].items()}

    def put(self, namespace: str, name: str, type_: str = "Opaque", **keys: str | bytes) -> None:
        """Puts a Secret there, as a user or an operator would."""
        data = {
            key.replace("_", "-"): base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
            for key, value in keys.items()
        }
        metadata = {"namespace": namespace, "name": name}
        self.secrets[namespace, name] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": type_,
            "metadata": metadata,
            "data": data,
        }

    @property
    def made(self) -> list[PeerEndpoint]:
        """The Secrets that were made by requests, once for each time."""
        return [
            (r.namespace, r.body["metadata"]["name"]) for r in self.requests if (r.verb, r.status) == ("create", 201)
        ]

    def allows(self, verb: str, namespace: str, name: str) -> bool:
        """Whether the account may do this, by the Roles bound to it in the namespace."""
        (account,) = (m["metadata"] for m in self.manifests if m["kind"] == "ServiceAccount")
        subject = {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
        for binding in self._of("RoleBinding", namespace):
            if subject not in binding["subjects"]:
                continue
            for role in self._of("Role", namespace):
                if role["metadata"]["name"] == binding["roleRef"]["name"]:
                    for rule in role["rules"]:
                        if rule["apiGroups"] == [""] and rule["resources"] == ["secrets"] and verb in rule["verbs"]:
                            names = rule.get("resourceNames")
                            if names is None or (name and name in names):
                                return True
        return False

    def _of(self, kind: str, namespace: str) -> Iterator[dict[str, Any]]:
        for manifest in self.manifests:
            if manifest["kind"] == kind and manifest["metadata"]["namespace"] == namespace:
                yield manifest

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> Reply:
        """The answer to a request."""
        parts = path.split("/")
        if parts[:4] != ["", "api", "v1", "namespaces"] or parts[5] != "secrets" or len(parts) not in (6, 7):
            return status(404, "NotFound")
        verb = {("GET", 7): "get", ("POST", 6): "create"}.get((method, len(parts)), f"{method} {path}")
        request = Request(verb, parts[4], parts[6] if len(parts) == 7 else "", body)
        with self.lock:
            self.requests.append(request)
            reply = self.before(request) or self._answer(request, token)
            request.status = reply[0]
            self.after(request)
        return reply

    def _answer(self, request: Request, token: str) -> Reply:
        if token not in self.tokens:
            return status(401, "Unauthorized")
        if not self.allows(request.verb, request.namespace, request.name):
            return status(403, "Forbidden")
        if request.verb == "get":
            found = self.secrets.get((request.namespace, request.name))
            return status(404, "NotFound") if found is None else (200, copy.deepcopy(found))
        if request.namespace not in self.namespaces:
            return status(404, "NotFound")
        place = (request.namespace, request.body["metadata"]["name"])
        if place in self.secrets:
            return status(409, "AlreadyExists")
        self.secrets[place] = copy.deepcopy(request.body)
        return 201, copy.deepcopy(request.body)


def status(code: int, reason: str, message: str = "") -> Reply:
    """An error as the API server says it."""
    return code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}


@contextmanager
def serving(server: ApiServer, folder: Path, trusted: str = "server") -> Iterator[ApiServer]:
    """Runs the server, and writes what a pod finds of it into a folder.

    Args:
        server: what it knows.
        folder: gets ``token`` and ``ca.crt``.
        trusted: which authority the pod trusts; the server has the one called ``server``.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            code, answer = server.answer(self.command, self.path, token, body)
            text = json.dumps(answer).encode()
            try:
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = reply

        def log_message(self, *arguments: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def finish_request(self, request: Any, client_address: Any) -> None:
            # The handshake, here so that one client cannot keep others waiting, and a failed one is no error of the test.
            try:
                with context.wrap_socket(request, server_side=True) as wrapped:
                    super().finish_request(wrapped, client_address)
            except OSError:
                return

    chain, key = certificate("server")
    (folder / "server.pem").write_bytes(chain + key)
    (folder / "ca.crt").write_bytes(certificate(trusted)[0])
    (folder / "token").write_text(f"{TOKEN}\n", encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with Server(("127.0.0.1", 0), Handler) as http:
        server.address = ("127.0.0.1", http.server_address[1])
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def of_kind(manifests: Iterable[Mapping[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    """Copies of the manifests of some kinds."""
    return [copy.deepcopy(dict(manifest)) for manifest in manifests if manifest["kind"] in kinds]
