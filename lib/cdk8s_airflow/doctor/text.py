"""Diagnoses as text and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity

_WIDTH = 100


def diagnoses_text(diagnoses: Sequence[Diagnosis]) -> str:
    """One paragraph per diagnosis, errors first, and a last line with their number.

    Commands are never broken into several lines.
    """
    order = list(Severity)
    ordered = sorted(diagnoses, key=lambda each: order.index(each.severity))
    return "\n".join([*(line for each in ordered for line in _lines(each)), _total(diagnoses)]) + "\n"


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"{diagnosis.severity.value.upper()}  {diagnosis.object}  [{diagnosis.rule}]"
    yield from textwrap.wrap(
        f"{diagnosis.problem[:1].upper()}{diagnosis.problem[1:]}.",
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    advice, colon, command = diagnosis.fix.partition(": kubectl ")
    yield f"  {advice}{':' if colon else '.'}"
    if colon:
        yield f"    kubectl {command}"
    yield ""


def _total(diagnoses: Sequence[Diagnosis]) -> str:
    counts = [
        (sum(each.severity is severity for each in diagnoses), one, several)
        for severity, one, several in (
            (Severity.ERROR, "error", "errors"),
            (Severity.WARNING, "warning", "warnings"),
            (Severity.UNKNOWN, "check was not run", "checks were not run"),
        )
    ]
    said = [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
    return f"{', '.join(said)}." if said else "The cluster has what the program requires, and the platform is healthy."


def diagnoses_json(diagnoses: Sequence[Diagnosis]) -> str:
    """``{"diagnoses": [...]}``; each has ``severity``, ``rule``, ``object``, ``problem`` and ``fix``."""
    entries = [
        {
            "severity": each.severity.value,
            "rule": each.rule,
            "object": each.object,
            "problem": each.problem,
            "fix": each.fix,
        }
        for each in diagnoses
    ]
    return json.dumps({"diagnoses": entries}, indent=2, ensure_ascii=False) + "\n"
