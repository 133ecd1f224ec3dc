"""The type of all DAG sources."""

from __future__ import annotations

from typing import TypeAlias

from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.folder import FolderFiles
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.dags.image import DagImage
from cdk8s_airflow.dags.volume import DagVolume, ExistingDagVolume

DagSettings: TypeAlias = GitSync | DagImage | DagVolume | ExistingDagVolume | FolderFiles | DagBundles
"""The settings of a DAG source."""
