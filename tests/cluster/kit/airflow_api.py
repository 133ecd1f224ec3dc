"""The REST API of Airflow 3 on a cluster, called from inside the pod of the API server."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.cluster.kit.kubectl import Kubectl, KubectlError

USER = "cluster-test"
DAG = "cluster_test"
"""The DAG of ``tests/cluster/dags``."""

_PAUSE = 3.0

_CALL = """\
import json, sys, urllib.error, urllib.request
method, path, token, body = json.load(sys.stdin)
request = urllib.request.Request("http://localhost:8080" + path, method=method)
request.add_header("Accept", "application/json")
if token:
    request.add_header("Authorization", "Bearer " + token)
if body is not None:
    request.add_header("Content-Type", "application/json")
    request.data = json.dumps(body).encode()
try:
    with urllib.request.urlopen(request, timeout=30) as answer:
        print(json.dumps([answer.status, answer.read().decode()]))
except urllib.error.HTTPError as error:
    print(json.dumps([error.code, error.read().decode()]))
"""


class AirflowApi:
    """A client with a user of its own.

    Args:
        kubectl: the cluster.
        namespace: the namespace of the release.
        release: the name of the release.
        dag: the DAG.
    """

    def __init__(self, kubectl: Kubectl, namespace: str, release: str = "airflow", dag: str = DAG) -> None:
        self.kubectl = kubectl
        self.namespace = namespace
        self._dag = dag
        self._server = f"deploy/{release}-api-server"
        self.token = ""
        self._password = f"{time.monotonic_ns():x}"

    def log_in(self) -> None:
        """Create the user with the command that the documentation shows, and get a token."""
        self._exec(
            "airflow", "users", "create", "--role", "Admin", "--username", USER, "--firstname", "Cluster",
            "--lastname", "Test", "--email", "test@example.com", "--password", self._password, timeout=180,
        )  # fmt: skip
        self.log_in_again()

    def log_in_again(self) -> None:
        """Get a new token for the user."""
        self.token = ""
        self.token = self.call("POST", "/auth/token", {"username": USER, "password": self._password})["access_token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The answer to one request.

        Raises:
            KubectlError: if the status is no success, or the server cannot be reached.
        """
        question = json.dumps([method, path, self.token, body])
        status, text = json.loads(self._exec("python", "-c", _CALL, input=question).stdout)
        if not 200 <= status < 300:
            raise KubectlError(f"{method} {path}\nstatus {status}\n{text}")
        return json.loads(text) if text else None

    def _exec(self, *command: str, input: str | None = None, timeout: float = 60) -> Any:
        return self.kubectl.run(
            "-n", self.namespace, "exec", *(["-i"] if input else []), self._server, "-c", "api-server", "--", *command,
            input=input, timeout=timeout,
        )  # fmt: skip

    def wait_for_dag(self, seconds: int = 180) -> None:
        """Wait until the DAG has been parsed, and unpause it."""
        self._until(
            lambda: self._dag in {each["dag_id"] for each in self.call("GET", "/api/v2/dags")["dags"]}, seconds, "DAG"
        )
        self.call("PATCH", f"/api/v2/dags/{self._dag}", {"is_paused": False})

    def trigger(self, run: str, seconds: int = 0) -> None:
        """Start a run whose first task takes some seconds."""
        body = {"dag_run_id": run, "logical_date": None, "conf": {"seconds": seconds}}
        self.call("POST", f"/api/v2/dags/{self._dag}/dagRuns", body)

    def run_state(self, run: str) -> str:
        """The state of a run."""
        return str(self.call("GET", f"/api/v2/dags/{self._dag}/dagRuns/{run}")["state"])

    def tasks(self, run: str) -> dict[str, tuple[str | None, int]]:
        """Task -> its state and the number of its tries."""
        found = self.call("GET", f"/api/v2/dags/{self._dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {each["task_id"]: (each["state"], each["try_number"]) for each in found}

    def wait_for_task(self, run: str, task: str, state: str, seconds: int = 240) -> None:
        """Wait until a task has a state."""
        self._until(lambda: self.tasks(run)[task][0] == state, seconds, f"task {task} {state}")

    def wait_for_run(self, run: str, seconds: int = 300) -> str:
        """Wait until a run has ended; its state."""
        self._until(lambda: self.run_state(run) in ("success", "failed"), seconds, f"end of run {run}")
        return self.run_state(run)

    def log(self, run: str, task: str, attempt: int = 1) -> str:
        """The log of a task as the UI shows it."""
        path = f"/api/v2/dags/{self._dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}?full_content=true"
        lines = self.call("GET", path)["content"]
        return "\n".join(str(line.get("event", line)) if isinstance(line, dict) else str(line) for line in lines)

    def _until(self, condition: Any, seconds: int, what: str) -> None:
        """Ask again until a condition holds: Airflow has no watch. A server that restarts is no error."""
        end = time.monotonic() + seconds
        error = ""
        while time.monotonic() < end:
            try:
                if condition():
                    return
                error = ""
            except (KubectlError, ValueError) as problem:
                error = str(problem)
            time.sleep(_PAUSE)
        raise KubectlError(f"{what}: not within {seconds} s\n{error}")
