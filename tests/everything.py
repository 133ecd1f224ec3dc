"""One release with all settings that can be combined, for each pair of chart and Airflow."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from cdk8s_airflow import (
    AdminAccount,
    AirflowKeys,
    ApiServer,
    BasicAuthSecret,
    BrokerUrlSecret,
    CaBundle,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    ConfigMapKey,
    DagProcessor,
    DatabaseCleanup,
    DatabaseMigration,
    DataLake,
    DisruptionBudget,
    ExistingConfigMap,
    ExistingSecret,
    FabAuth,
    Flower,
    FlowerAuthSecret,
    GitTokenSecret,
    Hpa,
    HttpProxy,
    Image,
    Ingress,
    IngressTls,
    K3sHelmChart,
    Keda,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    LogGroomer,
    Logs,
    MultipleExecutors,
    ObjectStorage,
    Oidc,
    OtelCollector,
    Placement,
    PodCleanup,
    PullSecret,
    RedisBroker,
    RedisPasswordSecret,
    RegistryMirror,
    Resources,
    ResultBackendSecret,
    S3Credentials,
    Scheduler,
    SecretKey,
    ServiceAccount,
    ServiceAccounts,
    Statsd,
    TaskPod,
    TaskPods,
    Throughput,
    Toleration,
    TopologySpread,
    Triggerer,
    Volume,
    WorkerSet,
)
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.otel_collector import default_statsd
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.validation import Finding
from tests.airflow.wire.samples import WITH_AIRFLOW_3, Pair, release
from tests.surface import repaired

FACTS = ClusterFacts(
    kubernetes="1.34", helm_controller="0.17.7", rwx_classes={"shared"}, nodes=5, pod_networks=["10.42.0.0/16"]
)

DAGS = {
    "repo": "https://git.example.com/data/dags.git",
    "ref": "main",
    "sub_path": "flows",
    "interval": "90s",
    "depth": 2,
    "max_failures": 3,
    "container_name": "git-sync",
    "credentials": GitTokenSecret("airflow-git"),
    "known_hosts": None,
    "ca": ConfigMapKey("git-ca", "ca.crt"),
    "resources": Resources(cpu="20m", memory="64Mi", memory_limit="128Mi"),
}

_RESOURCES = Resources(cpu="500m", memory="1Gi", memory_limit="2Gi", cpu_limit="2")
_GROOMER = LogGroomer(retention="7d", interval="30m", max_size="5Gi", resources=Resources(cpu="5m", memory="32Mi"))
_SIDECAR = {
    "name": "sidecar",
    "image": "registry.example.com/sidecar:1",
    "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "8Mi"}},
}
_POD: dict[str, Any] = {
    "placement": Placement(
        node_selector={"workload": "airflow"},
        tolerations=[Toleration(key="workload", value="airflow", effect="NoSchedule")],
    ),
    "priority_class": "platform",
    "labels": {"team": "data"},
    "annotations": {"example.com/owner": "data"},
    "resources": _RESOURCES,
}
_AIRFLOW: dict[str, Any] = {
    **_POD,
    "env": {"MY_PART": "said", "MY_TOKEN": SecretKey("tokens", "part")},
    "volumes": [{"name": "my-files", "emptyDir": {}}],
    "volume_mounts": [{"name": "my-files", "mountPath": "/mnt/files"}],
}
_SERVING: dict[str, Any] = {
    **_AIRFLOW,
    "containers": [_SIDECAR],
    "init_containers": [{**_SIDECAR, "name": "before"}],
    "liveness_tolerance": "8m",
    "probe_timeout": "15s",
    "spread": [TopologySpread(across="topology.kubernetes.io/zone", max_skew=2, required=True)],
}
_BUDGET = {"replicas": 3, "disruption_budget": DisruptionBudget(min_available=2)}


def executor(pair: Pair) -> Any:
    """Celery with all settings, and task pods in addition."""
    celery: dict[str, Any] = {
        "broker": RedisBroker(
            **_POD,
            password=RedisPasswordSecret("airflow-redis"),
            url=BrokerUrlSecret("airflow-broker"),
            storage=Volume("2Gi", storage_class="fast"),
            grace_period="2m",
        ),
        "workers": CeleryWorkers(
            **_SERVING,
            queues=["default", "bulk"],
            grace_period="20m",
            storage=Volume("20Gi", storage_class="fast"),
            log_groomer=_GROOMER,
            scaling=Keda(min_replicas=2, max_replicas=12, interval="10s", cooldown="1m"),
        ),
        "concurrency": 8,
        "result_backend": ResultBackendSecret("airflow-results"),
    }
    pods = Resources(cpu="400m", memory="1Gi")
    if pair[0] in ("1.15.0", "1.18.0"):
        # These have one key for workers and task pods, so only few settings could be tested.
        return CeleryExecutor(**celery)
    sets = [WorkerSet(name="gpu", queues=["gpu"], replicas=2, resources=_RESOURCES)]
    return MultipleExecutors(CeleryExecutor(**celery, sets=sets), KubernetesExecutor(task_resources=pods))


def people(pair: Pair) -> dict[str, Any]:
    """Single sign-on, or an account with a password where there is none: together they do not go."""
    if pair in WITH_AIRFLOW_3:
        sign_on = Oidc(
            issuer="https://login.example.com/realms/lab",
            client_id="airflow",
            client_secret=SecretKey("airflow-sign-on", "client-secret"),
            roles={"airflow-admins": "Admin"},
        )
        return {"auth": FabAuth(sign_on=sign_on)}
    account = AdminAccount(
        credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com", first_name="Ann", last_name="Lee"
    )
    return {"admin": account}


@functools.cache
def everything(pair: Pair) -> tuple[ReleaseSettings, tuple[Finding, ...]]:
    """The settings that a pair takes, and what it refused of all."""
    collector = OtelCollector(
        **_POD,
        exporters={"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}},
        metrics=False,
        traces=True,
        export_interval="45s",
        grace_period="40s",
    )
    account = ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow"})
    said = release(
        pair,
        release="airflow",
        namespace="airflow",
        keys=AirflowKeys.existing(prefix="airflow"),
        executor=executor(pair),
        dags=GitSync(**DAGS),
        image=Image("registry.example.com/data/airflow", tag="2026.1.0", pull_policy="Always"),
        mirror=RegistryMirror("registry.example.com/mirror"),
        pull_secret=PullSecret("registry-login"),
        database=DatabaseConnection(secret="airflow-metadata", tls="require"),
        logs=Logs.s3("airflow-logs", prefix="prod", connection=SecretKey("airflow-s3", "connection"), encrypt=True),
        ui=Ingress(
            host="airflow.example.com",
            class_name="nginx",
            tls=IngressTls("airflow-tls", issuer="ca"),
            annotations={"nginx.ingress.kubernetes.io/proxy-body-size": "8m"},
        ),
        **people(pair),
        env={"MY_STAGE": "prod", "MY_KEY": SecretKey("tokens", "all"), "MY_PLACE": ConfigMapKey("places", "here")},
        env_from=(ExistingSecret("more"), ExistingConfigMap("even-more")),
        connections={"warehouse": SecretKey("connections", "warehouse")},
        variables={"stage": "prod", "token": SecretKey("variables", "token")},
        data_lake=DataLake(
            buckets=[ObjectStorage.s3(region="eu-central-1", credentials=S3Credentials("data-lake")).bucket("data-raw")]
        ),
        secrets_backend=KubernetesSecretsBackend(namespace="airflow-connections", provider_version="10.14.0"),
        proxy=HttpProxy(http="http://proxy.example.com:3128", https="http://proxy.example.com:3128", no_proxy=[".lab"]),
        ca=CaBundle(ConfigMapKey("ca-bundle", "ca.crt")),
        scheduler=Scheduler(**_SERVING, **_BUDGET, startup_tolerance="9m", grace_period="30s", log_groomer=_GROOMER),
        api_server=ApiServer(
            **_SERVING, startup_tolerance="9m", grace_period="40s", scaling=Hpa(min_replicas=2, max_replicas=5)
        ),
        triggerer=Triggerer(**_SERVING, **_BUDGET, grace_period="90s", log_groomer=_GROOMER),
        dag_processor=DagProcessor(**_SERVING, **_BUDGET, grace_period="90s", log_groomer=_GROOMER),
        statsd=default_statsd(
            Statsd(**_POD, port=9126, scrape_port=9103, mappings=[{"match": "a.*", "name": "a"}], grace_period="20s"),
            collector,
        ),
        otel_collector=collector,
        flower=Flower(
            **_AIRFLOW,
            credentials=FlowerAuthSecret("airflow-flower"),
            containers=[_SIDECAR],
            startup_tolerance="2m",
            liveness_tolerance="2m",
            probe_timeout="10s",
        ),
        cleanup=PodCleanup(**_POD, schedule="*/20 * * * *", failed_jobs_kept=2, successful_jobs_kept=3),
        database_cleanup=DatabaseCleanup(
            **_POD, retention="60d", schedule="30 2 * * 0", tables=["log", "xcom"], archive=True, failed_jobs_kept=2
        ),
        migration=DatabaseMigration(**_AIRFLOW, init_containers=[{**_SIDECAR, "name": "before"}]),
        config={
            "core": {"default_timezone": "Europe/Berlin", "dagbag_import_timeout": 60.0},
            "sentry": {"sentry_on": True, "sentry_dsn": SecretKey("sentry", "dsn")},
        },
        throughput=Throughput.large(),
        task_pods=TaskPods(
            default=TaskPod(**{**_AIRFLOW, "resources": None}, grace_period="15m"),
            templates={"gpu": TaskPod(gpus=1, resources=_RESOURCES, service_account="gpu-tasks")},
            fernet_key=True,
        ),
        service_accounts=ServiceAccounts(
            **dict.fromkeys(["scheduler", "api_server", "triggerer", "dag_processor", "workers", "migration"], account)
        ),
        rotation="2026-01",
        local_settings='import logging\n\nPATTERN = "{{ ds }}"\n',
        delivery=K3sHelmChart(timeout="40m", failure_policy="retry", force_conflicts=True, take_ownership=True),
        facts=FACTS,
    )
    return repaired(said)


def arguments(pair: Pair) -> dict[str, Any]:
    """The settings of a pair as arguments of AirflowChart, but for namespace and DAG files."""
    settings, _ = everything(pair)
    given = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    for name in (
        "dialect",
        "namespace",
        "dags",
        "has_quota",
        "limits_started_pods",
        "pod_security",
        "other_levels",
        "archived_images",
        "archived_schema",
        "archived_defaults",
    ):
        del given[name]
    return {**given, "chart_version": pair[0], "airflow_version": pair[1]}
