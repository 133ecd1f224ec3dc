"""Completes the pods that tasks start, such as those of KubernetesPodOperator, before Airflow creates them.

Airflow calls ``pod_mutation_hook`` for each pod of the KubernetesExecutor and for each pod of the KubernetesPodOperator. A field
that the DAG sets is never changed. ``NAMESPACES`` and ``RESOURCES`` are filled in when the release is generated.
"""

NAMESPACES = frozenset()  # the namespaces that enforce the Pod Security Standard "restricted"
RESOURCES = {}  # "requests" and "limits" of a container that states none

_own_hook = globals().get("pod_mutation_hook")


def pod_mutation_hook(pod):
    """Adds what the namespace requires and the pod does not state."""
    from kubernetes.client import models as k8s

    if _own_hook is not None:
        _own_hook(pod)
    if pod.spec is None:
        return
    namespace = pod.metadata.namespace if pod.metadata is not None else None
    containers = [*(pod.spec.containers or []), *(pod.spec.init_containers or [])]
    for container in containers:
        if RESOURCES and not _states(container.resources):
            container.resources = k8s.V1ResourceRequirements(**RESOURCES)
    if namespace is not None and namespace not in NAMESPACES:
        return
    if pod.spec.security_context is None:
        pod.spec.security_context = k8s.V1PodSecurityContext()
    context = pod.spec.security_context
    if context.run_as_non_root is None:
        context.run_as_non_root = True
    if context.seccomp_profile is None:
        context.seccomp_profile = k8s.V1SeccompProfile(type="RuntimeDefault")
    for container in containers:
        if container.security_context is None:
            container.security_context = k8s.V1SecurityContext()
        own = container.security_context
        if own.allow_privilege_escalation is None and not own.privileged:
            own.allow_privilege_escalation = False
        if own.capabilities is None:
            own.capabilities = k8s.V1Capabilities(drop=["ALL"])
        elif own.capabilities.drop is None:
            own.capabilities.drop = ["ALL"]


def _states(resources):
    if resources is None:
        return False
    if isinstance(resources, dict):
        return bool(resources.get("requests") or resources.get("limits"))
    return bool(resources.requests or resources.limits)
