"""Rules on workloads, Jobs, quotas and everything that no other rule is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.plan.amount import amount_text
from cdk8s_airflow.plan.conditions import lowered, mappings, raised, text_of, turned_on
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Context, Found, Rule, Setting
from cdk8s_airflow.plan.tree import MISSING, Path, find
from cdk8s_airflow.plan.usage import requested
from cdk8s_airflow.validation.quantities import quantity_or_none

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def _is_hook(setting: Setting) -> bool:
    """The Job is deleted before it is created again, by Helm or Argo CD."""
    annotations = setting.pair.either.metadata.get("annotations")
    hooks = ("helm.sh/hook", "argocd.argoproj.io/hook")
    return isinstance(annotations, Mapping) and any(hook in annotations for hook in hooks)


def _stays(setting: Setting) -> bool:
    return not _is_hook(setting)


def _holds_data(setting: Setting) -> bool:
    """The only replica of a StatefulSet with volumes of its own: nothing takes its place while it restarts."""
    template = setting.after("spec.volumeClaimTemplates")
    volumes = setting.after("spec.template.spec.volumes")
    has_claim = any("persistentVolumeClaim" in volume for volume in mappings(volumes))
    return bool(setting.after("spec.replicas", 1) == 1 and (template or has_claim))


def _recreated(setting: Setting) -> bool:
    return bool(setting.after("spec.strategy.type") == "Recreate")


def _claims(document: Any) -> list[Mapping[str, Any]]:
    """The templates without what the API server fills in."""
    return [
        {key: value for key, value in claim.items() if key not in ("apiVersion", "kind", "status")}
        for claim in mappings(find(document, "spec.volumeClaimTemplates"))
    ]


def _claim_templates(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = _claims(view.old), _claims(view.new)
    if _without_defaults(old) != _without_defaults(new):
        shown = [
            ", ".join(f"{text_of(find(each, 'metadata.name'))}: {_short(each)}" for each in claims)
            for claims in (old, new)
        ]
        yield Found(("spec", "volumeClaimTemplates"), {"old": shown[0] or MISSING, "new": shown[1] or MISSING})


def _without_defaults(claims: list[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    return [
        (
            text_of(find(each, "metadata.name")),
            quantity_or_none(find(each, "spec.resources.requests.storage")),
            str(find(each, "spec.storageClassName")),
            str(find(each, "spec.accessModes")),
            str(find(each, "spec.volumeMode")).replace("Filesystem", "MISSING"),
        )
        for each in claims
    ]


def _short(claim: Mapping[str, Any]) -> str:
    parts = (text_of(find(claim, path)) for path in ("spec.resources.requests.storage", "spec.storageClassName"))
    return " ".join(part for part in parts if part) or "no size"


def _unrendered_image(path: Path) -> bool:
    return path[-1] == "image"


def _quota_below(setting: Setting) -> bool | Mapping[str, object]:
    """A quota is lowered below what is known to be used: what the live object reports, or what the program requests."""
    if setting.new is MISSING or not (lowered(setting) or setting.old is MISSING):
        return False
    resource = setting.path[-1]
    limit = quantity_or_none(setting.new)
    reported = find(setting.pair.old.body if setting.pair.old else {}, ("status", "used", resource))
    use = quantity_or_none(reported) if reported is not MISSING else None
    if use is None:
        use = requested(setting.context.before, setting.pair.either.namespace, resource)
    if limit is None or use is None or use <= limit:
        return False
    return {"use": reported if reported is not MISSING else amount_text(use, resource), "resource": resource}


def _scale_floor(setting: Setting) -> bool:
    return lowered(setting)


def _targets_with_replicas(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    """An autoscaler acts on a workload whose number of replicas the same output sets."""
    target = find(view.new, "spec.scaleTargetRef")
    if not isinstance(target, Mapping) or pair.new is None or find(view.old, "spec.scaleTargetRef") == target:
        return
    kind = str(target.get("kind", "Deployment"))
    workload = context.after.find(kind, pair.new.namespace, str(target.get("name")))
    if workload is not None and "replicas" in workload.spec:
        yield Found(
            ("spec", "scaleTargetRef"),
            {"target": f"{kind} {target.get('name')}", "replicas": workload.spec["replicas"]},
        )


RULES = (
    Rule(
        id="statefulset/claim-template",
        risk=Risk.IMPOSSIBLE,
        title="The volumes of a StatefulSet change",
        on=("StatefulSet",),
        check=_claim_templates,
        happens="spec.volumeClaimTemplates of a StatefulSet cannot be changed ({old} to {new}); the API server refuses it.",
        first="Keep it; or delete the StatefulSet with --cascade=orphan and apply again. Existing volumes keep their size and class.",
    ),
    Rule(
        id="statefulset/immutable",
        risk=Risk.IMPOSSIBLE,
        title="A field of a StatefulSet changes that cannot",
        on=("StatefulSet",),
        paths=("spec.serviceName", "spec.podManagementPolicy", "spec.selector"),
        happens="{path} of a StatefulSet cannot be changed ({old} to {new}); the API server refuses it.",
        first="Keep it; or delete the StatefulSet with --cascade=orphan and apply again.",
    ),
    Rule(
        id="workload/selector",
        risk=Risk.IMPOSSIBLE,
        title="The selector of a workload changes",
        on=("Deployment", "DaemonSet", "ReplicaSet"),
        paths=("spec.selector",),
        happens="spec.selector of {object} cannot be changed ({old} to {new}); the API server refuses it.",
        first="Keep it; or delete {object} first, which stops its pods, and apply again.",
    ),
    Rule(
        id="job/immutable",
        risk=Risk.IMPOSSIBLE,
        title="A Job changes that exists",
        on=("Job",),
        paths=(
            "spec.template",
            "spec.selector",
            "spec.completionMode",
            "spec.completions",
            "spec.podReplacementPolicy",
        ),
        when=_stays,
        happens="{path} of a Job cannot be changed; the API server refuses it while the Job exists.",
        first="Delete the Job first: kubectl -n {namespace} delete job {name}",
    ),
    Rule(
        id="job/replaced",
        risk=Risk.CONFIGURATION,
        title="A Job changes that is created again each time",
        on=("Job",),
        paths=("spec.template", "spec.**"),
        default=True,
        happens="The Job is deleted and created again with the next upgrade ({path}).",
    ),
    Rule(
        id="cronjob/next-run",
        risk=Risk.CONFIGURATION,
        title="A CronJob changes",
        on=("CronJob",),
        paths=("spec.**",),
        default=True,
        happens="{path} {change}, from the next run on.",
    ),
    Rule(
        id="workload/to-zero",
        risk=Risk.DOWNTIME,
        title="A workload is scaled to zero",
        on=_WORKLOADS,
        paths=("spec.replicas",),
        when=lambda setting: setting.new == 0,
        happens="{object} stops: it has 0 replicas instead of {old}.",
        first="Check that nothing uses it.",
    ),
    Rule(
        id="workload/fewer-replicas",
        risk=Risk.RESTART,
        title="A workload has fewer replicas",
        on=_WORKLOADS,
        paths=("spec.replicas",),
        when=lambda setting: lowered(setting) and setting.new != 0,
        happens="The number of replicas of {object} changes from {old} to {new}. The others end.",
    ),
    Rule(
        id="workload/more-replicas",
        risk=Risk.CONFIGURATION,
        title="A workload has more replicas",
        on=_WORKLOADS,
        paths=("spec.replicas",),
        when=raised,
        happens="The number of replicas of {object} changes from {old} to {new}.",
    ),
    Rule(
        id="workload/only-replica",
        risk=Risk.DOWNTIME,
        title="The only replica of a StatefulSet with data restarts",
        on=("StatefulSet",),
        paths=("spec.template.**",),
        when=_holds_data,
        default=True,
        happens="{path} {change}. The only pod of {object} is replaced, and it does not answer until the new one is ready.",
        first="Let running tasks finish.",
    ),
    Rule(
        id="workload/recreate",
        risk=Risk.DOWNTIME,
        title="A workload is stopped and started",
        on=("Deployment",),
        paths=("spec.template.**",),
        when=_recreated,
        default=True,
        happens="{path} {change}. {object} has strategy Recreate: all its pods end before new ones start.",
        first="Let running tasks finish.",
    ),
    Rule(
        id="workload/restart",
        risk=Risk.RESTART,
        title="The pods of a workload are replaced",
        on=_WORKLOADS,
        paths=("spec.template.**",),
        default=True,
        happens="{path} {change}. The pods of {object} are replaced one after the other.",
    ),
    Rule(
        id="quota/below-use",
        risk=Risk.DOWNTIME,
        title="A quota is lowered below what is used",
        on=("ResourceQuota",),
        paths=("spec.hard.*",),
        when=_quota_below,
        happens="The quota for {resource} changes from {old} to {new}, and {use} is in use. Running pods stay, but none is created "
        "again: restarts and tasks wait.",
        first="Lower the requests first.",
    ),
    Rule(
        id="quota/lowered",
        fallback=True,
        risk=Risk.CONFIGURATION,
        title="A quota is lowered",
        on=("ResourceQuota",),
        paths=("spec.hard.*",),
        when=lowered,
        happens="The quota for {path} changes from {old} to {new}. If more is in use, no further pod is created.",
        first="Compare with: kubectl -n {namespace} describe quota {name}",
    ),
    Rule(
        id="limits/lowered",
        risk=Risk.DOWNTIME,
        title="The largest container of a namespace gets smaller",
        on=("LimitRange",),
        paths=("spec.limits.*.max.*", "spec.limits.*.maxLimitRequestRatio.*"),
        when=lambda setting: lowered(setting) or setting.old is MISSING,
        happens="{path} changes from {old} to {new}. Pods with larger containers are refused the next time they are created.",
        first="Compare with the limits of all containers.",
    ),
    Rule(
        id="scaling/two-owners",
        risk=Risk.RESTART,
        title="An autoscaler and the manifest both set the number of replicas",
        on=_SCALERS,
        check=_targets_with_replicas,
        happens="The autoscaler sets the number of replicas of {target}, and so does each apply (replicas: {replicas}).",
        first="Remove replicas from the manifest of {target}.",
    ),
    Rule(
        id="scaling/bounds",
        risk=Risk.RESTART,
        title="An autoscaler may remove more replicas",
        on=_SCALERS,
        paths=(
            "spec.minReplicas",
            "spec.maxReplicas",
            "spec.minReplicaCount",
            "spec.maxReplicaCount",
            "spec.idleReplicaCount",
        ),
        when=_scale_floor,
        happens="{path} changes from {old} to {new}. Replicas above that end.",
        first="Check that the smallest number of replicas carries the load.",
    ),
    Rule(
        id="cronjob/suspended",
        risk=Risk.CONFIGURATION,
        title="A CronJob is suspended",
        on=("CronJob",),
        paths=("spec.suspend",),
        when=turned_on,
        happens="{object} runs no more.",
    ),
    Rule(
        id="text/same-amount",
        risk=Risk.NONE,
        title="The same amount, written differently",
        on=("*", "release"),
        default=True,
        happens="{old} and {new} mean the same.",
    ),
    Rule(
        id="text/order",
        risk=Risk.NONE,
        title="The order changes without effect",
        on=("NetworkPolicy", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
        paths=("**.[order]", "[order]"),
        default=True,
        happens="The elements are in another order, which has no meaning here.",
    ),
    Rule(
        id="text/formatting",
        risk=Risk.NONE,
        title="The text changes, its content does not",
        on=("*", "release"),
        default=True,
        happens="Comments, order of keys or quotes differ in an embedded text. A controller may run Helm again; nothing restarts.",
    ),
    Rule(
        id="object/labels",
        risk=Risk.CONFIGURATION,
        title="Labels or annotations change",
        paths=("metadata.labels.**", "metadata.annotations.**"),
        default=True,
        happens="{path} {change}. Selectors that use it match other objects.",
    ),
    Rule(
        id="object/changed",
        risk=Risk.CONFIGURATION,
        title="A setting changes",
        on=("*", "release"),
        paths=("**",),
        default=True,
        happens="{path} {change}.",
    ),
)
