"""Custom resources, judged as the API server does it with the released definitions in ``crds/``.

In its order: unknown fields are refused, defaults are filled in, then types, patterns and required fields are checked, then lists with
keys, then the CEL rules. A rule that nothing here can evaluate is reported and must stand on a visible list; it never counts as passed.

This shares no code with the library's own checks: the two judge each other.
"""

from __future__ import annotations

import base64
import copy
import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import celpy
import jsonschema
import re2

from tests.truth import kinds, manifests

FOLDER = Path(__file__).parent / "crds"

OBJECT_META = frozenset(
    {
        *(
            "name",
            "generateName",
            "namespace",
            "labels",
            "annotations",
            "finalizers",
            "ownerReferences",
            "uid",
            "resourceVersion",
        ),
        *(
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
            "selfLink",
        ),
    }
)

CEL_FUNCTIONS = frozenset(
    {
        *(
            "has",
            "size",
            "all",
            "exists",
            "exists_one",
            "map",
            "filter",
            "contains",
            "startsWith",
            "endsWith",
            "matches",
        ),
        *("find", "split"),
        *("int", "uint", "double", "string", "bytes", "bool", "type", "dyn", "duration", "timestamp"),
    }
)
"""What every evaluator knows, and the functions of :data:`_KUBERNETES_FUNCTIONS`. Kubernetes' other functions (quantity, isURL, lowerAscii, ...) are not among them."""

NOT_EVALUATED: frozenset[tuple[str, str, str]] = frozenset(
    {
        # Optional values, which no evaluator for Python has. On creation there is no old value, and the rule holds.
        ("helmcharts.helm.cattle.io", "spec.driver", "!oldSelf.hasValue() || self == oldSelf.value()"),
    }
)
"""(definition, path, rule): the rules that may stay unevaluated when a manifest meets them."""

SEEN_UNEVALUATED: Counter[tuple[str, str, str]] = Counter()
"""How often a manifest met a rule of :data:`NOT_EVALUATED` in this run; :func:`report` prints it."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_INTEGER_BOUNDS = {"int32": 2**31, "int64": 2**63}
_ENFORCED_FORMATS_WITHOUT_CHECK = frozenset(
    [
        "bsonobjectid",
        "uri",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "cidr",
        "mac",
        "uuid",
        "uuid3",
        "uuid4",
        "uuid5",
        "isbn",
        "isbn10",
        "isbn13",
        "creditcard",
        "ssn",
        "hexcolor",
        "rgbcolor",
        "password",
        "date",
        "duration",
    ]
)
_OLD_SELF = re.compile(r"\boldSelf\b")
_CALL = re.compile(r"(\w+)\s*\(")


@dataclass(frozen=True)
class Definition:
    """One custom resource definition."""

    name: str
    group: str
    kind: str
    namespaced: bool
    schemas: Mapping[str, Mapping[str, Any]]
    """By the name of the served version."""
    with_status: frozenset[str]
    """Versions whose status is a subresource: written by the controller only."""


@dataclass
class Verdict:
    """What a judge found."""

    problems: list[str] = field(default_factory=list)
    unevaluated: list[tuple[str, str, str]] = field(default_factory=list)


@functools.cache
def definitions() -> dict[tuple[str, str], Definition]:
    """The committed definitions by (group, kind)."""
    found = {}
    for document in manifests.load(FOLDER):
        spec = document["spec"]
        served = [version for version in spec["versions"] if version["served"]]
        found[spec["group"], spec["names"]["kind"]] = Definition(
            name=document["metadata"]["name"],
            group=spec["group"],
            kind=spec["names"]["kind"],
            namespaced=spec["scope"] == "Namespaced",
            schemas={version["name"]: version["schema"]["openAPIV3Schema"] for version in served},
            with_status=frozenset(version["name"] for version in served if "status" in version.get("subresources", {})),
        )
    return found


def assert_accepted(manifest: Mapping[str, Any]) -> None:
    """Fail, with everything that is wrong, unless the API server with the released definition takes this manifest."""
    verdict = judge(manifest)
    unexpected = [rule for rule in verdict.unevaluated if rule not in NOT_EVALUATED]
    SEEN_UNEVALUATED.update(rule for rule in verdict.unevaluated if rule in NOT_EVALUATED)
    lines = verdict.problems + defaults_in_lists(manifest)
    lines += [f"{path}: nothing here can evaluate the rule {rule}" for _, path, rule in unexpected]
    if lines:
        name = (manifest.get("metadata") or {}).get("name")
        raise AssertionError(
            "\n".join([f"{manifest.get('kind')}/{name} is not accepted:", *(f"  {line}" for line in lines)])
        )


def report() -> list[str]:
    """One line for each rule that manifests of this run met and that nothing could evaluate; for the end of a test run."""
    return [
        f"CEL not evaluated: {name} {path}: {rule} ({count} manifests)"
        for (name, path, rule), count in sorted(SEEN_UNEVALUATED.items())
    ]


def judge(manifest: Mapping[str, Any]) -> Verdict:
    """What the API server would say to a creation of this custom resource."""
    verdict = Verdict()
    api_version = str(manifest.get("apiVersion", ""))
    group, _, version = api_version.rpartition("/")
    definition = definitions().get((group, str(manifest.get("kind"))))
    if definition is None:
        verdict.problems.append(f"no definition of {api_version} {manifest.get('kind')}")
        return verdict
    schema = definition.schemas.get(version)
    if schema is None:
        verdict.problems.append(f"{definition.name} does not serve {version!r}")
        return verdict
    _envelope(manifest, definition, version, verdict.problems)
    body = copy.deepcopy({key: value for key, value in manifest.items() if key not in _ENVELOPE})
    schema = _body_schema(schema)
    verdict.problems += _unknown(body, schema, "")
    _fill_defaults(body, schema)
    errors = _validator(definition.name, version).iter_errors(body)
    verdict.problems += [f"{'.'.join(map(str, error.absolute_path)) or '(root)'}: {error.message}" for error in errors]
    verdict.problems += _lists(body, schema, "")
    if not verdict.problems:
        for path, rule, value in _rules(body, schema, ""):
            _evaluate(definition, path, rule, value, verdict)
    return verdict


def _envelope(manifest: Mapping[str, Any], definition: Definition, version: str, problems: list[str]) -> None:
    problems += kinds.metadata_complaints(manifest, name_of="custom resource")
    metadata = manifest.get("metadata") or {}
    problems += [f"metadata: unknown field {key!r}" for key in metadata if key not in OBJECT_META]
    if not definition.namespaced and metadata.get("namespace"):
        problems.append(f"metadata.namespace: a {definition.kind} has none")
    if version in definition.with_status and manifest.get("status"):
        problems.append("status: only the controller writes it; it would be dropped")


_ENVELOPE = frozenset({"apiVersion", "kind", "metadata"})


def _body_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of all but the envelope, which is the same for every kind and judged apart."""
    properties = {key: value for key, value in schema.get("properties", {}).items() if key not in _ENVELOPE}
    required = [key for key in schema.get("required", []) if key not in _ENVELOPE]
    return {**schema, "properties": properties, "required": required}


