"""Invalid input: each is refused before anything is written, with the argument, the value and a fix."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cdk8s
import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow import (
    AirflowKeys,
    ApiSecretKeySecret,
    ApiServer,
    BasicAuthSecret,
    ClusterFacts,
    ClusterIP,
    CnpgPooler,
    ConfigMapKey,
    ContainerLimits,
    DagProcessor,
    DatabaseConnection,
    DatabaseMigration,
    DatabaseRole,
    DsnSecret,
    ExistingSecret,
    ExistingServiceAccount,
    ExternalDatabase,
    FernetKeySecret,
    GitSshSecret,
    GitTokenSecret,
    ImageCatalog,
    Ingress,
    IngressTls,
    JwtSecret,
    K3sHelmChart,
    KubernetesExecutor,
    LabDatabase,
    Logs,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    PlatformError,
    PostgresAntiAffinity,
    PostgresCertificates,
    PostgresDatabase,
    PostgresExtensionImage,
    PostgresSize,
    PostgresUpdates,
    Quota,
    Resources,
    Scheduler,
    SecretKey,
    Statsd,
    SynchronousReplication,
    TlsSecret,
    Triggerer,
    Volume,
)
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart

Spoil = Callable[[cdk8s.Chart], object]

KEY = "gitlab.acme.lab ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000"
SSH = {"repo": "git@gitlab.acme.lab:data/dags.git", "credentials": GitSshSecret("git-ssh"), "known_hosts": KEY}
HOST = "airflow.acme.lab"


class Text(str):
    """A text that is not quite one."""


class Choice(str, enum.Enum):
    """A text by inheritance."""

    AIRFLOW = "airflow"


class Number(enum.IntEnum):
    """A number by inheritance."""

    TWO = 2


class Scalar:
    """A number as a numerical library has it: it counts like one and is none."""

    def __index__(self) -> int:
        return 2

    def __int__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return "Scalar(2)"


class Unprintable:
    """A value that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class Called:
    """An object with a name that Kubernetes would not take."""

    def __init__(self, name: object) -> None:
        self.name = name


def cyclic() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    tree["again"] = tree
    return tree


def deep(levels: int = 3000) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for _ in range(levels):
        tree = {"scheduler": tree}
    return tree


def airflow(**changes: Any) -> Spoil:
    return lambda chart: make_airflow(chart, **changes)


def cluster(**changes: Any) -> Spoil:
    return lambda chart: make_cluster(chart, **changes)


def dags(**changes: Any) -> Spoil:
    return lambda chart: make_dags(chart, **changes)


def namespace(id: str = "airflow", **changes: Any) -> Spoil:
    return lambda chart: Namespace(chart, id, **changes)


def values(chart_version: str = "1.22.0", /, airflow_version: str | None = None, **values: Any) -> Spoil:
    return airflow(chart_version=chart_version, airflow_version=airflow_version, values=values)


def nested(path: str, value: object, chart_version: str = "1.22.0") -> Spoil:
    tree: Any = value
    for part in reversed(path.split(".")):
        tree = {part: tree}
    return airflow(chart_version=chart_version, values=tree)


def resources(**changes: Any) -> Resources:
    return Resources(**{"cpu": "100m", "memory": "512Mi", **changes})


def case(words: str, spoil: Spoil, at: str, seen: str, fix: str) -> Any:
    """One way to get it wrong.

    Args:
        words: what is wrong.
        spoil: does it.
        at: the argument that the text must name.
        seen: the value as the text must show it; empty where nothing is to be shown.
        fix: a part of the way out.
    """
    return pytest.param(spoil, at, seen, fix, id=words.replace(" ", "-"))


