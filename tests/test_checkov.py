"""checkov, a judge of security that others wrote, looks at everything we emit and at the task pods we write.

What the chart makes of our values it looks at in tests/helm/test_checkov.py.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.truth import checkov
from tests.truth.manifests import load, values_of

ROOT = Path(__file__).parents[1]
MOST = 12
"""How many waivers there are. Lower it when one goes, and do not raise it."""

asks_checkov = pytest.mark.skipif(not checkov.is_there(), reason=checkov.MISSING)


def with_task_pods(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Manifests, and the task pods that are in the values of their releases."""
    pods = []
    for release in (each for each in manifests if each["kind"] == "HelmChart" and "valuesContent" in each["spec"]):
        text = values_of(release).get("podTemplate")
        if text:
            pod = yaml.safe_load(text)
            pod["metadata"]["namespace"] = release["spec"]["targetNamespace"]
            pods.append(pod)
    return [*manifests, *pods]


@functools.cache
def verdicts() -> Mapping[str, checkov.Verdict]:
    """What checkov says of each golden, and of dist/ as a whole."""
    platforms = {
        str(file.relative_to(ROOT)): with_task_pods(load(file))
        for file in sorted((ROOT / "tests" / "goldens").rglob("*.k8s.yaml"))
    }
    return checkov.judge({**platforms, "dist": with_task_pods(load(ROOT / "dist"))})


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "lab"}, "spec": spec}


@asks_checkov
def test_nothing_that_we_emit_has_a_fault_but_for_the_waivers() -> None:
    assert checkov.unwaived(verdicts(), "ours") == []
    assert sum(verdict.passed for verdict in verdicts().values()) > 1000


@asks_checkov
def test_every_waiver_for_our_objects_covers_something() -> None:
    assert checkov.idle(verdicts().values(), "ours") == set()


def test_the_list_of_waivers_is_short_reasoned_and_only_shrinks() -> None:
    listed = yaml.safe_load(checkov.WAIVERS.read_text(encoding="utf-8"))
    assert len(listed) == MOST
    assert [each["check"] for each in listed] == sorted({each["check"] for each in listed})
    for each in listed:
        assert {"check", "because"} < each.keys() <= {"check", "because", "isolated_too", "ours", "chart"}
        assert len(each["because"]) > 50
    for waiver in (*checkov.waivers("ours"), *checkov.waivers("chart")):
        assert waiver.where
        assert len(set(waiver.where)) == len(waiver.where)
        assert waiver.where == ("*",) or "*" not in waiver.where


@asks_checkov
@pytest.mark.parametrize(
    ("manifest", "check"),
    [
        (pod(containers=[{"name": "x", "image": "x:1", "securityContext": {"privileged": True}}]), "CKV_K8S_16"),
        (pod(containers=[{"name": "x", "image": "x:1"}], hostNetwork=True), "CKV_K8S_19"),
        (pod(containers=[{"name": "x", "image": "x:1"}]), "CKV_K8S_13"),
        (
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "x", "namespace": "lab"},
                "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
            },
            "CKV_K8S_49",
        ),
    ],
    ids=["privileged", "network of the node", "no memory limit", "a role for everything"],
)
def test_the_judge_sees_what_is_plainly_wrong(manifest: dict[str, Any], check: str) -> None:
    (verdict,) = checkov.judge({"wrong": [manifest]}).values()
    assert check in {fault.check for fault in verdict.faults}
    assert any(check in line for line in checkov.unwaived({"wrong": verdict}, "ours"))


def test_an_object_that_the_judge_did_not_look_at_is_noticed() -> None:
    verdict = checkov.Verdict(faults=(), passed=1, seen=frozenset({"Pod.lab.y"}), isolated=frozenset())
    others = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "z"}}
    assert checkov.overlooked([pod(), others], verdict) == ["Pod.lab.x"]


def test_a_waiver_covers_its_check_in_its_places_only() -> None:
    waiver = checkov.Waiver(check="CKV_K8S_1", where=("Pod.lab.*", "Job.*"), because="")
    fault = checkov.Fault(check="CKV_K8S_1", name="", resource="Pod.lab.x")
    other = checkov.Fault(check="CKV_K8S_11", name="", resource="Pod.lab.x")
    elsewhere = checkov.Fault(check="CKV_K8S_1", name="", resource="Deployment.lab.x")
    assert waiver.covering(fault) == [("CKV_K8S_1", "Pod.lab.*")]
    assert waiver.covering(other) == waiver.covering(elsewhere) == []


def test_a_waiver_for_what_is_not_isolated_is_none_for_what_is() -> None:
    waiver = checkov.Waiver(check="CKV2_K8S_6", where=("Pod.*",), because="", isolated_too=False)
    fault = checkov.Fault(check="CKV2_K8S_6", name="", resource="Pod.lab.x")
    assert waiver.covering(fault, frozenset({"else"})) == [("CKV2_K8S_6", "Pod.*")]
    assert waiver.covering(fault, frozenset({"lab"})) == []
