"""Network traffic of a release, written by hand for every executor and compared with the computed flows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryKubernetesExecutor,
    CeleryWorkers,
    DagProcessor,
    DatabaseCleanup,
    ExistingGateway,
    ExternalBroker,
    ExternalDatabase,
    FabAuth,
    Flower,
    FlowerAuthSecret,
    GitBundle,
    HttpProxy,
    HttpRoute,
    Ingress,
    Keda,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    Ldap,
    LoadBalancer,
    LocalExecutor,
    Logs,
    MultipleExecutors,
    Oidc,
    OtelCollector,
    PgBouncer,
    PgBouncerSecret,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    ResultBackendSecret,
    SearchUrlSecret,
    SecretKey,
    Statsd,
    TaskPods,
    Triggerer,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.dags.bundles import DagBundles
from cdk8s_airflow.database.connection import DatabaseAddress, DatabaseConnection
from cdk8s_airflow.model.traffic import ClusterComponent, Peer, Traffic
from cdk8s_airflow.network import ExternalPeer, PodGroup
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, git, release

REDIS = RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"))
CELERY = CeleryExecutor(broker=REDIS)
NEW, OLD = PAIRS[-1], PAIRS[0]
DB = "metadata database of lab"

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def said(pair: Pair, values: dict[str, Any] | None = None, **settings: Any) -> Traffic:
    return compile_release(release(pair, unchecked_values=values or {}, **settings)).traffic


def table(traffic: Traffic) -> dict[str, set[str]]:
    """What is reached, with its port -> who reaches it; names without the release's."""
    found: dict[str, set[str]] = defaultdict(set)
    for flow in traffic.flows:
        udp = "/UDP" if flow.protocol == "UDP" else ""
        found[f"{_short(flow.target)} {flow.port}{udp}"].add(_short(flow.source))
    return dict(found)


def _short(end: Peer) -> str:
    name = f"<{end.role}>" if isinstance(end, ClusterComponent) else end.name
    return name.removesuffix(" of lab") if isinstance(end, PodGroup) else name


def words(text: str) -> set[str]:
    return {word.replace("_", " ") for word in text.split()}


