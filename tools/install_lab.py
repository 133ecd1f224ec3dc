"""``make lab``: Airflow on a cluster, with a log-in and a DAG that ran, in one command; ``make lab-down`` removes it.

The cluster is named on the command line. Nothing is read from the current context of kubectl.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cdk8s_airflow import HelmCommand, K3sHelmChart
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.run import synth
from cdk8s_airflow.doctor import DoctorError, LiveCluster, Severity, examine, requirements_of
from cdk8s_airflow.doctor.diagnosis import Diagnosis
from cdk8s_airflow.doctor.text import diagnoses_text
from cdk8s_airflow.plan.manifest import read_folder
from cdk8s_airflow.report.removal import removal_commands
from examples import lab

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "lab"
NAMESPACE = RELEASE = "airflow-lab"
DAG = "hello"
SCHEDULERS = ("pods", "--selector", f"component=scheduler,release={RELEASE}")

_SECONDS = {"release": 1500, "workloads": 600, "dag": 300}
"""How long each step may take. The chart's own limit for the migration is shorter, so that its error is shown."""

_BEFORE_APPLY = frozenset(
    {
        "doctor/definition-missing",
        "doctor/storage-class-missing",
        "doctor/no-default-storage-class",
        "doctor/kubernetes-version",
    }
)


_NORMAL = frozenset({"ContainerCreating", "PodInitializing"})


def pod_text(pod: Mapping[str, Any]) -> str:
    """The state of a pod in a few words: its phase, how many containers are ready, and what keeps it from starting.

    Args:
        pod: the pod as the API server returns it.
    """
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    ready = sum(bool(each.get("ready")) for each in containers)
    text = f"{status.get('phase')}, {ready} of {len(containers)} containers ready"
    for each in (*(status.get("initContainerStatuses") or ()), *containers):
        reason = ((each.get("state") or {}).get("waiting") or {}).get("reason")
        if reason is not None and reason not in _NORMAL:
            return f"{text}; {each['name']}: {reason} ({each.get('image')})"
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"{text}; {condition.get('reason')}: {condition.get('message')}"
    return text


class LabError(click.ClickException):
    """A step that failed, with what to do."""


