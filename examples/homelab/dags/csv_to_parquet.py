"""Every night: copy a CSV file into the lake and the warehouse, transform it with dbt, and write the result as Parquet.

Each task starts a pod with its own image, for Airflow 2.9 to 3.2. The platform has ``DataLake(...)`` with its
credentials in the Secret ``data-lake``, a warehouse with its login in ``dbt-login``, and ``DbtProfiles(image=...)``,
mounted in task pods.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pendulum
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from kubernetes.client import models as k8s

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

LAKE = [Secret("env", key, "data-lake", key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
WAREHOUSE = [Secret("env", "PGUSER", "dbt-login", "username"), Secret("env", "PGPASSWORD", "dbt-login", "password")]

# The address of the store, which Airflow's own pods have from DataLake(...). Pods that a task starts do not inherit it.
STORE = {
    name: os.environ[name]
    for name in (
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
    )
    if name in os.environ
}
SERVER = {"PGHOST": "warehouse-rw.airflow.svc", "PGDATABASE": "warehouse", "PGSSLMODE": "require"}

# A namespace that enforces the Pod Security Standard "restricted" refuses pods without this.
RESTRICTED: dict[str, Any] = {
    "security_context": k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=1000,
        fs_group=1000,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    ),
    "container_security_context": k8s.V1SecurityContext(
        allow_privilege_escalation=False,
        capabilities=k8s.V1Capabilities(drop=["ALL"]),
    ),
    "container_resources": k8s.V1ResourceRequirements(
        requests={"cpu": "250m", "memory": "512Mi"},
        limits={"memory": "1Gi"},
    ),
}

with DAG(
    dag_id="csv_to_parquet",
    schedule="0 1 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=4),
    default_args={
        "owner": "data",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=1),
    },
    tags=["lake"],
):
    fetch_csv = KubernetesPodOperator(
        task_id="fetch_csv",
        name="fetch-csv",
        image="registry.acme.lab/data/fetch-csv:1.0.0",
        cmds=["python", "fetch.py"],
        env_vars={
            **STORE,
            **SERVER,
            "DAY": "{{ ds }}",
            "BUCKET": "data-raw",
            "OBJECT": "daily/{{ ds }}.csv",
            "SOURCE_URL": "https://example.com/daily.csv",
        },
        secrets=[*LAKE, *WAREHOUSE],
        **RESTRICTED,
    )
    dbt_transform = KubernetesPodOperator(
        task_id="dbt_transform",
        name="dbt-transform",
        # Image, profiles, passwords, resources and security context come from the platform.
        pod_template_file="/profiles/pod.yaml",
        cmds=["dbt", "run"],
        arguments=["--vars", "{day: '{{ ds }}'}"],
    )
    write_parquet = KubernetesPodOperator(
        task_id="write_parquet",
        name="write-parquet",
        image="registry.acme.lab/data/parquet-writer:1.0.0",
        cmds=["python", "write.py"],
        env_vars={
            **STORE,
            **SERVER,
            "DAY": "{{ ds }}",
            "BUCKET": "data-warehouse",
            "OBJECT": "year={{ ds_nodash[:4] }}/month={{ ds_nodash[4:6] }}/{{ ds }}.parquet",
        },
        secrets=[*LAKE, *WAREHOUSE],
        **RESTRICTED,
    )
    fetch_csv >> dbt_transform >> write_parquet
