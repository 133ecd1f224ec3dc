"""Where task logs are kept."""

from __future__ import annotations

from cdk8s_airflow.airflow.logs import ClaimLogs, ExistingClaimLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree


def log_claim_name(release: str) -> str:
    """The name of the claim that the platform makes for the logs of a release."""
    return f"{release}-logs"


def log_values(settings: ReleaseSettings) -> Tree:
    """The claim by name; the chart makes none of its own."""
    logs = settings.logs
    if isinstance(logs, ClaimLogs):
        name = log_claim_name(settings.release)
    elif isinstance(logs, ExistingClaimLogs):
        name = logs.name
    else:
        return {"logs": {"persistence": {"enabled": False}}}
    return {"logs": {"persistence": {"enabled": True, "existingClaim": name}}}
