"""Value formats, and annotated types that carry them.

For a type checker, a type such as ``Quantity`` is a plain ``str``. A construct checks the condition of the type together with
all its other arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation.cron import is_cron_schedule
from cdk8s_airflow.validation.durations import is_duration, is_retention
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import (
    is_data_key,
    is_host,
    is_label,
    is_label_1035,
    is_label_value,
    is_qualified_name,
    is_subdomain,
    is_variable,
)
from cdk8s_airflow.validation.quantities import is_bytes, is_cpu, is_quantity

_LARGEST_NUMBER = 2**31 - 1
_VERSION = regex(r"\d+\.\d+(?:\.\d+)?", re.ASCII)
_EXTENSION = regex(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_IDENTIFIER = regex(r"[a-z_][a-z0-9_]*")


@frozen(kw_only=False)
class Must:
    """A condition that a value must meet.

    Attributes:
        holds: whether a value meets it.
        problem: the predicate of the message, like ``"must be a port"``.
        fix: what to write instead, in the imperative.
        rule: the id of the rule.
        hides: whether an invalid value may be a secret, so that messages do not show it.
        suggest: for an invalid value, of any type, what to write instead as Python source; ``""`` if there is no suggestion.
    """

    holds: Callable[[Any], bool]
    problem: str
    fix: str
    rule: str
    hides: bool = False
    suggest: Callable[[Any], str] | None = None


def is_token(text: str) -> bool:
    """Whether the form of a string gives away a secret: a token of a well-known service, a key, a URL with a password."""
    from cdk8s_airflow.secret_scan import looks_secret

    return looks_secret(text)


def is_password(text: str) -> bool:
    """Whether a string in the place of a name is more likely a password: random characters, or the form of a token."""
    from cdk8s_airflow.secret_scan import looks_random, looks_secret

    return looks_random(text) or looks_secret(text)


def _as_days(value: object) -> str:
    number = str(value) if type(value) in (int, str) else ""
    return f'"{number}d"' if number.isascii() and number.isdigit() and 0 < int(number) <= 99999 else ""


def _as_integer(value: object, lowest: int) -> str:
    integral = type(value) is float and value.is_integer()
    digits = type(value) is str and value.isascii() and value.isdigit()
    number = int(value) if integral or digits else lowest - 1  # type: ignore[call-overload]
    return str(number) if lowest <= number <= _LARGEST_NUMBER else ""


def at_least(lowest: int, fix: str = "") -> Must:
    """An integer from ``lowest`` to the largest 32-bit integer."""
    return Must(
        lambda value: bool(lowest <= value <= _LARGEST_NUMBER),
        f"must be an integer from {lowest} to {_LARGEST_NUMBER}",
        fix or f"Use {lowest} or more",
        "argument/range",
        suggest=lambda value: _as_integer(value, lowest),
    )


def short_label(longest: int, problem: str, rule: str = "argument/name", *, letter_first: bool = True) -> Must:
    """A DNS label from which longer names are derived, so that it has fewer characters.

    Args:
        longest: the most characters.
        problem: the predicate of the message.
        rule: the id of the rule.
        letter_first: whether it must start with a letter, as the name of a Service.
    """
    has_form = is_label_1035 if letter_first else is_label
    return Must(
        lambda text: len(text) <= longest and has_form(text),
        problem,
        f"use at most {longest} lower-case letters, digits and dashes{', starting with a letter' * letter_first}",
        rule,
    )


def _as_text(value: object) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f'"{value}"' if number else ""


def _as_duration(value: object) -> str:
    text = str(value).strip()
    number = not isinstance(value, bool) and text.isascii() and text.isdigit() and int(text) > 0
    return f'"{text}s"' if number else ""


Quantity = Annotated[
    str,
    Must(
        is_quantity,
        "must be a positive Kubernetes quantity",
        'Use a number with a unit, such as "10Gi", "512Mi" or "500m"',
        "argument/quantity",
    ),
]
"""A Kubernetes quantity of CPU, memory or storage: ``"500m"``, ``"1Gi"``."""

_UNIT = 'Use a unit, such as "10Gi" or "512Mi" (a lower-case m means thousandths)'
_CORES = 'Use cores, such as "2", or millicores, such as "250m"'

Bytes = Annotated[
    str,
    Must(is_quantity, "must be a positive Kubernetes quantity", _UNIT, "argument/quantity"),
    Must(
        is_bytes,
        "must be at least 1Mi",
        _UNIT,
        "argument/quantity",
    ),
]
"""An amount of memory or storage: ``"512Mi"``, ``"10Gi"``."""

Cpu = Annotated[
    str,
    Must(is_quantity, "must be a positive Kubernetes quantity", _CORES, "argument/quantity", suggest=_as_text),
    Must(
        is_cpu,
        "must be at most 1000 cores",
        _CORES,
        "argument/quantity",
        suggest=_as_text,
    ),
]
"""An amount of CPU: ``"250m"``, ``"2"``."""

Duration = Annotated[
    str,
    Must(
        is_duration,
        "must be a duration string",
        'Use hours, minutes and seconds, such as "60s", "30m" or "1h30m"',
        "argument/duration",
        suggest=_as_duration,
    ),
]
"""A duration in the format of Go and Helm: ``"60s"``, ``"30m"``, ``"1h30m"``."""

Retention = Annotated[
    str,
    Must(
        is_retention,
        "must be a retention in days",
        'Use a number of days from 1 to 99999 with the letter d, such as "30d"',
        "argument/duration",
        suggest=_as_days,
    ),
]
"""How long something is kept, in days: ``"30d"``."""

Label = Annotated[
    str,
    Must(
        is_label,
        "must be a DNS label (RFC 1123)",
        "Use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""A name of at most 63 characters without dots (RFC 1123 label)."""

