"""A version of the chart that is not known here, by its archive: what is taken from it, and what is refused."""

from __future__ import annotations

import builtins
import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk8s_airflow import ChartArchive, FluxRelease, PlatformError, RegistryMirror
from cdk8s_airflow.airflow import chart_archive as module
from cdk8s_airflow.airflow.chart_archive import schema_of
from cdk8s_airflow.model.version import Own, adjacent_charts, runs_of
from cdk8s_airflow.schemas import facts_store as store
from tests.helm.rendering import CHARTS_MISSING, charts_folder, render
from tests.platforms import helm_chart, release

SIDE = {
    key: {"repository": f"registry.test/{key}", "tag": "9.9"} for key in ("redis", "statsd", "pgbouncer", "gitSync")
}
SIDE["pgbouncerExporter"] = {"repository": "registry.test/exporter", "tag": "9.9"}
VALUES: dict[str, Any] = {"airflowVersion": "3.1.8", "images": {"airflow": {"tag": None}, **SIDE}, "loose": {"a": 1}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {} for name in store.values_schema("1.20.0")["properties"]},
        "fresh": {"type": "object", "properties": {"size": {"type": "integer"}}},
    },
}
CHART = {"name": "airflow", "version": "1.21.0", "appVersion": "3.1.8"}
TEMPLATE = "{{ .Values.deep.key }}"


def files(
    chart: Mapping[str, Any] = CHART, schema: object = SCHEMA, values: object = VALUES, folder: str = "airflow"
) -> dict[str, str]:
    return {
        f"{folder}/Chart.yaml": yaml.safe_dump(dict(chart)),
        f"{folder}/values.schema.json": json.dumps(schema),
        f"{folder}/values.yaml": yaml.safe_dump(values),
        f"{folder}/templates/one.yaml": TEMPLATE,
    }


