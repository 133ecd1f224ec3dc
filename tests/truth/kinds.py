"""Kubernetes' own kinds, judged by the published schemas of the oldest and newest version, and by what schemas leave out."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import kubernetes_validate
import kubernetes_validate.utils

OLDEST_KUBERNETES = "1.30"
NEWEST_KUBERNETES = "1.36"

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "apps",
        "autoscaling",
        "batch",
        "extensions",
        "policy",
        *(
            f"{name}.k8s.io"
            for name in [
                "admissionregistration",
                "apiextensions",
                "apiregistration",
                "authentication",
                "authorization",
                "certificates",
                "coordination",
                "discovery",
                "events",
                "flowcontrol.apiserver",
                "networking",
                "node",
                "rbac.authorization",
                "resource",
                "scheduling",
                "storage",
                "storagemigration",
            ]
        ),
    }
)
"""API groups that the API server serves itself; a kind in one of them that has no schema does not exist."""

CLUSTER_SCOPED = frozenset(
    {
        *(
            "Namespace",
            "ClusterRole",
            "ClusterRoleBinding",
            "PersistentVolume",
            "StorageClass",
            "PriorityClass",
            "IngressClass",
        ),
        *("CustomResourceDefinition", "RuntimeClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
)

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+|[0-9]+\.[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]+)|([kMGTPE]|[KMGTPE]i|[numk]))?", re.ASCII
)
_SUFFIXES = {
    **{"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10**3), "M": Decimal(10**6)},
    **{"G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18)},
    **{f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
}

NAME_LIMITS: Mapping[str, tuple[re.Pattern[str], int, str]] = {
    "Namespace": (_LABEL, 63, "an RFC 1123 label"),
    "Service": (_LABEL_1035, 63, "an RFC 1035 label"),
    "CronJob": (_SUBDOMAIN, 52, "an RFC 1123 subdomain of at most 52 characters, for its Jobs add eleven"),
    "Job": (_SUBDOMAIN, 63, "an RFC 1123 subdomain of at most 63 characters, since it becomes a label"),
    "StatefulSet": (_LABEL, 52, "an RFC 1123 label of at most 52 characters, since its pods add a number and a hash"),
}
_ANY_NAME = (_SUBDOMAIN, 253, "an RFC 1123 subdomain")
_PATH_SEGMENT_KINDS = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})

ENUMS: Mapping[str, frozenset[str]] = {
    "imagePullPolicy": frozenset({"Always", "IfNotPresent", "Never"}),
    "restartPolicy": frozenset({"Always", "OnFailure", "Never"}),
    "terminationMessagePolicy": frozenset({"File", "FallbackToLogsOnError"}),
    "dnsPolicy": frozenset({"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}),
    "protocol": frozenset({"TCP", "UDP", "SCTP"}),
    "pathType": frozenset({"Exact", "Prefix", "ImplementationSpecific"}),
    "concurrencyPolicy": frozenset({"Allow", "Forbid", "Replace"}),
    "podManagementPolicy": frozenset({"OrderedReady", "Parallel"}),
    "whenUnsatisfiable": frozenset({"DoNotSchedule", "ScheduleAnyway"}),
    "volumeMode": frozenset({"Filesystem", "Block"}),
    "reclaimPolicy": frozenset({"Delete", "Retain"}),
    "persistentVolumeReclaimPolicy": frozenset({"Delete", "Retain", "Recycle"}),
    "volumeBindingMode": frozenset({"Immediate", "WaitForFirstConsumer"}),
    "fsGroupChangePolicy": frozenset({"OnRootMismatch", "Always"}),
    "sessionAffinity": frozenset({"None", "ClientIP"}),
    "externalTrafficPolicy": frozenset({"Cluster", "Local"}),
    "internalTrafficPolicy": frozenset({"Cluster", "Local"}),
    "ipFamilyPolicy": frozenset({"SingleStack", "PreferDualStack", "RequireDualStack"}),
    "preemptionPolicy": frozenset({"Never", "PreemptLowerPriority"}),
    "completionMode": frozenset({"NonIndexed", "Indexed"}),
    "unhealthyPodEvictionPolicy": frozenset({"IfHealthyBudget", "AlwaysAllow"}),
    "scheme": frozenset({"HTTP", "HTTPS"}),
    "effect": frozenset({"NoSchedule", "PreferNoSchedule", "NoExecute"}),
}
ENUM_LISTS: Mapping[str, frozenset[str]] = {
    "accessModes": frozenset({"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}),
    "policyTypes": frozenset({"Ingress", "Egress"}),
    "ipFamilies": frozenset({"IPv4", "IPv6"}),
}
TYPES: Mapping[tuple[str, str], frozenset[str]] = {
    ("Service", "spec"): frozenset({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}),
    ("Deployment", "strategy"): frozenset({"RollingUpdate", "Recreate"}),
    ("StatefulSet", "updateStrategy"): frozenset({"RollingUpdate", "OnDelete"}),
    ("DaemonSet", "updateStrategy"): frozenset({"RollingUpdate", "OnDelete"}),
    ("*", "seccompProfile"): frozenset({"RuntimeDefault", "Unconfined", "Localhost"}),
}
"""(kind, name of the object that holds the field ``type``) -> its values."""

SELECTING_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_FREE_FORM = frozenset(
    {"metadata", "data", "stringData", "binaryData", "annotations", "labels", "matchLabels", "nodeSelector"}
)


def group_of(manifest: Mapping[str, Any]) -> str:
    """The API group: ``apps`` of ``apps/v1``, empty for the core group."""
    group, slash, _ = str(manifest.get("apiVersion", "")).rpartition("/")
    return group if slash else ""


def is_built_in(manifest: Mapping[str, Any]) -> bool:
    """Whether the API server itself serves the group of this manifest."""
    return group_of(manifest) in BUILT_IN_GROUPS


def assert_accepted(manifest: Mapping[str, Any]) -> None:
    """Fail, with everything that is wrong, unless every supported Kubernetes takes this manifest of a built-in kind."""
    found = complaints(manifest)
    if found:
        name = (manifest.get("metadata") or {}).get("name")
        raise AssertionError(
            "\n".join([f"{manifest.get('kind')}/{name} is not accepted:", *(f"  {line}" for line in found)])
        )


def complaints(manifest: Mapping[str, Any]) -> list[str]:
    """What is wrong with a manifest of a built-in kind; empty when it is accepted."""
    if not is_built_in(manifest):
        return [f"{manifest.get('apiVersion')} is not a built-in group; this judge knows only those"]
    found = [line for version in (OLDEST_KUBERNETES, NEWEST_KUBERNETES) for line in _by_schema(manifest, version)]
    found += metadata_complaints(manifest)
    kind = str(manifest.get("kind"))
    if kind in CLUSTER_SCOPED and (manifest.get("metadata") or {}).get("namespace"):
        found.append(f"metadata.namespace: a {kind} has none")
    for check in (_enums, _quantities, _selectors, _pods, _data_keys, _volume_claims):
        try:
            found += check(manifest)
        except (AttributeError, KeyError, TypeError) as error:
            found.append(f"{check.__name__.strip('_')} could not be checked, since the shape is wrong: {error!r}")
    return found


# Each call of the library reads its files of definitions again, and the tests judge tens of thousands of manifests.
for _reader in ("schema_contents", "all_versions"):
    setattr(kubernetes_validate.utils, _reader, functools.cache(getattr(kubernetes_validate.utils, _reader)))


def _by_schema(manifest: Mapping[str, Any], version: str) -> list[str]:
    return list(_by_schema_of_text(json.dumps(manifest), version))


@functools.lru_cache(maxsize=4096)
def _by_schema_of_text(manifest_text: str, version: str) -> list[str]:
    manifest = json.loads(manifest_text)
    try:
        used = kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(map(str, error.path)) or "(root)"
        return [f"{where}: {error.message} (Kubernetes {version})"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"{manifest.get('apiVersion')} {manifest.get('kind')} does not exist in Kubernetes {version}"]
    except (kubernetes_validate.utils.VersionNotSupportedError, IndexError):
        return [f"no schemas of Kubernetes {version} at hand"]
    return [] if used == version else [f"no schemas of Kubernetes {version}: the nearest are those of {used}"]


def metadata_complaints(manifest: Mapping[str, Any], *, name_of: str = "") -> list[str]:
    """Names, labels and annotations, which are the same for every kind; custom resources too."""
    found: list[str] = []
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return ["metadata: missing"]
    kind = name_of or str(manifest.get("kind"))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        found.append("metadata.name: missing")
    elif kind in _PATH_SEGMENT_KINDS:
        if name in {".", ".."} or "/" in name or "%" in name:
            found.append(f"metadata.name: {name!r} cannot stand in a URL path")
    else:
        pattern, longest, called = NAME_LIMITS.get(kind, _ANY_NAME)
        if not pattern.fullmatch(name) or len(name) > longest:
            found.append(f"metadata.name: {name!r} is not {called}")
    namespace = metadata.get("namespace")
    if namespace is not None and not _is_label(namespace):
        found.append(f"metadata.namespace: {namespace!r} is not an RFC 1123 label")
    found += _label_map(metadata.get("labels") or {}, "metadata.labels")
    annotations = metadata.get("annotations") or {}
    for key, value in annotations.items():
        if not _is_qualified(str(key).lower()):
            found.append(f"metadata.annotations: {key!r} is not a qualified name")
        if not isinstance(value, str):
            found.append(f"metadata.annotations.{key}: {value!r} is not text")
    if sum(len(str(key).encode()) + len(str(value).encode()) for key, value in annotations.items()) > 256 * 1024:
        found.append("metadata.annotations: more than 256 KiB together")
    return found


def _is_label(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 63 and bool(_LABEL.fullmatch(value))


def _is_qualified(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= 253 and _SUBDOMAIN.fullmatch(prefix)):
        return False
    return len(name) <= 63 and bool(_QUALIFIED.fullmatch(name))


def _label_map(labels: Mapping[str, Any], at: str) -> list[str]:
    found = []
    for key, value in labels.items():
        if not _is_qualified(str(key)):
            found.append(f"{at}: {key!r} is not a qualified name")
        if not isinstance(value, str) or len(value) > 63 or (value and not _QUALIFIED.fullmatch(value)):
            found.append(f"{at}.{key}: {value!r} is not a label value")
    return found


def _walk(node: object, at: str = "", parent: str = "") -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every mapping of a manifest outside of free-form parts: (path, name of the field that holds it, mapping)."""
    if isinstance(node, Mapping):
        yield at, parent, node
        for key, value in node.items():
            if key not in _FREE_FORM or (key == "metadata" and parent in {"template", "jobTemplate"}):
                yield from _walk(value, f"{at}.{key}" if at else str(key), str(key))
    elif isinstance(node, list):
        for position, item in enumerate(node):
            yield from _walk(item, f"{at}[{position}]", parent)


