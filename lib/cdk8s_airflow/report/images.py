"""The images of a platform."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.airflow.pipeline import CompiledRelease
from cdk8s_airflow.airflow.wire.images import airflow_image, other_images
from cdk8s_airflow.report.section import Section, Table


def images_section(objects: Iterable[Mapping[str, Any]], releases: Sequence[CompiledRelease]) -> Section:
    """Every image with its users, and the list for mirroring.

    Args:
        objects: all objects of the app.
        releases: its releases.
    """
    users: dict[str, list[str]] = {}
    for image, user in (*_of_objects(objects), *(found for each in releases for found in _of_release(each))):
        users.setdefault(image, []).append(user)
    rows = tuple((f"`{image}`", ", ".join(dict.fromkeys(users[image]))) for image in sorted(users))
    return Section(
        "images",
        "Images",
        text=("Images that operators choose themselves are not included. The list for mirroring follows the table.",)
        if rows
        else (),
        tables=(Table(("image", "used by"), rows),) if rows else (),
        code=tuple(sorted(users)),
        empty="No image is used.",
    )


def _of_release(release: CompiledRelease) -> Iterator[tuple[str, str]]:
    settings = release.settings
    part = f"release {settings.release}"
    yield _whole(airflow_image(settings)[0]), part
    for key, image in other_images(settings):
        yield _whole(image), f"{key} of {part}"
    for name, pod in settings.task_pods.templates.items():
        if pod.image is not None:
            yield _whole(pod.image.reference), f"task pods {name} of {part}"


def _of_objects(objects: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in objects:
        metadata = each.get("metadata", {})
        name = f"{each.get('kind')} {metadata.get('namespace', '')}/{metadata.get('name', '')}"
        for image in _images(each.get("spec")):
            yield _whole(image), name


def _images(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in ("image", "imageName") and isinstance(each, str) and each:
                yield each
            else:
                yield from _images(each)
    elif isinstance(value, list):
        for each in value:
            yield from _images(each)


def _whole(image: str) -> str:
    """The image with its registry."""
    first, slash, _ = image.partition("/")
    if not slash:
        return f"docker.io/library/{image}"
    return image if "." in first or ":" in first or first == "localhost" else f"docker.io/{image}"