EXPECTED: dict[str, dict[str, dict[str, str]]] = {
    "2": {
        "kubernetes": {
            "<dns> 53": "scheduler webserver triggerer task_pods migration",
            "<dns> 53/UDP": "scheduler webserver triggerer task_pods migration",
            f"{DB} 5432": "scheduler webserver triggerer task_pods migration",
            "<api-server> 6443": "scheduler webserver triggerer task_pods",
            "triggerer 8794": "webserver",
            "git.example.com 443": "scheduler triggerer task_pods",
            "StatsD 9125/UDP": "scheduler webserver triggerer task_pods",
            "StatsD 9102": "<monitoring>",
        },
        "local": {
            "<dns> 53": "scheduler webserver triggerer migration",
            "<dns> 53/UDP": "scheduler webserver triggerer migration",
            f"{DB} 5432": "scheduler webserver triggerer migration",
            "<api-server> 6443": "scheduler webserver triggerer",
            "scheduler 8793": "webserver",
            "triggerer 8794": "webserver",
            "git.example.com 443": "scheduler triggerer",
            "StatsD 9125/UDP": "scheduler webserver triggerer",
            "StatsD 9102": "<monitoring>",
        },
        "celery": {
            "<dns> 53": "scheduler webserver triggerer workers migration",
            "<dns> 53/UDP": "scheduler webserver triggerer workers migration",
            f"{DB} 5432": "scheduler webserver triggerer workers migration",
            "Redis 6379": "scheduler workers",
            "<api-server> 6443": "webserver triggerer workers",
            "workers 8793": "webserver",
            "triggerer 8794": "webserver",
            "git.example.com 443": "scheduler triggerer workers",
            "StatsD 9125/UDP": "scheduler webserver triggerer workers",
            "StatsD 9102": "<monitoring>",
        },
        "both": {
            "<dns> 53": "scheduler webserver triggerer workers task_pods migration",
            "<dns> 53/UDP": "scheduler webserver triggerer workers task_pods migration",
            f"{DB} 5432": "scheduler webserver triggerer workers task_pods migration",
            "Redis 6379": "scheduler workers",
            "<api-server> 6443": "scheduler webserver triggerer workers task_pods",
            "workers 8793": "webserver",
            "triggerer 8794": "webserver",
            "git.example.com 443": "scheduler triggerer workers task_pods",
            "StatsD 9125/UDP": "scheduler webserver triggerer workers task_pods",
            "StatsD 9102": "<monitoring>",
        },
    },
    "3": {
        "kubernetes": {
            "<dns> 53": "scheduler api-server triggerer DAG_processor task_pods migration",
            "<dns> 53/UDP": "scheduler api-server triggerer DAG_processor task_pods migration",
            f"{DB} 5432": "scheduler api-server triggerer DAG_processor migration",
            "api-server 8080": "task_pods",
            "<api-server> 6443": "scheduler api-server triggerer task_pods",
            "triggerer 8794": "api-server",
            "git.example.com 443": "DAG_processor triggerer task_pods",
            "StatsD 9125/UDP": "scheduler api-server triggerer DAG_processor task_pods",
            "StatsD 9102": "<monitoring>",
        },
        "local": {
            "<dns> 53": "scheduler api-server triggerer DAG_processor migration",
            "<dns> 53/UDP": "scheduler api-server triggerer DAG_processor migration",
            f"{DB} 5432": "scheduler api-server triggerer DAG_processor migration",
            "api-server 8080": "scheduler",
            "<api-server> 6443": "scheduler api-server triggerer",
            "scheduler 8793": "api-server",
            "triggerer 8794": "api-server",
            "git.example.com 443": "scheduler DAG_processor triggerer",
            "StatsD 9125/UDP": "scheduler api-server triggerer DAG_processor",
            "StatsD 9102": "<monitoring>",
        },
        "celery": {
            "<dns> 53": "scheduler api-server triggerer DAG_processor workers migration",
            "<dns> 53/UDP": "scheduler api-server triggerer DAG_processor workers migration",
            f"{DB} 5432": "scheduler api-server triggerer DAG_processor workers migration",
            "Redis 6379": "scheduler workers",
            "api-server 8080": "workers",
            "<api-server> 6443": "api-server triggerer workers",
            "workers 8793": "api-server",
            "triggerer 8794": "api-server",
            "git.example.com 443": "DAG_processor triggerer workers",
            "StatsD 9125/UDP": "scheduler api-server triggerer DAG_processor workers",
            "StatsD 9102": "<monitoring>",
        },
        "both": {
            "<dns> 53": "scheduler api-server triggerer DAG_processor workers task_pods migration",
            "<dns> 53/UDP": "scheduler api-server triggerer DAG_processor workers task_pods migration",
            f"{DB} 5432": "scheduler api-server triggerer DAG_processor workers migration",
            "Redis 6379": "scheduler workers",
            "api-server 8080": "workers task_pods",
            "<api-server> 6443": "scheduler api-server triggerer workers task_pods",
            "workers 8793": "api-server",
            "triggerer 8794": "api-server",
            "git.example.com 443": "DAG_processor triggerer workers task_pods",
            "StatsD 9125/UDP": "scheduler api-server triggerer DAG_processor workers task_pods",
            "StatsD 9102": "<monitoring>",
        },
    },
}


@every_pair
@pytest.mark.parametrize("name", ["kubernetes", "local", "celery", "both"])
def test_every_connection_of_a_release_with_each_executor(pair: Pair, name: str) -> None:
    major = "3" if pair in WITH_AIRFLOW_3 else "2"
    both = MultipleExecutors(CELERY, KubernetesExecutor()) if major == "3" else CeleryKubernetesExecutor(broker=REDIS)
    executor = {"kubernetes": KubernetesExecutor(), "local": LocalExecutor(), "celery": CELERY, "both": both}[name]
    traffic = said(pair, executor=executor, dags=git())
    assert table(traffic) == {target: words(sources) for target, sources in EXPECTED[major][name].items()}
    assert not traffic.questions
    ends = {end for flow in traffic.flows for end in (_short(flow.source), _short(flow.target)) if "<" not in end}
    outside = {DB, "git.example.com"}
    assert ends - outside == {_short(pods) for pods in traffic.workloads}


