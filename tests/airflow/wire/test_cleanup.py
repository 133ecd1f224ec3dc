"""What deletes pods and rows: by the chart where it can, by a CronJob of ours elsewhere."""

from __future__ import annotations

import dataclasses

import pytest

from cdk8s_airflow.airflow.components import DatabaseCleanup, PodCleanup
from cdk8s_airflow.airflow.executors import LocalExecutor
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.cleanup import (
    cleanup_rules,
    cleanup_values,
    database_cleanup_objects,
    database_cleanup_values,
)
from cdk8s_airflow.airflow.wire.pod_parts import EnvVariable, PodParts
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.secret_reference import PullSecret, SecretKey
from cdk8s_airflow.schemas import check_values
from tests.airflow.wire.samples import PAIRS, SMALL, SMALL_WIRE, Pair, called, release
from tests.truth.kinds import assert_accepted

OLD = ("1.15.0", "1.18.0")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


@every_pair
def test_nothing_is_deleted_unless_asked(pair: Pair) -> None:
    settings = release(pair)
    assert (cleanup_values(settings), database_cleanup_values(settings)) == ({}, {})
    assert database_cleanup_objects(compile_release(settings).shared) == {}


@every_pair
def test_without_task_pods_it_is_refused_where_the_chart_would_make_nothing_of_it(pair: Pair) -> None:
    found = list(cleanup_rules(release(pair, cleanup=PodCleanup(), executor=LocalExecutor())))
    assert [finding.at for finding in found] == ([] if pair[0] in OLD else ["cleanup"])
    assert not list(cleanup_rules(release(pair, cleanup=PodCleanup())))
    assert not list(cleanup_rules(release(pair, executor=LocalExecutor())))


@every_pair
@pytest.mark.parametrize("key", ["connection", "uri"])
def test_the_pod_cleanup_job_has_the_database_url_where_the_chart_sets_none(pair: Pair, key: str) -> None:
    database = dataclasses.replace(DatabaseConnection(secret="metadata"), secret_key=key)
    settings = release(pair, cleanup=PodCleanup(resources=SMALL, schedule="@hourly"), database=database)
    reference = {"valueFrom": {"secretKeyRef": {"name": "metadata", "key": key}}}
    urls = [
        {"name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", **reference},
        {"name": "AIRFLOW_CONN_AIRFLOW_DB", **reference},
    ]
    assert cleanup_values(settings) == {
        "cleanup": {
            "enabled": True,
            "schedule": "@hourly",
            "resources": SMALL_WIRE,
            "failedJobsHistoryLimit": 1,
            "successfulJobsHistoryLimit": 1,
            "env": [*(urls if key == "uri" else []), {"name": "PGSSLMODE", "value": database.tls}],
        }
    }


@every_pair
def test_the_chart_deletes_rows_from_1_20_on(pair: Pair) -> None:
    given = DatabaseCleanup(retention="30d", tables=("log",), archive=True, resources=SMALL)
    settings = release(pair, database_cleanup=given)
    values = {
        "databaseCleanup": {
            "enabled": True,
            "schedule": "0 0 * * 0",
            "retentionDays": 30,
            "skipArchive": False,
            "tables": ["log"],
            "resources": SMALL_WIRE,
            "failedJobsHistoryLimit": 1,
            "successfulJobsHistoryLimit": 1,
            "serviceAccount": {"automountServiceAccountToken": False},
        }
    }
    assert database_cleanup_values(settings) == ({} if pair[0] in OLD else values)
    assert ("database-cleanup" in compile_release(settings).objects) is (pair[0] in OLD)
    found = check_values(
        compile_release(settings).values_from_arguments,
        chart_version=pair[0],
        airflow_version=pair[1],
        executor="KubernetesExecutor",
    )
    assert found == []


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[0] in OLD], ids=called)
def test_our_own_job_has_what_every_airflow_container_has(pair: Pair) -> None:
    settings = release(pair, database_cleanup=DatabaseCleanup(), pull_secret=PullSecret("registry"))
    parts = PodParts(
        variables=(
            EnvVariable("PGSSLMODE", "verify-full"),
            EnvVariable("PGSSLROOTCERT", "/ca/ca.crt"),
            EnvVariable("AIRFLOW_CONN_X", SecretKey("x", "value")),
        ),
        volumes=({"name": "ca", "configMap": {"name": "ca"}},),
        volume_mounts=({"name": "ca", "mountPath": "/ca"},),
        node_selector={"kubernetes.io/arch": "arm64"},
    )
    shared = dataclasses.replace(compile_release(settings).shared, parts=parts)
    job = database_cleanup_objects(shared)["database-cleanup"]
    assert_accepted(job)
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == f"apache/airflow:{pair[1]}"
    variables = {each["name"]: each for each in container["env"]}
    assert len(variables) == len(container["env"])
    assert variables["PGSSLMODE"]["value"] == "verify-full"
    assert variables["AIRFLOW__CORE__FERNET_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "k-fernet-key"
    assert variables["AIRFLOW_CONN_X"]["valueFrom"]["secretKeyRef"] == {"name": "x", "key": "value"}
    assert {"name": "ca", "mountPath": "/ca"} in container["volumeMounts"]
    assert {"name": "ca", "configMap": {"name": "ca"}} in pod["volumes"]
    assert {"name": "config", "configMap": {"name": "lab-config"}} in pod["volumes"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert (pod["automountServiceAccountToken"], pod["restartPolicy"]) == (False, "Never")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert "airflow db clean" in container["command"][-1]
    assert "-90 days" in container["command"][-1]


def test_our_own_job_runs_the_image_by_its_digest() -> None:
    image = Image("registry.lab/airflow", tag="1", digest="sha256:" + "0" * 64, pull_policy="Always")
    settings = release(PAIRS[0], database_cleanup=DatabaseCleanup(), image=image)
    job = database_cleanup_objects(compile_release(settings).shared)["database-cleanup"]
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.lab/airflow@sha256:" + "0" * 64
    assert container["imagePullPolicy"] == "Always"
