"""Exemptions from the secret scan hold for one app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    DagFolder,
    HelmCommand,
    PlatformError,
    Scheduler,
    SecretKey,
    TaskPod,
    TaskPods,
    not_secret,
    synth,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.secret_scan import Exemptions, active
from tests.making import make_airflow, new_chart

WORD = "hunter2-canary"


def app_with(folder: Path, name: str = "dist") -> cdk8s.App:
    return cdk8s.App(outdir=str(folder / name))


def build(folder: Path, name: str = "dist", statement: str = "", **changes: Any) -> Any:
    def function() -> cdk8s.App:
        app = app_with(folder, name)
        if statement:
            not_secret(statement)
        make_airflow(cdk8s.Chart(app, "platform"), **changes)
        return app

    return function


@pytest.mark.parametrize(
    "changes",
    [
        {"env": {"LAKE_PASSWORD": not_secret(WORD)}},
        {"variables": {"lake_password": not_secret(WORD)}},
        {"config": {"lake": {"api_key": not_secret(WORD)}}},
        {"scheduler": Scheduler(env={"LAKE_PASSWORD": not_secret(WORD)})},
        {"task_pods": TaskPods(templates={"big": TaskPod(env={"LAKE_TOKEN": not_secret(WORD)})})},
        {"values": {"scheduler": {"args": ["lake", "--password", not_secret(WORD)]}}},
        {"unchecked_values": {"lake": {"dbPassword": not_secret(WORD)}}},
        {"env": {"LAKE_PASSWORD": not_secret(WORD)}, "delivery": HelmCommand()},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_declared_value_is_accepted_wherever_it_is_passed(changes: dict[str, Any], tmp_path: Path) -> None:
    app = app_with(tmp_path)
    make_airflow(cdk8s.Chart(app, "platform"), **changes)
    synth(app)
    assert any(WORD in path.read_text() for path in (tmp_path / "dist").rglob("*") if path.is_file())
    assert registry_of(app).slot(Exemptions).declared == 1


def test_declaration_does_not_hold_for_another_app(tmp_path: Path) -> None:
    synth(build(tmp_path, "first", env={"LAKE_PASSWORD": not_secret(WORD)}))
    with pytest.raises(PlatformError):
        synth(build(tmp_path, "second", env={"LAKE_PASSWORD": WORD}))
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), env={"LAKE_PASSWORD": WORD})


def test_declaration_in_a_build_function_holds_for_its_app_alone(tmp_path: Path) -> None:
    synth(build(tmp_path, "first", statement=WORD, env={"LAKE_PASSWORD": WORD}))
    with pytest.raises(PlatformError):
        synth(build(tmp_path, "second", env={"LAKE_PASSWORD": WORD}))


def test_declaration_of_a_build_that_fails_is_gone(tmp_path: Path) -> None:
    with pytest.raises(PlatformError):
        synth(build(tmp_path, "first", statement=WORD, env={"LAKE_PASSWORD": WORD}, executor="none"))
    with pytest.raises(PlatformError) as caught:
        synth(build(tmp_path, "second", env={"LAKE_PASSWORD": WORD}))
    assert [finding.rule for finding in caught.value] == ["environment/clear-text"]


def test_declared_value_works_in_every_app_it_is_passed_to(tmp_path: Path) -> None:
    word = not_secret(WORD)
    for name in ("first", "second"):
        synth(build(tmp_path, name, env={"LAKE_PASSWORD": word}))


def test_scope_declares_what_is_not_an_argument(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "lake.py").write_text(f'import os\npassword = "{WORD}"\n', encoding="utf-8")
    app = app_with(tmp_path)
    chart = cdk8s.Chart(app, "platform")
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), dags=DagFolder(dags))
    not_secret(WORD, scope=chart)
    make_airflow(chart, dags=DagFolder(dags))
    own = cdk8s.ApiObject(chart, "own", api_version="v1", kind="ConfigMap", metadata={"name": "own"})
    own.add_json_patch(cdk8s.JsonPatch.add("/data", {"password": WORD}))
    synth(app)


def test_objects_of_the_user_need_a_declaration_too(tmp_path: Path) -> None:
    app = app_with(tmp_path)
    own = cdk8s.ApiObject(cdk8s.Chart(app, "own"), "own", api_version="v1", kind="ConfigMap", metadata={"name": "own"})
    own.add_json_patch(cdk8s.JsonPatch.add("/data", {"password": WORD}))
    with pytest.raises(PlatformError):
        synth(app)
    not_secret(WORD, scope=app)
    synth(app)


def test_parts_of_a_declared_string_are_refused() -> None:
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), env={"NOTE": not_secret(f"the word {WORD} is an example"), "LAKE_PASSWORD": WORD})


def test_a_string_that_contains_a_declared_one_is_refused() -> None:
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), env={"LAKE_PASSWORD": not_secret(WORD) + "-more"})


def test_nothing_is_active_outside_of_a_construct() -> None:
    make_airflow(new_chart(), env={"LAKE_PASSWORD": not_secret(WORD)})
    assert not active()


def test_only_strings_can_be_declared() -> None:
    with pytest.raises(TypeError, match="takes a string, got int"):
        not_secret(3)  # type: ignore[arg-type]


def test_where_only_secrets_go_a_declaration_does_not_help() -> None:
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), values={"fernetKey": not_secret(WORD)})
    with pytest.raises(PlatformError):
        make_airflow(new_chart(), env={"LAKE": SecretKey("lake", not_secret("Tr0ub4dor&3"))})
