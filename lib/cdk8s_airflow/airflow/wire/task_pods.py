"""The pods of tasks, generated from the same values that the chart makes its other pods from.

The chart's own template puts the database's URL and the keys of Airflow into every task pod. Airflow 3 needs none of them there,
so its template is generated here; with Airflow 2 only where the chart's own cannot say what was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.executors import TASK_POD, task_resources_of
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.task_pods import TEMPLATES_FOLDER, TaskPod, TaskPods
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.database import CA_VOLUME, LIBRARY_VARIABLES, URL_VARIABLES
from cdk8s_airflow.airflow.wire.kerberos import (
    kerberos_containers,
    kerberos_mounts,
    kerberos_variables,
    kerberos_volumes,
)
from cdk8s_airflow.airflow.wire.keys import FERNET_COMMAND, FERNET_PARTS, FERNET_VARIABLE
from cdk8s_airflow.airflow.wire.pod_settings import pod_labels, variable
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.airflow.wire.tree import Tree, overlay
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.image import AIRFLOW_REPOSITORY, Image
from cdk8s_airflow.model.secret_reference import ExistingSecret, SecretKey
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.text.yaml_writer import escape_template, values_text
from cdk8s_airflow.validation import Finding, PlatformError, show
from cdk8s_airflow.validation.constraints import seconds

HOME = "/opt/airflow"

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
"""Variables that the chart gives to every task pod, and that no task of Airflow 3 needs."""

_GRACE_SECONDS = 600
_VOLUME = "pod-templates"
_SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def config_map_name(release: str) -> str:
    """The ConfigMap that holds the named templates of a release."""
    return f"{release}-pod-templates"


def generated(settings: ReleaseSettings) -> bool:
    """Whether the default pod is generated here rather than by the chart."""
    if not settings.has_task_pods:
        return False
    return settings.dialect.airflow_major >= 3 or settings.task_pods.default not in (
        TaskPod(),
        TaskPod(resources=settings.task_pods.default.resources),
    )


def named(settings: ReleaseSettings) -> bool:
    """Whether there are templates that a task has to ask for."""
    return settings.has_task_pods and bool(settings.task_pods.templates or settings.task_namespaces)


def task_pod_values(settings: ReleaseSettings) -> Tree:
    """The named templates where the scheduler, which alone reads them, finds them."""
    if not named(settings):
        return {}
    return {
        "scheduler": {
            "extraVolumes": [{"name": _VOLUME, "configMap": {"name": config_map_name(settings.release)}}],
            "extraVolumeMounts": [{"name": _VOLUME, "mountPath": TEMPLATES_FOLDER, "readOnly": True}],
        }
    }


def with_task_pods(settings: ReleaseSettings, values: Tree) -> Tree:
    """Values with all that follows for task pods from the rest of them.

    What the values say of task pods under ``workers`` stays there: the template is made from it.

    Raises:
        PlatformError: when a text is none that YAML or the chart's template engine could carry.
    """
    if not settings.has_task_pods:
        return values
    over: Tree = {}
    if generated(settings):
        over["podTemplate"] = escape_template(template(settings, values, settings.task_pods.default, "default"))
    if named(settings):
        told = json.dumps(templates(settings, values), sort_keys=True)
        over["scheduler"] = {"podAnnotations": {"cdk8s-airflow/pod-templates": digest(told, 16)}}
    if own_images(settings):
        # An image told by airflow.cfg would win over that of every template.
        over["config"] = {"kubernetes_executor": {"worker_container_repository": "", "worker_container_tag": ""}}
    return overlay(values, over)


def own_images(settings: ReleaseSettings) -> bool:
    """Whether some template names an image of its own."""
    pods = settings.task_pods
    return settings.has_task_pods and any(each.image is not None for each in (pods.default, *pods.templates.values()))


def templates(settings: ReleaseSettings, values: Mapping[str, Any]) -> dict[str, str]:
    """File name -> text of each named template, and of those for other namespaces."""
    own = {
        name: template(settings, values, given, f"templates.{name}")
        for name, given in sorted(settings.task_pods.templates.items())
    }
    elsewhere = {
        f"{namespace}{f'-{name}' if name else ''}": template(settings, values, given, at, namespace)
        for namespace in settings.task_namespaces
        for name, at, given in (
            ("", "default", settings.task_pods.default),
            *((name, f"templates.{name}", each) for name, each in sorted(settings.task_pods.templates.items())),
        )
    }
    return {f"{name}.yaml": text for name, text in {**own, **elsewhere}.items()}


def task_pod_objects(settings: ReleaseSettings, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The ConfigMap with the named templates."""
    if not named(settings):
        return {}
    return {
        "pod-templates": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": config_map_name(settings.release), "namespace": settings.namespace},
            "data": templates(settings, values),
        }
    }


