"""Charts of object stores, for tests that render them with real Helm.

They are no part of this repository, nor of what the tests of Airflow's own chart need. The environment variable
``CDK8S_AIRFLOW_STORE_CHARTS`` names a folder with ``seaweedfs-<version>.tgz`` and ``minio-<version>.tgz``; without it, or
without Helm, such tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.helm.rendering import Rendered, program

VARIABLE = "CDK8S_AIRFLOW_STORE_CHARTS"
"""The environment variable that names the folder."""


def rendered(helm_chart: Mapping[str, Any], kube_version: str = "1.34") -> Rendered:
    """What a HelmChart object would install."""
    spec = helm_chart["spec"]
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        pytest.skip(f"set {VARIABLE} to a folder with {spec['chart']}-{spec['version']}.tgz to run this test")
    archive = Path(folder) / f"{spec['chart']}-{spec['version']}.tgz"
    if not archive.exists():
        pytest.skip(f"there is no {archive.name} in {folder}")
    release, namespace = helm_chart["metadata"]["name"], spec["targetNamespace"]
    command = [str(program("helm")), "template", release, str(archive), "--namespace", namespace]
    done = subprocess.run(
        [*command, "--kube-version", kube_version, "--values", "-"],
        input=spec["valuesContent"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Rendered.parse(done.stdout, release=release, namespace=namespace, chart_version=spec["version"])