def test_pods_of_the_chart_are_chosen_by_its_labels_and_workers_by_a_label_they_lack() -> None:
    both = MultipleExecutors(CELERY, KubernetesExecutor())
    pods = {each.name: each for each in said(NEW, executor=both, task_namespaces=("team",)).workloads}
    labels = {"tier": "airflow", "component": "worker", "release": "lab"}
    assert pods["workers of lab"] == PodGroup(
        name="workers of lab", namespace="airflow-lab", labels=labels, without=("kubernetes_executor",)
    )
    assert [each for each in said(NEW, task_namespaces=("team",)).workloads if "task" in each.name] == [
        PodGroup(name="task pods of lab", namespace=name, labels={**labels, "kubernetes_executor": "True"})
        for name in ("airflow-lab", "team")
    ]
    assert pods["DAG processor of lab"].labels == {**labels, "component": "dag-processor"}


@pytest.mark.parametrize(
    ("executor", "tasks"),
    [
        (KubernetesExecutor(), ["task pods of lab"]),
        (LocalExecutor(), ["scheduler of lab"]),
        (MultipleExecutors(LocalExecutor(), CELERY), ["scheduler of lab", "workers of lab"]),
    ],
    ids=["kubernetes", "local", "both"],
)
def test_the_pods_that_run_tasks_are_listed(executor: Any, tasks: list[str]) -> None:
    assert [pods.name for pods in said(NEW, executor=executor).tasks] == tasks


def test_jobs_and_side_components_have_their_own_flows() -> None:
    found = table(
        said(
            NEW,
            executor=CELERY,
            flower=Flower(credentials=FlowerAuthSecret("f")),
            cleanup=PodCleanup(),
            database_cleanup=DatabaseCleanup(),
            admin=AdminAccount(credentials=BasicAuthSecret("a"), email="a@example.com"),
        )
    )
    assert words("Flower pod_cleanup database_cleanup account_job") < found[f"{DB} 5432"]
    assert "Flower" in found["Redis 6379"]
    assert "pod cleanup" in found["<api-server> 6443"]
    assert found["<api-server> 6443"].isdisjoint(words("Flower database_cleanup account_job migration"))
    assert found["StatsD 9125/UDP"].isdisjoint(words("Flower pod_cleanup database_cleanup account_job migration"))


def test_there_are_no_flows_of_missing_components() -> None:
    traffic = said(NEW, triggerer=None, statsd=None)
    assert not [end for end in table(traffic) if "StatsD" in end or "triggerer" in end]
    assert "triggerer of lab" not in [pods.name for pods in traffic.workloads]


def test_with_airflow_2_a_dag_processor_reads_dag_files_in_place_of_the_scheduler() -> None:
    found = table(said(OLD, dag_processor=DagProcessor(), dags=git()))
    assert found["git.example.com 443"] == words("DAG_processor triggerer task_pods")


def test_bundles_are_fetched_where_dag_files_are_run_and_not_by_the_triggerer() -> None:
    dags = DagBundles(
        GitBundle(name="a", repo="https://git.example.com/a.git", ref="main"),
        GitBundle(name="b", repo="git@hub.example.com:b.git", ref="main", credentials=SecretKey("b", "c")),
    )
    found = table(said(NEW, dags=dags))
    assert found["git.example.com 443"] == found["hub.example.com 22"] == words("DAG_processor task_pods")
    assert table(said(NEW, dags=dags, executor=LocalExecutor()))["hub.example.com 22"] == words(
        "DAG_processor scheduler"
    )


@pytest.mark.parametrize(
    ("repo", "target"),
    [
        ("https://git.example.com/dags.git", "git.example.com 443"),
        ("https://git.example.com:8443/dags.git", "git.example.com 8443"),
        ("git@git.example.com:dags.git", "git.example.com 22"),
        ("ssh://git@git.example.com:2222/dags.git", "git.example.com 2222"),
        ("http://gitea.tools.svc:3000/dags.git", "gitea.tools.svc 3000"),
    ],
)
def test_a_repository_is_reached_at_the_port_of_its_url(repo: str, target: str) -> None:
    assert target in table(said(NEW, dags=git(repo=repo)))


