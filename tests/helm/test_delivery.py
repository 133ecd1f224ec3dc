"""The same platform by each delivery is the same Airflow, rendered by real Helm from what each delivery carries."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from tests.delivery.carried import DELIVERIES, carried, platform
from tests.helm.expectations import (
    assert_env_once,
    assert_no_bundled,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render
from tests.platforms import PAIRS

pytestmark = [
    pytest.mark.usefixtures("charts"),
    pytest.mark.parametrize("pair", PAIRS, ids="-".join),
]

MIGRATION = ("Job", "lab-run-airflow-migrations")
ACCOUNT = ("Job", "lab-create-user")
HELM_HOOKS = {
    job: {
        "helm.sh/hook": "post-install,post-upgrade",
        "helm.sh/hook-weight": weight,
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    for job, weight in ((MIGRATION, "1"), (ACCOUNT, "2"))
}
ARGO_HOOKS = {
    job: {
        "argocd.argoproj.io/hook": phase,
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    for job, phase in ((MIGRATION, "Sync"), (ACCOUNT, "PostSync"))
}


def rendered(name: str, pair: tuple[str, str]) -> Rendered:
    release = carried(platform(DELIVERIES[name], pair))
    return render(release.values, release.version, release=release.release, namespace=release.namespace)


def without_hooks(result: Rendered) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every object by kind and name, without the annotations that tell when it is run."""
    objects = {}
    for manifest in copy.deepcopy(result.manifests):
        metadata = manifest["metadata"]
        annotations = metadata.get("annotations") or {}
        for key in (*HELM_HOOKS[MIGRATION], *ARGO_HOOKS[MIGRATION]):
            annotations.pop(key, None)
        if not annotations:
            metadata.pop("annotations", None)
        objects[(manifest["kind"], metadata["name"])] = manifest
    return objects


def hooks(result: Rendered) -> dict[tuple[str, str], dict[str, str]]:
    """The objects that are hooks of anything, and how."""
    found = {}
    for manifest in result.manifests:
        annotations = manifest["metadata"].get("annotations") or {}
        said = {key: value for key, value in annotations.items() if "/hook" in key}
        if said:
            found[(manifest["kind"], manifest["metadata"]["name"])] = said
    return found


@pytest.mark.parametrize("name", [name for name in DELIVERIES if name != "k3s"])
def test_every_delivery_renders_what_the_helm_chart_renders(pair: tuple[str, str], name: str) -> None:
    assert without_hooks(rendered(name, pair)) == without_hooks(rendered("k3s", pair))


@pytest.mark.parametrize("name", list(DELIVERIES))
def test_the_jobs_are_the_only_hooks_and_ones_their_delivery_knows(pair: tuple[str, str], name: str) -> None:
    assert hooks(rendered(name, pair)) == ARGO_HOOKS if name == "argo" else HELM_HOOKS


def test_argo_cd_s_rendering_holds_what_every_rendering_holds(pair: tuple[str, str]) -> None:
    result = rendered("argo", pair)
    assert_env_once(result)
    assert_no_bundled(result, asked_for=["create-user-job"])
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)


def test_two_renderings_are_the_same_so_that_argo_cd_sees_no_difference(pair: tuple[str, str]) -> None:
    release = carried(platform(DELIVERIES["argo"], pair))
    again = render(release.values, release.version, release=release.release, namespace=release.namespace, fresh=True)
    assert again.text == rendered("argo", pair).text


def test_what_a_hook_needs_is_none_itself_and_there_before_it(pair: tuple[str, str]) -> None:
    result = rendered("argo", pair)
    for job in (MIGRATION, ACCOUNT):
        account = result.get(*job)["spec"]["template"]["spec"]["serviceAccountName"]
        assert ("ServiceAccount", account) in result.names
        assert ("ServiceAccount", account) not in hooks(result)
