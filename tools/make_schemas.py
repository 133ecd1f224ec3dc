"""Write the facts with which the library validates values and custom resources.

    python tools/make_schemas.py                      from the pinned upstream addresses of tools/sources.json
    python tools/make_schemas.py --from FOLDER        from a folder: charts/airflow-<version>/, crds/*.yaml
    python tools/make_schemas.py --charts FOLDER      released airflow-<version>.tgz archives, checked against their checksums
    python tools/make_schemas.py ... --check          write nothing; exit with 1 if the committed facts differ

If --check cannot reach the upstream addresses, it prints a warning and compares facts and corrections with the digests that the
last run recorded in tools/facts.json.

What a chart accepts is the union of what its values schema declares, what its values.yaml names and what its templates
read, with the reviewed corrections of lib/cdk8s_airflow/schemas/corrections.json. Which options airflow.cfg has was read from installed
releases: no address has it, so without a folder that has airflow/*.json the committed file stays. What a custom resource may hold is its definition's
structural schema, made as strict as an API server that refuses unknown fields. Facts hold names, types, enums, patterns,
required lists, rules and short defaults; no prose. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cdk8s_airflow.schemas import chart_compiler as compiling
from cdk8s_airflow.schemas.chart_compiler import (
    _BRANCHES,
    _KEPT,
    ChartSource,
    Schema,
    SourceError,
    _children,  # noqa: F401
    canonical,
    default_facts,
    read_archive,
    share,
    values_facts,
)

HERE = Path(__file__).resolve().parent
FACTS = HERE.parent / "lib" / "cdk8s_airflow" / "schemas" / "facts"
SOURCES = HERE / "sources.json"
CORRECTIONS = compiling.CORRECTIONS
RECORD = HERE / "facts.json"


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def digest(value: object) -> str:
    """The SHA-256 of a JSON value's canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------- sources


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answer:
        data: bytes = answer.read()
    return data


def _read_archive(version: str, data: bytes, sha256: str) -> ChartSource:
    seen = hashlib.sha256(data).hexdigest()
    if seen != sha256:
        raise SourceError(f"airflow-{version}.tgz has SHA-256 {seen}, pinned is {sha256}")
    return read_archive(version, data)


def chart_sources(pins: Mapping[str, Any], folder: Path | None, archives: Path | None) -> Iterator[ChartSource]:
    """Each pinned chart version, from the archives, else the folder, else upstream."""
    for version, pin in sorted(pins.items()):
        archive = archives / f"airflow-{version}.tgz" if archives else None
        if archive is not None:
            if not archive.is_file():
                raise SourceError(f"no {archive.name} in {archives}")
            yield _read_archive(version, archive.read_bytes(), pin["sha256"])
        elif folder is not None:
            here = folder / "charts" / f"airflow-{version}"
            schema = json.loads((here / "values.schema.json").read_text(encoding="utf-8"))
            values = yaml.load((here / "values.yaml").read_text(encoding="utf-8"), _LOADER)
            seen = digest([without_prose(schema), values])
            if seen != pin["content_sha256"]:
                raise SourceError(f"chart {version} in {folder} has content {seen}, pinned is {pin['content_sha256']}")
            yield ChartSource(version=version, schema=schema, values=values, templates={}, subcharts={})
        else:
            yield _read_archive(version, _fetch(pin["url"]), pin["sha256"])


