"""What goes in as wire comes out of the generated bindings unchanged, and nothing is lost on the way in silence."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdk8s
import pytest
import yaml

from cdk8s_airflow.kube import bindings

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "node_modules" / ".bin" / "cdk8s"

HELM_CHART: dict[str, Any] = {
    "apiVersion": "helm.cattle.io/v1",
    "kind": "HelmChart",
    "metadata": {
        "name": "airflow",
        "namespace": "kube-system",
        "labels": {"app.kubernetes.io/part-of": "airflow"},
        "annotations": {"example.com/note": "a: b"},
        "finalizers": ["example.com/keep"],
    },
    "spec": {
        "authPassCredentials": False,
        "authSecret": {"name": "repo-login"},
        "backOffLimit": 1000,
        "bootstrap": False,
        "chart": "airflow",
        "chartContent": "H4sI",
        "createNamespace": False,
        "dockerRegistrySecret": {"name": "registry-login"},
        "driver": "secret",
        "failurePolicy": "abort",
        "forceConflicts": True,
        "helmVersion": "v3",
        "insecureSkipTLSVerify": False,
        "jobImage": "rancher/klipper-helm:v0.9.8",
        "plainHTTP": False,
        "podSecurityContext": {
            "appArmorProfile": {"type": "Localhost", "localhostProfile": "p"},
            "fsGroup": 1000,
            "fsGroupChangePolicy": "OnRootMismatch",
            "runAsGroup": 1000,
            "runAsNonRoot": True,
            "runAsUser": 0,
            "seLinuxChangePolicy": "Recursive",
            "seLinuxOptions": {"level": "s0", "role": "r", "type": "t", "user": "u"},
            "seccompProfile": {"type": "RuntimeDefault"},
            "supplementalGroups": [1, 2],
            "supplementalGroupsPolicy": "Strict",
            "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}],
        },
        "repo": "https://airflow.apache.org",
        "repoCA": "-----BEGIN CERTIFICATE-----\n",
        "repoCAConfigMap": {"name": "ca"},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "appArmorProfile": {"type": "RuntimeDefault"},
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "privileged": False,
            "procMount": "Default",
            "readOnlyRootFilesystem": True,
            "runAsGroup": 1,
            "runAsNonRoot": True,
            "runAsUser": 2,
            "seLinuxOptions": {"level": "s0"},
            "seccompProfile": {"type": "Localhost", "localhostProfile": "p"},
        },
        "serverSide": "auto",
        "set": {"a.text": "x", "a.number": 3},
        "takeOwnership": True,
        "targetNamespace": "airflow",
        "timeout": "30m",
        "values": {"executor": "KubernetesExecutor", "nested": {"list": [1, "1", True]}},
        "valuesContent": 'executor: "KubernetesExecutor"\ntag: "1e5"\nempty: {}\n',
        "valuesSecrets": [{"name": "more", "keys": ["values.yaml"], "ignoreUpdates": False}],
        "version": "1.22.0",
    },
}

SELECTOR = {
    "matchLabels": {"app": "x"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["db"]}],
}
POD_TERM = {
    "topologyKey": "kubernetes.io/hostname",
    "labelSelector": SELECTOR,
    "matchLabelKeys": ["a"],
    "mismatchLabelKeys": ["b"],
    "namespaces": ["data"],
    "namespaceSelector": SELECTOR,
}
POD_AFFINITY = {
    "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": POD_TERM}],
    "requiredDuringSchedulingIgnoredDuringExecution": [POD_TERM],
}
NODE_TERM = {
    "matchExpressions": [{"key": "zone", "operator": "Exists"}],
    "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["one"]}],
}

CLUSTER: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "airflow-pg", "namespace": "airflow-data", "annotations": {"a": "b"}},
    "spec": {
        "instances": 3,
        "affinity": {
            "additionalPodAffinity": POD_AFFINITY,
            "additionalPodAntiAffinity": POD_AFFINITY,
            "nodeAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": NODE_TERM}],
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [NODE_TERM]},
            },
            "enablePodAntiAffinity": True,
            "nodeSelector": {"disk": "fast"},
            "podAntiAffinityType": "required",
            "tolerations": [
                {"key": "db", "operator": "Equal", "value": "yes", "effect": "NoExecute", "tolerationSeconds": 60}
            ],
            "topologyKey": "topology.kubernetes.io/zone",
        },
        "bootstrap": {
            "initdb": {
                "builtinLocale": "C.UTF-8",
                "database": "airflow",
                "dataChecksums": True,
                "encoding": "UTF8",
                "icuLocale": "en",
                "icuRules": "",
                "locale": "C",
                "localeCType": "C",
                "localeCollate": "C",
                "localeProvider": "builtin",
                "owner": "airflow",
                "postInitApplicationSQL": ["CREATE EXTENSION pg_stat_statements"],
                "postInitSQL": ["SELECT 1"],
                "postInitTemplateSQL": ["SELECT 2"],
                "secret": {"name": "airflow-pg-credentials"},
                "walSegmentSize": 32,
            },
            "pg_basebackup": {
                "source": "elsewhere",
                "database": "airflow",
                "owner": "airflow",
                "secret": {"name": "airflow-pg-credentials"},
            },
            "recovery": {
                "backup": {"name": "daily"},
                "database": "airflow",
                "owner": "airflow",
                "recoveryTarget": {
                    "backupID": "20261121T020000",
                    "exclusive": False,
                    "targetImmediate": True,
                    "targetLSN": "0/16B6C50",
                    "targetName": "before",
                    "targetTLI": "latest",
                    "targetTime": "2026-11-21T02:00:00Z",
                    "targetXID": "1234",
                },
                "secret": {"name": "airflow-pg-credentials"},
                "source": "elsewhere",
            },
        },
        "certificates": {
            "clientCASecret": "a",
            "replicationTLSSecret": "b",
            "serverAltDNSNames": ["pg.acme.lab"],
            "serverCASecret": "c",
            "serverTLSSecret": "d",
        },
        "description": "the metadata database",
        "enablePDB": False,
        "enableSuperuserAccess": True,
        "externalClusters": [
            {
                "name": "elsewhere",
                "connectionParameters": {"host": "db.example.com"},
                "password": {"name": "login", "key": "password"},
                "plugin": {
                    "name": "barman-cloud.cloudnative-pg.io",
                    "enabled": True,
                    "isWALArchiver": False,
                    "parameters": {"barmanObjectName": "store"},
                },
                "sslCert": {"name": "tls", "key": "tls.crt"},
                "sslKey": {"name": "tls", "key": "tls.key"},
                "sslRootCert": {"name": "tls", "key": "ca.crt"},
            }
        ],
        "failoverDelay": 0,
        "imageCatalogRef": {
            "apiGroup": "postgresql.cnpg.io",
            "kind": "ClusterImageCatalog",
            "name": "postgresql",
            "major": 16,
        },
        "imageName": "ghcr.io/cloudnative-pg/postgresql:16.9",
        "imagePullPolicy": "IfNotPresent",
        "imagePullSecrets": [{"name": "registry-login"}],
        "inheritedMetadata": {"annotations": {"x": "y"}, "labels": {"team": "data"}},
        "logLevel": "info",
        "managed": {
            "roles": [
                {
                    "name": "dbt",
                    "bypassrls": False,
                    "comment": "builds the warehouse",
                    "connectionLimit": 20,
                    "createdb": False,
                    "createrole": False,
                    "disablePassword": False,
                    "ensure": "present",
                    "inRoles": ["pg_monitor"],
                    "inherit": True,
                    "login": True,
                    "passwordSecret": {"name": "dbt-login"},
                    "replication": False,
                    "superuser": False,
                }
            ]
        },
        "maxSyncReplicas": 2,
        "minSyncReplicas": 1,
        "monitoring": {
            "customQueriesConfigMap": [{"name": "queries", "key": "queries.yaml"}],
            "disableDefaultQueries": False,
            "enablePodMonitor": True,
            "metricsQueriesTTL": "30s",
            "tls": {"enabled": True},
        },
        "plugins": [
            {
                "name": "barman-cloud.cloudnative-pg.io",
                "enabled": True,
                "isWALArchiver": True,
                "parameters": {"barmanObjectName": "store"},
            }
        ],
        "postgresql": {
            "enableAlterSystem": False,
            "extensions": [
                {
                    "name": "pgvector",
                    "image": {"reference": "example.com/pgvector:0.8", "pullPolicy": "Always"},
                    "dynamic_library_path": ["lib"],
                    "extension_control_path": ["share"],
                    "ld_library_path": ["system"],
                }
            ],
            "parameters": {"max_connections": "200", "shared_buffers": "256MB"},
            "pg_hba": ["hostssl all all 10.42.0.0/16 scram-sha-256"],
            "pg_ident": ["local a b"],
            "shared_preload_libraries": ["pg_stat_statements"],
            "synchronous": {"method": "any", "number": 1, "dataDurability": "preferred", "failoverQuorum": True},
        },
        "primaryUpdateMethod": "restart",
        "primaryUpdateStrategy": "unsupervised",
        "priorityClassName": "platform",
        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi", "example.com/gpu": 1}},
        "schedulerName": "default-scheduler",
        "serviceAccountName": "airflow-pg",
        "serviceAccountTemplate": {"metadata": {"name": "x", "annotations": {"a": "b"}, "labels": {"c": "d"}}},
        "smartShutdownTimeout": 180,
        "startDelay": 3600,
        "stopDelay": 1800,
        "storage": {"resizeInUseVolumes": True, "size": "10Gi", "storageClass": "longhorn"},
        "superuserSecret": {"name": "superuser"},
        "switchoverDelay": 3600,
        "topologySpreadConstraints": [
            {
                "labelSelector": {"matchLabels": {"cnpg.io/cluster": "airflow-pg"}},
                "matchLabelKeys": ["a"],
                "maxSkew": 1,
                "minDomains": 2,
                "nodeAffinityPolicy": "Honor",
                "nodeTaintsPolicy": "Ignore",
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
            }
        ],
        "walStorage": {"resizeInUseVolumes": False, "size": "2Gi", "storageClass": "longhorn"},
    },
}

SMALL_HELM_CHART = {
    **HELM_CHART,
    "metadata": {"name": "airflow"},
    "spec": {"chart": "airflow", "valuesContent": "{}\n", "podSecurityContext": {}, "valuesSecrets": []},
}
SMALL_CLUSTER = {**CLUSTER, "metadata": {"name": "pg"}, "spec": {"instances": 1, "bootstrap": {"initdb": {}}}}

Emit = Callable[..., cdk8s.ApiObject]


def spoiled(manifest: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The manifest with one value set, at a dotted path."""
    copied = copy.deepcopy(manifest)
    *parents, last = path.split(".")
    target: Any = copied
    for step in parents:
        target = target[int(step)] if isinstance(target, list) else target.setdefault(step, {})
    target[last] = value
    return copied


