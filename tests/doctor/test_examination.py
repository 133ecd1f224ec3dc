"""doctor reports each way in which a cluster differs from what main.py requires, and nothing for one that fits."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

import main
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.doctor import Diagnosis, DoctorError, LiveCluster, Requirements, Severity, examine, requirements_of
from cdk8s_airflow.doctor.cluster_facts_text import cluster_facts_text
from cdk8s_airflow.doctor.text import diagnoses_json, diagnoses_text
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.plan.manifest import read_folder
from tests.doctor.recorded import RecordedCluster, named

DIST = Path(main.__file__).parent / "dist"
ENFORCED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def required() -> Requirements:
    return requirements_of(registry_of(main.build()), read_folder(DIST))


@pytest.fixture
def fitting(required: Requirements) -> dict[str, list[dict[str, Any]]]:
    """The objects of a cluster on which main.py's platform runs without a fault."""
    return copy.deepcopy(
        {
            "customresourcedefinitions.apiextensions.k8s.io": [named(name) for name in required.crds],
            "namespaces": [
                *(named(name, metadata={"labels": ENFORCED}) for name in ("airflow", "airflow-data")),
                named("kube-system"),
            ],
            "secrets": [
                {
                    **named(each.name, each.namespace),
                    "type": each.type or "Opaque",
                    "data": dict.fromkeys(each.keys, ""),
                }
                for each in required.secrets
            ]
            + [helm_record(1, "superseded"), helm_record(2, "deployed")],
            "storageclasses.storage.k8s.io": [named("longhorn", provisioner="driver.longhorn.io")],
            "ingressclasses.networking.k8s.io": [
                named(each.name) for each in required.named if each.kind == "IngressClass"
            ],
            "clusterissuers.cert-manager.io": [
                named(each.name) for each in required.named if each.kind == "ClusterIssuer"
            ],
            "clusters.postgresql.cnpg.io": [
                named("airflow-pg", "airflow-data", status={"phase": "Cluster in healthy state", "readyInstances": 1})
            ],
            "pods": [named("airflow-scheduler-0", "airflow", status={"containerStatuses": [{"name": "scheduler"}]})],
            "replicasets.apps": [],
            "statefulsets.apps": [],
            "jobs.batch": [],
            "deployments.apps": [],
        }
    )


def helm_record(revision: int, status: str) -> dict[str, Any]:
    labels = {"owner": "helm", "name": "airflow", "version": str(revision), "status": status}
    name = f"sh.helm.release.v1.airflow.v{revision}"
    return {
        **named(name, "airflow", metadata={"labels": labels}),
        "type": "helm.sh/release.v1",
        "data": {"release": ""},
    }


def rules(found: list[Diagnosis]) -> list[tuple[str, str]]:
    return [(each.rule, each.object) for each in found]


def test_fitting_cluster_has_no_diagnosis(required: Requirements, fitting: dict[str, Any]) -> None:
    assert examine(required, RecordedCluster(fitting), ClusterFacts(kubernetes="1.34")) == []


@pytest.mark.parametrize(
    ("resource", "name", "rule"),
    [
        ("customresourcedefinitions.apiextensions.k8s.io", "clusters.postgresql.cnpg.io", "doctor/definition-missing"),
        ("namespaces", "airflow", "doctor/namespace-missing"),
        ("secrets", "airflow-git", "doctor/secret-missing"),
        ("storageclasses.storage.k8s.io", "longhorn", "doctor/storage-class-missing"),
    ],
)
def test_missing_object_is_reported(
    required: Requirements, fitting: dict[str, Any], resource: str, name: str, rule: str
) -> None:
    fitting[resource] = [each for each in fitting[resource] if each["metadata"]["name"] != name]
    found = examine(required, RecordedCluster(fitting))
    assert {each.rule for each in found} == {rule}
    assert any(name in f"{each.object} {each.problem}" for each in found)


def test_missing_secret_names_the_command_that_creates_it(required: Requirements, fitting: dict[str, Any]) -> None:
    fitting["secrets"] = [each for each in fitting["secrets"] if each["metadata"]["name"] != "airflow-fernet-key"]
    (found,) = examine(required, RecordedCluster(fitting))
    (command,) = (each.command for each in required.secrets if each.name == "airflow-fernet-key")
    assert found.fix == f"Create it: {command}"


