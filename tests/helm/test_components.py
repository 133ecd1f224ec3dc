"""The output of Helm for all settings of components, with every pair of chart and Airflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from cdk8s_airflow import (
    ApiServer,
    ConfigMapKey,
    DagProcessor,
    DatabaseCleanup,
    DatabaseMigration,
    DisruptionBudget,
    Hpa,
    Keda,
    LogGroomer,
    OtelCollector,
    Placement,
    PlatformError,
    PodCleanup,
    Resources,
    Scheduler,
    SecretKey,
    Statsd,
    Toleration,
    TopologySpread,
    Triggerer,
)
from tests.helm.expectations import (
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

Pair = tuple[str, str]

SMALL = Resources(cpu="111m", memory="222Mi", memory_limit="333Mi")
SMALL_WIRE = {"requests": {"cpu": "111m", "memory": "222Mi"}, "limits": {"memory": "333Mi"}}
OWN = {"image": "busybox:1.36", "command": ["true"], "resources": SMALL_WIRE}
POD: Mapping[str, Any] = {
    "placement": Placement(
        node_selector={"pool": "airflow"},
        tolerations=(Toleration(key="pool", value="airflow", effect="NoSchedule"),),
        affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    ),
    "priority_class": "high",
    "annotations": {"example.com/note": "mine"},
}
AIRFLOW: Mapping[str, Any] = {
    **POD,
    "env": {"PLAIN": "text", "HIDDEN": SecretKey("own", "token"), "SHOWN": ConfigMapKey("own", "colour")},
    "volumes": ({"name": "scratch", "emptyDir": {}},),
    "volume_mounts": ({"name": "scratch", "mountPath": "/scratch"},),
}
SERVING: Mapping[str, Any] = {
    **AIRFLOW,
    "containers": ({"name": "sidecar", **OWN},),
    "init_containers": ({"name": "before", **OWN},),
}
REPLICATED: Mapping[str, Any] = {
    **SERVING,
    "replicas": 3,
    "resources": SMALL,
    "disruption_budget": DisruptionBudget(min_available=2),
    "spread": (TopologySpread(across="topology.kubernetes.io/zone", max_skew=2, required=True),),
    "liveness_tolerance": "10m",
    "probe_timeout": "33s",
}


def both(pair: Pair, *, custom: tuple[str, ...] = (), **settings: Any) -> tuple[list[dict[str, Any]], Rendered]:
    manifests = release(chart_version=pair[0], airflow_version=pair[1], **settings)
    result = render_release(helm_chart(manifests))
    assert_env_once(result)
    assert_no_bundled(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result, custom=custom)
    return manifests, result


def container(pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    (found,) = (c for c in [*pod["containers"], *pod.get("initContainers", [])] if c["name"] == name)
    return dict(found)


def assert_placed(spec: Mapping[str, Any]) -> None:
    assert spec["nodeSelector"] == {"pool": "airflow"}
    assert spec["tolerations"] == [{"key": "pool", "operator": "Equal", "value": "airflow", "effect": "NoSchedule"}]
    assert spec["affinity"] == {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
    assert spec["priorityClassName"] == "high"


def assert_equipped(spec: Mapping[str, Any], name: str) -> None:
    found = container(spec, name)
    assert {"name": "PLAIN", "value": "text"} in found["env"]
    assert {"name": "HIDDEN", "valueFrom": {"secretKeyRef": {"name": "own", "key": "token"}}} in found["env"]
    assert {"name": "SHOWN", "valueFrom": {"configMapKeyRef": {"name": "own", "key": "colour"}}} in found["env"]
    assert {"name": "scratch", "mountPath": "/scratch"} in found["volumeMounts"]
    assert {"name": "scratch", "emptyDir": {}} in spec["volumes"]


def test_all_settings_of_replicated_components_reach_their_pods(pair: Pair) -> None:
    labels = {"team": "data"}
    late = pair[0] >= "1.20"
    two = pair[1] < "3"
    manifests, result = both(
        pair,
        scheduler=Scheduler(
            **REPLICATED, labels=labels, startup_tolerance="7m", grace_period="45s" if pair[0] > "1.15.0" else None
        ),
        api_server=ApiServer(
            **REPLICATED,
            labels=labels,
            startup_tolerance="7m",
            grace_period="45s" if two and pair[0] > "1.15.0" else None,
        ),
        triggerer=Triggerer(**REPLICATED, labels=labels, grace_period="45s"),
        dag_processor=DagProcessor(**REPLICATED, labels=labels if late else {}, grace_period="45s"),
    )
    server = "webserver" if two else "api-server"
    budgets = [*result.find("PodDisruptionBudget"), *(m for m in manifests if m["kind"] == "PodDisruptionBudget")]
    for component in ("scheduler", server, "triggerer", "dag-processor"):
        deployment = result.get("Deployment", f"airflow-{component}")
        assert deployment["spec"]["replicas"] == 3
        pod = deployment["spec"]["template"]
        spec = pod["spec"]
        assert_placed(spec)
        assert_equipped(spec, component)
        assert container(spec, "sidecar")["resources"] == SMALL_WIRE
        assert container(spec, "before")["resources"] == SMALL_WIRE
        assert pod["metadata"]["annotations"]["example.com/note"] == "mine"
        assert pod["metadata"]["labels"].get("team") == ("data" if late or component != "dag-processor" else None)
        (constraint,) = spec["topologySpreadConstraints"]
        assert constraint["topologyKey"] == "topology.kubernetes.io/zone"
        assert (constraint["maxSkew"], constraint["whenUnsatisfiable"]) == (2, "DoNotSchedule")
        found = container(spec, component)
        assert found["resources"] == SMALL_WIRE
        probe = found["livenessProbe"]
        assert (probe["failureThreshold"] * probe["periodSeconds"], probe["timeoutSeconds"]) == (600, 33)
        if component in ("scheduler", server):
            assert found["startupProbe"]["failureThreshold"] * found["startupProbe"]["periodSeconds"] == 420
        if not (component in ("scheduler", server) and pair[0] == "1.15.0") and component != "api-server":
            assert spec["terminationGracePeriodSeconds"] == 45
        matching = [
            b for b in budgets if b["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        ]
        assert [{k: v for k, v in b["spec"].items() if k != "selector"} for b in matching] == [{"minAvailable": 2}]


def test_a_log_groomer_keeps_to_its_days_or_is_left_out(pair: Pair) -> None:
    groomer = LogGroomer(
        retention="4d",
        interval="1h" if pair[0] > "1.15.0" else None,
        max_size="2Gi" if pair[0] >= "1.20" else None,
        resources=SMALL,
    )
    _, result = both(pair, scheduler=Scheduler(log_groomer=groomer), triggerer=Triggerer(log_groomer=None))
    found = container(result.pod("scheduler").spec, "scheduler-log-groomer")
    variables = {entry["name"]: entry["value"] for entry in found["env"] if "LOG_" in entry["name"]}
    assert variables["AIRFLOW__LOG_RETENTION_DAYS"] == "4"
    assert variables.get("AIRFLOW__LOG_CLEANUP_FREQUENCY_MINUTES") == ("60" if pair[0] > "1.15.0" else None)
    assert variables.get("AIRFLOW__LOG_MAX_SIZE_BYTES") == ("2147483648" if pair[0] >= "1.20" else None)
    assert found["resources"] == SMALL_WIRE
    assert not any("groomer" in c.name for c in result.pod("triggerer").containers)


def test_autoscalers_take_the_place_of_replicas(pair: Pair) -> None:
    server = ApiServer(scaling=Hpa(min_replicas=2, max_replicas=4))
    scaled = pair[0] >= "1.20" or (pair[0] == "1.18.0" and pair[1] < "3")
    if not scaled:
        with pytest.raises(PlatformError, match="versions/unread"):
            release(chart_version=pair[0], airflow_version=pair[1], api_server=server)
    _, result = both(
        pair,
        custom=("ScaledObject",),
        api_server=server if scaled else ApiServer(),
        triggerer=Triggerer(scaling=Keda(max_replicas=3)),
    )
    name = f"airflow-{'webserver' if pair[1] < '3' else 'api-server'}"
    assert ("replicas" in result.get("Deployment", name)["spec"]) is not scaled
    assert [m["spec"]["maxReplicas"] for m in result.find("HorizontalPodAutoscaler")] == ([4] if scaled else [])
    assert "replicas" not in result.get("Deployment", "airflow-triggerer")["spec"]
    found = result.get("ScaledObject", "airflow-triggerer")["spec"]
    assert (found["maxReplicaCount"], found["scaleTargetRef"]["kind"]) == (3, "Deployment")


def test_statsd_listens_where_airflow_sends(pair: Pair) -> None:
    given = Statsd(
        **POD,
        port=8125,
        scrape_port=9200,
        mappings=({"match": "airflow.own.*", "name": "own", "labels": {"kind": "$1"}},),
        labels={"team": "data"} if pair[0] >= "1.20" else {},
        grace_period="45s" if pair[0] > "1.15.0" else None,
    )
    _, result = both(pair, statsd=given)
    assert result.airflow_cfg.get("metrics", "statsd_port") == "8125"
    service = result.get("Service", "airflow-statsd")
    assert {port["name"]: port["targetPort"] for port in service["spec"]["ports"]} == {
        "statsd-ingest": 8125,
        "statsd-scrape": 9200,
    }
    deployment = result.get("Deployment", "airflow-statsd")
    assert_placed(deployment["spec"]["template"]["spec"])
    arguments = container(deployment["spec"]["template"]["spec"], "statsd")["args"]
    assert {"--statsd.listen-udp=:8125", "--web.listen-address=:9200"} <= set(arguments)
    assert "--statsd.mapping-config=/etc/statsd-exporter/mappings.yml" in arguments
    mappings = yaml.safe_load(result.get("ConfigMap", "airflow-statsd")["data"]["mappings.yml"])["mappings"]
    assert mappings[-1] == {"match": "airflow.own.*", "name": "own", "labels": {"kind": "$1"}}
    assert len(mappings) > 1


def test_mappings_of_ones_own_take_the_place_of_the_charts(pair: Pair) -> None:
    own = {"match": "airflow.*", "name": "airflow"}
    _, result = both(pair, statsd=Statsd(mappings=(own,), chart_mappings=False))
    text = result.get("ConfigMap", "airflow-statsd")["data"]["mappings.yml"]
    assert yaml.safe_load(text)["mappings"] == [own]


def test_a_collector_passes_on_what_it_gets_and_statsd_is_off(pair: Pair) -> None:
    collector = OtelCollector(
        **POD,
        exporters={"otlphttp": {"endpoint": "http://tempo:4318"}},
        traces=True,
        export_interval="1m",
        resources=SMALL,
    )
    if pair[0] != "1.22.0":
        with pytest.raises(PlatformError, match="versions/unread"):
            release(chart_version=pair[0], airflow_version=pair[1], otel_collector=collector)
        return
    _, result = both(pair, otel_collector=collector)
    assert result.airflow_cfg.get("metrics", "statsd_on") == "False"
    assert result.airflow_cfg.get("metrics", "otel_on") == "True"
    assert result.airflow_cfg.get("traces", "otel_on") == "True"
    assert "statsd" not in {pod.component for pod in result.pods}
    (text,) = result.get("ConfigMap", "airflow-otel-collector")["data"].values()
    config = json.loads(text)
    assert config["exporters"] == {"otlphttp": {"endpoint": "http://tempo:4318"}}
    assert {name: line["exporters"] for name, line in config["service"]["pipelines"].items()} == {
        "metrics": ["otlphttp"],
        "traces": ["otlphttp"],
    }
    spec = result.get("Deployment", "airflow-otel-collector")["spec"]["template"]["spec"]
    assert_placed(spec)
    scheduler = container(result.pod("scheduler").spec, "scheduler")
    assert {"name": "OTEL_METRIC_EXPORT_INTERVAL", "value": "60000"} in scheduler["env"]


def test_pods_left_behind_are_deleted_by_a_job_that_reaches_the_database(pair: Pair) -> None:
    cleanup = PodCleanup(**POD, schedule="*/5 * * * *", resources=SMALL, labels={"team": "data"}, failed_jobs_kept=3)
    _, result = both(pair, cleanup=cleanup)
    job = result.get("CronJob", "airflow-cleanup")["spec"]
    assert (job["schedule"], job["failedJobsHistoryLimit"], job["successfulJobsHistoryLimit"]) == ("*/5 * * * *", 3, 1)
    pod = job["jobTemplate"]["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert_placed(pod["spec"])
    found = container(pod["spec"], "airflow-cleanup-pods")
    assert {"name": "PGSSLMODE", "value": "require"} in found["env"]
    for name in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB"):
        reference = {"secretKeyRef": {"name": "airflow-pg-app", "key": "uri"}}
        assert {"name": name, "valueFrom": reference} in found["env"]


def test_old_rows_are_deleted_by_the_charts_job_or_by_our_own(pair: Pair) -> None:
    given = DatabaseCleanup(
        **POD, retention="30d", schedule="0 3 * * 0", tables=("log", "xcom"), resources=SMALL, labels={"team": "data"}
    )
    manifests, result = both(pair, database_cleanup=given)
    jobs = [m for m in (*manifests, *result.manifests) if m["metadata"]["name"] == "airflow-database-cleanup"]
    (job,) = (m for m in jobs if m["kind"] == "CronJob")
    assert job["spec"]["schedule"] == "0 3 * * 0"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert_placed(pod["spec"])
    (found,) = pod["spec"]["containers"]
    text = " ".join([*found.get("command", []), *found.get("args", [])])
    assert "-30 days" in text
    assert "--skip-archive" in text
    assert "--tables log,xcom" in text
    assert found["image"] == container(result.pod("scheduler").spec, "scheduler")["image"]
    (url,) = (entry for entry in found["env"] if entry["name"] == "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
    assert url["valueFrom"]["secretKeyRef"] == {"name": "airflow-pg-app", "key": "uri"}
    assert {"name": "PGSSLMODE", "value": "require"} in found["env"]
    (volume,) = (v for v in pod["spec"]["volumes"] if v["name"] == "config")
    assert result.get("ConfigMap", volume["configMap"]["name"])["data"]["airflow.cfg"]


def test_all_settings_of_the_migration_reach_its_job(pair: Pair) -> None:
    given = dict(AIRFLOW)
    if pair[0] == "1.15.0":
        del given["env"]
    _, result = both(
        pair,
        migration=DatabaseMigration(
            **given, labels={"team": "data"}, resources=SMALL, init_containers=({"name": "before", **OWN},)
        ),
    )
    pod = result.get("Job", "airflow-run-airflow-migrations")["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["annotations"]["example.com/note"] == "mine"
    assert_placed(pod["spec"])
    assert [c["name"] for c in pod["spec"]["initContainers"]] == ["wait-for-secrets", "before"]
    found = container(pod["spec"], "run-airflow-migrations")
    assert {"name": "scratch", "mountPath": "/scratch"} in found["volumeMounts"]
    assert ({"name": "PLAIN", "value": "text"} in found["env"]) is (pair[0] > "1.15.0")
