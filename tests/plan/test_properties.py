"""What holds for all plans."""

from __future__ import annotations

import copy
import random
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.plan.comparison import Plan, compare
from cdk8s_airflow.plan.manifest import Manifest, Platform, platform, read_files
from tests.plan.cases import CASES, CLUSTER, THREE, VALUES, edited
from tests.plan.given import Body, release

BODIES: list[Body] = list(
    {
        (body["apiVersion"], body["kind"], body["metadata"].get("namespace"), body["metadata"]["name"]): body
        for case in CASES
        for side in (case.old, case.new)
        for body in (side if isinstance(side, list) else [side] if side else [])
    }.values()
)

platforms = st.lists(st.sampled_from(range(len(BODIES))), unique=True, max_size=8).map(
    lambda chosen: [BODIES[index] for index in chosen]
)


def of(bodies: list[Body]) -> Platform:
    return platform([Manifest(body) for body in bodies])


def reversed_keys(value: Any) -> Any:
    """The same document with the keys of all mappings in another order."""
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(list(value))}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@given(platforms, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_identical_inputs_give_an_empty_plan_however_they_are_written(
    bodies: list[Body], chance: random.Random
) -> None:
    shuffled = chance.sample(bodies, len(bodies))
    files = {
        f"{number:02}.yaml": yaml.safe_dump(reversed_keys(body), sort_keys=False)
        for number, body in enumerate(shuffled)
    }
    written = read_files({"all.yaml": yaml.safe_dump_all(copy.deepcopy(bodies))})
    for plan in (compare(of(bodies), read_files(files)), compare(written, of(bodies))):
        assert plan.changes == ()


@given(platforms, platforms, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_documents_does_not_matter(old: list[Body], new: list[Body], chance: random.Random) -> None:
    plan = compare(of(old), of(new))
    other = compare(of(chance.sample(old, len(old))), of(chance.sample(new, len(new))))
    assert plan == other


@given(platforms, platforms)
@settings(max_examples=60, deadline=None)
def test_plan_is_empty_only_without_a_difference_and_names_each_object_that_differs(
    old: list[Body], new: list[Body]
) -> None:
    before, after = of(old), of(new)
    plan = compare(before, after)
    named = " ".join(f"{change.object} {change.message}" for change in plan.changes)
    for identity in before.manifests.keys() ^ after.manifests.keys():
        each = before.manifests.get(identity) or after.manifests[identity]
        assert each.name in named


def apart(bodies: list[Body], number: int) -> list[Body]:
    """The objects of a case in namespaces of their own, so that cases do not meet."""
    text = yaml.safe_dump(bodies)
    for name in ("airflow", "data", "kube-system", "argocd", "storage"):
        text = text.replace(f"namespace: {name}\n", f"namespace: {name}-{number}\n")
    changed: list[Body] = yaml.safe_load(text)
    return [body for body in changed if body["metadata"].get("namespace")]


@given(
    st.lists(st.sampled_from(range(len(CASES))), unique=True, min_size=2, max_size=6),
    st.integers(min_value=1, max_value=5),
)
@settings(max_examples=80, deadline=None)
def test_class_never_lowers_when_more_objects_change(chosen: list[int], fewer: int) -> None:
    def both(numbers: list[int]) -> Plan:
        sides: list[list[Body]] = [[], []]
        for number in chosen:
            case = CASES[number]
            old, new = ([*side] if isinstance(side, list) else [side] if side else [] for side in (case.old, case.new))
            sides[0] += apart(old, number)
            sides[1] += apart(new if number in numbers else old, number)
        return compare(of(sides[0]), of(sides[1]))

    small, large = both(chosen[:fewer]), both(chosen)
    assert small.risk.severity <= large.risk.severity
    assert {change.rule for change in small.changes if change.risk.value != "configuration"} <= {
        change.rule for change in large.changes
    }


EDITS_OF_A_CLUSTER: list[dict[str, Any]] = [
    {"spec__storage__size": "20Gi"},
    {"spec__storage__storageClass": "hdd"},
    {"spec__imageName": "example.com/postgresql:16.9"},
    {"spec__instances": 3},
    {"spec__postgresql__parameters__work_mem": "8MB"},
    {"spec__postgresql__parameters__max_connections": "100"},
    {"spec__enableSuperuserAccess": True},
    {"spec__resources__limits__memory": "2Gi"},
    {"spec__bootstrap__initdb__secret__name": "other"},
    {"metadata__labels": {"team": "data"}},
]
EDITS_OF_VALUES: list[dict[str, Any]] = [
    {"airflowVersion": "3.1.8"},
    {"fernetKeySecretName": "other"},
    {"jwtSecretName": "other"},
    {"executor": "LocalExecutor"},
    {"data__metadataSecretName": "other"},
    {"logs__persistence__existingClaim": "other"},
    {"scheduler__replicas": 1},
    {"scheduler__resources": {"limits": {"memory": "3Gi"}}},
    {"apiServer__service": {"type": "LoadBalancer"}},
    {"triggerer__enabled": False},
    {"config__core__parallelism": 8},
    {"env": [{"name": "A", "value": "b"}]},
    {"multiNamespaceMode": True},
]


@given(
    st.sets(st.sampled_from(range(len(EDITS_OF_A_CLUSTER)))),
    st.sampled_from(range(len(EDITS_OF_A_CLUSTER))),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_class_of_a_database_never_lowers_when_more_settings_change(edits: set[int], more: int, several: bool) -> None:
    base = THREE if several else CLUSTER
    few, many = (
        edited(base, **{key: value for number in chosen for key, value in EDITS_OF_A_CLUSTER[number].items()})
        for chosen in (edits, edits | {more})
    )
    small, large = (compare(of([base]), of([body])) for body in (few, many))
    assert small.risk.severity <= large.risk.severity


@given(st.sets(st.sampled_from(range(len(EDITS_OF_VALUES)))), st.sampled_from(range(len(EDITS_OF_VALUES))))
@settings(max_examples=80, deadline=None)
def test_class_of_a_release_never_lowers_when_more_values_change(edits: set[int], more: int) -> None:
    few, many = (
        edited(VALUES, **{key: value for number in chosen for key, value in EDITS_OF_VALUES[number].items()})
        for chosen in (edits, edits | {more})
    )
    small, large = (compare(of([release()]), of([release(body)])) for body in (few, many))
    assert small.risk.severity <= large.risk.severity


ODD = st.sampled_from(
    [None, True, 0, 2.5, "", "a: b\nc: [1]", "[", [], [1, "a"], [{"name": "x"}], [{"a": 1}, {"a": 2}], [None], {}, {"a": None}, {"name": 3}]
)  # fmt: skip
FIXED = [("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace")]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Body, Body]:
    """An object, and the same one with a value that no API server would accept."""
    body = BODIES[draw(st.integers(min_value=0, max_value=len(BODIES) - 1))]
    changed = copy.deepcopy(body)
    path = draw(st.sampled_from([place for place in places(body) if place and place not in FIXED]))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = copy.deepcopy(draw(ODD))
    return body, changed


@given(mutated())
@settings(max_examples=300, deadline=None)
def test_objects_that_break_their_schema_are_compared_all_the_same(bodies: tuple[Body, Body]) -> None:
    body, changed = bodies
    for old, new in ((body, changed), (changed, body)):
        plan = compare(of([old]), of([new]))
        assert all("MISSING" not in change.message for change in plan.changes)
    assert compare(of([changed]), of([copy.deepcopy(changed)])).changes == ()
