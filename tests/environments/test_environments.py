"""Several environments from one program: all are checked, then all are written or none."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    CnpgBackup,
    ExternalDatabase,
    HelmCommand,
    Ingress,
    Logs,
    Namespace,
    PlatformError,
    Scheduler,
    SecretKey,
    Volume,
    synth,
)
from cdk8s_airflow.environments import Environment, Environments
from cdk8s_airflow.environments.environments import selected
from cdk8s_airflow.storage import ObjectStorage
from tests.making import make_airflow, make_cluster


@dataclass(frozen=True)
class Settings:
    """What differs."""

    suffix: str
    schedulers: int = 1
    host: str = ""
    logs: Logs = dataclasses.field(default_factory=Logs.ephemeral)


def build(settings: Settings) -> cdk8s.App:
    app = cdk8s.App()
    namespace = Namespace(cdk8s.Chart(app, "00-namespaces"), "airflow", name=f"airflow-{settings.suffix}")
    ui: dict[str, Any] = {"ui": Ingress(host=settings.host)} if settings.host else {}
    make_airflow(
        cdk8s.Chart(app, "20-airflow"),
        namespace=namespace,
        release=f"airflow-{settings.suffix}",
        scheduler=Scheduler(replicas=settings.schedulers),
        logs=settings.logs,
        **ui,
    )
    return app


def two(**changes: Any) -> dict[str, Environment]:
    """Environments dev and prod in clusters of their own; ``changes`` are settings of both."""
    return {
        name: Environment(settings=Settings(suffix=name, **changes), context=f"{name}-context")
        for name in ("dev", "prod")
    }


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The output folder of apps that are created without one."""
    folder = tmp_path / "dist"
    usual = cdk8s.App.__init__

    def init(self: cdk8s.App, **arguments: Any) -> None:
        usual(self, **{"outdir": str(folder), **arguments})

    monkeypatch.setattr(cdk8s.App, "__init__", init)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifests(folder: Path) -> list[str]:
    return sorted(name for name in files(folder) if name.endswith(".yaml"))


def rules_of(error: pytest.ExceptionInfo[PlatformError]) -> list[tuple[str, str]]:
    return [(finding.path, finding.rule) for finding in error.value.findings]


def test_each_environment_has_a_folder_with_the_same_file_names(dist: Path) -> None:
    Environments(build, two()).synth()
    assert manifests(dist) == [
        "dev/00-namespaces.k8s.yaml", "dev/20-airflow.k8s.yaml", "prod/00-namespaces.k8s.yaml", "prod/20-airflow.k8s.yaml",
    ]  # fmt: skip
    dev, prod = (
        (dist / name / "20-airflow.k8s.yaml").read_text("utf-8").replace(name, "NAME") for name in ("dev", "prod")
    )
    assert dev == prod


def test_finding_names_the_environment_and_its_context_and_nothing_is_written(dist: Path) -> None:
    Environments(build, two()).synth()
    before = files(dist)
    broken = two(schedulers=2)
    broken["prod"] = Environment(settings=Settings("prod", host="not a host"), context="eks-prod")
    with pytest.raises(PlatformError) as error:
        Environments(build, broken).synth()
    assert rules_of(error) == [("prod/20-airflow/airflow", "argument/host")]
    assert str(error.value).splitlines()[0] == "Environment prod, kubectl context eks-prod:"
    assert files(dist) == before


def test_findings_of_all_environments_are_reported_together(dist: Path) -> None:
    with pytest.raises(PlatformError) as error:
        Environments(build, two(host="not a host")).synth()
    assert rules_of(error) == [(f"{name}/20-airflow/airflow", "argument/host") for name in ("dev", "prod")]
    assert not dist.exists()


def test_folder_of_a_removed_environment_is_removed_and_other_files_stay(dist: Path) -> None:
    Environments(build, two()).synth()
    (dist / "README.md").write_text("by hand", encoding="utf-8")
    (dist / "notes").mkdir()
    (dist / "notes" / "a.k8s.yaml").write_text("by hand", encoding="utf-8")
    Environments(build, {"prod": two()["prod"]}).synth()
    assert sorted(path.name for path in dist.iterdir()) == ["README.md", "notes", "prod"]


def test_files_of_a_program_without_environments_are_replaced(dist: Path) -> None:
    synth(lambda: build(Settings("dev")))
    assert manifests(dist) == ["00-namespaces.k8s.yaml", "20-airflow.k8s.yaml"]
    Environments(build, {"prod": two()["prod"]}).synth()
    assert manifests(dist) == ["prod/00-namespaces.k8s.yaml", "prod/20-airflow.k8s.yaml"]


