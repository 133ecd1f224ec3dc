"""What accounts may do: read from Roles and bindings, put together, and told in the summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import main
from cdk8s_airflow import (
    ArgoApplication,
    BrokerUrlSecret,
    CeleryExecutor,
    ExternalBroker,
    FluxRelease,
    HelmCommand,
    Image,
    K3sHelmChart,
    KubernetesExecutor,
    KubernetesSecretsBackend,
    LocalExecutor,
    Namespace,
    PlatformError,
)
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.permissions import GRANTS, ROLES
from cdk8s_airflow.airflow.wire.task_namespaces import namespace_objects
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model.permission import Permission, merged, permissions_in
from cdk8s_airflow.report.details import details
from cdk8s_airflow.report.permissions import permissions_of, permissions_text
from tests.airflow.wire.samples import PAIRS, Pair, called, release
from tests.examples_built import PATHS, example_app
from tests.making import make_airflow, new_chart
from tests.truth.goldens import check_golden, keep_golden
from tests.truth.manifests import load

GOLDENS = Path(__file__).parent / "goldens"
RBAC = "rbac.authorization.k8s.io/v1"


def role(kind: str, name: str, *rules: dict[str, Any], namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "rules": list(rules)}


def binding(kind: str, to: str, *subjects: dict[str, Any], namespace: str | None = None) -> dict[str, Any]:
    metadata = {"name": "b"} if namespace is None else {"name": "b", "namespace": namespace}
    which = {"apiGroup": "rbac.authorization.k8s.io", "kind": to.partition("/")[0], "name": to.partition("/")[2]}
    return {"apiVersion": RBAC, "kind": kind, "metadata": metadata, "roleRef": which, "subjects": list(subjects)}


READ = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["b", "a"]}
PODS = {"apiGroups": ["", "apps"], "resources": ["pods"], "verbs": ["watch", "list"]}
READER = {"kind": "ServiceAccount", "name": "reader", "namespace": "bridge"}


def permission(**changes: Any) -> Permission:
    given: dict[str, Any] = {
        "account": "reader",
        "account_namespace": "bridge",
        "namespace": "data",
        "group": "",
        "resource": "pods",
        "verbs": ("list", "watch"),
    }
    return Permission(**{**given, **changes})


def test_a_right_is_a_rule_of_a_role_that_a_binding_gives_to_an_account() -> None:
    manifests = [
        role("Role", "r", READ, PODS, namespace="data"),
        binding("RoleBinding", "Role/r", READER, {"kind": "Group", "name": "people"}, namespace="data"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "r"}},
    ]
    assert permissions_in(manifests) == (
        permission(),
        permission(resource="secrets", verbs=("get",), names=("a", "b")),
        permission(group="apps"),
    )


def test_a_role_is_looked_for_in_the_namespace_of_its_binding() -> None:
    manifests = [
        role("Role", "r", PODS, namespace="data"),
        binding("RoleBinding", "Role/r", READER, namespace="elsewhere"),
    ]
    assert permissions_in(manifests) == ()
    unsaid = [role("Role", "r", PODS), binding("RoleBinding", "Role/r", {"kind": "ServiceAccount", "name": "x"})]
    assert {(each.account_namespace, each.namespace) for each in permissions_in(unsaid, "here")} == {("here", "here")}


@pytest.mark.parametrize(("kind", "where"), [("RoleBinding", "data"), ("ClusterRoleBinding", None)])
def test_a_cluster_role_counts_where_it_is_bound(kind: str, where: str | None) -> None:
    manifests = [role("ClusterRole", "r", PODS), binding(kind, "ClusterRole/r", READER, namespace=where)]
    assert {each.namespace for each in permissions_in(manifests)} == {where}


def test_rights_on_one_resource_are_put_together_in_a_fixed_order() -> None:
    given = [
        permission(verbs=("watch",)),
        permission(verbs=("get",), names=("x",)),
        permission(verbs=("list",)),
        permission(account="a"),
    ]
    assert merged(given) == merged(reversed(given))
    assert merged(given) == (permission(account="a"), permission(), permission(verbs=("get",), names=("x",)))


def test_only_anything_with_anything_in_the_whole_cluster_is_everything() -> None:
    every: dict[str, Any] = {"namespace": None, "group": "*", "resource": "*", "verbs": ("*",)}
    assert permission(**every).is_everything
    for key, other in (("namespace", "data"), ("group", ""), ("resource", "pods"), ("verbs", ("get",))):
        assert not permission(**{**every, key: other}).is_everything


def test_a_reader_sees_place_by_place_who_may_do_what() -> None:
    everything = permission(account="helm", namespace=None, group="*", resource="*", verbs=("*",))
    told = permissions_text(
        [
            permission(account_namespace="data"),
            permission(account="other", account_namespace="data"),
            permission(resource="secrets", verbs=("get",), names=("a", "b")),
            permission(namespace=None, group="batch", resource="jobs", verbs=("get",)),
            everything,
        ]
    )
    assert told.splitlines() == [
        "Permissions of service accounts in the Kubernetes API:",
        "  in namespace data",
        "    reader, other: list watch pods",
        "    reader of namespace bridge: get secrets named a, b",
        "  in the whole cluster",
        "    reader of namespace bridge: get jobs.batch",
        "    helm of namespace bridge: everything",
    ]
    assert permissions_text([]) == ""


def test_details_of_the_homelab_list_its_permissions() -> None:
    text = "\n\n".join(details(registry_of(main.build()), Path("dist")))
    said = text.partition("Permissions of service accounts in the Kubernetes API:\n")[2].partition("\n\n")[0]
    assert said.splitlines() == [
        "  in namespace airflow",
        "    airflow-api-server: get list watch pods; get list pods/log",
        "    airflow-scheduler, airflow-triggerer, airflow-worker: list watch events; "
        "create delete get list patch watch pods; create get pods/exec; get pods/log",
        "  in the whole cluster",
        "    helm-airflow of namespace kube-system: everything",
    ]


def test_the_construct_tells_its_rights_and_the_app_those_of_all_its_constructs() -> None:
    chart = new_chart()
    one = make_airflow(chart, "one", release="one", delivery=HelmCommand())
    two = make_airflow(
        chart,
        "two",
        release="two",
        namespace=Namespace.existing("second"),
        airflow_version="3.2.2",
        image=Image("r.lab/airflow", tag="1"),
        secrets_backend=KubernetesSecretsBackend(namespace="connections", provider_version="10.14.0"),
    )
    assert {each.account_namespace for each in one.permissions} == {"airflow"}
    assert {each.namespace for each in two.permissions} == {"second", "connections", None}
    assert permissions_of(registry_of(chart)) == merged([*one.permissions, *two.permissions])


def test_cluster_wide_permissions_require_unchecked_values_and_are_reported() -> None:
    plain = make_airflow(new_chart(), delivery=HelmCommand())
    wide = make_airflow(new_chart(), delivery=HelmCommand(), unchecked_values={"multiNamespaceMode": True})
    assert all(each.namespace == "airflow" for each in plain.permissions)
    assert {each.namespace for each in wide.permissions} == {None}


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_every_row_of_the_data_is_of_use(pair: Pair) -> None:
    assert {grant.role for grant in GRANTS} == set(ROLES)
    settings = release(pair, delivery=HelmCommand())
    told = compile_release(settings).permissions
    assert {each.account.removeprefix("lab-airflow-") for each in told} == {
        "scheduler",
        "worker",
        "triggerer",
        settings.dialect.ui_server,
    }
    assert not [each for each in told if each.resource == "secrets" or "*" in (each.resource, *each.verbs)]


def test_task_namespaces_give_pods_there_to_the_scheduler_and_logs_to_the_ui() -> None:
    settings = release(("1.22.0", "3.2.2"), task_namespaces=("team-a", "team-b"), delivery=HelmCommand())
    objects = namespace_objects(compile_release(settings).shared).values()
    told = {(each.account, each.namespace, each.resource, each.verbs) for each in permissions_in(objects)}
    launch = ("create", "delete", "list", "patch", "watch")
    assert told == {
        each
        for place in ("team-a", "team-b")
        for each in (
            ("lab-airflow-scheduler", place, "pods", launch),
            ("lab-airflow-api-server", place, "pods", ("list",)),
            ("lab-airflow-api-server", place, "pods/log", ("get",)),
        )
    }


@pytest.mark.parametrize("pair", [("1.15.0", "2.9.3"), ("1.22.0", "3.2.2")], ids=called)
@pytest.mark.parametrize(
    ("executor", "components"),
    [
        (KubernetesExecutor(), ("triggerer", "worker")),
        (CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker"))), ("triggerer", "worker")),
        (LocalExecutor(), ("scheduler", "triggerer")),
    ],
    ids=["kubernetes", "celery", "local"],
)
def test_pods_of_the_operator_elsewhere_are_started_by_the_accounts_of_workers_and_triggerer(
    pair: Pair, executor: Any, components: tuple[str, ...]
) -> None:
    """With the permissions that the chart gives the same accounts in the namespace of the release."""
    settings = release(pair, executor=executor, pod_operator_namespaces=("jobs",), delivery=HelmCommand())
    told = compile_release(settings).permissions
    there = {(each.account, each.resource): each.verbs for each in told if each.namespace == "jobs"}
    assert there == {
        (f"lab-airflow-{component}", resource): verbs
        for component in components
        for resource, verbs in (
            ("pods", ("create", "delete", "get", "list", "patch", "watch")),
            ("pods/log", ("get",)),
            ("pods/exec", ("create", "get")),
            ("events", ("list", "watch")),
        )
    }
    if pair[0] == "1.22.0":
        home = {
            (each.account, each.resource): each.verbs
            for each in told
            if each.account.removeprefix("lab-airflow-") in components and each.namespace == settings.namespace
        }
        assert there == home


@pytest.mark.parametrize("file", sorted(GOLDENS.rglob("*.k8s.yaml")), ids=lambda file: file.stem)
def test_no_object_we_emit_gives_a_right_over_the_cluster_or_over_everything(file: Path) -> None:
    manifests = load(file)
    assert not [each for each in manifests if each["kind"] in ("ClusterRole", "ClusterRoleBinding")]
    for each in manifests:
        for rule in each.get("rules") or () if each["kind"] == "Role" else ():
            assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
    bound = [each for each in manifests if each["kind"] == "RoleBinding"]
    assert {each["roleRef"]["kind"] for each in bound} <= {"Role"}


@pytest.mark.parametrize(
    "delivery", [K3sHelmChart, FluxRelease, ArgoApplication], ids=["helm-controller", "flux", "argo"]
)
def test_what_delivers_one_release_is_not_where_another_launches_pods(delivery: Any) -> None:
    said = delivery(namespace="second")
    for first, then in (
        ({"delivery": said}, {"namespace": Namespace.existing("second")}),
        ({"namespace": Namespace.existing("second")}, {"delivery": said}),
    ):
        chart = new_chart()
        make_airflow(chart, "one", release="one", **first)
        with pytest.raises(PlatformError, match=r"two: .*'one'.*secrets/exposed-account") as caught:
            make_airflow(chart, "two", release="two", **then)
        assert "Use a namespace where no Airflow release starts pods." in str(caught.value)


def test_a_helm_chart_is_not_where_tasks_run_either() -> None:
    chart = new_chart()
    with pytest.raises(
        PlatformError, match=r"any DAG author could start a pod with that account.*delivery/shared-namespace"
    ):
        make_airflow(chart, task_namespaces=[Namespace.existing("team-a")], delivery=K3sHelmChart(namespace="team-a"))


@pytest.mark.parametrize("name", PATHS)
def test_the_rights_of_an_example_are_exactly_those_that_were_reviewed(name: str) -> None:
    golden = GOLDENS / "rights" / f"{name}.txt"
    keep_golden(golden)
    app = example_app(name)
    check_golden(f"{permissions_text(permissions_of(registry_of(app)))}\n", golden)
