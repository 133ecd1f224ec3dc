"""Where each version of the chart keeps a value.

The four versions of the chart are four dialects: the same intent has its key in another place, or none. What differs
stands here as data; the wire asks for a place by its meaning and never compares versions itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from cdk8s_airflow.model.version import CHARTS, minor_of
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within


@frozen(kw_only=False)
class Place:
    """One key of the chart, or one name, and the versions that have it.

    Attributes:
        key: the dotted key, or the name.
        charts: versions of the chart, as ``">=1.19"`` or ``">=1.18 <1.20"``; empty for all.
        airflow: versions of Airflow; empty for all.
    """

    key: str
    charts: str = ""
    airflow: str = ""


PLACES: Mapping[str, tuple[Place, ...]] = {
    "ui_server": (Place("webserver", airflow="<3"), Place("apiServer", airflow=">=3")),
    "ui_server.ingress": (Place("ingress.web", airflow="<3"), Place("ingress.apiServer", airflow=">=3")),
    "ui_server.base_url": (
        Place("config.webserver.base_url", airflow="<3"),
        Place("config.api.base_url", airflow=">=3"),
    ),
    "ui_server.sign_on": (
        Place("webserver.webserverConfig", airflow="<3"),
        Place("apiServer.apiServerConfig", airflow=">=3"),
    ),
    "git_sync.env_from_secret": (Place("dags.gitSync.env", charts=">=1.18"),),
    "keys.webserver": (Place("webserverSecretKeySecretName", airflow="<3"),),
    "keys.api": (Place("apiSecretKeySecretName", airflow=">=3"),),
    "keys.jwt": (Place("jwtSecretName", airflow=">=3"),),
    "admin_user.enabled": (
        Place("webserver.defaultUser.enabled", charts="<1.19"),
        Place("createUserJob.enabled", charts=">=1.19"),
    ),
    "task_pods": (Place("workers", charts="<1.20"), Place("workers.kubernetes", charts=">=1.20")),
    "task_pods.volumes": (Place("workers", charts="<1.22"), Place("workers.kubernetes", charts=">=1.22")),
    "celery_workers.volumes": (Place("workers", charts="<1.22"), Place("workers.celery", charts=">=1.22")),
    "task_pods.kerberos_init_hooks": (Place("workers.kerberosInitContainer.containerLifecycleHooks", charts=">=1.20"),),
    "task_pods.executor": (Place("executor", charts=">=1.18"),),
    "dag_bundles": (
        Place("config.dag_processor.dag_bundle_config_list", charts="<1.20", airflow=">=3"),
        Place("dagProcessor.dagBundleConfigList", charts=">=1.20", airflow=">=3"),
    ),
    "dag_processor.enabled": (Place("dagProcessor.enabled", airflow="<3"),),
    "git_sync.metrics_port": (Place("dags.gitSync.httpPort", charts=">=1.20"),),
    "triggerer.disruption_budget": (Place("triggerer.podDisruptionBudget", charts=">=1.19"),),
    "dag_processor.disruption_budget": (Place("dagProcessor.podDisruptionBudget", charts=">=1.19"),),
    "logs.elasticsearch": (Place("elasticsearch"),),
    "logs.opensearch": (Place("opensearch", charts=">=1.18", airflow=">=3"),),
    "service_links": (Place("enableServiceLinks", charts=">=1.22"),),
    "builtin_env.core_sql_alchemy_conn": (
        Place("enableBuiltInSecretEnvVars.AIRFLOW__CORE__SQL_ALCHEMY_CONN", charts="<1.20"),
    ),
    "scheduler.grace_period": (Place("scheduler.terminationGracePeriodSeconds", charts=">=1.18"),),
    "ui_server.grace_period": (Place("webserver.terminationGracePeriodSeconds", charts=">=1.18", airflow="<3"),),
    "ui_server.hpa": (
        Place("webserver.hpa", charts=">=1.18", airflow="<3"),
        Place("apiServer.hpa", charts=">=1.20", airflow=">=3"),
    ),
    "dag_processor.labels": (Place("dagProcessor.labels", charts=">=1.19"),),
    "statsd.grace_period": (Place("statsd.terminationGracePeriodSeconds", charts=">=1.18"),),
    "statsd.labels": (Place("statsd.labels", charts=">=1.19"),),
    "log_groomer.interval": (Place("logGroomerSidecar.frequencyMinutes", charts=">=1.18"),),
    "log_groomer.max_size": (Place("logGroomerSidecar.maxSizeBytes", charts=">=1.20"),),
    "migration.env": (Place("migrateDatabaseJob.env", charts=">=1.18"),),
    "cleanup.volumes": (Place("volumes", charts=">=1.18"),),
    "otel_collector": (Place("otelCollector", charts=">=1.22"),),
    "flower.startup_probe": (Place("flower.startupProbe", charts=">=1.18"),),
    "cleanup.without_task_pods": (Place("cleanup", charts="<1.20"),),
    "database_cleanup": (Place("databaseCleanup", charts=">=1.20"),),
    "redis.grace_period": (Place("redis.terminationGracePeriodSeconds", charts=">=1.18"),),
    "redis.labels": (Place("redis.labels", charts=">=1.19"),),
    "executors": (Place("executor", charts=">=1.18", airflow=">=2.10"),),
    "workers": (Place("workers", charts="<1.20"),),
    "workers.sets": (Place("workers.celery.sets", charts=">=1.20"),),
    "workers.default_set": (Place("workers.celery.enableDefault", charts=">=1.20"),),
    "workers.disruption_budget": (Place("podDisruptionBudget", charts=">=1.19"),),
    "workers.log_groomer_without_claim": (Place("logGroomerSidecar.requirePersistence", charts=">=1.22"),),
    "scheduler.claim": (Place("workers.persistence.enabled"),),
    "scheduler.claim_too": (Place("workers.celery.persistence.enabled", charts=">=1.20"),),
}
"""Meaning -> the keys it has had. Source: values.yaml and templates of each chart, and rendering them."""

NAMES: Mapping[str, tuple[Place, ...]] = {
    "ui_server": (Place("webserver", airflow="<3"), Place("api-server", airflow=">=3")),
    "ui_server.port": (Place("airflow-ui", airflow="<3"), Place("api-server", airflow=">=3")),
    "pgbouncer.metrics_port": (Place("pgbouncer-metrics", charts="<1.18"), Place("pgb-metrics", charts=">=1.18")),
    "parsing.section": (Place("scheduler", airflow="<3"), Place("dag_processor", airflow=">=3")),
    "sign_on.path": (Place("/oauth-authorized", airflow="<3"), Place("/auth/oauth-authorized", airflow=">=3")),
}
"""Meaning -> the names that the chart or Airflow has had for it, in objects and URLs. Source: as above."""


@frozen(kw_only=False)
class Figure:
    """One number, and the versions that have it.

    Attributes:
        value: the number.
        airflow: versions of Airflow, as in :class:`Place`.
    """

    value: int
    airflow: str = ""


FIGURES: Mapping[str, tuple[Figure, ...]] = {
    "api_server.workers": (Figure(4, airflow="<3.1"), Figure(1, airflow=">=3.1")),
    "api_server.async_sessions": (Figure(0, airflow="<3.1"), Figure(15, airflow=">=3.1")),
    "triggerer.sessions": (Figure(4, airflow="<3"), Figure(3, airflow=">=3")),
}
"""Meaning -> a default or a number of database sessions. ``api_server.workers`` is the default of ``api.workers``.
``api_server.async_sessions`` are those of the second engine of the API server: in 3.0 nothing uses it, and in 3.1 it has the defaults
of SQLAlchemy, 5 and 10. Source: Airflow's code."""


