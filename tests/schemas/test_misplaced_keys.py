"""Known mistakes of articles and users, and keys that a version accepts and ignores."""

from __future__ import annotations

import pytest

from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.schemas.misplaced_keys import misplaced_keys
from cdk8s_airflow.schemas.setting import Setting
from tests.schemas.test_chart_values import nested

PAIRS = (
    ("1.15.0", "2.9.3"),
    ("1.18.0", "2.11.0"),
    ("1.18.0", "3.0.2"),
    ("1.20.0", "2.11.0"),
    ("1.20.0", "3.1.8"),
    ("1.22.0", "2.11.0"),
    ("1.22.0", "3.2.2"),
)
TWO = tuple(pair for pair in PAIRS if pair[1].startswith("2"))
THREE = tuple(pair for pair in PAIRS if pair[1].startswith("3"))
FLAT = (("1.15.0", "2.9.3"), ("1.18.0", "3.0.2"))
SPLIT = (("1.20.0", "3.1.8"), ("1.22.0", "3.2.2"))
KUBERNETES, CELERY, LOCAL = "KubernetesExecutor", "CeleryExecutor", "LocalExecutor"

CASES: tuple[tuple[str, object, tuple[tuple[str, str], ...], str, str, str], ...] = (
    # path, value, pairs, executor, rule, what the fix names
    ("webserver.ingress", {"enabled": True}, TWO, KUBERNETES, "unknown-key", "(ingress.web)"),
    ("webserver.ingress", {"enabled": True}, THREE, KUBERNETES, "unknown-key", "(ingress.apiServer)"),
    ("ingress.web", {"enabled": True}, THREE, KUBERNETES, "ignored-key", "ingress.apiServer"),
    ("ingress.apiServer", {"enabled": True}, TWO[1:], KUBERNETES, "ignored-key", "ingress.web"),
    ("ingress.apiServer", {"enabled": True}, TWO[:1], KUBERNETES, "unknown-key", "ingress.web"),
    ("ingress.webserver", {}, THREE, KUBERNETES, "unknown-key", "ingress.apiServer"),
    ("webserver.replicas", 2, THREE, KUBERNETES, "ignored-key", "apiServer"),
    ("webserver.resources", {}, THREE, KUBERNETES, "ignored-key", "apiServer"),
    ("webserver.service", {"type": "NodePort"}, THREE, KUBERNETES, "ignored-key", "apiServer"),
    ("apiServer", {"replicas": 2}, TWO[:1], KUBERNETES, "unknown-key", "webserver"),
    ("apiServer.replicas", 2, TWO[1:], KUBERNETES, "ignored-key", "webserver"),
    ("apiServer.enabled", False, THREE[1:], KUBERNETES, "ignored-key", "API server"),
    ("dagProcessor.enabled", False, THREE, KUBERNETES, "ignored-key", "DAG processor"),
    ("externalDatabase", {"type": "postgres"}, PAIRS, KUBERNETES, "unknown-key", "database="),
    ("postgresql.externalDatabase", {}, PAIRS, KUBERNETES, "unknown-key", "database="),
    ("logs.remote_logging", "True", PAIRS, KUBERNETES, "unknown-key", "logs="),
    ("logs.remote_base_log_folder", "s3://x", PAIRS, KUBERNETES, "unknown-key", "config.logging.remote_base_log_folder"),
    ("logs.persistence.accessMode", "ReadWriteOnce", PAIRS, KUBERNETES, "unknown-key", "ReadWriteMany"),
    ("statsd.prometheus", {"enabled": True}, PAIRS, KUBERNETES, "unknown-key", "9102"),
    ("statsd.serviceMonitor", {"enabled": True}, PAIRS, KUBERNETES, "unknown-key", "ServiceMonitor"),
    ("serviceMonitor", {"enabled": True}, PAIRS, KUBERNETES, "unknown-key", "ServiceMonitor"),
    ("extraObjects", [], PAIRS, KUBERNETES, "unknown-key", "Chart of your own"),
    ("executer", "KubernetesExecutor", PAIRS, KUBERNETES, "unknown-key", "executor="),
    ("airflow", {"secrets": {}}, PAIRS, KUBERNETES, "unknown-key", "another Airflow chart"),
    ("kubernetes_executor", {}, PAIRS, KUBERNETES, "unknown-key", 'config={"kubernetes_executor"'),
    ("scheduler.scheduler_heartbeat_sec", 5, PAIRS, KUBERNETES, "unknown-key", 'config={"scheduler"'),
    ("workers.kubernetes", {"resources": {}}, FLAT, KUBERNETES, "unknown-key", "workers itself"),
    ("workers.celery", {"replicas": 2}, FLAT, CELERY, "unknown-key", "workers itself"),
    ("workers.kubernetes.tolerations", [], SPLIT[:1], KUBERNETES, "unknown-key", "workers.tolerations"),
    ("workers.kubernetes.priorityClassName", "x", SPLIT[:1], KUBERNETES, "unknown-key", "workers.priorityClassName"),
    ("workers.kubernetes.serviceAccount", {"create": True}, SPLIT[:1], KUBERNETES, "unknown-key", "workers.serviceAccount"),
    ("workers.kubernetes.labels", {"a": "b"}, SPLIT[:1], KUBERNETES, "unknown-key", "workers.labels"),
    ("workers.kubernetes.resources", {}, SPLIT, CELERY, "ignored-key", "KubernetesExecutor"),
    ("createUserJob.enabled", False, FLAT, KUBERNETES, "unknown-key", "webserver.defaultUser.enabled"),
    ("createUserJob.defaultUser", {}, FLAT, KUBERNETES, "unknown-key", "webserver.defaultUser"),
    ("createUserJob.defaultUser.enabled", False, SPLIT, KUBERNETES, "ignored-key", "createUserJob.enabled"),
    ("imagePullSecrets", [{"name": "x"}], FLAT, KUBERNETES, "unknown-key", "registry"),
    ("securityContexts.container", {"runAsUser": 1}, PAIRS, KUBERNETES, "unknown-key", "securityContexts.containers"),
    ("scheduler.securityContexts.containers", {}, PAIRS, KUBERNETES, "unknown-key", "container;"),
    ("config.kubernetes", {"delete_worker_pods": "False"}, PAIRS, KUBERNETES, "ignored-key", "config.kubernetes_executor"),
    ("config.core.dag_concurrency", 16, THREE, KUBERNETES, "ignored-key", "max_active_tasks_per_dag"),
    ("jwtSecretName", "x", TWO[1:], KUBERNETES, "ignored-key", "Airflow 3"),
    ("jwtSecretName", "x", TWO[:1], KUBERNETES, "unknown-key", "Airflow 3"),
    ("apiSecretKeySecretName", "x", TWO[1:], KUBERNETES, "ignored-key", "webserverSecretKeySecretName"),
    ("webserverSecretKeySecretName", "x", THREE, KUBERNETES, "ignored-key", "apiSecretKeySecretName"),
    ("redis.enabled", True, PAIRS, KUBERNETES, "ignored-key", "false"),
    ("redis.enabled", True, PAIRS, LOCAL, "ignored-key", "false"),
    ("flower.enabled", True, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.keda.enabled", True, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.keda.enabled", True, SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.replicas", 3, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.replicas", 3, SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.livenessProbe", {"enabled": False}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.logGroomerSidecar", {"enabled": False}, PAIRS, LOCAL, "ignored-key", "CeleryExecutor"),
    ("workers.waitForMigrations", {"enabled": False}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.args", ["x"], PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.updateStrategy", {"type": "OnDelete"}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.terminationGracePeriodSeconds", 5, SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.tolerations", [{"key": "x"}], SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("data.resultBackendSecretName", "x", PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("flower.resources", {"requests": {"cpu": "1"}}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("redis.resources", {"requests": {"cpu": "1"}}, PAIRS, LOCAL, "ignored-key", "CeleryExecutor"),
    ("ingress.flower.enabled", True, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("scheduler.updateStrategy", {"type": "OnDelete"}, PAIRS, KUBERNETES, "ignored-key", "scheduler.strategy"),
    ("cleanup.containerLifecycleHooks", {}, PAIRS[:5], KUBERNETES, "ignored-key", "1.22"),
    ("podTemplate", "apiVersion: v1", PAIRS, CELERY, "ignored-key", "KubernetesExecutor"),
    ("dags.gitSync.wait", 60, PAIRS, KUBERNETES, "ignored-key", "interval="),
    ("dags.gitSync.ref", "main", PAIRS, KUBERNETES, "ignored-key", "dags.gitSync.branch"),
    ("defaultAirflowDigest", "sha256:ab", PAIRS, KUBERNETES, "ignored-key", "worker_container_repository"),
    ("images.airflow.digest", "sha256:ab", PAIRS, KUBERNETES, "ignored-key", "worker_container_repository"),
    ("enableBuiltInSecretEnvVars.AIRFLOW__CORE__SQL_ALCHEMY_CONN", False, SPLIT, KUBERNETES, "unknown-key", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"),
    ("image", {"tag": "x"}, PAIRS, KUBERNETES, "unknown-key", "defaultAirflowTag"),
    ("workers.keda.pollingInterval", 7, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.keda.pollingInterval", 7, SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.persistence.size", "7Gi", PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.persistence.size", "7Gi", SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.celery.command", ["x"], SPLIT, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("workers.podManagementPolicy", "Parallel", PAIRS[-1:], KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("ingress.flower.host", "x.example.com", PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("images.flower", {"tag": "x"}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("images.redis", {"tag": "x"}, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("ports.flowerUI", 7, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("ports.redisDB", 7, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("ports.workerLogs", 7, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("ports.airflowUI", 7, THREE, KUBERNETES, "ignored-key", "webserver"),
    ("redis.passwordSecretName", "x", PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("enableBuiltInSecretEnvVars.AIRFLOW__CELERY__BROKER_URL", False, PAIRS, KUBERNETES, "ignored-key", "CeleryExecutor"),
    ("enableBuiltInSecretEnvVars.AIRFLOW__WEBSERVER__SECRET_KEY", False, THREE, KUBERNETES, "ignored-key", "webserver"),
    ("webserverSecretAnnotations", {"a": "b"}, THREE, KUBERNETES, "ignored-key", "webserver"),
    ("apiServer.defaultUser", {"username": "x"}, THREE[:1], KUBERNETES, "ignored-key", "webserver.defaultUser"),
    ("triggerer.persistence.fixPermissions", True, PAIRS, KUBERNETES, "ignored-key", "volume"),
    ("_rpcServer.allowPodLogReading", False, TWO[:1], KUBERNETES, "ignored-key", "internal"),
    ("scheduler.serviceAccount.automountServiceAccountToken", False, THREE[:1], KUBERNETES, "ignored-key", "1.20"),
)  # fmt: skip

EACH = [
    pytest.param(path, value, chart, airflow, executor, rule, told, id=f"{path}-{chart}-{airflow}-{executor}")
    for path, value, pairs, executor, rule, told in CASES
    for chart, airflow in pairs
]


@pytest.mark.parametrize(("path", "value", "chart", "airflow", "executor", "rule", "told"), EACH)
def test_a_known_mistake_is_found_with_its_right_place(
    path: str, value: object, chart: str, airflow: str, executor: str, rule: str, told: str
) -> None:
    found = check_values(nested(path, value), chart_version=chart, airflow_version=airflow, executor=executor)
    there = [f for f in found if f.at == f"values.{path}"]
    assert [f.rule for f in there] == [f"values/{rule}"], found
    assert told in there[0].fix


@pytest.mark.parametrize(
    ("path", "value", "chart", "airflow", "executor"),
    [
        ("webserver.defaultUser.enabled", False, "1.18.0", "3.0.2", KUBERNETES),
        ("webserver.defaultUser.enabled", False, "1.15.0", "2.9.3", KUBERNETES),
        ("webserver.replicas", 2, "1.22.0", "2.11.0", KUBERNETES),
        ("ingress.web", {"enabled": True}, "1.22.0", "2.11.0", KUBERNETES),
        ("ingress.apiServer", {"enabled": True}, "1.18.0", "3.0.2", KUBERNETES),
        ("data.brokerUrlSecretName", "none", "1.15.0", "2.9.3", KUBERNETES),
        ("data.brokerUrlSecretName", "none", "1.22.0", "3.2.2", KUBERNETES),
        ("redis.enabled", False, "1.22.0", "3.2.2", KUBERNETES),
        ("redis.enabled", True, "1.22.0", "3.2.2", CELERY),
        ("flower.enabled", False, "1.22.0", "3.2.2", KUBERNETES),
        ("workers.tolerations", [], "1.20.0", "3.1.8", KUBERNETES),
        ("workers.kubernetes.tolerations", [], "1.22.0", "3.2.2", KUBERNETES),
        ("workers.persistence.enabled", False, "1.22.0", "3.2.2", LOCAL),
        ("config.core.dag_concurrency", 16, "1.15.0", "2.9.3", KUBERNETES),
        ("dagProcessor.enabled", False, "1.15.0", "2.9.3", KUBERNETES),
        ("imagePullSecrets", [{"name": "x"}], "1.20.0", "3.1.8", KUBERNETES),
        ("createUserJob.enabled", False, "1.20.0", "2.11.0", KUBERNETES),
        ("dags.gitSync", {"branch": "", "rev": "", "ref": "main"}, "1.22.0", "3.2.2", KUBERNETES),
        ("dags.gitSync", {"branch": "main", "ref": "main"}, "1.22.0", "3.2.2", KUBERNETES),
        ("dags.gitSync", {"branch": "", "ref": "a" * 40, "rev": "a" * 40}, "1.15.0", "2.9.3", KUBERNETES),
        ("images.airflow.digest", "sha256:ab", "1.22.0", "3.2.2", LOCAL),
        ("podTemplate", "", "1.22.0", "3.2.2", CELERY),
    ],
)
def test_the_right_place_for_a_version_passes(
    path: str, value: object, chart: str, airflow: str, executor: str
) -> None:
    assert check_values(nested(path, value), chart_version=chart, airflow_version=airflow, executor=executor) == []


def test_an_ignored_section_is_reported_once_not_for_each_key_below() -> None:
    values = {"ingress": {"web": {"enabled": True, "path": "/", "hosts": ["a"]}}}
    found = check_values(values, chart_version="1.22.0", airflow_version="3.2.2", executor=KUBERNETES)
    assert [f.at for f in found] == ["values.ingress.web"]


def test_every_entry_of_the_table_applies_to_some_supported_setting() -> None:
    settings = [Setting(chart=c, airflow=a, executor=e) for c, a in PAIRS for e in (KUBERNETES, CELERY, LOCAL)]
    idle = [entry.path for entry in misplaced_keys() if not any(entry.applies(setting) for setting in settings)]
    assert idle == []


def test_no_two_entries_answer_for_the_same_place_and_setting() -> None:
    settings = [Setting(chart=c, airflow=a, executor=e) for c, a in PAIRS for e in (KUBERNETES, CELERY, LOCAL)]
    for setting in settings:
        paths = [entry.path for entry in misplaced_keys() if entry.applies(setting)]
        assert len(paths) == len(set(paths)), sorted(path for path in paths if paths.count(path) > 1)


def test_texts_have_no_placeholders_left() -> None:
    assert [entry.path for entry in misplaced_keys() if "$" in entry.instead] == []


def test_key_in_a_text_is_the_last_step() -> None:
    (entry,) = [each for each in misplaced_keys() if each.path == "workers.kubernetes.tolerations"]
    assert "workers.tolerations;" in entry.instead
    assert "task_pods=TaskPods(" in entry.instead


def test_key_is_misplaced_between_two_charts_if_it_is_for_both() -> None:
    (entry,) = [each for each in misplaced_keys() if each.path == "imagePullSecrets"]
    assert entry.charts == "<1.20"
    charts = {
        chart: entry.applies(Setting(chart=chart, airflow="3.0.2", executor=LOCAL)) for chart in ("1.16.0", "1.19.0")
    }
    assert charts == {"1.16.0": True, "1.19.0": False}
