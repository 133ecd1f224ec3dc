"""Pods of KubernetesPodOperator: in the restricted namespace of the release, and in other namespaces.

The tasks run with the service accounts, the permissions and the ``airflow_local_settings.py`` that the program emits.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cdk8s import App, Chart

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    CnpgCluster,
    DagFolder,
    KubernetesExecutor,
    Logs,
    Namespace,
    Volume,
)
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.airflow_cli import AirflowCli
from tests.cluster.platforms import FACTS

DAGS = Path(__file__).parent / "dags_pods"
DAG = "pods_of_dags"
TASKS = {
    "home": "airflow",
    "home_deferred": "airflow",
    "home_xcom": "airflow",
    "restricted": "jobs-restricted",
    "restricted_deferred": "jobs-restricted",
    "baseline_root": "jobs-baseline",
    "baseline_deferred": "jobs-baseline",
}
"""Task of the DAG -> namespace of its pod."""

VENVS = os.environ.get("CDK8S_AIRFLOW_VENVS", "")
CHARTS = {"2.11.0": "1.22.0", "3.2.2": "1.22.0"}


def program(airflow_version: str) -> App:
    """A platform with a restricted and a baseline namespace for pods of DAGs."""
    app = App()
    base, release = Chart(app, "00-namespaces"), Chart(app, "20-airflow")
    home = Namespace(base, "airflow")
    database = CnpgCluster(
        release,
        "db",
        name="airflow-pg",
        namespace=home,
        postgres_major=15,
        credentials=BasicAuthSecret("airflow-pg-credentials"),
        storage=Volume("1Gi", storage_class="local-path"),
        facts=FACTS,
    )
    AirflowChart(
        release,
        "airflow",
        airflow_version=airflow_version,
        chart_version=CHARTS[airflow_version],
        namespace=home,
        database=database.connection(),
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=KubernetesExecutor(),
        logs=Logs.ephemeral(),
        dags=DagFolder(DAGS),
        facts=FACTS,
        pod_operator_namespaces=[
            Namespace(base, "jobs-restricted"),
            Namespace(base, "jobs-baseline", pod_security="baseline"),
        ],
    )
    return app


@pytest.fixture
def platform(runner: PlatformRunner, tmp_path: Path) -> Iterator[Platform]:
    """The platform with Airflow 3, with all pods ready."""
    with runner.platform(program("3.2.2"), tmp_path, small=True) as running:
        running.install()
        yield running


def test_tasks_start_pods_in_each_namespace_also_deferred_and_with_xcom(platform: Platform, kubectl: Kubectl) -> None:
    api = platform.api(DAG)
    with platform.explained():
        api.trigger("pods")
        state = api.wait_for_run("pods", 1200)
        tasks = api.tasks("pods")
        assert (state, {task: found for task, (found, _) in tasks.items()}) == (
            "success",
            dict.fromkeys(TASKS, "success"),
        )
        xcom = f"/api/v2/dags/{DAG}/dagRuns/pods/taskInstances/home_xcom/xcomEntries/return_value"
        assert api.call("GET", xcom)["value"] == "handed over"


def test_tasks_of_airflow_2_start_pods_in_each_namespace_also_deferred_and_with_xcom(
    runner: PlatformRunner, tmp_path: Path
) -> None:
    with runner.platform(program("2.11.0"), tmp_path, small=True) as running:
        running.install()
        with running.explained():
            cli = AirflowCli(runner.kubectl, dag=DAG)
            cli.wait_for_dag()
            state = cli.run_to_the_end("pods", 1200)
            failed = {task: found for task, found in cli.tasks("pods").items() if found != "success"}
            assert (state, failed) == ("success", {}), f"{failed}\n{_logs(runner.kubectl)}"


def _logs(kubectl: Kubectl) -> str:
    """Errors of the scheduler and the triggerer, and the last lines of task pods that have failed, which KubernetesExecutor keeps."""
    lines = [
        line
        for workload in ("deploy/airflow-scheduler", "deploy/airflow-triggerer")
        for line in kubectl.run("-n", "airflow", "logs", workload, "--tail=-1", check=False).stdout.splitlines()
        if "ERROR" in line or "although the" in line
    ]
    failed = kubectl.run("-n", "airflow", "get", "pods", "--field-selector=status.phase=Failed", "-o", "name").stdout
    for pod in failed.split():
        lines += [pod, kubectl.run("-n", "airflow", "logs", pod, "--tail=60", check=False).stdout]
    return "\n".join(lines)


@pytest.mark.parametrize("version", sorted(CHARTS))
def test_operator_of_real_airflow_acts_with_the_permissions_of_the_worker_and_the_triggerer(
    kubectl: Kubectl, tmp_path: Path, version: str
) -> None:
    """Airflow in a virtual environment runs the DAG; it logs in to the cluster with the service account of the release."""
    python = Path(VENVS, version, "bin", "python")
    if not VENVS or not python.is_file():
        pytest.skip(
            "set CDK8S_AIRFLOW_VENVS to a folder with <version>/bin/python of Airflow and its cncf.kubernetes provider"
        )
    manifests = [each for each in yaml.safe_load_all(program(version).synth_yaml()) if each]
    (release,) = (each for each in manifests if each["kind"] == "HelmChart")
    values = yaml.safe_load(release["spec"]["valuesContent"])
    settings = tmp_path / "config" / "airflow_local_settings.py"
    settings.parent.mkdir()
    settings.write_text(values["airflowLocalSettings"], encoding="utf-8")
    kept = [each for each in manifests if each["kind"] in ("Namespace", "Role", "RoleBinding")]
    try:
        kubectl.run("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all([*kept, *_account_of_the_chart()]))
        for account in ("airflow-worker", "airflow-triggerer"):
            config = tmp_path / f"{account}.json"
            config.write_text(json.dumps(_kubeconfig(kubectl, account)), encoding="utf-8")
            environment = {
                **os.environ,
                "AIRFLOW_HOME": str(tmp_path),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
                "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
                "KUBECONFIG": str(config),
            }
            done = subprocess.run(
                [*_inside(kubectl), str(python), str(Path(__file__).parent / "run_pods_of_dags.py")],
                env=environment, capture_output=True, text=True, timeout=900, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
            states = json.loads(done.stdout.splitlines()[-1])
            assert states == dict.fromkeys(TASKS, "ran"), account
    finally:
        for namespace in ("airflow", "jobs-restricted", "jobs-baseline"):
            kubectl.run("delete", "namespace", namespace, "--ignore-not-found", timeout=300)


def _account_of_the_chart() -> list[dict[str, object]]:
    """The service accounts and the Role that the chart creates in the namespace of the release."""
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "airflow"}}
        for name in ("airflow-worker", "airflow-triggerer")
    ]
    metadata = {"name": "airflow-pod-launcher-role", "namespace": "airflow"}
    rules = [
        {"apiGroups": [""], "resources": [resource], "verbs": verbs}
        for resource, verbs in (
            ("pods", ["create", "list", "get", "patch", "watch", "delete"]),
            ("pods/log", ["get"]),
            ("pods/exec", ["create", "get"]),
            ("events", ["list", "watch"]),
        )
    ]
    group = "rbac.authorization.k8s.io"
    return [
        *accounts,
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": metadata["name"]},
            "subjects": [{"kind": "ServiceAccount", **each["metadata"]} for each in accounts],  # type: ignore[dict-item]
        },
    ]


def _kubeconfig(kubectl: Kubectl, account: str) -> dict[str, object]:
    """A kubeconfig that logs in as a service account."""
    given = yaml.safe_load(kubectl.settings.kubeconfig.read_text(encoding="utf-8"))
    token = kubectl.run("-n", "airflow", "create", "token", account).stdout.strip()
    context = {"cluster": given["clusters"][0]["name"], "user": account, "namespace": "airflow"}
    return {
        **given,
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": "it", "context": context}],
        "current-context": "it",
    }


def _inside(kubectl: Kubectl) -> list[str]:
    """A prefix for commands that reach the API server, from CDK8S_AIRFLOW_CLUSTER_PREFIX; empty for a cluster in the network."""
    return os.environ.get("CDK8S_AIRFLOW_CLUSTER_PREFIX", "").split()
