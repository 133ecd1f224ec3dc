"""Where task logs go, in every dialect, and by which connection."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.airflow.executors import LocalExecutor
from cdk8s_airflow.airflow.logs import Logs
from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.wire.logs import LOGS, log_needs, log_notes, log_objects, log_rules
from cdk8s_airflow.airflow.wire.shared_secrets import shared_secret_rules
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.secret_reference import AirflowKeys, FernetKeySecret, SearchUrlSecret, SecretKey
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import check_value
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of
from tests.terminal import run_in_terminal

NEWEST = ("1.22.0", "3.2.2")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)

NO_VOLUME = {"logs": {"persistence": {"enabled": False}}}
CONNECTION = SecretKey("airflow-logs", "connection")
FROM_SECRET = [{"envName": "AIRFLOW_CONN_REMOTE_LOGS", "secretName": "airflow-logs", "secretKey": "connection"}]
ON = {"remote_logging": "True"}


def plain(connection: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": "AIRFLOW_CONN_REMOTE_LOGS", "value": json.dumps(connection)}]


STORES: dict[str, tuple[Logs, dict[str, Any]]] = {
    "s3 by identity": (
        Logs.s3("logs", prefix="airflow/prod"),
        {"config": {"logging": {**ON, "remote_base_log_folder": "s3://logs/airflow/prod"}}},
    ),
    "s3 by secret": (
        Logs.s3("logs", connection=CONNECTION, endpoint="http://s3.storage:8333", encrypt=True),
        {
            "config": {
                "logging": {
                    **ON,
                    "remote_base_log_folder": "s3://logs",
                    "remote_log_conn_id": "remote_logs",
                    "encrypt_s3_logs": "True",
                }
            },
            "secret": FROM_SECRET,
        },
    ),
    "s3 elsewhere by identity": (
        Logs.s3("logs", endpoint="https://s3.lab", region="eu-central-1"),
        {
            "config": {
                "logging": {**ON, "remote_base_log_folder": "s3://logs", "remote_log_conn_id": "remote_logs"},
            },
            "env": plain(
                {"conn_type": "aws", "extra": {"endpoint_url": "https://s3.lab", "region_name": "eu-central-1"}}
            ),
        },
    ),
    "gcs by identity": (
        Logs.gcs("logs", prefix="p"),
        {"config": {"logging": {**ON, "remote_base_log_folder": "gs://logs/p"}}},
    ),
    "gcs by secret": (
        Logs.gcs("logs", connection=CONNECTION),
        {
            "config": {
                "logging": {**ON, "remote_base_log_folder": "gs://logs", "remote_log_conn_id": "remote_logs"},
            },
            "secret": FROM_SECRET,
        },
    ),
    "azure by identity": (
        Logs.azure_blob("acme", "airflow-logs", prefix="prod"),
        {
            "config": {
                "logging": {**ON, "remote_base_log_folder": "wasb/prod", "remote_log_conn_id": "remote_logs"},
                "azure_remote_logging": {"remote_wasb_log_container": "airflow-logs"},
            },
            "env": plain({"conn_type": "wasb", "login": "acme"}),
        },
    ),
    "azure by secret": (
        Logs.azure_blob("acme", "airflow-logs", connection=CONNECTION),
        {
            "config": {
                "logging": {**ON, "remote_base_log_folder": "wasb", "remote_log_conn_id": "remote_logs"},
                "azure_remote_logging": {"remote_wasb_log_container": "airflow-logs"},
            },
            "secret": FROM_SECRET,
        },
    ),
}


@every_pair
@pytest.mark.parametrize("name", STORES)
def test_an_object_store_has_string_options_and_one_connection(pair: Pair, name: str) -> None:
    logs, expected = STORES[name]
    given_release = release(pair, logs=logs)
    assert values_of(LOGS, given_release) == {**NO_VOLUME, **expected}
    assert compile_release(given_release).setting_findings == ()
    assert log_objects(given_release) == {}
    assert ["service_accounts=" in note for note in log_notes(given_release)] == [True] * ("by secret" not in name)


@every_pair
def test_elasticsearch_gets_its_url_from_the_secret_and_tasks_write_json(pair: Pair) -> None:
    given_release = release(pair, logs=Logs.elasticsearch(SearchUrlSecret("search")))
    assert values_of(LOGS, given_release) == {
        **NO_VOLUME,
        "elasticsearch": {"enabled": True, "secretName": "search"},
        "config": {"logging": ON, "elasticsearch": {"json_format": "True", "write_stdout": "True"}},
    }
    assert compile_release(given_release).setting_findings == ()
    (note,) = log_notes(given_release)
    assert "log collector" in note


@every_pair
def test_opensearch_is_for_airflow_3(pair: Pair) -> None:
    logs = Logs.opensearch(
        SearchUrlSecret("search"), port=443, username=SecretKey("login", "u"), password=SecretKey("login", "p")
    )
    given_release = release(pair, logs=logs)
    if pair not in WITH_AIRFLOW_3:
        (finding,) = log_rules(given_release)
        assert (finding.rule, finding.at, finding.seen) == ("logs/no-engine", "logs", "Logs.opensearch(...)")
        assert pair[1] in finding.problem
        return
    assert compile_release(given_release).setting_findings == ()
    assert values_of(LOGS, given_release) == {
        **NO_VOLUME,
        "opensearch": {"enabled": True, "secretName": "search"},
        "config": {
            "logging": ON,
            "opensearch": {"json_format": "True", "write_stdout": "True", "port": "443"},
        },
        "secret": [
            {"envName": "AIRFLOW__OPENSEARCH__USERNAME", "secretName": "login", "secretKey": "u"},
            {"envName": "AIRFLOW__OPENSEARCH__PASSWORD", "secretName": "login", "secretKey": "p"},
        ],
    }
    assert any("apache-airflow-providers-opensearch" in note for note in log_notes(given_release))
    needed = {need.name: list(need.keys) for need in compile_release(given_release).needs}
    assert needed["login"] == ["u", "p"]
    assert needed["search"] == ["connection"]


@every_pair
@pytest.mark.parametrize(
    ("logs", "engine", "option"),
    [
        (Logs.elasticsearch(SearchUrlSecret("s"), direct=True), "elasticsearch", "write_to_es"),
        (Logs.opensearch(SearchUrlSecret("s"), direct=True), "opensearch", "write_to_os"),
    ],
    ids=["elasticsearch", "opensearch"],
)
def test_airflow_sends_logs_itself_only_where_it_can(pair: Pair, logs: Logs, engine: str, option: str) -> None:
    given_release = release(pair, logs=logs)
    found = [(finding.rule, finding.at) for finding in log_rules(given_release)]
    if pair != NEWEST:
        assert found in ([("logs/not-direct", "logs.direct")], [("logs/no-engine", "logs")])
        return
    assert found == []
    options = values_of(LOGS, given_release)["config"][engine]
    assert (options[option], options["write_stdout"], options["json_format"]) == ("True", "False", "True")
    assert not any("log collector" in note for note in log_notes(given_release))


@every_pair
def test_the_migration_waits_for_the_secrets_of_logs(pair: Pair) -> None:
    for logs, key in (
        (Logs.s3("logs", connection=CONNECTION), "airflow-logs/connection"),
        (Logs.elasticsearch(SearchUrlSecret("search")), "search/connection"),
    ):
        values = compile_release(release(pair, logs=logs)).values_from_arguments
        assert key in values["migrateDatabaseJob"]["extraInitContainers"][0]["command"][2]


@every_pair
def test_a_search_engines_url_shares_no_secret_with_a_key(pair: Pair) -> None:
    given_release = release(
        pair,
        logs=Logs.elasticsearch(SearchUrlSecret("one")),
        keys=AirflowKeys(fernet=FernetKeySecret("one")),
    )
    assert [(finding.rule, finding.at) for finding in shared_secret_rules(given_release)] == [
        ("secrets/shared", "logs.url")
    ]


def create(command: str, folder: Path, **env: str) -> str:
    """The content that a command would put into the Secret: a script replaces kubectl and records its arguments."""
    (folder / "kubectl").write_text(f"#!/bin/sh\ncat > {folder}/told\n")
    (folder / "kubectl").chmod(0o755)
    (folder / "key.json").write_text('{\n "type": "service_account",\n "private_key": "a\\nb"\n}\n')
    done = run_in_terminal(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        typed="".join(f"{line}\n" for line in env.values()),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return (folder / "told").read_text()


@pytest.mark.parametrize(
    ("logs", "typed", "connection"),
    [
        (
            Logs.s3("logs", connection=CONNECTION, endpoint="http://s3.storage:8333", region="us-east-1"),
            {"access": "AK1", "secret": 's"e\\c%s$r/e+t'},
            {
                "conn_type": "aws",
                "login": "AK1",
                "password": 's"e\\c%s$r/e+t',
                "extra": {"endpoint_url": "http://s3.storage:8333", "region_name": "us-east-1"},
            },
        ),
        (
            Logs.gcs("logs", connection=CONNECTION),
            {},
            {
                "conn_type": "google_cloud_platform",
                "extra": {"keyfile_dict": {"type": "service_account", "private_key": "a\nb"}},
            },
        ),
        (
            Logs.azure_blob("acme", "logs", connection=CONNECTION),
            {"key": "k/+=="},
            {"conn_type": "wasb", "login": "acme", "password": "k/+=="},
        ),
    ],
    ids=["s3", "gcs", "azure"],
)
def test_the_command_makes_a_connection_that_airflow_can_read(
    tmp_path: Path, logs: Logs, typed: dict[str, str], connection: dict[str, Any]
) -> None:
    (need,) = log_needs(release(NEWEST, logs=logs))
    assert (need.name, list(need.keys), need.awaited) == ("airflow-logs", ["connection"], True)
    # A backslash at a prompt without -r would be eaten.
    assert json.loads(create(need.command, tmp_path, **typed)) == connection


@pytest.mark.parametrize(
    ("logs", "at", "rule"),
    [
        (Logs.s3("s3://logs"), "logs.bucket", "storage/bucket"),
        (Logs.s3("Logs"), "logs.bucket", "storage/bucket"),
        (Logs.s3("logs", prefix="/airflow"), "logs.prefix", "storage/prefix"),
        (Logs.s3("logs", prefix="airflow/"), "logs.prefix", "storage/prefix"),
        (Logs.s3("logs", prefix="{{ x }}"), "logs.prefix", "storage/prefix"),
        (Logs.s3("logs", prefix="50%"), "logs.prefix", "storage/prefix"),
        (Logs.s3("logs", endpoint="s3.storage:8333"), "logs.endpoint", "storage/endpoint"),
        (Logs.s3("logs", endpoint="http://me:secret@s3"), "logs.endpoint", "storage/endpoint"),
        (Logs.s3("logs", region="EU"), "logs.region", "storage/region"),
        (Logs.gcs("gs://logs"), "logs.bucket", "storage/bucket"),
        (Logs.azure_blob("acme.blob.core.windows.net", "logs"), "logs.account", "storage/account"),
        (Logs.azure_blob("acme", "my--logs"), "logs.container", "storage/container"),
        (Logs.s3("logs", connection="AKIA/secret"), "logs.connection", "argument/type"),  # type: ignore[arg-type]
        (Logs.elasticsearch("http://me:secret@es"), "logs.url", "argument/type"),  # type: ignore[arg-type]
        (Logs.opensearch(SearchUrlSecret("s"), port=0), "logs.port", "argument/range"),
        (Logs.opensearch(SearchUrlSecret("s"), username=CONNECTION), "logs.password", "logs/half-a-login"),
        (Logs.opensearch(SearchUrlSecret("s"), password=CONNECTION), "logs.username", "logs/half-a-login"),
    ],
)
def test_what_is_no_place_for_logs_is_refused_and_no_secret_is_shown(logs: Logs, at: str, rule: str) -> None:
    (finding,) = check_value(logs, Logs, "logs")
    assert (finding.at, finding.rule) == (at, rule)
    assert finding.fix
    assert "secret" not in finding.seen


def test_logs_by_the_identity_of_pods_say_who_needs_one() -> None:
    pair = ("1.22.0", "3.2.2")
    (note,) = log_notes(release(pair, logs=Logs.s3("airflow-logs")))
    assert "service_accounts=" in note
    told = release(pair, logs=Logs.s3("airflow-logs", connection=SecretKey("s3", "connection")))
    assert list(log_notes(told)) == []


def test_notes_say_that_ephemeral_logs_are_lost() -> None:
    (with_pods,) = log_notes(release(PAIRS[-1], logs=Logs.ephemeral()))
    assert "lost with its pod (Logs.ephemeral())" in with_pods
    (without_pods,) = log_notes(release(PAIRS[-1], logs=Logs.ephemeral(), executor=LocalExecutor()))
    assert "lost when a pod restarts" in without_pods


@pytest.mark.parametrize(
    ("logs", "persistence"),
    [
        (Logs.ephemeral(), {"enabled": False}),
        (Logs.existing_claim("kept"), {"enabled": True, "existingClaim": "kept"}),
        (Logs.claim(Volume("1Gi")), {"enabled": True, "existingClaim": "lab-logs"}),
    ],
    ids=["ephemeral", "existing", "claim"],
)
@every_pair
def test_logs_name_a_claim_or_none(pair: Pair, logs: Logs, persistence: dict[str, object]) -> None:
    assert values_of(LOGS, release(pair, logs=logs)) == {"logs": {"persistence": persistence}}


def test_the_claim_for_logs_is_ours_kept_and_has_a_mode_that_the_class_can_do() -> None:
    logs = Logs.claim(Volume("20Gi", storage_class="longhorn"))
    many = release(NEWEST, logs=logs, facts=ClusterFacts(rwx_classes={"longhorn"}))
    assert list(log_rules(many)) == []
    claim = log_objects(many)["logs"]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "20Gi"}},
        "storageClassName": "longhorn",
    }
    assert (claim["kind"], claim["metadata"]["name"], claim["metadata"]["namespace"]) == (
        "PersistentVolumeClaim",
        "lab-logs",
        "airflow-lab",
    )
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    one = release(NEWEST, logs=logs, facts=ClusterFacts(nodes=1))
    assert log_objects(one)["logs"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    (finding,) = log_rules(release(NEWEST, logs=logs))
    assert finding.rule == "storage/not-shared"


@pytest.mark.parametrize("logs", [Logs.ephemeral(), Logs.existing_claim("kept")], ids=["ephemeral", "existing"])
def test_other_logs_make_no_object_and_break_no_rule(logs: Logs) -> None:
    assert log_objects(release(NEWEST, logs=logs)) == {}
    assert list(log_rules(release(NEWEST, logs=logs))) == []
