"""The ways DAG files come to Airflow, as the wire tells them apart."""

from __future__ import annotations

from typing import TypeAlias

from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import FolderFiles
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume

DagSettings: TypeAlias = GitSync | DagImage | DagVolume | ExistingDagVolume | FolderFiles | DagBundles
"""What a DAG source was told."""
