"""One Secret that two arguments name."""

from __future__ import annotations

from cdk8s_airflow.airflow.exposure import Ingress, IngressTls
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.database.connection import DatabaseConnection
from cdk8s_airflow.model.secret_reference import (
    GitTokenSecret,
)
from tests.airflow.wire.samples import git, release

NEWEST = ("1.22.0", "3.2.2")


def test_one_secret_for_two_contracts_is_found_once_for_each_further_one() -> None:
    settings = release(
        NEWEST,
        database=DatabaseConnection(secret="k-fernet-key"),
        dags=git(credentials=GitTokenSecret("k-fernet-key")),
        ui=Ingress(host="a.example.com", tls=IngressTls("other")),
    )
    assert [(finding.rule, finding.at) for finding in shared_secret_rules(settings)] == [
        ("secrets/shared", "database"),
        ("secrets/shared", "dags.credentials"),
    ]
    assert list(shared_secret_rules(release(NEWEST, dags=git()))) == []
