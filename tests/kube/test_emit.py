"""The bulk call and its slow twin make the same ordinary cdk8s objects, and refuse what neither could write."""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cdk8s
import cdk8s_plus_27
import constructs
import jsii
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from cdk8s_airflow.kube import emit as edge
from cdk8s_airflow.kube import output
from cdk8s_airflow.kube.bulk import Bulk
from cdk8s_airflow.text import documents
from cdk8s_airflow.validation import Finding, PlatformError


@pytest.fixture(params=["bulk", "patches"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in turn: what a test says holds for each."""
    if request.param == "patches":
        monkeypatch.setattr(edge, "_way", lambda: edge._by_patches)
    return str(request.param)


def chart(**props: object) -> cdk8s.Chart:
    return cdk8s.Chart(cdk8s.Testing.app(), "unit", **props)  # type: ignore[arg-type]


def config_map(name: str | None = "settings", **metadata: object) -> dict[str, object]:
    named = {} if name is None else {"name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**named, **metadata}, "data": {"key": "value"}}


def fifty() -> dict[str, dict[str, object]]:
    """Objects of many kinds, with what is easily lost on the way to another language."""
    objects: dict[str, dict[str, object]] = {}
    for number in range(10):
        objects[f"config-{number}"] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"config-{number}",
                "annotations": {"example.com/note": "a: b # c", "empty": ""},
                "finalizers": ["example.com/keep"],
                "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"}],
            },
            "data": {"zulu": "- 1\n- 2\n", "alpha": "1e5", "yes": "no", "unicode": "žluť 😀 \u2028", "e": "", "=": "="},
            "immutable": number % 2 == 0,
        }
        objects[f"account-{number}"] = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": f"a{number}"},
        }
        objects[f"role-{number}"] = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": f"role-{number}", "labels": {"z": "1", "a": "2"}},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        }
        objects[f"monitor-{number}"] = {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": {"name": f"m{number}", "namespace": "monitoring"},
            "spec": {"endpoints": [{"port": "http", "interval": "30s"}], "selector": {}, "limits": [], "none": None},
        }
        objects[f"unnamed-{number}"] = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"generateName": "ignored-"},
            "spec": {
                "schedule": "0 * * * *",
                "suspend": False,
                "ratio": 0.25,
                "whole": 3.0,
                "count": number,
                "big": 2**53 - 1,
            },
        }
    return objects


def yaml_of(unit: cdk8s.Chart) -> str:
    return cdk8s.Yaml.stringify(*cdk8s.Testing.synth(unit))


@pytest.mark.parametrize(
    "props", [{}, {"namespace": "home", "labels": {"team": "data", "z": "0"}}], ids=["plain", "chart"]
)
def test_fast_and_fallback_emission_write_the_same_bytes(
    props: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_bulk, by_patches = chart(**props), chart(**props)
    edge.emit(by_bulk, fifty())
    monkeypatch.setattr(edge, "_way", lambda: edge._by_patches)
    edge.emit(by_patches, fifty())
    assert len(cdk8s.Testing.synth(by_bulk)) == 50
    assert yaml_of(by_bulk) == yaml_of(by_patches)


def test_what_was_given_is_what_is_written(way: str) -> None:
    unit, given = chart(), fifty()
    edge.emit(unit, given)
    for manifest, written in zip(given.values(), cdk8s.Testing.synth(unit), strict=True):
        expected = json.loads(json.dumps(manifest))
        expected.get("spec", {}).pop("none", None)
        if "name" not in expected["metadata"]:
            expected["metadata"]["name"] = written["metadata"]["name"]
        assert written == expected


def test_the_charts_labels_and_namespace_apply_and_the_manifests_own_win(way: str) -> None:
    unit = chart(namespace="home", labels={"team": "data", "tier": "low"})
    edge.emit(unit, {"own": config_map(namespace="away", labels={"tier": "high"}), "other": config_map("other")})
    own, other = cdk8s.Testing.synth(unit)
    assert own["metadata"] == {"name": "settings", "namespace": "away", "labels": {"team": "data", "tier": "high"}}
    assert other["metadata"]["namespace"] == "home"


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("v1", "Namespace"),
        ("v1", "PersistentVolume"),
        ("storage.k8s.io/v1", "StorageClass"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("cert-manager.io/v1", "ClusterIssuer"),
        ("external-secrets.io/v1", "ClusterSecretStore"),
    ],
)
def test_a_cluster_scoped_object_gets_no_namespace_from_its_chart(way: str, api_version: str, kind: str) -> None:
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "whole"}}
    with_namespace, without = chart(namespace="home"), chart()
    edge.emit(with_namespace, {"it": manifest})
    edge.emit(without, {"it": manifest})
    assert cdk8s.Testing.synth(with_namespace) == cdk8s.Testing.synth(without) == [manifest]


def test_a_missing_name_is_generated_from_the_path_as_cdk8s_does(way: str) -> None:
    unit, plain = chart(), chart()
    edge.emit(unit, {"it": config_map(None)})
    made = cdk8s.ApiObject(plain, "it", api_version="v1", kind="ConfigMap")
    assert cdk8s.Testing.synth(unit)[0]["metadata"] == {"name": made.name}


def test_the_objects_can_be_found_patched_and_depended_on(way: str) -> None:
    unit = chart()
    parent = constructs.Construct(unit, "parent")
    edge.emit(parent, {"first": config_map("first"), "Resource": config_map("second")})
    first = parent.node.find_child("first")
    assert isinstance(first, cdk8s.ApiObject)
    first.add_json_patch(cdk8s.JsonPatch.add("/data/more", "x"))
    first.metadata.add_label("added", "later")
    first.add_dependency(cdk8s.ApiObject.of(parent))
    second, patched = cdk8s.Testing.synth(unit)
    assert second["metadata"]["name"] == "second"
    assert patched["data"] == {"key": "value", "more": "x"}
    assert patched["metadata"] == {"name": "first", "labels": {"added": "later"}}


def test_mappings_tuples_and_text_enums_are_taken_as_they_read(way: str) -> None:
    class Policy(str, enum.Enum):
        KEEP = "Keep"

    unit = chart()
    manifest = MappingProxyType({**config_map(), "data": MappingProxyType({"policy": Policy.KEEP}), "list": (1, 2)})
    edge.emit(unit, MappingProxyType({"it": manifest}))
    assert cdk8s.Testing.synth(unit)[0] == {**config_map(), "data": {"policy": "Keep"}, "list": [1, 2]}


def test_emit_leaves_the_callers_manifests_alone(way: str) -> None:
    given, same = fifty(), fifty()
    edge.emit(chart(namespace="home"), given)
    assert given == same


def test_nothing_to_emit_is_nothing_done(way: str) -> None:
    unit = chart()
    edge.emit(unit, {})
    assert cdk8s.Testing.synth(unit) == []


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every message that goes to Node while the test runs."""
    provider = jsii.kernel.provider
    sent: list[object] = []
    send = provider._process.send
    monkeypatch.setattr(provider._process, "send", lambda *args: (sent.append(args[0]), send(*args))[1])
    return sent


def test_fifty_objects_take_one_call(calls: list[object]) -> None:
    unit = chart()
    edge.emit(unit, {"warm": config_map("warm")})
    calls.clear()
    edge.emit(unit, fifty())
    assert len(calls) == 1


def refused(manifests: object, scope: constructs.Construct | None = None) -> list[tuple[str, str]]:
    """The findings of a refused emit, and proof that it made nothing."""
    scope = scope or chart()
    children = len(scope.node.children)
    with pytest.raises(PlatformError) as caught:
        edge.emit(scope, manifests)  # type: ignore[arg-type]
    assert len(scope.node.children) == children
    assert "\n    at " not in str(caught.value)
    return [(finding.rule, finding.at) for finding in caught.value.findings]


def test_an_id_that_is_taken_is_refused_and_nothing_is_made(way: str) -> None:
    unit = chart()
    edge.emit(unit, {"one": config_map("one")})
    assert refused({"two": config_map("two"), "one": config_map("other")}, unit) == [("edge/duplicate-id", "one")]


def test_two_ids_that_cdk8s_reads_as_one_are_refused(way: str) -> None:
    assert refused({"a/b": config_map("x"), "a--b": config_map("y")}) == [("edge/duplicate-id", "a--b")]


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        ({"apiVersion": None}, ("edge/missing-key", "it.apiVersion")),
        ({"apiVersion": 1}, ("edge/missing-key", "it.apiVersion")),
        ({"apiVersion": "a/b/c"}, ("edge/api-version", "it.apiVersion")),
        ({"apiVersion": "apps/"}, ("edge/api-version", "it.apiVersion")),
        ({"kind": ""}, ("edge/missing-key", "it.kind")),
        ({"metadata": None}, ("edge/missing-key", "it.metadata")),
        ({"metadata": "name"}, ("edge/missing-key", "it.metadata")),
        ({"metadata": {"name": 7}}, ("edge/metadata", "it.metadata.name")),
        ({"metadata": {"namespace": ""}}, ("edge/metadata", "it.metadata.namespace")),
        ({"metadata": {"labels": {"on": True}}}, ("edge/metadata", "it.metadata.labels.on")),
        ({"metadata": {"annotations": ["a"]}}, ("edge/metadata", "it.metadata.annotations")),
        (
            {"kind": "Namespace", "metadata": {"name": "n", "namespace": "m"}},
            ("edge/cluster-scoped", "it.metadata.namespace"),
        ),
        ({"data": {1: "one"}}, ("edge/not-json", "it.data.1")),
        ({"data": {"__proto__": "x"}}, ("edge/not-json", "it.data.__proto__")),
        ({"data": {"when": {1, 2}}}, ("edge/not-json", "it.data.when")),
        ({"data": {"big": 2**53}}, ("edge/not-json", "it.data.big")),
        ({"data": {"nan": float("nan")}}, ("edge/not-json", "it.data.nan")),
        ({"data": {"list": [1, None]}}, ("edge/not-json", "it.data.list[1]")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_a_manifest_that_cannot_be_written_is_refused(spoil: dict[str, object], finding: tuple[str, str]) -> None:
    assert refused({"it": {**config_map(), **spoil}}) == [finding]


def test_all_findings_come_at_once_with_the_construct_path() -> None:
    unit = chart()
    parent = constructs.Construct(unit, "parent")
    with pytest.raises(PlatformError) as caught:
        edge.emit(parent, {"": config_map(), "a": {}, "b": config_map(name=""), "c": {**config_map(), "x": b"secret"}})  # type: ignore[dict-item]
    assert [finding.rule for finding in caught.value.findings] == [
        "edge/id",
        "edge/missing-key",
        "edge/missing-key",
        "edge/missing-key",
        "edge/metadata",
        "edge/not-json",
    ]
    assert {finding.path for finding in caught.value.findings} == {"unit/parent"}
    assert "secret" not in str(caught.value)


def test_a_manifest_that_is_no_mapping_is_refused() -> None:
    assert refused({"it": ["apiVersion"]}) == [("edge/not-json", "it")]


def test_a_scope_outside_a_chart_is_our_error_without_a_javascript_stack(way: str) -> None:
    app = cdk8s.Testing.app()
    with pytest.raises(PlatformError) as caught:
        edge.emit(app, {"it": config_map(None)})
    (finding,) = caught.value.findings
    assert finding.rule == "edge/refused"
    assert "chart" in finding.problem
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_module_that_cannot_be_loaded_is_a_single_warning_and_the_slow_path_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("cdk8s_airflow.kube.bulk")]:
        monkeypatch.delitem(sys.modules, name)

    def missing(*_: object) -> None:
        raise FileNotFoundError("bulk.tgz")

    monkeypatch.setattr(jsii.JSIIAssembly, "load", missing)
    edge._way.cache_clear()
    try:
        unit = chart()
        with pytest.warns(RuntimeWarning, match=r"bulk\.tgz"):
            edge.emit(unit, {"one": config_map("one")})
        edge.emit(unit, {"two": config_map("two")})
    finally:
        edge._way.cache_clear()
    assert [manifest["metadata"]["name"] for manifest in cdk8s.Testing.synth(unit)] == ["one", "two"]


_KEYS = st.sampled_from(["a", "b-1", "é", "\ud800", "__proto__", "constructor", "resolve", "value", "0", "B"])
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 2**53 - 1, 2**53, 2**63, -(2**63), 1.5, float("inf"), float("nan")]),
    st.sampled_from(["", "text", "é", "\ud83d", "a\nb"]),
)


