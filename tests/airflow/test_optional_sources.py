"""Environment variables from Secrets that may be missing, connections without a secret, and auth managers set with config=."""

from __future__ import annotations

from typing import Any

import cdk8s
import pytest
import yaml

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    CloudIdentityConnection,
    ConfigMapKey,
    ExistingConfigMap,
    ExistingSecret,
    FabAuth,
    Oidc,
    OptionalSource,
    PlatformError,
    Scheduler,
    SecretKey,
    SimpleAuth,
    TaskPod,
    TaskPods,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, new_chart

KEY = OptionalSource(SecretKey("sentry", "dsn"))
KEY_REFERENCE = {"secretKeyRef": {"name": "sentry", "key": "dsn", "optional": True}}


def values(chart: cdk8s.Chart) -> dict[str, Any]:
    (manifest,) = (each for each in emitted(chart) if each["kind"] == "HelmChart")
    found: dict[str, Any] = yaml.safe_load(manifest["spec"]["valuesContent"])
    return found


def test_optional_keys_and_secrets_are_optional_in_every_pod() -> None:
    chart = new_chart()
    make_airflow(
        chart,
        env={"SENTRY_DSN": KEY, "FLAGS": OptionalSource(ConfigMapKey("flags", "all"))},
        env_from=[OptionalSource(ExistingSecret("more")), OptionalSource(ExistingConfigMap("settings"))],
        scheduler=Scheduler(env={"OWN": KEY}),
        task_pods=TaskPods(default=TaskPod(env={"TASK": KEY}, env_from=[OptionalSource(ExistingSecret("task"))])),
    )
    found = values(chart)
    assert yaml.safe_load(found["extraEnv"]) == [
        {"name": "SENTRY_DSN", "valueFrom": KEY_REFERENCE},
        {"name": "FLAGS", "valueFrom": {"configMapKeyRef": {"name": "flags", "key": "all", "optional": True}}},
    ]
    optional = [
        {"secretRef": {"name": "more", "optional": True}},
        {"configMapRef": {"name": "settings", "optional": True}},
    ]
    assert yaml.safe_load(found["extraEnvFrom"]) == optional
    assert found["scheduler"]["env"] == [{"name": "OWN", "valueFrom": KEY_REFERENCE}]
    (container,) = [
        each for each in yaml.safe_load(found["podTemplate"])["spec"]["containers"] if each["name"] == "base"
    ]
    entries = {each["name"]: each.get("valueFrom") for each in container["env"]}
    assert entries["SENTRY_DSN"] == entries["TASK"] == KEY_REFERENCE
    assert container["envFrom"] == [*optional, {"secretRef": {"name": "task", "optional": True}}]


def test_nobody_waits_for_what_is_optional() -> None:
    chart = new_chart()
    make_airflow(
        chart,
        env={"SENTRY_DSN": KEY},
        env_from=[OptionalSource(ExistingSecret("more")), OptionalSource(ExistingConfigMap("settings"))],
    )
    needed = {name for _, name in registry_of(chart).secrets}
    assert not needed & {"sentry", "more"}
    assert not [note for note in registry_of(chart).all_notes if "settings" in note]


def test_connection_with_a_cloud_identity_is_json_without_a_secret() -> None:
    chart = new_chart()
    make_airflow(
        chart,
        connections={
            "aws_default": CloudIdentityConnection(type="aws", extra={"region_name": "eu-central-1"}),
            "plain": CloudIdentityConnection(type="google_cloud_platform"),
        },
    )
    entries = {each["name"]: each["value"] for each in values(chart)["env"]}
    assert entries["AIRFLOW_CONN_AWS_DEFAULT"] == '{"conn_type": "aws", "extra": {"region_name": "eu-central-1"}}'
    assert entries["AIRFLOW_CONN_PLAIN"] == '{"conn_type": "google_cloud_platform"}'


@pytest.mark.parametrize(
    ("given", "rule", "at"),
    [
        (
            CloudIdentityConnection(type="aws", extra={"aws_secret_access_key": "hunter2hunter2hunter2"}),
            "environment/clear-text",
            "connections.lake.extra.aws_secret_access_key",
        ),
        (CloudIdentityConnection(type="aws://"), "argument/name", "connections.lake.type"),
        ("aws://", "argument/type", "connections.lake"),
    ],
)
def test_connection_that_is_or_has_a_secret_is_refused(given: Any, rule: str, at: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), connections={"lake": given})
    assert [(each.rule, each.at) for each in caught.value.findings] == [(rule, at)]
    assert "hunter2" not in str(caught.value)


KEYCLOAK = "airflow.providers.keycloak.auth_manager.keycloak_auth_manager.KeycloakAuthManager"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
SIGN_ON = FabAuth(
    sign_on=Oidc(
        issuer="https://sso.example.com",
        client_id="airflow",
        client_secret=SecretKey("sso", "secret"),
        roles={"admins": "Admin"},
    )
)


@pytest.mark.parametrize(
    ("manager", "settings", "at"),
    [
        (KEYCLOAK, {"auth": SIGN_ON, "ui": None}, "auth.sign_on"),
        (KEYCLOAK, {"admin": AdminAccount(credentials=BasicAuthSecret("a"), email="a@example.com")}, "admin"),
        (KEYCLOAK, {"auth": SimpleAuth(users={"a": "admin"})}, "auth"),
        (KEYCLOAK, {"auth": FabAuth()}, "auth"),
        (FAB, {"auth": FabAuth()}, None),
        (KEYCLOAK, {}, None),
        (FAB, {"auth": SIGN_ON, "ui": None}, None),
        ("example.auth.OwnAuthManager", {"auth": SIGN_ON, "ui": None}, None),
    ],
)
def test_auth_manager_that_ignores_other_arguments_is_refused(
    manager: str, settings: dict[str, Any], at: str | None
) -> None:
    from cdk8s_airflow import ClusterIP

    if "ui" in settings:
        settings = {**settings, "ui": ClusterIP(base_url="https://airflow.example.com")}
    arguments = {"config": {"core": {"auth_manager": manager}}, **settings}
    if at is None:
        make_airflow(new_chart(), **arguments)
        return
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), **arguments)
    assert ("people/auth-manager", at) in [(each.rule, each.at) for each in caught.value.findings]
