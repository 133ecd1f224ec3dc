"""Every delivery contains the same release; only the values that a delivery requires differ."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yaml

from cdk8s_airflow import ArgoApplication, HelmCommand, K3sHelmChart, Namespace, PlatformError
from cdk8s_airflow.app.registry import registry_of
from tests.delivery.carried import DELIVERIES, FACTS, Carried, carried, platform
from tests.making import emitted, make_airflow, new_chart
from tests.platforms import PAIRS
from tests.truth.manifests import Loader

PHASES = {"migrateDatabaseJob": "Sync", "createUserJob": "PostSync"}


def tree(release: Carried) -> dict[str, Any]:
    if isinstance(release.values, str):
        return dict(yaml.load(release.values, Loader=Loader))
    return dict(release.values)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_delivery_contains_the_same_values_except_argo_hooks(pair: tuple[str, str]) -> None:
    releases = {name: carried(platform(delivery, pair)) for name, delivery in DELIVERIES.items()}
    assert {(r.release, r.namespace, r.chart, r.version) for r in releases.values()} == {
        ("lab", "airflow", "https://airflow.apache.org/airflow", pair[0])
    }
    assert {name: r.timeout for name, r in releases.items()} == {
        **dict.fromkeys(DELIVERIES, "30m0s"),
        "argo": None,
        "helm": "30m",
    }
    trees = {name: tree(release) for name, release in releases.items()}
    argo = trees.pop("argo")
    first, *others = trees.values()
    assert all(other == first for other in others)
    for job, phase in PHASES.items():
        assert argo[job].pop("useHelmHooks") is False
        assert argo[job].pop("jobAnnotations") == {
            "argocd.argoproj.io/hook": phase,
            "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
        }
    assert argo == first


@pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=list(DELIVERIES))
def test_migration_times_out_before_its_delivery(delivery: Any) -> None:
    patient = dataclasses.replace(delivery, timeout="50m")
    job = tree(carried(platform(patient, PAIRS[-1])))["migrateDatabaseJob"]
    assert 'until [ "$SECONDS" -ge 1200 ]' in job["extraInitContainers"][0]["command"][2]
    assert '[ "$SECONDS" -ge 1200 ]' in job["command"][2]


@pytest.mark.parametrize("name", [name for name in DELIVERIES if name != "k3s-structured"])
def test_values_keep_none_and_their_types(name: str) -> None:
    annotations = {"a": "1", "b": "true", "c": "null"}
    given = {"scheduler": {"startupProbe": {"timeoutSeconds": None}, "annotations": annotations}}
    values = tree(carried(platform(DELIVERIES[name], PAIRS[-1], values=given)))
    assert values["scheduler"]["startupProbe"]["timeoutSeconds"] is None
    assert values["scheduler"]["annotations"] == annotations


def test_structured_values_reject_none_from_any_argument() -> None:
    given = {"scheduler": {"startupProbe": {"timeoutSeconds": None}}}
    with pytest.raises(PlatformError) as caught:
        platform(K3sHelmChart(values="structured"), PAIRS[-1], values=given)
    assert [(f.rule, f.at) for f in caught.value.findings] == [
        ("delivery/structured-null", "values.scheduler.startupProbe.timeoutSeconds")
    ]


def test_two_releases_with_one_name_cannot_share_their_files() -> None:
    chart = new_chart()
    make_airflow(chart, "one", delivery=HelmCommand())
    with pytest.raises(PlatformError) as caught:
        make_airflow(chart, "two", delivery=HelmCommand())
    assert {(f.rule, f.at) for f in caught.value.findings} == {("object/taken", "release")}
    make_airflow(chart, "three", delivery=HelmCommand(), release="other", namespace=Namespace.existing("other"))
    assert sorted(registry_of(chart).files) == [
        "helm/airflow/install.sh",
        "helm/airflow/values.yml",
        "helm/other/install.sh",
        "helm/other/values.yml",
    ]
    assert emitted(chart) == []


@pytest.mark.parametrize(
    ("name", "definitions"),
    [
        ("k3s", {"helmcharts.helm.cattle.io"}),
        ("flux", {"helmreleases.helm.toolkit.fluxcd.io", "helmrepositories.source.toolkit.fluxcd.io"}),
        ("argo", {"applications.argoproj.io"}),
        ("helm", set()),
    ],
)
def test_required_definitions_of_a_delivery_are_registered(name: str, definitions: set[str]) -> None:
    chart = new_chart()
    make_airflow(chart, delivery=DELIVERIES[name], facts=FACTS)
    assert registry_of(chart).crds == definitions
    assert sum("has failed" in note for note in registry_of(chart).notes) == 1


def test_application_in_the_namespace_of_airflow_is_rejected() -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), delivery=ArgoApplication(namespace="airflow"))
    assert [(f.rule, f.at) for f in caught.value.findings] == [("delivery/shared-namespace", "delivery.namespace")]
