"""Metrics of a pooler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, LabelValue
from cdk8s_airflow.validation.frozen import frozen


@frozen
class PoolerMonitoring:
    """A PodMonitor for a pooler: clients that wait, sessions in use. The Prometheus Operator has to be installed.

    Attributes:
        labels: labels of the PodMonitor, by which a Prometheus chooses it, like ``{"release": "prometheus"}``. Default: none.
        interval: how often it is scraped. Default: as Prometheus has it.
    """

    how_to_write: ClassVar[str] = 'PoolerMonitoring(labels={"release": "prometheus"})'

    labels: Mapping[AnnotationKey, LabelValue] = field(default_factory=dict)
    interval: Duration | None = None
