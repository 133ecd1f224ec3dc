"""A password that two Secrets must contain is generated once and copied, in the order in which that works."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    CnpgPooler,
    DatabaseRole,
    DsnSecret,
    ExternalDatabase,
    LabDatabase,
    Namespace,
    PgBouncer,
    PgBouncerSecret,
    PostgresDatabase,
    SecretBootstrap,
    SecretKey,
    Volume,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles, DbtTarget
from cdk8s_airflow.model.database_login import DatabaseLogin, login_at
from cdk8s_airflow.model.secret_need import SecretNeed, merged, sources_first
from tests.making import make_airflow, make_cluster, new_chart

AIRFLOW = Namespace.existing("airflow")
PASSWORD = SecretKey("dbt-warehouse", "password")
ROLE = DatabaseRole(name="dbt", credentials=BasicAuthSecret("dbt-login"))
HOST = "airflow-pg-rw.airflow-data.svc"


def cluster(chart: cdk8s.Chart, **changes: Any) -> Any:
    return make_cluster(chart, databases=[PostgresDatabase(name="warehouse", owner=ROLE)], **changes)


def dbt(chart: cdk8s.Chart, host: str = HOST, user: str = "dbt", password: SecretKey = PASSWORD) -> DbtProfiles:
    target = DbtPostgres(host=host, database="warehouse", schema="a", user=user, password=password)
    profiles = {"warehouse": DbtProfile(targets={"prod": target})}
    return DbtProfiles(chart, "dbt", namespace=AIRFLOW, profiles=profiles)


def need_of(chart: cdk8s.Chart, name: str) -> SecretNeed:
    (need,) = [each for each in registry_of(chart).missing if each.name == name]
    return need


def place(need: SecretNeed) -> tuple[str, str]:
    return need.namespace, need.name


@pytest.mark.parametrize("host", [HOST, "airflow-pg-rw.airflow-data", "airflow-pg-r.airflow-data.svc.cluster.local"])
@pytest.mark.parametrize("cluster_first", [True, False])
def test_dbt_password_is_copied_from_the_role(host: str, cluster_first: bool) -> None:
    chart = new_chart()
    makers = [cluster, lambda chart: dbt(chart, host)]
    for make in makers if cluster_first else reversed(makers):
        make(chart)
    need = need_of(chart, "dbt-warehouse")
    assert need.command == (
        "ANSWER=$(kubectl -n airflow-data get secret dbt-login -o jsonpath='{.data.password}' | base64 -d) && "
        '[ -n "$ANSWER" ] && printf %s "$ANSWER" | '
        "kubectl -n airflow create secret generic dbt-warehouse --from-file=password=/dev/stdin; unset ANSWER"
    )
    assert need.sources == {("airflow-data", "dbt-login")}
    order = [place(each) for each in sources_first(registry_of(chart).missing)]
    assert order.index(("airflow-data", "dbt-login")) < order.index(("airflow", "dbt-warehouse"))


def test_password_of_the_owner_is_copied_from_the_secret_of_the_operator() -> None:
    chart = new_chart()
    CnpgPooler(chart, "pooler", cluster=cluster(chart), name="pooler")
    dbt(chart, "pooler.airflow-data.svc", "airflow")
    assert need_of(chart, "dbt-warehouse").sources == {("airflow-data", "airflow-pg-app")}


def test_any_adapter_with_host_and_user_gets_the_password_of_the_role() -> None:
    chart = new_chart()
    cluster(chart)
    target = DbtTarget(type="postgres", settings={"host": HOST, "user": "dbt", "password": PASSWORD})
    profiles = {"warehouse": DbtProfile(targets={"prod": target})}
    DbtProfiles(chart, "dbt", namespace=AIRFLOW, profiles=profiles)
    assert need_of(chart, "dbt-warehouse").sources == {("airflow-data", "dbt-login")}


@pytest.mark.parametrize(("host", "user"), [(HOST, "other"), ("warehouse.example.com", "dbt")])
def test_password_of_another_user_or_server_is_typed(host: str, user: str) -> None:
    chart = new_chart()
    cluster(chart)
    dbt(chart, host, user)
    assert need_of(chart, "dbt-warehouse").command.startswith("read -rsp")


def test_one_secret_for_both_is_created_with_all_its_keys() -> None:
    for turn in (1, -1):
        chart = new_chart()
        makers = [
            lambda chart: cluster(chart, namespace=AIRFLOW),
            lambda chart: dbt(chart, "airflow-pg-rw", password=SecretKey("dbt-login", "password")),
        ]
        for make in makers[::turn]:
            make(chart)
        need = need_of(chart, "dbt-login")
        assert need.keys.keys() == {"username", "password"}
        assert need.command.startswith("printf 'username=dbt\\npassword=%s\\n' \"$(openssl rand -hex 24)\"")
        assert need.can_be_generated


def test_bootstrap_copies_the_password_that_it_generates() -> None:
    chart = new_chart()
    constructs = [cluster(chart), dbt(chart)]
    constructs.append(make_airflow(chart, database=constructs[0].connection(bridge=DsnSecret("airflow-metadata"))))
    SecretBootstrap(chart, "bootstrap", namespace=Namespace.existing("setup"), generate_for=constructs)
    provided = registry_of(chart).provided
    assert {("airflow-data", "dbt-login"), ("airflow", "dbt-warehouse")} <= provided.keys()
    assert registry_of(chart).missing == []


def test_external_database_with_a_host_of_the_app_copies_its_password() -> None:
    chart = new_chart()
    lab = LabDatabase(
        chart,
        "lab",
        namespace=Namespace.existing("data"),
        credentials=BasicAuthSecret("lab-login"),
        storage=Volume("1Gi"),
    )
    database = ExternalDatabase(
        host=lab.host,
        user="airflow",
        password=SecretKey("airflow-db", "password"),
        tls="disable",
        pooling=PgBouncer(credentials=PgBouncerSecret("airflow-pgbouncer")),
    )
    make_airflow(chart, database=database.connection())
    order = [place(each) for each in sources_first(registry_of(chart).missing)]
    wanted = [("data", "lab-login"), ("airflow", "airflow-db"), ("airflow", "airflow-pgbouncer")]
    assert [each for each in order if each in wanted] == wanted
    assert need_of(chart, "airflow-db").sources == {("data", "lab-login")}


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("db", ("db", "here")),
        ("db.data.", ("db", "data")),
        ("db.data.svc", ("db", "data")),
        ("db.data.svc.cluster.local", ("db", "data")),
        ("db.example.com", None),
        ("10.0.0.5", None),
    ],
)
def test_login_at_finds_the_service_of_a_host(host: str, found: tuple[str, str] | None) -> None:
    login = None if found is None else DatabaseLogin(service=found[0], namespace=found[1], user="me")
    assert login_at(host, "me", "here") == login


def test_order_ends_with_secrets_that_copy_from_each_other() -> None:
    def copy(name: str, source: str) -> SecretNeed:
        return SecretNeed(name=name, namespace="a", keys={}, purpose="", command="", reads=(("a", source),))

    plain = SecretNeed(name="z", namespace="a", keys={}, purpose="", command="")
    chain = [copy("a", "b"), copy("b", "z"), copy("x", "y"), copy("y", "x")]
    assert [each.name for each in sources_first(merged([*chain, plain]))] == ["z", "b", "a", "x", "y"]
