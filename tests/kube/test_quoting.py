"""Every string that cdk8s writes is read back as the same string by every YAML reader between ``dist/`` and a cluster."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from cdk8s import ApiObject, App, Chart, Yaml
from ruamel.yaml import YAML

from cdk8s_airflow.kube.emit import emit
from cdk8s_airflow.text.yaml_writer import values_text
from tests.text.test_yaml_writer import WORDS_OF_SOME_READER, same
from tests.truth.go_readers import read_yaml_with_go

_SIGNS = ["", "-", "+"]
_BODIES = [
    *("0o17", "0_o17", "0O17", "017", "08", "0x1F", "0X1f", "0x_1", "0b11", "0B1", "0b1_0", "1,000", "1_000", "1e3", "1.e3", "1E+3", "1e-3"),
    *(".5", "5.", "1_0.5", "0.1_5", ".5e3", "0x1p-2", "0x1.8p1", "190:20:30", "12:30", "12:30:45.5", "1:60", ".inf", ".Inf", ".nan", "0", "00", "0_"),
    *("2024-01-01", "2024-1-1", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00 +1", "2024-01-01t1:2:3.4-05:00", "1_", "1__0", "9" * 30, "1e999"),
]  # fmt: skip
_WORDS = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<", ".inf", ".nan"]
AMBIGUOUS = [
    *(sign + body for sign in _SIGNS for body in _BODIES),
    *itertools.chain.from_iterable((word, word.upper(), word.capitalize()) for word in _WORDS),
]
"""Strings that at least one YAML reader takes for another type when they have no quotes."""


def _random_strings(count: int) -> list[str]:
    chance = random.Random(11)
    alphabet = "0017_.:,-+exXoObBpPnNyYTtZinf aA~=<"
    return ["".join(chance.choice(alphabet) for _ in range(chance.randrange(1, 9))) for _ in range(count)]


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """Objects whose annotations, keys and lists are such strings."""
    strings = sorted(
        {text for text in (*AMBIGUOUS, *WORDS_OF_SOME_READER, *_random_strings(4000)) if "\ud800" not in text}
    )
    return [
        {
            "apiVersion": "example.com/v1",
            "kind": "Strings",
            "metadata": {"name": f"s{number}", "annotations": {"text": text}},
            "spec": {"list": [text, {"in-list": text}], "keys": {text: 1} if len(text) < 200 else {}},
        }
        for number, text in enumerate(strings)
    ]


@pytest.fixture(scope="module")
def written(documents: list[dict[str, Any]]) -> str:
    """The objects as an app writes them."""
    app = App()
    emit(Chart(app, "c"), {f"s{number}": document for number, document in enumerate(documents)})
    return str(app.synth_yaml())


def _yaml_1_2(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda text: list(yaml.load_all(text, Loader=yaml.CSafeLoader)), id="PyYAML"),
        pytest.param(_yaml_1_2, id="ruamel"),
    ],
)
def test_app_strings_keep_their_type_in_python_readers(
    written: str, documents: list[dict[str, Any]], read: Callable[[str], list[Any]]
) -> None:
    assert [(a, b) for a, b in zip(read(written), documents, strict=True) if not same(a, b)] == []


@pytest.mark.parametrize("reader", ["sigs.k8s.io/yaml", "yaml.v2", "yaml.v3"])
def test_app_strings_keep_their_type_in_go_readers(written: str, documents: list[dict[str, Any]], reader: str) -> None:
    read = read_yaml_with_go(written)[reader]
    assert isinstance(read, list), read
    assert [(a, b) for a, b in zip(read, documents, strict=True) if a != b] == []


@pytest.mark.parametrize("reader", ["sigs.k8s.io/yaml", "yaml.v2", "yaml.v3"])
def test_values_text_strings_keep_their_type_in_go_readers(documents: list[dict[str, Any]], reader: str) -> None:
    values = {document["metadata"]["name"]: document["spec"] for document in documents}
    assert read_yaml_with_go(values_text(values))[reader] == [values]


def test_files_of_an_app_are_quoted_like_its_text() -> None:
    """``Yaml.stringify()`` writes the files of ``app.synth()`` and the text of ``app.synth_yaml()``."""
    assert Yaml.stringify({"a": "0o17", "0_o17": "y"}) == 'a: "0o17"\n"0_o17": "y"\n'


def test_strings_that_no_reader_takes_for_another_type_stay_without_quotes() -> None:
    plain = [
        "1.22.0",
        "10.0.0.1",
        "10.0.0.0/8",
        "500m",
        "10Gi",
        "1h30m",
        "v1",
        "airflow-2024-01-01",
        "nothing",
        "none",
        "6b637ee",
        "14d",
    ]
    app = App()
    chart = Chart(app, "c")
    ApiObject(
        chart,
        "x",
        api_version="v1",
        kind="ConfigMap",
        metadata={"name": "x", "annotations": {text: text for text in plain}},
    )
    assert [text for text in plain if f"    {text}: {text}\n" not in app.synth_yaml()] == []


_PARTS = [
    *"ab0:-?#,.=%&*!|>'\"@`[]{}~\\ \t\n",
    "\n\n",
    ": ",
    " #",
    "- ",
    "---",
    "...",
    "null",
    "y",
    "é",
    "\u2028",
    "\U0001f600",
    "x" * 40,
]


def _random_document(chance: random.Random, depth: int = 0) -> Any:
    """A tree of mappings, lists, texts of one or several lines, numbers and booleans."""
    kind = chance.randrange(8 if depth < 4 else 6)
    if kind >= 6 or depth == 0:
        keys = ["".join(chance.choices(_PARTS, k=chance.randrange(4))) for _ in range(chance.randrange(4))]
        plain = {f"key-{number}": _random_document(chance, depth + 1) for number in range(chance.randrange(3))}
        odd = keys if chance.random() < 0.3 else []
        return {**plain, **{key: _random_document(chance, depth + 1) for key in odd}}
    if kind == 5:
        return [_random_document(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == 4:
        return chance.choice([0, -1, 2**53 - 1, 1.5, -0.0, 1e21, True, False])
    if kind == 3:
        return chance.choice(["", "a: b", "http://h:80/p?q=1", "v1", "a\nb", "a\n\n  b\n", "#!/bin/sh\nset -e\n\tx\n"])
    return "".join(chance.choices(_PARTS, k=chance.randrange(1, 7)))


_TO_SERIALIZER = {"zz": "---"}
"""A document with this goes to the serializer as a whole, because the form of a document marker depends on its place."""


def test_the_short_way_writes_the_bytes_of_the_serializer(documents: list[dict[str, Any]]) -> None:
    chance = random.Random(7)
    trees = [*documents, *({"x": 1, **_random_document(chance)} for _ in range(4000))]
    end = "\n" + Yaml.stringify(_TO_SERIALIZER).rstrip()
    long = Yaml.stringify(*({**tree, **_TO_SERIALIZER} for tree in trees)).rstrip().split("\n---\n")
    assert Yaml.stringify(*trees).rstrip().split("\n---\n") == [text.removesuffix(end) for text in long]
