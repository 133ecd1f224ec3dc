"""A secret in values is refused, and no finding ever shows what may be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.schemas import chart_versions, check_manifest, check_values
from cdk8s_airflow.schemas.secret_values import SECRET_VALUES, is_secret_variable
from cdk8s_airflow.secret_scan import has_login, may_hide
from tests.schemas.test_chart_values import NEWEST, nested

CANARY = "hunter2-canary"


@pytest.mark.parametrize("version", chart_versions())
@pytest.mark.parametrize("path", [path.replace("*", "own") for path in SECRET_VALUES])
def test_a_secret_in_clear_text_is_refused_and_not_shown(version: str, path: str) -> None:
    found = check_values(
        nested(path, CANARY), chart_version=version, airflow_version="2.11.0", executor="CeleryExecutor"
    )
    literal = [f for f in found if f.rule == "values/secret-literal"]
    assert [f.at for f in literal] == [f"values.{path}"]
    assert "Secret" in literal[0].fix or "= with " in literal[0].fix or literal[0].fix.startswith("Use ")
    assert all(CANARY not in str(f) for f in found)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_secret_is_no_secret(empty: object) -> None:
    found = check_values({"fernetKey": empty, "redis": {"password": empty}}, **NEWEST)
    assert [f for f in found if f.rule == "values/secret-literal"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"env": [{"name": "AIRFLOW__CORE__FERNET_KEY", "value": CANARY}]},
        {"env": [{"name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "value": CANARY}]},
        {"env": [{"name": "MY_DB_PASSWORD", "value": CANARY}]},
        {"scheduler": {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": CANARY}]}},
        {"env": [{"name": "AIRFLOW_CONN_LAKE", "value": f"aws://user:{CANARY}@host"}]},
        {"config": {"metrics": {"x": f"redis://:{CANARY}@redis:6379"}}},
        {"extraEnv": f"- name: A\n  value: postgresql://u:{CANARY}@h/db\n"},
        {"data": {"metadataConnection": f"postgresql://u:{CANARY}@h/db"}},
        {"dags": {"gitSync": {"repo": f"https://oauth2:{CANARY}@gitlab.acme.lab/dags.git"}}},
    ],
)
def test_secrets_in_variables_and_addresses_are_refused_and_not_shown(values: dict[str, object]) -> None:
    found = check_values(values, **NEWEST)
    assert "values/secret-literal" in {f.rule for f in found}
    assert all(CANARY not in str(f) for f in found)


@pytest.mark.parametrize(
    "values",
    [
        {"env": [{"name": "AIRFLOW__CORE__FERNET_KEY", "value": "$(OTHER)"}]},
        {"env": [{"name": "AIRFLOW_CONN_LAKE", "value": "aws://?region_name=eu"}]},
        {"env": [{"name": "PASSWORD_FILE", "value": "/run/x"}]},
        {"config": {"secrets": {"backend": "a.b.C", "backend_kwargs": '{"prefix": "airflow"}'}}},
        {"extraEnv": "- name: A\n  value: postgresql://$(USER):$(PASS)@h/db\n"},
        {"dags": {"gitSync": {"repo": "git@gitlab.acme.lab:data/dags.git", "branch": "", "ref": "main"}}},
    ],
)
def test_references_are_no_secrets(values: dict[str, object]) -> None:
    assert check_values(values, **NEWEST) == []


@pytest.mark.parametrize(
    "values",
    [
        {"data": {"metadataConnection": {"pass": [CANARY]}}},
        {"data": {"metadataConnection": {"pass": {"a": CANARY}}}},
        {"data": {"metadataConnection": [CANARY]}},
        {"fernetKye": CANARY},
        {"fernetKey": [CANARY]},
        {"redis": {"passwrd": CANARY}},
        {"env": {"TOKEN": CANARY}},
        {"env": [{"name": "TOKEN", "valu": CANARY}]},
        {"env": [CANARY]},
        {"extraSecrets": {"a": CANARY}},
        {"extraSecrets": {"a": {"data": {"k": CANARY}}}},
        {"externalDatabase": {"password": CANARY}},
        {"config": {"smtp": {"smtp_password": [CANARY]}}},
        {"secret": [{"envName": "A", "secretName": "b", "value": CANARY}]},
        {"kerberos": {"keytabBase64Content": [CANARY]}},
    ],
)
def test_a_misplaced_secret_is_found_and_not_shown(values: dict[str, object]) -> None:
    found = check_values(values, **NEWEST)
    assert found
    assert all(CANARY not in str(f) for f in found)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "Secret", "apiVersion": "v1", "stringData": {"a b": CANARY}},
        {
            "kind": "Secret",
            "apiVersion": "v1",
            "data": {"a b": CANARY},
            "metadata": {"name": "A", "labels": {"token": "!" + CANARY}},
        },
        {
            "kind": "HelmChart",
            "apiVersion": "helm.cattle.io/v1",
            "spec": {"valuesContent": [CANARY], "chart": 5, "authPassCredentials": CANARY},
        },
        {
            "kind": "Cluster",
            "apiVersion": "postgresql.cnpg.io/v1",
            "spec": {"instances": 1, "superuserSecret": CANARY, "passwrd": CANARY},
        },
        {"kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1", "spec": {"encryptedData": [CANARY]}},
    ],
)
def test_a_secret_in_a_manifest_is_not_shown(body: dict[str, object]) -> None:
    found = check_manifest({"metadata": {"name": "X"}, **body})
    assert found
    assert all(CANARY not in str(f) for f in found)


@given(
    st.sampled_from([path.replace("*", "own") for path in SECRET_VALUES]),
    st.sampled_from([5, True, 2.5, [CANARY], {"a": CANARY}, "x" * 400]),
)
def test_whatever_stands_at_a_secret_place_is_hidden(path: str, value: object) -> None:
    found = check_values(nested(path, value), **NEWEST)
    shown = [f.seen for f in found if f.at.startswith(f"values.{path}")]
    assert all(CANARY not in text and "xxx" not in text for text in shown)
    assert may_hide(tuple(path.split("."))), path


@pytest.mark.parametrize(
    "name", ["POSTGRES_PASSWORD", "AIRFLOW__SMTP__SMTP_PASSWORD", "GITHUB_ACCESS_TOKEN", "PASSWORD"]
)
def test_variables_that_carry_secrets_are_recognised(name: str) -> None:
    assert is_secret_variable(name)


@pytest.mark.parametrize("name", ["PASSWORD_FILE", "PGSSLMODE", "AIRFLOW__CORE__PARALLELISM", "TOKENIZERS_PARALLELISM"])
def test_variables_that_carry_none_are_left_alone(name: str) -> None:
    assert not is_secret_variable(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a:b@c", True),
        ("https://a@c", False),
        ("https://c/x:y@z", False),
        ("x://u:${P}@h", False),
        ("x://u:{{ .p }}@h", False),
    ],
)
def test_an_address_with_a_password_is_recognised(text: str, expected: bool) -> None:
    assert has_login(text) is expected
