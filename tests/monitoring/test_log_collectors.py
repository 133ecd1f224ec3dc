"""Log collectors: their configuration, their permissions, the namespace that they need, and their connections."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    BasicAuthSecret,
    KubernetesExecutor,
    Namespace,
    NodeGroup,
    PlatformError,
    RegistryMirror,
    ServiceAccount,
)
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.monitoring import AlloyLogs, CloudWatchOutput, FluentBitLogs, LokiOutput, S3LogOutput
from cdk8s_airflow.schemas.pod_security import pod_findings
from tests.making import emitted, make_airflow, new_chart
from tests.ports import free_port
from tests.truth import assert_accepted

LOKI = LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push")
CLOUD_WATCH = CloudWatchOutput(region="eu-central-1", log_group="/airflow/production")
FLUENT_BIT = json.loads((Path(__file__).parents[1] / "truth/programs/fluent_bit.options.json").read_text("utf-8"))
"""The options of Fluent Bit, from its source."""

ALLOY = json.loads((Path(__file__).parents[1] / "truth/programs/alloy.arguments.json").read_text("utf-8"))
"""The arguments and blocks of components of Alloy, from its source."""

NAMES = ("airflow-alloy", "airflow-fluent-bit")
ROLE = ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/logs"})


def collector(kind: Any, **changes: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    """The objects of a collector, the collector and its chart."""
    chart = new_chart()
    release = changes.pop("release", None) or make_airflow(chart, executor=KubernetesExecutor())
    level = "privileged" if kind is FluentBitLogs else "restricted"
    namespace = changes.pop("namespace", None) or Namespace.existing("logging", pod_security=level)
    made = kind(chart, "logs", release=release, namespace=namespace, **changes)
    manifests = [m for m in emitted(chart) if m["metadata"].get("name") in NAMES]
    assert_accepted(manifests)
    return manifests, made, chart


def one(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [each for each in manifests if each["kind"] == kind]
    return found


def options(text: str, section: str) -> dict[str, str]:
    """The options of a section of Fluent Bit's classic format."""
    (body,) = re.findall(rf"^\[{section}\]\n((?: {{4}}.*\n)+)", text, re.MULTILINE)
    return dict(line.split(None, 1) for line in body.splitlines())


def test_alloy_reads_logs_by_the_api_and_its_pod_is_restricted() -> None:
    manifests, _, _ = collector(AlloyLogs, output=LOKI)
    pod = one(manifests, "Deployment")["spec"]["template"]["spec"]
    assert list(pod_findings(pod, "spec", "restricted")) == []
    role, binding = one(manifests, "Role"), one(manifests, "RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "airflow"
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "airflow-alloy", "namespace": "logging"}]
    config = one(manifests, "ConfigMap")["data"]["config.alloy"]
    assert 'names = ["airflow"]' in config
    assert 'url = "http://loki-gateway.monitoring.svc/loki/api/v1/push"' in config
    assert config.count("{") == config.count("}")
    used = set(re.findall(r"(discovery\.\w+\.\w+|loki\.\w+\.\w+)\.(?:targets|output|receiver)", config))
    defined = {f"{kind}.{name}" for kind, name in re.findall(r'^([\w.]+) "(\w+)" \{', config, re.MULTILINE)}
    assert used <= defined


def wrong_arguments(config: str) -> list[str]:
    """Arguments and blocks that a component of Alloy does not have, and required arguments that are missing."""
    found: list[str] = []
    open_blocks: list[tuple[str, dict[str, Any] | None, set[str]]] = []

    def close() -> None:
        name, accepted, used = open_blocks.pop()
        required = {key for key, kind in (accepted or {}).get("attributes", {}).items() if kind == "required"}
        found.extend(f"{name}: {key} is missing" for key in sorted(required - used))

    for line in map(str.strip, config.splitlines()):
        block = re.fullmatch(r'([\w.]+)(?: "\w+")? \{', line)
        attribute = re.match(r"(\w+)\s*= ", line)
        parent = open_blocks[-1][1] if open_blocks else {"attributes": {}, "blocks": ALLOY}
        if block is not None:
            accepted = None if parent is None else parent["blocks"].get(block[1])
            if accepted is None:
                found.append(f"{block[1]} is not a block of {open_blocks[-1][0] if open_blocks else 'Alloy'}")
            open_blocks.append((block[1], accepted, set()))
        elif attribute is not None:
            if parent is not None:
                open_blocks[-1][2].add(attribute[1])
                if attribute[1] not in parent["attributes"]:
                    found.append(f"{attribute[1]} is not an argument of {open_blocks[-1][0]}")
            if line.endswith("{"):
                open_blocks.append((attribute[1], None, set()))
        elif line.startswith("}"):
            close()
    assert open_blocks == []
    return found


