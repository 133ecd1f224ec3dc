"""Task pods in other namespaces than the release's, and everything that they reference there.

A pod can only use Secrets, ConfigMaps and service accounts of its own namespace, and short names of Services refer to it too.
So each namespace gets an airflow.cfg with full names, a service account, and a Role for the scheduler to start pods. The
chart's own setting would create a ClusterRole instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.executors import task_resources_of
from cdk8s_airflow.airflow.logs import EphemeralLogs, ObjectStoreLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.chart_variables import HOME
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.dags import bundle_list, is_option
from cdk8s_airflow.airflow.wire.exposure import SERVER_PORT
from cdk8s_airflow.airflow.wire.git_sync import git_sync_parts
from cdk8s_airflow.airflow.wire.operator_namespaces import role_objects
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.airflow.wire.task_pod_overlay import overlaid_options, task_file_text_rules
from cdk8s_airflow.airflow.wire.task_pods import TaskPodParts, task_pod, task_pod_parts
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import FolderFiles
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.validation import Finding, show

LAUNCHER: tuple[Mapping[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "list", "watch", "patch", "delete"]},
)
"""What KubernetesExecutor does with pods. Source: its calls of the Kubernetes API in the provider."""

LOG_READER: tuple[Mapping[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
)
"""What the API server does to show the log of a running task. Source: ``get_task_log`` in the provider."""

NOT_FOR_TASKS = frozenset(
    (
        "celery",
        "celery_kubernetes_executor",
        "elasticsearch",
        "elasticsearch_configs",
        "fab",
        "kerberos",
        "kubernetes",
        "kubernetes_executor",
        "scheduler",
        "triggerer",
        "webserver",
    )
)
"""Sections of airflow.cfg that tasks do not read: other components do, or their feature is disabled."""

_OPERATOR = "for pods of KubernetesPodOperator, pass pod_operator_namespaces= instead"


def namespace_config(settings: ReleaseSettings) -> ConfigOptions:
    """The namespaces in which the executor watches pods."""
    if not settings.task_namespaces:
        return {}
    namespaces = ",".join((settings.namespace, *settings.task_namespaces))
    return {
        "kubernetes_executor": {
            "multi_namespace_mode": "True",
            "multi_namespace_mode_namespace_list": namespaces,
        }
    }


def namespace_pods(parts: TaskPodParts, namespace: str) -> list[dict[str, Any]]:
    """All task pods of one namespace."""
    pods = parts.settings.task_pods
    return [task_pod(parts, given, namespace) for given in (pods.default, *pods.templates.values())]


def namespace_objects(shared: SharedResults) -> dict[str, dict[str, Any]]:
    """The objects of each namespace: roles for components of the release, a service account and the configuration for pods."""
    made: dict[str, dict[str, Any]] = {}
    for namespace in shared.settings.task_namespaces:
        at = f"tasks-in-{namespace}"
        made |= {f"{at}-{name}": manifest for name, manifest in _namespace_objects(shared, namespace).items()}
    return made


def _namespace_objects(shared: SharedResults, namespace: str) -> dict[str, dict[str, Any]]:
    settings = shared.settings
    made = {
        **role_objects(settings, namespace, "task-launcher", LAUNCHER, ["scheduler"]),
        **role_objects(settings, namespace, "task-log-reader", LOG_READER, [settings.dialect.ui_server]),
    }
    workers = settings.service_accounts.workers
    if not isinstance(workers, ExistingServiceAccount):
        metadata: Tree = {"name": account_name(settings, "worker"), "namespace": namespace}
        if workers.annotations:
            metadata["annotations"] = dict(workers.annotations)
        made["account"] = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        }
    made["config"] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{settings.release}-config", "namespace": namespace},
        "data": _files(shared),
    }
    return made


def _files(shared: SharedResults) -> dict[str, str]:
    """The files that pods mount from the ConfigMap with airflow.cfg."""
    text = "\n".join(
        f"[{section}]\n" + "".join(f"{option} = {value}\n" for option, value in sorted(options.items()))
        for section, options in sorted(task_config(shared).items())
    )
    sync = git_sync_parts(shared.settings)
    files = {"airflow.cfg": text, "airflow_local_settings.py": shared.parts.local_settings or ""}
    if sync is not None and sync.known_hosts:
        files["known_hosts"] = sync.known_hosts
    return files


def task_config(shared: SharedResults) -> dict[str, dict[str, str]]:
    """The airflow.cfg of tasks in other namespaces: the chart's options, with full names of Services."""
    settings = shared.settings
    found = _chart_config(settings)
    for options in (shared.config, overlaid_options(shared.user_values)):
        for section, own in options.items():
            if section not in NOT_FOR_TASKS:
                found.setdefault(section, {}).update({name: str(value) for name, value in own.items()})
    services = f"{settings.namespace}.svc.{settings.facts.cluster_domain}"
    found["core"]["execution_api_server_url"] = (
        f"http://{settings.release}-api-server.{services}:{SERVER_PORT}/execution/"
    )
    found["metrics"]["statsd_host"] = f"{settings.release}-statsd.{services}"
    return found


