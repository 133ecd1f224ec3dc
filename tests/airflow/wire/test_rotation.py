"""The annotation by which a rotation restarts all pods."""

from __future__ import annotations

from cdk8s_airflow.airflow.wire.rotation import ROTATION
from tests.airflow.wire.samples import PAIRS, release, values_of


def test_a_rotation_is_an_annotation_on_every_pod() -> None:
    assert values_of(ROTATION, release(PAIRS[-1], rotation="after-monday")) == {
        "airflowPodAnnotations": {"cdk8s-airflow/rotation": "after-monday"}
    }


def test_no_rotation_leaves_nothing() -> None:
    assert values_of(ROTATION, release(PAIRS[-1])) == {}
