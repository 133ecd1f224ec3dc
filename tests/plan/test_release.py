"""Releases, by any delivery, and what is compared when the delivery changes."""

from __future__ import annotations

import pytest
import yaml

from cdk8s_airflow.plan.manifest import read_files
from cdk8s_airflow.plan.release import Release, release_of
from tests.plan.cases import ARGO, FLUX, OTHER, edited
from tests.plan.given import Body, found, of, plan, release, thing, values


def only_release(*bodies: Body) -> Release:
    platform = of(*bodies)
    (found,) = (each for manifest in platform.manifests.values() if (each := release_of(manifest, platform)))
    return found


CONFIG_MAP = thing("ConfigMap", "airflow-values", data={"values-1a2b.yaml": yaml.safe_dump(values())})
BY_CONFIG_MAP = edited(
    FLUX,
    spec__values=None,
    spec__valuesFrom=[{"kind": "ConfigMap", "name": "airflow-values", "valuesKey": "values-1a2b.yaml"}],
)
BY_TEXT = edited(ARGO, spec__source__helm={"values": yaml.safe_dump(values())})


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([release()], id="k3s"),
        pytest.param([edited(release(), spec__valuesContent=None, spec__values=values())], id="k3s-structured"),
        pytest.param([FLUX], id="flux"),
        pytest.param([BY_CONFIG_MAP, CONFIG_MAP], id="flux-config-map"),
        pytest.param([ARGO], id="argo"),
        pytest.param([BY_TEXT], id="argo-text"),
    ],
)
def test_release_is_the_same_by_any_delivery(bodies: list[Body]) -> None:
    each = only_release(*bodies)
    assert (each.name, each.namespace, each.chart, each.version) == ("airflow", "airflow", "airflow", "1.22.0")
    assert each.values == values()
    assert each.is_airflow


def test_release_of_the_helm_command_is_read_from_its_files() -> None:
    script = (
        "#!/bin/sh\n# Written by cdk8s-airflow; changes are lost.\n"
        "exec helm upgrade --install airflow airflow --repo https://airflow.apache.org \\\n  --version 1.22.0 \\\n"
        '  --namespace airflow \\\n  --timeout 30m \\\n  --values "$(dirname "$0")/values.yml" "$@"\n'
    )
    files = {"helm/airflow/install.sh": script, "helm/airflow/values.yml": yaml.safe_dump(values())}
    platform = read_files(files)
    (manifest,) = platform.manifests.values()
    each = release_of(manifest, platform)
    assert each is not None
    assert (manifest.id, each.name, each.chart, each.version) == (
        "HelmCommand/airflow/airflow",
        "airflow",
        "airflow",
        "1.22.0",
    )
    assert each.repository == "https://airflow.apache.org"
    assert each.values == values()


def test_chart_of_a_registry_or_archive_is_its_last_part() -> None:
    for chart in ("oci://registry.example.com/charts/airflow", "https://example.com/airflow-1.22.0.tgz"):
        assert only_release(edited(release(), spec__chart=chart)).chart == "airflow"


def test_helm_chart_without_a_policy_reinstalls() -> None:
    assert only_release(edited(OTHER, spec__failurePolicy=None)).failure_policy == "reinstall"


def test_application_without_a_chart_is_no_release() -> None:
    platform = of(edited(ARGO, spec__source={"repoURL": "https://example.com/a.git", "path": "."}))
    (manifest,) = platform.manifests.values()
    assert release_of(manifest, platform) is None


def test_inline_values_of_flux_are_merged_over_those_of_a_config_map() -> None:
    both = edited(BY_CONFIG_MAP, spec__values={"scheduler": {"replicas": 5}, "env": []})
    merged = only_release(both, CONFIG_MAP).values
    assert merged["scheduler"] == {"replicas": 5}
    assert merged["executor"] == "KubernetesExecutor"


def test_config_map_with_values_is_compared_as_values_and_its_key_is_no_change() -> None:
    renamed = thing(
        "ConfigMap", "airflow-values", data={"values-9f8e.yaml": yaml.safe_dump(values(scheduler__replicas=3))}
    )
    other = edited(
        BY_CONFIG_MAP,
        spec__valuesFrom=[{"kind": "ConfigMap", "name": "airflow-values", "valuesKey": "values-9f8e.yaml"}],
    )
    (change,) = plan([BY_CONFIG_MAP, CONFIG_MAP], [other, renamed]).changes
    assert (change.object, change.path, change.rule) == (
        "HelmRelease/airflow/airflow", "spec.valuesFrom.scheduler.replicas", "scaling/more-replicas",
    )  # fmt: skip


def test_values_are_compared_when_the_delivery_changes() -> None:
    changed = edited(FLUX, spec__values__fernetKeySecretName="other")
    assert found(plan(release(), changed)) == {
        ("downtime", "delivery/changed", "HelmChart/kube-system/airflow"),
        ("data", "keys/fernet", "HelmChart/kube-system/airflow"),
    }