def test_alloy_has_the_arguments_and_blocks_of_its_configuration() -> None:
    full = LokiOutput(
        url="https://loki.acme.lab/push", tenant="a", credentials=BasicAuthSecret("loki"), labels={"cluster": "b"}
    )
    for output in (LOKI, full):
        manifests, _, _ = collector(AlloyLogs, output=output)
        config = one(manifests, "ConfigMap")["data"]["config.alloy"]
        assert wrong_arguments(config) == []
        for old, new, problem in (
            ("tenant_id", "tenant", "tenant is not an argument of endpoint"),
            ("stage.label_drop", "stage.drop_label", "stage.drop_label is not a block of loki.process"),
            ("role = ", "kind = ", "discovery.kubernetes: role is missing"),
            ("basic_auth", "basicauth", "basicauth is not a block of endpoint"),
        ):
            assert problem in wrong_arguments(config.replace(old, new)) or (output is LOKI and old not in config)


def test_alloy_drops_the_labels_that_it_adds_because_one_of_them_has_the_name_of_the_pod() -> None:
    config = one(collector(AlloyLogs, output=LOKI)[0], "ConfigMap")["data"]["config.alloy"]
    (dropped,) = re.findall(r"stage.label_drop \{\n    values = \[(.*)\]", config)
    assert {"instance", "job"} <= set(re.findall(r'"(\w+)"', dropped))


def test_alloy_does_not_ask_for_logs_of_containers_that_wait_for_their_image() -> None:
    config = one(collector(AlloyLogs, output=LOKI)[0], "ConfigMap")["data"]["config.alloy"]
    rules = [" ".join(rule.split()) for rule in re.findall(r"rule \{(.*?)\}", config, re.DOTALL)]
    (drop,) = [rule for rule in rules if "action" in rule]
    assert drop == (
        'source_labels = ["__meta_kubernetes_pod_container_init", "__meta_kubernetes_pod_phase"] '
        'regex = "false;Pending" action = "drop"'
    )


def test_alloy_gets_credentials_from_a_secret_and_restarts_when_its_configuration_changes() -> None:
    output = LokiOutput(url=LOKI.url, tenant="data", credentials=BasicAuthSecret("loki"), labels={"cluster": "prod"})
    manifests, made, _ = collector(AlloyLogs, output=output)
    config = one(manifests, "ConfigMap")["data"]["config.alloy"]
    assert 'password = sys.env("LOKI_PASSWORD")' in config
    assert 'tenant_id = "data"' in config
    assert 'cluster = "prod",' in config
    template = one(manifests, "Deployment")["spec"]["template"]
    env = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in template["spec"]["containers"][0]["env"]}
    assert env["LOKI_PASSWORD"] == {"name": "loki", "key": "password"}
    assert [(need.namespace, need.name) for need in made.secret_needs] == [("logging", "loki")]
    other, _, _ = collector(AlloyLogs, output=LOKI)
    assert (
        one(other, "Deployment")["spec"]["template"]["metadata"]["annotations"] != template["metadata"]["annotations"]
    )


