"""The versions of a platform, and until when they get fixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.airflow.pipeline import CompiledRelease
from cdk8s_airflow.model import support
from cdk8s_airflow.report.section import Section, Table
from cdk8s_airflow.validation.versions import minor_text, version

_MAJOR = regex(r":(\d+)", re.ASCII)

Row = tuple[str, str, str, str]


def versions_section(objects: Iterable[Mapping[str, Any]], releases: Sequence[CompiledRelease]) -> Section:
    """Software, version, and the end of its support.

    Args:
        objects: all objects of the app.
        releases: its releases.
    """
    rows = tuple(dict.fromkeys([*_of_releases(releases), *_of_clusters(objects)]))
    return Section(
        "versions",
        "Versions",
        text=("The report does not depend on today's date, so compare the dates yourself.",) if rows else (),
        tables=(Table(("software", "version", "fixes until", "used by"), rows),) if rows else (),
        empty="No version is known.",
    )


def _of_releases(releases: Iterable[CompiledRelease]) -> Iterator[Row]:
    for each in releases:
        settings = each.settings
        part = f"release {settings.release}"
        dialect = settings.dialect
        yield (
            "Apache Airflow",
            dialect.airflow,
            support.AIRFLOW.get(version(dialect.airflow)[0], support.NOT_ANNOUNCED),
            part,
        )
        yield "Airflow Helm chart", dialect.chart, "the next chart release", part
        kubernetes = settings.facts.kubernetes
        if kubernetes is not None:
            minor = minor_text(kubernetes)
            yield "Kubernetes", minor, support.KUBERNETES.get(minor, "see kubernetes.io/releases"), "ClusterFacts"
        if settings.facts.cnpg is not None:
            yield (
                "CloudNativePG operator",
                settings.facts.cnpg,
                "see cloudnative-pg.io/docs/supported_releases",
                "ClusterFacts",
            )


def _of_clusters(objects: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    for each in objects:
        if each.get("kind") != "Cluster" or not str(each["apiVersion"]).startswith("postgresql.cnpg.io/"):
            continue
        found = _MAJOR.search(str(each["spec"].get("imageName", "")).rpartition("/")[2])
        if found:
            major = int(found[1])
            metadata = each["metadata"]
            until = support.POSTGRESQL.get(major, support.NOT_ANNOUNCED)
            yield "PostgreSQL", str(major), until, f"Cluster {metadata['namespace']}/{metadata['name']}"
