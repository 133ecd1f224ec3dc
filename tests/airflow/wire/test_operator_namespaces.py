"""Namespaces in which tasks start pods with KubernetesPodOperator."""

from __future__ import annotations

from typing import Any

import cdk8s
import kubernetes_validate
import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    ExternalBroker,
    Namespace,
    PlatformError,
    Quota,
    ServiceAccount,
    ServiceAccounts,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.operator_namespaces import operator_rules
from tests.airflow.wire.samples import PAIRS, Pair, called, release
from tests.making import make_airflow
from tests.platforms import release as platform

NEWEST = PAIRS[-1]


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_every_version_and_executor_accepts_a_baseline_namespace(pair: Pair) -> None:
    for executor in ({}, {"executor": CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))}):
        manifests = platform(
            lambda chart: {"pod_operator_namespaces": [Namespace(chart, "jobs", pod_security="baseline")]},
            chart_version=pair[0],
            airflow_version=pair[1],
            **executor,
        )
        there = [each for each in manifests if each["metadata"].get("namespace") == "jobs"]
        assert [each["kind"] for each in there] == ["Role", "RoleBinding"]
        for each in there:
            kubernetes_validate.validate(each, "1.34", strict=True)
        role, binding = there
        assert binding["roleRef"]["name"] == role["metadata"]["name"] == "airflow-pod-operator"
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": name, "namespace": "airflow"}
            for name in ("airflow-worker", "airflow-triggerer")
        ]


def test_accounts_of_the_program_are_bound_once() -> None:
    one = ServiceAccount(name="one")
    settings = release(
        NEWEST,
        pod_operator_namespaces=("jobs",),
        service_accounts=ServiceAccounts(workers=one, triggerer=one),
    )
    binding = compile_release(settings).objects["pods-in-jobs-pod-operator-binding"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "one", "namespace": "airflow-lab"}]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"pod_operator_namespaces": ("airflow-lab",)}, "pod_operator_namespaces[0]"),
        ({"pod_operator_namespaces": ("a", "a")}, "pod_operator_namespaces[1]"),
        ({"pod_operator_namespaces": ("a",), "task_namespaces": ("a",)}, "pod_operator_namespaces[0]"),
    ],
    ids=["own", "twice", "task namespace"],
)
def test_namespace_that_has_the_permissions_already_is_refused(changes: dict[str, Any], at: str) -> None:
    assert [finding.at for finding in operator_rules(release(NEWEST, **changes))] == [at]


def test_level_and_quota_of_each_namespace_decide_what_the_hook_adds() -> None:
    app = cdk8s.App()
    base = cdk8s.Chart(app, "base")
    free = Namespace(base, "free", pod_security="baseline")
    strict = Namespace(base, "strict", quota=Quota(cpu="4"))
    home = Namespace(base, "airflow", pod_security="baseline")
    made = make_airflow(cdk8s.Chart(app, "release"), namespace=home, pod_operator_namespaces=[free, strict])
    assert made._compiled is not None
    text = made._compiled.values["airflowLocalSettings"]
    assert "_RESTRICTED = frozenset(['strict'])" in text
    assert "'requests'" in text
    assert "task_publish_max_retries" not in str(made._compiled.values["config"])


def test_namespace_of_a_privileged_account_is_refused() -> None:
    with pytest.raises(PlatformError, match="delivery/shared-namespace"):
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), pod_operator_namespaces=[Namespace.existing("kube-system")])


def test_task_namespaces_of_airflow_2_name_the_argument_for_pods_of_the_operator() -> None:
    with pytest.raises(PlatformError, match="pod_operator_namespaces="):
        make_airflow(
            cdk8s.Chart(cdk8s.App(), "release"),
            airflow_version="2.11.0",
            task_namespaces=[Namespace.existing("jobs", pod_security="baseline")],
        )


def test_own_code_in_values_is_refused_with_the_argument() -> None:
    with pytest.raises(PlatformError, match=r"values\.airflowLocalSettings must not be set.*local_settings="):
        make_airflow(cdk8s.Chart(cdk8s.App(), "release"), values={"airflowLocalSettings": "import logging"})
