"""Facts about the cluster, set once for an app."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AwsSecretsManager,
    ClusterFacts,
    ClusterSecretStore,
    CnpgCluster,
    CnpgPooler,
    DsnSecret,
    ExternalSecret,
    FernetKeySecret,
    Namespace,
    NetworkIsolation,
    PlatformError,
    RemoteKey,
    S3Credentials,
    SealedSecret,
    SecretBootstrap,
    SecretBridge,
    SecretStore,
    Volume,
    render,
    set_facts,
)
from cdk8s_airflow._exports import HOME_OF, load
from cdk8s_airflow.airflow_platform import AirflowPlatform, LabPlatform
from cdk8s_airflow.app.construct import PlatformConstruct
from cdk8s_airflow.app.facts import _NO_FACTS, _OF_THE_CLUSTER
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.autoscaling import KarpenterNodes, KarpenterPool
from cdk8s_airflow.model.node_group import NodeGroup
from cdk8s_airflow.monitoring import AlloyLogs, FluentBitLogs, LokiOutput, Monitoring
from cdk8s_airflow.network import ClusterDns, KubernetesApiAddress, NotInstalled, PodGroup
from cdk8s_airflow.storage import MinioLegacy, SeaweedFs, StoreUser
from tests.airflow_platform.test_platform import REQUIRED
from tests.database.test_lab_database import make_lab
from tests.jobs.test_bucket_job import make as make_bucket_job
from tests.making import emitted, make_airflow, make_cluster, make_dags
from tests.secrets.wire.test_sealed_secret import ciphertext

FACTS = ClusterFacts(
    kubernetes="1.34",
    cnpg="1.30.0",
    architecture="arm64",
    pod_networks=["10.42.0.0/16"],
    network_plugin="calico",
    api_server=KubernetesApiAddress(networks=["192.168.1.10/32"]),
    dns=ClusterDns(),
    monitoring=NotInstalled(),
    cnpg_operator=PodGroup(name="CloudNativePG", namespace="cnpg-system", labels={"a": "b"}),
)
AIRFLOW, STORAGE = Namespace.existing("airflow"), Namespace.existing("storage")
LOGGING = Namespace.existing("logging", pod_security="privileged")
LOKI = LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push")
AWS = AwsSecretsManager(region="eu-central-1")
FERNET = FernetKeySecret("airflow-fernet-key")
USERS = [StoreUser(credentials=S3Credentials("airflow"), buckets=["airflow-logs"])]

Make = Callable[..., object]

MAKE: Mapping[str, Make] = {
    "AirflowChart": lambda chart, **facts: make_airflow(chart, **facts),
    "AlloyLogs": lambda chart, **facts: AlloyLogs(
        chart, "it", release=make_airflow(chart, **facts), namespace=LOGGING, output=LOKI, **facts
    ),
    "BucketJob": lambda chart, **facts: make_bucket_job(chart, **facts),
    "ClusterSecretStore": lambda chart, **facts: ClusterSecretStore(
        chart, "it", namespaces=[AIRFLOW], provider=AWS, **facts
    ),
    "CnpgCluster": lambda chart, **facts: make_cluster(chart, **facts),
    "CnpgPooler": lambda chart, **facts: CnpgPooler(chart, "it", cluster=make_cluster(chart, **facts), **facts),
    "ExternalSecret": lambda chart, **facts: ExternalSecret(
        chart,
        "it",
        namespace=AIRFLOW,
        secret=FERNET,
        store=ClusterSecretStore.existing("vault"),
        data={"fernet-key": RemoteKey("airflow", property="fernet-key")},
        **facts,
    ),
    "FluentBitLogs": lambda chart, **facts: FluentBitLogs(
        chart, "it", release=make_airflow(chart, **facts), namespace=LOGGING, output=LOKI, **facts
    ),
    "KarpenterNodes": lambda chart, **facts: KarpenterNodes(
        chart,
        "it",
        cluster="production",
        role="nodes",
        ami="al2023@v20260801",
        pools=[KarpenterPool(group=NodeGroup.karpenter("core"), cpu_limit="32")],
        **facts,
    ),
    "LabDatabase": lambda chart, **facts: make_lab(chart, **facts),
    "MinioLegacy": lambda chart, **facts: MinioLegacy(
        chart, "it", namespace=STORAGE, storage=Volume("1Gi"), users=USERS, **facts
    ),
    "Monitoring": lambda chart, **facts: Monitoring(chart, "it", release=make_airflow(chart, **facts), **facts),
    "NetworkIsolation": lambda chart, **facts: NetworkIsolation(
        chart, "it", traffic=[make_cluster(chart, **facts)], **facts
    ),
    "SealedSecret": lambda chart, **facts: SealedSecret(
        chart, "it", namespace=AIRFLOW, secret=FERNET, encrypted={"fernet-key": ciphertext()}, **facts
    ),
    "SeaweedFs": lambda chart, **facts: SeaweedFs(
        chart, "it", namespace=STORAGE, storage=Volume("1Gi"), users=USERS, **facts
    ),
    "SecretBootstrap": lambda chart, **facts: SecretBootstrap(
        chart, "it", namespace=Namespace.existing("setup"), generate_for=[make_airflow(chart, **facts)], **facts
    ),
    "SecretBridge": lambda chart, **facts: SecretBridge(
        chart,
        "it",
        database=make_cluster(chart, **facts),
        namespace=AIRFLOW,
        secret=DsnSecret("airflow-metadata"),
        **facts,
    ),
    "SecretStore": lambda chart, **facts: SecretStore(chart, "it", namespace=STORAGE, provider=AWS, **facts),
}


def app_and_chart(facts: ClusterFacts | None = None) -> tuple[cdk8s.App, cdk8s.Chart]:
    app = cdk8s.App()
    if facts is not None:
        set_facts(app, facts)
    return app, cdk8s.Chart(app, "chart")


def rules(error: PlatformError) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in error]


def test_every_public_construct_with_facts_is_made_here() -> None:
    public = {name: load(name) for name in HOME_OF}
    with_facts = {
        name
        for name, each in public.items()
        if isinstance(each, type)
        and issubclass(each, PlatformConstruct)
        and "facts" in inspect.signature(each).parameters
    }
    assert set(MAKE) == with_facts


@pytest.mark.parametrize("name", MAKE)
def test_facts_default_to_none(name: str) -> None:
    parameter = inspect.signature(load(name)).parameters["facts"]
    assert (parameter.default, str(parameter.annotation)) == (None, "ClusterFacts | None")


@pytest.mark.parametrize("name", MAKE)
def test_construct_uses_facts_of_the_app(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used: dict[str, ClusterFacts | None] = {}
    original = PlatformConstruct._emit

    def emit(self: PlatformConstruct, *arguments: Any, facts: ClusterFacts | None = None, **rest: Any) -> None:
        used[type(self).__name__] = facts
        original(self, *arguments, facts=facts, **rest)

    monkeypatch.setattr(PlatformConstruct, "_emit", emit)
    _, chart = app_and_chart(FACTS)
    MAKE[name](chart)
    assert used[name] is FACTS
    _, other = app_and_chart()
    MAKE[name](other, facts=FACTS)
    assert emitted(chart) == emitted(other)


def test_facts_of_the_app_change_the_output() -> None:
    _, chart = app_and_chart(FACTS)
    make_cluster(chart)
    assert emitted(chart)[0]["spec"]["affinity"]["nodeSelector"] == {"kubernetes.io/arch": "arm64"}


def test_argument_replaces_facts_of_the_app() -> None:
    _, chart = app_and_chart(FACTS)
    make_cluster(chart, facts=ClusterFacts(nodes=3))
    assert "nodeSelector" not in str(emitted(chart))


def test_facts_of_one_app_are_not_used_in_another() -> None:
    app_and_chart(FACTS)
    _, chart = app_and_chart()
    make_cluster(chart)
    assert "nodeSelector" not in str(emitted(chart))


def test_platform_uses_facts_of_the_app() -> None:
    app = cdk8s.App()
    set_facts(app, FACTS)
    AirflowPlatform(app, "platform", settings=LabPlatform(**REQUIRED))
    assert registry_of(app).stated_facts == [FACTS]


def test_construct_without_the_argument_compares_its_objects_with_the_definitions_of_the_app() -> None:
    class Probe(PlatformConstruct):
        def __init__(self, scope: Any, id: str) -> None:
            super().__init__(scope, id, [])
            manifest = {"apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": {"name": "a"}}
            self._emit({"a": {**manifest, "spec": {"provider": {"fake": {"data": []}}}}})

    _, chart = app_and_chart(ClusterFacts(crds=[]))
    with pytest.raises(PlatformError) as caught:
        Probe(chart, "probe")
    assert ("facts/crd-missing", "facts.crds") in rules(caught.value)


def test_same_facts_can_be_set_twice() -> None:
    app, chart = app_and_chart(FACTS)
    make_cluster(chart)
    set_facts(app, ClusterFacts(**{name: getattr(FACTS, name) for name in inspect.signature(ClusterFacts).parameters}))


def test_other_facts_for_the_app_are_rejected() -> None:
    app, _ = app_and_chart(ClusterFacts(kubernetes="1.34"))
    with pytest.raises(PlatformError, match="with another value for kubernetes, nodes are already set") as caught:
        set_facts(app, ClusterFacts(kubernetes="1.33", nodes=1))
    assert rules(caught.value) == [("facts/several", "facts")]
    (finding,) = caught.value
    assert finding.path.startswith("test_facts.py, line ")


def test_facts_after_a_construct_without_facts_are_rejected() -> None:
    app, chart = app_and_chart()
    make_cluster(chart)
    with pytest.raises(PlatformError, match="one in 'chart' was created without facts") as caught:
        set_facts(app, FACTS)
    assert rules(caught.value) == [("facts/order", "facts")]


def test_facts_after_a_construct_with_the_same_facts_are_accepted() -> None:
    app, chart = app_and_chart()
    make_dags(chart)
    make_cluster(chart, facts=FACTS)
    set_facts(app, FACTS)
    assert registry_of(app).stated_facts == [FACTS]


DIFFERENT: Mapping[str, tuple[Any, Any]] = {
    "kubernetes": ("1.34", "1.33"),
    "helm_controller": ("0.16.17", "0.17.6"),
    "flux": ("2.7", "2.8"),
    "cnpg": ("1.30.0", "1.29.1"),
    "cluster_domain": ("a.example.com", "b.example.com"),
    "pod_networks": (["10.42.0.0/16"], ["10.44.0.0/16"]),
    "service_networks": (["10.43.0.0/16"], ["10.45.0.0/16"]),
    "node_networks": (["192.168.1.0/24"], ["192.168.2.0/24"]),
    "ip_families": (["IPv4"], ["IPv6"]),
    "network_plugin": ("calico", "kube-router"),
    "api_server": (KubernetesApiAddress(networks=["10.0.0.1/32"]), KubernetesApiAddress(networks=["10.0.0.2/32"])),
    "dns": (ClusterDns(), ClusterDns(port=5353)),
    "ingress_controller": (PodGroup(name="a", namespace="a"), PodGroup(name="b", namespace="b")),
    "monitoring": (PodGroup(name="a", namespace="a"), NotInstalled()),
    "cnpg_operator": (PodGroup(name="a", namespace="a"), PodGroup(name="b", namespace="b")),
    "keda": (PodGroup(name="a", namespace="a"), PodGroup(name="b", namespace="b")),
}


@pytest.mark.parametrize("order", ["app first", "construct first", "two constructs"])
@pytest.mark.parametrize("name", DIFFERENT)
def test_facts_that_contradict_are_rejected_in_each_order(name: str, order: str) -> None:
    one, other = (ClusterFacts(**{name: value}) for value in DIFFERENT[name])
    app, chart = app_and_chart()
    if order == "app first":
        set_facts(app, one)
    else:
        make_cluster(chart, facts=one)

    def contradict() -> None:
        if order == "construct first":
            set_facts(app, other)
        else:
            make_cluster(chart, "other", name="other", facts=other)

    with pytest.raises(PlatformError) as caught:
        contradict()
    assert rules(caught.value) == [("facts/contradiction", f"facts.{name}")]


def test_all_facts_with_one_value_in_a_cluster_are_compared() -> None:
    constructs = {"crds", "rwx_classes", "nodes", "architecture"}
    assert set(_OF_THE_CLUSTER) | constructs == set(inspect.signature(ClusterFacts).parameters)
    assert set(DIFFERENT) | {"cloud_identity"} == set(_OF_THE_CLUSTER)


@pytest.mark.parametrize(
    "other",
    [
        ClusterFacts(kubernetes="1.34.2"),
        ClusterFacts(kubernetes="1.34", nodes=1, architecture="amd64", rwx_classes={"nfs"}),
        ClusterFacts(pod_networks=("10.42.0.0/16",)),
        ClusterFacts(flux="2.8"),
    ],
    ids=["patch number", "facts of a construct", "tuple for a list", "unknown elsewhere"],
)
def test_facts_that_agree_are_accepted(other: ClusterFacts) -> None:
    _, chart = app_and_chart(FACTS)
    assert make_cluster(chart, facts=other).sound


def test_contradiction_is_reported_with_a_fix_that_works() -> None:
    _, chart = app_and_chart(ClusterFacts(kubernetes="1.34"))
    with pytest.raises(PlatformError) as caught:
        make_cluster(chart, facts=ClusterFacts(kubernetes="1.33"))
    assert str(caught.value) == (
        "chart/db: facts.kubernetes must be the same in the whole app, which is for one cluster; elsewhere it is '1.34', "
        "got '1.33'. State it once, without facts= of constructs: set_facts(app, ClusterFacts(kubernetes='1.34')). "
        "[facts/contradiction]"
    )
    app, chart = app_and_chart()
    set_facts(app, ClusterFacts(kubernetes="1.34"))
    assert make_cluster(chart).sound


def test_contradictions_are_collected_with_other_findings() -> None:
    def build() -> cdk8s.App:
        app, chart = app_and_chart(ClusterFacts(kubernetes="1.34"))
        set_facts(app, ClusterFacts(kubernetes="1.33"))
        make_cluster(chart, storage=None)
        return app

    with pytest.raises(PlatformError) as caught:
        render(build)
    assert [rule for rule, _ in rules(caught.value)] == ["facts/several", "argument/type"]


def test_facts_of_a_wrong_type_are_rejected() -> None:
    app = cdk8s.App()
    with pytest.raises(PlatformError) as caught:
        set_facts(app, "1.34")  # type: ignore[arg-type]
    assert rules(caught.value) == [("argument/type", "facts")]
    assert registry_of(app).facts is None


def test_chart_instead_of_the_app_is_rejected() -> None:
    _, chart = app_and_chart()
    with pytest.raises(PlatformError) as caught:
        set_facts(chart, FACTS)  # type: ignore[arg-type]
    assert rules(caught.value) == [("argument/type", "app")]


def test_invalid_scope_is_reported_as_before() -> None:
    with pytest.raises(PlatformError) as caught:
        CnpgCluster(None, "db", name="airflow-pg", namespace=AIRFLOW, storage=Volume("1Gi"))  # type: ignore[arg-type]
    assert rules(caught.value) == [("argument/type", "scope")]


def test_no_facts_are_the_default_facts() -> None:
    assert ClusterFacts() == _NO_FACTS