def test_fluent_bit_sends_to_cloud_watch_with_a_role_and_reads_only_pods_of_the_release() -> None:
    manifests, _, chart = collector(FluentBitLogs, output=CLOUD_WATCH, service_account=ROLE)
    text = one(manifests, "ConfigMap")["data"]["fluent-bit.conf"]
    tail, output = options(text, "INPUT"), options(text, "OUTPUT")
    assert tail["Path"] == "/var/log/containers/*_airflow_*.log"
    assert (tail["Read_from_Head"], tail["Refresh_Interval"]) == ("On", "1")
    assert output["Name"] == "cloudwatch_logs"
    assert (output["log_group_name"], output["region"]) == ("/airflow/production", "eu-central-1")
    assert output["log_retention_days"] == "30"
    account = one(manifests, "ServiceAccount")
    assert account["metadata"]["annotations"] == ROLE.annotations
    assert [m["rules"][0]["resources"] for m in manifests if m["kind"] == "Role"] == [["pods"]]
    pod = one(manifests, "DaemonSet")["spec"]["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    (note,) = [note for note in registry_of(chart).notes if "arn:aws:iam::123456789012:role/logs" in note]
    assert "logs:PutLogEvents" in note


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            S3LogOutput(region="eu-central-1", bucket="acme-pod-logs"),
            {"Name": "s3", "bucket": "acme-pod-logs", "s3_key_format": "/airflow/%Y/%m/%d/%H%M%S-$UUID.gz"},
        ),
        (
            LokiOutput(url="https://loki.example.com/loki/api/v1/push", credentials=BasicAuthSecret("loki")),
            {"Name": "loki", "Host": "loki.example.com", "Port": "443", "tls": "On", "http_passwd": "${LOKI_PASSWORD}"},
        ),
        (CloudWatchOutput(region="eu-west-1", log_group="a", create_log_group=False), {"auto_create_group": "Off"}),
    ],
    ids=["s3", "loki", "existing-group"],
)
def test_outputs_of_fluent_bit(output: Any, expected: dict[str, str]) -> None:
    manifests, _, _ = collector(FluentBitLogs, output=output)
    made = options(one(manifests, "ConfigMap")["data"]["fluent-bit.conf"], "OUTPUT")
    assert {key: made.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    "output",
    [
        CLOUD_WATCH,
        S3LogOutput(region="eu-central-1", bucket="acme-pod-logs"),
        LokiOutput(
            url="https://loki.example.com/loki/api/v1/push",
            tenant="data",
            credentials=BasicAuthSecret("loki"),
            labels={"cluster": "prod"},
        ),
    ],
    ids=["cloudwatch", "s3", "loki"],
)
def test_fluent_bit_has_every_option_that_is_used(output: Any) -> None:
    manifests, _, _ = collector(FluentBitLogs, output=output)
    text = one(manifests, "ConfigMap")["data"]["fluent-bit.conf"]
    for section in ("SERVICE", "INPUT", "FILTER", "OUTPUT"):
        used = options(text, section)
        known = {*FLUENT_BIT[section], *FLUENT_BIT["plugins"].get(used.get("Name"), ())}
        assert {name for name in used if name.lower() not in known} == set()


@pytest.mark.parametrize(
    ("output", "limit"),
    [
        (CLOUD_WATCH, "no_limits"),
        (LOKI, "no_limits"),
        (S3LogOutput(region="eu-central-1", bucket="acme-pod-logs"), "1000"),
    ],
    ids=["cloudwatch", "loki", "s3"],
)
def test_fluent_bit_keeps_what_the_output_does_not_accept(output: Any, limit: str) -> None:
    text = one(collector(FluentBitLogs, output=output)[0], "ConfigMap")["data"]["fluent-bit.conf"]
    assert options(text, "OUTPUT")["Retry_Limit"] == limit
    assert options(text, "SERVICE")["scheduler.cap"] == "300"


def test_fluent_bit_reads_the_labels_of_pods_of_any_size() -> None:
    text = one(collector(FluentBitLogs, output=LOKI)[0], "ConfigMap")["data"]["fluent-bit.conf"]
    assert options(text, "FILTER")["Buffer_Size"] == "0"


def test_fluent_bit_sends_the_labels_and_structured_metadata_of_alloy_to_loki() -> None:
    text = one(collector(FluentBitLogs, output=LOKI)[0], "ConfigMap")["data"]["fluent-bit.conf"]
    alloy = one(collector(AlloyLogs, output=LOKI)[0], "ConfigMap")["data"]["config.alloy"]
    output = options(text, "OUTPUT")

    def names(option: str) -> set[str]:
        return {pair.partition("=")[0] for pair in output[option].split(", ")}

    targets = set(re.findall(r'target_label  = "(\w+)"', alloy))
    (dropped,) = re.findall(r"stage.label_drop \{\n    values = \[(.*)\]", alloy)
    metadata = set(re.findall(r'"(\w+)"', dropped)) - {"instance", "job"}
    assert names("structured_metadata") == metadata == {"pod", "task_id", "run_id", "try_number"}
    assert names("labels") == targets - metadata == {"namespace", "component", "container", "dag_id"}


