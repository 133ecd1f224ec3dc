"""One valid value for every key of a chart, unlike the chart's default, for sweeps over all keys.

A key is a place in the facts of a chart version that the chart reads as a unit: a scalar, a list, a map with names of the
user's own, or a Kubernetes type that the chart writes unchanged.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.schemas import facts_store

Key = tuple[str, ...]
Node = Mapping[str, Any]

TOKEN = "sweep"
"""What names and texts among the values are made of."""

_SECTIONS = ("logGroomerConfigType",)
"""Definitions that are sections of the chart, not types of Kubernetes."""

_NEVER_ONE = re.compile(r"config\.")
"""Keys that have names of the user's own at two levels."""

OF_KUBERNETES: Mapping[str, Any] = {
    "ResourceRequirements": {"requests": {"cpu": "177m"}},
    "Affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 77, "podAffinityTerm": {"topologyKey": TOKEN, "labelSelector": {"matchLabels": {TOKEN: "x"}}}}]}},
    "SecurityContext": {"runAsUser": 17777},
    "PodSecurityContext": {"runAsUser": 17777},
    "Lifecycle": {"preStop": {"exec": {"command": [TOKEN]}}},
    "HorizontalPodAutoscalerBehavior": {"scaleDown": {"stabilizationWindowSeconds": 77}},
    "EmptyDirVolumeSource": {"sizeLimit": "7Gi"},
    "DeploymentStrategy": {"rollingUpdate": {"maxSurge": "77%"}},
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "Probe": {"exec": {"command": [TOKEN]}, "periodSeconds": 77},
}  # fmt: skip
"""Type of Kubernetes -> a value of it."""

