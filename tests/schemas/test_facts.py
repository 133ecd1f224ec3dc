"""The facts themselves, and the script that makes them."""

from __future__ import annotations

import json
import random
import urllib.error
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from cdk8s_airflow.schemas import chart_compiler as compiling
from cdk8s_airflow.schemas import chart_versions, crd_name, known_kinds
from cdk8s_airflow.schemas import facts_store as store
from tools import make_schemas

FILES = sorted(make_schemas.FACTS.glob("*.json"))
PROSE = ("description", "title", "examples", "example", "x-docsSection", "$comment", "default", "externalDocs")


def schemas_in(node: Any) -> Any:
    """Every schema below a schema, itself included."""
    yield node
    for _, _, inner in make_schemas._children(node):
        yield from schemas_in(inner)
    for inner in (node.get("definitions") or {}).values():
        yield from schemas_in(inner)


def load(path: Path) -> Any:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return facts["schema"] if path.name.startswith("crd-") else facts


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_facts_file_is_in_its_canonical_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == make_schemas.canonical(json.loads(text)) + "\n"


SCHEMAS = [
    path
    for path in FILES
    if path.name not in ("index.json", make_schemas.CONFIG) and not path.name.startswith("defaults-")
]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_facts_hold_no_prose_and_compile(path: Path) -> None:
    schema = load(path)
    for node in schemas_in(schema):
        assert not [word for word in PROSE if word in node]
    jsonschema_rs.Draft7Validator(schema, validate_formats=True)


@pytest.mark.parametrize("version", chart_versions())
def test_every_object_of_the_values_with_known_keys_is_closed(version: str) -> None:
    schema = store.values_schema(version)
    left_open = {
        ("enablePostgresUser", "password", "postgresPassword", "username"),
        ("repository", "tag"),
        ("logging",),
        ("remote_logging",),
    }
    opened = {
        tuple(sorted(node["properties"]))
        for node in schemas_in(schema)
        if node.get("properties") and node.get("additionalProperties") is not False
    }
    assert schema["additionalProperties"] is False
    assert schema["properties"]["global"] == {"type": "object"}
    assert opened <= left_open


def test_the_index_lists_exactly_the_files() -> None:
    names = {f"airflow-{version}.json" for version in chart_versions()}
    names |= {f"defaults-{version}.json" for version in chart_versions()}
    names |= {f"crd-{crd_name(*kind)}.json" for kind in known_kinds()}
    assert names | {"index.json", make_schemas.CONFIG} == {path.name for path in FILES}


def test_the_facts_stay_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_500_000


def test_the_facts_are_those_that_the_script_recorded() -> None:
    assert make_schemas.differing_from_record({path.name: path.read_text(encoding="utf-8") for path in FILES}) == []


def test_every_source_is_pinned_by_a_checksum() -> None:
    pins = json.loads(make_schemas.SOURCES.read_text(encoding="utf-8"))
    assert tuple(pins["charts"]) == chart_versions()
    assert set(pins["crds"]) == {crd_name(*kind) for kind in known_kinds()}
    for pin in (*pins["charts"].values(), *pins["crds"].values()):
        assert pin["url"].startswith("https://")
        assert all(len(pin[key]) == 64 for key in pin if key.endswith("sha256"))
    assert len(pins["config"]["content_sha256"]) == 64


def test_every_correction_has_its_proof() -> None:
    corrections = json.loads(make_schemas.CORRECTIONS.read_text(encoding="utf-8"))
    for entry in (corrections["not_input"], *corrections["values"]):
        assert len(entry["proof"]) > 20
        assert entry["paths"]


# ------------------------------------------------------------------------------------------------- values schemas

CHART_SCHEMA: dict[str, Any] = {
    "description": "prose",
    "type": "object",
    "properties": {
        "free": {"type": "object", "additionalProperties": {"type": "string", "description": "prose"}},
        "open": {
            "type": "object",
            "properties": {"description": {"type": "string"}, "a": {"$ref": "#/definitions/io.k8s.api.core.v1.Thing"}},
        },
        "list": {
            "type": "array",
            "items": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
        },
        "needs": {
            "type": "object",
            "required": ["given", "missing"],
            "properties": {"given": {"type": "string"}, "missing": {"type": "string"}},
        },
    },
    "definitions": {
        "io.k8s.api.core.v1.Thing": {"type": "object", "properties": {"b": {}}},
        "unused": {"type": "object"},
    },
}
CHART_VALUES: dict[str, Any] = {"free": {"k": "v"}, "open": {}, "list": [], "needs": {"given": "x"}}
NONE: dict[str, Any] = {"not_input": {"paths": [], "proof": ""}, "values": []}