def crd_sources(pins: Mapping[str, Any], folder: Path | None, *, verify: bool = True) -> Iterator[Schema]:
    """The pinned version of each custom resource definition: group, kind, plural, scope, version, schema without prose."""
    for name, pin in sorted(pins.items()):
        if folder is not None:
            group, plural = name.split(".", 1)[1], name.split(".", 1)[0]
            text = (folder / "crds" / f"{group}_{plural}.yaml").read_text(encoding="utf-8")
        else:
            text = _fetch(pin["url"]).decode()
        definition = next(
            (d for d in yaml.load_all(text, _LOADER) if d and (d.get("metadata") or {}).get("name") == name), None
        )
        if definition is None:
            raise SourceError(f"no definition of {name} in its source")
        spec = definition["spec"]
        version = next((v for v in spec["versions"] if v["name"] == pin["version"] and v["served"]), None)
        if version is None:
            raise SourceError(f"{name} does not serve {pin['version']}")
        crd = {
            "name": name,
            "group": spec["group"],
            "kind": spec["names"]["kind"],
            "plural": spec["names"]["plural"],
            "scope": spec["scope"],
            "version": version["name"],
            "schema": without_prose(version["schema"]["openAPIV3Schema"]),
        }
        if verify and digest(crd) != pin["content_sha256"]:
            raise SourceError(f"{name} has content {digest(crd)}, pinned is {pin['content_sha256']}")
        yield crd


