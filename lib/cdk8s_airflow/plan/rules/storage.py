"""Rules on volume claims and on what protects state."""

from __future__ import annotations

from cdk8s_airflow.plan.conditions import added, changed, either, lowered, raised, removed
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Rule, Setting
from cdk8s_airflow.plan.tree import MISSING

_CLAIM = ("PersistentVolumeClaim",)
_SIZE = ("spec.resources.requests.storage",)


def _protection_ends(setting: Setting) -> bool:
    old = str(setting.old) if setting.old is not MISSING else ""
    new = str(setting.new) if setting.new is not MISSING else ""
    marks = ("Prune=false", "Delete=false", "disabled", "keep", "true")
    return any(mark in old and mark not in new for mark in marks)


RULES = (
    Rule(
        id="claim/shrunk",
        risk=Risk.IMPOSSIBLE,
        title="A volume claim shrinks",
        on=_CLAIM,
        paths=_SIZE,
        when=lowered,
        happens="The claim would shrink from {old} to {new}. The API server refuses to shrink a volume claim.",
        first="Keep {old}; or create a second claim of the smaller size, copy the files, and use that one.",
    ),
    Rule(
        id="claim/expanded",
        risk=Risk.CONFIGURATION,
        title="A volume claim grows",
        on=_CLAIM,
        paths=_SIZE,
        when=raised,
        happens="The volume grows from {old} to {new}. This works if the storage class has allowVolumeExpansion: true; otherwise "
        "the API server refuses it. A volume never shrinks again.",
        first="Check with: kubectl get storageclass",
    ),
    Rule(
        id="claim/storage-class",
        risk=Risk.IMPOSSIBLE,
        title="The storage class of a volume claim changes",
        on=_CLAIM,
        paths=("spec.storageClassName",),
        happens="The storage class of a claim cannot be changed ({old} to {new}); the API server refuses it.",
        first="Create a second claim of class {new}, copy the files, and use that one.",
    ),
    Rule(
        id="claim/access-mode",
        risk=Risk.IMPOSSIBLE,
        title="The access mode of a volume claim changes",
        on=_CLAIM,
        paths=("spec.accessModes",),
        happens="The access modes of a claim cannot be changed ({old} to {new}); the API server refuses it.",
        first="Create a second claim with {new}, copy the files, and use that one.",
    ),
    Rule(
        id="claim/volume",
        risk=Risk.IMPOSSIBLE,
        title="A volume claim is bound to another volume",
        on=_CLAIM,
        paths=("spec.volumeName", "spec.volumeMode", "spec.selector", "spec.dataSource", "spec.dataSourceRef"),
        when=either(changed, removed, added),
        happens="{path} of a claim cannot be changed; the API server refuses it.",
        first="Create a second claim, copy the files, and use that one.",
    ),
    Rule(
        id="state/prune-protection",
        risk=Risk.DATA,
        title="Protection against pruning ends",
        paths=(
            'metadata.annotations["argocd.argoproj.io/sync-options"]',
            'metadata.annotations["kustomize.toolkit.fluxcd.io/prune"]',
            'metadata.annotations["helm.sh/resource-policy"]',
            'metadata.labels["cdk8s-airflow/holds-state"]',
        ),
        when=_protection_ends,
        happens="{object} loses {path}, which protects it against pruning. When the object is removed from the manifests, a tool that prunes may "
        "delete it with its data.",
        first="Keep this setting on all objects with state.",
    ),
)
