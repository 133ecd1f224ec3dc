"""The programs in examples/ build what they did when they were reviewed, and the judges accept it."""

from __future__ import annotations

import functools
import runpy
from pathlib import Path

import pytest

from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.plan import compare
from cdk8s_airflow.plan.program import run_program
from tests.examples_built import NEEDS, PATHS, example
from tests.truth import assert_accepted
from tests.truth.goldens import check_golden, keep_golden
from tests.truth.manifests import load

GOLDENS = Path(__file__).parent / "goldens" / "examples"
NAMES = list(PATHS)
every = pytest.mark.parametrize("name", NAMES)


@functools.cache
def built(name: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The manifests of each app of an example by the name of its golden, and the files next to them."""
    found, platform = example(name)
    apps = (
        {name: found["build"]()}
        if platform is None
        else {f"{name}/{environment}": platform.build(environment) for environment in platform.names}
    )
    return {golden: (str(app.synth_yaml()), dict(registry_of(app).files)) for golden, app in apps.items()}


@every
def test_an_example_builds_what_it_did_when_it_was_reviewed(name: str) -> None:
    if name in NEEDS:
        for path in (GOLDENS / f"{name}.k8s.yaml", *(GOLDENS / name).rglob("*.*")):
            keep_golden(path)
    for golden, (manifests, files) in built(name).items():
        check_golden(manifests, GOLDENS / f"{golden}.k8s.yaml")
        for path, text in files.items():
            check_golden(text, GOLDENS / golden / path)


@every
def test_the_judges_accept_what_an_example_builds(name: str) -> None:
    for manifests, _ in built(name).values():
        assert_accepted(load(manifests))


def test_environments_of_the_example_do_not_collide_and_differ_only_as_declared() -> None:
    program = PATHS["environments"]
    platform = runpy.run_path(str(program))["PLATFORM"]
    output = run_program(program, between=("staging", "prod"))
    assert output.comparable is not None
    assert compare(output.platforms["staging"], output.comparable).changes == ()
    assert set(run_program(program).platforms) == set(platform.names)


def test_there_is_an_example_for_each_shape() -> None:
    assert NAMES == [
        "autoscaled",
        "bounded_namespaces",
        "bridged_database",
        "celery_with_keda",
        "dashboards",
        "data_lake",
        "default_deny",
        "eks",
        "environments",
        "external_secrets",
        "five_steps",
        "gke",
        "highly_available_database",
        "homelab",
        "lab",
        "lab_on_kind",
        "lab_without_operator",
        "large",
        "monitored",
        "one_object",
        "production",
        "production_aws",
        "production_aws_celery",
        "sealed_secrets",
        "self_made_secrets",
        "teaching",
        "teaching_lab",
    ]
