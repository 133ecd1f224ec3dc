"""Delivery by k3s's helm-controller: a HelmChart object that it installs and upgrades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow._regex import regex
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration, Label, Must, at_least
from cdk8s_airflow.validation.frozen import frozen

FailurePolicy = Literal["abort", "retry", "reinstall"]
"""What helm-controller does after a failed install or upgrade."""

_IMAGE = regex(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d+)?(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})"
)

_PinnedImage = Annotated[
    str,
    Must(
        lambda text: _IMAGE.fullmatch(text) is not None,
        "is not an image with its tag or digest",
        'write it like "registry.example.com/rancher/klipper-helm:v0.13.3-build20260727"',
        "delivery/job-image",
    ),
]


@frozen
class K3sHelmChart:
    """The release as a ``helm.cattle.io/v1`` HelmChart, for k3s and clusters with its helm-controller.

    Attributes:
        namespace: where the HelmChart lives, not where Airflow runs. Default: ``"kube-system"``. The controller makes a
            service account there that may do anything in the cluster; in a namespace where Airflow may start pods, any DAG
            author could borrow it.
        timeout: how long Helm waits for each hook, the database migration among them. Default: ``"30m"``, enough for a
            database that is still being made. At least ``"10m"``.
        failure_policy: ``"abort"`` leaves a failed release as it is until somebody mends it; ``"retry"`` upgrades it again
            (helm-controller 0.16.25 or 0.17.6 and newer); ``"reinstall"`` uninstalls it first, and with it everything the
            chart made. Default: retry where ``ClusterFacts.helm_controller`` allows it, else abort. Never reinstall, which
            is what helm-controller does when nobody says anything.
        source: where the chart comes from. Default: the repository of the Airflow project.
        force_conflicts: whether Helm takes over fields that another program has set with server-side apply, instead of
            failing (helm-controller 0.16.25 or 0.17.6 and newer). Default: False.
        take_ownership: whether Helm takes over objects of the release's names that it did not make, instead of failing
            (helm-controller 0.16.14 and newer). Default: False.
        backoff_limit: how often the Job that runs Helm is started again after it has failed. Default: the controller's
            own, 1000.
        job_image: the image of that Job, with tag or digest. Default: the one that comes with the controller; a cluster
            without internet needs its own. Pinned here, it no longer changes with k3s, security fixes included.
        values: ``"text"`` writes the values as text, which every helm-controller reads; ``"structured"`` writes them as
            part of the object (helm-controller 0.16.20 or 0.17.0 and newer; an older one loses them in silence), and then
            they can hold no None. Default: ``"text"``.
    """

    how_to_write: ClassVar[str] = 'K3sHelmChart(timeout="30m")'

    namespace: Label = "kube-system"
    timeout: Duration = "30m"
    failure_policy: FailurePolicy | None = None
    source: ChartSource = ChartSource()
    force_conflicts: bool = False
    take_ownership: bool = False
    backoff_limit: Annotated[int, at_least(0)] | None = None
    job_image: _PinnedImage | None = None
    values: Literal["text", "structured"] = "text"

    def _rules(self) -> Iterator[Finding]:
        yield from timeout_rules(self.timeout)
