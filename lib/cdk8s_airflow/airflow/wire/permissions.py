"""Permissions of the service accounts of a release: those that each chart version grants, and those of additional objects.

The Roles come from the templates of the chart. They are repeated here as data, so that a report can list them without Helm.
Tests compare this data with the output of Helm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings, Switch
from cdk8s_airflow.delivery.wire.permissions import delivery_permissions
from cdk8s_airflow.model.permission import Permission, merged, permissions_in
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within


@frozen(kw_only=False)
class Rule:
    """One rule of a role of the chart.

    Attributes:
        group: the API group.
        resource: the resource.
        verbs: the allowed verbs, separated by spaces.
        charts: versions of the chart that have it; empty for all.
    """

    group: str
    resource: str
    verbs: str
    charts: str = ""


@frozen(kw_only=False)
class Grant:
    """One service account that the chart binds to a role.

    Attributes:
        role: the role.
        component: the component of the account, by the chart's name.
        switches: switches of the chart that must be on.
        executors: parts of executor names, one of which the executor must contain; empty for any executor.
        charts: versions of the chart that have the binding; empty for all.
        airflow: major versions of Airflow that have the binding; empty for all.
    """

    role: str
    component: str
    switches: tuple[Switch, ...]
    executors: tuple[str, ...] = ()
    charts: str = ""
    airflow: str = ""


ROLES: Mapping[str, tuple[Rule, ...]] = {
    "pod-launcher": (
        Rule("", "pods", "create delete get list patch watch"),
        Rule("", "pods/log", "get"),
        Rule("", "pods/exec", "create get"),
        Rule("", "events", "list", charts="<1.20"),
        Rule("", "events", "list watch", charts=">=1.20"),
    ),
    "job-launcher": (
        Rule("batch", "jobs", "create delete get list patch watch"),
        Rule("batch", "jobs/status", "get watch"),
    ),
    "pod-log-reader": (
        Rule("", "pods", "get list watch"),
        Rule("", "pods/log", "get list"),
    ),
    "cleanup": (Rule("", "pods", "delete list"),),
}
"""Role of the chart -> its rules. Source: ``templates/rbac`` of each chart."""

GRANTS: tuple[Grant, ...] = (
    Grant("pod-launcher", "scheduler", ("allowPodLaunching",), ("Local", "Kubernetes")),
    Grant("pod-launcher", "worker", ("allowPodLaunching",), ("Celery", "Kubernetes")),
    Grant("pod-launcher", "triggerer", ("allowPodLaunching", "triggerer.enabled"), charts=">=1.20"),
    Grant("job-launcher", "scheduler", ("allowJobLaunching",), ("Local", "Kubernetes"), charts=">=1.20"),
    Grant("job-launcher", "worker", ("allowJobLaunching",), ("Celery", "Kubernetes"), charts=">=1.20"),
    Grant("pod-log-reader", "webserver", ("webserver.allowPodLogReading",), airflow="<3"),
    Grant("pod-log-reader", "api-server", ("apiServer.allowPodLogReading",), airflow=">=3"),
    Grant("pod-log-reader", "triggerer", ("triggerer.enabled",), charts="<1.20"),
    Grant("cleanup", "cleanup", ("cleanup.enabled",), charts="<1.22"),
    Grant("cleanup", "cleanup", ("cleanup.enabled",), ("Kubernetes",), charts=">=1.22"),
)
"""The role bindings. Source: ``templates/rbac`` of each chart."""

OVER_THE_CLUSTER = frozenset({"job-launcher", "pod-launcher", "pod-log-reader"})
"""Roles that become ClusterRoles with ``multiNamespaceMode``, a key of the chart."""


def release_permissions(
    effective: EffectiveSettings, manifests: Iterable[Mapping[str, Any]] = ()
) -> tuple[Permission, ...]:
    """The permissions of every service account that comes with a release.

    Args:
        effective: the release.
        manifests: the objects of the release that the chart does not create.
    """
    settings = effective.settings
    return merged(
        [
            *_of_chart(effective),
            *permissions_in(manifests),
            *delivery_permissions(settings.delivery, settings.release),
        ]
    )


def _of_chart(effective: EffectiveSettings) -> Iterator[Permission]:
    if not effective.is_on("rbac.create"):
        return
    settings = effective.settings
    dialect = settings.dialect
    everywhere = effective.is_on("multiNamespaceMode")
    for grant in GRANTS:
        if (
            within(grant.charts, dialect.chart)
            and within(grant.airflow, dialect.airflow)
            and all(map(effective.is_on, grant.switches))
            and (not grant.executors or any(part in settings.executor.name for part in grant.executors))
        ):
            for rule in ROLES[grant.role]:
                if within(rule.charts, dialect.chart):
                    yield Permission(
                        account=effective.account(grant.component),
                        account_namespace=settings.namespace,
                        namespace=None if everywhere and grant.role in OVER_THE_CLUSTER else settings.namespace,
                        group=rule.group,
                        resource=rule.resource,
                        verbs=tuple(rule.verbs.split()),
                    )