def _enums(manifest: Mapping[str, Any]) -> list[str]:
    found = []
    kind = str(manifest.get("kind"))
    for at, parent, node in _walk(manifest):
        for key, value in node.items():
            allowed = ENUMS.get(key)
            if key == "type":
                allowed = TYPES.get((kind, parent)) or TYPES.get(("*", parent))
            if allowed and isinstance(value, str) and value not in allowed:
                found.append(f"{at}.{key}: {value!r} is not one of {', '.join(sorted(allowed))}")
            members = ENUM_LISTS.get(key)
            if members and isinstance(value, list):
                found += [
                    f"{at}.{key}: {item!r} is not one of {', '.join(sorted(members))}"
                    for item in value
                    if item not in members
                ]
    return found


def quantity(value: object) -> Decimal | None:
    """The amount of a Kubernetes quantity, or None if it is not a quantity."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    amount = Decimal(number if number[-1] != "." else number[:-1])
    if exponent:
        return amount.scaleb(int(exponent))
    return amount * _SUFFIXES[suffix] if suffix else amount


def _quantities(manifest: Mapping[str, Any]) -> list[str]:
    found = []
    for at, _, node in _walk(manifest):
        amounts: dict[str, Mapping[str, Any]] = {}
        for key in ("requests", "limits", "hard", "capacity", "default", "defaultRequest", "min", "max", "overhead"):
            if isinstance(node.get(key), Mapping):
                amounts[key] = node[key]
        if "sizeLimit" in node:
            amounts["sizeLimit"] = {"": node["sizeLimit"]}
        for field, group in amounts.items():
            for name, value in group.items():
                amount = quantity(value)
                where = f"{at}.{field}.{name}".rstrip(".")
                if amount is None:
                    found.append(f"{where}: {value!r} is not a quantity")
                elif amount < 0:
                    found.append(f"{where}: {value!r} is negative")
                elif name in {"memory", "storage"} and amount and amount < 1024:
                    found.append(f"{where}: {value!r} is less than a kilobyte, a unit is missing or too small")
        for name, value in amounts.get("requests", {}).items():
            least, most = quantity(value), quantity(amounts.get("limits", {}).get(name))
            if least is not None and most is not None and least > most:
                found.append(f"{at}.requests.{name}: {value!r} is more than the limit {amounts['limits'][name]!r}")
    return found


def _selectors(manifest: Mapping[str, Any]) -> list[str]:
    if manifest.get("kind") not in SELECTING_KINDS:
        return []
    spec = manifest["spec"]
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    expressions = (spec.get("selector") or {}).get("matchExpressions") or []
    given = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not wanted and not expressions:
        return ["spec.selector: selects nothing"]
    return [
        f"spec.selector.matchLabels.{key}: {value!r} is not a label of the pod template, which has {given.get(key)!r}"
        for key, value in wanted.items()
        if given.get(key) != value
    ]


def pod_specs(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every pod spec in a manifest, with its path."""
    for at, parent, node in _walk(manifest):
        if parent == "spec" and isinstance(node.get("containers"), list):
            yield at, node


