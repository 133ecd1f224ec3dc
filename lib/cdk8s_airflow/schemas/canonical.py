"""Canonical forms of durations and quantities: the spelling in which Kubernetes writes a value back.

The API server, webhooks and controllers decode an object into Go types and encode it again. A duration or quantity can change
its spelling on the way: ``30m`` becomes ``30m0s``, ``1000m`` becomes ``1``. A controller that updates the whole object, to add a
finalizer for example, then owns the field with the new spelling, and the next server-side apply of the old one fails with a
conflict. K3s' helm-controller does this to HelmCharts, External Secrets to ExternalSecrets, and CloudNativePG to Databases,
DatabaseRoles and, without its webhooks, Clusters. So manifests carry the canonical form from the start.

Sources: ``time.Duration.String`` and ``resource.Quantity.String`` of Go and k8s.io/apimachinery.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cdk8s_airflow.schemas import facts_store
from cdk8s_airflow.schemas.validation_errors import QUANTITY_MARK
from cdk8s_airflow.validation.durations import canonical_duration
from cdk8s_airflow.validation.quantities import canonical_quantity

DURATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "certificates.cert-manager.io": ("spec.duration", "spec.renewBefore", "spec.renewal.windows.windowDuration"),
    "clusterexternalsecrets.external-secrets.io": ("spec.refreshTime", "spec.externalSecretSpec.refreshInterval"),
    "clusters.postgresql.cnpg.io": ("spec.replica.minApplyDelay", "spec.monitoring.metricsQueriesTTL"),
    "clustersecretstores.external-secrets.io": ("spec.provider.webhook.timeout",),
    "externalsecrets.external-secrets.io": ("spec.refreshInterval",),
    "gitrepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "helmcharts.helm.cattle.io": ("spec.timeout",),
    "helmreleases.helm.toolkit.fluxcd.io": (
        "spec.interval",
        "spec.timeout",
        "spec.chart.spec.interval",
        "spec.install.timeout",
        "spec.install.strategy.retryInterval",
        "spec.upgrade.timeout",
        "spec.upgrade.strategy.retryInterval",
        "spec.test.timeout",
        "spec.rollback.timeout",
        "spec.uninstall.timeout",
    ),
    "helmrepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "ocirepositories.source.toolkit.fluxcd.io": ("spec.interval",),
    "secretstores.external-secrets.io": ("spec.provider.webhook.timeout",),
}
"""Custom resource definition -> its fields of the Go type ``metav1.Duration``; a step may lead through a list.

The schemas say only that they are strings, so the table is read from the Go types. It leaves out ``spec.timeout`` of Flux's sources:
the schema allows no hours there, which the canonical form of 60 minutes has, and Flux patches its objects instead of rewriting them.
"""

_CORE_MAPS: Final = frozenset(
    {("resources", "requests"), ("resources", "limits"), ("spec", "hard"), ("spec", "capacity"), ("spec", "overhead")}
)
_CORE_FIELDS: Final = frozenset({("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor")})
_WITHOUT_QUANTITIES: Final = frozenset(
    {
        ("v1", "ConfigMap"),
        ("v1", "Namespace"),
        ("v1", "Service"),
        ("v1", "ServiceAccount"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("scheduling.k8s.io/v1", "PriorityClass"),
    }
)
"""Kinds without a quantity. They are the most frequent ones."""
_LIMIT_RANGE_MAPS: Final = frozenset({"default", "defaultRequest", "max", "min", "maxLimitRequestRatio"})


def canonical(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """An object with every duration and quantity in canonical form; everything else stays as it is.

    Quantities of custom resources are found by their schema, those of core kinds by their place, durations by
    :data:`DURATIONS`. A value of the wrong form stays as it is: :func:`check_manifest` reports it.
    """
    version_and_kind = (manifest["apiVersion"], manifest["kind"])
    if version_and_kind in _WITHOUT_QUANTITIES:
        return dict(manifest)
    name = facts_store.crd_name(*version_and_kind)
    if name is None:
        limit_range = manifest["kind"] == "LimitRange"
        return {
            key: value if key in ("metadata", "data") else _core(value, (key,), limit_range)
            for key, value in manifest.items()
        }
    schema = facts_store.crd_facts(name)["schema"]
    result = {
        key: _custom(value, schema["properties"][key], schema) if key in schema["properties"] else value
        for key, value in manifest.items()
    }
    for path in DURATIONS.get(name, ()):
        result = _with_duration(result, path.split("."))
    return result


def _core(value: Any, path: tuple[str, ...], limit_range: bool) -> Any:
    """Part of an object of a core kind, whose place is known by the last keys of its path."""
    kind = type(value)  # compared first, because most values have one of these types
    if kind is dict or (kind is not str and isinstance(value, Mapping)):
        quantities = path[-2:] in _CORE_MAPS or (
            limit_range and path[:-1] == ("spec", "limits") and path[-1] in _LIMIT_RANGE_MAPS
        )
        return {
            key: _quantity(item) if quantities else _core(item, (*path, key), limit_range)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_core(item, path, limit_range) for item in value]
    return _quantity(value) if path[-2:] in _CORE_FIELDS else value


def _custom(value: Any, node: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A part of a custom resource, and the part of the schema that describes it."""
    while "$ref" in node:
        node = root["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, Mapping):
        known, others = node.get("properties", {}), node.get("additionalProperties")
        return {
            key: _custom(item, below, root) if isinstance(below := known.get(key, others), Mapping) else item
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        items = node.get("items")
        return [_custom(item, items, root) for item in value] if isinstance(items, Mapping) else value
    return _quantity(value) if is_quantity_field(node) else value


def is_quantity_field(node: Mapping[str, Any]) -> bool:
    """Whether a part of a schema describes a quantity."""
    return "integer" in node.get("type", ()) and QUANTITY_MARK.search(node.get("pattern", "")) is not None


def _quantity(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return canonical_quantity(value)
    except ValueError:
        return value


def _with_duration(value: Any, steps: list[str]) -> Any:
    if not steps:
        try:
            return canonical_duration(value) if isinstance(value, str) else value
        except ValueError:
            return value
    if isinstance(value, list | tuple):
        return [_with_duration(item, steps) for item in value]
    if not isinstance(value, Mapping) or steps[0] not in value:
        return value
    return {**value, steps[0]: _with_duration(value[steps[0]], steps[1:])}