def paths(value: Any, path: str = "") -> list[str]:
    """Every mapping inside the spec, as a dotted path."""
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in paths(item, f"{path}.{index}")]
    if not isinstance(value, dict):
        return []
    return [path, *(found for key, item in value.items() if "." not in key for found in paths(item, f"{path}.{key}"))]


FREE = (
    *("set", "values", "labels", "annotations", "nodeSelector", "parameters", "requests", "limits", "matchLabels"),
    "connectionParameters",
)


def is_free(path: str) -> bool:
    """Whether the mapping at the path takes any key."""
    return any(step in FREE for step in path.split("."))


CLOSED = [
    pytest.param(emit, manifest, path, id=f"{manifest['kind']}{path}")
    for emit, manifest in ((bindings.helm_chart, HELM_CHART), (bindings.cnpg_cluster, CLUSTER))
    for path in ("", ".metadata", *paths(manifest["spec"], ".spec"))
    if not is_free(path)
]


@pytest.mark.parametrize(
    ("emit", "manifest"),
    [
        pytest.param(bindings.helm_chart, HELM_CHART, id="HelmChart"),
        pytest.param(bindings.helm_chart, SMALL_HELM_CHART, id="small HelmChart"),
        pytest.param(bindings.cnpg_cluster, CLUSTER, id="Cluster"),
        pytest.param(bindings.cnpg_cluster, SMALL_CLUSTER, id="small Cluster"),
    ],
)
def test_the_output_is_the_wire(emit: Emit, manifest: dict[str, Any]) -> None:
    chart = cdk8s.Chart(cdk8s.Testing.app(), "unit")
    made = emit(chart, "it", copy.deepcopy(manifest))
    assert isinstance(made, cdk8s.ApiObject)
    assert cdk8s.Testing.synth(chart) == [manifest]


