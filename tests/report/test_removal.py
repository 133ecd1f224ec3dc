"""The commands that delete everything, in the summary and in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

import main
from cdk8s_airflow import (
    ArgoApplication,
    CnpgPooler,
    FluxRelease,
    HelmCommand,
    K3sHelmChart,
    Namespace,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.report.removal import removal_commands, removal_text
from tests.making import make_airflow, make_cluster, new_chart

DIST = Path("dist")
ARGO_CD = (
    'kubectl -n argocd patch application airflow --type json -p \'[{"op":"test","path":"/status/operationState/phase",'
    '"value":"Running"},{"op":"replace","path":"/status/operationState/phase","value":"Terminating"},'
    '{"op":"remove","path":"/spec/syncPolicy/automated"}]\' 2>/dev/null && '
    "kubectl -n argocd wait application airflow --for=jsonpath='{.status.operationState.phase}'=Failed --timeout=2m; "
    "kubectl -n argocd delete application airflow"
)
LAST = "kubectl delete --ignore-not-found -f dist/"


def test_removal_starts_with_the_release_and_waits_for_the_pods_of_the_database() -> None:
    assert removal_text(registry_of(main.build()), DIST) == (
        "To delete everything, including all data, run these commands in this order:\n"
        "  kubectl -n kube-system delete helmchart airflow\n"
        "  kubectl -n airflow-data delete cluster.postgresql.cnpg.io airflow-pg\n"
        "  kubectl -n airflow-data wait --for=delete pod -l cnpg.io/cluster=airflow-pg,cnpg.io/podRole=instance --timeout=5m\n"
        "  kubectl delete --ignore-not-found -f dist/"
    )


def test_removal_needs_no_order_where_there_is_no_release_and_no_cluster() -> None:
    chart = new_chart()
    Namespace(chart, "airflow")
    assert removal_text(registry_of(chart), DIST) == ""


def test_removal_waits_for_each_cluster() -> None:
    chart = new_chart()
    for name in ("second", "first"):
        make_cluster(chart, name, name=name, namespace=Namespace.existing("data"))
    assert removal_commands(registry_of(chart), DIST) == [
        "kubectl -n data delete cluster.postgresql.cnpg.io first",
        "kubectl -n data wait --for=delete pod -l cnpg.io/cluster=first,cnpg.io/podRole=instance --timeout=5m",
        "kubectl -n data delete cluster.postgresql.cnpg.io second",
        "kubectl -n data wait --for=delete pod -l cnpg.io/cluster=second,cnpg.io/podRole=instance --timeout=5m",
        LAST,
    ]


def test_removal_deletes_poolers_before_their_cluster_and_does_not_wait_for_their_pods() -> None:
    """A primary waits for the sessions of its clients. The pods of a pooler have the label of the Cluster too."""
    chart = new_chart()
    cluster = make_cluster(chart, "db", name="pg", namespace=Namespace.existing("data"))
    CnpgPooler(chart, "pooler", cluster=cluster)
    assert removal_commands(registry_of(chart), DIST) == [
        "kubectl -n data delete pooler.postgresql.cnpg.io pg-pooler",
        "kubectl -n data delete cluster.postgresql.cnpg.io pg",
        "kubectl -n data wait --for=delete pod -l cnpg.io/cluster=pg,cnpg.io/podRole=instance --timeout=5m",
        LAST,
    ]


@pytest.mark.parametrize(
    ("delivery", "commands"),
    [
        (K3sHelmChart(), ["kubectl -n kube-system delete helmchart airflow"]),
        (FluxRelease(), ["kubectl -n flux-system delete helmrelease airflow"]),
        (ArgoApplication(), [ARGO_CD]),
        (ArgoApplication(on_delete="delete"), [ARGO_CD]),
        (HelmCommand(), ["helm uninstall airflow --namespace airflow --wait"]),
    ],
    ids=["k3s", "flux", "argo-keep", "argo-delete", "helm"],
)
def test_removal_uninstalls_the_release_as_its_delivery_does(delivery: Delivery, commands: list[str]) -> None:
    chart = new_chart()
    make_airflow(chart, delivery=delivery)
    manifests = [] if isinstance(delivery, HelmCommand) else [LAST]
    assert removal_commands(registry_of(chart), DIST) == [*commands, *manifests]
