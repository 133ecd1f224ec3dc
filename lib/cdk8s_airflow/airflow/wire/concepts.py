"""The concepts of a release, in one list."""

from __future__ import annotations

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.api_server import API_SERVER
from cdk8s_airflow.airflow.wire.authentication import AUTHENTICATION
from cdk8s_airflow.airflow.wire.cleanup import CLEANUP, DATABASE_CLEANUP
from cdk8s_airflow.airflow.wire.concept import Concept, OptionalConcept
from cdk8s_airflow.airflow.wire.config import CONFIG
from cdk8s_airflow.airflow.wire.dag_processor import DAG_PROCESSOR
from cdk8s_airflow.airflow.wire.dags import DAGS
from cdk8s_airflow.airflow.wire.database import DATABASE
from cdk8s_airflow.airflow.wire.delivery import DELIVERY
from cdk8s_airflow.airflow.wire.environment_variables import ENVIRONMENT
from cdk8s_airflow.airflow.wire.executors import EXECUTOR
from cdk8s_airflow.airflow.wire.exposure import EXPOSURE
from cdk8s_airflow.airflow.wire.flower import FLOWER
from cdk8s_airflow.airflow.wire.git_sync import GIT_SYNC
from cdk8s_airflow.airflow.wire.images import IMAGES
from cdk8s_airflow.airflow.wire.keda import KEDA
from cdk8s_airflow.airflow.wire.keys import KEYS
from cdk8s_airflow.airflow.wire.log_groomer import LOG_GROOMER
from cdk8s_airflow.airflow.wire.logs import LOGS
from cdk8s_airflow.airflow.wire.migration import MIGRATION
from cdk8s_airflow.airflow.wire.operator_namespaces import OPERATOR_NAMESPACES
from cdk8s_airflow.airflow.wire.otel_collector import OTEL_COLLECTOR
from cdk8s_airflow.airflow.wire.pod_mutation import POD_MUTATION
from cdk8s_airflow.airflow.wire.pod_security import POD_SECURITY
from cdk8s_airflow.airflow.wire.release_wide import RELEASE_WIDE
from cdk8s_airflow.airflow.wire.rotation import ROTATION
from cdk8s_airflow.airflow.wire.scheduler import SCHEDULER
from cdk8s_airflow.airflow.wire.security import SECURITY
from cdk8s_airflow.airflow.wire.service_accounts import SERVICE_ACCOUNTS
from cdk8s_airflow.airflow.wire.shared_secrets import SHARED_SECRETS
from cdk8s_airflow.airflow.wire.statsd import STATSD
from cdk8s_airflow.airflow.wire.task_namespaces import TASK_NAMESPACES
from cdk8s_airflow.airflow.wire.task_pods import TASK_PODS
from cdk8s_airflow.airflow.wire.triggerer import TRIGGERER
from cdk8s_airflow.airflow.wire.version import VERSION


def _pgbouncer() -> Concept:
    from cdk8s_airflow.airflow.wire.pgbouncer import PGBOUNCER

    return PGBOUNCER


def _data_lake() -> Concept:
    from cdk8s_airflow.airflow.wire.data_lake import DATA_LAKE

    return DATA_LAKE


CONCEPTS: tuple[Concept | OptionalConcept, ...] = (
    VERSION,
    EXECUTOR,
    RELEASE_WIDE,
    SCHEDULER,
    API_SERVER,
    TRIGGERER,
    DAG_PROCESSOR,
    STATSD,
    MIGRATION,
    LOG_GROOMER,
    KEDA,
    FLOWER,
    OTEL_COLLECTOR,
    CLEANUP,
    DATABASE_CLEANUP,
    KEYS,
    DATABASE,
    OptionalConcept(lambda settings: settings.database.pgbouncer is not None, _pgbouncer),
    IMAGES,
    DAGS,
    GIT_SYNC,
    LOGS,
    EXPOSURE,
    CONFIG,
    AUTHENTICATION,
    ENVIRONMENT,
    OptionalConcept(lambda settings: settings.data_lake is not None, _data_lake),
    TASK_PODS,
    TASK_NAMESPACES,
    OPERATOR_NAMESPACES,
    SERVICE_ACCOUNTS,
    SHARED_SECRETS,
    SECURITY,
    POD_SECURITY,
    POD_MUTATION,
    ROTATION,
    DELIVERY,
)
"""Every concept of a release. Lists that two concepts add to, like variables, are in this order."""


def concepts_of(settings: ReleaseSettings) -> tuple[Concept, ...]:
    """The concepts that a release uses."""
    return tuple(
        each if isinstance(each, Concept) else each.load()
        for each in CONCEPTS
        if isinstance(each, Concept) or each.used(settings)
    )
