"""Delivery with a HelmChart object."""

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


def test_defaults_are_supported_by_every_helm_controller() -> None:
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
def test_failure_policy_defaults_to_abort_or_retry_never_reinstall(
    policy: Any, facts: ClusterFacts, written: str
) -> None:
    result = delivered(K3sHelmChart(failure_policy=policy, namespace="helm", timeout="1h"), facts)
    manifest = result.objects["release"]
    assert manifest["spec"]["failurePolicy"] == written
    assert manifest["spec"]["timeout"] == "1h"
    assert manifest["metadata"] == {"name": "lab", "namespace": "helm"}


def test_optional_fields_are_written_only_if_set() -> None:
    plain = spec(K3sHelmChart())
    written = spec(
        K3sHelmChart(
            force_conflicts=True, take_ownership=True, backoff_limit=0, job_image="r.lab/klipper-helm:v1", values="text"
        ),
        NEW,
    )
    assert {key: value for key, value in written.items() if key not in plain} == {
        "forceConflicts": True,
        "takeOwnership": True,
        "backOffLimit": 0,
        "jobImage": "r.lab/klipper-helm:v1",
    }


def test_chart_repository_with_login_and_ca_certificate() -> None:
    written = spec(K3sHelmChart(source=REPOSITORY))
    assert {key: written[key] for key in ("chart", "repo", "authSecret", "repoCAConfigMap")} == {
        "chart": "airflow",
        "repo": "https://charts.lab",
        "authSecret": {"name": "chart-login"},
        "repoCAConfigMap": {"name": "lab-ca"},
    }


def test_oci_chart_has_no_repo_field() -> None:
    written = spec(K3sHelmChart(source=REGISTRY))
    assert (written["chart"], written["dockerRegistrySecret"]) == (
        "oci://registry.lab/charts/airflow",
        {"name": "registry-login"},
    )
    assert "repo" not in written
    assert "authSecret" not in written
    assert written["version"] == "1.22.0"


def test_structured_values_replace_the_text() -> None:
    written = delivered(K3sHelmChart(values="structured"), NEW).objects["release"]["spec"]
    assert written["values"] == {"a": 1, "b": "{{ x }}", "c": None}
    assert "valuesContent" not in written


def test_structured_values_reject_none() -> None:
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
        (K3sHelmChart(values="structured"), "values", "0.16.20"),
        (K3sHelmChart(failure_policy="retry"), "failure_policy", "0.16.25 or 0.17.6"),
    ],
)
def test_new_field_requires_a_stated_helm_controller_version(delivery: K3sHelmChart, at: str, named: str) -> None:
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
def test_old_field_is_rejected_only_if_the_stated_helm_controller_is_older(
    delivery: K3sHelmChart, at: str, too_old: str
) -> None:
    assert list(k3s_rules(delivery, ClusterFacts())) == []
    assert list(k3s_rules(delivery, OLD)) == []
    assert [(f.rule, f.at) for f in k3s_rules(delivery, ClusterFacts(helm_controller=too_old))] == [
        ("delivery/helm-controller", f"delivery.{at}")
    ]


def test_recovery_deletes_the_failed_revision_and_restarts_the_job() -> None:
    assert delivered(K3sHelmChart(namespace="helm")).notes == (
        "If release lab has failed, fix the cause, then run:\n"
        "  kubectl -n airflow-lab delete secret -l owner=helm,name=lab,status=failed && "
        "kubectl -n helm delete pod -l job-name=helm-install-lab",
    )
