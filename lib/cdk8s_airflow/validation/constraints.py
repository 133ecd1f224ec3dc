"""The forms a value can be required to have, and the types that carry them.

A type such as ``Quantity`` is a plain ``str`` to a type checker; the condition attached to it is checked when the value
reaches a construct, together with everything else that construct was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation.frozen import frozen

_QUANTITY = regex(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))([eE][+-]?\d+|[kMGTPE]|[KMGTPE]i|[numk])?", re.ASCII)
_QUANTITY_FACTORS = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_DURATION = regex(r"(?:\d+h)?(?:\d+m)?(?:\d+s)?", re.ASCII)
_DURATION_PART = regex(r"(\d+)([hms])", re.ASCII)
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_LONGEST_SECONDS = (2**63 - 1) // 10**9
_LARGEST_NUMBER = 2**31 - 1
_LABEL = regex(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LABEL_1035 = regex(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_SECRET_KEY = regex(r"[-._a-zA-Z0-9]+")
_VERSION = regex(r"\d+\.\d+(?:\.\d+)?", re.ASCII)
_EXTENSION = regex(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_IDENTIFIER = regex(r"[a-z_][a-z0-9_]*")
_LABEL_VALUE = regex(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_VARIABLE = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEDULE = regex(r"@(?:yearly|monthly|weekly|daily|hourly)|[0-9A-Za-z*/,-]+(?: [0-9A-Za-z*/,-]+){4}")


def quantity(text: str) -> float:
    """What a Kubernetes quantity amounts to, in bytes or cores; ``ValueError`` where the text is none."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    number, suffix = match[1], match[2] or ""
    if suffix[:1] in ("e", "E") and suffix[1:].lstrip("+-").isdigit():
        return float(number + suffix)
    return float(number) * _QUANTITY_FACTORS[suffix]


def seconds(text: str) -> int:
    """A duration such as ``1h30m`` in seconds; ``ValueError`` where the text is none."""
    if not text or not _DURATION.fullmatch(text):
        raise ValueError(text)
    return sum(int(amount) * _SECONDS[unit] for amount, unit in _DURATION_PART.findall(text))


def version(text: str) -> tuple[int, ...]:
    """A version's numbers, to be compared: ``"1.22.0"`` is ``(1, 22, 0)``."""
    return tuple(int(part) for part in text.split("."))


def is_quantity(text: str) -> bool:
    """Whether Kubernetes reads the text as a positive quantity that it can count in 64 bits."""
    try:
        return 0 < quantity(text) < 2.0**63
    except ValueError:
        return False


def is_bytes(text: str) -> bool:
    """Whether the text is an amount of memory or storage: at least a mebibyte, so no slip like ``512m``, half a byte."""
    return is_quantity(text) and quantity(text) >= 2.0**20


def is_cpu(text: str) -> bool:
    """Whether the text is an amount of CPU that a node can have: at most a thousand cores, so no slip like ``512Mi``."""
    return is_quantity(text) and quantity(text) <= 1000


def is_duration(text: str) -> bool:
    """Whether Go reads the text as a duration above zero, written in hours, minutes and seconds."""
    try:
        return 0 < seconds(text) <= _LONGEST_SECONDS
    except ValueError:
        return False


def is_label(text: str) -> bool:
    """Whether the text can name a namespace or a Service (RFC 1123 label)."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def is_label_1035(text: str) -> bool:
    """Whether the text is an RFC 1035 label: as :func:`is_label`, but starting with a letter."""
    return len(text) <= 63 and _LABEL_1035.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether the text can name most other objects (RFC 1123 subdomain)."""
    return len(text) <= 253 and all(_LABEL.fullmatch(part) for part in text.split("."))


def is_qualified_name(text: str) -> bool:
    """Whether the text can be the key of a label or annotation: a name, with or without ``domain/`` before it."""
    prefix, slash, name = text.rpartition("/")
    return (
        bool(name)
        and len(name) <= 63
        and _LABEL_VALUE.fullmatch(name) is not None
        and (not slash or is_subdomain(prefix))
    )


