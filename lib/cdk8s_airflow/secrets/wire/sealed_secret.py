"""SealedSecrets in the form of Sealed Secrets 0.36 (bitnami.com/v1alpha1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

WIDER_SCOPES = ("sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide")
"""Annotations of scopes wider than one name and namespace. Source: ``pkg/apis/sealedsecrets/v1alpha1/types.go``."""

_GCM_TAG = 16
_RSA_BYTES = range(128, 2049)
_FEWEST_DISTINCT = 64


def sealed_secret_manifest(
    name: str, namespace: str, *, type: str, labels: Mapping[str, str], encrypted: Mapping[str, str]
) -> dict[str, Any]:
    """The SealedSecret. Its ciphertexts are valid only for its name and namespace, the strictest of the three
    scopes.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = dict(labels)
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"encryptedData": dict(encrypted), "template": {"type": type, "metadata": metadata}},
    }


def ciphertext_problem(text: str) -> str:
    """Why a string cannot be a ciphertext of ``kubeseal``; empty if it can be.

    A ciphertext is base64 of: the length of the RSA-encrypted session key in two bytes, that key, and the content
    encrypted with AES-GCM including its tag of 16 bytes. Source: ``pkg/crypto/crypto.go``.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "must be a ciphertext of kubeseal, which is base64"
    length = int.from_bytes(data[:2], "big")
    key, content = data[2 : 2 + length], data[2 + length :]
    if length not in _RSA_BYTES or len(key) < length or len(content) < _GCM_TAG or len(set(key)) < _FEWEST_DISTINCT:
        return "must be a ciphertext of kubeseal; it is base64 of something else, maybe of the secret itself"
    if len(content) == _GCM_TAG:
        return "must be the ciphertext of a value that is not empty"
    return ""
