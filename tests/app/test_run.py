"""From a program to files: all of them or none, and what was there before stays when something is wrong."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdk8s
import jsii
import pytest
from constructs import IValidation

from cdk8s_airflow import Namespace, PlatformError, run, synth
from tests.making import make_airflow, make_cluster, make_dags

STATE = tuple[bytes, int]
NOISE = ("Traceback", "jsii", "JavaScript", "node:", "    at ", ".js:", "kernel")


def state_of(folder: Path) -> dict[str, STATE]:
    """Every file of a folder, byte for byte, and when it was written."""
    return {
        file.relative_to(folder).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file()
    }


def two_namespaces(folder: Path) -> cdk8s.App:
    app = cdk8s.App(outdir=str(folder))
    Namespace(cdk8s.Chart(app, "one"), "a")
    Namespace(cdk8s.Chart(app, "two"), "b")
    return app


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with the files of a last run."""
    folder = tmp_path / "dist"
    synth(two_namespaces(folder))
    (folder / "README.md").write_text("by hand", encoding="utf-8")
    return folder


def test_an_app_and_a_function_that_builds_it_give_the_same_files(tmp_path: Path) -> None:
    built = synth(lambda: two_namespaces(tmp_path / "built"))
    given = two_namespaces(tmp_path / "given")
    assert isinstance(built, cdk8s.App)
    assert synth(given) is given
    contents = [{name: text for name, (text, _) in state_of(tmp_path / side).items()} for side in ("built", "given")]
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == ["one.k8s.yaml", "two.k8s.yaml"]


def test_files_that_the_app_no_longer_makes_are_removed_and_others_left(dist: Path) -> None:
    app = cdk8s.App(outdir=str(dist))
    Namespace(cdk8s.Chart(app, "one"), "changed")
    synth(app)
    assert sorted(state_of(dist)) == ["README.md", "one.k8s.yaml"]
    assert b"name: changed" in (dist / "one.k8s.yaml").read_bytes()
    assert [path.name for path in dist.parent.iterdir()] == ["dist"]


def test_a_second_run_gives_the_same_bytes(dist: Path) -> None:
    before = state_of(dist)
    synth(two_namespaces(dist))
    assert {name: text for name, (text, _) in state_of(dist).items()} == {
        name: text for name, (text, _) in before.items()
    }


def test_findings_leave_the_last_files_untouched(dist: Path) -> None:
    before = state_of(dist)

    def build() -> cdk8s.App:
        app = two_namespaces(dist)
        Namespace(cdk8s.Chart(app, "three"), "Upper")
        return app

    with pytest.raises(PlatformError, match=r"^three/Upper: name"):
        synth(build)
    assert state_of(dist) == before


@jsii.implements(IValidation)
class Complaint:
    """A validation of the user's own."""

    def __init__(self, *complaints: str) -> None:
        self.complaints = complaints

    def validate(self) -> list[str]:
        return list(self.complaints)


def test_a_failed_validation_of_the_user_has_no_traceback_and_keeps_the_last_files(dist: Path) -> None:
    before = state_of(dist)
    app = two_namespaces(dist)
    app.node.add_validation(Complaint("no owner", "no team"))
    with pytest.raises(PlatformError) as caught:
        synth(app)
    (finding,) = caught.value
    assert finding.rule == "app/refused"
    assert "no owner" in finding.problem
    assert "no team" in finding.problem
    assert not [word for word in NOISE if word in str(caught.value)]
    assert state_of(dist) == before
    assert [path.name for path in dist.parent.iterdir()] == ["dist"]


def test_a_validation_that_is_content_is_no_matter(tmp_path: Path) -> None:
    app = two_namespaces(tmp_path)
    app.node.add_validation(Complaint())
    synth(app)
    assert sorted(state_of(tmp_path)) == ["one.k8s.yaml", "two.k8s.yaml"]


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    synth(two_namespaces(tmp_path / "a" / "b"))
    assert sorted(state_of(tmp_path)) == ["a/b/one.k8s.yaml", "a/b/two.k8s.yaml"]


def test_an_app_with_another_ending_removes_only_files_of_that_ending(tmp_path: Path) -> None:
    (tmp_path / "old.k8s.yaml").write_text("x", encoding="utf-8")
    (tmp_path / "old.json.yaml").write_text("x", encoding="utf-8")
    app = cdk8s.App(outdir=str(tmp_path), output_file_extension=".json.yaml")
    Namespace(cdk8s.Chart(app, "one"), "a")
    synth(app)
    assert sorted(state_of(tmp_path)) == ["old.k8s.yaml", "one.json.yaml"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (lambda: None, "the function returned something else, got None (NoneType)"),
        (lambda: "app", "the function returned something else, got 'app' (str)"),
        ("app", "app must be a cdk8s App, got 'app' (str)"),
        (None, "app must be a cdk8s App, got None (NoneType)"),
    ],
)
def test_a_return_value_that_is_not_an_app_is_refused(given: Any, problem: str) -> None:
    with pytest.raises(PlatformError) as caught:
        synth(given)
    assert problem in str(caught.value)


def test_an_error_of_the_program_itself_is_not_hidden(dist: Path) -> None:
    before = state_of(dist)

    def build() -> cdk8s.App:
        two_namespaces(dist)
        raise LookupError("own mistake")

    with pytest.raises(LookupError, match="own mistake"):
        synth(build)
    assert state_of(dist) == before


