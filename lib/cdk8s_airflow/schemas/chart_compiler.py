"""Compiles a chart into the facts that validate its values, for ``make schemas`` and for charts of a user.

What a chart accepts is the union of what its values schema declares, what its values.yaml names and what its templates read,
with reviewed corrections.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORRECTIONS = Path(__file__).parent / "corrections.json"
"""What was reviewed, each with its proof."""

Schema = dict[str, Any]

_KEPT = (
    "type", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "required",
)  # fmt: skip
_BRANCHES = ("allOf", "anyOf", "oneOf")
_SHORTEST_SHARED = 90
_LONGEST_DEFAULT = 60


class SourceError(Exception):
    """A source is missing, or is not the one that was pinned."""


def canonical(value: object) -> str:
    """The one text of a JSON value: sorted keys, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True)
class ChartSource:
    """One chart version as released: values schema, default values, and template texts where the archive is at hand."""

    version: str
    schema: Schema
    values: dict[str, Any]
    templates: dict[str, str]
    subcharts: dict[str, dict[str, Any]]


def resolve(root: Schema, node: Schema) -> Schema:
    """The node itself, or what its ``$ref`` names inside ``root``."""
    while "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _simplify(node: Any, defaults: object) -> Schema:
    """A values schema node with closed objects and without what Helm's merge with the defaults makes superfluous."""
    if not isinstance(node, dict):
        return {}
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    kept: Schema = {key: node[key] for key in _KEPT if key in node}
    known = defaults if isinstance(defaults, dict) else {}
    properties = node.get("properties")
    if properties:
        kept["properties"] = {k: _simplify(v, known.get(k)) for k, v in properties.items()}
        kept["additionalProperties"] = False
    extra = node.get("additionalProperties")
    if isinstance(extra, dict) and not properties:
        kept["additionalProperties"] = _simplify(extra, None)
    elif extra is False:
        kept["additionalProperties"] = False
    if isinstance(node.get("items"), dict):
        kept["items"] = _simplify(node["items"], None)
    for key in _BRANCHES:
        if key in node:
            kept[key] = [_simplify(branch, None) for branch in node[key]]
    if "required" in kept:
        kept["required"] = [name for name in kept["required"] if name not in known]
        if not kept["required"]:
            del kept["required"]
    return kept


def _steps(path: str) -> list[str]:
    return [] if path in ("", ".") else path.replace("[]", ".[]").split(".")


def find(root: Schema, path: str) -> tuple[Schema, str]:
    """The parent node and the keyword-free last step of a dotted path (``a.b[]``, ``a.*``); raises KeyError."""
    node, steps = root, _steps(path)
    for step in steps[:-1]:
        node = child(root, node, step)
    return resolve(root, node), steps[-1]


def child(root: Schema, node: Schema, step: str) -> Schema:
    """The schema of one step below a node; raises KeyError if the node has no such step."""
    node = resolve(root, node)
    found: Any
    if step == "[]":
        found = node["items"]
    elif step == "*":
        found = node["additionalProperties"]
    else:
        found = node["properties"][step]
    if not isinstance(found, dict):
        raise KeyError(step)
    return found


def at(root: Schema, path: str) -> Schema:
    """The schema at a dotted path; ``@Name`` at its head is the Kubernetes definition of that name; raises KeyError."""
    node, steps = root, _steps(path)
    if path.startswith("@"):
        ending = f".{steps.pop(0)[1:]}"
        node = next((s for name, s in root["definitions"].items() if name.endswith(ending)), {"properties": {}})
    for step in steps:
        node = child(root, node, step)
    return node


def _put(root: Schema, path: str, schema: Schema) -> None:
    parent, step = find(root, path)
    if step == "[]":
        parent["items"] = schema
    elif step == "*":
        parent["additionalProperties"] = schema
    else:
        parent.setdefault("properties", {})[step] = schema
        parent.setdefault("additionalProperties", False)


