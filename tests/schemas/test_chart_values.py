"""Values of every supported chart version: what is right passes, what the chart would refuse or ignore is found."""

from __future__ import annotations

import copy
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.schemas import chart_versions, check_values
from cdk8s_airflow.validation import Finding
from tests.schemas.samples import HOMELAB, SAMPLES, Sample, Values, merged

NEWEST = {"chart_version": "1.22.0", "airflow_version": "3.2.2", "executor": "KubernetesExecutor"}
OLDEST = {"chart_version": "1.15.0", "airflow_version": "2.9.3", "executor": "KubernetesExecutor"}


def check(sample: Sample, values: Values | None = None) -> list[Finding]:
    return check_values(
        sample.values if values is None else values,
        chart_version=sample.chart,
        airflow_version=sample.airflow,
        executor=sample.executor,
    )


def nested(path: str, value: object) -> Values:
    for step in reversed(path.split(".")):
        value = {step: value}
    assert isinstance(value, dict)
    return value


def key_places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from key_places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from key_places(inner, (*path, index))


FREE = (
    "labels", "annotations", "airflowPodAnnotations", "nodeSelector", "matchLabels", "requests", "limits", "default",
    "defaultRequest", "global", "quotas", "extraConfigMaps", "core", "api", "webserver", "logging", "config",
)  # fmt: skip
"""Maps whose keys the user chooses; ``config`` and its sections are free, the section names of the chart are not."""


def closed_places(sample: Sample) -> list[tuple[Any, ...]]:
    """Every key that stands in a closed object, so that another name for it cannot be right."""
    return [
        path
        for path in key_places(sample.values)
        if len(path) == 1 or (path[-2] not in FREE or (path[-2] == "webserver" and len(path) == 2))
    ]


def renamed(values: Values, path: tuple[Any, ...], name: str) -> Values:
    result = copy.deepcopy(values)
    holder: Any = result
    for step in path[:-1]:
        holder = holder[step]
    holder[name] = holder.pop(path[-1])
    return result


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_document_that_the_chart_renders_passes(sample: Sample) -> None:
    assert check(sample) == []


@pytest.mark.parametrize("sample", HOMELAB, ids=str)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_renamed_key_is_always_found(sample: Sample, data: st.DataObject) -> None:
    places = closed_places(sample)
    path = data.draw(st.sampled_from(places))
    letters = st.text(string.ascii_lowercase, min_size=1, max_size=3)
    name = data.draw(st.one_of(letters.map(lambda more: f"{path[-1]}Qx{more}"), st.just(str(path[-1]).upper() + "Qx")))
    findings = check(sample, renamed(sample.values, path, name))
    assert any(f.rule == "values/unknown-key" and name in f.at for f in findings), findings


@pytest.mark.parametrize("sample", HOMELAB, ids=str)
def test_every_misspelt_top_level_key_is_found_with_its_right_name(sample: Sample) -> None:
    for key in sample.values:
        if len(key) < 6:
            continue
        typo = key[:3] + key[4] + key[3] + key[5:] if key[3] != key[4] else key[:-1]
        found = [f for f in check(sample, {typo: sample.values[key]}) if f.rule == "values/unknown-key"]
        assert [f.at for f in found] == [f"values.{typo}"]
        assert repr(key) in found[0].fix


