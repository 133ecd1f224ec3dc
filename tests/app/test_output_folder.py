"""The output folder is replaced as a whole, keeps the user's files, and survives failed, killed and concurrent runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import cdk8s
import pytest

from cdk8s_airflow import Namespace, PlatformError, run, synth
from cdk8s_airflow.app import files
from cdk8s_airflow.kube import output


def app_with(folder: Path, *charts: str, kind: cdk8s.YamlOutputType | None = None) -> cdk8s.App:
    """An app with a namespace in each chart."""
    app = cdk8s.App(outdir=str(folder), yaml_output_type=kind)
    for chart in charts:
        Namespace(cdk8s.Chart(app, chart), chart)
    return app


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ------------------------------------------------------------------------------------------------- what stays, what goes


@pytest.mark.parametrize(
    ("kind", "one", "both"),
    [
        (cdk8s.YamlOutputType.FILE_PER_APP, ["app.k8s.yaml"], ["app.k8s.yaml"]),
        (cdk8s.YamlOutputType.FILE_PER_CHART, ["a.k8s.yaml"], ["a.k8s.yaml", "b.k8s.yaml"]),
        (
            cdk8s.YamlOutputType.FILE_PER_RESOURCE,
            ["Namespace.a.k8s.yaml"],
            ["Namespace.a.k8s.yaml", "Namespace.b.k8s.yaml"],
        ),
        (
            cdk8s.YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE,
            ["a/Namespace.a.k8s.yaml"],
            ["a/Namespace.a.k8s.yaml", "b/Namespace.b.k8s.yaml"],
        ),
    ],
)
def test_stale_manifests_are_removed_and_other_files_stay(
    tmp_path: Path, kind: cdk8s.YamlOutputType, one: list[str], both: list[str]
) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a", "b", kind=kind))
    own = ["README.md", "mine.yaml", "b/mine.txt", "prod/other.k8s.yaml"]
    for name in own:
        (dist / name).parent.mkdir(exist_ok=True)
        (dist / name).write_text("mine", encoding="utf-8")
    (dist / "link").symlink_to("README.md")
    written = {name for name in contents(dist) if not name.endswith(files.MARKER)}
    assert written == {*both, *own, "link"}
    synth(app_with(dist, "a", kind=kind))
    assert {name for name in contents(dist) if not name.endswith(files.MARKER)} == {*one, *own, "link"}
    assert (dist / "link").is_symlink()
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_changing_the_output_type_removes_the_files_of_the_other_type(tmp_path: Path) -> None:
    for kind in cdk8s.YamlOutputType:
        synth(app_with(tmp_path / "dist", "a", "b", kind=kind))
    synth(app_with(tmp_path / "dist", "a"))
    assert sorted(contents(tmp_path / "dist")) == ["a.k8s.yaml"]
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["a.k8s.yaml"]


def test_equal_output_does_not_touch_the_files(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a"))
    before = (dist.stat().st_ino, (dist / "a.k8s.yaml").stat().st_mtime_ns)
    synth(app_with(dist, "a"))
    assert (dist.stat().st_ino, (dist / "a.k8s.yaml").stat().st_mtime_ns) == before


def test_file_of_the_user_in_the_way_is_an_error(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    (dist / "a").mkdir(parents=True)
    (dist / "a" / "Namespace.a.k8s.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(
        PlatformError, match=r"contains the file a/Namespace.a.k8s.yaml, which cdk8s-airflow did not write"
    ):
        synth(app_with(dist, "a", kind=cdk8s.YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE))
    assert contents(dist) == {"a/Namespace.a.k8s.yaml": b"mine"}


def test_mode_of_the_output_folder_is_kept(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a"))
    dist.chmod(0o2750)
    synth(app_with(dist, "b"))
    assert dist.stat().st_mode & 0o7777 == 0o2750


def test_output_folder_may_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "place").mkdir(parents=True)
    (tmp_path / "dist").symlink_to(tmp_path / "real" / "place")
    synth(app_with(tmp_path / "dist", "a"))
    assert sorted(contents(tmp_path / "real")) == ["place/a.k8s.yaml"]
    assert (tmp_path / "dist").is_symlink()


# ------------------------------------------------------------------------------------------ folders that cannot be renamed


def test_mount_point_is_written_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "mine.yaml").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(Path, "is_mount", lambda path: path == dist)
    inode = dist.stat().st_ino
    kind = cdk8s.YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE
    synth(app_with(dist, "a", "b", kind=kind))
    synth(app_with(dist, "a", kind=kind))
    assert sorted(contents(dist)) == ["a/.cdk8s-airflow", "a/Namespace.a.k8s.yaml", "mine.yaml"]
    assert dist.stat().st_ino == inode
    assert sorted(path.name for path in dist.iterdir()) == ["a", "mine.yaml"]


def test_system_without_exchange_renames_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_swapped", lambda one, other: False)
    synth(app_with(tmp_path / "dist", "a"))
    synth(app_with(tmp_path / "dist", "b"))
    assert sorted(contents(tmp_path)) == ["dist/b.k8s.yaml"]


def test_output_folder_that_a_killed_run_put_aside_comes_back(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a"))
    before = contents(dist)
    left = tmp_path / ".synth-abc"
    left.mkdir()
    (left / files.MARKER).write_text(f"{files.MARK}\ndist\n", encoding="utf-8")
    dist.rename(left / "old")
    with pytest.raises(PlatformError):
        synth(app_with(dist))
    assert contents(tmp_path) == {f"dist/{name}": text for name, text in before.items()}


def test_folder_of_the_user_with_such_a_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".synth-mine").mkdir()
    (tmp_path / ".synth-mine" / "x").write_text("mine", encoding="utf-8")
    synth(app_with(tmp_path / "dist", "a"))
    assert (tmp_path / ".synth-mine" / "x").read_text(encoding="utf-8") == "mine"


# ------------------------------------------------------------------------------------------------------ kills and concurrency

PROGRAM = """
import os, signal, sys
from cdk8s import App, Chart
from cdk8s_airflow import Namespace, run
from cdk8s_airflow.app import files

point, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])

def stop(*_, **__):
    os.kill(os.getpid(), getattr(signal, name))
    signal.pause()

if point != "never":
    owner, attribute = {"write": (files, "write"), "link": (files, "_link_others"), "swap": (files, "_swapped")}[point]
    setattr(owner, attribute, stop)

def build():
    app = App(outdir="dist")
    for index in range(count):
        Namespace(Chart(app, f"chart-{index:02}"), f"n{count}-{index}")
    return app

run(build)
"""


def status(process: subprocess.Popen[bytes]) -> int:
    process.communicate(timeout=600)
    return process.returncode


def start(folder: Path, point: str, name: str, count: int) -> subprocess.Popen[bytes]:
    (folder / "main.py").write_text(PROGRAM, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "main.py", point, name, str(count)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"},
        preexec_fn=_with_default_signals,
    )


def _with_default_signals() -> None:
    """Under nohup, and in the background of a shell, signals are ignored, and children inherit that."""
    for each in (signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("point", "name"), [("write", "SIGTERM"), ("link", "SIGKILL"), ("swap", "SIGKILL"), ("swap", "SIGHUP")]
)
def test_killed_run_leaves_the_previous_files(tmp_path: Path, point: str, name: str) -> None:
    synth(app_with(tmp_path / "dist", "a", "b", "c"))
    before = contents(tmp_path / "dist")
    assert len(before) == 3
    assert status(start(tmp_path, point, name, 5)) == -getattr(signal, name)
    assert contents(tmp_path / "dist") == before
    synth(app_with(tmp_path / "dist", "a"))
    assert sorted(contents(tmp_path / "dist")) == ["a.k8s.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "main.py"]


def test_interrupt_is_one_line(tmp_path: Path) -> None:
    synth(app_with(tmp_path / "dist", "a"))
    before = contents(tmp_path / "dist")
    process = start(tmp_path, "write", "SIGINT", 3)
    _, said = process.communicate(timeout=600)
    assert (process.returncode, said.decode().strip()) == (130, "Interrupted. Nothing was written.")
    assert contents(tmp_path / "dist") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "main.py"]


def test_concurrent_runs_do_not_mix(tmp_path: Path) -> None:
    counts = [2, 5, 3]
    processes = [start(tmp_path, "never", "SIGTERM", count) for count in counts]
    assert [status(process) for process in processes] == [0, 0, 0]
    names = sorted(contents(tmp_path / "dist"))
    assert len(names) in counts
    assert all(f"n{len(names)}-".encode() in text for text in contents(tmp_path / "dist").values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist", "main.py"]


# ------------------------------------------------------------------------------------------------------------ paths and errors


def test_change_of_directory_after_import_does_not_move_the_output(tmp_path: Path) -> None:
    program = (
        "import cdk8s, os\nfrom cdk8s_airflow import Namespace, run\nos.makedirs('elsewhere')\nos.chdir('elsewhere')\n"
        "def build():\n    app = cdk8s.App(yaml_output_type=cdk8s.YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE)\n"
        "    Namespace(cdk8s.Chart(app, 'a'), 'a')\n    cdk8s.ApiObject(cdk8s.Chart(app, 'b'), 'b', api_version='v1',"
        " kind='Secret').add_json_patch(cdk8s.JsonPatch.add('/stringData', {'password': 'hunter2-and-more'}))\n"
        "    return app\nrun(build)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 1
    assert "secrets/content" in done.stderr
    assert "hunter2" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


def test_app_without_objects_is_an_error_unless_allowed(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a"))
    before = contents(dist)

    def build() -> cdk8s.App:
        other = cdk8s.App(outdir=str(dist))
        Namespace(cdk8s.Chart(other, "a"), "b")
        return cdk8s.App(outdir=str(dist))

    with pytest.raises(PlatformError, match=r"^app has no objects, so nothing would be written\. .*\[app/empty\]$"):
        synth(build)
    empty_chart = cdk8s.App(outdir=str(dist))
    cdk8s.Chart(empty_chart, "empty")
    with pytest.raises(PlatformError, match="app/empty"):
        synth(empty_chart)
    assert contents(dist) == before
    synth(build, allow_empty=True)
    assert contents(dist) == {}


def test_output_folder_that_is_a_file_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("mine", encoding="utf-8")
    with pytest.raises(PlatformError) as caught:
        synth(app_with(tmp_path / "dist", "a"))
    assert str(caught.value) == (
        f"outdir cannot be written: is a file, not a folder (got '{tmp_path / 'dist'}'). "
        "Make the folder writable, or use another one: App(outdir=...). [app/output]"
    )
    assert (tmp_path / "dist").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("stage", ["staging", "commit", "node"])
def test_full_or_read_only_disk_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    dist = tmp_path / "dist"
    synth(app_with(dist, "a"))
    before = contents(dist)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if stage == "staging":
        monkeypatch.setattr(files.tempfile, "mkdtemp", full)
    elif stage == "commit":
        monkeypatch.setattr(files, "_link_others", full)
    else:
        monkeypatch.setattr(
            output,
            "write",
            lambda app, folder: ([], f"ENOSPC: no space left on device, open '{folder}/b.k8s.yaml'"),
        )
    with pytest.raises(PlatformError) as caught:
        synth(app_with(dist, "b"))
    (finding,) = caught.value.findings
    assert "no space left on device" in finding.problem
    assert ".synth-" not in str(finding)
    assert contents(dist) == before
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]


def test_exception_of_the_program_prints_its_own_frames_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def build() -> cdk8s.App:
        raise LookupError("own mistake")

    with pytest.raises(SystemExit) as left:
        run(build)
    assert left.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2:] == ["LookupError: own mistake", "The program raised an exception. Nothing was written."]
    assert [line for line in lines if "cdk8s_airflow" in line] == []
    assert any("in build" in line for line in lines)
