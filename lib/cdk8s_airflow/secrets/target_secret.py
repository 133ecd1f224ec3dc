"""What the constructs that make a Secret are told of it: which one, and what its reader expects in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar

from cdk8s_airflow.model.secret_reference import BasicAuthSecret, SecretKey, SecretReference
from cdk8s_airflow.validation import Finding, check_setting
from cdk8s_airflow.validation.constraints import AnnotationKey, LabelValue, Must
from cdk8s_airflow.validation.frozen import frozen


def _is_reference(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return bool(value) and all(isinstance(each, SecretKey) for each in value)
    return isinstance(value, SecretReference | SecretKey)


TargetSecret = Annotated[
    object,
    Must(
        _is_reference,
        "is no reference to a Secret",
        'write FernetKeySecret("airflow-fernet-key") or another type of reference, SecretKey("smtp", "password"), or a list of those',
        "secrets/reference",
        hides=True,
    ),
]
"""A reference to the Secret that is to be made, as its reader takes it: of a type that says its keys, or keys of one Secret."""

SecretLabels = Mapping[AnnotationKey, LabelValue]
"""Labels of the Secret that is made."""


@frozen
class Wanted:
    """The Secret that is to be made.

    Attributes:
        name: its name; empty where it has no single one.
        keys: the keys its reader expects.
        type: its type.
        labels: its labels.
    """

    names_a_secret: ClassVar[bool] = True

    name: str
    keys: tuple[str, ...]
    type: str
    labels: Mapping[str, str]


def wanted(secret: object, labels: Mapping[str, str] | None) -> Wanted:
    """What a reference says of the Secret.

    CloudNativePG reads a login again only when its Secret has the label ``cnpg.io/reload``; nobody else minds it.
    """
    if isinstance(secret, SecretReference):
        reload = {"cnpg.io/reload": "true"} if isinstance(secret, BasicAuthSecret) else {}
        return Wanted(name=secret.name, keys=tuple(secret.keys), type=secret.type, labels={**reload, **(labels or {})})
    keys = [secret] if isinstance(secret, SecretKey) else list(secret) if isinstance(secret, Sequence) else []
    names = {each.name for each in keys}
    return Wanted(
        name=names.pop() if len(names) == 1 else "",
        keys=tuple(dict.fromkeys(each.key for each in keys)),
        type="Opaque",
        labels=labels or {},
    )


def reference_rules(secret: object, keys: Mapping[str, object], at: str) -> Iterator[Finding]:
    """Whether a reference is sound, and whether all its keys are made.

    Args:
        secret: the reference.
        keys: the keys that are made.
        at: the argument that has them.
    """
    references = list(secret) if isinstance(secret, Sequence) else [secret]
    found = [finding for each in references for finding in check_setting(each, "secret")]
    yield from found
    if found:
        return
    want = wanted(secret, None)
    if not want.name:
        yield Finding(
            rule="secrets/several",
            at="secret",
            problem="names keys of several Secrets",
            seen=", ".join(sorted({each.name for each in references if isinstance(each, SecretKey)})),
            fix="make one of these for each Secret",
        )
        return
    missing = [key for key in want.keys if key not in keys]
    if missing:
        yield Finding(
            rule="secrets/keys",
            at=at,
            problem=f"lacks {', '.join(missing)}, which is read from this Secret",
            seen=", ".join(keys) or "no key",
            fix=f"give every key: {', '.join(want.keys)}",
        )
    if not keys:
        yield Finding(
            rule="secrets/keys", at=at, problem="is empty: the Secret would have no key", fix="give at least one key"
        )
