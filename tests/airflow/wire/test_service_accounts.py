"""Service accounts of components."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.service_accounts import account_name, account_rules, account_values
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount, ServiceAccounts
from tests.airflow.wire.samples import PAIRS, Pair, called, release

everywhere = pytest.mark.parametrize("pair", PAIRS, ids=called)


NEWEST = PAIRS[-1]


@everywhere
def test_there_are_no_service_account_values_by_default(pair: Pair) -> None:
    assert account_values(release(pair)) == {}
    told = ServiceAccounts(workers=ExistingServiceAccount("tasks"), scheduler=ServiceAccount(name="s"))
    assert account_values(release(pair, service_accounts=told)) == {
        "workers": {"serviceAccount": {"create": False, "name": "tasks"}},
        "scheduler": {"serviceAccount": {"name": "s"}},
    }


def test_accounts_are_called_as_the_chart_calls_them() -> None:
    assert account_name(release(NEWEST), "worker") == "lab-airflow-worker"
    assert account_name(release(NEWEST, release="airflow-lab"), "dag-processor") == "airflow-lab-dag-processor"
    told = ServiceAccounts(workers=ExistingServiceAccount("tasks"))
    assert account_name(release(NEWEST, service_accounts=told), "worker") == "tasks"


def test_an_account_of_a_component_that_is_not_there_is_refused() -> None:
    told = ServiceAccounts(triggerer=ServiceAccount(name="waits"))
    (found,) = account_rules(release(NEWEST, triggerer=None, service_accounts=told))
    assert (found.rule, found.at) == ("accounts/component", "service_accounts.triggerer")
