"""Which Secrets can be generated, and how."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model import secret_recipe as recipes
from cdk8s_airflow.model import secret_reference as contracts
from cdk8s_airflow.model.secret_need import SecretNeed, merged

AUTH = contracts.BasicAuthSecret("login")
PASSWORD = contracts.RedisPasswordSecret("redis")
KEY = contracts.SecretKey("smtp", "password")


@pytest.mark.parametrize(
    ("need", "recipe"),
    [
        (
            needs.random_key(contracts.JwtSecret("jwt"), "airflow", "signs"),
            {"jwt-secret": ({"random": "base64url", "bytes": 32},)},
        ),
        (
            needs.basic_auth(AUTH, "data", username="robot", purpose="owns"),
            {"username": ({"text": "robot"},), "password": ({"random": "hex", "bytes": 24},)},
        ),
        (
            needs.account(AUTH, "airflow", "may log in"),
            {"username": ({"text": "admin"},), "password": ({"random": "hex", "bytes": 24},)},
        ),
        (needs.random_password(PASSWORD, "airflow", "guards"), {"password": ({"random": "hex", "bytes": 24},)}),
        (
            needs.random_password(contracts.FlowerAuthSecret("flower"), "airflow", "guards", before="admin:"),
            {"basicAuth": ({"text": "admin:"}, {"random": "hex", "bytes": 24})},
        ),
        (
            needs.dsn_copied("url", "airflow", source=("data", "login"), url=("a:", "@b"), purpose="it"),
            {
                "connection": (
                    {"text": "a:"},
                    {"namespace": "data", "secret": "login", "key": "password", "as": "url"},
                    {"text": "@b"},
                )
            },
        ),
        (
            needs.composed_url(
                contracts.BrokerUrlSecret("url"), "airflow", "it", source=PASSWORD, url=("redis://:", "@r:6379/0")
            ),
            {
                "connection": (
                    {"text": "redis://:"},
                    {"namespace": "airflow", "secret": "redis", "key": "password", "as": "url"},
                    {"text": "@r:6379/0"},
                )
            },
        ),
    ],
)
def test_need_with_a_complete_recipe_can_be_generated(need: SecretNeed, recipe: recipes.Recipe) -> None:
    assert need.recipe == recipe
    assert need.can_be_generated


@pytest.mark.parametrize(
    "need",
    [
        needs.dsn_typed("url", "airflow", "the URL"),
        needs.git_token(contracts.GitTokenSecret("git"), "airflow", "reads"),
        needs.registry_login(contracts.PullSecret("login"), "airflow", registries=("docker.io",)),
        needs.pasted(contracts.TlsSecret("tls"), "airflow", "serves", key="tls.key"),
        needs.typed(contracts.BrokerUrlSecret("url"), "airflow", "the URL", prompt="URL"),
        needs.free_key(KEY, "airflow", "sends", content="a password"),
        needs.whole(contracts.ExistingSecret("all"), "airflow", "variables"),
    ],
    ids=lambda need: need.name,
)
def test_need_with_a_typed_key_cannot_be_generated(need: SecretNeed) -> None:
    assert not need.can_be_generated


def test_merged_need_uses_the_recipe_of_either_reader() -> None:
    fernet = contracts.FernetKeySecret("key")
    also = needs.free_key(contracts.SecretKey("key", "fernet-key"), "airflow", "reads it too", content="a key")
    for order in (
        [also, needs.random_key(fernet, "airflow", "encrypts")],
        [needs.random_key(fernet, "airflow", "encrypts"), also],
    ):
        (both,) = merged(order)
        assert both.can_be_generated


def test_merged_need_with_one_typed_key_cannot_be_generated() -> None:
    one = needs.random_key(contracts.FernetKeySecret("key"), "airflow", "encrypts")
    other = needs.free_key(contracts.SecretKey("key", "token"), "airflow", "asks", content="a token")
    (both,) = merged([one, other])
    assert not both.can_be_generated
    assert set(both.recipe) == {"fernet-key"}


def test_merged_need_with_two_different_recipes_for_a_key_cannot_be_generated() -> None:
    one, other = {"a": (recipes.text("x"),), "b": (recipes.text("y"),)}, {"a": (recipes.text("z"),)}
    assert recipes.joined(one, other) == {"b": (recipes.text("y"),)}
    assert recipes.joined(other, one) == {"b": (recipes.text("y"),)}


def test_merged_need_keeps_labels() -> None:
    login = needs.basic_auth(AUTH, "data", username="robot", purpose="owns")
    other = needs.free_key(contracts.SecretKey("login", "password"), "data", "reads", content="it")
    (both,) = merged([other, login])
    assert both.labels == {"cnpg.io/reload": "true"}
