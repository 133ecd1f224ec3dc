"""The ScaledObjects of this library with a real KEDA and a real database, without Airflow: tables with rows in place of its tasks.

This needs neither a release nor its pods, so it takes two minutes. ``test_keda.py`` does the same with Airflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk8s_airflow import HelmCommand
from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.lacking import skip_without_controller, skip_without_definition
from tests.cluster.platforms import homelab
from tests.cluster.test_keda import TRIGGERER, WORKER, external_database, settings

SCALED = ("airflow-worker-scaling", "airflow-triggerer-scaling")
CAPACITY = 1000
"""How many triggers a triggerer runs by default."""

IDLE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def idle(name: str) -> dict[str, object]:
    """A Deployment of a component whose pods do nothing."""
    labels = {"app": name}
    container = {"name": "idle", "image": "registry.k8s.io/pause:3.10", "securityContext": IDLE}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "airflow"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65535,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                },
            },
        },
    }


def query(kubectl: Kubectl, statement: str) -> str:
    """What the superuser of the database gets for a statement."""
    return kubectl.run(
        "-n", "airflow-data", "exec", "airflow-pg-1", "-c", "postgres", "--", "psql", "-XAtq", "-d", "airflow", "-c", statement,
    ).stdout.strip()  # fmt: skip


@pytest.fixture(scope="module")
def platform(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    skip_without_definition(kubectl, "scaledobjects.keda.sh", "KEDA")
    if not kubectl.exists("apiservice", "v1beta1.external.metrics.k8s.io"):
        pytest.skip("the cluster has the definitions of KEDA, but not its metrics server")
    folder: Path = tmp_path_factory.mktemp("queries")
    release = {**settings(), "database": external_database().connection(), "delivery": HelmCommand()}
    with PlatformRunner(kubectl, folder.name).platform(
        homelab("celery", release=release).app, folder, small=True
    ) as platform:
        workloads = {"apiVersion": "v1", "kind": "List", "items": [idle("airflow-worker"), idle("airflow-triggerer")]}
        kubectl.run("apply", "--server-side", "-f", "-", input=json.dumps(workloads))
        platform.apply()
        platform.wait_for_databases()
        query(
            kubectl,
            "set role airflow; create table task_instance (id serial, state text, queue text); create table trigger (id serial)",
        )
        skip_without_controller(platform, "airflow", f"scaledobject/{SCALED[0]}")
        for name in SCALED:
            platform.wait("airflow", f"scaledobject/{name}", "condition=Ready", 120)
        yield platform


def wait_for_replicas(platform: Platform, workload: str, number: int, seconds: int = 90) -> None:
    """Wait until a workload is set to a number of replicas."""
    platform.wait("airflow", workload, f"jsonpath={{.spec.replicas}}={number}", seconds)


def test_workers_follow_the_queued_tasks_of_their_queues(platform: Platform) -> None:
    kubectl = platform.kubectl
    wait_for_replicas(platform, WORKER, 0)
    query(kubectl, "insert into task_instance (state, queue) values ('queued', 'other'), ('success', 'default')")
    query(kubectl, "insert into task_instance (state, queue) select 'queued', 'default' from generate_series(1, 3)")
    wait_for_replicas(platform, WORKER, 3)
    before = platform.generations()
    platform.apply()
    assert platform.generations() == before
    assert platform.diff() == ""
    query(kubectl, "delete from task_instance where state = 'queued' and queue = 'default'")
    wait_for_replicas(platform, WORKER, 0)
    print({what: seconds for what, seconds in platform.seconds.items() if "replicas" in what})


def test_triggerers_follow_the_triggers(platform: Platform) -> None:
    wait_for_replicas(platform, TRIGGERER, 1)
    query(platform.kubectl, f"insert into trigger select from generate_series(1, {CAPACITY + 1})")
    wait_for_replicas(platform, TRIGGERER, 2)


def test_new_database_password_is_used_after_one_failed_query(platform: Platform) -> None:
    kubectl = platform.kubectl
    data = json.dumps({"stringData": {"password": "new-password-of-this-test"}})
    verifier = "select rolpassword from pg_authid where rolname = 'airflow'"
    old = query(kubectl, verifier)
    for namespace, name in (("airflow-data", "airflow-pg-credentials"), ("airflow", "airflow-db")):
        kubectl.run("-n", namespace, "patch", "secret", name, "-p", data)
    wait = f"until ! kubectl -n airflow-data exec airflow-pg-1 -c postgres -- psql -XAtq -c \"{verifier}\" | grep -qF '{old}'; do sleep 1; done"
    kubectl.shell(wait, timeout=120)
    query(kubectl, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'airflow'")
    query(kubectl, "insert into task_instance (state, queue) values ('queued', 'default')")
    wait_for_replicas(platform, WORKER, 1)
    platform.wait("airflow", f"scaledobject/{SCALED[0]}", "condition=Ready", 60)
