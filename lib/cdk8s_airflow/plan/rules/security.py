"""Rules on permissions, Pod Security and privileges of containers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.plan.conditions import changed, is_true, mappings, texts, turned_off, turned_on
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Context, Found, Rule, Setting
from cdk8s_airflow.plan.tree import MISSING, Path, canonical, find

_ROLES = ("Role", "ClusterRole")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_LEVELS = ("privileged", "baseline", "restricted")
_ENFORCE = ('metadata.labels["pod-security.kubernetes.io/enforce"]',)
_CONTEXTS = ("**.securityContext", "**.securityContexts.*", "**.podSecurityContext")
_EVERYWHERE = ("*", "release")


def permissions(document: Any) -> set[tuple[str, ...]]:
    """Every single permission of a Role."""
    found: set[tuple[str, ...]] = set()
    for rule in mappings(find(document, "rules")):
        names = texts(rule.get("resourceNames")) or ["*"]
        groups, resources, verbs = (texts(rule.get(key)) for key in ("apiGroups", "resources", "verbs"))
        found |= set(itertools.product(groups, resources, names, verbs))
        found |= set(itertools.product(["url"], texts(rule.get("nonResourceURLs")), ["*"], verbs))
    return found


def _held(permission: tuple[str, ...], others: set[tuple[str, ...]]) -> bool:
    return any(all(mine in ("*", each) for mine, each in zip(other, permission, strict=True)) for other in others)


def _spoken(found: set[tuple[str, ...]]) -> str:
    by_resource: dict[str, list[str]] = {}
    for group, resource, name, verb in sorted(found):
        label = resource + (f".{group}" if group and group != "url" else "") + (f" {name}" if name != "*" else "")
        by_resource.setdefault(label, []).append(verb)
    texts = [f"{', '.join(verbs)} {resource}" for resource, verbs in by_resource.items()]
    return "; ".join(texts[:4]) + (f" and {len(texts) - 4} more" if len(texts) > 4 else "")


def _wider_role(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = permissions(view.old), permissions(view.new)
    more = {each for each in new if not _held(each, old)}
    if more:
        yield Found(("rules",), {"more": _spoken(more)})


def _narrower_role(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = permissions(view.old), permissions(view.new)
    less = {each for each in old if not _held(each, new)}
    if less:
        yield Found(("rules",), {"less": _spoken(less)})


def _subjects(document: Any) -> set[str]:
    return {
        "/".join(str(subject[key]) for key in ("kind", "namespace", "name") if subject.get(key))
        for subject in mappings(find(document, "subjects"))
    }


def _more_subjects(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    more = sorted(_subjects(view.new) - _subjects(view.old))
    if more:
        yield Found(("subjects",), {"more": ", ".join(more)})


def _fewer_subjects(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    less = sorted(_subjects(view.old) - _subjects(view.new))
    if less:
        yield Found(("subjects",), {"less": ", ".join(less)})


def _level(value: Any) -> int:
    return _LEVELS.index(value) if isinstance(value, str) and value in _LEVELS else 0


def _lower_level(setting: Setting) -> bool:
    return _level(setting.new) < _level(setting.old)


def _higher_level(setting: Setting) -> bool:
    return _level(setting.new) > _level(setting.old)


def _more_rights(setting: Setting) -> bool:
    """One field of a security context allows more."""
    key, old, new = setting.path[-1], setting.old, setting.new
    if key in ("privileged", "allowPrivilegeEscalation", "hostNetwork", "hostPID", "hostIPC", "hostUsers"):
        return is_true(new) and not is_true(old)
    if key == "runAsNonRoot":
        return is_true(old) and not is_true(new)
    if key == "runAsUser":
        return bool(new == 0 and old != 0)
    if key == "add":
        return not set(texts(new)) <= set(texts(old))
    if key == "drop":
        return not set(texts(old)) <= set(texts(new))
    if key == "type":
        return old is not MISSING and (new is MISSING or new == "Unconfined")
    return False


_FIELDS = (
    "privileged", "allowPrivilegeEscalation", "runAsNonRoot", "runAsUser", "capabilities.add", "capabilities.drop",
    "seccompProfile.type",
)  # fmt: skip
_PRIVILEGES = (
    *(f"{context}.{field}" for context in _CONTEXTS for field in _FIELDS),
    "**.hostNetwork", "**.hostPID", "**.hostIPC",
)  # fmt: skip


def _holder(path: Path) -> Path:
    """The pod or container whose security context a path leads into."""
    for position, segment in enumerate(path):
        if segment.startswith("securityContext") or segment == "podSecurityContext":
            return path[:position]
    return path[:-1]


def _privileges(setting: Setting) -> bool:
    """More is allowed, and the whole pod or container still exists."""
    if setting.new is MISSING and find(setting.view.new, _holder(setting.path)) is MISSING:
        return False
    return _more_rights(setting)


def _host_path(setting: Setting) -> bool:
    return setting.old is MISSING or canonical(setting.old) != canonical(setting.new)


def _annotation(setting: Setting) -> bool:
    return setting.new is not MISSING


RULES = (
    Rule(
        id="pod-security/lower",
        risk=Risk.SECURITY,
        title="The Pod Security level of a namespace is lowered",
        on=("Namespace",),
        paths=_ENFORCE,
        when=_lower_level,
        happens="Namespace {name} enforces the Pod Security level {new} instead of {old}: pods with more privileges may start.",
        first="Keep {old}, and change the pod that needs more.",
    ),
    Rule(
        id="pod-security/higher",
        risk=Risk.DOWNTIME,
        title="The Pod Security level of a namespace is raised",
        on=("Namespace",),
        paths=_ENFORCE,
        when=_higher_level,
        happens="Namespace {name} enforces the Pod Security level {new} instead of {old}. Pods that violate it are refused when they "
        "are created next.",
        first="Check with: kubectl label --dry-run=server --overwrite namespace {name} pod-security.kubernetes.io/enforce={new}",
    ),
    Rule(
        id="rbac/widened",
        risk=Risk.SECURITY,
        title="A role allows more",
        on=_ROLES,
        check=_wider_role,
        in_place=False,
        happens="The role allows more: {more}.",
        first="Check that the accounts that are bound to it need this.",
    ),
    Rule(
        id="rbac/narrowed",
        risk=Risk.CONFIGURATION,
        title="A role allows less",
        on=_ROLES,
        check=_narrower_role,
        happens="The role no longer allows: {less}. Requests that need it are refused.",
        first="Check that nothing uses it any more.",
    ),
    Rule(
        id="rbac/subjects-added",
        risk=Risk.SECURITY,
        title="More accounts get a role",
        on=_BINDINGS,
        check=_more_subjects,
        in_place=False,
        happens="The role is given to {more}.",
        first="Check that they need it.",
    ),
    Rule(
        id="rbac/subjects-removed",
        risk=Risk.CONFIGURATION,
        title="Accounts lose a role",
        on=_BINDINGS,
        check=_fewer_subjects,
        happens="The role is taken from {less}. Their requests that need it are refused.",
        first="Check that nothing uses it any more.",
    ),
    Rule(
        id="rbac/role-ref",
        risk=Risk.IMPOSSIBLE,
        title="A binding names another role",
        on=_BINDINGS,
        paths=("roleRef.name", "roleRef.kind", "roleRef.apiGroup"),
        happens="roleRef of a binding cannot be changed ({old} to {new}); the API server refuses it.",
        first="Give the new binding another name.",
    ),
    Rule(
        id="rbac/launching",
        risk=Risk.SECURITY,
        title="Airflow may start pods in more places",
        on=("airflow",),
        paths=(
            "values.multiNamespaceMode",
            "values.*.allowPodLaunching",
            "values.allowPodLaunching",
            "values.allowJobLaunching",
            "values.rbac.createSCCRoleBinding",
        ),
        when=turned_on,
        in_place=False,
        happens="{path} is on: accounts of Airflow may start pods or Jobs in more places.",
        first="Check that DAG authors may have this permission.",
    ),
    Rule(
        id="policy/of-chart-off",
        risk=Risk.SECURITY,
        title="The network policies of the chart are removed",
        on=("airflow",),
        paths=("values.networkPolicies.enabled",),
        when=turned_off,
        in_place=False,
        happens="The network policies of the chart are deleted: connections that they denied are allowed.",
        first="Check that another isolation takes their place.",
    ),
    Rule(
        id="pods/privileges",
        risk=Risk.SECURITY,
        title="Containers get more privileges",
        on=_EVERYWHERE,
        paths=_PRIVILEGES,
        when=_privileges,
        in_place=False,
        happens="{path} {change}: the containers get more privileges on their node.",
        first="Check that the container needs it; a namespace with the level restricted refuses it.",
    ),
    Rule(
        id="pods/host-path",
        risk=Risk.SECURITY,
        title="Pods mount a folder of their node",
        on=_EVERYWHERE,
        paths=("**.volumes.*.hostPath.path", "**.extraVolumes.*.hostPath.path"),
        when=_host_path,
        in_place=False,
        happens="Pods mount {new} of the node they run on.",
        first="Use a volume claim; a namespace with the level baseline refuses it.",
    ),
    Rule(
        id="accounts/token",
        risk=Risk.SECURITY,
        title="Pods get a token of their service account",
        on=_EVERYWHERE,
        paths=("**.automountServiceAccountToken",),
        when=lambda setting: setting.new is True and setting.old is False,
        in_place=False,
        happens="{path} is on: code in these pods can use the permissions of their service account.",
        first="Check that they need the Kubernetes API.",
    ),
    Rule(
        id="accounts/cloud-identity",
        risk=Risk.SECURITY,
        title="A service account gets another cloud identity",
        on=("ServiceAccount", "airflow"),
        paths=(
            'metadata.annotations["eks.amazonaws.com/role-arn"]',
            'metadata.annotations["iam.gke.io/gcp-service-account"]',
            'metadata.annotations["azure.workload.identity/client-id"]',
            "values.**.serviceAccount.annotations.*",
        ),
        when=_annotation,
        in_place=False,
        happens="The account acts as {new} in the cloud instead of {old}. Pods have it after they restart.",
        first="Compare the permissions of both.",
    ),
    Rule(
        id="object/immutable",
        risk=Risk.IMPOSSIBLE,
        title="An object changes that is immutable",
        on=("ConfigMap", "Secret"),
        paths=("data", "stringData", "binaryData", "immutable", "type"),
        when=lambda setting: setting.before("immutable") is True or (setting.path == ("type",) and changed(setting)),
        happens="{path} of {object} cannot be changed; the API server refuses it.",
        first="Give the changed object another name.",
    ),
)
