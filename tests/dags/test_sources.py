"""DAG files from images, volumes, folders and bundles: accepted and rejected settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    ClusterFacts,
    DagBundles,
    DagFolder,
    DagImage,
    DagVolume,
    GitBundle,
    Image,
    PlatformError,
    SecretKey,
    Volume,
)
from cdk8s_airflow.dags import folder as folders
from cdk8s_airflow.dags.folder import DagFile, FolderFiles
from cdk8s_airflow.validation import Finding, check_setting
from tests.making import make_airflow, new_chart

DIGEST = f"sha256:{'0a' * 32}"


def findings_of(source: object) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in check_setting(source, "dags")]


def bundle(**changes: Any) -> GitBundle:
    return GitBundle(**{"name": "data", "repo": "https://git.lab/dags.git", "ref": "main", **changes})


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with DAG files, and files that Python and editors create."""
    for name, text in {
        "b.py": "b = 1\n",
        "a.py": "a = 'ä {{ ds }}'\r\n",
        "sql/load.sql": "select 1\n",
        ".airflowignore": "sql\n",
        ".hidden.py": "no\n",
        ".git/config": "no\n",
        "__pycache__/a.cpython-311.pyc": "no\n",
        "old.pyc": "no\n",
        "sql/__pycache__/x.py": "no\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return tmp_path


def test_folder_is_read_sorted_by_path_without_ignored_files(lab: Path) -> None:
    assert DagFolder(lab).settings == FolderFiles(
        (
            DagFile(".airflowignore", "sql\n"),
            DagFile("a.py", "a = 'ä {{ ds }}'\r\n"),
            DagFile("b.py", "b = 1\n"),
            DagFile("sql/load.sql", "select 1\n"),
        )
    )
    assert findings_of(DagFolder(str(lab))) == []


def test_relative_folder_is_relative_to_the_working_directory(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lab.parent)
    assert DagFolder(lab.name).settings == DagFolder(lab).settings


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("x.bin", b"\xff\xfe\x00", "text"),
        ("x.py", b"nul\x00", "text"),
        ("x:y.py", b"1", "name"),
        ("{{x}}.py", b"1", "name"),
        ("\u00e4.py", b"1", "name"),
        ("x\ny.py", b"1", "name"),
        ("big.py", b"#" * folders.LARGEST_CONFIG_MAP, "larger"),
    ],
)
def test_file_that_does_not_fit_a_config_map_is_reported(lab: Path, name: str, content: bytes, word: str) -> None:
    (lab / name).write_bytes(content)
    (finding,) = check_setting(DagFolder(lab), "dags")
    assert (finding.rule, finding.at) == ("dags/folder-file", "dags.path")
    assert word in finding.problem
    assert repr(name) == finding.seen


def test_symbolic_link_is_rejected(lab: Path) -> None:
    (lab / "link.py").symlink_to("/etc/hostname")
    (lab / "away").symlink_to(lab / "sql")
    assert [finding.seen for finding in check_setting(DagFolder(lab), "dags")] == ["'away'", "'link.py'"]