def without_prose(schema: Any) -> Any:
    """A schema without descriptions; properties that are *called* description stay."""
    if isinstance(schema, list):
        return [without_prose(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: Schema = {}
    for key, value in schema.items():
        if key in ("description", "title", "example", "examples", "externalDocs", "$comment", "x-docsSection"):
            continue
        if key in ("properties", "patternProperties", "definitions", "$defs") and isinstance(value, dict):
            kept[key] = {name: without_prose(item) for name, item in value.items()}
        elif key in ("default", "enum", "required"):
            kept[key] = value
        else:
            kept[key] = without_prose(value)
    return kept


# ------------------------------------------------------------------------------------------------- chart values


# ------------------------------------------------------------------------------------------------- airflow.cfg

CONFIG = "config-options.json"


def config_source(pin: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What installed releases of Airflow say of their options: names, renames, which are sensitive."""
    source: dict[str, Any] = {
        name: json.loads((folder / "airflow" / f"config_{name}.json").read_text(encoding="utf-8"))
        for name in ("options", "renames", "sensitive")
    }
    if digest(source) != pin["content_sha256"]:
        raise SourceError(f"airflow/*.json in {folder} has content {digest(source)}, pinned is {pin['content_sha256']}")
    return source


def config_facts(source: Mapping[str, Any], reviewed: Mapping[str, Any]) -> dict[str, Any]:
    """The options of airflow.cfg by section, each with the versions that have it as a sum of powers of two.

    ``moved`` leads from an old name to a newer one, over all versions; ``sensitive`` holds what is sensitive in any version.
    """
    versions = sorted(source["options"], key=lambda text: [int(part) for part in text.split(".")])
    sections: dict[str, dict[str, int]] = {}
    moved: dict[str, str] = dict(reviewed["moved"])
    moved_sections: dict[str, str] = {}
    for bit, version in enumerate(versions):
        for section, options in source["options"][version].items():
            for option in options:
                known = sections.setdefault(section, {})
                known[option] = known.get(option, 0) | 1 << bit
        renames = source["renames"][version]
        for old, entry in renames["deprecated"].items():
            if old not in reviewed["other_meaning"]:
                moved[old] = entry["new"]
        for new, (old, _) in renames["deprecated_sections"].items():
            moved_sections[old] = new
    return {
        "versions": versions,
        "sections": sections,
        "moved": moved,
        "moved_sections": moved_sections,
        "own_sections": sorted(reviewed["own_sections"]),
        "sensitive": sorted({name for names in source["sensitive"].values() for name in names}),
    }


# ------------------------------------------------------------------------------------------------- custom resources


def strict(crd: Schema) -> Schema:
    """One custom resource definition as facts: a strict JSON Schema, CEL rules, keyed lists."""
    rules: list[dict[str, str]] = []
    keyed: list[dict[str, Any]] = []
    root = _strict(crd["schema"], "", rules, keyed)
    root["properties"].pop("status", None)
    for name in ("apiVersion", "kind", "metadata"):
        root["properties"].pop(name, None)
    required = [n for n in root.get("required", []) if n not in ("apiVersion", "kind", "metadata", "status")]
    root.pop("required", None)
    if required:
        root["required"] = required
    outside_status = [r for r in rules if not r["path"].startswith("status")]
    return {
        "apiVersion": f"{crd['group']}/{crd['version']}",
        "kind": crd["kind"],
        "name": crd["name"],
        "scope": crd["scope"],
        "schema": root,
        "rules": sorted(outside_status, key=canonical),
        "keyed": sorted((k for k in keyed if not k["path"].startswith("status")), key=canonical),
    }


def _join(path: str, step: str) -> str:
    return f"{path}{step}" if step == "[]" or not path else f"{path}.{step}"


def _strict(node: Schema, path: str, rules: list[dict[str, str]], keyed: list[dict[str, Any]]) -> Schema:
    kept = _plain(node)
    for rule in node.get("x-kubernetes-validations", []):
        rules.append({"path": path, **{k: rule[k] for k in ("rule", "message", "messageExpression") if k in rule}})
    properties: Schema = {}
    for name, schema in node.get("properties", {}).items():
        properties[name] = _strict(schema, _join(path, name), rules, keyed)
    if node.get("x-kubernetes-embedded-resource"):
        for name in ("apiVersion", "kind"):
            properties.setdefault(name, {"type": "string"})
        properties.setdefault("metadata", {"type": "object"})
    if properties:
        kept["properties"] = properties
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        kept["additionalProperties"] = _strict(extra, _join(path, "*"), rules, keyed)
    elif extra is not True and node.get("type") == "object" and not node.get("x-kubernetes-preserve-unknown-fields"):
        kept["additionalProperties"] = False
    if isinstance(node.get("items"), dict):
        kept["items"] = _strict(node["items"], f"{path}[]", rules, keyed)
    kind = node.get("x-kubernetes-list-type")
    if kind == "set":
        kept["uniqueItems"] = True
    elif kind == "map":
        inner = node.get("items", {}).get("properties", {})
        keys = {k: inner.get(k, {}).get("default") for k in node.get("x-kubernetes-list-map-keys", [])}
        keyed.append({"path": path, "keys": keys})
    _drop_defaulted(kept, node)
    return kept


def _drop_defaulted(kept: Schema, node: Schema) -> None:
    """An API server fills defaults in before it looks at ``required``."""
    defaulted = {n for n, s in node.get("properties", {}).items() if isinstance(s, dict) and "default" in s}
    for schema in (kept, *(b for key in _BRANCHES for b in kept.get(key, []))):
        if "required" in schema:
            left = [name for name in schema["required"] if name not in defaulted]
            schema["required"] = left
            if not left:
                del schema["required"]


def _plain(node: Schema) -> Schema:
    """The keywords of one node that JSON Schema reads, in JSON Schema's own form."""
    kept: Schema = {key: node[key] for key in _KEPT if key in node}
    for edge, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(kept.get(edge), bool) and kept.pop(edge):
            kept[edge] = kept.pop(bound)
    for key in _BRANCHES:
        if key in node:
            kept[key] = [_branch(branch) for branch in node[key]]
    if "not" in node:
        kept["not"] = _branch(node["not"])
    if "pattern" in kept:
        kept["pattern"] = _portable(kept["pattern"])
    if node.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
        if [b.get("type") for b in kept.get("anyOf", [])] == ["integer", "string"]:
            del kept["anyOf"]
    kind = kept.get("type")
    if kind == "integer" and node.get("format") == "int32":
        kept.setdefault("minimum", -(2**31))
        kept.setdefault("maximum", 2**31 - 1)
    if node.get("format") == "date-time":
        kept["format"] = "date-time"
    if node.get("nullable") and "type" in kept:
        kept["type"] = [*(kept["type"] if isinstance(kept["type"], list) else [kept["type"]]), "null"]
        if "enum" in kept and None not in kept["enum"]:
            kept["enum"] = [*kept["enum"], None]
    return kept


def _portable(pattern: str) -> str:
    """A Go expression in the dialect of JSON Schema, which has no switch for letter case in the middle."""
    if "(?i)" not in pattern:
        return pattern
    rest = pattern.replace("(?i)", "")
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in rest)


def _branch(node: Schema) -> Schema:
    kept = _plain(node)
    if "properties" in node:
        kept["properties"] = {name: _branch(schema) for name, schema in node["properties"].items()}
    if isinstance(node.get("items"), dict):
        kept["items"] = _branch(node["items"])
    return kept


# ------------------------------------------------------------------------------------------------- compact form


# ------------------------------------------------------------------------------------------------- command


def build(charts: Iterable[ChartSource], crds: Iterable[Schema], corrections: Mapping[str, Any]) -> dict[str, str]:
    """File name -> text of all facts."""
    files: dict[str, str] = {}
    index: dict[str, Any] = {"charts": [], "crds": {}}
    for chart in charts:
        files[f"airflow-{chart.version}.json"] = canonical(share(values_facts(chart, corrections))) + "\n"
        files[f"defaults-{chart.version}.json"] = canonical(default_facts(chart.values)) + "\n"
        index["charts"].append(chart.version)
    for crd in crds:
        facts = strict(crd)
        facts["schema"] = share(facts["schema"])
        files[f"crd-{crd['name']}.json"] = canonical(facts) + "\n"
        index["crds"][f"{facts['apiVersion']} {facts['kind']}"] = crd["name"]
    files["index.json"] = canonical(index) + "\n"
    return files


def record(files: Mapping[str, str]) -> dict[str, str]:
    """File name -> SHA-256 of the facts, and of the reviewed data that they were made with."""
    texts = {**files, **{path.name: path.read_text(encoding="utf-8") for path in (SOURCES, CORRECTIONS)}}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def differing_from_record(there: Mapping[str, str]) -> list[str]:
    """The names of facts and reviewed data that are not what the last run recorded."""
    recorded: dict[str, str] = json.loads(RECORD.read_text(encoding="utf-8"))
    now = record(there)
    return sorted(name for name in now.keys() | recorded.keys() if now.get(name) != recorded.get(name))


def _report(differing: list[str]) -> int:
    for name in differing:
        print(f"make_schemas: {name} is not what the sources give", file=sys.stderr)
    return 1 if differing else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="folder", type=Path, help="a local folder instead of the upstream addresses")
    parser.add_argument("--charts", type=Path, help="a folder with released airflow-<version>.tgz archives")
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    parser.add_argument("--into", type=Path, default=FACTS, help="where the facts are (default: the library's)")
    options = parser.parse_args(arguments)
    pins = json.loads(SOURCES.read_text(encoding="utf-8"))
    into: Path = options.into
    there = {path.name: path.read_text(encoding="utf-8") for path in into.glob("*.json")} if into.is_dir() else {}
    try:
        corrections = json.loads(CORRECTIONS.read_text(encoding="utf-8"))
        files = build(
            chart_sources(pins["charts"], options.folder, options.charts),
            crd_sources(pins["crds"], options.folder),
            corrections,
        )
        if "config" in pins and options.folder is not None:
            options_read = config_source(pins["config"], options.folder)
            files[CONFIG] = canonical(config_facts(options_read, corrections["config"])) + "\n"
        elif CONFIG in there:
            files[CONFIG] = there[CONFIG]
    except urllib.error.URLError as error:
        if not options.check:
            print(f"make_schemas: {error}", file=sys.stderr)
            return 2
        print(
            "make_schemas: the sources cannot be reached; compared with the recorded digests instead", file=sys.stderr
        )
        return _report(differing_from_record(there))
    except (SourceError, OSError) as error:
        print(f"make_schemas: {error}", file=sys.stderr)
        return 2
    differing = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    if options.check:
        return _report(differing)
    into.mkdir(parents=True, exist_ok=True)
    for name in differing:
        if name in files:
            (into / name).write_text(files[name], encoding="utf-8")
        else:
            (into / name).unlink()
    if into == FACTS:
        RECORD.write_text(json.dumps(record(files), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(files)} files, {sum(map(len, files.values())) // 1024} KiB, {len(differing)} changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
