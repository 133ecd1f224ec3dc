"""Quantities of Kubernetes: ``"500m"``, ``"1Gi"``. Parses, compares and writes them.

Source: ``resource.Quantity`` of k8s.io/apimachinery.
"""

from __future__ import annotations

import re
from typing import Final

from cdk8s_airflow._regex import regex

_QUANTITY = regex(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?", re.ASCII)
_DECIMAL: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_FACTORS: Final = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_BILLION: Final = 10**9

MEBIBYTE: Final = 2**20
"""The bytes of ``1Mi``."""


def quantity(text: str) -> float:
    """The value of a Kubernetes quantity, in bytes, cores or pieces. Raises ``ValueError`` if the string is not a quantity."""
    sign, digits, exponent, suffix = _parts(text)
    return float(f"{sign}{digits}e{exponent or 0}") * _FACTORS[suffix]


def quantity_or_none(value: object) -> float | None:
    """The value of a quantity, which YAML may contain as a number; None if it is not a quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return quantity(str(value))
    except ValueError:
        return None


def is_quantity(text: str) -> bool:
    """Whether the string is a positive Kubernetes quantity that fits into 64 bits."""
    try:
        return 0 < quantity(text) < 2.0**63
    except ValueError:
        return False


def is_bytes(text: str) -> bool:
    """Whether the string is an amount of memory or storage. At least 1Mi, to catch mistakes such as ``512m`` (half a byte)."""
    return is_quantity(text) and quantity(text) >= MEBIBYTE


def is_cpu(text: str) -> bool:
    """Whether the string is an amount of CPU. At most 1000 cores, to catch mistakes such as ``512Mi``."""
    return is_quantity(text) and quantity(text) <= 1000


def cpu_text(cores: float) -> str:
    """An amount of CPU as a quantity, in cores or thousandths."""
    thousandths = round(cores * 1000)
    return f"{thousandths // 1000}" if thousandths % 1000 == 0 else f"{thousandths}m"


def bytes_text(amount: float) -> str:
    """An amount of memory or storage as a quantity, in mebibytes or gibibytes."""
    mebibytes = round(amount / MEBIBYTE)
    if mebibytes and mebibytes % 1024 == 0:
        return f"{mebibytes // 1024}Gi"
    return f"{mebibytes}Mi"


def canonical_quantity(amount: str | float) -> str:
    """A Kubernetes quantity as Kubernetes writes it: ``1000m`` is ``1``, ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``.

    Args:
        amount: the quantity; YAML lets users write some without quotes, as a number.

    Raises:
        ValueError: if it is not a quantity.
    """
    sign, digits, exponent, suffix = _parts(str(amount))
    whole, _, fraction = digits.partition(".")
    number, divisor = int(whole + fraction) * _BILLION, 10 ** len(fraction)
    if suffix.endswith("i"):
        number *= 1024 ** _BINARY.index(suffix)
    else:
        power = int(exponent) if exponent else 3 * (_DECIMAL.index(suffix) - _DECIMAL.index(""))
        number, divisor = number * 10 ** max(power, 0), divisor * 10 ** max(-power, 0)
    billionths = -(-number // divisor)
    if billionths == 0:
        return "0"
    if suffix.endswith("i") and billionths % (1024 * _BILLION) == 0:
        text = _binary(billionths // _BILLION)
    else:
        text = _decimal(billionths, with_exponent=bool(exponent))
    return f"-{text}" if sign == "-" else text


def _parts(text: str) -> tuple[str, str, str, str]:
    """The sign, digits, exponent and suffix of a quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1], match[2], match[3] or "", match[4] or ""


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
