"""Which cluster the tests may use. Nothing is read from ``~/.kube/config`` or ``KUBECONFIG``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

KUBECONFIG_VARIABLE = "CDK8S_AIRFLOW_KUBECONFIG"
CONTEXT_VARIABLE = "CDK8S_AIRFLOW_CONTEXT"
IMAGES_VARIABLE = "CDK8S_AIRFLOW_CLUSTER_IMAGES"
STORAGE_VARIABLE = "CDK8S_AIRFLOW_CLUSTER_STORAGE"
GIT_ACCOUNT_VARIABLE = "CDK8S_AIRFLOW_GIT_ACCOUNT"

MISSING = (
    f"set {KUBECONFIG_VARIABLE} to the kubeconfig of a cluster for tests to run this test (tests/cluster/README.md)"
)
"""The reason shown for a skipped test."""


@dataclass(frozen=True)
class ClusterSettings:
    """One context of one kubeconfig, and what is special about its cluster.

    Attributes:
        kubeconfig: the file.
        context: the only context that is used.
        images: image in a manifest -> image that the cluster has instead.
        storage: the storage class instead of those that the cluster does not have; empty for none.
        git_user: user for the git repositories of the examples.
        git_token: token for them.
    """

    kubeconfig: Path
    context: str
    images: Mapping[str, str] = field(default_factory=dict)
    storage: str = ""
    git_user: str = "git"
    git_token: str = "none"


def cluster_settings() -> ClusterSettings | None:
    """The cluster that the environment names; None if it names none.

    Raises:
        ValueError: if the environment names one that cannot be used, which must not pass for a skipped test.
    """
    name = os.environ.get(KUBECONFIG_VARIABLE, "")
    if not name:
        return None
    kubeconfig = Path(name)
    if not kubeconfig.is_file():
        raise ValueError(f"{KUBECONFIG_VARIABLE} must be a file, got {name!r}")
    if shutil.which("kubectl") is None:
        raise ValueError("kubectl must be on the PATH")
    user, _, token = os.environ.get(GIT_ACCOUNT_VARIABLE, "git:none").partition(":")
    return ClusterSettings(
        kubeconfig=kubeconfig,
        context=_context(kubeconfig),
        images=_images(os.environ.get(IMAGES_VARIABLE, "")),
        storage=os.environ.get(STORAGE_VARIABLE, ""),
        git_user=user,
        git_token=token,
    )


def _context(kubeconfig: Path) -> str:
    names = [each["name"] for each in yaml.safe_load(kubeconfig.read_text(encoding="utf-8")).get("contexts") or ()]
    wanted = os.environ.get(CONTEXT_VARIABLE, "")
    if wanted and wanted not in names:
        raise ValueError(
            f"{CONTEXT_VARIABLE} must be a context of {kubeconfig}, one of: {', '.join(names)}; got {wanted!r}"
        )
    if not wanted and len(names) != 1:
        raise ValueError(f"{CONTEXT_VARIABLE} must name one of the contexts of {kubeconfig}: {', '.join(names)}")
    return wanted or str(names[0])


def _images(text: str) -> dict[str, str]:
    pairs = [pair.split("=", 1) for pair in text.split() if pair]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"{IMAGES_VARIABLE} must be pairs WANTED=AVAILABLE with spaces between them, got {text!r}")
    return dict(pairs)