TYPES = [
    case("a namespace by its bare name", airflow(namespace="airflow"), "namespace", "'airflow'", "Namespace(chart"),
    case("no namespace at all", airflow(namespace=None), "namespace", "None", "Namespace(chart"),
    case(
        "a Secret for a namespace",
        airflow(namespace=BasicAuthSecret("x")),
        "namespace",
        "BasicAuthSecret",
        "Namespace(chart",
    ),
    case(
        "an executor for a namespace",
        airflow(namespace=KubernetesExecutor()),
        "namespace",
        "KubernetesExecutor",
        "Namespace(chart",
    ),
    case(
        "an object with a number for a name as namespace",
        airflow(namespace=Called(3)),
        "namespace",
        "Called",
        "Namespace(chart",
    ),
    case(
        "an object with an upper-case name as namespace",
        airflow(namespace=Called("Airflow")),
        "namespace",
        "Called",
        "Namespace(chart",
    ),
    case(
        "a path for a namespace",
        airflow(namespace=Path("/airflow Lab")),
        "namespace",
        "/airflow Lab",
        "Namespace(chart",
    ),
    case(
        "an existing namespace with an upper-case name",
        airflow(namespace=Namespace.existing("Airflow")),
        "namespace.name",
        "'Airflow'",
        "lower-case",
    ),
    case(
        "an existing namespace without a name",
        airflow(namespace=Namespace.existing("")),
        "namespace.name",
        "''",
        "lower-case",
    ),
    case(
        "a number for an existing namespace",
        airflow(namespace=Namespace.existing(3)),
        "namespace.name",
        "3",
        'Use "3"',
    ),  # type: ignore[arg-type]
    case(
        "a value that cannot be shown",
        airflow(namespace=Unprintable()),
        "namespace",
        "a Unprintable",
        "Namespace(chart",
    ),
    case(
        "the database itself for its connection",
        lambda chart: make_airflow(chart, database=make_cluster(chart)),
        "database",
        "CnpgCluster",
        "connection(",
    ),
    case(
        "an external database for its connection",
        airflow(database=ExternalDatabase(url=DsnSecret("x"))),
        "database",
        "ExternalDatabase",
        "connection(",
    ),
    case(
        "a database URL for the database",
        airflow(database="postgresql://airflow:hunter2@db/airflow"),
        "database",
        "",
        "connection(",
    ),
    case("no database", airflow(database=None), "database", "None", "connection("),
    case("a prefix for the keys", airflow(keys="airflow"), "keys", "", "AirflowKeys.existing"),
    case(
        "a number for the prefix of the keys",
        airflow(keys=AirflowKeys.existing(prefix=3)),
        "keys.fernet.name",
        "an int",
        "Pass the name of a Secret, never its",
    ),  # type: ignore[arg-type]
    case(
        "the JWT Secret in the place of the fernet key",
        airflow(keys=AirflowKeys(fernet=JwtSecret("x"))),
        "keys.fernet",
        "JwtSecret",
        "FernetKeySecret(",
    ),  # type: ignore[arg-type]
    case(
        "the name of an executor",
        airflow(executor="KubernetesExecutor"),
        "executor",
        "'KubernetesExecutor'",
        "KubernetesExecutor()",
    ),
    case(
        "the class of an executor",
        airflow(executor=KubernetesExecutor),
        "executor",
        "KubernetesExecutor",
        "KubernetesExecutor()",
    ),
    case("no logs", airflow(logs=None), "logs", "None", "Logs.claim"),
    case("a volume for logs", airflow(logs=Volume("10Gi")), "logs", "Volume", "Logs.claim"),
    case("a size for the volume of logs", airflow(logs=Logs.claim("20Gi")), "logs.volume", "'20Gi'", "Volume("),  # type: ignore[arg-type]
    case("logs without a choice", airflow(logs=Logs()), "logs", "Logs()", "Logs.ephemeral()"),
    case(
        "a number for the claim of logs",
        airflow(logs=Logs.existing_claim(7)),
        "logs.name",
        "7",
        'Use "7"',
    ),  # type: ignore[arg-type]
    case("a number for the chart version", airflow(chart_version=1.22), "chart_version", "1.22", 'Use "1.22"'),
    case("no chart version", airflow(chart_version=None), "chart_version", "None", "Pass a string"),
    case(
        "a tuple for the Airflow version",
        airflow(airflow_version=(3, 2, 2)),
        "airflow_version",
        "(3, 2, 2)",
        "Pass a string",
    ),
    case(
        "a repository for the DAG source",
        airflow(dags="https://gitlab.acme.lab/dags.git"),
        "dags",
        "'https://gitlab",
        "DagRepoSync(",
    ),
    case("a host for the UI", airflow(ui="airflow.acme.lab"), "ui", "'airflow.acme.lab'", "Ingress("),
    case("the class of the UI", airflow(ui=ClusterIP), "ui", "ClusterIP", "ClusterIP()"),
    case("no UI", airflow(ui=None), "ui", "None", "ClusterIP()"),
    case(
        "a dictionary for the scheduler",
        airflow(scheduler={"replicas": 2}),
        "scheduler",
        "{'replicas': 2}",
        "Scheduler(",
    ),
    case("the API server for the scheduler", airflow(scheduler=ApiServer()), "scheduler", "ApiServer", "Scheduler("),
    case("False for the triggerer", airflow(triggerer=False), "triggerer", "False", "triggerer=None"),
    case("True for the DAG processor", airflow(dag_processor=True), "dag_processor", "True", "DagProcessor("),
    case("False for StatsD", airflow(statsd=False), "statsd", "False", "statsd=None"),
    case("no migration", airflow(migration=None), "migration", "None", "DatabaseMigration()"),
    case("a timeout for the delivery", airflow(delivery="30m"), "delivery", "'30m'", "K3sHelmChart("),
    case("a version for the facts", airflow(facts="1.34"), "facts", "'1.34'", "ClusterFacts("),
    case("a number for the rotation", airflow(rotation=20260101), "rotation", "20260101", 'Use "20260101"'),
    case("a list for values", airflow(values=[("scheduler", {})]), "values", "[('scheduler'", "Pass a mapping"),
    case("YAML text for values", airflow(values="scheduler: {}"), "values", "'scheduler: {}'", "Pass a mapping"),
    case("a number for a key of values", airflow(values={1: "x"}), "values (key)", "1", 'Use "1"'),
    case(
        "a number for a key of unchecked values",
        airflow(unchecked_values={2: "x"}),
        "unchecked_values (key)",
        "2",
        'Use "2"',
    ),
    case(
        "True for replicas", airflow(scheduler=Scheduler(replicas=True)), "scheduler.replicas", "True", "Use 1 or more"
    ),
    case("a float for replicas", airflow(scheduler=Scheduler(replicas=2.0)), "scheduler.replicas", "2.0", "Use 2"),  # type: ignore[arg-type]
    case(
        "a text for replicas",
        airflow(api_server=ApiServer(replicas="2")),
        "api_server.replicas",
        "'2'",
        "Use 2",
    ),  # type: ignore[arg-type]
    case(
        "not a number for replicas",
        airflow(triggerer=Triggerer(replicas=math.nan)),
        "triggerer.replicas",
        "nan",
        "Use 1 or more",
    ),  # type: ignore[arg-type]
    case(
        "a fraction for replicas",
        airflow(dag_processor=DagProcessor(replicas=Fraction(2, 1))),
        "dag_processor.replicas",
        "Fraction(2, 1)",
        "Use 1 or more",
    ),  # type: ignore[arg-type]
    case(
        "a scalar of a numerical library for replicas",
        airflow(scheduler=Scheduler(replicas=Scalar())),
        "scheduler.replicas",
        "Scalar(2)",
        "Use 1 or more",
    ),  # type: ignore[arg-type]
    case(
        "a member of an enum of numbers for replicas",
        airflow(scheduler=Scheduler(replicas=Number.TWO)),
        "scheduler.replicas",
        "Number.TWO",
        "Convert it: int(...)",
    ),
    case("no replicas", airflow(scheduler=Scheduler(replicas=None)), "scheduler.replicas", "None", "Use 1 or more"),  # type: ignore[arg-type]
    case("no resources", airflow(scheduler=Scheduler(resources=None)), "scheduler.resources", "None", "Resources("),  # type: ignore[arg-type]
    case(
        "Kubernetes' form of resources",
        airflow(statsd=Statsd(resources={"requests": {"cpu": "1"}})),
        "statsd.resources",
        "{'requests'",
        "Resources(",
    ),  # type: ignore[arg-type]
    case(
        "a number for CPU",
        airflow(migration=DatabaseMigration(resources=resources(cpu=1))),
        "migration.resources.cpu",
        "1",
        'Use "1"',
    ),
    case(
        "a number for memory of tasks",
        airflow(executor=KubernetesExecutor(task_resources=resources(memory=512))),
        "executor.task_resources.memory",
        "512",
        'Use a unit, such as "10Gi" or "512Mi"',
    ),
    case(
        "a number for a start-up tolerance",
        airflow(scheduler=Scheduler(startup_tolerance=300)),
        "scheduler.startup_tolerance",
        "300",
        'Use "300s"',
    ),  # type: ignore[arg-type]
    case(
        "a member of an enum of texts for the release",
        airflow(release=Choice.AIRFLOW),
        "release",
        "Choice.AIRFLOW",
        "Convert it: Choice.AIRFLOW.value",
    ),
    case(
        "a subclass of text for the release",
        airflow(release=Text("airflow")),
        "release",
        "'airflow'",
        "Convert it: str(...)",
    ),
    case("bytes for the release", airflow(release=b"airflow"), "release", "b'airflow'", "Use at most 40"),
    case("no release name", airflow(release=None), "release", "None", "Use at most 40"),
    case("a text for the storage", cluster(storage="10Gi"), "storage", "'10Gi'", "Volume("),
    case("no storage", cluster(storage=None), "storage", "None", "Volume("),
    case(
        "a number for a size",
        cluster(storage=Volume(10)),
        "storage.size",
        "10",
        'Use a unit, such as "10Gi" or "512Mi"',
    ),  # type: ignore[arg-type]
    case("a number for the cluster's name", cluster(name=5), "name", "5", "starting with a letter"),
    case(
        "a name for the cluster's namespace",
        cluster(namespace="airflow-data"),
        "namespace",
        "'airflow-data'",
        "Namespace(chart",
    ),
    case("a password for the credentials", cluster(credentials="hunter2"), "credentials", "", "BasicAuthSecret("),
    case(
        "a URL Secret for the credentials",
        cluster(credentials=DsnSecret("x")),
        "credentials",
        "DsnSecret",
        "BasicAuthSecret(",
    ),
    case("a text for the PostgreSQL version", cluster(postgres_major="16"), "postgres_major", "'16'", "Use 16"),
    case(
        "a number for a parameter",
        cluster(parameters={"max_connections": 200}),
        "parameters.max_connections",
        "200",
        'Use "200"',
    ),
    case(
        "pairs for the parameters",
        cluster(parameters=[("max_connections", "200")]),
        "parameters",
        "[('max",
        "Pass a mapping",
    ),
    case("a number for an image", cluster(image=16), "image", "16", 'Use "16"'),
    case(
        "a name for the bridge",
        lambda chart: make_cluster(chart).connection(bridge="airflow-metadata"),
        "connection.bridge",
        "",
        "ExistingSecret(",
    ),  # type: ignore[arg-type]
    case(
        "the credentials for the bridge",
        lambda chart: make_cluster(chart).connection(bridge=BasicAuthSecret("x")),
        "connection.bridge",
        "BasicAuthSecret",
        "ExistingSecret(",
    ),  # type: ignore[arg-type]
    case(
        "True for the TLS of a connection",
        lambda chart: make_cluster(chart).connection(tls=True),
        "connection.tls",
        "True",
        "'require'",
    ),  # type: ignore[arg-type]
    case(
        "the credentials for an external database's URL",
        lambda _: ExternalDatabase(url=BasicAuthSecret("x")).connection(),
        "ExternalDatabase.url",
        "BasicAuthSecret",
        "DsnSecret(",
    ),  # type: ignore[arg-type]
    case(
        "a word of OpenSSL for an external database's TLS",
        lambda _: ExternalDatabase(url=DsnSecret("x"), tls="VERIFY_PEER").connection(),  # type: ignore[arg-type]
        "ExternalDatabase.tls",
        "'VERIFY_PEER'",
        "'require'",
    ),
    case(
        "certificates checked against nothing",
        lambda _: ExternalDatabase(url=DsnSecret("x"), tls="verify-full").connection(),
        "ExternalDatabase.ca",
        "",
        "ConfigMapKey(",
    ),
    case(
        "an external database by URL and by host",
        lambda _: ExternalDatabase(
            url=DsnSecret("x"), host="db.example.com", password=SecretKey("x", "password")
        ).connection(),
        "ExternalDatabase.host",
        "'db.example.com'",
        "url=",
    ),
    case(
        "a URL for the host of an external database",
        lambda _: ExternalDatabase(host="postgresql://me:hunter2@db", password=SecretKey("x", "password")).connection(),
        "ExternalDatabase.host",
        "",
        "without scheme",
    ),
    case(
        "a password for the key of an external database's password",
        lambda _: ExternalDatabase(host="db.example.com", password="hunter2").connection(),  # type: ignore[arg-type]
        "ExternalDatabase.password",
        "",
        "SecretKey(",
    ),
    case(
        "a parameter of a pooler that its operator refuses",
        lambda chart: CnpgPooler(chart, "pooler", cluster=make_cluster(chart), parameters={"auth_file": "/x"}),
        "parameters.auth_file",
        "",
        "Remove it; https://cloudnative-pg.io/documentation/",
    ),
    case(
        "a pooler by the name of its Cluster",
        lambda chart: CnpgPooler(chart, "pooler", cluster=make_cluster(chart), name="airflow-pg"),
        "name",
        "'airflow-pg'",
        "use another name",
    ),
    case(
        "a pool larger than the database",
        lambda chart: CnpgPooler(chart, "pooler", cluster=make_cluster(chart), pool_size=98),
        "database",
        "99",
        "lower pool_size=",
    ),
    case(
        "a second line in a setting of PgBouncer",
        lambda _: ExternalDatabase(
            host="db.example.com",
            password=SecretKey("x", "password"),
            pooling=PgBouncer(credentials=PgBouncerSecret("y"), parameters={"verbose": "1\nauth_type = any"}),
        ).connection(),
        "ExternalDatabase.pooling.parameters.verbose",
        "",
        "server_idle_timeout",
    ),
    case(
        "the chart's PgBouncer by values",
        airflow(values={"pgbouncer": {"enabled": True}}),
        "values.pgbouncer.enabled",
        "True",
        "PgBouncer(",
    ),
    case(
        "many nodes for the volume of a lab's database",
        lambda chart: LabDatabase(
            chart,
            "db",
            namespace=Namespace.existing("lab"),
            credentials=BasicAuthSecret("x"),
            storage=Volume("1Gi", access_mode="ReadWriteMany"),
        ),
        "storage.access_mode",
        "ReadWriteMany",
        "Remove it. [database/access-mode]",
    ),
    case(
        "a connection by hand without a Secret",
        airflow(database=DatabaseConnection(secret="")),
        "database.secret",
        "",
        "name of a Secret",
    ),
    case("a number for the repository", dags(repo=7), "repo", "7", 'Use "7"'),
    case("no repository", dags(repo=None), "repo", "None", "Pass a value"),
    case("no ref", dags(ref=None), "ref", "None", "Pass a value"),
    case("no sub-path", dags(sub_path=None), "sub_path", "None", "Use a path"),
    case("a path object for the sub-path", dags(sub_path=Path("dags")), "sub_path", "Path", "Use a path"),
    case("a number for the period", dags(interval=60), "interval", "60", 'Use "60s"'),
    case("a text for the depth", dags(depth="1"), "depth", "'1'", "Use 1"),
    case("a token for git", dags(credentials="ghp_hunter2"), "credentials", "", "GitTokenSecret("),
    case(
        "the name of a Secret for git",
        dags(credentials=ExistingSecret("airflow-git")),
        "credentials",
        "ExistingSecret",
        "GitTokenSecret(",
    ),
    case("a path for the certificate", dags(ca="/etc/ssl/ca.crt"), "ca", "", "SecretKey("),
    case("a list for the host keys", dags(**{**SSH, "known_hosts": [KEY]}), "known_hosts", "a list", "Pass a value"),
    case(
        "a single name for the shared storage classes",
        airflow(facts=ClusterFacts(rwx_classes="longhorn")),
        "facts.rwx_classes",
        "'longhorn'",
        "a set or list",
    ),
    case(
        "no shared storage classes",
        airflow(facts=ClusterFacts(rwx_classes=None)),
        "facts.rwx_classes",
        "None",
        "a set or list",
    ),  # type: ignore[arg-type]
    case(
        "mixed types among storage classes",
        airflow(facts=ClusterFacts(rwx_classes={"longhorn", 3, None})),
        "facts.rwx_classes[",
        "3",
        'Use "3"',
    ),  # type: ignore[arg-type]
    case(
        "a number for the version of Kubernetes",
        airflow(facts=ClusterFacts(kubernetes=1.34)),
        "facts.kubernetes",
        "1.34",
        'Use "1.34"',
    ),  # type: ignore[arg-type]
    case("a text for the number of nodes", airflow(facts=ClusterFacts(nodes="1")), "facts.nodes", "'1'", "Use 1"),  # type: ignore[arg-type]
    case(
        "a single name for the definitions",
        airflow(facts=ClusterFacts(crds="helmcharts.helm.cattle.io")),
        "facts.crds",
        "'helmcharts",
        "a set or list",
    ),
    case("a name for TLS", airflow(ui=Ingress(host=HOST, tls="airflow-tls")), "ui.tls", "'airflow-tls'", "IngressTls("),  # type: ignore[arg-type]
    case(
        "a TLS Secret for the name of one",
        airflow(ui=Ingress(host=HOST, tls=IngressTls(TlsSecret("x")))),
        "ui.tls.secret",
        "TlsSecret",
        "Pass the name of a Secret, never its",
    ),  # type: ignore[arg-type]
    case(
        "a list for annotations",
        airflow(ui=Ingress(host=HOST, annotations=["a"])),
        "ui.annotations",
        "['a']",
        "Pass a mapping",
    ),  # type: ignore[arg-type]
    case(
        "a number for an annotation",
        airflow(ui=Ingress(host=HOST, annotations={"a": 1})),
        "ui.annotations.a",
        "1",
        'Use "1"',
    ),  # type: ignore[dict-item]
    case(
        "a number for a namespace's name",
        namespace(name=3),
        "name",
        "3",
        'Use "3"',
    ),
    case(
        "a number for a label",
        namespace(labels={"team": 3}),
        "labels.team",
        "3",
        'Use "3"',
    ),
    case("a list for labels", namespace(labels=["team=data"]), "labels", "['team=data']", "Pass a mapping"),
    case("no scope", lambda _: Namespace(None, "airflow"), "scope", "None", "Pass the Chart that"),  # type: ignore[arg-type]
    case("a text for the scope", lambda _: make_dags("chart"), "scope", "'chart'", "Pass the Chart that"),  # type: ignore[arg-type]
    case("a number for the id", lambda chart: make_dags(chart, 3), "id", "3", 'Use "3"'),  # type: ignore[arg-type]
    case(
        "a ConfigMap for the URL Secret",
        lambda chart: make_airflow(
            chart, database=ExternalDatabase(url=DsnSecret(plus.ConfigMap(new_chart(), "x"))).connection()
        ),
        "ExternalDatabase.url.name",
        "ConfigMap",
        "Pass the name of a Secret, never its",
    ),
    case(
        "a Secret for the claim of logs",
        lambda chart: make_airflow(chart, logs=Logs.existing_claim(plus.Secret(new_chart(), "x"))),
        "logs.name",
        "Secret",
        "Use lower-case letters, digits, dashes and dots, with",
    ),
    case(
        "a Service for a namespace",
        lambda chart: make_airflow(chart, namespace=plus.Service(new_chart(), "x", ports=[plus.ServicePort(port=1)])),
        "namespace",
        "Service",
        "Namespace(chart",
    ),
]