def template(
    settings: ReleaseSettings, values: Mapping[str, Any], given: TaskPod, at: str, namespace: str | None = None
) -> str:
    """The text of a pod template, and in which setting of ``task_pods`` it stands."""
    try:
        return values_text(task_pod(settings, values, given, namespace))
    except PlatformError as error:
        raise PlatformError(
            [replace(f, at=f"task_pods.{at}.{f.at.removeprefix('values.')}") for f in error.findings]
        ) from None


def task_pod(
    settings: ReleaseSettings, values: Mapping[str, Any], given: TaskPod, namespace: str | None = None
) -> dict[str, Any]:
    """A task pod of the release. Source: the chart's ``files/pod-template-file.kubernetes-helm-yaml``.

    Args:
        settings: the release.
        values: what the chart is given for it.
        given: what was said of the pod.
        namespace: where it runs. Default: where the release is; the template then does not say it.
    """
    workers = _workers(settings, values)
    metadata: Tree = {
        **({} if namespace is None else {"namespace": namespace}),
        "name": "placeholder-name",
        "labels": {
            **_map(values, "labels"),
            **_map(workers, "labels"),
            **given.labels,
            **pod_labels(settings.release, "worker"),
        },
        "annotations": {
            **_map(values, "airflowPodAnnotations"),
            _SAFE_TO_EVICT: str(workers.get("safeToEvict") is True).lower(),
            **_map(workers, "podAnnotations"),
            **given.annotations,
        },
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _spec(settings, values, given)}


def _spec(settings: ReleaseSettings, values: Mapping[str, Any], given: TaskPod) -> Tree:
    workers = _workers(settings, values)
    context = _map(values, "securityContexts")
    own = placement(given.placement)
    selector = {**(workers.get("nodeSelector") or values.get("nodeSelector") or {}), **own.get("nodeSelector", {})}
    pull_secret = _map(values, "registry").get("secretName")
    base = _base(settings, values, workers, given)
    init, beside = kerberos_containers(
        values,
        workers,
        base,
        _airflow_image(settings, values),
        init_hooks=settings.dialect.place("task_pods.kerberos_init_hooks") is not None,
    )
    spec: Tree = {
        "initContainers": [*_init_containers(settings, values, workers), *init],
        "containers": [base, *beside, *(workers.get("extraContainers") or [])],
        "priorityClassName": given.priority_class or workers.get("priorityClassName"),
        "runtimeClassName": workers.get("runtimeClassName"),
        "imagePullSecrets": [{"name": pull_secret}] if pull_secret else [],
        "hostAliases": workers.get("hostAliases"),
        "restartPolicy": "Never",
        "securityContext": _map(workers, "securityContexts").get("pod") or context.get("pod"),
        "nodeSelector": selector,
        "affinity": own.get("affinity") or workers.get("affinity") or values.get("affinity"),
        "schedulerName": workers.get("schedulerName") or values.get("schedulerName"),
        "terminationGracePeriodSeconds": (
            workers.get("terminationGracePeriodSeconds", _GRACE_SECONDS)
            if given.grace_period is None
            else seconds(given.grace_period)
        ),
        "tolerations": own.get("tolerations") or workers.get("tolerations") or values.get("tolerations"),
        "topologySpreadConstraints": workers.get("topologySpreadConstraints")
        or values.get("topologySpreadConstraints"),
        "serviceAccountName": given.service_account or account_name(settings, "worker"),
        "volumes": _volumes(settings, values, workers, given),
    }
    spec = {key: value for key, value in spec.items() if value not in (None, [], {})}
    if values.get("enableServiceLinks") is not None:
        spec["enableServiceLinks"] = values["enableServiceLinks"]
    return spec