def chart(
    schema: Any = CHART_SCHEMA, values: Any = CHART_VALUES, templates: dict[str, str] | None = None
) -> make_schemas.ChartSource:
    return make_schemas.ChartSource(
        version="1.0.0", schema=json.loads(json.dumps(schema)), values=values, templates=templates or {}, subcharts={}
    )


def facts(source: make_schemas.ChartSource, corrections: dict[str, Any] = NONE) -> Any:
    return make_schemas.share(make_schemas.values_facts(source, corrections))


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        ({"free": {"any": "thing"}, "open": {"description": "x", "a": {"b": 1}}, "list": [{"x": 1}]}, True),
        ({"needs": {"missing": "x"}}, True),
        ({"needs": {"given": "x"}}, False),
        ({"unknown": 1}, False),
        ({"open": {"c": 1}}, False),
        ({"open": {"a": {"c": 1}}}, False),
        ({"free": {"any": 1}}, False),
        ({"list": [{}]}, False),
        ({"list": [{"x": 1, "y": 2}]}, False),
        ({"global": {"x": 1}}, True),
    ],
)
def test_the_schema_of_a_chart_is_locked_and_knows_helms_merge(document: Any, fits: bool) -> None:
    assert jsonschema_rs.Draft7Validator(facts(chart())).is_valid(document) is fits


def test_definitions_that_nothing_names_are_left_out() -> None:
    assert list(facts(chart())["definitions"]) == ["Thing"]


def test_a_key_that_only_values_or_templates_name_stops_the_script() -> None:
    with pytest.raises(make_schemas.SourceError, match=r"open\.z"):
        facts(chart(values={**CHART_VALUES, "open": {"z": 1}}))
    with pytest.raises(make_schemas.SourceError, match=r"open\.y, other"):
        facts(chart(templates={"a": "{{ .Values.open.y }} {{ .Values.other }} {{ .Values.free.q }}"}))


def test_what_templates_read_but_users_cannot_give_is_listed_in_the_corrections() -> None:
    listed = {**NONE, "not_input": {"paths": ["open.y"], "proof": ""}}
    assert "y" not in facts(chart(templates={"a": "{{ .Values.open.y }}"}), listed)["properties"]["open"]["properties"]


@pytest.mark.parametrize(
    ("entry", "document"),
    [
        ({"do": "set", "paths": ["open.n"], "schema": {"type": "integer"}}, {"open": {"n": 1}}),
        ({"do": "set", "paths": ["list[]"], "schema": {"type": "integer"}}, {"list": [1]}),
        ({"do": "set", "paths": ["free.*"], "schema": {"type": "integer"}}, {"free": {"a": 1}}),
        ({"do": "add", "paths": ["open"], "properties": {"n": {"type": "integer"}}}, {"open": {"n": 1}}),
        ({"do": "add", "paths": ["@Thing"], "properties": {"n": {"type": "integer"}}}, {"open": {"a": {"n": 1}}}),
        (
            {"do": "copy", "paths": ["open.n"], "from": ["needs"], "without": ["given"], "properties": {"own": {}}},
            {"open": {"n": {"missing": "x", "own": 1}}},
        ),
        ({"do": "merge", "paths": ["open.description"], "schema": {"type": "integer"}}, {"open": {"description": 1}}),
    ],
)
def test_a_correction_changes_what_is_accepted(entry: dict[str, Any], document: Any) -> None:
    corrections = {**NONE, "values": [{"charts": ["1.0.0"], "proof": "a proof that is long enough", **entry}]}
    assert not jsonschema_rs.Draft7Validator(facts(chart())).is_valid(document)
    assert jsonschema_rs.Draft7Validator(facts(chart(), corrections)).is_valid(document)


