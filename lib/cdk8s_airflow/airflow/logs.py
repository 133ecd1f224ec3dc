"""Where task logs are kept once the pod that wrote them is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import ObjectName
from cdk8s_airflow.checks.frozen import frozen
from cdk8s_airflow.secrets.contracts import Named, name_of
from cdk8s_airflow.storage.volume import Volume


@frozen(kw_only=False)
class Logs:
    """A choice of where task logs are kept: :meth:`claim`, :meth:`existing_claim` or :meth:`ephemeral`."""

    how_to_write: ClassVar[str] = 'Logs.claim(Volume("20Gi", storage_class="longhorn"))'

    def _rules(self) -> Iterator[Finding]:
        if type(self) is Logs:
            yield Finding(
                rule="logs/no-choice",
                at="",
                problem="says nothing about where logs are kept",
                seen="Logs()",
                fix="choose Logs.claim(...), Logs.existing_claim(...) or Logs.ephemeral()",
            )

    @staticmethod
    def claim(volume: Volume) -> Logs:
        """A volume that all pods of the release mount. The platform makes the claim itself, named ``<release>-logs``.

        It belongs to no Helm release, so that uninstalling one keeps the logs, and its access mode is one that the storage
        class can do; the chart's own claim is always ReadWriteMany, and waits for ever on a class that cannot.

        Args:
            volume: its size and class. Several nodes write it, so the class must be among ``ClusterFacts.rwx_classes``,
                unless the cluster has one node.
        """
        return ClaimLogs(volume)

    @staticmethod
    def existing_claim(name: str | Named) -> Logs:
        """A claim that exists in the release's namespace and that all pods can mount.

        Args:
            name: the claim's name, or an object of cdk8s-plus that has one.
        """
        return ExistingClaimLogs(name_of(name, "PersistentVolumeClaim"))

    @staticmethod
    def ephemeral() -> Logs:
        """No place: the log of a task is lost with its pod. For trying things out."""
        return EphemeralLogs()


@frozen(kw_only=False)
class ClaimLogs(Logs):
    """What :meth:`Logs.claim` returns."""

    volume: Volume


@frozen(kw_only=False)
class ExistingClaimLogs(Logs):
    """What :meth:`Logs.existing_claim` returns."""

    name: ObjectName


@frozen(kw_only=False)
class EphemeralLogs(Logs):
    """What :meth:`Logs.ephemeral` returns."""
