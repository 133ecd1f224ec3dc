"""One release for the tests of every delivery."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.wire import Delivered, Release, deliver
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.schemas import check_manifest
from tests.truth import assert_accepted

TEXT = 'a: 1\nb: "{{ x }}"\nc: null\n'
LAB = Release(
    name="lab",
    namespace="airflow-lab",
    chart_version="1.22.0",
    text=TEXT,
    values={"a": 1, "b": "{{ x }}", "c": None},
)


def delivered(delivery: Delivery, facts: ClusterFacts | None = None) -> Delivered:
    """The objects and files of the release, checked by both validators."""
    result = deliver(delivery, LAB, facts or ClusterFacts())
    assert [finding for manifest in result.objects.values() for finding in check_manifest(manifest)] == []
    assert_accepted(list(result.objects.values()))
    return result


def spec(delivery: Delivery, facts: ClusterFacts | None = None) -> dict[str, Any]:
    """The spec of the object of the release."""
    return dict(delivered(delivery, facts).objects["release"]["spec"])
