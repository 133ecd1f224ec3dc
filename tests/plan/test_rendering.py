"""Plans with the objects of the charts: what restarts, and that the facts about values say the same."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from cdk8s_airflow.plan.comparison import Plan, compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.rendering import Renderer
from cdk8s_airflow.plan.restarts import NAMES
from tests.helm.rendering import CHARTS_MISSING, charts_folder
from tests.plan.cases import OBJECT_STORE, edited
from tests.plan.given import found, of, release, values
from tests.plan.programs import PAIRS

needs_charts = pytest.mark.skipif(charts_folder() is None, reason=CHARTS_MISSING)

RESTARTS = {
    "airflow-upgrade": {"scheduler", "api-server", "dag-processor", "triggerer"},
    "chart-upgrade": {"scheduler", "api-server", "dag-processor", "triggerer", "statsd"},
    "scheduler-memory": {"scheduler"},
    "accounts": {"scheduler"},
    "dags-interval": {"scheduler", "api-server", "dag-processor", "triggerer"},
    "variable": {"scheduler", "api-server", "dag-processor", "triggerer"},
    "fewer-workers": {"worker"},
    "autoscaling": {"api-server"},
    "migration-memory": set(),
    "cloud-role": set(),
    "timeout": {"scheduler", "api-server", "dag-processor", "triggerer"},
}
"""Pair of programs -> the workloads whose pods are replaced."""

ALL_RESTART = re.compile(r"(airflow|chart)/(patch-)?upgrade|accounts/name")
"""Rules whose message names restarts in another way than by a list."""


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    folder = charts_folder()
    assert folder is not None
    helm = folder / "bin" / "helm"
    return Renderer(helm=str(helm) if helm.exists() else str(shutil.which("helm")), charts=folder)


def replaced(plan: Plan) -> set[str]:
    """The workloads of the chart whose pods a rendered plan replaces."""
    return {
        change.object.rpartition("/")[2].removeprefix("airflow-")
        for change in plan.changes
        if change.path.startswith("spec.template") and change.object.startswith(("Deployment/", "StatefulSet/"))
    }


def predicted(plan: Plan) -> set[str]:
    """The workloads that a plan without rendering names."""
    names: set[str] = set()
    for change in plan.changes:
        if change.rule == "airflow/restart":
            listed = change.happens.rpartition("Restarts: ")[2].rstrip(".").replace(" and ", ", ")
            names |= set(listed.split(", "))
    sections = {name: section for section, name in NAMES.items()}
    return {_workload(sections[name]) for name in names}


def _workload(section: str) -> str:
    """The name that the chart gives the workload of a section of the values."""
    return "worker" if section == "workers" else re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", section)


@needs_charts
@pytest.mark.parametrize("name", RESTARTS)
def test_workloads_that_restart_are_those_whose_pods_helm_renders_differently(name: str, renderer: Renderer) -> None:
    before, after = (program.platform() for program in PAIRS[name])
    rendered = renderer.compare(before, after)
    assert replaced(rendered) == RESTARTS[name]
    unrendered = compare(before, after)
    if not any(ALL_RESTART.fullmatch(change.rule) for change in unrendered.changes):
        assert predicted(unrendered) == RESTARTS[name]


@needs_charts
def test_value_of_a_rendered_release_is_configuration_and_its_workload_restarts(renderer: Renderer) -> None:
    before, after = (program.platform() for program in PAIRS["scheduler-memory"])
    plan = renderer.compare(before, after)
    rules = {(change.rule, change.object) for change in plan.changes}
    assert ("workload/restart", "Deployment/airflow/airflow-scheduler") in rules
    assert ("airflow/value", "HelmChart/kube-system/airflow") in rules
    assert not any(change.rule == "airflow/restart" for change in plan.changes)


@needs_charts
def test_rendered_plan_of_equal_platforms_is_empty(renderer: Renderer) -> None:
    platform = PAIRS["nothing"][0].platform()
    assert renderer.compare(platform, platform).changes == ()


@needs_charts
def test_rendered_claim_template_is_refused_like_the_value(renderer: Renderer) -> None:
    before, after = (program.platform() for program in PAIRS["worker-volume"])
    assert ("impossible", "statefulset/claim-template", "StatefulSet/airflow/airflow-worker") in found(
        renderer.compare(before, after)
    )


def test_missing_archive_of_airflow_is_an_error_with_the_command_that_gets_it(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as caught:
        Renderer(charts=tmp_path).compare(of(release()), of(release()))
    assert str(caught.value) == (
        f"{tmp_path}/airflow-1.22.0.tgz does not exist, so release airflow cannot be rendered. Put the archive there, for example "
        f"with: helm pull airflow --repo https://airflow.apache.org --version 1.22.0 --destination {tmp_path}"
    )


def test_missing_archive_of_another_chart_is_a_note(tmp_path: Path) -> None:
    plan = Renderer(charts=tmp_path).compare(of(OBJECT_STORE), of(edited(OBJECT_STORE, spec__valuesContent="a: 2\n")))
    assert [note.partition(",")[0] for note in plan.notes] == [f"{tmp_path}/seaweedfs-4.0.0.tgz does not exist"]
    assert {rule for _, rule, _ in found(plan)} == {"release/value"}


FAKE_HELM = """#!/bin/sh
replicas=$(grep -o '"replicas": [0-9]*' "$7" | grep -o '[0-9]*$')
cat <<YAML
---
# Source: airflow/templates/scheduler.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $2-scheduler
spec:
  replicas: ${replicas:-1}
