"""Rules on releases of the Airflow chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.model.version import CHARTS
from cdk8s_airflow.plan.amount import same_amount
from cdk8s_airflow.plan.conditions import (
    changed,
    either,
    is_true,
    lowered,
    mappings,
    raised,
    shorter,
    texts,
    turned_off,
    turned_on,
)  # fmt: skip
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.references import (
    DATABASE_VARIABLES,
    Reference,
    broker_reference,
    dag_source,
    database_reference,
    is_in_pods,
    log_location,
    result_reference,
    runs_celery,
    runs_locally,
)  # fmt: skip
from cdk8s_airflow.plan.restarts import job_of, present, restarted, spoken
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Context, Found, Rule, Setting
from cdk8s_airflow.plan.tree import MISSING, Path, find, parse_path, show_path
from cdk8s_airflow.validation.quantities import quantity_or_none
from cdk8s_airflow.validation.versions import version_at_start

_AIRFLOW = ("airflow",)
_UI = ("apiServer", "webserver")
_COMPONENTS = (
    "scheduler", "apiServer", "webserver", "dagProcessor", "triggerer", "workers", "workers.celery", "workers.celery.sets.*",
)  # fmt: skip

LAST_BEFORE_THREE = (2, 11)
"""The minor version from which the upgrade to Airflow 3 starts. Source: docs/how-to/upgrade.md."""


def airflow_version(document: Any) -> str:
    """The version of Airflow that a release runs: what the values say, or what the chart was released with."""
    value = find(document, "values.airflowVersion")
    if isinstance(value, str):
        return value
    runs = CHARTS.get(str(find(document, "release.version")))
    return runs.default if runs else ""


def _step(view: View) -> str:
    """What kind of step the version of Airflow makes."""
    old, new = (version_at_start(airflow_version(document)) for document in (view.old, view.new))
    if old is None or new is None or old == new:
        return ""
    if new[:2] == old[:2]:
        return "patch-upgrade" if new > old else "patch-downgrade"
    if new < old:
        return "downgrade"
    return "skipped-step" if old[0] < 3 <= new[0] and old[:2] < LAST_BEFORE_THREE else "upgrade"


_IMAGE_OF_VERSION = (
    "values.airflowVersion", "values.defaultAirflowTag", "values.images.airflow.tag", "values.images.pod_template.tag",
    "values.podTemplate.**.image",
)  # fmt: skip


def _same_version(setting: Setting) -> bool:
    """The image changes on its own, and not because the version of Airflow does."""
    return not (setting.path[-1].lower().endswith("tag") and _step(setting.view))


def _version(kind: str) -> Callable[[View, Pair, Context], Iterator[Found]]:
    def check(view: View, pair: Pair, context: Context) -> Iterator[Found]:
        if _step(view) == kind:
            old, new = airflow_version(view.old), airflow_version(view.new)
            value = find(view.new, "values.airflowVersion")
            path = "values.airflowVersion" if isinstance(value, str) else "release.version"
            yield Found(parse_path(path), {"old": old, "new": new}, _IMAGE_OF_VERSION)

    return check


def _chart(direction: int) -> Callable[[Setting], bool]:
    def check(setting: Setting) -> bool:
        old, new = version_at_start(setting.old), version_at_start(setting.new)
        return old is not None and new is not None and (new > old) == (direction > 0)

    return check


def _unpinned(setting: Setting) -> bool:
    return not setting.new or version_at_start(setting.new) is None


def _reference(
    of: Callable[[Any], Reference],
    also: tuple[str, ...],
    condition: Callable[[View, Reference, Reference], bool] = lambda view, old, new: True,
) -> Callable[[View, Pair, Context], Iterator[Found]]:
    """What a release refers to is something else than before."""

    def check(view: View, pair: Pair, context: Context) -> Iterator[Found]:
        old, new = (of(find(document, "values")) for document in (view.old, view.new))
        if old.text != new.text and condition(view, old, new):
            path = parse_path(new.path or old.path)
            yield Found(path, {"old": old.text, "new": new.text}, also)

    return check


def _celery(view: View, old: Reference, new: Reference) -> bool:
    return all(runs_celery(find(document, "values")) for document in (view.old, view.new))


def _moved_logs(view: View, old: Reference, new: Reference) -> bool:
    return not is_in_pods(old) and not is_in_pods(new)


def _lost_logs(view: View, old: Reference, new: Reference) -> bool:
    return is_in_pods(new)


def _no_logs(view: View, old: Reference, new: Reference) -> bool:
    return is_in_pods(old)


_DATABASE_VALUES = (
    "values.data.metadataSecretName",
    "values.data.metadataConnection.**",
    *(f"values.secret.[{name}].**" for name in DATABASE_VARIABLES),
)
_LOG_VALUES = (
    "values.logs.persistence.existingClaim", "values.logs.persistence.enabled", "values.config.logging.remote_base_log_folder",
    "values.config.logging.remote_logging",
)  # fmt: skip


def _both_named(setting: Setting) -> bool:
    """A Secret is replaced by another; not one that only the new version of Airflow needs."""
    return setting.old is not MISSING and setting.new is not MISSING


def _fernet(setting: Setting) -> bool:
    return setting.old is not MISSING or bool(setting.before("values.fernetKey") or setting.before("values.executor"))


def _claim_template(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    """Volumes from templates of a StatefulSet, which cannot be changed."""
    for section, used in _volume_sections(view):
        old, new = (find(document, section) for document in (view.old, view.new))
        if not used or not all(find(holder, "persistence.enabled") is True for holder in (old, new)):
            continue
        for key in ("size", "storageClassName"):
            before, after = (find(holder, f"persistence.{key}") for holder in (old, new))
            if before != after and not same_amount((key,), before, after):
                yield Found((*section, "persistence", key), {"old": before, "new": after})


def _volume_sections(view: View) -> Iterator[tuple[Path, bool]]:
    """The parts of the values that may have volumes of a StatefulSet, and whether their workload is there in both outputs."""
    old, new = (find(document, "values") for document in (view.old, view.new))
    celery = runs_celery(old) and runs_celery(new)
    tasks = celery or (runs_locally(old) and runs_locally(new))
    yield ("values", "triggerer"), True
    yield ("values", "redis"), celery
    yield ("values", "workers"), tasks
    yield ("values", "workers", "celery"), tasks
    for name in _sets(old) & _sets(new):
        yield ("values", "workers", "celery", "sets", f"[{name}]"), celery


def _sets(values: Any) -> set[str]:
    return {str(each.get("name")) for each in mappings(find(values, "workers.celery.sets"))}


def _workload_kind(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    for section, used in _volume_sections(view):
        path = (*section, "persistence", "enabled")
        old, new = find(view.old, path), find(view.new, path)
        if used and section != ("values", "redis") and MISSING not in (old, new) and old != new:
            to = "StatefulSet with volumes" if new is True else "Deployment without volumes"
            also = (show_path((*section, "persistence", "**")),)
            yield Found(path, {"to": to, "component": spoken([section[1]])}, also)


def _chart_claim(setting: Setting) -> bool:
    sections = [find(document, setting.path[:-1]) for document in (setting.view.old, setting.view.new)]
    ours = [bool(find(section, "existingClaim")) for section in sections]
    on = [find(section, "enabled") is True for section in sections]
    if any(ours) or not all(on):
        return False
    return setting.path[-1] != "size" or lowered(setting)


def _autoscaled(setting: Setting) -> bool:
    """An autoscaler sets the number of replicas, before and after."""
    components = [find(document, setting.path[:-1]) for document in (setting.view.old, setting.view.new)]
    return all(any(find(each, f"{scaler}.enabled") is True for scaler in ("hpa", "keda")) for each in components)


def _to_zero(setting: Setting) -> bool:
    return setting.new == 0 and setting.old != 0 and not _autoscaled(setting)


def _fewer(setting: Setting) -> bool:
    return lowered(setting) and setting.new != 0 and not _autoscaled(setting)


def _more(setting: Setting) -> bool:
    return raised(setting) and not _autoscaled(setting)


def _name(setting: Setting) -> dict[str, object]:
    return {"component": spoken([setting.path[1]])}


def _named(condition: Callable[[Setting], bool]) -> Callable[[Setting], bool | Mapping[str, object]]:
    return lambda setting: _name(setting) if condition(setting) else False


_REPLICAS = tuple(f"values.{component}.replicas" for component in _COMPONENTS)
_SCALERS = tuple(f"values.{component}.{scaler}" for component in _COMPONENTS for scaler in ("hpa", "keda"))


def _hosts(document: Any) -> set[str]:
    found: set[str] = set()
    for ui in ("web", "apiServer", "flower"):
        if find(document, f"values.ingress.{ui}.enabled") is not True:
            continue
        hosts = find(document, f"values.ingress.{ui}.hosts")
        for host in hosts if isinstance(hosts, list) else ():
            found.add(str(host.get("name")) if isinstance(host, Mapping) else str(host))
        single = find(document, f"values.ingress.{ui}.host")
        if isinstance(single, str) and single:
            found.add(single)
    return found


def _section(document: Any) -> str:
    return "web" if find(document, "values.ingress.web.enabled") is True else "apiServer"


def _host_removed(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = _hosts(view.old), _hosts(view.new)
    if old - new and new:
        path = parse_path(f"values.ingress.{_section(view.new)}.hosts")
        words = {"old": ", ".join(sorted(old - new)), "new": ", ".join(sorted(new))}
        yield Found(path, words)


def _ingress_off(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = _hosts(view.old), _hosts(view.new)
    if old and not new:
        words = {"old": ", ".join(sorted(old))}
        also = ("values.ingress.**",)
        yield Found(parse_path(f"values.ingress.{_section(view.old)}.enabled"), words, also)


def _tls(document: Any) -> dict[str, str]:
    found = {}
    for ui in ("web", "apiServer", "flower"):
        hosts = find(document, f"values.ingress.{ui}.hosts")
        for host in hosts if isinstance(hosts, list) else ():
            tls = host.get("tls") if isinstance(host, Mapping) else None
            if isinstance(tls, Mapping) and tls.get("enabled") is True:
                found[str(host.get("name"))] = str(tls.get("secretName"))
    return found


def _tls_removed(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new, hosts = _tls(view.old), _tls(view.new), _hosts(view.new)
    plain = sorted(host for host in old if host in hosts and host not in new)
    if plain:
        yield Found(
            ("values", "ingress", _section(view.new), "hosts"),
            {"host": ", ".join(plain)},
        )


def _tls_secret(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = _tls(view.old), _tls(view.new)
    for host in sorted(old.keys() & new.keys()):
        if old[host] != new[host]:
            path = ("values", "ingress", _section(view.new), "hosts", f"[{host}]", "tls", "secretName")
            yield Found(path, {"old": old[host], "new": new[host]})


def _exposed(setting: Setting) -> bool:
    return setting.new in ("LoadBalancer", "NodePort") and setting.old not in ("LoadBalancer", "NodePort")


def _other_type(setting: Setting) -> bool:
    return setting.old is not MISSING and setting.new is not MISSING and not _exposed(setting)


def _more_ranges(setting: Setting) -> bool:
    old, new = (set(texts(value)) for value in (setting.old, setting.new))
    return bool(old) and (not new or bool(new - old))


def _concurrency(setting: Setting) -> bool | Mapping[str, object]:
    default = _CONCURRENCY[setting.path[-1]]
    old, new = (quantity_or_none(default if value is MISSING else value) for value in (setting.old, setting.new))
    if old is None or new is None or new >= old:
        return False
    return {"old": f"{old:g}", "new": f"{new:g}"}


def _added(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    before, after = _present(view)
    for section in after:
        if section not in before:
            yield _component(section, find(view.new, "values"))


def _ended(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    before, after = _present(view)
    for section in before:
        replaced = section in _UI and any(other in after for other in _UI)
        if section not in after and not replaced:
            yield _component(section, find(view.old, "values"))


def _present(view: View) -> tuple[list[str], list[str]]:
    before, after = (present(find(document, "values")) for document in (view.old, view.new))
    return before, after


def _component(section: str, values: Any) -> Found:
    """The settings of a component that comes or goes; its switch may restart others and is reported on its own."""
    keys = find(values, section)
    sections = _UI if section in _UI else (section,)
    names = list(keys) if isinstance(keys, Mapping) else []
    also = [f"values.{each}.{key}.**" for each in sections for key in names if key != "enabled"]
    return Found(("values", section), {"component": spoken([section])}, tuple(also))


_CONCURRENCY = {
    "parallelism": 32, "worker_concurrency": 16, "max_active_tasks_per_dag": 16, "max_active_runs_per_dag": 16,
}  # fmt: skip
"""Defaults of Airflow. Source: config.yml of 2.9 to 3.2."""


def _restarts(setting: Setting) -> bool | Mapping[str, object]:
    path = setting.path[1:]
    old, new = (restarted(path, find(document, "values")) for document in (setting.view.old, setting.view.new))
    sections = list(dict.fromkeys([*old, *new]))
    return {"workloads": spoken(sections)} if sections and setting.pair.id not in setting.context.rendered else False


def _in_job(setting: Setting) -> bool | Mapping[str, object]:
    job = job_of(setting.path[1:])
    return {"job": job} if job else False


RULES = (
    Rule(
        id="airflow/downgrade",
        risk=Risk.IMPOSSIBLE,
        title="Airflow is downgraded",
        on=_AIRFLOW,
        check=_version("downgrade"),
        in_place=False,
        happens="Airflow is downgraded from {old} to {new}. The database is migrated to {old}, and an older Airflow does not start "
        "on it.",
        first="Keep {old}; or stop Airflow, restore a backup from before the upgrade, and then go back. All data written since that backup is lost.",
    ),
    Rule(
        id="airflow/patch-downgrade",
        risk=Risk.DOWNTIME,
        title="Airflow goes back to an older patch release",
        on=_AIRFLOW,
        check=_version("patch-downgrade"),
        in_place=False,
        happens="Airflow is downgraded from {old} to {new}. It starts only if no migration of the database is between the two.",
        first="Read the release notes of {old}, and take a backup of the database.",
    ),
    Rule(
        id="airflow/skipped-step",
        risk=Risk.DOWNTIME,
        title="An upgrade to Airflow 3 skips a step",
        on=_AIRFLOW,
        check=_version("skipped-step"),
        in_place=False,
        happens="Airflow is upgraded from {old} to {new} in one step. The supported path to Airflow 3 is through 2.11, which warns about what "
        "DAG files must change; the migration of the database cannot be undone.",
        first="Apply chart 1.20.0 with Airflow 2.11.0 first, fix what its logs warn of, take a backup, then upgrade to {new}.",
    ),
    Rule(
        id="airflow/upgrade",
        risk=Risk.DOWNTIME,
        title="Airflow is upgraded",
        on=_AIRFLOW,
        check=_version("upgrade"),
        in_place=False,
        happens="Airflow is upgraded from {old} to {new}. All components restart and wait until the database is migrated; running tasks "
        "can fail meanwhile. The migration cannot be undone.",
        first="Pause the DAGs, wait for running tasks, back up the database and the Fernet key, read the release notes.",
    ),
    Rule(
        id="airflow/patch-upgrade",
        risk=Risk.RESTART,
        title="Airflow is upgraded to another patch release",
        on=_AIRFLOW,
        check=_version("patch-upgrade"),
        in_place=False,
        happens="Airflow is upgraded from {old} to {new}. All components restart; the migration Job runs first.",
        first="Take a backup of the database.",
    ),
    Rule(
        id="chart/downgrade",
        risk=Risk.RESTART,
        title="The chart is downgraded",
        on=_AIRFLOW,
        paths=("release.version",),
        when=_chart(-1),
        in_place=False,
        happens="The chart is downgraded from {old} to {new}. All its objects change, and all workloads restart. Values that {new} does "
        "not read are ignored.",
        first="Run plan with --render to see each object.",
    ),
    Rule(
        id="chart/upgrade",
        risk=Risk.RESTART,
        title="The chart is upgraded",
        on=_AIRFLOW,
        paths=("release.version",),
        when=_chart(1),
        in_place=False,
        happens="The chart is upgraded from {old} to {new}. All its objects change, and all workloads restart.",
        first="Run plan with --render to see each object.",
    ),
    Rule(
        id="chart/unpinned",
        risk=Risk.RESTART,
        title="The version of the chart is not pinned",
        on=("release",),
        paths=("release.version",),
        when=_unpinned,
        in_place=False,
        happens="The version of the chart is {new} instead of {old}: each run installs the newest one.",
        first="Pin a version.",
    ),
    Rule(
        id="airflow/image",
        risk=Risk.RESTART,
        title="Airflow runs from another image",
        on=_AIRFLOW,
        paths=(
            "values.images.airflow.repository",
            "values.images.airflow.tag",
            "values.images.airflow.digest",
            "values.defaultAirflowRepository",
            "values.defaultAirflowTag",
            "values.defaultAirflowDigest",
        ),
        when=_same_version,
        also=("values.podTemplate.**.image",),
        in_place=False,
        happens="The image of Airflow changes ({path}: {old} to {new}). All components restart, and new tasks run in it.",
        first="Check that the image has the packages that the DAG files import.",
    ),
    Rule(
        id="keys/fernet",
        risk=Risk.DATA,
        title="The Fernet key comes from another Secret",
        on=_AIRFLOW,
        paths=("values.fernetKeySecretName", "values.fernetKey"),
        when=_fernet,
        in_place=False,
        happens="The Fernet key is read from Secret {new} instead of {old}. If that is another key, passwords of connections and "
        "variables in the database can no longer be decrypted.",
        first="Copy the same key into Secret {new}. To replace the key, list both keys and run airflow rotate-fernet-key.",
    ),
    Rule(
        id="keys/jwt",
        risk=Risk.DOWNTIME,
        title="The JWT key comes from another Secret",
        on=_AIRFLOW,
        paths=("values.jwtSecretName", "values.jwtSecret"),
        when=_both_named,
        in_place=False,
        happens="The key that signs tokens of tasks is read from Secret {new} instead of {old}. Tasks that run meanwhile are "
        "refused by the API server and fail; users have to log in again.",
        first="Wait for running tasks, or copy the same key into Secret {new}.",
    ),
    Rule(
        id="keys/api",
        risk=Risk.RESTART,
        title="The key of the API server or webserver comes from another Secret",
        on=_AIRFLOW,
        paths=("values.apiSecretKeySecretName", "values.webserverSecretKeySecretName"),
        when=_both_named,
        in_place=False,
        happens="The key that signs sessions is read from Secret {new} instead of {old}. All components restart, users have to log "
        "in again, and logs of running tasks cannot be read until all components have the new key.",
    ),
    Rule(
        id="connections/database",
        risk=Risk.DATA,
        title="Another metadata database",
        on=_AIRFLOW,
        check=_reference(database_reference, _DATABASE_VALUES),
        in_place=False,
        happens="The URL of the metadata database is read from {new} instead of {old}. If that is another database, Airflow no "
        "longer sees its runs, connections, variables and users.",
        first="Check that both name the same database, or move the data with a dump first.",
    ),
    Rule(
        id="connections/broker",
        risk=Risk.DOWNTIME,
        title="Another Celery broker",
        on=_AIRFLOW,
        check=_reference(broker_reference, ("values.data.brokerUrl*", "values.redis.enabled"), _celery),
        in_place=False,
        happens="The Celery broker is {new} instead of {old}. Tasks queued in the old one are never run; the scheduler "
        "queues them again when they time out.",
        first="Pause the DAGs and wait until the queue is empty.",
    ),
    Rule(
        id="connections/result-backend",
        risk=Risk.DOWNTIME,
        title="Another Celery result backend",
        on=_AIRFLOW,
        check=_reference(result_reference, ("values.data.resultBackend*.**",), _celery),
        in_place=False,
        happens="Results of Celery are kept in {new} instead of {old}. The scheduler no longer sees the state of tasks that run, "
        "and fails them.",
        first="Pause the DAGs and wait for running tasks.",
    ),
    Rule(
        id="logs/location",
        risk=Risk.DATA,
        title="Logs are kept in another place",
        on=_AIRFLOW,
        check=_reference(log_location, _LOG_VALUES, _moved_logs),
        in_place=False,
        happens="Logs of tasks are kept in {new} instead of {old}. The UI no longer shows logs of earlier runs, which stay in the "
        "old place.",
        first="Copy the logs to the new place under the same paths.",
    ),
    Rule(
        id="logs/not-kept",
        risk=Risk.DATA,
        title="Logs are no longer kept outside the pods",
        on=_AIRFLOW,
        check=_reference(log_location, _LOG_VALUES, _lost_logs),
        in_place=False,
        happens="Task logs are now lost with their pods; before, they were kept in {old}. The UI no longer shows logs of earlier "
        "runs, which stay there.",
        first="Keep logs outside the pods, or accept that they are lost.",
    ),
    Rule(
        id="logs/kept",
        risk=Risk.RESTART,
        title="Logs are kept outside the pods",
        on=_AIRFLOW,
        check=_reference(log_location, _LOG_VALUES, _no_logs),
        in_place=False,
        happens="Logs of tasks are kept in {new} ; before, they were lost with the pods. All components restart.",
    ),
    Rule(
        id="logs/retention",
        risk=Risk.DATA,
        title="Logs are deleted earlier",
        on=_AIRFLOW,
        paths=tuple(
            f"values.{component}.logGroomerSidecar.{key}"
            for component in _COMPONENTS
            for key in ("retentionDays", "retentionMinutes")
        ),
        when=shorter,
        happens="Logs in the pods and on the volume are deleted after {new} instead of {old} days.",
        first="Copy older logs that must stay.",
    ),
    Rule(
        id="database/cleanup",
        risk=Risk.DATA,
        title="Old rows of the database are deleted",
        on=_AIRFLOW,
        paths=("values.databaseCleanup.enabled",),
        when=turned_on,
        also=("values.databaseCleanup.**",),
        happens="A CronJob deletes old rows of the metadata database: runs, task instances and log entries.",
        first="Check the retention, and take a backup before it runs for the first time.",
    ),
    Rule(
        id="database/cleanup-retention",
        risk=Risk.DATA,
        title="Rows of the database are deleted earlier",
        on=_AIRFLOW,
        paths=("values.databaseCleanup.retentionDays",),
        when=either(
            shorter,
            lambda setting: setting.old is MISSING and find(setting.view.old, "values.databaseCleanup.enabled") is True,
        ),
        happens="Rows of the metadata database are deleted after {new} days instead of {old}.",
        first="Take a backup first.",
    ),
    Rule(
        id="dags/source",
        risk=Risk.DOWNTIME,
        title="The source of DAG files changes",
        on=_AIRFLOW,
        check=_reference(dag_source, ("values.dags.gitSync.enabled", "values.dags.persistence.enabled")),
        in_place=False,
        happens="DAG files come from {new} instead of {old}. DAGs that the new place does not have are no longer scheduled, and "
        "their running tasks fail.",
        first="Check that the new place has all DAG files.",
    ),
    Rule(
        id="dags/bundles",
        risk=Risk.DOWNTIME,
        title="DAG bundles change",
        on=_AIRFLOW,
        paths=("values.config.dag_processor.dag_bundle_config_list",),
        when=changed,
        happens="The list of DAG bundles changes. DAGs of a bundle that is removed are no longer scheduled.",
        first="Check that each DAG is in a bundle that stays.",
    ),
    Rule(
        id="dags/ref",
        risk=Risk.RESTART,
        title="Another branch, tag or folder of the DAG repository",
        on=_AIRFLOW,
        paths=tuple(f"values.dags.gitSync.{key}" for key in ("ref", "branch", "rev", "subPath")),
        also=("values.dags.gitSync.branch", "values.dags.gitSync.rev"),
        when=changed,
        in_place=False,
        happens="DAG files are taken from {new} instead of {old} ({path}). What synchronises them restarts, and DAGs that are only "
        "in {old} are no longer scheduled.",
    ),
    Rule(
        id="dags/credentials",
        risk=Risk.RESTART,
        title="The login for the DAG repository comes from another Secret",
        on=_AIRFLOW,
        paths=("values.dags.gitSync.credentialsSecret", "values.dags.gitSync.sshKeySecret"),
        when=changed,
        happens="git-sync reads its login from Secret {new} instead of {old} and restarts. Until the Secret exists, pods do not "
        "start.",
        first="Create Secret {new} first.",
    ),
    Rule(
        id="executor/changed",
        risk=Risk.DOWNTIME,
        title="Another executor",
        on=_AIRFLOW,
        paths=("values.executor",),
        in_place=False,
        happens="Tasks run by {new} instead of {old}. Queued tasks are queued again; running ones lose their executor and fail or "
        "are run again.",
        first="Pause the DAGs and wait for running tasks.",
    ),
    Rule(
        id="airflow/component-added",
        risk=Risk.CONFIGURATION,
        title="A component is added",
        on=_AIRFLOW,
        check=_added,
        happens="The {component} starts.",
    ),
    Rule(
        id="airflow/component-removed",
        risk=Risk.DOWNTIME,
        title="A component is removed",
        on=_AIRFLOW,
        check=_ended,
        happens="The {component} stops, and what needs it no longer works.",
        first="Check what uses it: without a triggerer, for example, deferred tasks never resume.",
    ),
    Rule(
        id="executor/concurrency",
        risk=Risk.RESTART,
        title="Fewer tasks run at a time",
        on=_AIRFLOW,
        paths=(
            "values.config.core.parallelism",
            "values.config.celery.worker_concurrency",
            "values.config.core.max_active_tasks_per_dag",
            "values.config.core.max_active_runs_per_dag",
        ),
        when=_concurrency,
        happens="{path} changes from {old} to {new}. All components restart; tasks above that wait.",
    ),
    Rule(
        id="statefulset/claim-template-of-chart",
        risk=Risk.IMPOSSIBLE,
        title="A volume of a StatefulSet of the chart changes",
        on=_AIRFLOW,
        check=_claim_template,
        happens="{path} is part of volumeClaimTemplates of a StatefulSet ({old} to {new}), which cannot be changed. The API server "
        "refuses it, and the upgrade of the release fails.",
        first="Keep {old}; or delete the StatefulSet with --cascade=orphan right before the upgrade. Existing volumes keep their "
        "size and class.",
    ),
    Rule(
        id="workload/kind-of-chart",
        risk=Risk.RESTART,
        title="A workload of the chart gets or loses its volumes",
        on=_AIRFLOW,
        check=_workload_kind,
        happens="The workload of the {component} becomes a {to}. Its pods are deleted and created again; running tasks on them end.",
        first="Wait for running tasks.",
    ),
    Rule(
        id="claim/of-chart",
        risk=Risk.IMPOSSIBLE,
        title="A volume claim of the chart changes",
        on=_AIRFLOW,
        paths=(
            "values.logs.persistence.size",
            "values.logs.persistence.storageClassName",
            "values.dags.persistence.size",
            "values.dags.persistence.storageClassName",
            "values.dags.persistence.accessMode",
        ),
        when=_chart_claim,
        happens="{path} is part of a volume claim and cannot be changed like this ({old} to {new}); the API server refuses it, and "
        "the upgrade of the release fails.",
        first="Keep {old}, or create a claim of your own, copy the files, and use it.",
    ),
    Rule(
        id="scaling/to-zero",
        risk=Risk.DOWNTIME,
        title="A component is scaled to zero",
        on=_AIRFLOW,
        paths=_REPLICAS,
        when=_named(_to_zero),
        happens="The {component} stops: it has 0 replicas instead of {old}.",
        first="Pause the DAGs.",
    ),
    Rule(
        id="scaling/fewer-replicas",
        risk=Risk.RESTART,
        title="A component has fewer replicas",
        on=_AIRFLOW,
        paths=_REPLICAS,
        when=_named(_fewer),
        happens="The number of replicas of the {component} changes from {old} to {new}. The others end; tasks that run on a Celery worker that is "
        "removed fail after its grace period.",
    ),
    Rule(
        id="scaling/more-replicas",
        risk=Risk.CONFIGURATION,
        title="A component has more replicas",
        on=_AIRFLOW,
        paths=_REPLICAS,
        when=_named(_more),
        happens="The number of replicas of the {component} changes from {old} to {new}. Each additional one opens database sessions of its own.",
        first="Compare the total with max_connections; synth checks it where the limit is known.",
    ),
    Rule(
        id="scaling/replicas-ignored",
        risk=Risk.CONFIGURATION,
        title="The number of replicas changes next to an autoscaler",
        on=_AIRFLOW,
        paths=_REPLICAS,
        when=lambda setting: setting.new is not MISSING and _autoscaled(setting),
        happens="{path} changes from {old} to {new}, but an autoscaler sets the number of replicas. Each upgrade sets it to {new} "
        "until the autoscaler corrects it.",
        first="Set the minimum of the autoscaler instead.",
    ),
    Rule(
        id="scaling/autoscaler",
        risk=Risk.RESTART,
        title="An autoscaler is added, removed or changed",
        on=_AIRFLOW,
        paths=_SCALERS,
        happens="The autoscaler of {path} {change}. The number of replicas follows; replicas that are removed end.",
        first="Check that the smallest number of replicas carries the load.",
    ),
    Rule(
        id="ui/host-of-chart",
        risk=Risk.DOWNTIME,
        title="A host name of the UI is removed",
        on=_AIRFLOW,
        check=_host_removed,
        in_place=False,
        happens="The UI and the API no longer answer under {old}; the host names are {new}.",
        first="Create DNS records and certificates for the new name first, and tell clients and the sign-on provider.",
    ),
    Rule(
        id="ui/ingress-removed",
        risk=Risk.DOWNTIME,
        title="The Ingress of the UI is removed",
        on=_AIRFLOW,
        check=_ingress_off,
        in_place=False,
        happens="The UI and the API no longer answer under {old}.",
        first="Expose them in another way in the same change.",
    ),
    Rule(
        id="ui/tls-removed-of-chart",
        risk=Risk.SECURITY,
        title="TLS of the UI is removed",
        on=_AIRFLOW,
        check=_tls_removed,
        in_place=False,
        happens="Connections to {host} are no longer encrypted: passwords and sessions can be read in transit.",
        first="Keep TLS, unless a proxy in front of it terminates TLS.",
    ),
    Rule(
        id="ui/tls-secret-of-chart",
        risk=Risk.DOWNTIME,
        title="The certificate of the UI comes from another Secret",
        on=_AIRFLOW,
        check=_tls_secret,
        happens="The certificate is read from Secret {new} instead of {old}. Until it exists, browsers refuse the connection.",
        first="Create Secret {new} first, or let cert-manager issue it.",
    ),
    Rule(
        id="ui/class-of-chart",
        risk=Risk.DOWNTIME,
        title="Another Ingress controller serves the UI",
        on=_AIRFLOW,
        paths=("values.ingress.*.ingressClassName", "values.ingress.*.path"),
        when=changed,
        happens="{path} {change}: the UI is served under another address.",
        first="Point the DNS record to the new address, and tell clients the new path.",
    ),
    Rule(
        id="ui/exposed",
        risk=Risk.SECURITY,
        title="The UI is reachable from outside the cluster",
        on=_AIRFLOW,
        paths=tuple(f"values.{ui}.service.type" for ui in _UI),
        when=_exposed,
        in_place=False,
        happens="The Service of the UI becomes {new}: it can be reached from outside the cluster without the Ingress.",
        first="Restrict the sources, and use TLS.",
    ),
    Rule(
        id="ui/source-ranges",
        risk=Risk.SECURITY,
        title="The load balancer of the UI accepts more sources",
        on=_AIRFLOW,
        paths=tuple(f"values.{ui}.service.loadBalancerSourceRanges" for ui in _UI),
        when=_more_ranges,
        in_place=False,
        happens="The load balancer accepts connections from {new} instead of {old}.",
        first="Check the ranges.",
    ),
    Rule(
        id="ui/service-type",
        risk=Risk.DOWNTIME,
        title="The Service of the UI gets another type",
        on=_AIRFLOW,
        paths=tuple(f"values.{ui}.service.type" for ui in _UI),
        when=_other_type,
        happens="The Service of the UI is {new} instead of {old}. Clients that used its old address outside the cluster can no "
        "longer connect.",
        first="Move the clients to another address first.",
    ),
    Rule(
        id="ui/service-port",
        risk=Risk.DOWNTIME,
        title="The port of the UI changes",
        on=_AIRFLOW,
        paths=tuple(f"values.{ui}.service.ports" for ui in _UI),
        when=changed,
        happens="The Service of the UI has the ports {new} instead of {old}. Clients that use the old ones can no longer connect.",
        first="Change the clients in the same change.",
    ),
    Rule(
        id="users/auth-manager",
        risk=Risk.DOWNTIME,
        title="The auth manager changes",
        on=_AIRFLOW,
        paths=("values.config.core.auth_manager",),
        in_place=False,
        happens="The auth manager is {new} instead of {old}. Users, roles and passwords of the old one are no longer used.",
        first="Check that an administrator can log in with the new one.",
    ),
    Rule(
        id="users/everybody-is-admin",
        risk=Risk.SECURITY,
        title="Every user is an administrator",
        on=_AIRFLOW,
        paths=("values.config.core.simple_auth_manager_all_admins",),
        when=turned_on,
        in_place=False,
        happens="Every user who can reach the UI is an administrator without a password.",
        first="Use it only if no one else can reach the UI.",
    ),
    Rule(
        id="users/config-shown",
        risk=Risk.SECURITY,
        title="The UI shows airflow.cfg",
        on=_AIRFLOW,
        paths=("values.config.api.expose_config", "values.config.webserver.expose_config"),
        when=lambda setting: is_true(setting.new) and not is_true(setting.old),
        in_place=False,
        happens="Every user who may see the configuration in the UI can read all of airflow.cfg, including secrets.",
        first="Use non-sensitive-only.",
    ),
    Rule(
        id="secrets/backend",
        risk=Risk.DOWNTIME,
        title="Another secrets backend",
        on=_AIRFLOW,
        paths=("values.config.secrets.backend", "values.config.secrets.backend_kwargs"),
        in_place=False,
        happens="{path} {change}. Connections and variables that are only in the old place are no longer found, and tasks that use "
        "them fail.",
        first="Copy them first.",
    ),
    Rule(
        id="hooks/migration-off",
        risk=Risk.DOWNTIME,
        title="The database is no longer migrated",
        on=_AIRFLOW,
        paths=("values.migrateDatabaseJob.enabled",),
        when=turned_off,
        in_place=False,
        happens="The migration Job is disabled. After the next upgrade of Airflow, all components wait for a migration that never runs.",
        first="Keep it, or run airflow db migrate in another way.",
    ),
    Rule(
        id="hooks/mode",
        risk=Risk.RESTART,
        title="A Job of the chart becomes a hook of Helm, or stops being one",
        on=_AIRFLOW,
        paths=("values.migrateDatabaseJob.useHelmHooks", "values.createUserJob.useHelmHooks"),
        happens="{path} {change}: the Job runs at another time of an upgrade. An older Job of this name that "
        "still exists blocks it.",
        first="Delete finished Jobs of the release first.",
    ),
    Rule(
        id="names/of-chart",
        risk=Risk.DOWNTIME,
        title="The objects of the chart get other names",
        on=_AIRFLOW,
        paths=("values.useStandardNaming", "values.fullnameOverride", "values.nameOverride"),
        happens="{path} {change}: Services, accounts and workloads get other names, and the old ones are deleted.",
        first="Pause the DAGs, and change what uses the old names.",
    ),
    Rule(
        id="accounts/name",
        risk=Risk.RESTART,
        title="A component runs as another service account",
        on=_AIRFLOW,
        paths=tuple(f"values.{component}.serviceAccount.name" for component in (*_COMPONENTS, "workers.kubernetes")),
        happens="The account is {new} instead of {old}. The component restarts with the permissions and the cloud identity of "
        "{new}.",
        first="Check the permissions of {new}, and change bindings and trust policies that name {old}.",
    ),
    Rule(
        id="airflow/job",
        risk=Risk.CONFIGURATION,
        title="A Job of the chart changes",
        on=_AIRFLOW,
        paths=("values.**",),
        when=_in_job,
        default=True,
        happens="The {job} uses it when it runs next ({path}).",
    ),
    Rule(
        id="airflow/restart",
        risk=Risk.RESTART,
        title="A value changes that is part of pods",
        on=_AIRFLOW,
        paths=("values.**",),
        when=_restarts,
        default=True,
        happens="{path} {change}. Restarts: {workloads}.",
    ),
    Rule(
        id="airflow/value",
        risk=Risk.CONFIGURATION,
        title="A value changes that is not part of pods",
        on=_AIRFLOW,
        paths=("values.**",),
        default=True,
        happens="{path} {change}.",
    ),
)
