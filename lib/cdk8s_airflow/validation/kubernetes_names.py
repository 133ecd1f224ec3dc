"""Names of Kubernetes: of objects, of containers, and of keys in labels, annotations, Secrets and ConfigMaps.

Source: the documentation "Object Names and IDs" and "Labels and Selectors", and the validation of the API server.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from cdk8s_airflow._regex import regex

LONGEST_LABEL: Final = 63
"""The most characters of a DNS label, and of the value of a label."""

LONGEST_SUBDOMAIN: Final = 253
"""The most characters of a DNS subdomain."""

LONGEST_CRON_JOB: Final = 52
"""The most characters in the name of a CronJob, whose Jobs have 11 more."""

LONGEST_STATEFUL_SET: Final = 52
"""The most characters in the name of a StatefulSet whose pods get a valid ``controller-revision-hash`` label."""

_LABEL = regex(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LABEL_1035 = regex(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE = regex(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_DATA_KEY = regex(r"[-._a-zA-Z0-9]+")
_PATH_SEGMENT = regex(r"(?!\.\.?\Z)[^/%]+")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*")

_RBAC: Final = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"})


def is_label(text: str) -> bool:
    """Whether the string is a valid name of a namespace or a container (RFC 1123 label)."""
    return len(text) <= LONGEST_LABEL and _LABEL.fullmatch(text) is not None


def is_label_1035(text: str) -> bool:
    """Whether the string is a valid name of a Service (RFC 1035 label): like :func:`is_label`, but starting with a letter."""
    return len(text) <= LONGEST_LABEL and _LABEL_1035.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether the string is a valid name of most other objects (RFC 1123 subdomain)."""
    return len(text) <= LONGEST_SUBDOMAIN and all(_LABEL.fullmatch(part) for part in text.split("."))


def is_host(text: str) -> bool:
    """Whether the string is a host name for an Ingress rule: labels and dots, not an IP address."""
    parts = text.split(".")
    return is_subdomain(text) and all(len(part) <= LONGEST_LABEL for part in parts) and not parts[-1].isdigit()


@lru_cache(maxsize=2048)
def is_label_value(text: str) -> bool:
    """Whether the string is a valid value of a label, which may be empty."""
    return len(text) <= LONGEST_LABEL and _LABEL_VALUE.fullmatch(text) is not None


def is_data_key(text: str) -> bool:
    """Whether the string is a valid key in a Secret or ConfigMap."""
    return len(text) <= LONGEST_SUBDOMAIN and _DATA_KEY.fullmatch(text) is not None


def is_variable(text: str) -> bool:
    """Whether the string is the name of an environment variable that shells can read."""
    return _VARIABLE.fullmatch(text) is not None


@lru_cache(maxsize=2048)
def qualified_name_problem(text: str) -> str | None:
    """What is wrong with the key of a label or annotation, a name with an optional ``domain/`` prefix; None if it is valid."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_subdomain(prefix):
        return "must have a DNS subdomain before the slash"
    if not name or not is_label_value(name):
        return "must have a name of 1 to 63 letters, digits, dashes, underscores and dots"
    return None


def is_qualified_name(text: str) -> bool:
    """Whether the string is a valid key of a label or annotation."""
    return qualified_name_problem(text) is None


def object_name_problem(kind: str, name: str) -> tuple[str, str] | None:
    """What is wrong with an object's name for its kind, and the fix; None if the name is valid.

    Args:
        kind: the kind, which decides the form and length.
        name: the name.
    """
    form, limit, is_valid = _form_of_name(kind)
    if not name:
        return "must not be empty", "set a name"
    if len(name) > limit:
        return f"must have at most {limit} characters for a {kind}, and has {len(name)}", "use a shorter name"
    if not is_valid(name):
        allowed = "letters, digits and dashes" if kind in _RBAC else "lower-case letters, digits and dashes"
        return f"must be {form}", f"use {allowed}, with a letter or digit at both ends"
    return None


def _form_of_name(kind: str) -> tuple[str, int, Callable[[str], bool]]:
    """The form of the names of a kind in words, the most characters, and whether a name has the form."""
    if kind == "Service":
        return "a DNS label that starts with a letter", LONGEST_LABEL, is_label_1035
    if kind == "Namespace":
        return "a DNS label", LONGEST_LABEL, is_label
    if kind in _RBAC:
        return "a path segment", LONGEST_SUBDOMAIN, lambda name: _PATH_SEGMENT.fullmatch(name) is not None
    limit = LONGEST_CRON_JOB if kind == "CronJob" else LONGEST_LABEL if kind in _WORKLOADS else LONGEST_SUBDOMAIN
    return "a DNS subdomain", limit, is_subdomain
