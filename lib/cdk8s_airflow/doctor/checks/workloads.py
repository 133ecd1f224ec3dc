"""Pods that do not run, and pods that the cluster refuses to create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.live_cluster import LiveCluster, Object
from cdk8s_airflow.doctor.requirements import Requirements

_REASONS = {
    "ErrImagePull": "Check the image, and the pull Secret for a private registry",
    "ImagePullBackOff": "Check the image, and the pull Secret for a private registry",
    "ErrImageNeverPull": "Load the image onto the node, or change the pull policy",
    "InvalidImageName": "Correct the image",
    "CreateContainerConfigError": "Create the Secret or ConfigMap that the message names",
    "CreateContainerError": "Fix the cause in the message",
    "RunContainerError": "Fix the cause in the message",
    "CrashLoopBackOff": "Read the log of its last run",
}
"""Reasons for which a container waits and does not start without a change -> what to do."""

_WORKLOADS = {"ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps", "Job": "jobs.batch"}


def pods(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Pods that wait for something, crash, or cannot be scheduled."""
    for namespace in required.namespaces:
        for pod in cluster.objects("pods", namespace):
            if pod["metadata"].get("deletionTimestamp"):
                continue
            yield from _unschedulable(pod, namespace)
            yield from _waiting(pod, namespace)
            yield from _killed(pod, namespace)


def _containers(pod: Object) -> Iterator[Mapping[str, Any]]:
    status = pod.get("status") or {}
    for field in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(field) or ()


def _id(pod: Object, namespace: str) -> str:
    return f"Pod/{namespace}/{pod['metadata']['name']}"


def _unschedulable(pod: Object, namespace: str) -> Iterator[Diagnosis]:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            yield Diagnosis(
                "doctor/pod-not-scheduled",
                _id(pod, namespace),
                f"fits on no node: {condition.get('message')}",
                "Add nodes or lower resource requests; compare node selectors and taints with the nodes",
            )


def _waiting(pod: Object, namespace: str) -> Iterator[Diagnosis]:
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason")
        if reason not in _REASONS:
            continue
        name = pod["metadata"]["name"]
        fix = _REASONS[reason]
        if reason == "CrashLoopBackOff":
            fix = f"{fix}: kubectl -n {namespace} logs {name} -c {container['name']} --previous"
        message = f": {waiting['message']}" if waiting.get("message") else ""
        yield Diagnosis(
            "doctor/container-waiting",
            _id(pod, namespace),
            f"container {container['name']} does not start, {reason}{message}",
            fix,
        )


def _killed(pod: Object, namespace: str) -> Iterator[Diagnosis]:
    for container in _containers(pod):
        last = (container.get("lastState") or {}).get("terminated") or {}
        if last.get("reason") == "OOMKilled":
            yield Diagnosis(
                "doctor/out-of-memory",
                _id(pod, namespace),
                f"container {container['name']} was killed because it exceeded its memory limit",
                "Raise the memory limit of the component in the program",
                Severity.WARNING,
            )


def refused_pods(required: Requirements, cluster: LiveCluster) -> Iterator[Diagnosis]:
    """Workloads that lack pods because a quota or the Pod Security level refuses them."""
    for namespace in required.namespaces:
        lacking = {
            (kind, each["metadata"]["name"])
            for kind, resource in _WORKLOADS.items()
            for each in cluster.objects(resource, namespace)
            if _lacks_pods(each)
        }
        latest: dict[tuple[str, str], str] = {}
        events = cluster.objects("events", namespace)
        for event in sorted(events, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or "")):
            about = event.get("involvedObject") or {}
            place = (str(about.get("kind")), str(about.get("name")))
            if event.get("reason") == "FailedCreate" and place in lacking:
                latest[place] = str(event.get("message"))
        for (kind, name), message in sorted(latest.items()):
            yield Diagnosis(
                "doctor/pod-refused",
                f"{kind}/{namespace}/{name}",
                f"cannot create its pods: {message}",
                _fix(message),
            )


def _lacks_pods(workload: Object) -> bool:
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    if workload.get("kind") == "Job":
        finished = any(
            each.get("type") in ("Complete", "Failed") and each.get("status") == "True"
            for each in status.get("conditions") or ()
        )
        return not finished and not status.get("active")
    return int(status.get("replicas") or 0) < int(spec.get("replicas", 1))


def _fix(message: str) -> str:
    if "exceeded quota" in message:
        return "Raise the quota in the program, or lower requests or replicas"
    if "violates PodSecurity" in message:
        return "Change what the message names, or the Pod Security level of the namespace"
    return "Fix the cause in the message"
