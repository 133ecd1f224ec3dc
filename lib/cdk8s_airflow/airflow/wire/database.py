"""The metadata database."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest

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
