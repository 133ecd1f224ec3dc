"""The accounts that a delivery works with: what they may do, and that no pods of tasks are beside them."""

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
    """The account by which helm-controller runs Helm. Source: its chart controller, which binds it to ``cluster-admin``.

    Flux and Argo CD have accounts of their own, which are there before any release is.
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
    """Writes down where a delivery has accounts; returns a finding if a release of the app launches pods there."""
    if isinstance(delivery, HelmCommand):
        return []
    account = f"the account by which release {release!r} is delivered"
    return registry.guard(delivery.namespace, account, at="delivery.namespace")
