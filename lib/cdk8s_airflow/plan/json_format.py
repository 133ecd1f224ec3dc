"""A plan as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdk8s_airflow.plan.acceptance import Acceptance
from cdk8s_airflow.plan.comparison import Plan


def json_text(plan: Plan, acceptances: Sequence[Acceptance] = ()) -> str:
    """``{"changes": [...]}``, with ``object``, ``path``, ``class``, ``rule`` and ``message`` for each change.

    Args:
        plan: the plan. Changes without an effect are left out.
        acceptances: accepted changes; they have ``"accepted": true`` too.
    """
    changes = []
    for change in plan.changes:
        entry: dict[str, object] = {
            "object": change.object,
            "path": change.path,
            "class": change.risk.value,
            "rule": change.rule,
            "message": change.message,
        }
        if any(each.matches(change) for each in acceptances):
            entry["accepted"] = True
        changes.append(entry)
    return json.dumps({"changes": changes}, indent=2, ensure_ascii=False) + "\n"
