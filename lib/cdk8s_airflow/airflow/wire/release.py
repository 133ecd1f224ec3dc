"""A whole release, put together from its concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.authentication import people_needs, people_notes, people_rules, people_values
from cdk8s_airflow.airflow.wire.cleanup import (
    cleanup_rules,
    cleanup_values,
    database_cleanup_objects,
    database_cleanup_values,
)
from cdk8s_airflow.airflow.wire.collector import collector_rules, collector_values
from cdk8s_airflow.airflow.wire.components import component_rules, component_values, own_disruption_budgets
from cdk8s_airflow.airflow.wire.config import (
    config_needs,
    config_notes,
    config_options,
    config_rules,
    config_taken,
    config_values,
)
from cdk8s_airflow.airflow.wire.dags import dag_needs, dag_notes, dag_objects, dag_rules, dag_values
from cdk8s_airflow.airflow.wire.database import database_needs, database_notes, database_rules, database_values
from cdk8s_airflow.airflow.wire.delivery import delivery_needs, delivery_notes, delivery_rules, delivery_values
from cdk8s_airflow.airflow.wire.environment import (
    environment_needs,
    environment_notes,
    environment_objects,
    environment_rules,
    environment_values,
)
from cdk8s_airflow.airflow.wire.executors import (
    completed_sets,
    executor_needs,
    executor_rules,
    executor_values,
    own_worker_budgets,
)
from cdk8s_airflow.airflow.wire.exposure import (
    exposure_needs,
    exposure_objects,
    exposure_rules,
    exposure_values,
)
from cdk8s_airflow.airflow.wire.flower import flower_needs, flower_rules, flower_values
from cdk8s_airflow.airflow.wire.images import airflow_tag, image_needs, image_notes, image_values
from cdk8s_airflow.airflow.wire.keys import key_needs, key_rules, key_values
from cdk8s_airflow.airflow.wire.logs import log_needs, log_notes, log_objects, log_rules, log_values
from cdk8s_airflow.airflow.wire.migration import migration_values
from cdk8s_airflow.airflow.wire.security import security_values
from cdk8s_airflow.airflow.wire.service_accounts import account_rules, account_values
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.airflow.wire.task_namespaces import (
    elsewhere,
    names_in,
    namespace_notes,
    namespace_pods,
    namespace_values,
    task_namespace_rules,
)
from cdk8s_airflow.airflow.wire.task_pods import task_pod_needs, task_pod_rules, task_pod_values
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest, overlay
from cdk8s_airflow.model.secret_need import SecretNeed, merged
from cdk8s_airflow.model.version import TESTED_KUBERNETES, minor_of
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

Objects = dict[str, dict[str, Any]]
"""Construct id -> manifest."""


def _no_values(settings: ReleaseSettings) -> Tree:
    return {}


def _no_objects(settings: ReleaseSettings) -> Objects:
    return {}


def _nothing(settings: ReleaseSettings) -> Iterator[Any]:
    yield from ()


@frozen
class Concept:
    """What one concept adds to a release.

    Attributes:
        values: its values of the chart.
        objects: objects it makes beside the chart's.
        rules: what is wrong with it, alone or together with the rest.
        needs: Secrets that somebody has to make for it.
        notes: what a reader of the summary should know of it.
    """

    values: Callable[[ReleaseSettings], Tree] = _no_values
    objects: Callable[[ReleaseSettings], Objects] = _no_objects
    rules: Callable[[ReleaseSettings], Iterator[Finding]] = _nothing
    needs: Callable[[ReleaseSettings], Iterator[SecretNeed]] = _nothing
    notes: Callable[[ReleaseSettings], Iterator[str]] = _nothing


def release_values(settings: ReleaseSettings) -> Tree:
    """What the chart is given for a release."""
    values = join(
        *(concept.values(settings) for concept in CONCEPTS), migration_values(settings, release_needs(settings))
    )
    return overlay(config_options(settings), completed_sets(values))


def release_objects(settings: ReleaseSettings) -> Objects:
    """The objects of a release that the chart does not make."""
    objects = {id: manifest for concept in CONCEPTS for id, manifest in concept.objects(settings).items()}
    return {**objects, **database_cleanup_objects(settings, release_values(settings))}


def release_rules(settings: ReleaseSettings) -> list[Finding]:
    """What is wrong with a release as a whole."""
    found = [finding for concept in CONCEPTS for finding in concept.rules(settings)]
    if settings.config:
        found += config_taken(settings, join(*(c.values(settings) for c in CONCEPTS if c.values is not config_values)))
    return found


def release_needs(settings: ReleaseSettings) -> list[SecretNeed]:
    """The Secrets that somebody has to make before a release can start, and those that task pods elsewhere read there."""
    return merged([*(need for concept in CONCEPTS for need in concept.needs(settings)), *_needs_elsewhere(settings)])


def _needs_elsewhere(settings: ReleaseSettings) -> Iterator[SecretNeed]:
    """Secrets that task pods in other namespaces name; nothing of the release waits for them."""
    if not settings.task_namespaces:
        return
    values = join(*(concept.values(settings) for concept in CONCEPTS))
    for namespace in settings.task_namespaces:
        named = {name for pod in namespace_pods(settings, values, namespace) for name in names_in(pod)[0]}
        for concept in CONCEPTS:
            for need in concept.needs(elsewhere(settings, namespace)):
                if need.name in named:
                    yield replace(need, awaited=False)


def _notes_elsewhere(settings: ReleaseSettings) -> Iterator[str]:
    if settings.task_namespaces:
        yield from namespace_notes(settings, join(*(concept.values(settings) for concept in CONCEPTS)))


def release_notes(settings: ReleaseSettings) -> list[str]:
    """What a reader of the summary should know of a release."""
    return [note for concept in CONCEPTS for note in concept.notes(settings)]


def version_values(settings: ReleaseSettings) -> Tree:
    """Airflow's version, told twice: the templates follow one key, the image the other."""
    dialect = settings.dialect
    return join(
        {"airflowVersion": dialect.airflow, "defaultAirflowTag": airflow_tag(settings)},
        nest(dialect.place("service_links"), False),
    )


