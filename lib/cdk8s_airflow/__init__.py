"""Typed cdk8s constructs for Apache Airflow on Kubernetes.

What is listed in ``__all__`` is public; everything else may change. Names are loaded when they are first used, so that
importing the package alone starts no Node process.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

# jsii prints a banner of 11 lines for each version of Node that is new, old, or past its end of life, although all of them
# write the same manifests. It reads these variables when cdk8s is imported; the last one is a list of major versions.
os.environ.setdefault("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
os.environ.setdefault("JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION", "1")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", ",".join(map(str, range(16, 40))))

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.authentication import AdminAccount as AdminAccount
    from cdk8s_airflow.airflow.authentication import FabAuth as FabAuth
    from cdk8s_airflow.airflow.authentication import Ldap as Ldap
    from cdk8s_airflow.airflow.authentication import Oidc as Oidc
    from cdk8s_airflow.airflow.authentication import SimpleAuth as SimpleAuth
    from cdk8s_airflow.airflow.chart import AirflowChart as AirflowChart
    from cdk8s_airflow.airflow.chart_archive import ChartArchive as ChartArchive
    from cdk8s_airflow.airflow.components import ApiServer as ApiServer
    from cdk8s_airflow.airflow.components import DagProcessor as DagProcessor
    from cdk8s_airflow.airflow.components import DatabaseCleanup as DatabaseCleanup
    from cdk8s_airflow.airflow.components import DatabaseMigration as DatabaseMigration
    from cdk8s_airflow.airflow.components import Flower as Flower
    from cdk8s_airflow.airflow.components import OtelCollector as OtelCollector
    from cdk8s_airflow.airflow.components import PodCleanup as PodCleanup
    from cdk8s_airflow.airflow.components import Scheduler as Scheduler
    from cdk8s_airflow.airflow.components import Statsd as Statsd
    from cdk8s_airflow.airflow.components import Triggerer as Triggerer
    from cdk8s_airflow.airflow.config import Throughput as Throughput
    from cdk8s_airflow.airflow.data_lake import DataLake as DataLake
    from cdk8s_airflow.airflow.environment_variables import CaBundle as CaBundle
    from cdk8s_airflow.airflow.environment_variables import CloudIdentityConnection as CloudIdentityConnection
    from cdk8s_airflow.airflow.environment_variables import HttpProxy as HttpProxy
    from cdk8s_airflow.airflow.environment_variables import KubernetesSecretsBackend as KubernetesSecretsBackend
    from cdk8s_airflow.airflow.executors import CeleryExecutor as CeleryExecutor
    from cdk8s_airflow.airflow.executors import CeleryKubernetesExecutor as CeleryKubernetesExecutor
    from cdk8s_airflow.airflow.executors import CeleryWorkers as CeleryWorkers
    from cdk8s_airflow.airflow.executors import ExternalBroker as ExternalBroker
    from cdk8s_airflow.airflow.executors import KubernetesExecutor as KubernetesExecutor
    from cdk8s_airflow.airflow.executors import LocalExecutor as LocalExecutor
    from cdk8s_airflow.airflow.executors import MultipleExecutors as MultipleExecutors
    from cdk8s_airflow.airflow.executors import RedisBroker as RedisBroker
    from cdk8s_airflow.airflow.executors import WorkerSet as WorkerSet
    from cdk8s_airflow.airflow.exposure import ClusterIP as ClusterIP
    from cdk8s_airflow.airflow.exposure import ExistingGateway as ExistingGateway
    from cdk8s_airflow.airflow.exposure import HttpRoute as HttpRoute
    from cdk8s_airflow.airflow.exposure import Ingress as Ingress
    from cdk8s_airflow.airflow.exposure import IngressHost as IngressHost
    from cdk8s_airflow.airflow.exposure import IngressTls as IngressTls
    from cdk8s_airflow.airflow.exposure import LoadBalancer as LoadBalancer
    from cdk8s_airflow.airflow.exposure import NodePort as NodePort
    from cdk8s_airflow.airflow.logs import Logs as Logs
    from cdk8s_airflow.airflow.pod_settings import LogGroomer as LogGroomer
    from cdk8s_airflow.airflow.task_pods import TaskPod as TaskPod
    from cdk8s_airflow.airflow.task_pods import TaskPods as TaskPods
    from cdk8s_airflow.app.exemption import not_secret as not_secret
    from cdk8s_airflow.app.facts import set_facts as set_facts
    from cdk8s_airflow.app.run import render as render
    from cdk8s_airflow.app.run import run as run
    from cdk8s_airflow.app.run import synth as synth
    from cdk8s_airflow.dags.bundles import DagBundles as DagBundles
    from cdk8s_airflow.dags.bundles import GitBundle as GitBundle
    from cdk8s_airflow.dags.folder import DagFolder as DagFolder
    from cdk8s_airflow.dags.image import DagImage as DagImage
    from cdk8s_airflow.dags.repo_sync import DagRepoSync as DagRepoSync
    from cdk8s_airflow.dags.volume import DagVolume as DagVolume
    from cdk8s_airflow.database.backup import CnpgBackup as CnpgBackup
    from cdk8s_airflow.database.backup import CnpgRecovery as CnpgRecovery
    from cdk8s_airflow.database.backup import RecoveryTarget as RecoveryTarget
    from cdk8s_airflow.database.cluster_settings import ImageCatalog as ImageCatalog
    from cdk8s_airflow.database.cluster_settings import InitDb as InitDb
    from cdk8s_airflow.database.cluster_settings import PostgresAntiAffinity as PostgresAntiAffinity
    from cdk8s_airflow.database.cluster_settings import PostgresCertificates as PostgresCertificates
    from cdk8s_airflow.database.cluster_settings import PostgresExtension as PostgresExtension
    from cdk8s_airflow.database.cluster_settings import PostgresExtensionImage as PostgresExtensionImage
    from cdk8s_airflow.database.cluster_settings import PostgresMonitoring as PostgresMonitoring
    from cdk8s_airflow.database.cluster_settings import PostgresSize as PostgresSize
    from cdk8s_airflow.database.cluster_settings import PostgresUpdates as PostgresUpdates
    from cdk8s_airflow.database.cluster_settings import SynchronousReplication as SynchronousReplication
    from cdk8s_airflow.database.cnpg_cluster import CnpgCluster as CnpgCluster
    from cdk8s_airflow.database.connection import DatabaseConnection as DatabaseConnection
    from cdk8s_airflow.database.connection import ExternalDatabase as ExternalDatabase
    from cdk8s_airflow.database.lab_database import LabDatabase as LabDatabase
    from cdk8s_airflow.database.pgbouncer import PgBouncer as PgBouncer
    from cdk8s_airflow.database.pooler import CnpgPooler as CnpgPooler
    from cdk8s_airflow.database.pooler_monitoring import PoolerMonitoring as PoolerMonitoring
    from cdk8s_airflow.database.roles import DatabaseRole as DatabaseRole
    from cdk8s_airflow.database.roles import PostgresDatabase as PostgresDatabase
    from cdk8s_airflow.delivery.argo import ArgoApplication as ArgoApplication
    from cdk8s_airflow.delivery.argo import AutomatedSync as AutomatedSync
    from cdk8s_airflow.delivery.flux import FluxRelease as FluxRelease
    from cdk8s_airflow.delivery.helm_command import HelmCommand as HelmCommand
    from cdk8s_airflow.delivery.k3s import K3sHelmChart as K3sHelmChart
    from cdk8s_airflow.delivery.source import ChartSource as ChartSource
    from cdk8s_airflow.jobs.bucket_job import BucketJob as BucketJob
    from cdk8s_airflow.jobs.secret_bootstrap import SecretBootstrap as SecretBootstrap
    from cdk8s_airflow.model.cluster_facts import ClusterFacts as ClusterFacts
    from cdk8s_airflow.model.disruption_budget import DisruptionBudget as DisruptionBudget
    from cdk8s_airflow.model.footprint import Budget as Budget
    from cdk8s_airflow.model.image import Image as Image
    from cdk8s_airflow.model.image import RegistryMirror as RegistryMirror
    from cdk8s_airflow.model.node_group import NodeGroup as NodeGroup
    from cdk8s_airflow.model.node_group import NodeTaint as NodeTaint
    from cdk8s_airflow.model.permission import Permission as Permission
    from cdk8s_airflow.model.placement import Placement as Placement
    from cdk8s_airflow.model.placement import Toleration as Toleration
    from cdk8s_airflow.model.placement import TopologySpread as TopologySpread
    from cdk8s_airflow.model.quota import ContainerLimits as ContainerLimits
    from cdk8s_airflow.model.quota import Quota as Quota
    from cdk8s_airflow.model.resources import Resources as Resources
    from cdk8s_airflow.model.scaling import Hpa as Hpa
    from cdk8s_airflow.model.scaling import Keda as Keda
    from cdk8s_airflow.model.secret_reference import AirflowKeys as AirflowKeys
    from cdk8s_airflow.model.secret_reference import ApiSecretKeySecret as ApiSecretKeySecret
    from cdk8s_airflow.model.secret_reference import BasicAuthSecret as BasicAuthSecret
    from cdk8s_airflow.model.secret_reference import BrokerUrlSecret as BrokerUrlSecret
    from cdk8s_airflow.model.secret_reference import ConfigMapKey as ConfigMapKey
    from cdk8s_airflow.model.secret_reference import DsnSecret as DsnSecret
    from cdk8s_airflow.model.secret_reference import ExistingConfigMap as ExistingConfigMap
    from cdk8s_airflow.model.secret_reference import ExistingSecret as ExistingSecret
    from cdk8s_airflow.model.secret_reference import FernetKeySecret as FernetKeySecret
    from cdk8s_airflow.model.secret_reference import FlowerAuthSecret as FlowerAuthSecret
    from cdk8s_airflow.model.secret_reference import GitSshSecret as GitSshSecret
    from cdk8s_airflow.model.secret_reference import GitTokenSecret as GitTokenSecret
    from cdk8s_airflow.model.secret_reference import JwtSecret as JwtSecret
    from cdk8s_airflow.model.secret_reference import OptionalSource as OptionalSource
    from cdk8s_airflow.model.secret_reference import PgBouncerSecret as PgBouncerSecret
    from cdk8s_airflow.model.secret_reference import PullSecret as PullSecret
    from cdk8s_airflow.model.secret_reference import RedisPasswordSecret as RedisPasswordSecret
    from cdk8s_airflow.model.secret_reference import ResultBackendSecret as ResultBackendSecret
    from cdk8s_airflow.model.secret_reference import SearchUrlSecret as SearchUrlSecret
    from cdk8s_airflow.model.secret_reference import SecretKey as SecretKey
    from cdk8s_airflow.model.secret_reference import TlsSecret as TlsSecret
    from cdk8s_airflow.model.secret_reference import WebserverSecretKeySecret as WebserverSecretKeySecret
    from cdk8s_airflow.model.service_account import ExistingServiceAccount as ExistingServiceAccount
    from cdk8s_airflow.model.service_account import ServiceAccount as ServiceAccount
    from cdk8s_airflow.model.service_account import ServiceAccounts as ServiceAccounts
    from cdk8s_airflow.model.volume import Volume as Volume
    from cdk8s_airflow.namespaces.namespace import Namespace as Namespace
    from cdk8s_airflow.network.isolation import NetworkIsolation as NetworkIsolation
    from cdk8s_airflow.secrets.external_secret import ExternalSecret as ExternalSecret
    from cdk8s_airflow.secrets.providers import AwsAccessKeys as AwsAccessKeys
    from cdk8s_airflow.secrets.providers import AwsParameterStore as AwsParameterStore
    from cdk8s_airflow.secrets.providers import AwsSecretsManager as AwsSecretsManager
    from cdk8s_airflow.secrets.providers import AzureKeyVault as AzureKeyVault
    from cdk8s_airflow.secrets.providers import AzureManagedIdentity as AzureManagedIdentity
    from cdk8s_airflow.secrets.providers import AzureServicePrincipal as AzureServicePrincipal
    from cdk8s_airflow.secrets.providers import AzureWorkloadIdentity as AzureWorkloadIdentity
    from cdk8s_airflow.secrets.providers import GcpSecretManager as GcpSecretManager
    from cdk8s_airflow.secrets.providers import HashicorpVault as HashicorpVault
    from cdk8s_airflow.secrets.providers import KubernetesSecrets as KubernetesSecrets
    from cdk8s_airflow.secrets.providers import VaultAppRole as VaultAppRole
    from cdk8s_airflow.secrets.providers import VaultKubernetes as VaultKubernetes
    from cdk8s_airflow.secrets.remote_secret import DatabaseUrl as DatabaseUrl
    from cdk8s_airflow.secrets.remote_secret import LiteralValue as LiteralValue
    from cdk8s_airflow.secrets.remote_secret import RemoteKey as RemoteKey
    from cdk8s_airflow.secrets.remote_secret import RemoteTemplate as RemoteTemplate
    from cdk8s_airflow.secrets.sealed_secret import SealedFile as SealedFile
    from cdk8s_airflow.secrets.sealed_secret import SealedSecret as SealedSecret
    from cdk8s_airflow.secrets.secret_bridge import SecretBridge as SecretBridge
    from cdk8s_airflow.secrets.secret_store import ClusterSecretStore as ClusterSecretStore
    from cdk8s_airflow.secrets.secret_store import ExistingClusterSecretStore as ExistingClusterSecretStore
    from cdk8s_airflow.secrets.secret_store import ExistingSecretStore as ExistingSecretStore
    from cdk8s_airflow.secrets.secret_store import SecretStore as SecretStore
    from cdk8s_airflow.storage.object_storage import AzureCredentials as AzureCredentials
    from cdk8s_airflow.storage.object_storage import Bucket as Bucket
    from cdk8s_airflow.storage.object_storage import GcsCredentials as GcsCredentials
    from cdk8s_airflow.storage.object_storage import ObjectStorage as ObjectStorage
    from cdk8s_airflow.storage.object_storage import S3Credentials as S3Credentials
    from cdk8s_airflow.validation import Finding as Finding
    from cdk8s_airflow.validation import PlatformError as PlatformError
    from cdk8s_airflow.validation import collecting as collecting
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "AdminAccount",
    "AirflowChart",
    "AirflowKeys",
    "ApiSecretKeySecret",
    "ApiServer",
    "ArgoApplication",
    "AutomatedSync",
    "AwsAccessKeys",
    "AwsParameterStore",
    "AwsSecretsManager",
    "AzureCredentials",
    "AzureKeyVault",
    "AzureManagedIdentity",
    "AzureServicePrincipal",
    "AzureWorkloadIdentity",
    "BasicAuthSecret",
    "BrokerUrlSecret",
    "Bucket",
    "BucketJob",
    "Budget",
    "CaBundle",
    "CeleryExecutor",
    "CeleryKubernetesExecutor",
    "CeleryWorkers",
    "ChartArchive",
    "ChartSource",
    "CloudIdentityConnection",
    "ClusterFacts",
    "ClusterIP",
    "ClusterSecretStore",
    "CnpgBackup",
    "CnpgCluster",
    "CnpgPooler",
    "CnpgRecovery",
    "ConfigMapKey",
    "ContainerLimits",
    "DagBundles",
    "DagFolder",
    "DagImage",
    "DagProcessor",
    "DagRepoSync",
    "DagVolume",
    "DataLake",
    "DatabaseCleanup",
    "DatabaseConnection",
    "DatabaseMigration",
    "DatabaseRole",
    "DatabaseUrl",
    "DisruptionBudget",
    "DsnSecret",
    "ExistingClusterSecretStore",
    "ExistingConfigMap",
    "ExistingGateway",
    "ExistingNamespace",
    "ExistingSecret",
    "ExistingSecretStore",
    "ExistingServiceAccount",
    "ExternalBroker",
    "ExternalDatabase",
    "ExternalSecret",
    "FabAuth",
    "FernetKeySecret",
    "Finding",
    "Flower",
    "FlowerAuthSecret",
    "FluxRelease",
    "GcpSecretManager",
    "GcsCredentials",
    "GitBundle",
    "GitSshSecret",
    "GitTokenSecret",
    "HashicorpVault",
    "HelmCommand",
    "Hpa",
    "HttpProxy",
    "HttpRoute",
    "Image",
    "ImageCatalog",
    "Ingress",
    "IngressHost",
    "IngressTls",
    "InitDb",
    "JwtSecret",
    "K3sHelmChart",
    "Keda",
    "KubernetesExecutor",
    "KubernetesSecrets",
    "KubernetesSecretsBackend",
    "LabDatabase",
    "Ldap",
    "LiteralValue",
    "LoadBalancer",
    "LocalExecutor",
    "LogGroomer",
    "Logs",
    "MultipleExecutors",
    "Namespace",
    "NetworkIsolation",
    "NodeGroup",
    "NodePort",
    "NodeTaint",
    "ObjectStorage",
    "Oidc",
    "OptionalSource",
    "OtelCollector",
    "Permission",
    "PgBouncer",
    "PgBouncerSecret",
    "Placement",
    "PlatformError",
    "PodCleanup",
    "PoolerMonitoring",
    "PostgresAntiAffinity",
    "PostgresCertificates",
    "PostgresDatabase",
    "PostgresExtension",
    "PostgresExtensionImage",
    "PostgresMonitoring",
    "PostgresSize",
    "PostgresUpdates",
    "PullSecret",
    "Quota",
    "RecoveryTarget",
    "RedisBroker",
    "RedisPasswordSecret",
    "RegistryMirror",
    "RemoteKey",
    "RemoteTemplate",
    "Resources",
    "ResultBackendSecret",
    "S3Credentials",
    "Scheduler",
    "SealedFile",
    "SealedSecret",
    "SearchUrlSecret",
    "SecretBootstrap",
    "SecretBridge",
    "SecretKey",
    "SecretStore",
    "ServiceAccount",
    "ServiceAccounts",
    "SimpleAuth",
    "Statsd",
    "SynchronousReplication",
    "TaskPod",
    "TaskPods",
    "Throughput",
    "TlsSecret",
    "Toleration",
    "TopologySpread",
    "Triggerer",
    "VaultAppRole",
    "VaultKubernetes",
    "Volume",
    "WebserverSecretKeySecret",
    "WorkerSet",
    "collecting",
    "not_secret",
    "render",
    "run",
    "set_facts",
    "synth",
]
