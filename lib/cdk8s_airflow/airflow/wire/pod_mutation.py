"""The hook by which Airflow completes the pods that tasks start, such as those of KubernetesPodOperator."""

from __future__ import annotations

from pathlib import Path

from cdk8s_airflow.airflow.executors import task_resources_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.wire.resources import resources

_PROGRAM = Path(__file__).parents[1] / "programs" / "pod_mutation_hook.py"
_RESOURCES = Resources(cpu="100m", memory="256Mi", memory_limit="1Gi")


def pod_mutation_parts(settings: ReleaseSettings) -> PodParts:
    """``airflowLocalSettings`` of the chart, where the namespace enforces ``restricted`` or has a quota."""
    restricted = settings.pod_security == "restricted"
    if not settings.task_pods.complete_started_pods or not (restricted or settings.has_quota):
        return PodParts()
    program = _PROGRAM.read_text(encoding="utf-8")
    namespaces = f"frozenset(({settings.namespace!r},))" if restricted else "frozenset()"
    wanted = resources(task_resources_of(settings.executor) or _RESOURCES) if settings.has_quota else {}
    filled = program.replace("NAMESPACES = frozenset()", f"NAMESPACES = {namespaces}", 1)
    return PodParts(local_settings=filled.replace("RESOURCES = {}", f"RESOURCES = {wanted!r}", 1))


POD_MUTATION = Concept(parts=pod_mutation_parts)