def test_a_correction_can_take_a_key_away() -> None:
    corrections = {**NONE, "values": [{"charts": ["1.0.0"], "proof": "", "do": "drop", "paths": ["open.a"]}]}
    assert list(facts(chart(), corrections)["properties"]["open"]["properties"]) == ["description"]


@pytest.mark.parametrize(
    "entry",
    [
        {"do": "drop", "paths": ["open.gone"]},
        {"do": "set", "paths": ["gone.a"], "schema": {}},
        {"do": "copy", "paths": ["open.n"], "from": ["gone"]},
        {"do": "add", "paths": ["open"], "properties": {"a": {}}},
        {"do": "dance", "paths": ["open"]},
    ],
)
def test_a_correction_without_its_reason_stops_the_script(entry: dict[str, Any]) -> None:
    with pytest.raises(make_schemas.SourceError):
        facts(chart(), {**NONE, "values": [{"charts": ["1.0.0"], "proof": "", **entry}]})


def test_a_correction_for_another_chart_is_left_alone() -> None:
    entry = {"charts": ["2.0.0"], "proof": "", "do": "drop", "paths": ["open.gone"]}
    assert facts(chart(), {**NONE, "values": [entry]}) == facts(chart())


# ------------------------------------------------------------------------------------------------- definitions

DEFINITION: dict[str, Any] = {
    "type": "object",
    "description": "prose",
    "required": ["spec"],
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "status": {
            "type": "object",
            "properties": {"x": {"type": "string"}},
            "x-kubernetes-validations": [{"rule": "self.x != ''"}],
        },
        "spec": {
            "type": "object",
            "required": ["size", "mode"],
            "x-kubernetes-validations": [{"rule": "has(self.size)", "message": "say the size"}],
            "properties": {
                "size": {"type": "integer", "format": "int32", "minimum": 0, "exclusiveMinimum": True},
                "mode": {"type": "string", "default": "a", "enum": ["a", "b"]},
                "port": {
                    "x-kubernetes-int-or-string": True,
                    "anyOf": [{"type": "integer"}, {"type": "string"}],
                    "pattern": "^[a-z]+$",
                },
                "maybe": {"type": "string", "nullable": True, "enum": ["x"]},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
                "either": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                },
                "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "ports": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["port", "protocol"],
                    "items": {
                        "type": "object",
                        "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
                    },
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "level": {"type": "string", "pattern": "^(?i)(warn)?$"},
                "when": {"type": "string", "format": "date-time"},
            },
        },
    },
}
CRD = {
    "name": "things.example.org",
    "group": "example.org",
    "kind": "Thing",
    "plural": "things",
    "scope": "Namespaced",
    "version": "v1",
}


def thing() -> Any:
    return make_schemas.strict({**CRD, "schema": make_schemas.without_prose(DEFINITION)})


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"size": 1}, True),
        ({"mode": "a"}, False),
        ({"size": 0}, False),
        ({"size": 2**31}, False),
        ({"size": 1, "mode": "c"}, False),
        ({"size": 1, "oops": 1}, False),
        ({"size": 1, "port": 80}, True),
        ({"size": 1, "port": "http"}, True),
        ({"size": 1, "port": "80"}, False),
        ({"size": 1, "port": 8.5}, False),
        ({"size": 1, "maybe": None}, True),
        ({"size": 1, "maybe": "y"}, False),
        ({"size": 1, "mode": None}, False),
        ({"size": 1, "any": {"x": [1]}}, True),
        ({"size": 1, "inner": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}}, True),
        ({"size": 1, "inner": {"spec": {"x": 1}}}, False),
        ({"size": 1, "either": {"a": "x"}}, True),
        ({"size": 1, "either": {}}, False),
        ({"size": 1, "either": {"a": "x", "b": "y"}}, False),
        ({"size": 1, "either": {"a": "x", "c": "y"}}, False),
        ({"size": 1, "tags": ["a", "b"]}, True),
        ({"size": 1, "tags": ["a", "a"]}, False),
        ({"size": 1, "labels": {"any": "x"}}, True),
        ({"size": 1, "labels": {"any": 1}}, False),
        ({"size": 1, "level": "WaRn"}, True),
        ({"size": 1, "level": "loud"}, False),
        ({"size": 1, "when": "2026-01-01T00:00:00Z"}, True),
        ({"size": 1, "when": "tomorrow"}, False),
    ],
)
def test_a_definition_becomes_as_strict_as_an_api_server(spec: Any, fits: bool) -> None:
    schema = make_schemas.share(thing()["schema"])
    assert jsonschema_rs.Draft7Validator(schema, validate_formats=True).is_valid({"spec": spec}) is fits


