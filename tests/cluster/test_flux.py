"""main.py's platform delivered by Flux: source-controller reads the chart, helm-controller installs and upgrades the release."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import ChartSource, ClusterFacts, FluxRelease, SecretKey
from tests.cluster.kit import Kubectl, KubectlError, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.chart_server import chart_server
from tests.cluster.kit.lacking import skip_without_controller, skip_without_definition
from tests.cluster.platforms import homelab
from tests.helm.rendering import CHARTS_MISSING, charts_folder

FLUX = "flux-system"
RELEASE = "helmrelease.helm.toolkit.fluxcd.io/airflow"
REPOSITORY = "helmrepository.source.toolkit.fluxcd.io/airflow"
IMAGE = "apache/airflow:3.2.2"
CA = SecretKey("chart-server-ca", "ca.crt")
FACTS = ClusterFacts(kubernetes="1.34", cnpg="1.30.0", rwx_classes={"longhorn"}, flux="2.8")
FOREIGN_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "airflow-statsd", "namespace": "airflow"},
    "spec": {"ports": [{"port": 80}]},
}
"""A Service of the chart that is there already, with a port without a name. Flux adds the ports of the chart, and the API server
refuses a Service with several ports of which one has no name. Without this the installation would succeed: Flux adopts objects."""


@dataclass
class Delivered:
    """The platform that Flux has installed.

    Attributes:
        kubectl: the cluster.
        runner: what writes its manifests.
        platform: the manifests that were applied last.
        api: its API.
        url: the chart repository.
    """

    kubectl: Kubectl
    runner: PlatformRunner
    platform: Platform
    api: AirflowApi
    url: str

    def revisions(self) -> list[str]:
        """The revisions that Helm has stored in the namespace of Airflow."""
        secrets = self.kubectl.items("secrets", "-n", "airflow", "-l", "owner=helm,name=airflow")
        return sorted(secret["metadata"]["labels"]["version"] for secret in secrets)

    def workloads(self) -> dict[str, int]:
        """Workload of the release -> how often its specification has changed."""
        return {
            f"{each['kind']}/{each['metadata']['name']}": each["metadata"]["generation"]
            for each in self.kubectl.items("deployments,statefulsets", "-n", "airflow")
        }

    def reconcile(self) -> None:
        """Request a reconciliation of the release, and wait until it is done."""
        requested = str(time.time_ns())
        annotation = f"reconcile.fluxcd.io/requestedAt={requested}"
        self.kubectl.run("-n", FLUX, "annotate", RELEASE, annotation, "--overwrite")
        self.platform.wait(FLUX, RELEASE, f"jsonpath={{.status.lastHandledReconcileAt}}={requested}", 120)
        self.platform.wait(FLUX, RELEASE, "condition=Ready", 120)


def program(url: str, **release: Any) -> Any:
    """main.py's platform, delivered by Flux from a chart repository with a certificate of its own authority."""
    delivery = FluxRelease(source=ChartSource.https(url, ca=CA), interval="1m")
    return homelab("kubernetes", release={"delivery": delivery, "facts": FACTS, **release}).app


@pytest.fixture(scope="module")
def delivered(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    """The platform, whose first installation has failed and was then recovered."""
    for definition in ("helmreleases.helm.toolkit.fluxcd.io", "helmcharts.source.toolkit.fluxcd.io"):
        skip_without_definition(kubectl, definition, "Flux")
    charts = charts_folder()
    if charts is None:
        pytest.skip(CHARTS_MISSING)
    folder: Path = tmp_path_factory.mktemp("flux")
    runner = PlatformRunner(kubectl, folder.name)
    with (
        chart_server(kubectl, [charts / "airflow-1.22.0.tgz"], IMAGE) as server,
        runner.platform(program(server.url), folder, secrets=False, small=True) as platform,
    ):
        (folder / CA.key).write_text(server.ca, encoding="utf-8")
        kubectl.run("-n", FLUX, "create", "secret", "generic", CA.name, f"--from-file={folder / CA.key}")
        (folder / CA.key).unlink()
        try:
            platform.create_secrets()
            kubectl.run("create", "-f", "-", input=json.dumps(FOREIGN_SERVICE))
            platform.apply()
            skip_without_controller(platform, FLUX, REPOSITORY)
            skip_without_controller(platform, FLUX, RELEASE)
            yield Delivered(kubectl, runner, platform, AirflowApi(kubectl, "airflow"), server.url)
        finally:
            kubectl.run("-n", FLUX, "delete", "secret", "--ignore-not-found", CA.name)


def test_failed_release_is_recovered_by_the_printed_command(delivered: Delivered) -> None:
    kubectl, platform = delivered.kubectl, delivered.platform
    platform.wait(FLUX, REPOSITORY, "condition=Ready", 120)
    platform.wait(FLUX, RELEASE, "jsonpath={.status.conditions[?(@.type=='Released')].reason}=InstallFailed", 180)
    message = kubectl.run("-n", FLUX, "get", RELEASE, "-o", "jsonpath={.status.conditions[*].message}").stdout
    assert "airflow-statsd" in message
    kubectl.run("-n", "airflow", "delete", "service", "airflow-statsd")
    platform.recover()
    start = time.monotonic()
    platform.wait_for_databases()
    platform.wait_for_releases()
    print(f"ready {time.monotonic() - start:.0f} s after the recovery", platform.seconds)


def test_dag_run_succeeds(delivered: Delivered) -> None:
    with delivered.platform.explained():
        delivered.api.log_in()
        delivered.api.wait_for_dag()
        delivered.api.trigger("flux")
        assert delivered.api.wait_for_run("flux") == "success", delivered.api.tasks("flux")


def test_second_apply_and_a_reconciliation_change_nothing(delivered: Delivered) -> None:
    platform = delivered.platform
    assert platform.diff() == ""
    before, revisions, workloads = platform.generations(), delivered.revisions(), delivered.workloads()
    platform.apply()
    delivered.reconcile()
    assert platform.diff() == ""
    assert platform.generations() == before
    assert delivered.revisions() == revisions
    assert delivered.workloads() == workloads != {}


def test_changed_value_is_upgraded_at_once(delivered: Delivered) -> None:
    before, workloads = delivered.revisions(), delivered.workloads()
    platform = delivered.runner.change(delivered.platform, program(delivered.url, rotation="changed"), small=True)
    start = time.monotonic()
    platform.upgrade()
    print(f"upgraded in {time.monotonic() - start:.0f} s")
    delivered.platform = platform
    assert delivered.revisions() != before
    assert delivered.workloads()["Deployment/airflow-scheduler"] > workloads["Deployment/airflow-scheduler"]
    assert platform.diff() == ""
    with platform.explained():
        delivered.api.log_in_again()
        assert delivered.api.run_state("flux") == "success"


def test_deleted_release_is_uninstalled(delivered: Delivered) -> None:
    """The first printed command; the others then delete the database and the namespaces, and the fixture checks that."""
    platform = delivered.platform
    command = platform.removal[0]
    assert "helmrelease" in command
    with platform.explained():
        delivered.kubectl.shell(command, timeout=300)
    assert delivered.revisions() == []
    assert delivered.workloads() == {}
    with pytest.raises(KubectlError):
        delivered.kubectl.run("-n", FLUX, "get", RELEASE)
