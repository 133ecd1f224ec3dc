"""References to Secrets: the keys of each contract, and the objects accepted as names."""

from __future__ import annotations

import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow.model import secret_reference as contracts
from cdk8s_airflow.model.secret_reference import AirflowKeys, ConfigMapKey, ExistingSecret, SecretKey, name_of
from cdk8s_airflow.validation import check_value
from tests.making import new_chart


@pytest.mark.parametrize(
    ("contract", "keys", "type_"),
    [
        (contracts.ExistingSecret, [], "Opaque"),
        (contracts.DsnSecret, ["connection"], "Opaque"),
        (contracts.BasicAuthSecret, ["username", "password"], "kubernetes.io/basic-auth"),
        (
            contracts.GitTokenSecret,
            ["GITSYNC_USERNAME", "GITSYNC_PASSWORD", "GIT_SYNC_USERNAME", "GIT_SYNC_PASSWORD"],
            "Opaque",
        ),
        (contracts.GitSshSecret, ["gitSshKey"], "Opaque"),
        (contracts.FernetKeySecret, ["fernet-key"], "Opaque"),
        (contracts.ApiSecretKeySecret, ["api-secret-key"], "Opaque"),
        (contracts.JwtSecret, ["jwt-secret"], "Opaque"),
        (contracts.WebserverSecretKeySecret, ["webserver-secret-key"], "Opaque"),
        (contracts.TlsSecret, ["tls.crt", "tls.key"], "kubernetes.io/tls"),
    ],
)
def test_each_contract_has_fixed_keys_and_a_type(
    contract: type[contracts.SecretReference], keys: list[str], type_: str
) -> None:
    reference = contract("a-secret.1")
    assert (reference.name, list(reference.keys), reference.type) == ("a-secret.1", keys, type_)
    assert check_value(reference, contract, "x") == []
    assert contract.how_to_write.startswith(f"{contract.__name__}(")  # type: ignore[attr-defined]


def test_airflow_keys_existing_derives_names_from_the_prefix() -> None:
    keys = AirflowKeys.existing(prefix="lab")
    assert [ref.name for ref in (keys.fernet, keys.api, keys.jwt, keys.webserver) if ref] == [
        "lab-fernet-key",
        "lab-api-secret-key",
        "lab-jwt-secret",
        "lab-webserver-secret-key",
    ]
    assert check_value(keys, AirflowKeys, "keys") == []


def test_airflow_keys_reports_each_pair_that_shares_a_secret() -> None:
    keys = AirflowKeys(
        fernet=contracts.FernetKeySecret("a"), api=contracts.ApiSecretKeySecret("a"), jwt=contracts.JwtSecret("b")
    )
    assert [(finding.rule, finding.at) for finding in check_value(keys, AirflowKeys, "keys")] == [
        ("secrets/shared-key", "keys.api")
    ]


@pytest.mark.parametrize(
    ("key", "found"), [("ca.crt", 0), ("A_b-1", 0), ("", 1), ("a/b", 1), ("a b", 1), ("x" * 254, 1)]
)
@pytest.mark.parametrize("kind", [SecretKey, ConfigMapKey])
def test_secret_key_and_config_map_key(kind: type, key: str, found: int) -> None:
    assert len(check_value(kind("name", key), kind, "x")) == found


def test_reference_accepts_a_cdk8s_plus_secret_but_no_other_object() -> None:
    chart = new_chart()
    secret = plus.Secret(chart, "s", metadata={"name": "theirs"})
    assert ExistingSecret(secret).name == "theirs"
    config_map = plus.ConfigMap(chart, "c")
    assert name_of(config_map, "Secret") is config_map
    assert [finding.at for finding in check_value(ExistingSecret(config_map), ExistingSecret, "x")] == ["x.name"]


def test_reference_is_not_accepted_as_the_name_of_another() -> None:
    reference = ExistingSecret("a")
    assert name_of(reference, "Secret") is reference
    assert name_of("a", "Secret") == "a"
    assert name_of(7, "Secret") == 7


def test_references_compare_by_value() -> None:
    assert ExistingSecret("a") == ExistingSecret("a")
    assert ExistingSecret("a") != contracts.DsnSecret("a")
    assert len({ExistingSecret("a"), ExistingSecret("a")}) == 1