ObjectName = Annotated[
    str,
    Must(
        is_subdomain,
        "must be a Kubernetes object name",
        "Use lower-case letters, digits, dashes and dots, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""The name of a Kubernetes object (RFC 1123 subdomain)."""

SecretName = Annotated[
    str,
    Must(
        is_subdomain,
        "must be the name of a Secret",
        "Pass the name of a Secret, never its content: lower-case letters, digits, dashes and dots",
        "argument/name",
        hides=True,
    ),
    Must(
        lambda text: not is_password(text),
        "must be the name of a Secret, but it looks like a password or token",
        "Pass the name of a Secret, never its content",
        "argument/name",
        hides=True,
    ),
]
"""The name of a Secret. An invalid name may be a secret that was passed by mistake, so messages never show it."""

HostName = Annotated[
    str,
    Must(
        is_host,
        "must be a host name",
        'Use only the name, such as "airflow.example.com", without scheme, port, path, wildcard or IP address',
        "argument/host",
    ),
]
"""A host name, without scheme, port or path."""

SecretKeyName = Annotated[
    str,
    Must(
        is_data_key,
        "must be a key of a Secret",
        "Pass the name of a key, never its content: letters, digits, dots, dashes and underscores",
        "argument/name",
        hides=True,
    ),
    Must(
        lambda text: not is_password(text),
        "must be a key of a Secret, but it looks like a password",
        "Pass the name of a key, never its content",
        "argument/name",
        hides=True,
    ),
]
"""A key in a Secret or ConfigMap. An invalid key may be a secret that was passed by mistake, so messages never show it."""

VersionText = Annotated[
    str,
    Must(
        lambda text: _VERSION.fullmatch(text) is not None,
        "must be a version number",
        'Use numbers and dots, such as "1.34" or "3.2.2"',
        "argument/version",
        suggest=_as_text,
    ),
]
"""A released version: numbers and dots."""

SqlName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 63 and _IDENTIFIER.fullmatch(text) is not None,
        "must be an SQL identifier that needs no quotes",
        "Use at most 63 lower-case letters, digits and underscores, starting with a letter",
        "argument/name",
    ),
]
"""The name of a database or role that needs no quoting."""

ExtensionName = Annotated[
    str,
    Must(
        lambda text: len(text) <= 63 and _EXTENSION.fullmatch(text) is not None,
        "must be the name of a PostgreSQL extension",
        'Use the name of CREATE EXTENSION, such as "pg_trgm" or "uuid-ossp"',
        "argument/name",
    ),
]
"""The name of a PostgreSQL extension."""

LabelValue = Annotated[
    str,
    Must(
        is_label_value,
        "must be a label value",
        "Use at most 63 letters, digits, dots, dashes and underscores, with a letter or digit at both ends",
        "argument/name",
    ),
]
"""The value of a label."""

Count = Annotated[int, at_least(1)]
"""A number of replicas or instances, at least one."""

NonEmpty = Annotated[
    str,
    Must(
        lambda text: bool(text.strip()),
        "must be a string that is not empty",
        "Pass a value",
        "argument/empty",
        suggest=_as_text,
    ),
]
"""A string that is not empty."""


AnnotationKey = Annotated[
    str,
    Must(
        is_qualified_name,
        "must be a key of an annotation or label",
        'Use a name such as "example.com/purpose"',
        "argument/name",
    ),
]
"""The key of an annotation or label: a name with an optional ``domain/`` prefix."""

PortNumber = Annotated[
    int,
    Must(
        lambda number: 1 <= number <= 65535,
        "must be a port, an integer from 1 to 65535",
        "Use a port number",
        "argument/range",
    ),
]
"""A TCP or UDP port."""


def is_cidr(text: str) -> bool:
    """Whether the string is an IPv4 or IPv6 network in CIDR notation, without host bits."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return "/" in text


def is_web_url(text: str) -> bool:
    """Whether the string is the URL of a web site: http or https, a host, no user, no query."""
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
    str,
    Must(
        is_cidr,
        "must be a network in CIDR notation",
        'Use a network such as "10.0.0.0/8" or "2001:db8::/32"',
        "argument/network",
    ),
]
"""A network in CIDR notation, such as ``"10.0.0.0/8"``."""

WebUrl = Annotated[
    str,
    Must(
        is_web_url,
        "must be the URL of a web site",
        'Use a URL such as "https://airflow.example.com", without a user and without a slash at the end',
        "argument/url",
        hides=True,
    ),
]
"""The URL of a web site, without a slash at the end. Messages do not show an invalid one: it may contain a password."""

UrlPath = Annotated[
    str,
    Must(
        lambda text: _URL_PATH.fullmatch(text) is not None,
        "must be the path of a URL",
        'Use a path such as "/airflow", with a slash at the start and none at the end',
        "argument/url",
    ),
]
"""The path of a URL, like ``"/airflow"``."""

VariableName = Annotated[
    str,
    Must(
        is_variable,
        "must be the name of an environment variable",
        "Use letters, digits and underscores, not starting with a digit",
        "argument/name",
    ),
]
"""The name of an environment variable."""

CronSchedule = Annotated[
    str,
    Must(
        is_cron_schedule,
        "must be a cron schedule: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC), day of week "
        "(0-6 or SUN-SAT), or @yearly, @monthly, @weekly, @daily, @hourly, @every 1h",
        'Use for example "0 3 * * 0", three o\'clock on Sundays, or "@daily"',
        "argument/schedule",
    ),
]
"""A cron schedule as CronJobs of Kubernetes have it: five fields such as ``"0 3 * * 0"`` (three o'clock on Sundays), or a descriptor
such as ``"@daily"`` or ``"@every 6h"``. A time zone is not part of it.
"""
