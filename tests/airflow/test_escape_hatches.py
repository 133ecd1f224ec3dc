"""The ways past the arguments, in their order: values=, unchecked_values=, JSON patches of the objects."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from cdk8s import JsonPatch

from cdk8s_airflow import (
    AirflowChart,
    ArgoApplication,
    FluxRelease,
    HelmCommand,
    K3sHelmChart,
    Logs,
    PlatformError,
    Scheduler,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from tests.making import emitted, make_airflow, new_chart
from tests.truth.manifests import Loader, values_of


def values(**changes: Any) -> dict[str, Any]:
    """The values that a release is written with."""
    chart = new_chart()
    make_airflow(chart, **changes)
    return values_of(emitted(chart)[0])


def found(**changes: Any) -> list[tuple[str, str]]:
    """Rule and place of everything that is wrong with a release."""
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **changes)
    return [(finding.rule, finding.at) for finding in caught.value.findings]


def test_values_win_over_arguments_key_by_key() -> None:
    plain = values()["securityContexts"]["pod"]
    said = values(values={"securityContexts": {"pod": {"runAsUser": 1000, "supplementalGroups": [7]}}})
    assert plain["runAsUser"] == 50000
    assert said["securityContexts"]["pod"] == {**plain, "runAsUser": 1000, "supplementalGroups": [7]}


def test_unchecked_values_win_over_values_and_arguments() -> None:
    said = values(
        scheduler=Scheduler(replicas=2),
        values={"scheduler": {"revisionHistoryLimit": 3, "annotations": {"a": "b", "c": "d"}}},
        unchecked_values={"scheduler": {"replicas": 4, "annotations": {"c": "e"}}, "ours": [1]},
    )
    assert said["scheduler"]["replicas"] == 4
    assert said["scheduler"]["revisionHistoryLimit"] == 3
    assert said["scheduler"]["annotations"] == {"a": "b", "c": "e"}
    assert said["ours"] == [1]


def test_a_patch_of_the_object_wins_over_all_values() -> None:
    chart = new_chart()
    airflow = make_airflow(
        chart, values={"airflowConfigAnnotations": {"a": "b"}}, unchecked_values={"labels": {"a": "c"}}
    )
    assert airflow.api_object is not None
    airflow.api_object.add_json_patch(
        JsonPatch.replace("/spec/valuesContent", "labels: {a: d}\n"), JsonPatch.add("/spec/backOffLimit", 3)
    )
    (manifest,) = emitted(chart)
    assert values_of(manifest) == {"labels": {"a": "d"}}
    assert manifest["spec"]["backOffLimit"] == 3


def test_unchecked_lists_are_replaced_and_maps_are_merged() -> None:
    before = values()["migrateDatabaseJob"]
    assert before["extraInitContainers"]
    after = values(unchecked_values={"migrateDatabaseJob": {"extraInitContainers": [], "nodeSelector": {"a": "b"}}})
    assert after["migrateDatabaseJob"] == {**before, "extraInitContainers": [], "nodeSelector": {"a": "b"}}


@pytest.mark.parametrize("hatch", ["values", "unchecked_values"])
def test_a_map_takes_the_place_of_what_is_no_map_and_the_other_way_round(hatch: str) -> None:
    said = values(**{hatch: {"airflowConfigAnnotations": {"a": "b"}, "scheduler": {"args": ["x"], "command": None}}})
    assert said["airflowConfigAnnotations"] == {"a": "b"}
    assert said["scheduler"]["args"] == ["x"]


def test_none_removes_a_default_of_the_chart() -> None:
    said = values(values={"scheduler": {"startupProbe": {"timeoutSeconds": None}, "strategy": None}})
    assert said["scheduler"]["startupProbe"]["timeoutSeconds"] is None
    assert said["scheduler"]["strategy"] is None


@pytest.mark.parametrize(
    "section",
    ["scheduler", "config", "dags", "images", "workers", "scheduler.startupProbe", "config.core", "logs.persistence"],
)
def test_none_never_removes_a_whole_section(section: str) -> None:
    tree: Any = None
    for key in reversed(section.split(".")):
        tree = {key: tree}
    assert found(values=tree) == [("values/null-section", f"values.{section}")]


@pytest.mark.parametrize("key", ["nodeSelector", "topologySpreadConstraints"])
def test_what_the_chart_hands_on_to_kubernetes_may_be_none(key: str) -> None:
    assert values(values={key: None})[key] is None


def test_values_are_validated_for_the_chart_version() -> None:
    assert found(values={"scheduler": {"replicsa": 2}}) == [("values/unknown-key", "values.scheduler.replicsa")]
    assert found(values={"scheduler": {"hostAliases": "2"}}) == [("values/wrong-type", "values.scheduler.hostAliases")]
    assert found(values={"fernetKey": "s3cret"})[0] == ("values/secret-literal", "values.fernetKey")


def test_unchecked_values_are_not_validated_and_are_in_the_summary() -> None:
    chart = new_chart()
    make_airflow(chart, unchecked_values={"scheduler": {"replicsa": 2}, "another": None})
    assert (
        "unchecked_values= of release airflow has keys that are not validated: another, scheduler"
        in registry_of(chart).notes
    )
    assert values_of(emitted(chart)[0])["scheduler"]["replicsa"] == 2


def test_what_no_text_can_say_is_refused_even_there() -> None:
    assert found(unchecked_values={"a": {"b": {1, 2}}}) == [("text/type", "unchecked_values.a.b")]


def test_values_that_contain_themselves_are_refused_by_every_delivery() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    for delivery in (K3sHelmChart(), K3sHelmChart(values="structured"), FluxRelease(), HelmCommand()):
        facts = ClusterFacts(helm_controller="0.17.7")
        assert [rule for rule, _ in found(unchecked_values={"a": endless}, delivery=delivery, facts=facts)] == [
            "text/depth"
        ]


def test_without_unchecked_values_there_is_no_such_note() -> None:
    chart = new_chart()
    make_airflow(chart, values={"airflowConfigAnnotations": {"a": "b"}})
    assert not any("nothing was checked" in note for note in registry_of(chart).notes)


@pytest.mark.parametrize(
    ("delivery", "kind", "ids"),
    [
        (K3sHelmChart(), "HelmChart", {"release"}),
        (FluxRelease(), "HelmRelease", {"release", "values", "repository"}),
        (ArgoApplication(), "Application", {"release"}),
    ],
)
def test_every_object_can_be_patched_by_its_id(delivery: Any, kind: str, ids: set[str]) -> None:
    chart = new_chart()
    airflow = make_airflow(chart, delivery=delivery, logs=Logs.claim(Volume("1Gi")), facts=ClusterFacts(nodes=1))
    assert set(airflow.api_objects) == {*ids, "logs"}
    assert airflow.api_objects["release"].kind == kind
    assert airflow.api_object is not None
    assert airflow.api_object.kind == kind
    for id in airflow.api_objects:
        airflow.api_objects[id].metadata.add_label("patched", id)
    assert {m["metadata"]["labels"]["patched"] for m in emitted(chart)} == {*ids, "logs"}


def test_the_values_of_flux_are_patched_in_their_config_map() -> None:
    chart = new_chart()
    airflow = make_airflow(chart, delivery=FluxRelease())
    (key,) = next(m for m in emitted(chart) if m["kind"] == "ConfigMap")["data"]
    airflow.api_objects["values"].add_json_patch(JsonPatch.replace(f"/data/{key}", "labels: {a: d}\n"))
    texts = next(m for m in emitted(chart) if m["kind"] == "ConfigMap")["data"]
    assert yaml.load(texts[key], Loader=Loader) == {"labels": {"a": "d"}}


def test_a_release_by_hand_has_no_object_for_it() -> None:
    airflow = make_airflow(new_chart(), delivery=HelmCommand())
    assert airflow.api_object is None
    assert airflow.api_objects == {}


def test_an_unsound_release_has_no_objects_either() -> None:
    seen: list[AirflowChart] = []
    with pytest.raises(PlatformError), collecting():
        seen.append(make_airflow(new_chart(), release="Upper"))
    assert seen[0].api_object is None
    assert seen[0].api_objects == {}
