"""Scaling by KEDA: by the chart if its pods have the whole URL of the database, otherwise by ScaledObjects of this library.

The ScaledObjects of all charts read the URL from a variable of the pods. If the Secret of the database has only the password,
that URL has none, and KEDA cannot log in. Its PostgreSQL scaler also accepts the parts of the URL, with the password from a
TriggerAuthentication. No chart has keys for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, Objects
from cdk8s_airflow.airflow.wire.database import absolute_host, through
from cdk8s_airflow.airflow.wire.tree import Tree
from cdk8s_airflow.database.connection import VERIFYING
from cdk8s_airflow.model.scaling import SCALED_OBJECTS, TRIGGER_AUTHENTICATIONS, Keda
from cdk8s_airflow.model.wire.scaling import keda, scaled_object_manifest
from cdk8s_airflow.validation import Finding


def is_scaled_by_chart(settings: ReleaseSettings) -> bool:
    """Whether the chart's ScaledObjects can log in to the database."""
    return settings.database.address is None


def keda_values(settings: ReleaseSettings, scaling: Keda) -> Tree:
    """The values of a component that KEDA scales."""
    if is_scaled_by_chart(settings):
        return {"keda": keda(scaling)}
    # null removes the chart's default: a number here would reset what KEDA has chosen.
    return {"replicas": None}


def scaled_object(settings: ReleaseSettings, component: str, kind: str, scaling: Keda, query: str) -> Objects:
    """The ScaledObject of a component, unless the chart creates it.

    Its name differs from that of the chart: Helm deletes the chart's one in the upgrade that stops using it.

    Args:
        settings: the release.
        component: the component as the chart calls it in the names of workloads, such as ``worker-gpu``.
        kind: the kind of its workload.
        scaling: the autoscaler.
        query: the query of the component if the autoscaler has none of its own.
    """
    if is_scaled_by_chart(settings):
        return {}
    workload = f"{settings.release}-{component}"
    trigger = {
        "type": "postgresql",
        "metadata": {**_database(settings), "query": scaling.query or query, "targetQueryValue": "1"},
        "authenticationRef": {"name": _login(settings)},
    }
    target = {"kind": kind, "name": workload}
    manifest = scaled_object_manifest(scaling, f"{workload}-scaling", settings.namespace, target, trigger)
    return {f"{component}-autoscaler": manifest}


def _database(settings: ReleaseSettings) -> dict[str, str]:
    """The parameters of KEDA's connection without the password. KEDA has no CA certificate, so it cannot verify the server."""
    database = settings.database
    address, tls = database.address, database.tls
    assert address is not None
    if database.pgbouncer is not None:
        address, tls = through(settings, address, "metadata"), "prefer"
    return {
        "host": absolute_host(address.host, settings.namespace),
        "port": str(address.port),
        "dbName": address.database,
        "userName": address.user,
        "sslmode": "require" if tls in VERIFYING else tls,
    }


def _login(settings: ReleaseSettings) -> str:
    return f"{settings.release}-database"


def keda_objects(settings: ReleaseSettings) -> Objects:
    """The TriggerAuthentication with the password, for the ScaledObjects of all components."""
    if is_scaled_by_chart(settings) or not settings.keda_arguments:
        return {}
    database = settings.database
    password: dict[str, Any] = {"parameter": "password", "name": database.secret, "key": database.secret_key}
    return {
        "keda-login": {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "TriggerAuthentication",
            "metadata": {"name": _login(settings), "namespace": settings.namespace},
            "spec": {"secretTargetRef": [password]},
        }
    }


def keda_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether the cluster has the custom resource definitions that this needs."""
    crds = settings.facts.crds
    if crds is None:
        return
    needed = (SCALED_OBJECTS,) if is_scaled_by_chart(settings) else (SCALED_OBJECTS, TRIGGER_AUTHENTICATIONS)
    for at in settings.keda_arguments:
        for name in needed:
            if name not in crds:
                yield Finding(
                    rule="facts/crd-missing",
                    at=at,
                    problem=f"requires {name}, which ClusterFacts(crds=) does not list",
                    seen=", ".join(sorted(crds)) or "none",
                    fix="Install KEDA, then add it to ClusterFacts(crds=...)",
                )


def required_definitions(settings: ReleaseSettings) -> frozenset[str]:
    """The custom resource definitions of the objects that the chart creates: a ScaledObject for each ``scaling=Keda(...)``."""
    return frozenset({SCALED_OBJECTS}) if settings.keda_arguments and is_scaled_by_chart(settings) else frozenset()


KEDA = Concept(objects=keda_objects, rules=keda_rules)
"""Scaling by KEDA."""
