"""All checks, in the order in which a person fixes what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cdk8s_airflow.doctor.checks import prerequisites, quotas, releases, secrets, storage, versions, workloads
from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import LiveCluster, NotReadable
from cdk8s_airflow.doctor.requirements import Requirements
from cdk8s_airflow.model.cluster_facts import ClusterFacts

Check = Callable[[Requirements, LiveCluster], Iterator[Diagnosis]]

CHECKS: tuple[Check, ...] = (
    prerequisites.definitions,
    prerequisites.namespaces,
    prerequisites.named_objects,
    secrets.required_secrets,
    storage.storage_classes,
    storage.claims,
    quotas.pod_security,
    quotas.quota_use,
    releases.states,
    releases.clusters,
    workloads.pods,
    workloads.refused_pods,
)
"""A new check is one more entry."""


def examine(required: Requirements, cluster: LiveCluster, facts: ClusterFacts | None = None) -> list[Diagnosis]:
    """Compare a cluster with what a program requires.

    Args:
        required: what the program requires.
        cluster: the cluster.
        facts: what the program states about the cluster; compared with its versions. Default: None, not compared.

    Returns:
        Every difference. A check that the cluster does not allow is a diagnosis of severity ``UNKNOWN``.

    Raises:
        DoctorError: the cluster does not answer.
    """
    found = list(versions.kubernetes(cluster.version(), facts))
    checks: dict[str, Check] = {check.__name__.replace("_", "-"): check for check in CHECKS}
    checks["operators"] = lambda _, live: versions.operators(live, facts)
    for name, check in checks.items():
        try:
            found += check(required, cluster)
        except NotReadable as error:
            found.append(
                Diagnosis(
                    "doctor/not-checked",
                    f"Check//{name}",
                    f"was not run: {error}",
                    "Run doctor with an account that may list these objects",
                    Severity.UNKNOWN,
                )
            )
    return list(dict.fromkeys(found))
