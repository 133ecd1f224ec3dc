"""Replicas, resources and tolerance of each component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.components import Replicated, Statsd
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.keda import keda_values, scaled_object
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.pod_settings import (
    grace_values,
    groomer_rules,
    groomer_values,
    own_budget,
    pod_labels,
    pod_values,
    probe_values,
    replica_values,
    startup_probe,
    unsupported_setting,
)
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.scaling import hpa, hpa_manifest
from cdk8s_airflow.validation import Finding

_COMMAND_PERIOD = 60
_TRIGGER_QUERY = "SELECT ceil(COUNT(*)::decimal / {capacity}) FROM trigger"
_HTTP_PERIOD = 10


def component_values(settings: ReleaseSettings) -> Tree:
    """All components that every executor has."""
    return join(
        _scheduler(settings), _ui_server(settings), _triggerer(settings), _dag_processor(settings), _statsd(settings)
    )


def _scheduler(settings: ReleaseSettings) -> Tree:
    given = settings.scheduler
    values = join(
        {"resources": resources(given.resources), "startupProbe": startup_probe(given.startup_tolerance)},
        pod_values(settings, given),
        replica_values(given, pod_labels(settings.release, "scheduler"), "podDisruptionBudget"),
        probe_values(given, _COMMAND_PERIOD),
        grace_values(given, settings.dialect.place("scheduler.grace_period") is not None),
        groomer_values(given.log_groomer, settings.dialect),
        # null removes the chart's default: a number here would reset what the autoscaler has chosen.
        {} if given.scaling is None else {"replicas": None},
    )
    return {"scheduler": values}


def _ui_server(settings: ReleaseSettings) -> Tree:
    given, dialect = settings.api_server, settings.dialect
    values = join(
        {"resources": resources(given.resources), "startupProbe": startup_probe(given.startup_tolerance)},
        pod_values(settings, given),
        replica_values(given, pod_labels(settings.release, dialect.ui_server), "podDisruptionBudget"),
        probe_values(given, _HTTP_PERIOD),
        grace_values(given, dialect.place("ui_server.grace_period") is not None),
    )
    scaled = {} if given.scaling is None else nest(dialect.place("ui_server.hpa"), hpa(given.scaling))
    return join(nest(dialect.place("ui_server"), values), scaled)


def _triggerer(settings: ReleaseSettings) -> Tree:
    given, dialect = settings.triggerer, settings.dialect
    if given is None:
        return {"triggerer": {"enabled": False}}
    has_budget = dialect.place("triggerer.disruption_budget") is not None
    values = join(
        {"enabled": True, "resources": resources(given.resources), "persistence": {"enabled": False}},
        pod_values(settings, given),
        replica_values(given, pod_labels(settings.release, "triggerer"), "podDisruptionBudget" if has_budget else None),
        probe_values(given, _COMMAND_PERIOD),
        grace_values(given),
        groomer_values(given.log_groomer, dialect),
        {} if given.scaling is None else keda_values(settings, given.scaling),
    )
    return {"triggerer": values}


def _dag_processor(settings: ReleaseSettings) -> Tree:
    given, dialect = settings.dag_processor, settings.dialect
    if given is None:
        return nest(dialect.place("dag_processor.enabled"), False)
    has_budget = dialect.place("dag_processor.disruption_budget") is not None
    values = join(
        {"resources": resources(given.resources), "serviceAccount": _without_token(settings)},
        pod_values(settings, given, labels_read=dialect.place("dag_processor.labels") is not None),
        replica_values(
            given, pod_labels(settings.release, "dag-processor"), "podDisruptionBudget" if has_budget else None
        ),
        probe_values(given, _COMMAND_PERIOD),
        grace_values(given),
        groomer_values(given.log_groomer, dialect),
    )
    return join({"dagProcessor": values}, nest(dialect.place("dag_processor.enabled"), True))


def _without_token(settings: ReleaseSettings) -> Tree:
    """Parsing DAG files requires no Kubernetes token, unless connections are looked up in Kubernetes."""
    return {"automountServiceAccountToken": settings.secrets_backend is not None}


def _statsd(settings: ReleaseSettings) -> Tree:
    given, dialect = settings.statsd, settings.dialect
    if given is None:
        return {"statsd": {"enabled": False}}
    values = join(
        {
            "enabled": True,
            "resources": resources(given.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        pod_values(settings, given, labels_read=dialect.place("statsd.labels") is not None),
        grace_values(given, dialect.place("statsd.grace_period") is not None),
    )
    if given.mappings:
        values["extraMappings" if given.chart_mappings else "overrideMappings"] = list(given.mappings)
    return join({"statsd": values}, _statsd_ports(given))


def _statsd_ports(given: Statsd) -> Tree:
    """Ports that are not the usual ones: of the Service, of the program behind it, and where Airflow sends metrics."""
    usual = Statsd()
    if (given.port, given.scrape_port) == (usual.port, usual.scrape_port):
        return {}
    return {
        "ports": {"statsdIngest": given.port, "statsdScrape": given.scrape_port},
        "statsd": {
            "args": [
                "--statsd.mapping-config=/etc/statsd-exporter/mappings.yml",
                f"--statsd.listen-udp=:{given.port}",
                f"--statsd.listen-tcp=:{given.port}",
                f"--web.listen-address=:{given.scrape_port}",
            ]
        },
    }


def component_config(settings: ReleaseSettings) -> ConfigOptions:
    """The port of StatsD, where it is not the usual one."""
    given, usual = settings.statsd, Statsd()
    if given is None or (given.port, given.scrape_port) == (usual.port, usual.scrape_port):
        return {}
    return {"metrics": {"statsd_port": given.port}}


def component_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Settings that this version of the chart would not read."""
    dialect = settings.dialect
    for at, given, meaning in (
        ("scheduler.grace_period", settings.scheduler.grace_period, "scheduler.grace_period"),
        ("api_server.grace_period", settings.api_server.grace_period, "ui_server.grace_period"),
        ("api_server.scaling", settings.api_server.scaling, "ui_server.hpa"),
        (
            "dag_processor.labels",
            settings.dag_processor.labels if settings.dag_processor else None,
            "dag_processor.labels",
        ),
        ("statsd.grace_period", settings.statsd.grace_period if settings.statsd else None, "statsd.grace_period"),
        ("statsd.labels", settings.statsd.labels if settings.statsd else None, "statsd.labels"),
        ("migration.env", settings.migration.env, "migration.env"),
    ):
        if given and dialect.place(meaning) is None:
            yield unsupported_setting(dialect, meaning, at, given)
    for at, groomer in (
        ("scheduler", settings.scheduler.log_groomer),
        ("triggerer", settings.triggerer.log_groomer if settings.triggerer else None),
        ("dag_processor", settings.dag_processor.log_groomer if settings.dag_processor else None),
    ):
        yield from groomer_rules(groomer, dialect, f"{at}.log_groomer")
    if settings.scheduler.scaling is not None and settings.runs_tasks_in_scheduler:
        yield Finding(
            rule="scheduling/scaling",
            at="scheduler.scaling",
            problem="would end running tasks when it removes a scheduler: with this executor tasks run in the scheduler",
            seen=type(settings.scheduler.scaling).__name__,
            fix="Use Scheduler(replicas=2), or KubernetesExecutor",
        )