def test_missing_empty_or_too_large_folder_is_rejected(tmp_path: Path) -> None:
    assert findings_of(DagFolder(tmp_path / "none")) == [("dags/folder", "dags.path")]
    assert findings_of(DagFolder(tmp_path)) == [("dags/folder", "dags.path")]
    for index in range(folders.MOST_FILES):
        (tmp_path / f"{index}.py").write_text("")
    assert findings_of(DagFolder(tmp_path)) == []
    (tmp_path / "more.py").write_text("")
    assert findings_of(DagFolder(tmp_path)) == [("dags/folder-size", "dags.path")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (DagImage("r.lab/a", tag="1"), []),
        (DagImage("r.lab/a", digest=DIGEST, folder="/dags"), []),
        (DagImage("r.lab/a"), [("images/no-tag", "dags.tag")]),
        (DagImage("r.lab/a", tag="latest"), [("images/latest", "dags.tag")]),
        (DagImage("r.lab/a", tag="1", folder="dags"), [("dags/folder-in-image", "dags.folder")]),
        (DagImage("r.lab/a", tag="1", folder="/dags/"), [("dags/folder-in-image", "dags.folder")]),
        (DagImage("r.lab/a", tag="1", folder="/dags/../etc"), [("dags/folder-in-image", "dags.folder")]),
        (DagImage("r.lab/a", tag="1", folder="/{{x}}"), [("dags/folder-in-image", "dags.folder")]),
        (DagVolume(Volume("1Gi"), sub_path="a/b"), []),
        (DagVolume(Volume("1Gi"), sub_path="/a"), [("dags/sub-path", "dags.sub_path")]),
        (DagVolume(Volume("1Gi"), sub_path="../a"), [("dags/sub-path", "dags.sub_path")]),
        (DagVolume.existing("claim"), []),
        (DagVolume.existing("Claim"), [("argument/name", "dags.claim")]),
        (DagVolume.existing("claim", sub_path="{{a}}"), [("dags/sub-path", "dags.sub_path")]),
        (DagBundles(bundle(), bundle(name="more", credentials=SecretKey("s", "k"))), []),
        (DagBundles(bundle(repo="git@git.lab:d.git", credentials=SecretKey("s", "k"))), []),
        (DagBundles(), [("dags/no-bundle", "dags")]),
        (DagBundles(bundle(name="a-b"), bundle(name="a_b")), [("dags/bundle-name", "dags.bundles[1].name")]),
        (DagBundles(bundle(name="A")), [("dags/bundle-name", "dags.bundles[0].name")]),
        (DagBundles(bundle(ref="HEAD")), [("dags/ref", "dags.bundles[0].ref")]),
        (DagBundles(bundle(interval="5")), [("argument/duration", "dags.bundles[0].interval")]),
        (DagBundles(bundle(repo="git@git.lab:d.git")), [("dags/credentials", "dags.bundles[0].credentials")]),
        (DagBundles(bundle(repo="https://u:hunter2@h/d.git")), [("dags/secret-in-url", "dags.bundles[0].repo")]),
        (
            DagBundles(bundle(repo="http://h/d.git", credentials=SecretKey("s", "k"))),
            [("dags/plain-http", "dags.bundles[0].repo")],
        ),
        (DagBundles("https://h/d.git"), [("argument/type", "dags.bundles[0]")]),  # type: ignore[arg-type]
    ],
)
def test_each_source_accepts_and_rejects(source: object, expected: list[tuple[str, str]]) -> None:
    found = list(check_setting(source, "dags"))
    assert [(finding.rule, finding.at) for finding in found] == expected
    assert all(finding.fix for finding in found)
    assert not [finding for finding in found if "hunter2" in str(finding)]


def refused(**changes: Any) -> Finding:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **changes)
    (finding,) = caught.value.findings
    return finding


def test_bundles_are_rejected_with_airflow_2() -> None:
    finding = refused(dags=DagBundles(bundle()), chart_version="1.20.0", airflow_version="2.11.0")
    assert (finding.rule, finding.at) == ("dags/bundles", "dags")
    assert "Airflow 3" in finding.problem
    assert "DagRepoSync" in finding.fix


def test_image_and_dag_image_together_are_rejected() -> None:
    finding = refused(dags=DagImage("r.lab/a", tag="1"), image=Image("r.lab/b", tag="1"))
    assert (finding.rule, finding.at) == ("dags/two-images", "image")


def test_volume_that_not_all_pods_can_mount_is_rejected() -> None:
    finding = refused(dags=DagVolume(Volume("1Gi", storage_class="local")), facts=ClusterFacts(nodes=3))
    assert (finding.rule, finding.at) == ("storage/not-shared", "dags.storage")


def test_missing_folder_and_invalid_source_are_rejected(tmp_path: Path) -> None:
    assert refused(dags=DagFolder(tmp_path / "none")).rule == "dags/folder"
    assert refused(dags="dags").at == "dags"
