"""The pipeline from settings to results computes each result once."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import operator
import re
import sys
import types
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import DagRepoSync
from cdk8s_airflow.airflow.pipeline import CompiledRelease, compile_release
from cdk8s_airflow.airflow.wire import concepts as concept_list
from cdk8s_airflow.airflow.wire import config
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.environment_variables import proxy_variables, variables
from cdk8s_airflow.airflow.wire.git_sync import git_sync_parts
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.model.secret_reference import GitTokenSecret
from tests.airflow.wire.samples import PAIRS, Pair, called, git, release
from tests.everything import everything
from tests.making import make_airflow, make_dags, new_chart


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each function of each concept is called, by its name."""
    found: Counter[str] = Counter()

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(argument: Any) -> Any:
            found[function.__name__] += 1
            return function(argument)

        return call

    def counted(concept: Concept) -> Concept:
        functions = {field.name: getattr(concept, field.name) for field in dataclasses.fields(concept)}
        own = {name: each for name, each in functions.items() if each.__module__ != Concept.__module__}
        return dataclasses.replace(concept, **{name: counting(each) for name, each in own.items()})

    replaced = {id(each): counted(each) for each in concept_list.CONCEPTS if isinstance(each, Concept)}
    monkeypatch.setattr(concept_list, "CONCEPTS", tuple(replaced.get(id(each), each) for each in concept_list.CONCEPTS))
    return found


def read_everything(compiled: CompiledRelease) -> None:
    """Reads each result."""
    for name in vars(CompiledRelease):
        if not name.startswith("_"):
            getattr(compiled, name)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_compile_release_calls_each_function_of_a_concept_once(pair: Pair, calls: Counter[str]) -> None:
    settings, _ = everything(pair)
    calls.clear()
    read_everything(compile_release(settings))
    assert {name: count for name, count in calls.items() if count != 1} == {}
    assert {"key_needs", "database_parts", "dag_values", "log_objects", "environment_rules"} <= set(calls)


def test_airflow_chart_compiles_its_release_once(monkeypatch: pytest.MonkeyPatch, calls: Counter[str]) -> None:
    compiled: list[CompiledRelease] = []
    computed: Counter[str] = Counter()
    values = CompiledRelease.__dict__["values_from_arguments"]
    monkeypatch.setattr(
        values, "func", lambda self, original=values.func: (computed.update(["values"]), original(self))[1]
    )
    monkeypatch.setattr(
        "cdk8s_airflow.airflow.chart.compile_release",
        lambda settings: (compiled.append(compile_release(settings)), compiled[-1])[1],
    )
    chart = new_chart()
    dags = DagRepoSync(
        chart, "dags", repo="https://git.example.com/dags.git", ref="main", credentials=GitTokenSecret("git")
    )
    airflow = make_airflow(chart, dags=dags)
    assert (airflow.traffic.workloads, airflow.permissions, airflow.secret_needs) != ((), (), ())
    assert (len(compiled), computed) == (1, {"values": 1})
    assert calls["key_needs"] == calls["dag_values"] == 1
    assert {name: count for name, count in calls.items() if count != 1} == {}


def test_task_namespaces_compute_needs_once_more_for_each_namespace(calls: Counter[str]) -> None:
    compiled = compile_release(release(PAIRS[-1], dags=git(), task_namespaces=("team-a", "team-b")))
    assert {need.namespace for need in compiled.needs} == {"airflow-lab", "team-a", "team-b"}
    assert calls["key_needs"] == 3


def test_compiled_release_keeps_what_it_computed() -> None:
    compiled = compile_release(release(PAIRS[-1]))
    assert compiled.values is compiled.values
    assert compiled.objects is compiled.objects
    with pytest.raises(dataclasses.FrozenInstanceError):
        compiled.settings = release(PAIRS[0])  # type: ignore[misc]


def test_a_changed_copy_of_settings_does_not_keep_results() -> None:
    settings = release(PAIRS[-1], env={"A": "1"})
    assert "A" in str(compile_release(settings).values)
    other = copy.copy(settings)
    object.__setattr__(other, "env", {"B": "1"})
    assert "B" in str(compile_release(other).values)


def test_values_are_laid_over_those_of_the_arguments() -> None:
    given = {"statsd": {"annotations": {"team": "data"}}}
    settings = release(PAIRS[-1], values=given, unchecked_values={"statsd": {"annotations": {"cost": "7"}}})
    compiled = compile_release(settings)
    assert "annotations" not in compiled.values_from_arguments["statsd"]
    assert compiled.values["statsd"]["annotations"] == {"team": "data", "cost": "7"}
    assert compiled.findings == ()