def test_fluent_bit_sends_the_line_without_anything_else_to_loki() -> None:
    output = options(one(collector(FluentBitLogs, output=LOKI)[0], "ConfigMap")["data"]["fluent-bit.conf"], "OUTPUT")
    assert set(output["remove_keys"].split(", ")) == {"time", "stream", "_p", "kubernetes"}
    assert output["drop_single_key"] == "raw"


def test_fluent_bit_is_rejected_where_host_paths_are_forbidden_and_where_tasks_run() -> None:
    with pytest.raises(PlatformError, match='pod_security="privileged"'):
        collector(FluentBitLogs, output=CLOUD_WATCH, namespace=Namespace.existing("logging"))
    with pytest.raises(PlatformError, match="another namespace than those of tasks"):
        collector(FluentBitLogs, output=CLOUD_WATCH, namespace=Namespace.existing("airflow", pod_security="privileged"))


ELSEWHERE: dict[str, Any] = {
    "task_namespaces": [Namespace.existing("team-a")],
    "pod_operator_namespaces": [Namespace.existing("jobs")],
}


def test_alloy_reads_all_namespaces_in_which_tasks_start_pods() -> None:
    chart = new_chart()
    release = make_airflow(chart, **ELSEWHERE)
    AlloyLogs(chart, "logs", release=release, namespace=Namespace.existing("logging"), output=LOKI)
    manifests = [m for m in emitted(chart) if m["metadata"].get("name") in NAMES]
    assert {m["metadata"]["namespace"] for m in manifests if m["kind"] == "Role"} == {"airflow", "team-a", "jobs"}
    assert 'names = ["airflow", "team-a", "jobs"]' in one(manifests, "ConfigMap")["data"]["config.alloy"]


def test_fluent_bit_reads_all_namespaces_in_which_tasks_start_pods() -> None:
    chart = new_chart()
    release = make_airflow(chart, **ELSEWHERE)
    logging = Namespace.existing("logging", pod_security="privileged")
    FluentBitLogs(chart, "logs", release=release, namespace=logging, output=CLOUD_WATCH)
    text = one([m for m in emitted(chart) if m["metadata"].get("name") in NAMES], "ConfigMap")["data"][
        "fluent-bit.conf"
    ]
    paths = [f"/var/log/containers/*_{each}_*.log" for each in ("airflow", "team-a", "jobs")]
    assert options(text, "INPUT")["Path"] == ",".join(paths)


def test_fluent_bit_is_rejected_in_a_namespace_in_which_tasks_start_pods() -> None:
    chart = new_chart()
    jobs = Namespace.existing("jobs", pod_security="privileged")
    release = make_airflow(chart, pod_operator_namespaces=[jobs])
    with pytest.raises(PlatformError, match="another namespace than those of tasks"):
        FluentBitLogs(chart, "logs", release=release, namespace=jobs, output=CLOUD_WATCH)


def test_image_comes_from_the_mirror_and_the_collector_runs_on_a_node_group() -> None:
    chart = new_chart()
    release = make_airflow(chart, mirror=RegistryMirror("registry.acme.lab/mirror"))
    AlloyLogs(
        chart,
        "logs",
        release=release,
        namespace=Namespace.existing("logging"),
        output=LOKI,
        placement=NodeGroup.eks("core"),
    )
    pod = one([m for m in emitted(chart) if m["metadata"].get("name") in NAMES], "Deployment")["spec"]
    assert pod["template"]["spec"]["containers"][0]["image"].startswith("registry.acme.lab/mirror/")
    assert pod["template"]["spec"]["nodeSelector"] == {"eks.amazonaws.com/nodegroup": "core"}


