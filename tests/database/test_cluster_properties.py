"""Whatever settings come together: what has no finding, the API server and the operator's webhook take."""

from __future__ import annotations

import dataclasses
from typing import Any

import celpy
from hypothesis import HealthCheck, event, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    ConfigMapKey,
    DatabaseRole,
    ExistingSecret,
    ExistingServiceAccount,
    ImageCatalog,
    InitDb,
    Placement,
    PostgresAntiAffinity,
    PostgresCertificates,
    PostgresDatabase,
    PostgresExtension,
    PostgresExtensionImage,
    PostgresMonitoring,
    PostgresSize,
    PostgresUpdates,
    Resources,
    ServiceAccount,
    SynchronousReplication,
    TlsSecret,
    Toleration,
    TopologySpread,
    Volume,
)
from cdk8s_airflow.database.cluster_rules import cluster_findings, has_role_objects
from cdk8s_airflow.database.parameters import BLOCKED, parameter_findings
from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.validation import Finding, check_setting
from tests.database.samples import SMALL, manifests
from tests.truth import assert_accepted, webhooks

celpy.Environment()
"""The judges' one changes the recursion limit, which must not happen within a test of hypothesis."""


def made(cls: Any, /, *parts: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A setting. Unlike ``st.builds`` it does not look into a class that is no dataclass before it is first used."""
    return st.tuples(st.tuples(*parts), st.fixed_dictionaries(named)).map(lambda said: cls(*said[0], **said[1]))


names = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
sql_names = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
few_names = st.sampled_from(["a", "b_c", "me", "db", "dbt"])
sizes = st.sampled_from(["512Mi", "1Gi", "2Gi", "10Gi"])
volumes = made(Volume, sizes, st.none() | names)
amounts = st.sampled_from(["64MB", "80MB", "128MB", "512MB", "1GB", "2GB", "4 GB", "64", "many", "1gb"])
switches = st.sampled_from(["on", "off", "YES", "f", "perhaps", ""])
parameters = st.fixed_dictionaries(
    {},
    optional={
        "shared_buffers": amounts,
        "min_wal_size": amounts,
        "max_wal_size": amounts,
        "wal_level": st.sampled_from(["replica", "logical", "minimal", "all"]),
        "wal_log_hints": switches,
        "hot_standby_feedback": switches,
        "sync_replication_slots": switches,
        "max_connections": st.sampled_from(["200", "0", "x"]),
        "pg_failover_slots.maintain": st.just("x"),
        "pg-stat": st.just("x"),
    },
) | st.dictionaries(st.sampled_from(sorted(BLOCKED)), st.just("x"), max_size=1)


def some(cls: Any, /, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A setting told any of these."""
    return st.fixed_dictionaries({}, optional=optional).map(lambda said: cls(**said))


secrets = made(ExistingSecret, names)
logins = st.sampled_from(["one", "two"]).map(BasicAuthSecret)
roles = made(
    DatabaseRole,
    name=few_names,
    credentials=st.none() | logins,
    member_of=st.lists(st.sampled_from(["pg_monitor", "readers"]), max_size=2),
    create_databases=st.booleans(),
    connection_limit=st.sampled_from([-2, -1, 0, 5]),
    comment=st.none() | st.just("who looks"),
)
extensions = st.lists(
    st.sampled_from(["pg_trgm", "uuid-ossp"])
    | made(PostgresExtension, name=st.just("vector"), schema=st.none() | sql_names),
    max_size=2,
)
databases = made(
    PostgresDatabase,
    name=few_names,
    owner=st.none() | few_names | roles,
    schemas=st.lists(few_names, max_size=2),
    extensions=extensions,
    connection_limit=st.sampled_from([-1, 3]),
)
folders = st.lists(st.sampled_from(["lib", "share", "lib/x", "../x"]), max_size=2)
images = made(
    PostgresExtensionImage,
    name=st.sampled_from(["a_b", "a-b", "pgvector"]),
    image=st.none() | st.just("example.com/x:1"),
    control_paths=folders,
    library_paths=folders,
    system_library_paths=folders,
)
certificates = some(
    PostgresCertificates,
    server=made(TlsSecret, names),
    server_ca=secrets,
    client_ca=secrets,
    replication=made(TlsSecret, names),
    names=st.just(["pg.acme.lab"]),
)
tolerations = some(
    Toleration,
    key=names,
    value=names,
    effect=st.sampled_from(["NoSchedule", "NoExecute"]),
    seconds=st.integers(0, 60),
)
placements = some(
    Placement,
    node_selector=st.dictionaries(names, names, max_size=1),
    tolerations=st.lists(tolerations, max_size=2),
    affinity=st.sampled_from(
        [
            {"nodeAffinity": {}},
            {"podAffinity": {}},
            {"somewhere": {}},
        ]
    ),
)
more: dict[str, st.SearchStrategy[Any]] = {
    "instances": st.integers(1, 4),
    "parameters": parameters,
    "wal_storage": volumes,
    "postgres_major": st.integers(14, 18),
    "catalog": made(ImageCatalog, name=names, cluster_wide=st.booleans()),
    "pull_policy": st.sampled_from(["Always", "IfNotPresent", "Never"]),
    "synchronous": some(
        SynchronousReplication,
        number=st.integers(1, 4),
        method=st.sampled_from(["any", "first"]),
        durability=st.sampled_from(["required", "preferred"]),
        failover_quorum=st.booleans(),
    ),
    "anti_affinity": some(PostgresAntiAffinity, required=st.booleans(), across=st.just("zone")),
    "spread": st.lists(some(TopologySpread, max_skew=st.integers(1, 3), required=st.booleans()), max_size=1),
    "placement": placements,
    "disruption_budget": st.booleans(),
    "priority_class": names,
    "labels": st.dictionaries(names | st.just("cnpg.io/x"), names, max_size=2),
    "annotations": st.dictionaries(names, st.text("ab \n:", max_size=4), max_size=2),
    "service_account": some(ServiceAccount, annotations=st.just({"a": "b"}), name=names)
    | made(ExistingServiceAccount, names),
    "preload": st.lists(st.sampled_from(["pg_cron", "pgaudit"]), max_size=2),
    "extensions": extensions,
    "extension_images": st.lists(images, max_size=2),
    "pg_hba": st.lists(
        st.sampled_from(["host all all all md5", "host a b ${podselector:x} md5", "", "a\nb"]), max_size=2
    ),
    "initdb": some(
        InitDb,
        encoding=st.just("UTF8"),
        locale=st.just("C"),
        provider=st.sampled_from(["libc", "icu", "builtin"]),
        provider_locale=st.just("und"),
        checksums=st.booleans(),
        wal_segment_size=st.sampled_from([1, 16, 24, 1024]),
    ),
    "certificates": certificates,
    "updates": some(PostgresUpdates, by=st.sampled_from(["restart", "switchover"]), supervised=st.booleans()),
    "monitoring": some(
        PostgresMonitoring,
        labels=st.just({"release": "prometheus"}),
        interval=st.sampled_from(["30s", "1m30s"]),
        queries=st.lists(made(ConfigMapKey, names, st.just("q.yaml")), max_size=2),
        default_queries=st.booleans(),
        tls=st.booleans(),
    ),
    "roles": st.lists(roles, max_size=2),
    "databases": st.lists(databases, max_size=2),
    "credentials": st.sampled_from(["one", "three"]),
}


@st.composite
def clusters(draw: st.DrawFn) -> tuple[ClusterSettings, ClusterFacts]:
    """Any settings, at most eight at once."""
    chosen = draw(st.lists(st.sampled_from(sorted(more)), unique=True, max_size=8))
    facts = ClusterFacts(
        cnpg=draw(st.sampled_from([None, "1.26.0", "1.28.1", "1.30.0"])), nodes=draw(st.none() | st.just(2))
    )
    said = dataclasses.replace(SMALL, **{name: draw(more[name]) for name in chosen})
    return dataclasses.replace(said, image=f"x:{said.postgres_major}", role_objects=has_role_objects(facts)), facts


def faults(given_settings: ClusterSettings, facts: ClusterFacts) -> list[Finding]:
    """Everything the library has against them."""
    found = [
        finding
        for field in dataclasses.fields(given_settings)
        for each in _settings(getattr(given_settings, field.name))
        for finding in check_setting(each, field.name)
    ]
    if found:
        return found
    wal = given_settings.wal_storage
    return [
        *cluster_findings(given_settings, facts),
        *parameter_findings(
            given_settings.parameters,
            given_settings.resources.memory,
            instances=given_settings.instances,
            wal_storage=None if wal is None else wal.size,
        ),
    ]


def _settings(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return [inner for each in value for inner in (each, *_settings(getattr(each, "extensions", None)))]
    return [value]


@examples(max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_what_has_no_finding_is_taken(said: tuple[ClusterSettings, ClusterFacts]) -> None:
    found = faults(*said)
    event("taken" if not found else "refused")
    if found:
        assert all(finding.problem and finding.fix and finding.at for finding in found)
        return
    emitted = manifests(said[0])
    assert_accepted(emitted)
    assert [webhooks.dropped(each, said[1].cnpg or "1.26") for each in emitted] == [[]] * len(emitted)
    assert [each["metadata"]["namespace"] for each in emitted] == ["data"] * len(emitted)


@examples(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_what_the_webhook_refuses_has_a_finding(said: tuple[ClusterSettings, ClusterFacts]) -> None:
    refused = [words for each in manifests(said[0]) for words in webhooks.refusals(each)]
    event("refused" if refused else "taken")
    if refused:
        assert faults(*said), refused


@examples(max_examples=100, derandomize=True, deadline=None)
@given(
    st.sampled_from(["250m", "1", "64"]),
    st.integers(256, 2**18),
    st.integers(20, 10000),
    st.integers(1, 2**12),
    st.none() | st.integers(1, 2**10),
)
def test_whatever_the_size_its_parameters_fit(
    cpu: str, memory: int, connections: int, storage: int, wal_storage: int | None
) -> None:
    size = PostgresSize(cpu=cpu, memory=f"{memory}Mi", max_connections=connections)
    wal = None if wal_storage is None else f"{wal_storage}Gi"
    derived = size.parameters(storage=f"{storage}Gi", wal_storage=wal)
    assert list(check_setting(size, "size")) == []
    assert list(parameter_findings(derived, size.resources.memory, instances=3, wal_storage=wal)) == []
    assert size.resources == Resources(cpu=cpu, memory=f"{memory}Mi")
    given_settings = dataclasses.replace(
        SMALL,
        parameters=derived,
        resources=size.resources,
        storage=Volume(f"{storage}Gi"),
        wal_storage=None if wal is None else Volume(wal),
    )
    assert_accepted(manifests(given_settings))
