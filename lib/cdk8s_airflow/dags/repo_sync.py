"""DAG files from a git repository, synced by a git-sync sidecar."""

from __future__ import annotations

from typing import Annotated

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.unused import UnusedConstructs
from cdk8s_airflow.dags.git_sync import ContainerName, GitRef, GitSubPath, GitSync, KnownHosts, repository_rules
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.validation.constraints import Count, Duration, NonEmpty, at_least
from cdk8s_airflow.validation.durations import seconds


class DagRepoSync(PlatformConstruct):
    """DAG files from a git repository, synced by git-sync.

    The pods that read DAG files get a git-sync sidecar, which clones the repository and fetches it again every
    ``interval``. Which pods these are depends on the chart and Airflow versions. The construct emits no object; pass it
    to ``AirflowChart(dags=...)``.
    """

    how_to_write = 'DagRepoSync(chart, "dags", repo="https://git.example.com/dags.git", ref="main")'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repo: NonEmpty,
        ref: GitRef,
        sub_path: GitSubPath = "",
        interval: Duration = "60s",
        depth: Count = 1,
        max_failures: Annotated[int, at_least(-1, "use 0 or more, or -1 for no limit")] | None = None,
        container_name: ContainerName = "git-sync",
        credentials: GitTokenSecret | GitSshSecret | None = None,
        known_hosts: KnownHosts | None = None,
        ca: SecretKey | ConfigMapKey | None = None,
        resources: Resources = Resources(cpu="25m", memory="64Mi", memory_limit="256Mi"),
        metrics: bool = False,
    ) -> None:
        """Define the git repository that the release syncs.

        Args:
            scope: the parent in the construct tree.
            id: the construct id.
            repo: the repository, as ``https://host/path.git``, ``git@host:path.git`` or ``ssh://git@host/path.git``,
                without user and token. Chart key ``dags.gitSync.repo``.
            ref: the branch, tag or full commit. Chart keys ``dags.gitSync.ref`` and ``branch``, which would override a
                different ``ref``. ``dags.gitSync.rev`` is always ``HEAD``.
            sub_path: the folder of the DAG files in the repository. Chart key ``dags.gitSync.subPath``. Default:
                ``""``, the root.
            interval: the duration between two fetches. Chart key ``dags.gitSync.period``. Default: ``"60s"``.
            depth: the number of commits to fetch. Chart key ``dags.gitSync.depth``. Default: 1, only the newest.
            max_failures: how many fetches in a row may fail before the container exits and is restarted; -1 for no
                limit. After a restart it reads its Secret again. Chart key ``dags.gitSync.maxFailures``. Default: as many
                as take two minutes, such as 2 with ``interval="60s"``; with the chart's default of 0, one failed
                fetch restarts it.
            container_name: the name of the container. Chart key ``dags.gitSync.containerName``. Default:
                ``"git-sync"``.
            credentials: a :class:`GitTokenSecret` for HTTPS or a :class:`GitSshSecret` for SSH. Chart key
                ``dags.gitSync.credentialsSecret`` or ``sshKeySecret``. Default: None, for public repositories.
            known_hosts: the host keys of the git server, as ``ssh-keyscan HOST`` prints them. Required for SSH: without
                host keys another server could deliver DAG files. Chart key ``dags.gitSync.knownHosts``. Default: None.
            ca: the certificate of a private CA that issued the certificate of the git server, in the namespace of the
                release. It is mounted into every git-sync container, also in task pods. Default: None.
            resources: requests and limits of each git-sync container. Chart key ``dags.gitSync.resources``. Default:
                25m CPU, 64Mi memory, at most 256Mi.
            metrics: whether git-sync serves metrics on port 1234 (``--http-metrics``), for :class:`Monitoring`. Default: False.

        Raises:
            PlatformError: if an argument is invalid, or if repository, credentials and known hosts do not match.
        """
        found = checked(DagRepoSync.__init__, locals())
        settings = GitSync(
            repo=repo,
            ref=ref,
            sub_path=sub_path,
            interval=interval,
            depth=depth,
            max_failures=_failures_in_two_minutes(interval) if max_failures is None else max_failures,
            container_name=container_name,
            credentials=credentials,
            known_hosts=known_hosts,
            ca=ca,
            resources=resources,
            metrics=metrics,
        )
        if isinstance(repo, str):
            found = [finding for finding in found if finding.at != "repo"] + list(repository_rules(settings))
        super().__init__(scope, id, found)
        self._settings = settings
        if self._sound:
            self._registry.slot(UnusedConstructs).add("DagRepoSync", id, "Pass it to AirflowChart(dags=...)")

    @property
    def settings(self) -> GitSync:
        """The settings that :class:`AirflowChart` reads."""
        self._registry.slot(UnusedConstructs).use("DagRepoSync", self._id)
        return self._settings


def _failures_in_two_minutes(interval: object) -> int:
    """How many fetches take two minutes, at least one. An invalid interval is reported elsewhere."""
    try:
        each = seconds(str(interval))
    except ValueError:
        return 1
    return max(1, 120 // max(1, each))
