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


def wait_for_pod_or_skip(kubectl: Kubectl, namespace: str, name: str) -> None:
    """Wait until a pod with the label ``app=NAME`` is ready; skip the test if the cluster cannot pull its image.

    Raises:
        KubectlError: if the pod is not ready within two minutes although its image is there.
    """
    try:
        kubectl.run("-n", namespace, "wait", f"pod/{name}", "--for=condition=Ready", "--timeout=120s", timeout=130)
    except KubectlError:
        missing = images_that_cannot_be_pulled(kubectl, namespace, f"app={name}")
        if missing:
            pytest.skip(f"the cluster cannot pull {', '.join(sorted(missing))}")
        raise


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


def skip_without_definition(kubectl: Kubectl, definition: str, name: str) -> None:
    """Skip the test if the cluster does not have a custom resource definition.

    Args:
        kubectl: the cluster.
        definition: its full name.
        name: what it belongs to, for the reason.
    """
    if not kubectl.exists("crd", definition):
        pytest.skip(f"the cluster does not have {name}: there is no definition {definition}")


def skip_without_controller(platform: Platform, namespace: str, what: str, status: str = "conditions") -> None:
    """Skip the test if no controller writes the status of an object within 60 seconds.

    Args:
        platform: the platform with the object.
        namespace: its namespace.
        what: its kind and name.
        status: the field of the status.
    """
    try:
        platform.kubectl.run(
            "-n", namespace, "wait", what, f"--for=jsonpath={{.status.{status}}}", "--timeout=60s", timeout=90
        )
    except KubectlError:
        pytest.skip(f"no controller has written the status of {what} within 60 seconds")


def skip_without_backup_plugin(kubectl: Kubectl) -> None:
    """Skip the test if the operator cannot find the plugin barman-cloud: it looks for a Service with this label."""
    skip_without_definition(kubectl, "objectstores.barmancloud.cnpg.io", "the plugin barman-cloud")
    if not kubectl.items("services", "-A", "-l", "cnpg.io/pluginName=barman-cloud.cloudnative-pg.io"):
        pytest.skip("the cluster does not have the plugin barman-cloud: there is no Service of it")
