"""Argo CD renders the chart, applies its objects and runs the migration: with a small chart, and with main.py's platform."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App, Chart

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ArgoApplication,
    ChartSource,
    ClusterFacts,
    DsnSecret,
    ExternalDatabase,
    Image,
    KubernetesExecutor,
    Logs,
    Namespace,
    Scheduler,
)
from tests.cluster.kit import Kubectl, KubectlError, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.chart_server import ChartServer, chart_server
from tests.cluster.kit.lacking import skip_without_definition
from tests.cluster.kit.small_chart import NAME as SMALL
from tests.cluster.kit.small_chart import write_small_chart
from tests.cluster.platforms import homelab
from tests.helm.rendering import CHARTS_MISSING, charts_folder

ARGO_CD = "argocd"
PROJECT = "cdk8s-airflow-test"
IMAGE = "apache/airflow:3.2.2"
APPLICATION = "application.argoproj.io/airflow"
CERTIFICATES = "argocd-tls-certs-cm"
MIGRATION = "job/airflow-run-airflow-migrations"
FACTS = ClusterFacts(kubernetes="1.34", cnpg="1.30.0", rwx_classes={"longhorn"})
GATE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gate", "namespace": "airflow"}}
"""As long as this ConfigMap has the key ``closed``, the Job of the small chart fails."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("argo-cd")


@pytest.fixture(scope="module")
def runner(kubectl: Kubectl, folder: Path) -> PlatformRunner:
    return PlatformRunner(kubectl, folder.name)


@pytest.fixture(scope="module")
def url(kubectl: Kubectl, folder: Path) -> Iterator[str]:
    """A chart repository that Argo CD may read, for objects in namespace airflow only. None of them may be cluster-scoped."""
    for definition in ("applications.argoproj.io", "appprojects.argoproj.io"):
        skip_without_definition(kubectl, definition, "Argo CD")
    charts = charts_folder()
    if charts is None:
        pytest.skip(CHARTS_MISSING)
    archives = [charts / "airflow-1.22.0.tgz", write_small_chart(folder)]
    # Argo CD caches what it has read under an address, also with the certificate of another authority.
    with chart_server(kubectl, archives, IMAGE, f"cdk8s-airflow-charts-{secrets.token_hex(4)}") as server:
        host = server.url.removeprefix("https://")
        try:
            kubectl.run("create", "-f", "-", input=json.dumps(project(server)))
            trust(kubectl, {host: server.ca})
            yield server.url
        finally:
            trust(kubectl, {host: None})
            kubectl.run("-n", ARGO_CD, "delete", "appproject", PROJECT, "--ignore-not-found")