RANGES = [
    case("no scheduler", airflow(scheduler=Scheduler(replicas=0)), "scheduler.replicas", "0", "use 1 or more"),
    case(
        "fewer schedulers than none",
        airflow(scheduler=Scheduler(replicas=-1)),
        "scheduler.replicas",
        "-1",
        "use 1 or more",
    ),
    case(
        "more schedulers than can be counted",
        airflow(scheduler=Scheduler(replicas=10**30)),
        "scheduler.replicas",
        "1000000",
        "use 1 or more",
    ),
    case(
        "no triggerer, as a number",
        airflow(triggerer=Triggerer(replicas=0)),
        "triggerer.replicas",
        "0",
        "use 1 or more",
    ),
    case(
        "more synchronous instances than there are others",
        cluster(instances=2, synchronous=SynchronousReplication(number=2)),
        "synchronous.number",
        "2",
        "Set instances=3 or more",
    ),
    case(
        "a PostgreSQL that is newer than its operator",
        cluster(postgres_major=18, facts=ClusterFacts(cnpg="1.26.2")),
        "postgres_major",
        "18",
        "upgrade the operator to 1.27",
    ),
    case("a number for the size of a cluster", cluster(size=2), "size", "2", "PostgresSize.medium()"),
    case(
        "an instance too small to run",
        cluster(size=PostgresSize(cpu="1", memory="64Mi")),
        "size.memory",
        "'64Mi'",
        '"256Mi" or more',
    ),
    case(
        "parameters that do not fit the size",
        cluster(size=PostgresSize.small(), parameters={"shared_buffers": "2GB"}),
        "resources.memory",
        "'1Gi'",
        "lower shared_buffers",
    ),
    case(
        "buffers without a unit",
        cluster(parameters={"shared_buffers": "256"}),
        "parameters.shared_buffers",
        "'256'",
        'Add a unit, such as "256MB"',
    ),
    case(
        "a log larger than its volume",
        cluster(parameters={"max_wal_size": "4GB"}, wal_storage=Volume("4Gi")),
        "parameters.max_wal_size",
        "'4GB'",
        "a larger volume",
    ),
    case(
        "too little of a log for an operator that replicates",
        cluster(parameters={"wal_level": "minimal"}),
        "parameters.wal_level",
        "'minimal'",
        '"logical"',
    ),
    case(
        "a volume for the log that many nodes write",
        cluster(wal_storage=Volume("1Gi", access_mode="ReadWriteMany")),
        "wal_storage.access_mode",
        "ReadWriteMany",
        "Remove it. [database/access-mode]",
    ),
    case(
        "supervised updates of one instance",
        cluster(updates=PostgresUpdates(supervised=True)),
        "updates.supervised",
        "True",
        "instances=2",
    ),
    case(
        "a budget for one instance",
        cluster(disruption_budget=True),
        "disruption_budget",
        "True",
        "instances=2",
    ),
    case(
        "more instances than nodes to keep them apart",
        cluster(instances=3, anti_affinity=PostgresAntiAffinity(required=True), facts=ClusterFacts(nodes=2)),
        "anti_affinity.required",
        "True",
        "required=False",
    ),
    case(
        "a quorum for an operator that does not know it",
        cluster(
            instances=3, synchronous=SynchronousReplication(failover_quorum=True), facts=ClusterFacts(cnpg="1.27.0")
        ),
        "synchronous.failover_quorum",
        "1.27.0",
        "upgrade the operator to 1.28",
    ),
    case(
        "an account that exists with an operator nobody knows",
        cluster(service_account=ExistingServiceAccount("pg")),
        "service_account",
        "",
        'ClusterFacts(cnpg="1.29.0")',
    ),
    case(
        "an image together with a catalog",
        cluster(image="registry.lab/pg:16", catalog=ImageCatalog(name="ours")),
        "image",
        "registry.lab/pg:16",
        "or remove catalog=",
    ),
    case("a catalog by its name alone", cluster(catalog="ours"), "catalog", "'ours'", "ImageCatalog("),
    case(
        "the image of an extension for an older PostgreSQL",
        cluster(extension_images=[PostgresExtensionImage(name="a", image="x:1")], facts=ClusterFacts(cnpg="1.30.0")),
        "extension_images",
        "",
        "postgres_major=18",
    ),
    case(
        "an extension with a semicolon",
        cluster(extensions=["pg_trgm; drop"]),
        "extensions[0]",
        "drop",
        "CREATE EXTENSION",
    ),
    case("a library with its folder", cluster(preload=["/lib/x.so"]), "preload[0]", "'/lib/x.so'", "without folder"),
    case(
        "two lines in one rule of access",
        cluster(pg_hba=["host all all all md5\nhost all all all trust"]),
        "pg_hba[0]",
        "trust",
        "Use one string per rule",
    ),
    case(
        "a certificate without its authority",
        cluster(certificates=PostgresCertificates(server=TlsSecret("pg-tls"))),
        "certificates.server_ca",
        "",
        'ExistingSecret("pg-ca")',
    ),
    case(
        "names for a certificate that is given",
        cluster(
            certificates=PostgresCertificates(
                server=TlsSecret("pg-tls"), server_ca=ExistingSecret("pg-ca"), names=["pg.acme.lab"]
            )
        ),
        "certificates.names",
        "pg.acme.lab",
        "Add the names to your certificate",
    ),
    case(
        "a role of the operator",
        cluster(roles=[DatabaseRole(name="cnpg_dbt")]),
        "roles[0].name",
        "'cnpg_dbt'",
        "another name",
    ),
    case(
        "a password for a role",
        cluster(roles=[DatabaseRole(name="dbt", credentials="hunter2")]),  # type: ignore[arg-type]
        "roles[0].credentials",
        "",
        "BasicAuthSecret(",
    ),
    case(
        "a database whose owner nobody makes",
        cluster(databases=[PostgresDatabase(name="warehouse", owner="dbt")]),
        "databases[0].owner",
        "'dbt'",
        'DatabaseRole(name="dbt"',
    ),
    case(
        "a database of PostgreSQL's own",
        cluster(databases=[PostgresDatabase(name="template1")]),
        "databases[0].name",
        "'template1'",
        "another name",
    ),
    case(
        "a label that is the operator's",
        cluster(labels={"cnpg.io/cluster": "x"}),
        "labels.cnpg.io/cluster",
        "cnpg.io/cluster",
        "Remove it. [database/own-label]",
    ),
    case(
        "a connection to a database that is not there",
        lambda chart: make_cluster(chart).connection(database="warehouse"),
        "connection.database",
        "'warehouse'",
        "databases=[...]",
    ),
    case(
        "the certificate of an authority for its key",
        lambda chart: make_cluster(chart).connection(tls="verify-full", ca="-----BEGIN"),  # type: ignore[arg-type]
        "connection.ca",
        "",
        "SecretKey(",
    ),
    case("no instance", cluster(instances=0), "instances", "0", "use 1 or more"),
    case("more instances than can be counted", cluster(instances=2**31), "instances", "2147483648", "use 1 or more"),
    case("a PostgreSQL that is too old", cluster(postgres_major=9), "postgres_major", "9", "14 to 18"),
    case("a PostgreSQL that does not exist", cluster(postgres_major=160), "postgres_major", "160", "14 to 18"),
    case("no depth", dags(depth=0), "depth", "0", "use 1 or more"),
    case(
        "more failures than can be counted",
        dags(max_failures=10**12),
        "max_failures",
        "1000000000000",
        "-1 for no limit",
    ),
    case("fewer failures than none", dags(max_failures=-2), "max_failures", "-2", "-1 for no limit"),
    case("a period of nothing", dags(interval="0s"), "interval", "'0s'", '"60s"'),
    case("a negative period", dags(interval="-60s"), "interval", "'-60s'", '"60s"'),
    case("a period in words", dags(interval="1 minute"), "interval", "'1 minute'", '"60s"'),
    case("a period without a unit", dags(interval="60"), "interval", "'60'", '"60s"'),
    case("an empty period", dags(interval=""), "interval", "''", '"60s"'),
    case("a period in days", dags(interval="1d"), "interval", "'1d'", '"60s"'),
    case("a period in other digits", dags(interval="٦٠s"), "interval", "'٦٠s'", '"60s"'),
    case("a period longer than Go can count", dags(interval="9999999999h"), "interval", "'9999999999h'", '"60s"'),
    case(
        "a timeout that is too short",
        airflow(delivery=K3sHelmChart(timeout="30s")),
        "delivery.timeout",
        "'30s'",
        "'10m'",
    ),
    case(
        "a timeout with a space", airflow(delivery=K3sHelmChart(timeout="30 m")), "delivery.timeout", "'30 m'", '"30m"'
    ),
    case(
        "a timeout of five minutes in seconds",
        airflow(delivery=K3sHelmChart(timeout="300s")),
        "delivery.timeout",
        "'300s'",
        "'10m'",
    ),
    case(
        "a start-up tolerance of nothing",
        airflow(api_server=ApiServer(startup_tolerance="0m")),
        "api_server.startup_tolerance",
        "'0m'",
        '"60s"',
    ),
    case("a size in decimal letters", cluster(storage=Volume("10GB")), "storage.size", "'10GB'", '"10Gi"'),
    case("a size with a space", cluster(storage=Volume("10 Gi")), "storage.size", "'10 Gi'", '"10Gi"'),
    case("a size in lower case", cluster(storage=Volume("10gi")), "storage.size", "'10gi'", '"10Gi"'),
    case("a size of nothing", cluster(storage=Volume("0Gi")), "storage.size", "'0Gi'", '"10Gi"'),
    case("a negative size", cluster(storage=Volume("-10Gi")), "storage.size", "'-10Gi'", '"10Gi"'),
    case("an empty size", cluster(storage=Volume("")), "storage.size", "''", '"10Gi"'),
    case("a size without a unit", cluster(storage=Volume("10")), "storage.size", "'10'", '"10Gi"'),
    case("a size in other digits", cluster(storage=Volume("١٠Gi")), "storage.size", "'١٠Gi'", '"10Gi"'),
    case("a size with a line break", cluster(storage=Volume("10Gi\n")), "storage.size", r"'10Gi\n'", '"10Gi"'),
    case("more storage than can be counted", cluster(storage=Volume("9e99")), "storage.size", "'9e99'", '"10Gi"'),
    case(
        "memory in thousandths of a byte",
        airflow(scheduler=Scheduler(resources=resources(memory="512m"))),
        "scheduler.resources.memory",
        "'512m'",
        "thousandths",
    ),
    case(
        "CPU in mebibytes",
        airflow(scheduler=Scheduler(resources=resources(cpu="512Mi"))),
        "scheduler.resources.cpu",
        "'512Mi'",
        '"250m"',
    ),
    case(
        "a memory limit in words",
        airflow(scheduler=Scheduler(resources=resources(memory_limit="1 gig"))),
        "scheduler.resources.memory_limit",
        "'1 gig'",
        '"512Mi"',
    ),
    case(
        "a memory limit below the request",
        airflow(scheduler=Scheduler(resources=resources(memory_limit="256Mi"))),
        "scheduler.resources.memory_limit",
        "'256Mi'",
        "Use memory_limit='512Mi'",
    ),
    case(
        "a CPU limit below the request",
        airflow(scheduler=Scheduler(resources=resources(cpu_limit="50m"))),
        "scheduler.resources.cpu_limit",
        "'50m'",
        "Use cpu_limit='100m'",
    ),
    case("no nodes", airflow(facts=ClusterFacts(nodes=0)), "facts.nodes", "0", "use 1 or more"),
    case(
        "a Kubernetes that is too old",
        airflow(facts=ClusterFacts(kubernetes="1.20")),
        "facts.kubernetes",
        "'1.20'",
        "1.30 to 1.36",
    ),
    case(
        "a Kubernetes with a v",
        airflow(facts=ClusterFacts(kubernetes="v1.34")),
        "facts.kubernetes",
        "'v1.34'",
        '"1.34"',
    ),
    case(
        "the version of k3s for that of Kubernetes",
        airflow(facts=ClusterFacts(kubernetes="1.34.1+k3s1")),
        "facts.kubernetes",
        "'1.34.1+k3s1'",
        '"1.34"',
    ),
    case(
        "an operator that is too old",
        cluster(facts=ClusterFacts(cnpg="1.20.0")),
        "facts.cnpg",
        "1.20.0",
        "Upgrade the CloudNativePG operator",
    ),
    case(
        "a helm-controller with a v",
        airflow(facts=ClusterFacts(helm_controller="v0.16.17")),
        "facts.helm_controller",
        "'v0.16.17'",
        "numbers and dots",
    ),
]

