"""The SealedSecret manifest, and which strings are ciphertexts."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.schemas import check_manifest
from cdk8s_airflow.secrets.wire.sealed_secret import ciphertext_problem, sealed_secret_manifest
from tests.truth import crds


def noise(length: int, seed: str = "a") -> bytes:
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(seed.encode()).digest(length)


def ciphertext(content: int = 44, key: int = 512) -> str:
    """A ciphertext in the format of kubeseal, for a content and a key of the given lengths."""
    return base64.b64encode(key.to_bytes(2, "big") + noise(key) + noise(content + 16, "b")).decode()


def test_sealed_secret_manifest() -> None:
    manifest = sealed_secret_manifest(
        "airflow-pg-credentials",
        "airflow-data",
        type="kubernetes.io/basic-auth",
        labels={"cnpg.io/reload": "true"},
        encrypted={"username": ciphertext(7), "password": ciphertext()},
    )
    assert manifest == {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "airflow-pg-credentials", "namespace": "airflow-data"},
        "spec": {
            "encryptedData": {"username": ciphertext(7), "password": ciphertext()},
            "template": {
                "type": "kubernetes.io/basic-auth",
                "metadata": {
                    "name": "airflow-pg-credentials",
                    "namespace": "airflow-data",
                    "labels": {"cnpg.io/reload": "true"},
                },
            },
        },
    }
    assert check_manifest(manifest) == []
    crds.assert_accepted(manifest)


@pytest.mark.parametrize("key", [256, 384, 512, 1024])
@pytest.mark.parametrize("content", [1, 44, 4000])
def test_ciphertext_of_kubeseal_is_accepted(key: int, content: int) -> None:
    assert ciphertext_problem(ciphertext(content, key)) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "maybe of the secret itself"),
        ("hunter2!", "which is base64"),
        ("hunter22", "maybe of the secret itself"),
        (f"{ciphertext()}\n", "which is base64"),
        (base64.urlsafe_b64encode(noise(32)).decode(), ""),
        (base64.b64encode(noise(600, "c")).decode(), "maybe of the secret itself"),
        (base64.b64encode(b"\x02\x00" + b"a" * 700).decode(), "maybe of the secret itself"),
        (ciphertext()[:400], "maybe of the secret itself"),
        (ciphertext(0), "a value that is not empty"),
        (base64.b64encode((512).to_bytes(2, "big") + noise(512) + noise(15)).decode(), "maybe of the secret itself"),
    ],
)
def test_other_string_is_rejected(text: str, problem: str) -> None:
    assert ciphertext_problem(text) != ""
    assert problem in ciphertext_problem(text)


@given(st.binary(max_size=400))
def test_no_plausible_secret_is_accepted_as_a_ciphertext(secret: bytes) -> None:
    """Neither as it is nor in base64: no ASCII string of up to 400 bytes starts like a ciphertext of a usual key."""
    if secret[:1] in (b"\x01", b"\x00"):
        secret = b"x" + secret
    assert ciphertext_problem(base64.b64encode(secret).decode()) != ""
    assert ciphertext_problem(secret.decode("latin-1")) != ""
