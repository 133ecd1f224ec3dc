"""The images of the release, their pull policy and the pull Secret."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.image import AIRFLOW_REPOSITORY, DOCKER_HUB, Image, registry_and_path
from cdk8s_airflow.model.node_group import ARCHITECTURE
from cdk8s_airflow.model.note import BeforeApply


def airflow_tag(settings: ReleaseSettings) -> str:
    """The tag of Airflow's image; Airflow's version if the settings have no tag."""
    image = settings.airflow_image
    return settings.dialect.airflow if image is None or image.tag is None else image.tag


def airflow_repository(settings: ReleaseSettings) -> str:
    """The repository of Airflow's image, in the mirror if there is one."""
    image = settings.airflow_image
    repository = AIRFLOW_REPOSITORY if image is None else image.repository
    return repository if settings.mirror is None else settings.mirror.of(repository)


def airflow_image(settings: ReleaseSettings) -> tuple[str, str]:
    """The reference of Airflow's image in a container, and its pull policy."""
    image, repository = settings.airflow_image, airflow_repository(settings)
    if image is None:
        return f"{repository}:{airflow_tag(settings)}", "IfNotPresent"
    if image.digest is not None:
        return f"{repository}@{image.digest}", image.pull_policy
    return f"{repository}:{airflow_tag(settings)}", image.pull_policy


def other_images(settings: ReleaseSettings) -> Iterator[tuple[str, str]]:
    """The image of each container that does not run Airflow, from the mirror if there is one: its key under ``images``, and the
    reference.
    """
    for key in settings.side_images:
        repository, tag = settings.other_images[key]
        yield key, f"{repository if settings.mirror is None else settings.mirror.of(repository)}:{tag}"


def image_values(settings: ReleaseSettings) -> Tree:
    """Airflow's image in all keys that the chart has for it, and the other images from the mirror."""
    image = settings.airflow_image
    repository = airflow_repository(settings)
    trees: list[Tree] = []
    if repository != AIRFLOW_REPOSITORY:
        trees.append({"defaultAirflowRepository": repository})
    if image is not None:
        trees += [_digest(settings, repository, image), _pull_policy(settings, image)]
    if settings.mirror is not None:
        trees += [
            nest(f"images.{key}", {"repository": settings.mirror.of(name), "tag": tag})
            for key, (name, tag) in settings.other_images.items()
            if key != "redis" or settings.has_celery_workers
        ]
    return join(*trees)


def image_parts(settings: ReleaseSettings) -> PodParts:
    """The pull Secret, and the architecture of nodes."""
    architecture, pull_secret = settings.facts.architecture, settings.pull_secret
    return PodParts(
        pull_secret=None if pull_secret is None else pull_secret.name,
        node_selector={} if architecture is None else {ARCHITECTURE: architecture},
    )


def image_config(settings: ReleaseSettings) -> ConfigOptions:
    """The image of task pods by its digest, if KubernetesExecutor builds the reference."""
    image = settings.airflow_image
    if image is None or image.digest is None or not settings.has_task_pods:
        return {}
    by_digest = _by_digest(airflow_repository(settings), image.digest)
    return {
        "kubernetes_executor": {
            "worker_container_repository": by_digest["repository"],
            "worker_container_tag": by_digest["tag"],
        }
    }


def _by_digest(repository: str, digest: str) -> dict[str, str]:
    """Repository and tag that together name an image by its digest."""
    algorithm, digits = digest.split(":")
    return {"repository": f"{repository}@{algorithm}", "tag": digits}


def side_image(settings: ReleaseSettings, key: str) -> tuple[str, str]:
    """Repository and tag of an image that runs next to Airflow's.

    Args:
        settings: the release.
        key: its key under ``images`` of the chart.
    """
    repository, tag = settings.other_images[key]
    return (repository if settings.mirror is None else settings.mirror.of(repository)), tag


def _digest(settings: ReleaseSettings, repository: str, image: Image) -> Tree:
    """The digest in all keys.

    The chart has a digest only for its own pods. For task pods, the chart and KubernetesExecutor write only
    ``repository:tag``. With the repository ``name@sha256`` and the digest's digits as tag, that is the image by its digest.
    """
    if image.digest is None:
        return {}
    by_digest = _by_digest(repository, image.digest)
    values: Tree = {"defaultAirflowDigest": image.digest}
    if settings.has_task_pods:
        values["images"] = {"pod_template": by_digest}
    if settings.has_celery_workers:
        values.setdefault("images", {})["flower"] = by_digest
    return values


def _pull_policy(settings: ReleaseSettings, image: Image) -> Tree:
    """The pull policy, if it differs from the chart's default."""
    if image.pull_policy == "IfNotPresent":
        return {}
    places = {"airflow": True, "pod_template": settings.has_task_pods, "flower": settings.has_celery_workers}
    return {"images": {key: {"pullPolicy": image.pull_policy} for key, used in places.items() if used}}


def image_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The pull Secret of the registry."""
    if settings.pull_secret is not None:
        yield needs.registry_login(settings.pull_secret, settings.namespace, registries=_registries(settings))


def _registries(settings: ReleaseSettings) -> tuple[str, ...]:
    """The registries that the pull Secret is for: the mirror, and that of Airflow's own image."""
    own = registry_and_path(airflow_repository(settings))[0]
    mirror = (settings.mirror.registry,) if settings.mirror is not None else ()
    given = (own,) if settings.airflow_image is not None else ()
    return tuple(dict.fromkeys((*mirror, *given))) or (DOCKER_HUB,)


def image_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The images to copy to the mirror."""
    mirror = settings.mirror
    if mirror is None:
        return
    image = settings.airflow_image
    sources = [(image or Image(AIRFLOW_REPOSITORY, tag=settings.dialect.airflow)).reference]
    side = settings.other_images
    sources += [":".join(side[key]) for key in settings.side_images]
    copies = [(source, mirror.of(source)) for source in sources if mirror.of(source) != source]
    if copies:
        lines = "".join(f"\n  {_whole(source)} -> {copy}" for source, copy in copies)
        yield BeforeApply(f"Copy the images of release {settings.release} to the mirror:{lines}")


def _whole(image: str) -> str:
    return "/".join(registry_and_path(image))


IMAGES = Concept(values=image_values, parts=image_parts, config=image_config, needs=image_needs, notes=image_notes)
"""The images of the release."""
