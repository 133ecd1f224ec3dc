"""dbt in the pods of tasks: what DbtProfiles adds goes through every chart and is in the pods that it renders."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cdk8s_airflow import ConfigMapKey, Namespace, SecretKey, TaskPod, TaskPods
from cdk8s_airflow.dbt import DbtPostgres, DbtProfile, DbtProfiles
from tests.helm.expectations import assert_env_once, assert_restricted
from tests.helm.rendering import render_release
from tests.platforms import PAIRS, helm_chart, release

PASSWORD = "DBT_ENV_SECRET_WAREHOUSE_PROD_PASSWORD"
FILES = {"name": "dbt-profiles", "mountPath": "/profiles", "readOnly": True}
AUTHORITY = {"name": "dbt-authority-0", "mountPath": "/etc/dbt-authorities/0", "readOnly": True}


def emitted(pair: tuple[str, str]) -> list[dict[str, Any]]:
    """A release whose tasks have the files, and whose pods called dbt run it."""

    def profiles(chart: Any) -> dict[str, Any]:
        target = DbtPostgres(
            host="warehouse-rw.data.svc",
            database="warehouse",
            schema="analytics",
            user="dbt",
            password=SecretKey("dbt-warehouse", "password"),
            tls="verify-full",
            ca=ConfigMapKey("warehouse-ca", "ca.crt"),
        )
        made = DbtProfiles(
            chart,
            "dbt",
            namespace=Namespace.existing("airflow"),
            profiles={"warehouse": DbtProfile(targets={"prod": target})},
        )
        pods = TaskPods(default=made.mounted_in(TaskPod()), templates={"dbt": made.running_in(TaskPod())})
        return {"task_pods": pods}

    return release(profiles, chart_version=pair[0], airflow_version=pair[1])


def base_of(pod: Any) -> dict[str, Any]:
    (base,) = (each for each in pod["spec"]["containers"] if each["name"] == "base")
    return dict(base)


def named(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """The pod called dbt."""
    (text,) = (each["data"]["dbt.yaml"] for each in manifests if "dbt.yaml" in (each.get("data") or {}))
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_pod_that_runs_dbt_has_files_variables_and_authority(pair: tuple[str, str]) -> None:
    pod = named(emitted(pair))
    base = base_of(pod)
    env = {entry["name"]: entry for entry in base["env"]}
    assert env[PASSWORD]["valueFrom"] == {"secretKeyRef": {"name": "dbt-warehouse", "key": "password"}}
    assert env["DBT_PROFILES_DIR"]["value"] == "/profiles"
    assert [mount for mount in (FILES, AUTHORITY) if mount not in base["volumeMounts"]] == []
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert volumes["dbt-profiles"]["configMap"]["name"] == "dbt-profiles"
    assert volumes["dbt-authority-0"]["configMap"]["name"] == "warehouse-ca"


@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_default_pod_that_the_chart_renders_has_the_files_and_none_of_the_secrets(pair: tuple[str, str]) -> None:
    rendered = render_release(helm_chart(emitted(pair)))
    assert rendered.pod_template is not None
    base = base_of(rendered.pod_template)
    assert FILES in base["volumeMounts"]
    assert AUTHORITY not in base["volumeMounts"]
    assert PASSWORD not in {entry["name"] for entry in base["env"]}
    assert {"name": "dbt-profiles", "configMap": {"name": "dbt-profiles"}} in rendered.pod_template["spec"]["volumes"]
    assert_env_once(rendered)
    assert_restricted(rendered)
