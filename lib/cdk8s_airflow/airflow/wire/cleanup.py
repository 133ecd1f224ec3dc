"""The CronJobs that delete pods of finished tasks and old rows of the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.database import chart_sets_url, library_variables, url_variables
from cdk8s_airflow.airflow.wire.images import airflow_image
from cdk8s_airflow.airflow.wire.keys import FERNET_VARIABLE
from cdk8s_airflow.airflow.wire.pod_parts import container_variable
from cdk8s_airflow.airflow.wire.pod_settings import component_placement, pod_labels, pod_values, variable
from cdk8s_airflow.airflow.wire.security import AIRFLOW_POD, CONTAINER
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.durations import days
from cdk8s_airflow.validation.kubernetes_names import LONGEST_CRON_JOB

_CLEAN = """\
set -eu
before=$(date -d "-{days} days" +"%Y-%m-%dT%H:%M:%S")
echo "Deleting rows that are older than $before"
exec airflow db clean --clean-before-timestamp "$before" --yes --verbose{archive}{tables}
"""
_CONFIG = "/opt/airflow/airflow.cfg"


def cleanup_values(settings: ReleaseSettings) -> Tree:
    """The CronJob for pods. The chart sets none of Airflow's usual variables on it, so the database is set here."""
    given = settings.cleanup
    if given is None:
        return {}
    values = join(
        {
            "enabled": True,
            "schedule": given.schedule,
            "resources": resources(given.resources),
            "failedJobsHistoryLimit": given.failed_jobs_kept,
            "successfulJobsHistoryLimit": given.successful_jobs_kept,
            "env": _database_variables(settings, not chart_sets_url(settings)),
        },
        pod_values(settings, given),
    )
    return {"cleanup": values}


def cleanup_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if this version creates no CronJob for pods."""
    if settings.cleanup is None or settings.has_task_pods:
        return
    if settings.dialect.place("cleanup.without_task_pods") is None:
        yield Finding(
            rule="components/cleanup",
            at="cleanup",
            problem=f"creates nothing: from chart 1.20 on it requires KubernetesExecutor, and this is {settings.executor.name}",
            seen=show(settings.cleanup),
            fix="Remove it",
        )


def _database_variables(settings: ReleaseSettings, with_url: bool) -> list[dict[str, Any]]:
    told = {**(url_variables(settings) if with_url else {}), **library_variables(settings)}
    return [variable(name, value) for name, value in told.items()]


def database_cleanup_values(settings: ReleaseSettings) -> Tree:
    """The CronJob for rows, if this version of the chart has one."""
    given = settings.database_cleanup
    if given is None:
        return {}
    values = join(
        {
            "enabled": True,
            "schedule": given.schedule,
            "retentionDays": days(given.retention),
            "skipArchive": not given.archive,
            "resources": resources(given.resources),
            "failedJobsHistoryLimit": given.failed_jobs_kept,
            "successfulJobsHistoryLimit": given.successful_jobs_kept,
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        {"tables": list(given.tables)} if given.tables else {},
        pod_values(settings, given),
    )
    return nest(settings.dialect.place("database_cleanup"), values)


def database_cleanup_objects(shared: SharedResults) -> dict[str, dict[str, Any]]:
    """A CronJob for rows if the chart has none: the same command with the same configuration and variables."""
    settings, parts = shared.settings, shared.parts
    given = settings.database_cleanup
    if given is None or settings.dialect.place("database_cleanup") is not None:
        return {}
    labels = pod_labels(settings.release, "database-cleanup")
    command = _CLEAN.format(
        days=days(given.retention),
        archive="" if given.archive else " --skip-archive",
        tables=f" --tables {','.join(given.tables)}" if given.tables else "",
    )
    fernet = variable(FERNET_VARIABLE, SecretKey(settings.keys.fernet.name, "fernet-key"))
    variables = [
        *([fernet] if settings.keys.previous_fernet is None else []),
        *_database_variables(settings, True),
        *(container_variable(each) for each in parts.variables if isinstance(each.value, str)),
        *(container_variable(each) for each in parts.variables if isinstance(each.value, SecretKey)),
    ]
    image, pull_policy = airflow_image(settings)
    container = {
        "name": "database-cleanup",
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": ["bash", "-c", command],
        "env": list({each["name"]: each for each in variables}.values()),
        "resources": resources(given.resources),
        "securityContext": CONTAINER,
        "volumeMounts": [
            {"name": "config", "mountPath": _CONFIG, "subPath": "airflow.cfg", "readOnly": True},
            *parts.volume_mounts,
        ],
    }
    placed = component_placement(settings, given.placement)
    selector = {**parts.node_selector, **placed.get("nodeSelector", {})}
    if selector:
        placed["nodeSelector"] = selector
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": AIRFLOW_POD,
        **placed,
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": f"{settings.release}-config"}},
            *parts.volumes,
        ],
    }
    if given.priority_class is not None:
        pod["priorityClassName"] = given.priority_class
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret.name}]
    metadata: dict[str, Any] = {"labels": {**settings.labels, **given.labels, **labels}}
    if annotations := {**settings.annotations, **given.annotations}:
        metadata["annotations"] = annotations
    return {
        "database-cleanup": {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {
                "name": f"{settings.release}-database-cleanup",
                "namespace": settings.namespace,
                "labels": labels,
            },
            "spec": {
                "schedule": given.schedule,
                "concurrencyPolicy": "Forbid",
                "failedJobsHistoryLimit": given.failed_jobs_kept,
                "successfulJobsHistoryLimit": given.successful_jobs_kept,
                "jobTemplate": {"spec": {"backoffLimit": 1, "template": {"metadata": metadata, "spec": pod}}},
            },
        }
    }


CLEANUP = Concept(values=cleanup_values, rules=cleanup_rules)
"""The CronJob that deletes pods."""


def database_cleanup_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the name of the CronJob is too long: the names of its Jobs and pods are longer."""
    excess = len(f"{settings.release}-database-cleanup") - LONGEST_CRON_JOB
    if settings.database_cleanup is not None and excess > 0:
        yield Finding(
            rule="components/name-length",
            at="release",
            problem=f"must have at most {len(settings.release) - excess} characters with database_cleanup=, whose CronJob is named "
            f"after it: Kubernetes accepts {LONGEST_CRON_JOB} characters in the name of a CronJob",
            seen=show(settings.release),
            fix="Use a shorter release name",
        )


DATABASE_CLEANUP = Concept(
    rules=database_cleanup_rules, values=database_cleanup_values, objects_from=database_cleanup_objects
)
"""The CronJob that deletes old rows."""
