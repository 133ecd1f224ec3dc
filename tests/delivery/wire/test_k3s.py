"""The delivery by a HelmChart object."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.wire.k3s import k3s_rules, structured_rules
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, PullSecret
from tests.delivery.wire.samples import TEXT, delivered, spec

OLD = ClusterFacts(helm_controller="0.16.13")
NEW = ClusterFacts(helm_controller="0.17.7")
REPOSITORY = ChartSource.https(
    "https://charts.lab/", credentials=BasicAuthSecret("chart-login"), ca=ConfigMapKey("lab-ca", "ca.crt")
)
REGISTRY = ChartSource.oci("oci://registry.lab/charts/airflow", credentials=PullSecret("registry-login"))


def test_defaults_are_what_every_helm_controller_reads() -> None:
    result = delivered(K3sHelmChart())
    assert result.files == {}
    assert result.objects == {
        "release": {
            "apiVersion": "helm.cattle.io/v1",
            "kind": "HelmChart",
            "metadata": {"name": "lab", "namespace": "kube-system"},
            "spec": {
                "chart": "airflow",
                "repo": "https://airflow.apache.org",
                "version": "1.22.0",
                "targetNamespace": "airflow-lab",
                "timeout": "30m",
                "failurePolicy": "abort",
                "valuesContent": TEXT,
            },
        }
    }


@pytest.mark.parametrize(
    ("policy", "facts", "written"),
    [
        (None, ClusterFacts(), "abort"),
        (None, OLD, "abort"),
        (None, NEW, "retry"),
        ("abort", NEW, "abort"),
        ("reinstall", OLD, "reinstall"),
    ],
)
def test_the_failure_policy_is_careful_and_never_reinstalls_by_itself(
    policy: Any, facts: ClusterFacts, written: str
) -> None:
    result = delivered(K3sHelmChart(failure_policy=policy, namespace="helm", timeout="1h"), facts)
    manifest = result.objects["release"]
    assert manifest["spec"]["failurePolicy"] == written
    assert manifest["spec"]["timeout"] == "1h"
    assert manifest["metadata"] == {"name": "lab", "namespace": "helm"}


def test_everything_else_is_written_only_when_it_is_said() -> None:
    plain = spec(K3sHelmChart())
    said = spec(
        K3sHelmChart(
            force_conflicts=True, take_ownership=True, backoff_limit=0, job_image="r.lab/klipper-helm:v1", values="text"
        ),
        NEW,
    )
    assert {key: value for key, value in said.items() if key not in plain} == {
        "forceConflicts": True,
        "takeOwnership": True,
        "backOffLimit": 0,
        "jobImage": "r.lab/klipper-helm:v1",
    }


def test_a_repository_of_ones_own_is_read_with_its_login_and_its_authority() -> None:
    said = spec(K3sHelmChart(source=REPOSITORY))
    assert {key: said[key] for key in ("chart", "repo", "authSecret", "repoCAConfigMap")} == {
        "chart": "airflow",
        "repo": "https://charts.lab",
        "authSecret": {"name": "chart-login"},
        "repoCAConfigMap": {"name": "lab-ca"},
    }


def test_a_chart_in_a_registry_is_named_whole_and_has_no_repository() -> None:
    said = spec(K3sHelmChart(source=REGISTRY))
    assert (said["chart"], said["dockerRegistrySecret"]) == (
        "oci://registry.lab/charts/airflow",
        {"name": "registry-login"},
    )
    assert "repo" not in said
    assert "authSecret" not in said
    assert said["version"] == "1.22.0"


def test_structured_values_take_the_place_of_the_text() -> None:
    said = delivered(K3sHelmChart(values="structured"), NEW).objects["release"]["spec"]
    assert said["values"] == {"a": 1, "b": "{{ x }}", "c": None}
    assert "valuesContent" not in said


def test_none_cannot_be_part_of_an_object() -> None:
    tree = {"a": {"b": [1, {"c": None}], "d": 2}, "e": None}
    assert list(structured_rules(K3sHelmChart(), tree)) == []
    found = list(structured_rules(K3sHelmChart(values="structured"), tree))
    assert [(f.rule, f.at) for f in found] == [
        ("delivery/structured-null", "values.a.b.1.c"),
        ("delivery/structured-null", "values.e"),
    ]


@pytest.mark.parametrize(
    ("delivery", "at", "named"),
    [
        (K3sHelmChart(force_conflicts=True), "force_conflicts", "0.16.25 or 0.17.6"),
        (K3sHelmChart(take_ownership=True), "take_ownership", "0.16.14"),
        (K3sHelmChart(values="structured"), "values", "0.16.20 or 0.17.0"),
        (K3sHelmChart(failure_policy="retry"), "failure_policy", "0.16.25 or 0.17.6"),
    ],
)
def test_a_new_field_needs_a_helm_controller_that_is_said_to_know_it(
    delivery: K3sHelmChart, at: str, named: str
) -> None:
    for facts in (ClusterFacts(), OLD):
        (finding,) = k3s_rules(delivery, facts)
        assert finding.at == f"delivery.{at}"
        assert named in finding.problem
    assert list(k3s_rules(delivery, NEW)) == []


@pytest.mark.parametrize(
    ("delivery", "at", "too_old"),
    [
        (K3sHelmChart(backoff_limit=3), "backoff_limit", "0.15.2"),
        (K3sHelmChart(source=REGISTRY), "source.credentials", "0.15.0"),
        (
            K3sHelmChart(source=ChartSource.https("https://c.lab", credentials=BasicAuthSecret("a"))),
            "source.credentials",
            "0.13.9",
        ),
        (K3sHelmChart(source=ChartSource.https("https://c.lab", ca=ConfigMapKey("a", "b"))), "source.ca", "0.13.9"),
    ],
)
def test_an_old_field_is_refused_only_where_the_helm_controller_is_said_to_be_older(
    delivery: K3sHelmChart, at: str, too_old: str
) -> None:
    assert list(k3s_rules(delivery, ClusterFacts())) == []
    assert list(k3s_rules(delivery, OLD)) == []
    assert [(f.rule, f.at) for f in k3s_rules(delivery, ClusterFacts(helm_controller=too_old))] == [
        ("delivery/helm-controller", f"delivery.{at}")
    ]


def test_the_way_out_of_a_failed_release_forgets_the_failure_and_starts_the_job_anew() -> None:
    assert delivered(K3sHelmChart(namespace="helm")).notes == (
        "If release lab has failed: mend the cause, then\n"
        "  kubectl -n airflow-lab delete secret -l owner=helm,name=lab,status=failed && "
        "kubectl -n helm delete pod -l job-name=helm-install-lab",
    )
