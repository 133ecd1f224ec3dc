"""What a delivery asks of the release it carries, and what of the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.authentication import AdminAccount
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.delivery import delivery_needs, delivery_notes, delivery_rules, delivery_values
from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import (
    BasicAuthSecret,
    ConfigMapKey,
)
from tests.airflow.wire.samples import PAIRS, Pair, called, release

NEWEST = PAIRS[-1]
SOURCE = ChartSource.https("https://charts.lab", credentials=BasicAuthSecret("chart-login"))


@pytest.mark.parametrize("delivery", [K3sHelmChart(), FluxRelease(), HelmCommand()])
def test_where_helm_runs_its_hooks_the_chart_is_left_alone(delivery: Any) -> None:
    assert delivery_values(release(NEWEST, delivery=delivery)) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_argo_cd_runs_the_migration_as_a_hook_of_its_sync(pair: Pair) -> None:
    job = compile_release(release(pair, delivery=ArgoApplication())).values_from_arguments["migrateDatabaseJob"]
    assert job["useHelmHooks"] is False
    assert job["jobAnnotations"] == {
        "argocd.argoproj.io/hook": "Sync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    assert "applyCustomEnv" not in job


def test_the_account_is_made_when_all_is_healthy_and_only_if_there_is_one() -> None:
    admin = AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@lab.example")
    values = delivery_values(release(NEWEST, delivery=ArgoApplication(), admin=admin))
    assert values["createUserJob"]["jobAnnotations"]["argocd.argoproj.io/hook"] == "PostSync"
    assert "createUserJob" not in delivery_values(release(NEWEST, delivery=ArgoApplication()))


@pytest.mark.parametrize("kind", [K3sHelmChart, FluxRelease, ArgoApplication])
def test_accounts_and_logins_of_a_delivery_are_out_of_reach_of_dag_authors(kind: Any) -> None:
    (finding,) = delivery_rules(release(NEWEST, delivery=kind(namespace="airflow-lab")))
    assert (finding.rule, finding.at, finding.seen) == (
        "delivery/shared-namespace",
        "delivery.namespace",
        "'airflow-lab'",
    )
    assert repr(kind().namespace) in finding.fix


@pytest.mark.parametrize(
    ("delivery", "facts", "rules"),
    [
        (K3sHelmChart(take_ownership=True), ClusterFacts(), ["delivery/helm-controller"]),
        (K3sHelmChart(take_ownership=True), ClusterFacts(helm_controller="0.16.17"), []),
        (FluxRelease(failure_policy="retry"), ClusterFacts(), ["delivery/retry"]),
        (FluxRelease(failure_policy="retry"), ClusterFacts(flux="2.7.1"), []),
        (HelmCommand(source=SOURCE), ClusterFacts(), ["delivery/credentials"]),
        (ArgoApplication(source=SOURCE), ClusterFacts(), []),
    ],
)
def test_each_delivery_has_its_own_rules(delivery: Any, facts: ClusterFacts, rules: list[str]) -> None:
    assert [f.rule for f in delivery_rules(release(NEWEST, delivery=delivery, facts=facts))] == rules


def test_the_login_for_the_chart_is_needed_but_no_pod_waits_for_it() -> None:
    settings = release(NEWEST, delivery=K3sHelmChart(namespace="helm", source=SOURCE))
    (need,) = delivery_needs(settings)
    assert (need.namespace, need.name) == ("helm", "chart-login")
    assert need in compile_release(settings).needs
    assert "chart-login" not in str(compile_release(settings).values_from_arguments)


def test_the_ca_certificate_of_the_chart_repository_is_in_the_notes() -> None:
    source = ChartSource.https("https://charts.lab", ca=ConfigMapKey("lab-ca", "ca.crt"))
    (note,) = delivery_notes(release(NEWEST, delivery=K3sHelmChart(source=source)))
    assert note.startswith("ConfigMap lab-ca in namespace kube-system")


@pytest.mark.parametrize(
    ("delivery", "facts", "rules"),
    [
        (K3sHelmChart(), ClusterFacts(), []),
        (K3sHelmChart(namespace="airflow-lab"), ClusterFacts(), ["delivery/shared-namespace"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.16.24"), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.16.25"), []),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.17.5"), ["delivery/retry"]),
        (K3sHelmChart(failure_policy="retry"), ClusterFacts(helm_controller="0.18.0"), []),
        (K3sHelmChart(failure_policy="reinstall"), ClusterFacts(), []),
    ],
    ids=["default", "shared", "unknown", "old", "new", "old-of-next", "next", "reinstall"],
)
def test_delivery_and_cluster_fit_together(delivery: K3sHelmChart, facts: ClusterFacts, rules: list[str]) -> None:
    assert [finding.rule for finding in delivery_rules(release(NEWEST, delivery=delivery, facts=facts))] == rules
