"""The second net: objects and files are searched, and a finding says where, and never what."""

from __future__ import annotations

import base64
from typing import Any

import cdk8s
import cdk8s_plus_27 as plus
import pytest
import yaml

from cdk8s_airflow.app.secret_findings import file_findings, manifest_findings, output_findings
from cdk8s_airflow.secret_scan.scanner import not_secret

WORD = "hunter2-canary"
SEALED = base64.b64encode(bytes(range(7, 200, 3)) * 6).decode()


def obj(kind: str, api_version: str = "v1", **body: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "lake", "namespace": "airflow"}, **body}


def both(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Rule and place by the object, after it was seen that the file with it is judged alike."""
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
def test_the_place_in_an_object_is_told(kind: str) -> None:
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


def test_the_content_of_a_secret_can_be_vouched_for() -> None:
    not_secret("public")
    assert both(obj("Secret", stringData={"user": "public"})) == []
    assert both(obj("Secret", data={"user": base64.b64encode(b"public").decode()})) == []
    assert both(obj("Secret", stringData={"user": "public", "password": WORD})) == [("secrets/content", "Secret lake")]


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
def test_a_text_can_be_vouched_for_in_every_style_that_cdk8s_writes(text: str) -> None:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "own")
    plus.Secret(chart, "first", string_data={"text": text, "more": "public"})
    cdk8s.ApiObject(chart, "second", api_version="v1", kind="ConfigMap")
    written = [("own", str(app.synth_yaml()))]
    assert [each.rule for each in output_findings(written)] == ["secrets/content"]
    not_secret("public")
    assert [each.rule for each in output_findings(written)] == ["secrets/content"]
    not_secret(text)
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


def test_the_line_of_a_file_is_told() -> None:
    found = list(file_findings("airflow/values.yml", f"a: b\nredis:\n  password: {WORD}\n"))
    assert [each.at for each in found] == ["airflow/values.yml line 3"]


def test_lines_count_past_what_a_secret_holds() -> None:
    text = yaml.safe_dump(obj("Secret", data={"a": "eA==", "b": "eA=="}), sort_keys=False)
    text += f"---\napiVersion: v1\nkind: ConfigMap\ndata:\n  password: {WORD}\n"
    line = text.splitlines().index(f"  password: {WORD}") + 1
    assert [each.at for each in output_findings([("a.yaml", text)])] == ["a.yaml: Secret lake", f"a.yaml line {line}"]


@pytest.mark.parametrize(
    "text", ["plain", "one\ntwo\n", "x " * 200, 'quoted "and" more: |\n  y\n', f"-----BEGIN KEY-----\n{'A' * 64}\n"]
)
def test_a_secret_is_seen_in_every_style_that_cdk8s_writes(text: str) -> None:
    app = cdk8s.App()
    chart = cdk8s.Chart(app, "own")
    plus.Secret(chart, "first", string_data={"text": text})
    cdk8s.ApiObject(chart, "second", api_version="v1", kind="ConfigMap")
    assert [each.rule for each in output_findings([("own", str(app.synth_yaml()))])] == ["secrets/content"]


def test_a_name_that_is_a_secret_is_not_shown() -> None:
    token = "glpat-Xk29vLq8ZtR4mNp7cWy3"
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": token}, "data": {token: token}}
    found = list(manifest_findings(manifest))
    assert found
    assert all(token not in str(each) and token not in repr(each) for each in found)
