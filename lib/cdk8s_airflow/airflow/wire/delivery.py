"""Whether a delivery and the release it carries fit together."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.checks import Finding


def delivery_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """The controller's account stays out of reach, and the cluster knows the failure policy."""
    delivery, facts = settings.delivery, settings.facts
    if delivery.namespace == settings.namespace:
        yield Finding(
            rule="delivery/shared-namespace",
            at="delivery.namespace",
            problem="is where Airflow runs: the controller's account there may do anything in the cluster, "
            "and any DAG author could start a pod as it",
            seen=repr(delivery.namespace),
            fix="leave it at 'kube-system', or use a namespace in which Airflow starts no pods",
        )
    if delivery.failure_policy == "retry" and not facts.can_retry_releases:
        yield Finding(
            rule="delivery/retry",
            at="delivery.failure_policy",
            problem="needs helm-controller 0.16.25 or 0.17.6, and older ones refuse the object",
            seen=repr(facts.helm_controller),
            fix='say ClusterFacts(helm_controller="...") if yours is new enough, or leave it out',
        )
