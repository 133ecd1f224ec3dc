"""The metadata database."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.versions import postgres_findings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.checks import Finding
from cdk8s_airflow.secrets import needs

URL_VARIABLES = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB")
"""The variables from which Airflow reads the URL."""


def database_values(settings: ReleaseSettings) -> Tree:
    """The URL comes from one Secret, whole; how much TLS is in a variable of its own that both drivers of Airflow 3 read.

    Under the key ``connection`` the chart wires the Secret itself. Under any other key (CloudNativePG writes ``uri``) its
    own variables are switched off and the same ones set from that key: both halves or neither, since the chart puts the
    two in different order in different pods. The Secret's name is still told, which keeps the chart from making one.
    """
    database = settings.database
    values: Tree = {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": database.secret},
        "env": [{"name": "PGSSLMODE", "value": database.tls}],
    }
    if database.secret_key == "connection":
        return values
    return join(
        values,
        {
            "enableBuiltInSecretEnvVars": dict.fromkeys(URL_VARIABLES, False),
            "secret": [
                {"envName": name, "secretName": database.secret, "secretKey": database.secret_key}
                for name in URL_VARIABLES
            ],
        },
        nest(settings.dialect.place("builtin_env.core_sql_alchemy_conn"), False),
    )


def database_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether Airflow can read the URL where it is, and use that PostgreSQL."""
    database = settings.database
    yield from postgres_findings(settings.dialect.airflow, database.postgres_major)
    if database.secret_namespace is not None and database.secret_namespace != settings.namespace:
        yield Finding(
            rule="database/needs-bridge",
            at="database",
            problem=f"its URL is in Secret {database.secret!r} of namespace {database.secret_namespace!r}, "
            f"and pods in {settings.namespace!r} cannot read it there",
            fix='name a Secret that has the URL beside Airflow: connection(bridge=ExistingSecret("airflow-metadata")), '
            f"or put the database into {settings.namespace!r}",
        )
    elif database.missing:
        yield Finding(
            rule="database/no-url",
            at="database",
            problem=database.missing,
            fix='name a Secret that has the URL: connection(bridge=ExistingSecret("airflow-metadata")), '
            "or leave credentials out, and the operator makes one that has it",
        )


def database_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret with the URL, unless an operator makes it."""
    database, namespace = settings.database, settings.namespace
    if database.secret_namespace is None:
        if database.url is not None and database.password is not None:
            yield needs.dsn_copied(
                database.secret, namespace, source=database.password, url=database.url, purpose="the database's URL"
            )
        else:
            yield needs.dsn_typed(database.secret, namespace, "the database's URL")
