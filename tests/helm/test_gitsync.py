"""The model of git-sync, against what its source does."""

from __future__ import annotations

import pytest

from .gitsync import KNOWN_VERSIONS, GitSyncError, effective, seconds

BASE = {"GITSYNC_REPO": "https://git.example.org/dags.git", "GITSYNC_REF": "main"}


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_deprecated_branch_takes_precedence_over_ref(version: str) -> None:
    env = {**BASE, "GIT_SYNC_BRANCH": "v2-2-stable", "GIT_SYNC_REV": "HEAD"}
    assert effective(env, version).ref == "v2-2-stable"


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_without_branch_and_revision_the_ref_counts(version: str) -> None:
    assert effective({**BASE, "GIT_SYNC_BRANCH": "", "GIT_SYNC_REV": ""}, version).ref == "main"


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_a_revision_without_a_branch_wins_even_when_it_is_head(version: str) -> None:
    assert effective({**BASE, "GIT_SYNC_BRANCH": "", "GIT_SYNC_REV": "HEAD"}, version).ref == "HEAD"


def test_a_branch_with_another_revision_is_read_differently_by_version() -> None:
    env = {**BASE, "GIT_SYNC_BRANCH": "main", "GIT_SYNC_REV": "0123abc"}
    assert effective(env, "v4.1.0").ref == "0123abc"
    for version in ("v4.3.0", "v4.4.2"):
        with pytest.raises(GitSyncError, match="0123abc"):
            effective(env, version)


@pytest.mark.parametrize("version", KNOWN_VERSIONS)
def test_old_names_of_wait_failures_and_destination_win(version: str) -> None:
    env = {
        **BASE,
        "GITSYNC_PERIOD": "60s",
        "GIT_SYNC_WAIT": "5",
        "GITSYNC_MAX_FAILURES": "10",
        "GIT_SYNC_MAX_SYNC_FAILURES": "3",
        "GITSYNC_LINK": "repo",
        "GIT_SYNC_DEST": "other",
    }
    real = effective(env, version)
    assert (real.period_seconds, real.max_failures, real.link) == (5.0, 3, "other")


@pytest.mark.parametrize(
    ("repo", "ssh"),
    [
        ("ssh://git@git.example.org/dags.git", True),
        ("git@git.example.org:data/dags.git", True),
        ("https://git.example.org/dags.git", False),
        ("https://user@git.example.org:8443/dags.git", False),
    ],
)
def test_ssh_is_recognized_by_the_address(repo: str, ssh: bool) -> None:
    assert effective({**BASE, "GITSYNC_REPO": repo}, "v4.4.2").ssh is ssh


def test_an_unknown_version_is_not_guessed() -> None:
    with pytest.raises(GitSyncError, match=r"v5\.0\.0"):
        effective(BASE, "v5.0.0")


@pytest.mark.parametrize("env", [{"GITSYNC_REF": "main"}, {**BASE, "GITSYNC_REF": ""}])
def test_without_repository_or_ref_it_ends(env: dict[str, str]) -> None:
    with pytest.raises(GitSyncError, match="empty"):
        effective(env, "v4.4.2")


@pytest.mark.parametrize(("text", "value"), [("60s", 60.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5400.0)])
def test_go_durations(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["60", "", "1 m", "s", "60s "])
def test_texts_that_are_no_go_duration(text: str) -> None:
    with pytest.raises(GitSyncError, match="Go duration"):
        seconds(text)
