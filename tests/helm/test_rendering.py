"""Reading what Helm writes, and rendering the released charts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from .expectations import (
    assert_database_from,
    assert_env_once,
    assert_git_sync,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_same_bytes,
)
from .rendering import (
    ARCHIVES,
    CHARTS_VARIABLE,
    PAIRS,
    HelmError,
    Rendered,
    chart_path,
    helm_charts,
    load_documents,
    program,
    render,
    render_release,
)
from .sample import REPO, sample

CHARTS = tuple(ARCHIVES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True),
        ("off", False),
        ("'y'", "y"),
        ("0o17", 15),
        ("010", 8),
        ("1e3", 1000.0),
        ("0x1F", 31),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        ("~", None),
        ("1_000", 1000),
        ("-7", -7),
        ("08", 8.0),
    ],
)
def test_scalars_are_read_as_kubernetes_reads_them(text: str, value: object) -> None:
    seen = load_documents(f"a: {text}")[0]["a"]
    assert (type(seen), seen) == (type(value), value)


@pytest.mark.parametrize("text", ["a: 1\na: 1", "x: [{b: 1, b: 2}]", "1: x\n0x1: y"])
def test_a_key_given_twice_is_an_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="given twice"):
        load_documents(text)


def test_a_merge_key_is_followed() -> None:
    assert load_documents("a: &a {x: 1, z: 2}\nb: {<<: *a, x: 3}")[0]["b"] == {"x": 3, "z": 2}


def test_empty_documents_are_left_out() -> None:
    assert load_documents("---\n# nothing\n---\na: 1\n---\n") == [{"a": 1}]


def test_what_is_no_object_is_an_error() -> None:
    with pytest.raises(AssertionError, match="without a kind"):
        Rendered.parse("a: 1")
    with pytest.raises(AssertionError, match="not an object"):
        Rendered.parse("- a")


def test_objects_are_found_by_kind_and_name() -> None:
    rendered = sample()
    assert rendered.get("Service", "airflow-api-server")["kind"] == "Service"
    assert [m["metadata"]["name"] for m in rendered.find("Ingress")] == ["airflow-ingress"]
    with pytest.raises(AssertionError, match="0 objects Service/other"):
        rendered.get("Service", "other")


def test_pods_of_every_kind_are_found() -> None:
    job = "kind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: one}]}}}\n"
    cron = (
        "kind: CronJob\nmetadata: {name: b}\n"
        "spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: two}], initContainers: [{name: zero}]}}}}}\n"
    )
    pod = "kind: Pod\nmetadata: {name: c, labels: {component: worker}}\nspec: {containers: [{name: three}]}\n"
    rendered = Rendered.parse("---\n".join((job, cron, pod)))
    assert [(p.where, [c.name for c in p.containers]) for p in rendered.pods] == [
        ("Job/a", ["one"]),
        ("CronJob/b", ["zero", "two"]),
        ("Pod/c", ["three"]),
    ]
    assert rendered.pod("worker").name == "c"


def test_the_task_pod_is_one_of_the_pods() -> None:
    assert sample().pod("worker").where == "PodTemplate/pod_template_file.yaml"


def test_containers_have_roles() -> None:
    roles = {c.name: c.role for c in sample().pod("dag-processor").containers}
    assert roles == {
        "git-sync-init": "git-sync",
        "dag-processor": "airflow",
        "git-sync": "git-sync",
        "dag-processor-log-groomer": "groomer",
    }
    assert {c.role for c in sample().containers("git-sync")} == {"git-sync"}


def test_the_configuration_is_read() -> None:
    assert sample().airflow_cfg.get("core", "executor") == "KubernetesExecutor"


def test_an_altered_archive_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "airflow-1.22.0.tgz").write_bytes(b"not the release")
    monkeypatch.setenv(CHARTS_VARIABLE, str(tmp_path))
    with pytest.raises(AssertionError, match="not the released archive"):
        chart_path.__wrapped__("1.22.0")
    with pytest.raises(AssertionError, match=r"airflow-1\.15\.0\.tgz does not exist"):
        chart_path.__wrapped__("1.15.0")


def test_a_helm_that_is_nowhere_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHARTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match="neither"):
        program.__wrapped__("helm")


def test_releases_are_found_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "00-a.k8s.yaml").write_text("kind: Namespace\n---\nkind: HelmChart\nmetadata: {name: a}\n")
    (tmp_path / "10-b.k8s.yaml").write_text("kind: HelmChart\nmetadata: {name: b}\n")
    assert [m["metadata"]["name"] for m in helm_charts(tmp_path)] == ["a", "b"]


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("version", CHARTS)
class TestReleasedCharts:
    """The charts as they are by default break what a platform promises; so the assertions can fail on real output."""

    def test_defaults_break_every_promise(self, version: str) -> None:
        rendered = render({}, version)
        for check in (assert_no_bundled, assert_requests_everywhere, assert_restricted):
            with pytest.raises(AssertionError, match="problems"):
                check(rendered)

    def test_default_keys_are_new_with_each_rendering(self, version: str) -> None:
        with pytest.raises(AssertionError, match="differs"):
            assert_same_bytes(render({}, version), render({}, version, fresh=True))

    def test_a_broker_secret_is_left_over(self, version: str) -> None:
        values = {"executor": "KubernetesExecutor", "postgresql": {"enabled": False}, "redis": {"enabled": False}}
        with pytest.raises(AssertionError, match="Secret/airflow-broker-url"):
            assert_no_bundled(render(values, version))

    def test_a_database_named_twice_is_found(self, version: str) -> None:
        secret = {"envName": "AIRFLOW_CONN_AIRFLOW_DB", "secretName": "pg-app", "secretKey": "uri"}
        rendered = render({"executor": "KubernetesExecutor", "secret": [secret]}, version)
        with pytest.raises(AssertionError, match=r"PodTemplate.*AIRFLOW_CONN_AIRFLOW_DB is set 2 times"):
            assert_env_once(rendered)
        with pytest.raises(AssertionError, match="comes from"):
            assert_database_from(rendered, "airflow-metadata", "connection")

    def test_ref_alone_fetches_the_default_branch(self, version: str) -> None:
        git = {"enabled": True, "repo": REPO, "ref": "main", "subPath": "dags"}
        rendered = render({"executor": "KubernetesExecutor", "dags": {"gitSync": git}}, version)
        with pytest.raises(AssertionError, match="ref is 'v2-2-stable', not 'main'"):
            assert_git_sync(rendered, repo=REPO, ref="main", sub_path="dags", interval="5s", max_failures=0)

    def test_branch_and_ref_fetch_what_they_say(self, version: str) -> None:
        git = {"enabled": True, "repo": REPO, "ref": "main", "branch": "main"}
        values = {"executor": "KubernetesExecutor", "dags": {"gitSync": {**git, "subPath": ""}}}
        assert_git_sync(render(values, version), repo=REPO, ref="main", sub_path="", interval="5s", max_failures=0)

    def test_a_rendering_is_kept(self, version: str) -> None:
        assert render({}, version) is render({}, version)

    def test_values_that_the_schema_refuses_are_an_error(self, version: str) -> None:
        with pytest.raises(HelmError, match="replicsa"):
            render({"scheduler": {"replicsa": 2}}, version)

    def test_values_whose_text_fills_a_buffer_of_helm_are_read(self, version: str) -> None:
        empty = len(json.dumps({"labels": {"size": ""}}))
        values = {"labels": {"size": "x" * (4096 - empty)}}
        assert len(json.dumps(values)) == 4096
        assert "x" * 4000 in render(values, version).text

    def test_a_release_is_rendered_as_k3s_would(self, version: str) -> None:
        chart = {
            "kind": "HelmChart",
            "metadata": {"name": "prod", "namespace": "kube-system"},
            "spec": {
                "version": version,
                "targetNamespace": "data",
                "valuesContent": "executor: KubernetesExecutor\n",
            },
        }
        rendered = render_release(chart)
        assert (rendered.release, rendered.namespace) == ("prod", "data")
        assert rendered.get("Deployment", "prod-scheduler")
        assert rendered.airflow_cfg.get("core", "executor") == "KubernetesExecutor"
        assert rendered.airflow_cfg.get("kubernetes_executor", "namespace") == "data"


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize(("chart", "airflow"), PAIRS)
def test_the_server_follows_the_version_of_airflow(chart: str, airflow: str) -> None:
    rendered = render(
        {"airflowVersion": airflow, "defaultAirflowTag": airflow, "executor": "KubernetesExecutor"}, chart
    )
    servers = {pod.component for pod in rendered.pods} & {"webserver", "api-server"}
    assert servers == {"webserver" if airflow.startswith("2.") else "api-server"}
