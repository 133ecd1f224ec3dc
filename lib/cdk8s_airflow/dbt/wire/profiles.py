"""Profiles as dbt reads them, and the pod it runs in as Kubernetes does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from cdk8s_airflow.dbt.targets import DbtPostgres, DbtProfile, DbtTarget
from cdk8s_airflow.model.database_login import DatabaseLogin, login_at
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.traffic import Peer, PodGroup, Traffic, TrafficFlow, UnlocatedPeer, resolves_names
from cdk8s_airflow.model.url_host import peer_of
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.yaml_writer import values_text
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.durations import seconds
from cdk8s_airflow.validation.frozen import frozen

VOLUME = "dbt-profiles"
"""The volume with the profiles, in every pod that has them."""

SCRATCH = "dbt-scratch"
"""The volume dbt writes to, in the pod that runs it."""

LABEL = "cdk8s-airflow/dbt-profiles"
"""The label of pods that DAGs start from the pod of a ConfigMap."""

_HTTPS = 443
_AUTHORITY = "ca.crt"
_SCRATCH_FOLDER = "/tmp"
_USER = 1000


@frozen
class ProfilesSettings:
    """The validated settings of a DbtProfiles."""

    name: str
    namespace: str
    profiles: Mapping[str, DbtProfile]
    folder: str
    image: str | None = None
    pull_policy: str = "IfNotPresent"
    pull_secret: str | None = None
    resources: Resources = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")
    env: Mapping[str, str] = field(default_factory=dict)


def authorities(profiles: Mapping[str, DbtProfile]) -> list[SecretKey | ConfigMapKey]:
    """What is mounted so that certificates can be checked, each once."""
    found: list[SecretKey | ConfigMapKey] = []
    for profile in profiles.values():
        for target in profile.targets.values():
            ca = target.ca if isinstance(target, DbtPostgres) else None
            if ca is not None and not isinstance(ca, str) and ca not in found:
                found.append(ca)
    return found


def _authority_folder(number: int) -> str:
    return f"/etc/dbt-authorities/{number}"


def authority_volumes(settings: ProfilesSettings) -> list[dict[str, Any]]:
    """The volumes with the authorities."""
    volumes: list[dict[str, Any]] = []
    for number, ca in enumerate(authorities(settings.profiles)):
        items = [{"key": ca.key, "path": _AUTHORITY}]
        source: dict[str, Any] = (
            {"secret": {"secretName": ca.name, "items": items}}
            if isinstance(ca, SecretKey)
            else {"configMap": {"name": ca.name, "items": items}}
        )
        volumes.append({"name": f"dbt-authority-{number}", **source})
    return volumes


def authority_mounts(settings: ProfilesSettings) -> list[dict[str, Any]]:
    """Where a container that runs dbt has the authorities."""
    return [
        {"name": f"dbt-authority-{number}", "mountPath": _authority_folder(number), "readOnly": True}
        for number, _ in enumerate(authorities(settings.profiles))
    ]


def _parts(target: DbtPostgres | DbtTarget, profiles: Mapping[str, DbtProfile]) -> dict[str, Any]:
    """The settings of a target under the names of its adapter. Source: dbt-postgres, ``PostgresCredentials``."""
    if isinstance(target, DbtTarget):
        return {"type": _kind(target), **target.settings}
    parts: dict[str, Any] = {
        "type": _kind(target),
        "host": target.host,
        "port": target.port,
        "dbname": target.database,
        "schema": target.schema,
        "user": target.user,
        "password": target.password,
        "threads": target.threads,
        "sslmode": target.tls,
        "connect_timeout": seconds(target.connect_timeout),
    }
    if isinstance(target.ca, str):
        parts["sslrootcert"] = target.ca
    elif target.ca is not None:
        parts["sslrootcert"] = f"{_authority_folder(authorities(profiles).index(target.ca))}/{_AUTHORITY}"
    if target.role is not None:
        parts["role"] = target.role
    return parts


def _variable(profile: str, target: str, setting: str) -> str:
    """The variable of a secret setting; dbt keeps what begins like this out of its logs."""
    return f"DBT_ENV_SECRET_{profile}_{target}_{setting}".upper().replace("-", "_")


def secret_variables(profiles: Mapping[str, DbtProfile]) -> Iterator[tuple[str, SecretKey, str]]:
    """Variable, key of a Secret, and which setting it is, for everything secret in the profiles."""
    for name, profile in profiles.items():
        for target, given in profile.targets.items():
            for setting, value in _parts(given, profiles).items():
                if isinstance(value, SecretKey):
                    yield _variable(name, target, setting), value, f"{setting} of target {target} in profile {name}"


def login_of(settings: ProfilesSettings, password: SecretKey) -> DatabaseLogin | None:
    """The user whose password a key contains; None if the server is outside the cluster, or the user is in a Secret."""
    for profile in settings.profiles.values():
        for target in profile.targets.values():
            parts = _parts(target, settings.profiles)
            host, user = parts.get("host"), parts.get("user")
            if parts.get("password") == password and isinstance(host, str) and isinstance(user, str):
                return login_at(host, user, settings.namespace)
    return None


def variable_rules(profiles: Mapping[str, DbtProfile]) -> Iterator[Finding]:
    """Whether two secrets would come in one variable."""
    seen: dict[str, str] = {}
    for variable, _, what in secret_variables(profiles):
        if variable in seen:
            yield Finding(
                rule="dbt/variable-twice",
                at="profiles",
                problem=f"{seen[variable]} and {what} would both be read from {variable}",
                seen=variable,
                fix="Use names that differ in more than case and dashes",
            )
        seen[variable] = what


def profiles_text(profiles: Mapping[str, DbtProfile]) -> str:
    """The file ``profiles.yml``, with names of environment variables instead of secrets."""

    def written(variable: str, value: Any) -> Any:
        return f"{{{{ env_var('{variable}') }}}}" if isinstance(value, SecretKey) else value

    tree: dict[str, Any] = {
        name: {
            "target": profile.target,
            "outputs": {
                target: {
                    key: written(_variable(name, target, key), value) for key, value in _parts(given, profiles).items()
                }
                for target, given in profile.targets.items()
            },
        }
        for name, profile in profiles.items()
    }
    return values_text(tree)


def dbt_env(settings: ProfilesSettings) -> dict[str, str | SecretKey]:
    """The variables of a container that runs dbt.

    dbt writes compiled models and logs below its project unless told otherwise, and the project may be read-only.
    """
    env: dict[str, str | SecretKey] = {
        "DBT_PROFILES_DIR": settings.folder,
        "DBT_TARGET_PATH": f"{_SCRATCH_FOLDER}/dbt-target",
        "DBT_LOG_PATH": f"{_SCRATCH_FOLDER}/dbt-logs",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    if len(settings.profiles) == 1:
        env["DBT_PROFILE"] = next(iter(settings.profiles))
    return {**env, **{variable: key for variable, key, _ in secret_variables(settings.profiles)}, **settings.env}


def profiles_volume(settings: ProfilesSettings) -> dict[str, Any]:
    """The volume with the profiles."""
    return {"name": VOLUME, "configMap": {"name": settings.name}}


def profiles_mount(settings: ProfilesSettings) -> dict[str, Any]:
    """Where a container has the profiles."""
    return {"name": VOLUME, "mountPath": settings.folder, "readOnly": True}


def _env_entries(env: Mapping[str, str | SecretKey]) -> list[dict[str, Any]]:
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": value.name, "key": value.key}}}
        if isinstance(value, SecretKey)
        else {"name": name, "value": value}
        for name, value in sorted(env.items())
    ]


def dbt_pods(settings: ProfilesSettings) -> PodGroup:
    """The pods that DAGs start from the pod of the ConfigMap, by the label it has."""
    return PodGroup(name=f"dbt of {settings.name}", namespace=settings.namespace, labels={LABEL: settings.name})


def dbt_traffic(settings: ProfilesSettings) -> Traffic:
    """The connections of these pods: to the warehouses of all targets, and to DNS. No client connects to them."""
    if settings.image is None:
        return Traffic()
    pods = dbt_pods(settings)
    flows = [
        TrafficFlow(source=pods, target=peer, port=port, purpose="the warehouse")
        for profile in settings.profiles.values()
        for peer, port in (_warehouse(settings, target) for target in profile.targets.values())
    ]
    return Traffic(workloads=(pods,), flows=(*resolves_names(pods), *_once(flows)))


def _once(flows: list[TrafficFlow]) -> Iterator[TrafficFlow]:
    for index, flow in enumerate(flows):
        if flow not in flows[:index]:
            yield flow


def _warehouse(settings: ProfilesSettings, target: DbtPostgres | DbtTarget) -> tuple[Peer, int]:
    told = {} if isinstance(target, DbtPostgres) else target.settings
    host = target.host if isinstance(target, DbtPostgres) else told.get("host")
    port = target.port if isinstance(target, DbtPostgres) else told.get("port")
    port = port if type(port) is int else _HTTPS
    if target.peer is not None:
        return target.peer, port
    if isinstance(host, str):
        return peer_of(host, port, "cluster.local"), port
    return UnlocatedPeer(name=f"{_kind(target)} of {settings.name}"), port


def _kind(target: DbtPostgres | DbtTarget) -> str:
    return "postgres" if isinstance(target, DbtPostgres) else target.type


def dbt_pod(settings: ProfilesSettings) -> dict[str, Any]:
    """The pod in which KubernetesPodOperator runs dbt; its main container has to be called ``base``."""
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "base",
                "image": settings.image,
                "imagePullPolicy": settings.pull_policy,
                "env": _env_entries({**dbt_env(settings), "HOME": _SCRATCH_FOLDER}),
                "resources": resources(settings.resources),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    profiles_mount(settings),
                    {"name": SCRATCH, "mountPath": _SCRATCH_FOLDER},
                    *authority_mounts(settings),
                ],
            }
        ],
        "volumes": [profiles_volume(settings), {"name": SCRATCH, "emptyDir": {}}, *authority_volumes(settings)],
    }
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "dbt", "labels": dict(dbt_pods(settings).labels)},
        "spec": pod,
    }


def profiles_manifest(settings: ProfilesSettings) -> dict[str, Any]:
    """The ConfigMap: the profiles, and the pod that has them mounted."""
    data = {"profiles.yml": profiles_text(settings.profiles)}
    if settings.image is not None:
        data["pod.yaml"] = values_text(dbt_pod(settings))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": settings.name, "namespace": settings.namespace},
        "data": data,
    }
