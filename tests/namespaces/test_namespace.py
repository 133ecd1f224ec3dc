"""Namespace: what it makes, what it takes, and the handles that stand for one."""

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


def test_defaults_are_the_id_for_a_name_and_the_restricted_level() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "airflow")
    (manifest,) = emitted(chart)
    assert namespace.name == manifest["metadata"]["name"] == "airflow"
    assert manifest["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert registry_of(chart).state == [("Namespace", "", "airflow")]


def test_all_of_it_can_be_said() -> None:
    chart = new_chart()
    namespace = Namespace(
        chart, "id", name="lab-1", pod_security="baseline", labels={"team": "data"}, annotations={"note": "x y"}
    )
    (manifest,) = emitted(chart)
    assert namespace.name == "lab-1"
    assert manifest["metadata"]["labels"]["pod-security.kubernetes.io/warn"] == "baseline"
    assert manifest["metadata"]["labels"]["team"] == "data"
    assert manifest["metadata"]["annotations"]["note"] == "x y"


def test_quota_limits_and_the_policy_come_after_the_namespace_and_only_when_asked_for() -> None:
    chart = new_chart()
    Namespace(chart, "airflow", quota=Quota(pods=50), limits=ContainerLimits(), default_deny=True)
    made = emitted(chart)
    assert [manifest["kind"] for manifest in made] == ["Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy"]
    assert [manifest["metadata"].get("namespace") for manifest in made] == [None, "airflow", "airflow", "airflow"]
    plain = new_chart()
    Namespace(plain, "airflow", quota=None, limits=None, default_deny=False)
    assert [manifest["kind"] for manifest in emitted(plain)] == ["Namespace"]


@pytest.mark.parametrize("limits", [None, ContainerLimits()])
def test_a_quota_on_cpu_limits_wants_something_that_gives_them(limits: ContainerLimits | None) -> None:
    with pytest.raises(PlatformError, match=r"airflow: quota.cpu_limit .*refuse every container.*\[quota/cpu-limit\]"):
        Namespace(new_chart(), "airflow", quota=Quota(cpu_limit="8"), limits=limits)


@pytest.mark.parametrize("limits", [ContainerLimits(cpu_limit="1"), ContainerLimits(max_cpu="4")])
def test_limits_give_cpu_limits_by_a_default_or_by_the_highest(limits: ContainerLimits) -> None:
    chart = new_chart()
    Namespace(chart, "airflow", quota=Quota(cpu_limit="8"), limits=limits)
    assert len(emitted(chart)) == 3


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_labels_and_no_annotations_change_nothing(nothing: dict[str, str] | None) -> None:
    plain, said = new_chart(), new_chart()
    Namespace(plain, "airflow")
    Namespace(said, "airflow", labels=nothing, annotations=nothing)
    assert emitted(said) == emitted(plain)


def test_an_existing_namespace_is_a_name_and_no_object() -> None:
    assert Namespace.existing("airflow") == ExistingNamespace("airflow")


def test_a_namespace_of_cdk8s_plus_is_a_handle() -> None:
    chart = new_chart()
    make_airflow(chart, namespace=plus.Namespace(chart, "ns", metadata={"name": "theirs"}))
    (release,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
    assert release["spec"]["targetNamespace"] == "theirs"


def test_two_namespaces_of_one_name_are_refused_naming_both() -> None:
    chart = new_chart("base")
    Namespace(chart, "one", name="airflow")
    with pytest.raises(PlatformError, match=r"^base/two: name .* Namespace of this name already, from base/one"):
        Namespace(chart, "two", name="airflow")


def test_an_unsound_namespace_emits_nothing_and_notes_no_state() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError), collecting():
        Namespace(chart, "Airflow")
    assert emitted(chart) == []
    assert registry_of(chart).state == []


def test_a_namespace_that_is_isolated_as_a_whole_has_the_policy_that_allows_nothing_once() -> None:
    chart = new_chart()
    namespace = Namespace(chart, "base", name="lab", default_deny=True)
    traffic = Traffic(workloads=(PodGroup(name="quiet", namespace=namespace.name, labels={"app": "quiet"}),))
    NetworkIsolation(chart, "isolation", traffic=[traffic], facts=ClusterFacts(network_plugin="calico"))
    policies = [each["metadata"]["name"] for each in emitted(chart) if each["kind"] == "NetworkPolicy"]
    assert sorted(policies) == ["default-deny", "quiet"]
