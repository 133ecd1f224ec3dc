"""A document that is accepted without jsonschema-rs is valid to jsonschema-rs too."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.schemas import facts_store
from cdk8s_airflow.schemas.acceptance import accepts
from tests.schemas.samples import CUSTOM

ROOT = Path(__file__).resolve().parents[2]

SCALARS: list[Any] = [None, True, False, 0, 1, -1, 1.0, 1.5, 2**40, "", "a", "1", "true", "ä", "a\n", "10Gi", [], {}]
SCHEMAS: list[dict[str, Any]] = [
    *({"type": name} for name in ("object", "array", "string", "boolean", "integer", "number", "null")),
    {"type": ["string", "integer"]},
    {"enum": ["a", 1, None]},
    {"enum": [True, 1.0]},
    {"minimum": 1, "maximum": 5},
    {"minLength": 1, "maxLength": 1},
    {"pattern": "^a$"},
    {"pattern": "^[0-9]+$", "type": "string"},
    {"items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    {"items": [{"type": "integer"}]},
    {"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 2},
    {"patternProperties": {"^a": {"type": "string"}}, "additionalProperties": False},
    {"oneOf": [{"type": "string"}, {"pattern": "^a"}]},
    {"oneOf": [{"type": "integer"}, {"minimum": 1}]},
    {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 2}]},
    {"allOf": [{"type": "string"}, {"minLength": 1}]},
    {"not": {"type": "string"}},
    {"format": "date-time"},
    {"$ref": "#/definitions/x", "definitions": {"x": {"type": "string"}}},
    {"properties": {"a": {"$ref": "#/definitions/x"}}, "definitions": {"x": {"type": "string"}}},
]
VALUES = [
    *SCALARS,
    *([each] for each in SCALARS),
    *({"a": each} for each in SCALARS),
    {"a": 1, "b": 2},
    ["a", "a"],
    ["a", 1],
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_accepted_is_valid(schema: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True)
    assert [value for value in VALUES if accepts(schema, value) and not validator.is_valid(value)] == []


SUPPORTED = [schema for schema in SCHEMAS if not {"not", "format", "patternProperties", "definitions"} & set(schema)]


@pytest.mark.parametrize("schema", SUPPORTED, ids=str)
def test_plain_values_that_are_valid_are_accepted(schema: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft7Validator(schema, validate_formats=True)
    plain = [value for value in ("a", "abc", 3, {"a": 3}, {"a": "b"}, [3]) if validator.is_valid(value)]
    if not isinstance(schema.get("items"), list) and 1.0 not in schema.get("enum", []):
        assert [value for value in plain if not accepts(schema, value) and type(value) is not list] == []


def body(manifest: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}


def facts_of(manifest: dict[str, Any]) -> str:
    name = facts_store.crd_name(manifest["apiVersion"], manifest["kind"])
    assert name is not None
    return name


def holders(value: Any) -> list[tuple[Any, Any]]:
    """Every mapping or list of a document with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in ((value, key), *holders(item))]


@pytest.mark.parametrize("manifest", CUSTOM, ids=lambda manifest: manifest["kind"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_custom_resource_is_never_accepted_wrongly(manifest: dict[str, Any], data: st.DataObject) -> None:
    name = facts_of(manifest)
    changed = copy.deepcopy(body(manifest))
    holder, key = data.draw(st.sampled_from(holders(changed)))
    holder[key] = data.draw(st.sampled_from(SCALARS))
    if accepts(facts_store.crd_facts(name)["schema"], changed):
        assert facts_store.crd_validator(name).compiled.is_valid(changed)


def released_values() -> dict[str, Any]:
    text = (ROOT / "dist" / "20-airflow.k8s.yaml").read_text(encoding="utf-8")
    (release,) = (each for each in yaml.safe_load_all(text) if each["kind"] == "HelmChart")
    values: dict[str, Any] = yaml.safe_load(release["spec"]["valuesContent"])
    return values


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_changed_values_are_never_accepted_wrongly(data: st.DataObject) -> None:
    changed = released_values()
    holder, key = data.draw(st.sampled_from(holders(changed)))
    holder[key] = data.draw(st.sampled_from(SCALARS))
    if accepts(facts_store.values_schema("1.22.0"), changed):
        assert facts_store.values_validator("1.22.0").compiled.is_valid(changed)


def test_values_of_a_release_are_accepted() -> None:
    assert accepts(facts_store.values_schema("1.22.0"), released_values())


def test_a_valid_program_does_not_load_jsonschema() -> None:
    program = (
        "import sys, main\nfrom cdk8s_airflow import render\nrender(main.build)\nprint('jsonschema_rs' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout == "False\n", run.stderr