def test_task_pods_of_airflow_3_reach_the_database_only_when_they_have_its_url() -> None:
    assert "task pods" not in table(said(NEW))[f"{DB} 5432"]
    assert "task pods" in table(said(NEW, task_pods=TaskPods(metadata_database=True)))[f"{DB} 5432"]


def test_the_database_is_where_its_handle_says_and_migrations_go_past_a_pooler() -> None:
    pooler, server = (PodGroup(name=name, namespace="data", labels={"a": name}) for name in ("pooler", "server"))
    address = DatabaseAddress(host="server", port=5433, database="a", user="a")
    found = table(said(NEW, database=DatabaseConnection(secret="m", peer=pooler, direct=address, direct_peer=server)))
    assert found["server 5433"] == {"migration"}
    assert found["pooler 5432"] == words("scheduler api-server triggerer DAG_processor")


def test_results_of_celery_go_through_a_pooler_of_their_own() -> None:
    pooler, other = (PodGroup(name=name, namespace="data", labels={"a": name}) for name in ("pooler", "other"))
    address = DatabaseAddress(host="other", port=5432, database="a", user="a")
    database = DatabaseConnection(secret="m", peer=pooler, results=address, results_peer=other)
    found = table(said(NEW, database=database, executor=CELERY))
    assert found["other 5432"] == words("scheduler workers")
    assert "other 5432" not in table(said(NEW, database=database))


def test_pgbouncer_of_the_chart_stands_between_all_but_migrations_and_the_database() -> None:
    database = ExternalDatabase(
        host="db.example.com", password=SecretKey("p", "p"), pooling=PgBouncer(credentials=PgBouncerSecret("p"))
    ).connection()
    found = table(said(NEW, database=database, triggerer=Triggerer(scaling=Keda(max_replicas=3))))
    assert found["PgBouncer 6543"] == words("scheduler api-server triggerer DAG_processor <keda>")
    assert found["db.example.com 5432"] == words("PgBouncer migration")
    assert found["PgBouncer 9127"] == {"<monitoring>"}
    assert "PgBouncer" in found["<dns> 53"]


def test_keda_counts_in_the_database() -> None:
    workers = CeleryExecutor(broker=REDIS, workers=CeleryWorkers(scaling=Keda(max_replicas=3)))
    for settings in ({"executor": workers}, {"triggerer": Triggerer(scaling=Keda(max_replicas=3))}):
        assert "<keda>" in table(said(NEW, **settings))[f"{DB} 5432"]
    assert "<keda>" not in table(said(NEW, executor=CELERY))[f"{DB} 5432"]


def test_what_only_a_secret_knows_the_address_of_has_no_place() -> None:
    executor = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("b")), result_backend=ResultBackendSecret("results")
    )
    found = table(said(NEW, executor=executor, logs=Logs.elasticsearch(SearchUrlSecret("e"))))
    assert found["broker of lab 6379"] == words("scheduler workers")
    assert found["results of lab 5432"] == words("scheduler workers")
    assert found["elasticsearch of lab 9200"] == {"api-server"}


def test_a_search_engine_gets_logs_from_those_who_run_tasks_only_when_airflow_sends_them_itself() -> None:
    found = table(said(NEW, logs=Logs.elasticsearch(SearchUrlSecret("e"), direct=True)))
    assert found["elasticsearch of lab 9200"] == words("scheduler api-server triggerer task_pods")
    assert "opensearch of lab 9201" in table(said(NEW, logs=Logs.opensearch(SearchUrlSecret("o"), port=9201)))


