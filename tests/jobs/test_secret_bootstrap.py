"""The bootstrap job as a construct: what it makes, what it leaves, and where it may be."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdk8s
import pytest

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    ClusterFacts,
    ExistingSecret,
    ExternalSecret,
    FernetKeySecret,
    GitTokenSecret,
    Image,
    Namespace,
    NetworkIsolation,
    PlatformError,
    PullSecret,
    RegistryMirror,
    RemoteKey,
    SecretBootstrap,
    SecretKey,
    SecretStore,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.network import KubernetesApiAddress
from cdk8s_airflow.report.summary import summary
from tests.making import emitted, make_airflow, make_cluster, make_dags, new_chart
from tests.truth import assert_accepted

SETUP = Namespace.existing("setup")
DIGEST = f"sha256:{'0' * 64}"


def bridged(chart: cdk8s.Chart, **changes: Any) -> list[Any]:
    """A database with a login of its own, and a release that reads it over a bridge."""
    database = make_cluster(chart, credentials=BasicAuthSecret("login"))
    return [database, make_airflow(chart, database=database.connection(bridge=ExistingSecret("metadata")), **changes)]


def jobs(chart: cdk8s.Chart) -> list[dict[str, Any]]:
    return [manifest for manifest in emitted(chart) if manifest["kind"] == "Job"]


def pod(chart: cdk8s.Chart) -> dict[str, Any]:
    (job,) = jobs(chart)
    return dict(job["spec"]["template"]["spec"])


def test_nothing_is_left_to_make_by_hand() -> None:
    chart = new_chart()
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=bridged(chart))
    registry = registry_of(chart)
    assert registry.missing == []
    (job,) = jobs(chart)
    by = f"Job setup/{job['metadata']['name']}, where it is missing"
    assert {(each.namespace, each.name, each.by) for each in registry.provided.values()} == {
        ("airflow-data", "login", by),
        ("airflow", "metadata", by),
        ("airflow", "airflow-fernet-key", by),
        ("airflow", "airflow-api-secret-key", by),
        ("airflow", "airflow-jwt-secret", by),
    }
    assert_accepted(emitted(chart))


def test_what_only_a_person_knows_stays_on_the_list() -> None:
    chart = new_chart()
    dags = make_dags(chart, credentials=GitTokenSecret("git"))
    SecretBootstrap(
        chart,
        "bootstrap",
        namespace=SETUP,
        generate_for=[make_airflow(chart, dags=dags, connections={"smtp": SecretKey("smtp", "uri")})],
    )
    assert {need.name for need in registry_of(chart).missing} == {"airflow-metadata", "git", "smtp"}


def test_the_operators_own_secret_is_where_the_url_comes_from() -> None:
    chart = new_chart()
    database = make_cluster(chart)
    airflow = make_airflow(chart, database=database.connection(bridge=ExistingSecret("metadata")))
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=[database, airflow])
    assert registry_of(chart).missing == []
    rules = {m["metadata"]["namespace"]: m["rules"] for m in emitted(chart) if m["kind"] == "Role"}
    assert rules["airflow-data"] == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["airflow-pg-app"], "verbs": ["get"]}
    ]


def test_what_is_left_to_the_user_is_neither_made_nor_read() -> None:
    chart = new_chart()
    fernet = FernetKeySecret("airflow-fernet-key")
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=bridged(chart), exclude=[fernet])
    assert [need.name for need in registry_of(chart).missing] == ["airflow-fernet-key"]
    assert "airflow-fernet-key" not in str([m for m in emitted(chart) if m["kind"] in ("Role", "ConfigMap", "Job")])


def test_what_something_else_makes_is_left_to_that() -> None:
    chart = new_chart()
    makes = bridged(chart)
    fernet = ProvidedSecret(
        name="airflow-fernet-key", namespace="airflow", keys=frozenset({"fernet-key"}), by="a store"
    )
    assert registry_of(chart).provide([fernet]) == []
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=makes)
    assert registry_of(chart).provided["airflow", "airflow-fernet-key"].by == "a store"
    assert "airflow-fernet-key" not in str([m for m in emitted(chart) if m["kind"] in ("Role", "ConfigMap", "Job")])


def test_it_runs_in_the_image_of_the_release_as_the_release_does() -> None:
    chart = new_chart()
    own = Image("registry.lab/data/airflow", digest=DIGEST, pull_policy="Always")
    makes = bridged(chart, airflow_version="3.2.2", image=own, pull_secret=PullSecret("registry"))
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=makes, facts=ClusterFacts(architecture="arm64"))
    found = pod(chart)
    (container,) = found["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (f"registry.lab/data/airflow@{DIGEST}", "Always")
    assert found["imagePullSecrets"] == [{"name": "registry"}]
    assert found["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    logins = {(need.namespace, need.name): need for need in registry_of(chart).missing}
    assert set(logins) == {("airflow", "registry"), ("setup", "registry")}
    assert "registry.lab" in logins["setup", "registry"].command
    assert "kubectl -n setup " in logins["setup", "registry"].command


def test_the_image_of_the_release_comes_from_its_mirror() -> None:
    chart = new_chart()
    SecretBootstrap(
        chart, "bootstrap", namespace=SETUP, generate_for=bridged(chart, mirror=RegistryMirror("registry.lab/copies"))
    )
    assert pod(chart)["containers"][0]["image"] == "registry.lab/copies/docker.io/apache/airflow:3.2.2"


def test_another_image_brings_its_own_log_in_or_none() -> None:
    chart = new_chart()
    makes = bridged(
        chart, airflow_version="3.2.2", image=Image("registry.lab/airflow", tag="1"), pull_secret=PullSecret("registry")
    )
    SecretBootstrap(
        chart, "one", namespace=SETUP, generate_for=makes, image=Image("python", tag="3.13-slim"), name="one"
    )
    assert pod(chart)["containers"][0]["image"] == "python:3.13-slim"
    assert "imagePullSecrets" not in pod(chart)
    other = new_chart()
    SecretBootstrap(
        other,
        "two",
        namespace=SETUP,
        generate_for=[make_cluster(other, credentials=BasicAuthSecret("login"))],
        image=Image("quay.lab/python", tag="3.13"),
        pull_secret=PullSecret("quay"),
    )
    assert pod(other)["imagePullSecrets"] == [{"name": "quay"}]
    (need,) = registry_of(other).missing
    assert (need.namespace, need.name) == ("setup", "quay")


def test_the_same_platform_gives_the_same_job_and_a_changed_one_another() -> None:
    def name(**changes: Any) -> str:
        chart = new_chart()
        SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=bridged(chart, **changes))
        return str(jobs(chart)[0]["metadata"]["name"])

    admin = AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com")
    assert name() == name()
    assert name() == name(rotation="2026-11-21")
    assert name() != name(admin=admin)


def test_the_summary_says_where_to_look_and_what_to_keep() -> None:
    chart = new_chart()
    admin = AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com")
    SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=bridged(chart, admin=admin))
    notes = "\n".join(registry_of(chart).notes)
    assert f"kubectl -n setup logs job/{jobs(chart)[0]['metadata']['name']}" in notes
    assert "Keep a copy of Secret airflow/airflow-fernet-key outside the cluster" in notes
    assert "The user name in Secret airflow/admin is 'admin'." in notes


def test_two_jobs_for_two_parts_of_a_platform_go_together() -> None:
    chart = new_chart()
    database, airflow = bridged(chart)
    SecretBootstrap(
        chart, "one", namespace=SETUP, generate_for=[database], name="one", image=Image("python", tag="3.13-slim")
    )
    SecretBootstrap(chart, "two", namespace=SETUP, generate_for=[database, airflow], name="two")
    assert registry_of(chart).missing == []
    assert len(jobs(chart)) == 2


def test_an_unsound_part_makes_no_finding_of_its_own() -> None:
    chart = new_chart()

    def build() -> None:
        with collecting():
            airflow = make_airflow(chart, release="Not a name")
            database = make_cluster(chart, credentials=BasicAuthSecret("login"))
            SecretBootstrap(chart, "bootstrap", namespace=SETUP, generate_for=[database, airflow])

    with pytest.raises(PlatformError) as raised:
        build()
    assert {finding.rule for finding in raised.value.findings} == {"airflow/release"}
    assert jobs(chart) == []


Refused = Callable[[cdk8s.Chart], object]


def boot(chart: cdk8s.Chart, **changes: Any) -> SecretBootstrap:
    given: dict[str, Any] = {"namespace": SETUP, **changes}
    if "generate_for" not in given:
        given["generate_for"] = bridged(chart)
    return SecretBootstrap(chart, "bootstrap", **given)


def later_release(chart: cdk8s.Chart) -> None:
    boot(chart, namespace=Namespace.existing("tasks"))
    make_airflow(
        chart,
        "other",
        release="other",
        namespace=Namespace.existing("other"),
        task_namespaces=[Namespace.existing("tasks")],
    )


def two_recipes(chart: cdk8s.Chart) -> None:
    credentials = BasicAuthSecret("login")
    one = make_cluster(chart, "one", name="one", credentials=credentials, database="flows")
    two = make_cluster(chart, "two", name="two", credentials=credentials, database="tables")
    boot(chart, generate_for=[one, two], image=Image("python", tag="3.13-slim"))


@pytest.mark.parametrize(
    ("spoil", "rule", "at", "says"),
    [
        (
            lambda chart: boot(chart, namespace=Namespace.existing("airflow")),
            "secrets/exposed-account",
            "namespace",
            "where release 'airflow' starts pods",
        ),
        (later_release, "secrets/exposed-account", "namespace", "where release 'other' starts pods"),
        (
            lambda chart: boot(chart, generate_for=[make_cluster(chart, credentials=BasicAuthSecret("login"))]),
            "secrets/no-image",
            "image",
            "generate_for= contains no release",
        ),
        (
            lambda chart: boot(chart, generate_for=[make_dags(chart)], image=Image("python", tag="3.13-slim")),
            "secrets/nothing-to-make",
            "generate_for",
            "requires no Secret that can be generated",
        ),
        (
            lambda chart: boot(chart, generate_for=[], image=Image("python", tag="3.13-slim")),
            "secrets/nothing-to-make",
            "generate_for",
            "requires no Secret that can be generated",
        ),
        (
            lambda chart: boot(chart, exclude=[FernetKeySecret("airflow-fernet")]),
            "secrets/not-needed",
            "exclude[0]",
            "is a Secret that no construct in generate_for= requires",
        ),
        (two_recipes, "secrets/two-recipes", "generate_for", "two readers require different content in key username"),
        (
            lambda chart: boot(chart, generate_for=["db"]),
            "argument/type",
            "generate_for[0]",
            "must be a PlatformConstruct",
        ),
        (
            lambda chart: boot(chart, exclude=["gAAAAAB-fernet"]),
            "argument/type",
            "exclude[0]",
            "must be a SecretReference",
        ),
        (lambda chart: boot(chart, name="n" * 53), "argument/name", "name", "must be valid as the first part"),
        (lambda chart: boot(chart, name="Setup"), "argument/name", "name", "must be valid as the first part"),
        (lambda chart: boot(chart, namespace="setup"), "argument/type", "namespace", "must be an ExistingNamespace"),
        (lambda chart: boot(chart, image="python:3.13"), "argument/type", "image", "must be an Image"),
    ],
)
def test_impossible_bootstrap_is_refused_before_anything_is_written(
    spoil: Refused, rule: str, at: str, says: str
) -> None:
    chart = new_chart()
    with pytest.raises(PlatformError) as raised:
        spoil(chart)
    (finding,) = raised.value.findings
    assert (finding.rule, finding.at) == (rule, at)
    assert says in finding.problem
    assert finding.fix
    assert "gAAAAAB" not in str(raised.value)


def test_a_second_job_of_the_same_name_is_refused_where_their_rights_would_mix() -> None:
    chart = new_chart()
    boot(chart)
    database = make_cluster(chart, "more", name="more", credentials=BasicAuthSecret("more"))
    with pytest.raises(PlatformError) as raised:
        SecretBootstrap(
            chart, "again", namespace=SETUP, generate_for=[database], image=Image("python", tag="3.13-slim")
        )
    assert {finding.rule for finding in raised.value.findings} == {"object/taken"}


def test_in_an_isolated_namespace_its_pods_reach_the_api_server_and_nothing_else() -> None:
    chart = new_chart()
    bootstrap = boot(chart)
    facts = ClusterFacts(
        api_server=KubernetesApiAddress(networks=["192.0.2.10/32"], port=6443), network_plugin="calico"
    )
    NetworkIsolation(chart, "isolation", traffic=[bootstrap], facts=facts)
    (job,) = jobs(chart)
    labels = job["spec"]["template"]["metadata"]["labels"]
    policies = {m["metadata"]["name"]: m["spec"] for m in emitted(chart) if m["kind"] == "NetworkPolicy"}
    deny = policies.pop("default-deny")
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (own,) = policies.values()
    assert own["podSelector"] == {"matchLabels": labels}
    assert sorted(own["policyTypes"]) == ["Egress", "Ingress"]
    assert not own.get("ingress")
    assert own["egress"] == [
        {"to": [{"ipBlock": {"cidr": "192.0.2.10/32"}}], "ports": [{"port": 6443, "protocol": "TCP"}]}
    ]


def test_the_summary_of_the_example_asks_for_nothing(tmp_path: Path) -> None:
    app = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "self_made_secrets.py"))["build"]()
    said = summary(registry_of(app), tmp_path)
    assert "Create the Secrets" not in said
    assert "create secret generic" not in said


def test_a_second_job_for_the_same_secrets_is_refused_with_the_first() -> None:
    chart = new_chart()
    airflow = make_airflow(chart)
    SecretBootstrap(chart, "first", namespace=Namespace.existing("setup"), generate_for=[airflow])
    with pytest.raises(PlatformError) as raised:
        SecretBootstrap(chart, "second", namespace=Namespace.existing("setup"), generate_for=[airflow])
    (finding,) = raised.value.findings
    assert finding.rule == "secrets/nothing-to-make"
    assert "the platform already creates" in finding.problem
    assert "only the user" not in finding.problem.partition("; the platform already")[2]
    assert "airflow-fernet-key" in finding.problem.partition("; the platform already")[2]


def test_a_job_that_is_given_nothing_is_not_asked_for_an_image() -> None:
    with pytest.raises(PlatformError) as raised:
        SecretBootstrap(new_chart(), "bootstrap", namespace=Namespace.existing("setup"), generate_for=[])
    assert [finding.rule for finding in raised.value.findings] == ["secrets/nothing-to-make"]


def test_a_secret_that_something_else_makes_afterwards_is_refused_with_the_way_out() -> None:
    chart = new_chart()
    boot(chart)
    with pytest.raises(PlatformError) as raised:
        ExternalSecret(
            chart,
            "key",
            namespace=Namespace.existing("airflow"),
            secret=FernetKeySecret("airflow-fernet-key"),
            store=SecretStore.existing("store"),
            data={"fernet-key": RemoteKey("airflow/fernet")},
        )
    (finding,) = raised.value.findings
    assert finding.rule == "secrets/made-twice"
    assert "is already created by Job" in finding.problem
    assert "exclude=" in finding.fix
