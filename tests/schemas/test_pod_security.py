"""The Pod Security Standards over whole pods, and over the containers and volumes that users add."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cdk8s_airflow.schemas.pod_security import completed, container_findings, pod_findings, volume_findings
from tests.schemas.pod_security_samples import GOOD, SAMPLES

LEVELS = ("restricted", "baseline", "privileged")


@pytest.mark.parametrize("name", SAMPLES)
def test_pod_is_accepted_from_its_level_on(name: str) -> None:
    spec, strictest = SAMPLES[name]
    accepted = [level for level in LEVELS if not list(pod_findings(spec, "pod", level))]  # type: ignore[arg-type]
    assert accepted == list(LEVELS[LEVELS.index(strictest) :])


def test_empty_container_is_completed() -> None:
    assert completed({"name": "a"}) == {"name": "a", "securityContext": GOOD}


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"runAsUser": 1000}, {"runAsUser": 1000}),
        (
            {"capabilities": {"add": ["NET_BIND_SERVICE"]}},
            {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
        ),
        ({"runAsNonRoot": False}, {"runAsNonRoot": False}),
        ({"seccompProfile": None}, {}),
    ],
)
def test_completion_keeps_what_the_user_states(given: dict[str, Any], changed: dict[str, Any]) -> None:
    before = copy.deepcopy(given)
    assert completed({"name": "a", "securityContext": given})["securityContext"] == {**GOOD, **changed}
    assert given == before


@pytest.mark.parametrize("name", SAMPLES)
def test_completed_container_passes_unless_it_contradicts(name: str) -> None:
    for container in SAMPLES[name][0]["containers"]:
        contradictions = list(container_findings(container, "c", "restricted"))
        alone = {"containers": [completed(container)]}
        assert bool(list(pod_findings(alone, "pod", "restricted"))) is bool(contradictions)


def test_message_names_field_value_and_fix() -> None:
    (finding,) = container_findings({"securityContext": {"privileged": True}}, "containers[0]", "baseline")
    assert str(finding) == (
        "containers[0].securityContext.privileged is not allowed by the Pod Security Standard 'baseline' of the namespace, "
        "so the pod would never start (got True). Remove it. [security/pod]"
    )
    (volume,) = volume_findings({"name": "a", "hostPath": {"path": "/"}}, "volumes[0]", "restricted")
    assert volume.at == "volumes[0].hostPath"


@pytest.mark.parametrize("broken", [None, 3, "x", [1], {"a": 1}])
def test_malformed_input_is_left_to_the_schema(broken: Any) -> None:
    for field in ("containers", "initContainers", "volumes", "securityContext"):
        list(pod_findings({field: broken}, "pod", "restricted"))
    for field in ("securityContext", "ports", "livenessProbe", "lifecycle"):
        list(container_findings({field: broken}, "c", "restricted"))
        completed({field: broken})
