"""``help`` and ``inspect.signature`` of public classes show and explain every argument."""

from __future__ import annotations

import dataclasses
import inspect
import pydoc
import re
from dataclasses import field
from typing import Annotated

import pytest

from cdk8s_airflow import AirflowChart, Scheduler
from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.app.construct import PlatformConstruct
from cdk8s_airflow.validation.constraints import Count, Must
from cdk8s_airflow.validation.documentation import document
from cdk8s_airflow.validation.frozen import frozen

_Short = Annotated[str, Must(lambda text: len(text) < 3, "is long", "shorten it", "a/b")]
_Both = _Short | int | None

CLASSES = sorted(
    name
    for name in HOME_OF
    if isinstance(load(name), type)
    and not issubclass(load(name), Exception)
    and not getattr(load(name), "_is_protocol", False)
)


def explained(thing: type) -> dict[str, str]:
    """Argument -> its explanation, from the section on arguments of a docstring."""
    section = re.search(r"^Args:\n((?:    .*\n?|\n)*)", f"{inspect.getdoc(thing)}\n", re.MULTILINE)
    entries = re.findall(r"^    (\w+): ((?:.|\n     )*)", section[1] if section else "", re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


@pytest.mark.parametrize("name", CLASSES)
def test_help_explains_every_argument_and_its_default(name: str) -> None:
    thing = load(name)
    parameters = inspect.signature(thing).parameters
    texts = explained(thing)
    assert list(texts) == list(parameters)
    assert [each for each, text in texts.items() if len(text) < 5] == []
    with_default = {each for each, parameter in parameters.items() if parameter.default is not parameter.empty}
    assert {each for each in with_default if "efault" not in texts[each]} == set()
    shown = [str(parameter) for parameter in parameters.values()]
    assert [each for each in shown if re.search(r": _|<factory>|Annotated|^\w+: '", each)] == []


def test_help_of_a_construct_starts_with_its_signature_and_text() -> None:
    assert issubclass(AirflowChart, PlatformConstruct)
    lines = [line.strip("| ") for line in pydoc.plain(pydoc.render_doc(AirflowChart)).splitlines()]
    assert lines[3].startswith("AirflowChart(scope: Construct, id: str, *, namespace: NamespaceHandle, ")
    assert lines[5].startswith("A release of Airflow")
    assert any(line.startswith("namespace: ") for line in lines)


def test_help_of_a_setting_explains_inherited_fields() -> None:
    assert explained(Scheduler).keys() == {field.name for field in dataclasses.fields(Scheduler)}
    assert "Default: None, th" in explained(Scheduler)["placement"]


@frozen
class Parent:
    """A parent.

    Attributes:
        first: what comes first,
            on two lines.
    """

    first: _Short = "a"


@frozen
class Child(Parent):
    """A child.

    More about it.

    Attributes:
        second: what comes second.
        third: what comes third. Default: none.

    Raises:
        PlatformError: never.
    """

    second: Annotated[int, Must(bool, "is zero", "use 1", "a/b")] = 2
    third: dict[str, _Both] = field(default_factory=dict)
    fourth: Count = 4


def test_docstring_has_arguments_of_bases_in_the_order_of_the_signature() -> None:
    assert inspect.getdoc(Child) == (
        "A child.\n\nMore about it.\n\nArgs:\n    first: what comes first,\n        on two lines. Default: ``'a'``.\n"
        "    second: what comes second. Default: ``2``.\n    third: what comes third. Default: none.\n\n"
        "Raises:\n    PlatformError: never."
    )
    assert Child(first="x").__doc__ == Child.__doc__


def test_signature_shows_what_private_aliases_and_factories_refer_to() -> None:
    assert str(inspect.signature(Child)) == (
        "(*, first: str = 'a', second: int = 2, third: dict[str, str | int | None] = {}, fourth: Count = 4)"
    )


def test_a_written_init_is_shown_with_its_own_annotations_and_documentation() -> None:
    class Written:
        """Written by hand."""

        def __init__(self, *, name: _Short, rest: None = None) -> None:
            """Make it.

            Args:
                name: what it is called.
            """

    document(Written)
    assert str(inspect.signature(Written)) == "(*, name: str, rest: None = None)"
    assert Written.__doc__ == "Written by hand.\n\nArgs:\n    name: what it is called."