@example({"on": True, "text": "é", "number": 3, "share": 0.5, "none": None, "list": [1, {"a": "b"}]})
@example({"list": [1, None]})
@example({"tuple": (1, 2)})
@example({"large": 2**60})
@example({"endless": float("inf")})
@example({"constructor": "a"})
@example({1: "a"})
@example({"odd": object})
@given(st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)))
def test_a_document_that_is_copied_exactly_needs_no_closer_look(spec: Any) -> None:
    manifest = {"kind": "ConfigMap", "spec": spec}
    copied = documents.exact(manifest)
    findings: list[Finding] = []
    closely = edge._plain(manifest, "it", findings)
    _, unfit = documents.plain(manifest, area="it", prefix="")
    if copied is not None:
        assert not findings
        assert not unfit
        assert copied == closely == manifest
    else:
        assert findings or unfit or closely != manifest


@jsii.implements(cdk8s.IResolver)
class Numbered:
    """Gives another number each time a value is converted."""

    def __init__(self) -> None:
        self.calls = 0

    def resolve(self, context: cdk8s.ResolutionContext) -> None:
        if context.value == "number":
            self.calls += 1
            context.replace_value(str(self.calls))


def test_the_listed_objects_are_those_that_were_written(tmp_path: Path) -> None:
    """Each object is converted once, so the checks see what is in the files."""
    app = cdk8s.App(resolvers=[Numbered()])
    edge.emit(cdk8s.Chart(app, "unit", labels={"team": "a"}), {"x": {**config_map(), "data": {"key": "number"}}})
    written, refused = output.write(app, tmp_path)
    assert refused == ""
    [file] = tmp_path.iterdir()
    assert [manifest for _, manifest in written] == list(yaml.safe_load_all(file.read_text()))
    assert written[0][1]["metadata"]["labels"] == {"team": "a"}
    assert output.objects(app) != written


