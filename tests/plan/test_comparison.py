"""What a plan reports once, in which order, and which objects belong together."""

from __future__ import annotations

import pytest

from cdk8s_airflow.plan.risk import Risk, worst
from tests.plan.cases import CLAIM, CLUSTER, DEPLOYMENT, NAMESPACE, POLICY, SERVICE, edited, named
from tests.plan.given import found, only, plan, release, thing, values


def test_objects_with_the_worst_change_come_first_and_within_an_object_too() -> None:
    old = [CLAIM, CLUSTER, DEPLOYMENT]
    new = [
        edited(CLAIM, metadata__labels={"team": "data"}),
        edited(CLUSTER, spec__storage__size="20Gi", spec__postgresql__parameters__work_mem="8MB"),
        edited(DEPLOYMENT, spec__template={"spec": {"containers": [{"name": "main", "image": "main:2"}]}}),
    ]
    assert [(change.risk.value, change.object.partition("/")[0]) for change in plan(old, new).changes] == [
        ("impossible", "Cluster"),
        ("configuration", "Cluster"),
        ("restart", "Deployment"),
        ("configuration", "PersistentVolumeClaim"),
    ]


def test_renamed_objects_are_found_among_objects_of_one_kind_by_their_content() -> None:
    small = named(edited(CLAIM, spec__resources__requests__storage="1Gi", spec__storageClassName="ssd"), "dags")
    plan_of_both = plan([CLAIM, small], [named(small, "dags-new"), named(CLAIM, "logs-new")])
    messages = {change.object: change.message for change in plan_of_both.changes if change.rule == "claim/renamed"}
    assert messages.keys() == {"PersistentVolumeClaim/airflow/logs", "PersistentVolumeClaim/airflow/dags"}
    assert "airflow/logs-new is a new, empty volume" in messages["PersistentVolumeClaim/airflow/logs"]
    assert "airflow/dags-new is a new, empty volume" in messages["PersistentVolumeClaim/airflow/dags"]


def test_objects_that_move_with_their_namespace_keep_their_partners() -> None:
    old = [NAMESPACE, CLAIM, SERVICE]
    new = [named(NAMESPACE, "platform"), named(CLAIM, "logs", "platform"), named(SERVICE, "web", "platform")]
    assert found(plan(old, new)) == {
        ("data", "namespace/renamed", "Namespace//airflow"),
        ("data", "claim/renamed", "PersistentVolumeClaim/airflow/logs"),
        ("downtime", "service/renamed", "Service/airflow/web"),
    }


def test_namespaces_are_paired_by_the_objects_in_them() -> None:
    one, two = (named(NAMESPACE, name) for name in ("airflow", "data"))
    old = [one, two, CLAIM, CLUSTER]
    new = [named(one, "a"), named(two, "b"), named(CLAIM, "logs", "b"), named(CLUSTER, "db", "a")]
    messages = [change.message for change in plan(old, new).changes if change.rule == "namespace/renamed"]
    assert sorted(message.partition(",")[0] for message in messages) == [
        "The platform moves from namespace airflow to namespace b",
        "The platform moves from namespace data to namespace a",
    ]


