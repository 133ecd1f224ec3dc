"""A test is skipped for an image only if a node could not pull it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.cluster.kit import Kubectl
from tests.cluster.kit.lacking import images_that_cannot_be_pulled


class FakeKubectl:
    """Has one pod with one container."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def items(self, *_: str) -> list[dict[str, Any]]:
        """The pod."""
        return [{"status": {"containerStatuses": [{"image": "example.com/one:1", "state": self._state}]}}]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"waiting": {"reason": "ImagePullBackOff"}}, {"example.com/one:1"}),
        ({"waiting": {"reason": "ErrImagePull"}}, {"example.com/one:1"}),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, set()),
        ({"waiting": {"reason": "ContainerCreating"}}, set()),
        ({"running": {}}, set()),
        ({"terminated": {"exitCode": 1, "reason": "Error"}}, set()),
    ],
)
def test_image_is_missing_if_a_node_could_not_pull_it(state: dict[str, Any], found: set[str]) -> None:
    kubectl = cast("Kubectl", FakeKubectl(state))
    assert images_that_cannot_be_pulled(kubectl, "airflow", "component=pgbouncer") == found
