"""values=: the class of every key of every chart, and the messages about keys that must not be set."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

import cdk8s_airflow
from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    BrokerUrlSecret,
    CaBundle,
    CeleryExecutor,
    CeleryWorkers,
    ClusterFacts,
    ConfigMapKey,
    DagRepoSync,
    ExistingGateway,
    ExternalBroker,
    HttpRoute,
    KubernetesExecutor,
    PlatformError,
    RedisBroker,
    RedisPasswordSecret,
    SecretKey,
    Volume,
)
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.schemas import chart_versions, facts_store, value_classes
from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.schemas.value_classes import Values
from tests.helm.value_samples import keys, nested, sample
from tests.making import emitted, make_airflow, new_chart
from tests.truth.manifests import values_of

CELERY = CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("broker")))
REDIS = CeleryExecutor(broker=RedisBroker(password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker")))
VERSIONS = {"1.15.0": "2.9.3", "1.18.0": "3.0.2", "1.20.0": "3.1.8", "1.22.0": "3.2.2"}
SETTINGS = tuple(
    Setting(chart=chart, airflow=airflow, executor=executor)
    for chart, airflow in (*VERSIONS.items(), ("1.18.0", "2.10.5"), ("1.20.0", "2.11.0"), ("1.22.0", "2.11.0"))
    for executor in ("KubernetesExecutor", "CeleryExecutor", "LocalExecutor", "CeleryExecutor,KubernetesExecutor")
)


def found(values: Any, **settings: Any) -> list[Any]:
    """What is wrong with ``values=``; nothing where it is taken."""
    try:
        make_airflow(new_chart(), values=values, **settings)
    except PlatformError as error:
        return list(error.findings)
    return []


def refused(values: Any, **settings: Any) -> dict[str, str]:
    """Place -> rule of each finding."""
    return {finding.at: finding.rule for finding in found(values, **settings)}


def taken(values: Any, **settings: Any) -> dict[str, Any]:
    """The values of a release that takes ``values=``."""
    chart = new_chart()
    make_airflow(chart, values=values, **settings)
    return values_of(next(each for each in emitted(chart) if each["kind"] == "HelmChart"))


def leaves(tree: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every place of a values.yaml at which a value stands."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*at, key))
    elif at:
        yield at


# ------------------------------------------------------------------------------------------------- the classes are complete


@pytest.mark.parametrize("chart", chart_versions())
def test_every_key_of_the_schema_and_of_the_default_values_has_a_class(chart: str) -> None:
    defaults = facts_store.default_values(chart)
    for setting in (each for each in SETTINGS if each.chart == chart):
        values = Values(setting, {}, defaults)
        unknown = [
            ".".join(path)
            for path in {*keys(chart), *leaves(defaults)}
            if path[0] != "config" and value_classes.classify(path, None, values).kind == "unknown"
        ]
        assert unknown == []


def test_every_row_of_the_data_is_about_some_key_of_some_chart() -> None:
    data = json.loads(value_classes._DATA.read_text(encoding="utf-8"))
    known = {path for chart in chart_versions() for path in (*keys(chart), *leaves(facts_store.default_values(chart)))}
    known |= {("config", "core", "dag_concurrency"), ("config", "core", "executor"), ("config", "kubernetes")}
    idle = [
        told["keys"]
        for part in ("effects", "classes")
        for told in data[part]
        if not any(
            any(row.covers(path) or path == row.steps[: len(path)] for path in known)
            for first in {path[0] for path in known}
            for row in value_classes._Rows([told], data["groups"])._from(first)
        )
    ]
    assert idle == []


def test_every_row_says_exactly_one_thing() -> None:
    data = json.loads(value_classes._DATA.read_text(encoding="utf-8"))
    for told in data["classes"]:
        refusing = {"use", "instead", "leave", "statement"} & set(told)
        assert bool(told.get("free")) != bool(refusing or told.get("why")), told
        assert not (told.get("leave") and {"use", "instead"} & set(told)), told
    for told in data["effects"]:
        assert told.get("needs") or told.get("why"), told


def test_every_switch_that_is_needed_has_a_text_or_is_a_key_that_can_be_set() -> None:
    for setting in SETTINGS:
        values = Values(setting, {}, facts_store.default_values(setting.chart))
        for path in keys(setting.chart):
            told = value_classes.classify(path, "x", values)
            if told.kind == "no effect":
                assert told.why, (path, told)
                assert told.use or told.instead, (path, told)
                assert "{" not in told.why


# ------------------------------------------------------------------------------------------------- what is suggested works


@functools.cache
def suggestions() -> tuple[str, ...]:
    """Every piece of Python that some class tells a user to paste."""
    uses = set()
    for setting in SETTINGS:
        values = Values(setting, {}, facts_store.default_values(setting.chart))
        for path, value in itertools.product(keys(setting.chart), (None, False, True)):
            told = value_classes.classify(path, value, values)
            uses.add(value_classes.filled(told.use, None))
    data = json.loads(value_classes._DATA.read_text(encoding="utf-8"))
    for told in (*data["classes"], *data["effects"], *data["switches"].values()):
        if not told.get("of"):
            uses.add(value_classes.filled(told.get("use", ""), None))
        uses |= {*told.get("uses", {}).values(), told.get("off", "")}
    return tuple(sorted(uses - {""}))


@pytest.mark.parametrize("use", suggestions())
def test_a_suggested_argument_works_when_it_is_pasted(use: str) -> None:
    chart = new_chart()
    names = {name: getattr(cdk8s_airflow, name) for name in cdk8s_airflow.__all__}
    arguments = eval(f"dict({use})", {**names, "chart": chart})
    if "FluxRelease" not in use:
        arguments = {**settings_for(use), **arguments}
    make_airflow(chart, **arguments)
    assert any(each["kind"] in ("HelmChart", "Application") for each in emitted(chart))


def settings_for(use: str) -> dict[str, Any]:
    """Other arguments without which a suggestion is refused."""
    needs: dict[str, Any] = {}
    if "flower=" in use or "results_pool_size" in use:
        needs["executor"] = CELERY
    if "ui=Ingress" in use or "task_namespaces" in use or "dag_processor=None" in use:
        needs["facts"] = ClusterFacts()
    if "opensearch" in use or "otel" in use or "DagBundles" in use:
        needs["chart_version"] = "1.22.0"
    if "grace_period" in use and ("api_server" in use):
        needs |= {"chart_version": "1.22.0", "airflow_version": "2.11.0"}
    if "dag_processor=None" in use or "CeleryKubernetesExecutor" in use:
        needs |= {"chart_version": "1.22.0", "airflow_version": "2.11.0"}
    return needs


def test_a_value_stands_in_the_suggestion_where_it_fits() -> None:
    (replicas,) = found({"scheduler": {"replicas": 3}})
    assert replicas.fix == "pass scheduler=Scheduler(replicas=3)"
    (nodes,) = found({"triggerer": {"nodeSelector": {"disk": "ssd"}}})
    assert nodes.fix == 'pass triggerer=Triggerer(placement=Placement(node_selector={"disk": "ssd"}))'
    (text,) = found({"scheduler": {"replicas": "three"}})
    assert text.fix == "pass scheduler=Scheduler(replicas=2)"
    (off,) = found({"statsd": {"enabled": False}})
    assert off.fix == "pass statsd=None"


def test_a_secret_is_never_shown_in_a_finding_about_its_key() -> None:
    for key in ("fernetKey", "redis.password", "data.brokerUrl", "elasticsearch.connection.pass", "flower.password"):
        for finding in found(nested(tuple(key.split(".")), "hunter2hunter2")):
            assert "hunter2" not in str(finding), key


# ------------------------------------------------------------------------------------------------- item by item


@pytest.mark.parametrize("key", ["useStandardNaming", "fullnameOverride", "nameOverride"])
def test_names_follow_from_the_release_only(key: str) -> None:
    route = HttpRoute(host="airflow.example.com", gateway=ExistingGateway("public"))
    for value in (True, "other")[key != "useStandardNaming" :][:1]:
        (finding,) = found({key: value}, release="platform", ui=route)
        assert (finding.rule, finding.at) == ("values/owned", f"values.{key}")
        assert 'release="airflow"' in finding.fix


@pytest.mark.parametrize(
    "values",
    [
        {"images": {"airflow": {"repository": "registry.example.com/own", "tag": "1"}}},
        {"images": {"airflow": {"digest": "sha256:" + "0" * 64}}},
        {"images": {"pod_template": {"tag": "1"}}},
        {"defaultAirflowRepository": "registry.example.com/own"},
        {"images": {"useDefaultImageForMigration": True}},
    ],
)
def test_airflows_image_is_that_of_the_argument_in_all_pods(values: Any) -> None:
    told = found(values)
    assert {finding.rule for finding in told} == {"values/owned"}
    assert all("image=Image(" in finding.fix for finding in told)


def test_policies_of_the_chart_are_not_switched_on() -> None:
    for version in VERSIONS.items():
        chart, airflow = version
        (finding,) = found({"networkPolicies": {"enabled": True}}, chart_version=chart, airflow_version=airflow)
        assert finding.rule == "values/owned"
        assert "NetworkIsolation(" in finding.fix
    part = {"networkPolicy": {"ingress": {"from": [{"podSelector": {}}]}}}
    assert refused({"apiServer": part}) == {"values.apiServer.networkPolicy": "values/owned"} or refused(
        {"apiServer": part}
    ) == {"values.apiServer.networkPolicy.ingress.from": "values/owned"}


def test_dag_files_come_from_the_argument_only() -> None:
    chart = new_chart()
    sync = DagRepoSync(chart, "dags", repo="https://git.example.com/dags.git", ref="main")
    with pytest.raises(PlatformError) as caught:
        make_airflow(
            chart,
            dags=sync,
            chart_version="1.18.0",
            airflow_version="3.0.2",
            values={"dags": {"persistence": {"enabled": True}}},
        )
    (finding,) = caught.value.findings
    assert (finding.rule, finding.at) == ("values/owned", "values.dags.persistence.enabled")
    assert "dags=DagVolume.existing(" in finding.fix
    both = found({"dags": {"gitSync": {"enabled": True, "repo": "https://git.example.com/dags.git"}}})
    assert [finding.at for finding in both] == ["values.dags.gitSync.enabled", "values.dags.gitSync.repo"]
    assert all("dags=DagRepoSync(" in finding.fix for finding in both)


def test_the_database_and_the_volumes_of_workers_belong_to_their_arguments() -> None:
    (finding,) = found({"data": {"metadataConnection": {"host": "db.example.com"}}})
    assert (finding.rule, "database=" in finding.fix) == ("values/owned", True)
    claim = {"workers": {"celery": {"persistence": {"enabled": True, "size": "1Gi"}}}}
    told = found(claim, executor=CELERY)
    assert {each.rule for each in told} == {"values/owned"}
    assert all("storage=Volume(" in each.fix for each in told)
    template = {
        "workers": {
            "celery": {
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "work"},
                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                    }
                ]
            }
        }
    }
    (idle,) = found(template, executor=CELERY)
    assert (idle.rule, "storage=Volume(" in idle.fix) == ("values/ignored-key", True)
    stored = CeleryExecutor(
        broker=ExternalBroker(url=BrokerUrlSecret("broker")), workers=CeleryWorkers(storage=Volume("1Gi"))
    )
    assert refused(template, executor=stored) == {}


def test_none_removes_only_what_has_a_default() -> None:
    assert refused({"securityContexts": {"pod": {"runAsUser": None}}}) == {
        "values.securityContexts.pod.runAsUser": "values/null"
    }
    assert refused({"airflowConfigAnnotations": {"x": None}}) == {"values.airflowConfigAnnotations.x": "values/null"}
    assert (
        taken({"scheduler": {"startupProbe": {"timeoutSeconds": None}}})["scheduler"]["startupProbe"]["timeoutSeconds"]
        is None
    )
    assert refused({"scheduler": {"strategy": {"type": None}}}) == {"values.scheduler.strategy.type": "values/null"}


def test_none_does_not_remove_a_list_or_a_map_of_arguments() -> None:
    assert refused({"env": None}, env={"A": "b"}) == {"values.env": "values/owned"}
    authority = CaBundle(ConfigMapKey("authorities", "ca.crt"))
    assert refused({"volumes": None}, ca=authority) == {"values.volumes": "values/null"}
    assert refused({"volumes": None}) == {}


@pytest.mark.parametrize("key", ["uid", "gid"])
def test_the_old_keys_of_user_and_group_have_no_effect(key: str) -> None:
    (finding,) = found({key: 1000})
    assert (finding.at, finding.fix) == (f"values.{key}", "use securityContexts.pod")


def test_celery_workers_belong_to_the_executor() -> None:
    for key, value in (
        ("replicas", 3),
        ("resources", {"requests": {"cpu": "1"}}),
        ("nodeSelector", {"disk": "ssd"}),
        ("env", [{"name": "A", "value": "b"}]),
    ):
        (finding,) = found({"workers": {"celery": {key: value}}}, executor=CELERY)
        assert finding.rule == "values/owned"
        assert "workers=CeleryWorkers(" in finding.fix


def test_the_account_job_belongs_to_the_account() -> None:
    told = found({"createUserJob": {"defaultUser": {"username": "ann"}, "ttlSecondsAfterFinished": 60}})
    assert {(each.rule, "admin=AdminAccount(" in each.fix) for each in told} == {
        ("values/owned", True),
        ("values/ignored-key", True),
    }
    account = AdminAccount(credentials=BasicAuthSecret("admin"), email="a@example.com")
    assert refused({"createUserJob": {"ttlSecondsAfterFinished": 60}}, admin=account) == {}


def test_below_a_switch_that_is_off_nothing_has_an_effect() -> None:
    idle = {
        "cleanup.command": (["x"], CELERY, "KubernetesExecutor"),
        "workers.celery.securityContexts": ({"container": {"runAsUser": 1}}, KubernetesExecutor(), "CeleryExecutor("),
        "flower.command": (["x"], CELERY, "flower=Flower("),
        "pgbouncer.podAnnotations": ({"a": "b"}, KubernetesExecutor(), "pooling=PgBouncer("),
        "redis.safeToEvict": (False, CELERY, "RedisBroker("),
        "kerberos.principal": ("airflow@EXAMPLE.COM", KubernetesExecutor(), "kerberos.enabled"),
    }
    for key, (value, executor, way_out) in idle.items():
        (finding,) = found(nested(tuple(key.split(".")), value), executor=executor)
        assert finding.rule == "values/ignored-key", key
        assert finding.at.startswith(f"values.{key.split('.')[0]}"), key
        assert way_out in finding.fix, (key, finding.fix)
    assert refused({"statsd": {"cache": {"size": 7}}}, statsd=None) == {
        "values.statsd.cache": "values/ignored-key"
    } or (
        refused({"statsd": {"cache": {"size": 7}}}, statsd=None) == {"values.statsd.cache.size": "values/ignored-key"}
    )


@pytest.mark.parametrize(
    "key",
    ["kerberos.enabled", "ingress.statsd.enabled", "scheduler.serviceAccount.serviceAccountTokenVolume.enabled"],
)
def test_a_switch_can_be_set_to_false(key: str) -> None:
    assert refused(nested(tuple(key.split(".")), False), executor=CELERY) == {}


def test_a_switch_is_distinguished_from_its_section() -> None:
    given = {"kerberos": {"enabled": False, "principal": "airflow@EXAMPLE.COM"}}
    assert refused(given) == {"values.kerberos.principal": "values/ignored-key"}


@pytest.mark.parametrize(
    ("key", "value", "without", "needed"),
    [
        (
            "redis.service.clusterIP",
            "10.43.7.7",
            {"redis": {"service": {"type": "NodePort"}}},
            {"redis": {"service": {"type": "ClusterIP"}}},
        ),
        (
            "ingress.flower.tls.secretName",
            "flower-tls",
            {"ingress": {"flower": {"enabled": True}}},
            {"ingress": {"flower": {"enabled": True, "tls": {"enabled": True}}}},
        ),
        (
            "ingress.flower.host",
            "flower.example.com",
            {"ingress": {"flower": {"enabled": True, "hosts": [{"name": "other.example.com"}]}}},
            {"ingress": {"flower": {"enabled": True}}},
        ),
    ],
)
def test_a_key_that_another_key_disables_is_refused(key: str, value: str, without: Any, needed: Any) -> None:
    flower = cdk8s_airflow.Flower(credentials=cdk8s_airflow.FlowerAuthSecret("flower"))
    given = nested(tuple(key.split(".")), value)
    (finding,) = found(overlay(without, given), executor=REDIS, flower=flower)
    assert (finding.rule, finding.at) == ("values/ignored-key", f"values.{key}")
    assert refused(overlay(needed, given), executor=REDIS, flower=flower) == {}


@pytest.mark.parametrize(("chart", "airflow"), VERSIONS.items())
def test_the_init_container_for_kerberos_has_a_security_context_only_where_a_template_writes_it(
    chart: str, airflow: str
) -> None:
    container = {"enabled": True, "securityContexts": {"container": {"runAsUser": 1000}}}
    given = {"kerberos": {"enabled": True}, "workers": {"kerberosInitContainer": container}}
    told = found(given, executor=CELERY, chart_version=chart, airflow_version=airflow)
    assert [each.rule for each in told] == (["values/ignored-key"] if chart in ("1.15.0", "1.18.0") else [])


@pytest.mark.parametrize(("chart", "airflow"), [("1.20.0", "2.11.0"), ("1.20.0", "3.1.8"), ("1.22.0", "2.11.0")])
def test_the_cleanup_of_pods_cannot_be_switched_on_without_pods_of_tasks(chart: str, airflow: str) -> None:
    given = {"cleanup": {"enabled": True}}
    (finding,) = found(given, executor=CELERY, chart_version=chart, airflow_version=airflow)
    assert (finding.rule, finding.at) == ("values/ignored-key", "values.cleanup.enabled")
    assert ("creates its Role" in finding.problem) == (chart == "1.20.0")


@pytest.mark.parametrize(("section", "executor"), [("celery", CELERY), ("kubernetes", KubernetesExecutor())])
def test_containers_for_kerberos_of_one_kind_of_workers_have_the_keys_of_all_workers(
    section: str, executor: Any
) -> None:
    hooks = {"containerLifecycleHooks": {"preStop": {"exec": {"command": ["kdestroy"]}}}}
    idle = {"kerberos": {"enabled": True}, "workers": {"kerberosSidecar": hooks}}
    (finding,) = found(idle, executor=executor)
    assert (finding.rule, "set enabled to true" in finding.fix) == ("values/ignored-key", True)
    for switched in ({"kerberosSidecar": {"enabled": True}}, {section: {"kerberosSidecar": {"enabled": True}}}):
        assert refused(overlay(idle, {"workers": switched}), executor=executor) == {}
        own = {"kerberos": {"enabled": True}, "workers": {section: {"kerberosSidecar": hooks}}}
        assert refused(overlay(own, {"workers": switched}), executor=executor) == {}


@pytest.mark.parametrize(
    ("values", "executor", "way_out"),
    [
        ({"elasticsearch": {"enabled": True}}, KubernetesExecutor(), "logs=Logs.elasticsearch("),
        ({"opensearch": {"enabled": True}}, KubernetesExecutor(), "logs=Logs.opensearch("),
        ({"redis": {"passwordSecretName": "redis"}}, CELERY, "RedisBroker("),
        ({"redis": {"enabled": True}}, CELERY, "RedisBroker("),
        ({"data": {"brokerUrl": "redis://broker"}}, CELERY, "broker="),
        ({"airflowVersion": "2.10.0"}, KubernetesExecutor(), "airflow_version="),
    ],
)
def test_what_the_charts_own_check_of_values_refuses_is_refused(values: Any, executor: Any, way_out: str) -> None:
    told = found(values, executor=executor)
    assert told
    assert all(each.rule.startswith("values/") for each in told)
    assert any(way_out in each.fix for each in told), told


class TestProbesOfGitSync:
    @staticmethod
    def with_sync(values: Any) -> dict[str, str]:
        chart = new_chart()
        sync = DagRepoSync(chart, "dags", repo="https://git.example.com/dags.git", ref="main")
        try:
            make_airflow(chart, dags=sync, values={"dags": {"gitSync": values}})
        except PlatformError as error:
            return {finding.at: finding.rule for finding in error.findings}
        return {}

    def test_a_probe_without_a_handler_is_refused(self) -> None:
        at = "values.dags.gitSync.livenessProbe"
        assert self.with_sync({"livenessProbe": {"enabled": True}}) == {at: "values/probe"}
        assert self.with_sync({"livenessProbe": {"periodSeconds": 7}}) == {at: "values/probe"}

    def test_a_probe_of_the_charts_own_is_taken(self) -> None:
        own = {"recommendedProbeSetting": True, "livenessProbe": {"enabled": True, "periodSeconds": 7}}
        assert self.with_sync(own) == {}

    def test_a_probe_with_a_handler_is_taken_with_all_fields_that_kubernetes_has(self) -> None:
        probe = {"exec": {"command": ["git", "--version"]}, "periodSeconds": 7, "successThreshold": 1}
        assert self.with_sync({"livenessProbe": probe}) == {}
        assert self.with_sync({"livenessProbe": {**probe, "enabled": True}}) == {
            "values.dags.gitSync.livenessProbe.enabled": "values/probe"
        }


def test_a_key_of_the_users_own_that_a_template_reads_is_taken() -> None:
    given = {"myPath": "/data", "scheduler": {"command": ["run", "{{ .Values.myPath }}"]}}
    assert taken(given)["myPath"] == "/data"
    assert refused({"myPath": "/data"}) == {"values.myPath": "values/unknown-key"}
    secret = {"myPath": {"password": "hunter2"}, "scheduler": {"command": ["{{ .Values.myPath.password }}"]}}
    assert set(refused(secret).values()) == {"values/secret-literal"}


def test_an_ingress_belongs_to_the_argument_and_says_nothing_of_hosts() -> None:
    told = found({"ingress": {"enabled": True, "apiServer": {"hosts": ["airflow.example.com"]}}})
    assert {each.rule for each in told} == {"values/owned"}
    assert all("ui=Ingress(" in each.fix and "without a host" not in str(each) for each in told)


@pytest.mark.parametrize("key", ["resources", "nodeSelector", "tolerations", "labels", "env"])
@pytest.mark.parametrize("section", ["workers", "workers.kubernetes"])
def test_pods_of_tasks_belong_to_task_pods_by_any_key(section: str, key: str) -> None:
    value = sample("1.22.0", ("workers", "kubernetes", key))
    (finding,) = found(nested((*section.split("."), key), value))
    assert finding.rule == "values/owned"
    assert "task_pods=TaskPods(default=TaskPod(" in finding.fix


def test_the_volume_of_the_triggerer_says_why_there_is_none() -> None:
    (finding,) = found({"triggerer": {"persistence": {"enabled": True}}})
    assert finding.rule == "values/owned"
    assert "has no volume claim of its own" in finding.problem
    assert 'logs=Logs.existing_claim("airflow-logs")' in finding.fix


def test_lists_that_carry_what_arguments_set_are_not_replaced() -> None:
    authority = CaBundle(ConfigMapKey("authorities", "ca.crt"))
    assert refused({"env": [{"name": "A", "value": "b"}]}) == {"values.env": "values/owned"}
    assert refused({"secret": []}, env={"TOKEN": SecretKey("tokens", "one")}) == {"values.secret": "values/owned"}
    volume = {"name": "files", "emptyDir": {}}
    assert refused({"volumes": [volume]}, ca=authority) == {"values.volumes": "values/replaced-list"}
    mine = taken({}, ca=authority)["volumes"]
    assert taken({"volumes": [*mine, volume]}, ca=authority)["volumes"] == [*mine, volume]
    (finding,) = found({"volumes": [volume]}, ca=authority)
    assert "authorities" in finding.fix


def test_statsd_is_not_switched_on_next_to_the_argument() -> None:
    (finding,) = found({"statsd": {"enabled": True}}, statsd=None)
    assert (finding.rule, finding.fix) == ("values/owned", "pass statsd=Statsd()")


def test_labels_that_selectors_use_are_not_changed() -> None:
    tier, team = found({"labels": {"tier": "x", "team": "data"}})
    assert (tier.rule, tier.fix) == ("values/owned", "use another label")
    assert (team.rule, team.fix) == ("values/owned", 'pass labels={"team": "data"}')


def test_a_value_that_the_release_has_anyway_is_taken() -> None:
    assert (
        refused({"executor": "KubernetesExecutor", "postgresql": {"enabled": False}, "useStandardNaming": False}) == {}
    )


def test_unchecked_values_take_everything_and_are_reported() -> None:
    chart = new_chart()
    make_airflow(chart, unchecked_values={"scheduler": {"replicas": 7}, "useStandardNaming": True})
    (release,) = (each for each in emitted(chart) if each["kind"] == "HelmChart")
    assert values_of(release)["scheduler"]["replicas"] == 7


def test_without_values_the_classes_are_not_read() -> None:
    value_classes._classes.cache_clear()
    make_airflow(new_chart())
    assert value_classes._classes.cache_info().currsize == 0
