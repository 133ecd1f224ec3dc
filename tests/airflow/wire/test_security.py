"""Security contexts of all pods."""

from __future__ import annotations

import pytest

from cdk8s_airflow.airflow.wire.security import SECURITY
from tests.airflow.wire.samples import PAIRS, Pair, called, git, release, values_of

NEWEST = ("1.22.0", "3.2.2")


every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@every_pair
def test_every_pod_is_restricted(pair: Pair) -> None:
    seccomp = {"seccompProfile": {"type": "RuntimeDefault"}}
    assert values_of(SECURITY, release(pair, dags=git())) == {
        "securityContexts": {
            "pod": {"runAsNonRoot": True, "runAsUser": 50000, "fsGroup": 0, **seccomp},
            "containers": CONTAINER,
        },
        "statsd": {
            "securityContexts": {
                "pod": {"runAsNonRoot": True, "runAsUser": 65534, **seccomp},
                "container": CONTAINER,
            }
        },
    }


def test_what_is_not_there_is_not_restricted_either() -> None:
    assert set(values_of(SECURITY, release(NEWEST, statsd=None))) == {"securityContexts"}
