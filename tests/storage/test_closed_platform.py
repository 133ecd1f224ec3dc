"""A platform with its own store, isolated by network policies."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from cdk8s import Chart

from cdk8s_airflow import ClusterFacts, NetworkIsolation
from cdk8s_airflow.network import ClusterDns, KubernetesApiAddress, NotInstalled, PodGroup
from tests.truth import assert_accepted
from tests.truth.manifests import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "data_lake.py"
FACTS = ClusterFacts(
    kubernetes="1.34",
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"]),
    dns=ClusterDns(),
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
    monitoring=NotInstalled(),
    network_plugin="kube-router",
)


@pytest.fixture(scope="module")
def closed() -> tuple[Any, NetworkIsolation]:
    """The objects of the example and its network policies."""
    app = runpy.run_path(str(EXAMPLE))["build"]()
    given = [
        app.node.find_child(chart).node.find_child(id)
        for chart, id in (("10-data", "lake"), ("10-data", "buckets"), ("10-data", "db"), ("20-airflow", "airflow"))
    ]
    isolation = NetworkIsolation(Chart(app, "90-network"), "isolation", traffic=given, facts=FACTS)
    return app, isolation


def test_only_clients_of_the_store_can_connect_and_only_to_the_s3_port(closed: tuple[Any, NetworkIsolation]) -> None:
    _, isolation = closed
    to_store = {
        (flow.source.name, flow.port)
        for flow in isolation.flows
        if getattr(flow.target, "name", "") == "store seaweedfs" and isinstance(flow.source, PodGroup)
    }
    assert {port for _, port in to_store} == {8333}
    sources = {name for name, _ in to_store}
    assert "Job buckets" in sources
    for part in ("scheduler", "triggerer", "task", "airflow-pg"):
        assert any(part in name for name in sources), (part, sources)
    assert not any("statsd" in name.lower() for name in sources)


def test_policies_are_valid_and_every_pod_has_one(closed: tuple[Any, NetworkIsolation]) -> None:
    app, _ = closed
    manifests = load(app.synth_yaml())
    assert_accepted(manifests)
    policies = [each for each in manifests if each["kind"] == "NetworkPolicy"]
    jobs = [each for each in manifests if each["kind"] == "Job" and each["metadata"]["namespace"] == "storage"]
    for job in jobs:
        labels = job["spec"]["template"]["metadata"]["labels"]
        assert [
            policy
            for policy in policies
            if policy["metadata"]["namespace"] == "storage"
            and policy["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
            and policy["spec"]["podSelector"].get("matchLabels")
        ], job["metadata"]["name"]
