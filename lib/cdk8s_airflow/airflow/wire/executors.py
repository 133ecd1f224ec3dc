"""The executor with its workers and broker, and the parts of the chart that it does not use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.components import Replicated
from cdk8s_airflow.airflow.executors import (
    TASK_POD,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    Executor,
    MultipleExecutors,
    RedisBroker,
    WorkerSet,
    celery_of,
    task_resources_of,
)
from cdk8s_airflow.airflow.logs import ClaimLogs, ExistingClaimLogs
from cdk8s_airflow.airflow.pod_settings import LogGroomer
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.dags import dag_mounts, dag_readers
from cdk8s_airflow.airflow.wire.keda import keda_values, scaled_object
from cdk8s_airflow.airflow.wire.log_groomer import groomer_rules, groomer_values
from cdk8s_airflow.airflow.wire.migration import waiting_values
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.pod_settings import (
    availability_values,
    grace_values,
    own_budget,
    pod_labels,
    pod_values,
    probe_values,
    unsupported_setting,
    without_release_wide,
)
from cdk8s_airflow.airflow.wire.security import CONTAINER, SECCOMP
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.model.wire.scaling import hpa
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL, LONGEST_STATEFUL_SET

REDIS_USER = 999
"""The user of the Redis image."""

_SET_LABEL = "worker-set"
"""The label that distinguishes the workers of a set."""

_TASK_POD_LABEL = "kubernetes_executor"
"""A label that KubernetesExecutor sets on every task pod."""

_PROBE_PERIOD = 60
_BY_ADDRESS = "airflow.utils.net.get_host_ip_address"
_QUERY = (
    "SELECT ceil(COUNT(*)::decimal / {concurrency}) FROM task_instance "
    "WHERE (state='running' OR state='queued') AND queue IN ({queues}){executor}"
)
_CELERY_NAMES = ("CeleryExecutor", "airflow.providers.celery.executors.celery_executor.CeleryExecutor")
"""The names by which a task chooses CeleryExecutor, as in the column ``executor``: NULL if it chooses none."""


def executor_values(settings: ReleaseSettings) -> Tree:
    """The executor, its workers and its broker.

    If nothing uses a broker, a Secret name is still set, because otherwise the chart creates a Secret with data.
    """
    executor, dialect = settings.executor, settings.dialect
    celery = celery_of(executor)
    task_resources = task_resources_of(executor)
    shared = celery is not None and dialect.place("workers") is not None
    trees: list[Tree] = [{"executor": executor.name}]
    if task_resources is not None and not shared:
        trees.append(nest(dialect.place("task_pods"), {"resources": resources(task_resources)}))
    if celery is None:
        trees.append({"redis": {"enabled": False}, "data": {"brokerUrlSecretName": f"{settings.release}-no-broker"}})
    else:
        trees += [_workers(settings, celery), _broker(settings, celery)]
    if settings.runs_tasks_in_scheduler and not shared:
        trees += [nest(dialect.place("scheduler.claim"), False), nest(dialect.place("scheduler.claim_too"), False)]
    return join(*trees)


def executor_config(settings: ReleaseSettings) -> ConfigOptions:
    """How many tasks a Celery worker runs at once, and how the UI addresses pods without DNS names."""
    celery = celery_of(settings.executor)
    options: ConfigOptions = {}
    if celery is not None and celery.concurrency is not None:
        options["celery"] = {"worker_concurrency": celery.concurrency}
    if _served_by_pods_without_names(settings, celery):
        options["core"] = {"hostname_callable": _BY_ADDRESS}
    return options


def _served_by_pods_without_names(settings: ReleaseSettings, celery: CeleryExecutor | None) -> bool:
    """Whether the UI fetches logs from pods without a DNS name: those of a Deployment, which have only an IP address."""
    workers = () if celery is None else all_workers(celery)
    return settings.runs_tasks_in_scheduler or any(each.storage is None for each in workers)


def all_workers(celery: CeleryExecutor) -> tuple[CeleryWorkers, ...]:
    """The workers, and the additional sets."""
    return (celery.workers, *celery.sets)


def worker_labels(release: str, workers: CeleryWorkers) -> dict[str, str]:
    """The labels by which the chart selects the pods of these workers."""
    labels = pod_labels(release, "worker")
    return {**labels, _SET_LABEL: workers.name} if isinstance(workers, WorkerSet) else labels


def _workers(settings: ReleaseSettings, celery: CeleryExecutor) -> Tree:
    """The values of all workers.

    If the version supports sets, the ordinary workers are a set called ``default``, whose objects the chart names like ordinary
    workers. Its settings then apply to neither task pods nor other sets.
    """
    dialect = settings.dialect
    flat = dialect.place("workers")
    if flat is not None:
        values = join(_worker_values(settings, celery, celery.workers), _queue_command(celery.workers))
        return nest(flat, values)
    sets = [
        join(
            {"name": each.name if isinstance(each, WorkerSet) else "default", "queue": ",".join(each.queues)},
            _with_dag_files(settings, _worker_values(settings, celery, each)),
        )
        for each in all_workers(celery)
    ]
    return join(nest(dialect.place("workers.default_set"), False), nest(dialect.place("workers.sets"), sets))


def _with_dag_files(settings: ReleaseSettings, values: Tree) -> Tree:
    """The values of a set with the volumes of DAG files: a list in a set replaces the list of all workers."""
    if settings.dialect.place("celery_workers.volumes") not in dag_readers(settings):
        return values
    volumes, mounts = dag_mounts(settings)
    common = {"extraVolumes": volumes, "extraVolumeMounts": mounts}
    return {**values, **{key: [*shared, *values[key]] for key, shared in common.items() if shared and key in values}}


def _worker_values(settings: ReleaseSettings, celery: CeleryExecutor, given: CeleryWorkers) -> Tree:
    dialect = settings.dialect
    return join(
        {"resources": resources(given.resources), "persistence": _persistence(given.storage)},
        {"replicas": given.replicas} if given.scaling is None else {},
        waiting_values(settings),
        pod_values(settings, given),
        availability_values(
            given,
            worker_labels(settings.release, given),
            None if _is_own_budget(settings, celery, given) else dialect.place("workers.disruption_budget"),
            _absent_labels(settings, celery, given),
        ),
        probe_values(given, _PROBE_PERIOD),
        grace_values(given),
        _groomer(settings, given),
        _scaling(settings, celery, given),
    )


def _persistence(storage: Volume | None) -> Tree:
    if storage is None:
        return {"enabled": False}
    values: Tree = {"enabled": True, "size": storage.size}
    if storage.storage_class is not None:
        values["storageClassName"] = storage.storage_class
    return values


def _groomer(settings: ReleaseSettings, given: CeleryWorkers) -> Tree:
    """The log groomer sidecar, if this version supports it."""
    without_claim = settings.dialect.place("workers.log_groomer_without_claim")
    if given.storage is None and without_claim is None:
        return {}
    values = groomer_values(given.log_groomer, settings.dialect)
    if given.storage is None and given.log_groomer is not None:
        values = join(values, nest(without_claim, False))
    return values


def _scaling(settings: ReleaseSettings, celery: CeleryExecutor, given: CeleryWorkers) -> Tree:
    if isinstance(given.scaling, Hpa):
        return {"hpa": hpa(given.scaling)}
    if not isinstance(given.scaling, Keda):
        return {}
    scaling = given.scaling
    if scaling.query is None and (
        settings.dialect.place("workers") is not None or isinstance(settings.executor, MultipleExecutors)
    ):
        scaling = replace(scaling, query=_query(settings, celery, given))
    return keda_values(settings, scaling)


def _query(settings: ReleaseSettings, celery: CeleryExecutor, given: CeleryWorkers) -> str:
    """The SQL query that returns the number of workers for the running and queued tasks that they take.

    The query of charts before 1.20 counts the tasks of all queues. That of newer charts is right for a single executor, but
    counts tasks that name no executor even if another executor runs them, and those of LocalExecutor.
    """
    options, queues = settings.config, given.queues
    if settings.dialect.place("workers") is not None and not _says_queues(given):
        queues = (str(options.get("operators", {}).get("default_queue", "default")),)
    return _QUERY.format(
        concurrency=celery.concurrency or options.get("celery", {}).get("worker_concurrency", 16),
        queues=", ".join("'" + queue.replace("'", "''") + "'" for queue in queues),
        executor=_executor_condition(settings.executor),
    )


def _executor_condition(executor: Executor) -> str:
    """The part of the query that selects the tasks of CeleryExecutor among those of several executors."""
    if not isinstance(executor, MultipleExecutors):
        return ""
    named = f"executor IN ({', '.join(repr(name) for name in _CELERY_NAMES)})"
    return (
        f" AND (executor IS NULL OR {named})" if isinstance(executor.executors[0], CeleryExecutor) else f" AND {named}"
    )


def _says_queues(given: CeleryWorkers) -> bool:
    return tuple(given.queues) != ("default",)


def _queue_command(given: CeleryWorkers) -> Tree:
    """The queues in the command, for charts that have no key for them."""
    if not _says_queues(given):
        return {}
    return {"args": ["bash", "-c", f"exec airflow celery worker -q {','.join(given.queues)}"]}


def _broker(settings: ReleaseSettings, celery: CeleryExecutor) -> Tree:
    broker = celery.broker
    data: Tree = {"brokerUrlSecretName": broker.url.name}
    results = settings.database.results_secret if celery.result_backend is None else celery.result_backend.name
    if results is not None:
        data["resultBackendSecretName"] = results
    if not isinstance(broker, RedisBroker):
        return {"data": data, "redis": {"enabled": False}}
    values = join(
        {
            "enabled": True,
            "passwordSecretName": broker.password.name,
            "persistence": _persistence(broker.storage),
            "resources": resources(broker.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
            "securityContexts": {
                "pod": {
                    "runAsNonRoot": True,
                    "runAsUser": REDIS_USER,
                    "runAsGroup": REDIS_USER,
                    "fsGroup": REDIS_USER,
                    **SECCOMP,
                },
                "container": CONTAINER,
            },
        },
        pod_values(settings, broker, labels_read=settings.dialect.place("redis.labels") is not None),
        grace_values(broker, settings.dialect.place("redis.grace_period") is not None),
    )
    return {"data": data, "redis": values}


def _absent_labels(settings: ReleaseSettings, celery: CeleryExecutor, given: CeleryWorkers) -> tuple[str, ...]:
    """Labels that these workers do not have, but other pods that match their labels do.

    The chart sets the labels of ordinary workers on the workers of every set and on task pods, too. A pod that two disruption
    budgets select cannot be evicted.
    """
    if isinstance(given, WorkerSet):
        return ()
    sets = (_SET_LABEL,) if celery.sets else ()
    return sets if task_resources_of(settings.executor) is None else (*sets, _TASK_POD_LABEL)


def _is_own_budget(settings: ReleaseSettings, celery: CeleryExecutor, given: CeleryWorkers) -> bool:
    """Whether this library creates the disruption budget of these workers, and not the chart."""
    if isinstance(given, WorkerSet):
        return False
    return settings.dialect.place("workers.disruption_budget") is None or bool(_absent_labels(settings, celery, given))


def own_worker_budgets(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The disruption budget of the ordinary workers, if the chart has none or one that selects other pods too."""
    celery = celery_of(settings.executor)
    if celery is None or not _is_own_budget(settings, celery, celery.workers):
        return {}
    given: Replicated = celery.workers
    labels = worker_labels(settings.release, celery.workers)
    without = _absent_labels(settings, celery, celery.workers)
    budget = own_budget(given, f"{settings.release}-worker-pdb", settings.namespace, labels, without)
    return {} if budget is None else {"worker-disruption-budget": budget}


