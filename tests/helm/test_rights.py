"""What each account of a release may do: the data says exactly what real Helm renders, in every pair and with every executor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cdk8s_airflow.airflow.authentication import AdminAccount
from cdk8s_airflow.airflow.components import DagProcessor, DatabaseCleanup, Flower, OtelCollector, PodCleanup
from cdk8s_airflow.airflow.environment_variables import KubernetesSecretsBackend
from cdk8s_airflow.airflow.executors import (
    CeleryExecutor,
    CeleryKubernetesExecutor,
    ExternalBroker,
    KubernetesExecutor,
    LocalExecutor,
    MultipleExecutors,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.permissions import release_permissions
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.permission import Permission, permissions_in
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, BrokerUrlSecret, FlowerAuthSecret
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount, ServiceAccounts
from tests.airflow.wire.samples import PAIRS, Pair, called, release
from tests.everything import everything
from tests.helm.rendering import render

pytestmark = pytest.mark.usefixtures("charts")
everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)

BROKER = ExternalBroker(url=BrokerUrlSecret("broker"))
CELERY = CeleryExecutor(broker=BROKER)
EXECUTORS: dict[str, Any] = {
    "kubernetes": KubernetesExecutor(),
    "local": LocalExecutor(),
    "celery": CELERY,
    "celery-kubernetes": CeleryKubernetesExecutor(broker=BROKER),
    "celery,kubernetes": MultipleExecutors(CELERY, KubernetesExecutor()),
    "local,kubernetes": MultipleExecutors(LocalExecutor(), KubernetesExecutor()),
    "celery,local": MultipleExecutors(CELERY, LocalExecutor()),
}
ADMIN = AdminAccount(credentials=BasicAuthSecret("admin"), email="admin@example.com")
COLLECTOR = OtelCollector(
    exporters={"otlphttp": {"endpoint": "http://tempo.monitoring:4318"}}, metrics=False, traces=True
)
OPTIONS: dict[str, dict[str, Any]] = {
    "least": {},
    "without a triggerer": {"triggerer": None, "statsd": None},
    "all components": {
        "dag_processor": DagProcessor(),
        "cleanup": PodCleanup(),
        "database_cleanup": DatabaseCleanup(),
        "admin": ADMIN,
        "flower": Flower(credentials=FlowerAuthSecret("flower")),
        "otel_collector": COLLECTOR,
    },
    "accounts of one's own": {
        "cleanup": PodCleanup(),
        "service_accounts": ServiceAccounts(
            scheduler=ServiceAccount(name="schedules"),
            workers=ExistingServiceAccount("theirs"),
            api_server=ServiceAccount(name="shows"),
            triggerer=ExistingServiceAccount("waits"),
        ),
    },
}
SWITCHES: tuple[dict[str, Any], ...] = (
    {"rbac": {"create": False}},
    {"allowPodLaunching": False},
    {"multiNamespaceMode": True},
    {"webserver": {"allowPodLogReading": False}},
    {"scheduler": {"serviceAccount": {"name": "renamed"}}, "workers": {"serviceAccount": {"name": "workers"}}},
)


def taken(pair: Pair, options: dict[str, Any]) -> Any:
    """The settings, without what these versions refuse; None where they refuse the executor."""
    given = {"executor": KubernetesExecutor(), **options, "delivery": HelmCommand()}
    settings = release(pair, **given)
    refused = {finding.at.partition(".")[0] for finding in compile_release(settings).setting_findings}
    if "executor" in refused:
        return None
    settings = release(pair, **{name: value for name, value in given.items() if name not in refused})
    assert not compile_release(settings).setting_findings
    return settings


@everywhere
@pytest.mark.parametrize("executor", EXECUTORS)
def test_the_data_says_exactly_what_the_chart_gives(pair: Pair, executor: str) -> None:
    for options in OPTIONS if executor == "kubernetes" else ("least", "all components"):
        settings = taken(pair, {**OPTIONS[options], "executor": EXECUTORS[executor]})
        if settings is None:
            assert executor not in ("kubernetes", "local", "celery")
            pytest.skip("these versions have no such executor")
        compiled = compile_release(settings)
        rendered = render(compiled.values_from_arguments, pair[0], release="lab", namespace="airflow-lab")
        told = release_permissions(compiled.effective_settings)
        assert told == permissions_in(rendered.manifests, "airflow-lab")
        assert told
        assert not rendered.find("ClusterRole")
        assert not rendered.find("ClusterRoleBinding")


@everywhere
@pytest.mark.parametrize("switched", SWITCHES, ids=lambda values: next(iter(values)))
def test_values_that_change_permissions_change_the_data_too(pair: Pair, switched: dict[str, Any]) -> None:
    if "webserver" in switched and pair[1] >= "3":
        switched = {"apiServer": switched["webserver"]}
    settings = taken(pair, {})
    compiled = compile_release(replace(settings, unchecked_values=switched))
    rendered = render(compiled.values, pair[0], release="lab", namespace="airflow-lab")
    told = release_permissions(compiled.effective_settings)
    assert told == permissions_in(rendered.manifests, "airflow-lab")
    assert told != release_permissions(compile_release(settings).effective_settings)
    assert any(permission.namespace is None for permission in told) == ("multiNamespaceMode" in switched)


@everywhere
def test_jobs_of_tasks_are_started_where_the_chart_knows_of_them(pair: Pair) -> None:
    if pair[0] not in ("1.20.0", "1.22.0"):
        pytest.skip("this chart has no such role")
    settings = taken(pair, {})
    compiled = compile_release(replace(settings, values={"allowJobLaunching": True}))
    assert not compiled.findings
    rendered = render(compiled.values, pair[0], release="lab", namespace="airflow-lab")
    told = release_permissions(compiled.effective_settings)
    assert told == permissions_in(rendered.manifests, "airflow-lab")
    assert {permission.account for permission in told if permission.group == "batch"} == {
        "lab-airflow-scheduler",
        "lab-airflow-worker",
    }


@everywhere
def test_everything_at_once_gives_what_the_data_says(pair: Pair) -> None:
    settings, _ = everything(pair)
    compiled = compile_release(settings)
    rendered = render(compiled.values_from_arguments, pair[0])
    objects, told = compiled.objects.values(), compiled.permissions
    helper = Permission(
        account="helm-airflow", account_namespace="kube-system", namespace=None, group="*", resource="*", verbs=("*",)
    )
    assert set(told) == {*permissions_in([*rendered.manifests, *objects], "airflow"), helper}
    made = {account["metadata"]["name"] for account in rendered.find("ServiceAccount")} | {"gpu-tasks"}
    assert {permission.account for permission in told} - {"helm-airflow"} <= made


@everywhere
def test_the_secrets_backend_lists_secrets_of_one_namespace_and_nothing_else(pair: Pair) -> None:
    if pair[1] in ("2.9.3", "2.10.5"):
        pair = (pair[0], "2.11.0")
    backend = KubernetesSecretsBackend(namespace="connections", provider_version="10.13.0")
    settings = taken(pair, {"secrets_backend": backend, "image": Image("r.lab/airflow", tag="1")})
    compiled = compile_release(settings)
    added = {*compiled.permissions} - {*release_permissions(compiled.effective_settings)}
    assert {
        (permission.namespace, permission.resource, permission.verbs, permission.names) for permission in added
    } == {("connections", "secrets", ("list",), ())}
    assert {
        (permission.namespace, permission.resource, permission.verbs, permission.names) for permission in added
    } == {("connections", "secrets", ("list",), ())}
    assert {permission.account_namespace for permission in added} == {"airflow-lab"}
