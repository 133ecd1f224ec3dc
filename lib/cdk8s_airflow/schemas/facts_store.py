"""Reads the facts, each file once and only when it is needed."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jsonschema_rs

Schema = dict[str, Any]

_FACTS = Path(__file__).parent / "facts"


def _load(name: str) -> Any:
    return json.loads((_FACTS / f"{name}.json").read_bytes())


@lru_cache(maxsize=1)
def _index() -> tuple[tuple[str, ...], dict[tuple[str, str], str]]:
    index = _load("index")
    kinds = {(key.split(" ")[0], key.split(" ")[1]): name for key, name in index["crds"].items()}
    return tuple(index["charts"]), kinds


def chart_versions() -> tuple[str, ...]:
    """The versions of the official Airflow chart that there are facts for, oldest first."""
    return _index()[0]


def known_kinds() -> frozenset[tuple[str, str]]:
    """The ``(apiVersion, kind)`` of every custom resource that there are facts for."""
    return frozenset(_index()[1])


def crd_name(api_version: str, kind: str) -> str | None:
    """The name of the CustomResourceDefinition that a cluster must have for this kind; None for a kind without facts."""
    return _index()[1].get((api_version, kind))


@cache
def values_schema(chart_version: str) -> Schema:
    """The locked JSON Schema of one chart version's values; treat it as read-only."""
    schema: Schema = _load(f"airflow-{chart_version}")
    return schema


@cache
def default_values(chart_version: str) -> dict[str, Any]:
    """The default values of one chart version, long texts and lists cut; treat it as read-only."""
    values: dict[str, Any] = _load(f"defaults-{chart_version}")
    return values


@cache
def crd_facts(name: str) -> Schema:
    """One custom resource definition: scope, strict schema of everything except apiVersion, kind, metadata and status,
    CEL rules and keyed lists; treat it as read-only."""
    facts: Schema = _load(f"crd-{name}")
    return facts


@cache
def config_facts() -> dict[str, Any]:
    """The options of airflow.cfg in each version of Airflow, and their former names; treat it as read-only."""
    facts: dict[str, Any] = _load("config-options")
    return facts


@cache
def config_types() -> dict[str, Any]:
    """The options of airflow.cfg that Airflow reads as numbers or as true and false; treat it as read-only."""
    types: dict[str, Any] = json.loads((_FACTS.parent / "config-types.json").read_bytes())
    return types


def _compile(schema: Schema) -> jsonschema_rs.Draft7Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


@cache
def values_validator(chart_version: str) -> jsonschema_rs.Draft7Validator:
    """The compiled validator of one chart version's values."""
    return _compile(values_schema(chart_version))


def validator_of(schema: Schema) -> jsonschema_rs.Draft7Validator:
    """A validator of facts that are not kept here."""
    return _compile(schema)


@cache
def crd_validator(name: str) -> jsonschema_rs.Draft7Validator:
    """The compiled validator of one custom resource definition."""
    return _compile(crd_facts(name)["schema"])