def test_one_environment_is_written_and_the_others_stay(dist: Path) -> None:
    Environments(build, two()).synth()
    before = files(dist)
    Environments(build, {**two(schedulers=2), "lab": Environment(settings=Settings("lab"), context="lab")}).synth(
        ["dev"]
    )
    after = files(dist)
    assert {name for name in after if after[name] != before.get(name)} == {"dev/20-airflow.k8s.yaml"}
    assert after.keys() == before.keys()


def test_unknown_environment_is_refused_with_the_names(dist: Path) -> None:
    with pytest.raises(PlatformError, match=r"Did you mean 'prod'\? The environments are: dev, prod") as error:
        Environments(build, two()).synth(["prd"])
    assert [finding.rule for finding in error.value.findings] == ["environments/unknown"]
    assert not dist.exists()


def test_helm_files_of_environments_are_written_and_removed(dist: Path) -> None:
    def by_helm(settings: Settings) -> cdk8s.App:
        app = cdk8s.App()
        chart = cdk8s.Chart(app, "00-all")
        delivery: dict[str, Any] = {"delivery": HelmCommand()} if settings.schedulers == 1 else {}
        make_airflow(chart, release=f"airflow-{settings.suffix}", **delivery)
        Namespace(chart, f"airflow-{settings.suffix}")
        return app

    Environments(by_helm, two()).synth()
    assert {name for name in files(dist) if "/helm/" in name} == {
        f"{env}/helm/airflow-{env}/{name}" for env in ("dev", "prod") for name in ("install.sh", "values.yml")
    }
    Environments(by_helm, two(schedulers=2)).synth()
    assert [name for name in files(dist) if "/helm/" in name] == []
    assert not (dist / "dev" / "helm").exists()


SHARED: dict[str, tuple[Callable[[Settings, cdk8s.Chart], object], list[str]]] = {
    "object": (lambda _, chart: Namespace(chart, "airflow"), ["environments/same-object"]),
    "host": (
        lambda settings, chart: make_airflow(
            chart,
            namespace=Namespace.existing(settings.suffix),
            release=settings.suffix,
            ui=Ingress(host="airflow.lab"),
        ),
        ["environments/same-host"],
    ),
}


def environments_of(make: Callable[[Settings, cdk8s.Chart], object], *, one_cluster: bool = True) -> Environments:
    def app_of(settings: Settings) -> cdk8s.App:
        app = cdk8s.App()
        make(settings, cdk8s.Chart(app, "00-all"))
        return app

    return Environments(
        app_of,
        {
            name: Environment(
                settings=Settings(name), context=f"{name}-context", cluster="shared" if one_cluster else None
            )
            for name in ("dev", "prod")
        },
    )


@pytest.mark.parametrize("what", SHARED)
def test_collision_in_one_cluster_is_a_finding_and_in_two_clusters_is_not(dist: Path, what: str) -> None:
    make, rules = SHARED[what]
    with pytest.raises(PlatformError) as error:
        environments_of(make).synth()
    assert rules_of(error) == [("prod", rule) for rule in rules]
    assert not dist.exists()
    environments_of(make, one_cluster=False).synth()


def release(settings: Settings, chart: cdk8s.Chart, **changes: Any) -> None:
    make_airflow(chart, release=settings.suffix, namespace=Namespace.existing(settings.suffix), **changes)


def hosted(settings: Settings, chart: cdk8s.Chart) -> None:
    password = SecretKey("airflow-db", "password")
    release(settings, chart, database=ExternalDatabase(host="pg.example.com", password=password).connection())


USED: dict[str, tuple[Callable[[Settings, cdk8s.Chart], object], str]] = {
    "database": (hosted, "environments/same-database"),
    "logs": (
        lambda settings, chart: release(settings, chart, logs=Logs.s3("bucket", prefix="logs")),
        "environments/same-logs",
    ),
}


@pytest.mark.parametrize("what", USED)
def test_what_is_outside_the_clusters_must_not_be_shared_by_environments_of_two_clusters(dist: Path, what: str) -> None:
    make, rule = USED[what]
    with pytest.raises(PlatformError) as error:
        environments_of(make, one_cluster=False).synth()
    assert rules_of(error) == [("prod", rule)]


