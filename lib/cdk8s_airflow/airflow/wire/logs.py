"""Where task logs are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cdk8s_airflow.airflow.logs import (
    AzureBlobLogs,
    ClaimLogs,
    EphemeralLogs,
    ExistingClaimLogs,
    Logs,
    ObjectStoreLogs,
    OpensearchLogs,
    S3Logs,
    SearchLogs,
)
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts, env_variables
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.pruning import state_metadata
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.service_account import ServiceAccounts
from cdk8s_airflow.model.volume import shared_access_mode
from cdk8s_airflow.model.wire.volume import claim
from cdk8s_airflow.schemas import airflow_config as config
from cdk8s_airflow.validation import Finding

if TYPE_CHECKING:
    from cdk8s_airflow.storage.object_storage import Bucket

CONNECTION = "remote_logs"
"""The id of the Airflow connection by which logs are written and read."""

CONNECTION_VARIABLE = f"AIRFLOW_CONN_{CONNECTION.upper()}"
"""The environment variable that holds it."""

# Text, all of it: a boolean under logging.remote_logging ends the render of the chart's notes.
_ON, _OFF = "True", "False"

_NO_VOLUME: Tree = {"logs": {"persistence": {"enabled": False}}}


def log_claim_name(release: str) -> str:
    """The name of the claim that the platform makes for the logs of a release."""
    return f"{release}-logs"


def log_claim(settings: ReleaseSettings) -> str | None:
    """The volume claim that task logs are on, if there is one."""
    if isinstance(settings.logs, ClaimLogs):
        return log_claim_name(settings.release)
    return settings.logs.name if isinstance(settings.logs, ExistingClaimLogs) else None


def log_values(settings: ReleaseSettings) -> Tree:
    """The claim by name, since the chart makes none of its own; or the search engine, whose URL the chart reads from the Secret."""
    claimed, logs = log_claim(settings), settings.logs
    if claimed is not None:
        return {"logs": {"persistence": {"enabled": True, "existingClaim": claimed}}}
    if isinstance(logs, SearchLogs):
        return {**_NO_VOLUME, _place(logs, settings) or logs.engine: {"enabled": True, "secretName": logs.url.name}}
    return _NO_VOLUME


def log_parts(settings: ReleaseSettings) -> PodParts:
    """The connection by which logs are written and read, or the login to the search engine."""
    logs = settings.logs
    if isinstance(logs, OpensearchLogs):
        login = {"AIRFLOW__OPENSEARCH__USERNAME": logs.username, "AIRFLOW__OPENSEARCH__PASSWORD": logs.password}
        return PodParts(variables=env_variables({name: ref for name, ref in login.items() if ref is not None}))
    connection = _connection(logs)
    return PodParts(variables=env_variables({} if connection is None else {CONNECTION_VARIABLE: connection}))


def _connection(logs: Logs) -> str | SecretKey | None:
    """The connection to the object store. Without one, Airflow asks the environment for its identity."""
    if not isinstance(logs, ObjectStoreLogs):
        return None
    if logs.connection is not None:
        return logs.connection
    return None if logs.plain_connection is None else json.dumps(logs.plain_connection)


def log_config(settings: ReleaseSettings) -> ConfigOptions:
    """Airflow recognizes the store by the folder."""
    logs = settings.logs
    if isinstance(logs, SearchLogs):
        return _search_options(logs)
    if not isinstance(logs, ObjectStoreLogs):
        return {}
    logging = {"remote_logging": _ON, "remote_base_log_folder": logs.folder}
    if isinstance(logs, S3Logs) and logs.encrypt:
        logging["encrypt_s3_logs"] = _ON
    if _connection(logs) is not None:
        logging["remote_log_conn_id"] = CONNECTION
    options: ConfigOptions = {"logging": logging}
    if isinstance(logs, AzureBlobLogs):
        options["azure_remote_logging"] = {"remote_wasb_log_container": logs.container}
    return options


def _search_options(logs: SearchLogs) -> ConfigOptions:
    options = {"json_format": _ON, "write_stdout": _OFF if logs.direct else _ON}
    if logs.direct:
        options[logs.direct_option] = _ON
    if isinstance(logs, OpensearchLogs):
        options["port"] = str(logs.port)
    return {"logging": {"remote_logging": _ON}, logs.engine: options}


def _place(logs: SearchLogs, settings: ReleaseSettings) -> str | None:
    return settings.dialect.place(f"logs.{logs.engine}")


def log_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if not all pods can mount the claim, or this version does not support the search engine."""
    if isinstance(settings.logs, SearchLogs):
        yield from _search_rules(settings.logs, settings)
    if isinstance(settings.logs, ClaimLogs):
        mode = shared_access_mode(settings.logs.volume, settings.facts, "logs.volume")
        if isinstance(mode, Finding):
            yield mode


