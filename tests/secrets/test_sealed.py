"""SealedSecrets in a Chart: which Secret they make, and that no secret given by mistake is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    ClusterFacts,
    ClusterSecretStore,
    ExternalSecret,
    FernetKeySecret,
    Namespace,
    PlatformError,
    RemoteKey,
    SealedSecret,
    SecretKey,
)
from cdk8s_airflow.kube.ledger import ledger_of
from tests.making import emitted, make_airflow, make_cluster, new_chart
from tests.secrets.wire.test_sealed import ciphertext
from tests.truth import assert_accepted

AIRFLOW, DATA = Namespace.existing("airflow"), Namespace.existing("airflow-data")


def make(chart: Any, **changes: Any) -> SealedSecret:
    given: dict[str, Any] = {
        "namespace": AIRFLOW,
        "secret": FernetKeySecret("airflow-fernet-key"),
        "encrypted": {"fernet-key": ciphertext()},
    }
    return SealedSecret(chart, "sealed", **{**given, **changes})


def test_the_secret_is_the_one_its_reader_names_and_is_no_longer_asked_of_anybody() -> None:
    chart = new_chart()
    make_airflow(chart)
    make(chart)
    ledger = ledger_of(chart)
    assert "airflow-fernet-key" not in [need.name for need in ledger.missing]
    assert [source.by for source in ledger.provided.values()] == ["SealedSecret airflow/airflow-fernet-key"]
    assert_accepted(emitted(chart))


def test_a_login_has_its_type_and_the_label_by_which_it_is_read_again() -> None:
    chart = new_chart()
    credentials = BasicAuthSecret("airflow-pg-credentials")
    make_cluster(chart, credentials=credentials)
    make(
        chart,
        namespace=DATA,
        secret=credentials,
        encrypted={"username": ciphertext(7), "password": ciphertext()},
        labels={"team": "data"},
    )
    template = emitted(chart)[-1]["spec"]["template"]
    assert template["type"] == "kubernetes.io/basic-auth"
    assert template["metadata"]["labels"] == {"cnpg.io/reload": "true", "team": "data"}
    assert ledger_of(chart).missing == []


def test_a_secret_is_made_in_one_way_only() -> None:
    chart = new_chart()
    make(chart)
    with pytest.raises(PlatformError) as caught:
        ExternalSecret(
            chart,
            "external",
            namespace=AIRFLOW,
            secret=FernetKeySecret("airflow-fernet-key"),
            store=ClusterSecretStore.existing("vault"),
            data={"fernet-key": RemoteKey("airflow", property="fernet-key")},
        )
    (finding,) = caught.value
    assert finding.rule == "secrets/made-twice"
    assert "SealedSecret airflow/airflow-fernet-key" in finding.problem


SECRET = "hunter2-my-fernet-key"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"encrypted": {"fernet-key": SECRET}}, [("secrets/ciphertext", "encrypted.fernet-key")]),
        ({"encrypted": {"fernet-key": [SECRET]}}, [("argument/type", "encrypted.fernet-key")]),
        ({"encrypted": SECRET}, [("argument/type", "encrypted")]),
        ({"encrypted": {"fernet-key": ciphertext(0)}}, [("secrets/ciphertext", "encrypted.fernet-key")]),
        ({"encrypted": {}}, [("secrets/keys", "encrypted"), ("secrets/keys", "encrypted")]),
        ({"encrypted": {"fernet_key": ciphertext()}}, [("secrets/keys", "encrypted")]),
        ({"encrypted": {"a b": ciphertext()}}, [("argument/name", "encrypted (its key)")]),
        ({"secret": SECRET}, [("secrets/reference", "secret")]),
        ({"secret": [SecretKey("a", "k"), SecretKey("b", "k")]}, [("secrets/several", "secret")]),
        ({"labels": {"a": "b c"}}, [("argument/name", "labels.a")]),
        ({"facts": ClusterFacts(crds={"a.b"})}, [("facts/crd-missing", "facts.crds")]),
    ],
)
def test_a_spoiled_sealed_secret_is_told_and_never_shown(
    changes: Mapping[str, Any], found: list[tuple[str, str]]
) -> None:
    with pytest.raises(PlatformError) as caught:
        make(new_chart(), **changes)
    assert [(finding.rule, finding.at) for finding in caught.value] == found
    assert SECRET not in str(caught.value)