def test_backups_of_two_environments_need_folders_of_their_own(dist: Path) -> None:
    storage = ObjectStorage.s3(region="eu-central-1")

    def backed_up(settings: Settings, chart: cdk8s.Chart, *, name: str = "") -> None:
        backup = CnpgBackup(bucket=storage.bucket("backups"), server_name=name or None)
        namespace = Namespace.existing(settings.suffix)
        make_cluster(chart, namespace=namespace, backup=backup)

    with pytest.raises(PlatformError) as error:
        environments_of(backed_up, one_cluster=False).synth()
    assert rules_of(error) == [("prod", "environments/same-backups")]
    environments_of(lambda settings, chart: backed_up(settings, chart, name=settings.suffix)).synth()


def test_database_secret_of_one_name_is_not_shared_by_two_namespaces(dist: Path) -> None:
    environments_of(release).synth()


def test_outdir_of_an_app_is_refused(dist: Path) -> None:
    def own(settings: Settings) -> cdk8s.App:
        app = cdk8s.App(outdir=str(dist / "mine"))
        Namespace(cdk8s.Chart(app, "00-all"), settings.suffix)
        return app

    with pytest.raises(PlatformError) as error:
        Environments(own, {"dev": two()["dev"]}).synth()
    assert rules_of(error) == [("dev", "environments/outdir")]


@dataclass
class Open:
    suffix: str


@pytest.mark.parametrize(
    ("environments", "expected", "rule"),
    [
        ({}, (), "environments/none"),
        ({"helm": two()["dev"]}, (), "environments/name"),
        ({"Dev": two()["dev"]}, (), "argument/name"),
        ({"dev": Environment(settings=Open("dev"), context="dev")}, (), "environments/settings"),
        ({"dev": Environment(settings=Settings, context="dev")}, (), "environments/settings"),
        (
            {"dev": Environment(settings=Volume("1Gi"), context="dev"), "prod": two()["prod"]},
            (),
            "environments/settings",
        ),
        (two(), ["hots"], "environments/expected"),
    ],
)
def test_unsound_declaration_is_refused(environments: Any, expected: Any, rule: str) -> None:
    with pytest.raises(PlatformError) as error:
        Environments(build, environments, expected_differences=expected)
    assert [finding.rule for finding in error.value.findings] == [rule]


def test_build_gives_the_app_of_one_environment_for_tests() -> None:
    app = Environments(build, two()).build("prod")
    assert [each["metadata"]["name"] for each in cdk8s.Testing.synth(app.charts[0])] == ["airflow-prod"]


@pytest.mark.parametrize(
    ("arguments", "variable", "names"),
    [
        ([], "", None),
        (["--environment", "dev"], "prod", ["dev"]),
        (["--environment=dev", "other", "--environment", "prod"], "", ["dev", "prod"]),
        (["other"], "dev, prod", ["dev", "prod"]),
        (["--environment"], "", [""]),
    ],
)
def test_selection_comes_from_the_command_line_or_else_from_the_variable(
    arguments: list[str], variable: str, names: list[str] | None
) -> None:
    assert selected(arguments, {"CDK8S_AIRFLOW_ENVIRONMENT": variable}) == names


PROGRAM = """
from dataclasses import dataclass
from cdk8s import App, Chart
from cdk8s_airflow import Namespace
from cdk8s_airflow.environments import Environment, Environments

@dataclass(frozen=True)
class Settings:
    name: str

def build(settings):
    app = App()
    if settings.name == "broken":
        raise KeyError("of the program")
    Namespace(Chart(app, "00-namespaces"), settings.name)
    return app

if __name__ == "__main__":
    import os
    names = os.environ["NAMES"].split()
    Environments(build, {name: Environment(settings=Settings(name), context=f"{name}-context") for name in names}).run()
"""


def run_program(folder: Path, names: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = folder / "main.py"
    program.write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(program), *arguments],
        cwd=folder,
        env={**os.environ, "NAMES": names},
        capture_output=True,
        text=True,
        check=False,
    )


def test_run_reports_the_environment_of_an_exception_and_writes_nothing(tmp_path: Path) -> None:
    assert run_program(tmp_path, "dev prod").returncode == 0
    before = files(tmp_path / "dist")
    failed = run_program(tmp_path, "dev broken")
    assert failed.returncode == 1
    assert "Environment broken, kubectl context broken-context:\nTraceback" in failed.stderr
    assert failed.stderr.endswith("Nothing was written.\n")
    assert files(tmp_path / "dist") == before
    assert run_program(tmp_path, "dev prod lab", "--environment", "lab").returncode == 0
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == ["dev", "lab", "prod"]
