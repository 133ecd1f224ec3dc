"""Task pods, built from the same parts as the values of the chart.

The chart's template puts the database's URL and the keys of Airflow into every task pod. Tasks of Airflow 3 need none of them,
so their template is generated here. With Airflow 2 it is generated only if the chart's template lacks a setting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.executors import TASK_POD, celery_of, task_resources_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TEMPLATES_FOLDER, TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.chart_variables import HOME, chart_variables
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.dags import dag_mounts, dag_readers
from cdk8s_airflow.airflow.wire.database import CA_VOLUME, LIBRARY_VARIABLES, URL_VARIABLES
from cdk8s_airflow.airflow.wire.git_sync import (
    DAGS_VOLUME,
    GitSyncParts,
    git_sync_container,
    git_sync_parts,
    git_sync_volumes,
    ssh_key_volumes,
)
from cdk8s_airflow.airflow.wire.images import airflow_image
from cdk8s_airflow.airflow.wire.kerberos import (
    kerberos_init_containers,
    kerberos_mounts,
    kerberos_sidecars,
    kerberos_variables,
    kerberos_volumes,
)
from cdk8s_airflow.airflow.wire.keys import FERNET_COMMAND, FERNET_PARTS, FERNET_VARIABLE
from cdk8s_airflow.airflow.wire.logs import log_claim
from cdk8s_airflow.airflow.wire.pod_parts import (
    PodParts,
    PodTemplates,
    container_variable,
    env_from_entries,
    ordered_variables,
)
from cdk8s_airflow.airflow.wire.pod_settings import component_placement, pod_labels, variable
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.airflow.wire.task_pod_overlay import (
    TaskPodOverlay,
    overlaid_git_sync,
    overlaid_parts,
    task_pod_overlay,
    task_pod_text_rules,
)
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.secret_reference import ExistingSecret, SecretKey
from cdk8s_airflow.model.wire.placement import spread
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.text.yaml_writer import escape_template, values_text
from cdk8s_airflow.validation import Finding, PlatformError, show
from cdk8s_airflow.validation.durations import seconds
from cdk8s_airflow.validation.frozen import frozen

FERNET_VARIABLES = (FERNET_VARIABLE, FERNET_COMMAND, *FERNET_PARTS)

DATABASE_VARIABLES = (*URL_VARIABLES, *LIBRARY_VARIABLES)

WITHHELD = (
    *DATABASE_VARIABLES,
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CELERY__RESULT_BACKEND",
    *FERNET_VARIABLES,
)
"""Variables that the chart sets on every task pod, and that no task of Airflow 3 needs."""

_GRACE_SECONDS = 600
_VOLUME = "pod-templates"
_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


@frozen
class TaskPodParts:
    """What all task pods of a release have in common, with ``values=`` merged over it.

    Attributes:
        settings: the release.
        pods: the parts of all Airflow pods that apply to tasks.
        git_sync: the container that fetches DAG files before the task, if there is one.
        given: what only ``values=`` sets.
    """

    settings: ReleaseSettings
    pods: PodParts
    git_sync: GitSyncParts | None
    given: TaskPodOverlay


def config_map_name(release: str) -> str:
    """The name of the ConfigMap with the named templates of a release."""
    return f"{release}-pod-templates"


def generated(settings: ReleaseSettings) -> bool:
    """Whether the default pod is generated here and not by the chart."""
    if not settings.has_task_pods:
        return False
    if settings.placement is not None or settings.annotations:
        return True
    return _isolated(settings) or settings.task_pods.default not in (
        TaskPod(),
        TaskPod(resources=settings.task_pods.default.resources),
    )


def _isolated(settings: ReleaseSettings) -> bool:
    """Whether tasks of this version of Airflow need neither the database nor a key of Airflow."""
    return settings.dialect.has("tasks.isolated")


def named(settings: ReleaseSettings) -> bool:
    """Whether there are templates that a task selects by name."""
    return settings.has_task_pods and bool(settings.task_pods.templates or settings.task_namespaces)


def task_pod_values(settings: ReleaseSettings) -> Tree:
    """The volume with the named templates, in the scheduler, which is the only reader."""
    if not named(settings):
        return {}
    return {
        "scheduler": {
            "extraVolumes": [{"name": _VOLUME, "configMap": {"name": config_map_name(settings.release)}}],
            "extraVolumeMounts": [{"name": _VOLUME, "mountPath": TEMPLATES_FOLDER, "readOnly": True}],
        }
    }


def pod_templates(shared: SharedResults) -> PodTemplates:
    """All templates of a release. Those that cannot be written are findings."""
    settings = shared.settings
    pods = settings.task_pods
    if not (generated(settings) or named(settings)):
        return PodTemplates()
    parts = task_pod_parts(shared)
    own = [(name, f"templates.{name}", each) for name, each in sorted(pods.templates.items())]
    texts: dict[str, str] = {}
    try:
        default = template(parts, pods.default, "default") if generated(settings) else None
        for name, at, given in own:
            texts[name] = template(parts, given, at)
        for namespace in settings.task_namespaces:
            for name, at, given in (("", "default", pods.default), *own):
                texts[f"{namespace}-{name}" if name else namespace] = template(parts, given, at, namespace)
    except PlatformError as error:
        return PodTemplates(findings=tuple(error.findings))
    return PodTemplates(default=default, named={f"{name}.yaml": text for name, text in texts.items()})


def pod_template_values(settings: ReleaseSettings, templates: PodTemplates) -> Tree:
    """The values of the chart that follow from the templates."""
    values: Tree = {}
    if templates.default is not None:
        values["podTemplate"] = escape_template(templates.default)
    if named(settings):
        text = json.dumps(templates.named, sort_keys=True)
        values["scheduler"] = {"podAnnotations": {"cdk8s-airflow/pod-templates": digest(text, 16)}}
    if own_images(settings):
        # An image in airflow.cfg would override that of every template.
        values["config"] = {"kubernetes_executor": {"worker_container_repository": "", "worker_container_tag": ""}}
    return values


def own_images(settings: ReleaseSettings) -> bool:
    """Whether a template sets its own image."""
    pods = settings.task_pods
    return settings.has_task_pods and any(each.image is not None for each in (pods.default, *pods.templates.values()))


def task_pod_objects(shared: SharedResults) -> dict[str, dict[str, Any]]:
    """The ConfigMap with the named templates."""
    settings = shared.settings
    if not named(settings):
        return {}
    return {
        "pod-templates": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": config_map_name(settings.release), "namespace": settings.namespace},
            "data": dict(shared.pod_templates().named),
        }
    }


def template(parts: TaskPodParts, given: TaskPod, at: str, namespace: str | None = None) -> str:
    """The text of a pod template.

    Args:
        parts: what all task pods have in common.
        given: the settings of this pod.
        at: the field of ``task_pods`` with these settings.
        namespace: the namespace of the pod. Default: the release's.

    Raises:
        PlatformError: if YAML cannot represent a string, or a volume occurs twice.
    """
    try:
        return values_text(task_pod(parts, given, namespace))
    except PlatformError as error:
        raise PlatformError(
            [replace(f, at=f"task_pods.{at}.{f.at.removeprefix('values.')}") for f in error.findings]
        ) from None


def task_pod_parts(shared: SharedResults) -> TaskPodParts:
    """What all pods of tasks have in common."""
    settings = shared.settings
    pods = overlaid_parts(shared.parts, shared.user_values)
    if _isolated(settings) and not settings.task_pods.metadata_database:
        pods = replace(
            pods,
            volumes=tuple(each for each in pods.volumes if each["name"] != CA_VOLUME),
            volume_mounts=tuple(each for each in pods.volume_mounts if each["name"] != CA_VOLUME),
        )
    sync = git_sync_parts(settings)
    return TaskPodParts(
        settings=settings,
        pods=pods,
        git_sync=None if sync is None else overlaid_git_sync(sync, shared.user_values),
        given=task_pod_overlay(shared.user_values),
    )


def task_pod(parts: TaskPodParts, given: TaskPod, namespace: str | None = None) -> dict[str, Any]:
    """A task pod of the release. Source: the chart's ``files/pod-template-file.kubernetes-helm-yaml``.

    Args:
        parts: what all task pods have in common.
        given: the settings of this pod.
        namespace: the namespace of the pod. Default: the release's; the template then has no namespace.
    """
    metadata: Tree = {
        **({} if namespace is None else {"namespace": namespace}),
        "name": "placeholder-name",
        "labels": {
            **parts.settings.labels,
            **given.labels,
            **pod_labels(parts.settings.release, "worker"),
        },
        "annotations": {
            **parts.pods.annotations,
            _SAFE_TO_EVICT: str(parts.given.safe_to_evict).lower(),
            **parts.settings.annotations,
            **given.annotations,
        },
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _spec(parts, given)}


def _spec(parts: TaskPodParts, given: TaskPod) -> Tree:
    settings, pods, over = parts.settings, parts.pods, parts.given
    base = _base(parts, given)
    spec: Tree = {
        **_containers(parts, base),
        **_scheduling(parts, given),
        "runtimeClassName": over.runtime_class,
        "imagePullSecrets": [{"name": pods.pull_secret}] if pods.pull_secret else [],
        "hostAliases": over.host_aliases,
        "restartPolicy": "Never",
        "securityContext": over.pod_security or pods.pod_security,
        "terminationGracePeriodSeconds": _grace_seconds(settings)
        if given.grace_period is None
        else seconds(given.grace_period),
        "serviceAccountName": given.service_account or account_name(settings, "worker"),
        "volumes": _volumes(parts, given),
    }
    spec = {key: value for key, value in spec.items() if value not in (None, [], (), {})}
    if pods.service_links is not None:
        spec["enableServiceLinks"] = pods.service_links
    return spec


def _containers(parts: TaskPodParts, base: Mapping[str, Any]) -> Tree:
    """The container of the task, its init containers and sidecars."""
    settings, over = parts.settings, parts.given
    image, pull_policy = airflow_image(settings)
    common = {"image": image, "imagePullPolicy": pull_policy, "securityContext": parts.pods.container_security}
    hooks = settings.dialect.has("task_pods.kerberos_init_hooks")
    sync = [] if parts.git_sync is None else [git_sync_container(parts.git_sync)]
    return {
        "initContainers": [
            *sync,
            *over.init_containers,
            *kerberos_init_containers(over, base, common, with_lifecycle=hooks),
        ],
        "containers": [base, *kerberos_sidecars(over, base, common), *over.containers],
    }


def _scheduling(parts: TaskPodParts, given: TaskPod) -> Tree:
    """Placement and priority of the pod."""
    over, own = parts.given, component_placement(parts.settings, given.placement)
    return {
        "priorityClassName": given.priority_class,
        "nodeSelector": {**parts.pods.node_selector, **own.get("nodeSelector", {})},
        "affinity": own.get("affinity"),
        "schedulerName": over.scheduler_name,
        "tolerations": own.get("tolerations"),
        "topologySpreadConstraints": _worker_spread(parts) or over.topology_spread,
    }


def _worker_spread(parts: TaskPodParts) -> Any:
    """Topology spread of workers and task pods. Charts before 1.20 have one key for both."""
    if parts.given.worker_topology_spread is not None:
        return parts.given.worker_topology_spread
    celery = celery_of(parts.settings.executor)
    if celery is None or not parts.settings.dialect.has("workers") or celery.workers.most_replicas < 2:
        return None
    return spread(celery.workers.spread, pod_labels(parts.settings.release, "worker"))


def _grace_seconds(settings: ReleaseSettings) -> int:
    """How long a task may take to stop. Charts before 1.20 have one key for workers and task pods."""
    celery = celery_of(settings.executor)
    shared = None if celery is None or not settings.dialect.has("workers") else celery.workers.grace_period
    return _GRACE_SECONDS if shared is None else seconds(shared)


def _base(parts: TaskPodParts, given: TaskPod) -> dict[str, Any]:
    settings, over = parts.settings, parts.given
    image, pull_policy = _image(settings, given)
    container: Tree = {
        "name": "base",
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": over.command,
        "envFrom": env_from_entries((*parts.pods.env_from, *given.env_from)),
        "env": [*kerberos_variables(over), *_env(parts, given)],
        "lifecycle": over.lifecycle,
        "securityContext": over.container_security or parts.pods.container_security,
        "resources": _resources(settings, given),
        "volumeMounts": _mounts(parts, given),
    }
    return {key: value for key, value in container.items() if value not in (None, [], {})}


def _resources(settings: ReleaseSettings, given: TaskPod) -> Tree:
    """The resources of a task. Charts before 1.20 have one key for workers and task pods."""
    celery = celery_of(settings.executor)
    shared = None if celery is None or not settings.dialect.has("workers") else celery.workers.resources
    wanted = given.resources or shared or task_resources_of(settings.executor) or TASK_POD
    asked = resources(wanted)
    if given.gpus:
        asked["limits"] = {**asked["limits"], given.gpu_resource: str(given.gpus)}
    return asked


def _image(settings: ReleaseSettings, given: TaskPod) -> tuple[str, str]:
    if given.image is None:
        return airflow_image(settings)
    return _image_text(settings, given.image), given.image.pull_policy


def _image_text(settings: ReleaseSettings, image: Image) -> str:
    repository = image.repository if settings.mirror is None else settings.mirror.of(image.repository)
    return f"{repository}@{image.digest}" if image.digest is not None else f"{repository}:{image.tag}"


def _env(parts: TaskPodParts, given: TaskPod) -> list[dict[str, Any]]:
    """The variables without duplicates; the last one of a name applies."""
    settings, pods = parts.settings, parts.settings.task_pods
    isolated = _isolated(settings)
    kept = (
        *(DATABASE_VARIABLES if pods.metadata_database else ()),
        *(FERNET_VARIABLES if pods.fernet_key or pods.metadata_database else ()),
    )
    variables = (
        *chart_variables(settings, parts.pods.unset_variables),
        *ordered_variables(parts.pods.variables),
    )
    found = {
        each.name: container_variable(each)
        for each in variables
        if not isolated or each.name not in WITHHELD or each.name in kept
    }
    if isolated and not pods.metadata_database:
        # Otherwise the image's entry point would wait for a database that the pod cannot connect to.
        found["CONNECTION_CHECK_MAX_COUNT"] = {"name": "CONNECTION_CHECK_MAX_COUNT", "value": "0"}
    found |= {name: variable(name, value) for name, value in given.env.items()}
    return list(found.values())


def _mounts(parts: TaskPodParts, given: TaskPod) -> list[dict[str, Any]]:
    sub_path = parts.given.log_sub_path
    found: list[dict[str, Any]] = [
        {"name": "logs", "mountPath": f"{HOME}/logs", **({"subPath": sub_path} if sub_path else {})},
        {"name": "config", "mountPath": f"{HOME}/airflow.cfg", "subPath": "airflow.cfg", "readOnly": True},
        {
            "name": "config",
            "mountPath": f"{HOME}/config/airflow_local_settings.py",
            "subPath": "airflow_local_settings.py",
            "readOnly": True,
        },
    ]
    if parts.git_sync is not None:
        found.append({"name": DAGS_VOLUME, "mountPath": f"{HOME}/dags", "readOnly": True})
    found += [dict(each) for each in parts.pods.volume_mounts]
    found += _dag_files(parts.settings)[1]
    found += kerberos_mounts(parts.given, read_only=True)
    _once(found, given.volume_mounts, "mountPath", "volume_mounts")
    return [*found, *(dict(mount) for mount in given.volume_mounts)]


def _dag_files(settings: ReleaseSettings) -> tuple[list[Tree], list[Tree]]:
    """The volumes with DAG files of task pods, and their mounts."""
    reads = settings.dialect.place("task_pods.volumes") in dag_readers(settings)
    return dag_mounts(settings) if reads else ([], [])


def _once(found: list[dict[str, Any]], given: Sequence[Mapping[str, Any]], field: str, at: str) -> None:
    """Checks that no object of a pod has the name of one that all task pods have.

    Raises:
        PlatformError: if a name is used twice; the API server would refuse the pod.
    """
    taken = [entry.get(field) for entry in found]
    twice = [index for index, entry in enumerate(given) if entry.get(field) in taken]
    if twice:
        raise PlatformError(
            Finding(
                rule="components/volume",
                at=f"{at}[{index}].{field}",
                problem="is already used in all task pods",
                seen=show(given[index].get(field)),
                fix=f"Use another {field}",
            )
            for index in twice
        )


def _volumes(parts: TaskPodParts, given: TaskPod) -> list[dict[str, Any]]:
    settings, sync = parts.settings, parts.git_sync
    claim = log_claim(settings)
    logs = {"emptyDir": dict(parts.given.log_empty_dir)}
    if claim is not None:
        logs = {"persistentVolumeClaim": {"claimName": claim}}
    found: list[dict[str, Any]] = [
        *([] if sync is None else git_sync_volumes(sync)),
        {"name": "logs", **logs},
        *([] if sync is None else ssh_key_volumes(sync)),
        {"name": "config", "configMap": {"name": f"{settings.release}-config"}},
        *(dict(each) for each in parts.pods.volumes),
        *kerberos_volumes(settings.release, parts.given),
        *_dag_files(settings)[0],
    ]
    _once(found, given.volumes, "name", "volumes")
    return [*found, *(dict(volume) for volume in given.volumes)]


def task_pod_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the executor runs no task pods, or settings of task pods conflict with others."""
    pods = settings.task_pods
    if not settings.has_task_pods:
        if pods != TaskPods():
            yield Finding(
                rule="tasks/executor",
                at="task_pods",
                problem=f"is ignored, because {settings.executor.name} does not run tasks in their own pods",
                seen=show(pods),
                fix="Remove it, or use KubernetesExecutor()",
            )
        return
    if generated(settings) or named(settings):
        yield from task_pod_text_rules(settings.values)
    if pods.default.resources is not None and task_resources_of(settings.executor) not in (
        TASK_POD,
        pods.default.resources,
    ):
        yield Finding(
            rule="tasks/resources",
            at="task_pods.default.resources",
            problem="conflicts with task_resources= of the executor",
            seen=show(pods.default.resources),
            fix="remove one of the two",
        )