NAMES = [
    case("a release in upper case", airflow(release="Airflow"), "release", "'Airflow'", "lower-case"),
    case("an empty release", airflow(release=""), "release", "''", "starting with a letter"),
    case(
        "a release with a digit first", airflow(release="1airflow"), "release", "'1airflow'", "starting with a letter"
    ),
    case("a release with a dot", airflow(release="airflow.lab"), "release", "'airflow.lab'", "lower-case"),
    case("a release of forty-one characters", airflow(release="a" * 41), "release", "a" * 41, "at most 40"),
    case("a release with an accent", airflow(release="aïrflow"), "release", "'aïrflow'", "lower-case"),
    case("a release with a line break", airflow(release="airflow\n"), "release", r"'airflow\n'", "lower-case"),
    case("a very long release", airflow(release="a" * 100_000), "release", "aaaa…", "at most 40"),
    case("a cluster of fifty-one characters", cluster(name="a" * 51), "name", "a" * 51, "at most 50"),
    case("a cluster with an underscore", cluster(name="airflow_pg"), "name", "'airflow_pg'", "lower-case"),
    case("a cluster with a digit first", cluster(name="9pg"), "name", "'9pg'", "starting with a letter"),
    case("a cluster with a dot", cluster(name="air.flow"), "name", "'air.flow'", "lower-case"),
    case("a database with a dash", cluster(database="airflow-db"), "database", "'airflow-db'", "underscores"),
    case("a database in upper case", cluster(database="Airflow"), "database", "'Airflow'", "lower-case"),
    case("an empty database", cluster(database=""), "database", "''", "starting with a letter"),
    case("a database with a quote", cluster(database="air'; drop"), "database", "drop", "underscores"),
    case(
        "PostgreSQL's own database",
        cluster(database="postgres", owner="airflow"),
        "database",
        "'postgres'",
        "another name",
    ),
    case("the superuser for the owner", cluster(owner="postgres"), "owner", "'postgres'", "another name"),
    case(
        "the operator's role for the owner",
        cluster(owner="streaming_replica"),
        "owner",
        "'streaming_replica'",
        "another name",
    ),
    case("a reserved prefix for the owner", cluster(owner="pg_airflow"), "owner", "'pg_airflow'", "another name"),
    case("a namespace in upper case", namespace("Airflow"), "name", "'Airflow'", "lower-case"),
    case("a namespace of sixty-four characters", namespace("a" * 64), "name", "a" * 64, "at most 63"),
    case("a namespace with an underscore", namespace(name="air_flow"), "name", "'air_flow'", "lower-case"),
    case("a namespace with a dash at its end", namespace(name="airflow-"), "name", "'airflow-'", "at both ends"),
    case("Kubernetes' own namespace", namespace("kube-system"), "name", "'kube-system'", "Namespace.existing("),
    case("the default namespace as ours", namespace(name="default"), "name", "'default'", "Namespace.existing("),
    case("a quota as Kubernetes writes it", namespace(quota={"hard": {"pods": "5"}}), "quota", "'hard'", "Quota("),
    case("a quota on nothing", namespace(quota=Quota()), "quota", "must set at least one limit", "remove the quota"),
    case(
        "a quota on CPU limits alone",
        namespace(quota=Quota(cpu_limit="8")),
        "quota.cpu_limit",
        "'8'",
        "ContainerLimits(",
    ),
    case("a quota in half bytes", namespace(quota=Quota(memory="512m")), "quota.memory", "'512m'", "512Mi"),
    case(
        "limits below what is reserved",
        namespace(limits=ContainerLimits(max_memory="100Mi")),
        "limits.memory_limit",
        "'512Mi'",
        "raise max_memory",
    ),
    case("default-deny as a text", namespace(default_deny="yes"), "default_deny", "'yes'", "Pass a boolean"),
    case("a label with a space in its key", namespace(labels={"my team": "data"}), "my team", "", "another key"),
    case("a label with an empty key", namespace(labels={"": "data"}), "labels", "''", "Pass a value"),
    case(
        "a label with a space in its value",
        namespace(labels={"team": "data team"}),
        "labels.team",
        "'data team'",
        "letters, digits",
    ),
    case("an annotation with a space in its key", namespace(annotations={"a note": "x"}), "a note", "", "another key"),
    case(
        "the Pod Security label by hand",
        namespace(labels={"pod-security.kubernetes.io/enforce": "privileged"}),
        "labels.pod-security",
        "'privileged'",
        "pod_security=",
    ),
    case(
        "the mark of state by hand",
        namespace(labels={"cdk8s-airflow/holds-state": "false"}),
        "labels.cdk8s-airflow/holds-state",
        "'false'",
        "Remove this label",
    ),
    case("an unknown Pod Security level", namespace(pod_security="strict"), "pod_security", "'strict'", "'restricted'"),
    case(
        "a storage class in upper case",
        cluster(storage=Volume("1Gi", storage_class="Longhorn")),
        "storage.storage_class",
        "'Longhorn'",
        "lower-case",
    ),
    case(
        "an empty storage class",
        cluster(storage=Volume("1Gi", storage_class="")),
        "storage.storage_class",
        "''",
        "lower-case",
    ),
    case(
        "a short access mode",
        cluster(storage=Volume("1Gi", access_mode="RWX")),
        "storage.access_mode",
        "'RWX'",
        "'ReadWriteMany'",
    ),  # type: ignore[arg-type]
    case(
        "an image without a tag",
        cluster(image="ghcr.io/cloudnative-pg/postgresql"),
        "image",
        "cloudnative-pg",
        "postgres_major",
    ),
    case(
        "an image of another version",
        cluster(image="ghcr.io/cloudnative-pg/postgresql:17"),
        "image",
        ":17",
        "postgres_major",
    ),
    case(
        "the newest image",
        cluster(image="ghcr.io/cloudnative-pg/postgresql:latest"),
        "image",
        ":latest",
        "postgres_major",
    ),
    case(
        "an image by its digest alone",
        cluster(image="postgres@sha256:" + "0" * 64),
        "image",
        "sha256",
        "postgres_major",
    ),
    case(
        "an image with a space",
        cluster(image="my image:16"),
        "image",
        "'my image:16'",
        "must not contain whitespace, got 'my image:16'. Use an image such as",
    ),
    case("an empty image", cluster(image=" "), "image", "' '", "Pass a value"),
    case(
        "a parameter the operator sets",
        cluster(parameters={"port": "5433"}),
        "parameters.port",
        "'5433'",
        "Remove it. [database/parameter]",
    ),
    case(
        "another parameter the operator sets",
        cluster(parameters={"ssl": "off"}),
        "parameters.ssl",
        "'off'",
        "Remove it. [database/parameter]",
    ),
    case(
        "libraries among the parameters",
        cluster(parameters={"shared_preload_libraries": "pg_stat_statements"}),
        "parameters.shared_preload_libraries",
        "",
        "Use preload=['pg_stat_statements']",
    ),
    case(
        "a parameter with a dash",
        cluster(parameters={"max-connections": "1"}),
        "parameters.max-connections",
        "",
        "max_connections",
    ),
    case(
        "a parameter with a line break",
        cluster(parameters={"max\nconnections": "1"}),
        r"parameters.max\nconnections",
        "",
        "max_connections",
    ),
    case(
        "shared buffers in words",
        cluster(parameters={"shared_buffers": "lots"}),
        "parameters.shared_buffers",
        "'lots'",
        "256MB",
    ),
    case(
        "shared buffers above the memory",
        cluster(parameters={"shared_buffers": "1GB"}),
        "resources.memory",
        "'512Mi'",
        "four times",
    ),
    case(
        "a host with a scheme",
        airflow(ui=Ingress(host="https://airflow.acme.lab")),
        "ui.host",
        "'https://airflow",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "a host with a port",
        airflow(ui=Ingress(host="airflow.acme.lab:8080")),
        "ui.host",
        ":8080",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "a host with a path",
        airflow(ui=Ingress(host="acme.lab/airflow")),
        "ui.host",
        "acme.lab/airflow",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case("a wildcard host", airflow(ui=Ingress(host="*.acme.lab")), "ui.host", "'*.acme.lab'", "wildcard"),
    case("an address for a host", airflow(ui=Ingress(host="192.168.1.10")), "ui.host", "'192.168.1.10'", "address"),
    case(
        "a host in upper case",
        airflow(ui=Ingress(host="Airflow.acme.lab")),
        "ui.host",
        "'Airflow.acme.lab'",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "an empty host",
        airflow(ui=Ingress(host="")),
        "ui.host",
        "''",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "a host with an umlaut",
        airflow(ui=Ingress(host="müller.lab")),
        "ui.host",
        "'müller.lab'",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "a host with a dot at its end",
        airflow(ui=Ingress(host="airflow.lab.")),
        "ui.host",
        "'airflow.lab.'",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "a host with a very long label",
        airflow(ui=Ingress(host="a" * 64 + ".lab")),
        "ui.host",
        "a" * 64,
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "an ingress class in upper case",
        airflow(ui=Ingress(host=HOST, class_name="Nginx")),
        "ui.class_name",
        "'Nginx'",
        "lower-case",
    ),
    case(
        "an annotation of the Ingress with a space",
        airflow(ui=Ingress(host=HOST, annotations={"body size": "1m"})),
        "ui.annotations (key)",
        "'body size'",
        'Use a name such as "example.com/purpose"',
    ),
    case(
        "an issuer with a space",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("airflow-tls", issuer="my ca"))),
        "ui.tls.issuer",
        "'my ca'",
        "lower-case",
    ),
    case(
        "an unknown kind of issuer",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("x", issuer="ca", issuer_kind="Vault"))),
        "ui.tls.issuer_kind",
        "'Vault'",
        "'ClusterIssuer'",
    ),  # type: ignore[arg-type]
    case(
        "a certificate for the name of its Secret",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("-----BEGIN CERTIFICATE-----"))),
        "ui.tls.secret",
        "",
        "name of a Secret",
    ),
    case(
        "a database URL for the name of its Secret",
        lambda _: ExternalDatabase(url=DsnSecret("postgresql://u:hunter2@db/a")).connection(),
        "ExternalDatabase.url.name",
        "",
        "name of a Secret",
    ),
    case(
        "a token for the name of its Secret",
        dags(credentials=GitTokenSecret("ghp_hunter2")),
        "credentials.name",
        "",
        "name of a Secret",
    ),
    case(
        "a fernet key for the name of its Secret",
        airflow(keys=AirflowKeys(fernet=FernetKeySecret("hunter2hunter2hunter2="))),
        "keys.fernet.name",
        "",
        "name of a Secret",
    ),
    case(
        "an empty prefix for the keys",
        airflow(keys=AirflowKeys.existing(prefix="")),
        "keys.fernet.name",
        "",
        "name of a Secret",
    ),
    case(
        "a prefix that a shell would run",
        airflow(keys=AirflowKeys.existing(prefix="a; rm -rf /")),
        "keys.fernet.name",
        "",
        "name of a Secret",
    ),
    case(
        "a password for the credentials' name",
        cluster(credentials=BasicAuthSecret("hunter2!")),
        "credentials.name",
        "",
        "name of a Secret",
    ),
    case(
        "a key with a slash for the certificate",
        dags(ca=SecretKey("git-ca", "tls/ca.crt")),
        "ca.key",
        "",
        "letters, digits",
    ),
    case("an empty key for the certificate", dags(ca=ConfigMapKey("git-ca", "")), "ca.key", "''", "letters, digits"),
    case("a ConfigMap in upper case", dags(ca=ConfigMapKey("GitCA", "ca.crt")), "ca.name", "'GitCA'", "lower-case"),
    case("an empty repository", dags(repo=""), "repo", "''", "https://host/path.git"),
    case("a repository of spaces", dags(repo="  "), "repo", "' '", "https://host/path.git"),
    case("a folder for the repository", dags(repo="/srv/dags"), "repo", "'/srv/dags'", "https://host/path.git"),
    case(
        "a file URL for the repository",
        dags(repo="file:///srv/dags"),
        "repo",
        "'file:///srv/dags'",
        "https://host/path.git",
    ),
    case(
        "a host without a path for the repository",
        dags(repo="https://gitlab.acme.lab"),
        "repo",
        "'https://gitlab.acme.lab'",
        "https://host/path.git",
    ),
    case(
        "a repository with a space",
        dags(repo="https://gitlab.acme.lab/my dags.git"),
        "repo",
        "my dags.git",
        "https://host/path.git",
    ),
    case(
        "a repository with a broken address",
        dags(repo="https://[::1/dags.git"),
        "repo",
        "'https://[::1/dags.git'",
        "https://host/path.git",
    ),
    case(
        "a repository with an impossible port",
        dags(repo="https://gitlab.acme.lab:99999/dags.git"),
        "repo",
        ":99999",
        "https://host/path.git",
    ),
    case(
        "a repository with a line break",
        dags(repo="https://gitlab.acme.lab/dags.git\n"),
        "repo",
        r"dags.git\n",
        "https://host/path.git",
    ),
    case("an empty ref", dags(ref=""), "ref", "''", "Pass a value"),
    case("HEAD for the ref", dags(ref="HEAD"), "ref", "'HEAD'", '"main"'),
    case("a ref that git would take for an option", dags(ref="--upload-pack=x"), "ref", "'--upload-pack=x'", '"main"'),
    case("a ref with a space", dags(ref="my branch"), "ref", "'my branch'", '"main"'),
    case("a ref with two dots", dags(ref="main..dev"), "ref", "'main..dev'", '"main"'),
    case("a ref with a line break", dags(ref="main\n"), "ref", r"'main\n'", '"main"'),
    case("a sub-path with a slash in front", dags(sub_path="/dags"), "sub_path", "'/dags'", '"dags"'),
    case("a sub-path with a slash at its end", dags(sub_path="dags/"), "sub_path", "'dags/'", '"dags"'),
    case(
        "a sub-path that leaves the repository",
        dags(sub_path="dags/../../etc"),
        "sub_path",
        "'dags/../../etc'",
        '"dags"',
    ),
    case("a sub-path with a line break", dags(sub_path="da\ngs"), "sub_path", r"'da\ngs'", '"dags"'),
    case(
        "a container with an underscore", dags(container_name="git_sync"), "container_name", "'git_sync'", "lower-case"
    ),
    case(
        "a container named like its neighbour",
        dags(container_name="scheduler"),
        "container_name",
        "'scheduler'",
        "another name",
    ),
    case("a container too long for the chart", dags(container_name="g" * 60), "container_name", "g" * 60, "at most 58"),
    case("a claim in upper case", airflow(logs=Logs.existing_claim("Logs")), "logs.name", "'Logs'", "lower-case"),
    case(
        "a token in the query of the repository",
        dags(repo="https://git.example.com/dags.git?private_token=glpat-abcdefghij1234567890"),
        "repo",
        "",
        "GitTokenSecret",
    ),
    case(
        "a token in the path of the repository",
        dags(repo="https://git.example.com/glpat-abcdefghij1234567890/dags.git"),
        "repo",
        "",
        "GitTokenSecret",
    ),
    case(
        "a token in place of the name of a Secret",
        dags(credentials=GitTokenSecret("glpat-abcdefghij1234567890")),
        "credentials.name",
        "",
        "Pass the name of a Secret, never its content",
    ),
    case(
        "a token in a variable of a harmless name",
        airflow(env={"GIT_AUTH": "glpat-abcdefghij1234567890"}),
        "env.GIT_AUTH",
        "",
        "SecretKey",
    ),
    case(
        "an option in values= that Airflow does not know",
        airflow(values={"config": {"core": {"paralelism": 5}}}),
        "values.config.core.paralelism",
        "",
        "core.parallelism",
    ),
    case(
        "another executor in the values of airflow.cfg",
        airflow(values={"config": {"core": {"executor": "LocalExecutor"}}}),
        "values.config.core.executor",
        "",
        "executor=",
    ),
    case("a rotation with a tab", airflow(rotation="after\tlunch"), "rotation", "after", "2026-11-21"),
    case(
        "a definition by its kind",
        airflow(facts=ClusterFacts(crds={"HelmChart"})),
        "facts.crds[0]",
        "'HelmChart'",
        "lower-case",
    ),
    case(
        "a cluster domain with a scheme",
        airflow(facts=ClusterFacts(cluster_domain="http://cluster.local")),
        "facts.cluster_domain",
        "'http://cluster.local'",
        'Use only the name, such as "airflow.example.com", without',
    ),
    case(
        "an unknown failure policy",
        airflow(delivery=K3sHelmChart(failure_policy="rollback")),
        "delivery.failure_policy",
        "'rollback'",
        "'abort'",
    ),  # type: ignore[arg-type]
    case(
        "a delivery namespace in upper case",
        airflow(delivery=K3sHelmChart(namespace="Kube-System")),
        "delivery.namespace",
        "'Kube-System'",
        "lower-case",
    ),
]


