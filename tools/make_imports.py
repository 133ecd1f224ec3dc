"""Generate imports/cdk8s_airflow_crds, the bindings of the custom resources at the heart, with `cdk8s import`.

    python tools/make_imports.py                  from imports/crds/, checked against the checksums of tools/sources.json
    python tools/make_imports.py --refresh        download imports/crds/ from the pinned upstream addresses first
    python tools/make_imports.py --from FOLDER    the same from a local folder that holds crds/<group>_<plural>.yaml
    python tools/make_imports.py --check          write nothing; exit with 1 if the committed bindings differ

The CRDs in imports/crds/ are the upstream files without descriptions. cdk8s.yaml lists them, so `cdk8s import` reads the same
files; this script also removes the source maps. Each kind has a prefix and therefore a separate module
(cdk8s_airflow_crds.cluster.io.cnpg.postgresql), because a program loads whole modules, in Python and in Node: loading Pooler
together with Cluster more than doubles the cost of Cluster.
"""

from __future__ import annotations

import argparse
import filecmp
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from make_schemas import SOURCES, SourceError, crd_sources, digest, without_prose

ROOT = Path(__file__).resolve().parent.parent
CRDS = ROOT / "imports" / "crds"
PACKAGE = "cdk8s_airflow_crds"
KINDS = (
    "clusters.postgresql.cnpg.io",
    "helmcharts.helm.cattle.io",
)


def pins() -> dict[str, Any]:
    """The pinned sources of the definitions that bindings are generated from."""
    known = json.loads(SOURCES.read_text(encoding="utf-8"))["crds"]
    return {name: known[name] for name in KINDS}


def refresh(folder: Path | None) -> None:
    """Write imports/crds/ from the pinned addresses, or from a folder."""
    definitions = list(crd_sources(pins(), folder))
    shutil.rmtree(CRDS, ignore_errors=True)
    CRDS.mkdir(parents=True)
    for crd in definitions:
        version = {
            "name": crd["version"],
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": crd["schema"]},
        }
        definition = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": crd["name"]},
            "spec": {
                "group": crd["group"],
                "names": {"kind": crd["kind"], "plural": crd["plural"]},
                "scope": crd["scope"],
                "versions": [version],
            },
        }
        text = yaml.dump(definition, sort_keys=True, width=1000)
        (CRDS / f"{crd['name']}.yaml").write_text(text, encoding="utf-8")


def unpinned() -> Iterator[str]:
    """What in imports/crds/ is not the definition that tools/sources.json pins."""
    for name, pin in pins().items():
        file = CRDS / f"{name}.yaml"
        definition = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
        if definition is None:
            yield name
            continue
        spec = definition["spec"]
        (version,) = spec["versions"]
        seen = digest(
            {
                "name": definition["metadata"]["name"],
                "group": spec["group"],
                "kind": spec["names"]["kind"],
                "plural": spec["names"]["plural"],
                "scope": spec["scope"],
                "version": version["name"],
                "schema": without_prose(version["schema"]["openAPIV3Schema"]),
            }
        )
        if seen != pin["content_sha256"]:
            yield name
    yield from sorted({file.name.removesuffix(".yaml") for file in CRDS.iterdir()} - set(KINDS))


def generate(into: Path) -> None:
    """Run `cdk8s import` for all entries of cdk8s.yaml."""
    environment = {
        **os.environ,
        "CDK8S_CHECK_UPGRADE": "false",
        "NODE_OPTIONS": "--disable-warning=DEP0190",  # the CLI's own use of a shell, of no concern to the reader
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [ROOT / "node_modules" / ".bin" / "cdk8s", "import", "--language", "python", "--save", "false"]
    run = subprocess.run(
        [*command, "--output", into],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if run.returncode != 0 or not (into / PACKAGE).is_dir():
        raise SourceError(f"cdk8s import failed:\n{run.stdout}{run.stderr}")
    drop_source_maps(into / PACKAGE, environment)


def drop_source_maps(folder: Path, environment: dict[str, str]) -> None:
    """Take the source maps out of the archives: three quarters of the JavaScript, which Node would read at each run."""
    for archive in sorted(folder.rglob("*.tgz")):
        plain = io.BytesIO()
        with (
            tarfile.open(archive) as before,
            tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as after,
        ):
            for member in before:
                content = before.extractfile(member)
                if content is None:
                    raise SourceError(f"{archive.name} holds {member.name}, which is no file")
                data = content.read()
                if member.name.endswith(".js"):
                    data = re.sub(rb"\n//# sourceMappingURL=data:[^\n]*", b"", data)
                member.size = len(data)
                after.addfile(member, io.BytesIO(data))
        # Node's zlib is pinned with Node; Python's is whichever the machine has, and not all compress to the same bytes.
        script = "process.stdout.write(require('zlib').gzipSync(require('fs').readFileSync(0), {level: 9}))"
        run = subprocess.run(
            ["node", "-e", script], input=plain.getvalue(), env=environment, capture_output=True, check=False
        )
        if run.returncode != 0:
            raise SourceError(f"{archive.name} could not be packed:\n{run.stderr.decode()}")
        packed = bytearray(run.stdout)
        packed[9] = 255  # the system it was packed on: none
        archive.write_bytes(packed)


def differences(one: Path, other: Path) -> Iterator[str]:
    """Paths below the two folders that are in one only, or not the same; compiled Python does not count."""
    compared = filecmp.dircmp(one, other, ignore=["__pycache__"])
    yield from (str(one / name) for name in compared.left_only)
    yield from (str(other / name) for name in compared.right_only)
    _, unequal, unread = filecmp.cmpfiles(one, other, compared.common_files, shallow=False)
    yield from (str(other / name) for name in (*unequal, *unread))
    for name in compared.common_dirs:
        yield from differences(one / name, other / name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refresh", action="store_true", help="read the pinned upstream addresses first")
    parser.add_argument("--from", dest="folder", type=Path, help="a local folder instead of the upstream addresses")
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    options = parser.parse_args(arguments)
    committed = ROOT / "imports" / PACKAGE
    try:
        if (options.refresh or options.folder) and not options.check:
            refresh(options.folder)
        if wrong := list(unpinned()):
            raise SourceError(
                f"imports/crds/ is not what tools/sources.json pins: {', '.join(wrong)} (run: make imports REFRESH=1)"
            )
        with tempfile.TemporaryDirectory(dir=ROOT, prefix=".imports-") as folder:
            generate(Path(folder))
            made = Path(folder) / PACKAGE
            if options.check:
                if different := list(differences(made, committed)):
                    raise SourceError(
                        f"imports/ is not what its sources give, first {different[0]} (run: make imports)"
                    )
                return 0
            shutil.rmtree(committed, ignore_errors=True)
            shutil.move(made, committed)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
