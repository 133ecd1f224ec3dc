"""airflow.cfg as the charts render it, and as Airflow itself reads it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import SecretKey, Throughput
from cdk8s_airflow.airflow.wire.config import config_options, config_rules, variable
from cdk8s_airflow.schemas import airflow_config as known
from tests.airflow.wire.samples import release as settings_of
from tests.helm.airflow import ask
from tests.helm.expectations import (
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

NASTY: dict[str, Any] = {
    "log_format": "[%(asctime)s] {{%(filename)s:%(lineno)d}} %(levelname)s - %(message)s",
    "simple_log_format": "{{ braces }} {{{{ more }}}} }}}} {{`x`}} {{/* c */}} {{-}}",
    "colored_log_format": "'single' \"double\" `back` \\n \\\\ \\",
    "task_log_prefix_template": "100% %% %(x)s %s",
    "extra_logger_names": "a # no comment ; none either",
    "color_log_error_keywords": "é漢字 😀 \u00a0 | : = [core] - ? & * ! > ~",
    "logging_config_class": "",
    "file_task_handler_new_file_permissions": "0o664",
}
FIGURES: dict[str, dict[str, Any]] = {
    "core": {
        "max_active_runs_per_dag": 1000000,
        "dagbag_import_timeout": 0.25,
        "load_examples": False,
        "allowed_deserialization_classes": "y",
        "dag_concurrency": 12345678,
        "default_task_retries": 2**62,
        "default_timezone": "no",
    },
    "scheduler": {"dag_dir_list_interval": 10000000, "use_job_schedule": True, "job_heartbeat_sec": 1e-05},
    "triggerer": {"capacity": 2000},
    "common.io": {"xcom_objectstorage_threshold": 1048576},
    "email": {
        "subject_template": "#no comment",
        "html_content_template": ";neither",
        "from_email": "- a: b",
        "email_conn_id": "1e5",
    },
    "metrics": {"metrics_allow_list": "^scheduler\\.(a|b)$,x{2}"},
}


def configuration(airflow: str) -> dict[str, dict[str, Any]]:
    logging = {option: value for option, value in NASTY.items() if option in known.options("logging", airflow)}
    return {**FIGURES, "logging": logging}


def rendered(pair: tuple[str, str], **settings: Any) -> Rendered:
    chart, airflow = pair
    result = render_release(helm_chart(release(chart_version=chart, airflow_version=airflow, **settings)))
    assert_env_once(result)
    assert_no_bundled(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def cfg_of(result: Rendered) -> str:
    (text,) = (
        config["data"]["airflow.cfg"] for config in result.find("ConfigMap") if "airflow.cfg" in config.get("data", {})
    )
    return str(text)


def meant(pair: tuple[str, str], config: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    """What Airflow is to read, by the names of the version."""
    wanted = {}
    for section, options in config.items():
        for option, value in options.items():
            wanted[known.place((section, option), pair[1]) or (section, option)] = str(value)
    return wanted


def test_every_option_is_in_the_file_as_meant(pair: tuple[str, str]) -> None:
    config = configuration(pair[1])
    cfg = rendered(pair, config=config, throughput=Throughput.large()).airflow_cfg
    for (section, option), value in meant(pair, config).items():
        assert cfg.get(section, option) == value.replace("%", "%%"), f"{section}.{option}"
    for section, options in config_options(settings_of(pair, throughput=Throughput.large())).items():
        for option, value in options.items():
            if (section, option) not in meant(pair, config):
                assert cfg.get(section, option) == value, f"{section}.{option}"


def test_airflow_itself_reads_every_option_exactly_and_knows_it(pair: tuple[str, str]) -> None:
    config = configuration(pair[1])
    assert list(config_rules(settings_of(pair, config=config))) == []
    result = rendered(pair, config=config)
    wanted = meant(pair, config)
    answer = ask(pair[1], cfg_of(result), wanted)
    assert set(wanted) - answer.known == set()
    for parser, read in answer.read.items():
        assert read == wanted, parser


def test_airflow_itself_knows_every_option_of_a_throughput(pair: tuple[str, str]) -> None:
    result = rendered(pair, throughput=Throughput.large())
    options = config_options(settings_of(pair, throughput=Throughput.large()))
    wanted = {(section, option): value for section, inner in options.items() for option, value in inner.items()}
    answer = ask(pair[1], cfg_of(result), wanted)
    assert set(wanted) - answer.known == set()
    assert answer.read["core"] == wanted


def test_an_option_from_a_secret_reaches_every_airflow_container(pair: tuple[str, str]) -> None:
    result = rendered(pair, config={"sentry": {"sentry_dsn": SecretKey("observed", "dsn")}})
    name = variable(("sentry", "sentry_dsn"))
    containers = result.containers("airflow")
    assert {container.pod.component for container in containers} >= {"scheduler", "triggerer", "worker"}
    for container in containers:
        source = container.env[name]["valueFrom"]["secretKeyRef"]
        assert (source["name"], source["key"]) == ("observed", "dsn"), container.where
    assert not result.airflow_cfg.has_option("sentry", "sentry_dsn")


def test_airflow_itself_reads_an_option_from_its_variable_as_it_is(pair: tuple[str, str]) -> None:
    result = rendered(pair, config={"common.io": {"xcom_objectstorage_path": SecretKey("xcom", "path")}})
    option = ("common.io", "xcom_objectstorage_path")
    value = "s3://me:50%%@bucket/{{ x }}"
    answer = ask(pair[1], cfg_of(result), [option], env={variable(option): value})
    assert {read[option] for read in answer.read.values()} == {value}
