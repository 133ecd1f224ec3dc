"""Arguments that are plainly right are accepted without typeguard; everything else is left to it."""

# ruff: noqa: UP007, UP045 - the bindings of jsii write unions in this way

from __future__ import annotations

import subprocess
import sys
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import cdk8s
import constructs
import pytest

from cdk8s_airflow.kube.argument_types import is_plainly

APP = cdk8s.Testing.app()


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("a", str),
        (None, typing.Optional[str]),
        ("a", typing.Optional[str]),
        (True, bool),
        (APP, constructs.Construct),
        (APP, constructs.IConstruct),
        (cdk8s.ApiObjectMetadata(), typing.Union[cdk8s.ApiObjectMetadata, dict[str, Any]]),
        ({"a": "b"}, typing.Mapping[str, str]),
        ({"a": 1}, typing.Optional[dict[str, Any]]),
        (["a"], Sequence[str]),
        ([], typing.Sequence[str]),
    ],
)
def test_what_is_plainly_right_is_accepted(value: object, hint: Any) -> None:
    assert is_plainly(value, hint)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (3, str),
        (None, str),
        (3, typing.Optional[str]),
        ("a", constructs.Construct),
        ("a", constructs.IConstruct),
        ({"a": 1}, Mapping[str, str]),
        ({1: "a"}, Mapping[str, str]),
        (["a", 1], Sequence[str]),
        ("ab", Sequence[str]),
        (("a",), Sequence[str]),  # right, but not plainly
        (print, typing.Callable[..., Any]),  # likewise
    ],
)
def test_everything_else_is_left_to_typeguard(value: object, hint: Any) -> None:
    assert not is_plainly(value, hint)


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_a_program_without_mistakes_does_not_load_typeguard() -> None:
    made = run(
        "import sys, cdk8s\nfrom cdk8s_airflow import Namespace, render\n"
        "app = cdk8s.App(outdir='unused')\n"
        "chart = cdk8s.Chart(app, 'c', labels={'a': 'b'}, namespace='n')\n"
        "Namespace(chart, 'n')\n"
        "print(len(render(app)), 'typeguard' in sys.modules, 'asyncio' in sys.modules)"
    )
    assert made.stdout.split() == ["1", "False", "False"], made.stderr


@pytest.mark.parametrize("wrong", ["cdk8s.App(outdir=3)", "cdk8s.Chart(cdk8s.App(), 5)", "cdk8s.Chart('app', 'c')"])
def test_a_wrong_argument_raises_the_error_of_jsii(wrong: str) -> None:
    plain, ours = (run(f"import cdk8s{more}\n{wrong}") for more in ("", ", cdk8s_airflow.app.run"))
    assert plain.stderr.splitlines()[-1] == ours.stderr.splitlines()[-1]
    assert ours.stderr.splitlines()[-1].startswith("TypeError: type of argument")
