"""The object store that tasks work with: a connection, variables, and the Secret that both come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from cdk8s_airflow.airflow.data_lake import DataLake
from cdk8s_airflow.airflow.logs import S3Logs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import PodParts, env_variables
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.storage.object_storage import CHECKSUMS, AzureCredentials, S3Credentials, airflow_connection
from cdk8s_airflow.storage.store_credentials import login
from cdk8s_airflow.validation import Finding


def lake_variables(lake: DataLake) -> Mapping[str, str | SecretKey]:
    """Every variable, as a string or as the key of a Secret."""
    bucket = lake.buckets[0]
    storage, given = bucket.storage, bucket.credentials
    name = f"AIRFLOW_CONN_{lake.connection_id.upper()}"
    found: dict[str, str | SecretKey] = {
        name: json.dumps(airflow_connection(storage, None))
        if given is None
        else SecretKey(given.secret, given.connection)
    }
    if not lake.variables:
        return found
    if isinstance(given, S3Credentials):
        found["AWS_ACCESS_KEY_ID"] = SecretKey(given.secret, given.access_key_id)
        found["AWS_SECRET_ACCESS_KEY"] = SecretKey(given.secret, given.secret_access_key)
    if isinstance(given, AzureCredentials):
        found["AZURE_STORAGE_KEY"] = SecretKey(given.secret, given.account_key)
    if storage.account is not None:
        found["AZURE_STORAGE_ACCOUNT"] = storage.account
    if storage.scheme == "s3" and storage.region is not None:
        found["AWS_DEFAULT_REGION"] = storage.region
    if storage.endpoint is not None:
        found |= {"AWS_ENDPOINT_URL_S3": storage.endpoint, **CHECKSUMS}
    return found


def data_lake_parts(settings: ReleaseSettings) -> PodParts:
    """The variables. They reach the pods of tasks too."""
    lake = settings.data_lake
    assert lake is not None
    return PodParts(variables=env_variables(lake_variables(lake)))


def data_lake_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether each variable has one owner, and nothing else of the release would take this login for its own."""
    lake = settings.data_lake
    assert lake is not None
    names = lake_variables(lake)
    others = {name: f"env.{name}" for name in settings.env}
    others |= {f"AIRFLOW_CONN_{id.upper()}": f"connections.{id}" for id in settings.connections}
    for name in names:
        if name in others:
            yield Finding(
                rule="lake/twice",
                at=others[name],
                problem=f"is the variable {name}, which data_lake= sets",
                fix="Remove it, or set another connection_id= or variables=False in DataLake",
            )
    logs = settings.logs
    if isinstance(logs, S3Logs) and logs.connection is None and "AWS_ACCESS_KEY_ID" in names:
        yield Finding(
            rule="lake/login-of-logs",
            at="data_lake.variables",
            problem="must be False, because the login of the lake would replace the cloud identity with which pods write logs",
            seen="True",
            fix="Use DataLake(variables=False, ...); tasks then have only the connection",
        )
    elif isinstance(logs, S3Logs) and logs.endpoint is None and "AWS_ENDPOINT_URL_S3" in names:
        yield Finding(
            rule="lake/endpoint-of-logs",
            at="data_lake.variables",
            problem="sets the S3 endpoint of every pod, and logs= has no endpoint of its own, so logs would be written there",
            seen="True",
            fix="Use DataLake(variables=False, ...), or set the endpoint of the log bucket: "
            'Logs.s3(..., endpoint="https://s3.eu-central-1.amazonaws.com")',
        )


def data_lake_needs(settings: ReleaseSettings) -> Iterator[SecretNeed]:
    """The Secret with the login."""
    lake = settings.data_lake
    assert lake is not None
    bucket = lake.buckets[0]
    if bucket.credentials is not None:
        names = ", ".join(each.name for each in lake.buckets)
        yield login(
            bucket.credentials,
            bucket.storage,
            settings.namespace,
            f"tasks read and write {names}",
            for_airflow=True,
            awaited=True,
        )


def data_lake_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The cloud identity that tasks require."""
    lake = settings.data_lake
    assert lake is not None
    if lake.buckets[0].credentials is None:
        names = ", ".join(each.url for each in lake.buckets)
        yield BeforeApply(
            f"Tasks of release {settings.release} access {names} with their cloud identity. Assign the "
            "identity to their service accounts (service_accounts=) or to their nodes."
        )


DATA_LAKE = Concept(parts=data_lake_parts, rules=data_lake_rules, needs=data_lake_needs, notes=data_lake_notes)
"""The buckets that tasks use."""
