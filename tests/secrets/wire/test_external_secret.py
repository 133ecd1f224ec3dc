"""The ExternalSecret manifest, and its Go templates."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow import LiteralValue, RemoteKey, RemoteTemplate
from cdk8s_airflow.schemas import check_manifest
from cdk8s_airflow.secrets.remote_secret import RemoteValue
from cdk8s_airflow.secrets.wire.external_secret import ExternalSettings, external_secret_manifest
from cdk8s_airflow.validation import check_value
from tests.truth import crds

PASSWORD = RemoteKey("prod/db", property="password")
USER = RemoteKey("prod/db", property="username")


WRITTEN = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
"""The fields that definitions of External Secrets before 2.9 have defaults for."""


def made(data: dict[str, RemoteValue], **changes: Any) -> dict[str, Any]:
    """The ExternalSecret for some data, checked by both validators."""
    given: dict[str, Any] = {
        "name": "airflow-metadata",
        "namespace": "airflow",
        "type": "Opaque",
        "labels": {},
        "store_kind": "SecretStore",
        "store": "vault",
        "interval": "1h",
    }
    manifest = external_secret_manifest(ExternalSettings(data=data, **{**given, **changes}))
    assert check_manifest(manifest) == []
    crds.assert_accepted(manifest)
    return manifest


def test_keys_are_copied_and_labels_of_the_object_are_not() -> None:
    manifest = made(
        {
            "username": RemoteKey("prod/db", property="username", version="3"),
            "password": RemoteKey("prod/db-password", base64=True),
        },
        name="airflow-pg-credentials",
        namespace="airflow-data",
        type="kubernetes.io/basic-auth",
        labels={"cnpg.io/reload": "true"},
        store_kind="ClusterSecretStore",
    )
    assert manifest == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "airflow-pg-credentials", "namespace": "airflow-data"},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {
                "name": "airflow-pg-credentials",
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "template": {
                    "engineVersion": "v2",
                    "mergePolicy": "Replace",
                    "type": "kubernetes.io/basic-auth",
                    "metadata": {"labels": {"cnpg.io/reload": "true"}},
                },
            },
            "data": [
                {
                    "secretKey": "username",
                    "remoteRef": {"key": "prod/db", "property": "username", "version": "3", **WRITTEN},
                },
                {
                    "secretKey": "password",
                    "remoteRef": {"key": "prod/db-password", **WRITTEN, "decodingStrategy": "Base64"},
                },
            ],
        },
    }


def test_interval_none_reads_the_store_once() -> None:
    spec = made({"connection": PASSWORD}, interval=None)["spec"]
    assert spec["refreshPolicy"] == "CreatedOnce"
    assert "refreshInterval" not in spec


def template(data: dict[str, RemoteValue]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The templates of some data, and the store value of each variable."""
    spec = made(data)["spec"]
    return spec["target"]["template"]["data"], {each["secretKey"]: each["remoteRef"] for each in spec["data"]}


def test_url_parts_are_percent_encoded() -> None:
    url = RemoteTemplate(
        template="postgresql://{user}:{password}@db.acme.lab:5432/airflow", parts={"user": USER, "password": PASSWORD}
    )
    texts, variables = template({"connection": url})
    assert texts == {
        "connection": 'postgresql://{{ .user | urlquery | replace "+" "%20" }}:'
        '{{ .password | urlquery | replace "+" "%20" }}@db.acme.lab:5432/airflow'
    }
    assert without_defaults(variables) == {
        "user": {"key": "prod/db", "property": "username"},
        "password": {"key": "prod/db", "property": "password"},
    }


def test_template_lists_every_key_and_nothing_else() -> None:
    url = RemoteTemplate(template="https://{token}@git.acme.lab", parts={"token": PASSWORD})
    texts, variables = template({"git-url": url, "tls.crt": USER, "0": RemoteKey("zero"), "again": PASSWORD})
    assert texts == {
        "git-url": 'https://{{ .token | urlquery | replace "+" "%20" }}@git.acme.lab',
        "tls.crt": "{{ .tls_crt }}",
        "0": "{{ ._0 }}",
        "again": "{{ .token }}",
    }
    assert sorted(variables) == ["_0", "tls_crt", "token"]


def test_equal_part_names_in_two_templates_are_different_variables() -> None:
    first = RemoteTemplate(template="a://u:{password}@a", parts={"password": RemoteKey("a")})
    second = RemoteTemplate(template="b://u:{password}@b", parts={"password": RemoteKey("b")}, escape="none")
    texts, variables = template({"a": first, "b": second})
    assert texts == {
        "a": 'a://u:{{ .password | urlquery | replace "+" "%20" }}@a',
        "b": "b://u:{{ .password_2 }}@b",
    }
    assert without_defaults(variables) == {"password": {"key": "a"}, "password_2": {"key": "b"}}


