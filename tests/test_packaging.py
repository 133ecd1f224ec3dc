"""The wheel, installed into an environment that holds nothing but it and what it declares, works from any folder."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import json, sys
import cdk8s
import cdk8s_airflow
from cdk8s_airflow.kube import emit as edge

chart = cdk8s.Chart(cdk8s.Testing.app(), "unit")
edge.emit(chart, {
    "ns": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}},
    "hc": {"apiVersion": "helm.cattle.io/v1", "kind": "HelmChart", "metadata": {"name": "h"}, "spec": {"chart": "airflow"}},
    "pg": {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "p"}, "spec": {"instances": 1}},
})
print(json.dumps({
    "from": cdk8s_airflow.__file__,
    "kinds": [manifest["kind"] for manifest in cdk8s.Testing.synth(chart)],
    "bulk": edge._way() is not edge._by_patches,
}))
"""


def build(target: str, source: Path, into: Path) -> Path:
    """Build the "wheel" or "sdist" of the project in ``source``."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", into]
    run = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def needed(wheel: Path) -> set[str]:
    """The names of all packages that the wheel's own metadata asks for, direct and indirect."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        declared = email.message_from_bytes(archive.read(name)).get_all("Requires-Dist") or []
    found: set[str] = set()
    left = [Requirement(line) for line in declared]
    while left:
        requirement = left.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if requirement.name not in found:
            found.add(requirement.name)
            left += [Requirement(line) for line in metadata.requires(requirement.name) or []]
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment with the wheel and, linked from here, the packages it needs."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in needed(wheel):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))).resolve())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return folder / "bin" / "python"


def test_it_works_in_an_empty_environment_from_another_folder(python: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run(
        [python, "-I", "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["kinds"] == ["Namespace", "HelmChart", "Cluster"]
    assert said["bulk"] is True
    assert Path(said["from"]).is_relative_to(python.parents[1])


def test_the_whole_platform_synthesizes_from_the_wheel(python: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    program = tmp_path / "main.py"
    program.write_bytes((ROOT / "main.py").read_bytes())
    run = subprocess.run(
        [python, "-I", program], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr
    written = {file.name: file.read_bytes() for file in (tmp_path / "dist").iterdir()}
    assert written == {file.name: file.read_bytes() for file in (ROOT / "dist").iterdir()}


def test_the_wheel_holds_the_library_and_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"cdk8s_airflow", f"{wheel.name.split('-')[0]}-0.1.0.dist-info"}
    assert {
        "cdk8s_airflow/py.typed",
        "cdk8s_airflow/kube/bulk/_jsii/bulk.tgz",
        "cdk8s_airflow-0.1.0.dist-info/licenses/LICENSE",
    } <= names
    assert any(name.startswith("cdk8s_airflow/schemas/") and not name.endswith(".py") for name in names)


def test_the_source_archive_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        # Older patch releases of Python 3.10 have no filters.
        archive.extractall(tmp_path / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (source,) = (tmp_path / "source").iterdir()
    again = build("wheel", source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def test_notice_names_the_source_of_every_fact() -> None:
    sources = json.loads((ROOT / "tools" / "sources.json").read_text(encoding="utf-8"))
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert [name for name in (*sources["charts"], *sources["crds"]) if name not in notice] == []