---
apiVersion: v1
kind: Secret
metadata:
  name: $2-key
data:
  key: hidden-${replicas:-1}
YAML
"""


@pytest.fixture
def fake(tmp_path: Path) -> Renderer:
    """A Helm that renders one Deployment and one Secret."""
    helm = tmp_path / "helm"
    helm.write_text(FAKE_HELM, encoding="utf-8")
    helm.chmod(0o755)
    (tmp_path / "airflow-1.22.0.tgz").touch()
    return Renderer(helm=str(helm), charts=tmp_path)


def test_rendered_objects_get_the_namespace_of_the_release_and_secrets_are_hidden(fake: Renderer) -> None:
    plan = fake.compare(of(release()), of(release(values(scheduler__replicas=3))))
    changes = {(change.object, change.path): change for change in plan.changes}
    assert ("Deployment/airflow/airflow-scheduler", "spec.replicas") in changes
    secret = changes["Secret/airflow/airflow-key", "data.key"]
    assert (secret.old, secret.new) == ("<hidden>", "<hidden>")
    assert "hidden-" not in secret.message


def test_values_of_a_rendered_release_have_no_restarts_of_their_own(fake: Renderer) -> None:
    new = values(scheduler__resources={"limits": {"memory": "1Gi"}}, env=[{"name": "A", "value": "b"}])
    assert {rule for _, rule, _ in found(fake.compare(of(release()), of(release(new))))} == {"airflow/value"}


def test_value_of_another_rendered_chart_is_configuration(tmp_path: Path, fake: Renderer) -> None:
    (tmp_path / "seaweedfs-4.0.0.tgz").touch()
    plan = fake.compare(of(OBJECT_STORE), of(edited(OBJECT_STORE, spec__valuesContent="a: 2\n")))
    assert "release/rendered-value" in {rule for _, rule, _ in found(plan)}


def test_helm_that_fails_or_is_missing_is_an_error(tmp_path: Path, fake: Renderer) -> None:
    missing = dataclasses.replace(fake, helm=str(tmp_path / "nowhere"))
    with pytest.raises(PlanError, match=r"nowhere is not installed. Install Helm, or name it with --helm."):
        missing.compare(of(release(name="other")), of(release(name="other")))
    (tmp_path / "helm").write_text("#!/bin/sh\necho 'values do not meet the schema' >&2; exit 1\n", encoding="utf-8")
    with pytest.raises(PlanError, match="helm template failed for release third: values do not meet the schema"):
        fake.compare(of(release(name="third")), of(release(name="third")))
