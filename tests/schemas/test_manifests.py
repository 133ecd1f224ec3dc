"""Manifests: what a strict API server refuses is found, with the field and what is right."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.schemas import check_manifest, crd_name, known_kinds
from cdk8s_airflow.validation import Finding
from tests.schemas.samples import (
    APPLICATION,
    CLAIM,
    CLUSTER,
    CONFIG_MAP,
    CORE,
    CUSTOM,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    HELM_CHART,
    HTTP_ROUTE,
    NAMESPACE,
    ROLE,
    SERVICE_MONITOR,
)
from tests.schemas.test_chart_values import key_places, renamed

Manifest = dict[str, Any]
OPEN = (
    "matchLabels",
    "labels",
    "annotations",
    "parameters",
    "requests",
    "limits",
    "data",
    "stringData",
    "valuesObject",
)


def put(manifest: Manifest, path: str, value: object) -> Manifest:
    """A copy with one field set; ``[0]``-like steps are numbers."""
    result = copy.deepcopy(manifest)
    steps: list[Any] = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = result
    for step in steps[:-1]:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    if value is None:
        holder.pop(steps[-1])
    else:
        holder[steps[-1]] = value
    return result


def places(manifest: Manifest) -> list[tuple[Any, ...]]:
    return [path for path in key_places(manifest) if len(path) > 1 and path[-2] not in OPEN]


@pytest.mark.parametrize("manifest", CUSTOM + CORE, ids=lambda manifest: manifest["kind"])
def test_a_right_object_passes(manifest: Manifest) -> None:
    before = copy.deepcopy(manifest)
    assert check_manifest(manifest) == []
    assert manifest == before


@pytest.mark.parametrize("manifest", CUSTOM, ids=lambda manifest: manifest["kind"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_one_renamed_field_is_always_found(manifest: Manifest, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(places(manifest)))
    name = f"{path[-1]}Qx"
    found = check_manifest(renamed(manifest, path, name))
    assert any(f.rule == "manifest/unknown-field" and f.at.endswith(f".{name}") for f in found), found


def only(found: list[Finding], rule: str, at: str) -> Finding:
    there = [f for f in found if f.rule == f"manifest/{rule}" and f.at == at]
    assert len(there) == 1, found
    return there[0]


@pytest.mark.parametrize(
    ("manifest", "path", "value", "rule", "at", "told"),
    [
        (HELM_CHART, "spec.chrt", "x", "unknown-field", "spec.chrt", "'chart'"),
        (HELM_CHART, "spec.failurePolicy", "abrt", "wrong-value", "spec.failurePolicy", "'abort'"),
        (HELM_CHART, "spec.valuesContent", 5, "wrong-type", "spec.valuesContent", "a string"),
        (HELM_CHART, "spec.backOffLimit", "3", "wrong-type", "spec.backOffLimit", "without quotes"),
        (HELM_CHART, "spec.backOffLimit", 2**40, "too-large", "spec.backOffLimit", "2147483647"),
        (HELM_CHART, "spec.set", {"a": 1.5}, "wrong-type", "spec.set.a", "an integer or a string"),
        (HELM_CHART, "status", {"jobName": "x"}, "unknown-field", "status", "the cluster"),
        (HELM_CHART, "metadata.lables", {}, "unknown-field", "metadata.lables", "'labels'"),
        (CLUSTER, "spec.instances", 0, "too-small", "spec.instances", "at least 1"),
        (CLUSTER, "spec.bootstrap.initdb.secret", {}, "missing-field", "spec.bootstrap.initdb.secret.name", "'name'"),
        (CLUSTER, "spec", None, "missing-field", "spec", "'spec'"),
        (CLUSTER, "spec.storge", {}, "unknown-field", "spec.storge", "'storage'"),
        (
            CLUSTER,
            "spec.postgresql.parameters",
            {"max_connections": 200},
            "wrong-type",
            "spec.postgresql.parameters.max_connections",
            "in quotes",
        ),
        (
            CLUSTER,
            "spec.bootstrap.initdb.secret",
            {"nme": "x"},
            "unknown-field",
            "spec.bootstrap.initdb.secret.nme",
            "'name'",
        ),
        (CLUSTER, "spec.primaryUpdateStrategy", "auto", "wrong-value", "spec.primaryUpdateStrategy", "unsupervised"),
        (
            CLUSTER,
            "spec.resources.requests",
            {"memory": "1Gb"},
            "wrong-quantity",
            "spec.resources.requests.memory",
            "1Gi",
        ),
        (CLUSTER, "metadata.namespace", "A", "namespace", "metadata.namespace", "lower-case"),
        (HTTP_ROUTE, "spec.hostnames", ["-bad-"], "wrong-form", "spec.hostnames[0]", "matches"),
        (
            HTTP_ROUTE,
            "spec.rules.0.matches.0.path.type",
            "Prefix",
            "wrong-value",
            "spec.rules[0].matches[0].path.type",
            "PathPrefix",
        ),
        (
            HTTP_ROUTE,
            "spec.rules.0.backendRefs.0.port",
            70000,
            "too-large",
            "spec.rules[0].backendRefs[0].port",
            "65535",
        ),
        (SERVICE_MONITOR, "spec.endpoints.0.interval", "30 s", "wrong-form", "spec.endpoints[0].interval", "matches"),
        (SERVICE_MONITOR, "spec.selector", None, "missing-field", "spec.selector", "'selector'"),
        (
            APPLICATION,
            "spec.source.helm.valueObject",
            {},
            "unknown-field",
            "spec.source.helm.valueObject",
            "'valuesObject'",
        ),
        (
            EXTERNAL_SECRET,
            "spec.target.creationPolicy",
            "Owned",
            "wrong-value",
            "spec.target.creationPolicy",
            "'Owner'",
        ),
        (NAMESPACE, "metadata.name", "Air_flow", "name", "metadata.name", "lower-case"),
        (NAMESPACE, "metadata.name", "a.b", "name", "metadata.name", "lower-case"),
        (NAMESPACE, "metadata.namespace", "x", "scope", "metadata.namespace", "remove"),
        (
            NAMESPACE,
            "metadata.labels",
            {"pod-security.kubernetes.io/enforce": "strict"},
            "wrong-value",
            "metadata.labels['pod-security.kubernetes.io/enforce']",
            "restricted",
        ),
        (CLAIM, "metadata.name", "a" * 254, "name", "metadata.name", "shorter"),
        (CLAIM, "metadata.name", None, "name", "metadata.name", "set a name"),
        (CLAIM, "metadata.name", "", "name", "metadata.name", "set a name"),
        (CLAIM, "metadata", None, "metadata", "metadata", "name"),
        (CLAIM, "spec.accessModes", ["ReadWriteMny"], "wrong-value", "spec.accessModes[0]", "ReadWriteMany"),
        (
            CLAIM,
            "spec.resources.requests",
            {"storage": "20GB"},
            "wrong-quantity",
            "spec.resources.requests.storage",
            "1Gi",
        ),
        (CLAIM, "spec.volumeMode", "filesystem", "wrong-value", "spec.volumeMode", "Filesystem"),
        (CLAIM, "metadata.labels", {"a": "b c"}, "label", "metadata.labels.a", "annotation"),
        (CLAIM, "metadata.labels", {"a": True}, "label", "metadata.labels.a", "quotes"),
        (CLAIM, "metadata.labels", {"-a": "b"}, "label", "metadata.labels['-a']", "another key"),
        (CLAIM, "metadata.labels", {"A/b/c": "b"}, "label", "metadata.labels['A/b/c']", "another key"),
        (CLAIM, "metadata.labels", {"a": "x" * 64}, "label", "metadata.labels.a", "shorten"),
        (CLAIM, "metadata.annotations", {"a": 5}, "annotation", "metadata.annotations.a", "quotes"),
        (CLAIM, "metadata.annotations", {"a": "x" * 300000}, "annotation", "metadata.annotations", "shorten"),
        (
            DEPLOYMENT,
            "spec.template.spec.containers.0.image",
            "",
            "image",
            "spec.template.spec.containers[0].image",
            "image",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.containers.0.image",
            None,
            "image",
            "spec.template.spec.containers[0].image",
            "image",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.containers.0.name",
            "Web_1",
            "name",
            "spec.template.spec.containers[0].name",
            "lower-case",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.containers.0.imagePullPolicy",
            "Sometimes",
            "wrong-value",
            "spec.template.spec.containers[0].imagePullPolicy",
            "IfNotPresent",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.restartPolicy",
            "Maybe",
            "wrong-value",
            "spec.template.spec.restartPolicy",
            "OnFailure",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.volumes.0.emptyDir.sizeLimit",
            "1 Gi",
            "wrong-quantity",
            "spec.template.spec.volumes[0].emptyDir.sizeLimit",
            "1Gi",
        ),
        (
            DEPLOYMENT,
            "spec.template.metadata.labels",
            {"app": "other"},
            "selector",
            "spec.selector.matchLabels.app",
            "pod template",
        ),
        (
            DEPLOYMENT,
            "spec.template.spec.initContainers",
            [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}],
            "duplicate",
            "spec.template.spec.initContainers[1].name",
            "another name",
        ),
        (CONFIG_MAP, "data", {"a/b": "x"}, "data-key", "data['a/b']", "another key"),
        (CONFIG_MAP, "data", {"a": 5}, "wrong-type", "data.a", "quotes"),
        (CONFIG_MAP, "data", ["a"], "wrong-type", "data", "mapping"),
        (ROLE, "metadata.name", "a/b", "name", "metadata.name", "letters"),
    ],
)
def test_a_wrong_object_is_found_with_what_is_right(
    manifest: Manifest, path: str, value: object, rule: str, at: str, told: str
) -> None:
    found = check_manifest(put(manifest, path, value))
    assert told in only(found, rule, at).fix


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        (CLUSTER, "spec.storage.resizeInUseVolumes"),
        (CLUSTER, "spec.imagePullPolicy"),
        (HTTP_ROUTE, "spec.rules.0.matches"),
        (EXTERNAL_SECRET, "spec.secretStoreRef.kind"),
    ],
)
def test_a_field_with_a_default_may_be_left_out(manifest: Manifest, path: str) -> None:
    without = copy.deepcopy(manifest)
    holder: Any = without
    steps: list[Any] = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps[:-1]:
        holder = holder[step]
    holder.pop(steps[-1], None)
    assert check_manifest(without) == []


def test_the_default_of_a_key_counts_in_a_keyed_list() -> None:
    pooler = {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Pooler",
        "metadata": {"name": "x", "namespace": "y"},
        "spec": {
            "cluster": {"name": "c"},
            "pgbouncer": {"poolMode": "session"},
            "serviceTemplate": {
                "spec": {"ports": [{"port": 1, "name": "a"}, {"port": 1, "protocol": "TCP", "name": "b"}]}
            },
        },
    }
    assert [f.at for f in check_manifest(pooler)] == ["spec.serviceTemplate.spec.ports[1]"]


def test_entries_of_a_keyed_list_stand_once() -> None:
    listeners = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "web", "namespace": "x"},
        "spec": {
            "gatewayClassName": "y",
            "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}, {"name": "a", "port": 81, "protocol": "HTTP"}],
        },
    }
    assert only(check_manifest(listeners), "duplicate", "spec.listeners[1]").fix == "Use a unique value for each entry"


@pytest.mark.parametrize("kind", ["ClusterIssuer", "ClusterSecretStore", "ClusterImageCatalog"])
def test_a_resource_of_the_cluster_takes_no_namespace(kind: str) -> None:
    version = next(version for version, known in known_kinds() if known == kind)
    found = check_manifest(
        {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "y"}, "spec": {}}
    )
    assert "remove" in only(found, "scope", "metadata.namespace").fix


@pytest.mark.parametrize(
    ("api_version", "kind", "rule", "told"),
    [
        ("postgresql.cnpg.io/v1", "Clutser", "manifest/unknown-kind", "'Cluster'"),
        ("postgresql.cnpg.io/v1beta1", "Cluster", "manifest/unknown-version", "'postgresql.cnpg.io/v1'"),
        ("external-secrets.io/v1beta1", "ExternalSecret", "manifest/unknown-version", "'external-secrets.io/v1'"),
        ("helm.cattle.io/v1", "Helmchart", "manifest/unknown-kind", "'HelmChart'"),
    ],
)
def test_a_slip_in_version_or_kind_is_found(api_version: str, kind: str, rule: str, told: str) -> None:
    found = check_manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": {}})
    assert [(f.rule, told in f.fix) for f in found if f.at in ("apiVersion", "kind")] == [(rule, True)]


@pytest.mark.parametrize(
    "manifest",
    [{}, {"kind": "X"}, {"apiVersion": "v1"}, {"apiVersion": 5, "kind": ["a"]}, {"apiVersion": "", "kind": ""}],
)
def test_an_object_without_version_and_kind_is_found(manifest: Manifest) -> None:
    found = check_manifest(manifest)
    assert {f.at for f in found} <= {"apiVersion", "kind"}
    assert "manifest/missing-field" in {f.rule for f in found}


def test_a_kind_without_facts_is_checked_by_the_general_rules_only() -> None:
    manifest = {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": "UPPER"},
        "spec": {"whatever": [1]},
    }
    assert [f.rule for f in check_manifest(manifest)] == ["manifest/name"]


@pytest.mark.parametrize(
    ("api_version", "kind", "name"),
    [
        ("postgresql.cnpg.io/v1", "Cluster", "clusters.postgresql.cnpg.io"),
        ("helm.cattle.io/v1", "HelmChart", "helmcharts.helm.cattle.io"),
        ("cert-manager.io/v1", "ClusterIssuer", "clusterissuers.cert-manager.io"),
        ("keda.sh/v1alpha1", "ScaledObject", "scaledobjects.keda.sh"),
        ("v1", "Secret", None),
        ("postgresql.cnpg.io/v2", "Cluster", None),
    ],
)
def test_the_definition_that_a_cluster_must_have_is_named(api_version: str, kind: str, name: str | None) -> None:
    assert crd_name(api_version, kind) == name
    assert ((api_version, kind) in known_kinds()) is (name is not None)
