"""Dashboards for Grafana, as data, and the JSON that the Grafana Foundation SDK makes of them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.monitoring.metrics import sends
from cdk8s_airflow.monitoring.targets import Targets
from cdk8s_airflow.monitoring.wire.promql import alternatives, increased, selected
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.validation.frozen import frozen


@frozen
class DashboardQuery:
    """One query of a panel.

    Attributes:
        expr: the expression of Prometheus.
        legend: the legend, with templates of Grafana such as ``{{pool}}``.
    """

    expr: str
    legend: str


@frozen
class DashboardPanel:
    """One panel.

    Attributes:
        title: its title.
        about: what it shows, and what to do when it is high.
        queries: its queries.
        unit: the unit of Grafana, such as ``"s"``, ``"bytes"`` or ``"short"``.
        single: whether it shows one number instead of a curve.
    """

    title: str
    about: str
    queries: tuple[DashboardQuery, ...]
    unit: str = "short"
    single: bool = False


@frozen
class DashboardPage:
    """One dashboard.

    Attributes:
        key: the last part of its ``uid`` and of the name of its ConfigMap.
        title: its title.
        panels: its panels, in order.
    """

    key: str
    title: str
    panels: tuple[DashboardPanel, ...]


def dashboard_pages(targets: Targets) -> Iterator[DashboardPage]:
    """The dashboards of a platform: only those whose metrics are scraped."""
    release = targets.release
    if release.statsd is not None:
        yield DashboardPage(key="overview", title=f"Airflow {release.release}", panels=tuple(_overview(targets)))
        yield DashboardPage(
            key="scheduler",
            title=f"Airflow {release.release}: scheduler and executor",
            panels=tuple(_scheduler(targets)),
        )
        yield DashboardPage(key="dags", title=f"Airflow {release.release}: DAG runs", panels=tuple(_dags(targets)))
    if targets.clusters:
        yield DashboardPage(
            key="database", title=f"Airflow {release.release}: database", panels=tuple(_database(targets))
        )
    if targets.stores:
        yield DashboardPage(
            key="store", title=f"Airflow {release.release}: object store", panels=tuple(_stores(targets))
        )


def _panel(
    title: str, about: str, *queries: tuple[str, str], unit: str = "short", single: bool = False
) -> DashboardPanel:
    made = tuple(DashboardQuery(expr=expr, legend=legend) for expr, legend in queries)
    return DashboardPanel(title=title, about=about, queries=made, unit=unit, single=single)


def _overview(targets: Targets) -> Iterator[DashboardPanel]:
    release = targets.release
    where = {"namespace": release.namespace, "job": release.statsd or ""}

    def value(metric: str) -> str:
        return f"max({selected(metric, where)})"

    heartbeats = [("scheduler", "airflow_scheduler_heartbeat")]
    if release.triggerer:
        heartbeats.append(("triggerer", "airflow_triggerer_heartbeat"))
    if release.dag_processor and sends(release.airflow, "airflow_dag_processor_heartbeat"):
        heartbeats.append(("DAG processor", "airflow_dag_processor_heartbeat"))
    yield _panel("DAGs", "DAGs that were found.", (value("airflow_dagbag_size"), "DAGs"), single=True)
    yield _panel(
        "Import errors",
        "DAG files that cannot be imported.",
        (value("airflow_dag_processing_import_errors"), "files"),
        single=True,
    )
    yield _panel("Running tasks", "Tasks that run.", (value("airflow_executor_running_tasks"), "tasks"), single=True)
    yield _panel(
        "Queued tasks",
        "Tasks that wait for the executor.",
        (value("airflow_executor_queued_tasks"), "tasks"),
        single=True,
    )
    yield _panel(
        "Heartbeats",
        "Heartbeats each second. A component that sends none is down.",
        *((f"sum(rate({selected(metric, where)}[5m]))", name) for name, metric in heartbeats),
    )
    yield _panel(
        "Task instances",
        "Task instances that ended in 5 minutes.",
        (increased(selected("airflow_ti_successes", where), "5m", ["namespace"]), "success"),
        (increased(selected("airflow_ti_failures", where), "5m", ["namespace"]), "failure"),
    )
    everywhere = f'namespace=~"{alternatives(release.namespaces)}"'
    yield _panel(
        "Pods",
        "Pods by phase. Many pending pods: the nodes have no free CPU or memory.",
        (f"sum by (phase) ({selected('kube_pod_status_phase', {}, everywhere)})", "{{phase}}"),
    )
    containers = f'{everywhere},container!=""'
    yield _panel(
        "Memory",
        "Working set of all containers of a name. Tasks of the Kubernetes executor run in containers called base.",
        (f"sum by (container) ({selected('container_memory_working_set_bytes', {}, containers)})", "{{container}}"),
        unit="bytes",
    )
    yield _panel(
        "CPU",
        "CPU cores that all containers of a name use.",
        (
            f"sum by (container) (rate({selected('container_cpu_usage_seconds_total', {}, containers)}[5m]))",
            "{{container}}",
        ),
    )


def _scheduler(targets: Targets) -> Iterator[DashboardPanel]:
    where = {"namespace": targets.release.namespace, "job": targets.release.statsd or ""}
    pool = 'pool!=""'

    def mean(metric: str) -> str:
        total, count = (selected(f"{metric}_{part}", where) for part in ("sum", "count"))
        return f"sum(rate({total}[5m])) / sum(rate({count}[5m]))"

    yield _panel(
        "Executor",
        "Slots of the executor. No open slot: raise Throughput(tasks=), or add workers.",
        *(
            (f"max({selected(f'airflow_executor_{part}', where)})", label)
            for part, label in (("open_slots", "open"), ("running_tasks", "running"), ("queued_tasks", "queued"))
        ),
    )
    yield _panel(
        "Open slots of pools",
        "A pool without open slots makes its tasks wait.",
        (f"min by (pool) ({selected('airflow_pool_open_slots', where, pool)})", "{{pool}}"),
    )
    yield _panel(
        "Tasks that could run",
        "Executable tasks, and tasks that wait because their pool is full.",
        (f"max({selected('airflow_scheduler_tasks_executable', where)})", "executable"),
        (f"max({selected('airflow_scheduler_tasks_starving', where)})", "starving"),
    )
    yield _panel(
        "Scheduler loop",
        "Average duration of a loop of the scheduler, and of its critical section.",
        (mean("airflow_scheduler_scheduler_loop_duration"), "loop"),
        (mean("airflow_scheduler_critical_section_duration"), "critical section"),
        unit="s",
    )
    yield _panel(
        "DAG files",
        "Duration of one pass over all DAG files.",
        (f"max({selected('airflow_dag_processing_total_parse_time', where)})", "parse time"),
        unit="s",
    )
    yield _panel(
        "Triggers",
        "Deferred tasks that wait in the triggerer.",
        (f"max({selected('airflow_triggers_running', where)})", "running"),
    )


def _dags(targets: Targets) -> Iterator[DashboardPanel]:
    where = {"namespace": targets.release.namespace, "job": targets.release.statsd or ""}
    dag = 'dag_id!=""'

    def mean(metric: str) -> str:
        total, count = (selected(f"{metric}_{part}", where, dag) for part in ("sum", "count"))
        return f"sum by (dag_id) (increase({total}[1h])) / sum by (dag_id) (increase({count}[1h]))"

    yield _panel(
        "Duration of DAG runs",
        "Average duration of successful runs in one hour.",
        (mean("airflow_dagrun_duration"), "{{dag_id}}"),
        unit="s",
    )
    yield _panel(
        "Failed DAG runs",
        "Runs that failed in one hour.",
        (increased(selected("airflow_dagrun_failed_count", where, dag), "1h", ["dag_id"]), "{{dag_id}}"),
    )
    yield _panel(
        "Delay of DAG runs",
        "Average time from the scheduled start to the real start.",
        (mean("airflow_dagrun_schedule_delay"), "{{dag_id}}"),
        unit="s",
    )
    yield _panel(
        "Tasks by state",
        "Task instances that ended in one hour. Needs statsd_mappings().",
        (
            increased(selected("airflow_ti_finish", where, dag), "1h", ["dag_id", "state"]),
            "{{dag_id}} {{state}}",
        ),
    )
    if sends(targets.release.airflow, "airflow_task_queued_duration_sum"):
        yield _panel(
            "Time in the queue",
            "Average time that tasks are queued, until they run. Needs statsd_mappings().",
            (mean("airflow_task_queued_duration"), "{{dag_id}}"),
            unit="s",
        )
    else:
        yield _panel(
            "Time before the queue",
            "Average time that tasks are scheduled, until they are queued. Needs statsd_mappings().",
            (mean("airflow_task_scheduled_duration"), "{{dag_id}}"),
            unit="s",
        )


def _database(targets: Targets) -> Iterator[DashboardPanel]:
    for cluster in targets.clusters:
        where, pods = {"namespace": cluster.namespace}, f'pod=~"{cluster.name}-[0-9]+"'

        def by_pod(metric: str, where: dict[str, str] = where, pods: str = pods, *more: str) -> str:
            return f"sum by (pod) ({selected(metric, where, pods, *more)})"

        name = cluster.name
        limit = selected("cnpg_pg_settings_setting", {**where, "name": "max_connections"}, pods)
        yield _panel(
            f"Sessions of {name}",
            "Open sessions, and max_connections.",
            (by_pod("cnpg_backends_total"), "{{pod}}"),
            (f"min({limit})", "max_connections"),
        )
        yield _panel(
            f"Transactions of {name}",
            "Transactions each second.",
            (
                f"sum by (pod) (rate({selected('cnpg_pg_stat_database_xact_commit', where, pods)}[5m]))",
                "{{pod}} commit",
            ),
            (
                f"sum by (pod) (rate({selected('cnpg_pg_stat_database_xact_rollback', where, pods)}[5m]))",
                "{{pod}} rollback",
            ),
        )
        yield _panel(
            f"Size of {name}",
            "Size of the databases.",
            (f"max by (datname) ({selected('cnpg_pg_database_size_bytes', where, pods)})", "{{datname}}"),
            unit="bytes",
        )
        if cluster.instances > 1:
            yield _panel(
                f"Replication lag of {name}",
                "How far replicas are behind.",
                (f"max by (pod) ({selected('cnpg_pg_replication_lag', where, pods)})", "{{pod}}"),
                unit="s",
            )
    for pooler in targets.poolers:
        where, pods = {"namespace": pooler.namespace}, f'pod=~"{pooler.name}-.+"'
        yield _panel(
            f"Clients of {pooler.name}",
            "Clients with a session, and clients that wait for one.",
            (f"sum by (database) ({selected('cnpg_pgbouncer_pools_cl_active', where, pods)})", "{{database}} active"),
            (f"sum by (database) ({selected('cnpg_pgbouncer_pools_cl_waiting', where, pods)})", "{{database}} waiting"),
        )


def _stores(targets: Targets) -> Iterator[DashboardPanel]:
    for store in targets.stores:
        where, name = {"namespace": store.namespace, "job": store.name}, store.name
        answers = "SeaweedFS_s3_request_total"
        yield _panel(
            f"Requests to {name}",
            "S3 requests each second.",
            (f"sum by (type) (rate({selected(answers, where)}[5m]))", "{{type}}"),
        )
        errors = selected(answers, where, 'code=~"[45].."')
        yield _panel(
            f"Refused and failed requests to {name}",
            "S3 requests each second, by status. 4xx: the request or its credentials; 5xx: the store.",
            (f"sum by (code) (rate({errors}[5m]))", "{{code}}"),
        )
        total, count = (selected(f"SeaweedFS_s3_request_seconds_{part}", where) for part in ("sum", "count"))
        yield _panel(
            f"Duration of requests to {name}",
            "Average duration of S3 requests.",
            (f"sum by (type) (rate({total}[5m])) / sum by (type) (rate({count}[5m]))", "{{type}}"),
            unit="s",
        )
        resource = "SeaweedFS_volumeServer_resource"
        yield _panel(
            f"Disk of {name}",
            "Free and total space of the disk.",
            *(
                (f"max by (name) ({selected(resource, {**where, 'type': kind})})", f"{{{{name}}}} {label}")
                for kind, label in (("avail", "free"), ("all", "total"))
            ),
            unit="bytes",
        )
        read_only = {**where, "type": "IsReadOnly"}
        yield _panel(
            f"Volumes of {name}",
            "Volumes, how many of them are read-only, and how many the disk can have.",
            (f"sum({selected('SeaweedFS_volumeServer_volumes', {**where, 'type': 'volume'})})", "volumes"),
            (f"sum({selected('SeaweedFS_volumeServer_read_only_volumes', read_only)})", "read-only"),
            (f"max({selected('SeaweedFS_volumeServer_max_volumes', where)})", "maximum"),
        )
        yield _panel(
            f"Buckets of {name}",
            "Size of the objects in each bucket.",
            (f"max by (bucket) ({selected('SeaweedFS_s3_bucket_size_bytes', where)})", "{{bucket}}"),
            unit="bytes",
        )


def dashboard_objects(targets: Targets, labels: Mapping[str, str], folder: str | None) -> dict[str, dict[str, Any]]:
    """A ConfigMap for each dashboard, by construct id.

    Raises:
        ImportError: if the extra ``dashboards`` is not installed.
    """
    release = targets.release
    made: dict[str, dict[str, Any]] = {}
    for page in dashboard_pages(targets):
        uid = _uid(release.release, page.key)
        metadata: dict[str, Any] = {
            "name": f"{release.release}-dashboard-{page.key}",
            "namespace": release.namespace,
            "labels": dict(labels),
        }
        if folder is not None:
            metadata["annotations"] = {"grafana_folder": folder}
        made[f"dashboard-{page.key}"] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {f"{release.release}-{page.key}.json": dashboard_json(page, uid)},
        }
    return made


def _uid(release: str, key: str) -> str:
    """The unique id of a dashboard. Grafana takes at most 40 characters."""
    uid = f"{release}-{key}"
    return uid if len(uid) <= 40 else f"{release[:20]}-{digest(release, 8)}-{key}"


def dashboard_json(page: DashboardPage, uid: str) -> str:
    """The dashboard as Grafana reads it: the same bytes for the same page.

    Args:
        page: the dashboard.
        uid: its unique id in Grafana, at most 40 characters.

    Raises:
        ImportError: if the extra ``dashboards`` is not installed.
    """
    with warnings.catch_warnings():
        # The library recommends its second version of dashboards, which Grafana reads since 13 only.
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common as common_models
    from grafana_foundation_sdk.models import dashboard as models

    source = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
    board = (
        dashboard.Dashboard(page.title)
        .uid(uid)
        .tags(["airflow"])
        .editable()
        .time("now-6h", "now")
        .refresh("1m")
        .timezone(common_models.TimeZoneBrowser)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for number, panel in enumerate(page.panels, 1):
        builder: Any = stat.Panel() if panel.single else timeseries.Panel()
        builder = (
            builder.id(number)
            .title(panel.title)
            .description(panel.about)
            .unit(panel.unit)
            .datasource(source)
            .span(6 if panel.single else 12)
            .height(4 if panel.single else 8)
        )
        if panel.single:
            # Without any option, the library writes null, which it does not read itself.
            builder = builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        else:
            builder = builder.legend(
                common.VizLegendOptions()
                .display_mode(common_models.LegendDisplayMode.LIST)
                .placement(common_models.LegendPlacement.BOTTOM)
                .show_legend(True)
            )
        for index, query in enumerate(panel.queries):
            builder = builder.with_target(
                prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id("ABCDEFGH"[index])
            )
        board = board.with_panel(builder)
    document = json.loads(JSONEncoder().encode(board.build()))
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
