"""The judge of custom resources follows the API server's order, and is seen to refuse each kind of broken one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.truth import crds

CLUSTER: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Cluster",
    "metadata": {"name": "airflow-pg", "namespace": "airflow-data", "labels": {"a": "b"}},
    "spec": {
        "instances": 1,
        "imageName": "ghcr.io/cloudnative-pg/postgresql:16.4",
        "bootstrap": {"initdb": {"database": "airflow", "owner": "airflow", "secret": {"name": "credentials"}}},
        "storage": {"size": "10Gi", "storageClass": "longhorn"},
        "postgresql": {"parameters": {"max_connections": "200"}, "synchronous": {"method": "any", "number": 1}},
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}},
        "affinity": {"tolerations": [{"key": "a", "operator": "Exists"}]},
        "env": [{"name": "A", "value": "b"}],
    },
}
POOLER: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Pooler",
    "metadata": {"name": "airflow-pool", "namespace": "airflow-data"},
    "spec": {
        "cluster": {"name": "airflow-pg"},
        "instances": 1,
        "type": "rw",
        "pgbouncer": {"poolMode": "session", "parameters": {"max_client_conn": "100"}},
        "template": {
            "spec": {"containers": [{"name": "pgbouncer", "ports": [{"containerPort": 5432, "protocol": "TCP"}]}]}
        },
    },
}
SCHEDULED_BACKUP: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "ScheduledBackup",
    "metadata": {"name": "nightly", "namespace": "airflow-data"},
    "spec": {"schedule": "0 0 2 * * *", "cluster": {"name": "airflow-pg"}, "backupOwnerReference": "self"},
}
DATABASE: dict[str, Any] = {
    "apiVersion": "postgresql.cnpg.io/v1",
    "kind": "Database",
    "metadata": {"name": "reporting", "namespace": "airflow-data"},
    "spec": {"name": "reporting", "owner": "airflow", "cluster": {"name": "airflow-pg"}},
}
HELM_CHART: dict[str, Any] = {
    "apiVersion": "helm.cattle.io/v1",
    "kind": "HelmChart",
    "metadata": {"name": "airflow", "namespace": "kube-system"},
    "spec": {
        "chart": "airflow",
        "version": "1.22.0",
        "targetNamespace": "airflow",
        "valuesContent": "a: 1\n",
        "timeout": "30m",
    },
}
SECRET_STORE: dict[str, Any] = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "SecretStore",
    "metadata": {"name": "vault", "namespace": "airflow"},
    "spec": {"provider": {"vault": {"server": "https://vault.acme.lab", "path": "kv", "caBundle": "YWJj"}}},
}
EXTERNAL_SECRET: dict[str, Any] = {
    "apiVersion": "external-secrets.io/v1",
    "kind": "ExternalSecret",
    "metadata": {"name": "a", "namespace": "airflow"},
    "spec": {
        "secretStoreRef": {"kind": "SecretStore", "name": "vault"},
        "data": [{"secretKey": "k", "remoteRef": {"key": "a", "property": "k"}}],
    },
}
SEALED_SECRET: dict[str, Any] = {
    "apiVersion": "bitnami.com/v1alpha1",
    "kind": "SealedSecret",
    "metadata": {"name": "a", "namespace": "airflow"},
    "spec": {"encryptedData": {"k": "AgB1"}, "template": {"type": "Opaque"}},
}
SOUND = [CLUSTER, POOLER, SCHEDULED_BACKUP, DATABASE, HELM_CHART, SECRET_STORE, EXTERNAL_SECRET, SEALED_SECRET]


def broken(manifest: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    result = copy.deepcopy(manifest)
    node: Any = result
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        node = node[part] if isinstance(part, int) else node.setdefault(part, {})
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return result


@pytest.mark.parametrize("manifest", SOUND, ids=lambda manifest: manifest["kind"])
def test_sound_resources_are_accepted_and_left_alone(manifest: dict[str, Any]) -> None:
    before = copy.deepcopy(manifest)
    assert crds.judge(manifest).problems == []
    crds.assert_accepted(manifest)
    assert manifest == before


BROKEN: list[tuple[dict[str, Any], str, object, str]] = [
    # unknown fields
    (CLUSTER, "spec/instnaces", 1, "spec: unknown field 'instnaces'"),
    (CLUSTER, "spec/storage/storge", "x", "spec.storage: unknown field 'storge'"),
    (CLUSTER, "metadata/lables", {}, "metadata: unknown field 'lables'"),
    (CLUSTER, "sepc", {}, "(root): unknown field 'sepc'"),
    (CLUSTER, "spec/affinity/tolerations/0/efect", "x", "spec.affinity.tolerations[0]: unknown field 'efect'"),
    (POOLER, "spec/template/spec/containers/0/imagePull", "x", "unknown field 'imagePull'"),
    (HELM_CHART, "spec/values_content", "", "unknown field 'values_content'"),
    (DATABASE, "spec/dbname", "x", "unknown field 'dbname'"),
    # required, types, enums, patterns, bounds
    (CLUSTER, "spec", ..., "'spec' is a required property"),
    (POOLER, "spec/pgbouncer", ..., "'pgbouncer' is a required property"),
    (SCHEDULED_BACKUP, "spec/schedule", ..., "'schedule' is a required property"),
    (DATABASE, "spec/owner", ..., "'owner' is a required property"),
    (CLUSTER, "spec/instances", 0, "0 is less than the minimum of 1"),
    (CLUSTER, "spec/instances", "1", "'1' is not of type 'integer'"),
    (CLUSTER, "spec/instances", True, "True is not of type 'integer'"),
    (POOLER, "spec/instances", 2**31, "is greater than the maximum of 2147483647"),
    (CLUSTER, "spec/storage/size", 10, "10 is not of type 'string'"),
    (CLUSTER, "spec/resources/requests/memory", "1Gb", "does not match"),
    (CLUSTER, "spec/resources/requests/memory", "1Gi\n", "does not match"),
    (CLUSTER, "spec/resources/requests/memory", ["1Gi"], "is not of type 'integer', 'string'"),
    (CLUSTER, "spec/postgresql/parameters/max_connections", 200, "200 is not of type 'string'"),
    (CLUSTER, "spec/postgresql/synchronous/method", "all", "'all' is not one of"),
    (CLUSTER, "spec/primaryUpdateStrategy", "manual", "'manual' is not one of"),
    (CLUSTER, "spec/imageName", None, "None is not of type 'string'"),
    (POOLER, "spec/type", "write", "'write' is not one of"),
    (POOLER, "spec/pgbouncer/parameters/max_client_conn", 100, "100 is not of type 'string'"),
    (SCHEDULED_BACKUP, "spec/backupOwnerReference", "me", "'me' is not one of"),
    (HELM_CHART, "spec/failurePolicy", "retry-once", "'retry-once' is not one of"),
    (HELM_CHART, "spec/valuesContent", {"a": 1}, "is not of type 'string'"),
    (HELM_CHART, "spec/bootstrap", "true", "'true' is not of type 'boolean'"),
    # lists with keys
    (CLUSTER, "spec/topologySpreadConstraints", [{"maxSkew": 1, "topologyKey": "a"}], "'whenUnsatisfiable' is a required property"),
    (POOLER, "spec/template/spec/containers/0/ports", [{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}], "is there twice"),
    (POOLER, "spec/template/spec/containers", [{"name": "a"}, {"name": "a"}], "is there twice"),
    # rules
    (CLUSTER, "spec/imageCatalogRef", {"apiGroup": "postgresql.cnpg.io", "kind": "ImageCatalog", "name": "a", "major": 16}, "mutually exclusive"),
    (CLUSTER, "spec/bootstrap/initdb/icuLocale", "en", "icuLocale is only available"),
    (CLUSTER, "spec/postgresql/synchronous/number", 0, "greater than zero"),
    (CLUSTER, "spec/postgresql/synchronous", {"method": "any", "number": 1, "dataDurability": "preferred", "standbyNamesPre": ["a"]}, "preferred"),
    (POOLER, "spec/pgbouncer/imageCatalogRef", {"apiGroup": "x", "kind": "ImageCatalog", "name": "a", "key": "b"}, "apiGroup must be"),
    (DATABASE, "spec/name", "postgres", "the name postgres is reserved"),
    (DATABASE, "spec/name", "template1", "the name template1 is reserved"),
    (DATABASE, "spec/builtinLocale", "C", "builtinLocale is only available"),
    (SECRET_STORE, "spec/provider/vault/caBundle", "a b", "is not in base64"),
    (SECRET_STORE, "spec/provider/vault/server", ..., "'server' is a required property"),
    (SECRET_STORE, "spec/provider/valut", {}, "unknown field 'valut'"),
    (EXTERNAL_SECRET, "spec/secretStoreRef/kind", "Store", "'Store' is not one of"),
    (EXTERNAL_SECRET, "spec/data/0/remoteRef/key", ..., "'key' is a required property"),
    (EXTERNAL_SECRET, "apiVersion", "external-secrets.io/v1beta1", "does not serve 'v1beta1'"),
    (SEALED_SECRET, "spec/encryptedData", ..., "'encryptedData' is a required property"),
    (SEALED_SECRET, "spec/encryptedData/k", 1, "1 is not of type 'string'"),
    # the envelope
    (CLUSTER, "metadata/name", "Airflow", "metadata.name"),
    (CLUSTER, "metadata/labels/a", 1, "metadata.labels.a"),
    (CLUSTER, "status", {"phase": "x"}, "status: only the controller writes it"),
    (CLUSTER, "apiVersion", "postgresql.cnpg.io/v2", "does not serve 'v2'"),
    (CLUSTER, "kind", "Clutser", "no definition of postgresql.cnpg.io/v1 Clutser"),
    (CLUSTER, "apiVersion", "v1", "no definition of v1 Cluster"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "path", "value", "said"),
    BROKEN,
    ids=[
        f"{manifest['kind']}-{path.rsplit('/', 1)[-1]}-{number}" for number, (manifest, path, *_) in enumerate(BROKEN)
    ],
)
def test_broken_resources_are_refused_for_the_right_reason(
    manifest: dict[str, Any], path: str, value: object, said: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        crds.assert_accepted(broken(manifest, path, value))
    assert said in str(caught.value)


def test_all_problems_come_at_once() -> None:
    manifest = broken(broken(CLUSTER, "spec/instances", 0), "spec/storage/storge", "x")
    assert len(crds.judge(manifest).problems) == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec/resources/requests/memory", 1024),
        ("spec/resources/requests/memory", "1Gi"),
        ("spec/logLevel", None),
        ("spec/instances", 3),
    ],
)
def test_what_the_api_server_takes_is_taken(path: str, value: object) -> None:
    """Numbers as quantities, and a null where a default stands behind it."""
    crds.assert_accepted(broken(CLUSTER, path, value))


def test_defaults_are_filled_in_before_required_fields_are_checked() -> None:
    schema = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "default": "a"}, "list": {"type": "array", "items": {"$same": True}}},
    }
    value: dict[str, Any] = {"kind": None}
    crds._fill_defaults(value, schema)
    assert value == {"kind": "a"}
    sound = broken(
        CLUSTER,
        "spec/bootstrap/initdb/import",
        {"type": "microservice", "databases": ["a"], "source": {"externalCluster": "b"}},
    )
    crds.assert_accepted(sound)


def test_a_rule_that_nobody_can_evaluate_is_reported_and_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = broken(HELM_CHART, "spec/driver", "job")
    values = crds.definitions()["helm.cattle.io", "HelmChart"].schemas["v1"]["properties"]["spec"]["properties"][
        "driver"
    ]
    manifest["spec"]["driver"] = values.get("enum", ["job"])[0]
    (rule,) = crds.judge(manifest).unevaluated
    monkeypatch.setattr(crds, "SEEN_UNEVALUATED", type(crds.SEEN_UNEVALUATED)())
    crds.assert_accepted(manifest)
    assert {rule: 1} == crds.SEEN_UNEVALUATED
    assert [line for line in crds.report() if "spec.driver" in line]
    monkeypatch.setattr(crds, "NOT_EVALUATED", frozenset())
    with pytest.raises(AssertionError, match="nothing here can evaluate the rule"):
        crds.assert_accepted(manifest)


def _every_rule(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, rule) for rule in schema.get("x-kubernetes-validations", [])]
    for key, inner in schema.get("properties", {}).items():
        found += _every_rule(inner, f"{path}.{key}".lstrip("."))
    for word, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(word), dict):
            found += _every_rule(schema[word], path + suffix)
    return found


def test_the_list_of_unevaluated_rules_is_exactly_what_no_evaluator_can_do() -> None:
    unable = set()
    compiled = 0
    for definition in crds.definitions().values():
        for schema in definition.schemas.values():
            for path, rule in _every_rule(schema):
                about_a_change = "oldSelf" in rule["rule"] and not rule.get("optionalOldSelf")
                if crds.evaluable(rule):
                    crds._program(rule["rule"])
                    compiled += 1
                elif not about_a_change:
                    unable.add((definition.name, path, rule["rule"]))
    assert unable == crds.NOT_EVALUATED
    assert compiled > 15


def test_rules_with_functions_of_kubernetes_alone_are_known_to_be_out_of_reach() -> None:
    assert crds.evaluable({"rule": "self.size() > 0 && self.all(x, x.startsWith('a'))"})
    assert not crds.evaluable({"rule": "quantity(self).isGreaterThan(quantity('1Gi'))"})
    assert not crds.evaluable({"rule": "isURL(self)"})
    assert not crds.evaluable({"rule": "self == oldSelf"})
    assert crds.evaluable({"rule": "self != 'oldSelf' || self != 'url(x)'"})


def test_a_format_that_is_enforced_and_not_known_here_stops_the_judge() -> None:
    with pytest.raises(NotImplementedError, match="duration"):
        crds._converted({"type": "string", "format": "duration"})


def test_exclusive_bounds_nullable_and_dates_are_converted() -> None:
    schema = {
        "type": "object",
        "properties": {
            "more": {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            "maybe": {"type": "string", "nullable": True, "enum": ["a"]},
            "when": {"type": "string", "format": "date-time"},
        },
    }
    judge = crds._Judge(crds._converted(schema))
    assert judge.is_valid({"more": 2, "maybe": None, "when": "2026-01-01T00:00:00Z"})
    assert not judge.is_valid({"more": 1})
    assert not judge.is_valid({"maybe": "b"})
    assert not judge.is_valid({"when": "2026-01-01"})


def test_an_entry_of_a_list_that_lacks_a_default_is_reported() -> None:
    cluster = copy.deepcopy(CLUSTER)
    cluster["spec"]["plugins"] = [{"name": "a.example.com"}]
    assert crds.defaults_in_lists(cluster) == [
        "spec.plugins[0].enabled: the API server adds True; write the default",
        "spec.plugins[0].isWALArchiver: the API server adds False; write the default",
    ]
    cluster["spec"]["plugins"] = [{"name": "a.example.com", "enabled": True, "isWALArchiver": False}]
    assert crds.defaults_in_lists(cluster) == []
