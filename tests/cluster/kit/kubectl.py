"""kubectl, bound to one context of one kubeconfig."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cluster.kit.settings import ClusterSettings
from tests.terminal import run_in_terminal


class KubectlError(AssertionError):
    """A command that failed or took too long, with its output."""


class Kubectl:
    """Runs kubectl, and shell commands whose kubectl is bound in the same way.

    Args:
        settings: the cluster.
        folder: where a ``kubectl`` that is bound to the context is written.
    """

    def __init__(self, settings: ClusterSettings, folder: Path) -> None:
        self.settings = settings
        self._folder = folder
        bound = folder / "kubectl"
        options = ["--kubeconfig", str(settings.kubeconfig), "--context", settings.context]
        bound.write_text(
            f'#!/bin/sh\nexec {shlex.join([str(shutil.which("kubectl")), *options])} "$@"\n', encoding="utf-8"
        )
        bound.chmod(0o755)
        self._program = str(bound)

    def run(
        self, *arguments: str, input: str | None = None, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """One command; its output as text.

        Raises:
            KubectlError: if it fails (unless ``check`` is false) or takes longer than ``timeout`` seconds.
        """
        return self._run([self._program, *arguments], shlex.join(["kubectl", *arguments]), input, timeout, check)

    def shell(self, command: str, *, input: str = "", timeout: float = 60) -> str:
        """Run a bash command as the summary prints it, with a terminal for its prompts. Returns its output.

        Args:
            command: the command.
            input: what is typed at the prompts.
            timeout: seconds.
        """
        try:
            done = run_in_terminal(["bash", "-c", command], typed=input, timeout=timeout, env=self._environment())
        except subprocess.TimeoutExpired as error:
            raise KubectlError(f"{command}\ntook longer than {timeout} s") from error
        if done.returncode:
            raise KubectlError(f"{command}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """What ``kubectl get ... -o json`` prints; None if there is nothing of this name."""
        text = self.run("get", *arguments, "-o", "json", "--ignore-not-found").stdout
        return json.loads(text) if text.strip() else None

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects of a ``kubectl get``."""
        found = self.get(*arguments)
        if found is None:
            return []
        return list(found["items"]) if found["kind"].endswith("List") else [found]

    def exists(self, *arguments: str) -> bool:
        """Whether ``kubectl get`` finds an object."""
        return bool(self.run("get", *arguments, "-o", "name", "--ignore-not-found").stdout.strip())

    def _environment(self) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if name not in ("KUBECONFIG", "KUBECTL_EXTERNAL_DIFF")
        }
        environment["PATH"] = f"{self._folder}{os.pathsep}{environment['PATH']}"
        return environment

    def _run(
        self, command: Sequence[str], shown: str, input: str | None, timeout: float, check: bool
    ) -> subprocess.CompletedProcess[str]:
        environment = self._environment()
        try:
            done = subprocess.run(
                command, input=input, capture_output=True, text=True, check=False, timeout=timeout, env=environment
            )
        except subprocess.TimeoutExpired as error:
            raise KubectlError(f"{shown}\ntook longer than {timeout} s") from error
        if check and done.returncode:
            raise KubectlError(f"{shown}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done