def executor_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if this version does not run the executor, or does not read all of its settings."""
    executor, dialect = settings.executor, settings.dialect
    if isinstance(executor, MultipleExecutors) and dialect.place("executors") is None:
        yield Finding(
            rule="executors/several",
            at="executor",
            problem=f"must be one executor with chart {dialect.chart}"
            if dialect.has("executors.several")
            else f"must be one executor with Airflow {dialect.airflow}",
            seen=executor.name,
            fix="use Airflow 2.10 or newer with chart 1.18 or newer, or a single executor",
        )
    if isinstance(executor, CeleryKubernetesExecutor) and not dialect.has("executors.celery_kubernetes"):
        yield Finding(
            rule="executors/airflow-3",
            at="executor",
            problem=f"is not supported by Airflow {dialect.airflow}",
            seen=executor.name,
            fix="use MultipleExecutors(CeleryExecutor(...), KubernetesExecutor()), and set the executor of the task instead of "
            "the queue",
        )
    celery = celery_of(executor)
    if celery is not None:
        yield from _celery_rules(settings, celery)
        yield from _shared_key_rules(settings, celery)


def _celery_rules(settings: ReleaseSettings, celery: CeleryExecutor) -> Iterator[Finding]:
    dialect = settings.dialect
    at = "executor" if not isinstance(settings.executor, MultipleExecutors) else "executor.executors"
    if celery.sets and dialect.place("workers.sets") is None:
        yield unsupported_setting(dialect, "workers.sets", f"{at}.sets", [each.name for each in celery.sets])
    for where, given in (
        (f"{at}.workers", celery.workers),
        *((f"{at}.sets[{i}]", each) for i, each in enumerate(celery.sets)),
    ):
        yield from _worker_rules(settings, given, where)
    broker = celery.broker
    if isinstance(broker, RedisBroker):
        for field, meaning in (("grace_period", "redis.grace_period"), ("labels", "redis.labels")):
            if getattr(broker, field) and dialect.place(meaning) is None:
                yield unsupported_setting(dialect, meaning, f"{at}.broker.{field}", getattr(broker, field))


def _worker_rules(settings: ReleaseSettings, given: CeleryWorkers, at: str) -> Iterator[Finding]:
    dialect = settings.dialect
    yield from _name_rules(settings, given, at)
    yield from groomer_rules(given.log_groomer, dialect, f"{at}.log_groomer")
    without_claim = dialect.place("workers.log_groomer_without_claim")
    if given.storage is None and without_claim is None and given.log_groomer not in (None, LogGroomer()):
        yield unsupported_setting(dialect, "workers.log_groomer_without_claim", f"{at}.log_groomer", given.log_groomer)
    if given.storage is not None and isinstance(settings.logs, ClaimLogs | ExistingClaimLogs):
        yield Finding(
            rule="executors/storage",
            at=f"{at}.storage",
            problem="is ignored: log files are on the volume claim of logs=",
            seen=show(given.storage),
            fix="Remove it, or use another logs=",
        )


def _name_rules(settings: ReleaseSettings, given: CeleryWorkers, at: str) -> Iterator[Finding]:
    """Findings for names that the chart derives from a release and a set, and that are too long.

    Workers with a volume are a StatefulSet, whose pods have a label with its name and a hash of ten characters.
    """
    if not isinstance(given, WorkerSet):
        return
    longest, what = (LONGEST_LABEL, "Service") if given.storage is None else (LONGEST_STATEFUL_SET, "StatefulSet")
    name = f"{settings.release}-worker-{given.name}"
    if len(name) > longest:
        yield Finding(
            rule="executors/name-length",
            at=f"{at}.name",
            problem=f"must have at most {longest + len(given.name) - len(name)} characters with release {settings.release!r}: the "
            f"{what} {name} would have {len(name)}, and Kubernetes accepts {longest}",
            seen=show(given.name),
            fix="Use a shorter name, or a shorter release=",
        )


def _shared_key_rules(settings: ReleaseSettings, celery: CeleryExecutor) -> Iterator[Finding]:
    """Findings for settings that share a key: charts before 1.20 have one for workers, task pods and logs of the scheduler."""
    dialect, workers = settings.dialect, celery.workers
    if dialect.place("workers") is None:
        return
    task_resources = task_resources_of(settings.executor)
    if task_resources is not None:
        fix = "Remove it, or choose chart_version 1.20.0 or newer"
        if task_resources not in (TASK_POD, workers.resources):
            yield Finding(
                rule="executors/shared-key",
                at="executor.task_resources",
                problem=f"must equal resources= of the workers, because chart {dialect.chart} has one key for both",
                seen=show(task_resources),
                fix=fix,
            )
        for key in pod_values(without_release_wide(settings), workers):
            yield Finding(
                rule="executors/shared-key",
                at="executor.workers",
                problem=f"sets {key}, and chart {dialect.chart} has one key for workers and task pods",
                fix=fix,
            )
    if settings.runs_tasks_in_scheduler and workers.storage is not None:
        yield Finding(
            rule="executors/shared-key",
            at="executor.workers.storage",
            problem=f"would create a volume of the scheduler too, because chart {dialect.chart} has one key for both",
            fix="Remove it, or choose chart_version 1.20.0 or newer",
        )


def executor_objects(settings: ReleaseSettings) -> Objects:
    """Objects of workers for which this version of the chart has none: disruption budgets, and ScaledObjects."""
    made = own_worker_budgets(settings)
    celery = celery_of(settings.executor)
    if celery is None:
        return made
    for given in all_workers(celery):
        if isinstance(given.scaling, Keda):
            component = f"worker-{given.name}" if isinstance(given, WorkerSet) else "worker"
            kind = "Deployment" if given.storage is None else "StatefulSet"
            made |= scaled_object(settings, component, kind, given.scaling, _query(settings, celery, given))
    return made


def executor_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets of broker and result backend."""
    celery, namespace = celery_of(settings.executor), settings.namespace
    if celery is None:
        return
    broker = celery.broker
    if isinstance(broker, RedisBroker):
        yield needs.random_password(broker.password, namespace, "the password of Redis, the broker of Celery")
        yield needs.composed_url(
            broker.url,
            namespace,
            "the broker's URL",
            source=broker.password,
            url=("redis://:", f"@{settings.release}-redis:6379/0"),
        )
    else:
        yield needs.typed(broker.url, namespace, "the broker's URL", prompt="Broker URL")
    if celery.result_backend is not None:
        yield needs.typed(
            celery.result_backend, namespace, "the URL of Celery's results", prompt="URL of the result backend"
        )
    database = settings.database
    if database.results_secret is not None and database.results is not None and database.password is not None:
        yield needs.dsn_copied(
            database.results_secret,
            namespace,
            source=database.password,
            url=database.results.url_parts("db+postgresql"),
            purpose="the URL of Celery's results",
        )


EXECUTOR = Concept(
    values=executor_values,
    config=executor_config,
    objects=executor_objects,
    rules=executor_rules,
    needs=executor_needs,
)
"""The executor, its workers and its broker."""
