"""The DAGs of the examples, imported by real Airflows, and the pods that they start."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk8s_airflow import Image, Namespace, SecretKey
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from tests.airflow.wire.samples import PAIRS
from tests.examples_built import PATHS
from tests.helm.airflow import run_airflow
from tests.helm.expectations import assert_restricted
from tests.helm.rendering import Rendered
from tests.making import emitted, new_chart
from tests.truth import assert_accepted

EXAMPLES = Path(__file__).parents[2] / "examples"
EVERY_AIRFLOW = sorted({airflow for _, airflow in PAIRS})
CFG = "[core]\nload_examples = False\n"
SEVERAL = f"{CFG}executor = CeleryExecutor,KubernetesExecutor\n"

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none, namespace: airflow}}]
current-context: none
"""
"""The operator reads the cluster and the namespace before it creates a pod. No server has this address."""

IMPORT = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.stdin.read(), include_examples=False)
"""

PODS = """
import os
from kubernetes.client import ApiClient
dag = bag.dags[os.environ["DAG"]]
pods = {}
for task in dag.tasks:
    if hasattr(task, "build_pod_request_obj"):
        pods[task.task_id] = ApiClient().sanitize_for_serialization(task.build_pod_request_obj())
print(json.dumps({"pods": pods, "order": [[t.task_id, sorted(t.downstream_task_ids)] for t in dag.topological_sort()]}))
"""

FACTS = """
from kubernetes.client import ApiClient
def seconds(delta):
    return delta and delta.total_seconds()
def facts(task):
    config = dict(task.executor_config)
    override = config.get("pod_override")
    return {
        "template": (config.get("pod_template_file") or "").removeprefix("/opt/airflow/pod_templates/named/"),
        "override": override and ApiClient().sanitize_for_serialization(override),
        "retries": task.retries,
        "delay": seconds(task.retry_delay),
        "backoff": bool(task.retry_exponential_backoff),
        "timeout": seconds(task.execution_timeout),
        "rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "pool": [task.pool, task.pool_slots],
        "sla": seconds(getattr(task, "sla", None)),
        "executor": getattr(task, "executor", None),
    }
def deadline(dag):
    alert = getattr(dag, "deadline", None)
    alert = alert[0] if isinstance(alert, list) and alert else alert
    return alert and [alert.reference.reference_name, alert.interval.total_seconds(), alert.callback.path]
