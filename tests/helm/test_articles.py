"""The examples that follow an article: what real Helm renders from them, and that their DAGs and READMEs match the platform."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cdk8s import App

from cdk8s_airflow import Budget
from cdk8s_airflow.app.object_findings import objects_of
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.workloads import footprint_of
from cdk8s_airflow.model.footprint import over_budget
from tests.examples_built import EXAMPLES, NEEDS, PATHS, example, example_app
from tests.helm.expectations import assert_env_once, assert_restricted
from tests.helm.rendering import Rendered, render, render_release
from tests.truth.manifests import load

needs_charts = pytest.mark.usefixtures("charts")

ARTICLES = {"environments": "S3", "five_steps": "S4", "homelab": "S0", "production_aws": "S2", "teaching": "S1"}
"""Folder of an example -> the article whose rows its README lists."""


def rendered(app: App) -> Rendered:
    """The one release of an app, as Helm renders it for any delivery."""
    manifests = load(app.synth_yaml())
    found = [each for each in manifests if each["kind"] == "HelmChart" and each["spec"]["chart"] == "airflow"]
    if found:
        return render_release(found[0])
    files = registry_of(app).files
    (values,) = (text for path, text in files.items() if path.endswith("values.yml"))
    (script,) = (text for path, text in files.items() if path.endswith("install.sh"))
    version = re.search(r"--version (\S+)", script)
    assert version
    return render(values, version[1].strip("'\""))


@functools.cache
def built(name: str) -> tuple[list[dict[str, Any]], Rendered]:
    """The objects of an example, and those of its release."""
    app = example_app(name)
    return load(app.synth_yaml()), rendered(app)


def one(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = (each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def rows(readme: Path) -> list[str]:
    return re.findall(r"^\| (S\d\.\d+) \|", readme.read_text(encoding="utf-8"), re.MULTILINE)


def use_cases() -> list[str]:
    page = EXAMPLES.parent / "docs" / "reference" / "use-cases.md"
    return re.findall(r"^\| (S\d\.\d+) \|", page.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("folder", ARTICLES)
def test_readme_lists_every_row_of_its_article_once(folder: str) -> None:
    expected = [row for row in use_cases() if row.startswith(f"{ARTICLES[folder]}.")]
    assert rows(EXAMPLES / folder / "README.md") == expected


@pytest.mark.parametrize("folder", ARTICLES)
def test_readme_names_files_and_namespaces_that_exist(folder: str) -> None:
    text = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:dags|images|examples)/[\w/.-]*|[\w-]+\.py)`", text):
        assert any(
            (root / path).exists() for root in (EXAMPLES / folder, EXAMPLES.parent, EXAMPLES / folder / "dags")
        ) or (list((EXAMPLES / folder).rglob(path))), path
    programs = [name for name, path in PATHS.items() if path.parent == EXAMPLES / folder]
    namespaces = {
        each["metadata"]["name"] for name in programs for each in _objects(name) if each["kind"] == "Namespace"
    }
    assert set(re.findall(r"kubectl -n (\S+)", text)) <= namespaces


def _objects(name: str) -> list[dict[str, Any]]:
    return load(example_app(name).synth_yaml())


@needs_charts
@pytest.mark.parametrize("name", [name for name, path in PATHS.items() if path.parent.name in ARTICLES])
def test_release_of_an_article_is_rendered_and_restricted(name: str) -> None:
    _, release = built(name)
    assert_env_once(release)
    assert_restricted(release)
    bundled = {part for _, each in release.names for part in ("postgresql", "redis") if part in each}
    assert bundled == ({"redis"} if "celery" in name else set())


@needs_charts
def test_homelab_is_the_platform_of_its_article() -> None:
    manifests, release = built("homelab")
    cluster = one(manifests, "Cluster", "airflow-pg")
    assert cluster["metadata"]["namespace"] == "airflow-data"
    assert cluster["spec"]["instances"] == 1
    assert cluster["spec"]["bootstrap"]["initdb"]["secret"] == {"name": "airflow-pg-credentials"}
    assert cluster["spec"]["storage"] == {"size": "10Gi", "storageClass": "longhorn"}
    chart = next(each for each in manifests if each["kind"] == "HelmChart" and each["metadata"]["name"] == "airflow")
    assert (chart["spec"]["version"], chart["spec"]["timeout"]) == ("1.22.0", "15m0s")
    assert chart["spec"]["repo"] == "https://airflow.apache.org"
    assert release.airflow_cfg.get("core", "executor") == "KubernetesExecutor"
    git = release.pod("dag-processor").container("git-sync")
    assert (git.text_env("GITSYNC_REF"), git.text_env("GITSYNC_PERIOD")) == ("main", "60s")
    (ingress,) = release.find("Ingress")
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "homelab-ca"
    assert ingress["spec"]["tls"] == [{"hosts": ["airflow.acme.lab"], "secretName": "airflow-tls"}]
    base = release.pod("worker").container("base")
    assert {"name": "profiles", "mountPath": "/profiles", "readOnly": True}.items() <= next(
        mount for mount in base.spec["volumeMounts"] if mount["mountPath"] == "/profiles"
    ).items() | {("name", "profiles")}
    assert release.airflow_cfg.get("logging", "remote_base_log_folder") == "s3://airflow-logs/lab"


@needs_charts
def test_homelab_has_the_addresses_and_secrets_of_its_dag() -> None:
    manifests, release = built("homelab")
    dag = (EXAMPLES / "homelab" / "dags" / "csv_to_parquet.py").read_text(encoding="utf-8")
    warehouse = one(manifests, "Cluster", "warehouse")
    assert f'"{warehouse["metadata"]["name"]}-rw.{warehouse["metadata"]["namespace"]}.svc"' in dag
    assert f'"{warehouse["spec"]["bootstrap"]["initdb"]["secret"]["name"]}"' in dag
    base = release.pod("worker").container("base")
    assert base.env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "data-lake"
    assert '"data-lake"' in dag
    assert base.text_env("AWS_ENDPOINT_URL_S3")
    profiles = one(manifests, "ConfigMap", "dbt-profiles")
    assert {"profiles.yml", "pod.yaml"} <= set(profiles["data"])


@needs_charts
@pytest.mark.parametrize(("topology", "schedulers"), [("k8s-single", 1), ("k8s-multi", 1), ("k8s-ha", 2)])
def test_homelab_topologies_differ_in_schedulers(topology: str, schedulers: int) -> None:
    found, _ = example("homelab")
    release = rendered(found["build"](topology))
    assert release.get("Deployment", "airflow-scheduler")["spec"]["replicas"] == schedulers


def test_homelab_without_loki_has_no_collector() -> None:
    found, _ = example("homelab")
    whole, without = (load(found["build"](loki=loki).synth_yaml()) for loki in (True, False))
    left = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in without}
    gone = {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in whole} - left
    assert ("Namespace", None, "logging") in gone
    assert not [each for each in left if "logging" in each]


def test_homelab_requests_less_memory_than_the_article_states() -> None:
    """With a smaller budget, ``python main.py`` writes nothing."""
    app = example_app("homelab")
    footprint = footprint_of(registry_of(app), objects_of(app))
    assert not list(over_budget(footprint, Budget(memory="6Gi")))
    assert list(over_budget(footprint, Budget(memory="5Gi")))
    assert 'run(build, budget=Budget(memory="6Gi"))' in PATHS["homelab"].read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ARTICLES)
def test_commands_of_the_readme_write_and_describe_the_platform(folder: str, tmp_path: Path) -> None:
    text = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ *(python (?:-m cdk8s_airflow|[\w-]+\.py).*)$", text, re.MULTILINE)
    assert "python main.py" in commands
    for module in NEEDS.get(folder, ()):
        pytest.importorskip(module, reason="make .venv/.test installs the extras, from Python 3.11")
    copy = tmp_path / folder
    shutil.copytree(EXAMPLES / folder, copy)
    for command in commands:
        ran = subprocess.run(
            [sys.executable, *command.split()[1:]], cwd=copy, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    assert list((copy / "dist").rglob("*.yaml"))


@needs_charts
@pytest.mark.parametrize(("version", "server"), [("2.11.0", "webserver"), ("3.2.2", "api-server")])
def test_teaching_has_the_sizes_of_the_article_with_airflow_2_and_3(version: str, server: str) -> None:
    found, _ = example("teaching")
    release = rendered(found["build"](version))
    for component, replicas, cpu, memory, limit in (
        ("scheduler", 2, "500m", "1Gi", "2Gi"),
        (server, 2, "500m", "1Gi", "2Gi"),
        ("triggerer", 1, "250m", "512Mi", "1Gi"),
    ):
        (workload,) = (
            each
            for each in release.manifests
            if each["metadata"]["name"] == f"airflow-{component}" and each["kind"] in ("Deployment", "StatefulSet")
        )
        assert workload["spec"]["replicas"] == replicas
        resources = release.pod(component).container(component).spec["resources"]
        assert resources == {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}
    base = release.pod("worker").container("base")
    assert base.spec["resources"] == {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
    core = dict(release.airflow_cfg.items("core"))
    assert (core["load_examples"], core["dags_are_paused_at_creation"], core["default_timezone"]) == (
        "False",
        "True",
        "utc",
    )
    section = "api" if version >= "3" else "webserver"
    assert release.airflow_cfg.get(section, "expose_config") == "False"
    assert release.pod(server).container(server).env["AIRFLOW_CONN_SMTP_DEFAULT"]["valueFrom"]["secretKeyRef"] == {
        "name": "airflow-connections",
        "key": "smtp_default",
    }
    (gpu,) = templates_of(found["build"](version)).values()
    assert gpu["spec"]["nodeSelector"]["accelerator"] == "nvidia-tesla-t4"


def templates_of(app: App) -> Mapping[str, Any]:
    """Name of a task pod -> its template."""
    return {
        name.removesuffix(".yaml"): yaml.safe_load(text)
        for manifest in load(app.synth_yaml())
        for name, text in (manifest.get("data") or {}).items()
        if manifest["metadata"]["name"].endswith("-pod-templates")
    }


def test_teaching_alerts_have_the_thresholds_of_the_article() -> None:
    manifests = load(example_app("teaching").synth_yaml())
    (rule,) = (each for each in manifests if each["kind"] == "PrometheusRule")
    rules = {each["alert"]: each for group in rule["spec"]["groups"] for each in group["rules"]}
    for alert, threshold in (
        ("AirflowSchedulerHeartbeatMissing", "[30s]"),
        ("AirflowDagParsingSlow", "> 30"),
        ("AirflowDagRunSlow", "> 2 *"),
        ("AirflowTasksFailing", "> 3"),
        ("AirflowTaskHeartbeatsLost", "> 0"),
    ):
        assert threshold in rules[alert]["expr"], (alert, rules[alert]["expr"])
    assert rules["AirflowPoolFull"]["for"] == "300s"
    readme = (EXAMPLES / "teaching" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(Airflow[A-Z]\w+)`", readme)) <= set(rules)


@needs_charts
def test_teaching_lab_is_the_lab_of_the_article() -> None:
    manifests, release = built("teaching_lab")
    assert "triggerer" not in {pod.component for pod in release.pods}
    executor = dict(release.airflow_cfg.items("kubernetes_executor"))
    assert (executor["delete_worker_pods"], executor["delete_worker_pods_on_failure"]) == ("True", "False")
    assert release.airflow_cfg.get("core", "dags_are_paused_at_creation") == "False"
    (files,) = (each["data"] for each in manifests if "data_pipeline_lab.py" in str(each.get("data", {}).keys()))
    dag = (EXAMPLES / "teaching" / "dags" / "lab" / "data_pipeline_lab.py").read_text(encoding="utf-8")
    assert dag in files.values()
    assert {pod["metadata"]["name"] for pod in manifests if pod["kind"] == "StatefulSet"} == {"lab-postgres"}
    assert not registry_of(example_app("teaching_lab")).missing


@needs_charts
def test_production_aws_is_the_platform_of_its_article() -> None:
    manifests, release = built("production_aws")
    options = {section: dict(release.airflow_cfg.items(section)) for section in release.airflow_cfg.sections()}
    assert options["core"]["parallelism"] == "100"
    assert options["core"]["max_active_tasks_per_dag"] == "32"
    assert options["kubernetes_executor"]["worker_pods_creation_batch_size"] == "16"
    assert options["scheduler"]["scheduler_heartbeat_sec"] == "1"
    assert options["secrets"]["backend"].endswith("KubernetesSecretsBackend")
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data/airflow-dags:2026.1.0"
    assert {each.image for each in release.containers("airflow")} == {image}
    (logs,) = (each for each in manifests if each["kind"] == "PersistentVolumeClaim")
    assert (logs["spec"]["accessModes"], logs["spec"]["storageClassName"]) == (["ReadWriteMany"], "efs-sc")
    assert not [each for each in release.manifests if each["kind"].startswith("Cluster")]
    kinds = {each["kind"] for each in manifests}
    assert {"NetworkPolicy", "ServiceMonitor", "PrometheusRule"} <= kinds
    dashboards = [each for each in manifests if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
    assert len(dashboards) >= 3


@needs_charts
def test_production_aws_celery_scales_from_1_to_20_workers_and_reads_dags_from_efs() -> None:
    manifests, release = built("production_aws_celery")
    assert release.airflow_cfg.get("core", "executor") == "CeleryExecutor,KubernetesExecutor"
    (scaled,) = [each for each in [*manifests, *release.manifests] if each["kind"] == "ScaledObject"]
    assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (1, 20)
    claims = {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == "PersistentVolumeClaim"}
    assert {name: spec["resources"]["requests"]["storage"] for name, spec in claims.items()} == {
        "airflow-dags": "5Gi",
        "airflow-logs": "20Gi",
    }
    for pod in (release.pod("dag-processor"), *(each for each in release.pods if each.component == "worker")):
        volumes = {each.get("persistentVolumeClaim", {}).get("claimName") for each in pod.spec["volumes"]}
        assert "airflow-dags" in volumes, pod.where


@needs_charts
def test_environments_place_tasks_on_spot_and_gpu_nodes_with_their_images() -> None:
    _, release = built("environments")
    assert release.get("Deployment", "airflow-prod-scheduler")["spec"]["replicas"] == 2
    git = release.pod("dag-processor").container("git-sync")
    assert (git.text_env("GITSYNC_DEPTH"), git.text_env("GITSYNC_REF")) == ("1", "v2.3.0")
    assert release.airflow_cfg.get("logging", "remote_base_log_folder").startswith("s3://acme-airflow-logs-prod")
    pods = templates_of(example_app("environments"))
    assert set(pods) == {"gpu", "heavy", "pandas"}
    for pod in (release.pod_template, pods["heavy"], pods["pandas"]):
        assert pod
        assert [each["key"] for each in pod["spec"]["tolerations"]] == ["workload"]
        affinity = pod["spec"]["affinity"]["nodeAffinity"]
        (preferred,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
        assert "lifecycle" in {each["key"] for each in preferred["preference"]["matchExpressions"]}
    gpu = pods["gpu"]["spec"]
    (base,) = (each for each in gpu["containers"] if each["name"] == "base")
    assert gpu["nodeSelector"]["workload"] == "ml-gpu"
    assert base["resources"]["limits"]["nvidia.com/gpu"] in (1, "1")
    assert base["image"] == "registry.acme.lab/data/airflow-torch:3.2.2-1"


def test_environments_build_the_images_that_the_platform_runs() -> None:
    folder = PATHS["environments"].parent / "images"
    dockerfile = (folder / "Dockerfile").read_text(encoding="utf-8")
    pods = example("environments")[0]["TASK_PODS"].templates
    images = {pod.image.repository.rpartition("/")[2]: pod.image.tag for pod in pods.values() if pod.image}
    assert set(re.findall(r"^FROM .* AS (\S+)$", dockerfile, re.MULTILINE)) == set(images)
    version = re.search(r"^ARG AIRFLOW_VERSION=(\S+)$", dockerfile, re.MULTILINE)
    assert version
    assert {tag.rpartition("-")[0] for tag in images.values()} == {version[1]}
    for name in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (folder / name).is_file()


@needs_charts
@pytest.mark.parametrize("dags", ["git", "volume"])
def test_five_steps_reads_dags_from_git_or_from_a_read_only_volume(dags: str) -> None:
    found, _ = example("five_steps")
    app = found["build"](dags)
    manifests, release = load(app.synth_yaml()), rendered(app)
    claim = one(manifests, "PersistentVolumeClaim", "airflow-dags")
    assert claim["spec"]["accessModes"] == ["ReadOnlyMany"]
    for name in ("airflow-dags", "airflow-logs"):
        volume = one(manifests, "PersistentVolume", name)
        assert volume["spec"]["claimRef"] == {"namespace": "airflow", "name": name}
        assert one(manifests, "PersistentVolumeClaim", name)["spec"]["volumeName"] == name
    for pod in (release.pod("dag-processor"), release.pod("worker")):
        claims = {each.get("persistentVolumeClaim", {}).get("claimName") for each in pod.spec["volumes"]}
        assert ("airflow-dags" in claims) is (dags == "volume"), pod.where
        assert any(each.role == "git-sync" for each in pod.containers) is (dags == "git"), pod.where
    mounts = {
        each["mountPath"]: each.get("readOnly", False)
        for container in release.containers("airflow")
        for each in container.spec["volumeMounts"]
        if each["mountPath"].startswith("/opt/airflow/dags")
    }
    assert set(mounts.values()) == {True}


@needs_charts
def test_five_steps_runs_its_image_behind_a_load_balancer_and_may_start_jobs() -> None:
    _, release = built("five_steps")
    assert {each.image for each in release.containers("airflow")} == {"registry.example.com/data/airflow:3.2.2-1"}
    dockerfile = (EXAMPLES / "five_steps" / "Dockerfile").read_text(encoding="utf-8")
    assert "docker build -t registry.example.com/data/airflow:3.2.2-1 ." in dockerfile
    assert "ARG AIRFLOW_VERSION=3.2.2\n" in dockerfile
    service = release.get("Service", "airflow-api-server")
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    rights = {
        (resource, verb)
        for role in release.find("Role")
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {("pods", "create"), ("pods", "delete"), ("jobs", "create"), ("jobs", "delete")} <= rights
    assert not [each for each in release.manifests if each["kind"].startswith("Cluster")]


def test_readme_of_the_examples_lists_every_program_and_folder() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in PATHS.values():
        name = path.name if path.parent == EXAMPLES else f"{path.parent.name}/README.md"
        assert f"]({name})" in text, name
