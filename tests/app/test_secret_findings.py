"""Objects and files are scanned; a finding says where a secret is, and never what it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import cdk8s
import cdk8s_plus_27 as plus
import pytest
import yaml

from cdk8s_airflow.app.secret_findings import file_findings, manifest_findings, output_findings
from cdk8s_airflow.secret_scan import Exemptions, using

WORD = "hunter2-canary"
SEALED = base64.b64encode(bytes(range(7, 200, 3)) * 6).decode()


def obj(kind: str, api_version: str = "v1", **body: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "lake", "namespace": "airflow"}, **body}


def both(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Rule and place of the findings on an object; the file that contains it has findings of the same rules."""
    found = list(manifest_findings(manifest))
    other = obj("ConfigMap", data={"password_file": "/run/x"})
    text = "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in (other, manifest, other))
    written = output_findings([("a.k8s.yaml", text)])
    assert {each.rule for each in written} == {each.rule for each in found}
    for each in (*found, *written):
        assert WORD not in str(each)
        assert SEALED[:30] not in str(each)
    return [(each.rule, each.at) for each in found]


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment", "Anything"])
def test_a_secret_is_reported_with_its_path_in_the_object(kind: str) -> None:
    found = both(obj(kind, data={"lake.ini": f"[lake]\npassword = {WORD}\n"}))
    assert found == [("secrets/clear-text", f"{kind} lake: data['lake.ini']")]


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_a_secret_with_content_is_refused_whatever_is_in_it(field: str) -> None:
    assert both(obj("Secret", **{field: {"note": "eA=="}})) == [("secrets/content", "Secret lake")]


@pytest.mark.parametrize(
    "body", [{}, {"data": {}}, {"type": "kubernetes.io/service-account-token"}, {"stringData": {"later": ""}}]
)
def test_a_secret_that_something_else_fills_is_not(body: dict[str, Any]) -> None:
    assert both(obj("Secret", **body)) == []


def test_content_of_a_secret_can_be_exempt() -> None:
    with using(Exemptions(["public"])):
        assert both(obj("Secret", stringData={"user": "public"})) == []
        assert both(obj("Secret", data={"user": base64.b64encode(b"public").decode()})) == []
        both_fields = both(obj("Secret", stringData={"user": "public", "password": WORD}))
    assert both_fields == [("secrets/content", "Secret lake")]


STYLES = [
    "plain",
    "one\ntwo\n",
    "x " * 60,
    'quoted "and" more: |\n  y\n',
    "it's",
    "'",
    " blank before",
    "a: b",
    "#",
    "1",
    f"-----BEGIN KEY-----\n{'A' * 64}\n",
]


@pytest.mark.parametrize("text", STYLES)
def test_content_can_be_exempt_in_every_style_that_cdk8s_writes(text: str) -> None:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "own")
    plus.Secret(chart, "first", string_data={"text": text, "more": "public"})
    cdk8s.ApiObject(chart, "second", api_version="v1", kind="ConfigMap")
    written = [("own", str(app.synth_yaml()))]
    assert "secrets/content" in {each.rule for each in output_findings(written)}
    with using(Exemptions(["public"])):
        assert "secrets/content" in {each.rule for each in output_findings(written)}
    with using(Exemptions(["public", text])):
        assert output_findings(written) == []


def test_what_a_sealed_secret_holds_is_left_alone_and_the_rest_is_not() -> None:
    sealed = obj("SealedSecret", "bitnami.com/v1alpha1", spec={"encryptedData": {"password": SEALED, "token": SEALED}})
    assert both(sealed) == []
    sealed["spec"]["template"] = {"metadata": {"annotations": {"note": f"https://ci:{WORD}@acme.lab"}}}
    assert [rule for rule, _ in both(sealed)] == ["secrets/clear-text"]


def test_an_external_secret_names_what_it_fetches() -> None:
    external = obj(
        "ExternalSecret",
        "external-secrets.io/v1",
        spec={
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {"name": "lake", "template": {"data": {"connection": "postgresql://{{ .username }}:{{ .password | urlquery }}@pg/airflow"}}},
            "data": [{"secretKey": "password", "remoteRef": {"key": "airflow/metadata", "property": "password"}}],
        },
    )  # fmt: skip
    assert both(external) == []


def test_a_secret_is_reported_with_its_line_in_a_file() -> None:
    found = list(file_findings("airflow/values.yml", f"a: b\nredis:\n  password: {WORD}\n"))
    assert [each.at for each in found] == ["airflow/values.yml line 3"]


def test_lines_count_past_what_a_secret_holds() -> None:
    text = yaml.safe_dump(obj("Secret", data={"a": "eA==", "b": "eA=="}), sort_keys=False)
    text += f"---\napiVersion: v1\nkind: ConfigMap\ndata:\n  password: {WORD}\n"
    line = text.splitlines().index(f"  password: {WORD}") + 1
    first = text.splitlines().index("data:") + 2
    assert [each.at for each in output_findings([("a.yaml", text)])] == [f"a.yaml line {first}", f"a.yaml line {line}"]


