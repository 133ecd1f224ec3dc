"""Reads the facts, each file once and only when it is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.schemas.acceptance import accepts

if TYPE_CHECKING:
    import jsonschema_rs

Schema = dict[str, Any]

_FACTS = Path(__file__).parent / "facts"
_WITHOUT_COMPILING = 10


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


class Validator:
    """Validates documents against one schema.

    Compiling a schema takes as long as accepting ten documents without. So it is compiled for the first document that is not
    plainly valid (:func:`accepts`), or after ten documents.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._documents = 0

    @cached_property
    def compiled(self) -> jsonschema_rs.Draft7Validator:
        """The compiled schema."""
        import jsonschema_rs

        return jsonschema_rs.Draft7Validator(self._schema, validate_formats=True)

    def errors(self, document: object) -> Iterator[jsonschema_rs.ValidationError]:
        """All that is wrong with a plain document."""
        self._documents += 1
        if self._documents <= _WITHOUT_COMPILING and accepts(self._schema, document):
            return
        if not self.compiled.is_valid(document):
            yield from self.compiled.iter_errors(document)


@cache
def values_validator(chart_version: str) -> Validator:
    """The validator of one chart version's values."""
    return Validator(values_schema(chart_version))


@cache
def crd_validator(name: str) -> Validator:
    """The validator of one custom resource definition."""
    return Validator(crd_facts(name)["schema"])
