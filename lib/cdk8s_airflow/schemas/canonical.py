"""Canonical forms of durations and quantities: the spelling in which Kubernetes writes a value back.

The API server, webhooks and controllers decode an object into Go types and encode it again. A duration or quantity can change
its spelling on the way: ``30m`` becomes ``30m0s``, ``1000m`` becomes ``1``. A controller that updates the whole object, to add a
finalizer for example, then owns the field with the new spelling, and the next server-side apply of the old one fails with a
conflict. K3s' helm-controller does this to HelmCharts, External Secrets to ExternalSecrets, and CloudNativePG to Databases,
DatabaseRoles and, without its webhooks, Clusters. So manifests carry the canonical form from the start.

Sources: ``time.Duration.String`` and ``resource.Quantity.String`` of Go and k8s.io/apimachinery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.schemas import facts_store
from cdk8s_airflow.schemas.validation_errors import QUANTITY_MARK

DURATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "certificates.cert-manager.io": ("spec.duration", "spec.renewBefore", "spec.renewal.windows.windowDuration"),
    "clusterexternalsecrets.external-secrets.io": ("spec.refreshTime", "spec.externalSecretSpec.refreshInterval"),
    "clusters.postgresql.cnpg.io": ("spec.replica.minApplyDelay", "spec.monitoring.metricsQueriesTTL"),
    "clustersecretstores.external-secrets.io": ("spec.provider.webhook.timeout",),
    "externalsecrets.external-secrets.io": ("spec.refreshInterval",),
    "gitrepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "helmcharts.helm.cattle.io": ("spec.timeout",),
    "helmreleases.helm.toolkit.fluxcd.io": (
        "spec.interval",
        "spec.timeout",
        "spec.chart.spec.interval",
        "spec.install.timeout",
        "spec.install.strategy.retryInterval",
        "spec.upgrade.timeout",
        "spec.upgrade.strategy.retryInterval",
        "spec.test.timeout",
        "spec.rollback.timeout",
        "spec.uninstall.timeout",
    ),
    "helmrepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "ocirepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "secretstores.external-secrets.io": ("spec.provider.webhook.timeout",),
}
"""Custom resource definition -> its fields of the Go type ``metav1.Duration``; a step may lead through a list.

