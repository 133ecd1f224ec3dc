"""What YAML cannot carry is a finding, never an exception."""

from __future__ import annotations

import datetime
import decimal
import enum
import pathlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.schemas import check_manifest, check_values
from cdk8s_airflow.text import documents as plain_module
from cdk8s_airflow.text.documents import dotted, plain
from tests.schemas.test_chart_values import NEWEST


class Text(str):
    pass


class Colour(enum.Enum):
    RED = "red"


ODD: tuple[tuple[str, Any], ...] = (
    ("tuple", (1, 2)),
    ("set", {1}),
    ("frozenset", frozenset({1})),
    ("bytes", b"x"),
    ("object", object()),
    ("date", datetime.date(2026, 1, 1)),
    ("decimal", decimal.Decimal("1.5")),
    ("path", pathlib.PurePosixPath("/x")),
    ("nan", float("nan")),
    ("infinity", float("inf")),
    ("large", 2**80),
    ("surrogate", "\ud800"),
    ("str subclass", Text("x")),
    ("enum", Colour.RED),
    ("function", print),
    ("complex", 1j),
)


@pytest.mark.parametrize("value", [value for _, value in ODD], ids=[name for name, _ in ODD])
@pytest.mark.parametrize(
    "wrap", [lambda v: v, lambda v: [v], lambda v: {"requests": {"cpu": v}}], ids=["bare", "list", "deep"]
)
def test_a_value_that_is_no_plain_data_is_one_finding(value: Any, wrap: Any) -> None:
    found = check_values({"scheduler": {"resources": wrap(value)}}, **NEWEST)
    odd = [f for f in found if f.rule == "values/not-plain"]
    assert len(odd) == 1
    assert odd[0].at.startswith("values.scheduler.resources")
    assert odd[0].fix


@pytest.mark.parametrize("key", [1, None, True, (1,), b"x", 1.5, Text("x")])
def test_a_key_that_is_no_text_is_a_finding(key: Any) -> None:
    found = check_values({key: 1, "labels": {key: "x"}}, **NEWEST)
    assert [f.at for f in found if f.rule == "values/not-plain"] == ["values", "values.labels"]


@pytest.mark.parametrize("document", [[], "text", None, 5, ("a",), {1, 2}])
def test_a_document_that_is_no_mapping_is_a_finding(document: Any) -> None:
    assert [f.rule for f in check_values(document, **NEWEST)] == ["values/not-plain"]
    assert "manifest/not-plain" in {f.rule for f in check_manifest(document)}


def test_a_value_that_contains_itself_is_a_finding() -> None:
    cycle: dict[str, Any] = {}
    cycle["labels"] = cycle
    assert [f.problem for f in check_values(cycle, **NEWEST)] == ["the value contains itself"]


def test_a_very_deep_value_is_a_finding() -> None:
    deep: Any = {}
    for _ in range(500):
        deep = {"global": deep}
    assert [f.rule for f in check_values(deep, **NEWEST)] == ["values/not-plain"]


def test_the_same_value_at_two_places_is_no_cycle() -> None:
    shared = {"requests": {"cpu": "1"}}
    assert check_values({"scheduler": {"resources": shared}, "triggerer": {"resources": shared}}, **NEWEST) == []


def test_the_rest_of_the_document_is_still_checked() -> None:
    found = check_values({"labels": {"a": (1,)}, "schedular": {}}, **NEWEST)
    assert {f.rule for f in found} == {"values/not-plain", "values/unknown-key"}


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(
            st.one_of(
                st.text(max_size=4),
                st.sampled_from(["scheduler", "config", "env", "spec", "metadata", "labels"]),
                st.integers(),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_no_input_makes_a_check_raise(value: Any) -> None:
    keys = ("executor", "scheduler", "config", "env", "data", "dags", "images", "workers", "ingress")
    for document in (value, dict.fromkeys(keys, value)):
        for finding in check_values(document, **NEWEST):
            assert finding.rule.startswith("values/")
            assert finding.fix
    for manifest in (
        value,
        {"apiVersion": value, "kind": value},
        {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": value, "spec": value},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": value, "labels": value, "namespace": value},
            "spec": value,
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": value},
    ):
        for finding in check_manifest(manifest):
            assert finding.rule.startswith("manifest/")
            assert finding.fix


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "values"),
        (("a", "b"), "values.a.b"),
        (("a", 0, "b"), "values.a[0].b"),
        (("a", "x.y/z"), "values.a['x.y/z']"),
        (("a\nb",), "values['a\\nb']"),
        (("k" * 300,), f"values['{'k' * 79}…']"),
    ],
)
def test_a_path_is_written_as_a_reader_writes_it(path: tuple[str | int, ...], expected: str) -> None:
    assert dotted(path, "values") == expected


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        st.one_of(st.none(), st.booleans(), st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=2)),
        max_size=4,
    )
)
def test_plain_data_is_copied_as_it_is(document: dict[str, Any]) -> None:
    copied, found = plain(document, area="values", prefix="values")
    assert copied == document
    assert found == []


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=3),
    st.sampled_from(["\ud800", (1,), Text("t"), Colour.RED]),
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2) | st.just("\udfff"), inner, max_size=3)
    ),
    max_leaves=12,
)


def said_slowly(document: dict[str, Any]) -> str:
    def nothing(*_: object) -> Any:
        raise plain_module._UnfitError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_module, "_exact", nothing)
        return repr(plain(document, area="a", prefix="p"))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=2), DOCUMENTS, max_size=3))
def test_the_quick_way_and_the_way_that_says_where_agree(document: dict[str, Any]) -> None:
    assert repr(plain(document, area="a", prefix="p")) == said_slowly(document)


@pytest.mark.parametrize("levels", [62, 63, 64, 65])
def test_both_ways_agree_on_how_deep_a_document_may_be(levels: int) -> None:
    document: dict[str, Any] = {"k": 1}
    for _ in range(levels):
        document = {"k": document}
    _, found = plain(document, area="a", prefix="p")
    assert repr(plain(document, area="a", prefix="p")) == said_slowly(document)
    assert len(found) == (1 if levels > 63 else 0)
