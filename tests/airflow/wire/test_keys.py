"""The keys that must not move, one fernet key or two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.keys import KEYS, key_needs, key_rules
from cdk8s_airflow.airflow.wire.migration import needed_keys
from cdk8s_airflow.model.secret_reference import (
    AirflowKeys,
    ApiSecretKeySecret,
    FernetKeySecret,
)
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


every = pytest.mark.parametrize("pair", PAIRS, ids=called)
NEW, OLD = FernetKeySecret("fernet-2"), FernetKeySecret("fernet-1")
ROTATING = AirflowKeys.existing(prefix="airflow", fernet=NEW, previous_fernet=OLD)


@every
def test_one_fernet_key_is_the_charts_own_affair(pair: Pair) -> None:
    values = values_of(KEYS, release(pair, keys=AirflowKeys.existing(prefix="airflow")))
    assert values["fernetKeySecretName"] == "airflow-fernet-key"
    assert not {"env", "secret", "enableBuiltInSecretEnvVars"} & values.keys()


@every
def test_two_fernet_keys_are_joined_by_a_command_the_new_one_first(pair: Pair) -> None:
    values = values_of(KEYS, release(pair, keys=ROTATING))
    assert values["fernetKeySecretName"] == "fernet-2"
    assert values["enableBuiltInSecretEnvVars"] == {"AIRFLOW__CORE__FERNET_KEY": False}
    assert values["env"] == [
        {
            "name": "AIRFLOW__CORE__FERNET_KEY_CMD",
            "value": """sh -c 'printf %s,%s "$AIRFLOW_FERNET_KEY" "$AIRFLOW_FERNET_KEY_BEFORE"'""",
        }
    ]
    assert values["secret"] == [
        {"envName": "AIRFLOW_FERNET_KEY", "secretName": "fernet-2", "secretKey": "fernet-key"},
        {"envName": "AIRFLOW_FERNET_KEY_BEFORE", "secretName": "fernet-1", "secretKey": "fernet-key"},
    ]


@every
def test_the_migration_waits_for_both_keys(pair: Pair) -> None:
    settings = release(pair, keys=ROTATING)
    needed = needed_keys(settings, compile_release(settings).needs)
    assert needed["fernet-1"] == needed["fernet-2"] == ("fernet-key",)


@every
def test_two_fernet_keys_are_sound(pair: Pair) -> None:
    settings = release(pair, keys=ROTATING)
    assert compile_release(settings).setting_findings == compile_release(release(pair)).setting_findings
    assert (
        compile_release(settings).values_from_arguments["enableBuiltInSecretEnvVars"]["AIRFLOW__CORE__FERNET_KEY"]
        is False
    )


def test_a_new_fernet_key_is_generated_and_the_previous_one_is_not() -> None:
    needs = {need.name: need for need in key_needs(release(PAIRS[-1], keys=ROTATING))}
    assert needs["fernet-2"].can_be_generated
    assert not needs["fernet-1"].can_be_generated
    assert "openssl" not in needs["fernet-1"].command


@pytest.mark.parametrize(
    ("keys", "at", "other"),
    [
        (AirflowKeys.existing(prefix="airflow", fernet=OLD, previous_fernet=OLD), "previous_fernet", "fernet"),
        (replace(ROTATING, api=ApiSecretKeySecret("fernet-1")), "api", "previous_fernet"),
    ],
)
def test_the_key_before_is_in_a_secret_of_its_own(keys: AirflowKeys, at: str, other: str) -> None:
    (finding,) = keys._rules()
    assert (finding.rule, finding.at) == ("secrets/shared-key", at)
    assert f"the same Secret as {other}" in finding.problem


@every_pair
def test_keys_are_named_and_nobody_gets_the_well_known_user(pair: Pair) -> None:
    session = (
        {"apiSecretKeySecretName": "k-api-secret-key", "jwtSecretName": "k-jwt-secret"}
        if pair in WITH_AIRFLOW_3
        else {"webserverSecretKeySecretName": "k-webserver-secret-key"}
    )
    user = (
        {"createUserJob": {"enabled": False}}
        if pair[0] in ("1.20.0", "1.22.0")
        else {"webserver": {"defaultUser": {"enabled": False}}}
    )
    assert values_of(KEYS, release(pair)) == {"fernetKeySecretName": "k-fernet-key", **session, **user}


@every_pair
def test_a_key_that_the_version_reads_and_nobody_named_is_found(pair: Pair) -> None:
    found = list(key_rules(release(pair, keys=AirflowKeys(fernet=FernetKeySecret("f")))))
    expected = ["keys.api", "keys.jwt"] if pair in WITH_AIRFLOW_3 else ["keys.webserver"]
    assert [(finding.rule, finding.at) for finding in found] == [("secrets/key-missing", at) for at in expected]
    assert list(key_rules(release(pair))) == []


@every_pair
def test_the_secrets_with_keys_are_made_at_random(pair: Pair) -> None:
    made = {need.name: dict(need.keys) for need in key_needs(release(pair))}
    expected = (
        {"k-api-secret-key": ["api-secret-key"], "k-jwt-secret": ["jwt-secret"]}
        if pair in WITH_AIRFLOW_3
        else {"k-webserver-secret-key": ["webserver-secret-key"]}
    )
    assert {name: list(keys) for name, keys in made.items()} == {"k-fernet-key": ["fernet-key"], **expected}
