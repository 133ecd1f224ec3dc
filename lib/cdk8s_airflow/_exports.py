"""Which module defines each public name.

The package loads a name when it is first used, so that importing it starts no Node process. Checks look up the names of
annotations here for the same reason.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

_HOMES = {
    "airflow.chart_archive": ("ChartArchive",),
    "airflow.chart": ("AirflowChart",),
    "airflow.components": (
        "ApiServer",
        "PodCleanup",
        "DagProcessor",
        "DatabaseCleanup",
        "Flower",
        "DatabaseMigration",
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
    "airflow.environment": ("CaBundle", "KubernetesSecretsBackend", "HttpProxy"),
    "airflow.authentication": ("AdminAccount", "FabAuth", "Ldap", "Oidc", "SimpleAuth"),
    "airflow.exposure": (
        "ClusterIP",
        "ExistingGateway",
        "IngressHost",
        "HttpRoute",
        "Ingress",
        "LoadBalancer",
        "NodePort",
        "IngressTls",
    ),
    "model.image": ("Image", "RegistryMirror"),
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
        "PostgresAntiAffinity",
        "PostgresUpdates",
        "PostgresExtension",
        "PostgresExtensionImage",
        "ImageCatalog",
        "InitDb",
        "PostgresMonitoring",
        "PostgresSize",
        "PostgresCertificates",
        "SynchronousReplication",
    ),
    "database.cnpg_cluster": ("CnpgCluster",),
    "database.connection": ("DatabaseConnection", "ExternalDatabase"),
    "database.lab_database": ("LabDatabase",),
    "database.pgbouncer": ("PgBouncer",),
    "database.pooler": ("CnpgPooler",),
    "database.pooler_monitoring": ("PoolerMonitoring",),
    "database.roles": ("PostgresDatabase", "DatabaseRole"),
    "delivery.argo": ("ArgoApplication", "AutomatedSync"),
    "delivery.flux": ("FluxRelease",),
    "delivery.helm_command": ("HelmCommand",),
    "delivery.k3s": ("K3sHelmChart",),
    "delivery.source": ("ChartSource",),
    "model.cluster_facts": ("ClusterFacts",),
    "app.run": ("run", "synth"),
    "network.isolation": ("NetworkIsolation",),
    "namespaces.namespace": ("ExistingNamespace", "Namespace"),
    "model.cluster_network": (
        "KubernetesApiAddress",
        "Cilium",
        "CloudIdentity",
        "ClusterDns",
        "HostNetwork",
        "NotInstalled",
    ),
    "network.wire.network_policy": ("PeerEndpoint",),
    "model.traffic": (
        "TrafficFlow",
        "ClusterComponent",
        "ExternalPeer",
        "HasTraffic",
        "PodGroup",
        "Traffic",
        "UnlocatedPeer",
    ),
    "model.permission": ("Permission",),
    "model.disruption_budget": ("DisruptionBudget",),
    "model.placement": (
        "Placement",
        "TopologySpread",
        "Toleration",
    ),
    "model.quota": ("ContainerLimits", "Quota"),
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
    "secrets.remote_secret": ("DatabaseUrl", "LiteralValue", "RemoteKey", "RemoteTemplate"),
    "secrets.sealed_secret": ("SealedFile", "SealedSecret"),
    "model.volume": ("Volume",),
}

HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
"""Public name -> the module that defines it, without the name of the package."""


SUBMODULES = {
    "network": (
        "Cilium",
        "CloudIdentity",
        "ClusterComponent",
        "ClusterDns",
        "ExternalPeer",
        "HasTraffic",
        "HostNetwork",
        "KubernetesApiAddress",
        "NetworkIsolation",
        "NotInstalled",
        "PeerEndpoint",
        "PodGroup",
        "Traffic",
        "TrafficFlow",
        "UnlocatedPeer",
    ),
    "storage": (
        "AzureCredentials",
        "Bucket",
        "GcsCredentials",
        "MinioLegacy",
        "ObjectStorage",
        "S3Credentials",
        "SeaweedFs",
        "StoreUser",
    ),
    "dbt": (
        "DbtPostgres",
        "DbtProfile",
        "DbtProfiles",
        "DbtTarget",
    ),
}
"""Public submodule -> the names it exports. Some of them are exported by the root package too."""


def load(name: str) -> Any:
    """The object of a public name.

    Raises:
        KeyError: when the name is not public.
    """
    return getattr(importlib.import_module(f"{__package__}.{HOME_OF[name]}"), name)


def lazily(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose names are loaded when they are first used.

    Args:
        module: the name of the package, which has ``__all__`` by the time either is called.
    """

    def get(name: str) -> Any:
        names = vars(sys.modules[module])
        if name not in names["__all__"]:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        names[name] = value = load(name)
        return value

    return get, lambda: sorted(vars(sys.modules[module])["__all__"])
