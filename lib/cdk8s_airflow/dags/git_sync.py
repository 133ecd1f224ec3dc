"""Settings of git-sync, and checks that they match each other."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Label, Must, NonEmpty, is_token
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import LONGEST_LABEL

_SCP_STYLE = regex(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+:(?!//)[^\s@]+")
_REF = regex(r"(?!/)(?!.*(?:\.\.|//|@\{|[\s~^:?*\[\\\x00-\x1f\x7f]))[^\s]+(?<![/.])")
_SHORT_COMMIT = regex(r"[0-9a-f]{7,39}")
_SUB_PATH = regex(r"[^/\s][^/\x00-\x1f\x7f]*(?:/[^/\x00-\x1f\x7f]+)*")
_HOST_KEY = regex(r"(?:@\S+\s+)?\S+\s+(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/]+=*(?:\s.*)?")
_CONTAINERS = frozenset(
    f"{component}{suffix}"
    for component in ("scheduler", "triggerer", "dag-processor", "webserver", "api-server", "base", "worker")
    for suffix in ("", "-log-groomer")
) | {"wait-for-airflow-migrations", "run-airflow-migrations", "wait-for-secrets"}
_LONGEST_CONTAINER = LONGEST_LABEL - len("-init")


def _is_abbreviated(text: str) -> bool:
    """Whether a string looks like an abbreviated commit: digits of a hash, numerals and letters among them."""
    return _SHORT_COMMIT.fullmatch(text) is not None and not text.isalpha() and not text.isdigit()


GitRef = Annotated[
    NonEmpty,
    Must(
        lambda text: (
            _REF.fullmatch(text) is not None
            and text != "HEAD"
            and not text.startswith("-")
            and not _is_abbreviated(text)
        ),
        "must be a branch, a tag or a commit with all 40 digits; a git server does not look up an abbreviated one",
        'Use the branch, tag or full commit, such as "main" or "v1.4.0"; `git rev-parse REF` prints the full commit',
        "dags/ref",
    ),
]
"""A branch, tag or full commit."""

GitSubPath = Annotated[
    str,
    Must(
        lambda text: not text or (_SUB_PATH.fullmatch(text) is not None and ".." not in text.split("/")),
        "must be a path in the repository",
        'Use a path without slashes at its ends, such as "dags", or "" for the root',
        "dags/sub-path",
    ),
]
"""A folder in a repository."""

KnownHosts = Annotated[
    NonEmpty,
    Must(
        lambda text: (
            any(map(_is_host_key, text.splitlines()))
            and all(
                _is_host_key(line) or not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()
            )
        ),
        "must be the output of ssh-keyscan: a host, a key type and a key on each line",
        "Pass the text that ssh-keyscan HOST prints, after comparing the keys with those that the git host publishes",
        "dags/known-hosts",
        hides=True,
    ),
]
"""Lines of an SSH known_hosts file. Other text is never shown, because it could be a private key."""

ContainerName = Annotated[
    Label,
    Must(
        lambda text: text not in _CONTAINERS and len(text) <= _LONGEST_CONTAINER,
        f"must be a container name of at most {_LONGEST_CONTAINER} characters that the chart does not use itself",
        'Use another name, such as "git-sync"',
        "dags/container-name",
    ),
]
"""A name for the git-sync container. The chart also creates a container named ``<name>-init``."""


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
        ca: the CA certificate of the git server, for HTTPS.
        resources: requests and limits of the git-sync container.
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
    """Whether the repository URL uses SSH."""
    return repo.startswith("ssh://") or ("://" not in repo and _SCP_STYLE.fullmatch(repo) is not None)


def ssh_host(repo: str) -> str:
    """The host of a repository as known_hosts has it: ``host``, or ``[host]:port`` if the port is not 22."""
    if "://" not in repo:
        return repo.partition(":")[0].rpartition("@")[2]
    parts = urlsplit(repo)
    host = parts.hostname or ""
    return host if parts.port in (None, 22) else f"[{host}]:{parts.port}"


def _scan_arguments(host: str) -> str:
    name, _, port = host.lstrip("[").partition("]:")
    return f"-p {port} {name}" if port else name


def _covers(known_hosts: str, host: str) -> bool:
    """Whether known_hosts has a key of the host. Hashed names cannot be compared, and count as a match."""
    for line in known_hosts.splitlines():
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "@revoked":
            continue
        names = words[1 if words[0].startswith("@") else 0].lower().split(",")
        if any(name.startswith("|") for name in names):
            return True
        # Brackets are part of a name with a port, not a set of characters.
        patterns = [name.replace("[", "[[]") for name in names if not name.startswith("!")]
        if any(fnmatchcase(host.lower(), pattern) for pattern in patterns):
            return True
    return False


def _is_host_key(line: str) -> bool:
    return _HOST_KEY.fullmatch(line.strip()) is not None


def _not_a_repository(repo: str) -> Finding:
    return Finding(
        rule="dags/repo",
        at="repo",
        problem="must be the URL of a git repository",
        seen="" if "@" in repo else show(repo),
        fix='Use "https://host/path.git" or "git@host:path.git"',
    )


def repository_rules(settings: GitSync) -> Iterator[Finding]:
    """Check that repository, credentials, known hosts and CA certificate match."""
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
            problem="must not contain a token, a query or a fragment, because everyone who reads the manifests sees it",
            fix='Use the URL without them and set credentials=GitTokenSecret("airflow-git")',
        )
        return
    if parts is not None and (parts.password or (parts.username and parts.scheme != "ssh")):
        yield Finding(
            rule="dags/secret-in-url",
            at="repo",
            problem="must not contain a user or token, because everyone who reads the manifests sees it",
            fix='Use the URL without it and set credentials=GitTokenSecret("airflow-git")',
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
            problem="must be a GitTokenSecret for a repository over https, not an SSH key",
            seen=repr(repo),
            fix='Pass credentials=GitTokenSecret("airflow-git"), or use repo="git@host:path.git"',
        )
    if plain and settings.credentials is not None:
        yield Finding(
            rule="dags/plain-http",
            at="repo",
            problem="must use https, otherwise the credentials are sent unencrypted",
            seen=repr(repo),
            fix=f"Use {repo.replace('http://', 'https://', 1)!r}",
        )
    if settings.known_hosts is not None:
        yield Finding(
            rule="dags/known-hosts",
            at="known_hosts",
            problem="is ignored: host keys are used only for a repository over SSH",
            seen=repr(repo),
            fix="Remove known_hosts=; for a private certificate authority set ca=",
        )


def _ssh_rules(settings: GitSync) -> Iterator[Finding]:
    if not isinstance(settings.credentials, GitSshSecret):
        yield Finding(
            rule="dags/credentials",
            at="credentials",
            problem="must be an SSH key for a repository over SSH",
            seen=repr(settings.repo),
            fix='Pass credentials=GitSshSecret("airflow-git-ssh"), or use the https URL of the repository',
        )
    if settings.known_hosts is None:
        yield Finding(
            rule="dags/known-hosts",
            at="known_hosts",
            problem="is required for SSH, otherwise any host could impersonate the git server",
            fix="Pass the output of ssh-keyscan HOST, after comparing the keys with those that the git host publishes",
        )
    elif isinstance(settings.known_hosts, str) and not _covers(settings.known_hosts, host := ssh_host(settings.repo)):
        yield Finding(
            rule="dags/known-hosts",
            at="known_hosts",
            problem=f"must have a key of {host}, the host of the repository",
            fix=f"Use the output of `ssh-keyscan {_scan_arguments(host)}`, compared with what the host publishes",
        )
    if settings.ca is not None:
        yield Finding(
            rule="dags/ca",
            at="ca",
            problem="is ignored: a CA certificate is used only for a repository over https",
            seen=repr(settings.repo),
            fix="Remove ca=",
        )
