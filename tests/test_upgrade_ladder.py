"""From the oldest pair to the newest: one program with two arguments changed, and nothing that a cluster would refuse to change."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import main
from cdk8s_airflow import BrokerUrlSecret, CeleryExecutor, CeleryWorkers, RedisBroker, RedisPasswordSecret, Volume
from cdk8s_airflow.app.registry import registry_of
from tests.helm.rendering import CHARTS_MISSING, Rendered, charts_folder, render_release
from tests.platforms import helm_chart, release
from tests.truth import assert_accepted
from tests.truth.manifests import identity, load, values_of

Step = tuple[str, str]

LADDER: tuple[Step, ...] = (("1.15.0", "2.9.3"), ("1.20.0", "2.11.0"), ("1.22.0", "3.2.2"))
"""The steps of the upgrade guide."""

STEPS = pytest.mark.parametrize(("before", "after"), list(itertools.pairwise(LADDER)), ids=["to-1.20", "to-1.22"])


@functools.cache
def homelab(step: Step) -> list[dict[str, Any]]:
    return load(str(main.build(chart_version=step[0], airflow_version=step[1]).synth_yaml()))


@functools.cache
def with_state(step: Step) -> list[dict[str, Any]]:
    """Celery with volumes of its own for workers and Redis, which no upgrade could change."""
    return release(
        chart_version=step[0],
        airflow_version=step[1],
        executor=CeleryExecutor(
            broker=RedisBroker(
                password=RedisPasswordSecret("redis"), url=BrokerUrlSecret("broker"), storage=Volume("1Gi")
            ),
            workers=CeleryWorkers(replicas=2, storage=Volume("10Gi", storage_class="fast")),
        ),
    )


PROGRAMS: Mapping[str, Callable[[Step], list[dict[str, Any]]]] = {"homelab": homelab, "with-state": with_state}


@functools.cache
def rendered(program: str, step: Step) -> Rendered:
    return render_release(helm_chart(PROGRAMS[program](step)))


def leaves(tree: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            found.update(leaves(value, f"{at}{key}."))
        else:
            found[f"{at}{key}"] = value
    return found


def changes(before: Step, after: Step) -> dict[str, set[str]]:
    """The first two parts of the keys of values that come, go or change with a step."""
    old, new = (leaves(values_of(helm_chart(homelab(step)))) for step in (before, after))
    said = {
        "new": new.keys() - old.keys(),
        "gone": old.keys() - new.keys(),
        "changed": {key for key in old.keys() & new.keys() if old[key] != new[key]},
    }
    return {what: {".".join(key.split(".")[:2]) for key in keys} for what, keys in said.items()}


def secrets(step: Step) -> set[str]:
    """The names of the Secrets that somebody has to make."""
    app = main.build(chart_version=step[0], airflow_version=step[1])
    return {name for _, name in registry_of(app).secrets}


def fixed(result: Rendered) -> dict[tuple[str, str], Any]:
    """What Kubernetes lets nobody change in an object that stands: selectors, and the claims of a StatefulSet."""
    kept = {
        "Deployment": ("selector",),
        "StatefulSet": ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"),
        "PersistentVolumeClaim": ("accessModes", "storageClassName"),
    }
    found = {
        (str(manifest["kind"]), str(manifest["metadata"]["name"])): {
            key: copy.deepcopy(manifest["spec"].get(key)) for key in kept[manifest["kind"]]
        }
        for manifest in result.manifests
        if manifest["kind"] in kept
    }
    for spec in found.values():
        for claim in spec.get("volumeClaimTemplates") or []:
            # The API server fills both in where they are missing.
            claim.pop("apiVersion", None)
            claim.pop("kind", None)
    return found


@pytest.mark.parametrize("step", LADDER, ids="-".join)
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_program_works_at_each_step(program: str, step: Step) -> None:
    manifests = PROGRAMS[program](step)
    assert_accepted(manifests)
    values = values_of(helm_chart(manifests))
    assert (values["airflowVersion"], helm_chart(manifests)["spec"]["version"]) == (step[1], step[0])


@STEPS
def test_only_the_release_changes_and_no_other_object(before: Step, after: Step) -> None:
    old, new = ({identity(m): m for m in homelab(step) if m["kind"] != "HelmChart"} for step in (before, after))
    assert old == new


VALUES = {
    LADDER[1]: {
        "new": {"createUserJob.enabled", "workers.kubernetes"},
        "gone": {"webserver.defaultUser", "workers.resources"},
        "changed": {"airflowVersion", "defaultAirflowTag"},
    },
    LADDER[2]: {
        "new": {
            *(f"apiServer.{key}" for key in ("replicas", "resources", "service", "startupProbe", "waitForMigrations")),
            *(
                f"dagProcessor.{key}"
                for key in ("logGroomerSidecar", "replicas", "resources", "serviceAccount", "waitForMigrations")
            ),
            *(
                "apiSecretKeySecretName",
                "jwtSecretName",
                "config.api",
                "config.execution_api",
                "config.workers",
                "ingress.apiServer",
            ),
            *("enableServiceLinks", "podTemplate"),
        },
        "gone": {
            *(f"webserver.{key}" for key in ("replicas", "resources", "service", "startupProbe", "waitForMigrations")),
            *("config.webserver", "dagProcessor.enabled", "ingress.web", "webserverSecretKeySecretName"),
        },
        "changed": {
            "airflowVersion",
            "defaultAirflowTag",
            "migrateDatabaseJob.extraInitContainers",
            "migrateDatabaseJob.extraVolumes",
        },
    },
}


@STEPS
def test_these_values_of_the_chart_change(before: Step, after: Step) -> None:
    assert changes(before, after) == VALUES[after]


SECRETS: dict[Step, tuple[set[str], set[str]]] = {
    LADDER[1]: (set(), set()),
    LADDER[2]: ({"airflow-api-secret-key", "airflow-jwt-secret"}, {"airflow-webserver-secret-key"}),
}


@STEPS
def test_only_these_secrets_come_and_go(before: Step, after: Step) -> None:
    new, gone = SECRETS[after]
    assert (secrets(after) - secrets(before), secrets(before) - secrets(after)) == (new, gone)


OBJECTS: dict[Step, tuple[set[tuple[str, str]], set[tuple[str, str]]]] = {
    LADDER[1]: ({("ServiceAccount", "airflow-create-user-job")}, set()),
    LADDER[2]: (
        {(kind, "airflow-api-server") for kind in ("Deployment", "Service", "ServiceAccount")}
        | {(kind, "airflow-dag-processor") for kind in ("Deployment", "ServiceAccount")},
        {(kind, "airflow-webserver") for kind in ("Deployment", "Service", "ServiceAccount")},
    ),
}


@pytest.mark.skipif(charts_folder() is None, reason=CHARTS_MISSING)
@STEPS
def test_only_these_objects_of_the_chart_come_and_go(before: Step, after: Step) -> None:
    old, new = (rendered("homelab", step).names for step in (before, after))
    assert (new - old, old - new) == OBJECTS[after]


@pytest.mark.skipif(charts_folder() is None, reason=CHARTS_MISSING)
@STEPS
@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_changes_that_kubernetes_lets_nobody_change(program: str, before: Step, after: Step) -> None:
    old, new = fixed(rendered(program, before)), fixed(rendered(program, after))
    both = old.keys() & new.keys()
    assert ("Deployment", "airflow-scheduler") in both
    assert program == "homelab" or {("StatefulSet", "airflow-redis"), ("StatefulSet", "airflow-worker")} <= both
    assert {key: old[key] for key in both} == {key: new[key] for key in both}
