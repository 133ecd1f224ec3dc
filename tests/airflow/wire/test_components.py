"""Where each component's replicas, resources and tolerance go, in every dialect."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.components import ApiServer, DagProcessor, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.wire.components import COMPONENTS, own_disruption_budgets, startup_probe
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, WITH_AIRFLOW_3, Pair, called, release, values_of

GROOMER = {"resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}}
BUDGET = {"enabled": True, "config": {"maxUnavailable": 1}}
NEW_CHARTS = ("1.20.0", "1.22.0")


def spread(component: str) -> list[dict[str, object]]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"tier": "airflow", "component": component, "release": "lab"}},
        }
    ]


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_defaults(pair: Pair) -> None:
    server = {
        "replicas": 1,
        "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        "startupProbe": {"failureThreshold": 30, "periodSeconds": 10},
    }
    processor = {
        "replicas": 1,
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1536Mi"}},
        "logGroomerSidecar": GROOMER,
        "serviceAccount": {"automountServiceAccountToken": False},
    }
    by_version = (
        {"apiServer": server, "dagProcessor": processor}
        if pair in WITH_AIRFLOW_3
        else {"webserver": server, "dagProcessor": {"enabled": False}}
    )
    assert values_of(COMPONENTS, release(pair)) == {
        "scheduler": {
            "replicas": 1,
            "resources": {"requests": {"cpu": "250m", "memory": "768Mi"}, "limits": {"memory": "2Gi"}},
            "startupProbe": {"failureThreshold": 30, "periodSeconds": 10},
            "logGroomerSidecar": GROOMER,
        },
        "triggerer": {
            "enabled": True,
            "replicas": 1,
            "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            "persistence": {"enabled": False},
            "logGroomerSidecar": GROOMER,
        },
        "statsd": {
            "enabled": True,
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        **by_version,
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_several_of_each_are_spread_and_get_budgets_where_the_chart_has_them(pair: Pair) -> None:
    values = values_of(
        COMPONENTS,
        release(
            pair,
            scheduler=Scheduler(replicas=2, resources=SMALL, startup_tolerance="61s"),
            api_server=ApiServer(replicas=3, resources=SMALL, startup_tolerance="1h"),
            triggerer=Triggerer(replicas=4, resources=SMALL),
            dag_processor=DagProcessor(replicas=5, resources=SMALL),
            statsd=Statsd(resources=SMALL),
        ),
    )
    server, called_in_names = ("apiServer", "api-server") if pair in WITH_AIRFLOW_3 else ("webserver", "webserver")
    budget = {"podDisruptionBudget": BUDGET} if pair[0] in NEW_CHARTS else {}
    enabled = {} if pair in WITH_AIRFLOW_3 else {"enabled": True}
    assert values == {
        "scheduler": {
            "replicas": 2,
            "resources": SMALL_WIRE,
            "startupProbe": {"failureThreshold": 7, "periodSeconds": 10},
            "logGroomerSidecar": GROOMER,
            "podDisruptionBudget": BUDGET,
            "topologySpreadConstraints": spread("scheduler"),
        },
        server: {
            "replicas": 3,
            "resources": SMALL_WIRE,
            "startupProbe": {"failureThreshold": 360, "periodSeconds": 10},
            "podDisruptionBudget": BUDGET,
            "topologySpreadConstraints": spread(called_in_names),
        },
        "triggerer": {
            "enabled": True,
            "replicas": 4,
            "resources": SMALL_WIRE,
            "persistence": {"enabled": False},
            "logGroomerSidecar": GROOMER,
            "topologySpreadConstraints": spread("triggerer"),
            **budget,
        },
        "dagProcessor": {
            **enabled,
            "replicas": 5,
            "resources": SMALL_WIRE,
            "logGroomerSidecar": GROOMER,
            "serviceAccount": {"automountServiceAccountToken": False},
            "topologySpreadConstraints": spread("dag-processor"),
            **budget,
        },
        "statsd": {
            "enabled": True,
            "resources": SMALL_WIRE,
            "serviceAccount": {"automountServiceAccountToken": False},
        },
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_a_disabled_component_has_only_enabled_false(pair: Pair) -> None:
    values = values_of(COMPONENTS, release(pair, triggerer=None, statsd=None))
    assert values["triggerer"] == {"enabled": False}
    assert values["statsd"] == {"enabled": False}


@pytest.mark.parametrize("pair", sorted(set(PAIRS) - WITH_AIRFLOW_3), ids=called)
def test_a_single_dag_processor_of_airflow_2_is_switched_on(pair: Pair) -> None:
    assert values_of(COMPONENTS, release(pair, dag_processor=DagProcessor()))["dagProcessor"]["enabled"] is True


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_budgets_that_the_chart_lacks_are_objects_of_ours(pair: Pair) -> None:
    made = own_disruption_budgets(
        release(pair, triggerer=Triggerer(replicas=2), dag_processor=DagProcessor(replicas=2))
    )
    if pair[0] in NEW_CHARTS:
        assert made == {}
        return
    assert made == {
        f"{component}-disruption-budget": {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": f"lab-{component}-pdb", "namespace": "airflow-lab"},
            "spec": {
                "maxUnavailable": 1,
                "selector": {"matchLabels": {"tier": "airflow", "component": component, "release": "lab"}},
            },
        }
        for component in ("triggerer", "dag-processor")
    }


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_one_of_each_or_none_has_no_budget(pair: Pair) -> None:
    assert own_disruption_budgets(release(pair, dag_processor=DagProcessor())) == {}
    assert own_disruption_budgets(release(pair, triggerer=None, dag_processor=None)) == {}


@pytest.mark.parametrize(("tolerance", "tries"), [("1s", 1), ("10s", 1), ("11s", 2), ("5m", 30), ("1h1s", 361)])
def test_a_startup_probe_tolerates_at_least_the_given_time(tolerance: str, tries: int) -> None:
    assert startup_probe(tolerance) == {"failureThreshold": tries, "periodSeconds": 10}
