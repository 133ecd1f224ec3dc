"""A first installation with something missing says what it is where the documentation says, and goes on when it is there."""

from __future__ import annotations

import base64
import urllib.parse
from pathlib import Path

from cdk8s_airflow import Image, K3sHelmChart
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.platforms import homelab

MIGRATION = "job/airflow-run-airflow-migrations"


def wait_for_log(kubectl: Kubectl, what: str, container: str, text: str, seconds: int = 300) -> None:
    """Follow the log of a container, again after it has started or restarted, until a line contains a text."""
    follow = f"kubectl -n airflow logs --follow {what} -c {container} | grep -m1 {text!r}"
    kubectl.shell(f"until {follow}; do sleep 1; done", timeout=seconds)


def test_missing_secrets_are_named_by_the_migration_which_goes_on_when_they_are_there(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    with runner.platform(homelab("kubernetes").app, tmp_path, secrets=False, small=True) as platform:
        platform.apply()
        with platform.explained():
            platform.kubectl.run("-n", "airflow", "wait", "--for=create", MIGRATION, "--timeout=180s", timeout=190)
            wait_for_log(platform.kubectl, MIGRATION, "wait-for-secrets", "Waiting for these Secrets (name/key)")
            log = platform.kubectl.run("-n", "airflow", "logs", MIGRATION, "-c", "wait-for-secrets").stdout
            for need in platform.needs:
                if need.namespace == "airflow" and need.awaited:
                    assert all(f"{need.name}/{key}" in log for key in need.keys)
            platform.create_secrets()
        platform.wait_for_databases()
        platform.wait_for_releases()


def test_wrong_git_token_is_in_the_log_of_git_sync_and_a_new_secret_is_enough(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        replace_git_secret(platform, "wrong")
        platform.apply()
        platform.wait_for_databases()
        with platform.explained():
            kubectl.run(
                "-n", "airflow", "wait", "--for=create", "deploy/airflow-dag-processor", "--timeout=180s", timeout=190
            )
            wait_for_log(kubectl, "deploy/airflow-dag-processor", "git-sync-init", "uthentication failed", 600)
            replace_git_secret(platform, kubectl.settings.git_token)
        platform.wait_for_releases()
        platform.api()  # Airflow has parsed the DAG


def test_a_database_that_comes_later_is_waited_for(runner: PlatformRunner, tmp_path: Path) -> None:
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        platform.apply(without={"Cluster"})
        with platform.explained():
            platform.kubectl.run("-n", "airflow", "wait", "--for=create", MIGRATION, "--timeout=180s", timeout=190)
            wait_for_log(platform.kubectl, MIGRATION, "run-airflow-migrations", "could not translate host name")
        platform.install()


def test_a_wrong_database_password_is_in_the_log_of_the_migration_and_a_new_secret_is_enough(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        url = base64.b64decode(
            kubectl.get("secret", "airflow-metadata", "-n", "airflow")["data"]["connection"]
        ).decode()
        kubectl.run("-n", "airflow", "delete", "secret", "airflow-metadata")
        wrong = urllib.parse.urlsplit(url)._replace(netloc=f"airflow:wrong@{url.rpartition('@')[2].partition('/')[0]}")
        kubectl.run(
            "-n",
            "airflow",
            "create",
            "secret",
            "generic",
            "airflow-metadata",
            f"--from-literal=connection={wrong.geturl()}",
        )
        platform.apply()
        platform.wait_for_databases()
        with platform.explained():
            wait_for_log(kubectl, MIGRATION, "run-airflow-migrations", "password authentication failed", 600)
            kubectl.run("-n", "airflow", "delete", "secret", "airflow-metadata")
            platform.create_secrets()
        platform.wait_for_releases()


def test_a_quota_that_is_too_small_is_an_event_and_a_larger_one_is_enough(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    kubectl = runner.kubectl
    with runner.platform(homelab("kubernetes").app, tmp_path, small=True) as platform:
        kubectl.run("-n", "airflow", "create", "quota", "small", "--hard=pods=1")
        platform.apply()
        platform.wait_for_databases()
        with platform.explained():
            kubectl.run("-n", "airflow", "wait", "--for=create", MIGRATION, "--timeout=180s", timeout=190)
            kubectl.shell(
                "timeout 180 kubectl -n airflow get events --watch | grep -m1 'exceeded quota: small'", timeout=190
            )
            kubectl.run(
                "-n", "airflow", "patch", "quota", "small", "--type=merge", "-p", '{"spec": {"hard": {"pods": "20"}}}'
            )
        platform.wait_for_releases()


def test_a_failed_release_recovers_with_the_printed_commands(runner: PlatformRunner, tmp_path: Path) -> None:
    """The image does not exist, so the release fails after its timeout."""
    kubectl = runner.kubectl
    wrong = homelab(
        "kubernetes",
        release={
            "image": Image("registry.acme.lab/airflow", tag="3.2.2"),
            "delivery": K3sHelmChart(timeout="10m"),
        },
    )
    with runner.platform(wrong.app, tmp_path, small=True) as platform:
        platform.apply()
        platform.wait_for_databases()
        with platform.explained():
            kubectl.run("-n", "airflow", "wait", "--for=create", MIGRATION, "--timeout=180s", timeout=190)
            kubectl.shell(
                "until kubectl -n airflow get pods | grep -E 'ImagePullBackOff|ErrImagePull'; do sleep 3; done",
                timeout=240,
            )
            kubectl.shell(
                "until kubectl -n airflow get secret -l owner=helm,name=airflow,status=failed -o name | grep .; do sleep 3; done",
                timeout=1200,
            )
        corrected = runner.change(platform, homelab("kubernetes").app, small=True)
        corrected.start_upgrade()
        with corrected.explained():
            corrected.recover()
        corrected.wait_for_releases()
        corrected.api()  # Airflow has parsed the DAG


def replace_git_secret(platform: Platform, token: str) -> None:
    """Create the Secret for git again, with another token."""
    settings = platform.kubectl.settings
    platform.kubectl.run("-n", "airflow", "delete", "secret", "airflow-git", "--ignore-not-found")
    (need,) = [each for each in platform.needs if each.name == "airflow-git"]
    platform.kubectl.shell(need.command, input=f"{settings.git_user}\n{token}\n")
