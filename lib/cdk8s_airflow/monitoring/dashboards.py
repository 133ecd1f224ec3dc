"""Dashboards for Grafana."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from cdk8s_airflow.validation.constraints import AnnotationKey, LabelValue, NonEmpty
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Dashboards:
    """Dashboards in ConfigMaps, which the sidecar of Grafana in kube-prometheus-stack loads.

    There are five: an overview, the scheduler and executor, DAG runs, the database, and the object store. Only
    those of parts that the platform has are created. Requires the extra ``dashboards`` (``pip install "cdk8s-airflow[dashboards]"``).

    Attributes:
        labels: labels of the ConfigMaps, by which the sidecar selects them (``sidecar.dashboards.label``). Default:
            ``{"grafana_dashboard": "1"}``, as in kube-prometheus-stack.
        folder: the folder in Grafana, as the annotation ``grafana_folder``. Has an effect only if
            ``sidecar.dashboards.folderAnnotation`` is ``grafana_folder``. Default: None; the General folder.
    """

    how_to_write: ClassVar[str] = 'Dashboards(folder="Airflow")'

    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=lambda: {"grafana_dashboard": "1"})
    folder: NonEmpty | None = None
