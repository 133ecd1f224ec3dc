"""What Airflow reads options as: as it told us, and as it does."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

import pytest

from cdk8s_airflow import PlatformError
from cdk8s_airflow.schemas import airflow_config as config
from cdk8s_airflow.schemas import facts_store as store
from tests.making import make_airflow, new_chart

VENVS = os.environ.get("CDK8S_AIRFLOW_VENVS", "")
PYTHONS = sorted(Path(VENVS or "/nowhere").glob("*/bin/python"))

TEXTS = (
    "1", "0", "-1", "+3", "1.5", "1e3", " 7 ", "1_000", "x", "", "True", "true", "t", "F", "yes", "no", "on", "1 # one", "None", "inf",
)  # fmt: skip

_ASK = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
from airflow.configuration import conf
answers = []
for section, option, type_, text in json.load(sys.stdin):
    os.environ[f"AIRFLOW__{section}__{option}".upper()] = text
    try:
        {"integer": conf.getint, "float": conf.getfloat, "boolean": conf.getboolean}[type_](section, option)
        answers.append(True)
    except Exception:
        answers.append(False)
print(json.dumps(answers))
"""

SAMPLE = (("core", "parallelism"), ("core", "dagbag_import_timeout"), ("core", "lazy_load_plugins"))


@pytest.mark.parametrize("type_", config.READ_AS)
def test_every_option_with_a_type_is_an_option(type_: str) -> None:
    known = {
        f"{section}.{option}" for section, options in store.config_facts()["sections"].items() for option in options
    }
    told = store.config_types()[type_]
    assert told
    assert [name for name in told if name not in known] == []
    assert told == sorted(set(told))


def test_an_option_is_read_as_one_thing() -> None:
    types = store.config_types()
    told = [name for type_ in config.READ_AS for name in types[type_]]
    assert len(told) == len(set(told))
    assert set(types["empty"]) <= set(told)


def test_texts_and_unknown_options_take_anything() -> None:
    for name in (("core", "hostname_callable"), ("lake", "speed")):
        assert config.read_as(name) == ""
        assert config.is_readable(name, "anything", "3.2.2")


@pytest.mark.parametrize("value", [16, "16", "-1", "$PARALLELISM"])
def test_an_integer_is_accepted_in_any_form(value: object) -> None:
    assert config.is_readable(("core", "parallelism"), value, "2.9.3")


@pytest.mark.parametrize("value", [True, 16.5, "16.5", "many", "", "16 or so"])
def test_a_value_that_is_not_an_integer_is_refused_with_its_path(value: object) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), config={"core": {"parallelism": value}})
    (finding,) = caught.value
    assert (finding.rule, finding.at) == ("config/wrong-type", "config.core.parallelism")
    assert finding.fix == "use an integer"
    assert finding.seen == repr(value)


def test_values_are_held_to_it_like_arguments_and_by_any_name() -> None:
    for given, at in (
        ({"values": {"config": {"core": {"parallelism": "many"}}}}, "values.config.core.parallelism"),
        ({"config": {"webserver": {"expose_config": "non-sensitive-only"}}}, None),
        ({"config": {"webserver": {"expose_config": "maybe"}}}, "config.webserver.expose_config"),
        (
            {"config": {"webserver": {"hide_paused_dags_by_default": "yes"}}},
            "config.webserver.hide_paused_dags_by_default",
        ),
    ):
        if at is None:
            make_airflow(new_chart(), **given)
            continue
        with pytest.raises(PlatformError) as caught:
            make_airflow(new_chart(), **given)
        assert [(finding.rule, finding.at) for finding in caught.value] == [("config/wrong-type", at)]


@pytest.mark.parametrize(
    ("section", "option", "wrong", "right"),
    [
        ("core", "load_examples", "nope", "False"),
        ("api", "expose_config", "maybe", "non-sensitive-only"),
        ("kubernetes_executor", "delete_worker_pods", "never", False),
        ("kubernetes_executor", "worker_pods_creation_batch_size", "many", 16),
        ("celery", "worker_concurrency", "a lot", "16"),
        ("logging", "colored_console_log", "no", "False"),
        ("core", "dags_are_paused_at_creation", "yes", True),
    ],
)
def test_options_are_typed_by_what_airflow_does_with_them(section: str, option: str, wrong: str, right: object) -> None:
    make_airflow(new_chart(), config={section: {option: right}})
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), config={section: {option: wrong}})
    assert [(finding.rule, finding.at) for finding in caught.value] == [
        ("config/wrong-type", f"config.{section}.{option}")
    ]


def test_every_option_that_the_code_reads_is_an_option_without_another_type() -> None:
    facts, types = store.config_facts(), store.config_types()
    known = {f"{section}.{option}" for section, options in facts["sections"].items() for option in options}
    for options in config._READ_BY_CODE.values():
        assert options <= known
        assert not [name for type_ in config.READ_AS for name in types[type_] if name in options]


@functools.cache
def answers(python: Path) -> list[bool]:
    asked = [(*name, config.read_as(name), text) for name in SAMPLE for text in TEXTS]
    done = subprocess.run([python, "-c", _ASK], input=json.dumps(asked), capture_output=True, text=True, check=True)
    read: list[bool] = json.loads(done.stdout)
    return read


@pytest.mark.skipif(
    not PYTHONS, reason="set CDK8S_AIRFLOW_VENVS to a folder with <version>/bin/python to run this test"
)
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.parents[1].name)
def test_real_airflow_reads_what_is_called_readable_and_nothing_else(python: Path) -> None:
    asked = [(name, text) for name in SAMPLE for text in TEXTS]
    assert [(name, text, config.is_readable(name, text, python.parents[1].name)) for name, text in asked] == [
        (name, text, answer) for (name, text), answer in zip(asked, answers(python), strict=True)
    ]
