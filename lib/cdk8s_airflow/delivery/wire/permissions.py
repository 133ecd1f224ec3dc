"""The service accounts of a delivery: their permissions, and a check that no task pods run in their namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.validation import Finding

if TYPE_CHECKING:
    from cdk8s_airflow.app.registry import Registry
    from cdk8s_airflow.model.permission import Permission


def delivery_permissions(delivery: Delivery, release: str) -> tuple[Permission, ...]:
    """The permissions of the account that the helm-controller runs Helm with: it binds the account to
    ``cluster-admin``.

    Source: its chart controller. The accounts of Flux and Argo CD exist before the release and are not listed.
    """
    from cdk8s_airflow.model.permission import Permission

    if not isinstance(delivery, K3sHelmChart):
        return ()
    account = Permission(
        account=f"helm-{release}",
        account_namespace=delivery.namespace,
        namespace=None,
        group="*",
        resource="*",
        verbs=("*",),
    )
    return (account,)


def guard_delivery(registry: Registry, delivery: Delivery, release: str) -> list[Finding]:
    """Register the namespace of the delivery account. Returns a finding if a release of the app starts pods there."""
    if isinstance(delivery, HelmCommand):
        return []
    account = f"the account that delivers release {release!r}"
    return registry.guard(delivery.namespace, account, at="delivery.namespace")
