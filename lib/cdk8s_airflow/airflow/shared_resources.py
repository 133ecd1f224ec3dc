"""What only one release of an app can have: a queue of a broker, and an address of the UI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cdk8s_airflow.airflow.executors import celery_of
from cdk8s_airflow.airflow.exposure import HttpRoute, Ingress
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.validation import Finding


@dataclass
class ReleaseResources:
    """The resources of all releases of an app.

    Attributes:
        owners: resource -> the release that has it.
    """

    owners: dict[tuple[str, ...], str] = field(default_factory=dict)

    def claim(self, settings: ReleaseSettings) -> Iterator[Finding]:
        """Registers the resources of a release; yields a finding for each that another release has."""
        for resource in (*_queues(settings), *_addresses(settings)):
            other = self.owners.setdefault(resource, settings.release)
            if other != settings.release:
                yield _finding(resource, other)


def _queues(settings: ReleaseSettings) -> Iterator[tuple[str, ...]]:
    """Each queue of the broker, by the Secret with the broker's URL."""
    celery = celery_of(settings.executor)
    if celery is not None:
        for workers in (celery.workers, *celery.sets):
            for queue in workers.queues:
                yield "queue", settings.namespace, celery.broker.url.name, queue


def _addresses(settings: ReleaseSettings) -> Iterator[tuple[str, ...]]:
    """Each host and path of the UI, by the controller that serves it."""
    ui = settings.ui
    if isinstance(ui, Ingress):
        for host in (ui.host, *(each.name for each in ui.more_hosts)):
            yield "address", f"Ingress {ui.class_name}", host, ui.path
    elif isinstance(ui, HttpRoute):
        for host in (ui.host, *ui.more_hosts):
            yield "address", f"HTTPRoute {ui.gateway.namespace}/{ui.gateway.name}", host, "/"


def _finding(resource: tuple[str, ...], other: str) -> Finding:
    if resource[0] == "queue":
        _, _, secret, queue = resource
        return Finding(
            rule="executors/shared-queue",
            at="executor",
            problem=f"must not use queue {queue!r} of the broker in Secret {secret!r}: release {other!r} uses it, and the workers "
            "of each release would take tasks of the other",
            fix='Use a broker of its own, or other queues, such as CeleryWorkers(queues=("other",)) with '
            'config={"operators": {"default_queue": "other"}}',
        )
    _, _, host, path = resource
    return Finding(
        rule="exposure/shared-address",
        at="ui",
        problem=f"must not use host {host!r} with path {path!r}: release {other!r} uses it",
        fix="Use another host",
    )
