"""Delivery with the helm-controller of k3s: a HelmChart object that the controller installs and upgrades."""

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
"""What the helm-controller does after a failed install or upgrade."""

_IMAGE = regex(
    r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d+)?(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})"
)

_PinnedImage = Annotated[
    str,
    Must(
        lambda text: _IMAGE.fullmatch(text) is not None,
        "must be an image with a tag or digest",
        'Use a reference such as "registry.example.com/rancher/klipper-helm:v0.13.3-build20260727"',
        "delivery/job-image",
    ),
]


@frozen
class K3sHelmChart:
    """Deliver the release as a ``helm.cattle.io/v1`` HelmChart, for k3s and clusters with its helm-controller.

    Attributes:
        namespace: the namespace of the HelmChart, not the one where Airflow runs. Default: ``"kube-system"``. The
            controller creates a service account with cluster-admin permissions there. In a namespace where Airflow
            starts pods, every DAG author could use that account.
        timeout: how long Helm waits for each hook, such as the database migration, at least ``"10m"``.
            ``spec.timeout``. Default: ``"30m"``, which is enough for a database that is created at the same time.
        failure_policy: ``"abort"`` leaves a failed release failed until you fix it. ``"retry"`` upgrades it again
            (helm-controller 0.16.25 or 0.17.6 and newer). ``"reinstall"`` uninstalls it first and so deletes everything
            that the chart created. ``spec.failurePolicy``. Default: None; ``"retry"`` if
            ``ClusterFacts.helm_controller`` supports it, otherwise ``"abort"``. The helm-controller itself defaults to
            ``reinstall``.
        source: the chart repository or OCI registry. Default: the repository of the Airflow project.
        force_conflicts: whether Helm takes over fields that another program has set with server-side apply, instead of
            failing (helm-controller 0.16.25 or 0.17.6 and newer). ``spec.forceConflicts``. Default: False.
        take_ownership: whether Helm takes over existing objects with the names of the release, instead of failing
            (helm-controller 0.16.14 and newer). ``spec.takeOwnership``. Default: False.
        backoff_limit: how often the Job that runs Helm is retried after a failure. ``spec.backOffLimit``. Default:
            None, the default of the controller (1000).
        job_image: the image of that Job, with tag or digest. ``spec.jobImage``. A cluster without internet access needs
            its own. A pinned image is not updated with k3s, security fixes included. Default: None, the image of the
            controller.
        values: ``"text"`` writes the values as a string (``spec.valuesContent``), which every helm-controller reads.
            ``"structured"`` writes them as an object (``spec.values``), which cannot contain None. It requires
            helm-controller 0.16.20 and newer; older ones ignore it. Default: ``"text"``.
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
