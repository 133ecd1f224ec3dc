"""``Namespace``: its objects, its arguments, and handles for existing namespaces."""

from __future__ import annotations

import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow import (
    ClusterFacts,
    ContainerLimits,
    ExistingNamespace,
    Namespace,
    NetworkIsolation,
    PlatformError,
    Quota,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.network import PodGroup, Traffic
from tests.making import emitted, make_airflow, new_chart


def test_name_defaults_to_the_id_and_pod_security_to_restricted() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "airflow")
    (manifest,) = emitted(chart)
    assert namespace.name == manifest["metadata"]["name"] == "airflow"
    assert manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert registry_of(chart).state == [("Namespace", "", "airflow")]


def test_all_arguments() -> None:
    chart = new_chart()
    namespace = Namespace(
        chart, "id", name="lab-1", pod_security="baseline", labels={"team": "data"}, annotations={"note": "x y"}
    )
    (manifest,) = emitted(chart)
    assert namespace.name == "lab-1"
    assert manifest["metadata"]["labels"]["pod-security.kubernetes.io/warn"] == "baseline"
    assert manifest["metadata"]["labels"]["team"] == "data"
    assert manifest["metadata"]["annotations"]["note"] == "x y"


def test_quota_limits_and_policy_are_emitted_only_if_set_and_after_the_namespace() -> None:
    chart = new_chart()
    Namespace(chart, "airflow", quota=Quota(pods=50), limits=ContainerLimits(), default_deny=True)
    made = emitted(chart)
    assert [manifest["kind"] for manifest in made] == ["Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy"]
    assert [manifest["metadata"].get("namespace") for manifest in made] == [None, "airflow", "airflow", "airflow"]
    plain = new_chart()
    Namespace(plain, "airflow", quota=None, limits=None, default_deny=False)
    assert [manifest["kind"] for manifest in emitted(plain)] == ["Namespace"]


@pytest.mark.parametrize("limits", [None, ContainerLimits()])
def test_cpu_limit_quota_requires_limits_with_a_cpu_limit(limits: ContainerLimits | None) -> None:
    with pytest.raises(PlatformError, match=r"airflow: quota.cpu_limit .*every container.*\[quota/cpu-limit\]"):
        Namespace(new_chart(), "airflow", quota=Quota(cpu_limit="8"), limits=limits)


@pytest.mark.parametrize("limits", [ContainerLimits(cpu_limit="1"), ContainerLimits(max_cpu="4")])
def test_container_limits_set_cpu_limits_from_cpu_limit_or_max_cpu(limits: ContainerLimits) -> None:
    chart = new_chart()
    Namespace(chart, "airflow", quota=Quota(cpu_limit="8"), limits=limits)
    assert len(emitted(chart)) == 3


@pytest.mark.parametrize("nothing", [None, {}])
def test_empty_labels_and_annotations_change_nothing(nothing: dict[str, str] | None) -> None:
    plain, empty = new_chart(), new_chart()
    Namespace(plain, "airflow")
    Namespace(empty, "airflow", labels=nothing, annotations=nothing)
    assert emitted(empty) == emitted(plain)


def test_existing_namespace_emits_no_object() -> None:
    assert Namespace.existing("airflow") == ExistingNamespace("airflow")


def test_cdk8s_plus_namespace_is_accepted() -> None:
    chart = new_chart()
    make_airflow(chart, namespace=plus.Namespace(chart, "ns", metadata={"name": "theirs"}))
    (release,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
    assert release["spec"]["targetNamespace"] == "theirs"


def test_two_namespaces_with_one_name_are_rejected_naming_both() -> None:
    chart = new_chart("base")
    Namespace(chart, "one", name="airflow")
    with pytest.raises(PlatformError, match=r"^base/two: name .* another Namespace, from base/one"):
        Namespace(chart, "two", name="airflow")


def test_invalid_namespace_emits_nothing_and_registers_no_state() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError), collecting():
        Namespace(chart, "Airflow")
    assert emitted(chart) == []
    assert registry_of(chart).state == []


def test_isolated_namespace_with_default_deny_has_the_policy_once() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "base", name="lab", default_deny=True)
    traffic = Traffic(workloads=(PodGroup(name="quiet", namespace=namespace.name, labels={"app": "quiet"}),))
    NetworkIsolation(chart, "isolation", traffic=[traffic], facts=ClusterFacts(network_plugin="calico"))
    policies = [each["metadata"]["name"] for each in emitted(chart) if each["kind"] == "NetworkPolicy"]
    assert sorted(policies) == ["default-deny", "quiet"]
