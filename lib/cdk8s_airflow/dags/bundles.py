"""DAG bundles: git repositories that Airflow 3 fetches without git-sync."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.dags.git_sync import GitRef, GitSubPath, GitSync, is_ssh, repository_rules, ssh_host
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import GitSshSecret, GitTokenSecret, SecretKey
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Duration, Must, NonEmpty
from cdk8s_airflow.validation.frozen import frozen

_NAME = regex(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*", re.ASCII)

BundleName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 200 and _NAME.fullmatch(text) is not None,
        "must be the name of a DAG bundle",
        'Use lower-case letters, digits, single dashes and underscores, starting with a letter, such as "data-team"',
        "dags/bundle-name",
    ),
]
"""The name of a DAG bundle. The id of its connection contains it."""


@frozen
class GitBundle:
    """A git repository as a DAG bundle. All tasks of a DAG run use the commit with which the run started.

    Args:
        name: the name of the bundle. Do not change it later: DAG runs refer to it.
        repo: the repository, as ``https://host/path.git`` or ``git@host:path.git``, without user and token.
        ref: the branch or tag, ``tracking_ref`` of the bundle.
        sub_path: the folder of the DAG files in the repository, ``subdir``. Default: ``""``, the root.
        interval: the duration between two fetches of the repository, ``refresh_interval``. Default: ``"5m"``.
        credentials: a key of a Secret with an Airflow connection of type git, as JSON, with the repository as its host.
            It becomes the environment variable of the connection ``git_<name>``. Default: None, for public
            repositories.
    """

    how_to_write: ClassVar[str] = 'GitBundle(name="data", repo="https://git.example.com/dags.git", ref="main")'

    name: BundleName
    repo: NonEmpty
    ref: GitRef
    sub_path: GitSubPath = ""
    interval: Duration = "5m"
    credentials: SecretKey | None = None

    def _rules(self) -> Iterator[Finding]:
        ssh = is_ssh(self.repo)
        if ssh and self.credentials is None:
            yield Finding(
                rule="dags/credentials",
                at="credentials",
                problem="is required for a repository over SSH",
                seen=repr(self.repo),
                fix='Set credentials=SecretKey("git-data", "connection"), or use the https URL of the repository',
            )
            return
        login = GitSshSecret("key") if ssh else GitTokenSecret("token")
        yield from repository_rules(
            GitSync(
                repo=self.repo,
                ref=self.ref,
                sub_path=self.sub_path,
                interval=self.interval,
                depth=1,
                max_failures=0,
                container_name="git-sync",
                credentials=None if self.credentials is None else login,
                known_hosts=ssh_host(self.repo) if ssh else None,
                ca=None,
                resources=Resources(cpu="1m", memory="1Mi"),
            )
        )

    @property
    def connection(self) -> str:
        """The id of its Airflow connection."""
        return f"git_{self.name.replace('-', '_')}"


@frozen(kw_only=False, init=False)
class DagBundles:
    """Git repositories that Airflow 3 fetches itself, without git-sync and without a volume.

    The DAG processor fetches all repositories, a task only the one of its DAG. The image must contain the provider
    ``apache-airflow-providers-git`` and git.

    Args:
        bundles: the repositories, at least one. Airflow option ``[dag_processor] dag_bundle_config_list``.
    """

    how_to_write: ClassVar[str] = (
        'DagBundles(GitBundle(name="data", repo="https://git.example.com/dags.git", ref="main"))'
    )

    bundles: tuple[GitBundle, ...]

    def __init__(self, *bundles: GitBundle) -> None:
        object.__setattr__(self, "bundles", bundles)

    def _rules(self) -> Iterator[Finding]:
        if not self.bundles:
            yield Finding(
                rule="dags/no-bundle",
                at="",
                problem="DagBundles requires at least one GitBundle",
                seen="DagBundles()",
                fix=f"Use {self.how_to_write}",
            )
        names = [bundle.connection for bundle in self.bundles]
        for index, bundle in enumerate(self.bundles):
            if bundle.connection in names[:index]:
                yield Finding(
                    rule="dags/bundle-name",
                    at=f"bundles[{index}].name",
                    problem="must be unique; dashes and underscores count as the same character",
                    seen=show(bundle.name),
                    fix="Use a different name for each bundle",
                )

    @property
    def settings(self) -> DagBundles:
        """The settings that :class:`AirflowChart` reads."""
        return self
