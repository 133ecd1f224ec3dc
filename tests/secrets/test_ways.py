"""Each source of Secrets in a whole platform: which Secrets remain manual, and that readers and sources match."""

from __future__ import annotations

import functools
import runpy
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.app.registry import Registry, registry_of
from tests.truth.manifests import load

EXAMPLES = Path(__file__).parents[2] / "examples"
KEYS = ["airflow-api-secret-key", "airflow-fernet-key", "airflow-jwt-secret"]


@functools.cache
def built(name: str) -> tuple[Registry, list[dict[str, Any]]]:
    """The registry and the objects of an example."""
    app = runpy.run_path(str(EXAMPLES / f"{name}.py"))["build"]()
    return registry_of(app), load(app.synth_yaml())


@pytest.mark.parametrize(
    ("example", "by_hand", "made"),
    [
        (
            "external_secrets",
            [],
            [*KEYS, "airflow-git", "airflow-metadata", "airflow-pg-credentials"],
        ),
        (
            "sealed_secrets",
            [],
            [*KEYS, "airflow-git", "airflow-metadata", "airflow-pg-credentials"],
        ),
        ("bridged_database", KEYS, ["airflow-metadata", "airflow-pg-app"]),
        ("production", ["airflow-admin", *KEYS, "airflow-git"], ["airflow-pg-app"]),
    ],
)
def test_manual_secrets(example: str, by_hand: list[str], made: list[str]) -> None:
    registry, _ = built(example)
    assert sorted(need.name for need in registry.missing if need.name != "airflow-tls") == sorted(by_hand)
    assert sorted(source.name for source in registry.provided.values()) == sorted(made)


@pytest.mark.parametrize("example", ["external_secrets", "sealed_secrets"])
def test_created_secrets_have_all_keys_of_their_readers(example: str) -> None:
    registry, _ = built(example)
    for place, source in registry.provided.items():
        assert place in registry.secrets, place
        assert source.keys == registry.secrets[place].keys.keys()


@pytest.mark.parametrize("example", ["external_secrets", "sealed_secrets", "bridged_database", "production"])
def test_output_contains_no_secret_object(example: str) -> None:
    _, manifests = built(example)
    assert [manifest for manifest in manifests if manifest["kind"] == "Secret"] == []
    assert len(manifests) >= 4


@pytest.mark.parametrize("example", ["external_secrets", "bridged_database"])
def test_every_store_is_restricted_and_its_credentials_are_not_in_the_namespace_of_airflow(example: str) -> None:
    _, manifests = built(example)
    stores = [manifest for manifest in manifests if manifest["kind"].endswith("SecretStore")]
    assert [store["kind"] for store in stores] == ["ClusterSecretStore"]
    text = str(stores[0]["spec"]["provider"])
    assert "'namespace': 'airflow'" not in text
    assert "'namespace': '" in text
    users = {manifest["metadata"]["namespace"] for manifest in manifests if manifest["kind"] == "ExternalSecret"}
    assert users == set(stores[0]["spec"]["conditions"][0]["namespaces"])
