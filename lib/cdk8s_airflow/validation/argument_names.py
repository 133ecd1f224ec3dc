"""Names that people try for an argument, and the argument that the class has instead.

Three sources: names that the argument had before version 0.1.0, keys of the Helm chart's values, and names of the same setting
in Airflow, Flux or Terraform. A name that is merely misspelt is not in the table: it is found by its similarity.
"""

from __future__ import annotations

from collections.abc import Mapping

_INTERVAL = {"period": "interval", "refresh": "interval", "every": "interval", "frequency": "interval"}
_CREDENTIALS = {"login": "credentials", "auth": "credentials", "secret": "credentials"}
_RETENTION = {
    "retention_days": 'retention, like retention="30d"',
    "days": 'retention, like retention="30d"',
    "keep_days": 'retention, like retention="30d"',
}
_STORE = {"volume": "storage", "persistence": "storage", "admin": "admin_credentials"}

ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "AirflowChart": {
        "webserver": "api_server",
        "webserver_secret_key": "keys",
        "fernet_key": "keys",
        "workers": "executor, like executor=CeleryExecutor(workers=CeleryWorkers(...), ...)",
        "redis": "executor, like executor=CeleryExecutor(broker=RedisBroker(...))",
        "pgbouncer": "database, like ExternalDatabase(pooling=PgBouncer(...)).connection()",
        "postgresql": "database",
        "ingress": "ui, like ui=Ingress(host=...)",
        "git_sync": "dags, like dags=DagRepoSync(...)",
        "version": "chart_version",
        "tag": "airflow_version",
        "service_account": "service_accounts",
    },
    "AwsParameterStore": _CREDENTIALS,
    "AwsSecretsManager": _CREDENTIALS,
    "AzureKeyVault": _CREDENTIALS,
    "BucketJob": {"patience": "timeout", "wait": "timeout"},
    "ClusterSecretStore": {"login_namespace": "credentials_namespace"},
    "CnpgBackup": _RETENTION,
    "CnpgCluster": {"replicas": "instances", "version": "postgres_major", "volume": "storage"},
    "CnpgPooler": {"replicas": "instances"},
    "DagRepoSync": {
        **_INTERVAL,
        "wait": "interval",
        "branch": "ref",
        "rev": "ref",
        "tag": "ref",
        "commit": "ref",
        "url": "repo",
        "folder": "sub_path",
    },
    "DagVolume": {"volume": "storage"},
    "DatabaseCleanup": _RETENTION,
    "ExternalSecret": {**_INTERVAL, "refresh_interval": "interval"},
    "Flower": _CREDENTIALS,
    "GcpSecretManager": _CREDENTIALS,
    "GitBundle": {**_INTERVAL, "branch": "ref", "tracking_ref": "ref", "url": "repo", "subdir": "sub_path"},
    "HashicorpVault": _CREDENTIALS,
    "Keda": {**_INTERVAL, "polling_interval": "interval"},
    "KubernetesSecrets": _CREDENTIALS,
    "LabDatabase": {"version": "postgres_major", "volume": "storage"},
    "LiteralValue": {"text": "value"},
    "LogGroomer": {**_INTERVAL, **_RETENTION},
    "MinioLegacy": _STORE,
    "NetworkIsolation": {"places": "endpoints"},
    "OtelCollector": {"export_period": "export_interval"},
    "PgBouncer": {**_CREDENTIALS, "instances": "replicas"},
    "RemoteTemplate": {"form": "template"},
    "SeaweedFs": _STORE,
    "SecretBootstrap": {"makes": "generate_for", "leaves": "exclude"},
    "SecretBridge": {**_INTERVAL, "refresh_interval": "interval"},
}
"""Public class -> a name that it has no argument of -> the argument to use."""
