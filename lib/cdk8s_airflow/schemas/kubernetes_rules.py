"""Checks of Kubernetes' own kinds that their schemas do not contain: names, labels, quantities and enums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.schemas.validation_errors import nearest, seen, type_of
from cdk8s_airflow.text.documents import Path, dotted, steps_below
from cdk8s_airflow.validation import Finding, show

QUANTITY: Final = regex(r"[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+|[kMGTPE]|[KMGTPE]i|[numk])?\Z")

_LABEL = regex(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SERVICE = regex(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN = regex(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_PATH_SEGMENT = regex(r"(?!\.\.?\Z)[^/%]+\Z")
_QUALIFIED = regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_DATA_KEY = regex(r"[-._a-zA-Z0-9]+\Z")

_CLUSTER_KINDS: Final = frozenset(
    (
        "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass", "PriorityClass",
        "IngressClass", "CustomResourceDefinition", "RuntimeClass", "VolumeSnapshotClass",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration",
    )
)  # fmt: skip
_ENUMS: Final = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    "concurrencyPolicy": ("Allow", "Forbid", "Replace"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "volumeMode": ("Filesystem", "Block"),
    "podManagementPolicy": ("OrderedReady", "Parallel"),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "pathType": ("Exact", "Prefix", "ImplementationSpecific"),
}
_ACCESS_MODES: Final = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_POD_SECURITY: Final = ("privileged", "baseline", "restricted")
_LONGEST_ANNOTATIONS: Final = 256 * 1024
_AREA = "manifest"


def _finding(rule: str, at: Path, problem: str, fix: str, shown: str = "") -> Finding:
    return Finding(rule=f"{_AREA}/{rule}", at=dotted(at), problem=problem, seen=shown, fix=fix)


def name_problem(kind: str, name: str) -> tuple[str, str] | None:
    """What is wrong with an object's name for its kind, and the fix; None if the name is valid."""
    if kind == "Service":
        fine, form, limit = _SERVICE.match(name), "a DNS label that starts with a letter", 63
    elif kind == "Namespace":
        fine, form, limit = _LABEL.match(name), "a DNS label", 63
    elif kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"):
        fine, form, limit = _PATH_SEGMENT.match(name), "a path segment", 253
    elif kind == "CronJob":
        fine, form, limit = _SUBDOMAIN.match(name), "a DNS subdomain", 52
    elif kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"):
        fine, form, limit = _SUBDOMAIN.match(name), "a DNS subdomain", 63
    else:
        fine, form, limit = _SUBDOMAIN.match(name), "a DNS subdomain", 253
    if not name:
        return "must not be empty", "set a name"
    if len(name) > limit:
        return f"must have at most {limit} characters for a {kind}, and has {len(name)}", "use a shorter name"
    if fine is None:
        allowed = "letters, digits and dashes" if form == "a path segment" else "lower-case letters, digits and dashes"
        return f"must be {form}", f"use {allowed}, with a letter or digit at both ends"
    return None