def broken(folder: Path) -> Callable[[], cdk8s.App]:
    """A program with mistakes in four constructs, one of them twice, and an error that follows from them."""

    def build() -> cdk8s.App:
        app = cdk8s.App(outdir=str(folder))
        base, release = cdk8s.Chart(app, "00-base"), cdk8s.Chart(app, "20-release")
        Namespace(base, "Upper")
        cluster = make_cluster(base, instances=0, storage="10Gi")
        make_airflow(
            release,
            database=cluster.connection(),
            dags=make_dags(release, interval="1 minute", credentials="token"),
            scheduler=None,
            values={"schedular": {}},
        )
        make_airflow(release, "second", release="second", values={"schedular": {}})
        raise AttributeError("consequence")

    return build


EXPECTED = [
    ("00-base/Upper", "name"),
    ("00-base/db", "storage"),
    ("00-base/db", "instances"),
    ("20-release/dags", "interval"),
    ("20-release/dags", "credentials"),
    ("20-release/airflow", "scheduler"),
    ("20-release/second", "values.schedular"),
]


def test_all_findings_of_a_program_come_at_once_in_its_order(dist: Path) -> None:
    before = state_of(dist)
    texts = []
    for _ in range(2):
        with pytest.raises(PlatformError) as caught:
            synth(broken(dist))
        assert [(finding.path, finding.at) for finding in caught.value] == EXPECTED
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == len(EXPECTED)
    assert "consequence" not in texts[0]
    assert state_of(dist) == before


def test_run_prints_the_lines_and_leaves_with_status_1(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(broken(dist))
    assert left.value.code == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == len(EXPECTED) + 1
    assert lines[-1] == "7 findings. Nothing was written."
    assert captured.out == ""


def test_run_counts_a_single_finding(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(lambda: None)  # type: ignore[arg-type, return-value]
    assert capsys.readouterr().err.endswith("1 finding. Nothing was written.\n")


def test_run_is_silent_when_all_is_well(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(lambda: two_namespaces(tmp_path))
    assert sorted(state_of(tmp_path)) == ["one.k8s.yaml", "two.k8s.yaml"]
    assert capfd.readouterr() == ("", "")


LAST = """
import atexit, gc
from cdk8s import App, Chart
from cdk8s_airflow import Namespace, run

atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 1000))

def build():
    print(gc.isenabled())
    app = App(outdir="dist")
    Namespace(Chart(app, "lab"), "a")
    return app

run(build)
print(gc.isenabled(), gc.get_freeze_count())
"""


def test_python_looks_for_no_garbage_while_it_runs_nor_at_the_exit(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LAST], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["False", "True 0", "True True", ""]


@pytest.mark.parametrize("collects", [True, False])
def test_run_leaves_the_search_for_garbage_as_it_was(collects: bool, tmp_path: Path) -> None:
    try:
        (gc.enable if collects else gc.disable)()
        run(lambda: two_namespaces(tmp_path))
        assert gc.isenabled() is collects
        with pytest.raises(SystemExit):
            run(lambda: 1 // 0)  # type: ignore[arg-type,return-value]
        assert gc.isenabled() is collects
    finally:
        gc.enable()


PROGRAM = """
from cdk8s import App, Chart
from cdk8s_airflow import *

def build():
    app = App(outdir="dist")
    chart = Chart(app, "lab")
    Namespace(chart, NAME)
    db = CnpgCluster(chart, "db", name="Pg", namespace=Namespace.existing("d"), storage=Volume("10GB"))
    DagRepoSync(chart, "dags", repo="https://u:hunter2@h/x.git", ref="main")
    Namespace(chart, NAME)
    return app

if __name__ == "__main__":
    run(build)
"""


def run_program(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    (folder / "main.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "main.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )


def test_a_broken_program_ends_with_status_1_and_its_findings_and_nothing_else(tmp_path: Path) -> None:
    good = "from cdk8s import App, Chart\nfrom cdk8s_airflow import *\n\ndef build():\n    app = App(outdir='dist')\n    Namespace(Chart(app, 'lab'), 'a')\n    return app\n\nrun(build)\n"
    first = run_program(tmp_path, good)
    assert (first.returncode, first.stdout) == (0, "")
    before = state_of(tmp_path / "dist")
    assert before
    done = run_program(tmp_path, PROGRAM.replace("NAME", "'Upper'"))
    assert done.returncode == 1
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("b'", "!"))]
    assert [" ".join(line.split(" ")[:2]) for line in lines[:-1]] == [
        "lab/Upper: name",
        "lab/db: name",
        "lab/db: storage.size",
        "lab/dags: repo",
        "lab/Upper: id",
    ]
    assert lines[-1] == "5 findings. Nothing was written."
    assert not [word for word in (*NOISE, "hunter2") if word in "\n".join(lines)]
    assert state_of(tmp_path / "dist") == before


def test_a_duplicate_chart_id_is_reported_without_a_traceback() -> None:
    def build() -> cdk8s.App:
        app = cdk8s.App()
        cdk8s.Chart(app, "00-namespaces")
        cdk8s.Chart(app, "00-namespaces")
        return app

    with pytest.raises(PlatformError) as caught:
        synth(build)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.path) == ("construct/id", "00-namespaces")
    assert "test_run.py, line " in finding.fix
    assert " at " not in finding.problem


def test_an_error_of_the_programs_own_passes_through() -> None:
    def build() -> cdk8s.App:
        raise RuntimeError("of the program")

    with pytest.raises(RuntimeError, match="of the program"):
        synth(build)