def _is_open(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields"))


def _children(value: object, schema: Mapping[str, Any], at: str) -> Iterator[tuple[object, Mapping[str, Any], str]]:
    """The known parts of a value, each with its schema and path."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        further = schema.get("additionalProperties")
        for key, item in value.items():
            inner = properties.get(key, further)
            if isinstance(inner, Mapping):
                yield item, inner, f"{at}.{key}".lstrip(".")
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for position, item in enumerate(value):
            yield item, schema["items"], f"{at}[{position}]"


def _unknown(value: object, schema: Mapping[str, Any], at: str) -> list[str]:
    found = []
    if (
        isinstance(value, dict)
        and "additionalProperties" not in schema
        and not _is_open(schema)
        and schema.get("type") == "object"
    ):
        known = {*schema.get("properties", {})}
        if schema.get("x-kubernetes-embedded-resource"):
            known |= {"apiVersion", "kind", "metadata"}
        found = [f"{at or '(root)'}: unknown field {key!r}" for key in value if key not in known]
    for item, inner, path in _children(value, schema, at):
        found += _unknown(item, inner, path)
    return found


def _fill_defaults(value: object, schema: Mapping[str, Any]) -> None:
    if isinstance(value, dict):
        for key, inner in schema.get("properties", {}).items():
            if "default" in inner and (key not in value or (value[key] is None and not inner.get("nullable"))):
                value[key] = copy.deepcopy(inner["default"])
    for item, inner, _ in _children(value, schema, ""):
        _fill_defaults(item, inner)


def defaults_in_lists(manifest: Mapping[str, Any]) -> list[str]:
    """Fields that the API server adds to entries of lists in a custom resource.

    Tools that compare an object with its manifest, such as Argo CD, compare a list as a whole: an added field is a permanent difference.
    """
    group, _, version = manifest["apiVersion"].rpartition("/")
    definition = definitions().get((group, manifest["kind"]))
    if definition is None or version not in definition.schemas:
        return []
    filled = copy.deepcopy({key: value for key, value in manifest.items() if key not in _ENVELOPE})
    _fill_defaults(filled, _body_schema(definition.schemas[version]))
    return list(_added_in_lists(manifest, filled, "", in_list=False))


def _added_in_lists(written: object, filled: object, at: str, *, in_list: bool) -> Iterator[str]:
    if isinstance(written, dict) and isinstance(filled, dict):
        for key in filled:
            path = f"{at}.{key}" if at else key
            if key in written:
                yield from _added_in_lists(written[key], filled[key], path, in_list=in_list)
            elif in_list:
                yield f"{path}: the API server adds {filled[key]!r}; write the default"
    elif isinstance(written, list) and isinstance(filled, list):
        for index, (before, after) in enumerate(zip(written, filled, strict=True)):
            yield from _added_in_lists(before, after, f"{at}[{index}]", in_list=True)


def _converted(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The OpenAPI schema in the words of JSON Schema 2020-12."""
    kept = {key: schema[key] for key in _SAME_WORDS if key in schema}
    for container in ("properties", "patternProperties"):
        if container in schema:
            kept[container] = {key: _converted(inner) for key, inner in schema[container].items()}
    for single in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(single), Mapping):
            kept[single] = _converted(schema[single])
        elif single == "additionalProperties" and single in schema:
            kept[single] = schema[single]
    for several in ("allOf", "anyOf", "oneOf"):
        if several in schema:
            kept[several] = [_converted(inner) for inner in schema[several]]
    kept.update(_bounds(schema))
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in kept:
        kept["type"] = [*([kept["type"]] if isinstance(kept["type"], str) else kept["type"]), "null"]
        if "enum" in kept:
            kept["enum"] = [*kept["enum"], None]
    form = schema.get("format")
    if form in _ENFORCED_FORMATS_WITHOUT_CHECK:
        raise NotImplementedError(f"the API server checks the format {form!r}, and this judge does not yet")
    if form == "date-time":
        kept["x-date-time"] = True
    if form == "byte":
        kept["x-byte"] = True
    return kept