def _base(
    settings: ReleaseSettings, values: Mapping[str, Any], workers: Mapping[str, Any], given: TaskPod
) -> dict[str, Any]:
    image, pull_policy = _image(settings, values, given)
    asked = workers.get("resources") or {}
    if given.resources is not None:
        asked = resources(given.resources)
    elif not asked:
        asked = resources(task_resources_of(settings.executor) or TASK_POD)
    if given.gpus:
        asked = {**asked, "limits": {**asked.get("limits", {}), given.gpu_resource: str(given.gpus)}}
    container: Tree = {
        "name": "base",
        "image": image,
        "imagePullPolicy": pull_policy,
        "command": workers.get("command"),
        "envFrom": [*_parsed(values.get("extraEnvFrom")), *_env_from(given)],
        "env": [*kerberos_variables(values, workers), *_env(settings, values, workers, given)],
        "lifecycle": workers.get("containerLifecycleHooks") or values.get("containerLifecycleHooks"),
        "securityContext": _map(workers, "securityContexts").get("container")
        or _map(values, "securityContexts").get("containers"),
        "resources": asked,
        "volumeMounts": _mounts(settings, values, workers, given),
    }
    return {key: value for key, value in container.items() if value not in (None, [], {})}


def _airflow_image(settings: ReleaseSettings, values: Mapping[str, Any]) -> tuple[str, str]:
    """The image of Airflow's own pods, for containers beside a task that are not the task's."""
    told = _map(_map(values, "images"), "airflow")
    image, _ = _image(settings, values, TaskPod())
    return image, told.get("pullPolicy") or "IfNotPresent"


def _image(settings: ReleaseSettings, values: Mapping[str, Any], given: TaskPod) -> tuple[str, str]:
    told = _map(_map(values, "images"), "pod_template")
    if given.image is not None:
        return _image_text(settings, given.image), given.image.pull_policy
    repository = told.get("repository") or values.get("defaultAirflowRepository") or AIRFLOW_REPOSITORY
    tag = told.get("tag") or values.get("defaultAirflowTag") or settings.dialect.airflow
    return f"{repository}:{tag}", told.get("pullPolicy") or "IfNotPresent"


def _image_text(settings: ReleaseSettings, image: Image) -> str:
    repository = image.repository if settings.mirror is None else settings.mirror.of(image.repository)
    return f"{repository}@{image.digest}" if image.digest is not None else f"{repository}:{image.tag}"


def _env(
    settings: ReleaseSettings, values: Mapping[str, Any], workers: Mapping[str, Any], given: TaskPod
) -> list[dict[str, Any]]:
    """The variables, each name once; of two the later counts."""
    told = [*_own_variables(settings, values), *_release_variables(values)]
    least = settings.dialect.airflow_major >= 3
    pods = settings.task_pods
    kept = (
        *(DATABASE_VARIABLES if pods.metadata_database else ()),
        *(FERNET_VARIABLES if pods.fernet_key or pods.metadata_database else ()),
    )
    found = {
        entry["name"]: entry
        for entry in (*told, *(workers.get("env") or []))
        if not least or entry["name"] not in WITHHELD or entry["name"] in kept
    }
    if least and not pods.metadata_database:
        # The image's entry point would otherwise wait for a database that the pod knows nothing of.
        found["CONNECTION_CHECK_MAX_COUNT"] = {"name": "CONNECTION_CHECK_MAX_COUNT", "value": "0"}
    found |= {name: variable(name, value) for name, value in given.env.items()}
    return list(found.values())


