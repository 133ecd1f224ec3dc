"""What all constructs have in common: checked in Python first, told in our words, emitted in one go or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cdk8s
import pytest
from constructs import Construct
from jsii._kernel.providers.process import _NodeProcess

from cdk8s_airflow.app.construct import PlatformConstruct, checked, path_below
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.app.run import synth
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.validation import Finding, PlatformError, collecting
from tests.making import emitted, new_chart

FINDING = Finding(rule="test/wrong", at="argument", problem="is wrong", fix="fix it")


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "n"}, "data": data}


def cluster(name: str = "pg") -> dict[str, Any]:
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": name, "namespace": "n"},
        "spec": {"instances": 1, "storage": {"size": "1Gi"}},
    }


class Probe(PlatformConstruct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        manifests: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        findings: tuple[Finding, ...] = (),
        facts: ClusterFacts | None = None,
    ) -> None:
        super().__init__(scope, id, findings)
        if self._sound:
            self._emit(manifests or {}, facts=facts)


def test_manifests_become_objects_below_the_construct() -> None:
    chart = new_chart("c")
    probe = Probe(chart, "p", {"one": config_map("one"), "two": config_map("two")})
    assert [manifest["metadata"]["name"] for manifest in emitted(chart)] == ["one", "two"]
    assert {child.node.id for child in probe.node.children} == {"one", "two"}
    assert probe.sound


def test_custom_resources_require_their_definition() -> None:
    chart = new_chart()
    Probe(chart, "p", {"cluster": cluster()})
    assert registry_of(chart).crds == {"clusters.postgresql.cnpg.io"}


def test_nothing_to_emit_is_nothing_emitted() -> None:
    chart = new_chart()
    Probe(chart, "p")
    assert emitted(chart) == []


def test_findings_are_raised_with_the_path_before_jsii_is_reached() -> None:
    chart = new_chart("c")
    with pytest.raises(PlatformError, match=r"^c/p: argument is wrong\. Fix it\. \[test/wrong\]$"):
        Probe(chart, "p", {"one": config_map()}, findings=(FINDING,))
    assert chart.node.try_find_child("p") is None


def test_while_findings_are_collected_an_unsound_construct_is_there_and_empty() -> None:
    chart = new_chart("c")
    with pytest.raises(PlatformError), collecting():
        probe = Probe(chart, "p", {"one": config_map()}, findings=(FINDING,))
    assert probe.node.path == "c/p"
    assert not probe.sound
    assert emitted(chart) == []


def test_a_manifest_that_the_api_server_would_refuse_is_not_emitted_nor_are_its_siblings() -> None:
    chart = new_chart("c")
    wrong = config_map("Upper")
    with pytest.raises(PlatformError) as caught:
        Probe(chart, "p", {"good": config_map(), "wrong": wrong})
    assert [finding.path for finding in caught.value] == ["c/p"]
    assert emitted(chart) == []
    Probe(chart, "q", {"good": config_map()})


def test_a_taken_name_is_refused_naming_who_has_it() -> None:
    chart = new_chart("c")
    Probe(chart, "one", {"x": config_map()})
    with pytest.raises(PlatformError, match=r"^c/two: .* from c/one \(got 'a'\)"):
        Probe(chart, "two", {"x": config_map()})


@pytest.mark.parametrize("crds", [[], ["helmcharts.helm.cattle.io"]])
def test_a_definition_that_the_cluster_lacks_is_named(crds: list[str]) -> None:
    with pytest.raises(PlatformError, match=r"facts.crds.* must list clusters.postgresql.cnpg.io"):
        Probe(new_chart(), "p", {"cluster": cluster()}, facts=ClusterFacts(crds=crds))


@pytest.mark.parametrize("facts", [None, ClusterFacts(), ClusterFacts(crds=["clusters.postgresql.cnpg.io"])])
def test_a_definition_that_is_there_or_not_known_about_is_no_matter(facts: ClusterFacts | None) -> None:
    chart = new_chart()
    Probe(chart, "p", {"cluster": cluster()}, facts=facts)
    assert len(emitted(chart)) == 1


def test_a_duplicate_id_has_our_message() -> None:
    chart = new_chart("c")
    Probe(chart, "p")
    with pytest.raises(PlatformError) as caught:
        Probe(chart, "p")
    (finding,) = caught.value
    assert (finding.rule, finding.at, finding.seen) == ("construct/id", "id", "'p'")
    assert finding.path == "c/p"
    assert finding.problem == "must be unique in the Chart 'c', and another construct there has it"
    line = test_a_duplicate_id_has_our_message.__code__.co_firstlineno + 4
    assert finding.fix == f'Use another id in test_construct.py, line {line}, such as "p-2"'


def _two_objects(app: cdk8s.App) -> None:
    chart = cdk8s.Chart(app, "lab")
    for _ in range(2):
        cdk8s.ApiObject(chart, "x", api_version="v1", kind="ConfigMap")


def _two_charts(app: cdk8s.App) -> None:
    for _ in range(2):
        cdk8s.Chart(app, "lab")


@pytest.mark.parametrize(
    ("program", "path", "scope"), [(_two_objects, "lab/x", "Chart 'lab'"), (_two_charts, "lab", "App")]
)
def test_id_of_the_users_own_construct_that_is_taken_is_one_finding_with_its_line(
    program: Callable[[cdk8s.App], None], path: str, scope: str, tmp_path: Path
) -> None:
    def build() -> cdk8s.App:
        app = cdk8s.App(outdir=str(tmp_path))
        program(app)
        return app

    with pytest.raises(PlatformError) as caught:
        synth(build)
    (finding,) = caught.value
    assert (finding.rule, finding.path) == ("construct/id", path)
    assert f"in the {scope}," in finding.problem
    line = program.__code__.co_firstlineno + (3 if program is _two_objects else 2)
    assert f"test_construct.py, line {line}, such as" in finding.fix


def test_without_a_place_in_the_tree_all_findings_are_still_told() -> None:
    with pytest.raises(PlatformError) as caught:
        Probe("chart", 3, findings=(FINDING,))  # type: ignore[arg-type]
    assert [finding.at for finding in caught.value] == ["id", "scope", "argument"]


def test_paths_are_those_of_cdk8s() -> None:
    chart = new_chart("c")
    assert path_below(chart, "x") == "c/x"
    assert path_below(cdk8s.App(), "x") == "x"


def test_scope_and_id_are_left_to_the_construct_itself() -> None:
    def constructor(self: object, scope: int, id: int, *, other: int) -> None:
        pass

    found = checked(constructor, {"self": 1, "scope": "a", "id": "b", "other": "c", "__class__": 2})
    assert [finding.at for finding in found] == ["other"]


class Renamed(Probe):
    """Replaces a member of ``Construct``, which Node calls back."""

    def to_string(self) -> str:
        return "renamed"


def _requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests to Node that create something or add objects, from now on."""
    sent: list[str] = []
    send = _NodeProcess.send

    def watched(self: Any, request: Any, *others: Any) -> Any:
        name = type(request).__name__
        if name in ("CreateRequest", "StaticInvokeRequest"):
            sent.append(f"{name} {getattr(request, 'method', '') or request.fqn}")
        return send(self, request, *others)

    monkeypatch.setattr(_NodeProcess, "send", watched)
    return sent


