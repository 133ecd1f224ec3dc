"""What there is to say about a git repository with DAG files, and what must fit together in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Label, Must, NonEmpty, is_token
from cdk8s_airflow.validation.frozen import frozen

_SCP_STYLE = regex(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+:(?!//)[^\s@]+")
_REF = regex(r"(?!/)(?!.*(?:\.\.|//|@\{|[\s~^:?*\[\\\x00-\x1f\x7f]))[^\s]+(?<![/.])")
_SUB_PATH = regex(r"[^/\s][^/\x00-\x1f\x7f]*(?:/[^/\x00-\x1f\x7f]+)*")
_HOST_KEY = regex(r"(?:@\S+\s+)?\S+\s+(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/]+=*(?:\s.*)?")
_CONTAINERS = frozenset(
    f"{component}{suffix}"
    for component in ("scheduler", "triggerer", "dag-processor", "webserver", "api-server", "base", "worker")
    for suffix in ("", "-log-groomer")
) | {"wait-for-airflow-migrations", "run-airflow-migrations", "wait-for-secrets"}
_LONGEST_CONTAINER = 63 - len("-init")

GitRef = Annotated[
    NonEmpty,
    Must(
        lambda text: _REF.fullmatch(text) is not None and text != "HEAD" and not text.startswith("-"),
        "is not a branch, tag or commit",
        'name the branch, tag or full commit, like "main" or "v1.4.0"',
        "dags/ref",
    ),
]
"""A branch, tag or full commit."""

GitSubPath = Annotated[
    str,
    Must(
        lambda text: not text or (_SUB_PATH.fullmatch(text) is not None and ".." not in text.split("/")),
        "is not a path inside the repository",
        'write it without slashes at its ends, like "dags", or "" for the root of the repository',
        "dags/sub-path",
    ),
]
"""A folder inside a repository."""

KnownHosts = Annotated[
    NonEmpty,
    Must(
        lambda text: (
            any(map(_is_host_key, text.splitlines()))
            and all(
                _is_host_key(line) or not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()
            )
        ),
        "is not what ssh-keyscan prints: a host, the kind of its key and the key on each line",
        "give it the output of ssh-keyscan HOST itself, not a path or a host, checked against what the host publishes",
        "dags/known-hosts",
        hides=True,
    ),
]
"""Lines of ssh's known_hosts. Anything else is not shown: a private key is easily taken for it."""

ContainerName = Annotated[
    Label,
    Must(
        lambda text: text not in _CONTAINERS and len(text) <= _LONGEST_CONTAINER,
        "is not free for this container: another one beside it has it, or it grows too long with the chart's -init",
        f"use another name of at most {_LONGEST_CONTAINER} characters, or leave it out",
        "dags/container-name",
    ),
]
"""A name for the git-sync container; the chart also makes one named ``<name>-init``."""


METRICS_PORT = 1234
"""The port of git-sync for probes and metrics, the default of chart key ``dags.gitSync.httpPort``."""


@frozen
class GitSync:
    """The arguments of a :class:`DagRepoSync`.

    Attributes:
        repo: the URL of the git repository.
        ref: the branch, tag or commit.
        sub_path: the folder of the DAG files in the repository; empty for its root.
        interval: how long git-sync waits between two fetches.
        depth: how many commits are fetched.
        max_failures: how many fetches may fail in a row; -1 for any number.
        container_name: the name of the git-sync container.
        credentials: the Secret with a token or an SSH key; None for a public repository.
        known_hosts: the host keys of the git server, for SSH.
        ca: the certificate authority of the git server, for https.
        resources: of the git-sync container.
        metrics: whether git-sync serves metrics for Prometheus.
    """

    repo: str
    ref: str
    sub_path: str
    interval: str
    depth: int
    max_failures: int
    container_name: str
    credentials: GitTokenSecret | GitSshSecret | None
    known_hosts: str | None
    ca: SecretKey | ConfigMapKey | None
    resources: Resources
    metrics: bool = False


