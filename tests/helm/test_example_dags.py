"""The DAGs of examples/dags, imported by real Airflows, and the pods they would start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk8s_airflow import Image, Namespace, SecretKey
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from tests.airflow.wire.samples import PAIRS
from tests.helm.airflow import run_airflow
from tests.helm.expectations import assert_restricted
from tests.helm.rendering import Rendered
from tests.making import emitted, new_chart
from tests.truth import assert_accepted

DAGS = Path(__file__).parents[2] / "examples" / "dags"
EVERY_AIRFLOW = sorted({airflow for _, airflow in PAIRS})
CFG = "[core]\nload_examples = False\n"

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none, namespace: airflow}}]
current-context: none
"""
"""The operator asks where it is before it makes a pod; nobody is asked anything there."""

IMPORT = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.stdin.read(), include_examples=False)
"""

PODS = """
from kubernetes.client import ApiClient
pods = {}
for task in bag.dags["csv_to_parquet"].tasks:
    pod = task.build_pod_request_obj()
    pods[task.task_id] = ApiClient().sanitize_for_serialization(pod)
dag = bag.dags["csv_to_parquet"]
print(json.dumps({"pods": pods, "order": [[t.task_id, sorted(t.downstream_task_ids)] for t in dag.topological_sort()]}))
"""

WHAT = """
print(json.dumps([
    {name: str(error) for name, error in bag.import_errors.items()},
    {dag.dag_id: [t.executor_config.get("pod_template_file") for t in dag.tasks] for dag in bag.dags.values()},
]))
"""


@pytest.mark.parametrize("version", EVERY_AIRFLOW)
def test_every_airflow_imports_every_example(version: str) -> None:
    errors, found = json.loads(run_airflow(version, CFG, IMPORT + WHAT, said=str(DAGS)))
    assert errors == {}
    assert found == {
        "csv_to_parquet": [None, None, None],
        "ml_training_pipeline": [
            "/opt/airflow/pod_templates/named/pandas.yaml",
            "/opt/airflow/pod_templates/named/gpu.yaml",
            "/opt/airflow/pod_templates/named/pandas.yaml",
        ],
        "sales_pipeline": [None, None, None, None, None],
        "task_pods": [None, "/opt/airflow/pod_templates/named/gpu.yaml"],
        "task_namespaces": ["/opt/airflow/pod_templates/named/team-a.yaml"],
    }


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
    source = (DAGS / "csv_to_parquet.py").read_text(encoding="utf-8")
    assert "/profiles/pod.yaml" in source
    dag = tmp_path / "dags" / "csv_to_parquet.py"
    dag.parent.mkdir()
    dag.write_text(source.replace("/profiles/pod.yaml", str(tmp_path / "pod.yaml")), encoding="utf-8")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG, encoding="utf-8")
    env = {
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": "kubernetes://",
        "AWS_ENDPOINT_URL_S3": "http://store.lab:8333",
    }
    answer = json.loads(run_airflow(version, CFG, IMPORT + PODS, said=str(dag.parent), env=env))
    assert answer["order"] == [
        ["fetch_csv", ["dbt_transform"]],
        ["dbt_transform", ["write_parquet"]],
        ["write_parquet", []],
    ]
    pods: dict[str, Any] = answer["pods"]
    manifests = [{**pod, "metadata": {**pod["metadata"], "namespace": "airflow"}} for pod in pods.values()]
    assert_accepted(manifests)
    assert_restricted(Rendered(text="", manifests=tuple(manifests)))
    for name, pod in pods.items():
        (base,) = pod["spec"]["containers"]
        assert set(base["resources"]) == {"requests", "limits"}, name
        assert pod["spec"].get("serviceAccountName") is None, f"{name} has an account that may have rights"
    for name in ("fetch_csv", "write_parquet"):
        (base,) = pods[name]["spec"]["containers"]
        assert {"name": "AWS_ENDPOINT_URL_S3", "value": "http://store.lab:8333"} in base["env"], f"{name} would ask AWS"
        assert "AWS_DEFAULT_REGION" not in {each["name"] for each in base["env"]}
    (base,) = pods["dbt_transform"]["spec"]["containers"]
    assert base["command"] == ["dbt", "run"]
    assert base["image"] == "registry.acme.lab/data/dbt-warehouse:1.0.0"
    (said,) = yaml.safe_load(files["pod.yaml"])["spec"]["containers"]
    assert [entry for entry in said["env"] if entry not in base["env"]] == []
    for task in ("fetch_csv", "write_parquet"):
        (base,) = pods[task]["spec"]["containers"]
        given = {entry["name"]: entry for entry in base["env"]}
        reference = given["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]
        assert (reference["name"], reference["key"]) == ("data-lake", "AWS_SECRET_ACCESS_KEY")
