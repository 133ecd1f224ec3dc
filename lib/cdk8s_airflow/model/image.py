"""Container images: the one Airflow runs in, those beside it, and a registry that holds copies of all of them."""

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
"""The repository of the official image, as every version of the chart has it."""

DOCKER_HUB = "docker.io"
"""The registry of repositories that name none."""

PullPolicy = Literal["IfNotPresent", "Always", "Never"]
"""When a node pulls an image: if it lacks it, at each start, or never."""

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
    "is more than a repository: it has a scheme, a digest, or a user",
    'write the bare repository like "registry.example.com/data/airflow"; a digest is digest=, and a password is in pull_secret=',
    "images/repository",
    hides=True,
)

ImageRepository = Annotated[
    str,
    _BARE,
    Must(
        lambda text: len(text) <= 255 and _REPOSITORY.fullmatch(text) is not None,
        "is not a repository of images",
        'write it like "registry.example.com/data/airflow", in lower-case letters, and give its tag with tag=',
        "images/repository",
    ),
]
"""A repository of images, with or without the registry before it, without tag and digest."""

ImageTag = Annotated[
    str,
    Must(
        lambda text: _TAG.fullmatch(text) is not None,
        "is not a tag",
        'write at most 128 letters, digits, dots, dashes and underscores, like "2026.1.0"',
        "images/tag",
    ),
    Must(
        lambda text: text != "latest",
        "moves: two pods of one release could run different images, and no file would change when it does",
        'name a tag that stays, like "2026.1.0", or give digest=',
        "images/latest",
    ),
]
"""A tag that stays what it is."""

ImageDigest = Annotated[
    str,
    Must(
        lambda text: _DIGEST.fullmatch(text) is not None,
        "is not the digest of an image",
        'write it as the registry does: "sha256:" and 64 digits of 0-9 and a-f',
        "images/digest",
    ),
]
"""The digest of an image: what it is, whatever its tags say."""

ImageRegistry = Annotated[
    str,
    Must(
        lambda text: _REGISTRY.fullmatch(text) is not None,
        "is not the host of a registry",
        'write it like "quay.io" or "docker.io"',
        "images/registry",
    ),
]
"""The host of a registry, with its port if it has one."""

_Folder = Annotated[
    str,
    Must(
        lambda text: not text or _PATH.fullmatch(text) is not None,
        "is not a path in a registry",
        'write it without slashes at its ends, like "dockerhub", or "" for none',
        "images/mirror",
    ),
]

_Prefix = Annotated[
    str,
    _BARE,
    Must(
        lambda text: _REPOSITORY.fullmatch(text) is not None or _REGISTRY.fullmatch(text) is not None,
        "is not a place in a registry",
        'write it like "registry.example.com/mirror"',
        "images/mirror",
    ),
    Must(
        lambda text: _REGISTRY.fullmatch(text.partition("/")[0]) is not None,
        "names no registry",
        'begin with the host: "registry.example.com/mirror"',
        "images/mirror",
    ),
]


def unpinned(tag: str | None, digest: str | None) -> Iterator[Finding]:
    """Whether an image is told by neither tag nor digest."""
    if tag is None and digest is None:
        yield Finding(
            rule="images/no-tag",
            at="tag",
            problem="is missing, and so is digest: nothing says which image of the repository it is",
            fix='give tag="2026.1.0" or digest="sha256:..."',
        )


@frozen(kw_only=False)
class Image:
    """The image Airflow runs in: components, jobs and task pods alike.

    What version of Airflow is in it, ``AirflowChart(airflow_version=...)`` says: the chart follows that, never the tag.

    Args:
        repository: the repository, with its registry unless it is Docker Hub.
        tag: the tag; one that stays, so never ``"latest"``.
        digest: the digest. With one, tags count for nothing, and every pod runs exactly that image, task pods included.
        pull_policy: when nodes pull it. Default: ``"IfNotPresent"``.
    """

    how_to_write: ClassVar[str] = 'Image("registry.example.com/data/airflow", tag="2026.1.0")'

    repository: ImageRepository
    tag: ImageTag | None = None
    digest: ImageDigest | None = None
    pull_policy: PullPolicy = "IfNotPresent"

    @property
    def reference(self) -> str:
        """The image as a container names it: by its digest where there is one, else by its tag."""
        return f"{self.repository}@{self.digest}" if self.digest is not None else f"{self.repository}:{self.tag}"

    def _rules(self) -> Iterator[Finding]:
        yield from unpinned(self.tag, self.digest)


@frozen(kw_only=False)
class RegistryMirror:
    """A place in a registry that holds copies of the platform's images.

    One handle for all: ``AirflowChart(mirror=...)`` and ``CnpgCluster(mirror=...)``. Each image is looked for under the
    prefix by its whole name, registry included: ``docker.io/apache/airflow`` under ``registry.example.com/mirror`` is
    ``registry.example.com/mirror/docker.io/apache/airflow``. An image that is in the mirror's registry anyway stays as it is.

    Args:
        prefix: the registry, and the path in it if there is one.
        folders: registry -> the folder under the prefix that holds its images, where it is not called like the registry; ``""`` for
            none. A pull-through cache often has one for each: ``{"docker.io": "dockerhub"}``.
    """

    how_to_write: ClassVar[str] = 'RegistryMirror("registry.example.com/mirror")'

    prefix: _Prefix
    folders: Mapping[ImageRegistry, _Folder] = field(default_factory=dict)

    def _rules(self) -> Iterator[Finding]:
        if self.registry in self.folders:
            yield Finding(
                rule="images/mirror",
                at=f"folders.{self.registry}",
                problem="is the mirror's own registry, whose images stay where they are",
                seen=show(self.folders[self.registry]),
                fix="leave it out",
            )

    @property
    def registry(self) -> str:
        """The host that serves the mirror."""
        return self.prefix.partition("/")[0]

    def of(self, image: str) -> str:
        """Where the mirror has an image, or a repository of images."""
        registry, path = registry_and_path(image)
        if registry == self.registry:
            return image
        folder = self.folders.get(registry, registry.replace(":", "-"))
        return "/".join(part for part in (self.prefix, folder, path) if part)


def registry_and_path(image: str) -> tuple[str, str]:
    """The registry of an image, and the rest; names without one are Docker Hub's, as container engines read them."""
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
"""Chart version -> key under ``images`` -> repository and tag of each image beside Airflow's. Source: values.yaml."""
