"""Defaults are not looked at when arguments are checked, so each of them is looked at here."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import cdk8s_airflow
from cdk8s_airflow.validation import arguments
from cdk8s_airflow.validation.arguments import check_setting, check_value


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(cdk8s_airflow.__path__, "cdk8s_airflow."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def classes() -> dict[str, type]:
    return {
        f"{made.__module__}.{made.__qualname__}": made
        for module in modules()
        for made in vars(module).values()
        if isinstance(made, type) and made.__module__.startswith("cdk8s_airflow.")
    }


def defaults() -> Iterator[tuple[str, Callable[..., Any] | type, str, object]]:
    for called, made in sorted(classes().items()):
        for name, value in (getattr(made.__init__, "__kwdefaults__", None) or {}).items():
            if not dataclasses.is_dataclass(made):
                yield called, made.__init__, name, value
        if dataclasses.is_dataclass(made):
            for field in dataclasses.fields(made):
                if field.default is not dataclasses.MISSING:
                    yield called, made, field.name, field.default


ALL = list(defaults())


def test_there_are_defaults_of_constructs_and_of_settings() -> None:
    assert {
        ("cdk8s_airflow.airflow.chart.AirflowChart", "scheduler"),
        ("cdk8s_airflow.model.cluster_facts.ClusterFacts", "cnpg"),
    } <= {(called, name) for called, _, name, _ in ALL}


@pytest.mark.parametrize(
    ("owner", "name", "value"), [pytest.param(*rest, id=f"{called}.{rest[1]}") for called, *rest in ALL]
)
def test_every_default_is_sound(owner: Callable[..., Any] | type, name: str, value: object) -> None:
    if name not in arguments._annotations(owner):
        pytest.fail(f"{name} has no annotation")
    assert check_value(value, arguments._hint(owner, name), name) == []
    assert list(check_setting(value, name)) == []
