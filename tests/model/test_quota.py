"""Quotas and container limits of a namespace: manifests and validation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as chosen
from hypothesis import settings
from hypothesis import strategies as st

from cdk8s_airflow.model.quota import ContainerLimits, Quota
from cdk8s_airflow.model.wire.quota import limits_manifest, quota_manifest
from cdk8s_airflow.validation import check_value
from tests.truth import assert_accepted
from tests.truth.kinds import quantity


@pytest.mark.parametrize(
    ("given", "hard"),
    [
        (Quota(pods=100), {"pods": "100"}),
        (Quota(claims=0, load_balancers=0), {"persistentvolumeclaims": "0", "services.loadbalancers": "0"}),
        (
            Quota(
                cpu="16",
                memory="64Gi",
                cpu_limit="32",
                memory_limit="128Gi",
                pods=200,
                storage="500Gi",
                claims=20,
                load_balancers=1,
                node_ports=2,
                others={
                    "count/jobs.batch": 50,
                    "requests.nvidia.com/gpu": 4,
                    "secrets": 30,
                    "fast.storageclass.storage.k8s.io/requests.storage": "100Gi",
                },
            ),
            {
                "requests.cpu": "16",
                "requests.memory": "64Gi",
                "limits.cpu": "32",
                "limits.memory": "128Gi",
                "pods": "200",
                "requests.storage": "500Gi",
                "persistentvolumeclaims": "20",
                "services.loadbalancers": "1",
                "services.nodeports": "2",
                "count/jobs.batch": "50",
                "requests.nvidia.com/gpu": "4",
                "secrets": "30",
                "fast.storageclass.storage.k8s.io/requests.storage": "100Gi",
            },
        ),
    ],
)
def test_quota_manifest(given: Quota, hard: dict[str, str]) -> None:
    assert check_value(given, Quota, "quota") == []
    manifest = quota_manifest("airflow", given)
    assert manifest == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "quota", "namespace": "airflow"},
        "spec": {"hard": hard},
    }
    assert_accepted([manifest])


DEFAULTS = {
    "type": "Container",
    "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
    "default": {"memory": "512Mi"},
}


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        (ContainerLimits(), [DEFAULTS]),
        (ContainerLimits(max_memory="16Gi"), [{**DEFAULTS, "max": {"memory": "16Gi"}}]),
        (
            ContainerLimits(
                cpu="50m",
                memory="64Mi",
                memory_limit="128Mi",
                cpu_limit="500m",
                max_cpu="8",
                max_memory="32Gi",
                max_storage="100Gi",
            ),
            [
                {
                    "type": "Container",
                    "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
                    "default": {"memory": "128Mi", "cpu": "500m"},
                    "max": {"cpu": "8", "memory": "32Gi"},
                },
                {"type": "PersistentVolumeClaim", "max": {"storage": "100Gi"}},
            ],
        ),
    ],
)
def test_limits_manifest(given: ContainerLimits, limits: list[dict[str, Any]]) -> None:
    assert check_value(given, ContainerLimits, "limits") == []
    manifest = limits_manifest("airflow", given)
    assert manifest == {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "limits", "namespace": "airflow"},
        "spec": {"limits": limits},
    }
    assert_accepted([manifest])


@pytest.mark.parametrize(
    ("given", "at", "rule"),
    [
        (Quota(), "x", "quota/empty"),
        (Quota(others={}), "x", "quota/empty"),
        (Quota(cpu="2", cpu_limit="1"), "x.cpu", "quota/order"),
        (Quota(memory="2Gi", memory_limit="2G"), "x.memory", "quota/order"),
        (Quota(pods=0), "x.pods", "argument/range"),
        (Quota(claims=-1), "x.claims", "argument/range"),
        (Quota(memory="512m"), "x.memory", "argument/quantity"),
        (Quota(others={"requests.cpu": 1}), "x.others (key)", "quota/resource"),
        (Quota(others={"pods": 1}), "x.others (key)", "quota/resource"),
        (Quota(others={"cpu": 1}), "x.others (key)", "quota/resource"),
        (Quota(others={"count/a b": 1}), "x.others (key)", "quota/resource"),
        (Quota(others={"count/jobs.batch": -1}), "x.others.count/jobs.batch", "argument/range"),
        (ContainerLimits(cpu="2", cpu_limit="1"), "x.cpu", "quota/order"),
        (ContainerLimits(cpu_limit="2", max_cpu="1"), "x.cpu_limit", "quota/order"),
        (ContainerLimits(max_cpu="50m"), "x.cpu", "quota/order"),
        (ContainerLimits(memory="1Gi"), "x.memory", "quota/order"),
        (ContainerLimits(max_memory="256Mi"), "x.memory_limit", "quota/order"),
    ],
)
def test_invalid_quota_or_limits_are_rejected(given: Quota | ContainerLimits, at: str, rule: str) -> None:
    (finding,) = check_value(given, type(given), "x")
    assert (finding.at, finding.rule) == (at, rule)
    assert finding.fix


cpus = st.sampled_from(["50m", "0.5", "500m", "1", "2", "1500m", "8"])
bytes_ = st.sampled_from(["64Mi", "256Mi", "512M", "512Mi", "1Gi", "1G", "8Gi"])
maybe_cpus, maybe_bytes = st.none() | cpus, st.none() | bytes_


@settings(derandomize=True, max_examples=150, deadline=None)
@chosen(
    st.builds(
        ContainerLimits,
        cpu=cpus,
        memory=bytes_,
        memory_limit=bytes_,
        cpu_limit=maybe_cpus,
        max_cpu=maybe_cpus,
        max_memory=maybe_bytes,
        max_storage=maybe_bytes,
    )
)
def test_accepted_limits_satisfy_request_below_limit_below_maximum(given: ContainerLimits) -> None:
    refused = check_value(given, ContainerLimits, "limits")
    (container, *_) = limits_manifest("lab", given)["spec"]["limits"]
    most = container.get("max", {})
    limit = {**most, **container["default"]}
    rises = all(
        quantity(low[name]) <= quantity(high[name])  # type: ignore[operator]
        for low, high in ((container["defaultRequest"], limit), (limit, most), (container["defaultRequest"], most))
        for name in low.keys() & high.keys()
    )
    assert rises == (not refused)
    assert_accepted([limits_manifest("lab", given)])
