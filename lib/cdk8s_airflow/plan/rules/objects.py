"""Rules on objects that are added, removed or renamed."""

from __future__ import annotations

from typing import Any

from cdk8s_airflow.plan.pair import RELEASE_KINDS
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Rule, Setting
from cdk8s_airflow.plan.rules.secrets import fernet_secrets, target
from cdk8s_airflow.plan.tree import canonical, find

_KEPT = "kubectl apply alone keeps it; a tool that prunes deletes it."
OBJECT_STORES = ("seaweedfs", "minio", "tenant")


def _is_airflow(setting: Setting) -> bool:
    return setting.pair.is_airflow


def _is_object_store(setting: Setting) -> bool:
    release = setting.pair.old_release
    return release is not None and release.chart in OBJECT_STORES


def _other_delivery(setting: Setting) -> bool:
    return bool(setting.old.kind != setting.new.kind)


def own_volumes(values: Any) -> list[str]:
    """The values of a release that make the chart create volumes of its own."""
    found = []
    for section in ("logs", "dags"):
        if find(values, f"{section}.persistence.enabled") is True and not find(
            values, f"{section}.persistence.existingClaim"
        ):
            found.append(f"{section}.persistence")
    for section in ("workers", "workers.celery", "triggerer", "redis"):
        if find(values, f"{section}.persistence.enabled") is True:
            found.append(f"{section}.persistence")
    return found


def _renames_volumes(setting: Setting) -> bool | dict[str, object]:
    release = setting.pair.old_release
    volumes = own_volumes(release.values) if release is not None else []
    return {"volumes": ", ".join(volumes)} if volumes else False


def _has_volumes(setting: Setting) -> bool:
    spec = setting.old.spec
    volumes = find(spec, "template.spec.volumes")
    claims = [entry for entry in volumes or () if "persistentVolumeClaim" in entry] if isinstance(volumes, list) else []
    return bool(spec.get("volumeClaimTemplates") or claims)


def _dropped(setting: Setting) -> bool:
    return bool(setting.old.spec.get("databaseReclaimPolicy") == "delete")


def _other_policy(setting: Setting) -> bool:
    """The new policy is not the old one under another name."""
    old, new = (canonical(manifest.spec) for manifest in (setting.old, setting.new))
    return setting.context.moved.renamed(old) != new


def _running(setting: Setting) -> bool:
    """Something runs already; in a platform that is created from nothing, nothing gets wider."""
    return bool(setting.context.before.manifests)


def _makes_fernet_key(setting: Setting) -> bool:
    return (setting.old.namespace, target(setting.old)) in fernet_secrets(setting.context.before)