def _shared_git(chart: cdk8s.Chart) -> object:
    return make_airflow(chart, dags=make_dags(chart, credentials=GitTokenSecret("airflow-metadata")))


def _twice(chart: cdk8s.Chart) -> object:
    make_dags(chart, "dags")
    return make_dags(chart, "dags")


COMBINATIONS = [
    case("an unknown chart", airflow(chart_version="1.19.0"), "chart_version", "'1.19.0'", "'1.18.0'"),
    case("the newest chart, unpinned", airflow(chart_version="latest"), "chart_version", "'latest'", "'1.22.0'"),
    case("a chart by two numbers", airflow(chart_version="1.22"), "chart_version", "'1.22'", "supported: 1.15.0"),
    case("an empty chart version", airflow(chart_version=""), "chart_version", "''", "'1.22.0'"),
    case("a chart with a v", airflow(chart_version="v1.22.0"), "chart_version", "'v1.22.0'", "'1.22.0'"),
    case(
        "Airflow 3 on a chart without it",
        airflow(chart_version="1.15.0", airflow_version="3.0.2"),
        "airflow_version",
        "'3.0.2'",
        "chart_version='1.18.0' with this Airflow",
    ),
    case(
        "an Airflow that the chart has dropped",
        airflow(airflow_version="2.10.4"),
        "airflow_version",
        "'2.10.4'",
        "chart_version='1.18.0'",
    ),
    case(
        "an Airflow that came after the chart",
        airflow(chart_version="1.18.0", airflow_version="3.1.8"),
        "airflow_version",
        "'3.1.8'",
        "airflow_version='3.0.2'",
    ),
    case("an Airflow by two numbers", airflow(airflow_version="3.2"), "airflow_version", "'3.2'", "three numbers"),
    case(
        "the newest Airflow, unpinned",
        airflow(airflow_version="latest"),
        "airflow_version",
        "'latest'",
        "three numbers",
    ),
    case("a release candidate", airflow(airflow_version="3.2.2rc1"), "airflow_version", "'3.2.2rc1'", "three numbers"),
    case(
        "an Airflow with a digit that is none",
        airflow(airflow_version="3.2.²"),
        "airflow_version",
        "'3.2.²'",
        "three numbers",
    ),
    case(
        "an Airflow with a zero in front",
        airflow(airflow_version="03.2.2"),
        "airflow_version",
        "'03.2.2'",
        "three numbers",
    ),
    case(
        "an Airflow with very many digits",
        airflow(airflow_version="3.2." + "9" * 5000),
        "airflow_version",
        "",
        "three numbers",
    ),
    case(
        "a PostgreSQL that Airflow cannot use",
        lambda chart: make_airflow(
            chart,
            chart_version="1.15.0",
            database=make_cluster(chart, postgres_major=17).connection(bridge=ExistingSecret("x")),
        ),
        "database",
        "PostgreSQL 17",
        "postgres_major=16",
    ),
    case(
        "a PostgreSQL that the newest Airflow has dropped",
        lambda chart: make_airflow(
            chart, chart_version="1.15.0", database=DatabaseConnection(secret="x", postgres_major=18)
        ),
        "database",
        "PostgreSQL 18",
        "postgres_major=16",
    ),
    case(
        "a database in another namespace without a bridge",
        lambda chart: make_airflow(chart, database=make_cluster(chart).connection()),
        "database",
        "",
        "bridge=ExistingSecret",
    ),
    case(
        "Airflow 3 without its API key",
        airflow(keys=AirflowKeys(fernet=FernetKeySecret("f"), jwt=JwtSecret("j"))),
        "keys.api",
        "",
        "AirflowKeys.existing",
    ),
    case(
        "Airflow 3 without its JWT key",
        airflow(keys=AirflowKeys(fernet=FernetKeySecret("f"), api=ApiSecretKeySecret("a"))),
        "keys.jwt",
        "",
        "AirflowKeys.existing",
    ),
    case(
        "Airflow 2 without its webserver key",
        airflow(
            chart_version="1.15.0",
            keys=AirflowKeys(fernet=FernetKeySecret("f"), api=ApiSecretKeySecret("a"), jwt=JwtSecret("j")),
        ),
        "keys.webserver",
        "",
        "AirflowKeys.existing",
    ),
    case(
        "one Secret for two keys",
        airflow(keys=AirflowKeys(fernet=FernetKeySecret("k"), api=ApiSecretKeySecret("k"), jwt=JwtSecret("j"))),
        "keys.api",
        "k",
        "a separate Secret",
    ),
    case(
        "one Secret for git and the database",
        _shared_git,
        "dags.credentials",
        "'airflow-metadata'",
        "a separate Secret",
    ),
    case(
        "one Secret for the certificate and the fernet key",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("airflow-fernet-key"))),
        "ui.tls.secret",
        "'airflow-fernet-key'",
        "a separate Secret",
    ),
    case(
        "logs on a class that is not known to be shared",
        airflow(logs=Logs.claim(Volume("20Gi", storage_class="longhorn"))),
        "logs.volume",
        "'longhorn'",
        "rwx_classes",
    ),
    case("logs on the default class", airflow(logs=Logs.claim(Volume("20Gi"))), "logs.volume", "None", "rwx_classes"),
    case(
        "logs on a volume for one node",
        airflow(logs=Logs.claim(Volume("20Gi", access_mode="ReadWriteOnce"))),
        "logs.volume",
        "ReadWriteOnce",
        "nodes=1",
    ),
    case(
        "a database on a shared volume",
        cluster(storage=Volume("20Gi", access_mode="ReadWriteMany")),
        "storage.access_mode",
        "ReadWriteMany",
        "Remove it. [database/access-mode]",
    ),
    case(
        "the delivery where Airflow runs",
        airflow(delivery=K3sHelmChart(namespace="airflow")),
        "delivery.namespace",
        "'airflow'",
        "'kube-system'",
    ),
    case(
        "a retry that the controller does not know",
        airflow(delivery=K3sHelmChart(failure_policy="retry")),
        "delivery.failure_policy",
        "None",
        "helm_controller=",
    ),
    case(
        "a retry that the controller does not know yet",
        airflow(delivery=K3sHelmChart(failure_policy="retry"), facts=ClusterFacts(helm_controller="0.17.5")),
        "delivery.failure_policy",
        "'0.17.5'",
        "helm_controller=",
    ),
    case(
        "a cluster without the definition",
        airflow(facts=ClusterFacts(crds={"clusters.postgresql.cnpg.io"})),
        "facts.crds",
        "clusters.postgresql.cnpg.io",
        "install the operator",
    ),
    case(
        "a cluster without any definition",
        cluster(facts=ClusterFacts(crds=[])),
        "facts.crds",
        "none",
        "install the operator",
    ),
    case(
        "a kind of issuer without an issuer",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("x", issuer_kind="Issuer"))),
        "ui.tls.issuer_kind",
        "'Issuer'",
        'issuer="..."',
    ),
    case(
        "an issuer said twice",
        airflow(ui=Ingress(host=HOST, tls=IngressTls("x", issuer="a"), annotations={"cert-manager.io/issuer": "b"})),
        "ui.annotations.cert-manager.io/issuer",
        "'b'",
        "remove the annotation",
    ),
    case("ssh without a key", dags(repo="git@gitlab.acme.lab:dags.git"), "credentials", "git@gitlab", "GitSshSecret("),
    case(
        "ssh with a token",
        dags(**{**SSH, "credentials": GitTokenSecret("t")}),
        "credentials",
        "git@gitlab",
        "GitSshSecret(",
    ),
    case("ssh without host keys", dags(**{**SSH, "known_hosts": None}), "known_hosts", "", "ssh-keyscan"),
    case(
        "a path for the host keys",
        dags(**{**SSH, "known_hosts": "~/.ssh/known_hosts"}),
        "known_hosts",
        "",
        "ssh-keyscan",
    ),
    case(
        "a host for the host keys", dags(**{**SSH, "known_hosts": "gitlab.acme.lab"}), "known_hosts", "", "ssh-keyscan"
    ),
    case(
        "a private key for the host keys",
        dags(**{**SSH, "known_hosts": "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n"}),
        "known_hosts",
        "",
        "ssh-keyscan",
    ),
    case("empty host keys", dags(**{**SSH, "known_hosts": "\n"}), "known_hosts", "", "Pass a value"),
    case("ssh with a certificate", dags(**SSH, ca=SecretKey("git-ca", "ca.crt")), "ca", "git@gitlab", "Remove ca="),
    case(
        "https with an ssh key", dags(credentials=GitSshSecret("s")), "credentials", "https://gitlab", "GitTokenSecret"
    ),
    case("https with host keys", dags(known_hosts=KEY), "known_hosts", "https://gitlab", "Remove known_hosts="),
    case(
        "http with a token",
        dags(repo="http://gitlab.acme.lab/dags.git", credentials=GitTokenSecret("t")),
        "repo",
        "http://gitlab",
        "use https",
    ),
    case(
        "a token in the repository",
        dags(repo="https://oauth2:hunter2@gitlab.acme.lab/dags.git"),
        "repo",
        "",
        "GitTokenSecret(",
    ),
    case(
        "a bare token in the repository",
        dags(repo="https://hunter2@gitlab.acme.lab/dags.git"),
        "repo",
        "",
        "GitTokenSecret(",
    ),
    case(
        "a password in an ssh URL",
        dags(repo="ssh://git:hunter2@gitlab.acme.lab/dags.git"),
        "repo",
        "",
        "GitTokenSecret(",
    ),
    case("an id twice in a Chart", _twice, "id", "'dags'", "Use another id in making.py"),
    case("an empty id", lambda chart: make_dags(chart, ""), "id", "''", "Use another id in making.py"),
    case("a namespace outside a Chart", lambda _: Namespace(cdk8s.App(), "x"), "x", "", "inside a Chart"),  # type: ignore[arg-type]
    case("a database outside a Chart", lambda _: make_cluster(cdk8s.App()), "db", "", "inside a Chart, before synth"),  # type: ignore[arg-type]
    case(
        "a release outside a Chart", lambda _: make_airflow(cdk8s.App()), "airflow", "", "inside a Chart, before synth"
    ),  # type: ignore[arg-type]
]