def _chart_config(settings: ReleaseSettings) -> dict[str, dict[str, str]]:
    """The options that the chart itself writes. Source: ``config`` in its values."""
    sync, dags = settings.git_sync, settings.dags
    folder = dags.folder if isinstance(dags, DagImage) else f"{HOME}/dags"
    found: dict[str, dict[str, str]] = {
        "core": {
            "dags_folder": folder if sync is None else f"{folder}/repo/{sync.sub_path}",
            "load_examples": "False",
            "executor": settings.executor.name,
            "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        },
        "logging": {"remote_logging": "False", "colored_console_log": "False"},
        "metrics": {
            "statsd_on": str(settings.statsd is not None),
            "statsd_port": str(CHART_PORTS["statsdIngest"]),
            "statsd_prefix": "airflow",
        },
    }
    if isinstance(dags, DagBundles) and not is_option(settings.dialect.place("dag_bundles")):
        found["dag_processor"] = {"dag_bundle_config_list": json.dumps(bundle_list(dags), sort_keys=True)}
    return found


def task_namespace_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if a task pod needs something that does not exist in another namespace."""
    given = settings.task_namespaces
    if not given:
        return
    yield from task_file_text_rules(settings.values, NOT_FOR_TASKS)
    missing = [
        (
            not settings.dialect.has("tasks.isolated"),
            "each task of Airflow 2 reads the metadata database",
            _OPERATOR,
        ),
        (
            task_resources_of(settings.executor) is None,
            f"{settings.executor.name} does not run tasks in their own pods",
            _OPERATOR,
        ),
        (
            not isinstance(settings.logs, EphemeralLogs | ObjectStoreLogs),
            "pods there cannot connect to the storage of logs=",
            "keep logs in a bucket, like Logs.s3(...)",
        ),
        (
            isinstance(settings.dags, DagVolume | ExistingDagVolume | FolderFiles),
            "a volume or ConfigMap with DAG files is in one namespace only",
            "use git or the image for DAG files",
        ),
        (
            settings.secrets_backend is not None,
            "tasks there would need permission to list Secrets of another namespace",
            "use connections=, or remove one of the two",
        ),
        (
            settings.task_pods.metadata_database or settings.task_pods.fernet_key,
            "task_pods= gives tasks a key or the URL of the database, which stay in the release's namespace",
            "remove one of the two",
        ),
        (
            settings.otel_collector is not None,
            "telemetry is sent to the collector by its short name",
            "use statsd, or remove one of the two",
        ),
    ]
    for wrong, problem, fix in missing:
        if wrong:
            yield Finding(rule="tasks/namespaces", at="task_namespaces", problem=problem, seen=show(given), fix=fix)
    for index, namespace in enumerate(given):
        if namespace == settings.namespace or namespace in given[:index]:
            yield Finding(
                rule="tasks/namespaces",
                at=f"task_namespaces[{index}]",
                problem="is the release's own namespace, where tasks run anyway, or is listed twice",
                seen=show(namespace),
                fix="Remove it",
            )
    names = [name for ns in given for name in (ns, *(f"{ns}-{each}" for each in settings.task_pods.templates))]
    for name in sorted({n for n in names if n in settings.task_pods.templates or names.count(n) > 1}):
        yield Finding(
            rule="tasks/namespaces",
            at=f"task_pods.templates.{name}",
            problem="is also the name of the template of a task namespace",
            seen=show(name),
            fix="use another name",
        )


def namespace_needs(shared: SharedResults) -> Iterator[SecretNeed]:
    """Secrets of task pods in other namespaces. The release itself does not wait for them."""
    parts = task_pod_parts(shared)
    for namespace in shared.settings.task_namespaces:
        named = {name for pod in namespace_pods(parts, namespace) for name in referenced_names(pod)[0]}
        for need in shared.needs_in_namespace(namespace):
            if need.name in named:
                yield replace(need, awaited=False)


def namespace_notes(shared: SharedResults) -> Iterator[str]:
    """ConfigMaps that must exist in these namespaces."""
    settings = shared.settings
    parts = task_pod_parts(shared)
    for namespace in settings.task_namespaces:
        maps: set[str] = set()
        for pod in namespace_pods(parts, namespace):
            maps |= referenced_names(pod)[1]
        maps.discard(f"{settings.release}-config")
        if maps:
            names = sorted(maps)
            yield BeforeApply(
                f"Task pods require these ConfigMaps in namespace {namespace}: {', '.join(names)}\n"
                f"  kubectl -n {namespace} get configmap {' '.join(names)}"
            )


def referenced_names(pod: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The Secrets and ConfigMaps that a pod references."""
    secrets: set[str] = set()
    maps: set[str] = set()
    _collect(pod, secrets, maps)
    return secrets, maps


def _collect(told: Any, secrets: set[str], maps: set[str]) -> None:
    if isinstance(told, Mapping):
        for key, value in told.items():
            if isinstance(value, Mapping) and value.get("optional"):
                continue
            if key in ("secretKeyRef", "secretRef"):
                secrets.add(value["name"])
            elif key in ("configMapKeyRef", "configMapRef", "configMap"):
                maps.add(value["name"])
            elif key == "secret" and isinstance(value, Mapping):
                secrets.add(value["secretName"])
            elif key == "imagePullSecrets":
                secrets.update(each["name"] for each in value)
            else:
                _collect(value, secrets, maps)
    elif isinstance(told, list):
        for each in told:
            _collect(each, secrets, maps)


TASK_NAMESPACES = Concept(
    config=namespace_config,
    objects_from=namespace_objects,
    rules=task_namespace_rules,
    needs_from=namespace_needs,
    notes_from=namespace_notes,
)
"""Task pods in other namespaces."""

__all__ = [
    "LAUNCHER",
    "LOG_READER",
    "NOT_FOR_TASKS",
    "namespace_config",
    "namespace_needs",
    "namespace_notes",
    "namespace_objects",
    "namespace_pods",
    "referenced_names",
    "task_config",
    "task_namespace_rules",
]
