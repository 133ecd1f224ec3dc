"""The judge of built-in kinds accepts sound manifests, and is seen to refuse each kind of broken one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.truth import assert_accepted as assert_all_accepted
from tests.truth import kinds

POD = {
    "containers": [
        {
            "name": "web",
            "image": "registry.lab:5000/airflow:3.2.2",
            "imagePullPolicy": "IfNotPresent",
            "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            "livenessProbe": {"httpGet": {"path": "/", "port": "http", "scheme": "HTTP"}},
        }
    ],
    "initContainers": [{"name": "wait", "image": "busybox:1", "restartPolicy": "Always"}],
    "securityContext": {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroupChangePolicy": "OnRootMismatch",
    },
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "namespace": "airflow",
        "labels": {"app.kubernetes.io/name": "web"},
        "annotations": {"example.org/Note": "any text"},
    },
    "spec": {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web", "tier": "ui"}}, "spec": POD},
    },
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "once"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}},
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "logs", "namespace": "airflow"},
    "spec": {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "10Gi"}},
        "volumeMode": "Filesystem",
    },
}
STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "serviceName": "db",
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {
                "containers": [
                    {"name": "db", "image": "pg:16", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
                ]
            },
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        ],
    },
}
OTHERS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "airflow"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a.b"},
        "data": {"my_file.py": "x", ".hidden": "y", "type": "any"},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"type": "NodePort", "ports": [{"port": 1, "protocol": "TCP"}]},
    },
    {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "a"},
        "spec": {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": JOB["spec"]}},
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:a"},
        "rules": [],
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "a"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "a"},
        "spec": {
            "rules": [
                {
                    "host": "a.lab",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "a", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ]
        },
    },
    {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "a"},
        "spec": {"hard": {"requests.cpu": "4", "requests.memory": "8Gi", "pods": "10"}},
    },
]
SOUND = [DEPLOYMENT, JOB, CLAIM, STATEFUL_SET, *OTHERS]


@pytest.mark.parametrize("manifest", SOUND, ids=lambda manifest: manifest["kind"])
def test_sound_manifests_are_accepted(manifest: dict[str, Any]) -> None:
    assert kinds.complaints(manifest) == []
    kinds.assert_accepted(manifest)


def edit(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Set a dotted path to a value."""

    def change(manifest: dict[str, Any]) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        node: Any = manifest
        for part in way:
            node = node[part]
        node[last] = value

    return change


