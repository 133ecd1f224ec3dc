"""Findings on settings, as AirflowChart reports them, without cdk8s."""

from __future__ import annotations

import dataclasses
from typing import Any

from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.task_pods import own_images
from cdk8s_airflow.schemas import check_values
from cdk8s_airflow.validation import Finding, check_value


@dataclasses.dataclass(frozen=True)
class Judged:
    """The result for some settings.

    Attributes:
        refusals: findings on the settings themselves.
        against_values: findings of the chart's facts on the values that follow from the settings. There must never be any.
        values: the values; empty for refused settings.
    """

    refusals: tuple[Finding, ...]
    against_values: tuple[Finding, ...] = ()
    values: dict[str, Any] = dataclasses.field(default_factory=dict)


def argument_findings(settings: ReleaseSettings) -> list[Finding]:
    """Findings on each setting by itself, as the construct's check of arguments reports them."""
    return [
        finding
        for field in dataclasses.fields(settings)
        for value in (getattr(settings, field.name),)
        if dataclasses.is_dataclass(value) and field.name != "dialect"
        for finding in check_value(value, type(value), field.name)
    ]


def rules(settings: ReleaseSettings) -> list[Finding]:
    """Findings on settings, each by itself and all together."""
    return argument_findings(settings) or list(compile_release(settings).setting_findings)


def refusals(settings: ReleaseSettings) -> list[Finding]:
    """Findings on settings, or on variables that one container would have twice."""
    found = argument_findings(settings)
    release = compile_release(settings)
    found = found or list(release.setting_findings)
    return found or [each for each in release.findings if each.rule == "environment/twice"]


def _is_refusal(finding: Finding) -> bool:
    """Whether a finding is about what the user set, rather than about values that should have been right."""
    return finding.rule in ("environment/twice", "components/volume", "tasks/text") or finding.at.startswith(
        "task_pods"
    )


def judge(settings: ReleaseSettings) -> Judged:
    """Everything that AirflowChart reports for settings, and what the chart accepts of the templates of task pods."""
    release = compile_release(settings)
    refused = argument_findings(settings) or list(release.setting_findings)
    if refused:
        return Judged(tuple(refused))
    refused = [each for each in release.findings if _is_refusal(each)]
    if refused:
        return Judged(tuple(refused))
    dialect = settings.dialect
    found = check_values(
        release.values, chart_version=dialect.chart, airflow_version=dialect.airflow, executor=settings.executor.name
    )
    # If a template has an image of its own, each template names its image, with the digest.
    templates = [each for each in found if not (own_images(settings) and each.at.lower().endswith("digest"))]
    return Judged((), (*release.findings, *templates), release.values)
