"""Completes the pods that tasks start, such as those of KubernetesPodOperator, before Airflow creates them.

Airflow calls ``pod_mutation_hook`` for each pod of the KubernetesExecutor and for each pod of the KubernetesPodOperator. A field
that the DAG sets is never changed. ``_RESTRICTED`` and ``_RESOURCES`` are filled in when the release is generated.
"""

_RESTRICTED = frozenset()  # the namespaces that enforce the Pod Security Standard "restricted"
_RESOURCES = {}  # "requests" and "limits" of a container that states none
_XCOM_USER = 65534  # the sidecar that KubernetesPodOperator adds for XCom runs as root in its image

_hook_of_own_code = globals().get("pod_mutation_hook")


def pod_mutation_hook(pod):
    """Adds what the namespace requires and the pod does not state."""
    if _hook_of_own_code is not None:
        _hook_of_own_code(pod)
    if pod.spec is None:
        return
    containers = [*(pod.spec.containers or []), *(pod.spec.init_containers or [])]
    namespace = pod.metadata.namespace if pod.metadata is not None else None
    _add_resources(containers)
    if namespace is None or namespace in _RESTRICTED:
        _add_security_contexts(pod.spec, containers)


def _add_resources(containers):
    from kubernetes.client import models as k8s

    for container in containers:
        if _RESOURCES and not _states_resources(container.resources):
            container.resources = k8s.V1ResourceRequirements(**_RESOURCES)


def _states_resources(resources):
    if resources is None:
        return False
    if isinstance(resources, dict):
        return bool(resources.get("requests") or resources.get("limits"))
    return bool(resources.requests or resources.limits)


def _add_security_contexts(spec, containers):
    from kubernetes.client import models as k8s

    spec.security_context = context = _model(spec.security_context, k8s.V1PodSecurityContext)
    if context.run_as_non_root is None:
        context.run_as_non_root = True
    if context.seccomp_profile is None:
        context.seccomp_profile = k8s.V1SeccompProfile(type="RuntimeDefault")
    for container in containers:
        container.security_context = own = _model(container.security_context, k8s.V1SecurityContext)
        if own.allow_privilege_escalation is None and not own.privileged:
            own.allow_privilege_escalation = False
        own.capabilities = _model(own.capabilities, k8s.V1Capabilities)
        if own.capabilities.drop is None:
            own.capabilities.drop = ["ALL"]
        if container.name == "airflow-xcom-sidecar" and own.run_as_user is None and context.run_as_user is None:
            own.run_as_user = _XCOM_USER


def _model(given, kind):
    """KubernetesPodOperator passes on a dictionary, and an empty one where the DAG states none."""
    if given is None:
        return kind()
    if not isinstance(given, dict):
        return given
    return kind(**{name: given.get(key, given.get(name)) for name, key in kind.attribute_map.items()})


if "__all__" in globals():
    __all__ = [*__all__, "pod_mutation_hook"]  # noqa: F821  (Airflow imports only these names)