The schemas say only that they are strings, so the table is read from the Go types. It leaves out ``spec.timeout`` of Flux's sources:
the schema allows no hours there, which the canonical form of 60 minutes has, and Flux patches its objects instead of rewriting them.
"""

_DURATION = regex(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_DURATION_PART = regex(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip

_QUANTITY = regex(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?", re.ASCII)
_DECIMAL: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_BILLION: Final = 10**9

_CORE_MAPS: Final = frozenset(
    {("resources", "requests"), ("resources", "limits"), ("spec", "hard"), ("spec", "capacity"), ("spec", "overhead")}
)
_CORE_FIELDS: Final = frozenset({("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor")})
_LIMIT_RANGE_MAPS: Final = frozenset({"default", "defaultRequest", "max", "min", "maxLimitRequestRatio"})


def canonical_duration(text: str) -> str:
    """A Go duration as Go writes it: ``90m`` is ``1h30m0s``, ``60s`` is ``1m0s``.

    Raises:
        ValueError: if the text is not a Go duration.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(text)
    parts = _DURATION_PART.findall(text)
    nanoseconds = int(sum(Decimal(amount) * _NANOSECONDS[unit] for amount, unit in parts))
    if nanoseconds == 0:
        return "0s"
    sign = "-" if text.startswith("-") else ""
    if nanoseconds < 10**9:
        unit = next(unit for unit in ("ms", "µs", "ns") if nanoseconds >= _NANOSECONDS[unit])
        return f"{sign}{_number(Decimal(nanoseconds) / _NANOSECONDS[unit])}{unit}"
    minutes, rest = divmod(nanoseconds, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    seconds = f"{_number(Decimal(rest) / 10**9)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def canonical_quantity(amount: str | float) -> str:
    """A Kubernetes quantity as Kubernetes writes it: ``1000m`` is ``1``, ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``.

    Args:
        amount: the quantity; YAML lets users write some without quotes, as a number.

    Raises:
        ValueError: if it is not a quantity.
    """
    match = _QUANTITY.fullmatch(str(amount))
    if match is None:
        raise ValueError(str(amount))
    sign, digits, exponent, suffix = match.groups(default="")
    number = Fraction(digits)
    if suffix.endswith("i"):
        number *= 1024 ** _BINARY.index(suffix)
    elif suffix:
        number *= Fraction(1000) ** (_DECIMAL.index(suffix) - _DECIMAL.index(""))
    elif exponent:
        number *= Fraction(10) ** int(exponent)
    billionths = ceil(number * _BILLION)
    if billionths == 0:
        return "0"
    if suffix.endswith("i") and billionths % (1024 * _BILLION) == 0:
        text = _binary(billionths // _BILLION)
    else:
        text = _decimal(billionths, with_exponent=bool(exponent))
    return f"-{text}" if sign == "-" else text


def _binary(number: int) -> str:
    """A number with the largest suffix for a power of 1024 that leaves no fraction."""
    step = 0
    while number % 1024 == 0 and step + 1 < len(_BINARY):
        number, step = number // 1024, step + 1
    return f"{number}{_BINARY[step]}"


def _decimal(billionths: int, *, with_exponent: bool) -> str:
    """A number with the largest suffix for a power of 1000 that leaves no fraction, or with an exponent instead."""
    number, step = billionths, 0
    while number % 1000 == 0 and step + 1 < len(_DECIMAL):
        number, step = number // 1000, step + 1
    exponent = 3 * (step - _DECIMAL.index(""))
    if with_exponent:
        return f"{number}e{exponent}" if exponent else str(number)
    return f"{number}{_DECIMAL[step]}"


def _number(value: Decimal) -> str:
    """A number without trailing zeros and without an exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """An object with every duration and quantity in canonical form; everything else stays as it is.

    Quantities of custom resources are found by their schema, those of core kinds by their place, durations by
    :data:`DURATIONS`. A value of the wrong form stays as it is: :func:`check_manifest` reports it.
    """
    name = facts_store.crd_name(manifest["apiVersion"], manifest["kind"])
    if name is None:
        limit_range = manifest["kind"] == "LimitRange"
        return {
            key: value if key in ("metadata", "data") else _core(value, (key,), limit_range)
            for key, value in manifest.items()
        }
    schema = facts_store.crd_facts(name)["schema"]
    result = {
        key: _custom(value, schema["properties"][key], schema) if key in schema["properties"] else value
        for key, value in manifest.items()
    }
    for path in DURATIONS.get(name, ()):
        result = _with_duration(result, path.split("."))
    return result


def _core(value: Any, path: tuple[str, ...], limit_range: bool) -> Any:
    """Part of an object of a core kind, whose place is known by the last keys of its path."""
    if isinstance(value, Mapping):
        quantities = path[-2:] in _CORE_MAPS or (
            limit_range and path[:-1] == ("spec", "limits") and path[-1] in _LIMIT_RANGE_MAPS
        )
        return {
            key: _quantity(item) if quantities else _core(item, (*path, key), limit_range)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_core(item, path, limit_range) for item in value]
    return _quantity(value) if path[-2:] in _CORE_FIELDS else value


def _custom(value: Any, node: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A part of a custom resource, and the part of the schema that describes it."""
    while "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, Mapping):
        known, others = node.get("properties", {}), node.get("additionalProperties")
        return {
            key: _custom(item, below, root) if isinstance(below := known.get(key, others), Mapping) else item
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        items = node.get("items")
        return [_custom(item, items, root) for item in value] if isinstance(items, Mapping) else value
    return _quantity(value) if is_quantity_field(node) else value


def is_quantity_field(node: Mapping[str, Any]) -> bool:
    """Whether a part of a schema describes a quantity."""
    return "integer" in node.get("type", ()) and QUANTITY_MARK.search(node.get("pattern", "")) is not None


def _quantity(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return canonical_quantity(value)
    except ValueError:
        return value


def _with_duration(value: Any, steps: list[str]) -> Any:
    if not steps:
        try:
            return canonical_duration(value) if isinstance(value, str) else value
        except ValueError:
            return value
    if isinstance(value, list | tuple):
        return [_with_duration(item, steps) for item in value]
    if not isinstance(value, Mapping) or steps[0] not in value:
        return value
    return {**value, steps[0]: _with_duration(value[steps[0]], steps[1:])}
