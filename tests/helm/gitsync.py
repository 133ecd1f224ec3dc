"""What git-sync v4 makes of its environment, written down as a small model.

Facts read in git-sync's source at v4.1.0, v4.3.0 and v4.4.2 (the versions the charts bring):

* a variable has one current name and old names; if more than one is set, the last of the list wins;
* the deprecated branch wins over the ref whenever it is not empty and the deprecated revision is empty or ``HEAD``;
* a deprecated revision without a branch wins over the ref, even when it is ``HEAD``;
* a branch together with another revision: v4.1 takes the revision, later versions end with a configuration error;
* a deprecated wait that is not zero wins over the period, a deprecated destination over the link, a deprecated number
  of sync failures that is not zero over the current one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KNOWN_VERSIONS = ("v4.1.0", "v4.3.0", "v4.4.2")
"""The git-sync versions in the four charts whose source the model follows."""


class GitSyncError(Exception):
    """git-sync would end with a configuration error."""


@dataclass(frozen=True, kw_only=True)
class Effective:
    """What git-sync really does."""

    repo: str
    ref: str
    link: str
    root: str
    depth: int
    period_seconds: float
    max_failures: int
    one_time: bool
    ssh: bool
    known_hosts: bool


def _pick(env: Mapping[str, str], default: str, *names: str) -> str:
    value = default
    for name in names:
        if name in env:
            value = env[name]
    return value


def seconds(duration: str) -> float:
    """Seconds of a Go duration such as ``1m30s``; a text that Go would not read is an error."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise GitSyncError(f"{duration!r} is not a Go duration")
    return sum(float(number) * units[unit] for number, unit in parts)


def effective(env: Mapping[str, str], version: str) -> Effective:
    """What git-sync of that version does with that environment."""
    if version not in KNOWN_VERSIONS:
        raise GitSyncError(f"no model of git-sync {version!r}; there is one of {', '.join(KNOWN_VERSIONS)}")
    ref = _pick(env, "HEAD", "GITSYNC_REF")
    branch, rev = env.get("GIT_SYNC_BRANCH", ""), env.get("GIT_SYNC_REV", "")
    if branch and rev in ("", "HEAD"):
        ref = branch
    elif rev and (version == "v4.1.0" or not branch):
        ref = rev
    elif branch and rev:
        raise GitSyncError(f"branch {branch!r} together with revision {rev!r} is refused")
    repo = _pick(env, "", "GITSYNC_REPO", "GIT_SYNC_REPO")
    if not repo or not ref:
        raise GitSyncError("repo and ref must not be empty")
    wait = float(env.get("GIT_SYNC_WAIT", "0"))
    old_failures = int(env.get("GIT_SYNC_MAX_SYNC_FAILURES", "0"))
    return Effective(
        repo=repo,
        ref=ref,
        link=env.get("GIT_SYNC_DEST", "") or _pick(env, "", "GITSYNC_LINK", "GIT_SYNC_LINK"),
        root=_pick(env, "", "GITSYNC_ROOT", "GIT_SYNC_ROOT"),
        depth=int(_pick(env, "1", "GITSYNC_DEPTH", "GIT_SYNC_DEPTH")),
        period_seconds=wait or seconds(_pick(env, "10s", "GITSYNC_PERIOD", "GIT_SYNC_PERIOD")),
        max_failures=old_failures or int(_pick(env, "0", "GITSYNC_MAX_FAILURES", "GIT_SYNC_MAX_FAILURES")),
        one_time=_pick(env, "false", "GITSYNC_ONE_TIME", "GIT_SYNC_ONE_TIME") == "true",
        ssh=repo.startswith("ssh://") or bool(re.match(r"^[^/:]+@[^/:]+:", repo)),
        known_hosts=_pick(env, "true", "GITSYNC_SSH_KNOWN_HOSTS", "GIT_SYNC_KNOWN_HOSTS", "GIT_KNOWN_HOSTS") == "true",
    )