def version_notes(settings: ReleaseSettings) -> Iterator[str]:
    """Whether the makers of this Airflow have tried it on this Kubernetes."""
    tested = TESTED_KUBERNETES.get(minor_of(settings.dialect.airflow))
    kubernetes = settings.facts.kubernetes
    if tested is not None and kubernetes is not None and minor_of(kubernetes) not in tested:
        oldest, newest = (".".join(map(str, bound)) for bound in (tested[0], tested[-1]))
        yield (
            f"Airflow {settings.dialect.airflow} was tested by its makers on Kubernetes {oldest} to {newest}; "
            f"this cluster has {kubernetes}."
        )


def rotation_values(settings: ReleaseSettings) -> Tree:
    """An annotation on every pod: a new text restarts them, which the chart does for no Secret it did not make."""
    if settings.rotation is None:
        return {}
    return {"airflowPodAnnotations": {"cdk8s-airflow/rotation": settings.rotation}}


def _pooled(name: str, nothing: Any) -> Callable[[ReleaseSettings], Any]:
    """A function of the chart's PgBouncer, whose module only a release that has one loads."""

    def function(settings: ReleaseSettings) -> Any:
        if settings.database.pgbouncer is None:
            return nothing
        from cdk8s_airflow.airflow.wire import pgbouncer

        return getattr(pgbouncer, name)(settings)

    return function


def _lake(name: str, nothing: Any) -> Callable[[ReleaseSettings], Any]:
    """A function of the data lake, whose module only a release that has one loads."""

    def function(settings: ReleaseSettings) -> Any:
        if settings.data_lake is None:
            return nothing
        from cdk8s_airflow.airflow.wire import data_lake

        return getattr(data_lake, name)(settings)

    return function


CONCEPTS = (
    Concept(values=version_values, notes=version_notes),
    Concept(values=executor_values, objects=own_worker_budgets, rules=executor_rules, needs=executor_needs),
    Concept(values=component_values, objects=own_disruption_budgets, rules=component_rules),
    Concept(values=flower_values, rules=flower_rules, needs=flower_needs),
    Concept(values=collector_values, rules=collector_rules),
    Concept(values=cleanup_values, rules=cleanup_rules),
    Concept(values=database_cleanup_values),
    Concept(values=key_values, rules=key_rules, needs=key_needs),
    Concept(values=database_values, rules=database_rules, needs=database_needs, notes=database_notes),
    Concept(
        values=_pooled("pgbouncer_values", {}),
        objects=_pooled("pgbouncer_objects", {}),
        needs=_pooled("pgbouncer_needs", ()),
        notes=_pooled("pgbouncer_notes", ()),
    ),
    Concept(values=image_values, needs=image_needs, notes=image_notes),
    Concept(values=dag_values, objects=dag_objects, rules=dag_rules, needs=dag_needs, notes=dag_notes),
    Concept(values=log_values, objects=log_objects, rules=log_rules, needs=log_needs, notes=log_notes),
    Concept(values=exposure_values, objects=exposure_objects, rules=exposure_rules, needs=exposure_needs),
    Concept(values=config_values, rules=config_rules, needs=config_needs, notes=config_notes),
    Concept(values=people_values, rules=people_rules, needs=people_needs, notes=people_notes),
    Concept(
        values=environment_values,
        objects=environment_objects,
        rules=environment_rules,
        needs=environment_needs,
        notes=environment_notes,
    ),
    Concept(
        values=_lake("data_lake_values", {}),
        rules=_lake("data_lake_rules", ()),
        needs=_lake("data_lake_needs", ()),
        notes=_lake("data_lake_notes", ()),
    ),
    Concept(values=task_pod_values, rules=task_pod_rules, needs=task_pod_needs),
    Concept(values=namespace_values, rules=task_namespace_rules, notes=_notes_elsewhere),
    Concept(values=account_values, rules=account_rules),
    Concept(rules=shared_secret_rules),
    Concept(values=security_values),
    Concept(values=rotation_values),
    Concept(values=delivery_values, rules=delivery_rules, needs=delivery_needs, notes=delivery_notes),
)
"""Everything a release is made of; where lists of two concepts meet, in this order."""
