"""The table of token patterns: sources, licences, marks, and one example of each."""

from __future__ import annotations

import base64
import re

import pytest

from cdk8s_airflow.secret_scan import find_in_text, has_login, looks_secret
from cdk8s_airflow.secret_scan.tokens import TokenPattern, token_patterns
from cdk8s_airflow.secret_scan.vocabulary import token_data
from tests.secret_scan.corpus import example

PATTERNS = list(token_patterns())


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.id)
def test_token_is_found_by_its_form(pattern: TokenPattern) -> None:
    for seed in range(3):
        token = example(pattern, seed)
        assert any(mark in token for mark in pattern.marks)
        assert looks_secret(f"see {token} there")
        assert [found.what for found in find_in_text(token)][:1] == [pattern.what] or pattern.what in str(
            find_in_text(token)
        )


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.id)
def test_token_is_found_in_base64(pattern: TokenPattern) -> None:
    assert looks_secret(base64.b64encode(f"x {example(pattern)} y".encode()).decode())


@pytest.mark.parametrize(
    "pattern",
    [each for each in PATTERNS if not each.frame and not each.literal and not each.login],
    ids=lambda each: each.id,
)
def test_part_of_a_longer_word_is_no_token(pattern: TokenPattern) -> None:
    if pattern.lead[1] or not pattern.pattern.pattern[0].isalnum() or pattern.id == "slack-config":
        pytest.skip("the mark is in the middle")
    assert pattern.what not in [found.what for found in find_in_text(f"x{example(pattern)}")]


def test_every_pattern_has_a_source_with_a_licence() -> None:
    sources = token_data()["sources"]
    assert {entry["source"] for entry in token_data()["patterns"]} == set(sources)
    for source in sources.values():
        assert source["url"].startswith("https://")
        assert source["licence"] in ("MIT", "Apache-2.0", "published prefixes, facts")
        assert "copyright" in source or source["licence"] == "published prefixes, facts"
        assert "permission" in source or source["licence"] != "MIT"


def test_ids_are_unique_and_marks_are_in_the_pattern() -> None:
    ids = [pattern.id for pattern in PATTERNS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in ids)


@pytest.mark.parametrize(
    "text",
    [
        "glpat-xxxxxxxxxxxxxxxxxxxx",
        "ghp_YOURTOKENHEREYOURTOKENHEREYOURTOKENH",
        "sk-learn-pipeline-components-for-all",
        "glpat-rotation-job-of-the-platform",
        "Bearer authentication-is-used-here",
        "AKIAXXXXXXXXXXXXXXXX",
        "-----BEGIN PRIVATE KEY-----\n...",
        "Basic authentication",
    ],
)
def test_placeholder_is_no_token(text: str) -> None:
    assert not looks_secret(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:hunter2@h/db", True),
        ("postgresql://u:$Tr0ub4dor@h/db", True),
        ("postgresql://u:p@ss@h/db", True),
        ("https://1f2e3d4c5b6a79881f2e3d4c5b6a7988@sentry.example.com/1", True),
        ("https://ci%3Ahunter2@example.com", True),
        ("postgresql://u@h/db", False),
        ("postgresql://u:$(PASSWORD)@h/db", False),
        ("https://example.com:8443/@ann", False),
        ("https://example.com/@ann", False),
        ("postgresql://user:password@host/db", False),
    ],
)
def test_login_in_a_url(text: str, expected: bool) -> None:
    assert has_login(text) is expected