def project(server: ChartServer) -> Mapping[str, Any]:
    """A project of Argo CD that permits what a release needs, and nothing else."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": PROJECT, "namespace": ARGO_CD},
        "spec": {
            "sourceRepos": [server.url],
            "destinations": [{"server": ArgoApplication().server, "namespace": "airflow"}],
        },
    }


def trust(kubectl: Kubectl, authorities: Mapping[str, str | None]) -> None:
    """Add certificates to those of Argo CD, or remove them, as the documentation says."""
    patch = json.dumps({"data": authorities})
    kubectl.run("-n", ARGO_CD, "patch", "configmap", CERTIFICATES, "--type=merge", "-p", patch)


def small(url: str, *, replicas: int = 1, repository: str | None = None, **delivery: Any) -> App:
    """A release of the small chart."""
    app = App()
    AirflowChart(
        Chart(app, "20-airflow"),
        "airflow",
        namespace=Namespace(Chart(app, "00-namespaces"), "airflow"),
        executor=KubernetesExecutor(),
        keys=AirflowKeys.existing(prefix="airflow"),
        database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(),
        logs=Logs.ephemeral(),
        scheduler=Scheduler(replicas=replicas),
        image=None if repository is None else Image(repository, tag="3.2.2"),
        facts=FACTS,
        delivery=ArgoApplication(project=PROJECT, source=ChartSource.https(url, name=SMALL), **delivery),
    )
    return app


@dataclass
class Delivered:
    """An Application on the cluster.

    Attributes:
        kubectl: the cluster.
        platform: its manifests.
    """

    kubectl: Kubectl
    platform: Platform

    @property
    def status(self) -> dict[str, Any]:
        """The status that Argo CD has written; empty before it has."""
        found = self.kubectl.get("-n", ARGO_CD, APPLICATION)
        return dict(found.get("status", {})) if found else {}

    @property
    def operation(self) -> dict[str, Any]:
        """The last sync."""
        return dict(self.status.get("operationState", {}))

    def refresh(self) -> None:
        """Let Argo CD render the chart again and compare it with the cluster, and wait until it has done so."""
        annotation = "argocd.argoproj.io/refresh"
        self.kubectl.run("-n", ARGO_CD, "annotate", APPLICATION, f"{annotation}=hard", "--overwrite")
        self.wait(
            lambda: (
                annotation not in (self.kubectl.get("-n", ARGO_CD, APPLICATION)["metadata"].get("annotations") or {})
            ),
            "refreshed",
        )

    def wait(self, condition: Any, what: str, seconds: int = 120) -> float:
        """Wait until something is true.

        Returns:
            How many seconds it took.
        """
        start = time.monotonic()
        with self.platform.explained():
            while not condition():
                if time.monotonic() > start + seconds:
                    raise KubectlError(
                        f"the Application is not {what} after {seconds} s: {json.dumps(self.status)[-3000:]}"
                    )
                time.sleep(1)
        return time.monotonic() - start

    def wait_until_read(self) -> None:
        """Wait until Argo CD has read the chart. It needs a minute to notice a new certificate.

        The test is skipped if no controller writes the status.
        """
        try:
            self.wait(lambda: self.status.get("sync"), "seen", 60)
        except KubectlError:
            pytest.skip("no controller has written the status of the Application within 60 seconds")

        def is_read() -> bool:
            self.refresh()
            status = self.status
            failed = any(each["type"] == "ComparisonError" for each in status.get("conditions", ()))
            return not failed and status["sync"].get("status") in ("Synced", "OutOfSync")

        self.wait(is_read, "compared with the chart", 240)

    def generations(self) -> dict[str, int]:
        """Workload of the release -> how often its specification has changed."""
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["generation"]
            for each in self.kubectl.items("deployments,statefulsets", "-n", "airflow")
        }

    def migration(self) -> str:
        """The id of the migration Job; empty if there is none."""
        job = self.kubectl.get(MIGRATION, "-n", "airflow")
        return str(job["metadata"]["uid"]) if job else ""

    def assert_nothing_changes(self) -> None:
        """A second apply and a comparison with the chart change nothing, and start no sync."""
        platform = self.platform
        # A status that Argo CD writes meanwhile is a difference.
        self.wait(lambda: platform.diff() == "", "equal to its manifest", 30)
        before, workloads, operation = platform.generations(), self.generations(), self.operation
        platform.apply()
        self.refresh()
        self.wait(lambda: platform.diff() == "", "equal to its manifest", 30)
        # Argo CD counts the generation of an Application up with each status: it has no subresource for the status.
        counted = {key: value for key, value in platform.generations().items() if not key.startswith("Application ")}
        assert counted == {key: value for key, value in before.items() if not key.startswith("Application ")}
        assert self.generations() == workloads != {}
        assert self.operation == operation
        assert self.status["sync"]["status"] == "Synced"
        assert {each["status"] for each in self.status["resources"] if "status" in each} == {"Synced"}
        assert "conditions" not in self.status


def release(runner: PlatformRunner, platform: Platform) -> Delivered:
    """Apply a platform, and wait until its release is installed."""
    delivered = Delivered(runner.kubectl, platform)
    platform.apply()
    delivered.wait_until_read()
    platform.wait_for_releases(300)
    return delivered


def test_small_release_is_synced_upgraded_healed_and_deleted(runner: PlatformRunner, url: str, tmp_path: Path) -> None:
    kubectl = runner.kubectl
    with runner.platform(small(url, on_delete="delete"), tmp_path, secrets=False) as platform:
        delivered = release(runner, platform)
        assert set(delivered.generations()) == {"Deployment/airflow-scheduler", "StatefulSet/airflow-triggerer"}
        delivered.assert_nothing_changes()
        job = delivered.migration()

        kubectl.run("-n", "airflow", "scale", "deployment/airflow-scheduler", "--replicas=3")
        healed = delivered.wait(
            lambda: kubectl.get("deployment/airflow-scheduler", "-n", "airflow")["spec"]["replicas"] == 1, "healed"
        )
        platform.wait_for_releases()
        assert delivered.migration() == job != ""  # only what differs is synced

        changed = runner.change(platform, small(url, on_delete="delete", replicas=2))
        start = time.monotonic()
        changed.upgrade()
        upgraded = time.monotonic() - start
        assert kubectl.get("deployment/airflow-scheduler", "-n", "airflow")["spec"]["replicas"] == 2
        assert delivered.migration() not in (job, "")

        start = time.monotonic()
        kubectl.shell(changed.removal[0], timeout=120)
        print(f"healed {healed:.0f} s, upgraded {upgraded:.0f} s, deleted {time.monotonic() - start:.0f} s")
        assert delivered.generations() == {}
        assert delivered.migration() == ""


def test_failed_sync_is_recovered_by_the_printed_command(runner: PlatformRunner, url: str, tmp_path: Path) -> None:
    kubectl = runner.kubectl
    with runner.platform(small(url, retries=0), tmp_path, secrets=False) as platform:
        kubectl.run("create", "-f", "-", input=json.dumps({**GATE, "data": {"closed": ""}}))
        delivered = Delivered(kubectl, platform)
        platform.apply()
        delivered.wait_until_read()
        delivered.wait(lambda: delivered.operation.get("phase") == "Failed", "failed")
        kubectl.run("-n", "airflow", "delete", "configmap", "gate")
        delivered.refresh()
        assert delivered.operation["phase"] == "Failed"  # Argo CD does not try again by itself
        start = time.monotonic()
        platform.recover()
        platform.wait_for_releases(120)
        print(f"recovered in {time.monotonic() - start:.0f} s")
        delivered.assert_nothing_changes()


def test_sync_that_is_retried_is_recovered_by_the_printed_command_at_once(
    runner: PlatformRunner, url: str, tmp_path: Path
) -> None:
    """A retry uses the manifests with which the sync has started."""
    kubectl = runner.kubectl

    def replicas() -> int:
        return int(kubectl.get("deployment/airflow-scheduler", "-n", "airflow")["spec"]["replicas"])

    with runner.platform(small(url), tmp_path, secrets=False) as platform:
        kubectl.run("create", "-f", "-", input=json.dumps({**GATE, "data": {"closed": ""}}))
        delivered = Delivered(kubectl, platform)
        platform.apply()
        delivered.wait_until_read()
        delivered.wait(lambda: "Retrying attempt #1" in delivered.operation.get("message", ""), "failed")
        corrected = runner.change(platform, small(url, replicas=2))
        corrected.apply()
        delivered.wait(lambda: "Retrying attempt #2" in delivered.operation.get("message", ""), "retried")
        assert replicas() == 1
        kubectl.run("-n", "airflow", "delete", "configmap", "gate")
        start = time.monotonic()
        corrected.recover()
        corrected.wait_for_releases(120)
        seconds = time.monotonic() - start
        print(f"recovered in {seconds:.0f} s")
        assert seconds < 40  # the next retry is a minute after the one before
        assert replicas() == 2


@pytest.mark.parametrize("on_delete", ["keep", "delete"])
def test_sync_that_waits_for_an_image_is_corrected_and_deleted(
    runner: PlatformRunner, url: str, tmp_path: Path, on_delete: str
) -> None:
    """A sync waits for its migration Job without a limit. Until it ends, Argo CD ignores changed manifests and a deletion."""
    kubectl = runner.kubectl

    def wrong() -> App:
        return small(url, repository="registry.acme.lab/airflow", on_delete=on_delete)

    with runner.platform(wrong(), tmp_path, secrets=False) as platform:
        delivered = Delivered(kubectl, platform)
        platform.apply()
        delivered.wait_until_read()
        platform.wait("airflow", MIGRATION, "create", 120)
        delivered.wait(lambda: "waiting for completion" in delivered.operation.get("message", ""), "waiting")
        job = delivered.migration()
        corrected = runner.change(platform, small(url, on_delete=on_delete))
        corrected.apply()
        delivered.refresh()
        assert delivered.operation["phase"] == "Running"
        assert delivered.migration() == job
        start = time.monotonic()
        corrected.recover()
        corrected.wait_for_releases(120)
        print(f"corrected in {time.monotonic() - start:.0f} s")
        Delivered(kubectl, corrected).assert_nothing_changes()

        runner.change(platform, wrong()).apply()
        delivered.wait(lambda: delivered.operation.get("phase") == "Running", "waiting again")
        delivered.wait(lambda: delivered.migration() not in ("", job), "waiting again")
        # The corrected manifests must not start another sync before the Application is deleted.
        runner.change(platform, small(url, on_delete=on_delete)).apply()
        start = time.monotonic()
        for command in platform.removal:
            kubectl.shell(command.replace(" delete ", " delete --ignore-not-found ", 1), timeout=120)
        print(f"deleted in {time.monotonic() - start:.0f} s")
        assert not kubectl.exists("namespace", "airflow")


def program(url: str, **release: Any) -> App:
    """main.py's platform, delivered by Argo CD."""
    delivery = ArgoApplication(project=PROJECT, source=ChartSource.https(url), on_delete="delete")
    return homelab("kubernetes", release={"delivery": delivery, "facts": FACTS, **release}).app


