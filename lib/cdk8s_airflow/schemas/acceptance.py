"""Accepts documents that are valid without a compiled validator.

Nearly every document that is checked is valid. Importing jsonschema-rs and compiling a schema of 100 KB takes ten times as long as
walking through a document with the schema at hand. A document that is not accepted here goes to jsonschema-rs, which says what
is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]


def accepts(schema: Schema, document: object) -> bool:
    """Whether a document of JSON values is valid, as a validator of JSON Schema draft 7 decides.

    Args:
        schema: the schema, whose references are local.
        document: the document.

    Returns:
        True if it is valid. False if it is not, or if that depends on something that is not supported here.
    """
    try:
        return _is_valid(schema, document, schema)
    except _UnsureError:
        return False


class _UnsureError(Exception):
    """The answer depends on a keyword or a value that is not supported."""


def _is_valid(schema: Any, value: object, root: Schema) -> bool:
    if isinstance(schema, bool):
        return schema
    if "$ref" in schema:
        if len(schema) > 1:
            raise _UnsureError
        return _is_valid(_target(schema["$ref"], root), value, root)
    return all(_KEYWORDS.get(keyword, _unsupported)(value, told, schema, root) for keyword, told in schema.items())


def _target(reference: str, root: Schema) -> Any:
    start, *steps = reference.split("/")
    if start != "#" or "~" in reference or "%" in reference:
        raise _UnsureError
    found: Any = root
    for step in steps:
        found = found[step]
    return found


def _unsupported(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    raise _UnsureError


def _ignored(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return True


def _type(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if type(told) is str and told != "integer":
        return _TYPES[told](value)
    names = [told] if isinstance(told, str) else told
    if type(value) is float and "integer" in names and "number" not in names:
        raise _UnsureError  # 1.0 is an integer
    return any(_TYPES[name](value) for name in names)


_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "null": lambda value: value is None,
}


def _properties(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(
        _is_valid(told[key], item, root) for key, item in value.items() if key in told
    )


def _additional(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if "patternProperties" in schema:
        raise _UnsureError
    known = schema.get("properties", ())
    return not isinstance(value, dict) or all(
        _is_valid(told, item, root) for key, item in value.items() if key not in known
    )


def _items(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if isinstance(told, list):
        raise _UnsureError
    return not isinstance(value, list) or all(_is_valid(told, item, root) for item in value)


def _required(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(key in value for key in told)


def _enum(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if isinstance(value, (dict, list, float)) or any(isinstance(each, (dict, list, float)) for each in told):
        raise _UnsureError
    return any(type(each) is type(value) and each == value for each in told)


def _number(holds: Callable[[Any, Any], bool]) -> _Keyword:
    return lambda value, told, schema, root: type(value) not in (int, float) or holds(value, told)


def _length(kind: type, holds: Callable[[int, int], bool]) -> _Keyword:
    return lambda value, told, schema, root: not isinstance(value, kind) or holds(len(value), told)  # type: ignore[arg-type]


def _pattern(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, str):
        return True
    # The expressions of the two languages agree on these.
    if not (value.isascii() and value.isprintable()):
        raise _UnsureError
    try:
        return re.search(told, value, re.ASCII) is not None
    except re.error:
        raise _UnsureError from None


def _unique(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    if not told or not isinstance(value, list):
        return True
    if not all(isinstance(item, str) for item in value):
        raise _UnsureError
    return len(set(value)) == len(value)


def _any_of(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return any(_is_valid(each, value, root) for each in told)


def _one_of(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return sum(_is_valid(each, value, root) for each in told) == 1


def _all_of(value: object, told: Any, schema: Schema, root: Schema) -> bool:
    return all(_is_valid(each, value, root) for each in told)


_Keyword = Callable[[object, Any, Schema, Schema], bool]

_KEYWORDS: Mapping[str, _Keyword] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "required": _required,
    "enum": _enum,
    "minimum": _number(lambda value, limit: bool(value >= limit)),
    "maximum": _number(lambda value, limit: bool(value <= limit)),
    "minLength": _length(str, lambda length, limit: length >= limit),
    "maxLength": _length(str, lambda length, limit: length <= limit),
    "minItems": _length(list, lambda length, limit: length >= limit),
    "maxItems": _length(list, lambda length, limit: length <= limit),
    "minProperties": _length(dict, lambda length, limit: length >= limit),
    "maxProperties": _length(dict, lambda length, limit: length <= limit),
    "pattern": _pattern,
    "uniqueItems": _unique,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    **dict.fromkeys(("definitions", "description", "title", "default", "examples", "$comment", "$schema"), _ignored),
}
