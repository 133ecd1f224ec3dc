"""Pods of tasks in other namespaces than the release's: everything that they name, there too.

A pod reads Secrets, ConfigMaps and accounts of its own namespace only, and short names of Services mean those of its own. So
each namespace gets an airflow.cfg with full names, an account, and a right for the scheduler to start pods there; never a right
over the cluster, which the chart's own switch would give.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.executors import task_resources_of
from cdk8s_airflow.airflow.logs import EphemeralLogs, ObjectStoreLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.airflow.wire.task_pods import HOME, task_pod
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.dags.folder import FolderFiles
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.service_account import ExistingServiceAccount
from cdk8s_airflow.validation import Finding, PlatformError, show

LAUNCHER: tuple[Mapping[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "list", "watch", "patch", "delete"]},
)
"""What KubernetesExecutor does with pods. Source: its calls of the API in the provider."""

LOG_READER: tuple[Mapping[str, Any], ...] = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
)
"""What the server of the UI does to show the log of a task that runs. Source: ``get_task_log`` in the provider."""

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
"""Sections of airflow.cfg that no task reads here: other components do, or what they are about is off."""

_ESCAPED = "{{`{{`}}"


def namespace_values(settings: ReleaseSettings) -> Tree:
    """Where the executor looks for its pods."""
    if not settings.task_namespaces:
        return {}
    return {
        "config": {
            "kubernetes_executor": {
                "multi_namespace_mode": "True",
                "multi_namespace_mode_namespace_list": ",".join((settings.namespace, *settings.task_namespaces)),
            }
        }
    }


def namespace_pods(settings: ReleaseSettings, values: Mapping[str, Any], namespace: str) -> list[dict[str, Any]]:
    """All that a task may run in, in a namespace."""
    pods = settings.task_pods
    return [task_pod(settings, values, given, namespace) for given in (pods.default, *pods.templates.values())]


def namespace_objects(settings: ReleaseSettings, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each namespace needs: rights for the release's components, an account and the configuration for pods."""
    made: dict[str, dict[str, Any]] = {}
    for namespace in settings.task_namespaces:
        at = f"tasks-in-{namespace}"
        for what, rules, component in (
            ("launcher", LAUNCHER, "scheduler"),
            ("log-reader", LOG_READER, settings.dialect.ui_server),
        ):
            name = f"{settings.release}-task-{what}"
            made[f"{at}-{what}"] = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": name, "namespace": namespace},
                "rules": [dict(rule) for rule in rules],
            }
            account = {
                "kind": "ServiceAccount",
                "name": account_name(settings, component),
                "namespace": settings.namespace,
            }
            made[f"{at}-{what}-binding"] = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": name, "namespace": namespace},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
                "subjects": [account],
            }
        workers = settings.service_accounts.workers
        if not isinstance(workers, ExistingServiceAccount):
            metadata: Tree = {"name": account_name(settings, "worker"), "namespace": namespace}
            if workers.annotations:
                metadata["annotations"] = dict(workers.annotations)
            made[f"{at}-account"] = {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": metadata,
                "automountServiceAccountToken": False,
            }
        made[f"{at}-config"] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{settings.release}-config", "namespace": namespace},
            "data": _files(settings, values),
        }
    return made


def _files(settings: ReleaseSettings, values: Mapping[str, Any]) -> dict[str, str]:
    """The files that pods mount from the ConfigMap with airflow.cfg."""
    sections = task_config(settings, values)
    text = "\n".join(
        f"[{section}]\n" + "".join(f"{option} = {value}\n" for option, value in sorted(options.items()))
        for section, options in sorted(sections.items())
    )
    files = {"airflow.cfg": text}
    if values.get("airflowLocalSettings", True):
        files["airflow_local_settings.py"] = _plain(values.get("airflowLocalSettings", ""), "airflowLocalSettings")
    known_hosts = ((values.get("dags") or {}).get("gitSync") or {}).get("knownHosts")
    if known_hosts:
        files["known_hosts"] = str(known_hosts)
    return files


