"""The scheduler."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.pod_settings import (
    COMMAND_PROBE_PERIOD,
    availability_values,
    grace_values,
    pod_labels,
    pod_values,
    probe_values,
    startup_probe,
    unsupported_rules,
)
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.scaling import hpa_manifest
from cdk8s_airflow.validation import Finding


def scheduler_values(settings: ReleaseSettings) -> Tree:
    """The values of the scheduler."""
    given = settings.scheduler
    values = join(
        {
            # null removes the chart's default: a number here would reset what the autoscaler has chosen.
            "replicas": given.replicas if given.scaling is None else None,
            "resources": resources(given.resources),
            "startupProbe": startup_probe(given.startup_tolerance),
        },
        pod_values(settings, given),
        availability_values(given, pod_labels(settings.release, "scheduler"), "podDisruptionBudget"),
        probe_values(given, COMMAND_PROBE_PERIOD),
        grace_values(given, settings.dialect.place("scheduler.grace_period") is not None),
    )
    return {"scheduler": values}


def scheduler_objects(settings: ReleaseSettings) -> Objects:
    """The autoscaler. No chart has one for the scheduler."""
    scaling = settings.scheduler.scaling
    if scaling is None:
        return {}
    name = f"{settings.release}-scheduler"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return {"scheduler-autoscaler": hpa_manifest(scaling, name, settings.namespace, target)}


def scheduler_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings that this version of the chart ignores, and for an autoscaler that would end running tasks."""
    given, dialect = settings.scheduler, settings.dialect
    yield from unsupported_rules(dialect, "scheduler", given, "grace_period")
    if given.scaling is not None and settings.runs_tasks_in_scheduler:
        yield Finding(
            rule="scheduling/scaling",
            at="scheduler.scaling",
            problem="would end running tasks when it removes a scheduler: with this executor tasks run in the scheduler",
            seen=type(given.scaling).__name__,
            fix="Use Scheduler(replicas=2), or KubernetesExecutor",
        )


SCHEDULER = Concept(values=scheduler_values, objects=scheduler_objects, rules=scheduler_rules)
"""The scheduler."""
