"""Delivery with Flux."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.wire import deliver
from cdk8s_airflow.delivery.wire.flux import flux_rules
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, PullSecret, SecretKey
from tests.delivery.wire.samples import LAB, TEXT, delivered, spec

RETRY = {"strategy": {"name": "RetryOnFailure", "retryInterval": "5m"}}
STOP = {"remediation": {"retries": 0, "remediateLastFailure": False}}
NO_WAIT = {"disableWait": True, "disableWaitForJobs": True}


def test_defaults() -> None:
    objects = delivered(FluxRelease()).objects
    assert list(objects) == ["repository", "values", "release"]
    assert {m["metadata"]["namespace"] for m in objects.values()} == {"flux-system"}
    assert objects["repository"]["spec"] == {"interval": "1h", "url": "https://airflow.apache.org"}
    (key,) = objects["values"]["data"]
    assert objects["values"]["data"][key] == TEXT
    assert objects["values"]["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    assert objects["release"]["metadata"]["name"] == "lab"
    assert objects["release"]["spec"] == {
        "releaseName": "lab",
        "targetNamespace": "airflow-lab",
        "storageNamespace": "airflow-lab",
        "interval": "10m",
        "timeout": "30m",
        "chart": {
            "spec": {
                "chart": "airflow",
                "version": "1.22.0",
                "sourceRef": {"kind": "HelmRepository", "name": "lab"},
            }
        },
        "install": {"createNamespace": False, **NO_WAIT, **STOP},
        "upgrade": {**NO_WAIT, **STOP},
        "valuesFrom": [{"kind": "ConfigMap", "name": "lab-values", "valuesKey": key}],
    }


@pytest.mark.parametrize(
    ("policy", "flux", "expected"),
    [(None, None, STOP), (None, "2.6.4", STOP), (None, "2.7.0", RETRY), ("stop", "2.8", STOP), ("retry", "2.8", RETRY)],
)
def test_failed_release_is_retried_if_flux_supports_it_and_never_uninstalled(
    policy: Any, flux: str | None, expected: dict[str, Any]
) -> None:
    written = spec(FluxRelease(failure_policy=policy), ClusterFacts(flux=flux))
    for action in ("install", "upgrade"):
        assert {key: written[action][key] for key in written[action] if key in (*RETRY, *STOP)} == expected
    assert "uninstall" not in str(written)
    assert "rollback" not in str(written)


@pytest.mark.parametrize("flux", [None, "2.6"])
def test_retry_requires_a_stated_flux_version(flux: str | None) -> None:
    (finding,) = flux_rules(FluxRelease(failure_policy="retry"), ClusterFacts(flux=flux))
    assert (finding.rule, finding.at, finding.seen) == ("delivery/retry", "delivery.failure_policy", repr(flux))
    assert "2.7" in finding.problem
    assert list(flux_rules(FluxRelease(failure_policy="retry"), ClusterFacts(flux="2.7"))) == []
    assert list(flux_rules(FluxRelease(), ClusterFacts(flux=flux))) == []


def test_all_settings() -> None:
    written = delivered(
        FluxRelease(
            namespace="gitops", timeout="1h", interval="30m", retry_interval="2m", service_account="airflow-deployer"
        ),
        ClusterFacts(flux="2.8"),
    )
    assert {m["metadata"]["namespace"] for m in written.objects.values()} == {"gitops"}
    release = written.objects["release"]["spec"]
    assert (release["timeout"], release["interval"], release["serviceAccountName"]) == ("1h", "30m", "airflow-deployer")
    assert release["install"]["strategy"]["retryInterval"] == "2m"


def test_changed_values_get_another_key() -> None:
    def key(text: str) -> str:
        other = type(LAB)(name="lab", namespace="a", chart_version="1.22.0", text=text, values={})
        release = deliver(FluxRelease(), other, ClusterFacts()).objects["release"]
        return str(release["spec"]["valuesFrom"][0]["valuesKey"])

    assert key("a: 1\n") == key("a: 1\n")
    assert key("a: 1\n") != key("a: 2\n")


@pytest.mark.parametrize("credentials", [PullSecret("login"), BasicAuthSecret("login")])
def test_oci_registry_is_a_helm_repository(credentials: Any) -> None:
    source = ChartSource.oci(
        "oci://registry.lab/charts/airflow", credentials=credentials, ca=SecretKey("lab-ca", "ca.crt")
    )
    objects = delivered(FluxRelease(source=source)).objects
    assert objects["repository"]["kind"] == "HelmRepository"
    assert objects["repository"]["spec"] == {
        "interval": "1h",
        "url": "oci://registry.lab/charts",
        "type": "oci",
        "secretRef": {"name": "login"},
        "certSecretRef": {"name": "lab-ca"},
    }
    assert objects["release"]["spec"]["chart"]["spec"]["chart"] == "airflow"
    assert "chartRef" not in objects["release"]["spec"]


def test_recovery_requests_a_reset_and_a_reconciliation() -> None:
    (note,) = delivered(FluxRelease(namespace="gitops")).notes
    assert note.splitlines()[1] == (
        "  NOW=$(date +%s) && kubectl -n gitops annotate helmrelease lab --overwrite "
        'reconcile.fluxcd.io/requestedAt="$NOW" reconcile.fluxcd.io/resetAt="$NOW"'
    )
