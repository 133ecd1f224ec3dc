"""Changes that were accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk8s_airflow.plan.comparison import Change
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.rules import RULES


@dataclass(frozen=True)
class Acceptance:
    """One accepted change.

    Attributes:
        rule: the id of the rule.
        object: the object, as ``Kind/namespace/name``.
        source: where it was accepted, for messages: a file and line, or ``--accept``.
    """

    rule: str
    object: str
    source: str

    def matches(self, change: Change) -> bool:
        """Whether it is about this change."""
        return (self.rule, self.object) == (change.rule, change.object)


def acceptance(text: str, source: str) -> Acceptance:
    """An acceptance from ``RULE:OBJECT``.

    Raises:
        PlanError: the text has another form, or names a rule that does not exist.
    """
    rule, separator, name = text.strip().partition(":")
    if not separator or name.count("/") < 2:
        raise PlanError(
            f"{source}: an accepted change must be RULE:OBJECT, got {text.strip()!r}. "
            "For example: claim/shrunk:PersistentVolumeClaim/airflow/airflow-logs"
        )
    if rule not in {each.id for each in RULES}:
        raise PlanError(f"{source}: there is no rule {rule!r}. Copy the rule from the output of plan.")
    return Acceptance(rule, name, source)


def read_acceptances(path: Path) -> list[Acceptance]:
    """The acceptances in a file: one a line, with an optional comment after ``#``.

    Raises:
        PlanError: the file cannot be read, or a line is no acceptance.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} cannot be read: {error}.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if text:
            found.append(acceptance(text, f"{path}:{number}"))
    return found


def check_acceptances(acceptances: Iterable[Acceptance], changes: Sequence[Change]) -> None:
    """Checks that each acceptance is about a change of this plan.

    Raises:
        PlanError: some are not: what they accepted is applied or gone, and the next change like it would pass unseen.
    """
    stale = [each for each in acceptances if not any(each.matches(change) for change in changes)]
    if stale:
        lines = "\n".join(
            f"{each.source}: {each.rule}:{each.object} is not among the changes. Remove it." for each in stale
        )
        raise PlanError(lines)
