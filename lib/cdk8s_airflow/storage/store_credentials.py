"""Secrets with object store credentials, and the commands that create them: typed, generated, or copied from another
namespace."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from cdk8s_airflow.model import secret_recipe as recipes
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.storage.object_storage import (
    AzureCredentials,
    GcsCredentials,
    ObjectStorage,
    S3Credentials,
    StorageCredentials,
    airflow_connection,
)

_ESCAPE_JSON = "sed 's/[\\\\\"]/\\\\&/g'"
_FROM_LINES = "--from-env-file=/dev/stdin"


def login(
    credentials: StorageCredentials,
    storage: ObjectStorage,
    namespace: str,
    purpose: str,
    *,
    for_airflow: bool = False,
    awaited: bool = False,
) -> SecretNeed:
    """The Secret with the credentials of a store, in the namespace of its reader.

    Args:
        credentials: the Secret.
        storage: the store.
        namespace: the namespace of the reader.
        purpose: what reads it, and for what.
        for_airflow: whether Airflow pods read it. They also need the credentials as an Airflow connection. Default:
            False.
        awaited: whether pods of a release cannot start without it. Default: False.
    """
    connection = airflow_connection(storage, credentials)
    if isinstance(credentials, S3Credentials):
        keys = {credentials.access_key_id: "the id of the access key", credentials.secret_access_key: "its secret"}
        recipe = _s3_recipe(credentials, storage, namespace, connection)
        source = _s3_source(credentials, storage, namespace)
        lines = [f'"{key}=${word}"' for key, word in zip(keys, ("ACCESS_KEY", "SECRET_KEY"), strict=True)]
        made = _lines(source, lines, connection, credentials.connection if for_airflow else "")
    elif isinstance(credentials, AzureCredentials):
        keys = {
            credentials.account: f"exactly {storage.account!r}",
            credentials.account_key: f"a key of storage account {storage.account}",
        }
        recipe = {}
        source = "read -rsp 'Account key: ' ACCOUNT_KEY </dev/tty"
        lines = [f"{credentials.account}={storage.account}", f'"{credentials.account_key}=$ACCOUNT_KEY"']
        made = _lines(source, lines, connection, credentials.connection if for_airflow else "")
    else:
        keys = {credentials.key_file: "the key file of a service account, in JSON"}
        recipe = {}
        made = _key_file(credentials, connection, for_airflow)
    if for_airflow:
        keys[credentials.connection] = json.dumps(connection)
    printed, created = made
    create = f"kubectl -n {namespace} create secret generic {credentials.secret} {created}"
    forget = "".join(f"; unset {word}" for word in ("ACCESS_KEY", "SECRET_KEY", "ACCOUNT_KEY") if f"${word}" in printed)
    piped = f"{printed} | {create}" if printed else create
    return SecretNeed(
        name=credentials.secret,
        namespace=namespace,
        keys=keys,
        purpose=purpose,
        awaited=awaited,
        command=f"{piped}{forget}",
        added=(
            f"{piped} --dry-run=client -o yaml | kubectl -n {namespace} apply --server-side --force-conflicts "
            f"--field-manager=login -f -{forget}"
        ),
        recipe={key: parts for key, parts in recipe.items() if key in keys},
    )


def _s3_source(credentials: S3Credentials, storage: ObjectStorage, namespace: str) -> str:
    """Shell code that stores both parts of the credentials in variables."""
    if storage.credentials_namespace is None:
        return "read -rsp 'Access key: ' ACCESS_KEY </dev/tty && read -rsp 'Secret key: ' SECRET_KEY </dev/tty"
    if storage.credentials_namespace == namespace:
        id = credentials.secret if storage.ids_are_names else "$(openssl rand -hex 10)"
        return f"ACCESS_KEY={id} && SECRET_KEY=$(openssl rand -hex 24)"
    return " && ".join(
        f"{word}=$(kubectl -n {storage.credentials_namespace} get secret {credentials.secret} "
        f"-o jsonpath='{{.data.{key}}}' | base64 -d) && [ -n \"${word}\" ]"
        for word, key in (("ACCESS_KEY", credentials.access_key_id), ("SECRET_KEY", credentials.secret_access_key))
    )


def _s3_recipe(
    credentials: S3Credentials, storage: ObjectStorage, namespace: str, connection: Mapping[str, Any]
) -> dict[str, tuple[recipes.Part, ...]]:
    """How each key is generated, if the platform runs the store. Empty otherwise."""
    home = storage.credentials_namespace
    if home is None:
        return {}

    def taken(key: str, form: recipes.Form) -> recipes.Part:
        return recipes.taken(home, credentials.secret, key, form=form)

    if home == namespace:
        return {
            credentials.access_key_id: (
                recipes.text(credentials.secret) if storage.ids_are_names else recipes.random_password(),
            ),
            credentials.secret_access_key: (recipes.random_password(),),
        }
    before, _, rest = json.dumps(connection).partition("ACCESS_KEY")
    between, _, after = rest.partition("SECRET_KEY")
    return {
        credentials.access_key_id: (taken(credentials.access_key_id, "plain"),),
        credentials.secret_access_key: (taken(credentials.secret_access_key, "plain"),),
        credentials.connection: (
            recipes.text(before),
            taken(credentials.access_key_id, "json"),
            recipes.text(between),
            taken(credentials.secret_access_key, "json"),
            recipes.text(after),
        ),
    }


def _lines(source: str, lines: list[str], connection: Mapping[str, Any], connection_key: str) -> tuple[str, str]:
    """Shell code that prints a line for each key, and the kubectl option that reads them."""
    if not connection_key:
        return f"{source} && printf '%s\\n' {' '.join(lines)}", _FROM_LINES
    form = json.dumps(connection).replace("%", "%%")
    words = [word for word in ("ACCESS_KEY", "SECRET_KEY", "ACCOUNT_KEY") if f'"{word}"' in form]
    values = []
    for word in sorted(words, key=form.index):
        form = form.replace(f'"{word}"', '"%s"')
        values.append(f'"$(printf %s "${word}" | {_ESCAPE_JSON})"')
    whole = "%s\\n" * len(lines) + f"{connection_key}={form}\\n"
    return f"{source} && printf {shlex.quote(whole)} {' '.join([*lines, *values])}", _FROM_LINES


def _key_file(credentials: GcsCredentials, connection: Mapping[str, Any], for_airflow: bool) -> tuple[str, str]:
    created = f"--from-file={credentials.key_file}=key.json"
    if not for_airflow:
        return "", created
    form = json.dumps(connection).replace("%", "%%").replace('"KEY_FILE"', "%s")
    printed = f"printf {shlex.quote(form)} \"$(tr -d '\\n' < key.json)\""
    return printed, f"{created} --from-file={credentials.connection}=/dev/stdin"
