"""The arguments and construct paths that a plan names."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

import cdk8s_airflow
from cdk8s_airflow.cli import main
from cdk8s_airflow.plan.arguments import CONSTRUCTS
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.program import run_program
from tests.plan.cases import ARGO, CLUSTER, FLUX, OTHER, edited
from tests.plan.given import only, plan, release, values


def names_of(construct: str) -> set[str]:
    made = getattr(cdk8s_airflow, construct)
    return set(inspect.signature(made.__init__).parameters)


@pytest.mark.parametrize("kind", CONSTRUCTS)
def test_every_argument_of_the_table_exists(kind: str) -> None:
    construct, fields = CONSTRUCTS[kind]
    for text in fields.values():
        for name, inner, own in re.findall(r"(\w+)=(?:(\w+)\((\w+)=\))?", text):
            assert name in names_of(construct) or not inner, text
            if inner:
                assert name in names_of(construct), text
                assert own in names_of(inner), text


@pytest.mark.parametrize(
    ("path", "value", "argument"),
    [
        ("scheduler__replicas", 5, "AirflowChart(scheduler=Scheduler(replicas=))"),
        ("fernetKeySecretName", "other", "AirflowChart(keys=AirflowKeys(fernet=))"),
        (
            "data__metadataSecretName",
            "other",
            "AirflowChart(database=CnpgCluster.connection(bridge=) or database=ExternalDatabase(url=))",
        ),
        ("config__webserver__unknown", "x", "AirflowChart(config=)"),
        ("unknownKey", "x", ""),
    ],
)
def test_argument_of_a_value_is_named(path: str, value: object, argument: str) -> None:
    assert only(plan(release(), release(values(**{path: value})))).argument == argument


def test_argument_of_a_value_is_the_same_by_any_delivery() -> None:
    changed = edited(FLUX, spec__values__scheduler__replicas=5)
    assert only(plan(FLUX, changed)).argument == "AirflowChart(scheduler=Scheduler(replicas=))"
    changed = edited(ARGO, spec__source__helm__valuesObject__scheduler__replicas=5)
    assert only(plan(ARGO, changed)).argument == "AirflowChart(scheduler=Scheduler(replicas=))"


def test_argument_of_an_object_is_named_and_that_of_another_chart_is_not() -> None:
    assert only(plan(CLUSTER, edited(CLUSTER, spec__instances=3))).argument == "CnpgCluster(instances=)"
    assert only(plan(OTHER, edited(OTHER, spec__valuesContent="a: 2\n"))).argument == ""


PROGRAM = """
import helper
from cdk8s import App, Chart
from cdk8s_airflow import Namespace, run

def build():
    app = App()
    Namespace(Chart(app, "00-base"), "airflow", pod_security=helper.LEVEL)
    return app

if __name__ == "__main__":
    run(build)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "helper.py").write_text('LEVEL = "restricted"\n', encoding="utf-8")
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    return tmp_path / "main.py"


def test_program_runs_in_its_folder_and_its_construct_paths_are_known(program: Path) -> None:
    platform = run_program(program).platforms[""]
    assert [manifest.id for manifest in platform.manifests.values()] == ["Namespace//airflow"]
    assert platform.constructs == {"Namespace//airflow": "00-base/airflow"}
    assert not (program.parent / "dist").exists()


def test_findings_of_a_program_are_the_message(program: Path) -> None:
    (program.parent / "helper.py").write_text('LEVEL = "strict"\n', encoding="utf-8")
    with pytest.raises(PlanError, match=r"main\.py failed:\n00-base/airflow: pod_security must be"):
        run_program(program)


def test_construct_is_named_next_to_the_object(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.cli.test_plan import git

    git(program.parent, "init", "-q", "-b", "main")
    (program.parent / "dist").mkdir()
    old = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "airflow"}}
    (program.parent / "dist" / "a.yaml").write_text(json.dumps(old), encoding="utf-8")
    git(program.parent, "add", "-A")
    git(program.parent, "commit", "-qm", "first")
    monkeypatch.chdir(program.parent)
    assert main(["plan"]) == 0
    assert "Namespace airflow (00-base/airflow)  downtime" in capsys.readouterr().out