def is_host(text: str) -> bool:
    """Whether the text is one host's name as an Ingress rule takes it: labels and dots, no address of numbers only."""
    parts = text.split(".")
    return is_subdomain(text) and all(len(part) <= 63 for part in parts) and not parts[-1].isdigit()


@frozen(kw_only=False)
class Must:
    """A condition that a value must meet, with the words for the one who broke it.

    Attributes:
        holds: whether the value meets it.
        problem: what is wrong when it does not.
        fix: what to write instead.
        rule: the id of the rule.
        hides: whether a value that breaks it could be a secret, and is not to be shown.
    """

    holds: Callable[[Any], bool]
    problem: str
    fix: str
    rule: str
    hides: bool = False


_TOKEN = regex(
    r"(?:^|[^A-Za-z0-9])(?:glpat-|gh[pousr]_|github_pat_|xox[abeoprs]-|AKIA[0-9A-Z]{12}|sk-[A-Za-z0-9-]{20}|eyJ[\w-]{10,}\.eyJ)"
)


def is_token(text: str) -> bool:
    """Whether a text has in it what begins like a token of a well-known service."""
    return _TOKEN.search(text) is not None


def at_least(lowest: int, fix: str = "") -> Must:
    """A number that must not be below ``lowest``, and that Kubernetes and the programs behind it can count in 32 bits."""
    return Must(
        lambda value: bool(lowest <= value <= _LARGEST_NUMBER),
        f"must be at least {lowest}, and no more than {_LARGEST_NUMBER}",
        fix or f"use {lowest} or more",
        "argument/range",
    )


Quantity = Annotated[
    str,
    Must(
        is_quantity,
        "is not a positive Kubernetes quantity",
        'write it like "10Gi", "512Mi" or "500m"',
        "argument/quantity",
    ),
]
"""An amount of CPU, memory or storage as Kubernetes writes it: ``"500m"``, ``"1Gi"``."""

Bytes = Annotated[
    Quantity,
    Must(
        is_bytes,
        "is less than a mebibyte",
        'write it with its unit, like "10Gi" or "512Mi"; a small m means thousandths',
        "argument/quantity",
    ),
]
"""An amount of memory or storage: ``"512Mi"``, ``"10Gi"``."""

Cpu = Annotated[
    Quantity,
    Must(
        is_cpu,
        "is more CPU than any node has",
        'write cores, like "2", or thousandths of a core, like "250m"',
        "argument/quantity",
    ),
]
"""An amount of CPU: ``"250m"``, ``"2"``."""

Duration = Annotated[
    str,
    Must(
        is_duration,
        "is not a duration",
        'write hours, minutes and seconds like "60s", "30m" or "1h30m"',
        "argument/duration",
    ),
]
"""A length of time as Go and Helm write it: ``"60s"``, ``"30m"``, ``"1h30m"``."""

Label = Annotated[
    str,
    Must(
        is_label,
        "is not a name Kubernetes takes here",
        "use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""A name of at most 63 characters without dots (RFC 1123 label)."""

ObjectName = Annotated[
    str,
    Must(
        is_subdomain,
        "is not a name Kubernetes takes",
        "use lower-case letters, digits, dashes and dots, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""The name of a Kubernetes object (RFC 1123 subdomain)."""

SecretName = Annotated[
    str,
    Must(
        is_subdomain,
        "is not the name of a Secret",
        "give the name of a Secret, never what is in it: lower-case letters, digits, dashes and dots",
        "argument/name",
        hides=True,
    ),
    Must(
        lambda text: not is_token(text),
        "looks like a token, not like the name of a Secret",
        "give the name of a Secret, never what is in it",
        "argument/name",
        hides=True,
    ),
]
"""The name of a Secret. What is none may be a secret given by mistake, so it is never shown."""

HostName = Annotated[
    str,
    Must(
        is_host,
        "is not a host name",
        'write the bare name like "airflow.example.com": no scheme, port, path, wildcard or address',
        "argument/host",
    ),
]
"""A host name, without scheme, port or path."""

SecretKeyName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 253 and _SECRET_KEY.fullmatch(text) is not None,
        "is not a key a Secret can have",
        "use letters, digits, dots, dashes and underscores",
        "argument/name",
    ),
]
"""A key in a Secret or ConfigMap."""

VersionText = Annotated[
    str,
    Must(
        lambda text: _VERSION.fullmatch(text) is not None,
        "is not a version number",
        'write numbers and dots like "1.34" or "3.2.2"',
        "argument/version",
    ),
]
"""A released version: numbers and dots."""

SqlName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 63 and _IDENTIFIER.fullmatch(text) is not None,
        "is not a name PostgreSQL takes without quotes",
        "use at most 63 lower-case letters, digits and underscores, starting with a letter",
        "argument/name",
    ),
]
"""The name of a database or role that needs no quoting."""

