"""Finds the content of Secrets in documents and in text, wherever a manifest is embedded."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.secret_generators import CONTENT

FIELDS: Final = ("data", "stringData")

_KIND = regex(
    r"(?m)(?P<indent>^[ ]{0,256}(?:- {1,8}){0,8})[\"']?kind[\"']?:[ ]{1,16}(?:!!str[ ]{1,4})?[\"']?Secret[\"']?[ \t]{0,64}\r?$"
)
_SEALED_TEMPLATE = regex(r"(?m)^(?P<indent>[ ]{0,256})template:[ \t]{0,64}\r?$")
_SEALED = regex(r"(?m)^[ ]{0,256}(?:- {1,8}){0,8}[\"']?kind[\"']?:[ ]{1,16}[\"']?SealedSecret[\"']?[ \t]{0,64}\r?$")
_LIST = regex(r"(?m)^[ ]{0,256}(?:- {1,8}){0,8}kind:[ ]{1,16}[\"']?SecretList[\"']?[ \t]{0,64}\r?$")
_FLOW_KIND = regex(r"\\?[\"']?kind\\?[\"']?[ ]{0,8}:[ ]{0,8}\\?[\"']?(?:Sealed)?Secret(?:List)?\\?[\"']?[ ]{0,8}[,}\n]")
_FLOW_FIELD = regex(
    r"(?<![A-Za-z])\\?[\"']?(?:data|stringData)\\?[\"']?\s{0,80}:\s{0,80}\{\s{0,80}\\?[\"']?[A-Za-z0-9_.-]{1,253}\\?[\"']?\s{0,80}:\s{0,80}([^}]{1,1000})\}"
)
_FIELD = regex(r"[\"']?(?:data|stringData)[\"']?:[ \t]{0,64}(?P<inline>[^\n]{0,4096})$", re.MULTILINE)
_REACH: Final = 4000
"""How far from the kind of a Secret its content may be, in characters."""


def secret_fields(manifest: Mapping[Any, Any]) -> Iterator[str]:
    """The fields of a Secret that hold content. Empty for every other object.

    References and exempt strings are not content.
    """
    if manifest.get("kind") != "Secret" or manifest.get("apiVersion", "v1") not in ("v1", None):
        return
    for field in FIELDS:
        content = manifest.get(field)
        if content and not _is_harmless(content, field == "data"):
            yield field


def template_fields(manifest: Mapping[Any, Any]) -> Iterator[str]:
    """The fields of a SealedSecret's template that hold content in clear text. Values with ``{{`` refer to encrypted ones."""
    spec = manifest.get("spec") if manifest.get("kind") == "SealedSecret" else None
    template = spec.get("template") if isinstance(spec, Mapping) else None
    if not isinstance(template, Mapping):
        return
    for field in FIELDS:
        content = template.get(field)
        texts = content.values() if isinstance(content, Mapping) else (content,)
        if not all(_is_exempt(text, False) or (isinstance(text, str) and "{{" in text) for text in texts):
            yield field


def _is_harmless(content: object, encoded: bool) -> bool:
    if not isinstance(content, Mapping):
        return isinstance(content, str) and is_reference(content)
    return all(_is_exempt(text, encoded) for text in content.values())


def _is_exempt(text: object, encoded: bool) -> bool:
    if text in (None, ""):
        return True
    if not isinstance(text, str):
        return False
    if text.strip() and is_reference(text) and not text.strip("*.-xX").isupper():
        return True
    if encoded:
        try:
            return exemptions.active().covers(base64.b64decode(text, validate=True).decode("utf-8"))
        except (ValueError, binascii.Error):
            return False
    return exemptions.active().covers(text)


def find_secret_manifests(text: str) -> Iterator[Found]:
    """The content of Secrets in a text that is or contains manifests, in YAML or JSON."""
    searched: dict[int, int] = {}
    for kind in _KIND.finditer(text):
        column = len(kind["indent"])
        if kind.start() >= searched.get(column, 0):
            begin, end = _block(text, kind.start(), column)
            searched[column] = end
            yield from _fields(text, begin, end, column)
    at = 0
    for items in _LIST.finditer(text):
        for field in _FIELD.finditer(text, max(at, items.end()), items.end() + _REACH):
            yield from _content(text, field, field.start() - text.rfind("\n", 0, field.start()) - 1)
        at = max(at, items.end() + _REACH)
    yield from _sealed_templates(text)
    for begin, end in _flow_windows(text):
        for field in _FLOW_FIELD.finditer(text, begin, end):
            values = [each.strip().strip("\\\"'") for each in field[1].split(",")]
            if not all(_is_exempt(value.rpartition(":")[2].strip(" \\\"'"), False) for value in values):
                yield Found(*field.span(1), CONTENT)