class Overridden(cdk8s.ApiObject):
    """Replaces what cdk8s would write."""

    def to_json(self) -> Any:
        return {**super().to_json(), "data": {"key": "other"}}


def test_the_listed_objects_have_what_a_subclass_replaced(tmp_path: Path) -> None:
    app = cdk8s.App()
    Overridden(cdk8s.Chart(app, "unit"), "x", api_version="v1", kind="ConfigMap")
    written, _ = output.write(app, tmp_path)
    [file] = tmp_path.iterdir()
    assert (
        [manifest for _, manifest in written]
        == list(yaml.safe_load_all(file.read_text()))
        == [output.objects(app)[0][1]]
    )
    assert written[0][1]["data"] == {"key": "other"}


def _written(app: cdk8s.App, folder: Path) -> str:
    """The manifests as this library writes them."""
    _, refused = output.write(app, folder)
    assert refused == ""
    [file] = folder.iterdir()
    return file.read_text(encoding="utf-8")


def test_the_installed_cdk8s_converts_objects_as_the_quick_way_does() -> None:
    """If this fails, cdk8s has other code now. Compare it with ``Converter`` in edge/index.ts, then set KNOWN_CONVERSION."""
    assert Bulk.is_quick(cdk8s.App())
    assert not Bulk.is_quick(cdk8s.App(resolvers=[Numbered()]))


