"""The files of a release that is installed by hand."""

from __future__ import annotations

from cdk8s_airflow.app.files import FOLDER, MARK
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.wire.release import Delivered, Release
from cdk8s_airflow.model.cluster_facts import ClusterFacts

_SCRIPT = """\
#!/bin/sh
{mark}
# Installs release {release}, or upgrades it. Further arguments go to Helm, like --kube-context.
exec helm upgrade --install {release} {chart} \\
  --version {version} \\
  --namespace {namespace} \\
  --timeout {timeout} \\
  --values "$(dirname "$0")/values.yml" "$@"
"""


def helm_files(delivery: HelmCommand, release: Release, facts: ClusterFacts) -> Delivered:
    """A values file and a script with the command.

    Helm is not told to wait: it would wait for pods that wait for the migration, which Helm runs after the wait. The names
    end in ``.yml``, because cdk8s takes every ``.yaml`` below its folder for a manifest.
    """
    source = delivery.source
    folder = f"{FOLDER}/{release.name}"
    script = _SCRIPT.format(
        mark=MARK,
        release=release.name,
        chart=source.url.rstrip("/") if source.is_oci else f"{source.chart} --repo {source.repository}",
        version=release.chart_version,
        namespace=release.namespace,
        timeout=delivery.timeout,
    )
    return Delivered(
        objects={},
        files={f"{folder}/values.yml": f"{MARK}\n{release.text}", f"{folder}/install.sh": script},
        notes=(helm_way_out(release),),
        removal=(f"helm uninstall {release.name} --namespace {release.namespace} --wait",),
    )


def helm_way_out(release: Release) -> str:
    """A failed release is upgraded by the same command; only one that was cut off stands in its own way."""
    return (
        f"If release {release.name} has failed: mend the cause, then run its command again. "
        "If Helm says that another operation is in progress, and none is, first\n"
        f"  kubectl -n {release.namespace} delete secret "
        f"-l 'owner=helm,name={release.name},status in (pending-install,pending-upgrade,pending-rollback)'"
    )
