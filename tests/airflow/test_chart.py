"""AirflowChart: defaults, all settings together, and refused settings that emit nothing."""

from __future__ import annotations

from typing import Any

import cdk8s
import cdk8s_plus_27 as plus
import pytest

from cdk8s_airflow import (
    AirflowKeys,
    ApiSecretKeySecret,
    ApiServer,
    ClusterFacts,
    ClusterIP,
    DagProcessor,
    DatabaseMigration,
    FernetKeySecret,
    Ingress,
    IngressTls,
    JwtSecret,
    K3sHelmChart,
    KubernetesExecutor,
    Logs,
    Namespace,
    PlatformError,
    Resources,
    Scheduler,
    Statsd,
    Triggerer,
    Volume,
    WebserverSecretKeySecret,
)
from cdk8s_airflow.app.registry import registry_of
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart
from tests.truth import assert_accepted
from tests.truth.manifests import objects, values_of

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def release_of(**settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The HelmChart of a release with some settings, and its values."""
    chart = new_chart()
    make_airflow(chart, **settings)
    (manifest,) = (manifest for manifest in emitted(chart) if manifest["kind"] == "HelmChart")
    return manifest, values_of(manifest)


def values_with(**settings: Any) -> dict[str, Any]:
    return release_of(**settings)[1]


def test_by_default_a_release_is_one_object() -> None:
    chart = new_chart()
    make_airflow(chart)
    assert objects(emitted(chart)) == {("HelmChart", "kube-system", "airflow")}
    assert_accepted(emitted(chart))


def test_defaults() -> None:
    manifest, values = release_of()
    spec = {key: value for key, value in manifest["spec"].items() if key != "valuesContent"}
    assert spec == {
        "chart": "airflow",
        "repo": "https://airflow.apache.org",
        "version": "1.22.0",
        "targetNamespace": "airflow",
        "timeout": "30m0s",
        "failurePolicy": "abort",
    }
    assert (values["airflowVersion"], values["defaultAirflowTag"]) == ("3.2.2", "3.2.2")
    assert values["executor"] == "KubernetesExecutor"
    assert values["postgresql"] == values["redis"] == {"enabled": False}
    assert values["logs"] == {"persistence": {"enabled": False}}
    assert set(values["config"]) == {"execution_api", "workers"}
    assert {"dags", "ingress", "airflowPodAnnotations", "secret", "volumes"}.isdisjoint(values)


@every_pair
def test_each_pair_says_its_versions(pair: Pair) -> None:
    manifest, values = release_of(chart_version=pair[0], airflow_version=pair[1])
    assert manifest["spec"]["version"] == pair[0]
    assert (values["airflowVersion"], values["defaultAirflowTag"]) == (pair[1], pair[1])
    assert ("apiServer" in values) is (pair in WITH_AIRFLOW_3)
    assert values["dagProcessor"].get("enabled", True) is (pair in WITH_AIRFLOW_3)
    assert_accepted([manifest])


@pytest.mark.parametrize(
    ("chart", "airflow"), [("1.15.0", "2.9.3"), ("1.18.0", "3.0.2"), ("1.20.0", "3.1.8"), ("1.22.0", "3.2.2")]
)
def test_a_chart_runs_the_airflow_that_it_was_released_with_unless_told(chart: str, airflow: str) -> None:
    assert release_of(chart_version=chart) == release_of(chart_version=chart, airflow_version=airflow)


def test_all_settings_together_are_accepted() -> None:
    chart = new_chart()
    some = Resources(cpu="1", memory="1Gi")
    facts = ClusterFacts(
        kubernetes="1.34", helm_controller="0.17.6", rwx_classes=["longhorn"], crds={"helmcharts.helm.cattle.io"}
    )
    make_airflow(
        chart,
        release="lab",
        namespace=Namespace.existing("flows"),
        executor=KubernetesExecutor(task_resources=some),
        keys=AirflowKeys(fernet=FernetKeySecret("f"), api=ApiSecretKeySecret("a"), jwt=JwtSecret("j")),
        logs=Logs.claim(Volume("1Gi", storage_class="longhorn")),
        ui=Ingress(host="a.lab", class_name="nginx", tls=IngressTls("cert", issuer="ca"), annotations={"x/y": "z"}),
        scheduler=Scheduler(replicas=2, resources=some, startup_tolerance="10m"),
        api_server=ApiServer(replicas=2, resources=some),
        triggerer=Triggerer(replicas=2, resources=some),
        dag_processor=DagProcessor(replicas=2, resources=some),
        statsd=Statsd(resources=some),
        migration=DatabaseMigration(resources=some),
        delivery=K3sHelmChart(namespace="helm", timeout="1h"),
        facts=facts,
        dags=make_dags(chart),
        rotation="2",
        values={"scheduler": {"command": ["tini", "--"]}},
        unchecked_values={"futureKey": 1},
    )
    manifests = emitted(chart)
    assert objects(manifests) == {("HelmChart", "helm", "lab"), ("PersistentVolumeClaim", "flows", "lab-logs")}
    assert_accepted(manifests)
    (manifest,) = (one for one in manifests if one["kind"] == "HelmChart")
    assert manifest["spec"]["failurePolicy"] == "retry"
    values = values_of(manifest)
    assert values["scheduler"]["command"] == ["tini", "--"]
    assert values["scheduler"]["replicas"] == 2
    assert values["futureKey"] == 1
    assert values["airflowPodAnnotations"] == {"cdk8s-airflow/rotation": "2"}


@pytest.mark.parametrize(
    "nothing",
    [
        {"values": None},
        {"values": {}},
        {"values": {"scheduler": {}}},
        {"unchecked_values": None},
        {"unchecked_values": {}},
        {"rotation": None},
        {"dags": None},
        {"dag_processor": None},
        {"ui": ClusterIP()},
        {"facts": ClusterFacts()},
        {"facts": ClusterFacts(kubernetes="1.34", cnpg="1.30.0", nodes=3)},
        {"scheduler": Scheduler()},
        {"delivery": K3sHelmChart()},
    ],
    ids=str,
)
def test_what_says_nothing_changes_nothing(nothing: dict[str, Any]) -> None:
    assert release_of(**nothing) == release_of()


@every_pair
@pytest.mark.parametrize("part", ["triggerer", "statsd"])
def test_a_part_that_is_switched_off_leaves_only_its_switch(pair: Pair, part: str) -> None:
    versions = {"chart_version": pair[0], "airflow_version": pair[1]}
    assert values_with(**versions, **{part: None})[part] == {"enabled": False}


def test_a_key_of_another_version_is_not_needed_and_changes_only_its_own_name() -> None:
    plain = AirflowKeys(fernet=FernetKeySecret("f"), api=ApiSecretKeySecret("a"), jwt=JwtSecret("j"))
    more = AirflowKeys(
        fernet=FernetKeySecret("f"),
        api=ApiSecretKeySecret("a"),
        jwt=JwtSecret("j"),
        webserver=WebserverSecretKeySecret("w"),
    )
    assert values_with(keys=more) == values_with(keys=plain)


def test_values_lie_over_ours_key_by_key_and_unchecked_ones_over_both() -> None:
    values = values_with(
        values={
            "scheduler": {"revisionHistoryLimit": 3, "annotations": {"a": "1"}},
            "priorityClasses": [{"name": "a", "value": 1}],
        },
        unchecked_values={"scheduler": {"revisionHistoryLimit": 4, "unknown": True}},
    )
    assert values["scheduler"]["revisionHistoryLimit"] == 4
    assert values["scheduler"]["annotations"] == {"a": "1"}
    assert values["scheduler"]["unknown"] is True
    assert values["scheduler"]["resources"]["requests"]["cpu"] == "250m"
    assert values["priorityClasses"] == [{"name": "a", "value": 1}]


def test_none_in_values_deletes_a_default_of_the_chart() -> None:
    values = values_with(values={"scheduler": {"livenessProbe": {"command": None}}})
    assert values["scheduler"]["livenessProbe"] == {"command": None}


def test_what_the_user_gave_is_not_changed() -> None:
    given = {"scheduler": {"annotations": {"a": "1"}}}
    values_with(values=given)
    assert given == {"scheduler": {"annotations": {"a": "1"}}}


def test_a_database_in_the_same_namespace_is_read_from_the_operators_secret() -> None:
    chart = new_chart()
    cluster = make_cluster(chart, namespace=Namespace.existing("airflow"))
    make_airflow(chart, database=cluster.connection())
    (manifest,) = (one for one in emitted(chart) if one["kind"] == "HelmChart")
    values = values_of(manifest)
    assert values["data"]["metadataSecretName"] == "airflow-pg-app"
    assert {entry["secretKey"] for entry in values["secret"]} == {"uri"}
    assert not [name for (_, name) in registry_of(chart).secrets if name == "airflow-pg-app"]


def test_a_claim_of_cdk8s_plus_is_a_handle_for_logs() -> None:
    chart = new_chart()
    claim = plus.PersistentVolumeClaim(
        chart, "claim", metadata={"name": "theirs"}, storage=cdk8s.Size.gibibytes(1), access_modes=[]
    )
    make_airflow(chart, logs=Logs.existing_claim(claim))
    (manifest,) = (one for one in emitted(chart) if one["kind"] == "HelmChart")
    assert values_of(manifest)["logs"] == {"persistence": {"enabled": True, "existingClaim": "theirs"}}


@pytest.mark.parametrize(
    "logs", [Logs.ephemeral(), Logs.existing_claim("x"), Logs.claim(Volume("1Gi"))], ids=["none", "existing", "claim"]
)
def test_the_choice_of_logs_touches_nothing_but_logs_and_the_pods_that_write_them(logs: Logs) -> None:
    facts = ClusterFacts(nodes=1)
    values, others = values_with(logs=logs, facts=facts), values_with(facts=facts)
    for each in (values, others):
        del each["logs"], each["podTemplate"]
    assert values == others


def test_no_volume_claim_template_is_ever_asked_for() -> None:
    for pair in PAIRS:
        values = values_with(chart_version=pair[0], airflow_version=pair[1])
        assert values["triggerer"]["persistence"] == {"enabled": False}


def test_what_it_needs_is_written_down_once_it_is_sound() -> None:
    chart = new_chart()
    make_airflow(chart, logs=Logs.claim(Volume("1Gi")), facts=ClusterFacts(nodes=1))
    registry = registry_of(chart)
    assert registry.crds == {"helmcharts.helm.cattle.io"}
    assert registry.state == [("PersistentVolumeClaim", "airflow", "airflow-logs")]
    assert set(registry.secrets) == {
        ("airflow", name)
        for name in ("airflow-fernet-key", "airflow-api-secret-key", "airflow-jwt-secret", "airflow-metadata")
    }
    assert any("If release airflow has failed" in note for note in registry.notes)
    broken = new_chart()
    with pytest.raises(PlatformError):
        make_airflow(broken, rotation="a\nb")
    assert registry_of(broken).secrets == {}
    assert registry_of(broken).notes == []


@pytest.mark.parametrize(
    ("values", "owner"),
    [
        ({"postgresql": {"enabled": True}}, "database="),
        ({"data": {"metadataSecretName": "other"}}, "database="),
        ({"fernetKeySecretName": "other"}, "keys="),
        ({"defaultAirflowTag": "3.1.0"}, "image=Image("),
        ({"triggerer": {"persistence": {"enabled": True}}}, "logs="),
        ({"createUserJob": {"enabled": True}}, "admin="),
    ],
    ids=["PostgreSQL", "URL", "fernet key", "tag", "claim template", "account"],
)
def test_values_must_not_override_an_argument(values: dict[str, Any], owner: str) -> None:
    with pytest.raises(PlatformError) as caught:
        make_airflow(new_chart(), values=values)
    (finding,) = caught.value.findings
    assert finding.rule == "values/owned"
    assert owner in finding.fix


def test_values_may_repeat_what_an_argument_says() -> None:
    make_airflow(
        new_chart(), values={"postgresql": {"enabled": False}, "data": {"metadataSecretName": "airflow-metadata"}}
    )


@pytest.mark.parametrize("text", ["2026-11-21T10:00:00+00:00", "after the leak", "é"])
def test_any_text_that_people_can_read_is_a_rotation(text: str) -> None:
    make_airflow(new_chart(), rotation=text)


@pytest.mark.parametrize("text", ["", "{{ .Values }}", "a\nb"])
def test_a_template_or_an_unseen_character_is_no_rotation(text: str) -> None:
    with pytest.raises(PlatformError, match="rotation"):
        make_airflow(new_chart(), rotation=text)
