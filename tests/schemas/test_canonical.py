"""Canonical forms: every manifest carries durations and quantities as Kubernetes writes them back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.schemas import crd_name, facts_store, known_kinds
from cdk8s_airflow.schemas.canonical import DURATIONS, canonical, is_quantity_field
from cdk8s_airflow.validation.durations import canonical_duration
from cdk8s_airflow.validation.quantities import canonical_quantity
from tests.truth import manifests

ROOT = Path(__file__).parent.parent.parent

# What Go prints: time.ParseDuration(text).String(), resource.ParseQuantity(text).String() of k8s.io/apimachinery 0.34.4.
GO_DURATIONS = {
    "30m": "30m0s", "60s": "1m0s", "90m": "1h30m0s", "1h": "1h0m0s", "1h30m": "1h30m0s", "45s": "45s", "0s": "0s", "0": "0s",
    "1.5h": "1h30m0s", "100ms": "100ms", "1500ms": "1.5s", "24h": "24h0m0s", "0h0m1s": "1s", "3600s": "1h0m0s", "1us": "1µs",
    "999ns": "999ns", "1.000000001s": "1.000000001s", "1.5us": "1.5µs", "0.5ms": "500µs", ".5s": "500ms", "-1h": "-1h0m0s",
    "10m0s": "10m0s", "75m30s": "1h15m30s", "2562047h": "2562047h0m0s",
}  # fmt: skip
GO_QUANTITIES = {
    "1000m": "1", "0.5": "500m", "1.5": "1500m", "1500m": "1500m", "2000m": "2", "1024Mi": "1Gi", "1.5Gi": "1536Mi",
    "2048Mi": "2Gi", "1000Mi": "1000Mi", "1024M": "1024M", "1000M": "1G", "1000": "1k", "10000": "10k", "1500": "1500", "0": "0",
    "0Gi": "0", "1.3Gi": "1395864371200m", "0.5Ki": "512", "1024Ki": "1Mi", "1e3": "1e3", "1e5": "100e3", "12e6": "12e6",
    "5e-7": "500e-9", "0.0000000001": "1n", "280.1n": "281n", "-1.5Gi": "-1536Mi", "-0.3": "-300m", "100Gi": "100Gi", "1E": "1E",
    "0.001": "1m", "123e2": "12300", "1Ti": "1Ti", "512": "512", "1023Ki": "1023Ki",
}  # fmt: skip

HELM_CHART = {
    "apiVersion": "helm.cattle.io/v1",
    "kind": "HelmChart",
    "metadata": {"name": "airflow", "namespace": "kube-system"},
    "spec": {"chart": "airflow", "timeout": "30m", "valuesContent": "cpu: 1000m"},
}
RESOURCES = {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"memory": "2048Mi"}}
CANONICAL_RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}

# Strings that look like durations, in fields of the Go type string: no controller writes them in another form.
STRINGS = {
    ("Application", "spec.syncPolicy.retry.backoff.duration"),
    ("Application", "spec.syncPolicy.retry.backoff.maxDuration"),
    ("Cluster", "spec.storage.size"),
    ("Cluster", "spec.walStorage.size"),
    ("ObjectStore", "spec.retentionPolicy"),
    # Karpenter's own type, which keeps the text.
    ("NodePool", "spec.disruption.consolidateAfter"),
    # A type of Prometheus Operator's own, which it passes on as it is.
    *(("PodMonitor", f"spec.podMetricsEndpoints.{field}") for field in ("interval", "scrapeTimeout")),
    *(("ServiceMonitor", f"spec.endpoints.{field}") for field in ("interval", "scrapeTimeout")),
    *(("PrometheusRule", f"spec.groups.{field}") for field in ("interval", "rules.for", "rules.keep_firing_for")),
}
STRINGS_BELOW = {("Cluster", "spec.postgresql.parameters"), ("Pooler", "spec.pgbouncer.parameters")}
AMOUNT = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|\d+(?:\.\d+)?(?:[numkMGTPE]|[KMGTPE]i)")


@pytest.mark.parametrize("text", GO_DURATIONS)
def test_a_duration_is_written_as_go_writes_it(text: str) -> None:
    assert canonical_duration(text) == GO_DURATIONS[text]
    assert canonical_duration(GO_DURATIONS[text]) == GO_DURATIONS[text]


@pytest.mark.parametrize("text", GO_QUANTITIES)
def test_a_quantity_is_written_as_kubernetes_writes_it(text: str) -> None:
    assert canonical_quantity(text) == GO_QUANTITIES[text]
    assert canonical_quantity(GO_QUANTITIES[text]) == GO_QUANTITIES[text]


@pytest.mark.parametrize(("amount", "text"), [(2, "2"), (1000, "1k"), (0.5, "500m"), (1.0, "1")])
def test_a_quantity_given_as_a_number_becomes_a_string(amount: float, text: str) -> None:
    assert canonical_quantity(amount) == text


@pytest.mark.parametrize("text", ["", "30", "1d", "m", "1h 30m", "30m ", "1e3s", "١m"])
def test_a_string_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(text) + "$"):
        canonical_duration(text)


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1KiB", "1e", "1e999", "nan", "inf", "0x1", "٣Gi"])
def test_a_string_that_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(text) + "$"):
        canonical_quantity(text)


def value_of(quantity: str) -> Fraction:
    match = re.fullmatch(r"(-?\d+)(?:e(-?\d+)|([numkMGTPE]|[KMGTPE]i))?", quantity)
    assert match is not None, quantity
    number, exponent, suffix = Fraction(match[1]), match[2], match[3] or ""
    if exponent:
        return number * Fraction(10) ** int(exponent)
    if suffix.endswith("i"):
        return number * 1024 ** (" KMGTPE".index(suffix[0]))
    return number * Fraction(1000) ** ("num kMGTPE".index(suffix or " ") - 3)


@given(st.integers(0, 2**40), st.sampled_from(["m", "", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-3"]))
def test_the_canonical_form_of_a_quantity_has_the_same_value_and_stays(number: int, suffix: str) -> None:
    text = canonical_quantity(f"{number}{suffix}")
    assert value_of(text) == value_of(f"{number}{suffix}")
    assert canonical_quantity(text) == text


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**6))
def test_the_canonical_form_of_a_duration_has_the_same_length_and_stays(hours: int, minutes: int, seconds: int) -> None:
    text = canonical_duration(f"{hours}h{minutes}m{seconds}s")
    parts = dict(reversed(part) for part in re.findall(r"(\d+)([hms])", text))
    found = [int(parts.get(unit, 0)) for unit in "hms"]
    assert found[0] * 3600 + found[1] * 60 + found[2] == hours * 3600 + minutes * 60 + seconds
    assert max(found[1:]) < 60
    assert canonical_duration(text) == text


def test_canonical_changes_durations_of_custom_resources_and_nothing_else() -> None:
    assert canonical(HELM_CHART) == {**HELM_CHART, "spec": {**HELM_CHART["spec"], "timeout": "30m0s"}}  # type: ignore[dict-item]
    assert HELM_CHART["spec"]["timeout"] == "30m"  # type: ignore[index]


def test_canonical_finds_quantities_of_custom_resources_by_their_schema() -> None:
    cluster = {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "pg"},
        "spec": {
            "instances": 1,
            "storage": {"size": "1024Mi"},
            "resources": RESOURCES,
            "ephemeralVolumesSizeLimit": {"shm": "1024Mi"},
            "postgresql": {"parameters": {"shared_buffers": "1024Mi"}},
        },
    }
    assert canonical(cluster)["spec"] == {
        "instances": 1,
        "storage": {"size": "1024Mi"},
        "resources": CANONICAL_RESOURCES,
        "ephemeralVolumesSizeLimit": {"shm": "1Gi"},
        "postgresql": {"parameters": {"shared_buffers": "1024Mi"}},
    }


def test_canonical_finds_quantities_of_core_kinds_by_their_place() -> None:
    environment = [
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1000m"}}},
        {"name": "REQUESTS", "value": "1000m"},
    ]
    spec = {
        "containers": [{"name": "main", "image": "a:1", "args": ["1000m"], "resources": RESOURCES, "env": environment}],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1024Mi"}}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"requests": "1000m"}}, "spec": spec}
    assert canonical(pod) == {
        **pod,
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "image": "a:1",
                    "args": ["1000m"],
                    "resources": CANONICAL_RESOURCES,
                    "env": [
                        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}},
                        {"name": "REQUESTS", "value": "1000m"},
                    ],
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
        },
    }


def test_canonical_finds_quantities_of_limit_ranges_and_quotas() -> None:
    limits = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "a"},
        "spec": {"limits": [{"type": "Container", "default": {"memory": "1024Mi"}, "max": {"cpu": 2}}]},
    }
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "a"},
        "spec": {"hard": {"requests.cpu": "1000m", "pods": "1000"}},
    }
    assert canonical(limits)["spec"] == {
        "limits": [{"type": "Container", "default": {"memory": "1Gi"}, "max": {"cpu": "2"}}]
    }
    assert canonical(quota)["spec"] == {"hard": {"requests.cpu": "1", "pods": "1k"}}


def test_canonical_leaves_a_value_of_the_wrong_form_to_the_checks() -> None:
    broken = {**HELM_CHART, "spec": {"timeout": "soon"}}
    assert canonical(broken) == broken


@pytest.mark.parametrize("name", DURATIONS)
def test_each_duration_in_the_table_is_a_string_field_of_its_definition(name: str) -> None:
    assert name in {crd_name(*kind) for kind in known_kinds()}
    for path in DURATIONS[name]:
        assert [node["type"] for node in nodes_at(name, path)] == ["string"], path


@pytest.mark.parametrize("name", sorted({str(crd_name(*kind)) for kind in known_kinds()}))
def test_each_field_whose_pattern_is_that_of_a_go_duration_is_in_the_table(name: str) -> None:
    patterns = {path for path, node in fields(name) if "(ms|s|m|h)" in node.get("pattern", "")}
    assert patterns <= set(DURATIONS.get(name, ()))


def test_every_manifest_that_was_reviewed_is_canonical() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {manifest['kind']} {path}: {value}"
        for file, manifest in reviewed()
        for path, value in changed(manifest, canonical(manifest))
    ]
    assert found == []


def test_every_amount_in_a_manifest_that_was_reviewed_has_a_known_type() -> None:
    """A field that looks like a duration or quantity is one by the table or schema, or a plain string by the list above."""
    found = {
        f"{manifest['kind']} {path}: {value}"
        for _, manifest in reviewed()
        for path, value in scalars({key: value for key, value in manifest.items() if key not in ("metadata", "data")})
        if isinstance(value, str) and AMOUNT.fullmatch(value) and not has_known_type(manifest, path)
    }
    assert sorted(found) == []


def has_known_type(manifest: Mapping[str, Any], path: str) -> bool:
    kind = manifest["kind"]
    if (kind, path) in STRINGS or any(kind == k and path.startswith(f"{below}.") for k, below in STRINGS_BELOW):
        return True
    name = crd_name(manifest["apiVersion"], kind)
    if name is None:
        return (
            re.search(
                r"\.(requests|limits|capacity|hard|default|defaultRequest|max|min)\.[^/]+$|\.(sizeLimit|divisor)$", path
            )
            is not None
        )
    return path in DURATIONS.get(name, ()) or any(is_quantity_field(node) for node in nodes_at(name, path))


def reviewed() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object in a golden or in dist/."""
    for folder in (ROOT / "dist", ROOT / "tests" / "goldens"):
        for file in sorted(folder.rglob("*.k8s.yaml")):
            for manifest in manifests.load(file):
                yield file, manifest


