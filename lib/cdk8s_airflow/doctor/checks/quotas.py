"""What a namespace allows: its Pod Security level and its quotas."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import LiveCluster
from cdk8s_airflow.doctor.requirements import Requirements
from cdk8s_airflow.validation.quantities import quantity

_ENFORCE = "pod-security.kubernetes.io/enforce"
_NEARLY = 0.9
"""The share of a quota from which it is reported."""


def pod_security(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Namespaces whose Pod Security level is not the one of the program."""
    live = {each["metadata"]["name"]: each["metadata"].get("labels") or {} for each in cluster.objects("namespaces")}
    for each in required.platform.of_kind("Namespace"):
        if each.name not in live:
            continue
        wanted = (each.metadata.get("labels") or {}).get(_ENFORCE)
        found = live[each.name].get(_ENFORCE)
        if wanted != found:
            yield Diagnosis(
                "doctor/pod-security",
                f"Namespace//{each.name}",
                f"enforces the Pod Security level {found or 'of the cluster'}, the program states {wanted or 'none'}",
                "Apply the manifests, or change pod_security= of the Namespace",
                Severity.WARNING,
            )


def quota_use(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Quotas that are used up, or nearly."""
    for namespace in required.namespaces:
        for each in cluster.objects("resourcequotas", namespace):
            status = each.get("status") or {}
            hard, used = status.get("hard") or {}, status.get("used") or {}
            for resource in sorted(hard.keys() & used.keys()):
                limit, use = quantity(str(hard[resource])), quantity(str(used[resource]))
                if limit > 0 and use >= limit * _NEARLY:
                    full = use >= limit
                    yield Diagnosis(
                        "doctor/quota",
                        f"ResourceQuota/{namespace}/{each['metadata']['name']}",
                        f"{'is used up' if full else 'is nearly used up'}: {resource} {used[resource]} of {hard[resource]}",
                        "Raise the quota in the program, or lower the parallelism of tasks",
                        Severity.ERROR if full else Severity.WARNING,
                    )
