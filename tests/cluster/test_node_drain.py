"""main.py's highly available platform on two nodes: one of them is drained while tasks run, and used again."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.kit import Kubectl, KubectlError, Platform, PlatformRunner
from tests.cluster.kit.airflow_api import DAG, AirflowApi
from tests.cluster.platforms import homelab

TASK_SECONDS = 180
DRAIN_SECONDS = 600
PRIMARY = "cnpg.io/cluster=airflow-pg,cnpg.io/instanceRole=primary"
TASKS = "kubernetes_executor=True"
TAINT = "cdk8s-airflow.test/avoided"
RETRIED = "cluster_test_retries"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-tasks-on-spot-and-gpu-nodes.md"


@dataclass(frozen=True)
class Pair:
    """A platform on two nodes.

    Attributes:
        platform: it.
        drained: the node that the tests drain: the one with fewer pods that are not of the platform.
        other: the other node.
    """

    platform: Platform
    drained: str
    other: str

    @property
    def kubectl(self) -> Kubectl:
        """The cluster."""
        return self.platform.kubectl

    def pods(self, node: str, namespace: str, selector: str = "") -> list[str]:
        """The pods of a namespace on a node that have not ended."""
        found = self.kubectl.items(
            "pods", "-n", namespace, f"--field-selector=spec.nodeName={node}", *(["-l", selector] if selector else [])
        )
        return [pod["metadata"]["name"] for pod in found if pod["status"]["phase"] not in ("Succeeded", "Failed")]

    def node_of_scheduler(self, dag: str, run: str) -> str:
        """The node of the scheduler that has started the first task of a run."""
        (primary,) = [
            each["metadata"]["name"] for each in self.kubectl.items("pods", "-n", "airflow-data", "-l", PRIMARY)
        ]
        query = (
            "select job.hostname from job join task_instance as task on job.id = task.queued_by_job_id "
            f"where task.dag_id = '{dag}' and task.run_id = '{run}' and task.task_id = 'first'"
        )
        host = self.kubectl.run(
            "-n", "airflow-data", "exec", primary, "-c", "postgres", "--", "psql", "-XAtq", "-d", "airflow", "-c", query
        ).stdout.strip()
        pod = self.kubectl.get("pod", host.partition(".")[0], "-n", "airflow")
        return str(pod["spec"]["nodeName"])

    def drain(self, *options: str) -> float:
        """Drain the node as an administrator does, which respects disruption budgets; the seconds it took."""
        start = time.monotonic()
        self.kubectl.run(
            "drain", self.drained, "--ignore-daemonsets", "--delete-emptydir-data", f"--timeout={DRAIN_SECONDS}s", *options,
            timeout=DRAIN_SECONDS + 30,
        )  # fmt: skip
        return time.monotonic() - start

    @contextmanager
    def avoided(self, node: str) -> Iterator[None]:
        """Let no new pods on a node. A taint, because CloudNativePG moves the primary away from a node that is cordoned."""
        self.kubectl.run("taint", "node", node, f"{TAINT}=:NoSchedule")
        try:
            yield
        finally:
            self.kubectl.run("taint", "node", node, f"{TAINT}:NoSchedule-")

    def move_primary(self) -> None:
        """Make the instance on the node that will be drained the primary."""
        if not self.pods(self.drained, "airflow-data", PRIMARY):
            (name,) = self.pods(self.other, "airflow-data", PRIMARY)
            (successor,) = self.pods(self.drained, "airflow-data", "cnpg.io/cluster=airflow-pg")
            self.kubectl.run("-n", "airflow-data", "delete", "pod", name, "--timeout=180s", timeout=200)
            cluster = "cluster.postgresql.cnpg.io/airflow-pg"
            self.platform.wait("airflow-data", cluster, f"jsonpath={{.status.currentPrimary}}={successor}", 300)
            self.platform.wait("airflow-data", cluster, "condition=Ready", 300)

    def recovered(self) -> None:
        """Let pods on both nodes again, and wait until everything is ready."""
        self.kubectl.run("uncordon", self.drained)
        self.platform.wait_for_databases(600)
        self.platform.wait_for_workloads("airflow")


@pytest.fixture(scope="module")
def pair(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    nodes = [
        node["metadata"]["name"]
        for node in kubectl.items("nodes")
        if not node["spec"].get("unschedulable") and not node["spec"].get("taints")
    ]
    if len(nodes) != 2:
        pytest.skip(f"the cluster must have two nodes that accept pods, and has {len(nodes)}")
    others = Counter(pod["spec"].get("nodeName") for pod in kubectl.items("pods", "-A"))
    drained, other = sorted(nodes, key=lambda node: others[node])
    folder = tmp_path_factory.mktemp("drain")
    app = homelab("kubernetes", "k8s-ha", cluster={"instances": 2}).app
    with PlatformRunner(kubectl, folder.name).platform(app, folder, small=True, keep_replicas=True) as platform:
        try:
            platform.apply()
            platform.wait_for_databases(600)
            platform.wait_for_releases()
            print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
            yield Pair(platform, drained, other)
        finally:
            for node in nodes:
                kubectl.run("uncordon", node)


@pytest.fixture(scope="module")
def api(pair: Pair) -> AirflowApi:
    api = pair.platform.api()
    return api


@pytest.fixture(autouse=True)
def recovered(pair: Pair) -> Iterator[None]:
    """After each test, both nodes accept pods, and everything is ready."""
    yield
    pair.recovered()


def test_replicas_are_on_both_nodes(pair: Pair) -> None:
    for node in (pair.drained, pair.other):
        assert len(pair.pods(node, "airflow", "component=scheduler")) == 1
        assert len(pair.pods(node, "airflow", "component=api-server")) == 1
        assert len(pair.pods(node, "airflow-data", "cnpg.io/cluster=airflow-pg")) == 1


def test_drain_of_the_primarys_node_costs_no_task_on_the_other_node(pair: Pair, api: AirflowApi) -> None:
    with pair.platform.explained():
        pair.move_primary()
        with pair.avoided(pair.drained):
            api.trigger("elsewhere", seconds=TASK_SECONDS)
            api.wait_for_task("elsewhere", "first", "running")
        assert pair.pods(pair.drained, "airflow-data", PRIMARY)
        assert pair.pods(pair.drained, "airflow", "component=scheduler")
        print(f"drained in {pair.drain():.0f} s")
        for namespace in ("airflow", "airflow-data"):
            assert pair.pods(pair.drained, namespace) == []
        assert api.wait_for_run("elsewhere", 600) == "success", api.tasks("elsewhere")
        assert api.tasks("elsewhere") == {"first": ("success", 1), "second": ("success", 1)}
        log = api.log("elsewhere", "first")
        assert log.count("first task starts on") == log.count("first task ends") == 1


def test_drain_is_refused_while_tasks_run_there_and_ends_them_with_force(pair: Pair, api: AirflowApi) -> None:
    """No controller would create a task pod again, so ``kubectl drain`` evicts it only with ``--force``.

    Its task then fails, and is retried if it has retries. A task whose scheduler is evicted too starts again in any case.
    """
    retried = AirflowApi(pair.kubectl, "airflow", dag=RETRIED)
    retried.token = api.token
    with pair.platform.explained():
        retried.wait_for_dag()
        with pair.avoided(pair.other):
            for each in (api, retried):
                each.trigger("evicted", seconds=TASK_SECONDS)
            for each in (api, retried):
                each.wait_for_task("evicted", "first", "running")
        everything = pair.pods(pair.drained, "airflow")
        assert len(pair.pods(pair.drained, "airflow", TASKS)) == 2
        scheduler = pair.node_of_scheduler(DAG, "evicted")
        with pytest.raises(KubectlError, match="cannot delete Pods that declare no controller"):
            pair.drain()
        assert pair.pods(pair.drained, "airflow") == everything
        print(f"drained in {pair.drain('--force'):.0f} s; the scheduler of the task is on {scheduler}")
        end, attempts = ("success", 2) if scheduler == pair.drained else ("failed", 1)
        assert api.wait_for_run("evicted", 600) == end, api.tasks("evicted")
        assert api.tasks("evicted")["first"] == (end, attempts)
        assert retried.wait_for_run("evicted", 900) == "success", retried.tasks("evicted")
        assert retried.tasks("evicted") == {"first": ("success", 2), "second": ("success", 1)}
        assert retried.log("evicted", "first", 2).count("first task ends") == 1


def test_drain_after_the_tasks_of_the_node_costs_no_task(pair: Pair, api: AirflowApi) -> None:
    """The documented steps: cordon, wait until no task runs there, drain."""
    with pair.platform.explained():
        with pair.avoided(pair.other):
            api.trigger("awaited", seconds=TASK_SECONDS)
            api.wait_for_task("awaited", "first", "running")
        assert pair.pods(pair.drained, "airflow", TASKS)
        pair.kubectl.run("cordon", pair.drained)
        (await_tasks,) = re.findall(
            r"^until .*?^  .*?done$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        pair.kubectl.shell(f"NODE={pair.drained}\n{await_tasks}", timeout=600)
        print(f"drained in {pair.drain():.0f} s")
        assert api.wait_for_run("awaited", 600) == "success", api.tasks("awaited")
        assert api.tasks("awaited") == {"first": ("success", 1), "second": ("success", 1)}
