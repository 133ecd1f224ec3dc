"""Rules over the whole, their ids, and the one error type."""

from cdk8s_airflow.checks.finding import Finding, PlatformError, show

__all__ = ["Finding", "PlatformError", "show"]
