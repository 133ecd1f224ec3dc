"""The pods and volume claims of an app: those of its objects, and those that its releases create."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cdk8s_airflow.app.registry import Registry
from cdk8s_airflow.model.footprint import Footprint, Workload
from cdk8s_airflow.model.pod_requests import PodRequests
from cdk8s_airflow.validation.quantities import quantity


class ReleaseWorkloads(list[Callable[[], Iterable[Workload]]]):
    """For each release of an app, a function that returns its pods; the slot of the registry."""


def footprint_of(registry: Registry, objects: Iterable[Mapping[str, Any]]) -> Footprint:
    """What an app requests from its cluster.

    Args:
        registry: what the constructs of the app have recorded.
        objects: all objects of the app.
    """
    objects = list(objects)
    workloads = [each for release in registry.slot(ReleaseWorkloads) for each in release()]
    return Footprint(workloads=(*_object_workloads(objects), *workloads), claims=tuple(_claims(objects)))


def _object_workloads(objects: Iterable[Mapping[str, Any]]) -> Iterator[Workload]:
    objects = list(objects)
    scaled = {
        (_namespace(each), target["kind"], target["name"]): (
            each["spec"].get("minReplicas", 1),
            each["spec"]["maxReplicas"],
        )
        for each in objects
        if each.get("kind") == "HorizontalPodAutoscaler" and (target := each["spec"].get("scaleTargetRef"))
    }
    sidecars = {_name(each): each for each in objects if each.get("kind") == "ObjectStore"}
    for each in objects:
        kind = each.get("kind")
        if kind in ("Deployment", "StatefulSet"):
            replicas = each["spec"].get("replicas", 1)
            idle, most = scaled.get((_namespace(each), kind, _own_name(each)), (replicas, replicas))
            yield _workload(each, each["spec"]["template"]["spec"], idle, most, _templates(each))
        elif kind == "Job":
            yield _workload(each, each["spec"]["template"]["spec"], 1, 1, 0, job=True)
        elif kind == "CronJob":
            yield _workload(each, each["spec"]["jobTemplate"]["spec"]["template"]["spec"], 1, 1, 0, job=True)
        elif kind == "Pod":
            yield _workload(each, each["spec"], 1, 1, 0)
        elif kind == "Cluster" and each["apiVersion"].startswith("postgresql.cnpg.io/"):
            yield _cluster(each, sidecars)
        elif kind == "Pooler" and each["apiVersion"].startswith("postgresql.cnpg.io/"):
            count = each["spec"].get("instances", 1)
            yield _workload(each, each["spec"].get("template", {}).get("spec", {}), count, count, 0)


def _cluster(manifest: Mapping[str, Any], stores: Mapping[str, Mapping[str, Any]]) -> Workload:
    """The instances of a CloudNativePG Cluster, with the container of the backup plugin in each."""
    spec = manifest["spec"]
    containers = [{"resources": spec.get("resources") or {}}]
    for plugin in spec.get("plugins") or ():
        store = stores.get(f"{_namespace(manifest)}/{(plugin.get('parameters') or {}).get('barmanObjectName')}")
        if store is not None:
            containers.append(store["spec"].get("instanceSidecarConfiguration") or {})
    volumes = [
        spec.get("storage"),
        spec.get("walStorage"),
        *(each.get("storage") for each in spec.get("tablespaces") or ()),
    ]
    storage = sum(quantity(str(each["size"])) for each in volumes if each and "size" in each)
    return Workload(
        part=f"Cluster {_name(manifest)}",
        name="PostgreSQL",
        namespace=_namespace(manifest),
        pod=PodRequests.of(containers, containers[:1]),
        idle=spec.get("instances", 1),
        most=spec.get("instances", 1),
        storage=storage,
    )


def _workload(
    manifest: Mapping[str, Any], pod: Mapping[str, Any], idle: int, most: int, storage: float, *, job: bool = False
) -> Workload:
    return Workload(
        part=f"{manifest['kind']} {_name(manifest)}",
        name=_own_name(manifest),
        namespace=_namespace(manifest),
        pod=PodRequests.of(pod.get("containers") or (), pod.get("initContainers") or ()),
        idle=idle,
        most=most,
        storage=storage,
        kind="job" if job else "component",
    )


def _templates(manifest: Mapping[str, Any]) -> float:
    return sum(_size(each) for each in manifest["spec"].get("volumeClaimTemplates") or ())


def _claims(objects: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    for each in objects:
        if each.get("kind") == "PersistentVolumeClaim":
            yield _name(each), _size(each)


def _size(claim: Mapping[str, Any]) -> float:
    return quantity(str(claim["spec"]["resources"]["requests"]["storage"]))


def _own_name(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"].get("name", ""))


def _namespace(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _name(manifest: Mapping[str, Any]) -> str:
    return f"{_namespace(manifest)}/{_own_name(manifest)}"
