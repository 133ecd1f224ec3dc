"""The values of a whole release, put together from its concepts."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.components import component_values
from cdk8s_airflow.airflow.wire.dags import dag_values
from cdk8s_airflow.airflow.wire.database import database_values
from cdk8s_airflow.airflow.wire.executors import executor_values
from cdk8s_airflow.airflow.wire.exposure import exposure_values
from cdk8s_airflow.airflow.wire.keys import key_values
from cdk8s_airflow.airflow.wire.logs import log_values
from cdk8s_airflow.airflow.wire.migration import migration_values
from cdk8s_airflow.airflow.wire.security import security_values
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest


def release_values(settings: ReleaseSettings) -> Tree:
    """What the chart is given for a release."""
    return join(
        version_values(settings),
        executor_values(settings),
        component_values(settings),
        dag_values(settings),
        database_values(settings),
        key_values(settings),
        log_values(settings),
        exposure_values(settings),
        migration_values(settings),
        security_values(settings),
        rotation_values(settings),
    )


def version_values(settings: ReleaseSettings) -> Tree:
    """Airflow's version, told twice: the templates follow one key, the image the other."""
    dialect = settings.dialect
    return join(
        {"airflowVersion": dialect.airflow, "defaultAirflowTag": dialect.airflow},
        nest(dialect.place("service_links"), False),
    )


def rotation_values(settings: ReleaseSettings) -> Tree:
    """An annotation on every pod: a new text restarts them, which the chart does for no Secret it did not make."""
    if settings.rotation is None:
        return {}
    return {"airflowPodAnnotations": {"cdk8s-airflow/rotation": settings.rotation}}
