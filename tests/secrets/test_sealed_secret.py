"""``SealedSecret``: the Secret it creates, and that an unencrypted secret is never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    ClusterSecretStore,
    ExternalSecret,
    FernetKeySecret,
    Namespace,
    PlatformError,
    RemoteKey,
    SealedFile,
    SealedSecret,
    SecretKey,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.secrets.wire.test_sealed_secret import ciphertext
from tests.truth import assert_accepted

AIRFLOW, DATA = Namespace.existing("airflow"), Namespace.existing("airflow-data")


def make(chart: Any, **changes: Any) -> SealedSecret:
    given: dict[str, Any] = {
        "namespace": AIRFLOW,
        "secret": FernetKeySecret("airflow-fernet-key"),
        "encrypted": {"fernet-key": ciphertext()},
    }
    return SealedSecret(chart, "sealed", **{**given, **changes})


def test_sealed_secret_creates_the_secret_of_the_reference_and_satisfies_its_need() -> None:
    chart = new_chart()
    make_airflow(chart)
    make(chart)
    registry = registry_of(chart)
    assert "airflow-fernet-key" not in [need.name for need in registry.missing]
    assert [source.by for source in registry.provided.values()] == ["SealedSecret airflow/airflow-fernet-key"]
    assert_accepted(emitted(chart))


def test_login_has_its_type_and_the_reload_label() -> None:
    chart = new_chart()
    credentials = BasicAuthSecret("airflow-pg-credentials")
    make_cluster(chart, credentials=credentials)
    make(
        chart,
        namespace=DATA,
        secret=credentials,
        encrypted={"username": ciphertext(7), "password": ciphertext()},
        labels={"team": "data"},
    )
    template = emitted(chart)[-1]["spec"]["template"]
    assert template["type"] == "kubernetes.io/basic-auth"
    assert template["metadata"]["labels"] == {"cnpg.io/reload": "true", "team": "data"}
    assert registry_of(chart).missing == []


def test_secret_with_two_sources_is_rejected() -> None:
    chart = new_chart()
    make(chart)
    with pytest.raises(PlatformError) as caught:
        ExternalSecret(
            chart,
            "external",
            namespace=AIRFLOW,
            secret=FernetKeySecret("airflow-fernet-key"),
            store=ClusterSecretStore.existing("vault"),
            data={"fernet-key": RemoteKey("airflow", property="fernet-key")},
        )
    (finding,) = caught.value
    assert finding.rule == "secrets/made-twice"
    assert "SealedSecret airflow/airflow-fernet-key" in finding.problem


def sealed_file(folder: Path, **changes: Any) -> SealedFile:
    """The output of kubeseal for the Fernet key, with some changes."""
    manifest = {
        "kind": "SealedSecret",
        "apiVersion": "bitnami.com/v1alpha1",
        "metadata": {"name": "airflow-fernet-key", "namespace": "airflow"},
        "spec": {"encryptedData": {"fernet-key": ciphertext()}},
        **changes,
    }
    path = folder / "sealed.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return SealedFile(str(path))


def test_sealed_file_is_used_unchanged(tmp_path: Path) -> None:
    chart = new_chart()
    make(chart, encrypted=sealed_file(tmp_path))
    (manifest,) = emitted(chart)
    assert manifest["spec"]["encryptedData"] == {"fernet-key": ciphertext()}
    assert [source.keys for source in registry_of(chart).provided.values()] == [frozenset({"fernet-key"})]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"metadata": {"name": "other", "namespace": "airflow"}}, "sealed for Secret 'other' in namespace 'airflow'"),
        ({"metadata": {"name": "airflow-fernet-key"}}, "in namespace None"),
        (
            {
                "metadata": {
                    "name": "airflow-fernet-key",
                    "namespace": "airflow",
                    "annotations": {"sealedsecrets.bitnami.com/cluster-wide": "true"},
                }
            },
            "must be sealed with the strict scope",
        ),
        ({"kind": "Secret", "stringData": {"fernet-key": "hunter2-my-fernet-key"}}, "must contain a SealedSecret"),
        ({"spec": {}}, "must contain encryptedData"),
        ({"spec": {"encryptedData": {"fernet-key": ["hunter2-my-fernet-key"]}}}, "must contain encryptedData"),
    ],
)
def test_file_without_a_matching_sealed_secret_is_rejected(
    changes: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), encrypted=sealed_file(tmp_path, **changes))
    (finding,) = caught.value
    assert (finding.rule, finding.at) == ("secrets/sealed-file", "encrypted.path")
    assert problem in finding.problem
    assert "hunter2" not in str(finding)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "must be a readable file"),
        (b"hunter2: yaml", "must be JSON"),
        (b"\xff", "must be a readable file"),
        (b"[]", "must contain a SealedSecret"),
    ],
)
def test_unreadable_file_is_rejected(content: bytes | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), encrypted=SealedFile(str(path)))
    (finding,) = caught.value
    assert problem in finding.problem
    assert "hunter2" not in str(finding)


def test_file_without_a_required_key_is_rejected(tmp_path: Path) -> None:
    file = sealed_file(tmp_path, spec={"encryptedData": {"fernet_key": ciphertext()}})
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), encrypted=file)
    assert [(finding.rule, finding.at) for finding in caught.value] == [("secrets/keys", "encrypted")]


SECRET = "hunter2-my-fernet-key"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"encrypted": {"fernet-key": SECRET}}, [("secrets/ciphertext", "encrypted.fernet-key")]),
        ({"encrypted": {"fernet-key": [SECRET]}}, [("argument/type", "encrypted.fernet-key")]),
        ({"encrypted": SECRET}, [("argument/type", "encrypted")]),
        ({"encrypted": SealedFile("")}, [("argument/empty", "encrypted.path")]),
        ({"encrypted": {"fernet-key": ciphertext(0)}}, [("secrets/ciphertext", "encrypted.fernet-key")]),
        ({"encrypted": {}}, [("secrets/keys", "encrypted"), ("secrets/keys", "encrypted")]),
        ({"encrypted": {"fernet_key": ciphertext()}}, [("secrets/keys", "encrypted")]),
        ({"encrypted": {"a b": ciphertext()}}, [("argument/name", "encrypted (key)")]),
        ({"secret": SECRET}, [("secrets/reference", "secret")]),
        ({"secret": [SecretKey("a", "k"), SecretKey("b", "k")]}, [("secrets/several", "secret")]),
        ({"labels": {"a": "b c"}}, [("argument/name", "labels.a")]),
        ({"facts": ClusterFacts(crds={"a.b"})}, [("facts/crd-missing", "facts.crds")]),
    ],
)
def test_invalid_argument_is_rejected_and_never_shown(changes: Mapping[str, Any], found: list[tuple[str, str]]) -> None:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), **changes)
    assert [(finding.rule, finding.at) for finding in caught.value] == found
    assert SECRET not in str(caught.value)