def scalars(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar with the names that lead to it; a list adds no step."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from scalars(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item, path)
    else:
        yield path, value


def changed(before: Any, after: Any) -> list[tuple[str, Any]]:
    pairs = zip(scalars(before), scalars(after), strict=True)
    return [(path, value) for (path, value), (_, other) in pairs if value != other]


def fields(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of a definition that is no mapping and no list; a list adds no step, any name is ``*``."""
    root = facts_store.crd_facts(name)["schema"]

    def walk(node: Mapping[str, Any], path: str, open_: frozenset[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        while "$ref" in node:
            target = node["$ref"].rsplit("/", 1)[-1]
            if target in open_:
                return
            node, open_ = root["definitions"][target], open_ | {target}
        for key, below in node.get("properties", {}).items():
            yield from walk(below, f"{path}.{key}" if path else key, open_)
        if isinstance(node.get("items"), dict):
            yield from walk(node["items"], path, open_)
        if isinstance(node.get("additionalProperties"), dict):
            yield from walk(node["additionalProperties"], f"{path}.*", open_)
        if not {"properties", "items"} & node.keys() and not isinstance(node.get("additionalProperties"), dict):
            yield path, node

    yield from walk(root, "", frozenset())


def nodes_at(name: str, path: str) -> list[Mapping[str, Any]]:
    """The part of a definition at a path as :func:`scalars` writes it."""
    steps = path.split(".")
    return [
        node
        for place, node in fields(name)
        if place == path
        or (place.endswith(".*") and path.startswith(place[:-1]) and len(place.split(".")) <= len(steps))
    ]
