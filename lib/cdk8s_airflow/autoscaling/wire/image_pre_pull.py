"""A DaemonSet that pulls images before pods need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.images import airflow_image
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.wire.placement import placement
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.schemas.pod_security import completed

PAUSE = "registry.k8s.io/pause:3.10"
"""An image that only waits, which every node has already in most clusters."""

_SMALL = Resources(cpu="10m", memory="16Mi", memory_limit="64Mi")
_NOBODY = 65534


def images_of_tasks(settings: ReleaseSettings, more: Sequence[Image]) -> Iterator[str]:
    """Every image in which tasks of a release run, each once: Airflow's, those of task pods, and further ones."""
    seen: set[str] = set()
    own = [pod.image for pod in (settings.task_pods.default, *settings.task_pods.templates.values())]
    others = [_reference(settings, image) for image in (*own, *more) if image is not None]
    for image in (airflow_image(settings)[0], *others):
        if image not in seen:
            seen.add(image)
            yield image


def _reference(settings: ReleaseSettings, image: Image) -> str:
    return image.reference if settings.mirror is None else settings.mirror.of(image.reference)


def pre_pull_manifest(settings: ReleaseSettings, images: Sequence[str], given: NodePlacement) -> dict[str, Any]:
    """The DaemonSet: one init container for each image, which ends at once, then a container that waits."""
    name = f"{settings.release}-image-pre-pull"
    labels = {"app.kubernetes.io/name": "image-pre-pull", "app.kubernetes.io/instance": settings.release}
    pause = PAUSE if settings.mirror is None else settings.mirror.of(PAUSE)
    containers = [
        completed(
            {
                "name": f"image-{index}",
                "image": image,
                "command": ["/bin/sh", "-c", "true"],
                "resources": resources(_SMALL),
                "securityContext": {"readOnlyRootFilesystem": True},
            }
        )
        for index, image in enumerate(images)
    ]
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": containers,
        "containers": [
            completed(
                {
                    "name": "pause",
                    "image": pause,
                    "resources": resources(_SMALL),
                    "securityContext": {"readOnlyRootFilesystem": True},
                }
            ),
        ],
        **placement(given),
    }
    if settings.pull_secret is not None:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret.name}]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
