"""The programs in examples/ build what they did when they were reviewed, and the judges accept it."""

from __future__ import annotations

import functools
import runpy
from pathlib import Path

import pytest

from cdk8s_airflow.app.registry import registry_of
from tests.truth import assert_accepted
from tests.truth.goldens import check_golden
from tests.truth.manifests import load

EXAMPLES = Path(__file__).parents[1] / "examples"
GOLDENS = Path(__file__).parent / "goldens" / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
every = pytest.mark.parametrize("name", NAMES)


@functools.cache
def built(name: str) -> tuple[str, dict[str, str]]:
    """The manifests of an example, and the files beside them."""
    app = runpy.run_path(str(EXAMPLES / f"{name}.py"))["build"]()
    return str(app.synth_yaml()), dict(registry_of(app).files)


@every
def test_an_example_builds_what_it_did_when_it_was_reviewed(name: str) -> None:
    manifests, files = built(name)
    check_golden(manifests, GOLDENS / f"{name}.k8s.yaml")
    for path, text in files.items():
        check_golden(text, GOLDENS / name / path)


@every
def test_the_judges_accept_what_an_example_builds(name: str) -> None:
    assert_accepted(load(built(name)[0]))


def test_there_is_an_example_for_each_shape() -> None:
    assert NAMES == [
        "bounded_namespaces",
        "bridged_database",
        "celery_with_keda",
        "data_lake",
        "dbt_warehouse",
        "default_deny",
        "external_secrets",
        "highly_available_database",
        "lab_on_kind",
        "lab_without_operator",
        "large",
        "managed_database",
        "production",
        "sealed_secrets",
        "self_made_secrets",
    ]
