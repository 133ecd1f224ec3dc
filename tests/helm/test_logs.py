"""Where task logs go, as the charts render it, and what Airflow itself makes of that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cdk8s_airflow import DagProcessor, Logs, SearchUrlSecret, SecretKey
from tests.helm.airflow import ask, run_airflow
from tests.helm.expectations import (
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

CONNECTION = SecretKey("airflow-logs", "connection")
VARIABLE = "AIRFLOW_CONN_REMOTE_LOGS"
STORES: Mapping[str, tuple[Logs, dict[tuple[str, str], str], Any]] = {
    "s3-by-identity": (
        Logs.s3("logs", prefix="prod"),
        {("logging", "remote_base_log_folder"): "s3://logs/prod"},
        None,
    ),
    "s3-by-secret": (
        Logs.s3("logs", connection=CONNECTION, encrypt=True),
        {
            ("logging", "remote_base_log_folder"): "s3://logs",
            ("logging", "remote_log_conn_id"): "remote_logs",
            ("logging", "encrypt_s3_logs"): "True",
        },
        {"name": "airflow-logs", "key": "connection"},
    ),
    "s3-elsewhere": (
        Logs.s3("logs", endpoint="http://s3.storage:8333"),
        {("logging", "remote_base_log_folder"): "s3://logs", ("logging", "remote_log_conn_id"): "remote_logs"},
        '{"conn_type": "aws", "extra": {"endpoint_url": "http://s3.storage:8333"}}',
    ),
    "gcs": (
        Logs.gcs("logs", connection=CONNECTION),
        {("logging", "remote_base_log_folder"): "gs://logs", ("logging", "remote_log_conn_id"): "remote_logs"},
        {"name": "airflow-logs", "key": "connection"},
    ),
    "azure": (
        Logs.azure_blob("acme", "airflow-logs", prefix="prod"),
        {
            ("logging", "remote_base_log_folder"): "wasb/prod",
            ("logging", "remote_log_conn_id"): "remote_logs",
            ("azure_remote_logging", "remote_wasb_log_container"): "airflow-logs",
        },
        '{"conn_type": "wasb", "login": "acme"}',
    ),
}


def rendered(pair: tuple[str, str], **settings: Any) -> Rendered:
    chart, airflow = pair
    result = render_release(
        helm_chart(release(chart_version=chart, airflow_version=airflow, dag_processor=DagProcessor(), **settings))
    )
    assert_env_once(result)
    assert_no_bundled(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def cfg_of(result: Rendered) -> str:
    (text,) = (
        config["data"]["airflow.cfg"] for config in result.find("ConfigMap") if "airflow.cfg" in config.get("data", {})
    )
    return str(text)


def assert_everywhere(result: Rendered, pair: tuple[str, str], name: str, wanted: Any) -> None:
    """A variable has one value or source in every Airflow container, the task pod's included."""
    containers = result.containers("airflow")
    server = "webserver" if pair[1] < "3" else "api-server"
    parts = {container.pod.component for container in containers}
    assert parts >= {"scheduler", server, "triggerer", "dag-processor", "worker"}
    for container in containers:
        entry = container.env.get(name)
        seen = None if entry is None else entry.get("value", (entry.get("valueFrom") or {}).get("secretKeyRef"))
        assert seen == wanted, container.where


@pytest.mark.parametrize("name", STORES)
def test_an_object_store_reaches_every_airflow_container(pair: tuple[str, str], name: str) -> None:
    logs, options, connection = STORES[name]
    result = rendered(pair, logs=logs)
    cfg = result.airflow_cfg
    assert cfg.get("logging", "remote_logging") == "True"
    for option, value in options.items():
        assert cfg.get(*option) == value
    assert cfg.has_option("logging", "remote_log_conn_id") is (connection is not None)
    assert_everywhere(result, pair, VARIABLE, connection)
    assert not any("persistentVolumeClaim" in v for pod in result.pods for v in pod.spec.get("volumes", []))


def test_elasticsearch_reaches_every_airflow_container(pair: tuple[str, str]) -> None:
    result = rendered(pair, logs=Logs.elasticsearch(SearchUrlSecret("search")))
    cfg = result.airflow_cfg
    assert cfg.get("logging", "remote_logging") == "True"
    assert (cfg.get("elasticsearch", "json_format"), cfg.get("elasticsearch", "write_stdout")) == ("True", "True")
    assert_everywhere(result, pair, "AIRFLOW__ELASTICSEARCH__HOST", {"name": "search", "key": "connection"})


