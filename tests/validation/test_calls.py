"""Calls that Python refuses are findings of the whole program, like everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cdk8s_airflow import AirflowKeys, ConfigMapKey, Ingress, K3sHelmChart, Logs, PlatformError, Volume
from cdk8s_airflow.validation import Finding, collecting, report


@pytest.mark.parametrize(
    ("call", "rule", "at", "fix"),
    [
        (
            lambda: Ingress(host="a.example.com", clas_name="nginx"),
            "unknown",
            "clas_name",
            "did you mean 'class_name'?",
        ),
        (lambda: K3sHelmChart(timout="30m"), "unknown", "timout", "did you mean 'timeout'?"),
        (lambda: K3sHelmChart(zzz=1), "unknown", "zzz", "leave it out"),
        (lambda: Ingress(), "missing", "host", "give host="),
        (lambda: AirflowKeys(), "missing", "fernet", "give fernet="),
        (lambda: AirflowKeys.existing(), "missing", "prefix", "give prefix="),
        (lambda: Logs.claim(), "missing", "volume", "give volume="),
        (lambda: ConfigMapKey("a"), "missing", "key", "give key="),
        (lambda: K3sHelmChart("30m"), "unnamed", "K3sHelmChart", "by name"),
        (lambda: Volume("1Gi", "a", "ReadWriteOnce", "b"), "unnamed", "Volume", "by name"),
    ],
)
def test_a_call_with_a_wrong_or_missing_argument_is_told_in_one_line(
    call: Callable[[], Any], rule: str, at: str, fix: str
) -> None:
    with pytest.raises(PlatformError) as caught, collecting():
        call()
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == (f"argument/{rule}", at)
    assert fix in finding.fix
    assert finding.path.startswith("test_calls.py, line ")
    assert len(str(caught.value).splitlines()) == 1


def test_what_was_found_before_the_call_is_told_too() -> None:
    with pytest.raises(PlatformError) as caught, collecting():  # noqa: PT012
        report([Finding(rule="a/b", at="x", problem="is wrong", fix="mend it")])
        K3sHelmChart(timout="30m")  # type: ignore[call-arg]
    assert [finding.rule for finding in caught.value.findings] == ["a/b", "argument/unknown"]


def test_an_error_of_the_program_itself_stays_what_it_is() -> None:
    def own(*, a: int) -> int:
        return a

    with pytest.raises(TypeError, match="unexpected keyword"), collecting():
        own(b=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unsupported operand"), collecting():
        _ = 1 + "a"  # type: ignore[operator]
