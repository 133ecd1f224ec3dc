"""What service accounts may do with the API of Kubernetes, as data: the report and the tests read the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from cdk8s_airflow.validation.frozen import frozen


@frozen
class Permission:
    """What one account may do with one kind of resource.

    Attributes:
        account: the name of the service account.
        account_namespace: where the account is, and with it the pods that may run as it.
        namespace: where it may do this. None means in the whole cluster.
        group: the API group of the resource; empty for Kubernetes' core, ``"*"`` for all.
        resource: the resource, like ``"pods/log"``; ``"*"`` for all.
        verbs: what it may do, in the order of the alphabet; ``"*"`` for all.
        names: the only objects it may do this with. Default: any.
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
        """Whether it may do anything with anything in the whole cluster."""
        return self.namespace is None and (self.group, self.resource, self.verbs) == ("*", "*", ("*",))


def merged(permissions: Iterable[Permission]) -> tuple[Permission, ...]:
    """Rights in a fixed order, each account's verbs on one kind of resource together."""
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
    """What the Roles and bindings among manifests give to service accounts.

    Args:
        manifests: the manifests; those of other kinds are passed over. A binding to a role that is not among them gives
            nothing that could be told from here.
        namespace: where those are that do not say.
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
    told = rules.get((role["kind"], where if role["kind"] == "Role" else None, role["name"]), ())
    for subject in binding.get("subjects") or ():
        if subject["kind"] != "ServiceAccount":
            continue
        for rule in told:
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
