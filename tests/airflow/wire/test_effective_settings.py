"""The settings of a release with ``values=`` and ``unchecked_values=`` applied."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS, PortKey
from cdk8s_airflow.airflow.components import ApiServer, PodCleanup, Scheduler, Statsd, Triggerer
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings, Switch
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.service_account import ServiceAccount, ServiceAccounts
from cdk8s_airflow.model.version import CHARTS
from cdk8s_airflow.schemas import facts_store
from tests.airflow.wire.samples import PAIRS, Pair, release

NEW, OLD = PAIRS[-1], PAIRS[0]


def effective(pair: Pair = NEW, **changes: Any) -> EffectiveSettings:
    return compile_release(release(pair, **changes)).effective_settings


@pytest.mark.parametrize("chart", CHARTS)
def test_ports_are_those_of_every_chart(chart: str) -> None:
    ports = facts_store.default_values(chart)["ports"]
    assert set(get_args(PortKey)) == set(CHART_PORTS)
    assert {key: port for key, port in ports.items() if key != "_rpcServer"}.items() <= CHART_PORTS.items()


@pytest.mark.parametrize("chart", CHARTS)
def test_switches_have_the_defaults_of_every_chart(chart: str) -> None:
    defaults = facts_store.default_values(chart)
    for switch in get_args(Switch):
        found: Any = defaults
        for step in switch.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        assert found is None or found is effective().is_on(switch), switch


def test_port_of_an_argument_gives_way_to_unchecked_values() -> None:
    assert effective().port("statsdIngest") == 9125
    assert effective(statsd=Statsd(port=9126)).port("statsdIngest") == 9126
    changed = {"ports": {"statsdIngest": 9127, "workerLogs": "8793"}}
    assert effective(statsd=Statsd(port=9126), unchecked_values=changed).port("statsdIngest") == 9127
    assert effective(unchecked_values=changed).port("workerLogs") == 8793
    assert effective(unchecked_values={"ports": None}).port("workerLogs") == 8793


def test_port_of_the_ui_has_its_own_key_in_each_major_version() -> None:
    changed = {"ports": {"airflowUI": 1, "apiServer": 2}}
    assert (effective(OLD, unchecked_values=changed).ui_port, effective(unchecked_values=changed).ui_port) == (1, 2)


def test_replicas_of_a_scaled_component_are_its_maximum() -> None:
    changed = {"scheduler": {"replicas": 5}, "triggerer": {"replicas": 5}, "apiServer": {"replicas": 5}}
    given = effective(scheduler=Scheduler(replicas=2), unchecked_values=changed)
    assert given.replicas("scheduler") == given.replicas("api_server") == 5
    assert effective(scheduler=Scheduler(replicas=2)).replicas("scheduler") == 2
    scaled = effective(
        triggerer=Triggerer(scaling=Keda(max_replicas=3)),
        api_server=ApiServer(scaling=Hpa(max_replicas=4)),
        unchecked_values=changed,
    )
    assert (scaled.replicas("triggerer"), scaled.replicas("api_server")) == (3, 4)
    assert effective(triggerer=None).replicas("triggerer") == 0


def test_options_of_values_replace_those_of_arguments() -> None:
    config = {"core": {"parallelism": 7, "max_active_runs_per_dag": 2}}
    assert effective(config=config).option("core", "parallelism") == "7"
    over = effective(config=config, unchecked_values={"config": {"core": {"parallelism": 9}}})
    assert (over.option("core", "parallelism"), over.option("core", "max_active_runs_per_dag")) == (9, "2")
    assert effective(config=config, unchecked_values={"config": None}).option("core", "parallelism") is None
    assert effective().option("smtp", "smtp_host") is None


def test_free_keys_of_values_and_unchecked_values_turn_switches() -> None:
    assert effective().is_on("allowPodLaunching")
    assert effective().is_on("triggerer.enabled")
    assert not effective(values={"rbac": {"create": False}}).is_on("rbac.create")
    both = effective(values={"rbac": {"create": False}}, unchecked_values={"rbac": {"create": True}})
    assert both.is_on("rbac.create")
    assert not effective(triggerer=None).is_on("triggerer.enabled")
    assert effective(cleanup=PodCleanup()).is_on("cleanup.enabled")


def test_account_named_in_values_replaces_that_of_the_argument() -> None:
    accounts = ServiceAccounts(scheduler=ServiceAccount(name="schedules"))
    assert effective(service_accounts=accounts).account("scheduler") == "schedules"
    renamed = {"scheduler": {"serviceAccount": {"name": "renamed"}}, "workers": {"serviceAccount": {"name": "w"}}}
    given = effective(service_accounts=accounts, unchecked_values=renamed)
    assert (given.account("scheduler"), given.account("worker")) == ("renamed", "w")
    assert given.account("triggerer") == "lab-airflow-triggerer"


def test_components_that_no_argument_enables_are_listed() -> None:
    changed = {"flower": {"enabled": True}, "statsd": {"enabled": True}, "pgbouncer": {"enabled": "yes"}}
    assert list(effective(unchecked_values=changed).components_without_argument) == ["flower"]
