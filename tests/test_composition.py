"""Constructs together with a user's own: in a Chart with namespace, labels and hashed names, with other releases and other apps."""

from __future__ import annotations

from typing import Any

import cdk8s
import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    DsnSecret,
    ExternalDatabase,
    GitTokenSecret,
    K3sHelmChart,
    Logs,
    Namespace,
    PlatformError,
    PostgresDatabase,
    Triggerer,
    Volume,
)
from cdk8s_airflow.app.registry import registry_of
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart
from tests.truth import assert_accepted
from tests.truth.manifests import load, objects, values_of

ONE_NODE = ClusterFacts(nodes=1)


def everything(chart: cdk8s.Chart, **changes: Any) -> None:
    """A namespace, a database and a release with objects of its own, in one Chart."""
    namespace = Namespace(chart, "ns", name="airflow")
    cluster = make_cluster(chart, namespace=namespace)
    settings = {
        "namespace": namespace,
        "database": cluster.connection(),
        "chart_version": "1.18.0",
        "triggerer": Triggerer(replicas=2),
        "logs": Logs.claim(Volume("1Gi")),
        "facts": ONE_NODE,
        "dags": make_dags(chart),
    }
    make_airflow(chart, **{**settings, **changes})


IDENTITIES = {
    ("Namespace", "", "airflow"),
    ("Cluster", "airflow", "airflow-pg"),
    ("HelmChart", "kube-system", "airflow"),
    ("PersistentVolumeClaim", "airflow", "airflow-logs"),
    ("PodDisruptionBudget", "airflow", "airflow-triggerer-pdb"),
}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"namespace": "theirs"},
        {"labels": {"team": "data"}},
        {"disable_resource_name_hashes": True},
        {"namespace": "theirs", "labels": {"team": "data"}, "disable_resource_name_hashes": False},
    ],
    ids=str,
)
def test_names_and_namespaces_are_unchanged_and_labels_are_added(settings: dict[str, Any]) -> None:
    chart = new_chart("users-own", **settings)
    everything(chart)
    manifests = emitted(chart)
    assert objects(manifests) == IDENTITIES
    assert_accepted(manifests)
    for manifest in manifests:
        labels = manifest["metadata"].get("labels", {})
        assert labels.items() >= settings.get("labels", {}).items()
    (namespace,) = (manifest for manifest in manifests if manifest["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["cdk8s-airflow/holds-state"] == "true"


def test_a_users_own_objects_do_not_change() -> None:
    chart = new_chart("users-own", namespace="theirs")
    plus.ConfigMap(chart, "config", data={"a": "b"})
    alone = emitted(chart)
    everything(chart)
    assert emitted(chart)[:1] == alone
    assert alone[0]["metadata"]["namespace"] == "theirs"


def test_constructs_live_below_a_users_own_construct() -> None:
    from constructs import Construct

    chart = new_chart("c")
    stack = Construct(chart, "stack")
    make_airflow(stack)  # type: ignore[arg-type]
    with pytest.raises(PlatformError, match=r"^c/stack/other: .* already used by .*, from c/stack/airflow"):
        make_airflow(stack, "other")  # type: ignore[arg-type]


def test_two_releases_share_an_app_under_two_names() -> None:
    chart = new_chart()
    for name in ("one", "two"):
        make_airflow(
            chart,
            name,
            release=name,
            logs=Logs.claim(Volume("1Gi")),
            facts=ONE_NODE,
            namespace=Namespace.existing(name),
        )
    manifests = emitted(chart)
    assert objects(manifests) == {
        ("HelmChart", "kube-system", "one"),
        ("HelmChart", "kube-system", "two"),
        ("PersistentVolumeClaim", "one", "one-logs"),
        ("PersistentVolumeClaim", "two", "two-logs"),
    }
    assert_accepted(manifests)


def test_two_releases_of_one_name_are_refused_naming_both_whichever_chart_they_are_in() -> None:
    app = cdk8s.App()
    make_airflow(cdk8s.Chart(app, "first"), namespace=Namespace.existing("a"))
    with pytest.raises(PlatformError) as caught:
        make_airflow(cdk8s.Chart(app, "second"), namespace=Namespace.existing("b"))
    (finding,) = caught.value
    assert (finding.path, finding.rule) == ("second/airflow", "object/taken")
    assert "first/airflow" in finding.problem
    assert "kube-system" in finding.problem


def test_one_dag_source_and_one_database_serve_two_releases_with_bridges_of_their_own() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, credentials=BasicAuthSecret("login"), databases=[PostgresDatabase(name="two")])
    dags = make_dags(chart, credentials=GitTokenSecret("git"))
    for name, database in (("one", None), ("two", "two")):
        make_airflow(
            chart,
            name,
            release=name,
            namespace=Namespace.existing(name),
            dags=dags,
            database=cluster.connection(bridge=DsnSecret(f"{name}-metadata"), database=database),
        )
    assert {key for key in registry_of(chart).secrets if key[1] == "git"} == {("one", "git"), ("two", "git")}
    assert ("two", "two-metadata") in registry_of(chart).secrets


def test_objects_of_cdk8s_plus_are_accepted_as_names() -> None:
    chart = new_chart()
    namespace = plus.Namespace(chart, "ns", metadata={"name": "flows"})
    url = plus.Secret(chart, "url", metadata={"name": "their-url"})
    token = plus.Secret(chart, "token", metadata={"name": "their-token"})
    claim = plus.PersistentVolumeClaim(chart, "claim", metadata={"name": "their-claim"})
    make_airflow(
        chart,
        namespace=namespace,
        database=ExternalDatabase(url=DsnSecret(url)).connection(),
        dags=make_dags(chart, credentials=GitTokenSecret(token)),
        logs=Logs.existing_claim(claim),
    )
    (release,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
    values = values_of(release)
    assert release["spec"]["targetNamespace"] == "flows"
    assert values["data"]["metadataSecretName"] == "their-url"
    assert values["dags"]["gitSync"]["credentialsSecret"] == "their-token"
    assert values["logs"]["persistence"]["existingClaim"] == "their-claim"


def test_generated_names_of_cdk8s_plus_are_taken_as_they_are() -> None:
    chart = new_chart("c")
    secret = plus.Secret(chart, "url")
    assert DsnSecret(secret).name == secret.name
    make_airflow(chart, database=ExternalDatabase(url=DsnSecret(secret)).connection())
    (release,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
    assert values_of(release)["data"]["metadataSecretName"] == secret.name


def test_an_object_can_be_found_and_patched_by_its_id() -> None:
    chart = new_chart()
    release = make_airflow(chart)
    found = release.node.find_child("release")
    assert isinstance(found, cdk8s.ApiObject)
    found.add_json_patch(cdk8s.JsonPatch.add("/spec/backOffLimit", 5))
    assert emitted(chart)[0]["spec"]["backOffLimit"] == 5


def test_charts_depend_on_each_other_in_the_order_of_their_files() -> None:
    app = cdk8s.App()
    base, release = cdk8s.Chart(app, "00-base"), cdk8s.Chart(app, "20-release")
    release.add_dependency(base)
    make_airflow(release, namespace=Namespace(base, "airflow"))
    assert [manifest["kind"] for manifest in load(app.synth_yaml())] == ["Namespace", "HelmChart"]


def test_many_apps_in_one_process_do_not_meet() -> None:
    first, *others = [new_chart("lab") for _ in range(12)]
    for chart in (first, *others):
        everything(chart)
    assert {len(registry_of(chart).objects) for chart in others} == {len(IDENTITIES)}
    assert all(emitted(chart) == emitted(first) for chart in others)


def test_a_delivery_from_another_namespace_makes_it_another_object() -> None:
    chart = new_chart()
    make_airflow(chart, "one")
    make_airflow(chart, "two", namespace=Namespace.existing("other"), delivery=K3sHelmChart(namespace="helm"))
    assert objects(emitted(chart)) == {("HelmChart", "kube-system", "airflow"), ("HelmChart", "helm", "airflow")}
