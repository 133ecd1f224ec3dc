"""Service accounts in the chart's values, and their names."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.service_account import PARTS, ExistingServiceAccount, ServiceAccount
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL

_COMPONENTS = {
    "scheduler": "scheduler",
    "webserver": "api_server",
    "api-server": "api_server",
    "triggerer": "triggerer",
    "dag-processor": "dag_processor",
    "worker": "workers",
    "migrate-database-job": "migration",
}
"""The chart's name of a component -> the name in arguments."""


def account_values(settings: ReleaseSettings) -> Tree:
    """The settings of service accounts of existing components; empty if the chart's defaults apply.

    A scheduler that starts no pods and looks up no Secrets does not need access to the Kubernetes API.
    """
    silent = not (settings.has_task_pods or settings.runs_tasks_in_scheduler or settings.secrets_backend is not None)
    return join(
        {"scheduler": {"serviceAccount": {"automountServiceAccountToken": False}}} if silent else {},
        *(
            _values(place, getattr(settings.service_accounts, part))
            for part, place in _places(settings).items()
            if place
        ),
    )


def _places(settings: ReleaseSettings) -> dict[str, str | None]:
    """The values key of each account; None for a component that this release lacks."""
    return {
        "scheduler": "scheduler",
        "api_server": settings.dialect.place("ui_server"),
        "triggerer": None if settings.triggerer is None else "triggerer",
        "dag_processor": None if settings.dag_processor is None else "dagProcessor",
        "workers": "workers" if settings.has_task_pods or settings.has_celery_workers else None,
        "migration": "migrateDatabaseJob",
    }


def _values(place: str, given: ServiceAccount | ExistingServiceAccount) -> Tree:
    told: Tree = {}
    if isinstance(given, ExistingServiceAccount):
        told = {"create": False, "name": given.name}
    else:
        if given.name is not None:
            told["name"] = given.name
        if given.annotations:
            told["annotations"] = dict(given.annotations)
    return {place: {"serviceAccount": told}} if told else {}


def account_name(settings: ReleaseSettings, component: str) -> str:
    """The name of a component's service account. Unlike in other names, the chart always inserts ``airflow``."""
    part = _COMPONENTS.get(component)
    if part is not None and (told := getattr(settings.service_accounts, part).name) is not None:
        return str(told)
    release = settings.release
    prefix = release if "airflow" in release else f"{release}-airflow"
    return f"{prefix[:LONGEST_LABEL].removesuffix('-')}-{component}"


def account_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for accounts of components that this release does not have."""
    for part in PARTS:
        given = getattr(settings.service_accounts, part)
        if given != ServiceAccount() and _places(settings)[part] is None:
            yield Finding(
                rule="accounts/component",
                at=f"service_accounts.{part}",
                problem="belongs to a component that this release does not have",
                seen=show(given),
                fix="Remove it",
            )


SERVICE_ACCOUNTS = Concept(values=account_values, rules=account_rules)
"""The service accounts of components."""
