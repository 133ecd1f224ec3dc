"""Findings, the one error type, argument checks, value formats and frozen dataclasses."""

from cdk8s_airflow.validation.arguments import check_arguments, check_setting, check_value
from cdk8s_airflow.validation.collection import collecting, report
from cdk8s_airflow.validation.finding import Finding, PlatformError, show

__all__ = [
    "Finding",
    "PlatformError",
    "check_arguments",
    "check_setting",
    "check_value",
    "collecting",
    "report",
    "show",
]
