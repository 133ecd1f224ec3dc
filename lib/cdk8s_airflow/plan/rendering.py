"""The objects of the charts, rendered by Helm, as part of a comparison."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdk8s_airflow.plan.comparison import Plan, compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Manifest, Platform, platform, read_text
from cdk8s_airflow.plan.release import Release, release_of


@dataclass(frozen=True)
class Renderer:
    """Renders releases with Helm and archives that are on this machine; nothing is downloaded.

    Attributes:
        helm: the Helm program.
        charts: the folder with the archives, named as they were released: ``airflow-1.22.0.tgz``.
    """

    helm: str = "helm"
    charts: Path = Path("charts")

    def compare(self, before: Platform, after: Platform) -> Plan:
        """The plan for a change, with the objects of the charts.

        Raises:
            PlanError: an archive or Helm is missing, or Helm fails.
        """
        return compare(self.with_objects(before), self.with_objects(after), rendered=True)

    def with_objects(self, one: Platform) -> Platform:
        """A platform with the objects of its releases."""
        releases = [found for each in one.manifests.values() if (found := release_of(each, one)) is not None]
        objects = [each for release in releases for each in self.render(release)]
        own = list(one.manifests.values())
        taken = {each.identity for each in own}
        return platform([*own, *(each for each in objects if each.identity not in taken)], one.label)

    def render(self, release: Release) -> list[Manifest]:
        """The objects that a release creates."""
        archive = self._archive(release)
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as values:
            json.dump(release.values, values)
            values.flush()
            text = self._helm(
                ["template", release.name, str(archive), "--namespace", release.namespace, "--values", values.name]
            )
        label = f"{release.chart}-{release.version}.tgz"
        return [_placed(each, release.namespace) for each in _distinct(read_text(text, label))]

    def _archive(self, release: Release) -> Path:
        name = f"{release.chart}-{release.version}.tgz"
        path = self.charts / name
        if not path.is_file():
            raise PlanError(
                f"{path} does not exist, so release {release.name} cannot be rendered. Put the archive there, for example with: "
                f"helm pull {release.chart} --repo {release.repository} --version {release.version} --destination {self.charts}"
            )
        return path

    def _helm(self, arguments: Iterable[str]) -> str:
        try:
            run = subprocess.run(
                [self.helm, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        except OSError:
            raise PlanError(f"{self.helm} is not installed. Install Helm, or name it with --helm.") from None
        if run.returncode:
            raise PlanError(f"helm template failed: {run.stderr.strip() or run.returncode}")
        return run.stdout


def _distinct(manifests: Iterable[Manifest]) -> list[Manifest]:
    """A chart may render one object twice under two conditions; the last one counts, as in an install."""
    found: dict[tuple[str, str, str, str], Manifest] = {}
    for each in manifests:
        found[each.identity] = each
    return list(found.values())


_CLUSTER_WIDE = frozenset({
    "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace", "PersistentVolume", "PriorityClass",
    "StorageClass", "IngressClass", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
})  # fmt: skip


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    """The object with the namespace that Helm installs it into."""
    if manifest.namespace or manifest.kind in _CLUSTER_WIDE:
        return manifest
    metadata: Mapping[str, object] = {**manifest.metadata, "namespace": namespace}
    return Manifest({**manifest.body, "metadata": metadata}, manifest.source)
