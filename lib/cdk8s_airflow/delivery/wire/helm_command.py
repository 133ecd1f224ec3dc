"""The files of a release that is installed with the helm command."""

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

    The script does not use ``--wait``: Helm would wait for pods that wait for the migration, and it runs the migration
    hook after that wait. File names end in ``.yml``, because cdk8s treats every ``.yaml`` file below its folder as a
    manifest.
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
        notes=(helm_recovery(release),),
        removal=(f"helm uninstall {release.name} --namespace {release.namespace} --wait",),
    )


def helm_recovery(release: Release) -> str:
    """The same command upgrades a failed release. Only a release that was interrupted blocks it."""
    return (
        f"If release {release.name} has failed, fix the cause, then run its command again. "
        "If Helm reports that another operation is in progress although none is, first run:\n"
        f"  kubectl -n {release.namespace} delete secret "
        f"-l 'owner=helm,name={release.name},status in (pending-install,pending-upgrade,pending-rollback)'"
    )
