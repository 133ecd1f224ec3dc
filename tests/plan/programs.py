"""One platform in many variants, each with a change that a team would make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cdk8s

from cdk8s_airflow import (
    AirflowChart,
    AirflowKeys,
    ApiServer,
    ArgoApplication,
    BasicAuthSecret,
    BrokerUrlSecret,
    Bucket,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    CnpgBackup,
    CnpgCluster,
    CnpgPooler,
    DagImage,
    DagRepoSync,
    DatabaseCleanup,
    DatabaseMigration,
    DatabaseRole,
    DsnSecret,
    ExistingSecret,
    ExternalBroker,
    ExternalDatabase,
    FernetKeySecret,
    FluxRelease,
    GitTokenSecret,
    HelmCommand,
    Hpa,
    Image,
    Ingress,
    IngressTls,
    K3sHelmChart,
    KubernetesExecutor,
    LabDatabase,
    LoadBalancer,
    LocalExecutor,
    Logs,
    Namespace,
    NetworkIsolation,
    ObjectStorage,
    PostgresDatabase,
    Quota,
    RedisBroker,
    RedisPasswordSecret,
    Resources,
    ResultBackendSecret,
    S3Credentials,
    Scheduler,
    ServiceAccount,
    ServiceAccounts,
    SynchronousReplication,
    Volume,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.network import ClusterDns, ExternalPeer, KubernetesApiAddress, PeerEndpoint, PodGroup
from cdk8s_airflow.plan.manifest import Platform, read_files

FACTS = ClusterFacts(
    kubernetes="1.34",
    helm_controller="0.16.25",
    cnpg="1.30.0",
    flux="2.8",
    nodes=5,
    rwx_classes={"longhorn", "nfs"},
    network_plugin="kube-router",
    pod_networks=["10.42.0.0/16"],
    service_networks=["10.43.0.0/16"],
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"]),
    dns=ClusterDns(),
    ingress_controller=PodGroup(name="Traefik", namespace="kube-system", labels={"app.kubernetes.io/name": "traefik"}),
    monitoring=PodGroup(name="Prometheus", namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"}),
    cnpg_operator=PodGroup(
        name="CloudNativePG", namespace="cnpg-system", labels={"app.kubernetes.io/name": "cloudnative-pg"}
    ),
)
GITLAB = ExternalPeer(name="gitlab.acme.lab", networks=("192.168.1.20/32",))
KEYS = AirflowKeys.existing(prefix="airflow")
UI = Ingress(host="airflow.acme.lab", class_name="nginx", tls=IngressTls("airflow-tls", issuer="homelab-ca"))
S3 = ObjectStorage(scheme="s3", region="eu-west-1", credentials=S3Credentials("backup-keys"))
BACKUP = CnpgBackup(bucket=Bucket(name="backups", storage=S3), retention="30d")
CELERY = CeleryExecutor(
    broker=ExternalBroker(url=BrokerUrlSecret("broker")),
    workers=CeleryWorkers(replicas=3, storage=Volume("10Gi", storage_class="ssd")),
    result_backend=ResultBackendSecret("results"),
)
REDIS = CeleryExecutor(
    broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"), storage=Volume("1Gi"))
)


@dataclass(frozen=True)
class Program:
    """The arguments of the platform.

    Attributes:
        namespace: the namespace of the release.
        data: the namespace of the database.
        cluster: arguments of CnpgCluster over the usual ones; None for no database in this cluster.
        airflow: arguments of AirflowChart over the usual ones; None for no release.
        dags: arguments of DagRepoSync over the usual ones; None for files in the image.
        pooler: arguments of CnpgPooler; None for no pooler.
        quota: the quota of the release's namespace.
        pod_security: the Pod Security level of the release's namespace.
        isolated: whether network policies restrict both namespaces.
        lab: arguments of a LabDatabase; None for none.
    """

    namespace: str = "airflow"
    data: str = "airflow-data"
    cluster: Mapping[str, Any] | None = field(default_factory=dict)
    airflow: Mapping[str, Any] | None = field(default_factory=dict)
    dags: Mapping[str, Any] | None = field(default_factory=dict)
    pooler: Mapping[str, Any] | None = None
    quota: Quota | None = None
    pod_security: str = "restricted"
    isolated: bool = False
    lab: Mapping[str, Any] | None = None

    def platform(self) -> Platform:
        """What the program writes, as a folder would have it; made once."""
        if id(self) not in _MADE:
            _MADE[id(self)] = (self, self._platform())
        return _MADE[id(self)][1]

    def _platform(self) -> Platform:
        app = cdk8s.App()
        base, data, release = (cdk8s.Chart(app, name) for name in ("00-base", "10-data", "20-airflow"))
        namespace = Namespace(base, self.namespace, quota=self.quota, pod_security=self.pod_security)
        store = Namespace(base, self.data)
        database = ExternalDatabase(url=DsnSecret("airflow-metadata"), max_connections=500).connection()
        traffic: list[Any] = []
        if self.cluster is not None:
            cluster = CnpgCluster(data, "db", **{**self._cluster(store), **self.cluster})
            traffic.append(cluster)
            database = cluster.connection(bridge=ExistingSecret("airflow-metadata"))
            if self.pooler is not None:
                pooler = CnpgPooler(data, "pooler", cluster=cluster, facts=FACTS, **self.pooler)
                traffic.append(pooler)
                database = pooler.connection(bridge=ExistingSecret("airflow-metadata"))
        if self.lab is not None:
            given = {"name": "lab", "storage": Volume("5Gi", storage_class="ssd"), **self.lab}
            LabDatabase(data, "lab", namespace=store, credentials=BasicAuthSecret("lab"), facts=FACTS, **given)
        if self.airflow is not None:
            dags = DagRepoSync(release, "dags", **{**GIT, **self.dags}) if self.dags is not None else None
            given = {
                "namespace": namespace,
                "database": database,
                "keys": KEYS,
                "executor": KubernetesExecutor(),
                "logs": Logs.claim(Volume("20Gi", storage_class="longhorn")),
                "dags": dags,
                "ui": UI,
                "facts": FACTS,
                **self.airflow,
            }
            airflow = AirflowChart(
                release,
                "airflow",
                **{key: value for key, value in given.items() if value is not None or key == "triggerer"},
            )
            traffic.append(airflow)
        if self.isolated:
            NetworkIsolation(
                base,
                "isolation",
                traffic=traffic,
                endpoints={"gitlab.acme.lab": PeerEndpoint(peer=GITLAB)},
                facts=FACTS,
            )
        return read_files({"platform.yaml": str(app.synth_yaml()), **registry_of(app).files})

    def _cluster(self, namespace: Namespace) -> dict[str, Any]:
        return {
            "name": "airflow-pg",
            "namespace": namespace,
            "postgres_major": 16,
            "database": "airflow",
            "credentials": BasicAuthSecret("airflow-pg-credentials"),
            "storage": Volume("50Gi", storage_class="longhorn"),
            "parameters": {"max_connections": "300"},
            "facts": FACTS,
        }


_MADE: dict[int, tuple[Program, Platform]] = {}

GIT = {
    "repo": "https://gitlab.acme.lab/data/airflow-dags.git", "ref": "main", "sub_path": "dags", "interval": "60s",
    "credentials": GitTokenSecret("airflow-git"),
}  # fmt: skip
BASE = Program()


def cluster(**changes: Any) -> Program:
    """The platform with other arguments of CnpgCluster."""
    return Program(cluster=changes)


def airflow(**changes: Any) -> Program:
    """The platform with other arguments of AirflowChart."""
    return Program(airflow=changes)


def dags(**changes: Any) -> Program:
    """The platform with other arguments of DagRepoSync."""
    return Program(dags=changes)


def celery(**changes: Any) -> Program:
    """The platform with other Celery workers."""
    workers = {"replicas": 3, "storage": Volume("10Gi", storage_class="ssd"), **changes}
    executor = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("broker")),
        workers=CeleryWorkers(**workers),
        result_backend=ResultBackendSecret("results"),
    )
    return airflow(executor=executor, logs=Logs.s3("airflow-logs"))


HA = {
    "instances": 3,
    "synchronous": SynchronousReplication(number=1),
    "wal_storage": Volume("10Gi", storage_class="longhorn"),
}
WITH_BACKUP = cluster(backup=BACKUP)
NEXT = ServiceAccounts(scheduler=ServiceAccount(name="airflow-launcher"))
ROLE = ServiceAccounts(
    workers=ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/lake"})
)
POOLER = {"pool_size": 60, "max_clients": 600}

PAIRS: dict[str, tuple[Program, Program]] = {
    "nothing": (BASE, BASE),
    "airflow-downgrade": (BASE, airflow(airflow_version="3.1.8")),
    "airflow-upgrade": (airflow(chart_version="1.20.0", airflow_version="3.1.8"), airflow(chart_version="1.20.0", airflow_version="3.2.2")),
    "airflow-three-from-two": (airflow(chart_version="1.20.0", airflow_version="2.11.0"), BASE),
    "airflow-three-from-two-nine": (airflow(chart_version="1.15.0", airflow_version="2.9.3"), BASE),
    "airflow-patch": (airflow(airflow_version="3.2.1"), BASE),
    "chart-upgrade": (airflow(chart_version="1.20.0", airflow_version="3.2.2"), BASE),
    "chart-downgrade": (BASE, airflow(chart_version="1.20.0", airflow_version="3.2.2")),
    "postgres-downgrade": (BASE, cluster(postgres_major=15)),
    "postgres-upgrade": (BASE, cluster(postgres_major=17)),
    "database-shrunk": (BASE, cluster(storage=Volume("20Gi", storage_class="longhorn"))),
    "database-grown": (BASE, cluster(storage=Volume("80Gi", storage_class="longhorn"))),
    "database-class": (BASE, cluster(storage=Volume("50Gi", storage_class="ssd"))),
    "database-renamed": (BASE, cluster(name="metadata-pg")),
    "database-removed": (BASE, Program(cluster=None)),
    "database-credentials": (BASE, cluster(credentials=BasicAuthSecret("other-credentials"))),
    "database-name": (BASE, cluster(database="metadata")),
    "database-instances-added": (BASE, cluster(instances=3)),
    "database-instances-removed": (cluster(**HA), cluster(**{**HA, "instances": 2})),
    "database-asynchronous": (cluster(**HA), cluster(**{**HA, "synchronous": None})),
    "database-wal-volume-removed": (cluster(**HA), cluster(**{**HA, "wal_storage": None})),
    "database-parameter": (BASE, cluster(parameters={"max_connections": "300", "work_mem": "8MB"})),
    "database-fewer-sessions": (BASE, cluster(parameters={"max_connections": "150"})),
    "database-more-sessions": (BASE, cluster(parameters={"max_connections": "400"})),
    "database-resources": (BASE, cluster(resources=Resources(cpu="500m", memory="2Gi"))),
    "database-image": (BASE, cluster(image="registry.acme.lab/postgresql:16.9")),
    "backup-removed": (WITH_BACKUP, BASE),
    "backup-retention": (WITH_BACKUP, cluster(backup=CnpgBackup(bucket=Bucket(name="backups", storage=S3), retention="7d"))),
    "backup-bucket": (WITH_BACKUP, cluster(backup=CnpgBackup(bucket=Bucket(name="archive", storage=S3), retention="30d"))),
    "backup-suspended": (WITH_BACKUP, cluster(backup=CnpgBackup(bucket=Bucket(name="backups", storage=S3), suspended=True))),
    "pooler-removed": (Program(pooler=POOLER), BASE),
    "pooler-smaller": (Program(pooler=POOLER), Program(pooler={"pool_size": 60, "max_clients": 300})),
    "lab-database-renamed": (Program(lab={}), Program(lab={"name": "scratch"})),
    "lab-database-grown": (Program(lab={}), Program(lab={"storage": Volume("9Gi", storage_class="ssd")})),
    "lab-database-resources": (Program(lab={}), Program(lab={"resources": Resources(cpu="1", memory="1Gi")})),
    "release-renamed": (BASE, airflow(release="platform")),
    "release-removed": (BASE, Program(airflow=None)),
    "namespace-renamed": (BASE, Program(namespace="platform")),
    "logs-shrunk": (BASE, airflow(logs=Logs.claim(Volume("10Gi", storage_class="longhorn")))),
    "logs-class": (BASE, airflow(logs=Logs.claim(Volume("20Gi", storage_class="nfs")))),
    "logs-to-bucket": (BASE, airflow(logs=Logs.s3("airflow-logs", prefix="prod"))),
    "logs-not-kept": (airflow(logs=Logs.s3("airflow-logs")), airflow(logs=Logs.ephemeral())),
    "fernet-key": (BASE, airflow(keys=AirflowKeys.existing(prefix="airflow", fernet=FernetKeySecret("other-fernet-key")))),
    "all-keys": (BASE, airflow(keys=AirflowKeys.existing(prefix="platform"))),
    "other-database": (Program(cluster=None), Program(cluster=None, airflow={"database": ExternalDatabase(url=DsnSecret("rds")).connection()})),
    "executor": (BASE, airflow(executor=LocalExecutor())),
    "broker": (celery(), airflow(logs=Logs.s3("airflow-logs"), executor=CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("other")), workers=CELERY.workers, result_backend=ResultBackendSecret("results")))),
    "result-backend": (celery(), airflow(logs=Logs.s3("airflow-logs"), executor=CeleryExecutor(broker=CELERY.broker, workers=CELERY.workers, result_backend=ResultBackendSecret("other")))),
    "broker-to-redis": (celery(storage=None), airflow(executor=REDIS, logs=Logs.s3("airflow-logs"))),
    "fewer-workers": (celery(), celery(replicas=1)),
    "worker-volume": (celery(), celery(storage=Volume("40Gi", storage_class="ssd"))),
    "worker-volume-removed": (celery(), celery(storage=None)),
    "dags-branch": (BASE, dags(ref="v2")),
    "dags-repository": (BASE, dags(repo="https://gitlab.acme.lab/data/other.git")),
    "dags-in-image": (BASE, Program(dags=None, airflow={"airflow_version": "3.2.2", "dags": DagImage("registry.acme.lab/airflow", tag="1")})),
    "dags-interval": (BASE, dags(interval="120s")),
    "image": (airflow(airflow_version="3.2.2", image=Image("registry.acme.lab/airflow", tag="1")), airflow(airflow_version="3.2.2", image=Image("registry.acme.lab/airflow", tag="2"))),
    "schedulers": (BASE, airflow(scheduler=Scheduler(replicas=2))),
    "scheduler-memory": (BASE, airflow(scheduler=Scheduler(resources=Resources(cpu="250m", memory="1Gi", memory_limit="3Gi")))),
    "task-memory": (BASE, airflow(executor=KubernetesExecutor(task_resources=Resources(cpu="500m", memory="1Gi")))),
    "autoscaling": (BASE, airflow(api_server=ApiServer(scaling=Hpa(min_replicas=2, max_replicas=4)))),
    "triggerer-removed": (BASE, airflow(triggerer=None)),
    "config": (BASE, airflow(config={"core": {"parallelism": 8}})),
    "variable": (BASE, airflow(env={"TEAM": "data"})),
    "host": (BASE, airflow(ui=Ingress(host="flow.acme.lab", class_name="nginx", tls=IngressTls("airflow-tls", issuer="homelab-ca")))),
    "no-tls": (BASE, airflow(ui=Ingress(host="airflow.acme.lab", class_name="nginx"))),
    "load-balancer": (BASE, airflow(ui=LoadBalancer(base_url="https://airflow.acme.lab"))),
    "failure-policy": (BASE, airflow(delivery=K3sHelmChart(failure_policy="reinstall"))),
    "timeout": (BASE, airflow(delivery=K3sHelmChart(timeout="15m"))),
    "to-flux": (BASE, airflow(delivery=FluxRelease())),
    "to-argo": (BASE, airflow(delivery=ArgoApplication())),
    "to-helm": (BASE, airflow(delivery=HelmCommand())),
    "quota": (Program(quota=Quota(memory="64Gi", pods=120)), Program(quota=Quota(memory="32Gi", pods=60))),
    "pod-security": (BASE, Program(pod_security="baseline")),
    "isolation-removed": (Program(isolated=True), BASE),
    "isolation-added": (BASE, Program(isolated=True)),
    "accounts": (BASE, airflow(service_accounts=NEXT)),
    "cloud-role": (BASE, airflow(service_accounts=ROLE)),
    "database-cleanup": (BASE, airflow(database_cleanup=DatabaseCleanup(retention="30d"))),
    "migration-memory": (BASE, airflow(migration=DatabaseMigration(resources=Resources(cpu="500m", memory="2Gi")))),
    "database-added": (BASE, cluster(databases=[PostgresDatabase(name="warehouse", owner=DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login")))])),
}  # fmt: skip
"""Name -> the program before and after."""
