"""What real Helm makes of every executor, with every pair of chart and Airflow that runs it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DagRepoSync,
    ExternalBroker,
    ExternalDatabase,
    Flower,
    FlowerAuthSecret,
    Hpa,
    Keda,
    KubernetesExecutor,
    LocalExecutor,
    LogGroomer,
    Logs,
    MultipleExecutors,
    Placement,
    PlatformError,
    RedisBroker,
    RedisPasswordSecret,
    Resources,
    ResultBackendSecret,
    Scheduler,
    SecretKey,
    Toleration,
    Triggerer,
    Volume,
    WorkerSet,
)
from tests.helm.expectations import (
    assert_database_from,
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_same_bytes,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

Pair = tuple[str, str]

BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))
REDIS = RedisBroker(password=RedisPasswordSecret("redis-password"), url=BrokerUrlSecret("broker"))
SMALL = Resources(cpu="111m", memory="222Mi", memory_limit="333Mi")
SMALL_WIRE = {"requests": {"cpu": "111m", "memory": "222Mi"}, "limits": {"memory": "333Mi"}}


def checked(
    manifest: dict[str, Any], *, allowed: Collection[str] = (), custom: Collection[str] = (), claims: bool = False
) -> Rendered:
    result = render_release(manifest)
    assert_env_once(result)
    assert_no_bundled(result, asked_for=allowed, claim_templates=claims)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result, custom=custom)
    assert_same_bytes(result, render_release(manifest))
    return result


def rendered(
    pair: Pair,
    change: Callable[..., Any] | None = None,
    *,
    allowed: Collection[str] = (),
    custom: Collection[str] = (),
    claims: bool = False,
    **settings: Any,
) -> Rendered:
    chart, airflow = pair
    manifests = release(change, chart_version=chart, airflow_version=airflow, **settings)
    return checked(helm_chart(manifests), allowed=allowed, custom=custom, claims=claims)


def runs_several(pair: Pair) -> bool:
    return pair[0] != "1.15.0" and not pair[1].startswith("2.9.")


def rules_broken(pair: Pair, **settings: Any) -> set[str]:
    with pytest.raises(PlatformError) as caught:
        release(chart_version=pair[0], airflow_version=pair[1], **settings)
    return {finding.rule for finding in caught.value.findings}


def kinds(result: Rendered, component: str) -> set[str]:
    return {pod.kind for pod in result.pods if pod.component == component}


def worker(result: Rendered, name: str = "airflow-worker") -> dict[str, Any]:
    (found,) = (
        m for m in result.manifests if m["metadata"]["name"] == name and m["kind"] in ("Deployment", "StatefulSet")
    )
    return found


def container(workload: dict[str, Any], name: str) -> dict[str, Any]:
    pod = workload["spec"]["template"]["spec"]
    (found,) = (c for c in [*pod["containers"], *pod.get("initContainers", [])] if c["name"] == name)
    return dict(found)


def command(found: dict[str, Any]) -> str:
    return " ".join(" ".join(found["args"]).replace("\\\n", " ").split())


def secret_of(found: dict[str, Any], name: str) -> Any:
    (entry,) = (each for each in found["env"] if each["name"] == name)
    return entry["valueFrom"]["secretKeyRef"]


def test_celery_runs_workers_without_claims_and_reads_the_broker_from_its_secret(pair: Pair) -> None:
    result = rendered(pair, executor=CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=2, resources=SMALL)))
    assert result.airflow_cfg.get("core", "executor") == "CeleryExecutor"
    found = worker(result)
    assert found["kind"] == "Deployment"
    assert found["spec"]["replicas"] == 2
    assert container(found, "worker")["resources"] == SMALL_WIRE
    assert command(container(found, "worker")) == "bash -c exec airflow celery worker"
    readers = [c for c in result.containers() if "AIRFLOW__CELERY__BROKER_URL" in c.env]
    assert {c.pod.component for c in readers} >= {"worker", "scheduler", "triggerer"}
    assert {str(secret_of(c.spec, "AIRFLOW__CELERY__BROKER_URL")) for c in readers} == {
        str({"name": "broker", "key": "connection"})
    }
    assert not any("RESULT_BACKEND" in name for c in result.containers() for name in c.env)
    assert_database_from(result, "airflow-pg-app", "uri")
    assert {"redis", "flower"} & {pod.component for pod in result.pods} == set()


def test_logs_of_workers_without_names_are_fetched_by_address(pair: Pair) -> None:
    by_address = "airflow.utils.net.get_host_ip_address"
    plain = rendered(pair, executor=CeleryExecutor(broker=BROKER))
    assert plain.airflow_cfg.get("core", "hostname_callable") == by_address
    named = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(storage=Volume("3Gi")))
    kept = rendered(pair, executor=named, claims=True)
    assert kept.airflow_cfg.get("core", "hostname_callable", fallback=None) != by_address


def test_celery_waits_for_migrations_as_long_as_everybody(pair: Pair) -> None:
    found = container(worker(rendered(pair, executor=CeleryExecutor(broker=BROKER))), "wait-for-airflow-migrations")
    tries = [entry["value"] for entry in found["env"] if entry["name"] == "CONNECTION_CHECK_MAX_COUNT"]
    assert tries == ["60"]


def test_redis_is_made_of_the_secrets_that_are_named(pair: Pair) -> None:
    result = rendered(pair, executor=CeleryExecutor(broker=REDIS), allowed={"redis"})
    redis = result.get("StatefulSet", "airflow-redis")
    found = container(redis, "redis")
    assert secret_of(found, "REDIS_PASSWORD") == {"name": "redis-password", "key": "password"}
    assert redis["spec"].get("volumeClaimTemplates") in (None, [])
    assert redis["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 999
    assert found["resources"]["limits"] == {"memory": "256Mi"}
    assert result.get("ServiceAccount", "airflow-redis")["automountServiceAccountToken"] is False
    (port,) = result.get("Service", "airflow-redis")["spec"]["ports"]
    assert port["port"] == 6379


def test_redis_keeps_what_waits_only_when_asked(pair: Pair) -> None:
    redis = RedisBroker(
        password=RedisPasswordSecret("redis-password"),
        url=BrokerUrlSecret("broker"),
        storage=Volume("2Gi", storage_class="fast"),
        resources=SMALL,
        priority_class="high",
        placement=Placement(node_selector={"disk": "ssd"}),
        annotations={"example.com/note": "mine"},
    )
    result = rendered(pair, executor=CeleryExecutor(broker=redis), allowed={"redis"}, claims=True)
    spec = result.get("StatefulSet", "airflow-redis")["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert claim["spec"]["storageClassName"] == "fast"
    pod = spec["template"]
    assert pod["spec"]["priorityClassName"] == "high"
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pod["metadata"]["annotations"]["example.com/note"] == "mine"


def test_a_result_backend_is_read_from_its_secret(pair: Pair) -> None:
    executor = CeleryExecutor(broker=BROKER, result_backend=ResultBackendSecret("results"))
    found = container(worker(rendered(pair, executor=executor)), "worker")
    assert secret_of(found, "AIRFLOW__CELERY__RESULT_BACKEND") == {"name": "results", "key": "connection"}


def test_queues_and_concurrency(pair: Pair) -> None:
    executor = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(queues=("high", "low")), concurrency=4)
    result = rendered(pair, executor=executor)
    assert command(container(worker(result), "worker")) == "bash -c exec airflow celery worker -q high,low"
    assert result.airflow_cfg.get("celery", "worker_concurrency") == "4"


def test_workers_with_claims_have_names_and_a_groomer(pair: Pair) -> None:
    workers = CeleryWorkers(storage=Volume("3Gi", storage_class="fast"), log_groomer=LogGroomer(retention="3d"))
    found = worker(rendered(pair, executor=CeleryExecutor(broker=BROKER, workers=workers), claims=True))
    assert found["kind"] == "StatefulSet"
    (claim,) = found["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["resources"]["requests"]["storage"] == "3Gi"
    (days,) = (
        e["value"] for e in container(found, "worker-log-groomer")["env"] if e["name"].endswith("RETENTION_DAYS")
    )
    assert days == "3"


def test_a_shared_claim_for_logs_reaches_the_workers(pair: Pair) -> None:
    result = rendered(pair, executor=CeleryExecutor(broker=BROKER), logs=Logs.existing_claim("shared-logs"))
    volumes = worker(result)["spec"]["template"]["spec"]["volumes"]
    assert {"name": "logs", "persistentVolumeClaim": {"claimName": "shared-logs"}} in volumes


def test_two_workers_get_a_budget_and_prefer_different_nodes(pair: Pair) -> None:
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        executor=CeleryExecutor(broker=BROKER, workers=CeleryWorkers(replicas=2)),
    )
    result = checked(helm_chart(manifests))
    pod = result.pod("worker")
    (constraint,) = pod.spec["topologySpreadConstraints"]
    assert constraint["labelSelector"]["matchLabels"].items() <= pod.labels.items()
    budgets = [*result.find("PodDisruptionBudget"), *(m for m in manifests if m["kind"] == "PodDisruptionBudget")]
    matching = [b for b in budgets if b["spec"]["selector"]["matchLabels"].items() <= pod.labels.items()]
    assert [b["spec"]["maxUnavailable"] for b in matching] == [1]
    assert [b["metadata"]["name"] for b in matching] == ["airflow-worker-pdb"]


def test_everything_said_of_workers_reaches_their_pods(pair: Pair) -> None:
    workers = CeleryWorkers(
        placement=Placement(
            node_selector={"pool": "workers"},
            tolerations=(Toleration(key="pool", value="workers", effect="NoSchedule"),),
            affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        ),
        priority_class="high",
        labels={"team": "data"},
        annotations={"example.com/note": "mine"},
        env={"PLAIN": "text"},
        volumes=({"name": "scratch", "emptyDir": {}},),
        volume_mounts=({"name": "scratch", "mountPath": "/scratch"},),
        grace_period="20m",
        liveness_tolerance="10m",
        probe_timeout="30s",
    )
    found = worker(rendered(pair, executor=CeleryExecutor(broker=BROKER, workers=workers)))
    pod = found["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["annotations"]["example.com/note"] == "mine"
    spec = pod["spec"]
    assert spec["nodeSelector"] == {"pool": "workers"}
    assert spec["tolerations"] == [{"key": "pool", "operator": "Equal", "value": "workers", "effect": "NoSchedule"}]
    assert spec["affinity"] == {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    assert spec["priorityClassName"] == "high"
    assert spec["terminationGracePeriodSeconds"] == 1200
    main = container(found, "worker")
    assert {"name": "PLAIN", "value": "text"} in main["env"]
    assert {"name": "scratch", "mountPath": "/scratch"} in main["volumeMounts"]
    probe = main["livenessProbe"]
    assert (probe["failureThreshold"] * probe["periodSeconds"], probe["timeoutSeconds"]) == (600, 30)


def test_what_concepts_give_to_all_workers_reaches_those_with_lists_of_their_own(pair: Pair) -> None:
    workers = CeleryWorkers(
        volumes=({"name": "scratch", "emptyDir": {}},), volume_mounts=({"name": "scratch", "mountPath": "/scratch"},)
    )
    result = rendered(
        pair,
        lambda chart: {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main")},
        executor=CeleryExecutor(broker=BROKER, workers=workers),
    )
    names = {volume["name"] for volume in worker(result)["spec"]["template"]["spec"]["volumes"]}
    assert {"scratch", "dags"} <= names
    assert any(c.name == "git-sync" for c in result.pod("worker").containers)


def test_keda_counts_in_the_database_and_leaves_replicas_alone(pair: Pair) -> None:
    scaling = Keda(min_replicas=1, max_replicas=7, interval="10s", cooldown="1m")
    executor = CeleryExecutor(broker=BROKER, workers=CeleryWorkers(queues=("high",), scaling=scaling), concurrency=4)
    result = rendered(pair, executor=executor, custom={"ScaledObject"})
    found = worker(result)
    assert "replicas" not in found["spec"]
    scaled = result.get("ScaledObject", "airflow-worker")["spec"]
    assert scaled["scaleTargetRef"]["kind"] == "Deployment"
    assert scaled["scaleTargetRef"]["name"] == "airflow-worker"
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (1, 7)
    assert (scaled["pollingInterval"], scaled["cooldownPeriod"]) == (10, 60)
    (trigger,) = scaled["triggers"]
    assert trigger["metadata"]["connectionFromEnv"] == "AIRFLOW_CONN_AIRFLOW_DB"
    assert "queue IN" in trigger["metadata"]["query"]
    assert "'high'" in trigger["metadata"]["query"]
    assert "/ 4)" in trigger["metadata"]["query"]
    variable = secret_of(container(found, "worker"), "AIRFLOW_CONN_AIRFLOW_DB")
    assert variable == {"name": "airflow-pg-app", "key": "uri"}


def test_own_scaled_objects_count_what_those_of_the_chart_count(pair: Pair) -> None:
    settings: dict[str, Any] = {
        "executor": CeleryExecutor(broker=BROKER, workers=CeleryWorkers(scaling=Keda(max_replicas=4)), concurrency=8),
        "triggerer": Triggerer(scaling=Keda(max_replicas=2)),
        "chart_version": pair[0],
        "airflow_version": pair[1],
    }
    charts = render_release(helm_chart(release(**settings)))
    login = ExternalDatabase(host="db.example.com", password=SecretKey("login", "password"))
    manifests = release(database=login.connection(), **settings)
    own = render_release(helm_chart(manifests))
    assert_strict_kinds(own)
    assert own.find("ScaledObject") == []
    for component in ("worker", "triggerer"):
        expected = charts.get("ScaledObject", f"airflow-{component}")["spec"]
        (found,) = (each["spec"] for each in manifests if each["metadata"]["name"] == f"airflow-{component}-scaling")
        target = {key: expected["scaleTargetRef"][key] for key in ("kind", "name")}
        assert found["scaleTargetRef"] == target
        # The chart's default of replicas would reset what KEDA has chosen, in every upgrade.
        assert own.get(target["kind"], target["name"])["spec"].get("replicas") is None
        for field in ("minReplicaCount", "maxReplicaCount", "pollingInterval", "cooldownPeriod"):
            assert found[field] == expected[field]
        (trigger,), (other,) = found["triggers"], expected["triggers"]
        assert trigger["type"] == other["type"]
        metadata = {key: value for key, value in other["metadata"].items() if key != "connectionFromEnv"}
        assert {key: _spaced(trigger["metadata"][key]) for key in metadata} == {
            key: _spaced(value) for key, value in metadata.items()
        }


def _spaced(text: str) -> str:
    """A query in one form: the charts break lines, and put blanks into brackets."""
    return " ".join(text.replace("(", " ( ").replace(")", " ) ").split())


def test_hpa_follows_cpu_and_leaves_replicas_alone(pair: Pair) -> None:
    workers = CeleryWorkers(scaling=Hpa(min_replicas=2, max_replicas=5, cpu_percent=60))
    result = rendered(pair, executor=CeleryExecutor(broker=BROKER, workers=workers))
    assert "replicas" not in worker(result)["spec"]
    scaled = result.get("HorizontalPodAutoscaler", "airflow-worker")["spec"]
    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (2, 5)
    (metric,) = scaled["metrics"]
    assert metric["resource"]["target"]["averageUtilization"] == 60


def test_sets_of_workers_share_nothing_with_the_workers(pair: Pair) -> None:
    executor = CeleryExecutor(
        broker=BROKER,
        workers=CeleryWorkers(
            replicas=2,
            env={"ONLY": "default"},
            placement=Placement(tolerations=(Toleration(key="default"),)),
        ),
        sets=(
            WorkerSet(
                name="gpu",
                queues=("gpu",),
                replicas=3,
                resources=SMALL,
                placement=Placement(node_selector={"gpu": "yes"}),
            ),
        ),
    )
    if pair[0] < "1.20":
        assert rules_broken(pair, executor=executor) == {"versions/unread"}
        return
    manifests = release(chart_version=pair[0], airflow_version=pair[1], executor=executor)
    result = checked(helm_chart(manifests))
    default, gpu = worker(result), worker(result, "airflow-worker-gpu")
    assert command(container(default, "worker")) == "bash -c exec airflow celery worker"
    assert command(container(gpu, "worker")) == "bash -c exec airflow celery worker -q gpu"
    assert (default["spec"]["replicas"], gpu["spec"]["replicas"]) == (2, 3)
    assert container(gpu, "worker")["resources"] == SMALL_WIRE
    assert not any(entry["name"] == "ONLY" for entry in container(gpu, "worker")["env"])
    assert gpu["spec"]["template"]["spec"]["nodeSelector"] == {"gpu": "yes"}
    assert gpu["spec"]["template"]["spec"]["tolerations"] in (None, [])
    (of_chart,) = result.find("PodDisruptionBudget")
    assert of_chart["metadata"]["name"] == "airflow-worker-pdb-gpu"
    assert of_chart["spec"]["selector"]["matchLabels"]["worker-set"] == "gpu"
    # That of the chart for the default workers would select the pods of the set too.
    (ours,) = (each for each in manifests if each["kind"] == "PodDisruptionBudget")
    assert ours["metadata"]["name"] == "airflow-worker-pdb"
    assert ours["spec"]["selector"]["matchExpressions"] == [{"key": "worker-set", "operator": "DoesNotExist"}]
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"] for name, each in (("default", default), ("gpu", gpu))
    }
    assert ours["spec"]["selector"]["matchLabels"].items() <= labels["default"].items()
    assert ("worker-set" in labels["default"], "worker-set" in labels["gpu"]) == (False, True)
    (constraint,) = gpu["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["labelSelector"]["matchLabels"]["worker-set"] == "gpu"


def test_local_runs_in_a_scheduler_without_a_claim(pair: Pair) -> None:
    result = rendered(pair, executor=LocalExecutor(), scheduler=Scheduler(resources=SMALL))
    assert result.airflow_cfg.get("core", "executor") == "LocalExecutor"
    assert kinds(result, "scheduler") == {"Deployment"}
    assert {"worker", "redis", "flower"} & {pod.component for pod in result.pods} == set()
    assert result.pod_template is None
    assert result.airflow_cfg.get("core", "hostname_callable") == "airflow.utils.net.get_host_ip_address"
    assert not any(name.startswith("AIRFLOW__CELERY") for c in result.containers() for name in c.env)


def test_local_finds_dag_files_in_the_scheduler(pair: Pair) -> None:
    result = rendered(
        pair,
        lambda chart: {"dags": DagRepoSync(chart, "dags", repo="https://git.lab/dags.git", ref="main")},
        executor=LocalExecutor(),
    )
    assert any(c.name == "git-sync" for c in result.pod("scheduler").containers)


def test_celery_and_kubernetes_in_one_executor_with_airflow_2(pair: Pair) -> None:
    executor = CeleryKubernetesExecutor(broker=BROKER, workers=CeleryWorkers(resources=SMALL))
    if pair[1] >= "3":
        assert "executors/airflow-3" in rules_broken(pair, executor=executor)
        return
    result = rendered(pair, executor=executor)
    assert result.airflow_cfg.get("core", "executor") == "CeleryKubernetesExecutor"
    assert container(worker(result), "worker")["resources"] == SMALL_WIRE
    template = result.pod_template
    assert template is not None
    (base,) = template["spec"]["containers"]
    expected = (
        SMALL_WIRE
        if pair[0] < "1.20"
        else {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
    )
    assert base["resources"] == expected


def test_several_executors_at_once(pair: Pair) -> None:
    workers = CeleryWorkers(resources=SMALL)
    both = MultipleExecutors(CeleryExecutor(broker=REDIS, workers=workers), KubernetesExecutor())
    if not runs_several(pair):
        assert "executors/several" in rules_broken(pair, executor=both)
        return
    result = rendered(pair, executor=both, allowed={"redis"})
    assert result.airflow_cfg.get("core", "executor") == "CeleryExecutor,KubernetesExecutor"
    assert container(worker(result), "worker")["resources"] == SMALL_WIRE
    assert result.pod_template is not None
    local = rendered(pair, executor=MultipleExecutors(LocalExecutor(), KubernetesExecutor()))
    assert kinds(local, "scheduler") == {"Deployment"}
    assert local.pod_template is not None
    three = MultipleExecutors(KubernetesExecutor(), LocalExecutor(), CeleryExecutor(broker=BROKER))
    assert kinds(rendered(pair, executor=three), "scheduler") == {"Deployment"}


def test_task_pods_get_nothing_of_the_workers_where_the_chart_can_tell_them_apart(pair: Pair) -> None:
    workers = CeleryWorkers(
        placement=Placement(node_selector={"pool": "celery"}, tolerations=(Toleration(key="celery"),)),
        labels={"team": "celery"},
        env={"ONLY": "celery"},
        priority_class="celery",
    )
    both = MultipleExecutors(CeleryExecutor(broker=BROKER, workers=workers), KubernetesExecutor())
    if pair[0] < "1.20":
        assert "executors/shared-key" in rules_broken(pair, executor=both)
        return
    result = rendered(pair, executor=both)
    template = result.pod_template
    assert template is not None
    assert "celery" not in str(template["spec"].get("nodeSelector")) + str(template["spec"].get("tolerations"))
    assert template["metadata"]["labels"].get("team") is None
    assert "priorityClassName" not in template["spec"]
    assert not any(entry["name"] == "ONLY" for entry in template["spec"]["containers"][0]["env"])
    assert worker(result)["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "celery"}


def test_flower_asks_for_its_password(pair: Pair) -> None:
    flower = Flower(
        credentials=FlowerAuthSecret("flower"),
        resources=SMALL,
        placement=Placement(node_selector={"pool": "small"}),
        env={"PLAIN": "text"},
        labels={"team": "data"},
        liveness_tolerance="2m",
    )
    result = rendered(pair, executor=CeleryExecutor(broker=BROKER), flower=flower, allowed={"flower"})
    found = result.get("Deployment", "airflow-flower")
    main = container(found, "flower")
    assert secret_of(main, "AIRFLOW__CELERY__FLOWER_BASIC_AUTH") == {"name": "flower", "key": "basicAuth"}
    assert main["resources"] == SMALL_WIRE
    assert {"name": "PLAIN", "value": "text"} in main["env"]
    assert main["livenessProbe"]["failureThreshold"] * main["livenessProbe"]["periodSeconds"] == 120
    pod = found["spec"]["template"]
    assert pod["spec"]["nodeSelector"] == {"pool": "small"}
    assert pod["metadata"]["labels"]["team"] == "data"
    assert result.get("ServiceAccount", "airflow-flower")["automountServiceAccountToken"] is False