def test_literal_value_is_written_next_to_store_values() -> None:
    texts, variables = template(
        {"username": LiteralValue("airflow"), "form": LiteralValue("{{ x }}"), "password": PASSWORD}
    )
    assert texts == {"username": "airflow", "form": '{{ "{" }}{ x }}', "password": "{{ .password }}"}
    assert list(variables) == ["password"]


def test_json_parts_bring_their_quotes() -> None:
    connection = RemoteTemplate(
        template='{"conn_type": "git", "login": {user}, "extra": {"key": {password}}}',
        parts={"user": USER, "password": PASSWORD},
        escape="json",
    )
    texts, _ = template({"connection": connection})
    assert texts == {
        "connection": '{"conn_type": "git", "login": {{ .user | toJson }}, "extra": {"key": {{ .password | toJson }}}}'
    }


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("{{ .env }} {password}", '{{ "{" }}{ .env }} {{ .password }}'),
        ("{{password}}", '{{ "{" }}{{ .password }}}'),
        ("{ {password}", "{ {{ .password }}"),
        ("{password}{", '{{ .password }}{{ "{" }}'),
    ],
)
def test_braces_of_the_string_do_not_start_an_action(form: str, written: str) -> None:
    texts, _ = template({"k": RemoteTemplate(template=form, parts={"password": PASSWORD}, escape="none")})
    assert texts == {"k": written}


REMOTES = st.builds(
    RemoteKey, st.sampled_from(("a", "b")), property=st.sampled_from((None, "user", "password")), base64=st.booleans()
)
PARTS = st.dictionaries(st.sampled_from(("user", "password", "user_2", "_", "A")), REMOTES, min_size=1)
TEXTS = st.builds(
    lambda parts, before, escape: RemoteTemplate(
        template=before + "".join(f"{{{name}}}{before}" for name in parts), parts=parts, escape=escape
    ),
    PARTS,
    st.text("{}. ", max_size=3),
    st.sampled_from(("url", "json", "none")),
)
DATA = st.dictionaries(
    st.from_regex(r"[-._a-zA-Z0-9]{1,8}", fullmatch=True),
    REMOTES | TEXTS | st.builds(LiteralValue, st.text("{}ab", min_size=1)),
    min_size=1,
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(DATA)
def test_every_variable_of_a_template_has_one_store_value(data: dict[str, RemoteValue]) -> None:
    spec = made(data)["spec"]
    names = [each["secretKey"] for each in spec["data"]]
    assert len(set(names)) == len(names)
    texts = spec["target"]["template"].get("data")
    if texts is None:
        assert set(names) == data.keys()
        return
    assert texts.keys() == data.keys()
    used = {name for text in texts.values() for name in re.findall(r"\{\{ \.(\S+)", text)}
    assert used == set(names)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in names)


@pytest.mark.parametrize(
    ("value", "rule", "at"),
    [
        (RemoteTemplate(template="x", parts={}), "secrets/part", "data.parts"),
        (RemoteTemplate(template="{user}", parts={}), "secrets/part", "data.template"),
        (RemoteTemplate(template="{usr}", parts={"user": USER}), "secrets/part", "data.template"),
        (RemoteTemplate(template="{a}", parts={"a": USER, "b": USER}), "secrets/part", "data.parts.b"),
        (RemoteTemplate(template="x://u:hunter2@{host}/d", parts={"host": USER}), "secrets/literal", "data.template"),
        (
            RemoteTemplate(template="{user}:glpat-x8Kq2mVb7ZtRw4LcPd9s", parts={"user": USER}),
            "secrets/literal",
            "data.template",
        ),
        (RemoteTemplate(template="{user}", parts={"user-name": USER}), "argument/name", "data.parts (key)"),
        (RemoteTemplate(template="", parts={"user": USER}), "argument/empty", "data.template"),
        (RemoteKey(""), "argument/empty", "data.name"),
        (RemoteKey("glpat-x8Kq2mVb7ZtRw4LcPd9s"), "secrets/remote-name", "data.name"),
        (RemoteKey("a\nb"), "secrets/remote-name", "data.name"),
        (RemoteKey("a", property=""), "argument/empty", "data.property"),
        (RemoteKey("a", base64="yes"), "argument/type", "data.base64"),  # type: ignore[arg-type]
    ],
)
def test_invalid_value_is_rejected_and_no_secret_is_shown(value: RemoteValue, rule: str, at: str) -> None:
    found = check_value(value, type(value), "data")
    assert (found[0].rule, found[0].at) == (rule, at)
    assert not any(secret in str(found[0]) for secret in ("hunter2", "glpat-"))


def without_defaults(variables: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """References to the store without the fields that always have their default here."""
    for reference in variables.values():
        assert WRITTEN.items() <= reference.items()
    return {
        name: {key: value for key, value in reference.items() if key not in WRITTEN}
        for name, reference in variables.items()
    }
