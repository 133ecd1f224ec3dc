"""Where executors, workers and brokers go, in every dialect; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    ExternalBroker,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
    RedisBroker,
    WorkerSet,
)
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.wire.executors import (
    EXECUTOR,
    executor_needs,
    executor_rules,
    own_worker_budgets,
)
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.dags.volume import ExistingDagVolume
from cdk8s_airflow.model.placement import TopologySpread
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.secret_reference import (
    BrokerUrlSecret,
    RedisPasswordSecret,
    ResultBackendSecret,
)
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, release, values_of

OLD = ("1.15.0", "1.18.0")
BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))
REDIS = RedisBroker(password=RedisPasswordSecret("password"), url=BrokerUrlSecret("broker"))
ADDRESS = {"core": {"hostname_callable": "airflow.utils.net.get_host_ip_address"}}
WAITING = {"env": [{"name": "CONNECTION_CHECK_MAX_COUNT", "value": "60"}]}
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def broken(pair: Pair, **settings: Any) -> set[tuple[str, str]]:
    return {(finding.rule, finding.at) for finding in executor_rules(release(pair, **settings))}


@every_pair
def test_kubernetes_names_a_broker_secret_so_that_none_is_made(pair: Pair) -> None:
    resources = {"resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}}
    assert values_of(EXECUTOR, release(pair)) == {
        "executor": "KubernetesExecutor",
        "redis": {"enabled": False},
        "data": {"brokerUrlSecretName": "lab-no-broker"},
        "workers": resources if pair[0] in OLD else {"kubernetes": resources},
    }


@every_pair
def test_local_switches_off_the_claim_of_the_scheduler(pair: Pair) -> None:
    claim: dict[str, Any] = {"persistence": {"enabled": False}}
    assert values_of(EXECUTOR, release(pair, executor=LocalExecutor())) == {
        "executor": "LocalExecutor",
        "redis": {"enabled": False},
        "data": {"brokerUrlSecretName": "lab-no-broker"},
        "workers": claim if pair[0] in OLD else {**claim, "celery": claim},
        "config": ADDRESS,
    }


@every_pair
def test_celery_with_a_broker_that_exists(pair: Pair) -> None:
    given = CeleryExecutor(
        broker=BROKER,
        workers=CeleryWorkers(replicas=1, resources=SMALL, log_groomer=None),
        concurrency=5,
        result_backend=ResultBackendSecret("results"),
    )
    worker: dict[str, Any] = {
        "resources": SMALL_WIRE,
        "persistence": {"enabled": False},
        "waitForMigrations": WAITING,
        "replicas": 1,
    }
    if pair[0] == "1.22.0":
        worker["logGroomerSidecar"] = {"enabled": False}
    sets = {"enableDefault": False, "sets": [{"name": "default", "queue": "default", **worker}]}
    assert values_of(EXECUTOR, release(pair, executor=given)) == {
        "executor": "CeleryExecutor",
        "redis": {"enabled": False},
        "data": {"brokerUrlSecretName": "broker", "resultBackendSecretName": "results"},
        "workers": worker if pair[0] in OLD else {"celery": sets},
        "config": {**ADDRESS, "celery": {"worker_concurrency": 5}},
    }


@every_pair
def test_redis_is_restricted_and_random_in_nothing(pair: Pair) -> None:
    values = values_of(EXECUTOR, release(pair, executor=CeleryExecutor(broker=REDIS)))
    assert values["redis"] == {
        "enabled": True,
        "passwordSecretName": "password",
        "persistence": {"enabled": False},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "serviceAccount": {"automountServiceAccountToken": False},
        "securityContexts": {
            "pod": {
                "runAsNonRoot": True,
                "runAsUser": 999,
                "runAsGroup": 999,
                "fsGroup": 999,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "container": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }
    assert values["data"] == {"brokerUrlSecretName": "broker"}


@every_pair
def test_queues_have_a_key_or_stand_on_the_command_line(pair: Pair) -> None:
    given = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(queues=("a", "b")))
    workers = values_of(EXECUTOR, release(pair, executor=given))["workers"]
    if pair[0] in OLD:
        assert workers["args"] == ["bash", "-c", "exec airflow celery worker -q a,b"]
    else:
        assert workers["celery"]["sets"][0]["queue"] == "a,b"


@every_pair
def test_keda_counts_the_queues_of_the_workers(pair: Pair) -> None:
    workers = CeleryWorkers(queues=("a", "b"), scaling=Keda(max_replicas=4))
    given = CeleryExecutor(broker=BROKER, workers=workers, concurrency=8)
    values = values_of(EXECUTOR, release(pair, executor=given))["workers"]
    keda = {"enabled": True, "minReplicaCount": 0, "maxReplicaCount": 4, "pollingInterval": 5, "cooldownPeriod": 30}
    if pair[0] in OLD:
        query = values["keda"].pop("query")
        assert query.endswith("queue IN ('a', 'b')")
        assert "/ 8)" in query
    else:
        (values,) = values["celery"]["sets"]
    assert values["keda"] == keda
    assert "replicas" not in values


_CELERY = "executor IN ('CeleryExecutor', 'airflow.providers.celery.executors.celery_executor.CeleryExecutor')"
_COUNTED = "(state='running' OR state='queued') AND queue IN ('default')"


def query_of(pair: Pair, executor: Any, **settings: Any) -> str | None:
    workers = values_of(EXECUTOR, release(pair, executor=executor, **settings))["workers"]
    keda = workers["keda"] if pair[0] in OLD else workers["celery"]["sets"][0]["keda"]
    query: str | None = keda.get("query")
    return query


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[0] != "1.15.0"], ids=called)
@pytest.mark.parametrize("other", [KubernetesExecutor(), LocalExecutor()], ids=["kubernetes", "local"])
def test_keda_counts_only_the_tasks_that_celery_runs(pair: Pair, other: Any) -> None:
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=4)))
    first, second = (query_of(pair, MultipleExecutors(*each)) for each in ((celery, other), (other, celery)))
    start = f"SELECT ceil(COUNT(*)::decimal / 16) FROM task_instance WHERE {_COUNTED} AND "
    assert (first, second) == (f"{start}(executor IS NULL OR {_CELERY})", start + _CELERY)


@every_pair
def test_keda_counts_the_tasks_of_no_other_queue_than_that_of_the_workers(pair: Pair) -> None:
    given = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=4)))
    config = {"operators": {"default_queue": "x'y"}, "celery": {"worker_concurrency": 4}}
    if pair[0] not in OLD:
        assert query_of(pair, given, config=config) is None
        return
    start = "SELECT ceil(COUNT(*)::decimal / {} FROM task_instance WHERE (state='running' OR state='queued') AND queue IN ('{}')"
    assert query_of(pair, given) == start.format("16)", "default")
    assert query_of(pair, given, config=config) == start.format("4)", "x''y")


def test_own_query_of_keda_stays() -> None:
    scaling = Keda(max_replicas=4, query="SELECT 1")
    celery = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=scaling))
    assert query_of(PAIRS[-1], MultipleExecutors(KubernetesExecutor(), celery)) == "SELECT 1"


@every_pair
def test_where_a_chart_has_no_budget_for_workers_there_is_one_of_ours(pair: Pair) -> None:
    given = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=3))
    settings = release(pair, executor=given)
    labels = {"tier": "airflow", "component": "worker", "release": "lab"}
    ours = {
        "worker-disruption-budget": {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "lab-worker-pdb", "namespace": "airflow-lab"},
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        }
    }
    assert own_worker_budgets(settings) == (ours if pair[0] in OLD else {})
    workers = values_of(EXECUTOR, settings)["workers"]
    if pair[0] not in OLD:
        assert workers["celery"]["sets"][0]["podDisruptionBudget"] == {"enabled": True, "config": {"maxUnavailable": 1}}
    assert own_worker_budgets(release(pair)) == {}


@pytest.mark.parametrize("pair", [("1.20.0", "2.11.0"), ("1.22.0", "3.2.2")], ids=called)
@pytest.mark.parametrize(
    ("sets", "task_pods", "absent"),
    [
        (True, False, ["worker-set"]),
        (False, True, ["kubernetes_executor"]),
        (True, True, ["worker-set", "kubernetes_executor"]),
    ],
)
def test_budget_and_spread_of_workers_select_neither_sets_nor_task_pods(
    pair: Pair, sets: bool, task_pods: bool, absent: list[str]
) -> None:
    workers = CeleryWorkers(replicas=2, spread=[TopologySpread(across="zone")])
    celery = CeleryExecutor(broker=BROKER, workers=workers, sets=[WorkerSet(name="gpu", replicas=2)] if sets else ())
    settings = release(pair, executor=MultipleExecutors(celery, KubernetesExecutor()) if task_pods else celery)
    selector = {
        "matchLabels": {"tier": "airflow", "component": "worker", "release": "lab"},
        "matchExpressions": [{"key": key, "operator": "DoesNotExist"} for key in absent],
    }
    budget = own_worker_budgets(settings)["worker-disruption-budget"]
    assert budget["spec"]["selector"] == selector
    default, *others = values_of(EXECUTOR, settings)["workers"]["celery"]["sets"]
    assert default["topologySpreadConstraints"][0]["labelSelector"] == selector
    assert "podDisruptionBudget" not in default
    assert [other["podDisruptionBudget"]["enabled"] for other in others] == [True] * sets


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair[0] not in OLD and pair not in WITH_AIRFLOW_3], ids=called
)
def test_sets_with_volumes_of_their_own_have_the_dag_files_too(pair: Pair) -> None:
    scratch = {"name": "scratch", "emptyDir": {}}
    workers = CeleryWorkers(volumes=[scratch])
    settings = release(
        pair,
        executor=CeleryExecutor(broker=BROKER, workers=workers, sets=[WorkerSet(name="gpu", queues=["gpu"])]),
        dags=ExistingDagVolume("dags"),
    )
    sets = compile_release(settings).values["workers"]["celery"]["sets"]
    assert [[volume["name"] for volume in each.get("extraVolumes", [])] for each in sets] == [
        ["dag-files", "scratch"],
        [],
    ]


@every_pair
def test_each_executor_runs_where_airflow_and_chart_have_it(pair: Pair) -> None:
    several = MultipleExecutors(CeleryExecutor(broker=BROKER), KubernetesExecutor())
    with_both = CeleryKubernetesExecutor(broker=BROKER)
    runs_several = pair[0] != "1.15.0" and pair[1] != "2.9.3"
    assert broken(pair, executor=several) == (set() if runs_several else {("executors/several", "executor")})
    gone = {("executors/airflow-3", "executor")} if pair in WITH_AIRFLOW_3 else set()
    assert broken(pair, executor=with_both) == gone
    assert broken(pair, executor=LocalExecutor()) == set()
    assert broken(pair, executor=CeleryExecutor(broker=REDIS)) == set()


@every_pair
def test_what_a_version_does_not_read_of_workers_is_refused(pair: Pair) -> None:
    old = pair[0] in OLD
    sets = CeleryExecutor(broker=BROKER, sets=(WorkerSet(name="gpu"),))
    assert broken(pair, executor=sets) == ({("versions/unread", "executor.sets")} if old else set())
    groomed = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(log_groomer=LogGroomer(retention="3d")))
    unread = {("versions/unread", "executor.workers.log_groomer")}
    assert broken(pair, executor=groomed) == (set() if pair[0] == "1.22.0" else unread)
    redis = RedisBroker(
        password=RedisPasswordSecret("password"), url=BrokerUrlSecret("broker"), labels={"a": "b"}, grace_period="1m"
    )
    expected = {("versions/unread", "executor.broker.labels")} if old else set()
    expected |= {("versions/unread", "executor.broker.grace_period")} if pair[0] == "1.15.0" else set()
    assert broken(pair, executor=CeleryExecutor(broker=redis)) == expected


@every_pair
def test_one_key_for_two_things_is_refused_where_they_differ(pair: Pair) -> None:
    both = CeleryKubernetesExecutor(broker=BROKER, task_resources=SMALL, workers=CeleryWorkers(labels={"a": "b"}))
    found = {each for each in broken(pair, executor=both) if each[0] == "executors/shared-key"}
    expected = {("executors/shared-key", "executor.task_resources"), ("executors/shared-key", "executor.workers")}
    assert found == (expected if pair[0] in OLD else set())


@every_pair
def test_a_claim_of_the_workers_is_refused_where_logs_have_one(pair: Pair) -> None:
    given = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(storage=Volume("1Gi")))
    assert broken(pair, executor=given) == set()
    found = broken(pair, executor=given, logs=Logs.existing_claim("logs"))
    assert found == {("executors/storage", "executor.workers.storage")}


def test_the_secrets_of_redis_are_listed_in_the_order_they_are_made() -> None:
    given = CeleryExecutor(broker=REDIS, result_backend=ResultBackendSecret("results"))
    password, url, results = executor_needs(release(PAIRS[-1], executor=given))
    assert [need.name for need in (password, url, results)] == ["password", "broker", "results"]
    assert "openssl rand -hex 24" in password.command
    assert "--from-file=password=/dev/stdin" in password.command
    assert "printf 'redis://:%s@lab-redis:6379/0' " in url.command
    assert url.command.startswith(
        "ANSWER=$(kubectl -n airflow-lab get secret password -o jsonpath='{.data.password}' | base64 -d)"
    )
    assert "read -rsp" in results.command
    assert list(executor_needs(release(PAIRS[-1]))) == []


def test_one_secret_for_two_contracts_of_celery_is_refused() -> None:
    redis = RedisBroker(password=RedisPasswordSecret("same"), url=BrokerUrlSecret("same"))
    found = list(shared_secret_rules(release(PAIRS[-1], executor=CeleryExecutor(broker=redis))))
    assert [(finding.rule, finding.at) for finding in found] == [("secrets/shared", "executor.broker.password")]


EXECUTORS = (
    LocalExecutor(),
    CeleryExecutor(broker=BROKER),
    CeleryExecutor(broker=REDIS, workers=CeleryWorkers(scaling=Hpa(max_replicas=3)), concurrency=2),
    CeleryExecutor(broker=BROKER, sets=(WorkerSet(name="gpu", queues=("gpu",), scaling=Keda(max_replicas=2)),)),
    CeleryKubernetesExecutor(broker=REDIS),
    MultipleExecutors(LocalExecutor(), KubernetesExecutor()),
    MultipleExecutors(KubernetesExecutor(), CeleryExecutor(broker=REDIS), LocalExecutor()),
)


@every_pair
@pytest.mark.parametrize("executor", EXECUTORS, ids=lambda each: each.name)
def test_the_values_of_every_executor_that_runs_are_accepted(pair: Pair, executor: Any) -> None:
    settings = release(pair, executor=executor)
    refused = {finding.rule for finding in executor_rules(settings)}
    if refused:
        assert refused <= {"executors/airflow-3", "executors/several", "executors/shared-key", "versions/unread"}
        return
    values = compile_release(settings).values_from_arguments
    assert check_values(values, chart_version=pair[0], airflow_version=pair[1], executor=executor.name) == []
    awaited = {need.name for need in compile_release(settings).needs}
    (waiting, *_) = values["migrateDatabaseJob"]["extraInitContainers"]
    assert all(f"/{name}" in str(waiting["volumeMounts"]) for name in awaited)


@every_pair
def test_the_executor_has_no_broker_and_task_pods_have_resources(pair: Pair) -> None:
    common = {
        "executor": "KubernetesExecutor",
        "redis": {"enabled": False},
        "data": {"brokerUrlSecretName": "lab-no-broker"},
    }
    workers = (
        {"kubernetes": {"resources": SMALL_WIRE}} if pair[0] in ("1.20.0", "1.22.0") else {"resources": SMALL_WIRE}
    )
    settings = release(pair, executor=KubernetesExecutor(task_resources=SMALL))
    assert values_of(EXECUTOR, settings) == {**common, "workers": workers}
