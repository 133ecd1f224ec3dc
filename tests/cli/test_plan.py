"""The command ``plan``: what it compares, prints, and exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk8s_airflow.cli import main
from tests.plan.given import release, thing, values

CLUSTER = thing("Cluster", "db", "data", spec={"instances": 1, "storage": {"size": "50Gi"}})
SMALLER = thing("Cluster", "db", "data", spec={"instances": 1, "storage": {"size": "20Gi"}})
CLAIM = thing("PersistentVolumeClaim", "logs", spec={"resources": {"requests": {"storage": "20Gi"}}})


def write(folder: Path, *bodies: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "00-all.k8s.yaml").write_text(yaml.safe_dump_all(bodies), encoding="utf-8")
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    return str(write(tmp_path / "old", CLUSTER, CLAIM)), str(write(tmp_path / "new", SMALLER, CLAIM))


def test_json_lists_each_change_with_five_keys(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *folders, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "changes": [
            {
                "object": "Cluster/data/db",
                "path": "spec.storage.size",
                "class": "impossible",
                "rule": "database/storage-shrunk",
                "message": "The volume would shrink from 50Gi to 20Gi. The operator's webhook refuses to shrink storage. What to do: Keep 50Gi; "
                "or create a second Cluster with 20Gi and move the data with a dump.",
            }
        ]
    }


def test_json_of_equal_folders_is_an_empty_list(folders: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", folders[0], folders[0], "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"changes": []}


@pytest.mark.parametrize(
    ("classes", "status"),
    [
        ("impossible", 2), ("data", 2), ("downtime", 2), ("restart", 2), ("configuration", 2), ("security", 0),
        ("security,data", 2),
    ],
)  # fmt: skip
def test_fail_on_exits_with_2_if_a_change_reaches_the_class(
    folders: tuple[str, str], classes: str, status: int
) -> None:
    assert main(["plan", *folders, "--fail-on", classes]) == status


def test_fail_on_of_an_unknown_class_names_all_classes(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *folders, "--fail-on", "everything"]) == 1
    error = capsys.readouterr().err
    assert "'everything' is not a class" in error
    assert "configuration, restart, security, downtime, data, impossible" in error


def test_accepted_change_does_not_count_and_is_marked(
    folders: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    accept = "database/storage-shrunk:Cluster/data/db"
    assert main(["plan", *folders, "--fail-on", "data", "--accept", accept, "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change["accepted"] is True


def test_accept_file_is_read_with_comments(folders: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "accepted.txt"
    file.write_text("# reviewed\n\ndatabase/storage-shrunk:Cluster/data/db  # ticket 12\n", encoding="utf-8")
    assert main(["plan", *folders, "--fail-on", "data", "--accept-file", str(file)]) == 0


def test_stale_acceptance_is_an_error_with_file_and_line(
    folders: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accepted.txt"
    file.write_text("# reviewed\nclaim/shrunk:PersistentVolumeClaim/airflow/logs\n", encoding="utf-8")
    assert main(["plan", *folders, "--accept-file", str(file)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert f"{file}:2: claim/shrunk:PersistentVolumeClaim/airflow/logs is not among the changes" in output.err


@pytest.mark.parametrize(
    ("accept", "message"),
    [
        ("database/storage-shrunk", "must be RULE:OBJECT, got 'database/storage-shrunk'"),
        ("database/storage-shrunken:Cluster/data/db", "there is no rule 'database/storage-shrunken'"),
    ],
)
def test_malformed_acceptance_is_an_error(
    folders: tuple[str, str], accept: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *folders, "--accept", accept]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one"], "Pass two folders, OLD and NEW, or none."),
        (["one", "two", "three"], "Pass two folders, OLD and NEW, or none."),
        (["missing", "missing"], "missing is not a folder."),
        (["a", "b", "--live"], "Two folders cannot be used together with --live or --against."),
        (["--live", "--against", "main"], "--live and --against cannot be used together"),
        (["--program", "missing.py"], "missing.py is not a file."),
        (["--format", "yaml"], "'yaml' is not one of 'text', 'json', 'markdown'"),
        (["--nonsense"], "No such option"),
    ],
)
def test_errors_of_use_exit_with_1_and_a_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "00-all.k8s.yaml is not YAML"),
        ("a: 1\na: 2\n", "the key 'a' comes twice"),
        ("just: a mapping\n", "has a document without kind and metadata.name"),
        ("- a list\n", "has a document without kind and metadata.name"),
        (
            "kind: A\nmetadata: {name: b}\n---\nkind: A\nmetadata: {name: b}\n",
            "A//b is defined twice: in 00-all.k8s.yaml.",
        ),
    ],
)
def test_files_that_are_no_manifests_are_named(
    folders: tuple[str, str], tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new" / "00-all.k8s.yaml").write_text(text, encoding="utf-8")
    assert main(["plan", *folders]) == 1
    assert message in capsys.readouterr().err


def git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


PROGRAM = """
import os, pathlib
folder = pathlib.Path(os.environ.get("CDK8S_OUTDIR", "dist"))
folder.mkdir(exist_ok=True)
(folder / "00-all.k8s.yaml").write_text(pathlib.Path("source.yaml").read_text())
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose program copies ``source.yaml``; ``dist/`` is committed on branch main."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "source.yaml").write_text(yaml.safe_dump_all([CLUSTER, CLAIM]), encoding="utf-8")
    write(tmp_path / "dist", CLUSTER, CLAIM)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changes(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    return [(change["object"], change["rule"]) for change in json.loads(capsys.readouterr().out)["changes"]]


def test_default_compares_the_program_with_the_committed_output(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--format", "json"]) == 0
    assert changes(capsys) == []
    (repository / "source.yaml").write_text(yaml.safe_dump_all([SMALLER, CLAIM]), encoding="utf-8")
    assert main(["plan", "--format", "json"]) == 0
    assert changes(capsys) == [("Cluster/data/db", "database/storage-shrunk")]
    assert "50Gi" in (repository / "dist" / "00-all.k8s.yaml").read_text(encoding="utf-8"), "dist/ is not touched"


def test_default_compares_with_where_the_branch_left_main(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "checkout", "-qb", "change")
    (repository / "source.yaml").write_text(yaml.safe_dump_all([SMALLER, CLAIM]), encoding="utf-8")
    write(repository / "dist", SMALLER, CLAIM)
    git(repository, "commit", "-qam", "smaller")
    assert main(["plan", "--format", "json"]) == 0
    assert changes(capsys) == [("Cluster/data/db", "database/storage-shrunk")]
    assert main(["plan", "--against", "HEAD", "--format", "json"]) == 0
    assert changes(capsys) == []
    assert main(["plan", "--against", "main", "--format", "json"]) == 0
    assert changes(capsys) == [("Cluster/data/db", "database/storage-shrunk")]


def test_unknown_revision_is_an_error(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--against", "nowhere"]) == 1
    assert "nowhere is no commit, branch or tag" in capsys.readouterr().err


def test_output_that_was_not_committed_before_is_all_new(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--dist", "dist/prod", "--format", "json"]) == 0
    assert changes(capsys) == [
        ("Cluster/data/db", "object/added"),
        ("PersistentVolumeClaim/airflow/logs", "object/added"),
    ]


def test_program_that_fails_is_quoted_without_a_traceback_of_ours(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "main.py").write_text("raise SystemExit('app: storage must be larger')", encoding="utf-8")
    assert main(["plan"]) == 1
    error = capsys.readouterr().err
    assert "main.py failed:\napp: storage must be larger" in error


def test_program_that_ignores_the_output_folder_is_an_error(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "main.py").write_text("pass", encoding="utf-8")
    assert main(["plan"]) == 1
    assert "main.py wrote nothing to the folder that CDK8S_OUTDIR names" in capsys.readouterr().err


def test_folder_outside_of_git_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "source.yaml").write_text(yaml.safe_dump(CLUSTER), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["plan"]) == 1
    assert "not a git repository" in capsys.readouterr().err


def test_text_says_that_charts_were_not_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = write(tmp_path / "old", release()), write(tmp_path / "new", release(values(scheduler__replicas=3)))
    assert main(["plan", str(old), str(new)]) == 0
    text = capsys.readouterr().out
    assert "The charts were not rendered" in text
    assert "The number of replicas of the scheduler changes from 2 to 3." in text


def test_module_and_console_script_are_the_same_command(folders: tuple[str, str]) -> None:
    script = Path(sys.executable).with_name("cdk8s-airflow")
    environment = {**os.environ, "NO_COLOR": "1"}
    commands = [[sys.executable, "-m", "cdk8s_airflow"], *([[str(script)]] if script.exists() else [])]
    outputs = [
        subprocess.run([*command, "plan", *folders], capture_output=True, text=True, check=False, env=environment)
        for command in commands
    ]
    assert {(run.returncode, run.stderr) for run in outputs} == {(0, "")}
    assert len({run.stdout for run in outputs}) == 1