MISTAKES_OF_ARTICLES = [
    case(
        "an Ingress of the webserver",
        nested("webserver.ingress.enabled", True, "1.15.0"),
        "values.webserver.ingress",
        "",
        "ingress.web",
    ),
    case(
        "an Ingress of the webserver with Airflow 3",
        nested("webserver.ingress.enabled", True),
        "values.webserver",
        "",
        "ui=",
    ),
    case(
        "TLS as a list under the Ingress",
        nested("ingress.web.tls", [{"secretName": "x", "hosts": ["y"]}], "1.15.0"),
        "values.ingress.web.tls",
        "",
        'ui=Ingress(host="airflow.example.com", class_name="nginx", tls=IngressTls("airflow-tls"))',
    ),
    case("the web Ingress with Airflow 3", nested("ingress.web", {"enabled": True}), "values.ingress.web", "", "ui="),
    case(
        "the API server's Ingress with Airflow 2",
        nested("ingress.apiServer", {"enabled": True}, "1.15.0"),
        "values.ingress.apiServer",
        "",
        "ui=",
    ),
    case(
        "the database's password in values",
        nested("data.metadataConnection.pass", "hunter2"),
        "values.data.metadataConnection.pass",
        "",
        "database=",
    ),
    case(
        "a secret in template braces",
        nested("data.metadataConnection.pass", "{{ secret:AIRFLOW_DB_PASSWORD }}"),
        "values.data.metadataConnection.pass",
        "",
        "database=",
    ),
    case(
        "an external database at the root",
        nested("externalDatabase.host", "db"),
        "values.externalDatabase",
        "",
        "database=",
    ),
    case(
        "an external database below postgresql",
        nested("postgresql.externalDatabase.host", "db"),
        "values.postgresql",
        "",
        "database=",
    ),
    case(
        "the bundled database's password",
        nested("postgresql.auth.postgresPassword", "hunter2"),
        "values.postgresql.auth.postgresPassword",
        "",
        "database=",
    ),
    case(
        "git-sync's old name for its period",
        nested("dags.gitSync.wait", 60),
        "values.dags.gitSync.wait",
        "60",
        "interval",
    ),
    case(
        "a ref with a different branch",
        nested("dags.gitSync", {"enabled": True, "repo": "https://x/y.git", "ref": "v1"}),
        "values.dags.gitSync.ref",
        "'v1'",
        "dags=DagRepoSync(",
    ),
    case(
        "the webserver's Service with Airflow 3",
        nested("webserver.service.type", "LoadBalancer"),
        "values.webserver",
        "",
        "apiServer",
    ),
    case(
        "the webserver's replicas with Airflow 3", nested("webserver.replicas", 2), "values.webserver", "", "apiServer"
    ),
    case(
        "the new default user on an old chart",
        nested("createUserJob.enabled", False, "1.15.0"),
        "values.createUserJob.enabled",
        "False",
        "admin=AdminAccount(",
    ),
    case(
        "an access mode of the logs",
        nested("logs.persistence.accessMode", "ReadWriteMany"),
        "values.logs.persistence.accessMode",
        "",
        "logs=",
    ),
    case(
        "remote logging below logs",
        nested("logs.remote_logging", True),
        "values.logs.remote_logging",
        "True",
        "config.logging",
    ),
    case(
        "the split of workers on an old chart",
        nested("workers.kubernetes.resources.limits.memory", "1Gi", "1.15.0"),
        "values.workers.kubernetes",
        "",
        "workers",
    ),
    case("a map for env", nested("env", {"name": "A", "value": "b"}), "values.env", "", "env={"),
    case(
        "a list for extraEnvFrom",
        nested("extraEnvFrom", [{"secretRef": {"name": "x"}}]),
        "values.extraEnvFrom",
        "",
        "env_from=[",
    ),
    case(
        "a Prometheus switch below statsd",
        nested("statsd.prometheus.enabled", True),
        "values.statsd.prometheus",
        "",
        "statsd",
    ),
    case(
        "a service monitor at the root",
        nested("serviceMonitor.enabled", True),
        "values.serviceMonitor",
        "",
        "ServiceMonitor",
    ),
    case(
        "a service monitor below statsd",
        nested("statsd.serviceMonitor.enabled", True),
        "values.statsd.serviceMonitor",
        "",
        "ServiceMonitor",
    ),
    case(
        "a nested map in config",
        nested("config.metrics.statsd", {"on": True}),
        "values.config.metrics.statsd",
        "",
        "statsd_on",
    ),
    case("extra objects at the root", nested("extraObjects", []), "values.extraObjects", "", "a Chart of your own"),
    case(
        "extra objects in config",
        nested("config.extraObjects", []),
        "values.config.extraObjects",
        "",
        "a Chart of your own",
    ),
    case(
        "a secrets backend below airflow",
        nested("airflow.secrets.backend", "kubernetes"),
        "values.airflow",
        "",
        "config.<section>",
    ),
    case(
        "a heartbeat below scheduler",
        nested("scheduler.scheduler_heartbeat_sec", 5),
        "values.scheduler.scheduler_heartbeat_sec",
        "5",
        'is not a key of chart 1.22.0 (got 5). Use config={"scheduler": {"scheduler_heartbeat_sec"',
    ),
    case(
        "a section of config at the root",
        nested("kubernetes_executor.worker_pods_creation_batch_size", 10),
        "values.kubernetes_executor",
        "",
        'Use config={"kubernetes_executor": {',
    ),
    case(
        "a config option that Airflow 3 has dropped",
        nested("config.core.dag_concurrency", 16),
        "values.config.core.dag_concurrency",
        "16",
        "max_active_tasks_per_dag",
    ),
    case(
        "a config section that Airflow 3 has dropped",
        nested("config.kubernetes.delete_worker_pods", "True"),
        "values.config.kubernetes",
        "",
        "config.kubernetes_executor",
    ),
    case(
        "the Airflow version that the article pins on the newest chart",
        nested("airflowVersion", "2.10.4"),
        "values.airflowVersion",
        "'2.10.4'",
        "airflow_version",
    ),
    case(
        "an ssh key in clear text", nested("dags.gitSync.sshKey", "hunter2"), "values.dags.gitSync.sshKey", "", "dags="
    ),
    case("a fernet key in clear text", nested("fernetKey", "hunter2"), "values.fernetKey", "", "keys="),
    case(
        "a webserver key in clear text",
        nested("webserverSecretKey", "hunter2", "1.15.0"),
        "values.webserverSecretKey",
        "",
        "keys=",
    ),
    case("a JWT secret in clear text", nested("jwtSecret", "hunter2"), "values.jwtSecret", "", "keys="),
    case(
        "a password in an address",
        nested("config.core.note", "postgresql://u:hunter2@db/a"),
        "values.config.core.note",
        "",
        "Secret",
    ),
    case(
        "a password in env", nested("env", [{"name": "SMTP_PASSWORD", "value": "hunter2"}]), "values.env", "", "Secret"
    ),
]

