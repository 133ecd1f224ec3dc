"""Images that nodes pull before the first task needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.autoscaling.wire.image_pre_pull import images_of_tasks, pre_pull_manifest
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.placement import Placement


class ImagePrePull(PlatformConstruct):
    """A DaemonSet that pulls the images of a release on every node, so that the first task does not wait for them.

    The images are collected from the release: Airflow's image and the images of task pods. For each it starts an init
    container that ends at once. When an image changes, all nodes pull the new one at the same time.

    It has no effect on nodes that an autoscaler creates later: there the pod of the DaemonSet and the task start at the
    same time.
    """

    how_to_write: ClassVar[str] = 'ImagePrePull(chart, "pre-pull", release=airflow)'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        release: AirflowChart,
        images: Sequence[Image] = (),
        placement: NodePlacement = Placement(),
    ) -> None:
        """Create the DaemonSet.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            release: the release whose images are pulled. The DaemonSet is in its namespace, ``<release>-image-pre-pull``,
                and uses its registry mirror and pull Secret.
            images: further images, such as those of KubernetesPodOperator. Each must contain ``/bin/sh``. Default: none.
            placement: the nodes that pull the images, such as a :class:`NodeGroup`. Default: all nodes whose taints need no
                toleration.

        Raises:
            PlatformError: if an argument is not valid.
        """
        found = checked(ImagePrePull.__init__, locals())
        compiled = None if found else release._compiled
        super().__init__(scope, id, found)
        self._images: tuple[str, ...] = ()
        if not self._sound or compiled is None:
            return
        self._images = tuple(images_of_tasks(compiled.settings, images))
        self._emit({"pre-pull": pre_pull_manifest(compiled.settings, self._images, placement)})

    @property
    def images(self) -> tuple[str, ...]:
        """The images that are pulled, each once."""
        return self._images
