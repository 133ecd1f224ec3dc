"""Task logs arrive where ``FluentBitLogs`` sends them: Loki, CloudWatch and S3, under network policies that deny everything else.

Loki is a program with its push API, and AWS is moto. Pods get credentials for AWS as on EKS: the test adds to the DaemonSets what
the webhook of EKS adds to pods.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdk8s import App, Chart

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    DagFolder,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
    Namespace,
    NetworkIsolation,
    ServiceAccount,
)
from cdk8s_airflow.monitoring import AlloyLogs, CloudWatchOutput, FluentBitLogs, LokiOutput, S3LogOutput
from cdk8s_airflow.network import PeerEndpoint
from tests.cluster.kit import Kubectl, KubectlError, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import AirflowApi
from tests.cluster.kit.lacking import images_that_cannot_be_pulled
from tests.cluster.kit.log_receivers import (
    AWS,
    AWS_PORT,
    LOKI,
    LOKI_HOST,
    LOKI_PORT,
    REFUSED,
    LogReceivers,
    LokiLine,
    Push,
    log_receivers,
)
from tests.cluster.kit.probe import reached, running_pods
from tests.cluster.platforms import EXECUTORS, homelab
from tests.cluster.test_running_platform import facts_of

IMAGE = "apache/airflow:3.2.2"
MOTO = "motoserver/moto:5.2.5"
DAG = "log_lines"
DAGS = Path(__file__).parent / "dags_logs"
LINES, LONG = 300, 40_000
"""As in the DAG."""

PADDING = "x" * 15_000
"""The value of a variable of all containers: by default, Fluent Bit ignores the labels of pods of more than 32 kB."""

RUN = "logs"
TASKS = {"many": "success", "short": "success", "fails": "failed", "local": "success", "celery": "success"}
IN_PODS = {"many": "long x", "short": "the only line of short", "fails": "error_detail"}
"""Task of KubernetesExecutor -> what its last line of interest contains."""

WHERE = "node-logging"
REGION, GROUP, BUCKET, PREFIX = "eu-central-1", "/airflow/test", "acme-pod-logs", "archive"
AWS_HOSTS = tuple(f"{service}.{REGION}.amazonaws.com" for service in ("logs", "s3", "sts"))
ROLE = "arn:aws:iam::123456789012:role/airflow-logs"
FLUENT_BIT = ("loki", "cloudwatch", "s3")
ALLOY_WHERE = "logging"
TO_LOKI = ("fluent-bit", "alloy")
"""The collectors that send to Loki: the value of the label ``collector`` that they add."""


def program(facts: ClusterFacts) -> App:
    """main.py's platform with three executors, a collector for each output, and network policies for all of them."""
    executors = MultipleExecutors(KubernetesExecutor(), LocalExecutor(), EXECUTORS["celery"]())
    made = homelab("kubernetes", release={"executor": executors, "dags": DagFolder(DAGS), "env": {"PADDING": PADDING}})
    app = made.app
    chart = Chart(app, "30-logging")
    namespace = Namespace(chart, WHERE, pod_security="privileged")
    role = ServiceAccount(annotations={"eks.amazonaws.com/role-arn": ROLE})
    loki = {
        collector: LokiOutput(
            url=f"http://{LOKI_HOST}:{LOKI_PORT}/loki/api/v1/push",
            tenant="data",
            credentials=BasicAuthSecret("loki"),
            labels={"collector": collector},
        )
        for collector in TO_LOKI
    }
    outputs: Mapping[str, Any] = {
        "loki": loki["fluent-bit"],
        "cloudwatch": CloudWatchOutput(region=REGION, log_group=GROUP, retention="7d"),
        "s3": S3LogOutput(region=REGION, bucket=BUCKET, prefix=PREFIX),
    }
    collectors: list[AlloyLogs | FluentBitLogs] = [
        FluentBitLogs(
            chart,
            name,
            release=made.airflow,
            namespace=namespace,
            output=output,
            name=name,
            service_account=ServiceAccount() if name == "loki" else role,
        )
        for name, output in outputs.items()
    ]
    alloy_namespace = Namespace(chart, ALLOY_WHERE)
    collectors.append(
        AlloyLogs(chart, "alloy", release=made.airflow, namespace=alloy_namespace, output=loki["alloy"], name="alloy")
    )
    NetworkIsolation(
        Chart(app, "05-isolation"),
        "isolation",
        traffic=[made.airflow, made.database, *collectors],
        endpoints={
            LOKI_HOST: PeerEndpoint(peer=LOKI),
            **{host: PeerEndpoint(peer=AWS, port=AWS_PORT) for host in AWS_HOSTS},
        },
        facts=facts,
    )
    return app