def test_keys_that_cdk8s_must_not_sort_are_left_to_cdk8s() -> None:
    program = (
        "import os; os.environ['CDK8S_DISABLE_SORT'] = '1'\n"
        "import cdk8s; from cdk8s_airflow.kube.bulk import Bulk; print(Bulk.is_quick(cdk8s.App()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


_ODD: dict[str, Any] = {
    "plain": {"b": 1, "a": [{"d": "x", "c": None}, [], {}, "", 0, False], "10": 1, "9": 2, "é": 1.5},
    "empty": {},
    "nested": {"resolve": "a", "value": 5, "kind": {"value": "text"}, "list": [[1, [2, {"z": 1, "y": 2}]]]},
}


@pytest.mark.parametrize("labels", [None, {"team": "a", "app": "chart"}])
def test_the_quick_conversion_writes_the_bytes_of_cdk8s(labels: dict[str, str] | None, tmp_path: Path) -> None:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "unit", labels=labels, namespace="team")
    edge.emit(chart, {"fifty-" + id: manifest for id, manifest in fifty().items()})
    for number, (name, spec) in enumerate(_ODD.items()):
        metadata = {
            "name": name,
            "labels": {"app": "own"},
            "annotations": {},
            "finalizers": [],
            "ownerReferences": [{"kind": "Node", "apiVersion": "v1", "name": "n", "uid": "1", "controller": True}],
        }
        bare = {"apiVersion": "example.com/v1", "kind": "Odd", "metadata": metadata if number else {"name": name}}
        edge.emit(chart, {name: {**bare, "spec": spec, "apple": [1]}})
    patched = cdk8s.ApiObject.of(chart.node.find_child("nested"))
    patched.add_json_patch(cdk8s.JsonPatch.add("/spec/new", {"b": 1, "a": 2}), cdk8s.JsonPatch.remove("/apple"))
    patched.metadata.add_label("added", "later")
    patched.metadata.add("managedBy", {"b": [], "a": {"c": None}})
    lazy = cdk8s.ApiObject(chart, "lazy", api_version="v1", kind="ConfigMap")
    lazy.metadata.add("managedBy", cdk8s.Lazy.any(Produced()))
    port = cdk8s_plus_27.k8s.IntOrString.from_number(80)
    rule = cdk8s_plus_27.k8s.ServicePort(port=80, target_port=port)
    cdk8s_plus_27.k8s.KubeService(chart, "service", spec=cdk8s_plus_27.k8s.ServiceSpec(ports=[rule]))
    assert _written(app, tmp_path) == app.synth_yaml()


@jsii.implements(cdk8s.IAnyProducer)
class Produced:
    """A value that is not known before the manifests are written."""

    def produce(self) -> Any:
        return "late"
