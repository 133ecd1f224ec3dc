"""Translates errors of the JSON schema validator into findings with a fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.secret_scan import has_login, may_hide
from cdk8s_airflow.text.documents import Path, dotted
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    import jsonschema_rs

Schema = dict[str, Any]
Advice = Callable[[Path], str | None]

_TYPES = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
}
QUANTITY_MARK = regex(r"\[numkMGTPE\]|\[numk\]")
_MOST_NAMES = 12


@frozen
class Document:
    """The document that is checked, and the words for its findings.

    Attributes:
        schema: the facts that it is compared with, for the names that are valid at a path.
        area: the first part of the rule ids.
        prefix: is put before every path.
        holder: the schema that refuses the key, for messages: "chart 1.22.0", "helm.cattle.io/v1 HelmChart".
        field: the word for a key in this kind of document: "key", "field".
        advice: returns the reviewed fix for an unknown key at a path, or None.
    """

    schema: Schema
    area: str
    prefix: str
    holder: str
    field: str
    advice: Advice


def article(types: Iterable[str]) -> str:
    """Types in words: ``an integer or a string``."""
    names = [name for name in types if name != "null"] or ["null"]
    if "number" in names:
        names = [name for name in names if name != "integer"]
    return " or ".join(_TYPES[name] for name in sorted(names, key=list(_TYPES).index))


def type_of(value: object) -> str:
    """The type of a plain value in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return _TYPES["boolean"]
    for python, name in ((str, "string"), (int, "integer"), (float, "number"), (list, "array")):
        if isinstance(value, python):
            return _TYPES[name]
    return _TYPES["object"]


def seen(path: Path, value: object) -> str:
    """The value for a message: empty if it may be a secret, and only the type if it is not a scalar."""
    if isinstance(value, dict | list):
        if isinstance(value, dict):
            return f"a mapping with {len(value)} keys" if len(value) != 1 else "a mapping with 1 key"
        return f"a list of {len(value)}"
    if may_hide(path) or (isinstance(value, str) and has_login(value)):
        return ""
    return show(value)


def typed(path: Path, value: object) -> str:
    """The value and its type, for a message about a wrong type; only the type if the value may be a secret or is no scalar."""
    kind = type_of(value)
    shown = seen(path, value)
    if isinstance(value, dict | list):
        return shown
    return f"{shown} ({kind.split()[-1]})" if shown and value is not None else kind


def nodes_at(root: Schema, path: Path) -> Iterator[Schema]:
    """Every part of the schema that describes a path; none if the schema allows anything there or does not have it."""
    nodes = list(_spread(root, root))
    for step in path:
        below: list[Schema] = []
        for node in nodes:
            found: Any = None
            if isinstance(step, int):
                found = node.get("items")
            elif step in node.get("properties", ()):
                found = node["properties"][step]
            else:
                found = node.get("additionalProperties")
            if isinstance(found, dict):
                below.extend(_spread(root, found))
        nodes = below
    yield from nodes


def _spread(root: Schema, node: Schema) -> Iterator[Schema]:
    while "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    yield node
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in node.get(key, ()):
            yield from _spread(root, branch)


def is_section(root: Schema, path: Path) -> bool:
    """Whether a path is a section of the chart: templates read its keys one by one, so it must be a mapping.

    Parts of Kubernetes objects (definitions whose names start with a capital) are passed on unchanged, and may be missing.
    """
    nodes = list(nodes_at(root, path))
    handed_on = [part for name, part in root.get("definitions", {}).items() if name[:1].isupper()]
    return not any("null" in _types(node) for node in nodes) and any(
        "properties" in node and not any(node is part for part in handed_on) for node in nodes
    )


def _types(node: Schema) -> Sequence[str]:
    types: str | Sequence[str] = node.get("type", ())
    return (types,) if isinstance(types, str) else types


def known_names(root: Schema, path: Path) -> list[str]:
    """The keys that the schema has at a path, sorted."""
    return sorted({name for node in nodes_at(root, path) for name in node.get("properties", ())})


def knows(root: Schema, path: Path) -> bool:
    """Whether the schema allows a key at this path."""
    nodes = list(nodes_at(root, path[:-1]))
    step = path[-1]
    if not nodes:
        return True
    for node in nodes:
        if isinstance(step, int) or step in node.get("properties", ()):
            return True
        if node.get("additionalProperties") not in (False, None):
            return True
    return not any("additionalProperties" in node or "properties" in node for node in nodes)


