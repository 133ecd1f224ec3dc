"""Backups of a CnpgCluster, and a Cluster made from one."""

from __future__ import annotations

from typing import ClassVar

from cdk8s_airflow.checks.frozen import frozen


@frozen
class CnpgBackup:
    """Where and when a Cluster is backed up."""

    how_to_write: ClassVar[str] = "CnpgBackup()"


@frozen
class CnpgRecovery:
    """The backup that a Cluster starts from, in the place of a new database."""

    how_to_write: ClassVar[str] = "CnpgRecovery()"
