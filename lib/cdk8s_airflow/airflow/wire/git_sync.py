"""git-sync: the container that keeps a clone of a repository up to date.

The concept ``GIT_SYNC`` is at the end. The settings of the container are computed once and used twice: ``git_sync_values`` writes
``dags.gitSync`` of the chart, and ``git_sync_container`` is the init container of task pods, for ``task_pods.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.environment_variables import CA_FILE, CA_MOUNT, proxy_variables
from cdk8s_airflow.airflow.wire.images import side_image
from cdk8s_airflow.airflow.wire.once import once
from cdk8s_airflow.airflow.wire.pod_parts import (
    EnvVariable,
    PodParts,
    container_variable,
    env_variables,
    secret_or_config_map,
)
from cdk8s_airflow.airflow.wire.security import CONTAINER
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.dags.git_sync import METRICS_PORT, GitSync
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation.frozen import frozen

GIT_SYNC_USER = 65533
"""The user of the git-sync image."""

GIT_CA_VOLUME = "git-ca"
"""The volume with the CA certificate of the git server."""

GIT_CA_FILE = "ca.crt"
"""The file in that volume."""

DAGS_VOLUME = "dags"
"""The volume with the clone. The chart calls it this in its own pods too."""

SSH_KEY_VOLUME = "git-sync-ssh-key"

_GIT_CA_FOLDER = "/etc/git-ca"
_SSH_KEY_FILE = "/etc/git-secret/ssh"
_KNOWN_HOSTS_FILE = "/etc/git-secret/known_hosts"


@frozen
class GitSyncParts:
    """What a git-sync container has.

    Attributes:
        settings: the repository, and how often and how much of it is fetched.
        repository: the repository of its image.
        tag: the tag of its image.
        pull_policy: when the image is pulled.
        token_secret: the Secret with a user name and a token.
        ssh_secret: the Secret with an SSH key.
        known_hosts: the host keys of the SSH server; empty without one.
        env: further variables, as entries of a container.
        volume_mounts: further mounts.
        security: the security context.
        empty_dir: the fields of the volume with the clone.
    """

    settings: GitSync
    repository: str
    tag: str
    pull_policy: str = "IfNotPresent"
    token_secret: str | None = None
    ssh_secret: str | None = None
    known_hosts: str = ""
    env: tuple[Mapping[str, Any], ...] = ()
    volume_mounts: tuple[Mapping[str, Any], ...] = ()
    security: Mapping[str, Any] = field(default_factory=dict)
    empty_dir: Mapping[str, Any] = field(default_factory=dict)


@once
def git_sync_parts(settings: ReleaseSettings) -> GitSyncParts | None:
    """The git-sync container of a release; None where DAG files come from elsewhere.

    git-sync has none of the variables of Airflow's containers. Its own CA certificate overrides that of the release.
    """
    git = settings.git_sync
    if git is None:
        return None
    credentials = git.credentials
    ssh = credentials if isinstance(credentials, GitSshSecret) else None
    authority, mount = _authority(settings, git)
    repository, tag = side_image(settings, "gitSync")
    return GitSyncParts(
        settings=git,
        repository=repository,
        tag=tag,
        token_secret=credentials.name if isinstance(credentials, GitTokenSecret) else None,
        ssh_secret=None if ssh is None else ssh.name,
        known_hosts="" if ssh is None else (git.known_hosts or "").rstrip("\n") + "\n",
        env=tuple(container_variable(each) for each in _variables(settings, git, authority)),
        volume_mounts=mount,
        security={"runAsUser": GIT_SYNC_USER, **CONTAINER},
    )


def _authority(settings: ReleaseSettings, git: GitSync) -> tuple[Iterable[EnvVariable], tuple[Mapping[str, Any], ...]]:
    """The variable that names the file with authorities, and the mount of the file."""
    if git.ca is not None:
        mount = {"name": GIT_CA_VOLUME, "mountPath": _GIT_CA_FOLDER, "readOnly": True}
        return env_variables({"GIT_SSL_CAINFO": f"{_GIT_CA_FOLDER}/{GIT_CA_FILE}"}), (mount,)
    if settings.ca is not None:
        return env_variables({"GIT_SSL_CAINFO": CA_FILE}), (CA_MOUNT,)
    return (), ()


def _variables(settings: ReleaseSettings, git: GitSync, authority: Iterable[EnvVariable]) -> tuple[EnvVariable, ...]:
    """Its metrics, and its CA certificate before the proxy, or after it if the certificate is that of the release."""
    proxy = env_variables(proxy_variables(settings))
    metrics = _metrics(settings, git)
    return (*metrics, *authority, *proxy) if git.ca is not None else (*metrics, *proxy, *authority)


def _metrics(settings: ReleaseSettings, git: GitSync) -> tuple[EnvVariable, ...]:
    """Metrics and their port. Charts before 1.20 set no port; later ones set it from ``dags.gitSync.httpPort``."""
    if not git.metrics:
        return ()
    port = {} if settings.dialect.has("git_sync.metrics_port") else {"GITSYNC_HTTP_BIND": f":{METRICS_PORT}"}
    return env_variables({**port, "GITSYNC_HTTP_METRICS": "true"})


def git_sync_values(settings: ReleaseSettings) -> Tree:
    """The values of the chart. git-sync ignores ``ref`` while ``branch`` is another one, so both are the same."""
    parts = git_sync_parts(settings)
    if parts is None:
        return {}
    git = parts.settings
    sync: Tree = {
        "enabled": True,
        "repo": git.repo,
        "ref": git.ref,
        "branch": git.ref,
        "rev": "HEAD",
        "subPath": git.sub_path,
        "period": git.interval,
        "depth": git.depth,
        "maxFailures": git.max_failures,
        "containerName": git.container_name,
        "resources": resources(git.resources),
        "securityContexts": {"container": parts.security},
    }
    if parts.token_secret is not None:
        sync["credentialsSecret"] = parts.token_secret
    if parts.ssh_secret is not None:
        sync |= {"sshKeySecret": parts.ssh_secret, "knownHosts": parts.known_hosts}
    if parts.env:
        sync["env"] = list(parts.env)
    if parts.volume_mounts:
        sync["extraVolumeMounts"] = list(parts.volume_mounts)
    return {"dags": {"gitSync": sync}}


def git_sync_container(parts: GitSyncParts) -> dict[str, Any]:
    """git-sync that fetches once, before a task. Source: ``git_sync_container`` in the chart's helpers.

    Each variable has a name of the third and of the fourth generation of git-sync.
    """
    variables = [*_plain_variables(parts.settings), *_ssh_variables(parts)]
    variables += [(name, "true") for name in ("GIT_SYNC_ONE_TIME", "GITSYNC_ONE_TIME")]
    env: list[Mapping[str, Any]] = [{"name": name, "value": value} for name, value in variables]
    if parts.token_secret is not None:
        env += [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": parts.token_secret, "key": name}}}
            for name in ("GIT_SYNC_USERNAME", "GITSYNC_USERNAME", "GIT_SYNC_PASSWORD", "GITSYNC_PASSWORD")
        ]
    return {
        "name": f"{parts.settings.container_name}-init",
        "image": f"{parts.repository}:{parts.tag}",
        "imagePullPolicy": parts.pull_policy,
        "securityContext": parts.security,
        "env": [*env, *parts.env],
        "resources": resources(parts.settings.resources),
        "volumeMounts": [*_mounts(parts), *parts.volume_mounts],
    }


def git_sync_volumes(parts: GitSyncParts) -> list[dict[str, Any]]:
    """The volume with the clone."""
    return [{"name": DAGS_VOLUME, "emptyDir": dict(parts.empty_dir)}]


def ssh_key_volumes(parts: GitSyncParts) -> list[dict[str, Any]]:
    """The volume with the SSH key, if there is one."""
    if parts.ssh_secret is None:
        return []
    return [{"name": SSH_KEY_VOLUME, "secret": {"secretName": parts.ssh_secret, "defaultMode": 0o440}}]


def _plain_variables(git: GitSync) -> list[tuple[str, str]]:
    both: tuple[tuple[tuple[str, ...], object], ...] = (
        (("GIT_SYNC_REV",), "HEAD"),
        (("GITSYNC_REF",), git.ref),
        (("GIT_SYNC_BRANCH",), git.ref),
        (("GIT_SYNC_REPO", "GITSYNC_REPO"), git.repo),
        (("GIT_SYNC_DEPTH", "GITSYNC_DEPTH"), git.depth),
        (("GIT_SYNC_ROOT", "GITSYNC_ROOT"), "/git"),
        (("GIT_SYNC_DEST", "GITSYNC_LINK"), "repo"),
        (("GIT_SYNC_ADD_USER", "GITSYNC_ADD_USER"), "true"),
        (("GITSYNC_PERIOD",), git.interval),
        (("GIT_SYNC_MAX_SYNC_FAILURES", "GITSYNC_MAX_FAILURES"), git.max_failures),
    )
    return [(name, str(value)) for names, value in both for name in names]


def _ssh_variables(parts: GitSyncParts) -> list[tuple[str, str]]:
    if parts.ssh_secret is None:
        return []
    both = {
        ("GIT_SSH_KEY_FILE", "GITSYNC_SSH_KEY_FILE"): _SSH_KEY_FILE,
        ("GIT_SYNC_SSH", "GITSYNC_SSH"): "true",
        ("GIT_KNOWN_HOSTS", "GITSYNC_SSH_KNOWN_HOSTS"): "true" if parts.known_hosts else "false",
    }
    if parts.known_hosts:
        both["GIT_SSH_KNOWN_HOSTS_FILE", "GITSYNC_SSH_KNOWN_HOSTS_FILE"] = _KNOWN_HOSTS_FILE
    return [(name, value) for names, value in both.items() for name in names]


def _mounts(parts: GitSyncParts) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [{"name": DAGS_VOLUME, "mountPath": "/git"}]
    if parts.ssh_secret is not None:
        key = {"name": SSH_KEY_VOLUME, "mountPath": _SSH_KEY_FILE, "readOnly": True, "subPath": "gitSshKey"}
        mounts.append(key)
    if parts.known_hosts:
        mounts.append({"name": "config", "mountPath": _KNOWN_HOSTS_FILE, "readOnly": True, "subPath": "known_hosts"})
    return mounts


def git_ca_parts(settings: ReleaseSettings) -> PodParts:
    """The CA certificate of the git server. It is a volume of all pods, because only these reach task pods in every version."""
    git = settings.git_sync
    if git is None or git.ca is None:
        return PodParts()
    return PodParts(volumes=(secret_or_config_map(GIT_CA_VOLUME, git.ca, GIT_CA_FILE),))


def git_sync_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret with which git-sync logs in."""
    git = settings.git_sync
    if git is not None and isinstance(git.credentials, GitTokenSecret):
        yield needs.git_token(git.credentials, settings.namespace, f"reads {git.repo}")
    if git is not None and isinstance(git.credentials, GitSshSecret):
        yield needs.pasted(git.credentials, settings.namespace, f"reads {git.repo}", key="gitSshKey")


def git_sync_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The CA certificate that git-sync trusts. Every pod mounts it, and does not start while it is missing."""
    git = settings.git_sync
    if git is None or git.ca is None:
        return
    kind, command = ("Secret", "secret generic") if isinstance(git.ca, SecretKey) else ("ConfigMap", "configmap")
    yield BeforeApply(
        f"Pods of release {settings.release} do not start without {kind} {git.ca.name} with the key {git.ca.key} in namespace "
        f"{settings.namespace}:\n  kubectl -n {settings.namespace} create {command} {git.ca.name} --from-file={git.ca.key}=FILE"
    )


GIT_SYNC = Concept(values=git_sync_values, parts=git_ca_parts, needs=git_sync_needs, notes=git_sync_notes)
"""git-sync."""