def _sealed_templates(text: str) -> Iterator[Found]:
    """Content in clear text in the templates of SealedSecrets."""
    at = 0
    for kind in _SEALED.finditer(text):
        for template in _SEALED_TEMPLATE.finditer(text, max(at, kind.start() - _REACH), kind.end() + _REACH):
            column = len(template["indent"])
            begin, end = template.end(), template.end()
            while 0 <= end < len(text):
                following = text.find("\n", end + 1)
                line = text[end + 1 : following if following >= 0 else len(text)]
                if line.strip() and _indent(line) <= column:
                    break
                end = following if following >= 0 else len(text)
            for field in _FIELD.finditer(text, begin, end):
                for found in _content(text, field, field.start() - text.rfind("\n", 0, field.start()) - 1, plain=True):
                    if "{{" not in text[found.start : found.end]:
                        yield found
            at = max(at, end)
        at = max(at, kind.end())


def _flow_windows(text: str) -> Iterator[tuple[int, int]]:
    """Parts of a text around each Secret in flow style or JSON, without overlap."""
    begin = end = 0
    for kind in _FLOW_KIND.finditer(text):
        if kind.start() - _REACH > end:
            if end:
                yield begin, end
            begin = max(end, kind.start() - _REACH)
        end = kind.end() + _REACH
    if end:
        yield begin, end


def _fields(text: str, begin: int, end: int, column: int) -> Iterator[Found]:
    """The fields of a Secret whose keys are in a column, among lines of the same mapping."""
    for field in _FIELD.finditer(text, begin, end):
        line = text.rfind("\n", 0, field.start()) + 1
        if field.start() - line == column and not text[line : field.start()].strip(" -"):
            yield from _content(text, field, column)


def _block(text: str, at: int, column: int) -> tuple[int, int]:
    """Start and end of the lines that belong to the same mapping as the line at a place."""
    begin = at
    while begin > 0 and at - begin < _REACH:
        previous = text.rfind("\n", 0, begin - 1) + 1
        line = text[previous : begin - 1]
        if line.startswith("---") or (line.strip() and not line.lstrip().startswith("#") and _indent(line) < column):
            # The first key of an entry of a list is on the line of the dash.
            begin = previous if _column(line) == column else begin
            break
        begin = previous
    end = text.find("\n", at)
    while 0 <= end < len(text) and end - at < _REACH * 8:
        following = text.find("\n", end + 1)
        line = text[end + 1 : following if following >= 0 else len(text)]
        if line.startswith("---") or (line.strip() and _indent(line) < column):
            return begin, end
        end = following
    return begin, len(text) if end < 0 else end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _column(line: str) -> int:
    """The column of the first key on a line, after the dashes of a list."""
    return len(line) - len(line.lstrip(" -"))


def _content(text: str, field: re.Match[str], column: int, *, plain: bool = False) -> Iterator[Found]:
    """The content of one field, unless all of it is exempt."""
    inline = field["inline"].strip()
    encoded = not plain and field[0].lstrip("\"'").startswith("data")
    if inline and not inline.startswith("#"):
        if inline not in ("{}", "null", "~") and not (inline.startswith("{{") and is_reference(inline)):
            yield Found(*field.span("inline"), CONTENT)
        return
    start = end = field.end() + 1
    while end < len(text):
        following = text.find("\n", end)
        line = text[end : following if following >= 0 else len(text)]
        if line.strip() and _indent(line) <= column:
            break
        end = following + 1 if following >= 0 else len(text)
    body = text[start:end]
    if body.strip() and not all(_is_exempt(value, encoded) for value in _texts(body)):
        yield Found(start, min(end, len(text)), CONTENT)


def _texts(body: str) -> Iterator[str]:
    """The values of a mapping in YAML: in quotes, as a block, or bare."""
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
