"""The measured rate of the scan, over the corpus, and the figures in README and docs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from cdk8s_airflow.secret_scan import find_in_text, find_in_tree, redacted
from tests.secret_scan.corpus import Sample, carried, hard, harmless, tokens

ROOT = Path(__file__).parents[2]
LEAST_FOUND = 0.98
MOST_FALSE_ALARMS = 0.03


def is_found(sample: Sample) -> bool:
    return any(
        sample.secret[:6] in (part := sample.text[found.start : found.end]) or part in sample.secret
        for found in find_in_text(sample.text, code=sample.code)
    )


def is_reported(sample: Sample) -> bool:
    if find_in_text(sample.text) or find_in_text(f"import os\n{sample.text}\n"):
        return True
    try:
        tree = yaml.safe_load(sample.text)
    except yaml.YAMLError:
        return False
    return isinstance(tree, (dict, list)) and next(find_in_tree(tree), None) is not None


class Measured(NamedTuple):
    """What the scan makes of the corpus."""

    secrets: list[Sample]
    missed: list[Sample]
    harmless: list[Sample]
    reported: list[Sample]

    @property
    def recall(self) -> float:
        return 1 - len(self.missed) / len(self.secrets)

    @property
    def false_alarms(self) -> float:
        return len(self.reported) / len(self.harmless)

    @property
    def figures(self) -> str:
        return (
            f"{self.recall:.1%} of {len(self.secrets):,} secrets and {self.false_alarms:.1%} of {len(self.harmless)} "
            "harmless strings"
        )


@pytest.fixture(scope="module")
def measured() -> Measured:
    secrets, strings = [*carried(), *tokens(), *hard()], harmless()
    return Measured(
        secrets=secrets,
        missed=[sample for sample in secrets if not is_found(sample)],
        harmless=strings,
        reported=[sample for sample in strings if is_reported(sample)],
    )


def test_corpus_has_enough_samples(measured: Measured) -> None:
    assert len(measured.secrets) >= 1500
    assert len(measured.harmless) >= 350
    assert len({sample.text for sample in measured.harmless}) == len(measured.harmless)


def test_recall_is_at_least_the_bound(measured: Measured) -> None:
    assert LEAST_FOUND <= measured.recall < 1, [sample.text for sample in measured.missed]


def test_false_alarm_rate_is_at_most_the_bound(measured: Measured) -> None:
    assert 0 < measured.false_alarms <= MOST_FALSE_ALARMS


def test_reported_harmless_strings_are_the_known_ones(measured: Measured) -> None:
    assert [sample.text for sample in measured.reported] == [
        "password: none-set",
        "password: managed-by-vault",
        "API_KEY=disabled-in-dev",
        "POSTGRES_PASSWORD=unused",
        "password: same-as-user",
        "auth_token: rotated-weekly",
        '"password": "Enter it"',
        "SECRET_KEY: see-the-wiki",
    ]


@pytest.mark.parametrize("sample", list(tokens()), ids=lambda sample: sample.name)
def test_every_token_is_found(sample: Sample) -> None:
    assert is_found(sample)


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/keep-secrets-out-of-manifests.md"])
def test_pages_quote_the_measured_rate(page: str, measured: Measured) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert measured.figures in text


def test_found_secrets_are_removed_completely(measured: Measured) -> None:
    """No six characters of a secret stay, unless the text around it has them too."""
    left = []
    for sample in measured.secrets:
        if sample in measured.missed:
            continue
        around = sample.text.replace(sample.secret, "")
        shown = redacted(f"import os\n{sample.text}" if sample.code else sample.text)
        pieces = {sample.secret[at : at + 6] for at in range(len(sample.secret) - 5)}
        left += [(sample.text, shown) for piece in pieces if piece in shown and piece not in around]
    assert left == []