def test_a_definition_keeps_its_rules_and_keyed_lists_but_no_status() -> None:
    made = thing()
    assert made["rules"] == [{"path": "spec", "rule": "has(self.size)", "message": "say the size"}]
    assert made["keyed"] == [{"path": "spec.ports", "keys": {"port": None, "protocol": "TCP"}}]
    assert list(made["schema"]["properties"]) == ["spec"]
    assert (made["apiVersion"], made["kind"], made["scope"]) == ("example.org/v1", "Thing", "Namespaced")


# ------------------------------------------------------------------------------------------------- the command


def shuffled(value: Any, seed: int) -> Any:
    if isinstance(value, dict):
        items = [(key, shuffled(inner, seed)) for key, inner in value.items()]
        random.Random(seed).shuffle(items)
        return dict(items)
    return [shuffled(item, seed) for item in value] if isinstance(value, list) else value


def write_sources(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch, *, description: str = "prose") -> None:
    """A folder laid out like the upstream sources, with keys in an order of its own, and pins that fit it."""
    here = folder / "charts" / "airflow-1.0.0"
    here.mkdir(parents=True)
    (folder / "crds").mkdir()
    (here / "values.schema.json").write_text(json.dumps(shuffled({**CHART_SCHEMA, "description": description}, seed)))
    (here / "values.yaml").write_text(json.dumps(shuffled(CHART_VALUES, seed)))
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": CRD["name"]},
        "spec": {
            "group": CRD["group"],
            "names": {"kind": CRD["kind"], "plural": CRD["plural"]},
            "scope": CRD["scope"],
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "schema": {"openAPIV3Schema": {**DEFINITION, "description": description}},
                }
            ],
        },
    }
    (folder / "crds" / "example.org_things.yaml").write_text(json.dumps(shuffled(definition, seed)))
    pins = {
        "charts": {
            "1.0.0": {
                "url": "https://charts.invalid/a.tgz",
                "sha256": "0" * 64,
                "content_sha256": make_schemas.digest([make_schemas.without_prose(CHART_SCHEMA), CHART_VALUES]),
            }
        },
        "crds": {
            CRD["name"]: {
                "url": "https://crds.invalid/a.yaml",
                "version": "v1",
                "content_sha256": make_schemas.digest({**CRD, "schema": make_schemas.without_prose(DEFINITION)}),
            }
        },
    }
    for name, content in (("SOURCES", pins), ("CORRECTIONS", NONE)):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content))
        monkeypatch.setattr(make_schemas, name, path)


def run(folder: Path, into: Path, *more: str) -> int:
    return make_schemas.main(["--from", str(folder), "--into", str(into), *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_sources_give_the_same_bytes_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        write_sources(folder, seed, monkeypatch, description=f"prose {seed}")
        assert run(folder, tmp_path / f"facts-{seed}") == 0
    assert contents(tmp_path / "facts-1") == contents(tmp_path / "facts-2")
    assert sorted(contents(tmp_path / "facts-1")) == [
        "airflow-1.0.0.json",
        "crd-things.example.org.json",
        "defaults-1.0.0.json",
        "index.json",
    ]


def test_check_tells_the_files_that_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path / "sources", 1, monkeypatch)
    into = tmp_path / "facts"
    assert run(tmp_path / "sources", into, "--check") == 1
    assert not into.exists()
    assert run(tmp_path / "sources", into) == 0
    assert run(tmp_path / "sources", into, "--check") == 0
    (into / "index.json").write_text("{}")
    (into / "crd-old.json").write_text("{}")
    capsys.readouterr()
    assert run(tmp_path / "sources", into, "--check") == 1
    told = capsys.readouterr().err
    assert "index.json" in told
    assert "crd-old.json" in told
    assert run(tmp_path / "sources", into) == 0
    assert not (into / "crd-old.json").exists()


def test_a_source_that_is_not_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path, 1, monkeypatch)
    values = tmp_path / "charts" / "airflow-1.0.0" / "values.yaml"
    values.write_text(json.dumps({**CHART_VALUES, "more": 1}))
    assert run(tmp_path, tmp_path / "facts") == 2
    assert "pinned is" in capsys.readouterr().err


