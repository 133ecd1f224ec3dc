"""Same input, same bytes: from one process to another, whatever the order in which sets and dictionaries come."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import sys
import cdk8s
from cdk8s_airflow import *

app = cdk8s.App(outdir=sys.argv[1])
chart = cdk8s.Chart(app, "lab", labels={"b": "1", "a": "2"})
facts = ClusterFacts(
    rwx_classes={"z", "longhorn", "a", "nfs"}, crds={"helmcharts.helm.cattle.io", "clusters.postgresql.cnpg.io", "x.y.z"}
)
namespace = Namespace(chart, "airflow", labels={key: key for key in {"zebra", "ape", "mole"}})
db = CnpgCluster(
    chart, "db", name="pg", namespace=namespace, storage=Volume("1Gi"), facts=facts,
    parameters={name: "100" for name in {"work_mem", "max_connections", "random_page_cost", "effective_io_concurrency"}},
)
dags = DagRepoSync(chart, "dags", repo="https://h/x.git", ref="main", credentials=GitTokenSecret("t"))
AirflowChart(
    chart, "release", namespace=namespace, database=db.connection(), keys=AirflowKeys.existing(prefix="k"),
    executor=KubernetesExecutor(), logs=Logs.claim(Volume("1Gi", storage_class="longhorn")), dags=dags, facts=facts,
    triggerer=Triggerer(replicas=2), ui=Ingress(host="a.lab", annotations={key: "x" for key in {"c", "b", "a"}}),
    values={key: {"annotations": {name: name for name in {"r", "q", "p"}}} for key in {"scheduler", "triggerer"}},
)
synth(app)
"""


def written(folder: Path, seed: str, *command: str) -> dict[str, bytes]:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "CDK8S_OUTDIR": str(folder),
        "TZ": "UTC" if seed == "1" else "Asia/Tokyo",
        "LC_ALL": "C" if seed == "1" else "C.UTF-8",
    }
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=environment, timeout=600, cwd=ROOT)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(params=["everything", "main"])
def command(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    if request.param == "main":
        return [str(ROOT / "main.py")]
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("sys.argv[1]", "__import__('os').environ['CDK8S_OUTDIR']"), encoding="utf-8")
    return [str(program)]


def test_two_processes_with_different_hash_seeds_write_the_same_bytes(tmp_path: Path, command: list[str]) -> None:
    one = written(tmp_path / "one", "1", *command)
    two = written(tmp_path / "two", "4242", *command)
    assert one == two
    assert one
