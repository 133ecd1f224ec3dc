"""Parameters of PostgreSQL that the operator would refuse."""

from __future__ import annotations

import pytest

from cdk8s_airflow.database.parameters import BLOCKED, parameter_findings


@pytest.mark.parametrize("name", sorted(BLOCKED))
def test_every_parameter_that_the_operator_sets_is_refused(name: str) -> None:
    (finding,) = parameter_findings({name: "x"}, "1Gi")
    assert (finding.rule, finding.at) == ("database/parameter", f"parameters.{name}")
    assert finding.fix.startswith("leave it out")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max_connections": "200", "work_mem": "8MB"},
        {"pg_stat_statements.max": "1000"},
        {"shared_buffers": "256MB"},
        {"shared_buffers": "1GB"},
        {"shared_buffers": "131072"},
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
        ({"shared_buffers": "131073"}, "1Gi", "database/shared-buffers"),
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