@frozen(kw_only=False)
class Since:
    """The versions that have a feature.

    Attributes:
        charts: versions of the chart, as in :class:`Place`.
        airflow: versions of Airflow, in the same form.
    """

    charts: str = ""
    airflow: str = ""


FEATURES: Mapping[str, Since] = {
    "tasks.isolated": Since(airflow=">=3"),
    "dag_processor.required": Since(airflow=">=3"),
    "parsing.isolated": Since(airflow=">=3"),
    "ui_server.serves_tasks": Since(airflow=">=3"),
    "api_server.async_pool_is_set": Since(airflow=">=3.2"),
    "ui_server.probes_ignore_base_url": Since(airflow=">=3"),
    "auth.simple": Since(airflow=">=3"),
    "executors.several": Since(airflow=">=2.10"),
    "executors.celery_kubernetes": Since(airflow="<3"),
    "secrets_backend": Since(airflow=">=2.11"),
    "secrets_backend.in_official_image": Since(airflow=">=3.2"),
}
"""Features of Airflow that have no key of their own in the chart, and the versions that have them. Source: the release notes of
Airflow, its providers in the official image, and the probes that each chart renders."""


@frozen(kw_only=False)
class Dialect:
    """One pair of versions.

    Attributes:
        chart: the version of the chart.
        airflow: the version of Airflow.
    """

    chart: str
    airflow: str

    def place(self, meaning: str) -> str | None:
        """The key a meaning has in these versions, or None where they have none."""
        for place in PLACES[meaning]:
            if within(place.charts, self.chart) and within(place.airflow, self.airflow):
                return place.key
        return None

    def has(self, meaning: str) -> bool:
        """Whether these versions have a feature, or a key for a meaning."""
        feature = FEATURES.get(meaning)
        if feature is None:
            return self.place(meaning) is not None
        return within(feature.charts, self.chart) and within(feature.airflow, self.airflow)

    def name(self, meaning: str) -> str:
        """The name that these versions have for a meaning in objects and URLs."""
        return next(
            each.key
            for each in NAMES[meaning]
            if within(each.charts, self.chart) and within(each.airflow, self.airflow)
        )

    def figure(self, meaning: str) -> int:
        """The number that this version of Airflow has for a meaning."""
        return next(each.value for each in FIGURES[meaning] if within(each.airflow, self.airflow))

    def first_chart_with(self, meaning: str) -> str | None:
        """The oldest chart that has a key for a meaning with this version of Airflow. None, if no chart has one."""
        for chart in CHARTS:
            if minor_of(self.airflow) in CHARTS[chart].minors and Dialect(chart, self.airflow).place(meaning):
                return chart
        return None

    @property
    def ui_server(self) -> str:
        """What the server of the UI is called in object names: ``webserver`` or ``api-server``."""
        return self.name("ui_server")

    @property
    def ui_port(self) -> str:
        """What the port of the UI's Service is called."""
        return self.name("ui_server.port")

    @property
    def pgbouncer_metrics_port(self) -> str:
        """The name of the port with metrics in the Service of PgBouncer. The container calls it ``metrics``."""
        return self.name("pgbouncer.metrics_port")
