"""``airflow_local_settings.py``: the code of the user, and the hook by which Airflow completes the pods that tasks start."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from cdk8s_airflow.airflow.executors import task_resources_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding

_PROGRAM = Path(__file__).parents[1] / "programs" / "pod_mutation_hook.py"
_RESOURCES = Resources(cpu="100m", memory="256Mi", memory_limit="1Gi")


def pod_mutation_parts(settings: ReleaseSettings) -> PodParts:
    """``airflowLocalSettings`` of the chart: the code of the user, and the hook after it if a namespace requires one."""
    texts = [text for text in (settings.local_settings, _hook(settings)) if text]
    return PodParts(local_settings="\n\n".join(f"{text.rstrip()}\n" for text in texts) if texts else None)


def _hook(settings: ReleaseSettings) -> str:
    """The hook, if a namespace in which tasks start pods enforces ``restricted`` or has a quota."""
    restricted, limited = settings.restricted_namespaces, settings.has_quota or settings.limits_started_pods
    if not settings.task_pods.complete_started_pods or not (restricted or limited):
        return ""
    names = ", ".join(repr(name) for name in restricted)
    wanted = resources(task_resources_of(settings.executor) or _RESOURCES) if limited else {}
    filled = _PROGRAM.read_text(encoding="utf-8")
    filled = filled.replace("_RESTRICTED = frozenset()", f"_RESTRICTED = frozenset([{names}])", 1)
    return filled.replace("_RESOURCES = {}", f"_RESOURCES = {wanted!r}", 1)


def local_settings_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether the code of the user is Python: with an error in it, no component of Airflow starts."""
    if settings.local_settings is None:
        return
    try:
        ast.parse(settings.local_settings)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = "" if line is None else f": line {line} is not valid"
        yield Finding(
            rule="airflow/local-settings",
            at="local_settings",
            problem=f"must be Python code{where}",
            fix='Pass the content of a Python file: local_settings=Path("airflow_local_settings.py").read_text()',
        )


POD_MUTATION = Concept(parts=pod_mutation_parts, rules=local_settings_rules)
"""The file ``airflow_local_settings.py``."""
