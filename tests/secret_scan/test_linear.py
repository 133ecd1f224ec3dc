"""The scan takes steps in proportion to the length of a text, whatever the text is.

No timer shows that. Instead: no pattern has a repetition without an upper bound, or can be matched in more than one way at a
place; and the number of calls that Python makes for a hostile text of a megabyte is counted.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from typing import Any

import pytest
import re2

from cdk8s_airflow import secret_scan
from cdk8s_airflow._regex import _Late
from cdk8s_airflow.secret_scan import find_in_text
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.tokens import token_patterns
from cdk8s_airflow.secret_scan.vocabulary import vocabulary

MEGABYTE = 1_000_000
LENGTH = 30_000
MOST_CALLS = 10
"""Calls of functions for each character of a text. A scan that is not linear makes thousands."""
WIDEST = 40_000
"""The most characters that one match of a pattern can read."""

SINGLE_RUNS = {
    r"[A-Za-z0-9_.~+/\u0080-\U0010ffff-]{2,}",
    r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u0080-\U0010ffff]+",
}
"""Patterns without an upper bound: one run of characters with nothing after it reads each character once."""


def patterns() -> dict[str, str]:
    found = {
        f"{module.name}.{name}": value.pattern
        for module in pkgutil.iter_modules(secret_scan.__path__, "cdk8s_airflow.secret_scan.")
        for name, value in vars(importlib.import_module(module.name)).items()
        if isinstance(value, _Late)
    }
    found |= {f"token {pattern.id}": pattern.pattern.pattern for pattern in token_patterns()}
    found |= {f"reference {form['id']}": form["pattern"] for form in vocabulary()["references"]["forms"]}
    return found


ALL = patterns()


def parsed(pattern: str) -> Any:
    parser = getattr(re, "_parser", None) or importlib.import_module("sre_parse")
    return parser.parse(pattern)


@pytest.mark.parametrize("pattern", ALL.values(), ids=list(ALL))
def test_every_repetition_has_an_upper_bound(pattern: str) -> None:
    if pattern not in SINGLE_RUNS:
        assert parsed(pattern).getwidth()[1] <= WIDEST


def repetitions(tree: Any) -> list[tuple[int, Any]]:
    """Bound and content of each repetition."""
    found = []
    for operation, argument in tree:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            found.append((argument[1], argument[2]))
            found += repetitions(argument[2])
        elif name == "SUBPATTERN":
            found += repetitions(argument[3])
        elif name == "BRANCH":
            for branch in argument[1]:
                found += repetitions(branch)
        elif name in ("ASSERT", "ASSERT_NOT"):
            found += repetitions(argument[1])
    return found


@pytest.mark.parametrize("pattern", ALL.values(), ids=list(ALL))
def test_no_repetition_is_inside_a_long_one(pattern: str) -> None:
    for bound, inner in repetitions(parsed(pattern)):
        if repetitions(inner):
            assert int(bound) <= 16


@pytest.mark.parametrize("pattern", token_patterns(), ids=lambda pattern: pattern.id)
def test_token_patterns_mean_the_same_to_re2(pattern: Any) -> None:
    """RE2 has no construct that can backtrack; a pattern that it reads and matches alike is one of its kind."""
    from tests.secret_scan.corpus import example

    token = example(pattern)
    ours, theirs = pattern.pattern.match(token), re2.compile(pattern.pattern.pattern).match(token)
    assert ours is not None
    assert theirs is not None
    assert ours.span() == theirs.span()


HOSTILE = [
    "a", "password", "a://", "://x:y@", "x@", "x:", "key=", "-----BEGIN PRIVATE KEY-----", "eyJ.", "eyJ-", "AKIA", "A=", "=", "'",
    "password: '", 'password="', "password=", "password: str = ", "PASSWORD '", "pass(", "password: (", "machine ", "machine a login b password ",
    "curl -u ", "curl -u a:", "mysql -p", "sk-", "sk-a", "glpat-", "gl-", ":AA", "1:AA", ":*:", "a:*:", ":5432:a:b:", "Q~", "0Q~", ".atlasv1.",
    "kind: Secret\n", "- kind: Secret\n  data:\n", "kind: Secret\ndata:\n a: b\n", "kind: Secret, ", "kind: Secret, data: {a: ", "kind: SecretList\n",
    "name: password\n", "name: password, value: ", "value: x, name: password ", "getenv('password',", "auth=('a', 'bcd') ", "<password>", "<password",
    "identified by 'x ", "{{", "${", "$(", "%3A%2F%2F", "aGVsbG8gd29ybGQgcGFzc3dvcmQ9", "import x\n", "x.py: |\n", "token ", "\\", "\n", "SCRAM-SHA-256$1:",
    "Bearer ", "Basic ", "sig=", "$2a$10$", "hooks.slack.com/services/",
]  # fmt: skip


def calls_for(text: str) -> int:
    """How many calls of Python functions, and of functions written in C, a scan makes."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    sys.setprofile(counted)
    try:
        find_in_text(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_takes_steps_in_proportion_to_its_length(piece: str) -> None:
    short, long = (calls_for((piece * (length // len(piece) + 1))[:length]) for length in (LENGTH, 2 * LENGTH))
    assert long <= 2.2 * short + 2000
    assert long <= MOST_CALLS * 2 * LENGTH


@pytest.mark.parametrize("piece", ["a", "password=", "glpat-", "kind: Secret\n", "{{", "eyJ.", "://x:y@"])
def test_a_megabyte_is_scanned(piece: str) -> None:
    found = find_in_text((piece * (MEGABYTE // len(piece) + 1))[:MEGABYTE])
    assert all(each.end <= MEGABYTE for each in found)


def test_many_different_names_take_steps_in_proportion_to_their_number() -> None:
    short, long = (calls_for(" ".join(f"password{number}" for number in range(count))) for count in (5_000, 10_000))
    assert long <= 2.2 * short + 2000


@pytest.mark.parametrize("piece", ["{{", "${", "$(", "/", "a", "<", "x", "*", "A_", "a:"])
def test_a_long_value_is_judged(piece: str) -> None:
    assert isinstance(is_reference(piece * 20_000), bool)
