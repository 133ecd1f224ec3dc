"""As whom each component runs, what it may do, and whether it gets a token at all, in what real Helm renders."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.components import DagProcessor, DatabaseCleanup, Flower, PodCleanup
from cdk8s_airflow.airflow.environment_variables import KubernetesSecretsBackend
from cdk8s_airflow.airflow.executors import CeleryExecutor, ExternalBroker, KubernetesExecutor, LocalExecutor
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, FlowerAuthSecret
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount, ServiceAccounts
from tests.airflow.wire.samples import PAIRS, Pair, called, release
from tests.helm.rendering import Rendered, render

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids=called)]

CELERY = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))


def launcher(pair: Pair) -> frozenset[tuple[str, str]]:
    """What starts pods may do."""
    may = {f"pods {verb}" for verb in ("create", "list", "get", "patch", "watch", "delete")}
    may |= {"pods/log get", "pods/exec create", "pods/exec get", "events list"}
    if pair[0] in ("1.20.0", "1.22.0"):
        may.add("events watch")
    return frozenset(tuple(each.split(" ")) for each in may)  # type: ignore[misc]


READER = frozenset({("pods", "list"), ("pods", "get"), ("pods", "watch"), ("pods/log", "get"), ("pods/log", "list")})
CLEANER = frozenset({("pods", "list"), ("pods", "delete")})


def permissions(rendered: Rendered) -> dict[str, frozenset[tuple[str, str]]]:
    """Account -> (resource, verb) of all that it may do; those with none are left out."""
    assert not rendered.find("ClusterRole")
    assert not rendered.find("ClusterRoleBinding")
    may: dict[str, set[tuple[str, str]]] = {}
    for binding in rendered.find("RoleBinding"):
        role = rendered.get("Role", binding["roleRef"]["name"])
        rules = {
            (resource, verb) for rule in role["rules"] or [] for resource in rule["resources"] for verb in rule["verbs"]
        }
        for rule in role["rules"] or []:
            assert rule["apiGroups"] == [""]
        for subject in binding["subjects"] or []:
            may.setdefault(subject["name"], set()).update(rules)
    return {account: frozenset(rules) for account, rules in may.items() if rules}


def has_token(rendered: Rendered, pod: Any) -> bool:
    """Whether a pod gets a token: by its own setting, by that of its service account, or by default."""
    account = rendered.get("ServiceAccount", pod.spec["serviceAccountName"])
    told = pod.spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken"))
    return told is not False


def made(pair: Pair, **changes: Any) -> tuple[ReleaseSettings, Rendered]:
    given: dict[str, Any] = {"dag_processor": DagProcessor(), "database_cleanup": DatabaseCleanup(), **changes}
    settings = release(pair, **given)
    assert not compile_release(settings).setting_findings
    return settings, render(compile_release(settings).values_from_arguments, pair[0], release="lab")


def test_each_account_has_exactly_these_rights(pair: Pair) -> None:
    ui = "webserver" if pair[1] < "3" else "api-server"
    watcher = launcher(pair) if pair[0] in ("1.20.0", "1.22.0") else READER
    common = {"lab-airflow-triggerer": watcher, f"lab-airflow-{ui}": READER}
    start = launcher(pair)
    for changes, own in (
        (
            {"executor": KubernetesExecutor(), "cleanup": PodCleanup()},
            {"lab-airflow-scheduler": start, "lab-airflow-worker": start, "lab-airflow-cleanup": CLEANER},
        ),
        ({"executor": LocalExecutor()}, {"lab-airflow-scheduler": start}),
        (
            {"executor": CELERY, "flower": Flower(credentials=FlowerAuthSecret("flower"))},
            {"lab-airflow-worker": start},
        ),
    ):
        assert permissions(made(pair, **changes)[1]) == {**common, **own}


def test_a_pod_has_a_token_if_and_only_if_its_account_may_do_something(pair: Pair) -> None:
    for changes in (
        {"executor": KubernetesExecutor(), "cleanup": PodCleanup()},
        {"executor": LocalExecutor()},
        {"executor": CELERY, "flower": Flower(credentials=FlowerAuthSecret("flower"))},
    ):
        _, rendered = made(pair, **changes)
        may = permissions(rendered)
        tokens = {pod.spec["serviceAccountName"] for pod in rendered.pods if has_token(rendered, pod)}
        assert tokens == set(may)


def test_what_looks_up_secrets_gets_a_token(pair: Pair) -> None:
    if pair[1] in ("2.9.3", "2.10.5"):
        pair = (pair[0], "2.11.0")
    backend = KubernetesSecretsBackend(namespace="connections", provider_version="10.13.0")
    _, rendered = made(pair, executor=CELERY, secrets_backend=backend, image=Image("r.lab/airflow", tag="1"))
    tokens = {pod.component for pod in rendered.pods if has_token(rendered, pod)}
    assert {"scheduler", "dag-processor", "triggerer", "worker"} <= tokens


def test_accounts_are_called_and_annotated_as_told(pair: Pair) -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/lab"}
    accounts = ServiceAccounts(
        scheduler=ServiceAccount(annotations=role),
        api_server=ServiceAccount(name="ui", annotations=role),
        triggerer=ServiceAccount(name="waits"),
        dag_processor=ServiceAccount(annotations=role),
        workers=ServiceAccount(name="tasks", annotations=role),
        migration=ServiceAccount(name="migrates", annotations=role),
    )
    settings, rendered = made(pair, service_accounts=accounts)
    ui = "webserver" if pair[1] < "3" else "api-server"
    names = {
        "scheduler": "lab-airflow-scheduler",
        ui: "ui",
        "triggerer": "waits",
        "dag-processor": "lab-airflow-dag-processor",
        "worker": "tasks",
        "run-airflow-migrations": "migrates",
    }
    assert {component: rendered.pod(component).spec["serviceAccountName"] for component in names} == names
    for name in names.values():
        annotations = rendered.get("ServiceAccount", name)["metadata"].get("annotations") or {}
        assert annotations.items() >= ({} if name == "waits" else role).items()
    assert {"lab-airflow-scheduler", "tasks", "waits", "ui"} == set(permissions(rendered))
    for component in (ui, "worker", "triggerer", "scheduler", "dag-processor"):
        assert account_name(settings, component) == names[component]


def test_accounts_that_exist_are_used_and_not_made(pair: Pair) -> None:
    accounts = ServiceAccounts(workers=ExistingServiceAccount("theirs"), scheduler=ExistingServiceAccount("also"))
    _, rendered = made(pair, service_accounts=accounts)
    assert rendered.pod("worker").spec["serviceAccountName"] == "theirs"
    assert rendered.pod("scheduler").spec["serviceAccountName"] == "also"
    made_here = {manifest["metadata"]["name"] for manifest in rendered.find("ServiceAccount")}
    assert not made_here & {"theirs", "also", "lab-airflow-worker", "lab-airflow-scheduler", "default"}
    assert {"theirs", "also"} <= set(permissions(rendered))
