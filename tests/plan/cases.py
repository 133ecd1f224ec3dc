"""One case for each rule: two outputs, where the rule applies, and the start of its message."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from tests.plan.given import Body, release, thing, values

Bodies = Body | list[Body] | None


@dataclass(frozen=True)
class Case:
    """Two outputs that differ in one thing.

    Attributes:
        rule: the rule that applies.
        old: the objects before.
        new: the objects after.
        path: the setting that is reported.
        says: a part of the message.
        object: the object that is reported; of the only one if empty.
    """

    rule: str
    old: Bodies
    new: Bodies
    path: str = ""
    says: str = ""
    object: str = ""


def edited(body: Body, /, **changes: Any) -> Body:
    """An object with other fields: ``spec__storage__size="20Gi"``; None removes a field."""
    changed = copy.deepcopy(body)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = changed
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return changed


def named(body: Body, name: str, namespace: str | None = None) -> Body:
    """An object under another name, or in another namespace."""
    changed = copy.deepcopy(body)
    changed["metadata"]["name"] = name
    if namespace is not None:
        changed["metadata"]["namespace"] = namespace
    return changed


def labels(**given: str) -> dict[str, Any]:
    return {"metadata": {"labels": given}}


NAMESPACE = thing("Namespace", "airflow", "", metadata={"labels": {"pod-security.kubernetes.io/enforce": "baseline"}})
CLAIM = thing(
    "PersistentVolumeClaim", "logs",
    spec={"accessModes": ["ReadWriteMany"], "storageClassName": "longhorn", "resources": {"requests": {"storage": "20Gi"}}},
)  # fmt: skip
CLUSTER = thing(
    "Cluster", "db", "data",
    spec={
        "instances": 1, "imageName": "ghcr.io/cloudnative-pg/postgresql:16-standard-trixie",
        "storage": {"size": "50Gi", "storageClass": "ssd"},
        "bootstrap": {"initdb": {"database": "airflow", "owner": "airflow", "secret": {"name": "login"}}},
        "postgresql": {"parameters": {"max_connections": "200", "work_mem": "4MB", "wal_level": "logical"}, "pg_hba": ["host a a all md5"]},
        "resources": {"limits": {"memory": "1Gi"}},
    },
)  # fmt: skip
THREE = edited(
    CLUSTER, spec__instances=3, spec__walStorage={"size": "5Gi"},
    spec__postgresql__synchronous={"number": 2, "method": "any"},
    spec__tablespaces=[{"name": "fast", "storage": {"size": "5Gi"}}],
    spec__plugins=[{"name": "barman", "isWALArchiver": True, "parameters": {"barmanObjectName": "store", "serverName": "db"}}],
)  # fmt: skip
DATABASE = thing(
    "Database", "w", "data", spec={"cluster": {"name": "db"}, "name": "w", "databaseReclaimPolicy": "retain"}
)
ROLE_OF_DATABASE = thing("DatabaseRole", "r", "data", spec={"cluster": {"name": "db"}, "name": "r", "login": True})
POOLER = thing(
    "Pooler", "pool", "data",
    spec={"cluster": {"name": "db"}, "instances": 2, "type": "rw",
          "pgbouncer": {"poolMode": "session", "parameters": {"max_client_conn": "500"}}},
)  # fmt: skip
SCHEDULED = thing("ScheduledBackup", "nightly", "data", spec={"cluster": {"name": "db"}, "schedule": "0 0 2 * * *"})
STORE = thing(
    "ObjectStore", "store", "data", spec={"retentionPolicy": "30d", "configuration": {"destinationPath": "s3://a/"}}
)
POD = {"spec": {"containers": [{"name": "main", "image": "main:1"}]}}
DEPLOYMENT = thing(
    "Deployment", "web", spec={"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": POD}
)
STATEFULSET = thing(
    "StatefulSet", "lab",
    spec={
        "replicas": 1, "serviceName": "lab", "selector": {"matchLabels": {"app": "lab"}}, "template": POD,
        "volumeClaimTemplates": [
            {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
        ],
    },
)  # fmt: skip
SERVICE = thing(
    "Service", "web",
    spec={"type": "ClusterIP", "clusterIP": "10.43.0.9", "selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}],
          "loadBalancerSourceRanges": ["10.0.0.0/8"]},
)  # fmt: skip
INGRESS = thing(
    "Ingress", "web",
    spec={"ingressClassName": "nginx", "rules": [{"host": "a.example.com"}], "tls": [{"hosts": ["a.example.com"], "secretName": "tls"}]},
)  # fmt: skip
POLICY = thing(
    "NetworkPolicy", "scheduler",
    spec={
        "podSelector": {"matchLabels": {"component": "scheduler"}}, "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"component": "worker"}}}], "ports": [{"port": 8793}]}],
    },
)  # fmt: skip
ROLE = thing("Role", "launcher", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}])
BINDING = thing(
    "RoleBinding", "launcher",
    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "launcher"},
    subjects=[{"kind": "ServiceAccount", "name": "worker", "namespace": "airflow"}],
)  # fmt: skip
ACCOUNT = thing(
    "ServiceAccount", "worker", metadata={"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/a"}}
)
EXTERNAL = thing(
    "ExternalSecret", "metadata",
    spec={"secretStoreRef": {"name": "vault"}, "target": {"name": "metadata"}, "data": [{"secretKey": "connection", "remoteRef": {"key": "a"}}]},
)  # fmt: skip
JOB = thing("Job", "bootstrap", spec={"template": POD, "backoffLimit": 3})
HOOK = thing("Job", "migrate", metadata={"annotations": {"helm.sh/hook": "post-install"}}, spec={"template": POD})
CRON = thing("CronJob", "clean", spec={"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": POD}}})
QUOTA = thing("ResourceQuota", "quota", spec={"hard": {"requests.memory": "8Gi", "pods": "20"}})
LIMITS = thing("LimitRange", "limits", spec={"limits": [{"type": "Container", "max": {"memory": "4Gi"}}]})
SCALER = thing(
    "HorizontalPodAutoscaler", "web",
    spec={"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": {"kind": "Deployment", "name": "other"}},
)  # fmt: skip
DEFINITION = thing("CustomResourceDefinition", "clusters.postgresql.cnpg.io", "", spec={"group": "postgresql.cnpg.io"})
OBJECT_STORE = thing(
    "HelmChart", "s3", "kube-system",
    spec={"chart": "seaweedfs", "repo": "https://example.com/seaweedfs", "version": "4.0.0", "targetNamespace": "storage",
          "valuesContent": "allInOne:\n  data:\n    size: 20Gi\n    storageClass: ssd\n"},
)  # fmt: skip
OTHER = thing(
    "HelmChart", "other", "kube-system",
    spec={"chart": "other", "version": "1.0.0", "targetNamespace": "other", "valuesContent": "a: 1\n"},
)  # fmt: skip
CONFIG = thing("HelmChartConfig", "airflow", "kube-system", spec={"failurePolicy": "abort", "valuesContent": "a: 1\n"})
FLUX = thing(
    "HelmRelease", "airflow",
    spec={"releaseName": "airflow", "targetNamespace": "airflow", "chart": {"spec": {"chart": "airflow", "version": "1.22.0"}},
          "values": values()},
)  # fmt: skip
ARGO = thing(
    "Application", "airflow", "argocd",
    spec={
        "source": {"chart": "airflow", "repoURL": "https://airflow.apache.org", "targetRevision": "1.22.0",
                   "helm": {"valuesObject": values()}},
        "destination": {"namespace": "airflow"}, "syncPolicy": {"automated": {"prune": False}},
    },
)  # fmt: skip

CELERY = values(
    executor="CeleryExecutor", data__brokerUrlSecretName="broker", data__resultBackendSecretName="results",
    workers__celery={"replicas": 2, "persistence": {"enabled": True, "size": "10Gi"}},
)  # fmt: skip
HOST = {
    "enabled": True,
    "hosts": [{"name": "a.example.com", "tls": {"enabled": True, "secretName": "tls"}}],
    "ingressClassName": "nginx",
}
WITH_UI = values(ingress__apiServer=HOST, config__api__base_url="https://a.example.com")
CHART_LOGS = values(logs__persistence={"enabled": True, "size": "20Gi", "storageClassName": "ssd"})
GIT = values(
    dags__gitSync={"enabled": True, "repo": "https://example.com/a.git", "ref": "main", "credentialsSecret": "git"}
)


def of_values(rule: str, old: Body, new: Body, path: str, says: str = "") -> Case:
    """A case in which a value of the release differs."""
    return Case(rule, release(old), release(new), f"spec.valuesContent.{path}", says)


def set_in(base: Body, /, **changes: Any) -> Body:
    """Values with other keys."""
    return edited(base, **changes)


VALUES = values()

CASES: tuple[Case, ...] = (
    # Objects that are added, removed or renamed.
    Case("namespace/removed", NAMESPACE, None, "", "everything in it is deleted too"),
    Case("namespace/renamed", NAMESPACE, named(NAMESPACE, "platform"), "metadata.name", "from namespace airflow to namespace platform"),
    Case("crd/removed", DEFINITION, None, "", "deletes all objects of its kind"),
    Case("database/removed", CLUSTER, None, "", "the database is gone"),
    Case("database/renamed", CLUSTER, named(CLUSTER, "pg"), "metadata.name", "Cluster data/pg is a new, empty database"),
    Case("database/dropped", edited(DATABASE, spec__databaseReclaimPolicy="delete"), None, "", "drops the database"),
    Case("claim/removed", CLAIM, None, "", "If the claim is deleted, so is its volume"),
    Case("claim/renamed", CLAIM, named(CLAIM, "files"), "metadata.name", "PersistentVolumeClaim airflow/files is a new, empty volume"),
    Case("statefulset/removed", STATEFULSET, None, "", "StatefulSet airflow/lab stops"),
    Case("statefulset/renamed", STATEFULSET, named(STATEFULSET, "pg"), "metadata.name", "starts with new, empty volumes"),
    Case("object-store/removed", OBJECT_STORE, None, "", "its buckets are gone"),
    Case("object-store/renamed", OBJECT_STORE, named(OBJECT_STORE, "s4"), "metadata.name", "A new, empty object store"),
    Case("delivery/changed", release(), FLUX, "kind", "delivered by HelmRelease airflow/airflow instead of HelmChart kube-system/airflow"),
    Case("release/renamed-volumes", release(CHART_LOGS), release(CHART_LOGS, "prod"), "metadata.name", "(logs.persistence)"),
    Case("release/renamed", release(), release(VALUES, "prod"), "metadata.name", "installs a second release prod"),
    Case("release/removed", release(), None, "", "everything that the chart created stops"),
    Case("backup/removed", SCHEDULED, None, "", "No backup is taken by ScheduledBackup data/nightly"),
    Case("backup/renamed", SCHEDULED, named(SCHEDULED, "daily"), "metadata.name", "every backup is taken twice"),
    Case("backup/store-renamed", STORE, named(STORE, "other"), "metadata.name", "no longer finds its store"),
    Case("pooler/removed", POOLER, None, "", "Service pool is deleted"),
    Case("pooler/renamed", POOLER, named(POOLER, "bouncer"), "metadata.name", "is bouncer instead of pool"),
    Case("service/removed", SERVICE, None, "", "connect to web.airflow no longer can"),
    Case("service/renamed", SERVICE, named(SERVICE, "ui"), "metadata.name", "Service airflow/ui instead of Service airflow/web"),
    Case("ui/route-removed", INGRESS, None, "", "no longer reachable from outside"),
    Case("workload/removed", DEPLOYMENT, None, "", "Deployment airflow/web stops"),
    Case("workload/renamed", DEPLOYMENT, named(DEPLOYMENT, "ui"), "metadata.name", "Deployment airflow/ui starts"),
    Case("secret-source/fernet-removed", [release(), edited(EXTERNAL, spec__target__name="fernet")], release(), "",
         "holds the Fernet key", "ExternalSecret/airflow/metadata"),
    Case("secret-source/removed", EXTERNAL, None, "", "deletes the Secret that"),
    Case("secret-source/renamed", EXTERNAL, named(EXTERNAL, "other"), "metadata.name", "even if ExternalSecret airflow/other"),
    Case("policy/renamed", POLICY, named(edited(POLICY, spec__policyTypes=["Ingress", "Egress"]), "other"), "metadata.name",
         "NetworkPolicy airflow/other takes the place"),
    Case("policy/removed", POLICY, None, "", "NetworkPolicy airflow/scheduler denied"),
    Case("policy/added", CLAIM, [CLAIM, POLICY], "", "no policy allows are refused", "NetworkPolicy/airflow/scheduler"),
    Case("rbac/added", CLAIM, [CLAIM, ROLE], "", "get additional permissions", "Role/airflow/launcher"),
    Case("object/added", None, CLAIM, "", "PersistentVolumeClaim airflow/logs is created"),
    Case("object/removed", ROLE, None, "", "Role airflow/launcher is no longer part"),
    Case("object/renamed", ROLE, named(ROLE, "other"), "metadata.name", "Role airflow/other instead of Role airflow/launcher"),
    Case("object/renamed-settings", CLUSTER, named(edited(CLUSTER, spec__storage__size="90Gi"), "pg"), "",
         "also differs from Cluster data/db in: spec.storage.size"),
    # Volume claims.
    Case("claim/shrunk", CLAIM, edited(CLAIM, spec__resources__requests__storage="5Gi"), "spec.resources.requests.storage",
         "from 20Gi to 5Gi"),
    Case("claim/expanded", CLAIM, edited(CLAIM, spec__resources__requests__storage="0.5Ti"), "spec.resources.requests.storage",
         "grows from 20Gi to 0.5Ti"),
    Case("claim/storage-class", CLAIM, edited(CLAIM, spec__storageClassName="ssd"), "spec.storageClassName", "longhorn to ssd"),
    Case("claim/access-mode", CLAIM, edited(CLAIM, spec__accessModes=["ReadWriteOnce"]), "spec.accessModes", '["ReadWriteOnce"]'),
    Case("claim/volume", CLAIM, edited(CLAIM, spec__volumeName="pv-1"), "spec.volumeName", "cannot be changed"),
    Case("state/prune-protection",
         edited(CLAIM, metadata__annotations={"kustomize.toolkit.fluxcd.io/prune": "disabled"}), CLAIM,
         'metadata.annotations["kustomize.toolkit.fluxcd.io/prune"]', "may delete it with its data"),
    # Databases.
    Case("database/storage-shrunk", CLUSTER, edited(CLUSTER, spec__storage__size="20Gi"), "spec.storage.size", "from 50Gi to 20Gi"),
    Case("database/storage-expanded", CLUSTER, edited(CLUSTER, spec__storage__size="60Gi"), "spec.storage.size", "from 50Gi to 60Gi"),
    Case("database/storage-class", CLUSTER, edited(CLUSTER, spec__storage__storageClass="hdd"), "spec.storage.storageClass",
         "never moves existing volumes"),
    Case("database/wal-volume-removed", THREE, edited(THREE, spec__walStorage=None), "spec.walStorage", "cannot be removed again"),
    Case("database/tablespace-removed", THREE, edited(THREE, spec__tablespaces=None), "spec.tablespaces[fast]", "Tablespace fast"),
    Case("database/postgres-downgrade", CLUSTER,
         edited(CLUSTER, spec__imageName="ghcr.io/cloudnative-pg/postgresql:15-standard-trixie"), "spec.imageName",
         "PostgreSQL is downgraded from 16 to 15"),
    Case("database/postgres-upgrade-unsupported", edited(CLUSTER, spec__imageName="postgresql:14"),
         edited(CLUSTER, spec__imageName="postgresql:15"), "spec.imageName", "PostgreSQL is upgraded from 14 to 15"),
    Case("database/postgres-upgrade", CLUSTER, edited(CLUSTER, spec__imageName="ghcr.io/cloudnative-pg/postgresql:17.6-standard"),
         "spec.imageName", "PostgreSQL is upgraded from 16 to 17"),
    Case("database/parameter-refused", CLUSTER, edited(CLUSTER, spec__postgresql__parameters__wal_level="minimal"),
         "spec.postgresql.parameters.wal_level", "cannot become minimal"),
    Case("database/immutable", edited(CLUSTER, spec__postgresUID=26), edited(CLUSTER, spec__postgresUID=27), "spec.postgresUID",
         "(26 to 27)"),
    Case("database/immutable-reference", DATABASE, edited(DATABASE, spec__name="x"), "spec.name", "(w to x)"),
    Case("database/bootstrap", CLUSTER, edited(CLUSTER, spec__bootstrap__initdb__database="other"),
         "spec.bootstrap.initdb.database", "has no effect"),
    Case("database/credentials", CLUSTER, edited(CLUSTER, spec__bootstrap__initdb__secret__name="other"),
         "spec.bootstrap.initdb.secret.name", "from Secret other instead of login"),
    Case("database/max-connections-lowered", CLUSTER, edited(CLUSTER, spec__postgresql__parameters__max_connections="100"),
         "spec.postgresql.parameters.max_connections", "allows 100 sessions instead of 200"),
    Case("database/parameter-restart-alone", CLUSTER, edited(CLUSTER, spec__postgresql__parameters__max_connections="300"),
         "spec.postgresql.parameters.max_connections", "there is no database for about a minute"),
    Case("database/parameter-restart", THREE, edited(THREE, spec__postgresql__parameters__shared_buffers="1GB"),
         "spec.postgresql.parameters.shared_buffers", "one instance after the other"),
    Case("database/parameter", CLUSTER, edited(CLUSTER, spec__postgresql__parameters__work_mem="8MB"),
         "spec.postgresql.parameters.work_mem", "without a restart"),
    Case("database/image-alone", CLUSTER, edited(CLUSTER, spec__imageName="example.com/postgresql:16.9"), "spec.imageName",
         "no database for about a minute"),
    Case("database/image", THREE, edited(THREE, spec__imageName="example.com/postgresql:16.9"), "spec.imageName",
         "one after the other with image example.com/postgresql:16.9"),
    Case("database/restart-alone", CLUSTER, edited(CLUSTER, spec__resources__limits__memory="2Gi"), "spec.resources",
         "so the instance restarts"),
    Case("database/restart", THREE, edited(THREE, spec__resources__limits__memory="2Gi"), "spec.resources",
         "restart one after the other"),
    Case("database/wal-volume-added", CLUSTER, edited(CLUSTER, spec__walStorage={"size": "5Gi"}), "spec.walStorage",
         "a volume of its own"),
    Case("database/instances-added", CLUSTER, edited(CLUSTER, spec__instances=3), "spec.instances", "changes from 1 to 3"),
    Case("database/instances-removed", THREE, edited(THREE, spec__instances=2), "spec.instances", "changes from 3 to 2"),
    Case("database/synchronous-weaker", THREE, edited(THREE, spec__postgresql__synchronous=None), "spec.postgresql.synchronous",
         "can be lost"),
    Case("database/hibernated", CLUSTER, edited(CLUSTER, metadata__annotations={"cnpg.io/hibernation": "on"}),
         'metadata.annotations["cnpg.io/hibernation"]', "stops all instances"),
    Case("database/backup-removed", THREE, edited(THREE, spec__plugins=None), "spec.plugins", "no longer archives"),
    Case("backup/destination", STORE, edited(STORE, spec__configuration__destinationPath="s3://b/"),
         "spec.configuration.destinationPath", "go to s3://b/ instead of s3://a/"),
    Case("backup/retention", STORE, edited(STORE, spec__retentionPolicy="2w"), "spec.retentionPolicy", "older than 2w"),
    Case("backup/suspended", SCHEDULED, edited(SCHEDULED, spec__suspend=True), "spec.suspend", "No backup is taken any more"),
    Case("backup/schedule", SCHEDULED, edited(SCHEDULED, spec__schedule="0 0 3 * * *"), "spec.schedule", "0 0 3 * * *"),
    Case("database/reclaim-policy", DATABASE, edited(DATABASE, spec__databaseReclaimPolicy="delete"),
         "spec.databaseReclaimPolicy", "now drops it"),
    Case("database/absent", DATABASE, edited(DATABASE, spec__ensure="absent"), "spec.ensure", "drops the database"),
    Case("database/superuser", CLUSTER, edited(CLUSTER, spec__enableSuperuserAccess=True), "spec.enableSuperuserAccess", "superuser"),
    Case("database/role-privileges", ROLE_OF_DATABASE, edited(ROLE_OF_DATABASE, spec__createdb=True), "spec.createdb",
         "privilege spec.createdb"),
    Case("database/hba", CLUSTER, edited(CLUSTER, spec__postgresql__pg_hba=["host a a all md5", "host all all all trust"]),
         "spec.postgresql.pg_hba", "host all all all trust"),
    Case("database/hba-removed", CLUSTER, edited(CLUSTER, spec__postgresql__pg_hba=[]), "spec.postgresql.pg_hba", "are refused"),
    Case("pooler/mode", POOLER, edited(POOLER, spec__pgbouncer__poolMode="transaction"), "spec.pgbouncer.poolMode",
         "pool mode transaction instead of session"),
    Case("pooler/sessions", POOLER, edited(POOLER, spec__pgbouncer__parameters__max_client_conn="100"),
         "spec.pgbouncer.parameters.max_client_conn", "from 500 to 100"),
    Case("pooler/type", POOLER, edited(POOLER, spec__type="ro"), "spec.type", "ro instances instead of rw"),
    Case("pooler/restart", POOLER, edited(POOLER, spec__pgbouncer__parameters__server_lifetime="60"),
         "spec.pgbouncer.parameters.server_lifetime", "the pods of the pooler are replaced"),
    # Releases of the Airflow chart.
    of_values("airflow/downgrade", VALUES, set_in(VALUES, airflowVersion="3.1.8"), "airflowVersion", "from 3.2.2 to 3.1.8"),
    of_values("airflow/patch-downgrade", VALUES, set_in(VALUES, airflowVersion="3.2.1"), "airflowVersion", "from 3.2.2 to 3.2.1"),
    of_values("airflow/skipped-step", set_in(VALUES, airflowVersion="2.9.3"), VALUES, "airflowVersion", "chart 1.20.0 with Airflow 2.11.0"),
    of_values("airflow/upgrade", set_in(VALUES, airflowVersion="2.11.0"), VALUES, "airflowVersion", "from 2.11.0 to 3.2.2"),
    of_values("airflow/patch-upgrade", set_in(VALUES, airflowVersion="3.2.1"), VALUES, "airflowVersion", "from 3.2.1 to 3.2.2"),
    Case("chart/downgrade", release(), release(VALUES, version="1.20.0"), "spec.version", "from 1.22.0 to 1.20.0"),
    Case("chart/upgrade", release(VALUES, version="1.20.0"), release(), "spec.version", "from 1.20.0 to 1.22.0"),
    Case("chart/unpinned", OTHER, edited(OTHER, spec__version="*"), "spec.version", "each run installs the newest one"),
    of_values("airflow/image", VALUES, set_in(VALUES, images__airflow__repository="example.com/airflow"), "images.airflow.repository",
              "example.com/airflow"),
    of_values("keys/fernet", VALUES, set_in(VALUES, fernetKeySecretName="other"), "fernetKeySecretName", "Secret other instead of fernet"),
    of_values("keys/jwt", VALUES, set_in(VALUES, jwtSecretName="other"), "jwtSecretName", "Secret other instead of jwt"),
    of_values("keys/api", VALUES, set_in(VALUES, apiSecretKeySecretName="other"), "apiSecretKeySecretName", "Secret other instead of api"),
    of_values("connections/database", VALUES, set_in(VALUES, data__metadataSecretName="other"), "data.metadataSecretName",
              "from Secret other instead of Secret metadata"),
    of_values("connections/broker", CELERY, set_in(CELERY, data__brokerUrlSecretName="other"), "data.brokerUrlSecretName",
              "Secret other instead of Secret broker"),
    of_values("connections/result-backend", CELERY, set_in(CELERY, data__resultBackendSecretName="other"),
              "data.resultBackendSecretName", "Secret other instead of Secret results"),
    of_values("logs/location", VALUES, set_in(VALUES, logs__persistence__existingClaim="other"), "logs.persistence.existingClaim",
              "claim other instead of claim logs"),
    of_values("logs/not-kept", VALUES, set_in(VALUES, logs__persistence={"enabled": False}), "logs.persistence.enabled",
              "before, they were kept in claim logs"),
    of_values("logs/kept", set_in(VALUES, logs__persistence={"enabled": False}), VALUES, "logs.persistence.existingClaim", "claim logs"),
    of_values("logs/retention", set_in(VALUES, scheduler__logGroomerSidecar={"retentionDays": 15}),
              set_in(VALUES, scheduler__logGroomerSidecar={"retentionDays": 5}), "scheduler.logGroomerSidecar.retentionDays",
              "after 5 instead of 15 days"),
    of_values("database/cleanup", VALUES, set_in(VALUES, databaseCleanup={"enabled": True, "retentionDays": 90}),
              "databaseCleanup.enabled", "deletes old rows"),
    of_values("database/cleanup-retention", set_in(VALUES, databaseCleanup={"enabled": True, "retentionDays": 90}),
              set_in(VALUES, databaseCleanup={"enabled": True, "retentionDays": 30}), "databaseCleanup.retentionDays",
              "after 30 days instead of 90"),
    of_values("dags/source", GIT, set_in(GIT, dags__gitSync__repo="https://example.com/b.git"), "dags.gitSync.repo",
              "git repository https://example.com/b.git"),
    of_values("dags/bundles", set_in(VALUES, config__dag_processor__dag_bundle_config_list="[1]"),
              set_in(VALUES, config__dag_processor__dag_bundle_config_list="[2]"),
              "config.dag_processor.dag_bundle_config_list", "The list of DAG bundles changes"),
    of_values("dags/ref", GIT, set_in(GIT, dags__gitSync__ref="v2"), "dags.gitSync.ref", "taken from v2 instead of main"),
    of_values("dags/credentials", GIT, set_in(GIT, dags__gitSync__credentialsSecret="other"), "dags.gitSync.credentialsSecret",
              "Secret other instead of git"),
    of_values("executor/changed", VALUES, set_in(VALUES, executor="LocalExecutor"), "executor", "LocalExecutor instead of KubernetesExecutor"),
    of_values("airflow/component-added", VALUES, set_in(VALUES, executor="CeleryExecutor"), "workers",
              "The Celery worker starts"),
    of_values("airflow/component-removed", VALUES, set_in(VALUES, triggerer__enabled=False), "triggerer", "The triggerer stops"),
    of_values("executor/concurrency", set_in(VALUES, config__core__parallelism=64), set_in(VALUES, config__core__parallelism=16),
              "config.core.parallelism", "from 64 to 16"),
    of_values("statefulset/claim-template-of-chart", CELERY, set_in(CELERY, workers__celery__persistence__size="20Gi"),
              "workers.celery.persistence.size", "(10Gi to 20Gi)"),
    of_values("workload/kind-of-chart", CELERY, set_in(CELERY, workers__celery__persistence__enabled=False),
              "workers.celery.persistence.enabled", "becomes a Deployment without volumes"),
    of_values("claim/of-chart", CHART_LOGS, set_in(CHART_LOGS, logs__persistence__storageClassName="hdd"),
              "logs.persistence.storageClassName", "(ssd to hdd)"),
    of_values("scaling/to-zero", VALUES, set_in(VALUES, scheduler__replicas=0), "scheduler.replicas", "The scheduler stops"),
    of_values("scaling/fewer-replicas", VALUES, set_in(VALUES, scheduler__replicas=1), "scheduler.replicas", "changes from 2 to 1"),
    of_values("scaling/more-replicas", VALUES, set_in(VALUES, scheduler__replicas=3), "scheduler.replicas", "changes from 2 to 3"),
    of_values("scaling/replicas-ignored", set_in(VALUES, apiServer={"hpa": {"enabled": True}, "replicas": 1}),
              set_in(VALUES, apiServer={"hpa": {"enabled": True}, "replicas": 2}), "apiServer.replicas", "an autoscaler sets"),
    of_values("scaling/autoscaler", VALUES, set_in(VALUES, apiServer__hpa={"enabled": True, "minReplicaCount": 1}), "apiServer.hpa",
              "The number of replicas follows"),
    of_values("ui/host-of-chart", WITH_UI, set_in(WITH_UI, ingress__apiServer={**HOST, "hosts": [{"name": "b.example.com"}]}),
              "ingress.apiServer.hosts", "no longer answer under a.example.com"),
    of_values("ui/ingress-removed", WITH_UI, set_in(WITH_UI, ingress=None), "ingress.apiServer.enabled", "no longer answer under a.example.com"),
    of_values("ui/tls-removed-of-chart", WITH_UI, set_in(WITH_UI, ingress__apiServer={**HOST, "hosts": [{"name": "a.example.com"}]}),
              "ingress.apiServer.hosts", "Connections to a.example.com are no longer encrypted"),
    of_values("ui/tls-secret-of-chart", WITH_UI,
              set_in(WITH_UI, ingress__apiServer={**HOST, "hosts": [{"name": "a.example.com", "tls": {"enabled": True, "secretName": "other"}}]}),
              "ingress.apiServer.hosts[a.example.com].tls.secretName", "Secret other instead of tls"),
    of_values("ui/class-of-chart", WITH_UI, set_in(WITH_UI, ingress__apiServer__ingressClassName="traefik"),
              "ingress.apiServer.ingressClassName", "from nginx to traefik"),
    of_values("ui/exposed", set_in(VALUES, apiServer__service={"type": "ClusterIP"}), set_in(VALUES, apiServer__service={"type": "LoadBalancer"}),
              "apiServer.service.type", "The Service of the UI becomes LoadBalancer"),
    of_values("ui/source-ranges", set_in(VALUES, apiServer__service={"loadBalancerSourceRanges": ["10.0.0.0/8"]}),
              set_in(VALUES, apiServer__service={"loadBalancerSourceRanges": ["0.0.0.0/0"]}),
              "apiServer.service.loadBalancerSourceRanges", '["0.0.0.0/0"]'),
    of_values("ui/service-type", set_in(VALUES, apiServer__service={"type": "LoadBalancer"}),
              set_in(VALUES, apiServer__service={"type": "ClusterIP"}), "apiServer.service.type", "ClusterIP instead of LoadBalancer"),
    of_values("ui/service-port", set_in(VALUES, apiServer__service={"ports": [{"name": "ui", "port": 8080}]}),
              set_in(VALUES, apiServer__service={"ports": [{"name": "ui", "port": 80}]}), "apiServer.service.ports", '"port": 80'),
    of_values("users/auth-manager", set_in(VALUES, config__core__auth_manager="a.Manager"),
              set_in(VALUES, config__core__auth_manager="b.Manager"), "config.core.auth_manager", "b.Manager instead of a.Manager"),
    of_values("users/everybody-is-admin", VALUES, set_in(VALUES, config__core__simple_auth_manager_all_admins="True"),
              "config.core.simple_auth_manager_all_admins", "administrator without a password"),
    of_values("users/config-shown", VALUES, set_in(VALUES, config__api__expose_config="True"), "config.api.expose_config",
              "all of airflow.cfg"),
    of_values("secrets/backend", VALUES, set_in(VALUES, config__secrets__backend="a.Backend"), "config.secrets.backend", "is added (a.Backend)"),
    of_values("hooks/migration-off", VALUES, set_in(VALUES, migrateDatabaseJob__enabled=False), "migrateDatabaseJob.enabled",
              "The migration Job is disabled"),
    of_values("hooks/mode", VALUES, set_in(VALUES, migrateDatabaseJob__useHelmHooks=False), "migrateDatabaseJob.useHelmHooks",
              "at another time"),
    of_values("names/of-chart", VALUES, set_in(VALUES, useStandardNaming=True), "useStandardNaming", "get other names"),
    of_values("accounts/name", set_in(VALUES, scheduler__serviceAccount={"name": "a"}), set_in(VALUES, scheduler__serviceAccount={"name": "b"}),
              "scheduler.serviceAccount.name", "The account is b instead of a"),
    of_values("airflow/job", VALUES, set_in(VALUES, migrateDatabaseJob__resources={"limits": {"memory": "1Gi"}}),
              "migrateDatabaseJob.resources.limits.memory", "The migration Job uses it"),
    of_values("airflow/restart", VALUES, set_in(VALUES, scheduler__resources={"limits": {"memory": "1Gi"}}), "scheduler.resources.limits.memory",
              "Restarts: scheduler."),
    of_values("airflow/value", VALUES, set_in(VALUES, scheduler__podDisruptionBudget={"enabled": True}),
              "scheduler.podDisruptionBudget.enabled", "is added"),
    # Delivery.
    Case("release/namespace", release(), release(VALUES, targetNamespace="other"), "spec.targetNamespace", "A release cannot move"),
    Case("release/name", FLUX, edited(FLUX, spec__releaseName="prod"), "spec.releaseName", "The release is prod instead of airflow"),
    Case("delivery/reinstall", release(), release(VALUES, failurePolicy="reinstall"), "spec.failurePolicy", "reinstall instead of abort"),
    Case("delivery/reinstall-by-config", CONFIG, edited(CONFIG, spec__failurePolicy=None), "spec.failurePolicy", "means reinstall"),
    Case("delivery/failure-policy", release(), release(VALUES, failurePolicy="retry"), "spec.failurePolicy", "retry instead of abort"),
    Case("delivery/timeout", release(), release(VALUES, timeout="10m"), "spec.timeout", "waits 10m for each hook instead of 30m"),
    Case("delivery/repository", release(), release(VALUES, repo="https://mirror.example.com"), "spec.repo", "https://mirror.example.com"),
    Case("delivery/prune", ARGO, edited(ARGO, spec__syncPolicy__automated__prune=True), "spec.syncPolicy.automated.prune", "without asking"),
    Case("delivery/upgrade-only", release(), release(VALUES, backOffLimit=3), "spec.backOffLimit", "runs Helm again"),
    Case("object-store/shrunk", OBJECT_STORE,
         edited(OBJECT_STORE, spec__valuesContent="allInOne:\n  data:\n    size: 10Gi\n    storageClass: ssd\n"),
         "spec.valuesContent.allInOne.data.size", "from 20Gi to 10Gi"),
    Case("object-store/storage-class", OBJECT_STORE,
         edited(OBJECT_STORE, spec__valuesContent="allInOne:\n  data:\n    size: 20Gi\n    storageClass: hdd\n"),
         "spec.valuesContent.allInOne.data.storageClass", "(ssd to hdd)"),
    Case("release/value", OTHER, edited(OTHER, spec__valuesContent="a: 2\n"), "spec.valuesContent.a", "The chart determines"),
    # What creates Secrets.
    Case("secret-source/fernet-key", [release(), edited(EXTERNAL, spec__target__name="fernet")],
         [release(), edited(EXTERNAL, spec__target__name="fernet", spec__data=[])], "spec.data", "the same key",
         "ExternalSecret/airflow/metadata"),
    Case("secret-source/database", [release(), EXTERNAL], [release(), edited(EXTERNAL, spec__secretStoreRef__name="other")],
         "spec.secretStoreRef", "names another database", "ExternalSecret/airflow/metadata"),
    Case("secret-source/target", EXTERNAL, edited(EXTERNAL, spec__target__name="other"), "spec.target.name", "other instead of metadata"),
    Case("secret-source/content", EXTERNAL, edited(EXTERNAL, spec__data=[]), "spec.data", "until they restart"),
    # Networks.
    Case("policy/widened", POLICY,
         edited(POLICY, spec__ingress=[*POLICY["spec"]["ingress"], {"from": [{"namespaceSelector": {}}], "ports": [{"port": 22}]}]),
         "spec.ingress", "allows more ingress: all namespaces on port 22"),
    Case("policy/narrowed", POLICY, edited(POLICY, spec__ingress=[]), "spec.ingress", "pods component=worker on port 8793"),
    Case("policy/selector", POLICY, edited(POLICY, spec__podSelector={"matchLabels": {"component": "x"}}), "spec.podSelector",
         "are open to all"),
    Case("service/headless", SERVICE, edited(SERVICE, spec__clusterIP="None"), "spec.clusterIP", "between None and an address"),
    Case("service/immutable", SERVICE, edited(SERVICE, spec__clusterIP="10.43.0.8"), "spec.clusterIP", "(10.43.0.9 to 10.43.0.8)"),
    Case("service/exposed", SERVICE, edited(SERVICE, spec__type="NodePort"), "spec.type", "The Service becomes NodePort"),
    Case("service/source-ranges", SERVICE, edited(SERVICE, spec__loadBalancerSourceRanges=["0.0.0.0/0"]),
         "spec.loadBalancerSourceRanges", '["0.0.0.0/0"]'),
    Case("service/type", edited(SERVICE, spec__type="LoadBalancer"), SERVICE, "spec.type", "ClusterIP instead of LoadBalancer"),
    Case("service/ports", SERVICE, edited(SERVICE, spec__ports=[{"name": "http", "port": 81}]), "spec.ports[http].port", "connect to 80"),
    Case("service/selector", SERVICE, edited(SERVICE, spec__selector={"app": "x"}), "spec.selector", "Until such pods are ready"),
    Case("ui/host", INGRESS, edited(INGRESS, spec__rules=[{"host": "b.example.com"}]), "spec.rules", "a.example.com no longer leads"),
    Case("ui/tls-removed", INGRESS, edited(INGRESS, spec__tls=None), "spec.tls", "no longer encrypted"),
    Case("ui/tls-secret", INGRESS, edited(INGRESS, spec__tls=[{"hosts": ["a.example.com"], "secretName": "other"}]),
         "spec.tls[0].secretName", "Secret other instead of tls"),
    Case("ui/class", INGRESS, edited(INGRESS, spec__ingressClassName="traefik"), "spec.ingressClassName", "traefik instead of nginx"),
    # Security.
    Case("pod-security/lower", NAMESPACE,
         edited(NAMESPACE, metadata__labels={"pod-security.kubernetes.io/enforce": "privileged"}),
         'metadata.labels["pod-security.kubernetes.io/enforce"]', "privileged instead of baseline"),
    Case("pod-security/higher", NAMESPACE,
         edited(NAMESPACE, metadata__labels={"pod-security.kubernetes.io/enforce": "restricted"}),
         'metadata.labels["pod-security.kubernetes.io/enforce"]', "restricted instead of baseline"),
    Case("rbac/widened", ROLE, edited(ROLE, rules=[{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}]),
         "rules", "allows more: get, list secrets"),
    Case("rbac/narrowed", ROLE, edited(ROLE, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]), "rules",
         "no longer allows: list pods"),
    Case("rbac/subjects-added", BINDING,
         edited(BINDING, subjects=[*BINDING["subjects"], {"kind": "Group", "name": "system:authenticated"}]), "subjects",
         "Group/system:authenticated"),
    Case("rbac/subjects-removed", BINDING, edited(BINDING, subjects=[]), "subjects", "ServiceAccount/airflow/worker"),
    Case("rbac/role-ref", BINDING, edited(BINDING, roleRef__name="admin"), "roleRef.name", "(launcher to admin)"),
    of_values("rbac/launching", VALUES, set_in(VALUES, multiNamespaceMode=True), "multiNamespaceMode", "in more places"),
    of_values("policy/of-chart-off", set_in(VALUES, networkPolicies__enabled=True), set_in(VALUES, networkPolicies__enabled=False),
              "networkPolicies.enabled", "network policies of the chart are deleted"),
    Case("pods/privileges", DEPLOYMENT,
         edited(DEPLOYMENT, spec__template={"spec": {"containers": [{"name": "main", "image": "main:1", "securityContext": {"privileged": True}}]}}),
         "spec.template.spec.containers[main].securityContext.privileged", "get more privileges on their node"),
    Case("pods/host-path", DEPLOYMENT,
         edited(DEPLOYMENT, spec__template__spec__volumes=[{"name": "host", "hostPath": {"path": "/var"}}]),
         "spec.template.spec.volumes[host].hostPath.path", "Pods mount /var"),
    of_values("accounts/token", set_in(VALUES, statsd__serviceAccount={"automountServiceAccountToken": False}),
              set_in(VALUES, statsd__serviceAccount={"automountServiceAccountToken": True}),
              "statsd.serviceAccount.automountServiceAccountToken", "permissions of their service account"),
    Case("accounts/cloud-identity", ACCOUNT,
         edited(ACCOUNT, metadata__annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/b"}),
         'metadata.annotations["eks.amazonaws.com/role-arn"]', "acts as arn:aws:iam::1:role/b"),
    Case("object/immutable", thing("ConfigMap", immutable=True, data={"a": "1"}), thing("ConfigMap", immutable=True, data={"a": "2"}),
         "data", "cannot be changed"),
    # Workloads and the rest.
    Case("statefulset/claim-template", STATEFULSET,
         edited(STATEFULSET, spec__volumeClaimTemplates=[
             {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}}]),
         "spec.volumeClaimTemplates", "data: 1Gi to data: 2Gi"),
    Case("statefulset/immutable", STATEFULSET, edited(STATEFULSET, spec__serviceName="other"), "spec.serviceName", "(lab to other)"),
    Case("workload/selector", DEPLOYMENT, edited(DEPLOYMENT, spec__selector__matchLabels={"app": "x"}), "spec.selector",
         "spec.selector of Deployment airflow/web cannot be changed"),
    Case("job/immutable", JOB, edited(JOB, spec__template__spec__restartPolicy="Never"), "spec.template",
         "kubectl -n airflow delete job bootstrap"),
    Case("job/replaced", HOOK, edited(HOOK, spec__template__spec__restartPolicy="Never"), "spec.template.spec.restartPolicy",
         "created again with the next upgrade"),
    Case("cronjob/next-run", CRON, edited(CRON, spec__schedule="0 1 * * *"), "spec.schedule", "from the next run on"),
    Case("cronjob/suspended", CRON, edited(CRON, spec__suspend=True), "spec.suspend", "runs no more"),
    Case("workload/to-zero", DEPLOYMENT, edited(DEPLOYMENT, spec__replicas=0), "spec.replicas", "it has 0 replicas instead of 2"),
    Case("workload/fewer-replicas", DEPLOYMENT, edited(DEPLOYMENT, spec__replicas=1), "spec.replicas", "changes from 2 to 1"),
    Case("workload/more-replicas", DEPLOYMENT, edited(DEPLOYMENT, spec__replicas=3), "spec.replicas", "changes from 2 to 3"),
    Case("workload/only-replica", STATEFULSET, edited(STATEFULSET, spec__template={"spec": {"containers": [{"name": "main", "image": "main:2"}]}}),
         "spec.template.spec.containers[main].image", "The only pod of StatefulSet airflow/lab"),
    Case("workload/recreate", edited(DEPLOYMENT, spec__strategy__type="Recreate"),
         edited(DEPLOYMENT, spec__strategy__type="Recreate", spec__template={"spec": {"containers": [{"name": "main", "image": "main:2"}]}}),
         "spec.template.spec.containers[main].image", "all its pods end before"),
    Case("workload/restart", DEPLOYMENT, edited(DEPLOYMENT, spec__template={"spec": {"containers": [{"name": "main", "image": "main:2"}]}}),
         "spec.template.spec.containers[main].image", "changes from main:1 to main:2"),
    Case("quota/below-use", [QUOTA, release(set_in(VALUES, scheduler={"replicas": 2, "resources": {"requests": {"memory": "3Gi"}}}))],
         [edited(QUOTA, spec__hard={"requests.memory": "5Gi", "pods": "20"}),
          release(set_in(VALUES, scheduler={"replicas": 2, "resources": {"requests": {"memory": "3Gi"}}}))],
         'spec.hard["requests.memory"]', "from 8Gi to 5Gi, and 6Gi is in use", "ResourceQuota/airflow/quota"),
    Case("quota/lowered", QUOTA, edited(QUOTA, spec__hard={"requests.memory": "8Gi", "pods": "10"}), "spec.hard.pods", "from 20 to 10"),
    Case("limits/lowered", LIMITS, edited(LIMITS, spec__limits=[{"type": "Container", "max": {"memory": "2Gi"}}]),
         "spec.limits[0].max.memory", "from 4Gi to 2Gi"),
    Case("scaling/two-owners", [SCALER, DEPLOYMENT], [edited(SCALER, spec__scaleTargetRef__name="web"), DEPLOYMENT],
         "spec.scaleTargetRef", "Deployment web, and so does each apply (replicas: 2)", "HorizontalPodAutoscaler/airflow/web"),
    Case("scaling/bounds", SCALER, edited(SCALER, spec__minReplicas=1), "spec.minReplicas", "from 2 to 1"),
    Case("object/labels", CLAIM, edited(CLAIM, metadata__labels={"team": "data"}), "metadata.labels.team", "is added (data)"),
    Case("object/changed", LIMITS, edited(LIMITS, spec__limits=[{"type": "Container", "max": {"memory": "8Gi"}}]),
         "spec.limits[0].max.memory", "changes from 4Gi to 8Gi"),
)  # fmt: skip
"""A case for each rule whose changes have an effect and need no rendering."""

NO_EFFECT: tuple[Case, ...] = (
    Case("text/same-amount", CLAIM, edited(CLAIM, spec__resources__requests__storage="20480Mi"), "spec.resources.requests.storage"),
    Case("text/same-amount", release(), release(VALUES, timeout="1800s"), "spec.timeout"),
    Case("text/order",
         edited(POLICY, spec__ingress=[{"from": [{"namespaceSelector": {}}, {"podSelector": {}}]}]),
         edited(POLICY, spec__ingress=[{"from": [{"podSelector": {}}, {"namespaceSelector": {}}]}]), ""),
    Case("text/formatting", OTHER, edited(OTHER, spec__valuesContent="# a comment\na: 1\n"), "spec.valuesContent"),
    Case("text/formatting", OTHER, edited(OTHER, spec__valuesContent='"a": 1\n'), "spec.valuesContent"),
)  # fmt: skip
"""Changes of the text that do not change the platform."""