OF_ITEMS: Mapping[str, Any] = {
    "Container": {"name": TOKEN, "image": f"{TOKEN}:1"},
    "Volume": {"name": TOKEN, "emptyDir": {}},
    "VolumeMount": {"name": TOKEN, "mountPath": f"/{TOKEN}"},
    "Toleration": {"key": TOKEN, "operator": "Exists"},
    "TopologySpreadConstraint": {"maxSkew": 7, "topologyKey": TOKEN, "whenUnsatisfiable": "ScheduleAnyway"},
    "HostAlias": {"ip": "10.77.7.7", "hostnames": [TOKEN]},
    "EnvVar": {"name": TOKEN.upper(), "value": "x"},
    "name,value": {"name": TOKEN.upper(), "value": "x"},
    "name,value,valueFrom": {"name": TOKEN.upper(), "value": "x"},
    "NetworkPolicyPeer": {"podSelector": {"matchLabels": {TOKEN: "x"}}},
    "NetworkPolicyPort": {"port": 7777},
    "MetricSpec": {"type": "Resource",
                   "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 77}}},
    "name,nodePort,port,protocol,targetPort": {"name": TOKEN, "port": 7777},
    "name,port,protocol,targetPort": {"name": TOKEN, "port": 7777},
    "path,pathType,serviceName,servicePort": {"path": f"/{TOKEN}", "pathType": "Exact", "serviceName": TOKEN, "servicePort": "http"},
    "ContainerPort": {"name": TOKEN, "containerPort": 7777},
    "PersistentVolumeClaimTemplate": {"metadata": {"name": TOKEN}, "spec": {"storageClassName": TOKEN, "accessModes": ["ReadWriteOnce"],
                                      "resources": {"requests": {"storage": "7Gi"}}}},
    "LimitRangeItem": {"type": "Pod", "max": {"cpu": "77"}},
    "name,preemptionPolicy,value": {"name": TOKEN, "preemptionPolicy": "Never", "value": 77},
    "envName,secretKey,secretName": {"envName": TOKEN.upper(), "secretName": TOKEN, "secretKey": "x"},
    "classpath,kwargs,name": {"name": TOKEN, "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {}},
    "object": {"match": f"{TOKEN}.*", "name": TOKEN},
    "string": TOKEN,
}  # fmt: skip
"""Type of a list's items -> one item."""

AT: Mapping[str, Any] = {
    "imagePullSecrets": [{"name": TOKEN}],
    "quotas": {"pods": "77"},
    "extraSecrets": {TOKEN: {"data": "a: eA=="}},
    "extraConfigMaps": {TOKEN: {"data": "a: b"}},
    "extraEnv": f"- name: {TOKEN.upper()}\n  value: x\n",
    "extraEnvFrom": f"- configMapRef:\n    name: {TOKEN}\n",
    "dags.gitSync.envFrom": f"- configMapRef:\n    name: {TOKEN}\n",
    "dags.gitSync.repo": f"https://git.example.com/{TOKEN}.git",
    "podTemplate": "apiVersion: v1\nkind: Pod\nmetadata: {name: sweep}\nspec: {containers: [{name: base, image: x}]}\n",
    "workers.celery.sets": [{"name": TOKEN, "queue": TOKEN}],
    "executor": "LocalExecutor",
    "defaultAirflowDigest": "sha256:" + "7" * 64,
    "images.airflow.digest": "sha256:" + "7" * 64,
    "kerberos.keytabBase64Content": "c3dlZXA=",
    # Charts from 1.20 on put their own Service into these paths, whose only port is api-server.
    "ingress.apiServer.precedingPaths": [
        {"path": f"/{TOKEN}", "pathType": "Exact", "serviceName": TOKEN, "servicePort": "api-server"}
    ],
    "ingress.apiServer.succeedingPaths": [
        {"path": f"/{TOKEN}", "pathType": "Exact", "serviceName": TOKEN, "servicePort": "api-server"}
    ],
    "redis.service.nodePort": 30777,
    "redis.service.clusterIP": "10.43.7.7",
    "pgbouncer.service.clusterIp": "10.43.7.7",
    "priorityClasses": [{"name": TOKEN, "preemptionPolicy": "Never", "value": 77}],
    "global": {TOKEN: "x"},
    "logs.emptyDirConfig": {"sizeLimit": "7Gi"},
    "statsd.cache.size": 77,
    "workers.celery.livenessProbe.enabled": False,
    "workers.celery.waitForMigrations.enabled": False,
}
"""Dotted key -> a value, where its type alone would not give one that means something."""

BY_NAME: Mapping[str, Any] = {
    "size": "77Gi",
    "schedule": "7 7 * * *",
    "period": "77s",
    "webserverConfig": "AUTH_TYPE = 1\n",
    "apiServerConfig": "AUTH_TYPE = 1\n",
    "airflowLocalSettings": "X = 1\n",
    "expirationSeconds": 7777,
    "host": f"{TOKEN}.example.com",
    "hosts": [{"name": f"{TOKEN}.example.com"}],
    "path": f"/{TOKEN}",
    "mountPath": f"/{TOKEN}",
    "scheme": "HTTPS",
    "config": f"# {TOKEN}\n",
    "nodeSelector": {TOKEN: "x"},
    "loadBalancerSourceRanges": ["10.77.0.0/16"],
    "namespaceLabels": {TOKEN: "x"},
    "fsGroup": 7777,
    "httpPort": 7777,
    "protocol": "postgresql+psycopg2",
}
"""Last step of a key -> a value likewise."""


def _resolved(schema: Node, node: Node) -> tuple[Node, str | None]:
    """A node without references, and the type of Kubernetes that it is."""
    name = None
    while "$ref" in node:
        last = node["$ref"].rsplit("/", 1)[-1]
        name = name if re.fullmatch(r"s\d+", last) else last
        node = schema["definitions"][last]
    return node, name


@functools.cache
def keys(chart: str) -> Mapping[Key, tuple[Node, str | None]]:
    """Every key of a chart version -> its node in the facts and the type of Kubernetes that it has."""
    schema = facts_store.values_schema(chart)
    found: dict[Key, tuple[Node, str | None]] = {}

    def walk(node: Node, at: Key) -> None:
        node, name = _resolved(schema, node)
        properties = node.get("properties")
        if properties and (name is None or name in _SECTIONS):
            for step, child in properties.items():
                walk(child, (*at, step))
        else:
            found[at] = node, name

    for step, child in schema["properties"].items():
        walk(child, (step,))
    return {at: each for at, each in found.items() if not _NEVER_ONE.match(".".join(at) + ".")}


def sample(chart: str, key: Key, unlike: object = None) -> Any:
    """A valid value of a key, other than ``unlike``."""
    for value in _candidates(chart, key):
        if value != unlike:
            return value
    raise LookupError(f"no value for {'.'.join(key)} of chart {chart}")


def _candidates(chart: str, key: Key) -> Iterator[Any]:
    node, name = keys(chart)[key]
    dotted = ".".join(key)
    if dotted in AT:
        yield AT[dotted]
    if key[-1] in BY_NAME:
        yield BY_NAME[key[-1]]
    if name in OF_KUBERNETES:
        yield OF_KUBERNETES[name]
    yield from node.get("enum", ())
    yield from _of_type(chart, node)


def _of_type(chart: str, node: Node) -> Iterator[Any]:
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _of_type(chart, _resolved(facts_store.values_schema(chart), branch)[0])
    told = node.get("type", ())
    types = (told,) if isinstance(told, str) else tuple(told)
    if "array" in types or "items" in node:
        schema = facts_store.values_schema(chart)
        items, name = _resolved(schema, node.get("items", {}))
        of = name or ",".join(sorted(items.get("properties", ()))) or items.get("type", "string")
        of = "string" if isinstance(of, list) else of
        yield [OF_ITEMS[of]] if of in OF_ITEMS else [TOKEN]
    if "integer" in types:
        yield from (77, 78)
    if "number" in types:
        yield from (77, 78)
    if "boolean" in types:
        yield from (True, False)
    if "string" in types:
        yield from (TOKEN, f"{TOKEN}2")
    if "object" in types or "additionalProperties" in node:
        yield {TOKEN: "x"}
    if not types and "items" not in node:
        yield {TOKEN: "x"}


def nested(key: Key, value: object) -> dict[str, Any]:
    """A tree with one value at a key."""
    tree: Any = value
    for step in reversed(key):
        tree = {step: tree}
    return json.loads(json.dumps(tree))
