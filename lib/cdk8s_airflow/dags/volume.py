"""DAG files on a volume that another program fills."""

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
        "must not contain {{, which the chart evaluates as a template",
        "Rename the folder",
        "dags/sub-path",
    ),
]


@frozen(kw_only=False)
class DagVolume:
    """A volume for DAG files. The claim is created with the name ``<release>-dags``.

    Airflow pods mount it read-only. The program that fills it (a Job, a CI runner) mounts the claim by its name. The
    claim is not part of the Helm release and is excluded from pruning, so that the files are kept when the release is
    uninstalled.

    Args:
        storage: the size and the storage class. Pods on several nodes mount the volume, so the class must be in
            ``ClusterFacts.rwx_classes``, unless the cluster has one node.
        sub_path: the folder of the DAG files on the volume. Chart key ``dags.persistence.subPath``. Default: ``""``,
            the root.
    """

    how_to_write: ClassVar[str] = 'DagVolume(Volume("5Gi", storage_class="nfs"))'

    storage: Volume
    sub_path: _SubPath = ""

    @staticmethod
    def existing(claim: str | NamedObject, *, sub_path: str = "") -> ExistingDagVolume:
        """An existing claim in the namespace of the release that all pods can mount.

        Args:
            claim: the name of the claim, or a cdk8s-plus object with a name. Chart key
                ``dags.persistence.existingClaim``.
            sub_path: the folder of the DAG files on the volume. Default: ``""``, the root.
        """
        return ExistingDagVolume(name_of(claim, "PersistentVolumeClaim"), sub_path)

    @property
    def settings(self) -> DagVolume:
        """The settings that :class:`AirflowChart` reads."""
        return self


@frozen(kw_only=False)
class ExistingDagVolume:
    """An existing volume for DAG files. Create it with :meth:`DagVolume.existing`.

    Args:
        claim: the name of the claim.
        sub_path: the folder of the DAG files on the volume. Default: ``""``, the root.
    """

    how_to_write: ClassVar[str] = 'DagVolume.existing("airflow-dags")'

    claim: ObjectName
    sub_path: _SubPath = ""

    @property
    def settings(self) -> ExistingDagVolume:
        """The settings that :class:`AirflowChart` reads."""
        return self