VALUES = [
    case("a misspelt key at the root", nested("schedular", {"replicas": 2}), "values.schedular", "", "'scheduler'"),
    case(
        "a misspelt key below a component",
        nested("scheduler.replicsa", 2),
        "values.scheduler.replicsa",
        "2",
        "'replicas'",
    ),
    case(
        "a misspelt key far inside",
        nested("scheduler.strategy.rollingUpdate.maxUnavailble", 1),
        "values.scheduler.strategy.rollingUpdate.maxUnavailble",
        "1",
        "'maxUnavailable'",
    ),
    case(
        "a misspelt key inside an Ingress",
        nested("ingress.apiServer.ingressClasName", "nginx"),
        "values.ingress.apiServer.ingressClasName",
        "",
        "'ingressClassName'",
    ),
    case(
        "a misspelt key in a host",
        nested("scheduler.hostAliases", [{"ip": "10.0.0.1", "hostname": [HOST]}]),
        "values.scheduler.hostAliases[0].hostname",
        "",
        "'hostnames'",
    ),
    case(
        "a misspelt kind of resource",
        nested("dags.gitSync.resource", {"limits": {"memory": "1Gi"}}),
        "values.dags.gitSync.resource",
        "",
        "did you mean 'resources'? Pass dags=DagRepoSync(",
    ),
    case(
        "a misspelt key of git-sync",
        nested("dags.gitSync.brnch", "main"),
        "values.dags.gitSync.brnch",
        "",
        "'branch'",
    ),
    case(
        "snake case at the root",
        nested("fernet_key_secret_name", "x"),
        "values.fernet_key_secret_name",
        "",
        "fernetKeySecretName",
    ),
    case("a key with a dot instead of nesting", values(**{"scheduler.replicas": 2}), "scheduler.replicas", "2", ""),
    case("a key with a space at its end", values(**{"scheduler ": {}}), "scheduler ", "", "'scheduler'"),
    case("an empty key", values(**{"": 1}), "values", "1", ""),
    case(
        "a key of a newer chart",
        nested("enableServiceLinks", False, "1.15.0"),
        "values.enableServiceLinks",
        "False",
        "1.22.0",
    ),
    case(
        "a text for a number in values",
        nested("scheduler.revisionHistoryLimit", "two"),
        "values.scheduler.revisionHistoryLimit",
        "'two'",
        "an integer",
    ),
    case(
        "replicas in values",
        nested("scheduler.replicas", 3),
        "values.scheduler.replicas",
        "3",
        "pass scheduler=Scheduler(replicas=3)",
    ),
    case(
        "another executor in values",
        nested("executor", "CeleryExecutor"),
        "values.executor",
        "'CeleryExecutor'",
        "pass executor=CeleryExecutor(",
    ),
    case(
        "a map for the executor in values",
        nested("executor", {"name": "KubernetesExecutor"}),
        "values.executor",
        "",
        "executor=KubernetesExecutor()",
    ),
    case(
        "a misspelt executor in values",
        nested("executor", "KubernetsExecutor"),
        "values.executor",
        "'KubernetsExecutor'",
        "KubernetesExecutor",
    ),
    case("a text for a section", nested("scheduler", "on"), "values.scheduler", "'on'", "map"),
    case("not a number in values", nested("scheduler.replicas", math.nan), "values.scheduler.replicas", "", "finite"),
    case(
        "infinity in values",
        nested("config.core.parallelism", math.inf),
        "values.config.core.parallelism",
        "",
        "finite",
    ),
    case(
        "a number beyond 64 bits in values",
        nested("scheduler.replicas", 2**70),
        "values.scheduler.replicas",
        "",
        "smaller number",
    ),
    case("a set in values", nested("config.core.parallelism", {1}), "values.config.core.parallelism", "", "list"),
    case("a tuple in values", nested("tolerations", ({"key": "a"},)), "values.tolerations", "", "list"),
    case("bytes in values", nested("config.core.note", b"x"), "values.config.core.note", "", "plain data"),
    case("a function in values", nested("config.core.note", print), "values.config.core.note", "", "plain data"),
    case("a generator in values", nested("tolerations", (item for item in ())), "values.tolerations", "", "plain data"),
    case(
        "a construct in values", lambda chart: nested("scheduler", chart)(chart), "values.scheduler", "", "plain data"
    ),
    case("a member of an enum in values", nested("executor", Choice.AIRFLOW), "values.executor", "", ".value"),
    case("a number for a nested key in values", nested("labels", {1: "x"}), "values.labels", "", "quotes"),
    case(
        "None for a nested key in values",
        nested("scheduler.labels", {None: "x"}),
        "values.scheduler.labels",
        "",
        "quotes",
    ),
    case("values that contain themselves", airflow(values={"labels": cyclic()}), "values.labels", "", "cycle"),
    case("values that are very deep", airflow(values=deep()), "values.scheduler", "", ""),
    case("half a surrogate pair in values", nested("labels.a", "\ud800"), "values.labels.a", "", "Unicode"),
    case(
        "not a number in unchecked values",
        airflow(unchecked_values={"x": math.nan}),
        "unchecked_values.x",
        "nan",
        "finite",
    ),
    case(
        "an object in unchecked values",
        airflow(unchecked_values={"x": Unprintable()}),
        "unchecked_values.x",
        "",
        "Use a string, boolean, number, None",
    ),
    case(
        "a generator in unchecked values",
        airflow(unchecked_values={"x": (item for item in ())}),
        "values.x",
        "",
        "Use a string, boolean, number, None",
    ),
    case(
        "unchecked values that contain themselves",
        airflow(unchecked_values=cyclic()),
        "values.again",
        "",
        "contains itself",
    ),
    case(
        "a number for a nested key of unchecked values",
        airflow(unchecked_values={"x": {1: 2}}),
        "values.x",
        "1",
        "quotes",
    ),
]

