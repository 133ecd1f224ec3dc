"""Permissions to start pods with KubernetesPodOperator in other namespaces than that of the release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.validation import Finding, show

POD_OPERATOR: tuple[Mapping[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete", "get", "list", "patch", "watch"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]},
)
"""What KubernetesPodOperator does: it creates, finds, labels and deletes pods, reads their logs and events, and reads XCom by a command
in the sidecar. Source: the calls of the API in the provider 8.3 to 10.18, and the Role that the chart gives in its own namespace."""


def pod_operator_accounts(settings: ReleaseSettings) -> list[str]:
    """The components whose service accounts create pods for tasks: where tasks run, and the triggerer for deferred tasks."""
    return [
        *(["scheduler"] if settings.runs_tasks_in_scheduler else []),
        *(["worker"] if settings.has_task_pods or settings.has_celery_workers else []),
        *(["triggerer"] if settings.triggerer is not None else []),
    ]


def operator_objects(settings: ReleaseSettings) -> Objects:
    """A Role in each namespace, and its binding."""
    made: Objects = {}
    for namespace in settings.operator_namespaces:
        objects = role_objects(settings, namespace, "pod-operator", POD_OPERATOR, pod_operator_accounts(settings))
        made |= {f"pods-in-{namespace}-{name}": manifest for name, manifest in objects.items()}
    return made


def operator_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether each namespace is another one."""
    given = settings.pod_operator_namespaces
    for index, namespace in enumerate(given):
        problem = ""
        if namespace == settings.namespace:
            problem = "must not be the namespace of the release, where tasks can start pods anyway"
        elif namespace in given[:index]:
            problem = "must not contain a namespace twice"
        elif namespace in settings.task_namespaces:
            problem = "must not contain a namespace of task_namespaces=, where tasks can start pods too"
        if problem:
            yield Finding(
                rule="tasks/namespaces",
                at=f"pod_operator_namespaces[{index}]",
                problem=problem,
                seen=show(namespace),
                fix="Remove it",
            )


def role_objects(
    settings: ReleaseSettings,
    namespace: str,
    what: str,
    rules: Iterable[Mapping[str, Any]],
    components: Sequence[str],
) -> Objects:
    """A Role in another namespace for components of the release, and its binding.

    Args:
        settings: the release.
        namespace: the namespace of the Role.
        what: the last part of its name, and the first part of the construct ids.
        rules: the permissions.
        components: the components whose service accounts get them, as the chart names them.
    """
    name, id = f"{settings.release}-{what}", what.removeprefix("task-")
    metadata = {"name": name, "namespace": namespace}
    accounts = [
        {"kind": "ServiceAccount", "name": account_name(settings, component), "namespace": settings.namespace}
        for component in components
    ]
    return {
        id: {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": [dict(rule) for rule in rules],
        },
        f"{id}-binding": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": list({each["name"]: each for each in accounts}.values()),
        },
    }


OPERATOR_NAMESPACES = Concept(objects=operator_objects, rules=operator_rules)
"""The namespaces in which tasks start pods."""
