"""What the service accounts of a release may do: what each chart gives them, and what our own objects add.

The Roles are the chart's, and come from its templates; here they stand as data, so that a report can list them without Helm.
The tests hold this against what real Helm renders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.airflow.dialect import within
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.delivery.wire.permissions import delivery_permissions
from cdk8s_airflow.model.permission import Permission, merged, permissions_in
from cdk8s_airflow.validation.frozen import frozen


@frozen(kw_only=False)
class Rule:
    """One rule of a role of the chart.

    Attributes:
        group: the API group.
        resource: the resource.
        verbs: what may be done with it, parted by blanks.
        charts: versions of the chart that have it; empty for all.
    """

    group: str
    resource: str
    verbs: str
    charts: str = ""


@frozen(kw_only=False)
class Grant:
    """One account to which the chart gives a role.

    Attributes:
        role: the role.
        component: whose account it is, as the chart names it.
        switches: keys of values that have to be on.
        executors: parts of an executor's name one of which has to be in it; empty for any executor.
        charts: versions of the chart that give it; empty for all.
        airflow: versions of Airflow, likewise.
    """

    role: str
    component: str
    switches: tuple[str, ...]
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
"""Who gets which role. Source: ``templates/rbac`` of each chart."""

SWITCHES: Mapping[str, bool] = {
    "allowJobLaunching": False,
    "allowPodLaunching": True,
    "apiServer.allowPodLogReading": True,
    "cleanup.enabled": False,
    "multiNamespaceMode": False,
    "rbac.create": True,
    "triggerer.enabled": True,
    "webserver.allowPodLogReading": True,
}
"""Key of values -> what it is in all charts when nobody says anything."""

_VALUES_OF = {"api-server": "apiServer", "worker": "workers"}

OVER_THE_CLUSTER = frozenset({"job-launcher", "pod-launcher", "pod-log-reader"})
"""Roles that ``multiNamespaceMode``, a switch of the chart's own, gives in the whole cluster."""


def release_permissions(
    settings: ReleaseSettings, values: Mapping[str, Any], manifests: Iterable[Mapping[str, Any]] = ()
) -> tuple[Permission, ...]:
    """What every account that a release brings along may do.

    Args:
        settings: the release.
        values: all its values, those that the user laid over ours among them.
        manifests: the objects that come with it beside the chart's.
    """
    return merged(
        [
            *_of_chart(settings, values),
            *permissions_in(manifests),
            *delivery_permissions(settings.delivery, settings.release),
        ]
    )


def _of_chart(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[Permission]:
    if not _is_on(values, "rbac.create"):
        return
    dialect = settings.dialect
    everywhere = _is_on(values, "multiNamespaceMode")
    for grant in GRANTS:
        if (
            within(grant.charts, dialect.chart)
            and within(grant.airflow, dialect.airflow)
            and all(_is_on(values, switch) for switch in grant.switches)
            and (not grant.executors or any(part in settings.executor.name for part in grant.executors))
        ):
            for rule in ROLES[grant.role]:
                if within(rule.charts, dialect.chart):
                    yield Permission(
                        account=_account(settings, values, grant.component),
                        account_namespace=settings.namespace,
                        namespace=None if everywhere and grant.role in OVER_THE_CLUSTER else settings.namespace,
                        group=rule.group,
                        resource=rule.resource,
                        verbs=tuple(rule.verbs.split()),
                    )


def _account(settings: ReleaseSettings, values: Mapping[str, Any], component: str) -> str:
    """The account of a component; ``values=`` has the last word on its name."""
    told = (values.get(_VALUES_OF.get(component, component)) or {}).get("serviceAccount") or {}
    return str(told.get("name") or account_name(settings, component))


def _is_on(values: Mapping[str, Any], switch: str) -> bool:
    told: Any = values
    for part in switch.split("."):
        if not isinstance(told, Mapping) or part not in told:
            return SWITCHES[switch]
        told = told[part]
    return bool(told)