class Lab:
    """The lab on one cluster.

    Args:
        kubectl: kubectl and the options that name the cluster.
        images: image in the manifests -> image that the cluster has.
        postgres_major: the major version of PostgreSQL.
    """

    def __init__(self, kubectl: Sequence[str], images: dict[str, str], postgres_major: int) -> None:
        self._kubectl = tuple(kubectl)
        self._images = images
        self._postgres_major = postgres_major
        self._shown: dict[str, str] = {}

    def up(self) -> None:
        """Install the lab, run its DAG, and print what to do next."""
        self._say("Checking the cluster")
        delivery = self._delivery()
        app = self._write(delivery)
        required = requirements_of(registry_of(app), read_folder(FOLDER))
        missing = [each for each in self._diagnoses(required) if each.rule in _BEFORE_APPLY]
        if any(each.severity is Severity.ERROR for each in missing):
            raise LabError(f"the cluster lacks what the lab requires.\n\n{diagnoses_text(missing)}")
        self._say(f"Applying {FOLDER.relative_to(ROOT)}/ (namespaces {NAMESPACE} and {NAMESPACE}-setup)")
        self._run("apply", "--server-side", "-f", str(FOLDER))
        try:
            self._install(delivery)
            self._say("Waiting for all pods")
            self._wait("workloads", self._workloads_are_ready)
            self._say(f"Running the DAG {DAG}")
            self._run_dag()
        except LabError as error:
            raise LabError(f"{error.message}\n\n{diagnoses_text(self._diagnoses(required))}") from None
        self._say("Done: Airflow runs, and its DAG has run.")
        click.echo(self._next_steps())

    def down(self) -> None:
        """Remove the lab with all its data."""
        app = self._write(self._delivery())
        with self._bound_kubectl() as path:
            for command in removal_commands(registry_of(app), FOLDER):
                if command.startswith("helm "):
                    safe = f"{command} --ignore-not-found {self._helm_options()}"
                elif "--ignore-not-found" in command:
                    safe = command
                else:
                    safe = command.replace(" delete ", " delete --ignore-not-found ", 1)
                self._say(safe)
                environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
                if subprocess.run(["bash", "-c", safe], env=environment, check=False).returncode:
                    raise LabError(f"this command failed: {safe}")
        self._say("Done: the lab is removed.")

    def _delivery(self) -> K3sHelmChart | HelmCommand:
        try:
            LiveCluster(self._kubectl).version()
        except DoctorError as error:
            raise LabError(str(error)) from None
        if self._has("crd", "helmcharts.helm.cattle.io"):
            return K3sHelmChart()
        if shutil.which("helm") is None:
            raise LabError("the cluster has no helm-controller (k3s has one), and Helm is not installed. Install Helm.")
        return HelmCommand()

    def _write(self, delivery: K3sHelmChart | HelmCommand) -> Any:
        operator = self._has("crd", "clusters.postgresql.cnpg.io")
        app = synth(
            lambda: lab.build(delivery, operator=operator, postgres_major=self._postgres_major, outdir=str(FOLDER))
        )
        for file in FOLDER.rglob("*.y*ml"):
            text = file.read_text(encoding="utf-8")
            for wanted, available in self._images.items():
                text = text.replace(wanted, available)
            file.write_text(text, encoding="utf-8")
        return app

    def _diagnoses(self, required: Any) -> list[Diagnosis]:
        return examine(required, LiveCluster(self._kubectl))

    def _install(self, delivery: K3sHelmChart | HelmCommand) -> None:
        if isinstance(delivery, K3sHelmChart):
            self._say("Waiting for the helm-controller to install the chart: this takes a few minutes")
            self._wait("release", self._job_is_done)
            return
        self._say("Installing the chart with Helm: this takes a few minutes")
        script = FOLDER / "helm" / RELEASE / "install.sh"
        process = subprocess.Popen(["sh", str(script), *shlex.split(self._helm_options())], stdout=subprocess.DEVNULL)
        try:
            self._wait("release", lambda: process.poll() is not None)
        finally:
            process.terminate()
        if process.returncode:
            raise LabError("Helm failed; its message is above")

    def _helm_options(self) -> str:
        options = dict(zip(self._kubectl[1::2], self._kubectl[2::2], strict=True))
        words = ["--kube-context", options["--context"]]
        return shlex.join([*words, *(["--kubeconfig", options["--kubeconfig"]] if "--kubeconfig" in options else [])])

    def _job_is_done(self) -> bool:
        job = self._get("-n", "kube-system", "job", f"helm-install-{RELEASE}")
        conditions = {each["type"]: each["status"] for each in (job.get("status") or {}).get("conditions") or ()}
        if conditions.get("Failed") == "True":
            raise LabError(f"the release failed: kubectl -n kube-system logs job/helm-install-{RELEASE}")
        return conditions.get("Complete") == "True"

    def _workloads_are_ready(self) -> bool:
        items = self._get("-n", NAMESPACE, "deployments,statefulsets").get("items") or []
        return bool(items) and all(
            (each.get("status") or {}).get("readyReplicas", 0) >= each["spec"].get("replicas", 1) for each in items
        )

    def _run_dag(self) -> None:
        run_id = f"lab-{int(time.time())}"
        self._wait("dag", lambda: self._airflow("dags", "unpause", DAG) is not None)
        if self._airflow("dags", "trigger", DAG, "--run-id", run_id) is None:
            raise LabError(f"the DAG {DAG} could not be triggered")

        def finished() -> bool:
            runs = _json_list(self._airflow("dags", "list-runs", DAG, "--output", "json") or "")
            state = next((each["state"] for each in runs if each["run_id"] == run_id), "queued")
            self._show(f"DAG run {run_id}", state)
            if state == "failed":
                raise LabError(f"the DAG run {run_id} failed")
            return bool(state == "success")

        self._wait("dag", finished)

    def _airflow(self, *arguments: str) -> str | None:
        """What an Airflow command prints; None if it fails, as it does until the DAG is parsed."""
        pods = self._get("-n", NAMESPACE, *SCHEDULERS).get("items") or []
        if not pods:
            return None
        container = ("exec", pods[0]["metadata"]["name"], "-c", "scheduler", "--")
        done = subprocess.run(
            [*self._kubectl, "-n", NAMESPACE, *container, "airflow", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        return None if done.returncode else done.stdout

    def _wait(self, step: str, is_done: Callable[[], bool]) -> None:
        """Wait until a step is done, and print each change of a pod meanwhile.

        Raises:
            LabError: if it takes too long.
        """
        end = time.monotonic() + _SECONDS[step]
        while not is_done():
            if time.monotonic() > end:
                raise LabError(f"this step took more than {_SECONDS[step] // 60} minutes")
            self._show_pods()
            time.sleep(3)
        self._show_pods()

    def _show_pods(self) -> None:
        for pod in self._get("-n", NAMESPACE, "pods").get("items") or []:
            self._show(pod["metadata"]["name"], pod_text(pod))

    def _show(self, name: str, state: str) -> None:
        if self._shown.get(name) != state:
            self._shown[name] = state
            click.echo(f"    {name}: {state}")

    def _say(self, text: str) -> None:
        click.secho(f"==> {text}", bold=True)

    def _has(self, *what: str) -> bool:
        return subprocess.run([*self._kubectl, "get", *what], capture_output=True, check=False).returncode == 0

    def _get(self, *arguments: str) -> Any:
        done = subprocess.run(
            [*self._kubectl, *arguments[:2], "get", *arguments[2:], "--ignore-not-found", "--output", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def _run(self, *arguments: str) -> None:
        if subprocess.run([*self._kubectl, *arguments], check=False).returncode:
            raise LabError(f"kubectl {shlex.join(arguments)} failed; its message is above")

    @contextmanager
    def _bound_kubectl(self) -> Iterator[str]:
        """A folder with a kubectl that is bound to the cluster, for commands that are written for any cluster."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "kubectl"
            program = shutil.which(self._kubectl[0]) or self._kubectl[0]
            file.write_text(f'#!/bin/sh\nexec {shlex.join([program, *self._kubectl[1:]])} "$@"\n', encoding="utf-8")
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
            yield folder

    def _next_steps(self) -> str:
        kubectl = shlex.join(self._kubectl)
        secret = f"{kubectl} -n {NAMESPACE} get secret airflow-admin"
        return f"""
Open the UI: run this, then open http://localhost:8080

  {kubectl} -n {NAMESPACE} port-forward service/{RELEASE}-api-server 8080:8080

The user name and the password:

  {secret} -o go-template='{{{{.data.username | base64decode}}}} {{{{.data.password | base64decode}}}}{{{{"\\n"}}}}'

Next:
  examples/lab.py           the program; its DAG is in examples/lab_dags/
  docs/tutorial/homelab.md  a platform to keep
  make lab-down             remove the lab with all its data
"""


def _json_list(output: str) -> list[dict[str, Any]]:
    """The list that an Airflow command prints, after lines of its log; empty if there is none."""
    start = output.find("[{")
    return json.JSONDecoder().raw_decode(output, start)[0] if start >= 0 else []


def _pairs(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for wanted, equals, available in pairs:
        if not (wanted and equals and available):
            raise click.BadParameter("must be WANTED=AVAILABLE.", context, parameter)
    return {wanted: available for wanted, _, available in pairs}


@click.command()
@click.argument("action", type=click.Choice(["up", "down"]))
@click.option("--context", required=True, help="The kubectl context of the cluster.")
@click.option("--kubeconfig", help="The kubeconfig. Default: that of kubectl.")
@click.option(
    "--image", "images", multiple=True, callback=_pairs, metavar="WANTED=AVAILABLE", help="An image to replace."
)
@click.option("--postgres-major", type=int, default=16, show_default=True, help="The version of PostgreSQL.")
def main(action: str, context: str, kubeconfig: str | None, images: dict[str, str], postgres_major: int) -> None:
    """Install Airflow on a cluster for a first look (up), or remove it with all its data (down)."""
    if shutil.which("kubectl") is None:
        raise LabError("kubectl is not installed. Install kubectl.")
    options = ["--context", context, *(["--kubeconfig", kubeconfig] if kubeconfig else [])]
    chosen = Lab(["kubectl", *options], images, postgres_major)
    (chosen.up if action == "up" else chosen.down)()


if __name__ == "__main__":
    sys.exit(main())
