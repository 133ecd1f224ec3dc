"""What the delivery adds to a release, and findings if the two conflict."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.wire.argo import sync_hook
from cdk8s_airflow.delivery.wire.flux import flux_rules
from cdk8s_airflow.delivery.wire.k3s import k3s_rules
from cdk8s_airflow.delivery.wire.source import source_needs, source_notes, source_rules
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.validation import Finding

_SHARED = {
    K3sHelmChart: (
        "is a namespace of Airflow or its tasks: the controller's account there may do anything in the cluster, "
        "and any DAG author could start a pod with that account",
        "kube-system",
    ),
    FluxRelease: (
        "is a namespace of Airflow or its tasks: any DAG author could start a pod there with an account or a login of Flux",
        "flux-system",
    ),
    ArgoApplication: (
        "is a namespace of Airflow or its tasks: any DAG author could start a pod there with accounts and logins of Argo CD",
        "argocd",
    ),
}


def delivery_values(settings: ReleaseSettings) -> Tree:
    """Hook settings: the chart's defaults work if Helm runs the hooks; Argo CD has its own hooks."""
    if not isinstance(settings.delivery, ArgoApplication):
        return {}
    account = {"createUserJob": sync_hook("PostSync")} if settings.admin is not None else {}
    return {"migrateDatabaseJob": sync_hook("Sync"), **account}


def delivery_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if DAG authors could use the delivery's accounts and logins, or the controller is too old for a setting."""
    delivery, facts = settings.delivery, settings.facts
    if not isinstance(delivery, HelmCommand) and delivery.namespace in (
        settings.namespace,
        *settings.operator_namespaces,
    ):
        problem, usual = _SHARED[type(delivery)]
        yield Finding(
            rule="delivery/shared-namespace",
            at="delivery.namespace",
            problem=problem,
            seen=repr(delivery.namespace),
            fix=f"use {usual!r}, or another namespace in which Airflow starts no pods",
        )
    if isinstance(delivery, K3sHelmChart):
        yield from k3s_rules(delivery, facts)
    if isinstance(delivery, FluxRelease):
        yield from flux_rules(delivery, facts)
    yield from source_rules(delivery)


def delivery_needs(settings: ReleaseSettings) -> Iterator[SecretNeed]:
    """The Secrets with which the delivery reads the chart."""
    yield from source_needs(settings.delivery)


def delivery_notes(settings: ReleaseSettings) -> Iterator[str]:
    """What else the delivery needs to read the chart."""
    yield from source_notes(settings.delivery)


DELIVERY = Concept(values=delivery_values, rules=delivery_rules, needs=delivery_needs, notes=delivery_notes)
"""How the release reaches the cluster."""