@pytest.mark.parametrize(("emit", "manifest", "path"), CLOSED)
def test_a_key_that_is_not_carried_is_refused_before_anything_is_made(
    emit: Emit, manifest: dict[str, Any], path: str
) -> None:
    chart = cdk8s.Chart(cdk8s.Testing.app(), "unit")
    with pytest.raises(bindings.BindingError, match=r"not handled.*unheardOf"):
        emit(chart, "it", spoiled(manifest, f"{path}.unheardOf".lstrip("."), "x"))
    assert chart.node.children == []


@pytest.mark.parametrize(
    ("emit", "manifest", "path", "value", "words"),
    [
        (bindings.helm_chart, HELM_CHART, "kind", "HelmChartConfig", "must be helm.cattle.io/v1 HelmChart"),
        (bindings.helm_chart, HELM_CHART, "spec.timeout", 30, "spec.timeout is int, and must be text"),
        (bindings.helm_chart, HELM_CHART, "spec.bootstrap", "yes", "must be a boolean"),
        (bindings.helm_chart, HELM_CHART, "spec.failurePolicy", "ignore", "a value of the enum"),
        (bindings.helm_chart, HELM_CHART, "spec.set", ["a=b"], "must be a mapping"),
        (bindings.helm_chart, HELM_CHART, "spec.valuesSecrets", {"name": "x"}, "must be a list"),
        (bindings.helm_chart, HELM_CHART, "spec", None, "must be a mapping"),
        (
            bindings.cnpg_cluster,
            CLUSTER,
            "apiVersion",
            "postgresql.cnpg.io/v2",
            "must be postgresql.cnpg.io/v1 Cluster",
        ),
        (bindings.cnpg_cluster, CLUSTER, "spec.instances", True, "spec.instances is bool, and must be a number"),
        (bindings.cnpg_cluster, CLUSTER, "spec.postgresql.parameters.max_connections", 200, "must be text"),
        (bindings.cnpg_cluster, CLUSTER, "spec.bootstrap.initdb.secret.name", None, "must be text"),
    ],
)
def test_a_wrong_type_is_refused(emit: Emit, manifest: dict[str, Any], path: str, value: object, words: str) -> None:
    chart = cdk8s.Chart(cdk8s.Testing.app(), "unit")
    with pytest.raises(bindings.BindingError, match=words):
        emit(chart, "it", spoiled(manifest, path, value))
    assert chart.node.children == []