def _search_rules(logs: SearchLogs, settings: ReleaseSettings) -> Iterator[Finding]:
    airflow = settings.dialect.airflow
    if _place(logs, settings) is None:
        yield Finding(
            rule="logs/no-engine",
            at="logs",
            problem=f"requires Airflow 3.0 or newer and chart 1.18 or newer for {logs.engine}; "
            f"these are Airflow {airflow} and chart {settings.dialect.chart}",
            seen=f"Logs.{logs.engine}(...)",
            fix="Use newer versions, Logs.elasticsearch(...), or an object store such as Logs.s3(...)",
        )
    elif logs.direct and logs.direct_option not in config.options(logs.engine, airflow):
        yield Finding(
            rule="logs/not-direct",
            at="logs.direct",
            problem=f"is not supported by Airflow {airflow} with the providers of its image for {logs.engine}",
            seen="True",
            fix="Remove it, and send the standard output of pods to the search engine with a log collector",
        )


def log_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets by which logs are written and read."""
    logs, namespace = settings.logs, settings.namespace
    if isinstance(logs, ObjectStoreLogs) and logs.store is not None:
        yield from _login_needs(logs.store, namespace, f"writes and reads logs in {logs.folder}")
    elif isinstance(logs, ObjectStoreLogs) and logs.connection is not None:
        yield needs.airflow_connection(
            logs.connection, namespace, f"writes and reads logs in {logs.folder}", connection=logs.secret_connection
        )
    if isinstance(logs, SearchLogs):
        yield needs.typed(
            logs.url, namespace, f"writes and reads logs in {logs.engine}", prompt=f"URL of {logs.engine}"
        )
    if isinstance(logs, OpensearchLogs):
        for ref, content in ((logs.username, "the user of opensearch"), (logs.password, "its password")):
            if ref is not None:
                yield needs.free_key(ref, namespace, "writes and reads logs in opensearch", content=content)


def _login_needs(store: Bucket, namespace: str, purpose: str) -> Iterator[needs.SecretNeed]:
    # Few releases have a bucket by its handle, and its room is a large one.
    from cdk8s_airflow.storage.store_credentials import login

    if store.credentials is not None:
        yield login(store.credentials, store.storage, namespace, purpose, for_airflow=True, awaited=True)


def log_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The collector, the image and the cloud identity that remote logs require."""
    logs = settings.logs
    if isinstance(logs, SearchLogs) and not logs.direct:
        yield BeforeApply(
            f"Tasks of release {settings.release} write their logs to standard output as JSON. A log collector of the cluster must "
            f"send them to {logs.engine}."
        )
    if isinstance(logs, EphemeralLogs) and settings.has_task_pods:
        yield BeforeApply(
            f"Release {settings.release} keeps no logs: the log of a task is lost with its pod (Logs.ephemeral()). To keep logs, use "
            "Logs.in_bucket(...) or Logs.claim(...)."
        )
    elif isinstance(logs, EphemeralLogs):
        yield BeforeApply(
            f"Release {settings.release} keeps logs in its pods only: they are lost when a pod restarts (Logs.ephemeral()). To keep "
            "logs, use Logs.in_bucket(...) or Logs.claim(...)."
        )
    if isinstance(logs, OpensearchLogs):
        yield BeforeApply(
            f"Release {settings.release} writes logs to OpenSearch: its image must contain the package "
            "apache-airflow-providers-opensearch, which the official image does not."
        )
    if isinstance(logs, ObjectStoreLogs) and logs.connection is None and settings.service_accounts == ServiceAccounts():
        yield BeforeApply(
            f"Release {settings.release} accesses its logs in object storage with the cloud identity of its pods. Give the scheduler, "
            "the API server, the triggerer and task pods an identity that can read and write there (service_accounts=), or their "
            "nodes."
        )


def log_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The claim that the platform makes itself."""
    if not isinstance(settings.logs, ClaimLogs):
        return {}
    mode = shared_access_mode(settings.logs.volume, settings.facts, "logs.volume")
    assert not isinstance(mode, Finding)
    name = log_claim_name(settings.release)
    return {"logs": claim(name, settings.namespace, settings.logs.volume, mode, state_metadata())}


LOGS = Concept(
    values=log_values,
    parts=log_parts,
    config=log_config,
    objects=log_objects,
    rules=log_rules,
    needs=log_needs,
    notes=log_notes,
)
"""Task logs."""
