"""airflow.cfg: what is asked for arrives under the name of each version, and what would not is refused."""

from __future__ import annotations

import configparser
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.airflow.config import Throughput
from cdk8s_airflow.airflow.executors import LocalExecutor
from cdk8s_airflow.airflow.exposure import Ingress
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.config import (
    CONFIG,
    OWNED,
    config_needs,
    config_notes,
    config_options,
    config_rules,
)
from cdk8s_airflow.airflow.wire.pod_parts import config_option_values, pod_part_values
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.schemas import airflow_config as known
from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.validation import Finding
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release

RETRIES = "task_publish_max_retries"
NEWEST = ("1.22.0", "3.2.2")
OUTAGE = {
    "execution_api": {"jwt_expiration_time": "1800"},
    "workers": {"execution_api_retries": "40", "execution_api_retry_wait_max": "15"},
}
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def chart_config(settings: ReleaseSettings) -> dict[str, Any]:
    """The options as values of the chart."""
    return config_option_values(config_options(settings))


def found(pair: Pair, config: dict[str, Any]) -> list[Finding]:
    return list(config_rules(release(pair, config=config)))


def written(pair: Pair, config: dict[str, Any]) -> dict[str, dict[str, str]]:
    given_release = release(pair, config=config)
    assert list(config_rules(given_release)) == []
    return options_of(given_release)


def options_of(given_release: ReleaseSettings) -> dict[str, dict[str, str]]:
    """The options in airflow.cfg, without those that every release with Airflow 3 has."""
    options: dict[str, dict[str, str]] = chart_config(given_release).get("config", {})
    defaults = OUTAGE if given_release.dialect.has("tasks.isolated") else {}
    return {
        section: rest
        for section, names in options.items()
        if (rest := {name: text for name, text in names.items() if defaults.get(section, {}).get(name) != text})
    }


@every_pair
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (1000000, "1000000"),
        (2**62, "4611686018427387904"),
        (0.25, "0.25"),
        ("", ""),
        ("plain", "plain"),
        ("50%", "50%%"),
        ("%(asctime)s", "%%(asctime)s"),
        ("{{ ti.dag_id }}", "{{`{{`}} ti.dag_id }}"),
        ('{"a": "b"}', '{"a": "b"}'),
        ("a # b ; c", "a # b ; c"),
        ("a\tb", "a\tb"),
        ("é漢😀", "é漢😀"),
    ],
)
def test_every_scalar_is_text_that_survives_the_template_engine_and_the_parser(
    pair: Pair, value: Any, text: str
) -> None:
    assert written(pair, {"core": {"hostname_callable": value}}) == {"core": {"hostname_callable": text}}


@every_pair
def test_an_option_is_written_under_its_name_in_the_version_and_that_is_reported(pair: Pair) -> None:
    config = {
        "core": {"dag_concurrency": 8, "parallelism": 64},
        "scheduler": {"min_file_process_interval": 60},
        "dag_processor": {"refresh_interval": 30},
        "kubernetes": {"delete_worker_pods": True},
    }
    newer = pair in WITH_AIRFLOW_3
    expected = {
        "core": {"max_active_tasks_per_dag": "8", "parallelism": "64"},
        "kubernetes_executor": {"delete_worker_pods": "True"},
        **(
            {"dag_processor": {"min_file_process_interval": "60", "refresh_interval": "30"}}
            if newer
            else {"scheduler": {"min_file_process_interval": "60", "dag_dir_list_interval": "30"}}
        ),
    }
    assert written(pair, config) == expected
    notes = list(config_notes(release(pair, config=config)))
    moved = ["core.max_active_tasks_per_dag", "kubernetes_executor.delete_worker_pods"]
    moved += ["dag_processor.min_file_process_interval" if newer else "scheduler.dag_dir_list_interval"]
    assert len(notes) == len(moved)
    for name in moved:
        assert any(f"is written as {name}, its name in Airflow" in note for note in notes), name


