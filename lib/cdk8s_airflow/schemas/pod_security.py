"""The Pod Security Standards, as the admission controller of Kubernetes 1.34 evaluates them.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ and ``k8s.io/pod-security-admission/policy``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow.model.namespace import PodSecurityLevel
from cdk8s_airflow.validation import Finding, show

SECCOMP: Mapping[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}

RESTRICTED_CONTAINER: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    **SECCOMP,
}
"""The security context that a container needs to pass ``restricted``."""

_BASELINE_CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
        "SETPCAP", "SETUID", "SYS_CHROOT",
    )
)  # fmt: skip
_RESTRICTED_CAPABILITIES = frozenset(("NET_BIND_SERVICE",))
_SAFE_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
    )
)  # fmt: skip
_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
_RESTRICTED_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
)
_SECCOMP_TYPES = ("RuntimeDefault", "Localhost")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def completed(container: Mapping[str, Any]) -> dict[str, Any]:
    """A container with the parts of its security context that ``restricted`` requires and that are missing.

    What the container states itself is kept, including what contradicts the standard: :func:`container_findings` reports that.
    """
    given = container.get("securityContext")
    context: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    # Kubernetes refuses these two pairs of fields.
    contradicted = {
        "allowPrivilegeEscalation": context.get("privileged"),
        "runAsNonRoot": context.get("runAsUser") == 0,
    }
    for key, value in RESTRICTED_CONTAINER.items():
        if context.get(key) is None and not contradicted.get(key):
            context[key] = value
    capabilities = context["capabilities"]
    if isinstance(capabilities, Mapping) and not capabilities.get("drop"):
        context["capabilities"] = {**capabilities, "drop": ["ALL"]}
    return {**container, "securityContext": context}


def container_findings(container: Mapping[str, Any], at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    """What a namespace of a level refuses in a container whose missing fields were :func:`completed`.

    Args:
        container: the container as the user wrote it.
        at: the argument that holds it.
        level: the level that the namespace enforces.
    """
    if level == "privileged":
        return
    context = container.get("securityContext")
    context = context if isinstance(context, Mapping) else {}
    yield from context_findings(context, f"{at}.securityContext", level)
    for index, port in enumerate(_mappings(container.get("ports"))):
        if port.get("hostPort"):
            yield _refused(f"{at}.ports[{index}].hostPort", port["hostPort"], level, "Remove it and use a Service")
    for path, handler in _handlers(container):
        if handler.get("host"):
            yield _refused(f"{at}.{path}.host", handler["host"], level, "Remove it: Kubernetes probes the pod itself")


def _handlers(container: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    owners = [(name, container.get(name)) for name in _PROBES]
    lifecycle = container.get("lifecycle")
    if isinstance(lifecycle, Mapping):
        owners += [(f"lifecycle.{name}", lifecycle.get(name)) for name in ("postStart", "preStop")]
    for path, owner in owners:
        for kind in ("httpGet", "tcpSocket"):
            handler = owner.get(kind) if isinstance(owner, Mapping) else None
            if isinstance(handler, Mapping):
                yield f"{path}.{kind}", handler


def volume_findings(volume: Mapping[str, Any], at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    """What a namespace of a level refuses in a volume."""
    if level == "privileged":
        return
    for kind in sorted(set(volume) - {"name"}):
        if kind == "hostPath" or (level == "restricted" and kind not in _RESTRICTED_VOLUMES):
            fix = "Use a PersistentVolumeClaim, or a namespace with a lower level: Namespace(pod_security=...)"
            yield _refused(f"{at}.{kind}", volume[kind], level, fix)


def pod_findings(spec: Mapping[str, Any], at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    """What a namespace of a level refuses in the spec of a pod, its containers and volumes included.

    Unlike the other functions this one also reports what is missing: the pod is evaluated as it is.
    """
    if level == "privileged":
        return
    context = spec.get("securityContext")
    context = context if isinstance(context, Mapping) else {}
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield _refused(f"{at}.{field}", spec[field], level, "Remove it")
    yield from context_findings(context, f"{at}.securityContext", level)
    for index, sysctl in enumerate(_mappings(context.get("sysctls"))):
        if sysctl.get("name") not in _SAFE_SYSCTLS:
            yield _refused(f"{at}.securityContext.sysctls[{index}].name", sysctl.get("name"), level, "Remove it")
    for index, volume in enumerate(_mappings(spec.get("volumes"))):
        yield from volume_findings(volume, f"{at}.volumes[{index}]", level)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(_mappings(spec.get(field))):
            place = f"{at}.{field}[{index}]"
            yield from container_findings(container, place, level)
            if level == "restricted":
                yield from _missing(container, context, place)


def _missing(container: Mapping[str, Any], pod: Mapping[str, Any], at: str) -> Iterator[Finding]:
    own = container.get("securityContext")
    own = own if isinstance(own, Mapping) else {}
    capabilities = own.get("capabilities")
    drop = capabilities.get("drop") if isinstance(capabilities, Mapping) else None
    wanted = (
        ("allowPrivilegeEscalation", own.get("allowPrivilegeEscalation") is not None, "false"),
        ("runAsNonRoot", own.get("runAsNonRoot") is not None or pod.get("runAsNonRoot") is True, "true"),
        ("seccompProfile.type", bool(own.get("seccompProfile") or pod.get("seccompProfile")), "RuntimeDefault"),
        ("capabilities.drop", bool(drop), '["ALL"]'),
    )
    for field, present, value in wanted:
        if not present:
            yield Finding(
                rule="security/pod",
                at=f"{at}.securityContext.{field}",
                problem="is required by the Pod Security Standard 'restricted'",
                fix=f"Set it to {value}",
            )


def context_findings(context: Mapping[str, Any], at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    """What a namespace of a level refuses in the security context of a pod or container."""
    if level == "privileged":
        return
    yield from _baseline(context, at, level)
    if level == "restricted":
        yield from _restricted(context, at)


def _baseline(context: Mapping[str, Any], at: str, level: PodSecurityLevel) -> Iterator[Finding]:
    if context.get("privileged"):
        yield _refused(f"{at}.privileged", True, level, "Remove it")
    if context.get("procMount") not in (None, "", "Default"):
        yield _refused(f"{at}.procMount", context["procMount"], level, "Remove it")
    seccomp = context.get("seccompProfile")
    if isinstance(seccomp, Mapping) and seccomp.get("type") not in (None, *_SECCOMP_TYPES):
        yield _refused(f"{at}.seccompProfile.type", seccomp["type"], level, 'Use "RuntimeDefault"')
    apparmor = context.get("appArmorProfile")
    if isinstance(apparmor, Mapping) and apparmor.get("type") not in (None, *_SECCOMP_TYPES):
        yield _refused(f"{at}.appArmorProfile.type", apparmor["type"], level, 'Use "RuntimeDefault"')
    options = context.get("seLinuxOptions")
    if isinstance(options, Mapping):
        if options.get("type", "") not in _SELINUX_TYPES:
            yield _refused(f"{at}.seLinuxOptions.type", options["type"], level, 'Use "container_t"')
        for field in ("user", "role"):
            if options.get(field):
                yield _refused(f"{at}.seLinuxOptions.{field}", options[field], level, "Remove it")
    windows = context.get("windowsOptions")
    if isinstance(windows, Mapping) and windows.get("hostProcess"):
        yield _refused(f"{at}.windowsOptions.hostProcess", True, level, "Remove it")
    allowed = _RESTRICTED_CAPABILITIES if level == "restricted" else _BASELINE_CAPABILITIES
    capabilities = context.get("capabilities")
    for name in _strings(capabilities.get("add")) if isinstance(capabilities, Mapping) else ():
        if name not in allowed:
            yield _refused(f"{at}.capabilities.add", name, level, "Remove it")


def _restricted(context: Mapping[str, Any], at: str) -> Iterator[Finding]:
    level: PodSecurityLevel = "restricted"
    if context.get("allowPrivilegeEscalation"):
        yield _refused(f"{at}.allowPrivilegeEscalation", True, level, "Set it to false")
    if context.get("runAsNonRoot") is False:
        yield _refused(
            f"{at}.runAsNonRoot", False, level, "Set it to true, and run the image as another user than root"
        )
    if context.get("runAsUser") == 0 and context.get("runAsUser") is not False:
        yield _refused(f"{at}.runAsUser", 0, level, "Use another user than root, such as 1000")
    capabilities = context.get("capabilities")
    drop = _strings(capabilities.get("drop")) if isinstance(capabilities, Mapping) else ()
    if drop and "ALL" not in drop:
        yield _refused(f"{at}.capabilities.drop", list(drop), level, 'Set it to ["ALL"]')


def _refused(at: str, value: object, level: str, fix: str) -> Finding:
    return Finding(
        rule="security/pod",
        at=at,
        problem=f"is not allowed by the Pod Security Standard {level!r} of the namespace, so the pod would never start",
        seen=show(value),
        fix=fix,
    )


def _mappings(given: object) -> Iterator[Mapping[str, Any]]:
    """Mappings of a list; anything else is for the schema to report."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        for each in given:
            yield each if isinstance(each, Mapping) else {}


def _strings(given: object) -> Sequence[str]:
    return (
        [each for each in given if isinstance(each, str)]
        if isinstance(given, Sequence) and not isinstance(given, str)
        else ()
    )