def task_config(settings: ReleaseSettings, values: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The airflow.cfg of tasks elsewhere: what the chart writes for the release, with full names of Services."""
    release, facts = settings.release, settings.facts
    services = f"{settings.namespace}.svc.{facts.cluster_domain}"
    dags = values.get("dags") or {}
    sync = dags.get("gitSync") or {}
    folder = dags.get("mountPath") or f"{HOME}/dags"
    told = values.get("config") or {}
    port = (values.get("ports") or {}).get("apiServer", 8080)
    found: dict[str, dict[str, str]] = {
        "core": {
            "dags_folder": f"{folder}/repo/{sync.get('subPath', '')}" if sync.get("enabled") else folder,
            "load_examples": "False",
            "executor": str(values["executor"]),
            "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        },
        "logging": {"remote_logging": "False", "colored_console_log": "False"},
        "metrics": {
            "statsd_on": str(bool((values.get("statsd") or {}).get("enabled", True))),
            "statsd_port": "9125",
            "statsd_prefix": "airflow",
        },
    }
    place = settings.dialect.place("dag_bundles") or ""
    bundles = (values.get("dagProcessor") or {}).get("dagBundleConfigList")
    if bundles and not place.startswith("config."):
        listed = [{**bundle, "kwargs": bundle.get("kwargs") or {}} for bundle in bundles]
        found["dag_processor"] = {"dag_bundle_config_list": json.dumps(listed, sort_keys=True)}
    for section, options in told.items():
        if section not in NOT_FOR_TASKS:
            found.setdefault(section, {}).update(
                {option: _plain(value, f"config.{section}.{option}") for option, value in (options or {}).items()}
            )
    found["core"]["execution_api_server_url"] = f"http://{release}-api-server.{services}:{port}/execution/"
    found["metrics"]["statsd_host"] = f"{release}-statsd.{services}"
    return found


def _plain(value: object, at: str) -> str:
    """What the chart's template engine would make of a text without templates."""
    text = str(value)
    if "{{" in text.replace(_ESCAPED, ""):
        raise PlatformError(
            [
                Finding(
                    rule="tasks/text",
                    at=f"values.{at}",
                    problem="is a template, which only Helm could fill in, and task pods in other namespaces need it too",
                    fix="write what it stands for, or leave task_namespaces= out",
                )
            ]
        )
    return text.replace(_ESCAPED, "{{")


def task_namespace_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether all that a task pod needs can be in another namespace."""
    given = settings.task_namespaces
    if not given:
        return
    missing = [
        (settings.dialect.airflow_major < 3, "each task of Airflow 2 reads the metadata database", "use Airflow 3"),
        (
            task_resources_of(settings.executor) is None,
            f"{settings.executor.name} runs no task in a pod of its own",
            "use KubernetesExecutor()",
        ),
        (
            not isinstance(settings.logs, EphemeralLogs | ObjectStoreLogs),
            "pods there cannot reach where logs= keeps them",
            "keep logs in a bucket, like Logs.s3(...)",
        ),
        (
            isinstance(settings.dags, DagVolume | ExistingDagVolume | FolderFiles),
            "a volume or ConfigMap with DAG files is in one namespace only",
            "take DAG files from git or from the image",
        ),
        (
            settings.secrets_backend is not None,
            "tasks there would need the right to list Secrets of another namespace",
            "give connections=, or leave one of the two out",
        ),
        (
            settings.task_pods.metadata_database or settings.task_pods.fernet_key,
            "task_pods= gives tasks a key or the URL of the database, which stay in the release's namespace",
            "leave one of the two out",
        ),
        (
            settings.otel_collector is not None,
            "telemetry is sent to the collector by its short name",
            "use statsd, or leave one of the two out",
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
                problem="is the release's own, where tasks run anyway, or stands twice",
                seen=show(namespace),
                fix="leave it out",
            )
    names = [name for ns in given for name in (ns, *(f"{ns}-{each}" for each in settings.task_pods.templates))]
    for name in sorted({n for n in names if n in settings.task_pods.templates or names.count(n) > 1}):
        yield Finding(
            rule="tasks/namespaces",
            at=f"task_pods.templates.{name}",
            problem="is also the name of a template for a namespace",
            seen=show(name),
            fix="choose another name",
        )


def namespace_needs(shared: SharedResults) -> Iterator[SecretNeed]:
    """Secrets that task pods in other namespaces name. The release itself does not wait for them."""
    settings = shared.settings
    for namespace in settings.task_namespaces:
        named = {
            name for pod in namespace_pods(settings, shared.values, namespace) for name in referenced_names(pod)[0]
        }
        for need in shared.needs_in_namespace(namespace):
            if need.name in named:
                yield replace(need, awaited=False)


def namespace_notes(shared: SharedResults) -> Iterator[str]:
    """ConfigMaps that must exist in these namespaces."""
    settings, values = shared.settings, shared.values
    for namespace in settings.task_namespaces:
        maps: set[str] = set()
        for pod in namespace_pods(settings, values, namespace):
            maps |= referenced_names(pod)[1]
        maps.discard(f"{settings.release}-config")
        if maps:
            names = sorted(maps)
            yield BeforeApply(
                f"Task pods require these ConfigMaps in namespace {namespace}: {', '.join(names)}\n"
                f"  kubectl -n {namespace} get configmap {' '.join(names)}"
            )


def referenced_names(pod: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The Secrets and the ConfigMaps that a pod names."""
    secrets: set[str] = set()
    maps: set[str] = set()
    _collect(pod, secrets, maps)
    return secrets, maps


def _collect(told: Any, secrets: set[str], maps: set[str]) -> None:
    if isinstance(told, Mapping):
        for key, value in told.items():
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
    values=namespace_values, rules=task_namespace_rules, needs_from=namespace_needs, notes_from=namespace_notes
)
"""Pods of tasks in other namespaces."""

__all__ = [
    "LAUNCHER",
    "LOG_READER",
    "NOT_FOR_TASKS",
    "namespace_needs",
    "namespace_notes",
    "namespace_objects",
    "namespace_pods",
    "namespace_values",
    "referenced_names",
    "task_config",
    "task_namespace_rules",
]