def test_every_field_of_a_helm_chart_is_tried_here() -> None:
    definition = yaml.safe_load(
        (ROOT / "imports" / "crds" / "helmcharts.helm.cattle.io.yaml").read_text(encoding="utf-8")
    )
    (version,) = definition["spec"]["versions"]
    fields = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert set(HELM_CHART["spec"]) == set(fields)


def test_the_charts_namespace_and_labels_apply() -> None:
    chart = cdk8s.Chart(cdk8s.Testing.app(), "unit", namespace="home", labels={"team": "data"})
    bindings.cnpg_cluster(chart, "it", SMALL_CLUSTER)
    assert cdk8s.Testing.synth(chart)[0]["metadata"] == {"name": "pg", "namespace": "home", "labels": {"team": "data"}}


PROGRAM = """
import json, sys
import cdk8s
from cdk8s_airflow.kube import bindings

chart = cdk8s.Chart(cdk8s.Testing.app(), "unit")

def ours():
    bindings.helm_chart(chart, "ours", json.loads(sys.argv[2]))
    bindings.cnpg_cluster(chart, "ours-pg", json.loads(sys.argv[3]))

def theirs():
    from imports.io.cattle import helm
    from imports.io.cnpg import postgresql

    spec = helm.HelmChartSpec(chart="podinfo", only_theirs="new")
    assert isinstance(helm.HelmChart(chart, "theirs", metadata={"name": "theirs"}, spec=spec), helm.HelmChart)
    postgresql.Cluster(chart, "theirs-pg", metadata={"name": "theirs-pg"}, spec=postgresql.ClusterSpec(instances=2))

for name in sys.argv[1].split():
    globals()[name]()
print(json.dumps(cdk8s.Testing.synth(chart)))
"""


