"""Pods, and the strictest level of the Pod Security Standards that accepts each. The cluster tests ask a real API server the same."""

from __future__ import annotations

from typing import Any

GOOD: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(
    context: dict[str, Any] | None = None, /, *, container: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    """The spec of a pod with one container, which passes ``restricted`` unless something is changed."""
    main = {
        "name": "main",
        "image": "example.com/image:1",
        "securityContext": {**GOOD, **(context or {})},
        **(container or {}),
    }
    main["securityContext"] = {key: value for key, value in main["securityContext"].items() if value is not None}
    return {"containers": [main], **spec}


SAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "complete": (pod(), "restricted"),
    "other-user": (pod({"runAsUser": 1000}), "restricted"),
    "bind-low-ports": (pod({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}), "restricted"),
    "localhost-seccomp": (pod({"seccompProfile": {"type": "Localhost", "localhostProfile": "x.json"}}), "restricted"),
    "context-of-the-pod": (
        pod(
            {"runAsNonRoot": None, "seccompProfile": None},
            securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        ),
        "restricted",
    ),
    "empty-dir": (pod(volumes=[{"name": "a", "emptyDir": {}}]), "restricted"),
    "config-map": (pod(volumes=[{"name": "a", "configMap": {"name": "a"}}]), "restricted"),
    "claim": (pod(volumes=[{"name": "a", "persistentVolumeClaim": {"claimName": "a"}}]), "restricted"),
    "safe-sysctl": (
        pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}),
        "restricted",
    ),
    "port": (pod(container={"ports": [{"containerPort": 80}]}), "restricted"),
    "no-context": (pod(container={"securityContext": {}}), "baseline"),
    "no-escalation-field": (pod({"allowPrivilegeEscalation": None}), "baseline"),
    "escalation": (pod({"allowPrivilegeEscalation": True}), "baseline"),
    "no-drop": (pod({"capabilities": None}), "baseline"),
    "drop-some": (pod({"capabilities": {"drop": ["CHOWN"]}}), "baseline"),
    "add-chown": (pod({"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}), "baseline"),
    "no-non-root": (pod({"runAsNonRoot": None}), "baseline"),
    "root-allowed": (pod({"runAsNonRoot": False}), "baseline"),
    "root": (pod({"runAsUser": 0}), "baseline"),
    "no-seccomp": (pod({"seccompProfile": None}), "baseline"),
    "nfs": (pod(volumes=[{"name": "a", "nfs": {"server": "a", "path": "/"}}]), "baseline"),
    "privileged": (pod({"privileged": True, "allowPrivilegeEscalation": True}), "privileged"),
    "add-sys-admin": (pod({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}), "privileged"),
    "unconfined": (pod({"seccompProfile": {"type": "Unconfined"}}), "privileged"),
    "proc-mount": (pod({"procMount": "Unmasked"}, hostUsers=False), "privileged"),
    "selinux-type": (pod({"seLinuxOptions": {"type": "spc_t"}}), "privileged"),
    "selinux-user": (pod({"seLinuxOptions": {"user": "root"}}), "privileged"),
    "apparmor": (pod({"appArmorProfile": {"type": "Unconfined"}}), "privileged"),
    "host-path": (pod(volumes=[{"name": "a", "hostPath": {"path": "/"}}]), "privileged"),
    "host-network": (pod(hostNetwork=True), "privileged"),
    "host-pid": (pod(hostPID=True), "privileged"),
    "host-ipc": (pod(hostIPC=True), "privileged"),
    "host-port": (pod(container={"ports": [{"containerPort": 80, "hostPort": 80}]}), "privileged"),
    "probe-host": (pod(container={"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}), "privileged"),
    "hook-host": (
        pod(container={"lifecycle": {"preStop": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}}}),
        "privileged",
    ),
    "sysctl": (pod(securityContext={"sysctls": [{"name": "net.core.somaxconn", "value": "1"}]}), "privileged"),
    "init-container": (
        pod(initContainers=[{"name": "i", "image": "a", "securityContext": {"privileged": True}}]),
        "privileged",
    ),
}