def test_secret_without_a_key_and_of_another_type_is_reported(required: Requirements, fitting: dict[str, Any]) -> None:
    secret = next(each for each in fitting["secrets"] if each["type"] == "kubernetes.io/basic-auth")
    secret["type"], secret["data"] = "Opaque", {"username": ""}
    found = examine(required, RecordedCluster(fitting))
    assert [each.rule for each in found] == ["doctor/secret-keys", "doctor/secret-type"]
    assert "has no key password" in found[0].problem


@pytest.mark.parametrize("status", ["failed", "pending-upgrade"])
def test_release_whose_last_revision_did_not_finish_is_reported_with_the_repair(
    required: Requirements, fitting: dict[str, Any], status: str
) -> None:
    fitting["secrets"].append(helm_record(10, status))
    fitting["jobs.batch"] = [named("helm-install-airflow", "kube-system", status={"failed": 1})]
    (found,) = examine(required, RecordedCluster(fitting))
    assert found.object == "HelmChart/kube-system/airflow"
    assert "revision 10" in found.problem
    assert f"kubectl -n airflow delete secret -l owner=helm,name=airflow,status={status} && " in found.fix
    assert found.fix.endswith("kubectl -n kube-system delete pod -l job-name=helm-install-airflow")


def test_release_that_is_being_upgraded_is_not_reported(required: Requirements, fitting: dict[str, Any]) -> None:
    fitting["secrets"].append(helm_record(3, "pending-upgrade"))
    fitting["jobs.batch"] = [named("helm-install-airflow", "kube-system", status={"active": 1})]
    assert examine(required, RecordedCluster(fitting)) == []


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerConfigError", "CrashLoopBackOff"])
def test_container_that_does_not_start_is_reported(
    required: Requirements, fitting: dict[str, Any], reason: str
) -> None:
    waiting = {"reason": reason, "message": "the message"}
    fitting["pods"][0]["status"]["initContainerStatuses"] = [{"name": "wait", "state": {"waiting": waiting}}]
    (found,) = examine(required, RecordedCluster(fitting))
    assert rules([found]) == [("doctor/container-waiting", "Pod/airflow/airflow-scheduler-0")]
    assert f"container wait does not start, {reason}: the message" in found.problem


def test_container_that_is_starting_is_not_reported(required: Requirements, fitting: dict[str, Any]) -> None:
    waiting = {"state": {"waiting": {"reason": "PodInitializing"}}, "name": "scheduler"}
    fitting["pods"][0]["status"]["containerStatuses"] = [waiting]
    assert examine(required, RecordedCluster(fitting)) == []


def test_refused_pods_are_reported_only_while_they_are_missing(required: Requirements, fitting: dict[str, Any]) -> None:
    fitting["events"] = [
        named(
            "one",
            "airflow",
            reason="FailedCreate",
            message='pods "a" is forbidden: exceeded quota: small',
            involvedObject={"kind": "ReplicaSet", "name": "airflow-api-server-1"},
            lastTimestamp="2026-01-01T00:00:00Z",
        )
    ]
    for present, expected in ((1, []), (0, [("doctor/pod-refused", "ReplicaSet/airflow/airflow-api-server-1")])):
        fitting["replicasets.apps"] = [
            named(
                "airflow-api-server-1", "airflow", kind="ReplicaSet", spec={"replicas": 1}, status={"replicas": present}
            )
        ]
        assert rules(examine(required, RecordedCluster(fitting))) == expected


