"""External Secrets copies every Secret from Vault.

Vault contains two secrets below ``kv/``: ``airflow`` with one field for each key and for the Git credentials, and ``airflow-db`` with
the ``password`` of the database. The operator authenticates with a service account in a namespace without Airflow pods.
"""

from __future__ import annotations

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    ClusterFacts,
    ClusterSecretStore,
    CnpgCluster,
    ConfigMapKey,
    DagRepoSync,
    DatabaseUrl,
    DsnSecret,
    ExistingServiceAccount,
    ExternalSecret,
    GitTokenSecret,
    HashicorpVault,
    KubernetesExecutor,
    LiteralValue,
    Logs,
    Namespace,
    RemoteKey,
    VaultKubernetes,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base = Chart(app, "00-base")
    data, airflow = Namespace(base, "airflow-data"), Namespace(base, "airflow")
    vault = ClusterSecretStore(
        base,
        "vault",
        namespaces=[data, airflow],
        provider=HashicorpVault(
            server="https://vault.acme.lab:8200",
            path="kv",
            credentials=VaultKubernetes(role="airflow", account=ExistingServiceAccount("airflow-secrets")),
            ca=ConfigMapKey("homelab-ca", "ca.crt"),
        ),
        credentials_namespace=Namespace.existing("external-secrets"),
    )

    keys = AirflowKeys.existing(prefix="airflow")
    for key in (keys.fernet, keys.api, keys.jwt):
        if key is not None:
            fields = {name: RemoteKey("airflow", property=name) for name in key.keys}
            ExternalSecret(base, key.name, namespace=airflow, secret=key, store=vault, data=fields)

    git = GitTokenSecret("airflow-git")
    user, token = RemoteKey("airflow", property="git-user"), RemoteKey("airflow", property="git-token")
    login = {name: user if name.endswith("USERNAME") else token for name in git.keys}
    ExternalSecret(base, "git", namespace=airflow, secret=git, store=vault, data=login)

    password = RemoteKey("airflow-db", property="password")
    credentials, url = BasicAuthSecret("airflow-pg-credentials"), DsnSecret("airflow-metadata")
    database = CnpgCluster(
        Chart(app, "10-data"),
        "db",
        name="airflow-pg",
        namespace=data,
        credentials=credentials,
        storage=Volume("20Gi"),
    )
    owner = {"username": LiteralValue("airflow"), "password": password}
    ExternalSecret(base, "owner", namespace=data, secret=credentials, store=vault, data=owner)
    connection = {"connection": DatabaseUrl(database=database, password=password)}
    ExternalSecret(base, "url", namespace=airflow, secret=url, store=vault, data=connection)

    release = Chart(app, "20-airflow")
    AirflowChart(
        release,
        "airflow",
        namespace=airflow,
        database=database.connection(bridge=url),
        keys=keys,
        executor=KubernetesExecutor(),
        logs=Logs.claim(Volume("50Gi", storage_class="nfs")),
        dags=DagRepoSync(release, "dags", repo="https://git.example.com/data/dags.git", ref="main", credentials=git),
    )
    return app


if __name__ == "__main__":
    run(build)
