"""The text at the end of ``make synth``."""

from __future__ import annotations

from pathlib import Path

import pytest

import main
from cdk8s_airflow import (
    DsnSecret,
    ExternalDatabase,
    GitSshSecret,
    GitTokenSecret,
    Ingress,
    IngressTls,
    Namespace,
    S3Credentials,
    Volume,
    not_secret,
)
from cdk8s_airflow.__main__ import main as command_line
from cdk8s_airflow.app.registry import Registry, registry_of
from cdk8s_airflow.report.summary import summary
from cdk8s_airflow.storage import MinioLegacy, StoreUser
from tests.making import make_airflow, make_cluster, make_dags, new_chart

ROOT = Path(main.__file__).parent


@pytest.fixture(scope="module")
def homelab() -> str:
    return summary(registry_of(main.build()), ROOT / "dist")


def test_it_starts_with_what_was_written(homelab: str) -> None:
    assert homelab.splitlines()[0] == (
        f"Wrote 00-namespaces.k8s.yaml, 10-data.k8s.yaml, 20-airflow.k8s.yaml to {ROOT / 'dist'}/: "
        "1 Cluster, 1 HelmChart, 2 Namespace, 1 PersistentVolumeClaim."
    )


def test_it_says_which_definitions_the_cluster_must_have_and_how_to_check(homelab: str) -> None:
    assert "  kubectl get crd clusters.postgresql.cnpg.io helmcharts.helm.cattle.io\n" in homelab


def test_it_says_what_holds_state(homelab: str) -> None:
    state = homelab.partition("These hold state")[2].partition("\n\n")[0]
    assert state.splitlines()[1:] == [
        "  Namespace airflow-data",
        "  Cluster airflow-data/airflow-pg",
        "  Namespace airflow",
        "  PersistentVolumeClaim airflow/airflow-logs",
    ]


def test_it_lists_every_secret_with_keys_and_command_those_that_copy_from_another_last(homelab: str) -> None:
    listed = homelab.partition("These Secrets must exist")[2].partition("Apply it")[0]
    named = [
        line.strip().partition(":")[0].partition(" ")[0]
        for line in listed.splitlines()
        if line.startswith("  airflow") and not line.startswith("   ")
    ]
    assert named == [
        "airflow/airflow-api-secret-key",
        "airflow/airflow-fernet-key",
        "airflow/airflow-git",
        "airflow/airflow-jwt-secret",
        "airflow-data/airflow-pg-credentials",
        "airflow/airflow-metadata",
    ]
    for key in (
        "username",
        "password",
        "api-secret-key",
        "fernet-key",
        "GIT_SYNC_PASSWORD",
        "jwt-secret",
        "connection",
    ):
        assert f"\n      {key}: " in listed
    assert listed.count("create secret generic") == len(named)
    assert f"kubectl apply --server-side -f {ROOT / 'dist'}/00-namespaces.k8s.yaml" in listed


def test_it_says_the_way_out_of_a_failed_release_and_ends_with_how_to_apply(homelab: str) -> None:
    assert "kubectl -n airflow delete secret -l owner=helm,name=airflow,status=failed" in homelab
    assert homelab.endswith(f"Apply it:\n  kubectl apply --server-side -f {ROOT / 'dist'}/\n")


def test_what_was_not_checked_is_named() -> None:
    chart = new_chart()
    make_airflow(chart, unchecked_values={"zebra": 1, "ape": 2})
    text = summary(registry_of(chart), ROOT / "dist")
    assert "Release airflow has values that nothing was checked against: ape, zebra" in text
    plain = new_chart()
    make_airflow(plain, unchecked_values={})
    assert "nothing was checked" not in summary(registry_of(plain), ROOT / "dist")


def test_an_app_without_anything_says_so(tmp_path: Path) -> None:
    assert summary(Registry(), tmp_path) == (
        f"Wrote no file to {tmp_path}/: no objects.\n\n"
        "No Secret has to be made by hand.\n\n"
        f"Apply it:\n  kubectl apply --server-side -f {tmp_path}/\n"
    )


