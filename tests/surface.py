"""Hypothesis strategies for all settings of a release.

What they draw is sound in itself. Whether it is sound together, in one pair of chart and Airflow, the rules say;
:func:`repaired` takes back what they refuse, so that as much as possible stays.
"""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

import cdk8s_airflow
from cdk8s_airflow import (
    AdminAccount,
    AirflowKeys,
    ApiServer,
    ArgoApplication,
    BasicAuthSecret,
    BrokerUrlSecret,
    CaBundle,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    ClusterFacts,
    ClusterIP,
    ConfigMapKey,
    DagBundles,
    DagImage,
    DagProcessor,
    DagVolume,
    DatabaseCleanup,
    DatabaseMigration,
    DisruptionBudget,
    ExistingConfigMap,
    ExistingGateway,
    ExistingSecret,
    ExistingServiceAccount,
    ExternalBroker,
    FabAuth,
    Flower,
    FlowerAuthSecret,
    FluxRelease,
    GitBundle,
    GitTokenSecret,
    HelmCommand,
    Hpa,
    HttpProxy,
    HttpRoute,
    Image,
    Ingress,
    IngressTls,
    K3sHelmChart,
    Keda,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    Ldap,
    LoadBalancer,
    LocalExecutor,
    LogGroomer,
    Logs,
    MultipleExecutors,
    NodePort,
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
    Scheduler,
    SearchUrlSecret,
    SecretKey,
    ServiceAccount,
    ServiceAccounts,
    SimpleAuth,
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
from cdk8s_airflow.dags.folder import DagFile, FolderFiles
from cdk8s_airflow.dags.git_sync import GitSync
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.validation import Finding
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, release
from tests.judging import refusals

for _setting in (
    GitSync,
    DagFile,
    DatabaseConnection,
    *(getattr(cdk8s_airflow, name) for name in cdk8s_airflow.__all__),
):
    # Hypothesis reads a signature twice, and a setting is declared anew by the first time.
    getattr(_setting, "__signature__", None)

LETTERS = string.ascii_lowercase
labels = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
hosts = st.lists(labels, min_size=2, max_size=3).map(".".join)
names = st.lists(labels, min_size=1, max_size=2).map(".".join)
texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20) | st.sampled_from(
    ["{{ ds }}", "100%", "%(a)s", "$HOME", "yes", "0o17", "1e3", "null", "a: b #c", "'\"", "- x", "{{ .Values.x }}", ""]
)
minutes = st.integers(1, 500).map("{}m".format)
durations = st.builds("{}h{}m{}s".format, st.integers(0, 4), st.integers(1, 59), st.integers(0, 59)) | minutes
counts = st.integers(1, 40)
secret_keys = st.builds(SecretKey, names, labels)
map_keys = st.builds(ConfigMapKey, names, labels)
annotation_keys = st.builds("{}/{}".format, hosts, labels)
plain = st.text(string.ascii_letters + string.digits + " ._:/=-%'\"#{}", max_size=15).filter(lambda t: "{{" not in t)
label_maps = st.dictionaries(annotation_keys | labels, labels, max_size=2)
annotation_maps = st.dictionaries(annotation_keys, plain, max_size=2)
variable_names = st.from_regex(r"[A-Z][A-Z0-9_]{0,10}", fullmatch=True).map("MY_{}".format)
envs = st.dictionaries(variable_names, texts | secret_keys | map_keys, max_size=3)
crons = st.builds("{} {} * * *".format, st.integers(0, 59), st.integers(0, 23))
repositories = st.builds("{}/{}".format, hosts, labels)
tags = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,8}", fullmatch=True).filter(lambda tag: tag != "latest")
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
urls = st.builds("https://{}".format, hosts)
cidrs = st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "172.16.5.0/24"])
env_from = st.lists(st.builds(ExistingSecret, names) | st.builds(ExistingConfigMap, names), max_size=2).map(tuple)