@dataclass(frozen=True)
class Logging:
    """The platform after a run of the DAG."""

    kubectl: Kubectl
    platform: Platform
    receivers: LogReceivers
    pods: Mapping[str, str]
    """Task -> the name of the pod in which it runs."""
    without: Mapping[str, str]
    """Namespace of a collector that does not run -> the reason."""

    def skip_without(self, namespace: str) -> None:
        """Skip the test if the cluster cannot run the collectors of a namespace."""
        if namespace in self.without:
            pytest.skip(self.without[namespace])

    def pushes(self, collector: str) -> tuple[list[Push], list[Push]]:
        """The pushes of a collector that Loki has accepted, and those that it has refused."""
        accepted, refused = (
            [each for each in pushes if {line.labels["collector"] for line in each.lines} == {collector}]
            for pushes in self.receivers.loki()
        )
        return accepted, refused

    def loki_lines(self, collector: str) -> list[LokiLine]:
        """The lines of a collector that Loki has accepted."""
        return [line for push in self.pushes(collector)[0] for line in push.lines]


def add_what_the_webhook_of_eks_adds(kubectl: Kubectl, receivers: LogReceivers, daemon_set: str) -> None:
    """Give pods a token for the role of their service account, and the addresses and the authority of moto."""
    account = kubectl.get("serviceaccount", daemon_set, "-n", WHERE)
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    folder = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
    patch = {
        "hostAliases": [{"ip": receivers.address("aws"), "hostnames": list(AWS_HOSTS)}],
        "volumes": [
            {
                "name": "aws-iam-token",
                "projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}]},
            },
            {"name": "authority", "configMap": {"name": "authority"}},
        ],
        "containers": [
            {
                "name": "fluent-bit",
                "env": [
                    {"name": "AWS_ROLE_ARN", "value": role},
                    {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": f"{folder}/token"},
                ],
                "volumeMounts": [
                    {"name": "aws-iam-token", "mountPath": folder, "readOnly": True},
                    {"name": "authority", "mountPath": "/etc/ssl/certs", "readOnly": True},
                ],
            }
        ],
    }
    text = json.dumps({"spec": {"template": {"spec": patch}}})
    kubectl.run("-n", WHERE, "patch", "daemonset", daemon_set, "--type=strategic", "-p", text)


def start_collectors(platform: Platform, receivers: LogReceivers) -> dict[str, str]:
    """Wait until the collectors are ready; returns the namespaces of those whose image the cluster does not have."""
    kubectl = platform.kubectl
    authority = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "authority", "namespace": WHERE},
        "data": {"ca-bundle.crt": receivers.ca},
    }
    kubectl.run("create", "-f", "-", input=json.dumps(authority))
    for name in ("cloudwatch", "s3"):
        add_what_the_webhook_of_eks_adds(kubectl, receivers, name)
    start, without = time.monotonic(), {}
    for namespace, what in (*((WHERE, f"daemonset/{name}") for name in FLUENT_BIT), (ALLOY_WHERE, "deployment/alloy")):
        try:
            with platform.explained():
                kubectl.run("-n", namespace, "rollout", "status", what, "--timeout=120s", timeout=130)
        except KubectlError:
            selector = f"app.kubernetes.io/instance={what.partition('/')[2]}"
            missing = images_that_cannot_be_pulled(kubectl, namespace, selector)
            if not missing:
                raise
            without[namespace] = f"the cluster cannot pull {', '.join(sorted(missing))}"
    print(f"collectors ready after {time.monotonic() - start:.0f} s")
    return without