def _own_variables(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The variables that the chart sets itself. Source: ``standard_airflow_environment`` in its helpers."""
    dialect = settings.dialect
    executor = "LocalExecutor" if dialect.place("task_pods.executor") is None else str(values.get("executor"))
    yield {"name": "AIRFLOW__CORE__EXECUTOR", "value": executor}
    yield {"name": "AIRFLOW_HOME", "value": HOME}
    built_in = _map(values, "enableBuiltInSecretEnvVars")
    data = _map(values, "data")
    celery = "Celery" in str(values.get("executor"))
    metadata = data.get("metadataSecretName")
    secrets: tuple[tuple[str, object, str], ...] = (
        (FERNET_VARIABLE, values.get("fernetKeySecretName"), "fernet-key"),
        *((name, metadata, "connection") for name in URL_VARIABLES),
        (
            "AIRFLOW__CORE__SQL_ALCHEMY_CONN",
            metadata if dialect.place("builtin_env.core_sql_alchemy_conn") else None,
            "connection",
        ),
        (
            "AIRFLOW__WEBSERVER__SECRET_KEY",
            values.get("webserverSecretKeySecretName") if dialect.place("keys.webserver") else None,
            "webserver-secret-key",
        ),
        (
            "AIRFLOW__API__SECRET_KEY",
            values.get("apiSecretKeySecretName") if dialect.place("keys.api") else None,
            "api-secret-key",
        ),
        ("AIRFLOW__CELERY__RESULT_BACKEND", data.get("resultBackendSecretName") if celery else None, "connection"),
        ("AIRFLOW__CELERY__BROKER_URL", data.get("brokerUrlSecretName") if celery else None, "connection"),
        ("AIRFLOW__ELASTICSEARCH__HOST", _search_secret(values, "elasticsearch"), "connection"),
        ("AIRFLOW__OPENSEARCH__HOST", _search_secret(values, "opensearch"), "connection"),
    )
    for name, secret, key in secrets:
        if secret and built_in.get(name, True):
            yield {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
    yield from _telemetry(settings, values)


def _search_secret(values: Mapping[str, Any], engine: str) -> object:
    told = _map(values, engine)
    return told.get("secretName") if told.get("enabled") else None


def _telemetry(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    collector = _map(values, "otelCollector")
    metrics, traces = collector.get("metricsEnabled"), collector.get("tracesEnabled")
    address = f"http://{settings.release}-otel-collector:{_map(values, 'ports').get('otelCollectorOtlpHttp', 4318)}/v1"
    if metrics or traces:
        yield {"name": "OTEL_SERVICE_NAME", "value": "airflow"}
        yield {"name": "OTEL_EXPORTER_OTLP_PROTOCOL", "value": "http/protobuf"}
    if traces:
        yield {"name": "OTEL_TRACES_EXPORTER", "value": "otlp"}
        yield {"name": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "value": f"{address}/traces"}
    if metrics:
        period = str(collector.get("metricExportIntervalMs", 30000))
        yield {"name": "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "value": f"{address}/metrics"}
        yield {"name": "OTEL_METRIC_EXPORT_INTERVAL", "value": period}


def _release_variables(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The variables of all pods, by the three ways the chart has."""
    for entry in values.get("env") or []:
        yield {"name": entry["name"], "value": entry.get("value", "")}
    for entry in values.get("secret") or []:
        source = {"name": entry["secretName"], "key": entry.get("secretKey") or "value"}
        yield {"name": entry["envName"], "valueFrom": {"secretKeyRef": source}}
    yield from _parsed(values.get("extraEnv"))


def _parsed(text: object) -> list[dict[str, Any]]:
    """The entries of a list that the chart takes as text: one in JSON on each line, as we write it.

    Raises:
        PlatformError: for text of another form, which only Helm could read.
    """
    if not isinstance(text, str) or not text:
        return []
    try:
        return [json.loads(line.removeprefix("- ").replace("{{`{{`}}", "{{")) for line in text.splitlines()]
    except ValueError:
        raise PlatformError(
            [
                Finding(
                    rule="tasks/text",
                    at="values",
                    problem="has variables as text that cannot be carried over to the pods of tasks",
                    fix="give them with env= and env_from=, or a whole podTemplate of your own in values=",
                )
            ]
        ) from None


def _env_from(given: TaskPod) -> list[dict[str, Any]]:
    return [
        {"secretRef" if isinstance(ref, ExistingSecret) else "configMapRef": {"name": ref.name}}
        for ref in given.env_from
    ]


def _shared(settings: ReleaseSettings, values: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Volumes or mounts of all pods, without what only those that know the database need."""
    least = settings.dialect.airflow_major >= 3 and not settings.task_pods.metadata_database
    return [each for each in values.get(key) or [] if not least or each["name"] != CA_VOLUME]


def _mounts(
    settings: ReleaseSettings, values: Mapping[str, Any], workers: Mapping[str, Any], given: TaskPod
) -> list[dict[str, Any]]:
    dags = _map(values, "dags")
    found: list[dict[str, Any]] = [
        {"name": "logs", "mountPath": f"{HOME}/logs", **_sub_path(_map(values, "logs"))},
        {"name": "config", "mountPath": f"{HOME}/airflow.cfg", "subPath": "airflow.cfg", "readOnly": True},
    ]
    if values.get("airflowLocalSettings", True):
        found.append(
            {
                "name": "config",
                "mountPath": f"{HOME}/config/airflow_local_settings.py",
                "subPath": "airflow_local_settings.py",
                "readOnly": True,
            }
        )
    if _map(dags, "gitSync").get("enabled") or _map(dags, "persistence").get("enabled"):
        found.append(
            {
                "name": "dags",
                "mountPath": dags.get("mountPath") or f"{HOME}/dags",
                **_sub_path(dags),
                "readOnly": bool(_map(dags, "gitSync").get("enabled")),
            }
        )
    found += [*_shared(settings, values, "volumeMounts"), *(workers.get("extraVolumeMounts") or [])]
    found += kerberos_mounts(values, read_only=True)
    _once(found, given.volume_mounts, "mountPath", "volume_mounts")
    return [*found, *(dict(mount) for mount in given.volume_mounts)]


def _once(found: list[dict[str, Any]], given: Sequence[Mapping[str, Any]], field: str, at: str) -> None:
    """Whether what was given for a pod is told apart from what the pod has anyway.

    Raises:
        PlatformError: when not; the API server would refuse the pod.
    """
    taken = [entry.get(field) for entry in found]
    twice = [index for index, entry in enumerate(given) if entry.get(field) in taken]
    if twice:
        raise PlatformError(
            Finding(
                rule="components/volume",
                at=f"{at}[{index}].{field}",
                problem="is that of another one, which the pods of tasks have anyway",
                seen=show(given[index].get(field)),
                fix="choose another",
            )
            for index in twice
        )


def _sub_path(told: Mapping[str, Any]) -> Tree:
    sub_path = _map(told, "persistence").get("subPath")
    return {"subPath": sub_path} if sub_path else {}


def _volumes(
    settings: ReleaseSettings, values: Mapping[str, Any], workers: Mapping[str, Any], given: TaskPod
) -> list[dict[str, Any]]:
    dags, logs = _map(values, "dags"), _map(_map(values, "logs"), "persistence")
    sync = _map(dags, "gitSync")
    found: list[dict[str, Any]] = []
    if _map(dags, "persistence").get("enabled"):
        claim = dags["persistence"].get("existingClaim") or f"{settings.release}-dags"
        found.append({"name": "dags", "persistentVolumeClaim": {"claimName": claim}})
    elif sync.get("enabled"):
        found.append({"name": "dags", "emptyDir": dict(sync.get("emptyDirConfig") or {})})
    if logs.get("enabled"):
        claim = logs.get("existingClaim") or f"{settings.release}-logs"
        found.append({"name": "logs", "persistentVolumeClaim": {"claimName": claim}})
    else:
        found.append({"name": "logs", "emptyDir": dict(_map(values, "logs").get("emptyDirConfig") or {})})
    if sync.get("enabled") and sync.get("sshKeySecret"):
        secret = {"secretName": sync["sshKeySecret"], "defaultMode": 0o440}
        found.append({"name": "git-sync-ssh-key", "secret": secret})
    found += [
        {"name": "config", "configMap": {"name": f"{settings.release}-config"}},
        *_shared(settings, values, "volumes"),
        *kerberos_volumes(settings.release, values),
        *(workers.get("extraVolumes") or []),
    ]
    _once(found, given.volumes, "name", "volumes")
    return [*found, *(dict(volume) for volume in given.volumes)]


def _init_containers(
    settings: ReleaseSettings, values: Mapping[str, Any], workers: Mapping[str, Any]
) -> list[dict[str, Any]]:
    dags = _map(values, "dags")
    sync = _map(dags, "gitSync")
    found = []
    if sync.get("enabled") and not _map(dags, "persistence").get("enabled"):
        found.append(_git_sync(settings, values, sync))
    return [*found, *(workers.get("extraInitContainers") or [])]


def _git_sync(settings: ReleaseSettings, values: Mapping[str, Any], sync: Mapping[str, Any]) -> dict[str, Any]:
    """git-sync, once. Source: ``git_sync_container`` in the chart's helpers, with a name for each of its two generations."""
    ssh = bool(sync.get("sshKeySecret"))
    image = _map(_map(values, "images"), "gitSync")
    repository, tag = settings.images_beside["gitSync"]
    plain: list[tuple[str, object]] = [
        ("GIT_SYNC_REV", sync.get("rev")),
        ("GITSYNC_REF", sync.get("ref")),
        ("GIT_SYNC_BRANCH", sync.get("branch")),
        *((name, sync.get("repo")) for name in ("GIT_SYNC_REPO", "GITSYNC_REPO")),
        *((name, sync.get("depth")) for name in ("GIT_SYNC_DEPTH", "GITSYNC_DEPTH")),
        *((name, "/git") for name in ("GIT_SYNC_ROOT", "GITSYNC_ROOT")),
        ("GIT_SYNC_DEST", "repo"),
        ("GITSYNC_LINK", "repo"),
        *((name, "true") for name in ("GIT_SYNC_ADD_USER", "GITSYNC_ADD_USER")),
        ("GITSYNC_PERIOD", sync.get("period")),
        *((name, sync.get("maxFailures")) for name in ("GIT_SYNC_MAX_SYNC_FAILURES", "GITSYNC_MAX_FAILURES")),
    ]
    mounts: list[dict[str, Any]] = [{"name": "dags", "mountPath": "/git"}]
    if ssh:
        known = "true" if sync.get("knownHosts") else "false"
        plain += [(name, "/etc/git-secret/ssh") for name in ("GIT_SSH_KEY_FILE", "GITSYNC_SSH_KEY_FILE")]
        plain += [(name, "true") for name in ("GIT_SYNC_SSH", "GITSYNC_SSH")]
        plain += [(name, known) for name in ("GIT_KNOWN_HOSTS", "GITSYNC_SSH_KNOWN_HOSTS")]
        mounts.append(
            {"name": "git-sync-ssh-key", "mountPath": "/etc/git-secret/ssh", "readOnly": True, "subPath": "gitSshKey"}
        )
        if sync.get("knownHosts"):
            file = "/etc/git-secret/known_hosts"
            plain += [(name, file) for name in ("GIT_SSH_KNOWN_HOSTS_FILE", "GITSYNC_SSH_KNOWN_HOSTS_FILE")]
            mounts.append({"name": "config", "mountPath": file, "readOnly": True, "subPath": "known_hosts"})
    plain += [(name, "true") for name in ("GIT_SYNC_ONE_TIME", "GITSYNC_ONE_TIME")]
    env: list[dict[str, Any]] = [{"name": name, "value": str(value)} for name, value in plain if value is not None]
    if not ssh and sync.get("credentialsSecret"):
        env += [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": sync["credentialsSecret"], "key": name}}}
            for name in ("GIT_SYNC_USERNAME", "GITSYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD")
        ]
    return {
        "name": f"{sync.get('containerName') or 'git-sync'}-init",
        "image": f"{image.get('repository') or repository}:{image.get('tag') or tag}",
        "imagePullPolicy": image.get("pullPolicy") or "IfNotPresent",
        "securityContext": _map(_map(sync, "securityContexts"), "container"),
        "env": [*env, *(sync.get("env") or [])],
        "resources": _map(sync, "resources"),
        "volumeMounts": [*mounts, *(sync.get("extraVolumeMounts") or [])],
    }


def _map(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


_TEMPLATED = (
    "command",
    "containerLifecycleHooks",
    "extraContainers",
    "extraInitContainers",
    "extraVolumeMounts",
    "extraVolumes",
    "podAnnotations",
)
"""Keys that the chart's own pod template fills in as templates."""

_PARTS = ("kerberosSidecar", "kerberosInitContainer")


def _workers(settings: ReleaseSettings, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What values say of task pods; what is said of them alone wins over what is said of all workers."""
    flat = _map(values, "workers")
    own = {key: value for key, value in _map(flat, "kubernetes").items() if value not in (None, [], {})}
    both = {**flat, **own}
    for part in _PARTS:
        if part in own:
            both[part] = {**_map(flat, part), **_map(own, part)}
    for key in _TEMPLATED:
        if "{{" in str(both.get(key, "")).replace("{{`{{`}}", ""):
            raise PlatformError(
                [
                    Finding(
                        rule="tasks/text",
                        at=f"values.workers.{'kubernetes.' if key in own else ''}{key}",
                        problem="is a template, which only Helm could fill in, and the pod template is made here",
                        fix="write what it stands for",
                    )
                ]
            )
    return both


def task_pod_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether there are task pods at all, and what is said of them fits the rest."""
    pods = settings.task_pods
    if not settings.has_task_pods:
        if pods != TaskPods():
            yield Finding(
                rule="tasks/executor",
                at="task_pods",
                problem=f"counts for nothing, because {settings.executor.name} runs no task in a pod of its own",
                seen=show(pods),
                fix="leave it out, or use KubernetesExecutor()",
            )
        return
    if pods.default.resources is not None and task_resources_of(settings.executor) not in (
        TASK_POD,
        pods.default.resources,
    ):
        yield Finding(
            rule="tasks/resources",
            at="task_pods.default.resources",
            problem="says otherwise than task_resources of the executor",
            seen=show(pods.default.resources),
            fix="say it in one of the two places",
        )


def task_pod_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets that single kinds of task pods take variables from. The release starts without them."""
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


TASK_PODS = Concept(values=task_pod_values, rules=task_pod_rules, needs=task_pod_needs)
"""The pods of tasks."""

__all__ = [
    "DATABASE_VARIABLES",
    "FERNET_VARIABLE",
    "WITHHELD",
    "config_map_name",
    "generated",
    "named",
    "own_images",
    "task_pod",
    "task_pod_needs",
    "task_pod_objects",
    "task_pod_rules",
    "task_pod_values",
    "template",
    "templates",
    "with_task_pods",
]