@pytest.mark.parametrize(
    ("pair", "config", "at", "fix"),
    [
        (NEWEST, {"core": {"paralelism": 5}}, "config.core.paralelism", "did you mean 'core.parallelism'?"),
        (NEWEST, {"metrics": {"enabled": True}}, "config.metrics.enabled", "Remove it"),
        (
            NEWEST,
            {"core": {"scheduler_heartbeat_sec": 5}},
            "config.core.scheduler_heartbeat_sec",
            "did you mean 'scheduler.scheduler_heartbeat_sec'?",
        ),
        (NEWEST, {"webserver": {"worker_class": "sync"}}, "config.webserver.worker_class", "Remove it, or use"),
        (("1.15.0", "2.9.3"), {"api_auth": {"jwt_leeway": 5}}, "config.api_auth.jwt_leeway", "Remove it, or use"),
        (("1.15.0", "2.9.3"), {"webserver": {"jwt_leeway": 5}}, "config.webserver.jwt_leeway", "Remove it"),
    ],
)
def test_an_option_that_the_version_would_ignore_is_refused(
    pair: Pair, config: dict[str, Any], at: str, fix: str
) -> None:
    (finding,) = found(pair, config)
    assert (finding.rule, finding.at) == ("config/unknown-option", at)
    assert finding.fix.startswith(fix)
    assert pair[1] in finding.problem


@every_pair
def test_a_section_of_a_plugin_is_written_and_reported(pair: Pair) -> None:
    config = {"my_plugin": {"colour": "red"}, "schedulr": {"num_runs": 1}}
    assert written(pair, config) == {"my_plugin": {"colour": "red"}, "schedulr": {"num_runs": "1"}}
    plugin, typo = config_notes(release(pair, config=config))
    assert "'my_plugin'" in plugin
    assert "Did you mean" not in plugin
    assert "Did you mean 'scheduler'?" in typo


@pytest.mark.parametrize("pair", [("1.20.0", "2.11.0"), ("1.20.0", "3.1.8")], ids=called)
def test_a_providers_section_that_was_not_read_for_a_version_is_no_error(pair: Pair) -> None:
    assert written(pair, {"elasticsearch": {"frontend": "kibana.lab"}}) == {"elasticsearch": {"frontend": "kibana.lab"}}


@every_pair
@pytest.mark.parametrize("name", sorted(OWNED))
def test_what_the_chart_or_another_argument_sets_is_refused_with_the_way(pair: Pair, name: str) -> None:
    section, _, option = name.rpartition(".")
    for value in ("something", SecretKey("a", "b")):
        (finding,) = found(pair, {section: {option: value}})
        assert (finding.rule, finding.at, finding.fix) == ("config/owned", f"config.{name}", OWNED[name])


@pytest.mark.parametrize(
    ("asked", "owner"),
    [
        ("webserver.base_url", "ui="),
        ("core.remote_logging", "logs="),
        ("core.sql_alchemy_conn", "database="),
        ("scheduler.statsd_on", "statsd="),
        ("kubernetes.namespace", "namespace="),
        ("webserver.secret_key", "keys="),
    ],
)
@every_pair
def test_an_owned_option_is_known_by_its_former_names(pair: Pair, asked: str, owner: str) -> None:
    section, _, option = asked.rpartition(".")
    (finding,) = found(pair, {section: {option: "x"}})
    assert finding.rule == "config/owned"
    assert owner in finding.fix


def test_every_owned_option_is_one_of_airflow() -> None:
    options = {
        known.dotted((section, option))
        for section, names in store.config_facts()["sections"].items()
        for option in names
    }
    assert set(OWNED) - options == {"celery.flower_port"} - options


@every_pair
def test_no_secret_stands_in_clear_text_and_none_is_shown(pair: Pair) -> None:
    secrets = {
        "sentry": {"sentry_dsn": "hunter2"},
        "database": {"sql_alchemy_engine_args": "hunter2"},
        "my_plugin": {"api_token": "hunter2", "endpoint": "https://me:hunter2@example.com/"},
    }
    for section, options in secrets.items():
        for option, value in options.items():
            (finding,) = found(pair, {section: {option: value}})
            assert (finding.rule, finding.at) == ("config/secret-literal", f"config.{section}.{option}")
            assert "hunter2" not in str(finding)
    assert "hunter2" not in str(found(pair, {"core": {"pasword": "hunter2"}}))


