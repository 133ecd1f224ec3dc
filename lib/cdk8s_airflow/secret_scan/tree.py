"""Searches documents (mappings, lists and strings) for secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.commands import secret_argument
from cdk8s_airflow.secret_scan.found import Path
from cdk8s_airflow.secret_scan.names import NONE, classify
from cdk8s_airflow.secret_scan.secret_generators import CONTENT, KUSTOMIZE, generator_literals
from cdk8s_airflow.secret_scan.secret_manifests import secret_fields, template_fields
from cdk8s_airflow.secret_scan.text import by_name, find_in_text, findings, looks_secret
from cdk8s_airflow.secret_scan.values import is_secret_value
from cdk8s_airflow.secret_scan.vocabulary import words

_SECRETS: Final = ("Secret", "SealedSecret", "SecretList")
"""Kinds with content of Secrets."""
ENCRYPTED = "encryptedData"
"""The field of a SealedSecret whose content is encrypted."""


def find_in_tree(tree: object) -> Iterator[tuple[Path, str]]:
    """Each place of a document that holds something that looks like a secret, and what it looks like.

    The content of a Secret is reported wherever one is nested. The encrypted content of a SealedSecret is skipped.
    """
    texts: dict[str, None] = {}
    if _collect(tree, "", texts) or next(findings("\n".join(texts)), None) is not None:
        yield from _places(tree, (), "")


def _collect(value: Any, name: str, texts: dict[str, None]) -> bool:
    """Collects the strings of a document, each once. Returns whether its names and values alone make it suspicious."""
    kind = type(value)  # compared first, because most values have one of these types
    if kind is str or isinstance(value, str):
        texts[value] = None
        return bool(name) and is_secret_value(name, value)
    if kind is dict or isinstance(value, Mapping):
        suspicious = ("value" in value and _is_secret_variable(value)) or (
            (value.get("kind") in _SECRETS or KUSTOMIZE in value) and next(_secret_content(value), None) is not None
        )
        for key, item in value.items():
            if isinstance(key, str) and not (key == ENCRYPTED and _is_sealed(value)):
                if len(key) > 15:
                    texts[key] = None
                if type(item) is str:  # as below, without a call: nearly all values are strings
                    texts[item] = None
                    suspicious |= classify(key).strength != NONE and is_secret_value(key, item)
                else:
                    suspicious |= _collect(item, key, texts)
        return suspicious
    if kind is list or isinstance(value, (list, tuple)):
        suspicious = False
        for index, item in enumerate(value):
            suspicious |= _collect(item, name, texts) or (
                isinstance(item, str) and secret_argument(value, index) is not None
            )
        return suspicious
    return bool(name) and isinstance(value, int) and is_secret_value(name, value)


def _is_sealed(value: Mapping[Any, Any]) -> bool:
    return isinstance(value.get(ENCRYPTED), Mapping)


def _is_secret_variable(entry: Mapping[Any, Any]) -> bool:
    """Whether an entry with a name and a value gives a secret."""
    if "value" not in entry:
        return False
    named = entry.get("name")
    return isinstance(named, str) and is_secret_value(named, entry["value"])


def _secret_content(value: Mapping[Any, Any]) -> Iterator[Path]:
    """Where a Secret, or a list of Secrets, has content."""
    yield from ((field,) for field in secret_fields(value))
    yield from (("spec", "template", field) for field in template_fields(value))
    yield from ((KUSTOMIZE, *steps) for steps in generator_literals(value.get(KUSTOMIZE)))
    items = value.get("items") if value.get("kind") == "SecretList" else None
    for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
        if isinstance(item, Mapping):
            yield from (
                ("items", index, field) for field in secret_fields({"kind": "Secret", **item}) if "kind" not in item
            )


def _places(value: Any, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield from _in_string(value, path, name)
    elif isinstance(value, Mapping):
        yield from _in_mapping(value, path)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if (
                isinstance(item, str)
                and secret_argument(value, index) is not None
                and not exemptions.active().covers(item)
            ):
                flag = value[index - 1] if index else ""
                yield (
                    (*path, index),
                    f"the value of {_short(flag)}"
                    if classify(str(flag)).strength != NONE or str(flag).startswith("-")
                    else "a password on a command line",
                )
            else:
                yield from _places(item, (*path, index), name)
    elif name and isinstance(value, int) and is_secret_value(name, value):
        yield path, by_name(name)


def _short(flag: object) -> str:
    text = str(flag).strip("-.")
    return text if len(text) <= 40 else f"{text[:39]}…"


def _in_string(value: str, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if exemptions.active().covers(value):
        return
    if name and is_secret_value(name, value):
        yield path, by_name(name)
        return
    step = path[-1] if path else ""
    code = isinstance(step, str) and (step.endswith(".py") or step in words("code", "keys"))
    for found in find_in_text(value, code=code):
        line = value.count("\n", 0, found.start) + 1
        yield path, found.what if "\n" not in value.rstrip("\n") else f"{found.what} (line {line})"


def _in_mapping(value: Mapping[Any, Any], path: Path) -> Iterator[tuple[Path, str]]:
    variable = _is_secret_variable(value)
    if variable:
        yield (*path, "value"), by_name(value["name"])
    content = {steps[0] for steps in _secret_content(value) if len(steps) == 1}
    for steps in _secret_content(value):
        yield (*path, *steps), CONTENT
    for key, item in value.items():
        if (
            not isinstance(key, str)
            or key in content
            or (variable and key == "value")
            or (key == ENCRYPTED and _is_sealed(value))
        ):
            continue
        if looks_secret(key):
            yield (*path, "…"), "a key that is a secret itself"
        else:
            yield from _places(item, (*path, key), key)
