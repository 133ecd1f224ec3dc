"""Kubernetes API permissions of service accounts, as data for the report and the tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from cdk8s_airflow.validation.frozen import frozen


@frozen
class Permission:
    """The permissions of one service account on one kind of resource.

    Attributes:
        account: the name of the service account.
        account_namespace: the namespace of the service account, and of the pods that may use it.
        namespace: the namespace where the permission applies. None means the whole cluster.
        group: the API group of the resource; ``""`` for the core group, ``"*"`` for all groups.
        resource: the resource, such as ``"pods/log"``; ``"*"`` for all resources.
        verbs: the verbs in alphabetical order; ``"*"`` for all verbs.
        names: the objects that the permission is limited to (``resourceNames``). Default: none; it applies to all
            objects.
    """

    how_to_write: ClassVar[str] = (
        'Permission(account="airflow-scheduler", account_namespace="airflow", namespace="airflow", group="", '
        'resource="pods", verbs=("create", "list"))'
    )

    account: str
    account_namespace: str
    namespace: str | None
    group: str
    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether the permission covers all verbs on all resources of the cluster."""
        return self.namespace is None and (self.group, self.resource, self.verbs) == ("*", "*", ("*",))


def merged(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """The permissions in a fixed order, with the verbs of each account on each resource in one entry."""
    verbs: dict[tuple[str, str, str, str, str, tuple[str, ...]], set[str]] = {}
    for permission in permissions:
        where = "" if permission.namespace is None else permission.namespace
        place = (
            where,
            permission.account_namespace,
            permission.account,
            permission.group,
            permission.resource,
            permission.names,
        )
        verbs.setdefault(place, set()).update(permission.verbs)
    return tuple(
        Permission(
            account=account,
            account_namespace=account_namespace,
            namespace=where or None,
            group=group,
            resource=resource,
            verbs=tuple(sorted(verbs[where, account_namespace, account, group, resource, names])),
            names=names,
        )
        for where, account_namespace, account, group, resource, names in sorted(verbs)
    )


def permissions_in(manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> tuple[Permission, ...]:
    """The permissions that Roles, ClusterRoles and their bindings grant to service accounts.

    Args:
        manifests: the manifests. Other kinds are ignored. A binding to a role that is not among the manifests grants
            nothing here, because the rules of the role are unknown.
        namespace: the namespace of manifests that have no ``metadata.namespace``.
    """
    of_rbac = [each for each in manifests if each["apiVersion"].startswith("rbac.authorization.k8s.io/")]
    rules = {
        (each["kind"], _place(each, namespace), each["metadata"]["name"]): each.get("rules") or ()
        for each in of_rbac
        if each["kind"] in ("Role", "ClusterRole")
    }
    return merged(permission for each in of_rbac if "roleRef" in each for permission in _given(each, rules, namespace))


def _place(manifest: Mapping[str, Any], namespace: str) -> str | None:
    if manifest["kind"].startswith("Cluster"):
        return None
    return str(manifest["metadata"].get("namespace") or namespace)


def _given(
    binding: Mapping[str, Any], rules: Mapping[tuple[str, str | None, str], Any], namespace: str
) -> Iterator[Permission]:
    where = _place(binding, namespace)
    role = binding["roleRef"]
    rule_list = rules.get((role["kind"], where if role["kind"] == "Role" else None, role["name"]), ())
    for subject in binding.get("subjects") or ():
        if subject["kind"] != "ServiceAccount":
            continue
        for rule in rule_list:
            for group in rule.get("apiGroups", ()):
                for resource in rule.get("resources", ()):
                    yield Permission(
                        account=subject["name"],
                        account_namespace=subject.get("namespace") or where or namespace,
                        namespace=where,
                        group=group,
                        resource=resource,
                        verbs=tuple(rule["verbs"]),
                        names=tuple(sorted(rule.get("resourceNames") or ())),
                    )
