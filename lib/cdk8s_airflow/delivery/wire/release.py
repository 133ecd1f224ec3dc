"""The input and the output of a delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from cdk8s_airflow.validation.frozen import frozen

Manifest = dict[str, Any]


@frozen
class Release:
    """A release that is ready to be delivered.

    Attributes:
        name: the name of the release.
        namespace: the namespace where Airflow runs.
        chart_version: the chart version.
        text: the values as YAML text.
        values: the same values as a tree.
    """

    name: str
    namespace: str
    chart_version: str
    text: str
    values: Mapping[str, Any]


@frozen
class Delivered:
    """The objects and files of a delivered release.

    Attributes:
        objects: construct id -> manifest. The object of the release itself has the id ``release``.
        files: path below the output folder -> text, for files that are not manifests. Default: empty.
        notes: notes for the report. Default: none.
        removal: the commands that uninstall the release and wait until it is removed. Default: none.
    """

    objects: Mapping[str, Manifest]
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    removal: tuple[str, ...] = ()