def test_opensearch_reaches_every_airflow_container(pair: tuple[str, str]) -> None:
    if pair[1] < "3":
        pytest.skip("Airflow 2 cannot write logs to OpenSearch, and the platform refuses it")
    login = {"username": SecretKey("login", "user"), "password": SecretKey("login", "secret")}
    result = rendered(pair, logs=Logs.opensearch(SearchUrlSecret("search"), port=443, **login))
    cfg = result.airflow_cfg
    assert cfg.get("logging", "remote_logging") == "True"
    assert (cfg.get("opensearch", "port"), cfg.get("opensearch", "write_stdout")) == ("443", "True")
    assert_everywhere(result, pair, "AIRFLOW__OPENSEARCH__HOST", {"name": "search", "key": "connection"})
    assert_everywhere(result, pair, "AIRFLOW__OPENSEARCH__USERNAME", {"name": "login", "key": "user"})
    assert_everywhere(result, pair, "AIRFLOW__OPENSEARCH__PASSWORD", {"name": "login", "key": "secret"})


# ------------------------------------------------------------------------------------------------- Airflow itself

_WRITER = """
import json, warnings
warnings.simplefilter("ignore")
from airflow.config_templates import airflow_local_settings as settings
writer = getattr(settings, "REMOTE_TASK_LOG", None)
handler = settings.DEFAULT_LOGGING_CONFIG["handlers"]["task"]
told = {key: str(getattr(writer, key)) for key in dir(writer) if not key.startswith("_") and key in (
    "remote_base", "wasb_container", "host", "write_stdout", "json_format", "write_to_es", "write_to_opensearch", "port", "username"
)} if writer else {key: str(value) for key, value in handler.items()}
print(json.dumps({"class": type(writer).__name__ if writer else handler["class"].rpartition(".")[2], "told": told}))
"""


def writer(pair: tuple[str, str], result: Rendered, **env: str) -> tuple[str, dict[str, str]]:
    """The class that Airflow writes logs with, and its arguments."""
    if pair[1] not in ("2.9.3", "3.2.2"):
        pytest.skip(f"the environment of Airflow {pair[1]} need not have the providers of log stores")
    answer = json.loads(run_airflow(pair[1], cfg_of(result), _WRITER, env=env))
    return answer["class"], answer["told"]


def test_airflow_itself_writes_to_the_bucket(pair: tuple[str, str]) -> None:
    kind, told = writer(pair, rendered(pair, logs=STORES["s3-by-identity"][0]))
    assert kind == ("S3TaskHandler" if pair[1] < "3" else "S3RemoteLogIO")
    assert told["s3_log_folder" if pair[1] < "3" else "remote_base"] == "s3://logs/prod"


def test_airflow_itself_writes_to_the_container(pair: tuple[str, str]) -> None:
    kind, told = writer(pair, rendered(pair, logs=STORES["azure"][0]))
    assert kind == ("WasbTaskHandler" if pair[1] < "3" else "WasbRemoteLogIO")
    assert told["wasb_container"] == "airflow-logs"
    assert told["wasb_log_folder" if pair[1] < "3" else "remote_base"] == "wasb/prod"


@pytest.mark.parametrize("direct", [False, True])
def test_airflow_itself_writes_to_elasticsearch(pair: tuple[str, str], direct: bool) -> None:
    if direct and pair[1] < "3.2":
        pytest.skip("refused before Airflow 3.2")
    result = rendered(pair, logs=Logs.elasticsearch(SearchUrlSecret("search"), direct=direct))
    kind, told = writer(pair, result, AIRFLOW__ELASTICSEARCH__HOST="http://me:secret@search:9200")
    assert kind == ("ElasticsearchTaskHandler" if pair[1] < "3" else "ElasticsearchRemoteLogIO")
    assert (told["json_format"], told["write_stdout"]) == ("True", str(not direct))
    assert told.get("write_to_es", "False") == str(direct)


@pytest.mark.parametrize("direct", [False, True])
def test_airflow_itself_writes_to_opensearch(pair: tuple[str, str], direct: bool) -> None:
    if pair[1] < "3.2":
        pytest.skip("refused with Airflow 2; and only one environment has the provider")
    logs = Logs.opensearch(SearchUrlSecret("search"), port=443, direct=direct)
    kind, told = writer(pair, rendered(pair, logs=logs), AIRFLOW__OPENSEARCH__HOST="https://search")
    assert kind == "OpensearchRemoteLogIO"
    assert (told["json_format"], told["write_stdout"], told["write_to_opensearch"]) == (
        "True",
        str(not direct),
        str(direct),
    )


def test_airflow_itself_knows_every_option_of_logs(pair: tuple[str, str]) -> None:
    if pair[1] not in ("2.9.3", "3.2.2"):
        pytest.skip(f"the environment of Airflow {pair[1]} need not have the providers of log stores")
    for logs, options, _ in STORES.values():
        wanted = {**options, ("logging", "remote_logging"): "True"}
        # Each store on its own: the file is read before it is known whether its provider is complete.
        cfg = cfg_of(rendered(pair, logs=logs)).replace("remote_logging = True", "remote_logging = False")
        answer = ask(pair[1], cfg, wanted)
        assert set(wanted) - answer.known == set()
        assert answer.read["core"] == {**wanted, ("logging", "remote_logging"): "False"}