def wait_until(condition: Callable[[], bool], seconds: int, what: str) -> None:
    """Ask a receiver again until it has something."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds} s"
        time.sleep(5)
    print(f"{what}: {time.monotonic() - start:.0f} s after the run")


@pytest.fixture(scope="module")
def logging(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logging]:
    folder = tmp_path_factory.mktemp("logs")
    with (
        log_receivers(kubectl, IMAGE, MOTO, AWS_HOSTS) as receivers,
        PlatformRunner(kubectl, folder.name).platform(program(facts_of(kubectl)), folder, small=True) as platform,
    ):
        receivers.create_bucket(REGION, BUCKET)
        platform.apply()
        without = start_collectors(platform, receivers)
        platform.wait_for_databases()
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        api = platform.api(DAG)
        with platform.explained():
            api.trigger(RUN)
            pods = pods_of_tasks(kubectl, api)
            assert {task: state for task, (state, _) in api.tasks(RUN).items()} == TASKS
        (scheduler,) = running_pods(kubectl, "airflow", "component=scheduler")
        yield Logging(kubectl, platform, receivers, {**pods, "local": scheduler.name}, without)


def pods_of_tasks(kubectl: Kubectl, api: AirflowApi) -> dict[str, str]:
    """Wait until the run has ended. Airflow deletes the pods of tasks, so their names are read while they run."""
    found: dict[str, str] = {}
    end = time.monotonic() + 600
    while api.run_state(RUN) not in ("success", "failed"):
        assert time.monotonic() < end, api.tasks(RUN)
        for pod in kubectl.items("pods", "-n", "airflow", "-l", f"dag_id={DAG}"):
            found[pod["metadata"]["labels"]["task_id"]] = pod["metadata"]["name"]
        time.sleep(1)
    return found


def event(text: str) -> Any:
    """What a line says: the pods of tasks write JSON, and other pods text."""
    try:
        return json.loads(text)["event"]
    except (ValueError, KeyError, TypeError):
        return text


def all_ended(lines: Callable[[str], list[str]]) -> bool:
    """Whether the last line of interest of each task has arrived.

    Args:
        lines: the lines of a task that have arrived.
    """
    return all(any(last in line for line in lines(task)) for task, last in IN_PODS.items())


def assert_complete(lines: list[str]) -> None:
    """The lines of the task ``many`` are complete, in order, and there once."""
    events = [event(line) for line in lines]
    assert [each for each in events if str(each).endswith(" of many")] == [f"line {n} of many" for n in range(LINES)]
    for text in (
        '{"orders": 7, "note": "a \\"quoted\\" word"}',
        "umlaut ä, emoji 🙂, backslash \\ and\ttab",
        "long " + "x" * LONG + " end",
    ):
        assert events.count(text) == 1, text[:60]


def assert_traceback(lines: list[str]) -> None:
    """A line of the task ``fails`` has the exception with its stack."""
    found = [error for line in lines if "error_detail" in line for error in json.loads(line)["error_detail"]]
    assert ("ValueError", "order 4711 does not exist") in {(error["exc_type"], error["exc_value"]) for error in found}
    assert "log_lines.py" in json.dumps(found)


@pytest.fixture(params=TO_LOKI)
def collector(request: pytest.FixtureRequest, logging: Logging) -> str:
    """A collector that sends to Loki."""
    name = str(request.param)
    logging.skip_without({"fluent-bit": WHERE, "alloy": ALLOY_WHERE}[name])
    return name


def test_lines_of_task_pods_arrive_at_loki_with_the_documented_labels(logging: Logging, collector: str) -> None:
    def of_task(task: str) -> list[LokiLine]:
        """Like the query ``{namespace="airflow", dag_id="log_lines", container="base"} | task_id="many"``."""
        wanted = {"namespace": "airflow", "dag_id": DAG, "container": "base"}
        return [
            line
            for line in logging.loki_lines(collector)
            if wanted.items() <= line.labels.items() and line.metadata.get("task_id") == task
        ]

    wait_until(
        lambda: all_ended(lambda task: [line.text for line in of_task(task)]),
        120,
        f"{collector}: Loki has the logs of the tasks",
    )
    labels = {"collector": collector, "namespace": "airflow", "component": "worker", "container": "base", "dag_id": DAG}
    for task in IN_PODS:
        lines = of_task(task)
        metadata = {"pod": logging.pods[task], "task_id": task, "run_id": RUN, "try_number": "1"}
        assert [line for line in lines if (line.labels, line.metadata) != (labels, metadata)] == []
        assert [line.time for line in lines] == sorted(line.time for line in lines)
    assert_complete([line.text for line in of_task("many")])
    assert_traceback([line.text for line in of_task("fails")])
    assert [event(line.text) for line in of_task("short")].count("the only line of short") == 1


def test_lines_of_local_executor_are_those_of_the_scheduler_and_celery_sends_none(
    logging: Logging, collector: str
) -> None:
    lines = logging.loki_lines(collector)
    local = [line for line in lines if "the only line of local" in line.text]
    assert local
    for line in local:
        assert (line.labels["component"], line.labels["container"]) == ("scheduler", "scheduler")
        assert "dag_id" not in line.labels
        assert line.metadata == {"pod": logging.pods["local"]}
    assert [line for line in lines if "the only line of celery" in line.text] == []
    components = {line.labels.get("component") for line in lines}
    assert {"scheduler", "api-server", "dag-processor", "triggerer", "worker"} <= components


def test_loki_gets_tenant_and_credentials_and_what_it_refused_is_sent_again(logging: Logging, collector: str) -> None:
    namespace = {"fluent-bit": WHERE, "alloy": ALLOY_WHERE}[collector]
    secret = logging.kubectl.get("secret", "loki", "-n", namespace)["data"]
    login = ":".join(base64.b64decode(secret[key]).decode() for key in ("username", "password"))
    accepted, refused = logging.pushes(collector)
    for push in (*accepted, *refused):
        assert push.path == "/loki/api/v1/push"
        assert push.headers["x-scope-orgid"] == "data"
        assert push.headers["authorization"] == f"Basic {base64.b64encode(login.encode()).decode()}"
    assert len(refused) == REFUSED

    def identity(line: LokiLine) -> tuple[int, str, str]:
        return line.time, line.text, line.metadata["pod"]

    missed = {identity(line) for push in refused for line in push.lines}
    assert missed
    wait_until(
        lambda: missed <= {identity(line) for line in logging.loki_lines(collector)},
        330,
        f"{collector}: Loki has the lines that it refused",
    )


def records(messages: list[str], pod: str) -> list[dict[str, Any]]:
    """The records of the container ``base`` of a task's pod, as CloudWatch and S3 have them."""
    wanted = {"pod_name": pod, "container_name": "base"}
    return [each for each in map(json.loads, messages) if wanted.items() <= each.get("kubernetes", {}).items()]


