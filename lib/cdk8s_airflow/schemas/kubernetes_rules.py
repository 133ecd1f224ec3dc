"""Checks of Kubernetes' own kinds that their schemas do not contain: names, labels, quantities and enums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cdk8s_airflow.schemas.validation_errors import nearest, seen, type_of
from cdk8s_airflow.text.documents import Path, dotted, steps_below
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.kubernetes_metadata import annotation_problems, label_problems
from cdk8s_airflow.validation.kubernetes_names import is_data_key, is_label, object_name_problem
from cdk8s_airflow.validation.quantities import quantity_or_none

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
_QUANTITIES: Final = frozenset({"requests", "limits", "capacity", "hard"})
_QUANTITY: Final = frozenset({"storage", "sizeLimit"})
_CHECKED: Final = frozenset(
    {*_ENUMS, *_QUANTITIES, *_QUANTITY, "accessModes", "containers", "initContainers", "template"}
)
"""The keys whose values :func:`check_body` compares with a rule."""
_POD_SECURITY: Final = ("privileged", "baseline", "restricted")
_AREA = "manifest"


def _finding(rule: str, at: Path, problem: str, fix: str, shown: str = "") -> Finding:
    return Finding(rule=f"{_AREA}/{rule}", at=dotted(at), problem=problem, seen=shown, fix=fix)


def check_metadata(manifest: dict[str, Any], *, kind: str, cluster_scoped: bool) -> Iterator[Finding]:
    """Findings for the metadata that all kinds share: name, namespace, labels, annotations.

    Args:
        manifest: a plain document.
        kind: its kind, which decides the form of the name.
        cluster_scoped: whether objects of the kind have no namespace.
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
        wrong = object_name_problem(kind, name)
        if wrong:
            yield _finding("name", ("metadata", "name"), *wrong, show(name))
    namespace = metadata.get("namespace")
    if namespace is not None:
        if cluster_scoped:
            yield _finding(
                "scope",
                ("metadata", "namespace"),
                f"must not be set, because a {kind} is not namespaced",
                "remove the namespace",
                show(namespace),
            )
        elif not isinstance(namespace, str) or not is_label(namespace):
            yield _finding(
                "namespace",
                ("metadata", "namespace"),
                "must be a DNS label of at most 63 characters",
                "use lower-case letters, digits and dashes, with a letter or digit at both ends",
                show(namespace),
            )
    yield from _pairs("label", metadata.get("labels"), ("metadata", "labels"))
    yield from _pairs("annotation", metadata.get("annotations"), ("metadata", "annotations"))
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


def _pairs(rule: str, pairs: object, at: Path) -> Iterator[Finding]:
    """Findings for labels or annotations, as the rule says, at a path."""
    if pairs is None:
        return
    for wrong in label_problems(pairs) if rule == "label" else annotation_problems(pairs):
        path = (*at, *wrong.path)
        yield _finding(rule, path, wrong.problem, wrong.fix, "" if wrong.value is None else seen(path, wrong.value))


def check_body(manifest: dict[str, Any], *, kind: str) -> Iterator[Finding]:
    """Findings for the body of a built-in kind: quantities, enums, images, labels of templates, selectors, keys of data."""
    unread = ("metadata", "data", "stringData", "binaryData")
    body = {key: value for key, value in manifest.items() if key not in unread}
    for path, value in steps_below(body, keys=_CHECKED):
        last = path[-1]
        if last in _QUANTITIES and isinstance(value, dict):
            for resource, amount in value.items():
                yield from _quantity(amount, (*path, resource))
        elif (
            last in _QUANTITY
            and isinstance(value, str | int | float)
            and not (len(path) > 1 and path[-2] in _QUANTITIES)
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
            yield from _pairs("label", value["metadata"].get("labels"), (*path, "metadata", "labels"))
            yield from _pairs("annotation", value["metadata"].get("annotations"), (*path, "metadata", "annotations"))
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
        if not is_data_key(key):
            problem = "must have only letters, digits, dashes, underscores and dots in the key, and at most 253"
            yield _finding("data-key", (section, key), problem, "use another key")
        if not isinstance(value, str):
            yield _finding("wrong-type", (section, key), "must be a string", "put the value in quotes", type_of(value))


def _quantity(amount: object, path: Path) -> Iterator[Finding]:
    if quantity_or_none(amount) is None:
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
        if not isinstance(name, str) or not is_label(name):
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