def apply_correction(root: Schema, version: str, entry: Mapping[str, Any]) -> None:
    """One reviewed correction. It fails if the place is missing or already has this value, so that no outdated correction remains."""
    if version not in entry["charts"]:
        return
    for path in entry["paths"]:
        try:
            action = entry["do"]
            if action == "set":
                _put(root, path, json.loads(canonical(entry["schema"])))
            elif action == "copy":
                copied: Schema = {}
                for origin in entry["from"]:
                    other = json.loads(canonical(resolve(root, at(root, origin))))
                    other["properties"] = {**copied.get("properties", {}), **other["properties"]}
                    copied = other
                for name in entry.get("without", []):
                    del copied["properties"][name]
                copied["properties"].update(entry.get("properties", {}))
                _put(root, path, copied)
            elif action == "add":
                node = resolve(root, at(root, path))
                for name, schema in entry["properties"].items():
                    if name in node.setdefault("properties", {}):
                        raise SourceError(f"{path}.{name} of chart {version} is declared already: {entry['proof']}")
                    node["properties"][name] = schema
                node["additionalProperties"] = False
            elif action == "drop":
                parent, step = find(root, path)
                del parent["properties"][step]
            elif action == "merge":
                node = resolve(root, at(root, path))
                node.update(entry["schema"])
            else:
                raise SourceError(f"unknown action {action!r}")
        except KeyError as missing:
            raise SourceError(f"correction of {path} in chart {version}: there is no {missing}") from missing


