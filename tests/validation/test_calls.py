"""Calls that Python refuses are findings of the whole program, like everything else."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AirflowKeys,
    ConfigMapKey,
    DagRepoSync,
    Ingress,
    K3sHelmChart,
    Keda,
    LogGroomer,
    Logs,
    PlatformError,
    Scheduler,
    Volume,
    synth,
)
from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.schemas import chart_versions
from cdk8s_airflow.schemas.facts_store import values_schema
from cdk8s_airflow.validation import Finding, collecting, report
from cdk8s_airflow.validation.argument_names import ARGUMENTS, COMMON, argument_for, argument_of
from cdk8s_airflow.validation.calls import accepted_names
from tests.making import make_airflow, new_chart


@pytest.mark.parametrize(
    ("call", "rule", "at", "fix"),
    [
        (
            lambda: Ingress(host="a.example.com", clas_name="nginx"),
            "unknown",
            "Ingress",
            "Did you mean `class_name`?",
        ),
        (lambda: K3sHelmChart(timout="30m"), "unknown", "K3sHelmChart", "Did you mean `timeout`?"),
        (lambda: K3sHelmChart(zzz=1), "unknown", "K3sHelmChart", "Its arguments are: namespace, timeout, "),
        (
            lambda: LogGroomer(retention_days=30),
            "unknown",
            "LogGroomer",
            'Use `retention` instead, like retention="30d"',
        ),
        (lambda: Keda(max_replicas=2, period="5s"), "unknown", "Keda", "Use `interval` instead"),
        (lambda: Ingress(), "missing", "host", "Pass host="),
        (lambda: AirflowKeys(), "missing", "fernet", "Pass fernet="),
        (lambda: AirflowKeys.existing(), "missing", "prefix", "Pass prefix="),
        (lambda: Logs.claim(), "missing", "volume", "Pass volume="),
        (lambda: ConfigMapKey("a"), "missing", "key", "Pass key="),
        (lambda: K3sHelmChart("30m"), "unnamed", "K3sHelmChart", "by name"),
        (lambda: Volume("1Gi", "a", "ReadWriteOnce", "b"), "unnamed", "Volume", "by name"),
    ],
)
def test_wrong_or_missing_argument_is_one_finding(call: Callable[[], Any], rule: str, at: str, fix: str) -> None:
    with pytest.raises(PlatformError) as caught, collecting():
        call()
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == (f"argument/{rule}", at)
    assert fix in finding.fix
    assert finding.path.startswith("test_calls.py, line ")
    assert len(str(caught.value).splitlines()) == 1


def arguments_of(name: str) -> set[str]:
    return set(inspect.signature(load(name)).parameters)


def leads_somewhere(entry: str, accepted: set[str]) -> bool:
    other, _, argument = argument_of(entry).rpartition(".")
    return argument in (arguments_of(other) if other else accepted)


@pytest.mark.parametrize("owner", sorted(ARGUMENTS))
def test_argument_names_lead_to_an_argument_of_the_class(owner: str) -> None:
    accepted = arguments_of(owner)
    assert not accepted & set(ARGUMENTS[owner])
    assert [entry for entry in ARGUMENTS[owner].values() if not leads_somewhere(entry, accepted)] == []


CLASSES = sorted(name for name in HOME_OF if inspect.isclass(load(name)))
TOP_LEVEL_KEYS = sorted(
    {
        re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", key).lower()
        for version in chart_versions()
        for key in values_schema(version)["properties"]
        if key.isalnum()
    }
)


def entries() -> list[str]:
    own = [entry for table in ARGUMENTS.values() for entry in table.values()]
    return sorted({*own, *(entry for candidates in COMMON.values() for entry in candidates)})


@pytest.mark.parametrize("name", sorted(COMMON))
def test_common_names_lead_to_an_argument_of_some_class(name: str) -> None:
    everywhere = set().union(*(arguments_of(owner) for owner in CLASSES))
    assert [entry for entry in COMMON[name] if not leads_somewhere(entry, everywhere)] == []


@pytest.mark.parametrize("entry", [entry for entry in entries() if ", like " in entry])
def test_example_of_an_argument_is_python_with_arguments_that_exist(entry: str) -> None:
    argument, _, example = entry.partition(", like ")
    for text in example.split("; or "):
        call = ast.parse(f"f({text})" if re.match(r"\w+=", text) else text, mode="eval").body
        assert argument.rpartition(".")[2] in text or isinstance(call, ast.Call)
        for node in ast.walk(call):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id != "f":
                names = {keyword.arg for keyword in node.keywords}
                assert names <= arguments_of(node.func.id)


@pytest.mark.parametrize("key", TOP_LEVEL_KEYS)
def test_every_section_of_the_chart_has_an_argument(key: str) -> None:
    accepted = accepted_names(load("AirflowChart"))
    assert key in accepted or argument_for("AirflowChart", key, accepted)


WORDS = {
    "branch": "`ref` of DagRepoSync",
    "wait": "`delivery`",
    "webserver": "`api_server`",
    "pgbouncer": "`database`",
    "workers": "`executor`",
    "postgresql": "`database`",
    "extra_env_from": "`env_from`",
    "tags": "`labels` of Namespace",
    "schedulers": "`scheduler`",
    "chart_versoin": "`chart_version`?",
}


def test_all_unknown_arguments_of_a_program_are_found_in_one_run() -> None:
    def build() -> cdk8s.App:
        chart = new_chart("lab")
        DagRepoSync(chart, "dags", repo="https://git.example.com/dags.git", branch="main", wait=60)  # type: ignore[call-arg]
        make_airflow(chart, scheduler=Scheduler(replica_count=1, node_selector=1), **dict.fromkeys(WORDS, 1))  # type: ignore[call-arg]
        Logs.s3(bucket="logs", endpoint_url="a", region_name="b")  # type: ignore[call-arg]
        raise AssertionError("the call before is refused")

    with pytest.raises(PlatformError) as caught:
        synth(build)
    found = {(finding.at, finding.problem): finding.fix for finding in caught.value.findings}
    assert {finding.rule for finding in caught.value.findings} == {"argument/unknown"}
    assert [key for key in found if key[0] != "AirflowChart"] == [
        ("DagRepoSync", "has no argument `branch`"),
        ("DagRepoSync", "has no argument `wait`"),
        ("Scheduler", "has no argument `replica_count`"),
        ("Scheduler", "has no argument `node_selector`"),
        ("Logs.s3", "has no argument `endpoint_url`"),
        ("Logs.s3", "has no argument `region_name`"),
    ]
    assert [
        word for word, named in WORDS.items() if named not in found["AirflowChart", f"has no argument `{word}`"]
    ] == []


def test_required_argument_under_another_name_is_checked_under_its_own() -> None:
    with pytest.raises(PlatformError) as caught, collecting():
        Ingress(hostname="a b")  # type: ignore[call-arg]
    assert [finding.fix for finding in caught.value.findings] == ["Use `host` instead"]


def test_unknown_argument_outside_a_run_is_an_error_of_python() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'hostname'"):
        Ingress(hostname="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'schedulers'"):
        make_airflow(new_chart(), schedulers=2)


def test_earlier_findings_are_reported_with_the_refused_call() -> None:
    with pytest.raises(PlatformError) as caught, collecting():  # noqa: PT012
        report([Finding(rule="a/b", at="x", problem="is wrong", fix="Fix it")])
        K3sHelmChart(timout="30m")  # type: ignore[call-arg]
    assert [finding.rule for finding in caught.value.findings] == ["a/b", "argument/unknown"]


def test_exception_of_the_program_is_not_changed() -> None:
    def own(*, a: int) -> int:
        return a

    with pytest.raises(TypeError, match="unexpected keyword"), collecting():
        own(b=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unsupported operand"), collecting():
        _ = 1 + "a"  # type: ignore[operator]


@pytest.mark.parametrize(
    "word",
    [
        "load_examples", "smtp", "webserver_config", "users", "sso", "ldap", "s3_bucket", "hpa", "keda", "pdb", "dag_folder", "plugins",
        "requirements", "network_policy", "sidecars", "init_containers", "extra_volumes", "ingress_enabled", "host", "domain", "cpu",
        "kubernetes_executor", "depends_on", "atomic", "set_values", "repository", "min_workers", "max_workers", "email", "oidc",
    ],
)  # fmt: skip
def test_word_of_helm_terraform_or_airflow_gets_the_argument(word: str) -> None:
    with pytest.raises(PlatformError) as caught, collecting():
        make_airflow(new_chart(), **{word: 1})
    (finding,) = caught.value.findings
    assert finding.fix.startswith("Use `")
