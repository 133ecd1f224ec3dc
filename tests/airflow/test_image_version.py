"""The Airflow version of a custom image is stated or read from its tag, and both agree."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import DagImage, Image, PlatformError, TaskPod, TaskPods
from tests.making import make_airflow, new_chart

DIGEST = "sha256:" + "0" * 64


def airflow_version(**arguments: Any) -> str:
    """The Airflow version that the values of a release state."""
    release = make_airflow(new_chart(), **arguments)
    assert release._compiled is not None
    settings = release._compiled.settings
    assert release._compiled.values.get("airflowVersion", settings.dialect.airflow) == settings.dialect.airflow
    return settings.dialect.airflow


def findings(**arguments: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **arguments)
    return [(finding.rule, finding.fix) for finding in caught.value]


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("3.2.2", "3.2.2"),
        ("3.1.8-python3.12", "3.1.8"),
        ("slim-2.11.0", "2.11.0"),
        ("2.11.0_7", "2.11.0"),
    ],
)
@pytest.mark.parametrize("repository", ["apache/airflow", "registry.example.com/data/platform"])
def test_airflow_version_is_read_from_the_tag(repository: str, tag: str, version: str) -> None:
    assert airflow_version(image=Image(repository, tag=tag)) == version
    assert airflow_version(dags=DagImage(repository, tag=tag)) == version


def test_a_version_in_the_tag_that_the_chart_does_not_support_is_rejected() -> None:
    found = findings(image=Image("apache/airflow", tag="2.9.3"))
    assert found == [
        ("versions/pair", "Use airflow_version='2.11.0' with this chart or chart_version='1.18.0' with this Airflow")
    ]
    assert airflow_version(chart_version="1.18.0", image=Image("apache/airflow", tag="2.9.3")) == "2.9.3"


@pytest.mark.parametrize(
    "image",
    [
        Image("registry.example.com/data/airflow", tag="2026.1.0"),
        Image("registry.example.com/data/airflow", tag="3.2"),
        Image("registry.example.com/data/airflow", tag="3.2.2.1"),
        Image("registry.example.com/data/airflow", digest=DIGEST),
        DagImage("registry.example.com/data/airflow", tag="8c1f2e3"),
    ],
    ids=lambda image: image.tag or "digest",
)
def test_an_image_without_a_readable_version_requires_airflow_version(image: Image | DagImage) -> None:
    argument = "image" if isinstance(image, Image) else "dags"
    assert findings(**{argument: image}) == [
        ("images/airflow-version", 'Set airflow_version="3.2.2" if the image contains that version')
    ]
    assert airflow_version(**{argument: image}, airflow_version="3.2.2") == "3.2.2"


@pytest.mark.parametrize(
    "repository", ["apache/airflow", "mirror.example.com/apache/airflow", "r.example.com/my-airflow"]
)
def test_airflow_version_must_agree_with_the_tag(repository: str) -> None:
    (found,) = findings(image=Image(repository, tag="3.1.8"), airflow_version="3.2.2")
    assert found[0] == "images/airflow-version"
    assert airflow_version(image=Image(repository, tag="3.1.8"), airflow_version="3.1.8") == "3.1.8"


def test_images_of_task_pods_must_agree_with_the_release() -> None:
    pods = TaskPods(templates={"old": TaskPod(image=Image("apache/airflow", tag="3.1.8"))})
    (found,) = findings(task_pods=pods)
    assert found[0] == "images/airflow-version"
    assert airflow_version(task_pods=pods, airflow_version="3.1.8") == "3.1.8"
    own = TaskPods(default=TaskPod(image=Image("registry.example.com/data/ml", tag="3.1.8")))
    assert airflow_version(task_pods=own) == "3.2.2"
