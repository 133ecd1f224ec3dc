"""Which module defines each public name.

The package loads a name when it is first used, so that importing it starts no Node process. Checks look up the names of
annotations here for the same reason.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "airflow.chart_archive": ("ChartArchive",),
    "airflow.chart": ("AirflowChart",),
    "airflow.components": (
        "ApiServer",
        "Cleanup",
        "DagProcessor",
        "DatabaseCleanup",
        "Flower",
        "Migration",
        "OtelCollector",
        "Scheduler",
        "Statsd",
        "Triggerer",
    ),
    "airflow.config": ("Throughput",),
    "model.service_account": ("ExistingServiceAccount", "ServiceAccount", "ServiceAccounts"),
    "airflow.task_pods": ("TaskPod", "TaskPods"),
    "airflow.executors": (
        "CeleryExecutor",
        "CeleryKubernetesExecutor",
        "CeleryWorkers",
        "ExternalBroker",
        "KubernetesExecutor",
        "LocalExecutor",
        "MultipleExecutors",
        "RedisBroker",
        "WorkerSet",
    ),
    "airflow.environment": ("CaBundle", "KubernetesSecretsBackend", "Proxy"),
    "airflow.authentication": ("AdminAccount", "FabAuth", "Ldap", "Oidc", "SimpleAuth"),
    "airflow.exposure": ("ClusterIP", "Gateway", "Host", "HttpRoute", "Ingress", "LoadBalancer", "NodePort", "Tls"),
    "model.image": ("Image", "Mirror"),
    "airflow.logs": ("Logs",),
    "airflow.pod_settings": ("LogGroomer",),
    "validation": ("Finding", "PlatformError", "collecting"),
    "secret_scan.scanner": ("not_secret",),
    "dags.bundles": ("DagBundles", "GitBundle"),
    "dags.folder": ("DagFolder",),
    "dags.image": ("DagImage",),
    "dags.repo_sync": ("DagRepoSync",),
    "dags.volume": ("DagVolume",),
    "dbt.profiles": ("DbtProfiles",),
    "dbt.targets": ("DbtPostgres", "DbtProfile", "DbtTarget"),
    "database.cluster_settings": (
        "AntiAffinity",
        "ClusterUpdates",
        "Extension",
        "ExtensionImage",
        "ImageCatalog",
        "InitDb",
        "PostgresMonitoring",
        "PostgresSize",
        "ServerCertificates",
        "Synchronous",
    ),
    "database.cnpg_cluster": ("CnpgCluster",),
    "database.connection": ("Connection", "ExternalDatabase"),
    "database.lab_database": ("LabDatabase",),
    "database.pgbouncer": ("PgBouncer",),
    "database.pooler": ("CnpgPooler",),
    "database.pooler_monitoring": ("PoolerMonitoring",),
    "database.roles": ("Database", "DatabaseRole"),
    "delivery.argo": ("ArgoApplication", "AutomatedSync"),
    "delivery.flux": ("FluxRelease",),
    "delivery.helm_command": ("HelmCommand",),
    "delivery.k3s": ("K3sHelmChart",),
    "delivery.source": ("ChartSource",),
    "model.cluster_facts": ("ClusterFacts",),
    "app.run": ("run", "synth"),
    "network.isolation": ("NetworkIsolation",),
    "namespaces.namespace": ("ExistingNamespace", "Namespace"),
    "model.cluster_network": ("ApiServerAt", "Cilium", "CloudIdentity", "ClusterDns", "HostNetwork", "Nowhere"),
    "network.wire.network_policy": ("Place",),
    "model.traffic": ("Flow", "Known", "Outside", "Pods", "Traffic"),
    "model.permission": ("Right",),
    "model.disruption_budget": ("DisruptionBudget",),
    "model.placement": (
        "Placement",
        "Spread",
        "Toleration",
    ),
    "model.quota": ("Limits", "Quota"),
    "model.resources": ("Resources",),
    "model.scaling": (
        "Hpa",
        "Keda",
    ),
    "jobs.secret_bootstrap": ("SecretBootstrap",),
    "model.secret_reference": (
        "AirflowKeys",
        "ApiSecretKeySecret",
        "BasicAuthSecret",
        "BrokerUrlSecret",
        "ConfigMapKey",
        "DsnSecret",
        "ExistingConfigMap",
        "ExistingSecret",
        "FernetKeySecret",
        "FlowerAuthSecret",
        "GitSshSecret",
        "GitTokenSecret",
        "JwtSecret",
        "PgBouncerSecret",
        "PullSecret",
        "RedisPasswordSecret",
        "ResultBackendSecret",
        "SearchUrlSecret",
        "SecretKey",
        "TlsSecret",
        "WebserverSecretKeySecret",
    ),
    "storage.object_storage": (
        "AzureCredentials",
        "Bucket",
        "GcsCredentials",
        "ObjectStorage",
        "S3Credentials",
    ),
    "secrets.secret_bridge": ("SecretBridge",),
    "secrets.external_secret": ("ExternalSecret",),
    "secrets.providers": (
        "AwsAccessKeys",
        "AwsParameterStore",
        "AwsSecretsManager",
        "AzureKeyVault",
        "AzureManagedIdentity",
        "AzureServicePrincipal",
        "AzureWorkloadIdentity",
        "GcpSecretManager",
        "HashicorpVault",
        "KubernetesSecrets",
        "VaultAppRole",
        "VaultKubernetes",
    ),
    "secrets.secret_store": ("ClusterSecretStore", "ExistingClusterSecretStore", "ExistingSecretStore", "SecretStore"),
    "jobs.bucket_job": ("BucketJob",),
    "database.backup": (
        "CnpgBackup",
        "CnpgRecovery",
        "RecoveryTarget",
    ),
    "airflow.data_lake": ("DataLake",),
    "storage.store_users": ("StoreUser",),
    "storage.seaweedfs": ("SeaweedFs",),
    "storage.minio_legacy": ("MinioLegacy",),
    "secrets.remote_secret": ("DatabaseUrl", "PlainText", "RemoteKey", "RemoteText"),
    "secrets.sealed_secret": ("SealedFile", "SealedSecret"),
    "model.volume": ("Volume",),
}

HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
"""Public name -> the module that defines it, without the name of the package."""


def load(name: str) -> Any:
    """The object of a public name.

    Raises:
        KeyError: when the name is not public.
    """
    return getattr(importlib.import_module(f"{__package__}.{HOME_OF[name]}"), name)
