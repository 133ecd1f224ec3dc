"""What the constructs of one app have said, apart from what those of another have."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow.app import registry as registry_module
from cdk8s_airflow.app.construct import path_teller
from cdk8s_airflow.app.registry import Registry, identity_of, registry_of
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.model.secret_need import SecretNeed
from tests.making import make_airflow, make_cluster, make_dags, new_chart


def named(name: str, kind: str = "Secret", api_version: str = "v1", namespace: str = "n") -> dict[str, object]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("manifest", "identity"),
    [
        (named("a"), ("Secret", "n", "a")),
        (named("a", "Cluster", "postgresql.cnpg.io/v1"), ("Cluster/postgresql.cnpg.io", "n", "a")),
        ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}, ("Namespace", "", "a")),
        ({"apiVersion": "v1", "kind": "Secret"}, ("Secret", "", "")),
    ],
)
def test_an_object_is_known_by_kind_group_namespace_and_name(
    manifest: dict[str, object], identity: tuple[str, str, str]
) -> None:
    assert identity_of(manifest) == identity


def test_a_duplicate_name_is_refused_with_its_owner() -> None:
    registry = Registry()
    assert registry.register([named("a")], lambda: "app/first") == []
    (finding,) = registry.register([named("a"), named("b")], lambda: "app/second")
    assert (finding.rule, finding.seen) == ("object/taken", "'a'")
    assert "is already used by another Secret in namespace n, from app/first" in finding.problem
    assert len(registry.objects) == 2


@pytest.mark.parametrize(
    "other",
    [named("b"), named("a", "ConfigMap"), named("a", namespace="m"), named("a", "Secret", "other.io/v1")],
    ids=["name", "kind", "namespace", "group"],
)
def test_what_differs_in_one_point_is_another_object(other: dict[str, object]) -> None:
    registry = Registry()
    assert registry.register([named("a"), other], lambda: "x") == []


def test_the_same_kind_in_two_versions_of_one_group_is_one_object() -> None:
    registry = Registry()
    assert len(registry.register([named("a", "K", "g/v1"), named("a", "K", "g/v2")], lambda: "x")) == 1


def test_objects_whose_name_cdk8s_generates_are_never_taken() -> None:
    registry = Registry()
    nameless = {"apiVersion": "v1", "kind": "Secret", "metadata": {}}
    assert registry.register([nameless, nameless], lambda: "x") == []
    assert registry.objects == {}


def test_a_path_is_only_asked_for_when_there_is_something_to_say() -> None:
    def path() -> str:
        raise AssertionError("asked for nothing")

    assert Registry().register([named("a"), named("b")], path) == []


def need(purpose: str) -> SecretNeed:
    return SecretNeed(name="s", namespace="n", keys={}, purpose=purpose, command="true")


def test_the_first_to_need_a_secret_says_how_it_is_made_and_all_say_what_for() -> None:
    registry = Registry()
    registry.need([need("first"), replace(need("second"), command="false")])
    assert [(one.purpose, one.command) for one in registry.secrets.values()] == [("first; second", "true")]


def source(**changes: Any) -> ProvidedSecret:
    return replace(ProvidedSecret(name="s", namespace="n", keys=frozenset({"a"}), by="a Job"), **changes)


@pytest.mark.parametrize("first", ["need", "provide"])
def test_what_the_platform_makes_is_not_asked_of_anybody(first: str) -> None:
    registry = Registry()
    asked = replace(need("signs"), keys={"a": "a key"})
    steps = {"need": lambda: registry.need([asked]), "provide": lambda: registry.provide([source()])}
    found = [finding for step in sorted(steps, key=lambda step: step != first) for finding in steps[step]()]
    assert found == []
    assert registry.missing == []
    assert len(registry.secrets) == len(registry.provided) == 1


@pytest.mark.parametrize("first", ["need", "provide"])
def test_a_secret_made_without_a_key_that_is_read_is_found_in_either_order(first: str) -> None:
    registry = Registry()
    asked = replace(need("signs"), keys={"a": "a key", "b": "another"}, type="kubernetes.io/tls")
    steps = {"need": lambda: registry.need([asked]), "provide": lambda: registry.provide([source()])}
    found = [finding for step in sorted(steps, key=lambda step: step != first) for finding in steps[step]()]
    assert [(finding.rule, finding.seen) for finding in found] == [
        ("secrets/key-not-made", "a"),
        ("secrets/type", "Opaque"),
    ]
    assert "must contain b;" in found[0].problem


def test_keys_and_type_that_nobody_knows_are_not_found_missing() -> None:
    registry = Registry()
    registry.need([replace(need("signs"), keys={"a": "a key", "*": "any"}, type="kubernetes.io/tls")])
    assert registry.provide([source(keys=None, type=None)]) == []


def test_a_secret_is_made_once() -> None:
    registry = Registry()
    assert registry.provide([source()]) == []
    (finding,) = registry.provide([source(by="a controller")])
    assert (finding.rule, finding.seen) == ("secrets/made-twice", "s")
    assert "a Job" in finding.problem


def test_an_app_has_one_ledger_and_two_apps_have_two() -> None:
    app = cdk8s.App()
    one, two = cdk8s.Chart(app, "one"), cdk8s.Chart(app, "two")
    assert registry_of(one) is registry_of(two) is registry_of(app)
    assert registry_of(new_chart()) is not registry_of(app)


def test_the_same_names_in_two_apps_do_not_meet() -> None:
    for _ in range(2):
        chart = new_chart()
        make_cluster(chart)
        make_airflow(chart, dags=make_dags(chart))


class Node:
    def __init__(self, root: object) -> None:
        self.root = root


class Tree:
    """A construct as far as a ledger looks at one. jsii itself never lets go of a real one."""

    def __init__(self, root: Tree | None = None) -> None:
        self.node = Node(root or self)


def test_the_ledger_of_a_discarded_app_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_root_of", lambda scope: scope.node.root)

    def build() -> list[weakref.ref[object]]:
        root = Tree()
        leaf = Tree(root)
        registry = registry_of(leaf)  # type: ignore[arg-type]
        registry.register([named("a")], path_teller(leaf, "x"))  # type: ignore[arg-type]
        return [weakref.ref(held) for held in (root, leaf, registry)]

    held = [reference for _ in range(5) for reference in build()]
    gc.collect()
    assert [reference() for reference in held] == [None] * 15


def test_a_path_that_is_asked_for_after_its_construct_is_gone_is_the_id() -> None:
    path = path_teller(Tree(), "x")  # type: ignore[arg-type]
    gc.collect()
    assert path() == "x"


@pytest.mark.parametrize("first", ["launch", "guard"])
def test_an_account_with_reach_is_refused_where_a_release_launches_pods_whichever_comes_first(first: str) -> None:
    registry = Registry()
    calls = {
        "launch": lambda: registry.launch(("airflow", "tasks"), "airflow"),
        "guard": lambda: registry.guard("tasks", "the account of Job 'makes'"),
    }
    assert calls.pop(first)() == []
    (found,) = next(iter(calls.values()))()
    assert (found.rule, found.at, found.seen) == ("secrets/exposed-account", "namespace", "'tasks'")
    assert "the account of Job 'makes'" in found.problem
    assert "'airflow'" in found.problem


def test_an_account_with_reach_may_live_where_no_release_launches_pods() -> None:
    registry = Registry()
    assert registry.launch(("airflow",), "airflow") == []
    assert registry.guard("setup", "the account of Job 'makes'") == []