@pytest.mark.parametrize(
    ("logs", "targets"),
    [
        (Logs.s3("b"), {"s3.amazonaws.com 443"}),
        (Logs.s3("b", region="eu-west-1"), {"s3.eu-west-1.amazonaws.com 443"}),
        (Logs.s3("b", endpoint="http://store.storage:8333"), {"store.storage 8333"}),
        (Logs.s3("b", endpoint="https://10.1.2.3"), {"10.1.2.3 443"}),
        (Logs.gcs("b"), {"storage.googleapis.com 443", "oauth2.googleapis.com 443"}),
        (Logs.azure_blob("lab", "logs"), {"lab.blob.core.windows.net 443"}),
    ],
    ids=["aws", "region", "cluster", "address", "google", "azure"],
)
def test_logs_in_a_store(logs: Logs, targets: set[str]) -> None:
    found = table(said(NEW, logs=logs))
    for target in (*targets, "<cloud-identity> 443"):
        assert found[target] == words("scheduler api-server triggerer task_pods")


def test_a_store_with_a_login_needs_no_identity_in_the_cloud() -> None:
    assert "<cloud-identity> 443" not in table(said(NEW, logs=Logs.s3("b", connection=SecretKey("s", "c"))))


def test_metrics_by_a_collector_go_on_to_where_its_exporters_say() -> None:
    collector = OtelCollector(
        exporters={
            "otlphttp/tempo": {"endpoint": "http://tempo.monitoring:4318"},
            "otlp": {"endpoint": "traces.example.com:4317"},
            "prometheus": {"endpoint": "0.0.0.0:8889"},
            "datadog": {"api": {}},
            "debug": {},
        }
    )
    found = table(said(NEW, otel_collector=collector, statsd=None))
    assert found["collector 4318"] == words("scheduler api-server triggerer DAG_processor task_pods")
    assert found["tempo.monitoring 4318"] == found["traces.example.com 4317"] == {"collector"}
    assert found["collector 8889"] == {"<monitoring>"}
    assert found["datadog of lab 4318"] == {"collector"}
    assert not [target for target in found if target.startswith("debug")]


@pytest.mark.parametrize(
    ("ui", "sources"),
    [
        (Ingress(host="a.example.com"), {"<ingress-controller>"}),
        (HttpRoute(host="a.example.com", gateway=ExistingGateway("g")), {"<ingress-controller>"}),
        (LoadBalancer(source_ranges=["10.0.0.0/8"]), {"people of lab", "<nodes>"}),
    ],
    ids=["ingress", "gateway", "load-balancer"],
)
def test_people_reach_the_ui_through(ui: Any, sources: set[str]) -> None:
    assert table(said(OLD, ui=ui))["webserver 8080"] == sources
    assert table(said(OLD)).get("webserver 8080") is None


def test_networks_of_people_are_those_that_the_load_balancer_lets_in() -> None:
    flows = said(OLD, ui=LoadBalancer(source_ranges=["10.0.0.0/8"])).flows
    assert ExternalPeer(name="people of lab", networks=("10.0.0.0/8",)) in [flow.source for flow in flows]


def test_sign_on_is_asked_of_the_provider_by_the_server_of_the_ui_alone() -> None:
    oidc = Oidc(
        issuer="https://login.example.com/realms/lab",
        client_id="airflow",
        client_secret=SecretKey("s", "k"),
        roles={"a": "Admin"},
    )
    assert table(said(NEW, auth=FabAuth(sign_on=oidc)))["login.example.com 443"] == {"api-server"}
    google = Oidc.google(
        client_id="a", client_secret=SecretKey("s", "k"), email_domains=["example.com"], default_role="User"
    )
    found = table(said(NEW, auth=FabAuth(sign_on=google)))
    assert {target for target in found if "google" in target} == {
        f"{host} 443"
        for host in (
            "accounts.google.com",
            "oauth2.googleapis.com",
            "www.googleapis.com",
            "openidconnect.googleapis.com",
        )
    }
    ldap = Ldap(
        server="ldaps://ldap.example.com",
        bind_dn="cn=a",
        bind_password=SecretKey("s", "k"),
        search_base="dc=a",
        roles={"a": "Admin"},
    )
    assert table(said(NEW, auth=FabAuth(sign_on=ldap)))["ldap.example.com 636"] == {"api-server"}


