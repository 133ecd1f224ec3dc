"""The objects of the charts, rendered by Helm, as part of a comparison."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdk8s_airflow.model.cluster_scoped_kinds import is_cluster_scoped
from cdk8s_airflow.plan.comparison import Plan, compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.manifest import Manifest, Platform, platform, read_text
from cdk8s_airflow.plan.release import Release, release_of
from cdk8s_airflow.plan.tree import canonical


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

        A release of another chart than Airflow's whose archive is missing is left out, with a note.

        Raises:
            PlanError: Helm or an archive of the Airflow chart is missing, or Helm fails.
        """
        notes: list[str] = []
        both = [self._with_objects(one, notes) for one in (before, after)]
        (first, rendered_before), (second, rendered_after) = both
        return compare(first, second, rendered=rendered_before & rendered_after, notes=dict.fromkeys(notes))

    def _with_objects(self, one: Platform, notes: list[str]) -> tuple[Platform, set[str]]:
        """A platform with the objects of its releases, and the ids of the objects that deliver them."""
        found = list(one.manifests.values())
        taken = set(one.manifests)
        done: set[str] = set()
        for each in one.manifests.values():
            release = release_of(each, one)
            if release is None:
                continue
            archive = self.charts / f"{release.chart}-{release.version}.tgz"
            if not archive.is_file():
                missing = _missing(release, archive)
                if release.is_airflow:
                    raise PlanError(missing)
                notes.append(missing)
                continue
            found += [rendered for rendered in self.render(release, archive) if rendered.identity not in taken]
            done.add(each.id)
        return dataclasses.replace(platform(found, one.label), constructs=one.constructs), done

    def render(self, release: Release, archive: Path) -> list[Manifest]:
        """The objects that a release creates, from the archive of its chart.

        Raises:
            PlanError: Helm is missing, or fails.
        """
        text = _rendered(self.helm, archive, release.name, release.namespace, canonical(release.values))
        return [_placed(each, release.namespace) for each in _distinct(read_text(text, archive.name))]


def _missing(release: Release, archive: Path) -> str:
    return (
        f"{archive} does not exist, so release {release.name} cannot be rendered. Put the archive there, for example with: "
        f"helm pull {release.chart} --repo {release.repository} --version {release.version} --destination {archive.parent}"
    )


@functools.lru_cache(maxsize=16)
def _rendered(helm: str, archive: Path, name: str, namespace: str, values: str) -> str:
    """What Helm renders; the same release is rendered once."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(values)
        file.flush()
        command = [helm, "template", name, str(archive), "--namespace", namespace, "--values", file.name]
        try:
            run = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        except OSError:
            raise PlanError(f"{helm} is not installed. Install Helm, or name it with --helm.") from None
    if run.returncode:
        raise PlanError(f"helm template failed for release {name}: {run.stderr.strip() or run.returncode}")
    return run.stdout


def _distinct(manifests: Iterable[Manifest]) -> list[Manifest]:
    """A chart may render one object twice under two conditions; the last one counts, as in an install."""
    found: dict[tuple[str, str, str, str], Manifest] = {}
    for each in manifests:
        found[each.identity] = each
    return list(found.values())


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    """The object with the namespace that Helm installs it into."""
    if manifest.namespace or is_cluster_scoped(str(manifest.body["apiVersion"]), manifest.kind):
        return manifest
    metadata: Mapping[str, object] = {**manifest.metadata, "namespace": namespace}
    return Manifest({**manifest.body, "metadata": metadata}, manifest.source)