def test_other_faults_are_reported(required: Requirements, fitting: dict[str, Any]) -> None:
    fitting["namespaces"][0]["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "privileged"}
    fitting["storageclasses.storage.k8s.io"][0]["provisioner"] = "rancher.io/local-path"
    fitting["clusters.postgresql.cnpg.io"][0]["status"] = {"phase": "Failing over", "readyInstances": 0, "instances": 1}
    fitting["pods"][0]["status"] = {
        "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}],
        "containerStatuses": [{"name": "scheduler", "lastState": {"terminated": {"reason": "OOMKilled"}}}],
    }
    fitting["persistentvolumeclaims"] = [named("airflow-logs", "airflow", spec={}, status={"phase": "Pending"})]
    fitting["resourcequotas"] = [
        named(
            "quota",
            "airflow",
            status={"hard": {"pods": "10", "memory": "4Gi"}, "used": {"pods": "10", "memory": "1Gi"}},
        )
    ]
    found = examine(required, RecordedCluster(fitting, version="v1.33.1"), ClusterFacts(kubernetes="1.34"))
    assert rules(found) == [
        ("doctor/facts-kubernetes", "Cluster//kubernetes"),
        ("doctor/access-mode", "PersistentVolumeClaim/airflow/airflow-logs"),
        ("doctor/claim-not-bound", "PersistentVolumeClaim/airflow/airflow-logs"),
        ("doctor/pod-security", "Namespace//airflow"),
        ("doctor/quota", "ResourceQuota/airflow/quota"),
        ("doctor/database-not-healthy", "Cluster/airflow-data/airflow-pg"),
        ("doctor/pod-not-scheduled", "Pod/airflow/airflow-scheduler-0"),
        ("doctor/out-of-memory", "Pod/airflow/airflow-scheduler-0"),
    ]


def test_check_that_the_cluster_does_not_allow_is_reported_and_not_passed(
    required: Requirements, fitting: dict[str, Any]
) -> None:
    found = examine(required, RecordedCluster(fitting, forbidden=("secrets", "pods")))
    assert {each.severity for each in found} == {Severity.UNKNOWN}
    assert [each.object for each in found] == ["Check//required-secrets", "Check//states", "Check//pods"]


def test_only_get_and_version_are_called(required: Requirements, fitting: dict[str, Any]) -> None:
    cluster = RecordedCluster(fitting)
    examine(required, cluster, ClusterFacts(cnpg="1.30.0"))
    cluster_facts_text(cluster)
    assert {command[0] for command in cluster.commands} == {"get", "version"}
    secrets = [command for command in cluster.commands if "secrets" in command]
    assert secrets
    for command in secrets:
        assert re.fullmatch(r"go-template=.*", command[-1], re.DOTALL)
        assert "{{$value}}" not in command[-1].partition(".metadata.labels")[0]


def test_missing_kubectl_is_an_error_for_the_user() -> None:
    with pytest.raises(DoctorError, match="Install kubectl"):
        LiveCluster(("no-such-kubectl",)).version()


def test_texts(required: Requirements, fitting: dict[str, Any]) -> None:
    assert diagnoses_text([]) == "The cluster has what the program requires, and the platform is healthy.\n"
    fitting["secrets"] = [each for each in fitting["secrets"] if each["metadata"]["name"] != "airflow-git"]
    found = examine(required, RecordedCluster(fitting))
    text = diagnoses_text(found)
    assert text.startswith("ERROR  Secret/airflow/airflow-git  [doctor/secret-missing]\n  Does not exist")
    assert text.endswith("\n1 error.\n")
    (entry,) = json.loads(diagnoses_json(found))["diagnoses"]
    assert entry.keys() == {"severity", "rule", "object", "problem", "fix"}


def test_facts_of_a_cluster_can_be_pasted(fitting: dict[str, Any]) -> None:
    fitting["nodes"] = [named("a", metadata={"labels": {"kubernetes.io/arch": "arm64"}})]
    container = {"image": "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0"}
    operator = named("cnpg", "cnpg-system", metadata={"labels": {"app.kubernetes.io/name": "cloudnative-pg"}})
    operator["spec"] = {"template": {"spec": {"containers": [container]}}}
    fitting["deployments.apps"] = [operator]
    facts = eval(cluster_facts_text(RecordedCluster(fitting)), {"ClusterFacts": ClusterFacts})
    assert (facts.kubernetes, facts.cnpg, facts.nodes, facts.architecture) == ("1.34", "1.30.0", 1, "arm64")
    assert list(facts.rwx_classes) == ["longhorn"]
    assert set(facts.crds) == {
        each["metadata"]["name"] for each in fitting["customresourcedefinitions.apiextensions.k8s.io"]
    }