def some(cls: Callable[..., Any], /, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A setting with any of its arguments; those that begin with an underscore are always passed."""

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        always = {name[1:]: draw(each) for name, each in optional.items() if name.startswith("_")}
        rest = sorted(name for name in optional if not name.startswith("_"))
        chosen = draw(st.lists(st.sampled_from(rest), unique=True, max_size=5)) if rest else []
        return cls(**always, **{name: draw(optional[name]) for name in chosen})

    return build()


@st.composite
def resources(draw: st.DrawFn) -> Resources:
    memory, more = draw(st.integers(1, 2**16)), draw(st.none() | st.integers(0, 2**10))
    cpu, more_cpu = draw(st.integers(1, 8000)), draw(st.none() | st.integers(0, 1000))
    return Resources(
        cpu=f"{cpu}m",
        memory=f"{memory}Mi",
        memory_limit=None if more is None else f"{memory + more}Mi",
        cpu_limit=None if more_cpu is None else f"{cpu + more_cpu}m",
    )


tolerations = st.builds(Toleration, key=labels, value=labels, effect=st.sampled_from(["NoSchedule", "NoExecute"]))
placements = some(
    Placement,
    node_selector=label_maps,
    tolerations=st.lists(tolerations, max_size=2),
    affinity=st.just({"nodeAffinity": {}}),
)
groomers = some(
    LogGroomer,
    retention=counts.map("{}d".format),
    interval=minutes,
    max_size=st.integers(1, 99).map("{}Gi".format),
    resources=resources(),
)
hpas = some(Hpa, min_replicas=st.integers(1, 3), _max_replicas=st.integers(3, 30), cpu_percent=st.integers(1, 100))
kedas = some(
    Keda,
    min_replicas=st.integers(0, 3),
    _max_replicas=st.integers(3, 30),
    interval=durations,
    cooldown=durations,
    query=st.just("SELECT 1"),
)
budgets = st.none() | st.builds(DisruptionBudget, max_unavailable=counts)
spreads = st.lists(
    some(TopologySpread, across=annotation_keys, max_skew=counts, required=st.booleans()),
    max_size=2,
    unique_by=lambda s: s.across,
)


@st.composite
def volumes(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(labels.map("my-{}".format))
    source = draw(
        st.sampled_from([{"emptyDir": {}}, {"secret": {"secretName": "own"}}, {"configMap": {"name": "own"}}])
    )
    return {"volumes": [{"name": name, **source}], "volume_mounts": [{"name": name, "mountPath": f"/mnt/{name}"}]}


CONTAINER = {
    "name": "sidecar",
    "image": "registry.example.com/sidecar:1",
    "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}, "limits": {"memory": "8Mi"}},
}
BEFORE = {**CONTAINER, "name": "before"}

pods = {"placement": placements, "priority_class": labels, "labels": label_maps, "annotations": annotation_maps}
airflow_pods = {**pods, "env": envs, "resources": resources(), "files": volumes()}
serving = {**airflow_pods, "containers": st.just([CONTAINER]), "init_containers": st.just([BEFORE])}
replicated = {
    **serving,
    "replicas": counts,
    "disruption_budget": budgets,
    "spread": spreads,
    "liveness_tolerance": durations,
    "probe_timeout": st.integers(1, 60).map("{}s".format),
}


def filed(cls: Callable[..., Any]) -> Callable[..., Any]:
    """A class told volumes and their mounts in one argument, because each needs the other."""
    return lambda files=None, **said: cls(**said, **(files or {}))


component = {
    "scheduler": some(
        filed(Scheduler),
        **replicated,
        startup_tolerance=durations,
        grace_period=durations,
        log_groomer=st.none() | groomers,
    ),
    "api_server": some(
        filed(ApiServer), **replicated, startup_tolerance=durations, grace_period=durations, scaling=hpas
    ),
    "triggerer": st.none()
    | some(filed(Triggerer), **replicated, grace_period=durations, log_groomer=st.none() | groomers, scaling=kedas),
    "dag_processor": some(filed(DagProcessor), **replicated, grace_period=durations, log_groomer=st.none() | groomers),
    "statsd": st.none()
    | some(
        Statsd,
        **pods,
        resources=resources(),
        port=st.integers(1024, 9000),
        scrape_port=st.integers(9200, 9999),
        mappings=st.just([{"match": "a.*", "name": "a"}]),
        grace_period=durations,
    ),
    "otel_collector": st.none()
    | some(
        OtelCollector,
        **pods,
        _exporters=st.just({"otlphttp": {"endpoint": "http://tempo:4318"}}),
        traces=st.booleans(),
        export_interval=durations,
        resources=resources(),
        grace_period=durations,
    ),
    "flower": st.none()
    | some(
        filed(Flower),
        **airflow_pods,
        _credentials=st.builds(FlowerAuthSecret, names),
        containers=st.just([CONTAINER]),
        startup_tolerance=durations,
        liveness_tolerance=durations,
        probe_timeout=st.integers(1, 60).map("{}s".format),
    ),
    "cleanup": st.none()
    | some(
        PodCleanup, **pods, schedule=crons, resources=resources(), failed_jobs_kept=counts, successful_jobs_kept=counts
    ),
    "database_cleanup": st.none()
    | some(
        DatabaseCleanup,
        **pods,
        retention=counts.map("{}d".format),
        schedule=crons,
        tables=st.just(["xcom", "log"]),
        archive=st.booleans(),
        resources=resources(),
        failed_jobs_kept=counts,
        successful_jobs_kept=counts,
    ),
    "migration": some(filed(DatabaseMigration), **airflow_pods, init_containers=st.just([BEFORE])),
}

storage = st.none() | st.integers(1, 500).map(lambda size: Volume(f"{size}Gi"))
brokers = st.builds(ExternalBroker, url=st.builds(BrokerUrlSecret, names)) | some(
    RedisBroker,
    **pods,
    _password=st.builds(RedisPasswordSecret, names),
    _url=st.builds(BrokerUrlSecret, names),
    storage=storage,
    resources=resources(),
    grace_period=durations,
)
worker = {
    **replicated,
    "queues": st.lists(labels, min_size=1, max_size=3),
    "grace_period": durations,
    "storage": storage,
    "log_groomer": st.none() | groomers,
}
workers = some(filed(CeleryWorkers), **worker) | some(
    filed(CeleryWorkers), **{key: each for key, each in worker.items() if key != "replicas"}, _scaling=hpas | kedas
)
worker_sets = st.lists(some(filed(WorkerSet), _name=labels, **worker), max_size=2, unique_by=lambda each: each.name)
celery = {
    "_broker": brokers,
    "workers": workers,
    "sets": worker_sets,
    "concurrency": counts,
    "result_backend": st.builds(ResultBackendSecret, names),
}
kubernetes = some(KubernetesExecutor, task_resources=resources())
executors = st.one_of(
    kubernetes,
    st.just(LocalExecutor()),
    some(CeleryExecutor, **celery),
    some(CeleryKubernetesExecutor, **celery, task_resources=resources()),
    st.builds(MultipleExecutors, some(CeleryExecutor, **celery), kubernetes),
    st.builds(MultipleExecutors, st.just(LocalExecutor()), kubernetes),
)

git_syncs = st.builds(
    GitSync,
    repo=st.builds("https://{}/{}.git".format, hosts, labels),
    ref=labels | st.sampled_from(["v1.2", "feature/x", "0123456789abcdef0123456789abcdef01234567"]),
    sub_path=st.just("") | labels,
    interval=durations,
    depth=counts,
    max_failures=st.integers(-1, 100),
    container_name=labels.map("git-{}".format),
    credentials=st.none() | st.builds(GitTokenSecret, names.map("git.{}".format)),
    known_hosts=st.none(),
    ca=st.none() | secret_keys | map_keys,
    resources=resources(),
)
bundles = st.lists(
    some(
        GitBundle,
        _name=st.text(LETTERS, min_size=1, max_size=8),
        _repo=st.builds("https://{}/{}.git".format, hosts, labels),
        _ref=labels,
        sub_path=labels,
        interval=durations,
        credentials=secret_keys,
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda bundle: bundle.name,
).map(lambda found: DagBundles(*found))
shared = st.integers(1, 500).map(lambda size: Volume(f"{size}Gi", storage_class="shared"))
dag_sources = st.one_of(
    st.none(),
    git_syncs,
    bundles,
    some(DagImage, _repository=repositories, _tag=tags, digest=digests, folder=labels.map("/srv/{}".format)),
    some(DagVolume, _storage=shared, sub_path=labels),
    names.map(DagVolume.existing),
    st.dictionaries(labels.map("{}.py".format), texts, min_size=1, max_size=3).map(
        lambda files: FolderFiles(tuple(DagFile(path, text) for path, text in sorted(files.items())))
    ),
)

buckets = st.from_regex(r"[a-z]{3,10}", fullmatch=True)
store = {"prefix": labels, "connection": secret_keys}
search = st.builds(SearchUrlSecret, names)
log_places = st.one_of(
    st.just(Logs.ephemeral()),
    shared.map(Logs.claim),
    names.map(Logs.existing_claim),
    some(Logs.s3, _bucket=buckets, **store, endpoint=urls, region=st.just("eu-central-1"), encrypt=st.booleans()),
    some(Logs.gcs, _bucket=buckets, **store),
    some(Logs.azure_blob, _account=buckets, _container=buckets, **store),
    some(Logs.elasticsearch, _url=search, direct=st.booleans()),
    some(Logs.opensearch, _url=search, port=st.integers(1, 65535)),
    st.builds(Logs.opensearch, search, username=secret_keys, password=secret_keys),
)

tls = st.builds(IngressTls, names.map("tls.{}".format), st.none() | labels)
exposures = st.one_of(
    st.just(ClusterIP()),
    some(NodePort, port=st.integers(30000, 32767), base_url=urls),
    some(
        LoadBalancer, base_url=urls, source_ranges=st.lists(cidrs, unique=True, max_size=2), annotations=annotation_maps
    ),
    some(Ingress, _host=hosts, class_name=labels, tls=tls, path=labels.map("/{}".format), annotations=annotation_maps),
    some(HttpRoute, _host=hosts, _gateway=st.builds(ExistingGateway, labels, labels), https=st.booleans()),
)

roles = st.dictionaries(plain.filter(bool), st.sampled_from(["Admin", "Viewer"]), min_size=1, max_size=2)
sign_ons = (
    st.none()
    | some(
        Oidc,
        _issuer=urls,
        _client_id=plain.filter(bool),
        _client_secret=secret_keys,
        _roles=roles,
        name=labels,
        email_domains=st.lists(hosts, max_size=2),
    )
    | some(
        Ldap,
        _server=hosts.map("ldaps://{}".format),
        _bind_dn=plain.filter(bool),
        _bind_password=secret_keys,
        _search_base=plain.filter(bool),
        _roles=roles,
        search_filter=st.just("(objectClass=person)"),
        ca=secret_keys | map_keys,
    )
)
auths = st.builds(FabAuth, sign_on=sign_ons) | st.builds(
    SimpleAuth, users=st.dictionaries(labels, st.sampled_from(["viewer", "admin"]), min_size=1, max_size=2)
)
admins = st.none() | some(
    AdminAccount,
    _credentials=st.builds(BasicAuthSecret, names),
    _email=st.builds("{}@{}".format, labels, hosts),
    first_name=plain.filter(bool),
    last_name=plain.filter(bool),
    resources=resources(),
)
images = st.none() | some(
    Image, _repository=repositories, _tag=tags, digest=digests, pull_policy=st.sampled_from(["Always", "IfNotPresent"])
)

task_pod_settings = {
    **airflow_pods,
    "gpus": st.integers(0, 4),
    "image": images,
    "service_account": labels,
    "env_from": env_from,
    "grace_period": durations,
}
task_pods = some(
    TaskPods,
    default=some(filed(TaskPod), **task_pod_settings),
    templates=st.dictionaries(labels, some(filed(TaskPod), **task_pod_settings), max_size=2),
    metadata_database=st.booleans(),
    fernet_key=st.booleans(),
)
accounts = some(ServiceAccount, annotations=annotation_maps) | st.builds(ExistingServiceAccount, labels)
service_accounts = some(
    ServiceAccounts,
    **dict.fromkeys(["scheduler", "api_server", "triggerer", "dag_processor", "workers", "migration"], accounts),
)
throughputs = (
    st.none()
    | st.sampled_from([Throughput.small(), Throughput.large()])
    | some(
        Throughput,
        tasks=st.integers(64, 100),
        runs_per_dag=counts,
        heartbeat=counts,
        pool_size=counts,
        max_overflow=counts,
    )
)
configs = st.fixed_dictionaries(
    {},
    optional={
        "core": st.fixed_dictionaries(
            {}, optional={"default_timezone": texts.filter(bool), "dagbag_import_timeout": st.floats(1, 99)}
        ),
        "email": st.fixed_dictionaries({}, optional={"from_email": texts.filter(bool)}),
        "scheduler": st.fixed_dictionaries(
            {}, optional={"catchup_by_default": st.booleans(), "parsing_processes": counts}
        ),
        "smtp": st.fixed_dictionaries({}, optional={"smtp_host": hosts, "smtp_password": secret_keys}),
        "my_plugin": st.fixed_dictionaries({}, optional={"a_key": texts | counts}),
    },
)
timeouts = st.integers(10, 600).map("{}m".format)
deliveries = st.one_of(
    some(
        K3sHelmChart,
        timeout=timeouts,
        failure_policy=st.sampled_from(["retry", "abort"]),
        force_conflicts=st.booleans(),
        take_ownership=st.booleans(),
        values=st.sampled_from(["text", "structured"]),
    ),
    some(FluxRelease, timeout=timeouts, interval=durations, failure_policy=st.sampled_from(["retry", "stop"])),
    some(ArgoApplication, project=labels, retries=st.integers(0, 9), timeout=timeouts),
    some(HelmCommand, timeout=timeouts),
)
connections = st.sampled_from([("connection", "disable"), ("uri", "require"), ("connection", "prefer")]).flatmap(
    lambda source: names.map(
        lambda name: DatabaseConnection(secret=f"db.{name}", secret_key=source[0], tls=source[1])  # type: ignore[arg-type]
    )
)

parts: dict[str, st.SearchStrategy[Any]] = {
    **component,
    "release": labels.map(lambda name: name[:40].rstrip("-")),
    "namespace": labels,
    "executor": executors,
    "dags": dag_sources,
    "image": images,
    "mirror": st.none() | st.builds(RegistryMirror, repositories),
    "pull_secret": st.none() | st.builds(PullSecret, names),
    "keys": labels.map(lambda prefix: AirflowKeys.existing(prefix=prefix)),
    "database": connections,
    "logs": log_places,
    "ui": exposures,
    "admin": admins,
    "auth": auths,
    "env": envs,
    "env_from": env_from,
    "connections": st.dictionaries(labels.map(lambda name: name.replace("-", "_")), secret_keys, max_size=2),
    "variables": st.dictionaries(labels.map(lambda name: name.replace("-", "_")), texts | secret_keys, max_size=2),
    "secrets_backend": st.none()
    | some(KubernetesSecretsBackend, namespace=labels, provider_version=st.just("10.14.0")),
    "proxy": st.none()
    | some(
        HttpProxy,
        _http=st.just("http://proxy.example.com:3128"),
        https=secret_keys,
        no_proxy=st.lists(hosts, max_size=2),
    ),
    "ca": st.none() | st.builds(CaBundle, secret_keys | map_keys),
    "config": configs,
    "throughput": throughputs,
    "task_pods": task_pods,
    "service_accounts": service_accounts,
    "rotation": st.none() | labels,
    "delivery": deliveries,
}
"""Field of :class:`ReleaseSettings` -> everything that it can be."""

FACTS = ClusterFacts(rwx_classes={"shared"}, kubernetes="1.34", helm_controller="0.17.7", flux="2.8", nodes=3)


@st.composite
def any_settings(draw: st.DrawFn) -> ReleaseSettings:
    """A release with any part of everything said; whether it is sound together is open."""
    pair = draw(st.sampled_from(PAIRS))
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True, max_size=16))
    said = {name: draw(parts[name]) for name in chosen}
    if "dag_processor" not in said and pair in WITH_AIRFLOW_3:
        said["dag_processor"] = DagProcessor()
    said["statsd"] = default_statsd(said.get("statsd", Statsd()), said.get("otel_collector"))
    return release(pair, facts=FACTS, **said)


def repaired(settings: ReleaseSettings) -> tuple[ReleaseSettings, tuple[Finding, ...]]:
    """Settings without what the rules refuse, and what they said against the first ones."""
    said: list[Finding] = []
    for _ in range(200):
        found = refusals(settings)
        if not found:
            break
        said += found
        changed = _without(settings, found[0].at)
        settings = changed if changed != settings else _plain(settings, found[0].at)
        # As AirflowChart has it: nobody said anything of a StatsD that is back at its default.
        settings = dataclasses.replace(settings, statsd=default_statsd(settings.statsd, settings.otel_collector))
    return settings, tuple(said)


def _plain(settings: ReleaseSettings, at: str) -> ReleaseSettings:
    """Settings with the whole argument back at what it is by itself, or another one where it is so already."""
    name = at.split(".")[0].split(" ")[0].split("[")[0]
    default = release((settings.dialect.chart, settings.dialect.airflow), facts=FACTS)
    named = [name] if name in parts else ["env", "env_from", "connections", "variables"]
    for each in (*named, "auth", "executor"):
        changed: ReleaseSettings = dataclasses.replace(settings, **{each: getattr(default, each)})
        if changed != settings:
            return changed
    return settings


def _without(setting: Any, at: str) -> Any:
    """A setting without what stands at a dotted path, as far as it can be left out."""
    head, _, rest = at.partition(".")
    head, bracket, _ = head.partition("[")
    if not dataclasses.is_dataclass(setting) or isinstance(setting, type):
        return setting
    field = next((each for each in dataclasses.fields(setting) if each.name == head), None)
    if field is None:
        return setting
    inner = getattr(setting, head)
    if rest and not bracket and dataclasses.is_dataclass(inner):
        changed = _without(inner, rest)
        if changed != inner:
            return dataclasses.replace(setting, **{head: changed})
    if field.default is not dataclasses.MISSING:
        return dataclasses.replace(setting, **{head: field.default})
    if field.default_factory is not dataclasses.MISSING:
        return dataclasses.replace(setting, **{head: field.default_factory()})
    return setting
