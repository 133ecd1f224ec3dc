"""What is known of airflow.cfg in each version of Airflow."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.version import CHARTS
from cdk8s_airflow.schemas import airflow_config as config
from cdk8s_airflow.schemas import facts_store as store

KNOWN = store.config_facts()["versions"]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2.9.0", "2.9.3"),
        ("2.9.3", "2.9.3"),
        ("2.9.9", "2.9.3"),
        ("2.10.4", "2.10.5"),
        ("3.0.0", "3.0.2"),
        ("3.1.9", "3.1.8"),
        ("3.3.2", "3.3.2"),
    ],
)
def test_one_release_of_each_minor_version_is_used_for_all(asked: str, answered: str) -> None:
    assert config.facts_version(asked) == answered


def test_there_is_a_release_for_every_version_that_a_chart_runs() -> None:
    minors = {minor for runs in CHARTS.values() for minor in runs.minors}
    assert {tuple(map(int, version.split(".")[:2])) for version in KNOWN} == minors


@pytest.mark.parametrize(
    ("asked", "version", "found"),
    [
        ("core.parallelism", "2.9.3", "core.parallelism"),
        ("core.dag_concurrency", "2.9.3", "core.max_active_tasks_per_dag"),
        ("core.dag_concurrency", "3.2.2", "core.max_active_tasks_per_dag"),
        ("scheduler.dag_dir_list_interval", "3.2.2", "dag_processor.refresh_interval"),
        ("dag_processor.refresh_interval", "2.11.0", "scheduler.dag_dir_list_interval"),
        ("dag_processor.refresh_interval", "3.0.2", "dag_processor.refresh_interval"),
        ("triggerer.default_capacity", "3.1.8", "triggerer.capacity"),
        ("triggerer.capacity", "2.10.5", "triggerer.default_capacity"),
        ("scheduler.parsing_processes", "3.2.2", "dag_processor.parsing_processes"),
        ("dag_processor.parsing_processes", "2.9.3", "scheduler.parsing_processes"),
        ("webserver.expose_config", "3.2.2", "api.expose_config"),
        ("api.expose_config", "2.9.3", "webserver.expose_config"),
        ("api.page_size", "3.2.2", "api.fallback_page_limit"),
        ("webserver.page_size", "3.2.2", "api.fallback_page_limit"),
        ("kubernetes.delete_worker_pods", "3.2.2", "kubernetes_executor.delete_worker_pods"),
        ("common.io.xcom_objectstorage_path", "3.2.2", "common.io.xcom_objectstorage_path"),
        ("core.nothing_like_it", "3.2.2", None),
        ("webserver.access_logfile", "3.2.2", None),
        ("webserver.worker_class", "3.2.2", None),
        ("metrics.enabled", "3.2.2", None),
    ],
)
def test_an_option_is_found_by_any_of_its_names(asked: str, version: str, found: str | None) -> None:
    section, _, option = asked.rpartition(".")
    place = config.place((section, option), version)
    assert (config.dotted(place) if place else None) == found


@pytest.mark.parametrize("version", KNOWN)
def test_a_name_that_a_version_has_is_that_options_place(version: str) -> None:
    for section in config.sections(version):
        for option in config.options(section, version):
            assert config.place((section, option), version) == (section, option)


@pytest.mark.parametrize("version", KNOWN)
def test_whatever_name_is_asked_for_the_place_exists(version: str) -> None:
    for other in KNOWN:
        for section in config.sections(other):
            for option in config.options(section, other):
                place = config.place((section, option), version)
                assert place is None or place[1] in config.options(place[0], version)


@pytest.mark.parametrize(
    ("name", "sensitive"),
    [
        (("core", "fernet_key"), True),
        (("smtp", "smtp_password"), True),
        (("secrets", "backend_kwargs"), True),
        (("my_plugin", "api_key"), True),
        (("my.plugin", "db_password"), True),
        (("core", "parallelism"), False),
        (("my_plugin", "colour"), False),
    ],
)
def test_what_holds_a_secret_is_known_by_airflow_or_by_its_name(name: tuple[str, str], sensitive: bool) -> None:
    assert config.is_sensitive(name) is sensitive


def test_the_nearest_name_is_looked_for_in_the_section_and_then_elsewhere() -> None:
    assert config.guess(("core", "paralelism"), "3.2.2") == ("core", "parallelism")
    assert config.guess(("core", "scheduler_heartbeat_sec"), "3.2.2") == ("scheduler", "scheduler_heartbeat_sec")
    assert config.guess(("core", "qqqqqq"), "3.2.2") is None
    assert config.guess_section("schedulr", "3.2.2") == "scheduler"


def test_sections_are_airflows_own_or_a_providers() -> None:
    assert all(map(config.is_own_section, ("core", "webserver", "dag_processor", "kubernetes")))
    assert not any(map(config.is_own_section, ("elasticsearch", "openlineage", "my_plugin")))
