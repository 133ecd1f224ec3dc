"""CloudNativePG's own webhook, compiled from its sources, agrees with the library's rules and with the judge in Python."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples

from tests.database.samples import manifests
from tests.database.test_cluster_properties import clusters, faults
from tests.truth import test_webhooks, webhooks
from tests.truth.manifests import load

JUDGE = os.environ.get("CDK8S_AIRFLOW_CNPG_WEBHOOK", "")
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    not JUDGE, reason="CDK8S_AIRFLOW_CNPG_WEBHOOK names no judge; tests/truth/webhook/README.md says how to build one"
)

STRICTER = ("archive_mode", "database and owner go together", "ScheduledBackup: ")
"""Where the judge in Python goes further: a fixed parameter that happens to be right, what the operator fills in, what it only warns of."""


def is_theirs(manifest: dict[str, Any]) -> bool:
    """Whether the operator reads it."""
    return bool(manifest["apiVersion"].startswith("postgresql.cnpg.io/"))


def asked(every: list[dict[str, Any]], folder: Path) -> list[list[str]]:
    """What the webhook refuses of each manifest."""
    file = folder / "manifests.json"
    file.write_text(json.dumps(every), encoding="utf-8")
    subprocess.run(
        [JUDGE, "-test.run", "^TestJudge$"], env={**os.environ, "MANIFESTS": str(file)}, check=True, capture_output=True
    )
    refusals: list[list[str]] = json.loads(file.with_name("manifests.json.refusals").read_text(encoding="utf-8"))
    assert len(refusals) == len(every)
    return refusals


@functools.cache
def drawn() -> list[tuple[dict[str, Any], bool]]:
    """Manifests of any settings, each with whether the library finds a fault with them."""
    found: list[tuple[dict[str, Any], bool]] = []

    @examples(
        max_examples=1000, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(clusters())
    def draw(said: Any) -> None:
        at_fault = bool(faults(*said))
        found.extend((manifest, at_fault) for manifest in manifests(said[0]) if is_theirs(manifest))

    draw()
    return found


def test_what_the_webhook_refuses_the_library_refuses(tmp_path: Path) -> None:
    every = drawn()
    refused = asked([manifest for manifest, _ in every], tmp_path)
    assert sum(map(bool, refused)) > 100
    assert [words for (_, at_fault), words in zip(every, refused, strict=True) if words and not at_fault] == []


def test_the_judge_in_python_says_the_same(tmp_path: Path) -> None:
    (marks,) = (
        mark for mark in test_webhooks.test_each_kind_of_fault_is_refused.pytestmark if mark.name == "parametrize"
    )
    spoiled = [test_webhooks.spoiled(manifest, path, value) for manifest, path, value, _ in marks.args[1]]
    every = [*(manifest for manifest, _ in drawn()), *spoiled]
    for manifest, real in zip(every, asked(every, tmp_path), strict=True):
        said = webhooks.refusals(manifest)
        if real:
            assert said, (manifest, real)
        else:
            assert [words for words in said if not any(known in words for known in STRICTER)] == [], manifest


def test_the_webhook_takes_every_golden(tmp_path: Path) -> None:
    every = [
        manifest
        for file in [*(ROOT / "tests" / "goldens").rglob("*.k8s.yaml"), *(ROOT / "dist").glob("*.yaml")]
        for manifest in load(file)
        if is_theirs(manifest)
    ]
    assert len(every) >= 10
    assert asked(every, tmp_path) == [[]] * len(every)
