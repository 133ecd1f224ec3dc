"""All objects of an app are checked as they are written, whoever created them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    BrokerUrlSecret,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    ExternalBroker,
    Keda,
    Namespace,
    PlatformError,
    Triggerer,
    synth,
)
from cdk8s_airflow.app.object_findings import check_objects
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.report.details import details_text
from cdk8s_airflow.report.summary import summary
from tests.making import make_airflow, make_cluster

RULE = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PrometheusRule",
    "spec": {"groups": [{"name": "airflow", "rules": [{"alert": "Down", "expr": "up == 0", "for": "5m"}]}]},
}


def add(
    chart: cdk8s.Chart, id: str, manifest: dict[str, Any], *, name: str = "", namespace: str = ""
) -> cdk8s.ApiObject:
    """An object that a user creates with cdk8s alone."""
    metadata = cdk8s.ApiObjectMetadata(name=name or None, namespace=namespace or None)
    made = cdk8s.ApiObject(chart, id, api_version=manifest["apiVersion"], kind=manifest["kind"], metadata=metadata)
    for key, value in manifest.items():
        if key not in ("apiVersion", "kind"):
            made.add_json_patch(cdk8s.JsonPatch.add(f"/{key}", value))
    return made


def changed(manifest: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {**manifest, "spec": {**manifest.get("spec", {}), **spec}}


def rules(app: cdk8s.App, **arguments: Any) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.path, finding.at) for finding in check_objects(app, **arguments)]


@pytest.fixture
def app(tmp_path: Path) -> cdk8s.App:
    return cdk8s.App(outdir=str(tmp_path / "dist"))


def test_synth_rejects_a_malformed_custom_resource_of_the_user_and_writes_nothing(
    app: cdk8s.App, tmp_path: Path
) -> None:
    broken = changed(RULE, groups=[{"name": "airflow", "rules": [{"alert": "Down", "exprr": "up == 0"}]}])
    add(cdk8s.Chart(app, "extra"), "alerts", broken, name="alerts", namespace="airflow")
    with pytest.raises(PlatformError) as caught:
        synth(app)
    assert {(finding.rule, finding.path, finding.at) for finding in caught.value} == {
        ("manifest/unknown-field", "extra/alerts", "spec.groups[0].rules[0].exprr"),
        ("manifest/missing-field", "extra/alerts", "spec.groups[0].rules[0].expr"),
    }
    assert not (tmp_path / "dist" / "extra.k8s.yaml").exists()


def test_a_correct_custom_resource_of_the_user_is_written_and_its_definition_listed(
    app: cdk8s.App, tmp_path: Path
) -> None:
    add(cdk8s.Chart(app, "extra"), "alerts", RULE, name="alerts", namespace="airflow")
    synth(app)
    assert registry_of(app).crds == {"prometheusrules.monitoring.coreos.com"}
    assert "kubectl get crd prometheusrules.monitoring.coreos.com\n" in summary(registry_of(app), tmp_path / "dist")


def test_run_with_unvalidated_kinds_skips_their_schema(app: cdk8s.App) -> None:
    add(cdk8s.Chart(app, "extra"), "alerts", changed(RULE, newer=True), name="alerts", namespace="airflow")
    (finding,) = check_objects(app)
    assert "run(build, unvalidated=['PrometheusRule'])" in finding.fix
    assert check_objects(app, unvalidated=["PrometheusRule"]) == []


def test_a_json_patch_that_breaks_an_object_of_this_library_is_rejected(app: cdk8s.App) -> None:
    release = make_airflow(cdk8s.Chart(app, "20-airflow"))
    assert release.api_object is not None
    release.api_object.add_json_patch(cdk8s.JsonPatch.replace("/spec/failurePolicy", "sometimes"))
    assert rules(app) == [("manifest/wrong-value", "20-airflow/airflow/release", "spec.failurePolicy")]


@pytest.mark.parametrize(
    ("manifest", "at"),
    [
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"resources": {"requests": {"storage": "10 GB"}}}},
         "spec.resources.requests.storage"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"replicas": 3}}, "data.replicas"),
        ({"apiVersion": "v1", "kind": "List", "items": [{**RULE, "metadata": {"name": "a"}, "spec": {"groups": "x"}}]},
         "items[0].spec.groups"),
    ],
    ids=["quantity", "config-map", "list"],
)  # fmt: skip
def test_a_malformed_object_of_the_user_is_found(app: cdk8s.App, manifest: dict[str, Any], at: str) -> None:
    add(cdk8s.Chart(app, "extra"), "one", manifest, name="one", namespace="airflow")
    assert [found[1:] for found in rules(app)] == [("extra/one", at)]


@pytest.mark.parametrize(
    "manifest",
    [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []},
        {"apiVersion": "external-secrets.io/v1beta1", "kind": "ExternalSecret", "spec": {"anything": 1}},
        {"apiVersion": "gateway.networking.k8s.io/v1alpha2", "kind": "TCPRoute", "spec": {"rules": []}},
        {"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"limits": {"speed": "fast"}, "storage": True}},
        {**RULE, "status": {"bindings": []}},
    ],
    ids=lambda manifest: manifest["kind"],
)
def test_an_object_that_the_api_server_may_accept_is_not_rejected(app: cdk8s.App, manifest: dict[str, Any]) -> None:
    add(cdk8s.Chart(app, "extra", namespace="airflow"), "one", manifest, name="one")
    assert rules(app) == []


def test_a_misspelt_kind_is_found(app: cdk8s.App) -> None:
    add(cdk8s.Chart(app, "extra"), "one", {**RULE, "kind": "PrometheusRules"}, name="one", namespace="airflow")
    assert rules(app) == [("manifest/unknown-kind", "extra/one", "kind")]


def test_items_of_one_list_with_one_identity_are_found(app: cdk8s.App) -> None:
    item = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "airflow"},
        "data": {},
    }
    add(cdk8s.Chart(app, "extra"), "list", {"apiVersion": "v1", "kind": "List", "items": [item, item]}, name="list")
    assert rules(app) == [("object/taken", "extra/list", "metadata.name")]


def test_two_objects_of_one_identity_are_found_if_one_is_of_this_library(app: cdk8s.App) -> None:
    Namespace(cdk8s.Chart(app, "00-base"), "airflow")
    add(cdk8s.Chart(app, "90-extra"), "again", {"apiVersion": "v1", "kind": "Namespace"}, name="airflow")
    (finding,) = check_objects(app)
    assert str(finding).startswith("90-extra/again: metadata.name must be unique: 00-base/airflow/")
    assert finding.rule == "object/taken"


def test_two_objects_of_one_identity_are_found_in_one_chart_of_the_user(app: cdk8s.App) -> None:
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "data": {}}
    chart = cdk8s.Chart(app, "extra", namespace="team")
    add(chart, "one", settings, name="settings")
    add(chart, "two", settings, name="settings")
    add(cdk8s.Chart(app, "other-cluster", namespace="team"), "one", settings, name="settings")
    assert rules(app) == [("object/taken", "extra/two", "metadata.name")]


def test_objects_of_equal_name_in_another_namespace_or_of_another_kind_are_accepted(app: cdk8s.App) -> None:
    chart = cdk8s.Chart(app, "extra")
    for number, (kind, namespace) in enumerate([("ConfigMap", "a"), ("ConfigMap", "b"), ("ServiceAccount", "a")]):
        add(chart, f"c{number}", {"apiVersion": "v1", "kind": kind}, name="same", namespace=namespace)
    assert rules(app) == []


def test_cluster_facts_count_the_definitions_of_the_users_objects(app: cdk8s.App) -> None:
    facts = ClusterFacts(crds=["helmcharts.helm.cattle.io"])
    make_airflow(cdk8s.Chart(app, "20-airflow"), facts=facts)
    extra = cdk8s.Chart(app, "extra")
    add(extra, "alerts", RULE, name="alerts", namespace="airflow")
    add(extra, "widget", {"apiVersion": "example.com/v1", "kind": "Widget"}, name="w", namespace="airflow")
    assert rules(app) == [
        ("facts/crd-missing", "extra/alerts", "facts.crds"),
        ("facts/crd-missing", "extra/widget", "facts.crds"),
    ]


def test_a_definition_of_the_app_itself_is_not_required_of_the_cluster(app: cdk8s.App) -> None:
    make_airflow(cdk8s.Chart(app, "20-airflow"), facts=ClusterFacts(crds=["helmcharts.helm.cattle.io"]))
    extra = cdk8s.Chart(app, "00-definitions")
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {"group": "example.com", "names": {"kind": "Widget", "plural": "widgets"}},
    }
    add(extra, "crd", definition, name="widgets.example.com")
    add(extra, "widget", {"apiVersion": "example.com/v1", "kind": "Widget"}, name="w", namespace="airflow")
    assert rules(app) == []
    assert registry_of(app).unknown_kinds == set()


def test_a_kind_without_a_schema_is_listed_in_the_summary(app: cdk8s.App, tmp_path: Path) -> None:
    add(cdk8s.Chart(app, "extra"), "w", {"apiVersion": "example.com/v1", "kind": "Widget"}, name="w", namespace="a")
    synth(app)
    assert "   - Kind Widget (example.com/v1). Its schema is not included" in summary(
        registry_of(app), tmp_path / "dist"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {
            "executor": CeleryExecutor(
                broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url")),
                workers=CeleryWorkers(scaling=Keda(max_replicas=3)),
            )
        },
        {"triggerer": Triggerer(scaling=Keda(max_replicas=3))},
    ],
    ids=["workers", "triggerer"],
)
def test_scaled_objects_that_the_chart_creates_are_listed(app: cdk8s.App, changes: dict[str, Any]) -> None:
    make_airflow(cdk8s.Chart(app, "20-airflow"), **changes)
    assert registry_of(app).crds == {"helmcharts.helm.cattle.io", "scaledobjects.keda.sh"}


def test_the_objects_of_this_library_pass(app: cdk8s.App) -> None:
    make_cluster(cdk8s.Chart(app, "10-data"))
    make_airflow(cdk8s.Chart(app, "20-airflow"))
    Namespace(cdk8s.Chart(app, "00-base"), "airflow")
    assert rules(app) == []


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
        ("cert-manager.io/v1", "ClusterIssuer"),
    ],
)
def test_namespace_of_a_cluster_scoped_object_is_rejected_unless_its_chart_has_it(
    app: cdk8s.App, api_version: str, kind: str
) -> None:
    chart = cdk8s.Chart(app, "extra", namespace="airflow")
    body = {"spec": {"selfSigned": {}}} if kind == "ClusterIssuer" else {}
    add(chart, "copied", {"apiVersion": api_version, "kind": kind, **body}, name="copied")
    add(chart, "own", {"apiVersion": api_version, "kind": kind, **body}, name="own", namespace="other")
    assert rules(app) == [("manifest/scope", "extra/own", "metadata.namespace")]


def test_own_objects_of_kubernetes_itself_are_listed_as_partly_checked(app: cdk8s.App, tmp_path: Path) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selektor": {}}}
    add(cdk8s.Chart(app, "extra"), "d", deployment, name="d", namespace="a")
    synth(app)
    registry = registry_of(app)
    assert "own objects of kind Deployment were checked for names" in details_text(registry, tmp_path / "dist")
    assert registry.unknown_kinds == set()


def test_an_ingress_route_without_a_schema_is_listed_with_the_definitions_that_are_required(
    app: cdk8s.App, tmp_path: Path
) -> None:
    route = {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute", "spec": {"routs": 1}}
    add(cdk8s.Chart(app, "extra"), "r", route, name="r", namespace="a")
    synth(app)
    text = summary(registry_of(app), tmp_path / "dist")
    assert "Kind IngressRoute (traefik.io/v1alpha1). Its schema is not included" in text
    assert "kubectl api-resources --api-group=traefik.io" in text