ALL = TYPES + RANGES + NAMES + COMBINATIONS + MISTAKES_OF_ARTICLES + VALUES

TRACES = ("Traceback", "jsii", "JavaScript", "node:", "    at ", "lambda")


def test_there_are_many_and_each_is_another() -> None:
    ids = [parameters.id for parameters in ALL]
    assert len(ids) == len(set(ids)) >= 120


@pytest.mark.parametrize(("spoil", "at", "seen", "fix"), ALL)
def test_invalid_input_is_rejected_and_nothing_is_emitted(spoil: Spoil, at: str, seen: str, fix: str) -> None:
    chart = new_chart("platform")
    with pytest.raises(PlatformError) as caught:
        spoil(chart)
    told = [
        finding
        for finding in caught.value.findings
        if at in str(finding)
        and seen in (finding.seen or ("" if not seen else str(finding)))
        and fix.lower() in str(finding).lower()
    ]
    assert told, f"{at!r}, {seen!r}, {fix!r} are not in:\n{caught.value}"
    for finding in caught.value.findings:
        assert finding.problem
        assert finding.fix
        assert finding.rule.count("/") == 1
    text = str(caught.value)
    assert len(text.splitlines()) == len(caught.value.findings)
    assert "hunter2" not in text
    assert not [trace for trace in TRACES if trace in text]
    release_or_cluster = [manifest for manifest in emitted(chart) if manifest["kind"] != "Cluster"]
    assert release_or_cluster == []
    assert caught.value.__cause__ is None


def test_message_has_path_argument_value_fix_and_rule() -> None:
    with pytest.raises(PlatformError) as caught:
        make_cluster(new_chart("data"), storage=Volume("10GB"))
    assert str(caught.value) == (
        "data/db: storage.size must be a positive Kubernetes quantity, got '10GB' (str). "
        'Use a unit, such as "10Gi" or "512Mi" (a lower-case m means thousandths). [argument/quantity]'
    )
