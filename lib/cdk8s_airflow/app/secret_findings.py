"""Scans everything that is written, manifests and other files, for secrets in clear text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import find_in_text, find_in_tree, looks_secret
from cdk8s_airflow.secret_scan.secret_generators import CONTENT
from cdk8s_airflow.secret_scan.secret_manifests import FIELDS
from cdk8s_airflow.text.documents import dotted
from cdk8s_airflow.validation import Finding

_FIX: Final = 'Move it into a Secret and refer to that, or, if it is not a secret, declare it: not_secret("...")'
_CONTENT_FIX: Final = "Create the Secret outside of the manifests, or with an ExternalSecret, a SealedSecret or a SecretBootstrap, and refer to it by name"


def manifests_findings(manifests: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Everything in objects that looks like a secret. They are searched together first, because nearly all have none."""
    manifests = list(manifests)
    if next(find_in_tree(manifests), None) is None:
        return []
    return [finding for manifest in manifests for finding in manifest_findings(manifest)]


def manifest_findings(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything in one object that looks like a secret, and the content of Secrets nested in it.

    The encrypted content of a SealedSecret is not scanned.
    """
    whole = {(field,) for field in FIELDS} if manifest.get("kind") == "Secret" else set()
    reported = False
    for path, what in find_in_tree(manifest):
        if path in whole and what == CONTENT:
            if not reported:
                yield _content(_object_name(manifest))
            reported = True
        else:
            yield _found(f"{_object_name(manifest)}: {dotted(path)}", what)


def file_findings(name: str, text: str) -> Iterator[Finding]:
    """Everything in a file that looks like a secret, by line."""
    for found in find_in_text(text):
        yield _found(f"{name} line {text.count(chr(10), 0, found.start) + 1}", found.what)


def output_findings(files: Iterable[tuple[str, str]]) -> list[Finding]:
    """Everything in files of manifests that looks like a secret: objects of the user and JSON patches included.

    Args:
        files: name and text of each.
    """
    return [
        finding
        for name, text in files
        for finding in file_findings(name, _without_ciphertext(text) if _SEALED in text else text)
    ]


_SEALED: Final = "SealedSecret"
_DOCUMENT = regex(r"^(?=---)", re.MULTILINE)
_SEALED_KIND = regex(r"""^kind: ["']?SealedSecret["']?[ ]*$""", re.MULTILINE)
_CIPHERTEXT = regex(r"^(?P<indent> *)encryptedData:[^\n]*\n(?P<body>(?:(?P=indent) +[^\n]*\n?|[ ]*\n)*)", re.MULTILINE)


def _without_ciphertext(text: str) -> str:
    """A file without the encrypted content of its SealedSecrets, with the same lines."""
    documents = _DOCUMENT.split(text)
    for index, document in enumerate(documents):
        if _SEALED_KIND.search(document) is not None:
            documents[index] = _CIPHERTEXT.sub(lambda field: "\n" * field[0].count("\n"), document)
    return "".join(documents)


def _object_name(manifest: Mapping[str, Any]) -> str:
    """Kind and name of an object. A name that looks like a secret is left out."""
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown = name if isinstance(name, str) and not looks_secret(name) else ""
    return f"{manifest.get('kind')} {shown}".rstrip()


def _content(at: str) -> Finding:
    return Finding(
        rule="secrets/content",
        at=at,
        problem="has content, which would be written in clear text (base64 is no encryption)",
        fix=_CONTENT_FIX,
    )


def _found(at: str, what: str) -> Finding:
    if what.startswith(CONTENT):
        return Finding(
            rule="secrets/content",
            at=at,
            problem=f"contains {what}, which would be written in clear text",
            fix=_CONTENT_FIX,
        )
    return Finding(
        rule="secrets/clear-text", at=at, problem=f"contains {what}, which would be written in clear text", fix=_FIX
    )