def test_a_construct_and_its_objects_are_created_with_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = new_chart()
    Probe(chart, "first")  # the registry asks for the app once
    sent = _requests(monkeypatch)
    probe = Probe(chart, "p", {"settings": config_map(), "cluster": cluster()})
    assert sent == ["CreateRequest cdk8s-airflow-bulk.BulkConstruct"]
    assert chart.node.find_child("p") is probe
    assert cdk8s.ApiObject.of(probe.node.find_child("cluster")).kind == "Cluster"


def test_a_construct_without_objects_exists_after_its_constructor() -> None:
    chart = new_chart()
    probe = Probe(chart, "p")
    assert chart.node.find_child("p") is probe
    assert [each.node.id for each in chart.node.children] == ["p"]


def test_a_child_creates_its_parent_first() -> None:
    class Parent(PlatformConstruct):
        def __init__(self, scope: Construct, id: str) -> None:
            super().__init__(scope, id, [])
            Probe(self, "child")
            self._emit({"settings": config_map()})

    parent = Parent(new_chart("c"), "p")
    assert [each.node.path for each in parent.node.find_all()] == ["c/p", "c/p/child", "c/p/settings"]


def test_a_class_that_replaces_members_of_a_construct_is_known_to_node(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = new_chart()
    sent = _requests(monkeypatch)
    Renamed(chart, "p", {"settings": config_map()})
    assert "CreateRequest constructs.Construct" in sent
    assert len(emitted(chart)) == 1


def test_objects_that_cdk8s_refuses_leave_the_message_of_the_objects() -> None:
    app = cdk8s.App()
    with pytest.raises(PlatformError) as caught:
        Probe(app, "p", {"settings": config_map()})
    assert [finding.rule for finding in caught.value] == ["edge/refused"]