def own_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """Objects of components for which this version of the chart has none: disruption budgets and autoscalers."""
    made = own_disruption_budgets(settings)
    scaling = settings.scheduler.scaling
    if scaling is not None:
        name = f"{settings.release}-scheduler"
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        made["scheduler-autoscaler"] = hpa_manifest(scaling, name, settings.namespace, target)
    if settings.triggerer is not None and settings.triggerer.scaling is not None:
        query = _TRIGGER_QUERY.format(capacity=_triggerer_capacity(settings))
        made |= scaled_object(settings, "triggerer", "Deployment", settings.triggerer.scaling, query)
    return made


def _triggerer_capacity(settings: ReleaseSettings) -> object:
    """How many triggers a triggerer runs, as the charts read it. Source: ``triggerer.capacity`` in their helpers."""
    options = settings.config.get("triggerer", {})
    return options.get("capacity") or options.get("default_capacity") or 1000


def own_disruption_budgets(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """Disruption budgets for replicas whose component has none in this version of the chart."""
    components: dict[str, Replicated | None] = {
        "triggerer": settings.triggerer,
        "dag-processor": settings.dag_processor,
    }
    made: dict[str, dict[str, Any]] = {}
    for component, given in components.items():
        if given is None or settings.dialect.place(f"{component.replace('-', '_')}.disruption_budget") is not None:
            continue
        budget = own_budget(
            given,
            f"{settings.release}-{component}-pdb",
            settings.namespace,
            pod_labels(settings.release, component),
        )
        if budget is not None:
            made[f"{component}-disruption-budget"] = budget
    return made


COMPONENTS = Concept(values=component_values, config=component_config, objects=own_objects, rules=component_rules)
"""The components that every executor has."""

__all__ = [
    "component_config",
    "component_rules",
    "component_values",
    "own_disruption_budgets",
    "own_objects",
    "startup_probe",
]
