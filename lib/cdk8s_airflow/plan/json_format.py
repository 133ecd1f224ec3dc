"""A plan as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdk8s_airflow.plan.acceptance import Acceptance
from cdk8s_airflow.plan.comparison import EnvironmentPlan


def json_text(plans: Sequence[EnvironmentPlan], acceptances: Sequence[Acceptance] = ()) -> str:
    """``{"changes": [...]}``, with ``object``, ``path``, ``class``, ``rule`` and ``message`` for each change.

    With several environments in the program, each change has ``environment`` too.

    Args:
        plans: the plan of each environment. Changes without an effect are left out.
        acceptances: accepted changes; they have ``"accepted": true`` too.
    """
    changes = []
    for environment, change in [(each.environment, change) for each in plans for change in each.plan.changes]:
        entry: dict[str, object] = {
            **({"environment": environment} if environment else {}),
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
