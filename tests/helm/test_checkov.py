"""checkov looks at what the released charts make of our values, as Helm would apply it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.carried import Carried, releases
from tests.helm.rendering import Rendered, render
from tests.truth import checkov
from tests.truth.kinds import pod_specs
from tests.truth.manifests import load

GOLDENS = Path(__file__).parents[1] / "goldens"


def delivered(file: Path) -> list[Carried]:
    """The releases of Airflow that a golden delivers, by whatever delivery."""
    folder = file.with_name(file.name.partition(".")[0])
    files = {str(each): each.read_text(encoding="utf-8") for each in folder.rglob("*") if each.is_file()}
    return releases(load(file), files)


pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.skipif(not checkov.is_there(), reason=checkov.MISSING),
]


def applied(rendered: Rendered) -> list[dict[str, Any]]:
    """What Helm applies, with the namespace that it fills in, and the pod that each task gets.

    A pod without a token setting uses that of its service account. checkov looks only at the pod, so the setting is copied.
    """
    objects = [*rendered.manifests]
    if rendered.pod_template is not None:
        objects.append(rendered.pod_template)
    made = copy.deepcopy([dict(each) for each in objects])
    for each in made:
        if not each["metadata"].get("namespace"):
            each["metadata"]["namespace"] = rendered.namespace
    silent = {
        each["metadata"]["name"]
        for each in made
        if each["kind"] == "ServiceAccount" and each.get("automountServiceAccountToken") is False
    }
    for each in made:
        for _, pod in pod_specs(each):
            if pod.get("serviceAccountName") in silent and "automountServiceAccountToken" not in pod:
                pod["automountServiceAccountToken"] = False  # type: ignore[index]
    return made


def policies(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The policies that we make for the chart's pods."""
    return [each for each in manifests if each["kind"] == "NetworkPolicy"]


@functools.cache
def verdicts() -> Mapping[str, checkov.Verdict]:
    """What checkov says of each golden, its releases rendered."""
    return checkov.judge(
        {
            str(file.relative_to(GOLDENS)): [
                *policies(load(file)),
                *(
                    manifest
                    for each in delivered(file)
                    for manifest in applied(
                        render(each.values, each.version, release=each.release, namespace=each.namespace)
                    )
                ),
            ]
            for file in sorted(GOLDENS.rglob("*.k8s.yaml"))
        }
    )


def test_there_is_a_release_in_every_golden_whatever_delivers_it() -> None:
    assert {
        str(file.relative_to(GOLDENS)): len(delivered(file)) for file in GOLDENS.rglob("*.k8s.yaml")
    } == dict.fromkeys(verdicts(), 1)


def test_nothing_that_the_chart_makes_of_our_values_has_a_fault_but_for_the_waivers() -> None:
    assert checkov.unwaived(verdicts(), "chart") == []
    assert all(verdict.passed > 300 for verdict in verdicts().values())


def test_every_waiver_for_the_chart_covers_something() -> None:
    assert checkov.idle(verdicts().values(), "chart") == set()