C = "spec/template/spec/containers/0"
BROKEN: list[tuple[dict[str, Any], str, object, str]] = [
    (DEPLOYMENT, "spec/replicsa", 1, "replicsa"),
    (DEPLOYMENT, "spec/replicas", "1", "'1' is not of type"),
    (DEPLOYMENT, "metadata/lables", {}, "lables"),
    (DEPLOYMENT, "apiVersion", "apps/v1beta1", "does not exist in Kubernetes 1.30"),
    (DEPLOYMENT, "kind", "Deploymnet", "does not exist in Kubernetes 1.36"),
    (DEPLOYMENT, "apiVersion", "apps.example.org/v1", "not a built-in group"),
    (DEPLOYMENT, "metadata/name", "a_b", "metadata.name: 'a_b'"),
    (DEPLOYMENT, "metadata/name", "Web", "metadata.name"),
    (DEPLOYMENT, "metadata/name", "", "metadata.name: missing"),
    (DEPLOYMENT, "metadata/name", "a" * 254, "metadata.name"),
    (DEPLOYMENT, "metadata/name", "a\n", "metadata.name"),
    (DEPLOYMENT, "metadata/namespace", "a.b", "metadata.namespace"),
    (DEPLOYMENT, "metadata/labels", {"a": "with space"}, "metadata.labels.a"),
    (DEPLOYMENT, "metadata/labels", {"a/b/c": "x"}, "metadata.labels: 'a/b/c'"),
    (DEPLOYMENT, "metadata/labels", {"a": "x" * 64}, "metadata.labels.a"),
    (DEPLOYMENT, "metadata/annotations", {"a": 1}, "metadata.annotations.a"),
    (DEPLOYMENT, "metadata/annotations", {"a b": "1"}, "metadata.annotations: 'a b'"),
    (DEPLOYMENT, "metadata/annotations", {"a": "x" * 300_000}, "256 KiB"),
    (DEPLOYMENT, "spec/strategy/type", "Rolling", "spec.strategy.type"),
    (DEPLOYMENT, "spec/selector/matchLabels", {"app": "other"}, "spec.selector.matchLabels.app"),
    (DEPLOYMENT, "spec/selector/matchLabels", {"app": "web", "x": "y"}, "spec.selector.matchLabels.x"),
    (DEPLOYMENT, "spec/selector", {}, "selects nothing"),
    (DEPLOYMENT, "spec/template/metadata/labels/tier", "-", "spec.template.metadata.labels.tier"),
    (DEPLOYMENT, "spec/template/spec/restartPolicy", "Never", "takes only Always"),
    (DEPLOYMENT, "spec/template/spec/restartPolicy", "Maybe", "'Maybe' is not one of"),
    (DEPLOYMENT, "spec/template/spec/containers", [], "containers: empty"),
    (DEPLOYMENT, "spec/template/spec/tolerations/0/effect", "NoRun", "effect"),
    (DEPLOYMENT, "spec/template/spec/securityContext/seccompProfile/type", "Default", "seccompProfile.type"),
    (DEPLOYMENT, "spec/template/spec/securityContext/fsGroupChangePolicy", "Never", "fsGroupChangePolicy"),
    (DEPLOYMENT, "spec/template/spec/volumes/0/emptyDir/sizeLimit", "1GB", "sizeLimit"),
    (DEPLOYMENT, "spec/template/spec/volumes", [], "no volume 'tmp'"),
    (DEPLOYMENT, "spec/template/spec/volumes/0/name", "a_b", "'a_b' is not an RFC 1123 label"),
    (DEPLOYMENT, "spec/template/spec/initContainers/0/name", "web", "'web' is there twice"),
    (DEPLOYMENT, f"{C}/name", "Web", "'Web' is not an RFC 1123 label"),
    (DEPLOYMENT, f"{C}/image", "", "'' is no image"),
    (DEPLOYMENT, f"{C}/image", " a:1", "' a:1' is no image"),
    (DEPLOYMENT, f"{C}/imagePullPolicy", "Sometimes", "'Sometimes' is not one of"),
    (DEPLOYMENT, f"{C}/resources/requests/memory", "1Gb", "'1Gb' is not a quantity"),
    (DEPLOYMENT, f"{C}/resources/requests/memory", "512m", "less than a kilobyte"),
    (DEPLOYMENT, f"{C}/resources/requests/memory", "2Gi", "more than the limit"),
    (DEPLOYMENT, f"{C}/resources/requests/cpu", "-1", "negative"),
    (DEPLOYMENT, f"{C}/resources/requests/cpu", "0,5", "'0,5' is not a quantity"),
    (DEPLOYMENT, f"{C}/resources/request", {}, "request"),
    (DEPLOYMENT, f"{C}/ports/0/name", "metrics-endpoint-1", "at most 15"),
    (DEPLOYMENT, f"{C}/ports/0/containerPort", 70000, "70000 is no port"),
    (DEPLOYMENT, f"{C}/ports/0/protocol", "HTTP", "'HTTP' is not one of"),
    (DEPLOYMENT, f"{C}/env/1/name", "A", "'A' is there twice"),
    (DEPLOYMENT, f"{C}/env/1/value", "x", "has value and valueFrom"),
    (DEPLOYMENT, f"{C}/env/0/name", "A=B", "'A=B' is not an environment name"),
    (DEPLOYMENT, f"{C}/livenessProbe/httpGet/scheme", "http", "scheme"),
    (DEPLOYMENT, "metadata", None, "metadata: missing"),
    (DEPLOYMENT, "spec/template", "text", "could not be checked"),
    (JOB, "spec/template/spec/restartPolicy", "Always", "needs OnFailure or Never"),
    (JOB, "metadata/name", "a" * 64, "at most 63"),
    (CLAIM, "spec/accessModes", ["RWX"], "'RWX' is not one of"),
    (CLAIM, "spec/accessModes", [], "at least one is needed"),
    (CLAIM, "spec/resources", {}, "storage: missing"),
    (CLAIM, "spec/resources/requests/storage", "10GB", "'10GB' is not a quantity"),
    (CLAIM, "spec/volumeMode", "File", "volumeMode"),
    (STATEFUL_SET, "spec/volumeClaimTemplates/0/spec/accessModes", [], "volumeClaimTemplates[0].spec.accessModes"),
    (STATEFUL_SET, "spec/volumeClaimTemplates/0/spec/resources/requests/storage", "1G i", "'1G i' is not a quantity"),
    (STATEFUL_SET, "spec/volumeClaimTemplates/0/metadata/name", "other", "no volume 'data'"),
    (STATEFUL_SET, "spec/podManagementPolicy", "Serial", "podManagementPolicy"),
    (STATEFUL_SET, "spec/updateStrategy/type", "Recreate", "spec.updateStrategy.type"),
    (STATEFUL_SET, "metadata/name", "a" * 53, "at most 52"),
    (OTHERS[0], "metadata/namespace", "airflow", "a Namespace has none"),
    (OTHERS[0], "metadata/name", "a.b", "RFC 1123 label"),
    (OTHERS[1], "data/a b", "x", "'a b' is not a data key"),
    (OTHERS[1], "data/big", "x" * 1_100_000, "more than 1 MiB"),
    (OTHERS[1], "data/number", 1, "1 is not of type"),
    (OTHERS[2], "metadata/name", "1a", "RFC 1035 label"),
    (OTHERS[2], "spec/type", "Public", "spec.type"),
    (OTHERS[3], "spec/concurrencyPolicy", "Never", "concurrencyPolicy"),
    (OTHERS[3], "metadata/name", "a" * 53, "at most 52"),
    (OTHERS[3], "spec/jobTemplate/spec/template/spec/containers/0/image", "", "is no image"),
    (OTHERS[3], "apiVersion", "batch/v1beta1", "does not exist in Kubernetes 1.30"),
    (OTHERS[4], "metadata/name", "a/b", "URL path"),
    (OTHERS[5], "spec/policyTypes", ["ingress"], "'ingress' is not one of"),
    (OTHERS[6], "spec/rules/0/http/paths/0/pathType", "Regex", "'Regex' is not one of"),
    (OTHERS[7], "spec/hard/requests.memory", "8 Gi", "'8 Gi' is not a quantity"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "path", "value", "said"),
    BROKEN,
    ids=[
        f"{manifest['kind']}-{path.rsplit('/', 1)[-1]}-{number}" for number, (manifest, path, *_) in enumerate(BROKEN)
    ],
)
def test_broken_manifests_are_refused_for_the_right_reason(
    manifest: dict[str, Any], path: str, value: object, said: str
) -> None:
    broken = copy.deepcopy(manifest)
    edit(path, value)(broken)
    with pytest.raises(AssertionError) as caught:
        kinds.assert_accepted(broken)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "bytes_or_cores"),
    [("1", 1), ("250m", 0.25), ("1Gi", 2**30), ("1.5Gi", 1.5 * 2**30), ("1e3", 1000), ("1E3", 1000), ("1E", 10**18), (".5", 0.5), ("5.", 5), (2, 2)],
)  # fmt: skip
def test_quantities_are_read(text: object, bytes_or_cores: float) -> None:
    assert kinds.quantity(text) == bytes_or_cores


