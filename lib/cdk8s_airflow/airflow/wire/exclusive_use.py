"""What only one release may use: host names and the folder of its logs."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.exposure import HttpRoute, Ingress
from cdk8s_airflow.airflow.logs import ObjectStoreLogs, S3Logs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.app.exclusive_use import ExclusiveUse


def release_uses(settings: ReleaseSettings) -> Iterator[ExclusiveUse]:
    """The hosts at which a release serves its UI, and the folder to which it writes task logs."""
    by = f"release {settings.release}"
    for host in _hosts(settings):
        yield ExclusiveUse("host", host, by)
    logs = settings.logs
    if isinstance(logs, ObjectStoreLogs):
        endpoint = logs.endpoint if isinstance(logs, S3Logs) else None
        yield ExclusiveUse("logs", logs.folder if endpoint is None else f"{logs.folder} at {endpoint}", by)


def _hosts(settings: ReleaseSettings) -> Iterator[str]:
    ui = settings.ui
    if isinstance(ui, Ingress):
        yield from (f"{host.name}{ui.path}" for host in ui.hosts)
    elif isinstance(ui, HttpRoute):
        yield from (f"{host}/" for host in (ui.host, *ui.more_hosts))
