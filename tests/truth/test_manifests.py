"""The reader of manifests reads what cdk8s writes, and refuses what would hide a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.truth import manifests

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n  namespace: a\ndata:\n  separator: =\n"
TWO = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: two\n"


def test_an_unquoted_equals_sign_is_text() -> None:
    assert manifests.load(ONE)[0]["data"] == {"separator": "="}
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(ONE)


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a:\n  b: 1\n  c: 2\n  b: 1\n", "a: {b: 1, 'b': 2}\n", "- x\n- {y: 1, y: 1}\n"]
)
def test_a_key_that_comes_twice_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="twice"):
        yaml.load(text, Loader=manifests.Loader)


def test_merge_keys_and_anchors_still_work() -> None:
    text = "base: &base {a: 1, b: 2}\nother:\n  <<: *base\n  b: 3\n"
    assert yaml.load(text, Loader=manifests.Loader)["other"] == {"a": 1, "b": 3}


def test_a_folder_is_read_by_name_and_a_text_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "10-b.k8s.yaml").write_text(ONE, encoding="utf-8")
    (tmp_path / "00-a.k8s.yaml").write_text(TWO, encoding="utf-8")
    assert [one["metadata"]["name"] for one in manifests.load(tmp_path)] == ["two", "one"]
    assert manifests.load(tmp_path / "00-a.k8s.yaml") == manifests.load(TWO)
    assert len(manifests.load(f"---\n{ONE}---\n---\n{TWO}")) == 2


def test_a_list_object_is_opened() -> None:
    assert [one["kind"] for one in manifests.load("kind: List\nitems: [{kind: A}, {kind: B}]\n")] == ["A", "B"]


def test_an_empty_folder_and_a_document_that_is_no_mapping_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        manifests.load(tmp_path)
    with pytest.raises(TypeError, match="str"):
        manifests.load("just text\n")


def test_objects_are_named_by_kind_namespace_and_name() -> None:
    assert manifests.objects(manifests.load(f"{ONE}---\n{TWO}")) == {
        ("ConfigMap", "a", "one"),
        ("Namespace", "", "two"),
    }


def test_an_object_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="there twice"):
        manifests.objects(manifests.load(f"{ONE}---\n{ONE}"))


def test_values_are_read_from_the_text_in_a_helm_chart() -> None:
    chart = {"kind": "HelmChart", "spec": {"valuesContent": "a:\n  b: '='\n"}}
    assert manifests.values_of(chart) == {"a": {"b": "="}}


@pytest.mark.parametrize(
    ("manifest", "error"),
    [
        ({"kind": "ConfigMap"}, ValueError),
        ({"kind": "HelmChart", "spec": {"valuesContent": "- a\n"}}, TypeError),
        ({"kind": "HelmChart", "spec": {"valuesContent": "a: 1\na: 2\n"}}, yaml.YAMLError),
    ],
)
def test_values_that_are_no_mapping_are_refused(manifest: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        manifests.values_of(manifest)
