"""Cron schedules: what Kubernetes accepts is accepted, and nothing else."""

from __future__ import annotations

import random

import pytest

from cdk8s_airflow import DatabaseCleanup, PlatformError, PodCleanup
from cdk8s_airflow.validation.cron import MACROS, is_cron_schedule
from tests.making import make_airflow, new_chart
from tests.truth.go_readers import cron_errors_of_go

GOOD = [
    *MACROS,
    *("* * * * *", "0 3 * * 0", "*/15 * * * *", "59 23 31 12 6", "0 0 1 1 ?", "? ? ? ? ?", "5/10 * * * *", "0-30/5 9-17 * * MON-FRI"),
    *("0 0 1,15 jan,Jul *", "00 01 * * *", "1,,2 * * * *", "0 0 29 2 *", "0 0 31 2 SUN", "*/100 * * * *", "0  3 * * 0", "0 0 30 1-2 *"),
    *("@every 1h", "@every 90s", "@every 1h30m"),
]  # fmt: skip

BAD = [
    *("60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 7", "* * * * SUNDAY", "* * * FOO *"),
    *("", " ", "* * * *", "* * * * * *", "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "1/2/3 * * * *", "-1 * * * *", "a * * * *", "* * * * L"),
    *("@often", "@daily ", "@every", "@every x", "@every 5", "@EVERY 1h", "@Daily", "@reboot", "1.5 * * * *", "* * * * 1#2", "* * W * *"),
]  # fmt: skip

NEVER = ["0 0 30 2 *", "0 0 31 4,6 *", "0 0 31 feb *", ", * * * *", "@every 0s", "@every 0h0m"]
"""Accepted by the API server, although such a job never runs."""

ZONED = ["TZ=UTC 0 3 * * *", "CRON_TZ=Europe/Berlin 0 3 * * *"]
"""Accepted by the parser, and refused by the validation of CronJobs."""


@pytest.mark.parametrize("schedule", GOOD)
def test_schedule_of_kubernetes_is_accepted(schedule: str) -> None:
    assert is_cron_schedule(schedule)


@pytest.mark.parametrize("schedule", [*BAD, *NEVER, *ZONED])
def test_schedule_that_kubernetes_refuses_or_never_runs_is_refused(schedule: str) -> None:
    assert not is_cron_schedule(schedule)


def test_table_of_schedules_agrees_with_kubernetes() -> None:
    errors = cron_errors_of_go([*GOOD, *NEVER, *ZONED, *BAD])
    accepted = len(GOOD) + len(NEVER) + len(ZONED)
    assert [error for error in errors[:accepted] if error] == []
    assert [schedule for schedule, error in zip(BAD, errors[accepted:], strict=True) if not error] == []


def test_random_schedules_agree_with_kubernetes() -> None:
    chance = random.Random(4)
    parts = [
        "*",
        "?",
        "0",
        "1",
        "5",
        "07",
        "12",
        "23",
        "31",
        "59",
        "60",
        "7",
        "JAN",
        "sun",
        "MON-FRI",
        "*/5",
        "1/2",
        "2-9/3",
        "9-2",
        ",",
        "1,2",
        "*-3",
        "-",
    ]
    schedules = [
        " ".join(chance.choice(parts) for _ in range(chance.choice([4, 5, 5, 5, 5, 5, 6]))) for _ in range(5000)
    ]
    errors = cron_errors_of_go(schedules)
    assert [text for text, error in zip(schedules, errors, strict=True) if error and is_cron_schedule(text)] == []
    refused = [text for text, error in zip(schedules, errors, strict=True) if not error and not is_cron_schedule(text)]
    # What is refused although the parser accepts it has a field without a number, or a date that does not exist.
    assert [text for text in refused if "," not in text.split(" ") and text.split(" ")[2] != "31"] == []


@pytest.mark.parametrize(("argument", "make"), [("cleanup", PodCleanup), ("database_cleanup", DatabaseCleanup)])
def test_argument_schedule_out_of_range_shows_the_ranges(argument: str, make: type) -> None:
    with pytest.raises(PlatformError, match=r"schedule must be a cron schedule: minute \(0-59\)"):
        make_airflow(new_chart(), **{argument: make(schedule="60 * * * *")})
