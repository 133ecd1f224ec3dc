"""Backups and recovery, as the operator and its plugin read them."""

from __future__ import annotations

from cdk8s_airflow.database.backup import CnpgBackup, CnpgRecovery
from cdk8s_airflow.database.wire import ClusterParts, ClusterSettings
from cdk8s_airflow.facts import ClusterFacts


def backup_parts(backup: CnpgBackup, settings: ClusterSettings, facts: ClusterFacts) -> ClusterParts:
    """What backups add to a Cluster.

    Args:
        settings: the Cluster, as far as it is known without its backups.
        facts: what is known of the Kubernetes cluster.
    """
    return ClusterParts()


def recovery_parts(recovery: CnpgRecovery, settings: ClusterSettings, facts: ClusterFacts) -> ClusterParts:
    """What a start from a backup adds to a Cluster, and puts in the place of a new database.

    Args:
        settings: the Cluster, with what its backups added.
        facts: what is known of the Kubernetes cluster.
    """
    return ClusterParts()
