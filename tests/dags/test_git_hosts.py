"""Host keys and refs of git repositories that git-sync could not use are refused."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import GitSshSecret, PlatformError
from tests.making import make_dags, new_chart

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKfFkCqbLaPGRvGBrHYUNHTBGVDZyPkIOmkLDTYP3nT6"


def rules(**arguments: Any) -> list[str]:
    try:
        make_dags(new_chart(), **arguments)
    except PlatformError as error:
        return [finding.rule for finding in error.findings]
    return []


@pytest.mark.parametrize(
    ("repo", "hosts", "covered"),
    [
        ("git@git.lab:a/b.git", "git.lab", True),
        ("git@git.lab:a/b.git", "github.com,git.lab,10.0.0.1", True),
        ("git@git.lab:a/b.git", "GIT.lab", True),
        ("git@git.lab:a/b.git", "*.lab", True),
        ("git@git.lab:a/b.git", "@cert-authority *.lab", True),
        ("git@git.lab:a/b.git", "|1|JfKTdBh7rNbXkVAQCRp4OQoPfmI=|USECr3SWf1JUPsms5AqfD5QfxkM=", True),
        ("ssh://git@git.lab:2222/a/b.git", "[git.lab]:2222", True),
        ("ssh://git@git.lab:22/a/b.git", "git.lab", True),
        ("git@git.lab:a/b.git", "github.com", False),
        ("git@git.lab:a/b.git", "@revoked git.lab", False),
        ("git@git.lab:a/b.git", "[git.lab]:2222", False),
        ("ssh://git@git.lab:2222/a/b.git", "git.lab", False),
        ("git@git.lab:a/b.git", "!git.lab", False),
    ],
)
def test_known_hosts_must_have_the_host_of_the_repository(repo: str, hosts: str, covered: bool) -> None:
    found = rules(repo=repo, credentials=GitSshSecret("key"), known_hosts=f"{hosts} {KEY}")
    assert found == ([] if covered else ["dags/known-hosts"])


@pytest.mark.parametrize("ref", ["abc1234", "0123456789abcdef0123456789abcdef0123456", "deadbee1"])
def test_abbreviated_commit_is_refused(ref: str) -> None:
    assert rules(ref=ref) == ["dags/ref"]


@pytest.mark.parametrize(
    "ref", ["0123456789abcdef0123456789abcdef01234567", "main", "deadbeef", "20261128", "a1b2c3", "v1.4.0"]
)
def test_branch_tag_or_full_commit_is_accepted(ref: str) -> None:
    assert rules(ref=ref) == []
