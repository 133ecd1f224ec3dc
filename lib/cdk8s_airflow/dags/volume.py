"""DAG files on a volume that something else fills."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cdk8s_airflow.dags.git_sync import GitSubPath
from cdk8s_airflow.model.secret_reference import NamedObject, name_of
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation.constraints import Must, ObjectName
from cdk8s_airflow.validation.frozen import frozen

_SubPath = Annotated[
    GitSubPath,
    Must(
        lambda text: "{{" not in text,
        "would be read as a template by the chart",
        "give the folder another name",
        "dags/sub-path",
    ),
]


@frozen(kw_only=False)
class DagVolume:
    """A volume of its own for DAG files. The platform makes the claim, named ``<release>-dags``.

    Pods of Airflow mount it read-only; who fills it (a Job, a CI runner) mounts the claim by its name. It is marked as state,
    and belongs to no Helm release, so that uninstalling one keeps the files.

    Args:
        storage: its size and class. Pods on several nodes mount it, so the class must be among ``ClusterFacts.rwx_classes``,
            unless the cluster has one node.
        sub_path: the folder of the DAG files on the volume. Default: ``""``, its root.
    """

    how_to_write: ClassVar[str] = 'DagVolume(Volume("5Gi", storage_class="nfs"))'

    storage: Volume
    sub_path: _SubPath = ""

    @staticmethod
    def existing(claim: str | NamedObject, *, sub_path: str = "") -> ExistingDagVolume:
        """A claim that exists in the release's namespace and that all pods can mount.

        Args:
            claim: the claim's name, or an object of cdk8s-plus that has one.
            sub_path: the folder of the DAG files on the volume. Default: ``""``, its root.
        """
        return ExistingDagVolume(name_of(claim, "PersistentVolumeClaim"), sub_path)

    @property
    def settings(self) -> DagVolume:
        """What this source was told, for :class:`AirflowChart`."""
        return self


@frozen(kw_only=False)
class ExistingDagVolume:
    """What :meth:`DagVolume.existing` returns.

    Args:
        claim: the claim's name.
        sub_path: the folder of the DAG files on the volume.
    """

    how_to_write: ClassVar[str] = 'DagVolume.existing("airflow-dags")'

    claim: ObjectName
    sub_path: _SubPath = ""

    @property
    def settings(self) -> ExistingDagVolume:
        """What this source was told, for :class:`AirflowChart`."""
        return self