def names(root: Schema, path: Path) -> bool:
    """Whether the schema has a key at this path by name, so not only because anything is allowed there."""
    return any(path[-1] in node.get("properties", ()) for node in nodes_at(root, path[:-1]))


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that a misspelt one most probably means."""
    folded = {other.lower().replace("_", "").replace("-", ""): other for other in known}
    plain_name = name.lower().replace("_", "").replace("-", "")
    if plain_name in folded:
        return folded[plain_name]
    import difflib

    close = difflib.get_close_matches(plain_name, folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def unknown_key(document: Document, path: Path, name: str, value: object) -> Finding:
    """The finding for one key that the schema does not have at a path."""
    whole = (*path, name)
    known = known_names(document.schema, path)
    advice = document.advice(whole)
    if advice is None:
        guess = nearest(name, known)
        if guess is not None:
            advice = f"did you mean {guess!r}?"
        elif known and len(known) <= _MOST_NAMES:
            advice = f"remove it; the accepted keys are: {', '.join(known)}"
        else:
            advice = "remove it"
    shown = show(value) if isinstance(value, bool | int | float) and not may_hide(whole) else ""
    return Finding(
        rule=f"{document.area}/unknown-{document.field}",
        at=dotted(whole, document.prefix),
        problem=f"is not a {document.field} of {document.holder}",
        seen=shown,
        fix=advice,
    )


def findings(document: Document, validator: store.Validator, instance: object) -> list[Finding]:
    """All that is wrong with a plain document, in the order of the document's paths.

    Args:
        document: what the schema and the messages are about.
        validator: validates the document.
        instance: the document.
    """
    return [finding for error in validator.errors(instance) for finding in _translate(document, error)]


def _translate(document: Document, error: jsonschema_rs.ValidationError) -> Iterator[Finding]:
    path: Path = tuple(error.instance_path)
    value: Any = error.instance
    kind: Any = error.kind
    name = kind.name
    if name == "additionalProperties":
        for key in kind.unexpected:
            yield unknown_key(document, path, key, value.get(key))
        return
    if name in ("anyOf", "oneOf") and hasattr(kind, "context"):
        yield from _branches(document, path, value, kind.context)
        return
    if name == "required":
        yield Finding(
            rule=f"{document.area}/missing-{document.field}",
            at=dotted((*path, kind.property), document.prefix),
            problem=f"is required by {document.holder}",
            fix=f"set {kind.property!r}",
        )
        return
    rule, problem, fix = _says(name, kind, value)
    if rule == "wrong-type":
        fix = document.advice(path) or fix
    yield Finding(
        rule=f"{document.area}/{rule}",
        at=dotted(path, document.prefix),
        problem=problem,
        seen=typed(path, value) if rule == "wrong-type" else seen(path, value),
        fix=fix,
    )


def _branches(document: Document, path: Path, value: object, context: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """An alternative that failed as a whole: report the branch that the value was probably meant for."""
    depth = len(path)
    fitting = [
        branch for branch in context if not any(e.kind.name == "type" and len(e.instance_path) <= depth for e in branch)
    ]
    if not fitting:
        types = sorted({t for branch in context for e in branch if e.kind.name == "type" for t in e.kind.types})
        yield Finding(
            rule=f"{document.area}/wrong-type",
            at=dotted(path, document.prefix),
            problem=f"must be {article(types)}",
            seen=typed(path, value),
            fix=f"use {article(types)}",
        )
        return
    missing = [e.kind.property for branch in fitting for e in branch if e.kind.name == "required"]
    if len(fitting) > 1 and missing and all(e.kind.name == "required" for branch in fitting for e in branch):
        yield Finding(
            rule=f"{document.area}/missing-{document.field}",
            at=dotted(path, document.prefix),
            problem=f"must have one of: {', '.join(sorted(set(missing)))}",
            fix=f"set one of: {', '.join(sorted(set(missing)))}",
        )
        return
    for error in min(fitting, key=len):
        yield from _translate(document, error)


def _says(name: str, kind: Any, value: object) -> tuple[str, str, str]:
    """Rule, problem and fix for one failed keyword on one value."""
    if name == "type":
        fix = f"use {article(kind.types)}"
        if isinstance(value, str) and {"integer", "number", "boolean"} & set(kind.types):
            fix += ", without quotes"
        elif isinstance(value, bool | int | float) and "string" in kind.types:
            fix += ", in quotes"
        return "wrong-type", f"must be {article(kind.types)}", fix
    if name == "enum":
        options = [option for option in kind.options if option is not None]
        guess = nearest(value, [o for o in options if isinstance(o, str)]) if isinstance(value, str) else None
        given = ", ".join(str(option) for option in options)
        return (
            "wrong-value",
            "must be one of the accepted values",
            (f"did you mean {guess!r}? " if guess else "") + f"Use one of: {given}",
        )
    if name == "pattern":
        if QUANTITY_MARK.search(kind.pattern):
            return "wrong-quantity", "must be a Kubernetes quantity", "use a quantity such as 500m, 2, 1Gi"
        return "wrong-form", "must have the right form", f"use a string that matches {kind.pattern}"
    if name in ("minimum", "exclusiveMinimum"):
        return "too-small", f"must be at least {kind.limit}", f"use at least {kind.limit}"
    if name in ("maximum", "exclusiveMaximum"):
        return "too-large", f"must be at most {kind.limit}", f"use at most {kind.limit}"
    if name in ("minLength", "minItems", "minProperties"):
        unit = {"minLength": "characters", "minItems": "entries", "minProperties": "keys"}[name]
        return "too-short", f"must have at least {kind.limit} {unit}", f"use at least {kind.limit} {unit}"
    if name in ("maxLength", "maxItems", "maxProperties"):
        unit = {"maxLength": "characters", "maxItems": "entries", "maxProperties": "keys"}[name]
        return "too-long", f"must have at most {kind.limit} {unit}", f"use at most {kind.limit} {unit}"
    if name == "uniqueItems":
        return "duplicate", "has the same entry twice", "remove one of them"
    if name == "format":
        return "wrong-form", f"must be a valid {kind.format}", f"use a {kind.format}"
    if name == "oneOf":
        return "ambiguous", "must match exactly one of the alternatives, and matches more", "set only one of them"
    if name == "not":
        return "wrong-combination", "has keys that must not be combined", "set only one of the alternatives"
    return "wrong-value", f"must satisfy the rule {name!r} of the schema", "use another value"
