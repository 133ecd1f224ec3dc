"""The Secret that a construct creates, and the keys that its reader requires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, ClassVar

from cdk8s_airflow.model.provided_secret import ProvidedSecret
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
        "must be a reference to a Secret",
        'Use a reference such as FernetKeySecret("airflow-fernet-key") or SecretKey("smtp", "password"), or a list of '
        "SecretKey",
        "secrets/reference",
        hides=True,
    ),
]
"""A reference to the Secret to create: a type with fixed keys, or keys of one Secret."""

SecretLabels = Mapping[AnnotationKey, LabelValue]
"""Labels of the created Secret."""


@frozen
class Wanted:
    """The Secret to create.

    Attributes:
        name: its name; empty if the references name several Secrets.
        keys: the keys that its reader requires.
        type: its type.
        labels: its labels.
    """

    names_a_secret: ClassVar[bool] = True

    name: str
    keys: tuple[str, ...]
    type: str
    labels: Mapping[str, str]

    def provided(self, kind: str, namespace: str, keys: Iterable[str]) -> ProvidedSecret:
        """The Secret as readers find it.

        Args:
            kind: the kind of the object of the same name that creates it.
            namespace: its namespace.
            keys: the keys that it has.
        """
        by = f"{kind} {namespace}/{self.name}"
        return ProvidedSecret(name=self.name, namespace=namespace, keys=frozenset(keys), by=by, type=self.type)


def wanted(secret: object, labels: Mapping[str, str] | None) -> Wanted:
    """The Secret that a reference describes.

    A login gets the label ``cnpg.io/reload``, without which CloudNativePG does not reload it. Other readers ignore the
    label.
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
    """Check that a reference is valid, and that all keys of the Secret are created.

    Args:
        secret: the reference.
        keys: the keys that are created.
        at: the argument with the keys.
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
            problem="must contain keys of one Secret",
            seen=", ".join(sorted({each.name for each in references if isinstance(each, SecretKey)})),
            fix="Create one construct for each Secret",
        )
        return
    missing = [key for key in want.keys if key not in keys]
    if missing:
        yield Finding(
            rule="secrets/keys",
            at=at,
            problem=f"must contain {', '.join(missing)}, which the reader of this Secret requires",
            seen=", ".join(keys) or "no keys",
            fix=f"Set all keys: {', '.join(want.keys)}",
        )
    if not keys:
        yield Finding(rule="secrets/keys", at=at, problem="must contain at least one key", fix="Add at least one key")