def packed(content: Mapping[str, str], change: Callable[[tarfile.TarFile], None] = lambda _: None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        change(archive)
    return out.getvalue()


def archive(folder: Path, data: bytes | None = None, name: str = "airflow-1.21.0.tgz") -> ChartArchive:
    data = packed(files()) if data is None else data
    (folder / name).write_bytes(data)
    return ChartArchive(folder / name, sha256=hashlib.sha256(data).hexdigest())


def refused(given: object, version: str = "1.21.0", **settings: Any) -> list[tuple[str, str]]:
    with pytest.raises(PlatformError) as error:
        release(chart_version=version, chart_archive=given, **settings)
    return [(finding.rule, finding.at) for finding in error.value.findings]


def values_of(given: ChartArchive, version: str = "1.21.0", **settings: Any) -> dict[str, Any]:
    spec = helm_chart(release(chart_version=version, chart_archive=given, **settings))["spec"]
    assert spec["version"] == version
    values: dict[str, Any] = yaml.safe_load(spec["valuesContent"])
    return values


def test_a_version_between_two_known_ones_takes_its_facts_from_the_archive(tmp_path: Path) -> None:
    given = archive(tmp_path)
    assert values_of(given, values={"fresh": {"size": 3}})["fresh"] == {"size": 3}
    assert refused(given, values={"fresh": {"size": "3"}}) == [("values/wrong-type", "values.fresh.size")]
    assert refused(given, values={"fresh": {"sise": 3}}) == [("values/unknown-key", "values.fresh.sise")]


def test_keys_that_only_values_or_templates_name_take_anything(tmp_path: Path) -> None:
    extra = {"loose": {"a": "text"}, "deep": {"key": [1]}}
    values = values_of(archive(tmp_path), values=extra)
    assert {key: values[key] for key in extra} == extra


def test_without_saying_airflow_comes_from_the_archive(tmp_path: Path) -> None:
    other = archive(tmp_path, packed(files(values={**VALUES, "airflowVersion": "3.0.6"})))
    assert values_of(other)["airflowVersion"] == "3.0.6"
    only_chart = {key: value for key, value in VALUES.items() if key != "airflowVersion"}
    assert values_of(archive(tmp_path, packed(files(values=only_chart))))["airflowVersion"] == "3.1.8"


def test_other_images_are_those_of_the_archive(tmp_path: Path) -> None:
    images = values_of(archive(tmp_path), mirror=RegistryMirror("mirror.test/all"))["images"]
    assert images["statsd"] == {"repository": "mirror.test/all/registry.test/statsd", "tag": "9.9"}
    assert "airflow" not in images


def test_every_delivery_names_the_version_and_not_the_file(tmp_path: Path) -> None:
    manifests = release(chart_version="1.21.0", chart_archive=archive(tmp_path), delivery=FluxRelease())
    (found,) = (each for each in manifests if each["kind"] == "HelmRelease")
    assert found["spec"]["chart"]["spec"]["version"] == "1.21.0"
    assert str(tmp_path) not in json.dumps(manifests)


def test_the_same_archive_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = (
        archive(tmp_path),
        archive(tmp_path / "other", (tmp_path / "airflow-1.21.0.tgz").read_bytes(), "x.tgz"),
    )
    assert release(chart_version="1.21.0", chart_archive=here) == release(chart_version="1.21.0", chart_archive=there)
    assert here.opened is not None
    assert here.opened is there.opened
    assert schema_of(here.opened)[0] is schema_of(here.opened)[0]


def test_another_file_under_the_same_name_is_noticed_in_the_same_process(tmp_path: Path) -> None:
    given = archive(tmp_path)
    values_of(given)
    archive(tmp_path, packed(files(values={**VALUES, "more": 1})))
    assert refused(given) == [("archive/checksum", "chart_archive.sha256")]


@pytest.mark.parametrize("text", ["", "abc", "A" * 64, "sha256:" + "0" * 57])
def test_what_is_no_checksum_is_refused(tmp_path: Path, text: str) -> None:
    archive(tmp_path)
    rules = refused(ChartArchive(tmp_path / "airflow-1.21.0.tgz", sha256=text))
    assert rules == [("archive/checksum", "chart_archive.sha256")]


@pytest.mark.parametrize("name", ["missing.tgz", ".", "a\0b"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(ChartArchive(f"{tmp_path}/{name}", sha256="0" * 64)) == [("archive/file", "chart_archive.path")]


@pytest.mark.parametrize(
    "data",
    [b"", b"not a tar", gzip.compress(b"x" * 2000, mtime=0), packed(files())[:300]],
    ids=["empty", "text", "packed text", "cut off"],
)
def test_what_is_no_packed_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    assert refused(archive(tmp_path, data))[0] in [
        ("archive/tar", "chart_archive.path"),
        ("archive/chart", "chart_archive.path"),
    ]


@pytest.mark.parametrize("name", ["../airflow/x", "airflow/../../x", "/etc/x", "airflow\\..\\x"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    given = archive(tmp_path, packed({**files(), name: "x"}))
    assert refused(given) == [("archive/tar", "chart_archive.path")]


def test_links_and_doubled_files_are_refused(tmp_path: Path) -> None:
    def link(into: tarfile.TarFile) -> None:
        member = tarfile.TarInfo("airflow/templates/two.yaml")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        into.addfile(member)

    def twice(into: tarfile.TarFile) -> None:
        into.addfile(tarfile.TarInfo("./airflow/values.yaml"))

    for change in (link, twice):
        assert refused(archive(tmp_path, packed(files(), change))) == [("archive/tar", "chart_archive.path")]


def test_what_is_too_large_is_refused_packed_and_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed({**files(), "airflow/files/zeros": "0" * 2_000_000})
    monkeypatch.setattr(module, "LARGEST_CONTENT", 1_000_000)
    assert refused(archive(tmp_path, bomb)) == [("archive/size", "chart_archive.path")]
    monkeypatch.setattr(module, "LARGEST_ARCHIVE", 100)
    assert refused(archive(tmp_path)) == [("archive/size", "chart_archive.path")]


@pytest.mark.parametrize(
    "content",
    [
        files(chart={**CHART, "name": "other"}),
        files(chart={"name": "airflow"}),
        files(folder="other"),
        {**files(), "other/x": "x"},
        {name: text for name, text in files().items() if not name.endswith("Chart.yaml")},
    ],
)
def test_another_chart_is_refused(tmp_path: Path, content: dict[str, str]) -> None:
    assert refused(archive(tmp_path, packed(content))) == [("archive/chart", "chart_archive.path")]


@pytest.mark.parametrize(
    "content",
    [
        {name: text for name, text in files().items() if not name.endswith("schema.json")},
        {**files(), "airflow/values.schema.json": "{"},
        {**files(), "airflow/values.yaml": "a: [1"},
        files(values=[1]),
        files(schema=[1]),
        files(schema={"type": "object"}),
        files(schema={**SCHEMA, "properties": {**SCHEMA["properties"], "a": {"$ref": "#/definitions/none"}}}),
        files(values={**VALUES, "images": {}}),
    ],
)
def test_an_archive_without_usable_facts_is_refused(tmp_path: Path, content: dict[str, str]) -> None:
    assert refused(archive(tmp_path, packed(content))) == [("archive/content", "chart_archive.path")]


def test_the_archive_of_another_version_is_refused(tmp_path: Path) -> None:
    assert refused(archive(tmp_path), "1.19.0") == [("archive/chart", "chart_archive.path")]
    assert refused(archive(tmp_path), "1.22.0") == [("archive/chart", "chart_archive.path")]


def test_a_known_version_takes_no_archive(tmp_path: Path) -> None:
    given = archive(tmp_path, packed(files(chart={**CHART, "version": "1.20.0"})))
    assert refused(given, "1.20.0") == [("versions/archive", "chart_archive")]


@pytest.mark.parametrize("version", ["1.14.0", "1.22.1", "1.23.0", "2.0.0", "1.21.0-rc1", "1.21"])
def test_a_version_outside_the_known_ones_is_refused_even_with_its_archive(tmp_path: Path, version: str) -> None:
    given = archive(tmp_path, packed(files(chart={**CHART, "version": version})))
    assert refused(given, version) == [("versions/chart", "chart_version")]


def test_without_an_archive_a_version_between_is_refused_and_told_of_it() -> None:
    with pytest.raises(PlatformError, match=r"chart_version.*chart_archive=.*versions/chart"):
        release(chart_version="1.21.0")


def test_it_runs_the_airflow_that_both_neighbours_run(tmp_path: Path) -> None:
    given = archive(tmp_path, packed(files(chart={**CHART, "version": "1.19.0"})))
    assert refused(given, "1.19.0") == [("versions/pair", "airflow_version")]
    for airflow in ("2.10.5", "3.1.8"):
        assert refused(given, "1.19.0", airflow_version=airflow) == [("versions/pair", "airflow_version")]
    assert values_of(given, "1.19.0", airflow_version="3.0.2")["airflowVersion"] == "3.0.2"
    runs = runs_of("1.17.0", Own("1.17.0", "2.11.0"))
    assert runs is not None
    assert runs.minors == ((2, 9), (2, 10), (2, 11))
    assert adjacent_charts("1.21.0") == ("1.20.0", "1.22.0")


def test_without_pyyaml_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = archive(tmp_path, packed({**files(), "airflow/NOTES": "not read before"}))
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.delitem(sys.modules, "yaml")
    monkeypatch.setattr(builtins, "__import__", missing)
    assert refused(given) == [("archive/library", "chart_archive.path")]


def test_wrong_types_are_findings(tmp_path: Path) -> None:
    assert refused("charts/airflow.tgz") == [("argument/type", "chart_archive")]
    assert refused(ChartArchive(1, sha256="0" * 64)) == [("argument/type", "chart_archive.path")]  # type: ignore[arg-type]
    assert refused(ChartArchive("x", sha256=1)) == [("argument/type", "chart_archive.sha256")]  # type: ignore[arg-type]


def repackaged(released: Path, version: str) -> bytes:
    """A released archive that says it is another version."""
    out = io.BytesIO()
    with tarfile.open(released) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            file = old.extractfile(member) if member.isfile() else None
            content = file.read() if file is not None else b""
            if member.name == "airflow/Chart.yaml":
                content, times = re.subn(rb"(?m)^version: .*$", f"version: {version}".encode(), content)
                assert times == 1
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("known", "unknown"), [("1.15.0", "1.15.1"), ("1.18.0", "1.18.1"), ("1.20.0", "1.20.1"), ("1.22.0", "1.21.9")]
)
def test_a_released_archive_under_another_version_gives_the_reviewed_facts(
    tmp_path: Path, known: str, unknown: str
) -> None:
    folder = charts_folder()
    if folder is None:
        pytest.skip(CHARTS_MISSING)
    given = archive(tmp_path, repackaged(folder / f"airflow-{known}.tgz", unknown))
    assert given.opened is not None
    assert schema_of(given.opened) == (store.values_schema(known), [])


def test_a_released_archive_under_another_version_gives_the_same_values_and_findings_and_renders(
    tmp_path: Path,
) -> None:
    folder = charts_folder()
    if folder is None:
        pytest.skip(CHARTS_MISSING)
    given = archive(tmp_path, repackaged(folder / "airflow-1.20.0.tgz", "1.20.1"))
    known = helm_chart(release(chart_version="1.20.0"))["spec"]["valuesContent"]
    unknown = helm_chart(release(chart_version="1.20.1", chart_archive=given))["spec"]["valuesContent"]
    assert unknown == known
    assert render(unknown, "1.20.0", release="release").find("Deployment")
    wrong = {"scheduler": {"replicsa": 1, "replicas": "two"}, "executor": "NoExecutor"}
    with pytest.raises(PlatformError) as of_known:
        release(chart_version="1.20.0", values=wrong)
    with pytest.raises(PlatformError) as of_unknown:
        release(chart_version="1.20.1", chart_archive=given, values=wrong)
    assert str(of_unknown.value).replace("1.20.1", "1.20.0") == str(of_known.value)
    assert len(of_known.value.findings) >= 3