@pytest.mark.parametrize(
    ("kind", "output", "hosts"),
    [
        (AlloyLogs, LOKI, {"loki-gateway.monitoring.svc"}),
        (FluentBitLogs, CLOUD_WATCH, {"logs.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com"}),
    ],
)
def test_connections_of_collectors_are_those_to_dns_the_api_and_the_output(
    kind: Any, output: Any, hosts: set[str]
) -> None:
    _, made, _ = collector(kind, output=output)
    targets = [getattr(flow.target, "role", None) or flow.target.name for flow in made.traffic.flows]
    assert set(targets) == {"dns", "api-server", *hosts}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LokiOutput(url="http://loki.monitoring.svc"), r"loki/api/v1/push"),
        (lambda: CloudWatchOutput(region="eu-central-1", log_group="a b"), r"log_group"),
        (lambda: LokiOutput(url=LOKI.url, labels={"a-b": "c"}), r"label of Loki"),
    ],
)
def test_output_that_the_collector_would_not_accept_is_rejected(make: Any, message: str) -> None:
    with pytest.raises(PlatformError, match=message):
        collector(FluentBitLogs, output=make())


def test_retention_that_cloudwatch_does_not_accept_is_rejected() -> None:
    output = CloudWatchOutput(region="eu-central-1", log_group="/airflow", retention="31d")
    with pytest.raises(
        PlatformError, match=r"output.retention must be a number of days .* one of: 1d, 3d, .*3653d, got '31d'"
    ):
        collector(FluentBitLogs, output=output)


def program(name: str, variable: str) -> str:
    """A log collector; the test is skipped without it."""
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the PATH, and {variable} is not set")
    return found


OUTPUTS = {
    "cloudwatch": CLOUD_WATCH,
    "s3": S3LogOutput(region="eu-central-1", bucket="acme-pod-logs"),
    "loki": LokiOutput(
        url="https://loki.acme.lab/push", tenant="a", credentials=BasicAuthSecret("loki"), labels={"cluster": "lab"}
    ),
}


LOGIN = {
    "LOKI_USERNAME": "a",
    "LOKI_PASSWORD": "b",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def starts(config: str, folder: Path) -> tuple[bool, str]:
    """Whether Fluent Bit starts all of its plugins with a configuration, and what it prints."""
    (folder / "parsers.conf").write_text("[PARSER]\n    Name json\n    Format json\n", encoding="utf-8")
    for old, new in (
        ("/fluent-bit/etc/parsers.conf", f"{folder}/parsers.conf"),
        ("/var/fluent-bit/state", str(folder)),
        ("0.0.0.0", "127.0.0.1"),
        ("2020", str(free_port())),
    ):
        assert old in config
        config = config.replace(old, new)
    path = folder / "fluent-bit.conf"
    path.write_text(config, encoding="utf-8")
    command = [program("fluent-bit", "CDK8S_AIRFLOW_FLUENT_BIT"), "-c", str(path)]
    printed, end = "", time.monotonic() + 30
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **LOGIN}
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            printed += line
            if "stream processor started" in line or time.monotonic() > end:
                running.kill()
                return "stream processor started" in line, printed
    return False, printed


@pytest.mark.parametrize("name", OUTPUTS)
def test_fluent_bit_starts_with_its_configuration(name: str, tmp_path: Path) -> None:
    role = {} if name == "loki" else {"service_account": ROLE}
    manifests, _, _ = collector(FluentBitLogs, output=OUTPUTS[name], **role)
    config = one(manifests, "ConfigMap")["data"]["fluent-bit.conf"]
    started, printed = starts(config, tmp_path)
    assert started, printed
    for section in ("INPUT", "FILTER", "OUTPUT"):
        (options_of_it,) = re.findall(rf"^\[{section}\]\n((?: {{4}}.*\n)+)", config, re.MULTILINE)
        spoiled = config.replace(options_of_it, f"{options_of_it}    Not_An_Option         on\n")
        started, printed = starts(spoiled, tmp_path)
        assert not started
        assert "unknown configuration property 'not_an_option'" in printed


def test_alloy_accepts_its_configuration(tmp_path: Path) -> None:
    manifests, _, _ = collector(AlloyLogs, output=OUTPUTS["loki"])
    path = tmp_path / "config.alloy"
    path.write_text(one(manifests, "ConfigMap")["data"]["config.alloy"], encoding="utf-8")
    command = [program("alloy", "CDK8S_AIRFLOW_ALLOY"), "validate", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
