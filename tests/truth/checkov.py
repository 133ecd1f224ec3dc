"""checkov as a judge: hundreds of rules on the security of Kubernetes objects that somebody else wrote.

It has an environment of its own, which ``make test`` makes, because it wants other versions of some packages. What it may
find fault with stands in ``checkov-waivers.yaml``, each with a reason.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
READY = HERE.parents[1] / ".venv" / ".checkov"
PYTHON = READY.parent / "checkov" / "bin" / "python"
WAIVERS = HERE / "checkov-waivers.yaml"

MISSING = "checkov is not set up; run: make .venv/.checkov"
"""The reason shown for a skipped test."""

JUDGED_KINDS = frozenset(
    (
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "Pod",
        "Role",
        "RoleBinding",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    )
)
"""Kinds that checkov must have looked at wherever they are."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One check that did not hold.

    Attributes:
        check: its id.
        name: what it asks for.
        resource: kind, namespace and name of the object, with dots between them.
    """

    check: str
    name: str
    resource: str

    @property
    def namespace(self) -> str:
        """Where the object is."""
        return self.resource.split(".")[1]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What checkov said of a platform.

    Attributes:
        faults: the checks that did not hold.
        passed: how many held.
        seen: the objects it looked at.
        isolated: namespaces with a policy for all their pods.
    """

    faults: tuple[Fault, ...]
    passed: int
    seen: frozenset[str]
    isolated: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A check that need not hold.

    Attributes:
        check: its id.
        where: patterns of the objects for which it need not.
        because: why.
        isolated_too: whether it holds in namespaces with a policy for all their pods as well.
    """

    check: str
    where: tuple[str, ...]
    because: str
    isolated_too: bool = True

    def covering(self, fault: Fault, isolated: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
        """The check and each of the patterns that covers a fault, where some namespaces are isolated."""
        if fault.check != self.check or (fault.namespace in isolated and not self.isolated_too):
            return []
        return [(self.check, pattern) for pattern in self.where if fnmatch.fnmatchcase(fault.resource, pattern)]


def is_there() -> bool:
    """Whether checkov can be asked."""
    return READY.is_file() and PYTHON.is_file()


@functools.cache
def waivers(of: str) -> tuple[Waiver, ...]:
    """The waivers for our own objects (``ours``), or for what the chart makes of our values (``chart``)."""
    return tuple(
        Waiver(
            check=each["check"],
            where=tuple(each[of]),
            because=each["because"].strip(),
            isolated_too=each.get("isolated_too", True),
        )
        for each in yaml.safe_load(WAIVERS.read_text(encoding="utf-8"))
        if of in each
    )


def judge(platforms: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[str, Verdict]:
    """What checkov says of platforms, each of them by itself.

    Args:
        platforms: what a platform is called -> its manifests.
    """
    kept = {name: [manifest for manifest in manifests if manifest] for name, manifests in platforms.items()}
    with tempfile.TemporaryDirectory(prefix="checkov-") as scratch:
        folders: dict[str, str] = {}
        for position, (name, manifests) in enumerate(kept.items()):
            folder = Path(scratch, str(position))
            folder.mkdir()
            text = yaml.dump_all(manifests, Dumper=_Plain, sort_keys=False)
            (folder / "platform.yaml").write_text(text, encoding="utf-8")
            folders[str(folder)] = name
        done = subprocess.run(
            [str(PYTHON), "-I", str(HERE / "checkov_scan.py")],
            input=json.dumps(list(folders)),
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "HOME": scratch},
        )
        assert done.returncode == 0, done.stderr
        said = {folders[folder]: told for folder, told in json.loads(done.stdout).items()}
    verdicts = {}
    for name, told in said.items():
        assert told["unread"] == [], f"{name}: checkov cannot read it"
        faults = tuple(Fault(check=check, name=asked, resource=at) for check, asked, at in told["failed"])
        isolated = frozenset(
            each["metadata"]["namespace"]
            for each in kept[name]
            if each["kind"] == "NetworkPolicy" and each["spec"]["podSelector"] == {}
        )
        verdicts[name] = Verdict(faults=faults, passed=told["passed"], seen=frozenset(told["seen"]), isolated=isolated)
        unseen = overlooked(kept[name], verdicts[name])
        assert not unseen, f"{name}: checkov has not looked at {unseen}"
    return verdicts


def overlooked(manifests: Iterable[Mapping[str, Any]], verdict: Verdict) -> list[str]:
    """Objects that checkov should have looked at and has not."""
    return sorted({called(each) for each in manifests if each["kind"] in JUDGED_KINDS} - verdict.seen)


def called(manifest: Mapping[str, Any]) -> str:
    """What checkov calls an object."""
    metadata = manifest["metadata"]
    return f"{manifest['kind']}.{metadata.get('namespace') or 'default'}.{metadata['name']}"


def unwaived(verdicts: Mapping[str, Verdict], of: str) -> list[str]:
    """Every fault that no waiver covers, as a line."""
    return [
        f"{platform}: {fault.resource}: {fault.check} {fault.name}"
        for platform, verdict in verdicts.items()
        for fault in verdict.faults
        if not any(waiver.covering(fault, verdict.isolated) for waiver in waivers(of))
    ]


def idle(verdicts: Iterable[Verdict], of: str) -> set[tuple[str, str]]:
    """Checks and patterns of waivers that cover nothing, and so have to go."""
    every = {(waiver.check, pattern) for waiver in waivers(of) for pattern in waiver.where}
    used = {
        each
        for verdict in verdicts
        for fault in verdict.faults
        for waiver in waivers(of)
        for each in waiver.covering(fault, verdict.isolated)
    }
    return every - used


class _Plain(yaml.SafeDumper):
    """Writes each node out where it stands, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
