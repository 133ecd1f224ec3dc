"""DAG files that Airflow 3 fetches from git itself, from several repositories at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.dags.git_sync import GitRef, GitSubPath, GitSync, is_ssh, repository_rules
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
        "is not a name for a DAG bundle",
        'use lower-case letters, digits, single dashes and underscores, starting with a letter, like "data-team"',
        "dags/bundle-name",
    ),
]
"""The name of a DAG bundle, which also names its connection."""


@frozen
class GitBundle:
    """One git repository as a DAG bundle. Each run of a DAG keeps to the commit it began with.

    Args:
        name: the bundle's name. It stays: runs refer to it.
        repo: the repository, as ``https://host/path.git`` or ``git@host:path.git``. Never with a user or token in it.
        ref: the branch or tag.
        sub_path: the folder of the DAG files inside the repository. Default: ``""``, the root of the repository.
        interval: how long to wait between two fetches of the repository. Default: ``"5m"``.
        credentials: a key of a Secret with an Airflow connection of type git, as JSON, with the repository as its host. It becomes
            the environment variable of the connection ``git_<name>``. Default: none, for public repositories.
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
                problem="is missing, and a repository is only reached over ssh with a key",
                seen=repr(self.repo),
                fix='give credentials=SecretKey("git-data", "connection"), or use the https form of the repository',
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
                known_hosts="host" if ssh else None,
                ca=None,
                resources=Resources(cpu="1m", memory="1Mi"),
            )
        )

    @property
    def connection(self) -> str:
        """The id of the connection it logs in with."""
        return f"git_{self.name.replace('-', '_')}"


@frozen(kw_only=False, init=False)
class DagBundles:
    """Git repositories that Airflow 3 fetches itself: no git-sync, no volume.

    The DAG processor fetches all of them, a task only its own. The image needs the provider ``apache-airflow-providers-git``,
    and git itself.

    Args:
        bundles: the repositories.
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
                problem="names no repository",
                seen="DagBundles()",
                fix=f"write {self.how_to_write}",
            )
        names = [bundle.connection for bundle in self.bundles]
        for index, bundle in enumerate(self.bundles):
            if bundle.connection in names[:index]:
                yield Finding(
                    rule="dags/bundle-name",
                    at=f"bundles[{index}].name",
                    problem="is the name of another bundle, but for dashes and underscores",
                    seen=show(bundle.name),
                    fix="give each bundle a name of its own",
                )

    @property
    def settings(self) -> DagBundles:
        """What this source was told, for :class:`AirflowChart`."""
        return self
