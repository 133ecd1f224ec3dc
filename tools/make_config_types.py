"""Write which options of airflow.cfg Airflow reads as numbers or as true and false.

    python tools/make_config_types.py FOLDER          from FOLDER/<version>/bin/python, each an installed Airflow
    python tools/make_config_types.py FOLDER --check  write nothing; end with 1 when the committed file differs

What an option is read as stands in the descriptions that an installed Airflow and its providers carry. Older releases call some
options text that they read as numbers all the same; a type that any release tells counts. The same releases give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TYPES = Path(__file__).resolve().parents[1] / "lib" / "cdk8s_airflow" / "schemas" / "config-types.json"
READ = ("boolean", "float", "integer")

_ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.configuration import retrieve_configuration_description
described = retrieve_configuration_description()
json.dump(
    [
        [f"{section}.{option}", told.get("type"), told.get("default")]
        for section, part in described.items()
        for option, told in part["options"].items()
    ],
    sys.stdout,
)
"""


def told_by(python: Path) -> list[list[Any]]:
    """What one installed Airflow says of its options: name, type and default of each."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [python, "-c", _ASK],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"], "HOME": home, "AIRFLOW_HOME": home},
        )
    told: list[list[Any]] = json.loads(done.stdout)
    return told


def facts(told: dict[str, list[list[Any]]]) -> dict[str, list[str]]:
    """The options by what they are read as, and those among them that may be empty."""
    found: dict[str, set[str]] = {type_: set() for type_ in (*READ, "empty")}
    for options in told.values():
        for name, type_, default in options:
            if type_ in READ:
                found[type_].add(name)
                if default == "":
                    found["empty"].add(name)
    for name in found["boolean"] & (found["float"] | found["integer"]):
        found["boolean"].discard(name)
        found["float"].discard(name)
        found["integer"].discard(name)
    found["integer"] -= found["float"]
    return {"versions": sorted(told), **{type_: sorted(names) for type_, names in sorted(found.items())}}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="a folder with <version>/bin/python")
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    options = parser.parse_args()
    pythons = {python.parents[1].name: python for python in sorted(options.folder.glob("*/bin/python"))}
    if not pythons:
        print(f"make_config_types: {options.folder} has no <version>/bin/python", file=sys.stderr)
        return 2
    text = json.dumps(facts({version: told_by(python) for version, python in pythons.items()}), indent=1) + "\n"
    if options.check:
        return int(text != TYPES.read_text(encoding="utf-8"))
    TYPES.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
