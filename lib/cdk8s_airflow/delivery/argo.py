"""Delivery by Argo CD: an Application that renders the chart and applies its objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, Label, Must, ObjectName, at_least, is_host
from cdk8s_airflow.validation.frozen import frozen


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
        "is not the address of an API server",
        'write it as Argo CD knows it, like "https://kubernetes.default.svc" or "https://10.0.0.5:6443"',
        "delivery/server",
    ),
]


@frozen
class AutomatedSync:
    """Argo CD applies changes by itself.

    Attributes:
        prune: whether it deletes objects that the chart no longer has, as Helm would. What holds data is no part of the
            Application, or marked so that it stays.
        self_heal: whether it undoes changes that somebody made in the cluster.
    """

    how_to_write: ClassVar[str] = "AutomatedSync(prune=True, self_heal=True)"

    prune: bool
    self_heal: bool


@frozen
class ArgoApplication:
    """The release as an Argo CD Application.

    Argo CD renders the chart instead of letting Helm install it. It would run the migration only after all pods are
    healthy, which they are only after the migration; so here the migration is a hook of the sync itself.

    Attributes:
        namespace: where the Application lives, not where Airflow runs. Default: ``"argocd"``.
        project: the project of Argo CD it belongs to. Default: ``"default"``.
        server: the cluster Airflow runs in, as Argo CD knows it. Default: the one Argo CD itself runs in.
        automated: what Argo CD does by itself; None: nothing, somebody starts each sync. Default: everything, as the other
            deliveries do.
        retries: how often a failed sync is tried again by itself. Default: 5.
        on_delete: what becomes of Airflow when the Application is deleted: ``"keep"`` leaves it running, ``"delete"`` deletes
            everything the chart made. Default: ``"keep"``.
        timeout: how long the migration may wait for Secrets and the database, as a delivery by Helm would let it. Default:
            ``"30m"``. At least ``"10m"``.
        source: where the chart comes from. Default: the repository of the Airflow project.
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