def is_ssh(repo: str) -> bool:
    """Whether git reaches the repository over ssh."""
    return repo.startswith("ssh://") or ("://" not in repo and _SCP_STYLE.fullmatch(repo) is not None)


def _is_host_key(line: str) -> bool:
    return _HOST_KEY.fullmatch(line.strip()) is not None


def _not_a_repository(repo: str) -> Finding:
    return Finding(
        rule="dags/repo",
        at="repo",
        problem="is not a repository that git-sync can fetch",
        seen="" if "@" in repo else show(repo),
        fix='write "https://host/path.git" or "git@host:path.git"',
    )


def repository_rules(settings: GitSync) -> Iterator[Finding]:
    """Whether repository, credentials, host keys and certificate fit together."""
    repo = settings.repo
    try:
        parts = urlsplit(repo) if "://" in repo else None
        good_port = parts is None or parts.port != 0
    except ValueError:
        good_port = False
    if not good_port:
        yield _not_a_repository(repo)
        return
    if "?" in repo or "#" in repo or is_token(repo):
        yield Finding(
            rule="dags/secret-in-url",
            at="repo",
            problem="has more in it than host and path, or something like a token, and every reader of the manifests would see it",
            fix='write the bare URL and give credentials=GitTokenSecret("...")',
        )
        return
    if parts is not None and (parts.password or (parts.username and parts.scheme != "ssh")):
        yield Finding(
            rule="dags/secret-in-url",
            at="repo",
            problem="has a user or token in the URL, where every reader of the manifests would see it",
            fix='write the bare URL and give credentials=GitTokenSecret("...")',
        )
        return
    secure = parts is not None and parts.scheme == "https" and parts.hostname and parts.path.strip("/")
    plain = parts is not None and parts.scheme == "http" and parts.hostname and parts.path.strip("/")
    ssh = is_ssh(repo) and (parts is None or bool(parts.hostname and parts.path.strip("/")))
    if not (secure or plain or ssh) or any(character.isspace() for character in repo):
        yield _not_a_repository(repo)
        return
    if ssh:
        yield from _ssh_rules(settings)
        return
    if isinstance(settings.credentials, GitSshSecret):
        yield Finding(
            rule="dags/credentials",
            at="credentials",
            problem="is an ssh key, and the repository is reached over https",
            seen=repr(repo),
            fix='give a GitTokenSecret, or write the repository as "git@host:path.git"',
        )
    if plain and settings.credentials is not None:
        yield Finding(
            rule="dags/plain-http",
            at="repo",
            problem="would send the credentials unencrypted",
            seen=repr(repo),
            fix="use https",
        )
    if settings.known_hosts is not None:
        yield Finding(
            rule="dags/known-hosts",
            at="known_hosts",
            problem="is only read over ssh, and the repository is reached over https",
            seen=repr(repo),
            fix="leave it out; a private certificate authority is ca=",
        )


def _ssh_rules(settings: GitSync) -> Iterator[Finding]:
    if not isinstance(settings.credentials, GitSshSecret):
        yield Finding(
            rule="dags/credentials",
            at="credentials",
            problem="must be an ssh key for a repository that is reached over ssh",
            seen=repr(settings.repo),
            fix='give credentials=GitSshSecret("airflow-git-ssh"), or use the https form of the repository',
        )
    if settings.known_hosts is None:
        yield Finding(
            rule="dags/known-hosts",
            at="known_hosts",
            problem="is required over ssh: without it any host could pose as the git server",
            fix="give it the output of ssh-keyscan HOST, checked against what the host publishes",
        )
    if settings.ca is not None:
        yield Finding(
            rule="dags/ca",
            at="ca",
            problem="is only read over https, and the repository is reached over ssh",
            seen=repr(settings.repo),
            fix="leave it out",
        )
