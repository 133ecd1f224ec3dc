"""A real dbt reads the profiles, and builds a model in a real PostgreSQL.

dbt shares no environment with this repository: ``make test`` gives it one, or ``CDK8S_AIRFLOW_DBT`` names its executable. PostgreSQL is looked for in the PATH and
where Debian has it. If one of the two is missing, these tests are skipped with the reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from cdk8s_airflow import Image, Namespace, SecretKey
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from tests.database.servers import Server, postgres, server_folder
from tests.making import emitted, new_chart

DBT_VARIABLE = "CDK8S_AIRFLOW_DBT"
PASSWORD = "0123 it's\\ {{ no }} %41 ünï"


def dbt_program() -> str:
    """The dbt of this machine; skips the test where there is none."""
    installed = Path(sys.prefix) / "dbt" / "bin" / "dbt"
    program = os.environ.get(DBT_VARIABLE, "") or (str(installed) if installed.is_file() else "")
    if not program:
        pytest.skip(f"set {DBT_VARIABLE} to a dbt with the adapter for PostgreSQL to run this test")
    return program


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL that asks for the password of the role ``dbt``."""
    dbt_program()
    with server_folder() as home, postgres(home) as running:
        running.run("CREATE ROLE dbt LOGIN PASSWORD '{}'".format(PASSWORD.replace("'", "''")))
        running.run("CREATE DATABASE warehouse OWNER dbt")
        yield running


def written(folder: Path, port: int) -> Mapping[str, str]:
    """Writes the files as a pod has them, and gives the variables it has."""
    target = DbtPostgres(
        host="localhost",
        port=port,
        database="warehouse",
        schema="analytics",
        user="dbt",
        password=SecretKey("dbt-warehouse", "password"),
        tls="prefer",
    )
    chart = new_chart()
    DbtProfiles(
        chart,
        "dbt",
        namespace=Namespace.existing("airflow"),
        profiles={"warehouse": DbtProfile(targets={"prod": target})},
        image=Image("registry.example.com/data/dbt", tag="1.0.0"),
    )
    (manifest,) = emitted(chart)
    for name, text in manifest["data"].items():
        (folder / name).write_text(text, encoding="utf-8")
    (base,) = yaml.safe_load(manifest["data"]["pod.yaml"])["spec"]["containers"]
    secrets = {("dbt-warehouse", "password"): PASSWORD}
    env = {
        entry["name"]: entry["value"]
        if "value" in entry
        else secrets[entry["valueFrom"]["secretKeyRef"]["name"], entry["valueFrom"]["secretKeyRef"]["key"]]
        for entry in base["env"]
    }
    assert env["DBT_PROFILES_DIR"] == "/profiles"
    return {**env, "DBT_PROFILES_DIR": str(folder)}


def project(folder: Path) -> Path:
    """A tiny project; it can only be read, as in an image."""
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        'name: tiny\nversion: "1.0"\nprofile: another\nmodel-paths: [models]\n', encoding="utf-8"
    )
    (folder / "models" / "answer.sql").write_text("select 42 as answer\n", encoding="utf-8")
    return folder


def dbt(words: list[str], env: Mapping[str, str], folder: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value.replace("/tmp/dbt-", f"{scratch}/dbt-") for name, value in env.items()}
    return subprocess.run(
        [dbt_program(), "--no-use-colors", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env, "HOME": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_dbt_connects_and_builds(server: Server, tmp_path: Path) -> None:
    profiles, scratch = tmp_path / "profiles", tmp_path / "scratch"
    profiles.mkdir()
    scratch.mkdir()
    env = written(profiles, server.port)
    tiny = project(tmp_path / "project")
    before = sorted(tiny.rglob("*"))
    debug = dbt(["debug"], env, tiny, scratch)
    assert debug.returncode == 0, debug.stdout
    assert "All checks passed!" in debug.stdout
    run = dbt(["run"], env, tiny, scratch)
    assert run.returncode == 0, run.stdout
    (result,) = json.loads((scratch / "dbt-target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    assert (result["status"], result["unique_id"]) == ("success", "model.tiny.answer")
    show = dbt(["show", "--inline", "select answer from analytics.answer", "--output", "json"], env, tiny, scratch)
    assert '"answer": 42' in show.stdout
    assert sorted(tiny.rglob("*")) == before, "dbt wrote into its project, which an image may not let it"
    written_logs = "".join(path.read_text(encoding="utf-8") for path in (scratch / "dbt-logs").rglob("*.log"))
    assert written_logs
    assert PASSWORD not in written_logs + debug.stdout + run.stdout


def test_a_wrong_password_is_refused_by_the_server(server: Server, tmp_path: Path) -> None:
    profiles, scratch = tmp_path / "profiles", tmp_path / "scratch"
    profiles.mkdir()
    scratch.mkdir()
    env = {**written(profiles, server.port), "DBT_ENV_SECRET_WAREHOUSE_PROD_PASSWORD": "another"}
    debug = dbt(["debug"], env, project(tmp_path / "project"), scratch)
    assert debug.returncode != 0
    assert "password authentication failed" in debug.stdout