@pytest.mark.parametrize("version", chart_versions())
@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("scheduler.replicsa", "replicas"),
        ("scheduler.serviceAccount.nmae", "name"),
        ("scheduler.securityContexts.pods", "pod"),
        ("triggerer.persistence.enable", "enabled"),
        ("dags.gitSync.subpath", "subPath"),
        ("dags.gitSync.credentialSecret", "credentialsSecret"),
        ("data.metadataSecretname", "metadataSecretName"),
        ("logs.persistence.storageClass", "storageClassName"),
        ("statsd.securityContexts.contaner", "container"),
        ("rbac.creat", "create"),
        ("kerberos.enable", "enabled"),
        ("pgbouncer.ssl.crt", "cert"),
        ("ingress.flowers", "flower"),
        ("images.airflow.pullpolicy", "pullPolicy"),
        ("workers.keda.advanced.horizontalPodAutoscalerConfig.behaviour", "behavior"),
        ("securityContexts.pods", "pod"),
        ("networkPolicies.enable", "enabled"),
        ("ports.statsdIngres", "statsdIngest"),
    ],
)
def test_a_typo_at_any_depth_is_named_with_the_key_that_was_meant(version: str, path: str, right: str) -> None:
    found = check_values(nested(path, "x"), chart_version=version, airflow_version="2.11.0", executor="CeleryExecutor")
    unknown = [f for f in found if f.rule == "values/unknown-key"]
    assert [f.at for f in unknown] == [f"values.{path}"]
    assert unknown[0].fix == f"did you mean {right!r}?"
    assert f"chart {version}" in unknown[0].problem


@pytest.mark.parametrize("version", chart_versions())
@pytest.mark.parametrize(
    ("path", "value", "rule", "told"),
    [
        ("scheduler.replicas", "2", "wrong-type", "without quotes"),
        ("scheduler.replicas", True, "wrong-type", "an integer"),
        ("scheduler.replicas", 1.5, "wrong-type", "an integer"),
        ("defaultAirflowTag", 3.2, "wrong-type", "in quotes"),
        ("env", {"A": "b"}, "wrong-type", "a list"),
        ("extraEnvFrom", [{"configMapRef": {"name": "a"}}], "wrong-type", "a string"),
        ("extraEnv", [], "wrong-type", "a string"),
        ("labels", {"a": 1}, "wrong-type", "in quotes"),
        ("nodeSelector", ["a"], "wrong-type", "a mapping"),
        ("config.core.parallelism", [32], "wrong-type", "a number"),
        ("config.metrics.statsd", {"enabled": True}, "wrong-type", "statsd_on"),
        ("config.logging.remote_logging", True, "wrong-type", "'True'"),
        ("config.extraObjects", [{}], "wrong-type", "extraConfigMaps"),
        ("ingress.web.tls", [{"secretName": "a"}], "wrong-type", "hosts"),
        ("images.airflow.pullPolicy", "Sometimes", "wrong-value", "IfNotPresent"),
        ("webserver.service.type", "Clusterip", "wrong-value", "ClusterIP"),
        ("ingress.web.pathType", "Prefx", "wrong-value", "Prefix"),
        ("pgbouncer.sslmode", "required", "wrong-value", "require"),
        ("dags.persistence.accessMode", "RWX", "wrong-value", "ReadWriteMany"),
        ("scheduler.resources", {"requests": {"memory": "1Gb"}}, "wrong-quantity", "1Gi"),
        ("scheduler.resources", {"limits": {"cpu": "500 m"}}, "wrong-quantity", "500m"),
        ("quotas", {"pods": "fifty"}, "wrong-quantity", "500m"),
        ("tolerations", [{"key": "a", "effect": "noschedule"}], "wrong-value", "NoSchedule"),
        ("scheduler.securityContexts.pod", {"seccompProfile": {"type": "Default"}}, "wrong-value", "RuntimeDefault"),
        ("scheduler.extraContainers", [{"name": "a", "imagePullPolicy": "always"}], "wrong-value", "Always"),
        ("extraSecrets", {"a": {}}, "too-short", "at least 1"),
        ("secret", [{"envName": "A"}], "missing-key", "secretName"),
        ("scheduler.env", [{"name": "A"}], "missing-key", "valueFrom"),
        ("scheduler.strategy", {"type": "Rolling"}, "wrong-value", "RollingUpdate"),
    ],
)
def test_a_wrong_value_is_found_with_what_is_right(
    version: str, path: str, value: object, rule: str, told: str
) -> None:
    found = check_values(
        nested(path, value), chart_version=version, airflow_version="2.11.0", executor="CeleryExecutor"
    )
    matching = [f for f in found if f.rule == f"values/{rule}" and f.at.startswith(f"values.{path}")]
    assert matching, found
    assert told in matching[0].fix