@every_pair
def test_an_option_from_a_secret_is_a_variable_under_the_versions_name(pair: Pair) -> None:
    given_release = release(
        pair,
        config={
            "sentry": {"sentry_dsn": SecretKey("observed", "dsn")},
            "core": {"dag_concurrency": SecretKey("observed", "tasks")},
            "common.io": {"xcom_objectstorage_path": SecretKey("xcom", "path")},
        },
    )
    assert list(config_rules(given_release)) == []
    assert options_of(given_release) == {}
    assert pod_part_values(CONFIG.parts(given_release)) == {
        "secret": [
            {"envName": "AIRFLOW__SENTRY__SENTRY_DSN", "secretName": "observed", "secretKey": "dsn"},
            {"envName": "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG", "secretName": "observed", "secretKey": "tasks"},
            {"envName": "AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", "secretName": "xcom", "secretKey": "path"},
        ]
    }
    assert [(need.name, list(need.keys)) for need in config_needs(given_release)] == [
        ("observed", ["dsn"]),
        ("observed", ["tasks"]),
        ("xcom", ["path"]),
    ]
    whole = {need.name: need for need in compile_release(given_release).needs}
    assert list(whole["observed"].keys) == ["dsn", "tasks"]
    wait = compile_release(given_release).values_from_arguments["migrateDatabaseJob"]["extraInitContainers"][0][
        "command"
    ][2]
    assert "observed/dsn observed/tasks" in wait
    assert "xcom/path" in wait


@every_pair
def test_one_option_under_two_names_is_refused(pair: Pair) -> None:
    (finding,) = found(pair, {"core": {"dag_concurrency": 1, "max_active_tasks_per_dag": 2}})
    assert (finding.rule, finding.at) == ("config/twice", "config.core.max_active_tasks_per_dag")
    assert "config.core.dag_concurrency" in finding.problem


@pytest.mark.parametrize(
    "value",
    [
        "a\nb",
        "a\rb",
        "a\x85b",
        "a\u2028b",
        "a\x00b",
        "a\ud800b",
        "a\ufeffb",
        " a",
        "a ",
        "\ta",
        "a\u3000",
        "<no value>",
    ],
    ids=ascii,
)
def test_what_a_line_cannot_carry_is_refused(value: str) -> None:
    (finding,) = found(NEWEST, {"core": {"hostname_callable": value}})
    assert (finding.rule, finding.at) == ("config/unwritable", "config.core.hostname_callable")


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_none_is_refused(value: float) -> None:
    (finding,) = found(NEWEST, {"scheduler": {"scheduler_heartbeat_sec": value}})
    assert (finding.rule, finding.fix) == ("config/unwritable", "give a finite number")


@every_pair
def test_an_option_that_another_argument_writes_too_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdk8s_airflow.airflow.wire.config.OWNED", {})
    section = "api" if pair in WITH_AIRFLOW_3 else "webserver"
    given_release = release(
        pair,
        ui=Ingress(host="airflow.lab"),
        config={section: {"base_url": "http://other.lab"}, "core": {"parallelism": 1}},
    )
    (finding,) = compile_release(given_release).setting_findings
    assert (finding.rule, finding.at) == ("config/owned", f"config.{section}.base_url")
    assert compile_release(given_release).values_from_arguments["config"][section]["base_url"] == "http://airflow.lab"


@every_pair
def test_what_other_arguments_write_to_the_configuration_is_owned(pair: Pair) -> None:
    values = compile_release(release(pair, ui=Ingress(host="airflow.lab"))).values_from_arguments
    names = {known.dotted((section, option)) for section, options in values["config"].items() for option in options}
    names -= {known.dotted((section, option)) for section, options in OUTAGE.items() for option in options}
    assert names
    formers = {name: {known.dotted(n) for n in known.names_of(tuple(name.rsplit(".", 1)))} for name in names}  # type: ignore[arg-type]
    assert [name for name, called_so in formers.items() if not called_so & set(OWNED)] == []


# ------------------------------------------------------------------------------------------------- throughput


@every_pair
def test_large_is_written_under_the_names_of_the_version(pair: Pair) -> None:
    parsing = "dag_processor" if pair in WITH_AIRFLOW_3 else "scheduler"
    expected: dict[str, dict[str, str]] = {
        "core": {"parallelism": "128", "max_active_tasks_per_dag": "32", "max_active_runs_per_dag": "16"},
        "kubernetes_executor": {"worker_pods_creation_batch_size": "16"},
        "scheduler": {"scheduler_heartbeat_sec": "1", "max_tis_per_query": "32"},
        "database": {"sql_alchemy_pool_size": "10", "sql_alchemy_max_overflow": "20"},
    }
    expected.setdefault(parsing, {})["parsing_processes"] = "4"
    assert options_of(release(pair, throughput=Throughput.large())) == expected


@every_pair
def test_what_is_asked_for_by_name_wins_over_the_throughput(pair: Pair) -> None:
    given_release = release(
        pair,
        throughput=Throughput.small(),
        config={"core": {"dag_concurrency": 3, "parallelism": SecretKey("figures", "parallelism")}},
    )
    assert list(config_rules(given_release)) == []
    options = chart_config(given_release)["config"]
    assert options["core"] == {"max_active_runs_per_dag": "4", "max_active_tasks_per_dag": "3"}
    assert options["database"] == {"sql_alchemy_pool_size": "5", "sql_alchemy_max_overflow": "5"}


