"""Pairs of programs: the class of each change, and the sentence that explains it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk8s_airflow.plan.comparison import Plan, compare
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.text_format import text_lines
from tests.plan.programs import PAIRS
from tests.truth.goldens import check_golden

GOLDENS = Path(__file__).parents[1] / "goldens" / "plan"

EXPECTED: dict[str, tuple[str, str]] = {
    "nothing": ("none", ""),
    "airflow-downgrade": ("impossible", "Airflow is downgraded from 3.2.2 to 3.1.8."),
    "airflow-upgrade": ("downtime", "Airflow is upgraded from 3.1.8 to 3.2.2. All components restart and wait until the database is migrated"),
    "airflow-three-from-two": ("downtime", "Airflow is upgraded from 2.11.0 to 3.2.2."),
    "airflow-three-from-two-nine": ("downtime", "Apply chart 1.20.0 with Airflow 2.11.0 first"),
    "airflow-patch": ("restart", "Airflow is upgraded from 3.2.1 to 3.2.2. All components restart"),
    "chart-upgrade": ("restart", "The chart is upgraded from 1.20.0 to 1.22.0. All its objects change, and all workloads restart."),
    "chart-downgrade": ("restart", "The chart is downgraded from 1.22.0 to 1.20.0."),
    "postgres-downgrade": ("impossible", "PostgreSQL is downgraded from 16 to 15. The operator's webhook refuses an older major version"),
    "postgres-upgrade": ("downtime", "PostgreSQL is upgraded from 16 to 17. The operator stops all instances and runs pg_upgrade"),
    "database-shrunk": ("impossible", "The volume would shrink from 50Gi to 20Gi."),
    "database-grown": ("configuration", "The volumes grow from 50Gi to 80Gi."),
    "database-class": ("impossible", "The operator accepts it and never moves existing volumes"),
    "database-renamed": ("data", "Cluster airflow-data/metadata-pg is a new, empty database."),
    "database-removed": ("data", "If the Cluster is deleted, the operator deletes the volumes of its instances"),
    "database-credentials": ("downtime", "The password is read from Secret other-credentials instead of airflow-pg-credentials"),
    "database-name": ("impossible", "spec.bootstrap is read only when a Cluster is created."),
    "database-instances-added": ("configuration", "The number of instances changes from 1 to 3."),
    "database-instances-removed": ("configuration", "The number of instances changes from 3 to 2. The operator deletes the others"),
    "database-asynchronous": ("data", "Transactions that were confirmed can be lost"),
    "database-wal-volume-removed": ("impossible", "A volume for write-ahead logs cannot be removed again"),
    "database-parameter": ("configuration", "PostgreSQL reloads spec.postgresql.parameters.work_mem"),
    "database-fewer-sessions": ("downtime", "PostgreSQL restarts and allows 150 sessions instead of 300."),
    "database-more-sessions": ("downtime", "takes effect with a restart of PostgreSQL (300 to 400). The Cluster has one instance"),
    "database-resources": ("downtime", "spec.resources changes, so the instance restarts."),
    "database-image": ("downtime", "The instance restarts with image registry.acme.lab/postgresql:16.9"),
    "backup-removed": ("data", "No backup is taken by ScheduledBackup airflow-data/airflow-pg-backup any more."),
    "backup-retention": ("data", "Backups older than 7d are deleted; before, they were kept for 30d."),
    "backup-bucket": ("data", "Backups and logs go to s3://archive"),
    "backup-suspended": ("data", "No backup is taken any more."),
    "pooler-removed": ("downtime", "Service airflow-pg-pooler is deleted."),
    "pooler-smaller": ("downtime", "changes from 600 to 300. Sessions above that wait or are refused."),
    "lab-database-renamed": ("data", "StatefulSet airflow-data/scratch starts with new, empty volumes."),
    "lab-database-grown": ("configuration", "The volume grows from 5Gi to 9Gi."),
    "lab-database-resources": ("downtime", "The only pod of StatefulSet airflow-data/lab is replaced"),
    "release-renamed": ("data", "PersistentVolumeClaim airflow/platform-logs is a new, empty volume."),
    "release-removed": ("data", "everything that the chart created stops."),
    "namespace-renamed": ("impossible", "The platform moves from namespace airflow to namespace platform, which is empty."),
    "logs-shrunk": ("impossible", "The claim would shrink from 20Gi to 10Gi."),
    "logs-class": ("impossible", "The storage class of a claim cannot be changed (longhorn to nfs)"),
    "logs-to-bucket": ("data", "Logs of tasks are kept in s3://airflow-logs/prod instead of claim airflow-logs."),
    "logs-not-kept": ("data", "Task logs are now lost with their pods; before, they were kept in s3://airflow-logs."),
    "fernet-key": ("data", "The Fernet key is read from Secret other-fernet-key instead of airflow-fernet-key."),
    "all-keys": ("data", "The key that signs tokens of tasks is read from Secret platform-jwt-secret"),
    "other-database": ("data", "The URL of the metadata database is read from Secret rds instead of Secret airflow-metadata."),
    "executor": ("downtime", "Tasks run by LocalExecutor instead of KubernetesExecutor."),
    "broker": ("downtime", "The Celery broker is Secret other instead of Secret broker."),
    "result-backend": ("downtime", "Results of Celery are kept in Secret other instead of Secret results."),
    "broker-to-redis": ("downtime", "Results of Celery are kept in the metadata database instead of Secret results."),
    "fewer-workers": ("restart", "The number of replicas of the Celery worker changes from 3 to 1."),
    "worker-volume": ("impossible", "is part of volumeClaimTemplates of a StatefulSet (10Gi to 40Gi)"),
    "worker-volume-removed": ("restart", "The workload of the Celery worker becomes a Deployment without volumes."),
    "dags-branch": ("restart", "DAG files are taken from v2 instead of main"),
    "dags-repository": ("downtime", "DAG files come from git repository https://gitlab.acme.lab/data/other.git"),
    "dags-in-image": ("downtime", "DAG files come from the image instead of git repository"),
    "dags-interval": ("restart", "dags.gitSync.period changes from 60s to 120s. Restarts: DAG processor and triggerer."),
    "image": ("restart", "The image of Airflow changes"),
    "schedulers": ("restart", "The number of replicas of the scheduler changes from 1 to 2."),
    "scheduler-memory": ("restart", "scheduler.resources changes (limits.memory: 2Gi to 3Gi, requests.memory: 768Mi to 1Gi)."),
    "task-memory": ("restart", "podTemplate changes"),
    "autoscaling": ("restart", "The number of replicas follows"),
    "triggerer-removed": ("downtime", "The triggerer stops"),
    "config": ("restart", "core.parallelism changes from 32 to 8."),
    "variable": ("restart", "env[TEAM] is added"),
    "host": ("downtime", "The UI and the API no longer answer under airflow.acme.lab; the host names are flow.acme.lab."),
    "no-tls": ("security", "Connections to airflow.acme.lab are no longer encrypted"),
    "load-balancer": ("downtime", "The Service of the UI becomes LoadBalancer"),
    "failure-policy": ("data", "after a failed upgrade the whole release is uninstalled and installed again"),
    "timeout": ("restart", "for each hook instead of 30m"),
    "to-flux": ("downtime", "The release is delivered by HelmRelease flux-system/airflow instead of HelmChart kube-system/airflow."),
    "to-argo": ("downtime", "The release is delivered by Application argocd/airflow instead of HelmChart kube-system/airflow."),
    "to-helm": ("downtime", "The release is delivered by HelmCommand airflow/airflow instead of HelmChart kube-system/airflow."),
    "quota": ("configuration", "If more is in use, no further pod is created."),
    "pod-security": ("security", "Namespace airflow enforces the Pod Security level baseline instead of restricted"),
    "isolation-removed": ("security", "Connections that NetworkPolicy airflow/default-deny denied are allowed"),
    "isolation-added": ("downtime", "Connections of the selected pods that no policy allows are refused from now on."),
    "accounts": ("restart", "The account is airflow-launcher instead of"),
    "cloud-role": ("security", "The account acts as arn:aws:iam::123456789012:role/lake in the cloud"),
    "database-cleanup": ("data", "A CronJob deletes old rows of the metadata database"),
    "migration-memory": ("configuration", "The migration Job uses it when it runs next"),
    "database-added": ("configuration", "Database airflow-data/airflow-pg-warehouse is created."),
}  # fmt: skip
"""Pair -> the most severe class, and a sentence of the plan."""


def plan_of(name: str) -> Plan:
    before, after = PAIRS[name]
    return compare(before.platform(), after.platform())


def test_every_pair_has_an_expectation() -> None:
    assert EXPECTED.keys() == PAIRS.keys()
    assert len(PAIRS) >= 60


@pytest.mark.parametrize("name", PAIRS)
def test_pair_has_the_expected_class_and_sentence(name: str) -> None:
    risk, sentence = EXPECTED[name]
    plan = plan_of(name)
    assert plan.risk is Risk(risk)
    messages = [change.message for change in plan.changes]
    assert any(sentence in message for message in messages) or (not sentence and not messages), messages


@pytest.mark.parametrize("name", PAIRS)
def test_change_back_is_explained_too(name: str) -> None:
    before, after = PAIRS[name]
    plan = compare(after.platform(), before.platform())
    assert bool(plan.changes) is (name != "nothing")
    assert all(
        "MISSING" not in change.message and "{" not in change.message.partition("(")[0] for change in plan.changes
    )


def test_plans_of_all_pairs_read_as_committed() -> None:
    texts = []
    for name in PAIRS:
        texts += [line.text for line in text_lines(plan_of(name), title=f"# {name}", width=110, everything=True)]
        texts.append("")
    check_golden("\n".join(texts), GOLDENS / "programs.txt")