def _pods(manifest: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    kind = manifest.get("kind")
    for at, pod in pod_specs(manifest):
        found += _restart(at, pod, str(kind))
        volumes = [volume["name"] for volume in pod.get("volumes") or []]
        if kind == "StatefulSet":
            volumes += [claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates") or []]
        found += _unique(volumes, f"{at}.volumes", _is_label, "an RFC 1123 label")
        containers = [*(pod.get("initContainers") or []), *pod["containers"]]
        if not pod["containers"]:
            found.append(f"{at}.containers: empty")
        found += _unique(
            [container["name"] for container in containers], f"{at}.containers", _is_label, "an RFC 1123 label"
        )
        for container in containers:
            found += _container(f"{at}.containers[{container['name']}]", container, volumes)
    for at, parent, node in _walk(manifest):
        if parent == "template" and isinstance(node.get("metadata"), Mapping):
            found += _label_map(node["metadata"].get("labels") or {}, f"{at}.metadata.labels")
    return found


def _restart(at: str, pod: Mapping[str, Any], kind: str) -> list[str]:
    policy = pod.get("restartPolicy", "Always")
    if kind in {"Job", "CronJob"} and policy == "Always":
        return [f"{at}.restartPolicy: a {kind} needs OnFailure or Never"]
    if kind in SELECTING_KINDS and policy != "Always":
        return [f"{at}.restartPolicy: a {kind} takes only Always"]
    return []


def _container(at: str, container: Mapping[str, Any], volumes: list[str]) -> list[str]:
    found = []
    image = container.get("image")
    if not isinstance(image, str) or not image or image != image.strip():
        found.append(f"{at}.image: {image!r} is no image")
    mounts = container.get("volumeMounts") or []
    found += [f"{at}.volumeMounts: no volume {mount['name']!r}" for mount in mounts if mount["name"] not in volumes]
    found += _unique(
        [mount["mountPath"] for mount in mounts], f"{at}.volumeMounts.mountPath", lambda path: ":" not in path, "a path"
    )
    names = [variable["name"] for variable in container.get("env") or []]
    found += _unique(names, f"{at}.env", lambda name: bool(name) and "=" not in name, "an environment name")
    for variable in container.get("env") or []:
        if "value" in variable and "valueFrom" in variable:
            found.append(f"{at}.env.{variable['name']}: has value and valueFrom")
    ports = container.get("ports") or []
    found += [
        f"{at}.ports: {port['containerPort']} is no port" for port in ports if not 0 < port["containerPort"] < 65536
    ]
    named = [port["name"] for port in ports if "name" in port]
    return found + _unique(
        named,
        f"{at}.ports",
        lambda name: len(name) <= 15 and bool(_PORT_NAME.fullmatch(name)),
        "a port name of at most 15 characters",
    )


def _unique(names: list[str], at: str, good: Callable[[str], bool], called: str) -> list[str]:
    found = [f"{at}: {name!r} is not {called}" for name in names if not good(name)]
    return found + [
        f"{at}: {name!r} is there twice" for name in sorted({name for name in names if names.count(name) > 1})
    ]


def _data_keys(manifest: Mapping[str, Any]) -> list[str]:
    if manifest.get("kind") not in {"ConfigMap", "Secret"}:
        return []
    parts = {part: manifest.get(part) or {} for part in ("data", "stringData", "binaryData")}
    found = [
        f"{part}: {key!r} is not a data key"
        for part, data in parts.items()
        for key in data
        if len(key) > 253 or key in {".", ".."} or not _DATA_KEY.fullmatch(key)
    ]
    if (
        sum(len(key.encode()) + len(str(value).encode()) for data in parts.values() for key, value in data.items())
        > 1024 * 1024
    ):
        found.append("data: more than 1 MiB together")
    return found


def _volume_claims(manifest: Mapping[str, Any]) -> list[str]:
    claims = [("", manifest)] if manifest.get("kind") == "PersistentVolumeClaim" else []
    if manifest.get("kind") == "StatefulSet":
        templates = manifest["spec"].get("volumeClaimTemplates") or []
        claims = [(f"spec.volumeClaimTemplates[{position}].", claim) for position, claim in enumerate(templates)]
    found = []
    for at, claim in claims:
        if not claim["spec"].get("accessModes"):
            found.append(f"{at}spec.accessModes: at least one is needed")
        if not ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage"):
            found.append(f"{at}spec.resources.requests.storage: missing")
    return found