def test_cloudwatch_has_a_stream_for_each_container_and_the_group_has_its_retention(logging: Logging) -> None:
    logging.skip_without(WHERE)
    streams: dict[str, list[str]] = {}

    def messages(task: str) -> list[dict[str, Any]]:
        return [json.loads(each) for each in streams.get(f"{logging.pods[task]}.base", ())]

    def complete() -> bool:
        nonlocal streams
        groups, streams = logging.receivers.log_groups(REGION, GROUP)
        return groups == {GROUP: 7} and all_ended(lambda task: [each["log"] for each in messages(task)])

    wait_until(complete, 120, "CloudWatch has the logs of the tasks")
    assert_complete([each["log"] for each in messages("many")])
    assert_traceback([each["log"] for each in messages("fails")])
    for task in IN_PODS:
        labels = {"dag_id": DAG, "task_id": task, "run_id": RUN, "try_number": "1"}
        assert [each for each in messages(task) if not labels.items() <= each["kubernetes"]["labels"].items()] == []
    scheduler = streams[f"{logging.pods['local']}.scheduler"]
    assert any("the only line of local" in each for each in scheduler)


def test_bucket_has_compressed_objects_also_of_a_collector_that_is_restarted(logging: Logging) -> None:
    """An object is uploaded five minutes after its first line. A restarted collector uploads what it has on its volume."""
    logging.skip_without(WHERE)
    kubectl = logging.kubectl
    kubectl.run("-n", WHERE, "rollout", "restart", "daemonset/s3")
    kubectl.run("-n", WHERE, "rollout", "status", "daemonset/s3", "--timeout=120s", timeout=130)
    lines: list[str] = []

    def complete() -> bool:
        nonlocal lines
        objects = logging.receivers.objects(REGION, BUCKET)
        today = time.strftime("%Y/%m/", time.gmtime())
        assert [key for key in objects if not key.startswith(f"{PREFIX}/{today}") or not key.endswith(".gz")] == []
        lines = [line for found in objects.values() for line in found]
        return all_ended(lambda task: [each["log"] for each in records(lines, logging.pods[task])])

    wait_until(complete, 400, "S3 has the logs of the tasks")
    assert_complete([each["log"] for each in records(lines, logging.pods["many"])])
    assert_traceback([each["log"] for each in records(lines, logging.pods["fails"])])