_SAME_WORDS = (
    *(
        "type",
        "enum",
        "pattern",
        "required",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    ),
    *("uniqueItems", "multipleOf"),
)


def _bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    limit = _INTEGER_BOUNDS.get(schema.get("format", ""))
    if limit:
        bounds = {"minimum": -limit, "maximum": limit - 1}
    for edge, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if edge in schema:
            bounds[edge] = schema[edge]
            if schema.get(exclusive) is True:
                bounds[exclusive] = bounds.pop(edge)
    return bounds


def _pattern(_: Any, pattern: str, value: object, __: object) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not re2.search(pattern, value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


def _date_time(_: Any, __: bool, value: object, ___: object) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not _DATE_TIME.fullmatch(value):
        yield jsonschema.ValidationError(f"{value!r} is not a date and time")


def _byte(_: Any, __: bool, value: object, ___: object) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str):
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            yield jsonschema.ValidationError(f"{value!r} is not in base64")


_Judge = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {"pattern": _pattern, "x-date-time": _date_time, "x-byte": _byte}
)


@functools.cache
def _validator(name: str, version: str) -> Any:
    (definition,) = [one for one in definitions().values() if one.name == name]
    return _Judge(_converted(_body_schema(definition.schemas[version])))


def _lists(value: object, schema: Mapping[str, Any], at: str) -> list[str]:
    found = []
    if isinstance(value, list):
        kind = schema.get("x-kubernetes-list-type")
        if kind == "map" and all(isinstance(item, dict) for item in value):
            keys = schema["x-kubernetes-list-map-keys"]
            members = [tuple((key, item.get(key)) for key in keys) for item in value]
            found = [f"{at}: {dict(member)} is there twice" for member, count in Counter(members).items() if count > 1]
        elif kind == "set":
            found = [f"{at}: {text} is there twice" for text, count in Counter(map(repr, value)).items() if count > 1]
    for item, inner, path in _children(value, schema, at):
        found += _lists(item, inner, path)
    return found


def _rules(value: object, schema: Mapping[str, Any], at: str) -> Iterator[tuple[str, Mapping[str, Any], object]]:
    if value is None:
        return
    for rule in schema.get("x-kubernetes-validations", []):
        yield at, rule, value
    for item, inner, path in _children(value, schema, at):
        yield from _rules(item, inner, path)


def evaluable(rule: Mapping[str, Any]) -> bool:
    """Whether a Python evaluator of CEL knows all that the rule uses."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "''", rule["rule"])
    return not _OLD_SELF.search(text) and {*_CALL.findall(text)} <= CEL_FUNCTIONS


@functools.cache
def _program(rule: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule), functions=_KUBERNETES_FUNCTIONS)


def _find(text: Any, pattern: Any) -> Any:
    found = re.search(str(pattern), str(text))
    return celpy.celtypes.StringType(found[0] if found else "")


def _split(text: Any, separator: Any) -> Any:
    return celpy.celtypes.ListType([celpy.celtypes.StringType(part) for part in str(text).split(str(separator))])


_KUBERNETES_FUNCTIONS = {"find": _find, "split": _split}
"""Functions for strings that the API server adds to CEL."""


def _evaluate(definition: Definition, path: str, rule: Mapping[str, Any], value: object, verdict: Verdict) -> None:
    text = rule["rule"]
    message = rule.get("message", text)
    if _OLD_SELF.search(text) and not rule.get("optionalOldSelf"):
        return  # A rule about a change: the API server skips it on creation, too.
    if not evaluable(rule):
        verdict.unevaluated.append((definition.name, re.sub(r"\[\d+\]", "[]", path), text))
        return
    try:
        good = _program(text).evaluate({"self": celpy.json_to_cel(value)})
    except celpy.CELEvalError as error:
        verdict.problems.append(f"{path}: {message} (the rule ends in an error: {error.args[0]})")
    else:
        if not good:
            verdict.problems.append(f"{path}: {message}")
