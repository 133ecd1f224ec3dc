"""One platform with everything on, in each pair: as a reviewer reads it, as the judges see it, as real Helm renders it."""

from __future__ import annotations

import functools
from pathlib import Path

import cdk8s
import pytest

from cdk8s_airflow import AirflowChart, DagRepoSync, Namespace
from tests.airflow.wire.samples import PAIRS, Pair, called
from tests.everything import DAGS, arguments, everything
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import CHARTS_MISSING, charts_folder, render_release
from tests.judging import judge
from tests.platforms import helm_chart
from tests.truth import assert_accepted
from tests.truth.goldens import check_golden
from tests.truth.manifests import load, values_of

GOLDENS = Path(__file__).parent / "goldens" / "everything"
everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)


@functools.cache
def manifests(pair: Pair) -> str:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "everything")
    AirflowChart(
        chart,
        "airflow",
        namespace=Namespace.existing("airflow"),
        dags=DagRepoSync(chart, "dags", **DAGS),
        **arguments(pair),
    )
    return str(app.synth_yaml())


@everywhere
def test_the_chart_accepts_and_uses_all_settings_together(pair: Pair) -> None:
    settings, _ = everything(pair)
    judged = judge(settings)
    assert judged.refusals == ()
    assert judged.against_values == ()
    assert values_of(helm_chart(load(manifests(pair)))) == judged.values


@everywhere
def test_everything_together_reads_as_it_always_did(pair: Pair) -> None:
    check_golden(manifests(pair), GOLDENS / f"{called(pair)}.k8s.yaml")
    _, refused = everything(pair)
    lines = dict.fromkeys(f"{finding.at} [{finding.rule}] {finding.problem}\n" for finding in refused)
    check_golden("".join(lines), GOLDENS / f"{called(pair)}.refused.txt")


@everywhere
def test_the_judges_accept_every_object_of_everything(pair: Pair) -> None:
    assert_accepted(load(manifests(pair)))


@everywhere
@pytest.mark.skipif(charts_folder() is None, reason=CHARTS_MISSING)
def test_real_helm_renders_everything_and_all_of_it_is_restricted_and_bounded(pair: Pair) -> None:
    rendered = render_release(helm_chart(load(manifests(pair))))
    assert_env_once(rendered)
    assert_requests_everywhere(rendered)
    assert_restricted(rendered)
    assert_strict_kinds(rendered, custom=["ScaledObject"])