def test_collectors_connect_only_to_their_outputs(logging: Logging) -> None:
    kubectl = logging.kubectl
    targets = {
        (pod.address, port): name
        for name, port in (("loki", LOKI_PORT), ("aws", AWS_PORT))
        for pod in running_pods(kubectl, "log-receivers", f"app={name}")
    }
    targets |= {(pod.address, 8080): "airflow" for pod in running_pods(kubectl, "airflow", "component=api-server")}
    assert sorted(targets.values()) == ["airflow", "aws", "loki"]
    found = {
        pod: output
        for namespace, name, output in (
            (WHERE, "loki", "loki"),
            (WHERE, "cloudwatch", "aws"),
            (WHERE, "s3", "aws"),
            (ALLOY_WHERE, "alloy", "loki"),
        )
        for pod in running_pods(kubectl, namespace, f"app.kubernetes.io/instance={name}")
    }
    assert found
    for pod, output in found.items():
        profile = "baseline" if pod.namespace == WHERE else "restricted"
        assert {targets[each] for each in reached(kubectl, pod, targets, IMAGE, profile)} == {output}


def test_collectors_may_read_only_the_pods_of_the_release(logging: Logging) -> None:
    for namespace, name in (*((WHERE, name) for name in FLUENT_BIT), (ALLOY_WHERE, "alloy")):
        account = f"--as=system:serviceaccount:{namespace}:{name}"
        for verb, resource, where, answer in (
            ("get", "pods", "airflow", "yes"),
            ("get", "pods --subresource=log", "airflow", "yes" if name == "alloy" else "no"),
            ("get", "pods", "airflow-data", "no"),
            ("get", "pods", namespace, "no"),
            ("get", "secrets", "airflow", "no"),
            ("create", "pods", "airflow", "no"),
        ):
            said = logging.kubectl.run(
                "auth", "can-i", verb, *resource.split(), "-n", where, account, check=False
            ).stdout
            assert said.strip() == answer, (name, verb, resource, where)
