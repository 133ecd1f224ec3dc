"""An autoscaler for the scheduler: the Deployment leaves the number of replicas to it."""

from __future__ import annotations

import pytest

from cdk8s_airflow import CnpgCluster, Hpa, LocalExecutor, Namespace, PlatformError, Scheduler, Volume
from tests.helm.rendering import render_release
from tests.making import emitted, make_airflow, new_chart
from tests.platforms import PAIRS, helm_chart
from tests.truth import assert_accepted

SCALING = Hpa(min_replicas=2, max_replicas=5, cpu_percent=70)


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_deployment_has_no_replicas_and_the_autoscaler_targets_it(pair: tuple[str, str]) -> None:
    chart = new_chart()
    release = make_airflow(chart, chart_version=pair[0], airflow_version=pair[1], scheduler=Scheduler(scaling=SCALING))
    manifests = emitted(chart)
    assert_accepted(manifests)
    (scaler,) = [m for m in manifests if m["kind"] == "HorizontalPodAutoscaler"]
    assert scaler["spec"]["scaleTargetRef"] == release.scheduler.scale_target
    assert (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]) == (2, 5)
    rendered = render_release(helm_chart(manifests))
    scheduler = rendered.get("Deployment", release.scheduler.deployment_name)
    assert scheduler["spec"].get("replicas") is None


def test_scheduler_without_scaling_has_no_autoscaler() -> None:
    chart = new_chart()
    make_airflow(chart, scheduler=Scheduler(replicas=2))
    assert not [m for m in emitted(chart) if m["kind"] == "HorizontalPodAutoscaler"]


def test_scaling_with_local_executor_and_with_replicas_is_rejected() -> None:
    with pytest.raises(PlatformError, match="tasks run in the scheduler"):
        make_airflow(new_chart(), executor=LocalExecutor(), scheduler=Scheduler(scaling=SCALING))
    with pytest.raises(PlatformError, match=r"scheduler\.replicas"):
        make_airflow(new_chart(), scheduler=Scheduler(replicas=3, scaling=SCALING))


def test_sessions_are_counted_for_the_most_schedulers() -> None:
    def build(scheduler: Scheduler) -> None:
        chart = new_chart()
        db = CnpgCluster(chart, "db", name="pg", namespace=Namespace.existing("airflow"), storage=Volume("1Gi"))
        make_airflow(chart, database=db.connection(), scheduler=scheduler)

    build(Scheduler())
    with pytest.raises(PlatformError, match="scheduler: 40 x 3 = 120"):
        build(Scheduler(scaling=Hpa(max_replicas=40)))