@pytest.mark.parametrize(
    "text", ["plain", "one\ntwo\n", "x " * 200, 'quoted "and" more: |\n  y\n', f"-----BEGIN KEY-----\n{'A' * 64}\n"]
)
def test_a_secret_is_seen_in_every_style_that_cdk8s_writes(text: str) -> None:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "own")
    plus.Secret(chart, "first", string_data={"text": text})
    cdk8s.ApiObject(chart, "second", api_version="v1", kind="ConfigMap")
    assert "secrets/content" in {each.rule for each in output_findings([("own", str(app.synth_yaml()))])}


def test_a_name_that_is_a_secret_is_not_shown() -> None:
    token = "glpat-Xk29vLq8ZtR4mNp7cWy3"
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": token}, "data": {token: token}}
    found = list(manifest_findings(manifest))
    assert found
    assert all(token not in str(each) and token not in repr(each) for each in found)


class Blocks(yaml.SafeDumper):
    """Writes strings of several lines as blocks, as cdk8s does."""


Blocks.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)

SECRET: dict[str, Any] = obj("Secret", stringData={"password": "x-y-z-1"})
ENCODED: dict[str, Any] = obj("Secret", data={"password": base64.b64encode(b"x-y-z-1").decode()})
YAML = yaml.safe_dump(SECRET, sort_keys=False)
NESTED: dict[str, tuple[dict[str, Any], str]] = {
    "a List": ({"apiVersion": "v1", "kind": "List", "items": [SECRET]}, "items[0].stringData"),
    "a List in base64": ({"apiVersion": "v1", "kind": "List", "items": [ENCODED]}, "items[0].data"),
    "a SecretList": (
        {"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "a"}, "data": {"a": "eA=="}}]},
        "items[0].data",
    ),
    "a list of Helm values": (
        obj("Application", "argoproj.io/v1alpha1", spec={"source": {"helm": {"valuesObject": {"extraObjects": [SECRET]}}}}),
        "spec.source.helm.valuesObject.extraObjects[0].stringData",
    ),
    "values as text": (
        obj("Application", "argoproj.io/v1alpha1", spec={"source": {"helm": {"values": yaml.safe_dump({"extraObjects": [SECRET]})}}}),
        "spec.source.helm.values",
    ),
    "a manifest in a ConfigMap": (obj("ConfigMap", data={"secret.yaml": YAML}), "data['secret.yaml']"),
    "several manifests in a ConfigMap": (obj("ConfigMap", data={"all.yaml": f"a: b\n---\n{YAML}---\nc: d\n"}), "data['all.yaml']"),
    "a manifest as JSON": (obj("ConfigMap", data={"secret.json": json.dumps(SECRET)}), "data['secret.json']"),
    "a manifest as JSON on several lines": (
        obj("ConfigMap", data={"secret.json": json.dumps(SECRET, indent=2)}),
        "data['secret.json']",
    ),
    "a manifest in flow style": (
        obj("ConfigMap", data={"x": "{apiVersion: v1, kind: Secret, stringData: {password: x-y-z-1}}"}),
        "data.x",
    ),
    "a manifest in base64": (obj("ConfigMap", data={"x": base64.b64encode(YAML.encode()).decode()}), "data.x"),
    "a ClusterResourceSet's ConfigMap": (
        obj("ConfigMap", data={"resources": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [SECRET]})}),
        "data.resources",
    ),
    "text with the fields before the kind": (
        obj("ConfigMap", data={"x": "stringData:\n  password: x-y-z-1\napiVersion: v1\nkind: Secret\n"}),
        "data.x",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("manifest", "place"), NESTED.values(), ids=list(NESTED))
def test_content_of_a_nested_secret_is_found(manifest: dict[str, Any], place: str) -> None:
    found = [each for each in manifest_findings(manifest) if each.rule == "secrets/content"]
    assert [each.at.partition(": ")[2] for each in found] == [place]
    written = output_findings([("below/a.k8s.yaml", yaml.dump(manifest, Dumper=Blocks, sort_keys=False))])
    assert "secrets/content" in {each.rule for each in written}
    assert all("x-y-z-1" not in str(each) for each in (*found, *written))


@pytest.mark.parametrize(
    "manifest",
    [
        obj("ClusterResourceSet", "addons.cluster.x-k8s.io/v1beta1", spec={"resources": [{"kind": "Secret", "name": "a"}]}),
        obj("ConfigMap", data={"x": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {}\n"}),
        obj("ConfigMap", data={"x": "kind: Secret\nstringData:\n  password: '{{ .Values.password }}'\n"}),
        obj("ConfigMap", data={"x": "kind: ConfigMap\ndata:\n  a: b\n---\nkind: Secret\n"}),
        {"apiVersion": "v1", "kind": "List", "items": [obj("Secret"), obj("ConfigMap", data={"a": "b"})]},
    ],
)  # fmt: skip
def test_secret_without_content_is_not_reported(manifest: dict[str, Any]) -> None:
    assert both(manifest) == []
