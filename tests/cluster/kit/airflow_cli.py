"""The command line of Airflow on a cluster, called in the pod of the scheduler: for Airflow 2, whose API is another one."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.cluster.kit.airflow_api import DAG
from tests.cluster.kit.kubectl import Kubectl, KubectlError


class AirflowCli:
    """The commands that the tests need. Each of them takes seconds, because Airflow is loaded anew.

    Args:
        kubectl: the cluster.
        namespace: the namespace of the release.
        release: the name of the release.
        dag: the DAG.
    """

    def __init__(self, kubectl: Kubectl, namespace: str = "airflow", release: str = "airflow", dag: str = DAG) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        self._scheduler = f"deploy/{release}-scheduler"
        self._dag = dag

    def run(self, *command: str, timeout: float = 180) -> str:
        """The output of a command."""
        return self._kubectl.run(
            "-n", self._namespace, "exec", self._scheduler, "-c", "scheduler", "--", "airflow", *command, timeout=timeout
        ).stdout  # fmt: skip

    def wait_for_dag(self) -> None:
        """Wait until the DAG has been parsed, and unpause it.

        Raises:
            KubectlError: if Airflow does not know the DAG after 20 questions.
        """
        for _ in range(20):
            try:
                if self._dag in self.run("dags", "list", "-o", "plain"):
                    break
            except KubectlError:
                continue
        else:
            raise KubectlError(f"Airflow does not know the DAG {self._dag}")
        self.run("dags", "unpause", self._dag)

    def run_state(self, run: str) -> str:
        """The state of a run, or an empty text if there is no such run."""
        found = self._listed("dags", "list-runs", "-d", self._dag)
        return str(next((each["state"] for each in found if each["run_id"] == run), ""))

    def tasks(self, run: str) -> dict[str, str]:
        """Task -> its state."""
        found = self._listed("tasks", "states-for-dag-run", self._dag, run)
        return {str(each["task_id"]): str(each["state"]) for each in found}

    def run_to_the_end(self, run: str, seconds: int = 600) -> str:
        """Start a run, and wait until it has ended or the time is over; its state."""
        self.run("dags", "trigger", self._dag, "--run-id", run)
        end = time.monotonic() + seconds
        while (state := self.run_state(run)) not in ("success", "failed") and time.monotonic() < end:
            pass  # each question takes seconds
        return state

    def _listed(self, *command: str) -> list[Any]:
        text = self.run(*command, "-o", "json")
        found: list[Any] = json.loads(text[text.index("[{") :]) if "[{" in text else []
        return found
