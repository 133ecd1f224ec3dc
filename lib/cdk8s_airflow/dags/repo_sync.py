"""DAG files from a git repository, kept up to date by git-sync beside the pods that read them."""

from __future__ import annotations

from typing import Annotated

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.dags.git_sync import ContainerName, GitRef, GitSubPath, GitSync, KnownHosts, repository_rules
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.validation.constraints import Count, Duration, NonEmpty, at_least


class DagRepoSync(PlatformConstruct):
    """DAG files from a git repository.

    The pods that read DAG files get a git-sync container beside them that clones the repository and pulls it again every
    ``period``. Which pods those are follows the versions of chart and Airflow. It makes no object of its own: hand it to
    :class:`AirflowChart` as ``dags=``.
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
        max_failures: Annotated[int, at_least(-1, "use 0 or more, or -1 for no limit")] = 10,
        container_name: ContainerName = "git-sync",
        credentials: GitTokenSecret | GitSshSecret | None = None,
        known_hosts: KnownHosts | None = None,
        ca: SecretKey | ConfigMapKey | None = None,
        resources: Resources = Resources(cpu="25m", memory="64Mi", memory_limit="256Mi"),
        metrics: bool = False,
    ) -> None:
        """Define the git repository that the release syncs.

        Args:
            scope: where it belongs in the construct tree.
            id: the construct id.
            repo: the repository, as ``https://host/path.git`` or ``git@host:path.git`` (also ``ssh://git@host/path.git``).
                Never with a user or token in it.
            ref: the branch, tag or full commit. It is written to every setting that the two generations of git-sync read, so
                that none of them wins over it (chart: ``dags.gitSync.{ref,branch,rev}``).
            sub_path: the folder of the DAG files inside the repository. Default: ``""``, the root of the repository.
            interval: how long git-sync waits between two fetches. Default: ``"60s"``.
            depth: how many commits to fetch. Default: 1, the newest only.
            max_failures: how many pulls in a row may fail before the container gives up and is restarted. Default: 10; the
                chart's own default of 0 restarts it at the first hiccup of the git server.
            container_name: the name of the container. Default: ``"git-sync"``.
            credentials: a :class:`GitTokenSecret` for https, a :class:`GitSshSecret` for ssh. Default: none, for public repositories.
            known_hosts: for ssh, and required there: the host keys to trust, as ``ssh-keyscan HOST`` prints them. Without them
                anybody on the way could hand out DAG files.
            ca: the certificate of a private authority that signed the git server's, in the release's namespace. It reaches
                every git-sync container, those of task pods included.
            resources: of each git-sync container. Default: 25m CPU, 64Mi memory, at most 256Mi.
            metrics: whether git-sync serves metrics at port 1234 (``--http-metrics``), for :class:`Monitoring`. Default:
                False.

        Raises:
            PlatformError: when the repository's form, the credentials and the known hosts do not fit together, or a value has
                the wrong form.
        """
        found = checked(DagRepoSync.__init__, locals())
        settings = GitSync(
            repo=repo,
            ref=ref,
            sub_path=sub_path,
            interval=interval,
            depth=depth,
            max_failures=max_failures,
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

    @property
    def settings(self) -> GitSync:
        """What this source was told, for :class:`AirflowChart`."""
        return self._settings
