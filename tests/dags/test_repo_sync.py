"""``DagRepoSync``: a handle that emits no object."""

from __future__ import annotations

import pytest

from cdk8s_airflow import (
    DagRepoSync,
    GitSshSecret,
    GitTokenSecret,
    Namespace,
    PlatformError,
    Resources,
    SecretKey,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.dags.git_sync import GitSync
from tests.making import emitted, make_airflow, make_dags, new_chart
from tests.truth.manifests import values_of

KEY = "gitlab.acme.lab ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"


def test_repo_sync_emits_no_object_and_needs_no_secret() -> None:
    chart = new_chart()
    make_dags(chart, credentials=GitTokenSecret("t"))
    assert emitted(chart) == []
    assert registry_of(chart).secrets == {}


def test_defaults() -> None:
    source = make_dags(new_chart())
    assert source.settings == GitSync(
        repo="https://gitlab.acme.lab/data/airflow-dags.git",
        ref="main",
        sub_path="",
        interval="60s",
        depth=1,
        max_failures=2,
        container_name="git-sync",
        credentials=None,
        known_hosts=None,
        ca=None,
        resources=Resources(cpu="25m", memory="64Mi", memory_limit="256Mi"),
    )


@pytest.mark.parametrize(("interval", "failures"), [("5s", 24), ("60s", 2), ("10m", 1), ("1s", 120)])
def test_a_wrong_token_restarts_the_container_after_two_minutes_or_one_fetch(interval: str, failures: int) -> None:
    assert make_dags(new_chart(), interval=interval).settings.max_failures == failures


def test_all_arguments_become_chart_values() -> None:
    chart = new_chart()
    source = DagRepoSync(
        chart,
        "dags",
        repo="https://gitlab.acme.lab/x.git",
        ref="v1",
        sub_path="flows",
        interval="5m",
        depth=2,
        max_failures=-1,
        container_name="pull",
        credentials=GitTokenSecret("token"),
        ca=SecretKey("ca", "root.pem"),
        resources=Resources(cpu="1", memory="1Gi"),
    )
    make_airflow(chart, dags=source)
    sync = values_of(emitted(chart)[0])["dags"]["gitSync"]
    assert sync["maxFailures"] == -1
    assert (sync["ref"], sync["branch"], sync["rev"]) == ("v1", "v1", "HEAD")
    assert sync["credentialsSecret"] == "token"
    assert sync["resources"]["limits"] == {"memory": "1Gi"}


def test_ssh_key_and_known_hosts_become_chart_values() -> None:
    chart = new_chart()
    source = make_dags(chart, repo="git@gitlab.acme.lab:x.git", credentials=GitSshSecret("ssh"), known_hosts=KEY)
    make_airflow(chart, dags=source)
    sync = values_of(emitted(chart)[0])["dags"]["gitSync"]
    assert (sync["sshKeySecret"], sync["knownHosts"]) == ("ssh", f"{KEY}\n")


def test_release_without_dag_source_has_no_git_sync() -> None:
    chart = new_chart()
    make_airflow(chart)
    assert "dags" not in values_of(emitted(chart)[0])


def test_one_source_can_be_used_by_two_releases() -> None:
    chart = new_chart()
    source = make_dags(chart)
    make_airflow(chart, "one", release="one", dags=source)
    make_airflow(chart, "two", release="two", namespace=Namespace.existing("other"), dags=source)
    one, two = (values_of(manifest)["dags"] for manifest in emitted(chart))
    assert one == two


def test_findings_that_follow_from_a_broken_source_are_not_reported() -> None:
    chart = new_chart("lab")

    @collecting()
    def program() -> None:
        source = make_dags(chart, credentials="token", repo=7, interval=None)
        make_airflow(chart, dags=source, rotation="a\nb")

    with pytest.raises(PlatformError) as caught:
        program()
    assert [(finding.path, finding.at) for finding in caught.value] == [
        ("lab/dags", "repo"),
        ("lab/dags", "interval"),
        ("lab/dags", "credentials"),
        ("lab/airflow", "rotation"),
    ]
