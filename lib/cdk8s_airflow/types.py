"""Types that occur in the signatures of public names: choices, mappings, value formats, and what handles return.

Use them to annotate your own functions. What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.airflow.authentication import Auth as Auth
    from cdk8s_airflow.airflow.chart import DagSource as DagSource
    from cdk8s_airflow.airflow.config import Config as Config
    from cdk8s_airflow.airflow.config import ConfigValue as ConfigValue
    from cdk8s_airflow.airflow.config import OptionName as OptionName
    from cdk8s_airflow.airflow.config import SectionName as SectionName
    from cdk8s_airflow.airflow.environment_variables import Connections as Connections
    from cdk8s_airflow.airflow.environment_variables import Env as Env
    from cdk8s_airflow.airflow.environment_variables import EnvFrom as EnvFrom
    from cdk8s_airflow.airflow.environment_variables import Variables as Variables
    from cdk8s_airflow.airflow.executors import Broker as Broker
    from cdk8s_airflow.airflow.executors import Executor as Executor
    from cdk8s_airflow.airflow.exposure import Exposure as Exposure
    from cdk8s_airflow.airflow.handles import ComponentHandle as ComponentHandle
    from cdk8s_airflow.airflow.handles import PortHandle as PortHandle
    from cdk8s_airflow.airflow.handles import ReleaseHandles as ReleaseHandles
    from cdk8s_airflow.airflow.handles import ServiceHandle as ServiceHandle
    from cdk8s_airflow.airflow.handles import WorkloadKind as WorkloadKind
    from cdk8s_airflow.app.construct import PlatformConstruct as PlatformConstruct
    from cdk8s_airflow.dags.bundles import BundleName as BundleName
    from cdk8s_airflow.dags.folder import FolderFiles as FolderFiles
    from cdk8s_airflow.dags.git_sync import ContainerName as ContainerName
    from cdk8s_airflow.dags.git_sync import GitRef as GitRef
    from cdk8s_airflow.dags.git_sync import GitSubPath as GitSubPath
    from cdk8s_airflow.dags.git_sync import GitSync as GitSync
    from cdk8s_airflow.dags.git_sync import KnownHosts as KnownHosts
    from cdk8s_airflow.dags.image import AbsoluteFolder as AbsoluteFolder
    from cdk8s_airflow.dags.volume import ExistingDagVolume as ExistingDagVolume
    from cdk8s_airflow.database.backup import Compression as Compression
    from cdk8s_airflow.database.backup import ServerName as ServerName
    from cdk8s_airflow.database.connection import DatabaseAddress as DatabaseAddress
    from cdk8s_airflow.database.connection import TlsMode as TlsMode
    from cdk8s_airflow.database.pooler import PoolMode as PoolMode
    from cdk8s_airflow.dbt.targets import DbtName as DbtName
    from cdk8s_airflow.dbt.targets import DbtSetting as DbtSetting
    from cdk8s_airflow.dbt.targets import PodPath as PodPath
    from cdk8s_airflow.delivery.delivery import Delivery as Delivery
    from cdk8s_airflow.delivery.k3s import FailurePolicy as FailurePolicy
    from cdk8s_airflow.delivery.source import ChartName as ChartName
    from cdk8s_airflow.delivery.source import ChartUrl as ChartUrl
    from cdk8s_airflow.model.cluster_facts import Architecture as Architecture
    from cdk8s_airflow.model.cluster_network import IpFamily as IpFamily
    from cdk8s_airflow.model.cluster_network import NetworkPlugin as NetworkPlugin
    from cdk8s_airflow.model.image import ImageDigest as ImageDigest
    from cdk8s_airflow.model.image import ImageRegistry as ImageRegistry
    from cdk8s_airflow.model.image import ImageRepository as ImageRepository
    from cdk8s_airflow.model.image import ImageTag as ImageTag
    from cdk8s_airflow.model.image import PullPolicy as PullPolicy
    from cdk8s_airflow.model.namespace import NamespaceHandle as NamespaceHandle
    from cdk8s_airflow.model.namespace import PodSecurityLevel as PodSecurityLevel
    from cdk8s_airflow.model.node_group import NodePlacement as NodePlacement
    from cdk8s_airflow.model.secret_reference import NamedObject as NamedObject
    from cdk8s_airflow.model.secret_reference import SecretReference as SecretReference
    from cdk8s_airflow.model.service_account import ComponentServiceAccount as ComponentServiceAccount
    from cdk8s_airflow.model.sessions import DatabaseServer as DatabaseServer
    from cdk8s_airflow.model.traffic import ClusterComponentRole as ClusterComponentRole
    from cdk8s_airflow.model.traffic import Peer as Peer
    from cdk8s_airflow.model.volume import AccessMode as AccessMode
    from cdk8s_airflow.monitoring.alerts import AlertName as AlertName
    from cdk8s_airflow.monitoring.alerts import AlertSeverity as AlertSeverity
    from cdk8s_airflow.secrets.providers import SecretProvider as SecretProvider
    from cdk8s_airflow.secrets.remote_secret import PlatformDatabase as PlatformDatabase
    from cdk8s_airflow.secrets.remote_secret import RemoteValue as RemoteValue
    from cdk8s_airflow.secrets.remote_secret import TemplateEscape as TemplateEscape
    from cdk8s_airflow.secrets.secret_store import AnySecretStore as AnySecretStore
    from cdk8s_airflow.secrets.target_secret import SecretLabels as SecretLabels
    from cdk8s_airflow.secrets.target_secret import TargetSecret as TargetSecret
    from cdk8s_airflow.storage.names import BucketName as BucketName
    from cdk8s_airflow.storage.names import BucketPrefix as BucketPrefix
    from cdk8s_airflow.storage.names import StorageAccount as StorageAccount
    from cdk8s_airflow.storage.names import StorageEndpoint as StorageEndpoint
    from cdk8s_airflow.storage.names import StorageRegion as StorageRegion
    from cdk8s_airflow.storage.object_storage import StorageCredentials as StorageCredentials
    from cdk8s_airflow.storage.object_storage import StorageScheme as StorageScheme
    from cdk8s_airflow.storage.store_users import StoreName as StoreName
    from cdk8s_airflow.validation.constraints import AnnotationKey as AnnotationKey
    from cdk8s_airflow.validation.constraints import Bytes as Bytes
    from cdk8s_airflow.validation.constraints import Cidr as Cidr
    from cdk8s_airflow.validation.constraints import Count as Count
    from cdk8s_airflow.validation.constraints import Cpu as Cpu
    from cdk8s_airflow.validation.constraints import CronSchedule as CronSchedule
    from cdk8s_airflow.validation.constraints import Duration as Duration
    from cdk8s_airflow.validation.constraints import ExtensionName as ExtensionName
    from cdk8s_airflow.validation.constraints import HostName as HostName
    from cdk8s_airflow.validation.constraints import Label as Label
    from cdk8s_airflow.validation.constraints import LabelValue as LabelValue
    from cdk8s_airflow.validation.constraints import NonEmpty as NonEmpty
    from cdk8s_airflow.validation.constraints import ObjectName as ObjectName
    from cdk8s_airflow.validation.constraints import PortNumber as PortNumber
    from cdk8s_airflow.validation.constraints import Quantity as Quantity
    from cdk8s_airflow.validation.constraints import Retention as Retention
    from cdk8s_airflow.validation.constraints import SecretKeyName as SecretKeyName
    from cdk8s_airflow.validation.constraints import SecretName as SecretName
    from cdk8s_airflow.validation.constraints import SqlName as SqlName
    from cdk8s_airflow.validation.constraints import UrlPath as UrlPath
    from cdk8s_airflow.validation.constraints import VariableName as VariableName
    from cdk8s_airflow.validation.constraints import VersionText as VersionText
    from cdk8s_airflow.validation.constraints import WebUrl as WebUrl
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "AbsoluteFolder",
    "AccessMode",
    "AlertName",
    "AlertSeverity",
    "AnnotationKey",
    "AnySecretStore",
    "Architecture",
    "Auth",
    "Broker",
    "BucketName",
    "BucketPrefix",
    "BundleName",
    "Bytes",
    "ChartName",
    "ChartUrl",
    "Cidr",
    "ClusterComponentRole",
    "ComponentHandle",
    "ComponentServiceAccount",
    "Compression",
    "Config",
    "ConfigValue",
    "Connections",
    "ContainerName",
    "Count",
    "Cpu",
    "CronSchedule",
    "DagSource",
    "DatabaseAddress",
    "DatabaseServer",
    "DbtName",
    "DbtSetting",
    "Delivery",
    "Duration",
    "Env",
    "EnvFrom",
    "Executor",
    "ExistingDagVolume",
    "Exposure",
    "ExtensionName",
    "FailurePolicy",
    "FolderFiles",
    "GitRef",
    "GitSubPath",
    "GitSync",
    "HostName",
    "ImageDigest",
    "ImageRegistry",
    "ImageRepository",
    "ImageTag",
    "IpFamily",
    "KnownHosts",
    "Label",
    "LabelValue",
    "NamedObject",
    "NamespaceHandle",
    "NetworkPlugin",
    "NodePlacement",
    "NonEmpty",
    "ObjectName",
    "OptionName",
    "Peer",
    "PlatformConstruct",
    "PlatformDatabase",
    "PodPath",
    "PodSecurityLevel",
    "PoolMode",
    "PortHandle",
    "PortNumber",
    "PullPolicy",
    "Quantity",
    "ReleaseHandles",
    "RemoteValue",
    "Retention",
    "SecretKeyName",
    "SecretLabels",
    "SecretName",
    "SecretProvider",
    "SecretReference",
    "SectionName",
    "ServerName",
    "ServiceHandle",
    "SqlName",
    "StorageAccount",
    "StorageCredentials",
    "StorageEndpoint",
    "StorageRegion",
    "StorageScheme",
    "StoreName",
    "TargetSecret",
    "TemplateEscape",
    "TlsMode",
    "UrlPath",
    "VariableName",
    "Variables",
    "VersionText",
    "WebUrl",
    "WorkloadKind",
]
