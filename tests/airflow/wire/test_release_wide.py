"""Labels of all objects of a release."""

from __future__ import annotations

from cdk8s_airflow.airflow.wire.release_wide import RELEASE_WIDE, labelled
from tests.airflow.wire.samples import PAIRS, release, values_of

TEAM = {"team": "data"}


def test_labels_of_the_release_are_values_of_the_chart() -> None:
    assert values_of(RELEASE_WIDE, release(PAIRS[-1], labels=TEAM)) == {"labels": TEAM}
    assert values_of(RELEASE_WIDE, release(PAIRS[-1])) == {}


def test_objects_of_this_library_have_the_labels_and_keep_their_own() -> None:
    objects = {"a": {"metadata": {"name": "a"}}, "b": {"metadata": {"name": "b", "labels": {"team": "web"}}}}
    labels = {id: each["metadata"]["labels"] for id, each in labelled(objects, release(PAIRS[-1], labels=TEAM)).items()}
    assert labels == {"a": TEAM, "b": {"team": "web"}}
    assert labelled(objects, release(PAIRS[-1])) == objects


def test_labels_of_the_chart_are_refused() -> None:
    (finding,) = RELEASE_WIDE.rules(release(PAIRS[-1], labels={"component": "mine"}))
    assert finding.at.startswith("labels")
