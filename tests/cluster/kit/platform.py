"""A platform on a cluster: applied as the documentation says, watched until its controllers are done, removed again."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk8s import App

from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.report.removal import removal_commands
from tests.cluster.kit.airflow_api import DAG, AirflowApi
from tests.cluster.kit.certificates import certificates
from tests.cluster.kit.diagnostics import diagnostics
from tests.cluster.kit.kubectl import Kubectl, KubectlError
from tests.cluster.kit.small import cut_down
from tests.cluster.kit.usage import measured
from tests.truth import manifests

Manifest = dict[str, Any]

TEST_LABEL = "cdk8s-airflow.test/run"
"""The label of every namespace that a test creates."""

_CLUSTER = ("postgresql.cnpg.io", "Cluster")
_HELM_CHART = ("helm.cattle.io", "HelmChart")
_FLUX_RELEASE = ("helm.toolkit.fluxcd.io", "HelmRelease")
_ARGO_APPLICATION = ("argoproj.io", "Application")


@dataclass
class Platform:
    """One program's manifests, in a folder and on the cluster.

    Attributes:
        kubectl: the cluster.
        folder: where the manifests are.
        manifests: the same, read.
        needs: the Secrets that somebody has to create.
        removal: the commands that delete everything, as the summary prints them.
        recovery: the commands for releases that have failed, as the summary prints them.
        seconds: what was waited for -> how long it took.
    """

    kubectl: Kubectl
    folder: Path
    manifests: list[Manifest]
    needs: Sequence[SecretNeed]
    removal: Sequence[str]
    recovery: Sequence[str]
    seconds: dict[str, float] = field(default_factory=dict)

    def of_kind(self, group: str, kind: str) -> Iterator[tuple[str, str, Manifest]]:
        """Namespace, name and manifest of each object of a kind."""
        for manifest in self.manifests:
            if manifest["kind"] == kind and manifest["apiVersion"].rpartition("/")[0] == group:
                yield manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"], manifest

    @property
    def own_namespaces(self) -> list[str]:
        """The namespaces among the manifests."""
        return [name for _, name, _ in self.of_kind("", "Namespace")]

    @property
    def namespaces(self) -> list[str]:
        """Every namespace that the platform uses."""
        used = {manifest["metadata"].get("namespace", "") for manifest in self.manifests} - {""}
        used |= {need.namespace for need in self.needs}
        used |= set(self.release_namespaces)
        return [*self.own_namespaces, *sorted(used - set(self.own_namespaces))]

    @property
    def release_namespaces(self) -> list[str]:
        """The namespaces of the releases."""
        helm = [
            manifest["spec"]["targetNamespace"]
            for kind in (_HELM_CHART, _FLUX_RELEASE)
            for _, _, manifest in self.of_kind(*kind)
        ]
        argo = [manifest["spec"]["destination"]["namespace"] for _, _, manifest in self.of_kind(*_ARGO_APPLICATION)]
        return [*helm, *argo]

    def apply(self, *, without: Container[str] = ()) -> None:
        """Apply the manifests; a conflict is an error.

        Args:
            without: the kinds that are left out.
        """
        what, text = str(self.folder), None
        if without:
            what, text = "-", json.dumps({"apiVersion": "v1", "kind": "List", "items": [
                each for each in self.manifests if each["kind"] not in without
            ]})  # fmt: skip
        with self._timed("apply"):
            self.kubectl.run("apply", "--server-side", "--validate=strict", "-f", what, input=text, timeout=180)

    def install(self) -> None:
        """Apply the manifests, and wait until every database and every pod is ready."""
        self.apply()
        self.wait_for_databases()
        self.wait_for_releases()

    def recover(self) -> None:
        """Run the commands that the summary prints for a failed release."""
        for command in self.recovery:
            self.kubectl.shell(command, timeout=180)

    def diff(self) -> str:
        """What the next apply would change, empty if nothing."""
        done = self.kubectl.run("diff", "--server-side", "-f", str(self.folder), timeout=180, check=False)
        if done.returncode > 1:
            raise KubectlError(f"kubectl diff\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def create_secrets(self) -> None:
        """Run the commands that the summary prints, in its order, for the Secrets that are not there."""
        settings = self.kubectl.settings
        answers = f"{settings.git_user}\n{settings.git_token}\n"
        for need in sorted(self.needs, key=lambda each: "get secret" in each.command):
            if self.kubectl.exists("secret", need.name, "-n", need.namespace):
                continue
            if "tls.crt" in need.command:
                self._create_certificate(need)
            else:
                self.kubectl.shell(need.command, input=answers)

    def _create_certificate(self, need: SecretNeed) -> None:
        """Create a Secret with a certificate, which the printed command reads from a file of the user."""
        _, certificate, key = certificates("airflow.example.com")
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("tls.crt", certificate), ("tls.key", key)):
                (Path(folder) / name).write_text(text, encoding="utf-8")
            self.kubectl.run(
                "-n", need.namespace, "create", "secret", "tls", need.name, f"--cert={folder}/tls.crt", f"--key={folder}/tls.key"
            )  # fmt: skip

    def wait_for_controllers(self, seconds: int = 120) -> None:
        """Wait until helm-controller has taken each HelmChart and created its Job, and CloudNativePG each Cluster."""
        for namespace, name, _ in self.of_kind(*_HELM_CHART):
            self.wait(namespace, f"helmchart/{name}", "jsonpath={.metadata.finalizers}", seconds)
            self.wait(namespace, f"job/helm-install-{name}", "create", seconds)
            self.wait(namespace, f"helmchart/{name}", "jsonpath={.status.jobName}", seconds)
        for namespace, name, _ in self.of_kind(*_CLUSTER):
            self.wait(namespace, f"cluster.postgresql.cnpg.io/{name}", "jsonpath={.status.phase}", seconds)

    def wait_for_databases(self, seconds: int = 300) -> None:
        """Wait until every Job is done, every Cluster healthy, and every Database and DatabaseRole made."""
        for namespace, name, _ in self.of_kind("batch", "Job"):
            self.wait(namespace, f"job/{name}", "condition=complete", seconds)
        for namespace, name, _ in self.of_kind(*_CLUSTER):
            self.wait(namespace, f"cluster.postgresql.cnpg.io/{name}", "condition=Ready", seconds)
        for kind in ("Database", "DatabaseRole"):
            for namespace, name, _ in self.of_kind("postgresql.cnpg.io", kind):
                self.wait(
                    namespace, f"{kind.lower()}.postgresql.cnpg.io/{name}", "jsonpath={.status.applied}=true", seconds
                )

    def wait_for_releases(self, seconds: int = 900) -> None:
        """Wait until every release is installed and every pod of it ready."""
        for namespace, name, _ in self.of_kind(*_HELM_CHART):
            self.wait(namespace, f"job/helm-install-{name}", "create", seconds)
            self.wait(namespace, f"job/helm-install-{name}", "condition=complete", seconds)
        for namespace, name, _ in self.of_kind(*_FLUX_RELEASE):
            self.wait(namespace, f"helmrelease.helm.toolkit.fluxcd.io/{name}", "condition=Ready", seconds)
        for namespace, name, manifest in self.of_kind(*_ARGO_APPLICATION):
            self._wait_for_sync(namespace, name, manifest["spec"]["source"], seconds)
        for namespace in self.release_namespaces:
            self.wait_for_workloads(namespace, seconds)

    def _wait_for_sync(self, namespace: str, name: str, source: Manifest, seconds: int) -> None:
        """Wait until Argo CD has synced an Application from this source, also after a change, and it is healthy.

        Raises:
            KubectlError: if this takes longer, with the status.
        """
        end = time.monotonic() + seconds
        with self._timed(f"application {name} synced"), self.explained():
            while True:
                found = self.kubectl.get("application.argoproj.io", name, "-n", namespace) or {}
                status = found.get("status", {})
                operation = status.get("operationState", {})
                if (
                    "operation" not in found
                    and operation.get("phase") == "Succeeded"
                    and operation.get("syncResult", {}).get("source") == source
                    and status["sync"]["status"] == "Synced"
                    and status["sync"]["comparedTo"]["source"] == source
                    and status["health"]["status"] == "Healthy"
                ):
                    return
                if time.monotonic() > end:
                    raise KubectlError(
                        f"application {name} is not synced after {seconds} s: {json.dumps(status)[-3000:]}"
                    )
                time.sleep(1)

    def upgrade(self, seconds: int = 900) -> None:
        """Apply changed manifests, and wait until every release is upgraded and every pod of it ready."""
        self.start_upgrade()
        self.wait_for_releases(seconds)

    def start_upgrade(self) -> None:
        """Apply changed manifests, and wait until the controller has started an upgrade of every release."""
        jobs = {name: self._job_id(namespace, name) for namespace, name, _ in self.of_kind(*_HELM_CHART)}
        self.apply()
        for namespace, name, _ in self.of_kind(*_HELM_CHART):
            end = time.monotonic() + 120
            while self._job_id(namespace, name) in ("", jobs[name]):
                if time.monotonic() > end:
                    raise KubectlError(f"the controller has not started an upgrade of {name} within 120 s")
                time.sleep(1)

    def _job_id(self, namespace: str, name: str) -> str:
        job = self.kubectl.get("job", f"helm-install-{name}", "-n", namespace)
        return str(job["metadata"]["uid"]) if job else ""

    def wait_for_workloads(self, namespace: str, seconds: int = 600) -> None:
        """Wait until every Deployment and StatefulSet of a namespace has all its pods ready."""
        names = self.kubectl.run("-n", namespace, "get", "deployments,statefulsets", "-o", "name").stdout.split()
        with self._timed(f"workloads of {namespace}"), self.explained():
            for name in names:
                self.kubectl.run(
                    "-n", namespace, "rollout", "status", name, f"--timeout={seconds}s", timeout=seconds + 30
                )

    def wait(self, namespace: str, what: str, condition: str, seconds: int) -> None:
        """Wait for a condition of one object, by a watch.

        Raises:
            KubectlError: if it does not come in time, with what a person would look at next.
        """
        with self._timed(f"{what} {condition}"), self.explained():
            self.kubectl.run(
                "-n", namespace, "wait", f"--for={condition}", what, f"--timeout={seconds}s", timeout=seconds + 30
            )

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - start, 1)

    def api(self, dag: str = DAG) -> AirflowApi:
        """A client of Airflow 3 that has logged in, once Airflow has parsed a DAG.

        Args:
            dag: the DAG.
        """
        api = AirflowApi(self.kubectl, "airflow", dag=dag)
        with self.explained():
            api.log_in()
            api.wait_for_dag()
        return api

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What fails inside carries diagnostics of the platform in its message."""
        try:
            yield
        except KubectlError as error:
            raise KubectlError(f"{error}\n{diagnostics(self.kubectl, self.namespaces)}") from error

    def generations(self) -> dict[str, int]:
        """Object -> how often its specification has changed, for kinds that count it."""
        return {
            f"{each['kind']} {each['metadata'].get('namespace', '')}/{each['metadata']['name']}": each["metadata"][
                "generation"
            ]
            for each in self.kubectl.items("-f", str(self.folder))
            if "generation" in each["metadata"]
        }

    def remove(self) -> None:
        """Run the commands that the summary prints to delete everything, all of them even if one fails.

        What is gone already is no error. A release that Helm installs from outside the cluster is none that these tests install.

        Raises:
            KubectlError: if a command failed or took more than ten minutes, or something is left.
        """
        problems: list[str] = []
        for command in self.removal:
            if command.startswith("helm "):
                continue
            lenient = command
            if "--ignore-not-found" not in command:
                lenient = command.replace(" delete ", " delete --ignore-not-found ", 1)
            try:
                with self._timed(command), self.explained():
                    self.kubectl.shell(lenient, timeout=600)
            except KubectlError as error:
                problems.append(str(error))
        left = self.kubectl.run("get", "-f", str(self.folder), "-o", "name", "--ignore-not-found", check=False).stdout
        if left.strip():
            problems.append(f"left after the removal:\n{left}")
        if problems:
            raise KubectlError("\n".join(problems))