@every_pair
@pytest.mark.parametrize("preset", [Throughput.small(), Throughput.large(), Throughput(tasks=7)])
def test_a_throughput_has_only_options_of_the_version(pair: Pair, preset: Throughput) -> None:
    for section, options in chart_config(release(pair, throughput=preset))["config"].items():
        assert set(options) <= known.options(section, pair[1])


def test_the_connections_of_a_process_are_pool_and_overflow() -> None:
    assert Throughput().connections == 15
    assert Throughput.small().connections == 10
    assert Throughput.large().connections == 30
    assert Throughput(max_overflow=0, pool_size=3).connections == 3


def test_no_throughput_and_no_configuration_write_nothing() -> None:
    assert options_of(release(NEWEST)) == {}
    assert options_of(release(NEWEST, throughput=Throughput())) == {}
    assert pod_part_values(CONFIG.parts(release(NEWEST))) == {}


# ------------------------------------------------------------------------------------------------- any configuration

_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.sampled_from(
    ["{{", "}}", "{{ x }}", "{{{{", "%%", "%(x)s", "%", "'\"`", "[core]", "=", ":", "#", ";", "{{`{{`}}", "\\n", "🦀"]
)
_VALUE = _TEXT | st.integers() | st.floats() | st.booleans()


def _read(text: str) -> str:
    """What the parser of Airflow, an ordinary ConfigParser, makes of the value, after one pass of the template engine."""
    parser = configparser.ConfigParser()
    parser.read_string("[core]\noption = " + text.replace("{{`{{`}}", "{{"))
    return parser.get("core", "option")


@settings(derandomize=True, max_examples=400, deadline=None)
@given(
    pair=st.sampled_from(PAIRS),
    other=st.sampled_from(store.config_facts()["versions"]),
    value=_VALUE,
    pick=st.integers(min_value=0),
)
def test_any_option_arrives_as_meant_or_is_refused(pair: Pair, other: str, value: Any, pick: int) -> None:
    names = sorted((section, option) for section in known.sections(other) for option in known.options(section, other))
    section, option = names[pick % len(names)]
    given_release = release(pair, config={section: {option: value}})
    findings = list(config_rules(given_release))
    if findings:
        assert options_of(given_release) == {}
        assert {finding.at for finding in findings} == {f"config.{section}.{option}"}
        return
    if in_every_release(section, option):
        return
    options = options_of(given_release)
    ((place, ((name, text),)),) = [(key, tuple(inner.items())) for key, inner in options.items()]
    assert name in known.options(place, pair[1]) or not known.options(place, pair[1])
    assert _read(text) == str(value)
    json.dumps(options)


def in_every_release(section: str, option: str) -> bool:
    """Whether every release with Airflow 3 has the option."""
    return option in OUTAGE.get(section, {})


@every_pair
def test_a_task_tries_for_minutes_to_reach_an_api_server_that_does_not_answer(pair: Pair) -> None:
    options = chart_config(release(pair)).get("config", {})
    assert options == (OUTAGE if pair in WITH_AIRFLOW_3 else {})


@pytest.mark.parametrize("pair", sorted(WITH_AIRFLOW_3), ids=called)
def test_how_long_a_task_tries_can_be_overridden(pair: Pair) -> None:
    given_release = release(pair, config={"workers": {"execution_api_retries": 5}})
    assert list(config_rules(given_release)) == []
    assert chart_config(given_release)["config"] == {
        **OUTAGE,
        "workers": {"execution_api_retries": "5", "execution_api_retry_wait_max": "15"},
    }


@every_pair
def test_a_task_pod_refused_by_a_quota_is_retried_by_default(pair: Pair) -> None:
    def retries(**changes: Any) -> Any:
        given_release = release(pair, **changes)
        assert list(config_rules(given_release)) == []
        return chart_config(given_release).get("config", {}).get("kubernetes_executor", {}).get(RETRIES)

    assert retries(has_quota=True) == "-1"
    assert retries(has_quota=True, throughput=Throughput.large()) == "-1"
    assert retries(has_quota=True, config={"kubernetes_executor": {RETRIES: 5}}) == "5"
    assert retries(has_quota=True, executor=LocalExecutor()) is None
    assert retries() is None
