"""What the cluster must have before the manifests are applied, with a command that checks each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cdk8s_airflow._regex import regex
from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.validation.frozen import frozen

_REFERENCED: Mapping[str, str] = {
    "storageClassName": "StorageClass",
    "storageClass": "StorageClass",
    "ingressClassName": "IngressClass",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "cert-manager.io/cluster-issuer": "ClusterIssuer",
}
"""Field or annotation that names a cluster-scoped object -> the kind of the object."""

_ISSUER = "cert-manager.io/issuer"
_TITLES: Mapping[str, str] = {
    "StorageClass": "storage class",
    "IngressClass": "ingress class",
    "PriorityClass": "priority class",
    "RuntimeClass": "runtime class",
    "ClusterIssuer": "cert-manager cluster issuer",
}
_REFERENCE = regex(rf"""^[ -]*["']?({"|".join((*_REFERENCED, _ISSUER))})["']?: *["']?([a-z0-9][a-z0-9.-]*)["']?$""")
_NAMESPACE = regex(r"^ +(?:targetNamespace|namespace): *\"?([a-z0-9-]+)\"?$")
_DEFAULT_CLASS = regex(r"^kind: PersistentVolumeClaim$")
_NO_CLASS = regex(r"""^ +storageClassName: *(?:""|'')$""")
"""A claim for a volume that exists. An absent class is the default class."""

_OPERATORS: Mapping[str, tuple[str, str]] = {
    "postgresql.cnpg.io": ("CloudNativePG", "app.kubernetes.io/name=cloudnative-pg"),
    "barmancloud.cnpg.io": ("the Barman Cloud plugin of CloudNativePG", "app=barman-cloud"),
    "cert-manager.io": ("cert-manager", "app.kubernetes.io/name=cert-manager"),
    "external-secrets.io": ("External Secrets", "app.kubernetes.io/name=external-secrets"),
    "karpenter.sh": ("Karpenter", "app.kubernetes.io/name=karpenter"),
    "keda.sh": ("KEDA", "app.kubernetes.io/name=keda-operator"),
    "monitoring.coreos.com": (
        "the Prometheus operator",
        "'app.kubernetes.io/name in (prometheus-operator,kube-prometheus-stack-prometheus-operator)'",
    ),
    "helm.toolkit.fluxcd.io": ("Flux", "app.kubernetes.io/part-of=flux"),
    "argoproj.io": ("Argo CD", "app.kubernetes.io/part-of=argocd"),
}
"""API group -> its operator, and the label of its Deployments."""

_BUILT_IN: Mapping[str, str] = {
    "helm.cattle.io": "the Helm controller of k3s and RKE2",
    "bitnami.com": "Sealed Secrets",
    "gateway.networking.k8s.io": "the Gateway API",
    "karpenter.k8s.aws": "Karpenter for AWS",
    "source.toolkit.fluxcd.io": "Flux",
}
"""API group without a Deployment of its own to look for -> what provides it."""


@frozen(kw_only=False)
class Prerequisite:
    """Something that the cluster must have.

    Args:
        text: what it is.
        checks: commands that fail, or print nothing, if it is missing.
    """

    text: str
    checks: tuple[str, ...]


def prerequisites(registry: Registry, manifests: Iterable[str]) -> list[Prerequisite]:
    """The requirements of the manifests of an app: CRDs with their operators, classes, issuers, existing namespaces.

    Args:
        registry: what the constructs of the app have recorded.
        manifests: the text of each written file.
    """
    texts = list(manifests)
    return [
        *_definitions(registry.crds),
        *_unknown_kinds(registry.unknown_kinds),
        *_references(registry, texts),
        *_namespaces(registry),
    ]


def _definitions(crds: Iterable[str]) -> Iterator[Prerequisite]:
    by_group: dict[str, list[str]] = {}
    for crd in sorted(crds):
        by_group.setdefault(crd.partition(".")[2], []).append(crd)
    for group, names in by_group.items():
        operator, label = _OPERATORS.get(group, (_BUILT_IN.get(group, f"the CRDs of {group}"), ""))
        checks = [f"kubectl get crd {' '.join(names)}"]
        if label:
            checks.append(f"kubectl get deployments --all-namespaces -l {label}")
        yield Prerequisite(operator[:1].upper() + operator[1:], tuple(checks))


def _unknown_kinds(kinds: Iterable[tuple[str, str]]) -> Iterator[Prerequisite]:
    """Custom resources of the user's own for which no schema is included."""
    for api_version, kind in sorted(kinds):
        group = api_version.rpartition("/")[0]
        yield Prerequisite(
            f"Kind {kind} ({api_version}). Its schema is not included, so these objects were not validated.",
            (f"kubectl api-resources --api-group={group}",),
        )


def _references(registry: Registry, manifests: Iterable[str]) -> Iterator[Prerequisite]:
    """Classes and issuers that the manifests name and do not contain."""
    emitted = {(kind.partition("/")[0], name) for kind, _, name in registry.objects}
    found: dict[tuple[str, str, str], None] = {}
    for text in manifests:
        for document in text.split("\n---\n"):
            found |= dict.fromkeys(_named(document))
    for kind in (*_TITLES, "Issuer"):
        for namespace, name in sorted((place, name) for of, place, name in found if of == kind):
            if (kind, name) in emitted or name.startswith("system-"):
                continue
            if kind == "Issuer":
                yield Prerequisite(
                    f"Cert-manager issuer {name} in namespace {namespace}",
                    (f"kubectl -n {namespace} get issuer {name}",),
                )
            elif name:
                title = _TITLES[kind]
                yield Prerequisite(f"{title[:1].upper()}{title[1:]} {name}", (f"kubectl get {kind.lower()} {name}",))
            else:
                yield Prerequisite("A default storage class: one line with (default)", ("kubectl get storageclass",))


def _named(document: str) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of what a document refers to. An empty name is the default storage class."""
    namespace, classes = "", False
    lines = document.split("\n")
    for line in lines:
        # A target namespace, which comes after metadata.namespace, is where the objects of a release are.
        if (place := _NAMESPACE.match(line)) is not None:
            namespace = place[1]
        reference = _REFERENCE.match(line)
        if reference is not None and reference[1] != _ISSUER:
            kind = _REFERENCED[reference[1]]
            classes = classes or kind == "StorageClass"
            yield kind, "", reference[2]
    for line in lines:
        reference = _REFERENCE.match(line)
        if reference is not None and reference[1] == _ISSUER:
            yield "Issuer", namespace, reference[2]
    if not classes and any(map(_DEFAULT_CLASS.match, lines)) and not any(map(_NO_CLASS.match, lines)):
        yield "StorageClass", "", ""


def _namespaces(registry: Registry) -> Iterator[Prerequisite]:
    """Namespaces that objects and Secrets are in, and that the app does not create."""
    created = {name for kind, _, name in registry.objects if kind == "Namespace"}
    used = {namespace for _, namespace, _ in registry.objects} | {namespace for namespace, _ in registry.secrets}
    missing = sorted(used - created - {"", "default", "kube-system"})
    if missing:
        names = ", ".join(missing)
        yield Prerequisite(
            f"Namespace{'s' if len(missing) > 1 else ''} {names}", (f"kubectl get namespace {' '.join(missing)}",)
        )
