"""Settings of git-sync that must match each other."""

from __future__ import annotations

import pytest

from cdk8s_airflow.dags.git_sync import ContainerName, GitRef, GitSubPath, KnownHosts, is_ssh, repository_rules
from cdk8s_airflow.model.secret_reference import ConfigMapKey, GitSshSecret, GitTokenSecret
from cdk8s_airflow.validation import check_value
from tests.airflow.wire.samples import git

KEY = "git.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"


@pytest.mark.parametrize(
    ("repo", "ssh"),
    [
        ("git@h:p.git", True),
        ("h:p.git", True),
        ("ssh://git@h/p.git", True),
        ("ssh://git@h:2222/p.git", True),
        ("https://h/p.git", False),
        ("http://h/p.git", False),
        ("/p.git", False),
    ],
)
def test_is_ssh(repo: str, ssh: bool) -> None:
    assert is_ssh(repo) is ssh


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"credentials": None},
        {"repo": "http://git.example.com/p.git", "credentials": None},
        {"repo": "https://git.example.com:8443/a/b/c.git"},
        {"repo": "https://[::1]:8443/p.git"},
        {"ca": ConfigMapKey("ca", "ca.crt")},
        {"repo": "git@git.example.com:a/b.git", "credentials": GitSshSecret("s"), "known_hosts": KEY},
        {"repo": "ssh://git@git.example.com:22/a.git", "credentials": GitSshSecret("s"), "known_hosts": KEY},
    ],
)
def test_matching_settings_are_accepted(changes: dict[str, object]) -> None:
    assert list(repository_rules(git(**changes))) == []


def test_all_mismatches_are_reported_at_once() -> None:
    wrong = git(repo="git@h:p.git", credentials=GitTokenSecret("t"), ca=ConfigMapKey("ca", "ca.crt"))
    assert [finding.at for finding in repository_rules(wrong)] == ["credentials", "known_hosts", "ca"]


@pytest.mark.parametrize(
    "repo",
    ["https://hunter2@h/p.git", "https://u:hunter2@h/p.git", "ssh://git:hunter2@h/p.git", "https://u:hunter2@h:x/p.git",
     "https://u:hunter2@[h/p.git", "ftp://u:hunter2@h/p.git", "u:hunter2@h"],
)  # fmt: skip
def test_secret_in_a_url_is_never_shown(repo: str) -> None:
    found = list(repository_rules(git(repo=repo, credentials=None)))
    assert found
    assert "hunter2" not in " ".join(map(str, found))


@pytest.mark.parametrize("ref", ["main", "release/1.4", "v1.4.0", "a" * 40, "feature_x", "ünïcode", "1.0"])
def test_ref_is_accepted(ref: str) -> None:
    assert check_value(ref, GitRef, "ref") == []


@pytest.mark.parametrize(
    "ref",
    [
        "",
        " ",
        "HEAD",
        "-x",
        "/x",
        "x/",
        "x.",
        "a..b",
        "a//b",
        "a b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "a@{1}",
        "a\x00",
    ],
)
def test_invalid_ref_is_rejected(ref: str) -> None:
    assert len(check_value(ref, GitRef, "ref")) == 1


@pytest.mark.parametrize("path", ["", "dags", "a/b/c", "my dags", ".airflow", "..."])
def test_sub_path_is_accepted(path: str) -> None:
    assert check_value(path, GitSubPath, "sub_path") == []


@pytest.mark.parametrize("path", ["/", "/a", "a/", "a//b", "..", "a/../b", " a", "a\nb", "a\x00", "a/b\t"])
def test_invalid_sub_path_is_rejected(path: str) -> None:
    assert len(check_value(path, GitSubPath, "sub_path")) == 1


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"{KEY}\n",
        f"# a comment\n{KEY}\n\n{KEY} note",
        f"@cert-authority {KEY}",
        "|1|a=|b= ssh-rsa AAAA",
        "[h]:22 ecdsa-sha2-nistp256 AAAA=",
    ],
)
def test_known_hosts_are_accepted(text: str) -> None:
    assert check_value(text, KnownHosts, "known_hosts") == []


@pytest.mark.parametrize(
    "text",
    [
        "h",
        "~/.ssh/known_hosts",
        "# nothing",
        f"{KEY}\nhunter2",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "ssh-ed25519 AAAA",
    ],
)
def test_invalid_known_hosts_are_rejected_and_never_shown(text: str) -> None:
    (finding,) = check_value(text, KnownHosts, "known_hosts")
    assert finding.seen == ""


@pytest.mark.parametrize(
    ("name", "found"),
    [("git-sync", 0), ("g" * 58, 0), ("g" * 59, 1), ("triggerer", 1), ("base", 1), ("scheduler-log-groomer", 1)],
)
def test_container_name_that_the_chart_uses_is_rejected(name: str, found: int) -> None:
    assert len(check_value(name, ContainerName, "container_name")) == found
