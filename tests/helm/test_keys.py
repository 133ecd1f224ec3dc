"""What real Helm makes of a fernet key that is being rotated, and what real Airflows make of that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken

from cdk8s_airflow import (
    AirflowKeys,
    BrokerUrlSecret,
    CeleryExecutor,
    DatabaseCleanup,
    FernetKeySecret,
    KubernetesExecutor,
    PodCleanup,
    RedisBroker,
    RedisPasswordSecret,
    TaskPods,
)
from cdk8s_airflow.airflow.wire.keys import FERNET_COMMAND, FERNET_PARTS, FERNET_VARIABLE
from tests.helm.airflow import python_of
from tests.helm.expectations import assert_env_once, assert_requests_everywhere, assert_restricted, assert_strict_kinds
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

every = pytest.mark.parametrize("pair", PAIRS, ids="-".join)
VERSIONS = sorted({airflow for _, airflow in PAIRS})
ROTATING = AirflowKeys.existing(
    prefix="airflow", fernet=FernetKeySecret("fernet-2"), previous_fernet=FernetKeySecret("fernet-1")
)
CELERY = CeleryExecutor(broker=RedisBroker(url=BrokerUrlSecret("broker"), password=RedisPasswordSecret("redis")))


def rendered(pair: tuple[str, str], **settings: Any) -> tuple[Rendered, list[dict[str, Any]]]:
    cleanup = None if isinstance(settings.get("executor"), CeleryExecutor) else PodCleanup()
    manifests = release(
        chart_version=pair[0],
        airflow_version=pair[1],
        cleanup=cleanup,
        database_cleanup=DatabaseCleanup(),
        **settings,
    )
    result = render_release(helm_chart(manifests))
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result, manifests


def knowing(result: Rendered, name: str) -> set[str]:
    """The containers that are given a variable."""
    return {container.where for container in result.containers() if name in container.env}


@every
@pytest.mark.usefixtures("charts")
@pytest.mark.parametrize("executor", [KubernetesExecutor(), CELERY], ids=lambda executor: executor.name)
def test_every_container_that_knows_the_key_knows_both_while_it_is_rotated(
    pair: tuple[str, str], executor: Any
) -> None:
    pods = (
        TaskPods(fernet_key=True) if pair[1].startswith("3.") and executor.name == "KubernetesExecutor" else TaskPods()
    )
    before, _ = rendered(pair, executor=executor, task_pods=pods)
    after, _ = rendered(pair, executor=executor, task_pods=pods, keys=ROTATING)
    readers = {where for where in knowing(before, FERNET_VARIABLE) if "cleanup" not in where or "database" in where}
    assert len(readers) >= 6
    assert knowing(after, FERNET_VARIABLE) == set()
    for name in (FERNET_COMMAND, *FERNET_PARTS):
        assert knowing(after, name) >= readers, name
    for container in after.containers():
        if FERNET_COMMAND in container.env:
            told = {name: container.env[name]["valueFrom"]["secretKeyRef"] for name in FERNET_PARTS}
            assert told == {
                "AIRFLOW_FERNET_KEY": {"name": "fernet-2", "key": "fernet-key"},
                "AIRFLOW_FERNET_KEY_BEFORE": {"name": "fernet-1", "key": "fernet-key"},
            }
            assert container.env[FERNET_COMMAND]["value"] == (
                """sh -c 'printf %s,%s "$AIRFLOW_FERNET_KEY" "$AIRFLOW_FERNET_KEY_BEFORE"'"""
            )


@every
@pytest.mark.usefixtures("charts")
def test_task_pods_of_airflow_3_know_neither_key(pair: tuple[str, str]) -> None:
    after, manifests = rendered(pair, keys=ROTATING)
    pods = [container for container in after.containers() if container.pod.kind == "PodTemplate"]
    assert pods
    knows = pair[1].startswith("2.")
    for container in pods:
        if container.role == "airflow":
            assert [name in container.env for name in (FERNET_COMMAND, *FERNET_PARTS)] == [knows] * 3
    own = [m for m in manifests if m["kind"] == "CronJob"]
    for job in own:
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        names = [entry["name"] for entry in container["env"]]
        assert FERNET_VARIABLE not in names
        assert {FERNET_COMMAND, *FERNET_PARTS} <= set(names)
        assert len(names) == len(set(names))


_CRYPT = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
from airflow.models.crypto import get_fernet
fernet = get_fernet()
tokens = json.load(sys.stdin)
read = [fernet.decrypt(token.encode()).decode() for token in tokens]
print(json.dumps({"read": read, "new": fernet.encrypt(b"new").decode(), "turned": fernet.rotate(tokens[0].encode()).decode()}))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_airflow_reads_with_both_keys_and_writes_with_the_new_one(version: str, tmp_path: Path) -> None:
    """With the very variables that the chart is given, as a pod has them."""
    from cdk8s_airflow.airflow.wire.keys import KEYS
    from tests.airflow.wire.samples import release as settings
    from tests.airflow.wire.samples import values_of

    python = python_of(version)
    old, new = Fernet.generate_key(), Fernet.generate_key()
    keys = {"fernet-1": old.decode(), "fernet-2": new.decode()}
    values = values_of(KEYS, settings(("1.22.0", "3.2.2"), keys=ROTATING))
    variables = {entry["name"]: entry["value"] for entry in values["env"]}
    variables |= {entry["envName"]: keys[entry["secretName"]] for entry in values["secret"]}
    done = subprocess.run(
        [str(python), "-c", _CRYPT],
        input=json.dumps([Fernet(old).encrypt(b"before").decode(), Fernet(new).encrypt(b"after").decode()]),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path), **variables},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["read"] == ["before", "after"]
    assert Fernet(new).decrypt(said["new"]) == b"new"
    assert Fernet(new).decrypt(said["turned"]) == b"before"
    with pytest.raises(InvalidToken):
        Fernet(old).decrypt(said["new"])