def test_the_checksum_of_an_archive_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path, 1, monkeypatch)
    (tmp_path / "airflow-1.0.0.tgz").write_bytes(b"not the archive")
    assert run(tmp_path, tmp_path / "facts", "--charts", str(tmp_path)) == 2
    assert "SHA-256" in capsys.readouterr().err


def test_without_reach_check_falls_back_to_the_recorded_digests(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def unreachable(url: str) -> bytes:
        raise urllib.error.URLError(f"no way to {url}")

    monkeypatch.setattr(make_schemas, "_fetch", unreachable)
    assert make_schemas.main(["--check"]) == 0
    assert "recorded digests" in capsys.readouterr().err
    assert make_schemas.main(["--check", "--into", str(tmp_path)]) == 1
    assert make_schemas.main(["--into", str(tmp_path)]) == 2


# ------------------------------------------------------------------------------------------------- airflow.cfg

REVIEWED: dict[str, Any] = {"moved": {"a.lost": "b.found"}, "other_meaning": ["a.file"], "own_sections": ["b", "a"]}


def config_source(*, reverse: bool = False) -> dict[str, Any]:
    names = {"2.10.0": {"a": ["x", "y"]}, "2.9.0": {"a": ["x"], "old": ["z"]}}
    renames = {
        "2.10.0": {"deprecated": {"a.w": {"new": "a.x"}, "a.file": {"new": "a.y"}}, "deprecated_sections": {}},
        "2.9.0": {"deprecated": {}, "deprecated_sections": {"old": ["older", "2.0"]}},
    }
    source = {"options": names, "renames": renames, "sensitive": {"2.9.0": ["a.x"], "2.10.0": ["a.y"]}}
    return {key: dict(reversed(value.items())) if reverse else value for key, value in source.items()}


@pytest.mark.parametrize("reverse", [False, True])
def test_options_know_the_versions_that_have_them_and_their_names(reverse: bool) -> None:
    assert make_schemas.config_facts(config_source(reverse=reverse), REVIEWED) == {
        "versions": ["2.9.0", "2.10.0"],
        "sections": {"a": {"x": 3, "y": 2}, "old": {"z": 1}},
        "moved": {"a.lost": "b.found", "a.w": "a.x"},
        "moved_sections": {"older": "old"},
        "own_sections": ["a", "b"],
        "sensitive": ["a.x", "a.y"],
    }


def test_options_come_from_the_folder_that_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_sources(tmp_path, 1, monkeypatch)
    (tmp_path / "airflow").mkdir()
    for name, content in config_source().items():
        (tmp_path / "airflow" / f"config_{name}.json").write_text(json.dumps(content))
    pins = json.loads(make_schemas.SOURCES.read_text(encoding="utf-8"))
    pins["config"] = {"content_sha256": make_schemas.digest(config_source())}
    make_schemas.SOURCES.write_text(json.dumps(pins))
    make_schemas.CORRECTIONS.write_text(json.dumps({**NONE, "config": REVIEWED}))
    assert run(tmp_path, tmp_path / "facts") == 0
    written = json.loads((tmp_path / "facts" / make_schemas.CONFIG).read_text())
    assert written["sections"] == {"a": {"x": 3, "y": 2}, "old": {"z": 1}}
    (tmp_path / "airflow" / "config_sensitive.json").write_text("{}")
    assert run(tmp_path, tmp_path / "facts") == 2
    assert "airflow/*.json" in capsys.readouterr().err


def test_defaults_keep_switches_and_cut_long_texts_and_lists() -> None:
    values = {"a": {"enabled": True, "text": "x" * 100, "some": [1, 2], "none": [], "null": None}, "short": "x"}
    assert compiling.default_facts(values) == {
        "a": {"enabled": True, "text": "...", "some": ["..."], "none": [], "null": None},
        "short": "x",
    }
