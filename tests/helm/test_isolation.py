"""Flows compared with the output of Helm: labels, ports, tokens, git-sync, database, and the addresses in Airflow's configuration."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    DagProcessor,
    DatabaseCleanup,
    ExternalDatabase,
    Flower,
    FlowerAuthSecret,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    LocalExecutor,
    MultipleExecutors,
    OtelCollector,
    PgBouncer,
    PgBouncerSecret,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    Statsd,
    TaskPod,
    TaskPods,
    WorkerSet,
)
from cdk8s_airflow.airflow.handles import TASK_POD_LABEL
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.model.traffic import ClusterComponent, Traffic, TrafficFlow
from cdk8s_airflow.network import PodGroup
from cdk8s_airflow.network.wire.network_policy import selector
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release
from tests.helm.airflow import run_airflow
from tests.helm.rendering import Pod, Rendered, render
from tests.network.evaluator import Spot, Verdict, selects

needs_charts = pytest.mark.usefixtures("charts")

REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"))
CELERY = CeleryExecutor(broker=REDIS)
DATABASE = ExternalDatabase(host="db.example.com", password=SecretKey("db", "password")).connection()
POOLED = ExternalDatabase(
    host="db.example.com", password=SecretKey("db", "password"), pooling=PgBouncer(credentials=PgBouncerSecret("pool"))
).connection()
EXECUTORS: dict[str, Any] = {
    "kubernetes": KubernetesExecutor(),
    "local": LocalExecutor(),
    "celery": CELERY,
    "celery-kubernetes": CeleryKubernetesExecutor(broker=REDIS),
    "several": MultipleExecutors(CELERY, KubernetesExecutor()),
    "local-kubernetes": MultipleExecutors(LocalExecutor(), KubernetesExecutor()),
    "sets": CeleryExecutor(broker=REDIS, sets=[WorkerSet(name="gpu", queues=["gpu"])]),
}
OPTIONAL: dict[str, Any] = {
    "cleanup": PodCleanup(),
    "database_cleanup": DatabaseCleanup(),
    "admin": AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com"),
    "dag_processor": DagProcessor(),
    "statsd": Statsd(port=9126, scrape_port=9103),
    "task_pods": TaskPods(templates={"big": TaskPod(labels={"team": "data"})}),
    "secrets_backend": KubernetesSecretsBackend(namespace="lookups", provider_version="10.14.0"),
}


class Case:
    """One release: its flows, and what Helm makes of it."""

    def __init__(self, settings: ReleaseSettings, more: Mapping[str, Any] | None = None) -> None:
        self.settings = settings
        compiled = compile_release(replace(settings, unchecked_values=more or {}))
        values = compiled.values
        self.traffic: Traffic = compiled.traffic
        self.rendered: Rendered = render(
            values, settings.dialect.chart, release=settings.release, namespace=settings.namespace
        )
        self.pods = tuple(_pods(self.rendered, compiled.objects.values()))

    def sources(self, fits: Callable[[TrafficFlow], bool]) -> set[str]:
        """Who opens connections of a kind."""
        return {end.name for flow in self.traffic.flows if fits(flow) and isinstance(end := flow.source, PodGroup)}

    def workload(self, pod: Pod) -> str:
        """What a rendered pod is, by the selectors of the policies."""
        (found,) = [each.name for each in self.traffic.workloads if selects(selector(each), pod.labels)]
        return found

    def names(self, fits: Callable[[Pod], bool]) -> set[str]:
        """What the rendered pods of a kind are."""
        return {self.workload(pod) for pod in self.pods if fits(pod)}


def _pods(rendered: Rendered, own: Any) -> Iterator[Pod]:
    """All pods of a release as they are when they run: KubernetesExecutor adds labels to its own."""
    for pod in rendered.pods:
        yield _started(pod) if pod.kind == "PodTemplate" else pod
    for manifest in own:
        if manifest["kind"] == "CronJob":
            template = manifest["spec"]["jobTemplate"]["spec"]["template"]
            name = manifest["metadata"]["name"]
            yield Pod(kind="CronJob", name=name, metadata=template["metadata"], spec=template["spec"])
        for key, text in (manifest.get("data") or {}).items():
            document = yaml.safe_load(text) if key.endswith(".yaml") else None
            if isinstance(document, dict) and document.get("kind") == "Pod":
                pod = Pod(kind="PodTemplate", name=key, metadata=document["metadata"], spec=document["spec"])
                yield _started(pod)


def _started(pod: Pod) -> Pod:
    labels = {**pod.labels, TASK_POD_LABEL: "True", "dag_id": "d", "airflow-worker": "1"}
    return Pod(kind=pod.kind, name=pod.name, metadata={**pod.metadata, "labels": labels}, spec=pod.spec)


def said(pair: Pair, name: str, size: str) -> ReleaseSettings | None:
    """A release with an executor and all optional components; None if the pair does not support the executor."""
    settings: dict[str, Any] = {"executor": EXECUTORS[name], "dags": git(), "database": DATABASE}
    if size == "most":
        settings |= OPTIONAL
        settings["database"] = POOLED
        if "celery" in name or name in ("several", "sets"):
            settings["flower"] = Flower(credentials=FlowerAuthSecret("flower"))
    refused = {finding.at.partition(".")[0] for finding in compile_release(release(pair, **settings)).setting_findings}
    if "executor" in refused:
        return None
    given = release(pair, **{argument: value for argument, value in settings.items() if argument not in refused})
    assert not compile_release(given).setting_findings
    return given


CASES = {
    f"{called(pair)}-{name}-{size}": (pair, name, size)
    for pair in PAIRS
    for name in EXECUTORS
    for size in ("least", "most")
    if said(pair, name, size) is not None
}
every_case = pytest.mark.parametrize("given", CASES.values(), ids=CASES.keys(), indirect=True)


@functools.cache
def case(pair: Pair, name: str, size: str) -> Case:
    """A release, and what Helm makes of it."""
    settings = said(pair, name, size)
    assert settings is not None
    return Case(settings)


@pytest.fixture
def given(request: pytest.FixtureRequest, charts: None) -> Case:
    """One of all cases."""
    return case(*request.param)


@every_case
def test_every_pod_that_helm_renders_has_one_policy_and_every_policy_has_pods(given: Case) -> None:
    for pod in given.pods:
        chosen = [each.name for each in given.traffic.workloads if selects(selector(each), pod.labels)]
        assert len(chosen) == 1, f"{pod.where} {dict(pod.labels)} is chosen by {chosen}"
    assert given.names(lambda pod: True) == {pods.name for pods in given.traffic.workloads}
    assert not given.rendered.find("NetworkPolicy")


@every_case
def test_every_port_of_a_flow_is_one_that_a_container_of_its_target_listens_on(given: Case) -> None:
    listening = {
        (given.workload(pod), port["containerPort"], port.get("protocol", "TCP"))
        for pod in given.pods
        for container in pod.containers
        for port in container.spec.get("ports") or ()
    }
    wanted = {
        (flow.target.name, flow.port, flow.protocol)
        for flow in given.traffic.flows
        if isinstance(flow.target, PodGroup) and flow.target.namespace == given.settings.namespace
    }
    assert wanted
    assert wanted <= listening
    # What else listens is for a person with a port-forward, which no policy stops, or is asked by nobody.
    unused = {port for _, port, _ in listening - wanted}
    assert unused <= {8080, 5555, 8793}


@every_case
def test_those_with_git_sync_and_no_others_reach_the_repository(given: Case) -> None:
    pulling = given.names(lambda pod: any(container.role == "git-sync" for container in pod.containers))
    assert pulling == given.sources(lambda flow: flow.purpose == "DAG files")
    assert pulling


@every_case
def test_those_with_a_token_and_no_others_reach_the_api_server(given: Case) -> None:
    accounts = {each["metadata"]["name"]: each for each in given.rendered.find("ServiceAccount")}

    def has_token(pod: Pod) -> bool:
        account = accounts[pod.spec["serviceAccountName"]] if "serviceAccountName" in pod.spec else {}
        told = pod.spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        return bool(told) or any("serviceAccountToken" in str(volume) for volume in pod.spec.get("volumes") or ())

    assert given.names(has_token) == given.sources(lambda flow: flow.target == ClusterComponent(role="api-server"))


@every_case
def test_those_with_the_url_of_the_database_and_no_others_reach_it(given: Case) -> None:

    def has_url(pod: Pod) -> bool:
        return any("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in container.env for container in pod.containers)

    reaching = given.sources(lambda flow: flow.purpose == "the metadata database")
    assert given.names(has_url) == reaching - {"PgBouncer of lab"}


@every_case
def test_the_flows_match_the_addresses_in_the_configuration(given: Case) -> None:
    config, release_name = given.rendered.airflow_cfg, given.settings.release
    services = {each["metadata"]["name"]: each for each in given.rendered.find("Service")}

    def behind(service: str, port: int) -> set[tuple[str, int]]:
        """The pods behind a port of a Service, and their port."""
        spec = services[service]["spec"]
        (entry,) = [each for each in spec["ports"] if each["port"] == port]
        target = entry.get("targetPort", port)
        found = set()
        for pod in given.pods:
            if selects({"matchLabels": spec["selector"]}, pod.labels):
                named = {p.get("name"): p["containerPort"] for c in pod.containers for p in c.spec.get("ports") or ()}
                found.add((given.workload(pod), named[target] if isinstance(target, str) else target))
        return found

    allowed = {
        (flow.target.name, flow.port)
        for flow in given.traffic.flows
        if isinstance(flow.target, PodGroup) and isinstance(flow.source, PodGroup)
    }
    assert config.get("metrics", "statsd_host") == f"{release_name}-statsd"
    assert behind(f"{release_name}-statsd", config.getint("metrics", "statsd_port")) <= allowed
    if given.settings.dialect.has("tasks.isolated"):
        host, _, port = config.get("core", "execution_api_server_url").split("/")[2].partition(":")
        (server,) = behind(host, int(port))
        assert server == ("api-server of lab", 8080)
        running = given.sources(lambda flow: flow.purpose == "the execution API")
        assert running == given.sources(lambda flow: flow.purpose == "DAG files") - {
            "DAG processor of lab",
            "triggerer of lab",
        }


THEIRS = {
    key: each for key, each in CASES.items() if each[2] == "least" and each[0] not in WITH_AIRFLOW_3 - {PAIRS[-1]}
}


@pytest.mark.parametrize("given", THEIRS.values(), ids=THEIRS.keys(), indirect=True)
def test_what_our_flows_need_within_the_release_the_charts_own_policies_let_in_too(given: Case) -> None:
    """They know only ways in, and none to the server of the UI, but are somebody else's opinion. With Airflow 3 those before 1.22
    take its server for a webserver."""
    theirs = Case(given.settings, {"networkPolicies": {"enabled": True}})
    policies = [
        {**policy, "metadata": {"namespace": given.settings.namespace, **policy["metadata"]}}
        for policy in theirs.rendered.find("NetworkPolicy")
    ]
    spots = [
        Spot(given.workload(pod), (f"10.42.0.{number}",), given.settings.namespace, pod.labels)
        for number, pod in enumerate(given.pods, 1)
    ]
    verdict = Verdict(policies, spots)
    needed = [
        flow for flow in given.traffic.flows if isinstance(flow.source, PodGroup) and isinstance(flow.target, PodGroup)
    ]
    refused = {
        (flow.source.name, flow.target.name, flow.port)
        for flow in needed
        for source in spots
        for target in spots
        if (source.name, target.name) == (flow.source.name, flow.target.name)
        and not verdict.allows(source, target, flow.port, flow.protocol)
    }
    assert {target for _, target, _ in refused} <= {f"{given.settings.dialect.ui_server} of lab"}


@needs_charts
@pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)
def test_task_pods_in_other_namespaces_have_the_labels_of_their_policy_and_no_token(pair: Pair) -> None:
    settings = release(pair, task_namespaces=("team",), dags=git(), database=DATABASE)
    compiled = compile_release(settings)
    assert not compiled.findings
    (pods,) = [each for each in compiled.traffic.workloads if each.namespace == "team"]
    made = compiled.objects
    started = [pod for pod in _pods(Rendered(text=""), made.values()) if pod.metadata.get("namespace") == "team"]
    assert started
    assert all(selects(selector(pods), pod.labels) for pod in started)
    accounts = {each["metadata"]["name"]: each for each in made.values() if each["kind"] == "ServiceAccount"}
    for pod in started:
        account = accounts[pod.spec["serviceAccountName"]]
        assert pod.spec.get("automountServiceAccountToken", account["automountServiceAccountToken"]) is False


@needs_charts
def test_a_collector_listens_at_the_address_of_the_components() -> None:
    collector = OtelCollector(exporters={"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}})
    given = Case(release(("1.22.0", "3.2.2"), otel_collector=collector, statsd=None, database=DATABASE))
    (pod,) = [pod for pod in given.pods if given.workload(pod) == "collector of lab"]
    listening = {port["containerPort"] for container in pod.containers for port in container.spec["ports"]}
    assert 4318 in listening
    told = {
        str(entry.get("value"))
        for each in given.pods
        for container in each.containers
        for entry in container.env_entries
    }
    assert "http://lab-otel-collector:4318/v1/metrics" in told
    sending = given.names(
        lambda pod: any("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" in container.env for container in pod.containers)
    )
    flows = given.sources(lambda flow: flow.target.__class__ is PodGroup and flow.port == 4318)
    assert flows - {"collector of lab"} <= sending
    assert sending - flows <= {"migration of lab"}


_STARTED = """
import json
from kubernetes.client import models as k8s
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
pod = PodGenerator.construct_pod(
    scheduler_job_id="1", pod_id="p", namespace="n", dag_id="d", task_id="t", kube_image="i", try_number=1, date=None,
    run_id="r", args=["true"], pod_override_object=None, base_worker_pod=k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(labels={"component": "worker"}), spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base")])),
)
print(json.dumps(pod.metadata.labels))
"""


@pytest.mark.parametrize("airflow", sorted({airflow for _, airflow in PAIRS}))
def test_kubernetes_executor_labels_every_pod_it_starts(airflow: str) -> None:
    labels = yaml.safe_load(run_airflow(airflow, "[core]\nload_examples = False\n", _STARTED))
    assert labels[TASK_POD_LABEL] == "True"
    assert labels["component"] == "worker"
