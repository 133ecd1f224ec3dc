"""The table from Helm values to arguments is up to date and lists existing arguments."""

from __future__ import annotations

import inspect
import operator
import re

import cdk8s_airflow
from tools import make_values_table


def test_values_table_is_up_to_date_and_lists_existing_arguments() -> None:
    text = make_values_table.PAGE.read_text(encoding="utf-8")
    assert text == make_values_table.page()
    assert make_values_table.ARGUMENTS.read_text(encoding="utf-8") == make_values_table.arguments_text()
    arguments = cdk8s_airflow.AirflowChart.__init__.__kwdefaults__.keys() | {"database", "keys", "executor", "logs"}
    rows = re.findall(r"^\| `([^`]+)` \| `([a-z_]+)=", text, re.MULTILINE)
    assert {argument for _, argument in rows} <= arguments
    keys = dict(rows)
    assert keys["fernetKeySecretName"] == "keys"
    assert keys["scheduler.replicas"] == "scheduler"
    assert keys["dags.gitSync.repo"] == "dags"
    assert keys["config.logging.remote_base_log_folder"] == "logs"


def test_arguments_of_the_database_are_those_of_the_objects_that_users_create() -> None:
    text = make_values_table.PAGE.read_text(encoding="utf-8")
    written = set(re.findall(r"`database=([\w.]+)\((\w*)=?\)`", text))
    assert {name for name, _ in written} == {"CnpgCluster.connection", "ExternalDatabase"}
    for name, argument in written:
        assert argument in inspect.signature(operator.attrgetter(name)(cdk8s_airflow)).parameters
