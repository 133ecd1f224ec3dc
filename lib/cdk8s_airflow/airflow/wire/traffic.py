"""Network traffic of a release: its pods, and every connection that they open or accept.

Ports are those of pods, not of Services, because network policies apply to pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from cdk8s_airflow.airflow.authentication import FabAuth, Ldap, Oidc
from cdk8s_airflow.airflow.chart_ports import CHART_PORTS
from cdk8s_airflow.airflow.components import OtelCollector
from cdk8s_airflow.airflow.executors import RedisBroker, celery_of
from cdk8s_airflow.airflow.exposure import HttpRoute, Ingress, LoadBalancer, NodePort
from cdk8s_airflow.airflow.handles import TASK_POD_LABEL
from cdk8s_airflow.airflow.logs import AzureBlobLogs, GcsLogs, ObjectStoreLogs, OpensearchLogs, S3Logs, SearchLogs
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.effective_settings import EffectiveSettings
from cdk8s_airflow.airflow.wire.environment_variables import no_proxy
from cdk8s_airflow.airflow.wire.pod_settings import pod_labels
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.dags.git_sync import METRICS_PORT
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.model.traffic import (
    ClusterComponent,
    ExternalPeer,
    Peer,
    PodGroup,
    Traffic,
    TrafficFlow,
    UnlocatedPeer,
    resolves_names,
)
from cdk8s_airflow.model.url_host import of_url, peer_of
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.frozen import frozen

_GOOGLE_TOO = ("oauth2.googleapis.com", "www.googleapis.com", "openidconnect.googleapis.com")
_USUAL_PROXY_PORT = 3128
_USUAL_BROKER_PORT = 6379


@frozen
class Parts:
    """The pods of a release by their role; None or empty for those that it does not have."""

    scheduler: PodGroup
    ui: PodGroup
    triggerer: PodGroup | None
    dag_processor: PodGroup | None
    workers: PodGroup | None
    task_pods: PodGroup | None
    task_pods_elsewhere: tuple[PodGroup, ...]
    redis: PodGroup | None
    pgbouncer: PodGroup | None
    flower: PodGroup | None
    statsd: PodGroup | None
    collector: PodGroup | None
    migration: PodGroup
    create_user: PodGroup | None
    cleanup: PodGroup | None
    database_cleanup: PodGroup | None

    @property
    def tasks(self) -> tuple[PodGroup, ...]:
        """The pods that run tasks, except the scheduler."""
        return _there(self.workers, self.task_pods, *self.task_pods_elsewhere)

    @property
    def all(self) -> tuple[PodGroup, ...]:
        """All of them."""
        return _there(
            self.scheduler,
            self.ui,
            self.triggerer,
            self.dag_processor,
            *self.tasks,
            self.redis,
            self.pgbouncer,
            self.flower,
            self.statsd,
            self.collector,
            self.migration,
            self.create_user,
            self.cleanup,
            self.database_cleanup,
        )


def _there(*given: PodGroup | None) -> tuple[PodGroup, ...]:
    return tuple(each for each in given if each is not None)


def release_traffic(effective: EffectiveSettings) -> Traffic:
    """The pods of a release and all their connections."""
    settings = effective.settings
    parts = release_parts(settings)
    flows = (
        *_names(parts),
        *_database(effective, parts),
        *_broker(effective, parts),
        *_execution_api(effective, parts),
        *_kubernetes(settings, parts),
        *_logs_on_pods(effective, parts),
        *_logs_elsewhere(settings, parts),
        *_lake(settings, parts),
        *_dag_files(settings, parts),
        *_metrics(effective, parts),
        *_mail(effective, parts),
        *_people(effective, parts),
    )
    local = parts.scheduler if settings.runs_tasks_in_scheduler else None
    return Traffic(
        workloads=parts.all,
        flows=tuple(_once(flows)),
        questions=tuple(_questions(effective)),
        tasks=_there(local, *parts.tasks),
    )


def release_parts(settings: ReleaseSettings) -> Parts:
    """The pods of a release."""
    celery = celery_of(settings.executor)
    elsewhere = settings.task_namespaces if settings.has_task_pods else ()
    return Parts(
        scheduler=_pods(settings, "scheduler"),
        ui=_pods(settings, settings.dialect.ui_server),
        triggerer=_pods(settings, "triggerer") if settings.triggerer is not None else None,
        dag_processor=_pods(settings, "dag-processor", "DAG processor") if settings.dag_processor is not None else None,
        workers=_workers(settings) if settings.has_celery_workers else None,
        task_pods=_task_pods(settings, settings.namespace) if settings.has_task_pods else None,
        task_pods_elsewhere=tuple(_task_pods(settings, namespace) for namespace in elsewhere),
        redis=_pods(settings, "redis", "Redis")
        if celery is not None and isinstance(celery.broker, RedisBroker)
        else None,
        pgbouncer=_pods(settings, "pgbouncer", "PgBouncer") if settings.database.pgbouncer is not None else None,
        flower=_pods(settings, "flower", "Flower") if settings.flower is not None else None,
        statsd=_pods(settings, "statsd", "StatsD") if settings.statsd is not None else None,
        collector=_pods(settings, "otel-collector", "collector") if settings.otel_collector is not None else None,
        migration=_pods(settings, "run-airflow-migrations", "migration"),
        create_user=_pods(settings, "create-user-job", "account job") if settings.admin is not None else None,
        cleanup=_pods(settings, "airflow-cleanup-pods", "pod cleanup") if settings.cleanup is not None else None,
        database_cleanup=_pods(settings, "database-cleanup", "database cleanup")
        if settings.database_cleanup is not None
        else None,
    )


def _pods(settings: ReleaseSettings, component: str, called: str = "") -> PodGroup:
    return PodGroup(
        name=f"{called or component} of {settings.release}",
        namespace=settings.namespace,
        labels=pod_labels(settings.release, component),
    )


def _workers(settings: ReleaseSettings) -> PodGroup:
    return PodGroup(
        name=f"workers of {settings.release}",
        namespace=settings.namespace,
        labels=pod_labels(settings.release, "worker"),
        without=(TASK_POD_LABEL,),
    )


def _task_pods(settings: ReleaseSettings, namespace: str) -> PodGroup:
    return PodGroup(
        name=f"task pods of {settings.release}",
        namespace=namespace,
        labels={**pod_labels(settings.release, "worker"), TASK_POD_LABEL: "True"},
    )


def _once(flows: Iterable[TrafficFlow]) -> Iterator[TrafficFlow]:
    seen: list[TrafficFlow] = []
    for flow in flows:
        if flow not in seen:
            seen.append(flow)
            yield flow


def _to(
    sources: Iterable[PodGroup | None], target: Peer | None, port: int, purpose: str, protocol: Any = "TCP"
) -> Iterator[TrafficFlow]:
    if target is not None:
        for source in sources:
            if source is not None:
                yield TrafficFlow(source=source, target=target, port=port, purpose=purpose, protocol=protocol)


def _names(parts: Parts) -> Iterator[TrafficFlow]:
    """All pods except Redis and StatsD, which open no connection."""
    yield from resolves_names(*(each for each in parts.all if each not in (parts.redis, parts.statsd)))


def _database(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """Every Airflow program connects to the database, at least to record its start; tasks of Airflow 3 do not.

    Migrations bypass a pooler. The pooler itself connects to the database.
    """
    settings = effective.settings
    database, release = settings.database, settings.release
    server, port = database.peer or UnlocatedPeer(name=f"metadata database of {release}"), database.port
    needed = not settings.dialect.has("tasks.isolated") or settings.task_pods.metadata_database
    clients = (
        parts.scheduler,
        parts.ui,
        parts.triggerer,
        parts.dag_processor,
        parts.workers,
        parts.task_pods if needed else None,
        parts.flower,
        parts.create_user,
        parts.cleanup,
        parts.database_cleanup,
    )
    asked, asked_at = server, port
    if parts.pgbouncer is not None:
        asked, asked_at = parts.pgbouncer, effective.port("pgbouncer")
        scrape = effective.port("pgbouncerScrape")
        yield TrafficFlow(
            source=ClusterComponent(role="monitoring"), target=parts.pgbouncer, port=scrape, purpose="metrics"
        )
    yield from _to(clients, asked, asked_at, "the metadata database")
    if settings.keda_arguments:
        yield TrafficFlow(
            source=ClusterComponent(role="keda"),
            target=asked,
            port=asked_at,
            purpose="counts waiting tasks in the database",
        )
    if database.direct is not None:
        server = database.direct_peer or UnlocatedPeer(name=f"metadata database of {release} behind its pooler")
        port = database.direct.port
    yield from _to((parts.migration, parts.pgbouncer), server, port, "the metadata database")
    celery = celery_of(settings.executor)
    if celery is None:
        return
    keepers = (parts.scheduler, parts.workers, parts.flower)
    if celery.result_backend is not None:
        yield from _to(keepers, UnlocatedPeer(name=f"results of {release}"), 5432, "results of Celery")
    elif database.results is not None:
        results = database.results_peer or UnlocatedPeer(name=f"results of {release}")
        yield from _to(keepers, results, database.results.port, "results of Celery")


def _broker(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    settings = effective.settings
    celery = celery_of(settings.executor)
    if celery is None:
        return
    clients = (parts.scheduler, parts.workers, parts.flower)
    if parts.redis is not None:
        yield from _to(clients, parts.redis, effective.port("redisDB"), "the broker")
    else:
        yield from _to(clients, UnlocatedPeer(name=f"broker of {settings.release}"), _USUAL_BROKER_PORT, "the broker")


def _execution_api(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """Tasks of Airflow 3 use the API server. The triggerer and the DAG processor run one in their own process."""
    settings = effective.settings
    if not settings.dialect.has("ui_server.serves_tasks"):
        return
    local = parts.scheduler if settings.runs_tasks_in_scheduler else None
    yield from _to((local, *parts.tasks), parts.ui, effective.ui_port, "the execution API")


def _kubernetes(settings: ReleaseSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """The pods that get a token for the Kubernetes API: see :class:`ServiceAccounts`."""
    lookup = settings.secrets_backend is not None
    launches = settings.has_task_pods or settings.runs_tasks_in_scheduler or lookup
    clients = (
        parts.scheduler if launches else None,
        parts.ui,
        parts.triggerer,
        parts.dag_processor if lookup else None,
        parts.workers,
        parts.task_pods,
        parts.cleanup,
    )
    yield from _to(clients, ClusterComponent(role="api-server"), 6443, "the Kubernetes API")


def _logs_on_pods(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """The API server fetches the log of a running task from the worker; for a task pod, from Kubernetes."""
    settings = effective.settings
    worker, triggerer = effective.port("workerLogs"), effective.port("triggererLogs")
    yield from _to([parts.ui], parts.workers, worker, "logs of running tasks")
    if settings.runs_tasks_in_scheduler:
        yield from _to([parts.ui], parts.scheduler, worker, "logs of running tasks")
    yield from _to([parts.ui], parts.triggerer, triggerer, "logs of deferred tasks")


def _logs_elsewhere(settings: ReleaseSettings, parts: Parts) -> Iterator[TrafficFlow]:
    logs, release = settings.logs, settings.release
    clients = (parts.scheduler, parts.ui, parts.triggerer, *parts.tasks)
    if isinstance(logs, SearchLogs):
        port = logs.port if isinstance(logs, OpensearchLogs) else 9200
        readers = clients if logs.direct else (parts.ui,)
        yield from _to(readers, UnlocatedPeer(name=f"{logs.engine} of {release}"), port, "task logs")
    if not isinstance(logs, ObjectStoreLogs):
        return
    for peer, port in _store(settings, logs):
        yield from _to(clients, peer, port, "task logs")
    if logs.connection is None:
        yield from _to(clients, ClusterComponent(role="cloud-identity"), 443, "who the pods are in the cloud")


def _store(settings: ReleaseSettings, logs: ObjectStoreLogs) -> Iterator[tuple[Peer, int]]:
    if logs.store is not None and logs.store.storage.peer is not None:
        yield logs.store.peer, logs.store.port
    elif isinstance(logs, S3Logs):
        aws = f"https://s3.{logs.region}.amazonaws.com" if logs.region else "https://s3.amazonaws.com"
        yield _reached(settings, logs.endpoint or aws)
    elif isinstance(logs, GcsLogs):
        yield _reached(settings, "https://storage.googleapis.com")
        yield _reached(settings, "https://oauth2.googleapis.com")
    elif isinstance(logs, AzureBlobLogs):
        yield _reached(settings, f"https://{logs.account}.blob.core.windows.net")


def _lake(settings: ReleaseSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """The buckets that tasks use. The triggerer connects to them for deferred tasks."""
    if settings.data_lake is None:
        return
    bucket = settings.data_lake.buckets[0]
    clients = (parts.triggerer, parts.scheduler if settings.runs_tasks_in_scheduler else None, *parts.tasks)
    told = bucket.storage.peer is not None or bucket.endpoint is None
    place = (bucket.peer, bucket.port) if told else _reached(settings, str(bucket.endpoint))
    yield from _to(clients, *place, "the data lake")
    if bucket.scheme == "gs":
        yield from _to(clients, *_reached(settings, "https://oauth2.googleapis.com"), "the data lake")
    if bucket.credentials is None:
        yield from _to(clients, ClusterComponent(role="cloud-identity"), 443, "who the pods are in the cloud")


def _dag_files(settings: ReleaseSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """git-sync runs in pods that read DAG files from a folder; bundles are fetched by pods that run DAG files."""
    git = settings.git_sync
    local = parts.scheduler if settings.runs_tasks_in_scheduler else None
    if git is not None:
        parser = parts.scheduler if parts.dag_processor is None else local
        readers = (parts.dag_processor, parser, parts.triggerer, *parts.tasks)
        peer, port = _reached(settings, git.repo)
        yield from _to(readers, peer, port, "DAG files")
        if git.metrics:
            for pods in _there(*readers):
                if pods not in parts.tasks or pods is parts.workers:
                    yield TrafficFlow(
                        source=ClusterComponent(role="monitoring"), target=pods, port=METRICS_PORT, purpose="metrics"
                    )
    if isinstance(settings.dags, DagBundles):
        for bundle in settings.dags.bundles:
            peer, port = _reached(settings, bundle.repo)
            yield from _to((parts.dag_processor, local, *parts.tasks), peer, port, "DAG files")


def _metrics(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    settings = effective.settings
    senders = (parts.scheduler, parts.ui, parts.triggerer, parts.dag_processor, *parts.tasks)
    if settings.statsd is not None:
        ingest = effective.port("statsdIngest")
        yield from _to(senders, parts.statsd, ingest, "metrics", "UDP")
        scrape = effective.port("statsdScrape")
        yield TrafficFlow(
            source=ClusterComponent(role="monitoring"), target=_sure(parts.statsd), port=scrape, purpose="metrics"
        )
    elif str(_option(effective, "metrics", "statsd_on")).lower() in ("t", "true", "1"):
        host, port = (
            _option(effective, "metrics", "statsd_host"),
            _whole(_option(effective, "metrics", "statsd_port"), CHART_PORTS["statsdIngest"]),
        )
        if isinstance(host, str):
            target = peer_of(host, port, settings.facts.cluster_domain)
            yield from _to(senders, target, port, "metrics", "UDP")
    if settings.otel_collector is not None:
        yield from _to(senders, parts.collector, effective.port("otelCollectorOtlpHttp"), "metrics and traces")
        yield from _exported(settings, settings.otel_collector, _sure(parts.collector))


def _mail(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """Tasks send mail, and pods that parse DAG files send it when a task failed."""
    settings = effective.settings
    host = _option(effective, "smtp", "smtp_host")
    hidden = isinstance(settings.config.get("smtp", {}).get("smtp_host"), SecretKey)
    if not isinstance(host, str) and not hidden:
        return
    port = _whole(_option(effective, "smtp", "smtp_port"), 25)
    local = parts.scheduler if settings.runs_tasks_in_scheduler or parts.dag_processor is None else None
    mail: Peer = UnlocatedPeer(name=f"mail server of {settings.release}")
    target = peer_of(host, port, settings.facts.cluster_domain) if isinstance(host, str) else mail
    yield from _to((local, parts.dag_processor, *parts.tasks), target, port, "mail")


def _option(effective: EffectiveSettings, section: str, option: str) -> object:
    """An option of airflow.cfg; None if it is not set, empty, or a template."""
    found = effective.option(section, option)
    return None if isinstance(found, str) and (not found or "{{" in found) else found


def _whole(told: object, usual: int) -> int:
    text = str(told)
    return int(text) if text.isdecimal() and 0 < int(text) < 65536 else usual


def _sure(pods: PodGroup | None) -> PodGroup:
    assert pods is not None
    return pods


def _exported(settings: ReleaseSettings, given: OtelCollector, collector: PodGroup) -> Iterator[TrafficFlow]:
    """The destinations of the collector. An exporter for Prometheus opens no connection; it is scraped."""
    for name, exporter in given.exporters.items():
        kind = name.partition("/")[0]
        endpoint = exporter.get("endpoint")
        found = of_url(endpoint, settings.facts.cluster_domain) if isinstance(endpoint, str) else None
        if kind == "prometheus":
            port = endpoint.rpartition(":")[2] if isinstance(endpoint, str) else ""
            if port.isdigit():
                yield TrafficFlow(
                    source=ClusterComponent(role="monitoring"), target=collector, port=int(port), purpose="metrics"
                )
        elif found is not None:
            yield TrafficFlow(source=collector, target=found[0], port=found[1], purpose="forwards metrics and traces")
        elif kind not in ("debug", "logging", "file", "nop"):
            usual = CHART_PORTS["otelCollectorOtlpGrpc" if kind == "otlp" else "otelCollectorOtlpHttp"]
            target = UnlocatedPeer(name=f"{name} of {settings.release}")
            yield TrafficFlow(source=collector, target=target, port=usual, purpose="forwards metrics and traces")


def _people(effective: EffectiveSettings, parts: Parts) -> Iterator[TrafficFlow]:
    """The users of the UI, and the connection to the identity provider."""
    settings = effective.settings
    port = effective.ui_port
    ui = settings.ui
    if isinstance(ui, Ingress | HttpRoute):
        yield TrafficFlow(
            source=ClusterComponent(role="ingress-controller"), target=parts.ui, port=port, purpose="the UI"
        )
    if isinstance(ui, LoadBalancer | NodePort):
        networks = tuple(ui.source_ranges) if isinstance(ui, LoadBalancer) else ()
        people = ExternalPeer(name=f"people of {settings.release}", networks=networks)
        for source in (people, ClusterComponent(role="nodes")):
            yield TrafficFlow(source=source, target=parts.ui, port=port, purpose="the UI")
    sign_on = settings.auth.sign_on if isinstance(settings.auth, FabAuth) else None
    if isinstance(sign_on, Oidc):
        peer, https = _reached(settings, sign_on.issuer)
        yield from _to([parts.ui], peer, https, "sign-on")
        if "accounts.google.com" in sign_on.issuer:
            for host in _GOOGLE_TOO:
                peer, https = _reached(settings, f"https://{host}")
                yield from _to([parts.ui], peer, https, "sign-on")
    if isinstance(sign_on, Ldap):
        found = of_url(sign_on.server, settings.facts.cluster_domain)
        if found is not None:
            yield from _to([parts.ui], found[0], found[1], "sign-on")


def _reached(settings: ReleaseSettings, url: str) -> tuple[Peer, int]:
    """Host and port of a URL, or of the proxy that is used for it."""
    scheme = url.partition("://")[0] if "://" in url else "ssh"
    found = of_url(url, settings.facts.cluster_domain)
    peer, port = found if found is not None else (UnlocatedPeer(name=url), 443)
    proxy = settings.proxy
    given = None if proxy is None else {"http": proxy.http, "https": proxy.https}.get(scheme)
    if given is None or _without_proxy(settings, peer.name if isinstance(peer, ExternalPeer | UnlocatedPeer) else ""):
        return peer, port
    if isinstance(given, SecretKey):
        return UnlocatedPeer(name=f"proxy of {settings.release}"), _USUAL_PROXY_PORT
    return of_url(given, settings.facts.cluster_domain) or (peer_of(given, 80, settings.facts.cluster_domain), 80)


def _without_proxy(settings: ReleaseSettings, host: str) -> bool:
    """Whether a host bypasses the proxy, by the rules of ``NO_PROXY``."""
    for entry in no_proxy(settings).split(","):
        if host == entry or host.endswith(entry if entry.startswith(".") else f".{entry}"):
            return True
        try:
            if ip_address(host) in ip_network(entry):
                return True
        except (ValueError, TypeError):
            continue
    return False


def _questions(effective: EffectiveSettings) -> Iterator[Finding]:
    """Components whose connections are not known, because no argument enables them."""
    for key in effective.components_without_argument:
        yield Finding(
            rule="network/unseen",
            at=f"values.{key}.enabled",
            problem="creates pods whose connections NetworkIsolation cannot determine",
            seen="True",
            fix="set the argument of AirflowChart for this component instead",
        )
