"""Where task logs are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.logs import ClaimLogs, ExistingClaimLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.checks import Finding
from cdk8s_airflow.delivery.pruning import state_metadata
from cdk8s_airflow.storage.volume import shared_access_mode
from cdk8s_airflow.storage.wire import claim


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


def log_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether the claim can be mounted by all the pods that write to it."""
    if isinstance(settings.logs, ClaimLogs):
        mode = shared_access_mode(settings.logs.volume, settings.facts, "logs.volume")
        if isinstance(mode, Finding):
            yield mode


def log_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The claim that the platform makes itself."""
    if not isinstance(settings.logs, ClaimLogs):
        return {}
    mode = shared_access_mode(settings.logs.volume, settings.facts, "logs.volume")
    assert not isinstance(mode, Finding)
    name = log_claim_name(settings.release)
    return {"logs": claim(name, settings.namespace, settings.logs.volume, mode, state_metadata())}