def test_all_findings_come_at_once() -> None:
    values: Values = {
        "schedular": {},
        "scheduler": {"replicas": "2", "resorces": {}},
        "triggerer": {"persistance": {}},
        "executor": "KubernetsExecutor",
        "fernetKey": "x",
    }
    found = check_values(values, **NEWEST)
    assert {f.at for f in found} == {
        "values.schedular",
        "values.scheduler.replicas",
        "values.scheduler.resorces",
        "values.triggerer.persistance",
        "values.executor",
        "values.fernetKey",
    }


@pytest.mark.parametrize("host", [{"name": "a.b", "tsl": {}}, {"tls": {"enabled": True}}, 5, {"name": 5}])
def test_a_host_that_fits_no_alternative_gets_a_finding_about_the_nearest(host: object) -> None:
    found = check_values({"ingress": {"apiServer": {"hosts": ["x", host]}}}, **NEWEST)
    assert found
    assert all(f.at.startswith("values.ingress.apiServer.hosts[1]") for f in found)


def test_null_deletes_a_default_and_is_no_fault() -> None:
    values = merged(
        HOMELAB[-1].values,
        {
            "scheduler": {
                "startupProbe": {"periodSeconds": None},
                "podDisruptionBudget": {"config": {"maxUnavailable": None}},
            }
        },
    )
    assert check(HOMELAB[-1], values) == []


def test_null_does_not_hide_an_unknown_key() -> None:
    assert [f.at for f in check_values({"scheduler": {"replicsa": None}}, **NEWEST)] == ["values.scheduler.replicsa"]


@pytest.mark.parametrize("section", ["core", "logging", "api"])
def test_null_for_a_whole_config_section_is_refused(section: str) -> None:
    found = check_values({"config": {section: None}}, **NEWEST)
    assert [(f.rule, f.at) for f in found] == [("values/null-section", f"values.config.{section}")]


@pytest.mark.parametrize("executor", ["KubernetsExecutor", "SequentialExecutor", "CeleryKubernetesExecutor"])
def test_an_executor_that_airflow_3_lacks_is_refused(executor: str) -> None:
    found = check_values({"executor": executor}, **{**NEWEST, "executor": executor})
    assert "values/executor" in {f.rule for f in found}


@pytest.mark.parametrize(
    "executor", ["KubernetesExecutor", "CeleryExecutor,KubernetesExecutor", "my.module.OwnExecutor"]
)
def test_an_executor_that_airflow_3_has_passes(executor: str) -> None:
    assert check_values({"executor": executor}, **{**NEWEST, "executor": executor}) == []


def test_a_list_of_executors_with_blanks_is_refused() -> None:
    assert check_values({"executor": "CeleryExecutor, KubernetesExecutor"}, **NEWEST) != []


@pytest.mark.parametrize("version", ["1.21.0", "", "latest", "1.22"])
def test_a_chart_version_without_facts_is_a_finding_that_lists_those_with(version: str) -> None:
    found = check_values({}, chart_version=version, airflow_version="3.2.2", executor="KubernetesExecutor")
    assert [f.rule for f in found] == ["values/chart-version"]
    assert all(known in found[0].fix for known in chart_versions())


def test_a_key_of_a_later_chart_is_refused_with_the_charts_that_have_it() -> None:
    found = check_values({"enableServiceLinks": False, "databaseCleanup": {"enabled": True}}, **OLDEST)
    assert {f.at: f.fix for f in found} == {
        "values.enableServiceLinks": 'remove it, or use chart_version="1.22.0"',
        "values.databaseCleanup": 'remove it, or use chart_version="1.22.0"',
    }


def test_helms_own_global_is_always_allowed() -> None:
    for version in chart_versions():
        assert (
            check_values(
                {"global": {"a": {"b": [1]}}},
                chart_version=version,
                airflow_version="2.11.0",
                executor="KubernetesExecutor",
            )
            == []
        )


def test_the_checked_document_is_left_as_it_was() -> None:
    values = copy.deepcopy(HOMELAB[0].values)
    check(HOMELAB[0], values)
    assert values == HOMELAB[0].values
