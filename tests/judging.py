"""What AirflowChart does with its settings before it makes any object, without cdk8s: what is wrong, and the values."""

from __future__ import annotations

import dataclasses
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.environment import variables_twice
from cdk8s_airflow.airflow.wire.release import release_rules, release_values
from cdk8s_airflow.airflow.wire.task_pods import own_images, with_task_pods
from cdk8s_airflow.delivery.wire.k3s import structured_rules
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.validation import Finding, PlatformError, check_value


@dataclasses.dataclass(frozen=True)
class Judged:
    """What came of settings.

    Attributes:
        refusals: what rules say against the settings themselves.
        against_values: what the chart's facts say against the values that the settings gave; never anything.
        values: the values; of refused settings, none.
    """

    refusals: tuple[Finding, ...]
    against_values: tuple[Finding, ...] = ()
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


def argument_findings(settings: ReleaseSettings) -> list[Finding]:
    """What is wrong with each setting by itself, as the construct's own check of arguments says it."""
    return [
        finding
        for field in dataclasses.fields(settings)
        for value in (getattr(settings, field.name),)
        if dataclasses.is_dataclass(value) and field.name != "dialect"
        for finding in check_value(value, type(value), field.name)
    ]


def rules(settings: ReleaseSettings) -> list[Finding]:
    """What is wrong with settings, each by itself and all together."""
    return argument_findings(settings) or release_rules(settings)


def refusals(settings: ReleaseSettings) -> list[Finding]:
    """What is wrong with settings, or with the variables that they give to one container."""
    return rules(settings) or list(variables_twice(settings, release_values(settings), {}))


def judge(settings: ReleaseSettings) -> Judged:
    """Settings, held against everything that AirflowChart holds them against."""
    refused = refusals(settings)
    if refused:
        return Judged(tuple(refused))
    values = release_values(settings)
    dialect = settings.dialect
    found = check_values(
        values, chart_version=dialect.chart, airflow_version=dialect.airflow, executor=settings.executor.name
    )
    if not found:
        try:
            values = with_task_pods(settings, values)
        except PlatformError as error:
            return Judged(error.findings)
        found = [
            finding
            for finding in check_values(
                values, chart_version=dialect.chart, airflow_version=dialect.airflow, executor=settings.executor.name
            )
            # Where a template has an image of its own, each template names its image, digest and all.
            if not (own_images(settings) and finding.at.lower().endswith("digest"))
        ]
    found += structured_rules(settings.delivery, values)
    return Judged((), tuple(found), values)
