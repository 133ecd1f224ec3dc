"""The StatsD exporter, with the mappings of each chart and ours, gives metrics of Airflow the names that we use."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import yaml

from cdk8s_airflow import Statsd
from cdk8s_airflow.monitoring import statsd_mappings
from cdk8s_airflow.monitoring.metrics import METRICS, sends
from tests.helm.rendering import CHARTS_MISSING, charts_folder, render_release
from tests.platforms import helm_chart, release
from tests.ports import free_port

PAIRS = (("1.15.0", "2.9.3"), ("1.18.0", "3.0.2"), ("1.22.0", "3.2.2"))
LIMIT = 20.0
"""Seconds until the exporter must have answered."""

COUNTERS = re.compile(r"heartbeat|ti_failures|ti_successes|ti\.finish|killed|critical_section_busy")
TIMERS = {name.removesuffix("_sum") for name in METRICS if name.endswith("_sum")}
LABELED = {
    "airflow_pool_open_slots": {"pool"},
    "airflow_pool_queued_slots": {"pool"},
    "airflow_pool_running_slots": {"pool"},
    "airflow_ti_finish": {"dag_id", "task_id", "state"},
    "airflow_dagrun_duration": {"dag_id"},
    "airflow_dagrun_failed": {"dag_id"},
    "airflow_dagrun_schedule_delay": {"dag_id"},
    "airflow_task_queued_duration": {"dag_id", "task_id"},
    "airflow_task_scheduled_duration": {"dag_id", "task_id"},
}
"""Metrics whose labels alerts and dashboards use."""

NAMES_OF_DAGS = {
    r'^airflow_dag_processing_last_duration_sum\{.*bundle="dags-folder",dag_file="sales"': (
        "airflow.dag_processing.last_duration.dags-folder.sales:20|ms"
    ),
    r'^airflow_dagrun_dependency_check_sum\{dag_id="sales"\}': "airflow.dagrun.dependency-check.sales:20|ms",
}
"""Series -> what Airflow 3.2 sends for it. Without our mappings, each DAG has a metric of its own name."""


def line(name: str, origin: str) -> str:
    """What Airflow sends for a metric: the name with examples for its variable parts."""
    sent = re.sub(r"<(\w+)>", r"some_\1", origin)
    kind = "12.5|ms" if name in TIMERS else "1|c" if COUNTERS.search(origin) else "3|g"
    return f"airflow.{sent}:{kind}"


def scraped(port: int, expected: int) -> str:
    """The metrics, when the exporter has that many names of Airflow."""
    text, end = "", time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT) as answer:
                text = answer.read().decode()
        except OSError:
            continue
        if len(re.findall(r"^# TYPE airflow_", text, re.MULTILINE)) >= expected:
            return text
    return text


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_exporter_gives_metrics_the_names_and_labels_that_we_use(pair: tuple[str, str], tmp_path: Path) -> None:
    exporter = shutil.which("statsd_exporter")
    if exporter is None:
        pytest.skip("statsd_exporter is not on the PATH: go install github.com/prometheus/statsd_exporter@latest")
    if charts_folder() is None:
        pytest.skip(CHARTS_MISSING)
    manifests = release(chart_version=pair[0], airflow_version=pair[1], statsd=Statsd(mappings=statsd_mappings()))
    rendered = render_release(helm_chart(manifests))
    mappings = tmp_path / "mappings.yml"
    mappings.write_text(rendered.get("ConfigMap", "airflow-statsd")["data"]["mappings.yml"])
    assert yaml.safe_load(mappings.read_text())["mappings"][-1]["name"] == statsd_mappings()[-1]["name"]
    sent = {
        name: metric.origin
        for name, metric in METRICS.items()
        if metric.source == "airflow" and sends(pair[1], name) and not name.endswith(("_sum", "_count"))
    }
    web, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    command = [
        exporter,
        f"--statsd.mapping-config={mappings}",
        f"--statsd.listen-udp=127.0.0.1:{udp}",
        "--statsd.listen-tcp=",
        f"--web.listen-address=127.0.0.1:{web}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            scraped(web, 0)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                for name, origin in sent.items():
                    client.sendto(line(name, origin).encode(), ("127.0.0.1", udp))
                for sample in NAMES_OF_DAGS.values():
                    client.sendto(sample.encode(), ("127.0.0.1", udp))
            text = scraped(web, len(sent) + len(NAMES_OF_DAGS))
        finally:
            running.terminate()
    for pattern in NAMES_OF_DAGS:
        assert re.search(pattern, text, re.MULTILINE), pattern
    for name in sent:
        found = re.search(rf"^{name}(?:_sum)?(?:\{{([^}}]*)\}})? ", text, re.MULTILINE)
        assert found is not None, f"{name} is missing"
        labels = set(re.findall(r'(\w+)="', found[1] or "")) - {"type"}
        assert LABELED.get(name, set()) <= labels, (name, labels)