@pytest.mark.parametrize(
    "text", ["", "1GB", "1gi", "one", "1 Gi", "1Ki ", "--1", "1e", ".", "٣", True, None, [], "1\n"]
)
def test_what_is_no_quantity_is_none(text: object) -> None:
    assert kinds.quantity(text) is None


@pytest.mark.parametrize("version", ["1.24", "1.99"])
def test_a_version_without_schemas_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "OLDEST_KUBERNETES", version)
    with pytest.raises(AssertionError, match=f"no schemas of Kubernetes {version}"):
        kinds.assert_accepted(OTHERS[0])


def test_all_wrong_manifests_of_a_set_are_named() -> None:
    broken = copy.deepcopy(OTHERS[:2])
    broken[0]["metadata"]["name"] = "A"
    broken[1]["dat"] = {}
    stranger = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}
    with pytest.raises(AssertionError) as caught:
        assert_all_accepted([*broken, DEPLOYMENT, stranger])
    assert all(part in str(caught.value) for part in ("Namespace/A", "ConfigMap/a.b", "Thing/x", "no definition"))
    assert "Deployment" not in str(caught.value)


def test_one_object_twice_in_a_set_is_refused() -> None:
    with pytest.raises(ValueError, match="there twice"):
        assert_all_accepted([JOB, JOB])
    assert_all_accepted(SOUND)