print(json.dumps([
    {name: str(error) for name, error in bag.import_errors.items()},
    {
        dag.dag_id: {
            "runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "timeout": seconds(dag.dagrun_timeout),
            "deadline": deadline(dag),
            "tasks": {task.task_id: facts(task) for task in dag.tasks},
        }
        for dag in bag.dags.values()
    },
]))
"""

DAGS = {
    "dag_repository": {"daily_report"},
    "dags": {"task_namespaces", "task_pods"},
    "environments": {"ml_pipeline"},
    "five_steps": {"pods_and_jobs"},
    "homelab": {"csv_to_parquet"},
    "production_aws": {"monthly_report"},
    "production_aws/celery_dags": {"many_short_tasks"},
    "teaching": {"critical_pipeline", "data_pipeline_lab", "ml_training_pipeline", "sales_pipeline"},
}
"""Folder of examples/ -> the DAGs in it, or in its folder ``dags``."""
ARTICLES = ("environments", "five_steps", "homelab", "production_aws", "production_aws/celery_dags", "teaching")


@functools.cache
def imported(version: str, folder: str) -> Mapping[str, Any]:
    """The facts of all DAGs of a folder, as an Airflow reads them."""
    found = EXAMPLES / folder
    path = found / "dags" if (found / "dags").is_dir() else found
    if folder.endswith("celery_dags") and version < "2.10":
        pytest.skip(f"Airflow {version} has one executor")
    cfg = SEVERAL if folder.endswith("celery_dags") else CFG
    errors, dags = json.loads(run_airflow(version, cfg, IMPORT + FACTS, said=str(path)))
    assert errors == {}
    return dict(dags)


def test_every_folder_with_dags_is_tested() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/dags")}
    assert folders | {"dags", "production_aws/celery_dags"} == set(DAGS)


@pytest.mark.parametrize("folder", DAGS)
@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_every_airflow_imports_every_dag(version: str, folder: str) -> None:
    assert set(imported(version, folder)) == DAGS[folder]


@pytest.mark.parametrize("folder", ARTICLES)
@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_dags_of_the_articles_retry_with_backoff_and_end(version: str, folder: str) -> None:
    for name, dag in imported(version, folder).items():
        assert (dag["runs"], dag["catchup"]) == (1, False), name
        assert dag["timeout"], f"{name} has no dagrun_timeout"
        for task, facts in dag["tasks"].items():
            assert facts["timeout"], f"{name}.{task} has no execution_timeout"
            if facts["rule"] == "all_success":
                assert facts["retries"] >= 1, f"{name}.{task} has no retries"
                assert facts["backoff"], f"{name}.{task} has no exponential backoff"


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_task_pods_are_selected_by_name(version: str) -> None:
    dags = imported(version, "dags")
    assert [task["template"] for task in dags["task_pods"]["tasks"].values()] == ["", "gpu.yaml"]
    assert [task["template"] for task in dags["task_namespaces"]["tasks"].values()] == ["team-a.yaml"]


def pods_of(version: str, dag: str, dags: Path, folder: Path, **env: str) -> tuple[dict[str, Any], list[Any]]:
    """The pods that the KubernetesPodOperator tasks of a DAG create, and the order of its tasks; each pod is accepted everywhere."""
    (folder / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
    given = {"KUBECONFIG": str(folder / "kubeconfig"), "AIRFLOW_CONN_KUBERNETES_DEFAULT": "kubernetes://", "DAG": dag}
    answer = json.loads(run_airflow(version, CFG, IMPORT + PODS, said=str(dags), env={**given, **env}))
    pods: dict[str, Any] = answer["pods"]
    manifests = [{**pod, "metadata": {**pod["metadata"], "namespace": "airflow"}} for pod in pods.values()]
    assert_accepted(manifests)
    assert_restricted(Rendered(text="", manifests=tuple(manifests)))
    for name, pod in pods.items():
        (base,) = pod["spec"]["containers"]
        assert set(base["resources"]) == {"requests", "limits"}, name
        assert pod["spec"].get("serviceAccountName") is None, f"{name} has an account that may have rights"
    return pods, answer["order"]


def dbt_files() -> dict[str, str]:
    """What a platform puts into /profiles."""
    chart = new_chart()
    target = DbtPostgres(
        host="warehouse-rw.data.svc",
        database="warehouse",
        schema="analytics",
        user="dbt",
        password=SecretKey("dbt-warehouse", "password"),
    )
    DbtProfiles(
        chart,
        "dbt",
        namespace=Namespace.existing("airflow"),
        profiles={"warehouse": DbtProfile(targets={"prod": target})},
        image=Image("registry.acme.lab/data/dbt-warehouse", tag="1.0.0"),
    )
    (manifest,) = emitted(chart)
    files: dict[str, str] = manifest["data"]
    return files


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_the_pods_of_csv_to_parquet_are_taken_by_the_strictest_namespace(version: str, tmp_path: Path) -> None:
    files = dbt_files()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    source = (EXAMPLES / "homelab" / "dags" / "csv_to_parquet.py").read_text(encoding="utf-8")
    assert "/profiles/pod.yaml" in source
    dag = tmp_path / "dags" / "csv_to_parquet.py"
    dag.parent.mkdir()
    dag.write_text(source.replace("/profiles/pod.yaml", str(tmp_path / "pod.yaml")), encoding="utf-8")
    pods, order = pods_of(version, "csv_to_parquet", dag.parent, tmp_path, AWS_ENDPOINT_URL_S3="http://store.lab:8333")
    assert order == [["fetch_csv", ["dbt_transform"]], ["dbt_transform", ["write_parquet"]], ["write_parquet", []]]
    (base,) = pods["dbt_transform"]["spec"]["containers"]
    assert base["command"] == ["dbt", "run"]
    assert base["image"] == "registry.acme.lab/data/dbt-warehouse:1.0.0"
    (said,) = yaml.safe_load(files["pod.yaml"])["spec"]["containers"]
    assert [entry for entry in said["env"] if entry not in base["env"]] == []
    for task in ("fetch_csv", "write_parquet"):
        (base,) = pods[task]["spec"]["containers"]
        given = {entry["name"]: entry for entry in base["env"]}
        assert given["AWS_ENDPOINT_URL_S3"]["value"] == "http://store.lab:8333", f"{task} would ask AWS"
        assert "AWS_DEFAULT_REGION" not in given
        assert given["PGHOST"]["value"] == "warehouse-rw.airflow.svc"
        for name, secret, key in (
            ("AWS_SECRET_ACCESS_KEY", "data-lake", "AWS_SECRET_ACCESS_KEY"),
            ("PGPASSWORD", "dbt-login", "password"),
        ):
            reference = given[name]["valueFrom"]["secretKeyRef"]
            assert (reference["name"], reference["key"]) == (secret, key)


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_sales_pipeline_backs_off_and_writes_through_a_pool(version: str) -> None:
    tasks = imported(version, "teaching")["sales_pipeline"]["tasks"]
    assert [(task["retries"], task["delay"]) for task in tasks.values()] == [(3, 300.0)] * 6
    assert {name: task["pool"] for name, task in tasks.items() if task["pool"][0] != "default_pool"} == {
        "load": ["warehouse", 1]
    }
    assert tasks["clean_up"]["rule"] == "all_done_setup_success"


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_late_runs_are_reported_in_the_way_of_each_airflow(version: str) -> None:
    dag = imported(version, "teaching")["critical_pipeline"]
    rules = {name: task["rule"] for name, task in dag["tasks"].items() if task["rule"] != "all_success"}
    assert rules == {"merge": "one_success", "report_outage": "all_failed", "clean_up": "all_done_setup_success"}
    notifier = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
    major, minor = (int(part) for part in version.split(".")[:2])
    assert dag["deadline"] == (["DagRunQueuedAtDeadline", 1800.0, notifier] if (major, minor) >= (3, 1) else None)
    assert dag["tasks"]["publish"]["sla"] == (1800.0 if major == 2 else None)


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_training_pod_requests_a_gpu_on_the_gpu_nodes_of_the_platform(version: str, tmp_path: Path) -> None:
    pods, order = pods_of(version, "ml_training_pipeline", EXAMPLES / "teaching" / "dags", tmp_path)
    assert [name for name, _ in order] == ["prepare_features", "train_model", "validate_model", "notify"]
    nodes = runpy.run_path(str(PATHS["teaching"]))["GPU_NODES"]
    spec = pods["train_model"]["spec"]
    assert spec["nodeSelector"] == dict(nodes.labels)
    assert [(each["key"], each["effect"]) for each in spec["tolerations"]] == [
        (taint.key, taint.effect) for taint in nodes.taints
    ]
    resources = spec["containers"][0]["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "1"
    for name, pod in pods.items():
        assert pod["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "ml-store"}}], name
        assert bool(pod["spec"].get("nodeSelector")) is (name == "train_model")


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_heavy_tasks_have_their_own_pods(version: str) -> None:
    tasks = imported(version, "production_aws")["monthly_report"]["tasks"]
    changed = {name: task["override"]["spec"]["containers"] for name, task in tasks.items() if task["override"]}
    assert list(changed) == ["compute"]
    (base,) = changed["compute"]
    assert base["name"] == "base"
    assert "airflow-pandas:3.2.2-" in base["image"]
    assert base["resources"]["requests"] == {"cpu": "2", "memory": "8Gi"}
    celery = imported(version, "production_aws/celery_dags")["many_short_tasks"]["tasks"]
    assert {name: task["executor"] for name, task in celery.items()} == {"read": None, "combine": "KubernetesExecutor"}


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_each_task_of_ml_pipeline_selects_a_pod_of_the_platform(version: str) -> None:
    tasks = imported(version, "environments")["ml_pipeline"]["tasks"]
    assert {name: task["template"] for name, task in tasks.items()} == {
        "preprocess": "pandas.yaml",
        "split": "heavy.yaml",
        "train": "gpu.yaml",
        "publish": "",
    }
    pods = runpy.run_path(str(PATHS["environments"]))["TASK_PODS"]
    assert {f"{name}.yaml" for name in pods.templates} == {task["template"] for task in tasks.values()} - {""}
    (base,) = tasks["train"]["override"]["spec"]["containers"]
    assert base["volumeMounts"] == [{"name": "scratch", "mountPath": "/scratch"}]
    assert all(task["retries"] >= 2 for task in tasks.values()), "spot nodes disappear"


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_pods_and_jobs_are_taken_by_the_strictest_namespace(version: str, tmp_path: Path) -> None:
    pods, order = pods_of(version, "pods_and_jobs", EXAMPLES / "five_steps" / "dags", tmp_path)
    assert [name for name, _ in order] == ["in_the_image", "in_a_pod", "in_a_job"]
    (base,) = pods["in_a_pod"]["spec"]["containers"]
    (token,) = (each for each in base["env"] if each["name"] == "API_TOKEN")
    assert token["valueFrom"]["secretKeyRef"] == {"name": "vendor", "key": "token"}
    assert set(pods) == {"in_a_pod", "in_a_job"}
