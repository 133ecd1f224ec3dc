"""What a run prints when a program that had objects has none any more."""

from __future__ import annotations

from pathlib import Path

import cdk8s
import pytest

from cdk8s_airflow import HelmCommand, Namespace, PlatformError, synth
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.removed import deletion_commands
from cdk8s_airflow.report.summary import summary
from tests.making import make_airflow, make_cluster


def platform(folder: Path, *, on: bool = True) -> cdk8s.App:
    app = cdk8s.App(outdir=str(folder))
    base, release = cdk8s.Chart(app, "00-base"), cdk8s.Chart(app, "20-airflow")
    if on:
        namespace = Namespace(base, "airflow")
        database = make_cluster(release, namespace=namespace)
        make_airflow(
            release,
            namespace=namespace,
            database=database.connection(),
            pod_operator_namespaces=[Namespace(base, "jobs", pod_security="baseline")],
        )
    return app


def test_everything_switched_off_lists_what_to_delete_and_applies_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dist"
    synth(platform(folder))
    assert capsys.readouterr().out == ""
    with pytest.raises(PlatformError, match="app/empty"):
        synth(platform(folder, on=False))
    assert list(folder.glob("*.yaml"))
    empty = synth(platform(folder, on=False), allow_empty=True)
    assert not [path for path in folder.rglob("*.yaml") if path.read_text(encoding="utf-8").strip()]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("The program has no objects any more")
    assert [line.strip() for line in lines[2:]] == [
        "kubectl -n kube-system delete --ignore-not-found helmchart.helm.cattle.io airflow",
        "kubectl -n airflow delete --ignore-not-found cluster.postgresql.cnpg.io airflow-pg",
        "kubectl -n airflow wait --for=delete pod -l cnpg.io/cluster=airflow-pg,cnpg.io/podRole=instance --timeout=5m",
        "kubectl -n jobs delete --ignore-not-found role.rbac.authorization.k8s.io/airflow-pod-operator "
        "rolebinding.rbac.authorization.k8s.io/airflow-pod-operator",
        "kubectl delete --ignore-not-found namespace airflow",
        "kubectl delete --ignore-not-found namespace jobs",
    ]
    text = summary(registry_of(empty), folder)
    assert "kubectl" not in text
    assert "There is nothing to apply." in text
    synth(platform(folder, on=False), allow_empty=True)
    assert capsys.readouterr().out == ""


def test_poolers_are_deleted_before_their_cluster_and_their_pods_are_not_waited_for() -> None:
    """A primary waits for the sessions of its clients. The pods of a pooler have the label of the Cluster too."""
    manifest = "apiVersion: postgresql.cnpg.io/v1\nkind: {}\nmetadata:\n  name: {}\n  namespace: data\n"
    assert deletion_commands([manifest.format("Cluster", "pg"), manifest.format("Pooler", "pg-rw")]) == [
        "kubectl -n data delete --ignore-not-found pooler.postgresql.cnpg.io pg-rw",
        "kubectl -n data delete --ignore-not-found cluster.postgresql.cnpg.io pg",
        "kubectl -n data wait --for=delete pod -l cnpg.io/cluster=pg,cnpg.io/podRole=instance --timeout=5m",
    ]


def test_release_of_the_helm_command_is_uninstalled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def build(on: bool) -> cdk8s.App:
        app = cdk8s.App(outdir=str(tmp_path / "dist"))
        chart = cdk8s.Chart(app, "20-airflow")
        if on:
            make_airflow(chart, delivery=HelmCommand())
        return app

    app = synth(build(True))
    assert "kubectl apply" not in summary(registry_of(app), tmp_path / "dist")
    synth(build(False), allow_empty=True)
    assert capsys.readouterr().out.splitlines()[-1] == "  helm uninstall airflow --namespace airflow --wait"


def test_quoted_names_and_objects_without_a_name_are_read() -> None:
    text = 'apiVersion: "v1"\nkind: Secret\nmetadata:\n  labels:\n    name: no\n  name: "1"\n---\nkind: List\n'
    assert deletion_commands([text]) == ["kubectl delete --ignore-not-found secret/1"]