def test_through_a_proxy_go_web_addresses_that_are_no_exceptions() -> None:
    proxy = HttpProxy(https="http://proxy.example.com:3128", no_proxy=[".lab.example.com"])
    found = table(said(NEW, proxy=proxy, dags=git(), logs=Logs.s3("b", endpoint="http://store.example.com:9000")))
    assert found["proxy.example.com 3128"] == words("DAG_processor triggerer task_pods")
    assert "store.example.com 9000" in found
    assert "git.lab.example.com 443" in table(
        said(NEW, proxy=proxy, dags=git(repo="https://git.lab.example.com/dags.git"))
    )
    assert "git.example.com 22" in table(said(NEW, proxy=proxy, dags=git(repo="git@git.example.com:dags.git")))
    hidden = HttpProxy(https=SecretKey("p", "url"))
    assert "proxy of lab 3128" in table(said(NEW, proxy=hidden, dags=git()))


def test_with_a_secrets_backend_the_dag_processor_and_a_celery_scheduler_ask_kubernetes_too() -> None:
    found = table(said(NEW, executor=CELERY, secrets_backend=KubernetesSecretsBackend(namespace="c")))
    assert found["<api-server> 6443"] == words("scheduler api-server triggerer DAG_processor workers")


def test_ports_are_those_of_the_values() -> None:
    ports = {"apiServer": 8081, "workerLogs": 1793, "triggererLogs": 1794, "redisDB": 6380, "statsdIngest": 1125}
    found = table(said(NEW, {"ports": ports}, executor=CELERY, ui=Ingress(host="a.example.com")))
    assert found["api-server 8081"] == {"workers", "<ingress-controller>"}
    assert {"workers 1793", "triggerer 1794", "Redis 6380", "StatsD 1125/UDP"} < set(found)
    old = table(said(OLD, {"ports": {"airflowUI": 8082}}, ui=Ingress(host="a.example.com")))
    assert "webserver 8082" in old
    own = table(said(NEW, statsd=Statsd(port=9126, scrape_port=9103)))
    assert {"StatsD 9126/UDP", "StatsD 9103"} < set(own)


def test_mail_is_sent_by_tasks_and_by_whoever_reads_dag_files() -> None:
    mail = {"config": {"smtp": {"smtp_host": "mail.example.com", "smtp_port": 587}}}
    assert table(said(NEW, mail))["mail.example.com 587"] == words("DAG_processor task_pods")
    assert table(said(OLD, mail))["mail.example.com 587"] == words("scheduler task_pods")
    assert table(said(NEW, mail, executor=LocalExecutor()))["mail.example.com 587"] == words("DAG_processor scheduler")
    assert "mail.example.com 25" in table(said(NEW, {"config": {"smtp": {"smtp_host": "mail.example.com"}}}))
    assert "relay.mail 25" in table(
        said(NEW, {"config": {"smtp": {"smtp_host": "relay.mail", "smtp_port": "{{ x }}"}}})
    )
    templated = {"config": {"smtp": {"smtp_host": "{{ .Values.mail }}"}}}
    assert not [target for target in table(said(NEW, templated)) if target.endswith(" 25")]
    hidden = said(NEW, config={"smtp": {"smtp_host": SecretKey("mail", "host")}})
    assert table(hidden)["mail server of lab 25"] == words("DAG_processor task_pods")


def test_metrics_go_to_an_external_statsd_if_the_release_has_none() -> None:
    told = {"config": {"metrics": {"statsd_on": True, "statsd_host": "statsd.example.com", "statsd_port": "8125"}}}
    senders = words("scheduler api-server triggerer DAG_processor task_pods")
    assert table(said(NEW, told, statsd=None))["statsd.example.com 8125/UDP"] == senders
    assert "statsd.example.com 8125/UDP" not in table(said(NEW, told))
    off = {"config": {"metrics": {"statsd_on": "False", "statsd_host": "statsd.example.com"}}}
    assert not [target for target in table(said(NEW, off, statsd=None)) if target.startswith("statsd")]


def test_pods_that_only_the_values_know_of_are_asked_about() -> None:
    (question,) = said(NEW, {"flower": {"enabled": True}, "statsd": {"enabled": True}}).questions
    assert question.at == "values.flower.enabled"