def test_findings_of_values_name_the_argument_they_came_from() -> None:
    def rules(**settings: Any) -> list[tuple[str, str]]:
        return [(each.rule, each.at) for each in compile_release(release(PAIRS[-1], **settings)).findings]

    assert rules(values={"executor": "LocalExecutor"})[0] == ("values/owned", "values.executor")
    assert rules(unchecked_values={"x": object()})[0][1].startswith("unchecked_values.x")


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_results_are_computed_without_reading_generated_values(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = everything(pair)
    settings = dataclasses.replace(settings, unchecked_values={"ports": {"workerLogs": 1793}})
    made_from_values = {"findings", "delivered", "values", "values_from_arguments"}
    functions = {"concepts", "effective_settings", "settings", "shared"}
    names = {name for name in vars(CompiledRelease) if not name.startswith("_")} - made_from_values - functions
    assert {
        "access",
        "handles",
        "needs",
        "notes",
        "objects",
        "permissions",
        "sessions",
        "traffic",
        "workloads",
    } <= names
    compiled = compile_release(settings)
    expected = {name: getattr(compiled, name) for name in names}

    def refuse(self: CompiledRelease) -> None:
        raise AssertionError("reads values of the chart that arguments set; read settings or an earlier result instead")

    for name in ("values", "values_from_arguments", "_overlaid_values", "_rendered"):
        monkeypatch.setattr(CompiledRelease.__dict__[name], "func", refuse)
    compiled = compile_release(settings)
    assert {name: getattr(compiled, name) for name in names} == expected
    with pytest.raises(AssertionError, match="reads values"):
        compiled.values  # noqa: B018


def test_ref_of_git_sync_passes_one_file_of_each_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """CONTRIBUTING.md lists these files. Generic code, such as checks of arguments and the YAML writer, sees every value."""
    ref, generic = (
        "followed-9c1",
        (
            "validation/",
            "secret_scan/",
            "text/",
            "app/exemption.py",
            "airflow/wire/tree.py",
            "schemas/acceptance.py",
            "_",
        ),
    )
    held, read = set(), set()

    def path(frame: types.FrameType) -> str:
        return frame.f_code.co_filename.partition("/cdk8s_airflow/")[2]

    def hold(frame: types.FrameType, event: str, argument: object) -> None:
        if event in ("call", "return") and any(
            isinstance(each, str) and each == ref for each in frame.f_locals.values()
        ):
            held.add(path(frame))

    def get(settings: GitSync, name: str) -> Any:
        if name == "ref":
            read.add(path(sys._getframe(1)))
        return object.__getattribute__(settings, name)

    monkeypatch.setattr(GitSync, "__getattribute__", get)
    chart = new_chart()
    sys.setprofile(hold)
    try:
        make_airflow(chart, dags=make_dags(chart, ref=ref))
    finally:
        sys.setprofile(None)
    assert {file for file in held if file and not file.startswith(generic)} == {
        "dags/repo_sync.py",
        "dags/git_sync.py",
    }
    assert {file for file in read if file and not file.startswith(generic)} == {"airflow/wire/git_sync.py"}
    steps = path_of_ref()
    assert {file for file, _ in steps[:2]} | {steps[5][0]} == {
        "dags/repo_sync.py",
        "dags/git_sync.py",
        "airflow/wire/git_sync.py",
    }


def path_of_ref() -> list[tuple[str, str]]:
    """File and function of each step in the table of CONTRIBUTING.md."""
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \d+ \| `([\w/.]+)` \| `([\w.]+)` \|", text, re.MULTILINE)


def test_path_of_ref_in_the_contributing_guide_is_the_one_that_runs() -> None:
    steps = path_of_ref()
    assert len(steps) == 10
    chart = new_chart()
    called_in_order: list[tuple[str, str]] = []

    def see(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call":
            file = frame.f_code.co_filename.partition("/cdk8s_airflow/")[2]
            called_in_order.append((file, frame.f_code.co_name))

    sys.setprofile(see)
    try:
        make_airflow(chart, dags=make_dags(chart, ref="main"))
    finally:
        sys.setprofile(None)
    position = 0
    for file, name in steps:
        module = importlib.import_module("cdk8s_airflow." + file.removesuffix(".py").replace("/", "."))
        found = operator.attrgetter(name)(module)
        if not isinstance(found, type):
            position = called_in_order.index((file, name.rpartition(".")[2]), position)


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_options_variables_and_git_sync_are_computed_once(pair: Pair) -> None:
    functions: list[Any] = [
        config._asked,
        config._valid,
        config.config_variables,
        git_sync_parts,
        proxy_variables,
        variables,
    ]
    once = {each.__wrapped__.__code__ for each in functions}
    found: Counter[str] = Counter()

    def count(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in once:
            found[frame.f_code.co_name] += 1

    settings = release(pair, dags=git(), config={"core": {"parallelism": 8}})
    sys.setprofile(count)
    try:
        read_everything(compile_release(settings))
    finally:
        sys.setprofile(None)
    assert found == {code.co_name: 1 for code in once}