def test_objects_of_one_kind_that_have_nothing_in_common_are_not_paired() -> None:
    other = thing("NetworkPolicy", "other", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    assert found(plan(POLICY, other)) == {
        ("security", "policy/removed", "NetworkPolicy/airflow/scheduler"),
        ("downtime", "policy/added", "NetworkPolicy/airflow/other"),
    }


def test_settings_of_a_renamed_object_are_no_change_in_place() -> None:
    smaller = named(edited(CLUSTER, spec__storage__size="20Gi"), "pg")
    assert found(plan(CLUSTER, smaller)) == {
        ("data", "database/renamed", "Cluster/data/db"),
        ("configuration", "object/renamed-settings", "Cluster/data/db"),
    }


def test_what_follows_a_rename_is_not_listed() -> None:
    policy = edited(POLICY, spec__podSelector={"matchLabels": {"cnpg.io/cluster": "db"}})
    renamed = named(edited(POLICY, spec__podSelector={"matchLabels": {"cnpg.io/cluster": "pg"}}), "pg")
    changes = plan([CLUSTER, named(policy, "db")], [named(CLUSTER, "pg"), renamed])
    assert found(changes) == {
        ("data", "database/renamed", "Cluster/data/db"),
        ("configuration", "object/renamed", "NetworkPolicy/airflow/db"),
    }


def test_section_that_is_added_is_one_change() -> None:
    change = only(plan(CLAIM, edited(CLAIM, metadata__annotations={"a": "1", "b": "2"})))
    assert (change.path, change.kind, change.new) == ("metadata.annotations", "added", '{"a": "1", "b": "2"}')


def test_containers_are_matched_by_name() -> None:
    sidecar = {"name": "first", "image": "side:1"}
    new = edited(DEPLOYMENT, spec__template={"spec": {"containers": [sidecar, {"name": "main", "image": "main:1"}]}})
    change = only(plan(DEPLOYMENT, new))
    assert change.path == "spec.template"
    assert "containers[first]" in change.message
    assert "main:1" not in change.message


def test_order_of_init_containers_is_a_change() -> None:
    one, two = ({"name": name, "image": "i"} for name in ("one", "two"))
    old, new = (
        edited(DEPLOYMENT, spec__template={"spec": {"initContainers": both}}) for both in ([one, two], [two, one])
    )
    assert only(plan(old, new)).rule == "workload/restart"


def test_values_of_objects_that_hold_secrets_are_hidden() -> None:
    old, new = (thing("Secret", "key", stringData={"password": word}) for word in ("correct-horse", "battery-staple"))
    change = only(plan(old, new))
    assert (change.old, change.new) == ("<hidden>", "<hidden>")
    assert "horse" not in change.message
    assert "staple" not in change.message


def test_values_that_look_like_secrets_are_hidden_elsewhere_too() -> None:
    old, new = (release(values(env=[{"name": "DB_PASSWORD", "value": word}])) for word in ("s3cr3t-0ne", "s3cr3t-tw0"))
    message = only(plan(old, new)).message
    assert "s3cr3t" not in message


def test_null_of_a_value_removes_a_default_and_null_of_an_object_is_nothing() -> None:
    assert plan(CLAIM, edited(CLAIM, spec__volumeName=None)).changes == ()
    with_null = thing("PersistentVolumeClaim", "logs", spec={**CLAIM["spec"], "volumeName": None})
    assert plan(CLAIM, with_null).changes == ()
    null = values()
    null["images"] = {"airflow": None}
    assert only(plan(release(), release(null))).path == "spec.valuesContent.images.airflow"


@pytest.mark.parametrize(
    ("risk", "reached"),
    [
        (Risk.NONE, set()),
        (Risk.CONFIGURATION, {"configuration"}),
        (Risk.RESTART, {"configuration", "restart"}),
        (Risk.SECURITY, {"configuration", "restart", "security"}),
        (Risk.DOWNTIME, {"configuration", "restart", "downtime"}),
        (Risk.DATA, {"configuration", "restart", "downtime", "data"}),
        (Risk.IMPOSSIBLE, {"configuration", "restart", "downtime", "data", "impossible"}),
    ],
)
def test_class_reaches_itself_and_what_is_less_severe(risk: Risk, reached: set[str]) -> None:
    assert {threshold.value for threshold in Risk if threshold is not Risk.NONE and risk.reaches(threshold)} == reached


def test_worst_of_no_class_is_none() -> None:
    assert worst([]) is Risk.NONE
    assert worst([Risk.RESTART, Risk.IMPOSSIBLE, Risk.DATA]) is Risk.IMPOSSIBLE
