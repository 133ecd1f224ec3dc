"""airflow.cfg and logs as arguments of AirflowChart: refused settings and notes."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import AirflowKeys, Logs, PlatformError, SecretKey, Throughput
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, new_chart
from tests.platforms import PAIRS, helm_chart

every_pair = pytest.mark.parametrize("pair", PAIRS, ids="-".join)


def values_of(pair: tuple[str, str], **settings: Any) -> str:
    chart = new_chart()
    make_airflow(chart, chart_version=pair[0], airflow_version=pair[1], **settings)
    return str(helm_chart(emitted(chart))["spec"]["valuesContent"])


@every_pair
def test_nothing_said_changes_nothing(pair: tuple[str, str]) -> None:
    assert values_of(pair, config={}) == values_of(pair) == values_of(pair, config={"core": {}}, throughput=None)


@every_pair
def test_config_passes_the_check_of_values_and_is_in_the_values(pair: tuple[str, str]) -> None:
    chart = new_chart()
    make_airflow(
        chart,
        chart_version=pair[0],
        airflow_version=pair[1],
        config={"core": {"dag_concurrency": 8}, "my_plugin": {"a": 1}, "sentry": {"sentry_dsn": SecretKey("s", "dsn")}},
        throughput=Throughput.large(),
        logs=Logs.s3("logs", connection=SecretKey("s", "connection")),
    )
    text = helm_chart(emitted(chart))["spec"]["valuesContent"]
    assert 'max_active_tasks_per_dag: "8"' in text
    assert 'parallelism: "128"' in text
    registry = registry_of(chart)
    assert any("core.max_active_tasks_per_dag" in note for note in registry.notes)
    assert any("'my_plugin'" in note for note in registry.notes)
    need = registry.secrets["airflow", "s"]
    assert set(need.keys) == {"connection", "dsn"}
    assert need.command.count("kubectl -n airflow create secret generic s ") == 2
    assert need.command.count("apply --server-side --field-manager=") == 1


@every_pair
def test_an_option_in_values_is_refused_with_the_argument(pair: tuple[str, str]) -> None:
    with pytest.raises(PlatformError) as caught:
        values_of(pair, values={"config": {"core": {"parallelism": 16}}})
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == ("values/owned", "values.config.core.parallelism")
    assert finding.fix == 'pass config={"core": {"parallelism": 16}}'
    assert 'parallelism: "16"\n' in values_of(pair, config={"core": {"parallelism": 16}})


@pytest.mark.parametrize(
    ("settings", "rule", "at"),
    [
        ({"config": {"core": {"parallelism": None}}}, "argument/type", "config.core.parallelism"),
        ({"config": {"core": {"parallelism": ["a"]}}}, "argument/type", "config.core.parallelism"),
        ({"config": {"core": "parallelism=1"}}, "argument/type", "config.core"),
        ({"config": "[core]"}, "argument/type", "config"),
        ({"config": {"[core]": {"parallelism": 1}}}, "argument/name", "config (key)"),
        ({"config": {"DEFAULT": {"parallelism": 1}}}, "argument/name", "config (key)"),
        ({"config": {"core": {"Parallelism": 1}}}, "argument/name", "config.core (key)"),
        ({"config": {"core": {"parallelism ": 1}}}, "argument/name", "config.core (key)"),
        ({"config": {"core": {"paralelism": 1}}}, "config/unknown-option", "config.core.paralelism"),
        ({"config": {"core": {"hostname_callable": "a\nb"}}}, "config/unwritable", "config.core.hostname_callable"),
        ({"config": {"core": {"fernet_key": SecretKey("a", "b")}}}, "config/owned", "config.core.fernet_key"),
        ({"throughput": Throughput(tasks=0)}, "argument/range", "throughput.tasks"),
        ({"throughput": Throughput(heartbeat="1s")}, "argument/type", "throughput.heartbeat"),  # type: ignore[arg-type]
        ({"throughput": "large"}, "argument/type", "throughput"),
        ({"logs": Logs.s3("My Bucket")}, "storage/bucket", "logs.bucket"),
        ({"logs": AirflowKeys.existing(prefix="a")}, "argument/type", "logs"),
    ],
)
def test_what_airflow_would_not_read_as_meant_is_refused(settings: dict[str, Any], rule: str, at: str) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as caught:
        make_airflow(chart, **settings)
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == (rule, at)
    assert finding.fix
    assert emitted(chart) == []
