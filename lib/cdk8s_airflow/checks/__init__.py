"""Rules over the whole, their ids, and the one error type."""

from cdk8s_airflow.checks.arguments import check_arguments, check_setting, check_value
from cdk8s_airflow.checks.finding import Finding, PlatformError, show
from cdk8s_airflow.checks.gathering import collecting, report

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
