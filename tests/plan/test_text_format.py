"""A plan as text and as Markdown."""

from __future__ import annotations

import re

import pytest

from cdk8s_airflow.plan.acceptance import acceptance
from cdk8s_airflow.plan.comparison import Plan
from cdk8s_airflow.plan.text_format import LONGEST_COMMENT, markdown_text, summary, text_lines
from tests.plan.cases import CASES, CLAIM, CLUSTER, POLICY, ROLE, edited, named
from tests.plan.given import plan, thing

OLD = [CLAIM, CLUSTER, ROLE]
NEW = [
    edited(CLAIM, metadata__labels={"team": "data"}),
    edited(CLUSTER, spec__storage__size="20Gi"),
    edited(ROLE, rules=[{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}]),
]
ACCEPTED = [acceptance("database/storage-shrunk:Cluster/data/db", "--accept")]


def text(changes: Plan, **options: object) -> str:
    return "\n".join(line.text for line in text_lines(changes, title="old -> new", **options))  # type: ignore[arg-type]


def test_text_of_a_plan_reads_from_the_worst_change_to_the_harmless_one() -> None:
    assert (
        text(plan(OLD, NEW), width=100, acceptances=ACCEPTED)
        == """\
old -> new

Cluster data/db  cannot be applied
  ~ spec.storage.size  cannot be applied [database/storage-shrunk]  accepted
      The volume would shrink from 50Gi to 20Gi. The operator's webhook refuses to shrink storage.
      Argument: CnpgCluster(storage=)
      What to do: Keep 50Gi; or create a second Cluster with 20Gi and move the data with a dump.

Role airflow/launcher  security
  ~ rules  security [rbac/widened]
      The role allows more: get, list secrets.
      What to do: Check that the accounts that are bound to it need this.

PersistentVolumeClaim airflow/logs  configuration
  + metadata.labels.team  configuration [object/labels]
      metadata.labels.team is added (data). Selectors that use it match other objects.

3 changes of 3 objects: cannot be applied 1, security 1, configuration 1. 1 accepted."""
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_sentence_is_wider_than_the_terminal(width: int) -> None:
    for case in CASES:
        for line in text(plan(case.old, case.new), width=width).splitlines():
            is_sentence = line.startswith("      ") and " " in line.strip()
            assert not is_sentence or len(line) <= width or len(max(line.split(), key=len)) > width - 12, line


def test_objects_with_the_same_change_are_listed_together() -> None:
    policies = [named(POLICY, name) for name in ("a", "b", "c")]
    shown = text(plan(policies, []))
    assert shown.count("What to do:") == 1
    assert shown.count("[policy/removed]") == 3
    assert "3 objects: a network policy is removed  security" in shown


def test_changes_without_effect_are_counted_and_listed_on_request() -> None:
    changes = plan(CLAIM, edited(CLAIM, spec__resources__requests__storage="20480Mi"))
    assert text(changes).endswith("No change. 1 change without effect.")
    assert "20Gi and 20480Mi mean the same." in " ".join(text(changes, everything=True).split())


def test_summary_counts_each_class() -> None:
    assert summary(plan(OLD, OLD)) == "No change."
    assert summary(plan(OLD, NEW)) == "3 changes of 3 objects: cannot be applied 1, security 1, configuration 1."


def test_markdown_has_a_table_of_severe_changes_and_folds_the_rest() -> None:
    markdown = markdown_text(plan(OLD, NEW), title="dist at 1a2b -> main.py", acceptances=ACCEPTED)
    severe, _, folded = markdown.partition("<details>")
    assert (
        "| 🛑 cannot be applied (accepted) | `Cluster/data/db`<br>`spec.storage.size`<br>CnpgCluster(storage=) | The volume would shrink"
        in severe
    )
    assert "| 🔓 security | `Role/airflow/launcher`<br>`rules` |" in severe
    assert "<summary>1 change without downtime</summary>" in folded
    assert "`PersistentVolumeClaim/airflow/logs`" in folded
    assert folded.rstrip().endswith("</details>")


def test_markdown_escapes_what_would_break_the_table() -> None:
    role = thing("ConfigMap", "it", data={"a": "x"})
    markdown = markdown_text(plan(role, edited(role, data={"a": "x | <b>y</b>"})), title="a | b")
    (row,) = (line for line in markdown.splitlines() if "ConfigMap" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    assert "<b>" not in markdown


def test_markdown_fits_into_a_comment() -> None:
    many = [named(POLICY, f"policy-{number:04}") for number in range(600)]
    markdown = markdown_text(plan(many, []), title="old -> new")
    assert len(markdown.encode()) < LONGEST_COMMENT + 200
    assert "Run it locally to see all." in markdown
    assert markdown.count("<details>") == markdown.count("</details>")
