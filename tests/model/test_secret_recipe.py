"""What of a Secret can be made up."""

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
def test_what_can_be_made_up_says_how(need: SecretNeed, recipe: recipes.Recipe) -> None:
    assert need.recipe == recipe
    assert need.can_be_made_up


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
def test_what_only_a_person_knows_cannot_be_made_up(need: SecretNeed) -> None:
    assert not need.can_be_made_up


def test_a_key_that_somebody_knows_how_to_make_is_made_for_all_its_readers() -> None:
    fernet = contracts.FernetKeySecret("key")
    also = needs.free_key(contracts.SecretKey("key", "fernet-key"), "airflow", "reads it too", content="a key")
    for order in (
        [also, needs.random_key(fernet, "airflow", "encrypts")],
        [needs.random_key(fernet, "airflow", "encrypts"), also],
    ):
        (both,) = merged(order)
        assert both.can_be_made_up


def test_one_key_more_that_only_a_person_knows_leaves_the_whole_secret_to_a_person() -> None:
    one = needs.random_key(contracts.FernetKeySecret("key"), "airflow", "encrypts")
    other = needs.free_key(contracts.SecretKey("key", "token"), "airflow", "asks", content="a token")
    (both,) = merged([one, other])
    assert not both.can_be_made_up
    assert set(both.recipe) == {"fernet-key"}


def test_a_key_of_which_two_readers_want_different_content_cannot_be_made_up() -> None:
    one, other = {"a": (recipes.text("x"),), "b": (recipes.text("y"),)}, {"a": (recipes.text("z"),)}
    assert recipes.joined(one, other) == {"b": (recipes.text("y"),)}
    assert recipes.joined(other, one) == {"b": (recipes.text("y"),)}


def test_labels_that_readers_look_for_are_kept() -> None:
    login = needs.basic_auth(AUTH, "data", username="robot", purpose="owns")
    other = needs.free_key(contracts.SecretKey("login", "password"), "data", "reads", content="it")
    (both,) = merged([other, login])
    assert both.labels == {"cnpg.io/reload": "true"}
