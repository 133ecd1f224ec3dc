"""examples/bridged_database.py with a real External Secrets: it copies the database URL into Airflow's namespace, also a new one."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cdk8s import App

from cdk8s_airflow import AirflowChart
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.lacking import skip_without_controller, skip_without_definition
from tests.cluster.programs import build

SOURCE = ("airflow-data", "airflow-pg-app")
BRIDGE = ("airflow", "airflow-metadata")
READER = "system:serviceaccount:airflow-data:airflow-airflow-metadata"
STORE = "clustersecretstore/airflow-airflow-metadata"
EXTERNAL = "externalsecret/airflow-metadata"


def secret(kubectl: Kubectl, where: tuple[str, str], key: str) -> str:
    """The value of one key of a Secret; empty without the Secret."""
    found = kubectl.get("secret", where[1], "-n", where[0])
    return base64.b64decode(found["data"].get(key, "")).decode() if found else ""


def bridged(rotation: str | None = None) -> App:
    """The example."""
    return build("bridged_database", AirflowChart=partial(AirflowChart, rotation=rotation))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bridged")


@pytest.fixture(scope="module")
def runner(kubectl: Kubectl, folder: Path) -> PlatformRunner:
    return PlatformRunner(kubectl, folder.name)


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, runner: PlatformRunner, folder: Path) -> Iterator[Platform]:
    """The example, with all pods ready."""
    skip_without_definition(kubectl, "externalsecrets.external-secrets.io", "External Secrets")
    with runner.platform(bridged(), folder, small=True) as platform:
        platform.apply()
        skip_without_controller(platform, BRIDGE[0], EXTERNAL)
        platform.wait_for_databases()
        platform.wait(BRIDGE[0], EXTERNAL, "condition=Ready", 300)
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        yield platform


def test_bridge_has_the_url_that_the_database_operator_generated(platform: Platform) -> None:
    kubectl = platform.kubectl
    kubectl.run("wait", STORE, "--for=condition=Ready", "--timeout=60s", timeout=90)
    assert secret(kubectl, BRIDGE, "connection") == secret(kubectl, SOURCE, "uri") != ""


def test_reader_can_read_only_the_secret_of_the_database(platform: Platform) -> None:
    def can(*question: str) -> bool:
        answer = platform.kubectl.run("auth", "can-i", *question, f"--as={READER}", check=False).stdout.strip()
        assert answer in ("yes", "no")
        return answer == "yes"

    assert can("get", "secret/airflow-pg-app", "-n", "airflow-data")
    assert not can("get", "secret/airflow-pg-ca", "-n", "airflow-data")
    assert not can("list", "secrets", "-n", "airflow-data")
    assert not can("get", "secret/airflow-metadata", "-n", "airflow")


def test_apply_changes_nothing_after_the_operator_has_set_its_defaults(platform: Platform) -> None:
    assert platform.diff() == ""
    before = platform.generations()
    platform.apply()
    assert platform.generations() == before


def test_bridge_follows_a_new_password(runner: PlatformRunner, platform: Platform) -> None:
    """The documented steps: delete the Secret, which the operator generates again; refresh the bridge; change ``rotation=``."""
    kubectl = platform.kubectl
    old = secret(kubectl, BRIDGE, "connection")
    with platform.explained():
        kubectl.run("-n", SOURCE[0], "delete", "secret", SOURCE[1])
        platform.wait(SOURCE[0], f"secret/{SOURCE[1]}", "create", 120)
        kubectl.run("-n", BRIDGE[0], "annotate", EXTERNAL, "force-sync=1", "--overwrite")
        new = secret(kubectl, SOURCE, "uri")
        assert new != old
        end = time.monotonic() + 120
        while secret(kubectl, BRIDGE, "connection") != new:
            assert time.monotonic() < end, "the bridge still has the old password"
            time.sleep(1)
        changed = runner.change(platform, bridged("new-password"), small=True)
        changed.upgrade()
        assert changed.diff() == ""
