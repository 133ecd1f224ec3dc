"""The second net: whatever is written, manifests and files beside them, is searched for what looks like a secret."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import dedent
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan.scanner import in_text, in_tree, is_vouched, looks_secret
from cdk8s_airflow.text.documents import dotted
from cdk8s_airflow.validation import Finding

_FIX: Final = 'put it into a Secret and name that, or if it is none, say so: not_secret("...")'
_CONTENT: Final = (
    "name a Secret that exists, or one that something on the cluster makes; its content has no place in the output"
)
_SEALED: Final = "encryptedData"


def manifest_findings(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """What looks like a secret in one object. What a SealedSecret holds is encrypted and not looked at."""
    kind, metadata = manifest.get("kind"), manifest.get("metadata")
    about: Mapping[str, Any] = manifest
    if kind == "Secret" and manifest.get("apiVersion") == "v1":
        if any(_has_content(manifest.get(field), field == "data") for field in ("data", "stringData")):
            yield _content(_called(kind, metadata))
        about = {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
    elif kind == "SealedSecret" and isinstance(manifest.get("spec"), Mapping):
        spec = {key: value for key, value in manifest["spec"].items() if key != _SEALED}
        about = {**manifest, "spec": spec}
    for path, what in in_tree(about):
        yield _found(f"{_called(kind, metadata)}: {dotted(path)}", what)


def file_findings(name: str, text: str) -> Iterator[Finding]:
    """What looks like a secret in a file, by its lines."""
    for found in in_text(text):
        yield _found(f"{name} line {text.count(chr(10), 0, found.start) + 1}", found.what)


def output_findings(files: Iterable[tuple[str, str]]) -> list[Finding]:
    """What looks like a secret in files of manifests, whoever made them: objects of one's own and JSON patches among them.

    Args:
        files: name and text of each.
    """
    found: list[Finding] = []
    for name, text in files:
        searched = text
        if "kind: Se" in text or 'kind: "Se' in text or "kind: 'Se" in text:
            searched, content = _without_content(name, text)
            found += content
        found += file_findings(name, searched)
    return found


_KIND = regex(r"""^kind: ["']?(Secret|SealedSecret)["']?[ ]*$""", re.MULTILINE)
_FIELD = regex(
    r"^(?P<indent> *)(?:data|stringData|encryptedData):[^\n]*\n(?P<body>(?:(?P=indent) +[^\n]*\n?|[ ]*\n)*)",
    re.MULTILINE,
)
_NAME = regex(r"^  name: ([^\n]+)$", re.MULTILINE)


def _without_content(name: str, text: str) -> tuple[str, list[Finding]]:
    """A file without what its Secrets and SealedSecrets hold, on the same lines; and a finding for each Secret that holds something."""
    found: list[Finding] = []
    documents = re.split(r"(?m)^(?=---)", text)
    for index, document in enumerate(documents):
        kind = _KIND.search(document)
        if kind is None:
            continue
        for field in _FIELD.finditer(document):
            if kind[1] == "Secret" and not field["indent"] and not _only_vouched(field[0]):
                called = _NAME.search(document)
                found.append(_content(f"{name}: Secret {called[1] if called else ''}".rstrip()))
                break
        documents[index] = _FIELD.sub(lambda field: "\n" * field[0].count("\n"), document)
    return "".join(documents), found


def _only_vouched(field: str) -> bool:
    """Whether all that a field of a Secret holds was vouched for, as cdk8s writes it."""
    head, _, body = field.partition("\n")
    if not body.strip():
        return head.rstrip().endswith((":", "{}"))
    encoded = head.startswith("data:")
    return all(_is_vouched(text, encoded) for text in _texts(body))


def _texts(body: str) -> Iterator[str]:
    """The texts of a mapping in YAML: quoted, as a block, or as they are."""
    entries: list[list[str]] = []
    outer = len(body) - len(body.lstrip(" "))
    for line in body.splitlines():
        if line[outer : outer + 1].strip():
            entries.append([line.partition(": ")[2]])
        elif entries:
            entries[-1].append(line)
    for first, *rest in entries:
        if first[:1] in ("|", ">"):
            yield dedent("\n".join(rest))
        elif first[:1] == '"':
            yield _unquoted(" ".join([first, *map(str.strip, rest)]))
        else:
            yield " ".join([first, *map(str.strip, rest)]).strip("'").replace("''", "'")


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _has_content(content: object, encoded: bool) -> bool:
    if not isinstance(content, Mapping):
        return bool(content)
    return not all(_is_vouched(text, encoded) for text in content.values())


def _is_vouched(text: object, encoded: bool) -> bool:
    if text in (None, ""):
        return True
    if not isinstance(text, str):
        return False
    if encoded:
        try:
            return is_vouched(base64.b64decode(text, validate=True).decode("utf-8"))
        except (ValueError, binascii.Error):
            return False
    return is_vouched(text)


def _called(kind: object, metadata: object) -> str:
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown = name if isinstance(name, str) and not looks_secret(name) else ""
    return f"{kind} {shown}".rstrip()


def _content(at: str) -> Finding:
    return Finding(rule="secrets/content", at=at, problem="is a Secret with its content in clear text", fix=_CONTENT)


def _found(at: str, what: str) -> Finding:
    return Finding(
        rule="secrets/clear-text",
        at=at,
        problem=f"holds {what}, and would stand in the output for everybody to read",
        fix=_FIX,
    )
