"""Object stores on the loopback interface: moto's server, SeaweedFS, and a server with scripted answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.truth.manifests import values_of

SCRIPT = Path(__file__).parents[2] / "lib" / "cdk8s_airflow" / "jobs" / "programs" / "create_buckets.py"

Answer = tuple[int, str] | tuple[int, str, Mapping[str, str]]
"""Status, body and headers."""


@contextmanager
def moto() -> Iterator[str]:
    """The address of a moto server while the context is active."""
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
    """The address of a server whose answers a function computes from method and path, and the requests it got."""
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
            """Discard the message."""

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
    """The environment variables of the Job's container, and no others that the store libraries read."""
    return {
        "PATH": os.environ["PATH"],
        "BUCKETS": buckets,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true",
        **login,
    }


WEED = os.environ.get("CDK8S_AIRFLOW_WEED") or shutil.which("weed")
"""The program of SeaweedFS, from the PATH or from the variable ``CDK8S_AIRFLOW_WEED``."""

WEED_MISSING = "set CDK8S_AIRFLOW_WEED to the program weed of SeaweedFS to run this test"


def is_up(store: str, master: str) -> bool:
    """Whether the store answers and can store objects, which takes some seconds longer."""
    try:
        with urllib.request.urlopen(f"{master}/dir/status", timeout=5) as answer:
            if not json.load(answer)["Topology"].get("DataCenters"):
                return False
        urllib.request.urlopen(store, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code == 403
    except OSError:
        pass
    return False


@contextmanager
def seaweedfs(
    home: Path, manifests: Iterable[Mapping[str, Any]], key: Callable[[str, Mapping[str, str]], str]
) -> Iterator[str]:
    """The address of a SeaweedFS with the users, file size and growth settings of its chart values.

    Args:
        home: a folder for its data.
        manifests: the manifests of the platform with the store.
        key: returns the value of an environment variable, from its name and the Secret key it comes from.
    """
    made = {(each["kind"], each["metadata"]["name"]): each for each in manifests}
    values = values_of(made["HelmChart", "seaweedfs"])
    users = home / "users.json"
    users.write_text(made["ConfigMap", "seaweedfs-users"]["data"]["users.json"], encoding="utf-8")
    (home / "master.toml").write_text(values["master"]["config"], encoding="utf-8")
    (home / "data").mkdir()
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    command = [str(WEED), "server", f"-dir={home / 'data'}", "-master", "-volume", "-filer", "-s3", "-ip=127.0.0.1"]
    command += ["-ip.bind=127.0.0.1", "-volume.max=0", f"-s3.config={users}"]
    command += [f"-master.volumeSizeLimitMB={values['master']['volumeSizeLimitMB']}"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-{name}.port.grpc={free_port()}" for name in ports]
    variables = {
        name: key(name, source["secretKeyRef"])
        for name, source in values["allInOne"]["secretExtraEnvironmentVars"].items()
    }
    with (home / "log").open("w", encoding="utf-8") as log:
        running = subprocess.Popen(
            command, cwd=home, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(home), **variables}
        )
    address = f"http://127.0.0.1:{ports['s3']}"
    try:
        for _ in range(300):
            assert running.poll() is None, (home / "log").read_text(encoding="utf-8")[-3000:]
            if is_up(address, f"http://127.0.0.1:{ports['master']}"):
                break
            time.sleep(0.2)
        yield address
    finally:
        running.terminate()
        running.wait()
