"""Images and registry mirrors: validation, and the name of an image in a mirror."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import Image, PlatformError, PullSecret, RegistryMirror
from cdk8s_airflow.model.image import registry_and_path
from cdk8s_airflow.validation import check_value
from tests.making import make_airflow, make_cluster, new_chart

DIGEST = f"sha256:{'0a' * 32}"


def rules(value: object, hint: type) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in check_value(value, hint, "it")]


@pytest.mark.parametrize(
    "repository",
    ["apache/airflow", "airflow", "registry.lab/data/airflow", "registry.lab:5000/airflow", "localhost/a", "registry:5000/a/b",
     "ghcr.io/acme/my-airflow__x", "10.0.0.5:5000/airflow", "Registry.Lab/airflow"],
)  # fmt: skip
def test_repository_is_accepted(repository: str) -> None:
    assert rules(Image(repository, tag="1"), Image) == []


@pytest.mark.parametrize(
    "repository",
    ["", "registry.lab/data/airflow:1.0", "Apache/airflow", "a//b", "/a", "a/", "a b", "registry.lab:/a", "a_/b", "a" * 256,
     "registry.lab:5000", "https://registry.lab/a", "registry.lab/a@sha256:00", "user:hunter2@registry.lab/a"],
)  # fmt: skip
def test_invalid_repository_is_rejected_without_showing_a_password(repository: str) -> None:
    (finding,) = check_value(Image(repository, tag="1"), Image, "image")
    assert (finding.rule, finding.at) == ("images/repository", "image.repository")
    assert "hunter2" not in str(finding)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image("a"), ("images/no-tag", "it.tag")),
        (Image("a", tag="latest"), ("images/latest", "it.tag")),
        (Image("a", tag=""), ("images/tag", "it.tag")),
        (Image("a", tag="v1:2"), ("images/tag", "it.tag")),
        (Image("a", tag="-1"), ("images/tag", "it.tag")),
        (Image("a", tag="x" * 129), ("images/tag", "it.tag")),
        (Image("a", digest="sha256:12"), ("images/digest", "it.digest")),
        (Image("a", digest="0a" * 32), ("images/digest", "it.digest")),
        (Image("a", digest=DIGEST.upper()), ("images/digest", "it.digest")),
        (Image("a", tag="1", pull_policy="Sometimes"), ("argument/choice", "it.pull_policy")),  # type: ignore[arg-type]
    ],
)
def test_image_requires_a_fixed_tag_or_a_digest(image: Image, expected: tuple[str, str]) -> None:
    assert rules(image, Image) == [expected]


def test_image_accepts_tag_and_digest_together() -> None:
    assert rules(Image("a", tag="x" * 128, digest=DIGEST, pull_policy="Never"), Image) == []


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis", ("docker.io", "library/redis")),
        ("redis:7", ("docker.io", "library/redis:7")),
        ("apache/airflow", ("docker.io", "apache/airflow")),
        ("quay.io/a/b:1", ("quay.io", "a/b:1")),
        ("localhost/a", ("localhost", "a")),
        ("registry:5000/a", ("registry:5000", "a")),
    ],
)
def test_image_without_a_registry_is_from_docker_hub(image: str, expected: tuple[str, str]) -> None:
    assert registry_and_path(image) == expected


@pytest.mark.parametrize(
    ("mirror", "image", "expected"),
    [
        (RegistryMirror("r.lab/m"), "apache/airflow", "r.lab/m/docker.io/apache/airflow"),
        (RegistryMirror("r.lab/m"), "redis:7", "r.lab/m/docker.io/library/redis:7"),
        (RegistryMirror("r.lab"), "quay.io/a/b:1", "r.lab/quay.io/a/b:1"),
        (RegistryMirror("r.lab:5000/m"), "old.lab:5000/a", "r.lab:5000/m/old.lab-5000/a"),
        (RegistryMirror("r.lab/m"), "r.lab/data/airflow", "r.lab/data/airflow"),
        (RegistryMirror("r.lab/m", {"docker.io": "hub"}), "apache/airflow", "r.lab/m/hub/apache/airflow"),
        (RegistryMirror("r.lab/m", {"quay.io": ""}), "quay.io/a/b@sha256:0", "r.lab/m/a/b@sha256:0"),
    ],
)
def test_mirror_prefixes_the_whole_image_name_or_the_configured_folder(
    mirror: RegistryMirror, image: str, expected: str
) -> None:
    assert rules(mirror, RegistryMirror) == []
    assert mirror.of(image) == expected


@pytest.mark.parametrize(
    ("mirror", "at"),
    [
        (RegistryMirror(""), "it.prefix"),
        (RegistryMirror("mirror"), "it.prefix"),
        (RegistryMirror("mirror/x"), "it.prefix"),
        (RegistryMirror("r.lab/m/"), "it.prefix"),
        (RegistryMirror("r.lab/M"), "it.prefix"),
        (RegistryMirror("r.lab/m", {"docker.io": "/hub"}), "it.folders.docker.io"),
        (RegistryMirror("r.lab/m", {"docker": "hub"}), "it.folders (key)"),
        (RegistryMirror("r.lab/m", {"r.lab": "x"}), "it.folders.r.lab"),
    ],
)
def test_invalid_mirror_is_rejected(mirror: RegistryMirror, at: str) -> None:
    (finding,) = check_value(mirror, RegistryMirror, "it")
    assert finding.at == at
    assert finding.rule in ("images/mirror", "images/registry")


@pytest.mark.parametrize("prefix", ["https://r.lab/m", "u:hunter2@r.lab/m"])
def test_password_in_a_mirror_is_not_shown(prefix: str) -> None:
    (finding,) = check_value(RegistryMirror(prefix), RegistryMirror, "it")
    assert finding.seen == ""


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"image": "registry.lab/airflow:1"}, "image"),
        ({"image": Image("a")}, "image.tag"),
        ({"mirror": "registry.lab/mirror"}, "mirror"),
        ({"pull_secret": "hunter2"}, "pull_secret"),
    ],
)
def test_release_rejects_an_invalid_image_and_names_the_argument(changes: dict[str, Any], at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **changes)
    (finding,) = caught.value.findings
    assert finding.at == at
    assert finding.fix
    assert "hunter2" not in str(finding)


def test_release_and_database_reject_an_invalid_mirror() -> None:
    with pytest.raises(PlatformError, match=r"mirror.prefix .*\[images/mirror\]"):
        make_cluster(new_chart(), mirror=RegistryMirror("mirror"))
    with pytest.raises(PlatformError, match=r'Pass an instance: PullSecret\("registry-login"\)'):
        make_cluster(new_chart(), pull_secret=PullSecret)
