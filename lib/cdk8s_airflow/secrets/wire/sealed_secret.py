"""SealedSecrets as the controller of Sealed Secrets 0.36 reads them (bitnami.com/v1alpha1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

WIDER_SCOPES = ("sealedsecrets.bitnami.com/cluster-wide", "sealedsecrets.bitnami.com/namespace-wide")
"""Annotations of what is not bound to one name and namespace. Source: ``pkg/apis/sealedsecrets/v1alpha1/types.go``."""

_GCM_TAG = 16
_RSA_BYTES = range(128, 2049)
_FEWEST_DISTINCT = 64


def sealed_secret_manifest(
    name: str, namespace: str, *, type: str, labels: Mapping[str, str], encrypted: Mapping[str, str]
) -> dict[str, Any]:
    """The SealedSecret. Its ciphertexts are bound to its name and namespace, the strictest of the three scopes."""
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
    """Why a text is not what ``kubeseal`` makes; empty when it can be.

    It makes base64 of: the length of a session key's RSA ciphertext in two bytes, that ciphertext, and the AES-GCM ciphertext
    of the content with its tag of 16 bytes. Source: ``pkg/crypto/crypto.go``.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return "is not in base64, as every ciphertext of kubeseal is"
    length = int.from_bytes(data[:2], "big")
    key, content = data[2 : 2 + length], data[2 + length :]
    if length not in _RSA_BYTES or len(key) < length or len(content) < _GCM_TAG or len(set(key)) < _FEWEST_DISTINCT:
        return "is in base64, and is no ciphertext of kubeseal: it may be the secret itself"
    if len(content) == _GCM_TAG:
        return "is a ciphertext of nothing: what was sealed was empty"
    return ""
