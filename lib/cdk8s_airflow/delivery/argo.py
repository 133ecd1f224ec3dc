"""Delivery with Argo CD: an Application that renders the chart and applies its objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, Label, Must, ObjectName, at_least
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_host


def _is_server(text: str) -> bool:
    host, _, port = text.removeprefix("https://").rstrip("/").partition(":")
    return text.startswith("https://") and (is_host(host) or _is_address(host)) and (not port or port.isdigit())


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)


_Server = Annotated[
    str,
    Must(
        _is_server,
        "must be the address of a Kubernetes API server",
        'Use the address under which Argo CD manages the cluster, such as "https://kubernetes.default.svc"',
        "delivery/server",
    ),
]


@frozen
class AutomatedSync:
    """The automated sync of an Argo CD Application (``spec.syncPolicy.automated``).

    Attributes:
        prune: whether Argo CD deletes objects that are no longer in the chart, as Helm does. Objects that hold data are
            not in the Application, or have an annotation that excludes them.
        self_heal: whether Argo CD reverts changes that are made directly in the cluster (``selfHeal``).
    """

    how_to_write: ClassVar[str] = "AutomatedSync(prune=True, self_heal=True)"

    prune: bool
    self_heal: bool


@frozen
class ArgoApplication:
    """Deliver the release as an Argo CD Application.

    Argo CD runs the chart's post-install hooks only after the pods are healthy, and they become healthy only after the database
    migration. Therefore the migration Job is a hook of the sync itself (``argocd.argoproj.io/hook: Sync``).

    Attributes:
        namespace: the namespace of the Application, not the one where Airflow runs. Default: ``"argocd"``.
        project: the Argo CD project, ``spec.project``. Default: ``"default"``.
        server: the API server of the cluster where Airflow runs, ``spec.destination.server``. Default:
            ``"https://kubernetes.default.svc"``, the cluster where Argo CD runs.
        automated: the automated sync, ``spec.syncPolicy.automated``. None: each sync is started manually. Default:
            prune and self-heal, so that changes are applied automatically as with the other deliveries.
        retries: how often Argo CD retries a failed sync, ``spec.syncPolicy.retry.limit``. The first retry after a failed
            migration fails at once, because Argo CD 3.2 takes the failed Job for the new one. Default: 5.
        on_delete: what happens to Airflow when the Application is deleted: ``"keep"`` leaves it running, ``"delete"``
            deletes everything that the chart created. Default: ``"keep"``.
        timeout: how long the migration waits for Secrets and the database, at least ``"10m"``. Default: ``"30m"``.
        source: the chart repository or OCI registry. Default: the repository of the Airflow project.
    """

    how_to_write: ClassVar[str] = "ArgoApplication()"

    namespace: Label = "argocd"
    project: ObjectName = "default"
    server: _Server = "https://kubernetes.default.svc"
    automated: AutomatedSync | None = AutomatedSync(prune=True, self_heal=True)
    retries: Annotated[int, at_least(0)] = 5
    on_delete: Literal["keep", "delete"] = "keep"
    timeout: Duration = "30m"
    source: ChartSource = ChartSource()

    def _rules(self) -> Iterator[Finding]:
        yield from timeout_rules(self.timeout)
