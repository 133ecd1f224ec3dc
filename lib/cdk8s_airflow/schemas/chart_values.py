"""Checks values of the official Airflow chart: which keys and values one chart version accepts and uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.schemas import validation_errors as translate
from cdk8s_airflow.schemas.misplaced_keys import Table, table
from cdk8s_airflow.schemas.secret_values import is_airflow_secret, is_bare_address, is_secret_place, is_secret_variable
from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.secret_scan import active, find_in_tree, is_reference
from cdk8s_airflow.text.documents import Path, dotted, plain, steps_below
from cdk8s_airflow.validation import Finding, show

_AREA = "values"
_PREFIX = "values"
_EXECUTORS_2 = (
    "LocalExecutor",
    "CeleryExecutor",
    "KubernetesExecutor",
    "LocalKubernetesExecutor",
    "CeleryKubernetesExecutor",
)
_EXECUTORS_3 = ("LocalExecutor", "CeleryExecutor", "KubernetesExecutor")


def check_values(
    values: Mapping[str, object],
    *,
    chart_version: str,
    airflow_version: str,
    executor: str,
    schema: store.Schema | None = None,
    effects: bool = True,
    advice: translate.Advice | None = None,
) -> list[Finding]:
    """Everything that is wrong with values for one chart version.

    These are refused: unknown keys at any depth; values of the wrong type or form; keys that this chart version accepts
    but ignores with this Airflow version and executor; secrets in clear text; values that YAML cannot represent.
    ``null`` in a mapping deletes a default, as in Helm. It is accepted for every known key except whole sections: without
    a section, the chart does not render.

    Args:
        values: the values document, or a part of it.
        chart_version: one of :func:`chart_versions`, or any version with ``schema``.
        airflow_version: the Airflow version that the release runs, such as ``3.2.2``. It decides which keys are used.
        executor: the value of ``executor``; several separated by commas, if the chart supports that.
        schema: the facts of a version that this library has none for. Default: those of ``chart_version``.
        effects: whether keys without effect with this executor and Airflow version are findings. Default: yes.
        advice: returns the fix for an unknown key without reviewed advice. Default: the most similar known key.

    Returns:
        All findings, in the order of the document; empty if the values are valid.
    """
    if schema is None and chart_version not in store.chart_versions():
        known = ", ".join(store.chart_versions())
        return [
            Finding(
                rule="values/chart-version",
                at="chart_version",
                problem="must be a chart version that this library supports",
                seen=show(chart_version),
                fix=f"use one of: {known}",
            )
        ]
    document, found = plain(values, area=_AREA, prefix=_PREFIX)
    setting = Setting(chart=chart_version, airflow=airflow_version, executor=executor)
    validator = store.values_validator(chart_version) if schema is None else store.Validator(schema)
    schema = store.values_schema(chart_version) if schema is None else schema
    applying = table(setting)
    facts = translate.Document(
        schema=schema,
        area=_AREA,
        prefix=_PREFIX,
        holder=f"chart {chart_version}",
        field="key",
        advice=lambda path: _advice(applying, schema, path) or (advice(path) if advice is not None else None),
    )
    found += _secrets(document)
    if effects:
        found += _ignored(document, facts, setting)
        found += _half_said(document, setting)
    found += _executor(document, setting, schema)
    without_nulls, nulls = _delete_nulls(document)
    found += _refused_nulls(nulls, facts)
    found += translate.findings(facts, validator, without_nulls)
    return list(dict.fromkeys(found))


def _advice(applying: Table, schema: store.Schema, path: Path) -> str | None:
    """The reviewed fix for a key; without one, the chart versions that have the key."""
    reviewed = applying.at(path)
    if reviewed is not None:
        return reviewed.instead
    if not translate.knows(schema, path):
        others = [v for v in store.chart_versions() if translate.names(store.values_schema(v), path)]
        if others:
            return f'remove it, or use chart_version="{others[-1]}"'
    return None


def _ignored(document: dict[str, Any], facts: translate.Document, setting: Setting) -> Iterator[Finding]:
    """Keys that this version accepts and ignores with this executor and this Airflow version."""
    # Values that follow from arguments always have an effect. So this module is loaded only for values that a user passed.
    from cdk8s_airflow.schemas import value_classes

    values = value_classes.Values(setting, document, {})
    for path, value, told in value_classes.idle_keys(document, values):
        if translate.knows(facts.schema, path):
            yield value_classes.finding(path, value, told)


def _half_said(document: dict[str, Any], setting: Setting) -> Iterator[Finding]:
    """Keys that have an effect only together with another key, which is not set."""
    dags = document.get("dags")
    sync = dags.get("gitSync") if isinstance(dags, dict) else None
    if isinstance(sync, dict) and isinstance(sync.get("ref"), str):
        branch, rev = sync.get("branch", "v2-2-stable"), sync.get("rev", "HEAD")
        if branch and rev in ("", "HEAD", None) and branch != sync["ref"]:
            yield Finding(
                rule="values/ignored-key",
                at="values.dags.gitSync.ref",
                problem="has no effect alone: git-sync follows dags.gitSync.branch unless both are equal or branch is empty",
                seen=show(sync["ref"]),
                fix="set ref= of the DAG source (or set dags.gitSync.branch to the same value)",
            )
    if not setting.task_pods:
        return
    images, config = document.get("images"), document.get("config")
    airflow = images.get("airflow") if isinstance(images, dict) else None
    pods = config.get("kubernetes_executor") if isinstance(config, dict) else None
    told = pods.get("worker_container_repository") if isinstance(pods, dict) else None
    for at, digest in (
        ("values.defaultAirflowDigest", document.get("defaultAirflowDigest")),
        ("values.images.airflow.digest", airflow.get("digest") if isinstance(airflow, dict) else None),
    ):
        if digest and not told:
            yield Finding(
                rule="values/ignored-key",
                at=at,
                problem="is ignored by task pods: Airflow builds their image from repository and tag",
                seen=show(digest),
                fix="add the digest to config.kubernetes_executor.worker_container_repository and _tag too",
            )


def _executor(document: dict[str, Any], setting: Setting, schema: store.Schema) -> Iterator[Finding]:
    given = document.get("executor")
    if not isinstance(given, str) or "enum" in schema["properties"].get("executor", {}):
        return
    known = _EXECUTORS_3 if setting.airflow_3 else _EXECUTORS_2
    for name in given.split(","):
        if re.fullmatch(r"\w+", name) and name not in known:
            guess = translate.nearest(name, known)
            yield Finding(
                rule="values/executor",
                at="values.executor",
                problem=f"must be an executor of Airflow {setting.airflow}",
                seen=show(name),
                fix=(f"did you mean {guess!r}? " if guess else "") + f"Use one of: {', '.join(known)}",
            )


def secret_findings(values: Mapping[str, object], prefix: str = _PREFIX) -> list[Finding]:
    """Secrets in clear text among values of the chart. No finding shows the secret.

    Args:
        values: the values document, or a part of it.
        prefix: is put before every path.
    """
    return list(_secrets(plain(values, area=_AREA, prefix=prefix)[0], prefix))


def _secrets(document: dict[str, Any], prefix: str = _PREFIX) -> Iterator[Finding]:
    known: list[Path] = []
    for path, value in steps_below(document):
        if value is None or value == "" or value == {} or value == [] or path[: len(path) - 1] in known:
            continue
        if is_secret_place(path):
            known.append(path)
            yield _literal(path, "contains a secret in clear text", prefix)
        elif path[-1] == "value" and len(path) >= 2:
            named = _at(document, path[:-1]).get("name")
            if (
                isinstance(named, str)
                and is_secret_variable(named)
                and not is_reference(str(value))
                and not is_bare_address(named, str(value))
                and (is_airflow_secret(named) or not active().covers(str(value)))
            ):
                known.append(path)
                yield _literal(path, f"sets the secret variable {named} in clear text", prefix)
    for path, what in find_in_tree(document):
        if not any(path[: len(place)] == place for place in known):
            yield _literal(path, f"contains {what}", prefix, exempting=', or, if it is not a secret, not_secret("...")')


def _literal(path: Path, problem: str, prefix: str, exempting: str = "") -> Finding:
    key = "postgresql" if path[0] == "postgresql" else ".".join(map(str, path))
    return Finding(
        rule="values/secret-literal",
        at=dotted(path, prefix),
        problem=problem,
        fix=_REFERENCES.get(key, "Use the name of an existing Secret instead") + exempting,
    )


_REFERENCES = {
    "fernetKey": 'Use keys=AirflowKeys.existing(prefix="airflow") (fernetKeySecretName)',
    "webserverSecretKey": 'Use keys=AirflowKeys.existing(prefix="airflow") (webserverSecretKeySecretName)',
    "apiSecretKey": 'Use keys=AirflowKeys.existing(prefix="airflow") (apiSecretKeySecretName)',
    "jwtSecret": 'Use keys=AirflowKeys.existing(prefix="airflow") (jwtSecretName)',
    "data.metadataConnection.pass": 'Use database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection() (data.metadataSecretName)',
    "data.resultBackendConnection.pass": 'Use executor=CeleryExecutor(..., result_backend=ResultBackendSecret("airflow-result-backend")) (data.resultBackendSecretName)',
    "data.brokerUrl": 'Use executor=CeleryExecutor(..., broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url"))) (data.brokerUrlSecretName)',
    "postgresql": 'Use database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection(): the PostgreSQL of the chart is not installed',
    "redis.password": 'Use executor=CeleryExecutor(..., broker=RedisBroker(password=RedisPasswordSecret("airflow-redis-password"), ...)) (redis.passwordSecretName)',
    "dags.gitSync.sshKey": 'Use dags=DagRepoSync(..., credentials=GitSshSecret("airflow-git-ssh")) (dags.gitSync.sshKeySecret)',
    "flower.password": 'Use flower=Flower(credentials=FlowerAuthSecret("airflow-flower")) (flower.secretName)',
    "elasticsearch.connection.pass": 'Use logs=Logs.elasticsearch(SearchUrlSecret("airflow-elasticsearch")) (elasticsearch.secretName)',
    "opensearch.connection.pass": 'Use logs=Logs.opensearch(SearchUrlSecret("airflow-opensearch")) (opensearch.secretName)',
}


def _at(document: Any, path: Path) -> dict[str, Any]:
    for step in path:
        document = document[step]
    return document if isinstance(document, dict) else {}


def _delete_nulls(document: dict[str, Any], path: Path = ()) -> tuple[dict[str, Any], list[Path]]:
    """The document as Helm sees it after nulls have deleted defaults, and the paths of the nulls."""
    kept: dict[str, Any] = {}
    nulls: list[Path] = []
    for key, value in document.items():
        if value is None:
            nulls.append((*path, key))
        elif isinstance(value, dict):
            kept[key], inner = _delete_nulls(value, (*path, key))
            nulls += inner
        else:
            kept[key] = value
    return kept, nulls


def _refused_nulls(nulls: list[Path], facts: translate.Document) -> Iterator[Finding]:
    for path in nulls:
        if not translate.knows(facts.schema, path):
            yield translate.unknown_key(facts, path[:-1], str(path[-1]), None)
        elif (path[0] == "config" and len(path) == 2) or translate.is_section(facts.schema, path):
            yield Finding(
                rule="values/null-section",
                at=dotted(path, _PREFIX),
                problem="must not be null: the templates of the chart cannot render without this section",
                fix="set single keys of the section; null for one of them deletes its default",
            )