ExtensionName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 63 and _EXTENSION.fullmatch(text) is not None,
        "is not the name of an extension",
        'write it as CREATE EXTENSION takes it, like "pg_trgm" or "uuid-ossp"',
        "argument/name",
    ),
]
"""The name of an extension of PostgreSQL."""

LabelValue = Annotated[
    str,
    Must(
        lambda text: len(text) <= 63 and _LABEL_VALUE.fullmatch(text) is not None,
        "is not a label value",
        "use at most 63 letters, digits, dots, dashes and underscores, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""The value of a label."""

Count = Annotated[int, at_least(1)]
"""A number of replicas or instances: one or more."""

NonEmpty = Annotated[str, Must(lambda text: bool(text.strip()), "is empty", "give it a text", "argument/empty")]
"""A text that says something."""


AnnotationKey = Annotated[
    str,
    Must(
        is_qualified_name,
        "is not a key that an annotation or label can have",
        'write it like "example.com/purpose"',
        "argument/name",
    ),
]
"""The key of an annotation or label: a name, with or without ``domain/`` before it."""

PortNumber = Annotated[
    int, Must(lambda number: 1 <= number <= 65535, "is not a port", "use 1 to 65535", "argument/range")
]
"""A TCP or UDP port."""


def is_cidr(text: str) -> bool:
    """Whether the text is a network of IPv4 or IPv6 addresses, written without bits beyond its prefix."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return "/" in text


def is_web_url(text: str) -> bool:
    """Whether the text is a URL a browser can be sent to: http or https, a host, no user, no query."""
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and parts.hostname is not None
        and is_subdomain(parts.hostname)
        and port_is_sound
        and "@" not in parts.netloc
        and not parts.query
        and not parts.fragment
        and not parts.path.endswith("/")
        and _URL_PATH.fullmatch(parts.path or "/") is not None
    )


_URL_PATH = regex(r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*)?")

Cidr = Annotated[
    str, Must(is_cidr, "is not a network", 'write it like "10.0.0.0/8" or "2001:db8::/32"', "argument/network")
]
"""A network of addresses, like ``"10.0.0.0/8"``."""

WebUrl = Annotated[
    str,
    Must(
        is_web_url,
        "is not the URL of a site",
        'write it like "https://airflow.example.com", without a user or a slash at the end',
        "argument/url",
        hides=True,
    ),
]
"""The URL of a site, without a slash at its end. What is none is not shown: it could have a password in it."""

UrlPath = Annotated[
    str,
    Must(
        lambda text: _URL_PATH.fullmatch(text) is not None,
        "is not the path of a URL",
        'write it with a slash in front and none at the end, like "/airflow"',
        "argument/url",
    ),
]
"""The path of a URL, like ``"/airflow"``."""

VariableName = Annotated[
    str,
    Must(
        lambda text: _VARIABLE.fullmatch(text) is not None,
        "is not a name of an environment variable that every shell takes",
        "use letters, digits and underscores, not starting with a digit",
        "argument/name",
    ),
]
"""The name of an environment variable."""

CronSchedule = Annotated[
    str,
    Must(
        lambda text: _SCHEDULE.fullmatch(text) is not None,
        "is not a schedule",
        'write minute, hour, day, month and day of week like "0 3 * * 0", or "@daily"',
        "argument/schedule",
    ),
]
"""When something is done again and again, as cron writes it: ``"0 3 * * 0"`` is on Sundays at three."""
