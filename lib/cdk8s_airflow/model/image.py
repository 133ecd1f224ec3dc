"""Container images: the Airflow image, the images of sidecars and helpers, and a registry mirror for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.frozen import frozen

AIRFLOW_REPOSITORY = "apache/airflow"
"""The repository of the official image. Every chart version uses it by default."""

DOCKER_HUB = "docker.io"
"""The registry of images whose name contains no registry."""

PullPolicy = Literal["IfNotPresent", "Always", "Never"]
"""When a node pulls an image: if it is missing on the node, at each container start, or never."""

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:localhost|{_HOST_PART}(?:\.{_HOST_PART})+|{_HOST_PART}(?:\.{_HOST_PART})*(?=:))(?::[0-9]{{1,5}})?"
_PATH = regex(rf"{_PART}(?:/{_PART})*", re.ASCII)
_REPOSITORY = regex(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*", re.ASCII)
_REGISTRY = regex(_HOST, re.ASCII)
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = regex(r"sha256:[0-9a-f]{64}", re.ASCII)

_BARE = Must(
    lambda text: "@" not in text and "://" not in text,
    "must be a repository only, without scheme, user or digest",
    'Use the bare repository, such as "registry.example.com/data/airflow"; digest= sets a digest, pull_secret= a login',
    "images/repository",
    hides=True,
)

ImageRepository = Annotated[
    str,
    _BARE,
    Must(
        lambda text: len(text) <= 255 and _REPOSITORY.fullmatch(text) is not None,
        "must be an image repository",
        'Use lower-case letters, such as "registry.example.com/data/airflow", and pass the tag with tag=',
        "images/repository",
    ),
]
"""An image repository, with or without a registry, without tag and digest."""

ImageTag = Annotated[
    str,
    Must(
        lambda text: _TAG.fullmatch(text) is not None,
        "must be an image tag",
        'Use at most 128 letters, digits, dots, dashes and underscores, such as "2026.1.0"',
        "images/tag",
    ),
    Must(
        lambda text: text != "latest",
        'must be a tag that is not moved: with "latest", two pods of one release could run different images',
        'Use a fixed tag, such as "2026.1.0", or set digest=',
        "images/latest",
    ),
]
"""An image tag other than ``latest``."""

ImageDigest = Annotated[
    str,
    Must(
        lambda text: _DIGEST.fullmatch(text) is not None,
        "must be an image digest",
        'Use "sha256:" and 64 hexadecimal digits (0-9, a-f), as the registry shows it',
        "images/digest",
    ),
]
"""The digest of an image. It identifies the image, independent of its tags."""

ImageRegistry = Annotated[
    str,
    Must(
        lambda text: _REGISTRY.fullmatch(text) is not None,
        "must be the host of a registry",
        'Use a host, such as "quay.io" or "docker.io"',
        "images/registry",
    ),
]
"""The host of a registry, with its port if it has one."""

_Folder = Annotated[
    str,
    Must(
        lambda text: not text or _PATH.fullmatch(text) is not None,
        "must be a path in a registry",
        'Use a path without slashes at its ends, such as "dockerhub", or "" for no path',
        "images/mirror",
    ),
]

_Prefix = Annotated[
    str,
    _BARE,
    Must(
        lambda text: _REPOSITORY.fullmatch(text) is not None or _REGISTRY.fullmatch(text) is not None,
        "must be a registry, optionally followed by a path",
        'Use a prefix such as "registry.example.com/mirror"',
        "images/mirror",
    ),
    Must(
        lambda text: _REGISTRY.fullmatch(text.partition("/")[0]) is not None,
        "must start with the host of a registry",
        'Use a prefix such as "registry.example.com/mirror"',
        "images/mirror",
    ),
]


def unpinned(tag: str | None, digest: str | None) -> Iterator[Finding]:
    """Check that an image has a tag or a digest."""
    if tag is None and digest is None:
        yield Finding(
            rule="images/no-tag",
            at="tag",
            problem="is missing, and so is digest, so the image is not determined",
            fix='Set tag="2026.1.0" or digest="sha256:..."',
        )


@frozen(kw_only=False)
class Image:
    """The Airflow image of a release: of its components, its Jobs and its task pods.

    ``AirflowChart(airflow_version=...)`` sets which Airflow version the image contains. It is required unless the tag starts
    with a supported version, as in ``"3.2.2-python3.12"``.

    Args:
        repository: the repository, with its registry unless it is Docker Hub. Chart key ``defaultAirflowRepository``.
        tag: the tag, a string other than ``"latest"``. Chart key ``defaultAirflowTag``. Default: None; then ``digest``
            is required.
        digest: the digest, ``"sha256:..."``. Chart key ``defaultAirflowDigest``. If set, the tag is ignored and every
            pod, task pods included, runs exactly this image. Default: None.
        pull_policy: when nodes pull the image. Chart key ``images.airflow.pullPolicy``. Default: ``"IfNotPresent"``.
    """

    how_to_write: ClassVar[str] = 'Image("registry.example.com/data/airflow", tag="3.2.2-1")'

    repository: ImageRepository
    tag: ImageTag | None = None
    digest: ImageDigest | None = None
    pull_policy: PullPolicy = "IfNotPresent"

    @property
    def reference(self) -> str:
        """The image reference of a container: with the digest if it is set, otherwise with the tag."""
        return f"{self.repository}@{self.digest}" if self.digest is not None else f"{self.repository}:{self.tag}"

    def _rules(self) -> Iterator[Finding]:
        yield from unpinned(self.tag, self.digest)


@frozen(kw_only=False)
class RegistryMirror:
    """A registry, or a path in one, that holds copies of the images of the platform.

    Pass it to ``AirflowChart(mirror=...)`` and ``CnpgCluster(mirror=...)``. The whole name of each image, registry
    included, is appended to the prefix: with ``registry.example.com/mirror``, ``docker.io/apache/airflow`` becomes
    ``registry.example.com/mirror/docker.io/apache/airflow``. An image that already is in the registry of the mirror is
    not changed.

    Args:
        prefix: the registry, optionally followed by a path.
        folders: registry -> the folder under the prefix that holds its images; ``""`` for no folder. A pull-through
            cache often has one folder for each registry: ``{"docker.io": "dockerhub"}``. Default: empty; each folder is
            named after the registry.
    """

    how_to_write: ClassVar[str] = 'RegistryMirror("registry.example.com/mirror")'

    prefix: _Prefix
    folders: Mapping[ImageRegistry, _Folder] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        if self.registry in self.folders:
            yield Finding(
                rule="images/mirror",
                at=f"folders.{self.registry}",
                problem="is ignored: images in the registry of the mirror are not renamed",
                seen=show(self.folders[self.registry]),
                fix="Remove this entry",
            )

    @property
    def registry(self) -> str:
        """The host of the mirror."""
        return self.prefix.partition("/")[0]

    def of(self, image: str) -> str:
        """The name of an image, or of an image repository, in the mirror."""
        registry, path = registry_and_path(image)
        if registry == self.registry:
            return image
        folder = self.folders.get(registry, registry.replace(":", "-"))
        return "/".join(part for part in (self.prefix, folder, path) if part)


def registry_and_path(image: str) -> tuple[str, str]:
    """The registry and the path of an image. As in container engines, a name without a registry is from Docker Hub."""
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return DOCKER_HUB, image if slash else f"library/{image}"


_REDIS = ("redis", "7.2-bookworm")
_PGBOUNCER_2024 = (AIRFLOW_REPOSITORY, "airflow-pgbouncer-2024.01.19-1.21.0")
_PGBOUNCER_2025 = (AIRFLOW_REPOSITORY, "airflow-pgbouncer-2025.03.05-1.23.1")
_EXPORTER_2024 = (AIRFLOW_REPOSITORY, "airflow-pgbouncer-exporter-2024.06.18-0.17.0")
_EXPORTER_2025 = (AIRFLOW_REPOSITORY, "airflow-pgbouncer-exporter-2025.03.05-0.18.0")
_STATSD = "quay.io/prometheus/statsd-exporter"
_GIT_SYNC = "registry.k8s.io/git-sync/git-sync"

SIDE_IMAGES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "1.15.0": {
        "statsd": (_STATSD, "v0.26.1"),
        "redis": _REDIS,
        "pgbouncer": _PGBOUNCER_2024,
        "pgbouncerExporter": _EXPORTER_2024,
        "gitSync": (_GIT_SYNC, "v4.1.0"),
    },
    "1.18.0": {
        "statsd": (_STATSD, "v0.28.0"),
        "redis": _REDIS,
        "pgbouncer": _PGBOUNCER_2025,
        "pgbouncerExporter": _EXPORTER_2025,
        "gitSync": (_GIT_SYNC, "v4.3.0"),
    },
    "1.20.0": {
        "statsd": (_STATSD, "v0.29.0"),
        "redis": _REDIS,
        "pgbouncer": _PGBOUNCER_2025,
        "pgbouncerExporter": _EXPORTER_2025,
        "gitSync": (_GIT_SYNC, "v4.4.2"),
    },
    "1.22.0": {
        "statsd": (_STATSD, "v0.30.0"),
        "redis": _REDIS,
        "pgbouncer": _PGBOUNCER_2025,
        "pgbouncerExporter": _EXPORTER_2025,
        "gitSync": (_GIT_SYNC, "v4.4.2"),
        "otelCollector": ("otel/opentelemetry-collector-contrib", "0.70.0"),
    },
}
"""Chart version -> key under ``images`` -> repository and tag of the images other than Airflow's. Source:
values.yaml."""
