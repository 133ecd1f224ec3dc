"""Calls that Python refuses are findings of the whole program, like everything else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from cdk8s_airflow import (
    AirflowKeys,
    ConfigMapKey,
    Ingress,
    K3sHelmChart,
    Keda,
    LogGroomer,
    Logs,
    PlatformError,
    Volume,
)
from cdk8s_airflow._exports import load
from cdk8s_airflow.validation import Finding, collecting, report
from cdk8s_airflow.validation.argument_names import ARGUMENTS


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
        (lambda: Keda(period="5s"), "unknown", "Keda", "Use `interval` instead"),
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


@pytest.mark.parametrize("owner", sorted(ARGUMENTS))
def test_argument_names_lead_to_an_argument_of_the_class(owner: str) -> None:
    called = load(owner)
    accepted = set(inspect.signature(called.__init__).parameters)
    for name, instead in ARGUMENTS[owner].items():
        assert name not in accepted
        assert instead.partition(", ")[0] in accepted


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