def set_address_of_ingress(platform: Platform) -> None:
    """Do what an ingress controller does, if the cluster has none: without an address, Argo CD does not call an Ingress healthy."""
    ingress = "ingress/airflow-ingress"
    platform.wait("airflow", ingress, "create", 180)
    balancer = platform.kubectl.get(ingress, "-n", "airflow")["status"].get("loadBalancer")
    if not balancer:
        patch = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
        platform.kubectl.run("-n", "airflow", "patch", ingress, "--subresource=status", "--type=merge", "-p", patch)


@dataclass
class Whole(Delivered):
    """The platform with Airflow's chart.

    Attributes:
        runner: what writes its manifests.
        api: its API.
        url: the chart repository.
    """

    runner: PlatformRunner
    api: AirflowApi
    url: str


@pytest.fixture(scope="module")
def whole(runner: PlatformRunner, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """The platform that Argo CD has installed."""
    kubectl = runner.kubectl
    with runner.platform(program(url), tmp_path_factory.mktemp("whole"), small=True) as platform:
        start = time.monotonic()
        platform.apply()
        whole = Whole(kubectl, platform, runner, AirflowApi(kubectl, "airflow"), url)
        whole.wait_until_read()
        platform.wait_for_databases()
        set_address_of_ingress(platform)
        platform.wait_for_releases()
        print(f"installed in {time.monotonic() - start:.0f} s", platform.seconds)
        yield whole


def test_dag_run_succeeds(whole: Whole) -> None:
    with whole.platform.explained():
        whole.api.log_in()
        whole.api.wait_for_dag()
        whole.api.trigger("argo-cd")
        assert whole.api.wait_for_run("argo-cd") == "success", whole.api.tasks("argo-cd")


def test_second_apply_and_a_comparison_change_nothing(whole: Whole) -> None:
    whole.assert_nothing_changes()


def test_changed_value_is_upgraded_at_once_and_migrates_again(whole: Whole) -> None:
    workloads, job = whole.generations(), whole.migration()
    platform = whole.runner.change(whole.platform, program(whole.url, rotation="changed"), small=True)
    start = time.monotonic()
    platform.upgrade()
    print(f"upgraded in {time.monotonic() - start:.0f} s")
    whole.platform = platform
    assert whole.generations()["Deployment/airflow-scheduler"] > workloads["Deployment/airflow-scheduler"]
    assert whole.migration() not in (job, "")
    whole.assert_nothing_changes()
    with platform.explained():
        whole.api.log_in_again()
        assert whole.api.run_state("argo-cd") == "success"


def test_deleted_application_deletes_the_release(whole: Whole) -> None:
    """The first printed command; the others then delete the database and the namespaces, and the fixture checks that."""
    start = time.monotonic()
    with whole.platform.explained():
        whole.kubectl.shell(whole.platform.removal[0], timeout=300)
    print(f"deleted in {time.monotonic() - start:.0f} s")
    assert whole.generations() == {}
    assert whole.kubectl.items("jobs,configmaps,services,pods", "-n", "airflow", "-l", "release=airflow") == []
    assert not whole.kubectl.exists("-n", ARGO_CD, APPLICATION)
