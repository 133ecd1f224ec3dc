"""Changes of a running platform keep its runs, logs and connections: rotated Secrets, another executor, a new installation."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdk8s_airflow import AirflowKeys, FernetKeySecret
from tests.cluster.kit import Kubectl, KubectlError, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.platforms import homelab

CONNECTION = "cluster-test-encrypted"
PLAIN = "not-really-secret"
"""What the password of the connection is, so that the test can tell whether Airflow decrypts it."""


@dataclass
class Changing:
    """A running platform that the tests change one after the other.

    Attributes:
        kubectl: the cluster.
        runner: what writes its manifests.
        platform: the manifests that were applied last.
        api: its API.
        runs: the runs that have succeeded.
    """

    kubectl: Kubectl
    runner: PlatformRunner
    platform: Platform
    api: AirflowApi
    runs: list[str] = field(default_factory=list)

    def change(self, executor: str = "kubernetes", **release: Any) -> None:
        """Apply main.py with other arguments, with the Secrets that it needs, and wait until all pods are ready."""
        self.platform = self.runner.change(self.platform, homelab(executor, release=release).app, small=True)
        with self.platform.explained():
            self.platform.create_secrets()
            self.platform.upgrade()
            self.api.log_in_again()

    def run(self, name: str) -> None:
        """A new run succeeds, and the earlier ones with their logs are still there."""
        with self.platform.explained():
            self.api.wait_for_dag()
            self.api.trigger(name)
            assert self.api.wait_for_run(name, 600) == "success", self.api.tasks(name)
            self.runs.append(name)
            for each in self.runs:
                assert self.api.run_state(each) == "success"
                assert "first task ends" in self.api.log(each, "first")

    def replace_secrets(self, *names: tuple[str, str]) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """Delete Secrets (namespace, name) and create them again with the printed commands. Returns what they contained."""
        old = {}
        for namespace, name in names:
            data = self.kubectl.get("secret", name, "-n", namespace)["data"]
            old[namespace, name] = {key: base64.b64decode(value).decode() for key, value in data.items()}
            self.kubectl.run("-n", namespace, "delete", "secret", name)
        self.platform.create_secrets()
        return old

    def in_scheduler(self, *command: str) -> str:
        """The output of a command in the scheduler."""
        return self.kubectl.run(
            "-n", "airflow", "exec", "deploy/airflow-scheduler", "-c", "scheduler", "--", *command, timeout=180
        ).stdout


@pytest.fixture(scope="module")
def changing(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    folder = tmp_path_factory.mktemp("changes")
    runner = PlatformRunner(kubectl, folder.name)
    with runner.platform(homelab("kubernetes").app, folder, small=True) as platform:
        platform.install()
        api = AirflowApi(kubectl, "airflow")
        with platform.explained():
            api.log_in()
        changing = Changing(kubectl, runner, platform, api)
        changing.run("first")
        yield changing


def test_new_database_password(changing: Changing) -> None:
    credentials, bridge = ("airflow-data", "airflow-pg-credentials"), ("airflow", "airflow-metadata")
    old = changing.replace_secrets(credentials, bridge)[bridge]["connection"]
    changing.change(rotation="database")
    changing.run("new-database-password")
    program = "import sys, psycopg2; psycopg2.connect(sys.stdin.read())"
    refused = changing.kubectl.run(
        "-n", "airflow", "exec", "-i", "deploy/airflow-scheduler", "-c", "scheduler", "--", "python", "-c", program,
        input=old, check=False,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "password authentication failed" in refused.stderr


def test_new_session_keys(changing: Changing) -> None:
    token = changing.api.token
    changing.replace_secrets(("airflow", "airflow-api-secret-key"), ("airflow", "airflow-jwt-secret"))
    changing.change(rotation="keys")
    new, changing.api.token = changing.api.token, token
    with pytest.raises(KubectlError, match="Invalid JWT token"):
        changing.api.call("GET", "/api/v2/dags")
    changing.api.token = new
    changing.run("new-keys")


def test_new_fernet_key(changing: Changing) -> None:
    """The steps of the documentation: both keys, encrypt again, the new key alone."""

    def password() -> str:
        text = changing.in_scheduler("airflow", "connections", "get", CONNECTION, "-o", "json")
        return str(json.loads(text[text.index("[{") :])[0]["password"])

    changing.in_scheduler("airflow", "connections", "add", CONNECTION, "--conn-type", "http", "--conn-password", PLAIN)
    old, new = FernetKeySecret("airflow-fernet-key"), FernetKeySecret("airflow-fernet-key-2")
    changing.change(keys=AirflowKeys.existing(prefix="airflow", fernet=new, previous_fernet=old))
    assert password() == PLAIN
    changing.in_scheduler("airflow", "rotate-fernet-key")
    changing.change(keys=AirflowKeys.existing(prefix="airflow", fernet=new))
    changing.kubectl.run("-n", "airflow", "delete", "secret", old.name)
    assert password() == PLAIN
    changing.run("new-fernet-key")


def test_airflow_deleted_and_installed_again(changing: Changing) -> None:
    """The commands of the documentation for deleting Airflow and keeping the data."""
    kubectl, platform = changing.kubectl, changing.platform
    kubectl.run("-n", "kube-system", "delete", "helmchart", "airflow", timeout=300)
    kubectl.run("-n", "airflow", "wait", "--for=delete", "pod", "-l", "release=airflow", "--timeout=180s", timeout=190)
    assert kubectl.items("-n", "airflow", "deployments,statefulsets") == []
    platform.install()
    with platform.explained():
        changing.api.log_in_again()
    changing.run("installed-again")


def test_another_executor(changing: Changing) -> None:
    new = FernetKeySecret("airflow-fernet-key-2")
    changing.change("celery", keys=AirflowKeys.existing(prefix="airflow", fernet=new))
    changing.run("celery")
    changing.change("local", keys=AirflowKeys.existing(prefix="airflow", fernet=new))
    changing.run("local")
    assert not changing.kubectl.exists("statefulset", "airflow-worker", "-n", "airflow")
