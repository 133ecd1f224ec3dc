"""``airflow_local_settings.py``: the code of the user, and the hook after it."""

from __future__ import annotations

from cdk8s_airflow.airflow.task_pods import TaskPods
from cdk8s_airflow.airflow.wire.pod_mutation import POD_MUTATION
from tests.airflow.wire.samples import PAIRS, release, values_of

NONE = TaskPods(complete_started_pods=False)


def local_settings(**changes: object) -> str:
    text: str = values_of(POD_MUTATION, release(PAIRS[-1], **changes)).get("airflowLocalSettings", "")
    return text


def test_hook_names_the_restricted_namespaces_and_follows_the_code_of_the_user() -> None:
    text = local_settings(local_settings="MINE = 1")
    assert text.startswith("MINE = 1\n")
    assert "_RESTRICTED = frozenset(['airflow-lab'])" in text
    assert "_RESOURCES = {}" in text
    assert "_RESOURCES = {'requests'" in local_settings(has_quota=True)


def test_release_that_requires_no_hook_has_only_the_code_of_the_user() -> None:
    assert local_settings(task_pods=NONE) == ""
    assert local_settings(pod_security="baseline") == ""
    assert local_settings(task_pods=NONE, local_settings="MINE = 1") == "MINE = 1\n"


def test_code_with_a_syntax_error_is_refused() -> None:
    (finding,) = POD_MUTATION.rules(release(PAIRS[-1], local_settings="def"))
    assert (finding.rule, finding.at) == ("airflow/local-settings", "local_settings")
    assert list(POD_MUTATION.rules(release(PAIRS[-1], local_settings="MINE = 1"))) == []
