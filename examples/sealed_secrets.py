"""Sealed Secrets: every Secret is encrypted in Git, and only the controller in the cluster can decrypt it.

``sealed_secrets.json`` contains the output of ``kubeseal``: namespace and name of a Secret, its keys, and their ciphertexts. The key of
the controller that these were encrypted for has been deleted.
"""

from __future__ import annotations

import json
from pathlib import Path

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    BasicAuthSecret,
    ClusterFacts,
    CnpgCluster,
    DagRepoSync,
    DsnSecret,
    GitTokenSecret,
    KubernetesExecutor,
    Logs,
    Namespace,
    SealedSecret,
    Volume,
    run,
    set_facts,
)

from cdk8s import App, Chart

SEALED = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


def build() -> App:
    """The platform."""
    app = App()
    set_facts(app, ClusterFacts(kubernetes="1.34", rwx_classes={"nfs"}))
    base = Chart(app, "00-base")
    data, airflow = Namespace(base, "airflow-data"), Namespace(base, "airflow")
    keys = AirflowKeys.existing(prefix="airflow")
    credentials, url = BasicAuthSecret("airflow-pg-credentials"), DsnSecret("airflow-metadata")
    git = GitTokenSecret("airflow-git")

    SealedSecret(
        base,
        "owner",
        namespace=data,
        secret=credentials,
        encrypted=SEALED["airflow-data/airflow-pg-credentials"],
    )
    for secret in (keys.fernet, keys.api, keys.jwt, git, url):
        if secret is not None:
            sealed = SEALED[f"airflow/{secret.name}"]
            SealedSecret(base, secret.name, namespace=airflow, secret=secret, encrypted=sealed)

    database = CnpgCluster(
        Chart(app, "10-data"),
        "db",
        name="airflow-pg",
        namespace=data,
        credentials=credentials,
        storage=Volume("20Gi"),
    )
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
