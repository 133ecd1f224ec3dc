"""With the released charts at hand: their own defaults, real Helm's answer to our samples, and what is truly ignored."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.schemas.secret_values import SECRET_VALUES
from tests.helm.rendering import CHARTS_MISSING, PAIRS, chart_path, charts_folder, program
from tests.schemas.samples import SAMPLES, Sample, Values, merged
from tests.schemas.test_chart_values import nested
from tests.schemas.test_misplaced_keys import CASES
from tools import make_schemas

pytestmark = pytest.mark.skipif(charts_folder() is None, reason=CHARTS_MISSING)

HELD = {
    "fernetKeySecretName": "f",
    "webserverSecretKeySecretName": "w",
    "apiSecretKeySecretName": "a",
    "jwtSecretName": "j",
    "postgresql": {"enabled": False},
    "redis": {"enabled": False},
    "data": {"metadataSecretName": "m", "brokerUrlSecretName": "b"},
}
"""Values that make a render the same every time."""

DIFFERENT_ADVICE = (
    "redis.enabled",
    "config.kubernetes",
    "config.core.dag_concurrency",
    "dags.gitSync.wait",
    "dags.gitSync.ref",
    "workers.celery.sets",
    "apiServer.enabled",
    "dagProcessor.enabled",
    "defaultAirflowDigest",
    "images.airflow.digest",
    "createUserJob.defaultUser.enabled",
)
"""Refused although they change the render: the finding says what they do instead."""


def rendered(values: Values, chart: str) -> str:
    command = [
        str(program("helm")),
        "template",
        "airflow",
        str(chart_path(chart)),
        "--namespace",
        "airflow",
        "--values",
        "-",
    ]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def source(chart: str) -> make_schemas.ChartSource:
    pins = json.loads(make_schemas.SOURCES.read_text(encoding="utf-8"))["charts"]
    return next(make_schemas.chart_sources({chart: pins[chart]}, None, charts_folder()))


@pytest.mark.parametrize(("chart", "airflow"), PAIRS)
def test_the_charts_own_defaults_have_only_secrets_and_ignored_keys_against_them(chart: str, airflow: str) -> None:
    values = source(chart).values
    found = check_values(
        values, chart_version=chart, airflow_version=airflow, executor="CeleryExecutor,KubernetesExecutor"
    )
    assert {f.rule for f in found} <= {"values/secret-literal", "values/ignored-key"}
    secrets = {f.at.removeprefix("values.") for f in found if f.rule == "values/secret-literal"}
    assert secrets <= set(SECRET_VALUES)


@pytest.mark.parametrize("chart", sorted({chart for chart, _ in PAIRS}))
def test_the_committed_facts_are_what_the_archive_gives(chart: str) -> None:
    corrections: Any = json.loads(make_schemas.CORRECTIONS.read_text(encoding="utf-8"))
    facts = make_schemas.canonical(make_schemas.share(make_schemas.values_facts(source(chart), corrections))) + "\n"
    assert (make_schemas.FACTS / f"airflow-{chart}.json").read_text(encoding="utf-8") == facts


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_helm_renders_the_samples_that_pass(sample: Sample) -> None:
    kinds = [document["kind"] for document in yaml.safe_load_all(rendered(sample.values, sample.chart)) if document]
    assert "Deployment" in kinds


@pytest.mark.parametrize(
    ("path", "value", "chart", "airflow", "executor"),
    [
        pytest.param(path, value, *pairs[-1], executor, id=f"{path}-{pairs[-1][0]}-{pairs[-1][1]}-{executor}")
        for path, value, pairs, executor, rule, _ in CASES
        if rule == "ignored-key" and path not in DIFFERENT_ADVICE
    ],
)
def test_ignored_key_does_not_change_the_rendered_chart(
    path: str, value: object, chart: str, airflow: str, executor: str
) -> None:
    base = merged(HELD, {"airflowVersion": airflow, "defaultAirflowTag": airflow, "executor": executor})
    assert rendered(merged(base, nested(path, value)), chart) == rendered(base, chart)
