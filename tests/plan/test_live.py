"""Comparison with a cluster: which fields of live objects count, and how kubectl is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.cli import main
from cdk8s_airflow.plan.comparison import compare
from cdk8s_airflow.plan.errors import PlanError
from cdk8s_airflow.plan.live import read_live
from tests.plan.cases import CLAIM, CLUSTER, DEPLOYMENT, NAMESPACE, QUOTA, edited
from tests.plan.given import Body, found, of, thing

FAKE = '''#!/usr/bin/env python3
"""A kubectl that knows one file of objects and writes down how it was called."""
import json, pathlib, sys
here = pathlib.Path(__file__).parent
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(words) + "\\n")
while words[0].startswith("--"):
    words = words[2:]
assert words[0] == "get", words
kind, group = (words[1].split(".", 1) + [""])[:2]
namespace = words[words.index("--namespace") + 1] if "--namespace" in words else ""
known = json.loads((here / "objects.json").read_text())
if kind in known.get("unknown", []):
    sys.exit(f'error: the server doesn\\'t have a resource type "{kind}"')
if known.get("error"):
    sys.exit(known["error"])
items = [each for each in known["items"]
         if each["kind"] == kind and each["metadata"].get("namespace", "") == namespace and each["metadata"]["name"] in words]
if len(items) == 1:
    print(json.dumps(items[0]))
elif items:
    print(json.dumps({"kind": "List", "apiVersion": "v1", "items": items}))
'''


class Cluster:
    """A cluster that answers from a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubectl = folder / "kubectl"
        self.kubectl.write_text(FAKE, encoding="utf-8")
        self.kubectl.chmod(0o755)
        self.hold()

    def hold(self, *bodies: Body, **more: Any) -> None:
        (self.folder / "objects.json").write_text(json.dumps({"items": bodies, **more}), encoding="utf-8")

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def applied(body: Body, fields: Body, **more: Any) -> Body:
    """A live object whose fields were applied by kubectl, with what the server and controllers add."""
    return {
        **body,
        **more,
        "metadata": {
            **body["metadata"],
            "uid": "1",
            "resourceVersion": "7",
            "managedFields": [
                {"manager": "kubectl", "operation": "Apply", "fieldsV1": fields},
                {"manager": "controller", "operation": "Update", "fieldsV1": {"f:spec": {"f:volumeName": {}}}},
                {"manager": "kubectl", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
            ],
        },
        "status": {"phase": "Bound"},
    }


CLAIM_FIELDS = {
    "f:spec": {"f:accessModes": {}, "f:storageClassName": {}, "f:resources": {"f:requests": {"f:storage": {}}}},
}  # fmt: skip


def test_fields_that_nobody_applied_are_no_change(cluster: Cluster) -> None:
    cluster.hold(applied(edited(CLAIM, spec__volumeName="pv-1"), CLAIM_FIELDS))
    live = read_live([of(CLAIM)], [str(cluster.kubectl)])
    assert compare(live, of(CLAIM)).changes == ()


def test_field_that_was_applied_and_is_removed_is_a_change(cluster: Cluster) -> None:
    fields = {"f:spec": {**CLAIM_FIELDS["f:spec"], "f:volumeName": {}}}
    cluster.hold(applied(edited(CLAIM, spec__volumeName="pv-1"), fields))
    live = read_live([of(CLAIM)], [str(cluster.kubectl)])
    assert found(compare(live, of(CLAIM))) == {("impossible", "claim/volume", "PersistentVolumeClaim/airflow/logs")}


def test_object_of_client_side_apply_is_what_was_applied_last(cluster: Cluster) -> None:
    body = edited(CLAIM, spec__volumeName="pv-1")
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(CLAIM)}
    cluster.hold(body)
    assert compare(read_live([of(CLAIM)], [str(cluster.kubectl)]), of(CLAIM)).changes == ()


def test_elements_of_lists_are_chosen_by_their_keys(cluster: Cluster) -> None:
    body = edited(DEPLOYMENT, spec__template={"spec": {"containers": [
        {"name": "main", "image": "main:1", "terminationMessagePath": "/dev/log", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
        {"name": "injected", "image": "mesh:1"},
    ]}})  # fmt: skip
    fields = {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {"f:spec": {"f:containers": {'k:{"name":"main"}': {".": {}, "f:name": {}, "f:image": {}}}}},
        }
    }
    cluster.hold(applied(body, fields))
    assert compare(read_live([of(DEPLOYMENT)], [str(cluster.kubectl)]), of(DEPLOYMENT)).changes == ()


def test_use_of_a_quota_is_compared_with_its_new_limit(cluster: Cluster) -> None:
    fields = {"f:spec": {"f:hard": {"f:requests.memory": {}, "f:pods": {}}}}
    live = applied(QUOTA, fields)
    live["status"] = {"used": {"requests.memory": "6Gi", "pods": "12"}, "hard": {"pods": "20"}}
    cluster.hold(live)
    new = of(edited(QUOTA, spec__hard={"requests.memory": "5Gi", "pods": "15"}))
    plan = compare(read_live([new], [str(cluster.kubectl)]), new)
    assert found(plan) == {
        ("downtime", "quota/below-use", "ResourceQuota/airflow/quota"),
        ("configuration", "quota/lowered", "ResourceQuota/airflow/quota"),
    }
    assert "and 6Gi is in use" in plan.changes[0].message


def test_objects_that_the_cluster_does_not_have_are_added(cluster: Cluster) -> None:
    cluster.hold(unknown=["Cluster"])
    wanted = of(CLAIM, CLUSTER)
    plan = compare(read_live([wanted], [str(cluster.kubectl)]), wanted)
    assert {rule for _, rule, _ in found(plan)} == {"object/added"}


def test_kubectl_is_asked_once_for_each_kind_and_namespace_and_never_for_secrets(cluster: Cluster) -> None:
    wanted = of(CLAIM, NAMESPACE, CLUSTER, thing("PersistentVolumeClaim", "dags"), thing("Secret", "key"))
    read_live([wanted, of(thing("Namespace", "old", ""))], [str(cluster.kubectl), "--context", "prod"])
    options = ["--ignore-not-found", "--show-managed-fields", "--output", "json"]
    assert cluster.calls == [
        ["--context", "prod", "get", "Namespace", "airflow", "old", *options],
        ["--context", "prod", "get", "PersistentVolumeClaim", "dags", "logs", "--namespace", "airflow", *options],
        ["--context", "prod", "get", "Cluster.postgresql.cnpg.io", "db", "--namespace", "data", *options],
    ]


def test_cluster_that_does_not_answer_is_an_error(cluster: Cluster) -> None:
    cluster.hold(error="The connection to the server was refused")
    with pytest.raises(
        PlanError, match="kubectl get PersistentVolumeClaim failed: The connection to the server was refused"
    ):
        read_live([of(CLAIM)], [str(cluster.kubectl)])
    with pytest.raises(PlanError, match=r"nowhere is not installed. Install kubectl, or name it with --kubectl."):
        read_live([of(CLAIM)], ["nowhere"])


def test_command_compares_a_folder_with_the_cluster(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.hold(applied(CLAIM, CLAIM_FIELDS))
    new = tmp_path / "new"
    new.mkdir()
    (new / "a.yaml").write_text(json.dumps(edited(CLAIM, spec__resources__requests__storage="5Gi")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--live", str(new), "--kubectl", str(cluster.kubectl), "--format", "json"]) == 0
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert (change["rule"], change["class"]) == ("claim/shrunk", "impossible")
