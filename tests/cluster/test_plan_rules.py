"""What ``plan`` calls impossible is refused by a real API server; what it calls data at risk is lost."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.kit import Kubectl
from tests.plan import refusals
from tests.plan.cases import edited
from tests.plan.refusals import CLAIM, CLUSTER, DATABASE, REFUSALS, Refusal

LABEL = {"cdk8s-airflow.test/run": "plan-rules"}


@pytest.fixture(scope="module")
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A namespace for the objects of these tests."""
    name = refusals.NAMESPACE
    assert not kubectl.exists("namespace", name), f"namespace {name} is there already"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": LABEL}}
    apply(kubectl, manifest)
    yield name
    kubectl.run("delete", "cluster.postgresql.cnpg.io", "--all", "--namespace", name, timeout=120, check=False)
    kubectl.run("wait", "--for=delete", "pod", "--all", "--namespace", name, "--timeout=120s", timeout=130, check=False)
    kubectl.run("delete", "namespace", name, timeout=300)


def adapted(kubectl: Kubectl, body: dict[str, Any]) -> str:
    """The object as text, with the images and the storage class that the cluster has."""
    text = json.dumps(body)
    for wanted, available in kubectl.settings.images.items():
        text = text.replace(json.dumps(wanted), json.dumps(available))
    manifest = json.loads(text)
    if manifest["kind"] == "Cluster" and kubectl.settings.storage:
        for volume in ("storage", "walStorage"):
            if volume in manifest["spec"]:
                manifest["spec"][volume].setdefault("storageClass", kubectl.settings.storage)
    return json.dumps(manifest)


def apply(kubectl: Kubectl, body: dict[str, Any]) -> None:
    kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", input=adapted(kubectl, body))


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.rule)
def test_api_server_refuses_the_change(kubectl: Kubectl, namespace: str, refusal: Refusal) -> None:
    apply(kubectl, refusal.before)
    if refusal.is_ready:
        kind, name = refusal.before["kind"], refusal.before["metadata"]["name"]
        kubectl.run(
            "wait",
            f"--for={refusal.is_ready}",
            f"{kind}/{name}",
            "--namespace",
            namespace,
            "--timeout=300s",
            timeout=310,
        )
    tried = kubectl.run(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-",
        input=adapted(kubectl, refusal.after), check=False,
    )  # fmt: skip
    assert tried.returncode != 0, tried.stdout
    assert re.search(refusal.error, tried.stderr, re.DOTALL), tried.stderr


def test_storage_class_of_a_database_is_accepted_and_volumes_stay_where_they_are(
    kubectl: Kubectl, namespace: str
) -> None:
    apply(kubectl, CLUSTER)
    kubectl.run("wait", "--for=condition=Ready", "cluster/db", "--namespace", namespace, "--timeout=300s", timeout=310)
    before = claims(kubectl, namespace)
    changed = copy.deepcopy(CLUSTER)
    changed["spec"]["storage"]["storageClass"] = "plan-rules-other"
    apply(kubectl, changed)
    kubectl.run("wait", "--for=condition=Ready", "cluster/db", "--namespace", namespace, "--timeout=120s", timeout=130)
    assert claims(kubectl, namespace) == before
    apply(kubectl, CLUSTER)


def claims(kubectl: Kubectl, namespace: str) -> dict[str, str]:
    """The claims of the database with the class of each."""
    found = kubectl.items("persistentvolumeclaims", "--namespace", namespace, "--selector", "cnpg.io/cluster=db")
    return {each["metadata"]["name"]: each["spec"]["storageClassName"] for each in found}


def test_database_with_policy_delete_is_dropped_with_its_object(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, CLUSTER)
    kubectl.run("wait", "--for=condition=Ready", "cluster/db", "--namespace", namespace, "--timeout=300s", timeout=310)
    apply(kubectl, edited(DATABASE, spec__databaseReclaimPolicy="delete"))
    applied = "--for=jsonpath={.status.applied}=true"
    kubectl.run(
        "wait", applied, "database.postgresql.cnpg.io/reports", "--namespace", namespace, "--timeout=120s", timeout=130
    )
    assert "reports" in databases(kubectl, namespace)
    kubectl.run("delete", "database.postgresql.cnpg.io", "reports", "--namespace", namespace, timeout=120)
    assert "reports" not in databases(kubectl, namespace)


def databases(kubectl: Kubectl, namespace: str) -> set[str]:
    query = "SELECT datname FROM pg_database"
    done = kubectl.run(
        "exec", "db-1", "--container", "postgres", "--namespace", namespace, "--", "psql", "-At", "-c", query
    )
    return set(done.stdout.split())


def test_renamed_database_is_a_new_and_empty_one(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, CLUSTER)
    renamed = copy.deepcopy(CLUSTER)
    renamed["metadata"]["name"] = "other"
    apply(kubectl, renamed)
    kubectl.run(
        "wait",
        "--for=condition=Ready",
        "cluster/db",
        "cluster/other",
        "--namespace",
        namespace,
        "--timeout=300s",
        timeout=310,
    )
    query = "SELECT system_identifier FROM pg_control_system()"
    identifiers = {
        kubectl.run(
            "exec", pod, "--container", "postgres", "--namespace", namespace, "--", "psql", "-At", "-c", query
        ).stdout
        for pod in ("db-1", "other-1")
    }
    assert len(identifiers) == 2
    kubectl.run("delete", "cluster.postgresql.cnpg.io", "other", "--namespace", namespace, timeout=120)


def test_deleted_database_takes_its_volumes_with_it(kubectl: Kubectl, namespace: str) -> None:
    apply(kubectl, CLUSTER)
    kubectl.run("wait", "--for=condition=Ready", "cluster/db", "--namespace", namespace, "--timeout=300s", timeout=310)
    assert claims(kubectl, namespace)
    kubectl.run("delete", "cluster.postgresql.cnpg.io", "db", "--namespace", namespace, timeout=120)
    kubectl.run(
        "wait", "--for=delete", "persistentvolumeclaim", "--selector", "cnpg.io/cluster=db", "--namespace", namespace,
        "--timeout=120s", timeout=130,
    )  # fmt: skip
    assert claims(kubectl, namespace) == {}


def test_deleted_namespace_takes_its_claims_with_it(kubectl: Kubectl) -> None:
    name = f"{refusals.NAMESPACE}-gone"
    apply(kubectl, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": LABEL}})
    claim = copy.deepcopy(CLAIM)
    claim["metadata"]["namespace"] = name
    apply(kubectl, claim)
    assert kubectl.exists("persistentvolumeclaim", "files", "--namespace", name)
    kubectl.run("delete", "namespace", name, timeout=120)
    assert not kubectl.exists("persistentvolumeclaim", "files", "--namespace", name)
