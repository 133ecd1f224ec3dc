"""Forms of values: what Kubernetes, Go and PostgreSQL take, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.validation.constraints import at_least
from cdk8s_airflow.validation.durations import is_duration, seconds
from cdk8s_airflow.validation.kubernetes_names import is_host, is_label, is_label_1035, is_qualified_name, is_subdomain
from cdk8s_airflow.validation.quantities import is_bytes, is_cpu, is_quantity, quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1), ("500m", 0.5), ("1Ki", 1024), ("10Gi", 10 * 2**30), ("1.5Gi", 1.5 * 2**30), ("1k", 1000), ("1e3", 1000),
     ("2E", 2e18), ("2E3", 2000), ("5n", 5e-9), ("7u", 7e-6), (".5", 0.5), ("1.", 1), ("+1M", 1e6), ("-1T", -1e12),
     ("1P", 1e15), ("1Mi", 2**20), ("1Ti", 2**40), ("1Pi", 2**50), ("1Ei", 2**60), ("1G", 1e9), ("12e-1", 1.2)],
)  # fmt: skip
def test_quantities_amount_to_what_kubernetes_reads(text: str, amount: float) -> None:
    assert quantity(text) == pytest.approx(amount)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1GB", "1gi", "1 Gi", " 1", "1\n", "1K", "1ki", "١Gi", "1,5Gi", "0x1", "--1", "1e", "1ee3", "m"]
)
def test_other_texts_are_no_quantities(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        quantity(text)
    assert not is_quantity(text)


@pytest.mark.parametrize(
    ("text", "good"), [("1", True), ("0", False), ("-1", False), ("0.0Gi", False), ("9e99", False)]
)
def test_a_quantity_is_positive_and_countable(text: str, good: bool) -> None:
    assert is_quantity(text) is good


@pytest.mark.parametrize(
    ("text", "good"), [("1Mi", True), ("1048576", True), ("1M", False), ("512m", False), ("512", False), ("1G", True)]
)
def test_memory_and_storage_are_a_mebibyte_at_least(text: str, good: bool) -> None:
    assert is_bytes(text) is good


@pytest.mark.parametrize(
    ("text", "good"), [("250m", True), ("1000", True), ("1001", False), ("512Mi", False), ("x", False)]
)
def test_cpu_is_what_a_node_can_have(text: str, good: bool) -> None:
    assert is_cpu(text) is good


@pytest.mark.parametrize(
    ("text", "amount"), [("60s", 60), ("30m", 1800), ("1h", 3600), ("1h30m5s", 5405), ("90m", 5400)]
)
def test_durations_are_counted_in_seconds(text: str, amount: int) -> None:
    assert seconds(text) == amount
    assert is_duration(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "60",
        "s",
        "1d",
        "1 m",
        "-1m",
        "1m1h",
        "1.5h",
        "1M",
        "1m ",
        "1m\n",
        "٦٠s",
        "100ms",
        "0s",
        "0h0m0s",
        "9999999999h",
    ],
)
def test_other_texts_are_no_durations(text: str) -> None:
    assert not is_duration(text)


LONG = "a" * 63


@pytest.mark.parametrize(
    ("text", "label", "label_1035", "subdomain", "host"),
    [
        ("a", True, True, True, True),
        ("a-1", True, True, True, True),
        ("1a", True, False, True, True),
        ("1", True, False, True, False),
        (LONG, True, True, True, True),
        (LONG + "a", False, False, True, False),
        ("a.b", False, False, True, True),
        ("a.1", False, False, True, False),
        ("10.0.0.1", False, False, True, False),
        ("", False, False, False, False),
        ("-a", False, False, False, False),
        ("a-", False, False, False, False),
        ("A", False, False, False, False),
        ("a_b", False, False, False, False),
        ("a\n", False, False, False, False),
        ("é", False, False, False, False),
        ("a..b", False, False, False, False),
        (".a", False, False, False, False),
        ("*.a", False, False, False, False),
        ("a.b.", False, False, False, False),
        ("a:80", False, False, False, False),
        (".".join([LONG] * 4)[:253], False, False, True, True),
        (".".join([LONG] * 4), False, False, False, False),
    ],
)
def test_names(text: str, label: bool, label_1035: bool, subdomain: bool, host: bool) -> None:
    assert (is_label(text), is_label_1035(text), is_subdomain(text), is_host(text)) == (
        label,
        label_1035,
        subdomain,
        host,
    )


@pytest.mark.parametrize(
    ("text", "good"),
    [("a", True), ("a.b/c_D-1", True), ("A.b", True), ("", False), ("a/", False), ("/a", False), ("A.b/c", False),
     ("a/b/c", False), ("a b", False), ("-a", False), ("x" * 64, False), ("a.b/" + "x" * 63, True)],
)  # fmt: skip
def test_keys_of_labels_and_annotations(text: str, good: bool) -> None:
    assert is_qualified_name(text) is good


def test_at_least_has_a_lower_and_an_upper_bound() -> None:
    must = at_least(2)
    assert [must.holds(number) for number in (1, 2, 2**31 - 1, 2**31)] == [False, True, True, False]
    assert "2" in must.problem
    assert must.fix == "Use 2 or more"
    assert at_least(0, "so").fix == "so"


@given(st.text())
@settings(derandomize=True, max_examples=300)
def test_no_text_makes_a_check_fail_otherwise_than_by_saying_no(text: str) -> None:
    for check in (
        is_quantity,
        is_bytes,
        is_cpu,
        is_duration,
        is_label,
        is_label_1035,
        is_subdomain,
        is_host,
        is_qualified_name,
    ):
        assert check(text) in (True, False)


@given(st.integers(1, 9), st.integers(0, 59), st.integers(0, 59))
@settings(derandomize=True)
def test_any_duration_in_go_s_form_is_read(hours: int, minutes: int, rest: int) -> None:
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest
