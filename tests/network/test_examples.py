"""Every example with network policies: exactly its flows are allowed, and each pod that it creates has one policy."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from cdk8s_airflow import NetworkIsolation
from cdk8s_airflow.model.traffic import HasTraffic, UnlocatedPeer
from cdk8s_airflow.network import ExternalPeer, PeerEndpoint
from cdk8s_airflow.network.wire.network_policy import Isolation, isolation
from tests.examples_built import PATHS, example_app
from tests.network.evaluator import selects
from tests.network.matrix import FACTS, assert_exact
from tests.truth.manifests import load

every = pytest.mark.parametrize("name", PATHS)


@functools.cache
def closed(name: str) -> tuple[list[dict[str, Any]], Isolation, dict[str, PeerEndpoint]]:
    """The objects of an example, its policies, and the locations of its unlocated peers."""
    app = example_app(name)
    traffic = [each.traffic for each in app.node.find_all() if isinstance(each, HasTraffic)]
    assert traffic
    unplaced = {flow.target.name for each in traffic for flow in each.flows if isinstance(flow.target, UnlocatedPeer)}
    places = {
        each: PeerEndpoint(peer=ExternalPeer(name=each, networks=(f"198.51.100.{number}/32",)))
        for number, each in enumerate(sorted(unplaced), 1)
    }
    return load(app.synth_yaml()), isolation(traffic, [], places, FACTS), places


@every
def test_example_allows_exactly_its_flows(name: str) -> None:
    _, given, places = closed(name)
    assert assert_exact(given, FACTS, places)


@every
def test_each_pod_of_an_example_has_exactly_one_policy(name: str) -> None:
    manifests, given, _ = closed(name)
    policies = [each for key, each in given.manifests.items() if not key.endswith("-default-deny")]
    assert policies
    for manifest in manifests:
        template = _template(manifest)
        if template is None:
            continue
        namespace = manifest["metadata"]["namespace"]
        chosen = [
            policy["metadata"]["name"]
            for policy in policies
            if policy["metadata"]["namespace"] == namespace
            and selects(policy["spec"]["podSelector"], template.get("metadata", {}).get("labels", {}))
        ]
        assert len(chosen) == 1, f"{manifest['kind']} {manifest['metadata']['name']} in {namespace}: {chosen}"


def _template(manifest: dict[str, Any]) -> dict[str, Any] | None:
    spec = manifest.get("spec", {})
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found = spec.get("template") if manifest["kind"] in ("CronJob", "Deployment", "Job", "StatefulSet") else None
    return found if isinstance(found, dict) else None


def test_default_deny_example_has_no_open_pod() -> None:
    app = example_app("default_deny")
    (given,) = [each for each in app.node.find_all() if isinstance(each, NetworkIsolation)]
    assert given._isolation is not None
    assert not given._isolation.everywhere
    assert "0.0.0.0/0" not in app.synth_yaml()
