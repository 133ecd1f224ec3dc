"""Settings of each delivery: accepted and rejected values."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.delivery.argo import ArgoApplication, AutomatedSync
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.model.controller_versions import FLUX_RETRIES, HELM_CONTROLLER, supports
from cdk8s_airflow.model.pruning import STATE_LABEL, state_metadata
from cdk8s_airflow.validation import check_value

KINDS = [K3sHelmChart, FluxRelease, ArgoApplication, HelmCommand]


def rules(delivery: object) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in check_value(delivery, Delivery, "delivery")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_delivery_is_valid_by_default_and_has_a_how_to_write(kind: Any) -> None:
    assert rules(kind()) == []
    assert kind.how_to_write.startswith(f"{kind.__name__}(")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("timeout", "found"), [("10m", 0), ("9m59s", 1), ("600s", 0), ("24h", 0)])
def test_timeout_shorter_than_10m_is_rejected(kind: Any, timeout: str, found: int) -> None:
    assert rules(kind(timeout=timeout)) == [("delivery/timeout", "delivery.timeout")] * found


@pytest.mark.parametrize("field", ["interval", "retry_interval"])
def test_flux_interval_shorter_than_1m_is_rejected(field: str) -> None:
    assert rules(FluxRelease(**{field: "59s"})) == [("delivery/interval", f"delivery.{field}")]
    assert rules(FluxRelease(**{field: "1m"})) == []


@pytest.mark.parametrize(
    ("delivery", "rule", "at"),
    [
        (K3sHelmChart(job_image="rancher/klipper-helm"), "delivery/job-image", "delivery.job_image"),
        (K3sHelmChart(job_image="Rancher/klipper-helm:v1"), "delivery/job-image", "delivery.job_image"),
        (K3sHelmChart(backoff_limit=-1), "argument/range", "delivery.backoff_limit"),
        (K3sHelmChart(force_conflicts="yes"), "argument/type", "delivery.force_conflicts"),  # type: ignore[arg-type]
        (K3sHelmChart(values="yaml"), "argument/choice", "delivery.values"),  # type: ignore[arg-type]
        (K3sHelmChart(source="oci://r.lab/airflow"), "argument/type", "delivery.source"),  # type: ignore[arg-type]
        (FluxRelease(failure_policy="abort"), "argument/choice", "delivery.failure_policy"),  # type: ignore[arg-type]
        (FluxRelease(namespace="Flux"), "argument/name", "delivery.namespace"),
        (FluxRelease(service_account="helm_runner"), "argument/name", "delivery.service_account"),
        (ArgoApplication(server="kubernetes.default.svc"), "delivery/server", "delivery.server"),
        (ArgoApplication(server="https://"), "delivery/server", "delivery.server"),
        (ArgoApplication(server="https://10.0.0.999"), "delivery/server", "delivery.server"),
        (ArgoApplication(automated=True), "argument/type", "delivery.automated"),  # type: ignore[arg-type]
        (ArgoApplication(on_delete="cascade"), "argument/choice", "delivery.on_delete"),  # type: ignore[arg-type]
        (ArgoApplication(retries=-1), "argument/range", "delivery.retries"),
        (
            ArgoApplication(automated=AutomatedSync(prune=1, self_heal=True)),
            "argument/type",
            "delivery.automated.prune",
        ),  # type: ignore[arg-type]
    ],
)
def test_invalid_delivery_argument_is_rejected(delivery: object, rule: str, at: str) -> None:
    assert rules(delivery) == [(rule, at)]


@pytest.mark.parametrize(
    "image", ["rancher/klipper-helm:v0.9.3", "r.lab:5000/a/b:1@sha256:" + "0" * 64, "r.lab/a@sha256:" + "f" * 64]
)
def test_job_image_without_tag_or_digest_is_rejected(image: str) -> None:
    assert rules(K3sHelmChart(job_image=image, backoff_limit=0)) == []


@pytest.mark.parametrize(
    "server", ["https://kubernetes.default.svc", "https://10.0.0.5:6443", "https://k8s.example.com/"]
)
def test_argo_server_must_be_the_address_of_an_api_server(server: str) -> None:
    assert rules(ArgoApplication(server=server)) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://charts.lab",
        "https://user:password@charts.lab",
        "https://charts.lab?a=b",
        "https://charts.lab:70000",
        "https://",
        "charts.lab/airflow",
        "oci://registry.lab",
        "oci://registry.lab/charts/Airflow",
        "oci://registry.lab/charts/airflow:1.22.0",
        "oci://user@registry.lab/charts/airflow",
    ],
)
def test_invalid_chart_url_is_rejected_and_never_shown(url: str) -> None:
    (finding,) = check_value(K3sHelmChart(source=ChartSource(url=url)), Delivery, "delivery")
    assert (finding.rule, finding.at, finding.seen) == ("delivery/chart-url", "delivery.source.url", "")
    assert "password" not in str(finding)


@pytest.mark.parametrize(
    ("source", "host", "repository", "chart"),
    [
        (ChartSource(), "airflow.apache.org", "https://airflow.apache.org", "airflow"),
        (ChartSource.https("https://c.lab:8443/x/", name="fork"), "c.lab:8443", "https://c.lab:8443/x", "fork"),
        (ChartSource.oci("oci://r.lab/charts/airflow"), "r.lab", "oci://r.lab/charts", "airflow"),
        (ChartSource.oci("oci://r.lab:5000/flow/"), "r.lab:5000", "oci://r.lab:5000", "flow"),
    ],
)
def test_chart_source_splits_the_url_into_host_repository_and_chart(
    source: ChartSource, host: str, repository: str, chart: str
) -> None:
    assert (source.host, source.repository, source.chart) == (host, repository, chart)
    assert rules(K3sHelmChart(source=source)) == []


@pytest.mark.parametrize(
    ("field", "without", "having"),
    [
        ("takeOwnership", "0.16.13", "0.16.14"),
        ("takeOwnership", "0.16.13", "0.17.0"),
        ("values", "0.16.19", "0.16.20"),
        ("values", "0.15.30", "0.17.0"),
        ("forceConflicts", "0.16.24", "0.16.25"),
        ("forceConflicts", "0.17.5", "0.17.6"),
        ("forceConflicts", "0.17.5", "1.0.0"),
        ("authSecret", "0.13.9", "0.14.0"),
        ("dockerRegistrySecret", "0.15.0", "0.15.1"),
        ("backOffLimit", "0.15.2", "0.15.3"),
    ],
)
def test_supports_compares_within_each_line_of_releases(field: str, without: str, having: str) -> None:
    versions = HELM_CONTROLLER[field]
    assert (supports(versions, without), supports(versions, having), supports(versions, None)) == (False, True, False)


def test_flux_retry_requires_2_7() -> None:
    assert [supports(FLUX_RETRIES, seen) for seen in (None, "2.6.4", "2.7", "2.7.0", "2.10", "3.0")] == [
        False, False, True, True, True, True,
    ]  # fmt: skip


def test_state_metadata_excludes_objects_from_pruning() -> None:
    assert state_metadata() == {
        "labels": {STATE_LABEL: "true"},
        "annotations": {
            "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            "helm.sh/resource-policy": "keep",
            "kustomize.toolkit.fluxcd.io/prune": "disabled",
        },
    }
