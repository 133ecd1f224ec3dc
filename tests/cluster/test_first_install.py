"""A first installation with something missing says what it is where the documentation says, and goes on when it is there."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.platforms import homelab

MIGRATION = "job/airflow-run-airflow-migrations"


def wait_for_log(kubectl: Kubectl, what: str, container: str, text: str, seconds: int = 300) -> None:
    """Follow a log until a line contains a text."""
    kubectl.shell(
        f"kubectl -n airflow logs --follow --pod-running-timeout={seconds}s {what} -c {container} | grep -m1 {text!r}",
        timeout=seconds,
    )


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
        api = AirflowApi(kubectl, "airflow")
        with platform.explained():
            api.log_in()
            api.wait_for_dag()


def replace_git_secret(platform: Platform, token: str) -> None:
    """Create the Secret for git again, with another token."""
    settings = platform.kubectl.settings
    platform.kubectl.run("-n", "airflow", "delete", "secret", "airflow-git", "--ignore-not-found")
    (need,) = [each for each in platform.needs if each.name == "airflow-git"]
    platform.kubectl.shell(need.command, input=f"{settings.git_user}\n{token}\n")
