"""Skips a test for what the cluster does not have."""

from __future__ import annotations

import time

import pytest

from tests.cluster.kit.kubectl import Kubectl, KubectlError
from tests.cluster.kit.platform import Platform

_PULL_ERRORS = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")


def images_that_cannot_be_pulled(kubectl: Kubectl, namespace: str, selector: str) -> set[str]:
    """The images of some pods that a node has tried to pull, and could not."""
    return {
        status["image"]
        for pod in kubectl.items("pods", "-n", namespace, "-l", selector)
        for status in (
            *pod.get("status", {}).get("initContainerStatuses", ()),
            *pod.get("status", {}).get("containerStatuses", ()),
        )
        if status.get("state", {}).get("waiting", {}).get("reason") in _PULL_ERRORS
    }


def wait_for_deployment_or_skip(
    platform: Platform, namespace: str, name: str, selector: str, seconds: int = 300
) -> None:
    """Wait until a Deployment is there and ready; skip the test if the cluster cannot pull an image of its pods.

    Raises:
        KubectlError: if the Deployment is not ready in time although all images are there.
    """
    kubectl = platform.kubectl
    platform.wait(namespace, f"deployment/{name}", "create", seconds)
    end = time.monotonic() + seconds
    with platform.explained():
        while True:
            try:
                kubectl.run("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=10s")
                return
            except KubectlError:
                missing = images_that_cannot_be_pulled(kubectl, namespace, selector)
                if missing:
                    pytest.skip(f"the cluster cannot pull {', '.join(sorted(missing))}")
                if time.monotonic() > end:
                    raise