def _walk_keys(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        yield (*path, str(key)), value
        if isinstance(value, dict):
            yield from _walk_keys(value, (*path, str(key)))


def knows(root: Schema, steps: Iterable[str]) -> bool:
    """Whether the facts declare a key at this place."""
    node = root
    for step in steps:
        node = resolve(root, node)
        if step in node.get("properties", {}):
            node = node["properties"][step]
        elif isinstance(node.get("additionalProperties"), dict):
            node = node["additionalProperties"]
        else:
            return "properties" not in node and node.get("additionalProperties") is not False
    return True


def template_reads(templates: Mapping[str, str]) -> set[tuple[str, ...]]:
    """Every ``.Values.a.b`` that a template names."""
    pattern = re.compile(r"\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)")
    return {tuple(m.group(1)[1:].split(".")) for text in templates.values() for m in pattern.finditer(text)}


def _bare(source: ChartSource) -> Schema:
    """What the chart's own schema says, without corrections."""
    root = _simplify({k: v for k, v in source.schema.items() if k != "definitions"}, source.values)
    root["definitions"] = {
        name: _simplify(schema, None) for name, schema in source.schema.get("definitions", {}).items()
    }
    root["additionalProperties"] = False
    root["properties"]["global"] = {"type": "object"}
    return root


def _lacking(root: Schema, source: ChartSource, corrections: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The keys that values.yaml names, templates read or a subchart has, and the facts do not know."""
    lacking = sorted({p for p, _ in _walk_keys(source.values) if not knows(root, p)})
    not_input = {tuple(path.split(".")) for path in corrections["not_input"]["paths"]}
    lacking += sorted(p for p in template_reads(source.templates) if not knows(root, p) and p not in not_input)
    for name, values in source.subcharts.items():
        lacking += sorted((name, key) for key in values if not knows(root, (name, key)))
    return lacking


def values_facts(source: ChartSource, corrections: Mapping[str, Any]) -> Schema:
    """The locked JSON Schema (draft-07) of one chart version's values."""
    root = _bare(source)
    for entry in corrections["values"]:
        apply_correction(root, source.version, entry)
    lacking = _lacking(root, source, corrections)
    if lacking:
        named = ", ".join(sorted({".".join(path) for path in lacking}))
        raise SourceError(
            f"chart {source.version} names or reads keys that the facts lack; add corrections for: {named}"
        )
    return root


def default_facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """A chart's default values, without texts and lists of any length: which keys have a default, and which switches are on."""
    return {str(key): _short(value) for key, value in values.items()}


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return default_facts(value)
    if isinstance(value, list):
        return ["..."] if value else []
    if isinstance(value, str) and len(value) > _LONGEST_DEFAULT:
        return "..."
    return value


def facts_like(neighbour: str, source: ChartSource) -> Schema:
    """The facts of a chart without review, with the corrections of the nearest reviewed chart if they fit.

    Keys that only its values.yaml, templates or subcharts name take any value.
    """
    corrections = json.loads(CORRECTIONS.read_text(encoding="utf-8"))
    root = _bare(source)
    for entry in corrections["values"]:
        for single in _singles(entry):
            named = re.findall(r'"#/definitions/([^"]+)"', canonical(single))
            if all(name in root["definitions"] for name in named) and _has_room(root, single):
                with contextlib.suppress(SourceError):
                    apply_correction(root, neighbour, single)
    for path in _lacking(root, source, corrections):
        _open(root, path)
    return share(root)


def _singles(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A correction in its smallest parts, so that one that does not fit leaves nothing half done."""
    for path in entry["paths"]:
        if entry["do"] == "add":
            for name, schema in entry["properties"].items():
                yield {**entry, "paths": [path], "properties": {name: schema}}
        else:
            yield {**entry, "paths": [path]}


def _has_room(root: Schema, single: Mapping[str, Any]) -> bool:
    """Whether the place a correction names is one whose keys the schema lists; it would close any other."""
    (path,) = single["paths"]
    try:
        if single["do"] == "add":
            return "properties" in resolve(root, at(root, path))
        if single["do"] in ("set", "copy"):
            parent, step = find(root, path)
            return step in ("[]", "*") or "properties" in parent or "additionalProperties" in parent
    except KeyError:
        return False
    return True


def _open(root: Schema, path: Iterable[str]) -> None:
    """Let the facts know a key, with any value; other places that share a definition with it stay as they are."""
    node = root
    for step in path:
        properties = node.setdefault("properties", {})
        if step not in properties:
            properties[step] = {}
            return
        if "$ref" in properties[step]:
            properties[step] = json.loads(canonical(resolve(root, properties[step])))
        node = properties[step]


def _children(node: Schema) -> Iterator[tuple[Schema, Any, Schema]]:
    for schema in (node.get("properties") or {}).items():
        yield node["properties"], schema[0], schema[1]
    for key in ("items", "additionalProperties", "not"):
        if isinstance(node.get(key), dict):
            yield node, key, node[key]
    for key in _BRANCHES:
        for index, branch in enumerate(node.get(key, [])):
            yield node[key], index, branch


def share(root: Schema) -> Schema:
    """The same schema with every sub-schema that occurs more than once written once, under ``definitions``."""
    given = root.pop("definitions", {})
    reached: dict[str, Schema] = {}
    _inline(root, given, reached)
    seen: Counter[str] = Counter()
    _count(root, seen)
    for schema in reached.values():
        _count(schema, seen)
    shared = {text for text, times in seen.items() if times > 1 and len(text) >= _SHORTEST_SHARED}
    names: dict[str, str] = {}
    definitions: dict[str, Schema] = {}

    def replace(node: Schema) -> None:
        for holder, key, schema in list(_children(node)):
            text = canonical(schema)
            if text in shared:
                if text not in names:
                    names[text] = f"s{len(names)}"
                    replace(schema)
                    definitions[names[text]] = schema
                holder[key] = {"$ref": f"#/definitions/{names[text]}"}
            else:
                replace(schema)

    replace(root)
    for name in sorted(reached):
        replace(reached[name])
        definitions[name] = reached[name]
    if definitions:
        root["definitions"] = definitions
    return root


def _inline(node: Schema, given: Mapping[str, Schema], reached: dict[str, Schema]) -> None:
    """Keep the definitions that are named from somewhere, under short names."""
    for _, _, schema in list(_children(node)):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            short = name.rsplit(".", 1)[-1]
            if short not in reached:
                reached[short] = given[name]
                _inline(reached[short], given, reached)
            elif reached[short] is not given[name]:
                raise SourceError(f"two definitions are called {short}")
            schema["$ref"] = f"#/definitions/{short}"
        else:
            _inline(schema, given, reached)


def _count(node: Schema, seen: Counter[str]) -> None:
    for _, _, schema in _children(node):
        if "$ref" in schema:
            continue
        text = canonical(schema)
        seen[text] += 1
        if seen[text] == 1:
            _count(schema, seen)


def load_yaml(text: str) -> Any:
    """One YAML document."""
    import yaml

    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read_chart(data: bytes) -> dict[str, Any]:
    """The Chart.yaml of an archive."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for member in archive:
            if member.name.removeprefix("./") == "airflow/Chart.yaml":
                content = archive.extractfile(member)
                assert content is not None
                chart = load_yaml(content.read().decode())
                return chart if isinstance(chart, dict) else {}
    raise SourceError("the archive has no airflow/Chart.yaml")


def read_archive(version: str, data: bytes) -> ChartSource:
    """A chart out of its archive."""
    files: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
        for member in archive:
            name = member.name.removeprefix("./").removeprefix("airflow/")
            if member.isfile() and re.match(
                r"Chart\.yaml$|values\.|templates/|files/|charts/[^/]+/values\.yaml$", name
            ):
                content = archive.extractfile(member)
                assert content is not None
                files[name] = content.read().decode()
    for name in ("values.schema.json", "values.yaml"):
        if name not in files:
            raise SourceError(f"the archive has no airflow/{name}")
    return ChartSource(
        version=load_yaml(files["Chart.yaml"])["version"] if "Chart.yaml" in files else version,
        schema=json.loads(files["values.schema.json"]),
        values=load_yaml(files["values.yaml"]),
        templates={n: t for n, t in files.items() if n.startswith(("templates/", "files/"))},
        subcharts={n.split("/")[1]: load_yaml(t) for n, t in files.items() if n.startswith("charts/")},
    )