class PlatformRunner:
    """Puts platforms on a cluster, one after the other, and leaves nothing of them.

    Args:
        kubectl: the cluster.
        run: what distinguishes this test run, a label value.
    """

    def __init__(self, kubectl: Kubectl, run: str) -> None:
        self.kubectl = kubectl
        self._run = run

    @contextmanager
    def platform(
        self, app: App, folder: Path, *, secrets: bool = True, small: bool = False, keep_replicas: bool = False
    ) -> Iterator[Platform]:
        """A platform whose namespaces and Secrets are there; it is removed at the end.

        Args:
            app: the program.
            folder: an empty folder for its manifests.
            secrets: whether the Secrets are created that somebody has to create.
            small: whether the applied copy is cut down to one replica of everything with little CPU.
            keep_replicas: whether only the CPU is cut down.

        Raises:
            KubectlError: if something of this name is there already, which then is somebody else's and stays as it is.
        """
        platform = self._written(app, folder, small, keep_replicas)
        self._refuse_what_is_there(platform)
        added: list[str] = []
        try:
            added = self._create_namespaces(platform)
            if secrets:
                platform.create_secrets()
            with measured(self.kubectl, platform.namespaces) as usage:
                yield platform
            print(f"{folder.name}: {usage}")
        finally:
            platform.remove()
            if added:
                self.kubectl.run("delete", "namespace", "--ignore-not-found", *added, "--timeout=5m", timeout=330)

    def change(self, platform: Platform, app: App, *, small: bool = False, keep_replicas: bool = False) -> Platform:
        """The platform with the manifests of another program; the caller applies them."""
        return self._written(app, platform.folder, small, keep_replicas)

    def _written(self, app: App, folder: Path, small: bool, keep_replicas: bool = False) -> Platform:
        registry = registry_of(app)
        text = self._fitted(str(app.synth_yaml()))
        if small:
            text, changes = cut_down(text, keep_replicas=keep_replicas)
            assert changes, "there is nothing to cut down in these manifests"
        (folder / "platform.k8s.yaml").write_text(text, encoding="utf-8")
        return Platform(
            self.kubectl,
            folder,
            manifests.load(text),
            list(registry.missing),
            removal_commands(registry, folder),
            [command for note in registry.notes for command in re.findall(r"^If release .* run:\n  (.*)", note)],
        )

    def _fitted(self, text: str) -> str:
        """Manifests with what the cluster has: its images, storage classes, and policies of its helm-controller."""
        settings = self.kubectl.settings
        for wanted, available in settings.images.items():
            text = text.replace(wanted, available)
        if settings.storage:
            classes = {each["metadata"]["name"] for each in self.kubectl.items("storageclasses")}
            text = re.sub(
                r"(storageClass(?:Name)?: )([\w.-]+)",
                lambda match: match[0] if match[2] in classes else f"{match[1]}{settings.storage}",
                text,
            )
        field = "{.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.failurePolicy.enum}"
        policies = self.kubectl.run("get", "crd", "helmcharts.helm.cattle.io", "-o", f"jsonpath={field}").stdout
        return text if "retry" in policies else text.replace("failurePolicy: retry", "failurePolicy: abort")

    def _refuse_what_is_there(self, platform: Platform) -> None:
        there = self.kubectl.run(
            "get", "-f", str(platform.folder), "-o", "name", "--ignore-not-found", check=False
        ).stdout
        if there.strip():
            raise KubectlError(f"the cluster has objects of these names already, which a test must not touch:\n{there}")

    def _create_namespaces(self, platform: Platform) -> list[str]:
        """Create the platform's namespaces from their manifests, and those that it expects; returns the latter."""
        for _, name, manifest in platform.of_kind("", "Namespace"):
            self.kubectl.run("apply", "--server-side", "-f", "-", input=json.dumps(manifest))
            self._label(name)
        added = []
        for name in platform.namespaces:
            if not self.kubectl.exists("namespace", name):
                self.kubectl.run("create", "namespace", name)
                self._label(name)
                added.append(name)
        return added

    def _label(self, namespace: str) -> None:
        self.kubectl.run(
            "label", "--field-manager=cdk8s-airflow-test", "namespace", namespace, f"{TEST_LABEL}={self._run}"
        )
