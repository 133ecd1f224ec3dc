"""What goes into a delivery and what comes out of it."""

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
        name: its name.
        namespace: where Airflow runs.
        chart_version: the version of the chart.
        text: its values as text.
        values: the same values as a tree.
    """

    name: str
    namespace: str
    chart_version: str
    text: str
    values: Mapping[str, Any]


@frozen
class Delivered:
    """A release as a delivery hands it over.

    Attributes:
        objects: construct id -> manifest; the one that stands for the release has the id ``release``.
        files: path below the folder of manifests -> text, for what is no manifest.
        notes: what a reader of the summary should know.
        removal: the commands that uninstall the release and return when that is done.
    """

    objects: Mapping[str, Manifest]
    files: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    removal: tuple[str, ...] = ()
