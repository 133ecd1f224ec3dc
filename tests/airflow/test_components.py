"""Refused settings of components and executors: each finding has the argument, the problem and a fix."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdk8s_airflow.airflow.components import (
    ApiServer,
    DagProcessor,
    DatabaseCleanup,
    DatabaseMigration,
    Flower,
    OtelCollector,
    PodCleanup,
    Scheduler,
    Statsd,
    Triggerer,
)
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
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.wire.otel_collector import default_statsd
from cdk8s_airflow.model.disruption_budget import DisruptionBudget
from cdk8s_airflow.model.placement import Placement, Toleration, TopologySpread
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret, RedisPasswordSecret, SecretKey
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.validation import check_value
from tests.airflow.wire.samples import PAIRS, SMALL, Pair, called, release

BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))
OTLP = {"otlphttp": {"endpoint": "http://tempo:4318"}}
BARE = {"name": "bare", "image": "busybox"}

ALONE: tuple[tuple[str, Any, str, str], ...] = (
    ("labels", Scheduler(labels={"component": "mine"}), "components/label", "given.labels.component"),
    ("labels", Statsd(labels={"tier": "mine"}), "components/label", "given.labels.tier"),
    ("template", Scheduler(annotations={"a": "{{ x }}"}), "components/template", "given.annotations.a"),
    ("variable", Triggerer(env={"PGSSLMODE": "off"}), "components/variable", "given.env.PGSSLMODE"),
    ("name", Triggerer(env={"1X": "off"}), "argument/name", "given.env (key)"),
    (
        "secret",
        Scheduler(env={"A": SecretKey("not a name", "key")}),
        "argument/name",
        "given.env.A.name",
    ),
    ("volume", Scheduler(volumes=({"name": "logs"},)), "components/volume", "given.volumes[0].name"),
    ("volumes", Scheduler(volumes=({"name": "a"}, {"name": "a"})), "components/volume", "given.volumes[1].name"),
    (
        "mount",
        DatabaseMigration(volume_mounts=({"name": "a", "mountPath": "/a"},)),
        "components/volume",
        "given.volume_mounts[0].name",
    ),
    (
        "container",
        ApiServer(containers=({**BARE, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}},)),
        "components/container-resources",
        "given.containers[0].resources.limits.memory",
    ),
    (
        "budget of one",
        Scheduler(disruption_budget=DisruptionBudget(min_available=1)),
        "scheduling/budget",
        "given.disruption_budget",
    ),
    (
        "budget of all",
        Scheduler(replicas=2, disruption_budget=DisruptionBudget(min_available=2)),
        "scheduling/budget",
        "given.disruption_budget.min_available",
    ),
    (
        "budget twice",
        Scheduler(replicas=3, disruption_budget=DisruptionBudget(min_available=1, max_unavailable=1)),
        "scheduling/budget",
        "given.disruption_budget.min_available",
    ),
    ("replicas", ApiServer(replicas=2, scaling=Hpa(max_replicas=4)), "scheduling/scaling", "given.replicas"),
    (
        "order",
        Triggerer(scaling=Keda(min_replicas=3, max_replicas=2)),
        "scheduling/scaling",
        "given.scaling.max_replicas",
    ),
    ("share", ApiServer(scaling=Hpa(max_replicas=2, cpu_percent=101)), "argument/range", "given.scaling.cpu_percent"),
    (
        "two metrics",
        ApiServer(scaling=Hpa(max_replicas=2, cpu_percent=50, metrics=({"type": "Resource"},))),
        "scheduling/scaling",
        "given.scaling.cpu_percent",
    ),
    ("query", Triggerer(scaling=Keda(max_replicas=2, query="{{")), "scheduling/scaling", "given.scaling.query"),
    (
        "toleration",
        Scheduler(placement=Placement(tolerations=(Toleration(value="x"),))),
        "scheduling/toleration",
        "given.placement.tolerations[0].value",
    ),
    (
        "seconds",
        Scheduler(placement=Placement(tolerations=(Toleration(key="a", seconds=3),))),
        "scheduling/toleration",
        "given.placement.tolerations[0].seconds",
    ),
    ("groomer", Scheduler(log_groomer=LogGroomer(interval="90s")), "components/groomer", "given.log_groomer.interval"),
    ("mapping", Statsd(mappings=({"name": "x"},)), "components/mapping", "given.mappings[0]"),
    ("no mappings", Statsd(chart_mappings=False), "components/mapping", "given.chart_mappings"),
    ("port", Statsd(port=0), "argument/range", "given.port"),
    ("collector", OtelCollector(exporters=OTLP, metrics=False), "components/collector", "given.metrics"),
    ("exporters", OtelCollector(exporters={}), "components/collector", "given.exporters"),
    (
        "literal",
        OtelCollector(exporters={"otlphttp": {"headers": {"Authorization": "Bearer abc"}}}),
        "components/secret-literal",
        "given.exporters.otlphttp.headers.Authorization",
    ),
    ("schedule", PodCleanup(schedule="often"), "argument/schedule", "given.schedule"),
    ("schedule", DatabaseCleanup(schedule="0 0 * *"), "argument/schedule", "given.schedule"),
    ("table", DatabaseCleanup(tables=("log; rm",)), "argument/name", "given.tables[0]"),
    ("auth", Flower(credentials="admin:admin"), "argument/type", "given.credentials"),  # type: ignore[arg-type]
    (
        "queue",
        CeleryExecutor(broker=BROKER, workers=CeleryWorkers(queues=())),
        "executors/queue",
        "given.workers.queues",
    ),
    (
        "queue",
        CeleryExecutor(broker=BROKER, workers=CeleryWorkers(queues=("a b",))),
        "executors/queue",
        "given.workers.queues[0]",
    ),
    (
        "set",
        CeleryExecutor(broker=BROKER, sets=(WorkerSet(name="default"),)),
        "executors/sets",
        "given.sets[0].name",
    ),
    (
        "set as workers",
        CeleryExecutor(broker=BROKER, workers=WorkerSet(name="gpu")),
        "executors/sets",
        "given.workers",
    ),
    (
        "storage",
        CeleryExecutor(broker=BROKER, workers=CeleryWorkers(storage=Volume("1Gi", access_mode="ReadWriteMany"))),
        "executors/storage",
        "given.workers.storage.access_mode",
    ),
    ("broker", CeleryExecutor(broker="redis://:pw@host"), "argument/type", "given.broker"),  # type: ignore[arg-type]
    ("one", MultipleExecutors(LocalExecutor()), "executors/several", "given.executors"),
    (
        "twice",
        MultipleExecutors(LocalExecutor(), LocalExecutor()),
        "executors/several",
        "given.executors[1]",
    ),
    (
        "two in one",
        MultipleExecutors(LocalExecutor(), CeleryKubernetesExecutor(broker=BROKER)),
        "executors/several",
        "given.executors[1]",
    ),
)


@pytest.mark.parametrize(("what", "given", "rule", "at"), ALONE, ids=[f"{row[0]}-{row[3]}" for row in ALONE])
def test_an_invalid_setting_is_refused(what: str, given: Any, rule: str, at: str) -> None:
    found = check_value(given, type(given), "given")
    assert (rule, at) in {(finding.rule, finding.at) for finding in found}
    assert all(finding.problem and finding.fix for finding in found)
    assert "abc" not in str(found)
    assert "pw@" not in str(found)


TOGETHER: tuple[tuple[dict[str, Any], str, tuple[Pair, ...]], ...] = (
    ({"scheduler": Scheduler(grace_period="1m")}, "scheduler.grace_period", PAIRS[:2]),
    (
        {"api_server": ApiServer(grace_period="1m")},
        "api_server.grace_period",
        tuple(pair for pair in PAIRS if pair[0] == "1.15.0" or pair[1] >= "3"),
    ),
    ({"statsd": Statsd(grace_period="1m")}, "statsd.grace_period", PAIRS[:2]),
    ({"statsd": Statsd(labels={"a": "b"})}, "statsd.labels", PAIRS[:4]),
    ({"dag_processor": DagProcessor(labels={"a": "b"})}, "dag_processor.labels", PAIRS[:4]),
    ({"migration": DatabaseMigration(env={"A": "b"})}, "migration.env", PAIRS[:2]),
    ({"scheduler": Scheduler(log_groomer=LogGroomer(interval="1h"))}, "scheduler.log_groomer.interval", PAIRS[:2]),
    (
        {"triggerer": Triggerer(log_groomer=LogGroomer(max_size="1Gi"))},
        "triggerer.log_groomer.max_size",
        PAIRS[:4],
    ),
    ({"otel_collector": OtelCollector(exporters=OTLP), "statsd": None}, "otel_collector", PAIRS[:6]),
    (
        {
            "executor": CeleryExecutor(broker=BROKER),
            "flower": Flower(credentials=FlowerAuthSecret("flower"), startup_tolerance="1m"),
        },
        "flower.startup_tolerance",
        PAIRS[:2],
    ),
)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
@pytest.mark.parametrize(("said", "at", "refusing"), TOGETHER, ids=[row[1] for row in TOGETHER])
def test_what_a_version_would_ignore_is_refused_and_says_since_when(
    said: dict[str, Any], at: str, refusing: tuple[Pair, ...], pair: Pair
) -> None:
    found = compile_release(release(pair, **said)).setting_findings
    if pair not in refusing:
        assert found == ()
        return
    (finding,) = found
    assert (finding.rule, finding.at) == ("versions/unread", at)
    assert f"chart {pair[0]}" in finding.problem
    assert "or newer supports it" in finding.problem or "no supported chart version supports it" in finding.problem


def test_flower_without_celery_is_refused() -> None:
    (finding,) = compile_release(
        release(PAIRS[-1], flower=Flower(credentials=FlowerAuthSecret("flower")))
    ).setting_findings
    assert (finding.rule, finding.at) == ("components/flower", "flower")


def test_metrics_go_one_way() -> None:
    collector = OtelCollector(exporters=OTLP)
    assert default_statsd(Statsd(), collector) is None
    assert default_statsd(Statsd(), OtelCollector(exporters=OTLP, metrics=False, traces=True)) == Statsd()
    assert default_statsd(Statsd(), None) == Statsd()
    kept = default_statsd(Statsd(port=8125), collector)
    assert kept == Statsd(port=8125)
    (finding,) = compile_release(release(PAIRS[-1], statsd=kept, otel_collector=collector)).setting_findings
    assert (finding.rule, finding.at) == ("components/collector", "statsd")


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


CONTAINERS = st.just(
    ({**BARE, "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}}},)
)
DURATIONS = st.sampled_from(["1s", "45s", "10m", "2h"])
PLACEMENTS = st.builds(
    Placement,
    node_selector=st.sampled_from([{}, {"pool": "a"}]),
    tolerations=st.sampled_from([(), (Toleration(),), (Toleration(key="a", effect="NoExecute", seconds=0),)]),
    affinity=st.sampled_from([None, {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}]),
)
POD = {
    "placement": PLACEMENTS,
    "priority_class": st.just("high"),
    "labels": st.just({"team": "data"}),
    "annotations": st.just({"example.com/a": "b: c"}),
}
ENV = {
    "env": st.just({"A": "", "B": "x: #", "C": SecretKey("own", "key")}),
    "volumes": st.just(({"name": "own", "emptyDir": {}},)),
}
REPLICATED = {
    **POD,
    **ENV,
    "containers": CONTAINERS,
    "init_containers": CONTAINERS.map(lambda given: tuple({**each, "name": "before"} for each in given)),
    "replicas": st.integers(1, 5),
    "disruption_budget": st.sampled_from([None, DisruptionBudget()]),
    "spread": st.sampled_from([(), (TopologySpread(across="zone", required=True),)]),
    "liveness_tolerance": DURATIONS,
    "probe_timeout": DURATIONS,
    "resources": st.sampled_from([SMALL, Resources(cpu="1", memory="1Gi", cpu_limit="2")]),
    "grace_period": DURATIONS,
}
GROOMER = st.one_of(
    st.none(),
    some(retention=st.integers(1, 99).map("{}d".format), interval=st.just("1h")).map(lambda d: LogGroomer(**d)),
)
SCALED = {key: value for key, value in REPLICATED.items() if key not in ("replicas", "disruption_budget")}
WORKERS = st.one_of(
    some(**REPLICATED, queues=st.just(("a", "b")), storage=st.just(Volume("1Gi"))).map(lambda d: CeleryWorkers(**d)),
    some(**SCALED, scaling=st.sampled_from([Keda(max_replicas=2), Hpa(max_replicas=2)])).map(
        lambda d: CeleryWorkers(**d)
    ),
)
REDIS = some(**POD, storage=st.just(Volume("1Gi"))).map(
    lambda d: RedisBroker(password=RedisPasswordSecret("password"), url=BrokerUrlSecret("broker"), **d)
)
CELERY = st.builds(
    CeleryExecutor,
    broker=st.one_of(st.just(BROKER), REDIS),
    workers=WORKERS,
    sets=st.one_of(st.just(()), some(**REPLICATED).map(lambda d: (WorkerSet(name="gpu", **d),))),
    concurrency=st.sampled_from([None, 3]),
)
EXECUTORS = st.one_of(
    st.just(KubernetesExecutor()),
    st.just(LocalExecutor()),
    CELERY,
    CELERY.map(lambda celery: MultipleExecutors(celery, KubernetesExecutor())),
    CELERY.map(lambda celery: MultipleExecutors(LocalExecutor(), celery)),
)
RELEASES = st.fixed_dictionaries(
    {"executor": EXECUTORS},
    optional={
        "scheduler": some(**REPLICATED, log_groomer=GROOMER, startup_tolerance=DURATIONS).map(lambda d: Scheduler(**d)),
        "api_server": some(**SCALED, scaling=st.just(Hpa(max_replicas=3))).map(lambda d: ApiServer(**d)),
        "triggerer": some(**REPLICATED, log_groomer=GROOMER).map(lambda d: Triggerer(**d)),
        "dag_processor": some(**REPLICATED, log_groomer=GROOMER).map(lambda d: DagProcessor(**d)),
        "statsd": some(**POD, port=st.just(8125)).map(lambda d: Statsd(**d)),
        "cleanup": some(**POD).map(lambda d: PodCleanup(**d)),
        "database_cleanup": some(**POD, tables=st.just(("log",))).map(lambda d: DatabaseCleanup(**d)),
        "migration": some(**POD, **ENV, init_containers=CONTAINERS).map(lambda d: DatabaseMigration(**d)),
    },
)


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pair=st.sampled_from(PAIRS), said=RELEASES)
def test_whatever_is_not_refused_is_read_by_the_chart(pair: Pair, said: dict[str, Any]) -> None:
    for name, each in said.items():
        assert check_value(each, type(each), name) == []
    built = release(pair, **said)
    refused = {finding.rule for finding in compile_release(built).setting_findings}
    assert refused <= {"components/cleanup", "versions/unread", "executors/several", "executors/shared-key"}
    if not refused:
        values = compile_release(built).values_from_arguments
        executor = built.executor.name
        assert check_values(values, chart_version=pair[0], airflow_version=pair[1], executor=executor) == []