def task_pod_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets that only some task pods read variables from. The release starts without them."""
    if not settings.has_task_pods:
        return
    pods = settings.task_pods
    for at, given in (
        ("the default task pod", pods.default),
        *((f"task pod {name}", p) for name, p in pods.templates.items()),
    ):
        for name, value in given.env.items():
            if isinstance(value, SecretKey):
                need = needs.free_key(value, settings.namespace, f"{name} of {at}", content=f"the variable {name}")
                yield replace(need, awaited=False)
        for ref in given.env_from:
            if isinstance(ref, ExistingSecret):
                yield replace(needs.whole(ref, settings.namespace, f"variables of {at}"), awaited=False)


TASK_PODS = Concept(values=task_pod_values, objects_from=task_pod_objects, rules=task_pod_rules, needs=task_pod_needs)
"""The pods of tasks."""

__all__ = [
    "DATABASE_VARIABLES",
    "FERNET_VARIABLE",
    "WITHHELD",
    "TaskPodParts",
    "config_map_name",
    "generated",
    "named",
    "own_images",
    "pod_template_values",
    "pod_templates",
    "task_pod",
    "task_pod_needs",
    "task_pod_objects",
    "task_pod_parts",
    "task_pod_rules",
    "task_pod_values",
    "template",
]
