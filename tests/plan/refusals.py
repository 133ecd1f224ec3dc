"""Changes that a cluster refuses: the object that is there, what it would become, and what the refusal says.

The objects do nothing: no replicas, suspended Jobs, unused claims; only the Cluster starts a database. ``tests/cluster`` applies
each one and asks the API server what it thinks of the change.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.plan.cases import edited
from tests.plan.given import Body, thing

NAMESPACE = "plan-rules"
IMAGE = "ghcr.io/cloudnative-pg/postgresql:15-standard-trixie"


@dataclass(frozen=True)
class Refusal:
    """One change that is refused.

    Attributes:
        rule: the rule that reports it.
        before: the object that is there.
        after: what it would become.
        error: a pattern of the refusal.
        is_ready: a condition that ``before`` must have first, as ``kubectl wait --for`` takes it; empty for none.
    """

    rule: str
    before: Body
    after: Body
    error: str
    is_ready: str = ""


CLAIM = thing(
    "PersistentVolumeClaim", "files", NAMESPACE,
    spec={"accessModes": ["ReadWriteOnce"], "storageClassName": "plan-rules-none", "resources": {"requests": {"storage": "2Gi"}}},
)  # fmt: skip
LABELS = {"app": "plan-rules"}
TEMPLATE = {
    "metadata": {"labels": LABELS},
    "spec": {"restartPolicy": "Always", "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]},
}
JOB_TEMPLATE = {
    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}
}
DEPLOYMENT = thing(
    "Deployment", "web", NAMESPACE, spec={"replicas": 0, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
)
VOLUME = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
STATEFULSET = thing(
    "StatefulSet", "store", NAMESPACE,
    spec={"replicas": 0, "serviceName": "store", "selector": {"matchLabels": LABELS}, "template": TEMPLATE, "volumeClaimTemplates": [VOLUME]},
)  # fmt: skip
LARGER = {**VOLUME, "spec": {**VOLUME["spec"], "resources": {"requests": {"storage": "2Gi"}}}}  # type: ignore[dict-item]
JOB = thing("Job", "once", NAMESPACE, spec={"suspend": True, "template": JOB_TEMPLATE})
SERVICE = thing("Service", "web", NAMESPACE, spec={"clusterIP": "None", "selector": LABELS, "ports": [{"port": 80}]})
BINDING = thing(
    "RoleBinding", "reader", NAMESPACE,
    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}],
)  # fmt: skip
FIXED = thing("ConfigMap", "fixed", NAMESPACE, immutable=True, data={"key": "old"})
CLUSTER = thing(
    "Cluster", "db", NAMESPACE,
    spec={
        "instances": 1, "imageName": IMAGE, "storage": {"size": "2Gi"}, "walStorage": {"size": "1Gi"},
        "bootstrap": {"initdb": {"database": "app", "owner": "app"}},
        "postgresql": {"parameters": {"wal_level": "logical"}},
    },
)  # fmt: skip
DATABASE = thing(
    "Database",
    "reports",
    NAMESPACE,
    spec={"cluster": {"name": "db"}, "name": "reports", "owner": "app", "encoding": "UTF8"},
)
POOLER = thing(
    "Pooler",
    "pool",
    NAMESPACE,
    spec={"cluster": {"name": "db"}, "instances": 0, "type": "rw", "pgbouncer": {"poolMode": "session"}},
)
SCHEDULED = thing(
    "ScheduledBackup",
    "nightly",
    NAMESPACE,
    spec={
        "cluster": {"name": "db"},
        "schedule": "0 0 2 * * *",
        "suspend": True,
        "method": "plugin",
        "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
    },
)
READY = "condition=Ready"

REFUSALS: tuple[Refusal, ...] = (
    Refusal("claim/shrunk", CLAIM, edited(CLAIM, spec__resources__requests__storage="1Gi"), r"spec: Forbidden|less than"),
    Refusal("claim/storage-class", CLAIM, edited(CLAIM, spec__storageClassName="plan-rules-other"), r"spec(\.storageClassName)?: (Forbidden|Invalid)"),
    Refusal("claim/access-mode", CLAIM, edited(CLAIM, spec__accessModes=["ReadWriteMany"]), r"spec(\.accessModes)?: (Forbidden|Invalid)"),
    Refusal("claim/volume", CLAIM, edited(CLAIM, spec__volumeMode="Block"), r"spec(\.volumeMode)?: (Forbidden|Invalid)"),
    Refusal("workload/selector", DEPLOYMENT,
            edited(DEPLOYMENT, spec__selector={"matchLabels": {"app": "other"}}, spec__template__metadata={"labels": {"app": "other"}}),
            r"spec.selector: Invalid value.*field is immutable"),
    Refusal("statefulset/claim-template", STATEFULSET, edited(STATEFULSET, spec__volumeClaimTemplates=[LARGER]),
            r"updates to statefulset spec for fields other than"),
    Refusal("statefulset/immutable", STATEFULSET, edited(STATEFULSET, spec__serviceName="other"),
            r"updates to statefulset spec for fields other than"),
    Refusal("statefulset/immutable", STATEFULSET, edited(STATEFULSET, spec__podManagementPolicy="Parallel"),
            r"updates to statefulset spec for fields other than"),
    Refusal("job/immutable", JOB,
            edited(JOB, spec__template={"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.k8s.io/pause:3.9"}]}}),
            r"spec.template: Invalid value.*field is immutable"),
    Refusal("service/headless", SERVICE, edited(SERVICE, spec__clusterIP="10.43.250.250"), r"spec.clusterIPs?\[?0?\]?: Invalid value"),
    Refusal("rbac/role-ref", BINDING, edited(BINDING, roleRef__name="edit"), r"cannot change roleRef"),
    Refusal("object/immutable", FIXED, edited(FIXED, data={"key": "new"}), r"field is immutable when `immutable` is set"),
    Refusal("database/storage-shrunk", CLUSTER, edited(CLUSTER, spec__storage__size="1Gi"), r"can't shrink existing storage from 2Gi to 1Gi"),
    Refusal("database/wal-volume-removed", CLUSTER, edited(CLUSTER, spec__walStorage=None), r"walStorage cannot be disabled once configured"),
    Refusal("database/parameter-refused", CLUSTER, edited(CLUSTER, spec__postgresql__parameters__wal_level="minimal"),
            r"Change of `wal_level` to `minimal` not allowed|wal_level"),
    Refusal("database/immutable", edited(CLUSTER, spec__postgresUID=26), edited(CLUSTER, spec__postgresUID=27), r"UID is an immutable field"),
    Refusal("database/postgres-downgrade", CLUSTER,
            edited(CLUSTER, spec__imageName="ghcr.io/cloudnative-pg/postgresql:14-standard-trixie"), r"can't downgrade from major 15 to 14", READY),
    Refusal("database/immutable-reference", DATABASE, edited(DATABASE, spec__name="other"), r"name is immutable"),
    Refusal("database/immutable-reference", DATABASE, edited(DATABASE, spec__encoding="LATIN1"), r"encoding is immutable"),
    Refusal("database/immutable-reference", POOLER, edited(POOLER, spec__cluster__name="other"), r"cluster reference is immutable"),
    Refusal("database/immutable-reference", SCHEDULED, edited(SCHEDULED, spec__cluster__name="other"), r"cluster reference is immutable"),
)  # fmt: skip
"""Changes that the API server or the webhook of CloudNativePG refuses."""
