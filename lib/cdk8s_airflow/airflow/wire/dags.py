"""Where DAG files come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.scheduling.wire import resources
from cdk8s_airflow.secrets import needs
from cdk8s_airflow.secrets.contracts import GitSshSecret, GitTokenSecret, SecretKey

_CA_VOLUME = "git-ca"
_CA_FOLDER = "/etc/git-ca"


def dag_values(settings: ReleaseSettings) -> Tree:
    """git-sync. ``ref`` counts for nothing while ``branch`` says something else, so both say the same."""
    git = settings.dags
    if git is None:
        return {}
    sync: Tree = {
        "enabled": True,
        "repo": git.repo,
        "ref": git.ref,
        "branch": git.ref,
        "rev": "HEAD",
        "subPath": git.sub_path,
        "period": git.period,
        "depth": git.depth,
        "maxFailures": git.max_failures,
        "containerName": git.container_name,
        "resources": resources(git.resources),
    }
    if isinstance(git.credentials, GitTokenSecret):
        sync["credentialsSecret"] = git.credentials.name
    elif isinstance(git.credentials, GitSshSecret):
        sync["sshKeySecret"] = git.credentials.name
        sync["knownHosts"] = (git.known_hosts or "").rstrip("\n") + "\n"
    return _with_authority(git, sync)


def _with_authority(git: GitSync, sync: Tree) -> Tree:
    """The certificate of a private authority; a global volume, because only those reach task pods in every version."""
    if git.ca is None:
        return {"dags": {"gitSync": sync}}
    sync["env"] = [{"name": "GIT_SSL_CAINFO", "value": f"{_CA_FOLDER}/ca.crt"}]
    sync["extraVolumeMounts"] = [{"name": _CA_VOLUME, "mountPath": _CA_FOLDER, "readOnly": True}]
    items = [{"key": git.ca.key, "path": "ca.crt"}]
    source: dict[str, Any]
    if isinstance(git.ca, SecretKey):
        source = {"secret": {"secretName": git.ca.name, "items": items}}
    else:
        source = {"configMap": {"name": git.ca.name, "items": items}}
    return {"dags": {"gitSync": sync}, "volumes": [{"name": _CA_VOLUME, **source}]}


def dag_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret by which git-sync logs in."""
    namespace = settings.namespace
    git = settings.dags
    if git is not None and isinstance(git.credentials, GitTokenSecret):
        yield needs.git_token(git.credentials, namespace, f"reads {git.repo}")
    if git is not None and isinstance(git.credentials, GitSshSecret):
        yield needs.pasted(git.credentials, namespace, f"reads {git.repo}", key="gitSshKey")
