"""Parameters of PostgreSQL that the operator would refuse."""

from __future__ import annotations

import pytest

from cdk8s_airflow.database.parameters import BLOCKED, parameter_findings


@pytest.mark.parametrize("name", sorted(BLOCKED))
def test_every_parameter_that_the_operator_sets_is_refused(name: str) -> None:
    (finding,) = parameter_findings({name: "x"}, "1Gi")
    assert (finding.rule, finding.at) == ("database/parameter", f"parameters.{name}")
    assert finding.fix.startswith(("Remove it", "Use preload="))


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max_connections": "200", "work_mem": "8MB"},
        {"pg_stat_statements.max": "1000"},
        {"shared_buffers": "256MB"},
        {"shared_buffers": "1GB"},
        {"wal_level": "logical", "wal_log_hints": "off", "hot_standby_feedback": "On"},
        {"min_wal_size": "512MB", "max_wal_size": "2048"},
        {"pg_failover_slots.synchronize_slot_names": "name_like:%", "hot_standby_feedback": "yes"},
    ],
)
def test_others_are_taken(parameters: dict[str, str]) -> None:
    assert list(parameter_findings(parameters, "1Gi")) == []


@pytest.mark.parametrize("name", ["", "max-connections", "1st", "a.b.c", "a b", "a\nb"])
def test_what_cannot_name_a_parameter_is_refused(name: str) -> None:
    (finding,) = parameter_findings({name: "x"}, "1Gi")
    assert finding.rule == "database/parameter"


@pytest.mark.parametrize(
    ("parameters", "memory", "rule"),
    [
        ({}, "127Mi", "database/shared-buffers"),
        ({"shared_buffers": "2GB"}, "1Gi", "database/shared-buffers"),
        ({"shared_buffers": "131073"}, "1Gi", "database/parameter"),
        ({"shared_buffers": "1TB"}, "1Gi", "database/shared-buffers"),
        ({"shared_buffers": "512mb"}, "1Gi", "database/parameter"),
        ({"shared_buffers": "much"}, "1Gi", "database/parameter"),
    ],
)
def test_shared_buffers_fit_into_the_memory(parameters: dict[str, str], memory: str, rule: str) -> None:
    assert [finding.rule for finding in parameter_findings(parameters, memory)] == [rule]


def test_findings_come_by_name() -> None:
    found = parameter_findings({"port": "1", "hot_standby": "off"}, "1Gi")
    assert [finding.at for finding in found] == ["parameters.hot_standby", "parameters.port"]


@pytest.mark.parametrize(
    ("parameters", "at", "rule"),
    [
        ({"wal_level": "minimal"}, "parameters.wal_level", "database/parameter"),
        ({"wal_level": "full"}, "parameters.wal_level", "database/parameter"),
        ({"wal_log_hints": "off"}, "parameters.wal_log_hints", "database/parameter"),
        ({"wal_log_hints": "o"}, "parameters.wal_log_hints", "database/parameter"),
        ({"hot_standby_feedback": "perhaps"}, "parameters.hot_standby_feedback", "database/parameter"),
        ({"sync_replication_slots": ""}, "parameters.sync_replication_slots", "database/parameter"),
        ({"min_wal_size": "1GB"}, "parameters.min_wal_size", "database/wal-size"),
        ({"max_wal_size": "80MB"}, "parameters.max_wal_size", "database/wal-size"),
        ({"max_wal_size": "2GB"}, "parameters.max_wal_size", "database/wal-size"),
        ({"min_wal_size": "lots"}, "parameters.min_wal_size", "database/parameter"),
        ({"max_connections": "many"}, "parameters.max_connections", "database/parameter"),
        ({"max_connections": "0"}, "parameters.max_connections", "database/parameter"),
        ({"work_mem": "4MB\nport = 1"}, "parameters.work_mem", "database/parameter"),
        ({"pg_failover_slots.a": "x"}, "parameters.pg_failover_slots.a", "database/parameter"),
        (
            {"pg_failover_slots.a": "x", "hot_standby_feedback": "off"},
            "parameters.pg_failover_slots.a",
            "database/parameter",
        ),
    ],
)
def test_values_that_the_webhook_refuses_with_three_instances_and_2gi_of_wal(
    parameters: dict[str, str], at: str, rule: str
) -> None:
    (finding,) = parameter_findings(parameters, "1Gi", instances=3, wal_storage="2Gi")
    assert (finding.at, finding.rule) == (at, rule)


def test_without_a_volume_of_its_own_the_log_may_be_as_large_as_wanted() -> None:
    assert list(parameter_findings({"max_wal_size": "2GB"}, "1Gi")) == []