RULES = (
    Rule(
        id="namespace/removed",
        risk=Risk.DATA,
        title="A namespace is removed",
        on=("Namespace",),
        event="removed",
        happens="If namespace {name} is deleted, everything in it is deleted too: Secrets, volume claims, databases.",
        first="Move what must stay to another namespace, and back up the rest.",
    ),
    Rule(
        id="namespace/renamed",
        risk=Risk.DATA,
        title="A namespace is renamed",
        on=("Namespace",),
        event="renamed",
        happens="The platform moves from namespace {name} to namespace {new_name}, which is empty. Secrets, volume claims and "
        "databases stay in {name}, where nothing uses them.",
        first="Create the Secrets in {new_name}, move the data with a backup, and delete {name} last.",
    ),
    Rule(
        id="crd/removed",
        risk=Risk.DATA,
        title="A custom resource definition is removed",
        on=("CustomResourceDefinition",),
        event="removed",
        happens="Deleting definition {name} deletes all objects of its kind in all namespaces.",
        first="Keep the definition as long as there are objects of it.",
    ),
    Rule(
        id="database/removed",
        risk=Risk.DATA,
        title="A database Cluster is removed",
        on=("Cluster",),
        event="removed",
        happens=f"If the Cluster is deleted, the operator deletes the volumes of its instances, and the database is gone. {_KEPT}",
        first="Take a backup that is stored outside namespace {namespace}, and restore it once to test it.",
    ),
    Rule(
        id="database/renamed",
        risk=Risk.DATA,
        title="A database Cluster is renamed",
        on=("Cluster",),
        event="renamed",
        happens="{new_object} is a new, empty database. The data stays in {object}, which nothing uses any more.",
        first="Keep the name; or dump the old database, restore the dump into the new one, and delete the old Cluster last.",
    ),
    Rule(
        id="database/dropped",
        risk=Risk.DATA,
        title="A database is removed whose reclaim policy is delete",
        on=("Database",),
        event="removed renamed",
        when=_dropped,
        happens="The operator drops the database in PostgreSQL, because databaseReclaimPolicy is delete.",
        first="Set databaseReclaimPolicy to retain and apply that first.",
    ),
    Rule(
        id="claim/removed",
        risk=Risk.DATA,
        title="A volume claim is removed",
        on=("PersistentVolumeClaim",),
        event="removed",
        happens=f"If the claim is deleted, so is its volume, unless the reclaim policy of the storage class is Retain. {_KEPT}",
        first="Copy the files that must stay.",
    ),
    Rule(
        id="claim/renamed",
        risk=Risk.DATA,
        title="A volume claim is renamed",
        on=("PersistentVolumeClaim",),
        event="renamed",
        happens="{new_object} is a new, empty volume. The files stay in claim {name}, which nothing uses any more.",
        first="Keep the name, or copy the files to the new volume before anything writes to it.",
    ),
    Rule(
        id="statefulset/removed",
        risk=Risk.DATA,
        title="A StatefulSet with volumes is removed",
        on=("StatefulSet",),
        event="removed",
        when=_has_volumes,
        happens="{object} stops. Its volumes stay, but nothing uses them any more.",
        first="Back up the data, and delete the claims by hand when they are no longer needed.",
    ),
    Rule(
        id="statefulset/renamed",
        risk=Risk.DATA,
        title="A StatefulSet with volumes is renamed",
        on=("StatefulSet",),
        event="renamed",
        when=_has_volumes,
        happens="{new_object} starts with new, empty volumes. The data stays in the volumes of {name}.",
        first="Keep the name, or move the data with a dump.",
    ),
    Rule(
        id="object-store/removed",
        risk=Risk.DATA,
        title="An object store is removed",
        on=("release",),
        event="removed",
        when=_is_object_store,
        happens="The release of the object store is uninstalled, and its buckets are gone with the volumes of the chart.",
        first="Copy the buckets to another store, and change everything that uses them.",
    ),
    Rule(
        id="object-store/renamed",
        risk=Risk.DATA,
        title="An object store is renamed",
        on=("release",),
        event="renamed",
        when=_is_object_store,
        happens="A new, empty object store is installed. The buckets stay in the old one, which nothing uses any more.",
        first="Keep the name, or copy the buckets to the new store first.",
    ),
    Rule(
        id="delivery/changed",
        risk=Risk.DOWNTIME,
        title="Another tool delivers the release",
        on=("release",),
        event="renamed",
        when=_other_delivery,
        happens="The release is delivered by {new_object} instead of {object}. When {object} is deleted, its controller "
        "uninstalls the release, even if the new tool manages it already.",
        first="Delete the old object first in a way that keeps the release (for example remove its finalizer), then apply.",
    ),
    Rule(
        id="release/renamed-volumes",
        risk=Risk.DATA,
        title="A release is renamed whose chart created volumes",
        on=("release",),
        event="renamed",
        when=_renames_volumes,
        happens="Release {new_name} creates new, empty volumes ({volumes}). The files stay in those of release {name}.",
        first="Keep the name, or copy the files before the old release is uninstalled.",
    ),
    Rule(
        id="release/renamed",
        risk=Risk.DOWNTIME,
        title="A release is renamed",
        on=("release",),
        event="renamed",
        happens="Helm installs a second release {new_name}. Release {name} keeps running on the same database until it is "
        "uninstalled, and clients must use the new names of Services and accounts.",
        first="Pause the DAGs, uninstall release {name}, then apply.",
    ),
    Rule(
        id="release/removed",
        risk=Risk.DOWNTIME,
        title="A release is removed",
        on=("release",),
        event="removed",
        happens=f"If the object is deleted, the release is uninstalled: everything that the chart created stops. {_KEPT}",
        first="Let running tasks finish. Keys, database and volumes that are not part of the release stay.",
    ),
    Rule(
        id="backup/removed",
        risk=Risk.DATA,
        title="Backups end",
        on=("ScheduledBackup", "ObjectStore"),
        event="removed",
        happens="No backup is taken by {object} any more. What is lost from now on cannot be restored.",
        first="Add the new backup in the same change, and take the first one immediately.",
    ),
    Rule(
        id="backup/renamed",
        risk=Risk.CONFIGURATION,
        title="The object of a backup is renamed",
        on=("ScheduledBackup",),
        event="renamed",
        happens="{new_object} takes the backups. If {object} stays, every backup is taken twice.",
    ),
    Rule(
        id="backup/store-renamed",
        risk=Risk.DATA,
        title="The store of backups is renamed",
        on=("ObjectStore",),
        event="renamed",
        happens="Backups and logs are written through {new_object}. A restore that names {name} no longer finds its store.",
        first="Take a first backup at once, and keep {name} until older backups are no longer needed.",
    ),
    Rule(
        id="pooler/removed",
        risk=Risk.DOWNTIME,
        title="A connection pooler is removed",
        on=("Pooler",),
        event="removed",
        happens="Service {name} is deleted. Sessions through it end, and clients open sessions at the database itself, "
        "where they count against max_connections.",
        first="Change the address in the Secrets of all clients first, and check the number of sessions.",
    ),
    Rule(
        id="pooler/renamed",
        risk=Risk.DOWNTIME,
        title="A connection pooler is renamed",
        on=("Pooler",),
        event="renamed",
        happens="The Service of the pooler is {new_name} instead of {name}. Clients whose Secret names {name} cannot connect.",
        first="Change the address in the Secrets of all clients, and remove the old pooler last.",
    ),
    Rule(
        id="service/removed",
        risk=Risk.DOWNTIME,
        title="A Service is removed",
        on=("Service",),
        event="removed",
        happens="Clients that connect to {name}.{namespace} no longer can.",
        first="Change the clients first.",
    ),
    Rule(
        id="service/renamed",
        risk=Risk.DOWNTIME,
        title="A Service is renamed",
        on=("Service",),
        event="renamed",
        happens="The Service is {new_object} instead of {object}. Clients that use the old name can no longer connect.",
        first="Change the clients in the same change.",
    ),
    Rule(
        id="ui/route-removed",
        risk=Risk.DOWNTIME,
        title="An Ingress or route is removed",
        on=("Ingress", "HTTPRoute", "Gateway"),
        event="removed",
        happens="What was reached through {object} is no longer reachable from outside.",
        first="Add the new route first.",
    ),
    Rule(
        id="workload/removed",
        risk=Risk.DOWNTIME,
        title="A workload is removed",
        on=("Deployment", "StatefulSet", "DaemonSet"),
        event="removed",
        happens="{object} stops.",
        first="Check that nothing uses it any more.",
    ),
    Rule(
        id="workload/renamed",
        risk=Risk.DOWNTIME,
        title="A workload is renamed",
        on=("Deployment", "StatefulSet", "DaemonSet"),
        event="renamed",
        happens="{new_object} starts, and {object} is deleted or keeps running next to it.",
        first="Delete the old one by hand if nothing prunes it.",
    ),
    Rule(
        id="secret-source/fernet-removed",
        risk=Risk.DATA,
        title="What creates the Fernet key is removed",
        on=("ExternalSecret", "SealedSecret"),
        event="removed",
        when=_makes_fernet_key,
        happens="The controller deletes the Secret with it, and the Secret holds the Fernet key. Without the key, passwords of "
        "connections and variables in the database cannot be decrypted.",
        first="Copy the key to a place outside the cluster first.",
    ),
    Rule(
        id="secret-source/removed",
        risk=Risk.DOWNTIME,
        title="What creates a Secret is removed",
        on=("ExternalSecret", "SealedSecret"),
        event="removed",
        happens="The controller deletes the Secret that {object} creates. Pods that use it do not start again.",
        first="Create the Secret in another way first.",
    ),
    Rule(
        id="secret-source/renamed",
        risk=Risk.DOWNTIME,
        title="What creates a Secret is renamed",
        on=("ExternalSecret", "SealedSecret"),
        event="renamed",
        happens="When {object} is deleted, the controller deletes its Secret, even if {new_object} creates one of the same name. "
        "Pods that use it do not start until it is there again.",
        first="Keep the name; or wait until the Secret is there again, and restart what failed.",
    ),
    Rule(
        id="policy/renamed",
        risk=Risk.SECURITY,
        title="A network policy is replaced by another one",
        on=("NetworkPolicy", "CiliumNetworkPolicy"),
        event="renamed",
        when=_other_policy,
        happens="{new_object} takes the place of {object} and has other rules. Connections that only {object} denied are allowed.",
        first="Compare the two policies.",
    ),
    Rule(
        id="policy/removed",
        risk=Risk.SECURITY,
        title="A network policy is removed",
        on=("NetworkPolicy", "CiliumNetworkPolicy"),
        event="removed",
        happens="Connections that {object} denied are allowed, unless another policy selects the same pods.",
        first="Check that this isolation is no longer needed.",
    ),
    Rule(
        id="policy/added",
        risk=Risk.DOWNTIME,
        title="A network policy is added",
        on=("NetworkPolicy", "CiliumNetworkPolicy"),
        event="added",
        when=_running,
        happens="Connections of the selected pods that no policy allows are refused from now on.",
        first="Check all connections of these pods, above all those that the program does not define.",
    ),
    Rule(
        id="rbac/added",
        risk=Risk.SECURITY,
        title="A permission is added",
        on=("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
        event="added",
        when=_running,
        happens="{object} is new. The accounts that it is bound to get additional permissions.",
        first="Check whether they need it.",
    ),
    Rule(
        id="object/added",
        risk=Risk.CONFIGURATION,
        title="An object is added",
        event="added",
        happens="{object} is created.",
    ),
    Rule(
        id="object/removed",
        risk=Risk.CONFIGURATION,
        title="An object is removed",
        event="removed",
        happens=f"{{object}} is no longer part of the platform. {_KEPT}",
    ),
    Rule(
        id="object/renamed",
        risk=Risk.CONFIGURATION,
        title="An object is renamed",
        event="renamed",
        happens="The object is {new_object} instead of {object}. kubectl apply alone keeps the old one; a tool that prunes "
        "deletes it.",
    ),
    Rule(
        id="object/renamed-settings",
        risk=Risk.CONFIGURATION,
        title="A renamed object has other settings",
        default=True,
        paths=(),
        happens="{new_object} also differs from {object} in: {settings}.",
    ),
)

__all__ = ["OBJECT_STORES", "RELEASE_KINDS", "RULES", "own_volumes"]
