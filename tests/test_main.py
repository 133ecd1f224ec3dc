"""The HomeLab of ``main.py``: what stands in dist/, what each part leaves behind, and whether every API server takes it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import cdk8s
import pytest

import main
from cdk8s_airflow import PlatformError
from cdk8s_airflow.app.registry import registry_of
from tests.platforms import PAIRS, helm_chart, homelab
from tests.truth import assert_accepted
from tests.truth.goldens import check_golden, check_golden_folder
from tests.truth.manifests import load, objects, values_of

ROOT = Path(main.__file__).resolve().parent
GOLDENS = Path(__file__).parent / "goldens"
TOPOLOGIES = ("k8s-single", "k8s-multi", "k8s-ha")

NAMESPACE = ("Namespace", "", "airflow")
RELEASE = ("HelmChart", "kube-system", "airflow")
LOGS = ("PersistentVolumeClaim", "airflow", "airflow-logs")
DATA_NAMESPACE = ("Namespace", "", "airflow-data")
CLUSTER = ("Cluster", "airflow-data", "airflow-pg")


def called(pair: tuple[str, str]) -> str:
    return "-".join(pair)


every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def files_of(app: cdk8s.App, folder: Path) -> dict[str, str]:
    """The files that an app of ``main.py`` writes. Where it writes them is fixed when the process starts, so not by the app."""
    texts = {}
    for chart in app.charts:
        file = folder / f"{chart.node.id}.k8s.yaml"
        cdk8s.Yaml.save(str(file), chart.to_json())
        texts[file.name] = file.read_bytes().decode("utf-8")
    return texts


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """``main.py``, run as a program in an empty folder."""
    folder = tmp_path_factory.mktemp("main")
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py")], capture_output=True, text=True, check=False, timeout=600, cwd=folder
    )
    return done, folder


def test_main_runs_as_a_program_and_says_nothing(program: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = program
    assert (done.returncode, done.stdout) == (0, "")
    assert [path.name for path in folder.iterdir()] == ["dist"]


def test_dist_is_what_main_writes(program: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path) -> None:
    written = {file.name: file.read_bytes().decode("utf-8") for file in (program[1] / "dist").iterdir()}
    check_golden_folder(written, ROOT / "dist")
    assert files_of(main.build(), tmp_path) == written


@every_pair
def test_the_release_of_each_pair_is_what_was_reviewed(pair: tuple[str, str], tmp_path: Path) -> None:
    files = files_of(main.build("k8s-single", *pair), tmp_path)
    check_golden(files["20-airflow.k8s.yaml"], GOLDENS / f"20-airflow-{called(pair)}.k8s.yaml")


def test_two_schedulers_and_servers_are_what_was_reviewed(tmp_path: Path) -> None:
    files = files_of(main.build("k8s-ha"), tmp_path)
    check_golden(files["10-data.k8s.yaml"], GOLDENS / "10-data-k8s-ha.k8s.yaml")
    check_golden(files["20-airflow.k8s.yaml"], GOLDENS / "20-airflow-k8s-ha.k8s.yaml")


def test_namespaces_and_data_are_the_same_whatever_the_release(tmp_path: Path) -> None:
    data = {"k8s-single": ROOT / "dist" / "10-data.k8s.yaml", "k8s-ha": GOLDENS / "10-data-k8s-ha.k8s.yaml"}
    for topology, pair in itertools.product(data, PAIRS):
        files = files_of(main.build(topology, *pair), tmp_path)  # type: ignore[arg-type]
        assert files["10-data.k8s.yaml"] == data[topology].read_text(encoding="utf-8")
        assert files["00-namespaces.k8s.yaml"] == (ROOT / "dist" / "00-namespaces.k8s.yaml").read_text(encoding="utf-8")


@every_pair
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_objects_are_exactly_these_and_every_api_server_takes_them(pair: tuple[str, str], topology: str) -> None:
    manifests = homelab(*pair, topology)
    assert objects(manifests) == {NAMESPACE, DATA_NAMESPACE, CLUSTER, LOGS, RELEASE}
    assert_accepted(manifests)


@pytest.mark.parametrize(("topology", "replicas"), [("k8s-single", 1), ("k8s-multi", 1), ("k8s-ha", 2)])
@pytest.mark.parametrize("component", ["scheduler", "apiServer"])
def test_the_topology_decides_the_number_of_replicas_and_what_two_need(
    component: str, topology: str, replicas: int
) -> None:
    values = values_of(helm_chart(homelab("1.22.0", "3.2.2", topology)))[component]
    assert values["replicas"] == replicas
    assert ("podDisruptionBudget" in values) is (replicas == 2)
    assert ("topologySpreadConstraints" in values) is (replicas == 2)


@pytest.mark.parametrize(
    ("database", "airflow", "expected"),
    [
        (True, True, {NAMESPACE, DATA_NAMESPACE, CLUSTER, LOGS, RELEASE}),
        (False, True, {NAMESPACE, LOGS, RELEASE}),
        (True, False, {DATA_NAMESPACE, CLUSTER}),
    ],
    ids=["both", "no-database", "no-airflow"],
)
def test_a_part_that_is_switched_off_leaves_nothing_behind(
    database: bool, airflow: bool, expected: set[tuple[str, str, str]]
) -> None:
    manifests = load(main.build(database=database, airflow=airflow).synth_yaml())
    assert objects(manifests) == expected
    assert_accepted(manifests)


def test_with_both_parts_off_nothing_is_left() -> None:
    app = main.build(database=False, airflow=False)
    assert [manifest for chart in app.charts for manifest in chart.to_json()] == []
    registry = registry_of(app)
    assert (registry.objects, registry.secrets, registry.crds, registry.state, registry.notes) == (
        {},
        {},
        set(),
        [],
        [],
    )


def test_without_the_database_its_url_is_typed_by_whoever_knows_it() -> None:
    need = registry_of(main.build(database=False)).secrets["airflow", "airflow-metadata"]
    assert "Database URL" in need.command
    copied = registry_of(main.build()).secrets["airflow", "airflow-metadata"]
    assert "get secret airflow-pg-credentials" in copied.command


def test_without_the_database_the_release_says_the_same() -> None:
    (without,) = (one for one in load(main.build(database=False).synth_yaml()) if one["kind"] == "HelmChart")
    assert without == helm_chart(homelab("1.22.0", "3.2.2"))


def test_the_release_is_that_of_the_article() -> None:
    values = values_of(helm_chart(homelab("1.22.0", "3.2.2")))
    assert values["dags"]["gitSync"]["repo"] == "https://gitlab.acme.lab/data/airflow-dags.git"
    assert (values["dags"]["gitSync"]["branch"], values["dags"]["gitSync"]["period"]) == ("main", "60s")
    (ingress,) = values["ingress"].values()
    assert ingress["ingressClassName"] == "nginx"
    assert ingress["hosts"] == [{"name": "airflow.acme.lab", "tls": {"enabled": True, "secretName": "airflow-tls"}}]
    assert ingress["annotations"] == {"cert-manager.io/cluster-issuer": "homelab-ca"}


@pytest.mark.parametrize(
    ("arguments", "at"),
    [
        (("k8s-single", "1.21.0"), "chart_version"),
        (("k8s-single", "1.22.0", "2.10.5"), "airflow_version"),
        (("k8s-single", "1.15.0", "3.0.2"), "airflow_version"),
    ],
)
def test_a_version_that_does_not_run_is_refused(arguments: tuple[str, ...], at: str) -> None:
    with pytest.raises(PlatformError, match=rf"^20-airflow/airflow: {at} "):
        main.build(*arguments)  # type: ignore[arg-type]
