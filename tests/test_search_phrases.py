"""Phrases that users search for occur in a heading of a page for users."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEADINGS = [
    heading
    for folder in ("how-to", "explanation", "tutorial")
    for page in sorted((DOCS / folder).glob("*.md"))
    for heading in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
]
PHRASES = (
    "network policies", "external database", "environments", "Prometheus", "spot", "troubleshoot", "executor", "single sign-on",
    "secrets", "External Secrets", "Sealed Secrets", "PgBouncer", "upgrade Airflow", "Fernet key", "resource quotas", "custom image",
    "Helm values", "back up", "KubernetesPodOperator", "pod_mutation_hook",
)  # fmt: skip


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrase_occurs_in_a_heading(phrase: str) -> None:
    assert [heading for heading in HEADINGS if phrase.lower() in heading.lower()]
