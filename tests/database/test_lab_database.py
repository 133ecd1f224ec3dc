"""LabDatabase: one small PostgreSQL, marked as what it is."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    DsnSecret,
    LabDatabase,
    Namespace,
    Placement,
    PlatformError,
    PullSecret,
    RegistryMirror,
    Resources,
    Volume,
    collecting,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.database.connection import DatabaseAddress
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered
from tests.making import emitted, make_airflow, new_chart
from tests.truth import assert_accepted


def make_lab(chart: Any, **changes: Any) -> LabDatabase:
    arguments: dict[str, Any] = {
        "namespace": Namespace.existing("lab"),
        "credentials": BasicAuthSecret("lab-login"),
        "storage": Volume("2Gi"),
        **changes,
    }
    return LabDatabase(chart, "db", **arguments)


def objects(chart: Any) -> dict[str, Any]:
    return {each["kind"]: each for each in emitted(chart)}


LABELS = {"app.kubernetes.io/name": "lab-postgres", "app.kubernetes.io/instance": "lab-postgres"}


def test_defaults() -> None:
    chart = new_chart()
    make_lab(chart)
    made = objects(chart)
    assert_accepted(emitted(chart))
    assert list(made) == ["PersistentVolumeClaim", "Service", "StatefulSet"]
    for each in made.values():
        assert each["metadata"]["annotations"]["cdk8s-airflow/for"] == "lab"
        assert LABELS.items() <= each["metadata"]["labels"].items()
    claim = made["PersistentVolumeClaim"]
    assert claim["metadata"]["labels"]["cdk8s-airflow/holds-state"] == "true"
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert claim["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    assert made["Service"]["spec"]["selector"] == LABELS
    pod = made["StatefulSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "docker.io/library/postgres:16-bookworm"
    assert "args" not in container
    variables = {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
    assert variables["POSTGRES_PASSWORD"] == {"secretKeyRef": {"name": "lab-login", "key": "password"}}
    assert (variables["POSTGRES_USER"], variables["POSTGRES_DB"]) == ("airflow", "airflow")
    assert variables["PGDATA"].startswith("/var/lib/lab-postgres/")
    assert made["Service"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]


def test_the_pod_meets_the_restricted_pod_security_standard() -> None:
    chart = new_chart()
    make_lab(chart)
    pod = objects(chart)["StatefulSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (999, 999)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    written = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert written == {"/var/lib/lab-postgres", "/var/run/postgresql", "/tmp"}
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["resources"]["limits"] == {"memory": "512Mi"}


def test_every_rule_that_holds_for_rendered_pods_holds_for_this_one() -> None:
    chart = new_chart()
    make_lab(chart)
    rendered = Rendered(text="", manifests=tuple(emitted(chart)))
    assert_restricted(rendered)
    assert_requests_everywhere(rendered)
    assert_env_once(rendered)
    assert_strict_kinds(rendered, kubernetes=("1.30", "1.34"))


def test_everything_said() -> None:
    chart = new_chart()
    make_lab(
        chart,
        name="small",
        database="meta",
        user="me",
        postgres_major=17,
        mirror=RegistryMirror("registry.acme.lab/mirror"),
        pull_secret=PullSecret("registry"),
        resources=Resources(cpu="1", memory="1Gi"),
        parameters={"max_connections": "50", "shared_buffers": "64MB"},
        placement=Placement(node_selector={"disk": "ssd"}),
        storage=Volume("5Gi", storage_class="longhorn"),
        facts=ClusterFacts(architecture="amd64"),
    )
    assert_accepted(emitted(chart))
    pod = objects(chart)["StatefulSet"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "registry.acme.lab/mirror/docker.io/library/postgres:17-bookworm"
    assert container["args"] == ["postgres", "-c", "max_connections=50", "-c", "shared_buffers=64MB"]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "amd64", "disk": "ssd"}
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert container["readinessProbe"]["exec"]["command"][-4:] == ["-U", "me", "-d", "meta"]
    registry = registry_of(chart)
    login = registry.secrets["lab", "lab-login"]
    assert login.type == "kubernetes.io/basic-auth"
    assert "username=me" in login.command
    assert "cnpg" not in login.command
    assert login.recipe is not None
    assert ("lab", "registry") in registry.secrets


def test_the_summary_says_that_it_is_for_a_lab() -> None:
    chart = new_chart()
    make_lab(chart)
    (note,) = registry_of(chart).notes
    assert "has one pod, one volume, no backups and no TLS" in note
    assert "no backup" in note


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"storage": Volume("1Gi", access_mode="ReadWriteMany")}, ("database/access-mode", "storage.access_mode")),
        ({"database": "template1"}, ("database/database", "database")),
        ({"user": "pg_me"}, ("database/owner", "user")),
        ({"name": "a" * 53}, ("database/name", "name")),
        ({"postgres_major": 13}, ("database/postgres-major", "postgres_major")),
        ({"parameters": {"port": "1"}}, ("database/parameter", "parameters.port")),
        ({"parameters": {"a b": "1"}}, ("database/parameter", "parameters.a b")),
        ({"parameters": {"work_mem": "$(X)"}}, ("database/parameter", "parameters.work_mem")),
        ({"parameters": {"work_mem": 4}}, ("argument/type", "parameters.work_mem")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_could_not_work_is_refused(changes: dict[str, Any], found: tuple[str, str]) -> None:
    with pytest.raises(PlatformError) as caught:
        make_lab(new_chart(), **changes)
    assert [(finding.rule, finding.at) for finding in caught.value.findings] == [found]


def test_the_connection_has_no_password_and_no_tls() -> None:
    chart = new_chart()
    lab = make_lab(chart, parameters={"max_connections": "50"})
    connection = lab.connection()
    assert connection.address == DatabaseAddress(
        host="lab-postgres.lab.svc", port=5432, database="airflow", user="airflow"
    )
    assert (connection.secret, connection.secret_key) == ("lab-login", "password")
    assert (connection.secret_namespace, connection.tls) == ("lab", "disable")
    assert connection.server is not None
    assert connection.server.usable == 47
    assert [connection.peer] == list(lab.traffic.workloads)
    bridged = lab.connection(bridge=DsnSecret("metadata"))
    assert (bridged.secret, bridged.secret_key, bridged.secret_namespace) == ("metadata", "connection", None)
    assert bridged.password == ("lab", "lab-login")
    assert bridged.url == ("postgresql://airflow:", "@lab-postgres.lab.svc:5432/airflow")


def test_in_another_namespace_a_bridge_is_needed() -> None:
    chart = new_chart()
    with pytest.raises(PlatformError, match="has its password in Secret 'lab-login'"):
        make_airflow(chart, database=make_lab(chart).connection())


def test_consequences_of_a_broken_database_are_not_reported() -> None:
    chart = new_chart("lab")

    @collecting()
    def program() -> None:
        lab = make_lab(chart, name="Not A Name")
        assert lab.connection().secret == "unsound"
        assert lab.traffic.workloads == ()

    with pytest.raises(PlatformError) as caught:
        program()
    assert [finding.path for finding in caught.value.findings] == ["lab/db"]