@pytest.fixture(scope="module")
def users_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project with bindings of the same groups, without a prefix, from definitions of another version."""
    folder = tmp_path_factory.mktemp("user")
    for name in ("helmcharts.helm.cattle.io", "clusters.postgresql.cnpg.io"):
        definition = yaml.safe_load((ROOT / "imports" / "crds" / f"{name}.yaml").read_text(encoding="utf-8"))
        # The fields that the program below sets; all fields take cdk8s a quarter of a minute.
        spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"] = {
            name: spec["properties"][name] for name in ("chart", "instances") if name in spec["properties"]
        }
        spec["properties"]["onlyTheirs"] = {"type": "string"}
        spec.pop("required", None)
        file = folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(definition), encoding="utf-8")
        subprocess.run(
            [CLI, "import", file.name, "--language", "python", "--output", "imports", "--save", "false"],
            cwd=folder,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "CDK8S_CHECK_UPGRADE": "false"},
        )
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    return folder


@pytest.mark.skipif(not CLI.exists(), reason="needs the tools of package.json, which make sets up")
@pytest.mark.parametrize("order", ["ours theirs", "theirs ours"])
def test_a_users_own_bindings_of_the_same_groups_work_together_with_ours(users_folder: Path, order: str) -> None:
    run = subprocess.run(
        [sys.executable, "program.py", order, json.dumps(SMALL_HELM_CHART), json.dumps(SMALL_CLUSTER)],
        cwd=users_folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    written = {manifest["metadata"]["name"]: manifest for manifest in json.loads(run.stdout)}
    assert written["airflow"] == SMALL_HELM_CHART
    assert written["pg"] == SMALL_CLUSTER
    assert written["theirs"]["spec"] == {"chart": "podinfo", "onlyTheirs": "new"}
    assert written["theirs-pg"]["spec"] == {"instances": 2}


def test_bindings_are_generated_only_for_kinds_that_use_them() -> None:
    source = Path(bindings.__file__).read_text(encoding="utf-8")
    imported = {
        line.split("cdk8s_airflow_crds.")[1].split(".")[0]
        for line in source.splitlines()
        if "import" in line and "cdk8s_airflow_crds." in line
    }
    assert {
        folder.name
        for folder in (ROOT / "imports" / "cdk8s_airflow_crds").iterdir()
        if folder.is_dir() and not folder.name.startswith("__")
    } == imported
    assert {
        line.split(":=")[0].split(".")[1]
        for line in (ROOT / "cdk8s.yaml").read_text(encoding="utf-8").splitlines()
        if ":=" in line
    } == imported
