"""Names say whether the value under them is a secret, and every word of the vocabulary counts."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.secret_scan import classify, is_secret_value
from cdk8s_airflow.secret_scan.names import ALWAYS, LIKELY, NONE, SPELLED
from cdk8s_airflow.secret_scan.vocabulary import vocabulary

NAMES: dict[str, Any] = vocabulary()["names"]


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("password", ALWAYS),
        ("PGPASSWORD", ALWAYS),
        ("smtp_password", ALWAYS),
        ("dbPassword2", ALWAYS),
        ("DB_PASSWORD_PROD", ALWAYS),
        ("passwordBase64", ALWAYS),
        ("passwd", ALWAYS),
        ("HTTP_Passwd", ALWAYS),
        ("requirepass", ALWAYS),
        ("pw", ALWAYS),
        ("passcode", ALWAYS),
        ("dbpass", ALWAYS),
        ("client_secret", ALWAYS),
        ("clientSecret", ALWAYS),
        ("api-key", ALWAYS),
        ("apikey", ALWAYS),
        ("SECRET_KEY", ALWAYS),
        ("acme.lab/api-token", ALWAYS),
        ("redis.password", ALWAYS),
        ("creds", SPELLED),
        ("DB_SECRET", SPELLED),
        ("--token", SPELLED),
        ("LAKE_TOKEN", SPELLED),
        ("secretKey", LIKELY),
        ("secret", LIKELY),
        ("token", LIKELY),
        ("sshKey", LIKELY),
        ("SSH_KEY", LIKELY),
        ("S3_KEY", LIKELY),
        ("GITHUB_PAT", ALWAYS),
        ("HEX_PAT", LIKELY),
        ("SENTRY_DSN", LIKELY),
        ("secretName", NONE),
        ("tokenUrl", NONE),
        ("passwordKey", NONE),
        ("password_file", NONE),
        ("TOKEN_BUCKET_SIZE", NONE),
        ("EOS_TOKEN", NONE),
        ("PAD_TOKEN", NONE),
        ("max_tokens", NONE),
        ("CACHE_KEY", NONE),
        ("primary_key", NONE),
        ("topologyKey", NONE),
        ("proxy_pass", NONE),
        ("key", NONE),
        ("author", NONE),
        ("passive", NONE),
        ("bypass", NONE),
        ("monkey", NONE),
        ("PWD", NONE),
        ("checksum/secret", NONE),
        ("", NONE),
        ("---", NONE),
        ("2026", NONE),
        ('x = {"api_key"', NONE),
    ],
)
def test_name_is_classified(name: str, strength: int) -> None:
    assert classify(name).strength == strength


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, group in NAMES["kinds"].items() for word in group])
def test_every_word_of_a_kind_counts(kind: str, word: str) -> None:
    before = NAMES["always"].get(kind, ["x"])[0]
    found = classify(f"lake_{before}_{word}")
    assert (found.kind, found.strength) == (kind, SPELLED if kind == "credential" else ALWAYS)


@pytest.mark.parametrize(("kind", "before"), [(kind, word) for kind, group in NAMES["never"].items() for word in group])
def test_every_exception_counts(kind: str, before: str) -> None:
    assert classify(f"{before}_{NAMES['kinds'][kind][0]}").strength == NONE


@pytest.mark.parametrize("ending", [ending for endings in NAMES["joined"].values() for ending in endings])
def test_every_joined_word_counts(ending: str) -> None:
    assert classify(f"lake{ending}").strength == ALWAYS


def test_only_strings_and_long_numbers_under_a_password_are_secrets() -> None:
    assert is_secret_value("password", 20261121)
    assert not is_secret_value("password", 8)
    assert not is_secret_value("password", True)
    assert not is_secret_value("password", None)
    assert not is_secret_value("token", 20261121)
    assert not is_secret_value("replicas", 20261121)
    assert is_secret_value("password", "20261121")


def test_names_without_qualifier_need_a_random_value_unless_only_secrets_go_there() -> None:
    assert not is_secret_value("token", "hunter2")
    assert is_secret_value("token", "hunter2", only_secrets=True)
    assert is_secret_value("token", "4f9aB2cD8eF1gH5iJ7kL")
    assert is_secret_value("token", "db02de05-fa39-4855-059b-67221c5c2f63")
    assert not is_secret_value("authenticator", "externalbrowser", only_secrets=True)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_SECRET", "airflow-db", False),
        ("DB_SECRET", "hunter2", True),
        ("DB_PASSWORD", "airflow-db", True),
        ("DB_PASSWORD", "lake_password", False),
        ("DB_PASSWORD", "password123", True),
        ("DB_PASSWORD", "Tr$ub4dor&3", True),
        ("DB_PASSWORD", "1.2.3", False),
        ("password", "scram-sha-256", False),
        ("passphrase", "correct horse battery staple", True),
        ("password", "leave it blank for none", False),
        ("basic_auth", "ci:hunter2", True),
        ("auth", "ci:hunter2", True),
        ("auth", "basic", False),
        ("SSH_KEY", "/keys/id", False),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/var/secrets/key.json", False),
    ],
)
def test_value_is_judged_by_its_name(name: str, value: str, expected: bool) -> None:
    assert is_secret_value(name, value) is expected