def test_the_secrets_of_other_choices_are_listed_too() -> None:
    chart = new_chart()
    key = "h ssh-ed25519 AAAA"
    dags = make_dags(chart, repo="git@h:x.git", credentials=GitSshSecret("ssh"), known_hosts=key)
    make_airflow(chart, dags=dags, ui=Ingress(host="a.lab", tls=IngressTls("cert")))
    made = {name: list(need.keys) for (_, name), need in registry_of(chart).secrets.items()}
    assert made["ssh"] == ["gitSshKey"]
    assert made["cert"] == ["tls.crt", "tls.key"]
    assert made["airflow-metadata"] == ["connection"]


def test_a_secret_that_copies_what_the_platform_makes_is_said_to_come_after_it(homelab: str) -> None:
    chart = new_chart()
    cluster = make_cluster(chart, "db", name="pg", namespace=Namespace.existing("data"))
    make_airflow(chart, database=cluster.connection(bridge=DsnSecret("airflow-metadata")))
    text = summary(registry_of(chart), ROOT / "dist")
    late = "only after everything is applied, when there is data/pg-app, made by CloudNativePG, for Cluster data/pg\n"
    assert text.partition("  airflow/airflow-metadata: ")[2].splitlines()[2].strip() == late.strip()
    assert text.count("only after everything") == 1
    assert "only after everything" not in homelab


def test_exempt_strings_are_counted_per_app() -> None:
    chart = new_chart()
    assert "not_secret" not in summary(registry_of(chart), ROOT / "dist")
    not_secret("v1-linux", scope=chart)
    assert "\n1 string is exempt from the secret scan (not_secret())." in summary(registry_of(chart), ROOT / "dist")
    not_secret("v2-linux", scope=chart)
    text = summary(registry_of(chart), ROOT / "dist")
    assert "\n2 strings are exempt" in text
    assert "linux" not in text
    assert "not_secret" not in summary(registry_of(new_chart()), ROOT / "dist")


def test_strings_of_the_library_are_not_counted_as_exempt() -> None:
    chart = new_chart()
    users = [StoreUser(credentials=S3Credentials("data-lake"), buckets=["data-raw"])]
    MinioLegacy(chart, "minio", namespace=Namespace.existing("storage"), storage=Volume("10Gi"), users=users)
    assert "not_secret" not in summary(registry_of(chart), ROOT / "dist")


def test_a_secret_that_two_releases_need_is_listed_once() -> None:
    chart = new_chart()
    token = GitTokenSecret("git")
    for name in ("one", "two"):
        database = ExternalDatabase(url=DsnSecret(f"{name}-metadata")).connection()
        make_airflow(
            chart, name, release=name, database=database, dags=make_dags(chart, f"dags-{name}", credentials=token)
        )
    text = summary(registry_of(chart), ROOT / "dist")
    assert text.count("airflow/git: ") == 1


def test_the_command_line_prints_the_summary_of_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["summary", str(ROOT / "main.py"), str(ROOT / "dist")]) == 0
    assert capsys.readouterr().out == summary(registry_of(main.build()), ROOT / "dist")


def test_the_command_line_says_what_is_wrong_with_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line(["summary", str(tmp_path / "none.py"), "dist"]) == 1
    assert "is not a Python program" in capsys.readouterr().err
    program = tmp_path / "broken.py"
    program.write_text(
        "from cdk8s import App, Chart\nfrom cdk8s_airflow import Namespace\n"
        "def build():\n    Namespace(Chart(App(), 'c'), 'Upper')\n",
        encoding="utf-8",
    )
    assert command_line(["summary", str(program), "dist"]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("c/Upper: name must be a DNS label")
    assert captured.out == ""


def test_namespaces_are_only_named_where_a_file_has_them(tmp_path: Path) -> None:
    chart = new_chart()
    make_airflow(chart)
    (tmp_path / "x.k8s.yaml").write_text("kind: HelmChart\n", encoding="utf-8")
    assert "make them in this order (bash):\n" in summary(registry_of(chart), tmp_path)