def check_metadata(manifest: dict[str, Any], *, kind: str, namespaced: bool | None) -> Iterator[Finding]:
    """Findings for the metadata that all kinds share: name, namespace, labels, annotations.

    Args:
        manifest: a plain document.
        kind: its kind, which decides the form of the name.
        namespaced: whether the kind is namespaced; None if that is not known.
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        yield _finding("metadata", ("metadata",), "is required in every object", "set metadata: {name: ...}")
        return
    for key in metadata:
        if key not in _METADATA:
            guess = nearest(key, _METADATA)
            fix = f"did you mean {guess!r}?" if guess else f"use one of: {', '.join(_METADATA[:7])}"
            yield _finding("unknown-field", ("metadata", key), "is not a field of metadata", fix)
    name = metadata.get("name")
    if not isinstance(name, str):
        if "generateName" not in metadata or name is not None:
            yield _finding(
                "name",
                ("metadata", "name"),
                "is required",
                "set a name",
                "" if name is None else show(name),
            )
    else:
        wrong = name_problem(kind, name)
        if wrong:
            yield _finding("name", ("metadata", "name"), *wrong, show(name))
    namespace = metadata.get("namespace")
    if namespace is not None:
        if namespaced is False:
            yield _finding(
                "scope",
                ("metadata", "namespace"),
                f"must not be set, because a {kind} is not namespaced",
                "remove the namespace",
                show(namespace),
            )
        elif not isinstance(namespace, str) or len(namespace) > 63 or not _LABEL.match(namespace):
            yield _finding(
                "namespace",
                ("metadata", "namespace"),
                "must be a DNS label of at most 63 characters",
                "use lower-case letters, digits and dashes, with a letter or digit at both ends",
                show(namespace),
            )
    yield from _labels(metadata.get("labels"), ("metadata", "labels"))
    yield from _annotations(metadata.get("annotations"), ("metadata", "annotations"))
    if kind == "Namespace" and isinstance(metadata.get("labels"), dict):
        for mode in ("enforce", "audit", "warn"):
            label = f"pod-security.kubernetes.io/{mode}"
            level = metadata["labels"].get(label)
            if isinstance(level, str) and level not in _POD_SECURITY:
                at: Path = ("metadata", "labels", label)
                yield _finding(
                    "wrong-value",
                    at,
                    "must be a Pod Security level",
                    f"use one of: {', '.join(_POD_SECURITY)}",
                    show(level),
                )


_METADATA: Final = (
    "name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "creationTimestamp",
    "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
)  # fmt: skip


def _key_problem(key: str) -> str | None:
    prefix, _, name = key.rpartition("/")
    if "/" in key and (len(prefix) > 253 or not _SUBDOMAIN.match(prefix)):
        return "must have a DNS subdomain before the slash"
    if not name or len(name) > 63 or not _QUALIFIED.match(name):
        return "must have a name of 1 to 63 letters, digits, dashes, underscores and dots"
    return None


def _labels(labels: object, at: Path) -> Iterator[Finding]:
    if labels is None:
        return
    if not isinstance(labels, dict):
        yield _finding("label", at, "must be a mapping of strings", "use a mapping")
        return
    for key, value in labels.items():
        wrong = _key_problem(key)
        if wrong:
            yield _finding("label", (*at, key), wrong, "use another key")
        if not isinstance(value, str):
            yield _finding("label", (*at, key), "must be a string", "put the value in quotes", seen((*at, key), value))
        elif value and (len(value) > 63 or not _QUALIFIED.match(value)):
            yield _finding(
                "label",
                (*at, key),
                "must be at most 63 letters, digits, dashes, underscores and dots",
                "shorten the value, or use an annotation",
                seen((*at, key), value),
            )


def _annotations(annotations: object, at: Path) -> Iterator[Finding]:
    if annotations is None:
        return
    if not isinstance(annotations, dict):
        yield _finding("annotation", at, "must be a mapping of strings", "use a mapping")
        return
    size = 0
    for key, value in annotations.items():
        wrong = _key_problem(key)
        if wrong:
            yield _finding("annotation", (*at, key), wrong, "use another key")
        if isinstance(value, str):
            size += len(key.encode()) + len(value.encode())
        else:
            yield _finding(
                "annotation",
                (*at, key),
                "must be a string",
                "put the value in quotes",
                seen((*at, key), value),
            )
    if size > _LONGEST_ANNOTATIONS:
        yield _finding("annotation", at, f"must have at most 262144 bytes, and has {size}", "shorten them")


def check_body(manifest: dict[str, Any], *, kind: str) -> Iterator[Finding]:
    """Findings for the body of a built-in kind: quantities, enums, images, labels of templates, selectors, keys of data."""
    unread = ("metadata", "data", "stringData", "binaryData")
    for path, value in steps_below({key: value for key, value in manifest.items() if key not in unread}):
        last = path[-1]
        if last in ("requests", "limits", "capacity", "hard") and isinstance(value, dict):
            for resource, amount in value.items():
                yield from _quantity(amount, (*path, resource))
        elif (
            last in ("storage", "sizeLimit")
            and isinstance(value, str | int | float)
            and path[-2:-1] not in (("requests",), ("limits",), ("capacity",), ("hard",))
        ):
            yield from _quantity(value, path)
        elif last in _ENUMS and isinstance(value, str):
            if value not in _ENUMS[str(last)]:
                yield _finding(
                    "wrong-value",
                    path,
                    "must be one of the accepted values",
                    f"use one of: {', '.join(_ENUMS[str(last)])}",
                    show(value),
                )
        elif last == "accessModes" and isinstance(value, list):
            for index, mode in enumerate(value):
                if mode not in _ACCESS_MODES:
                    yield _finding(
                        "wrong-value",
                        (*path, index),
                        "must be an access mode",
                        f"use one of: {', '.join(_ACCESS_MODES)}",
                        show(mode),
                    )
        elif last in ("containers", "initContainers") and isinstance(value, list):
            yield from _containers(value, path)
        elif last == "template" and isinstance(value, dict) and isinstance(value.get("metadata"), dict):
            yield from _labels(value["metadata"].get("labels"), (*path, "metadata", "labels"))
            yield from _annotations(value["metadata"].get("annotations"), (*path, "metadata", "annotations"))
    yield from _selector(manifest, kind)
    if kind in ("ConfigMap", "Secret"):
        for section in ("data", "stringData", "binaryData"):
            yield from _data(manifest.get(section), section)


def _data(entries: object, section: str) -> Iterator[Finding]:
    if entries is None:
        return
    if not isinstance(entries, dict):
        yield _finding("wrong-type", (section,), "must be a mapping of strings", "use a mapping")
        return
    for key, value in entries.items():
        if not _DATA_KEY.match(key) or len(key) > 253:
            problem = "must have only letters, digits, dashes, underscores and dots in the key, and at most 253"
            yield _finding("data-key", (section, key), problem, "use another key")
        if not isinstance(value, str):
            yield _finding("wrong-type", (section, key), "must be a string", "put the value in quotes", type_of(value))


def _quantity(amount: object, path: Path) -> Iterator[Finding]:
    if (
        isinstance(amount, bool)
        or not isinstance(amount, str | int | float)
        or (isinstance(amount, str) and not QUANTITY.match(amount))
    ):
        yield _finding(
            "wrong-quantity",
            path,
            "must be a Kubernetes quantity",
            "use a quantity such as 500m, 2, 1Gi",
            seen(path, amount),
        )


def _containers(containers: list[Any], path: Path) -> Iterator[Finding]:
    names: set[str] = set()
    for index, container in enumerate(containers):
        if not isinstance(container, dict):
            continue
        at: Path = (*path, index)
        image = container.get("image")
        if not isinstance(image, str) or not image.strip() or image != image.strip():
            yield _finding("image", (*at, "image"), "is required", "set an image with a tag or a digest")
        name = container.get("name")
        if not isinstance(name, str) or len(name) > 63 or not _LABEL.match(name):
            yield _finding(
                "name",
                (*at, "name"),
                "must be a DNS label of at most 63 characters",
                "use lower-case letters, digits and dashes",
                show(name),
            )
        elif name in names:
            yield _finding(
                "duplicate",
                (*at, "name"),
                "is the name of two containers",
                "use another name for one of them",
                show(name),
            )
        else:
            names.add(name)


def _selector(manifest: dict[str, Any], kind: str) -> Iterator[Finding]:
    if kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        return
    try:
        wanted = spec["selector"]["matchLabels"]
        given = spec["template"]["metadata"]["labels"]
        lacking = [key for key, value in wanted.items() if given.get(key) != value]
    except (KeyError, TypeError, AttributeError):
        return
    for key in lacking:
        yield _finding(
            "selector",
            ("spec", "selector", "matchLabels", key),
            "is not a label of the pod template",
            "add every label of the selector to the pod template",
        )


def is_namespaced(api_version: str, kind: str) -> bool | None:
    """Whether a built-in kind of Kubernetes is namespaced; None if this is not known."""
    if kind in _CLUSTER_KINDS:
        return False
    return True if "." not in api_version.split("/")[0] or ".k8s.io/" in api_version else None


_BUILTIN_GROUPS: Final = frozenset(
    (
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
        "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
        "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    )
)  # fmt: skip
"""The API groups that the API server serves without a CustomResourceDefinition. Source: the API reference of Kubernetes."""


def is_builtin(api_version: str) -> bool:
    """Whether the API server serves this API group without a CustomResourceDefinition."""
    return api_version.rpartition("/")[0] in _BUILTIN_GROUPS
