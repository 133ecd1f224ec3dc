"""Object stores on loopback: moto's server, and one that answers what a test wants."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[2] / "lib" / "cdk8s_airflow" / "storage" / "make_buckets.py"

Answer = tuple[int, str] | tuple[int, str, Mapping[str, str]]
"""Status, body and headers."""


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def moto() -> Iterator[str]:
    """The address of a moto server, for as long as it runs."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/moto-api/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("moto did not start")
        yield address
    finally:
        server.terminate()
        server.wait()


@contextmanager
def answering(answer: Callable[[str, str], Answer]) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers what a function says of method and path, and what it was asked so far."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            asked.append(f"{self.command} {self.path}")
            status, body, *headers = answer(self.command, self.path)
            content = body.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers[0] if headers else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_PATCH = do_DELETE = _answer

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


LOGIN = {"AWS_ACCESS_KEY_ID": "tasks", "AWS_SECRET_ACCESS_KEY": "not-a-real-key"}


def environment(buckets: str, login: Mapping[str, str] = LOGIN) -> dict[str, str]:
    """The variables of the Job's container, and no others that mean anything to the libraries of the stores."""
    return {
        "PATH": os.environ["PATH"],
        "BUCKETS": buckets,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        **login,
    }
