"""Reviewed table of keys that users and published articles set at a path that a chart version does not have, with the right path.

Keys that a chart version has and ignores are in :mod:`cdk8s_airflow.schemas.value_classes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.text.documents import Path
from cdk8s_airflow.validation.frozen import frozen

_ADMIN = 'use admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com")'
_DAGS = 'use dags=DagRepoSync(chart, "dags", repo="https://git.example.com/dags.git", ref="main")'
_DATABASE = 'use database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection()'
_IMAGE = 'use image=Image("registry.example.com/airflow", tag="...")'
_KEYS = 'use keys=AirflowKeys.existing(prefix="airflow")'
_LOGS = "use logs=Logs.in_bucket(...), Logs.s3(...), Logs.gcs(...) or Logs.claim(...)"
_PULL_SECRET = 'use pull_secret=PullSecret("registry-login")'
_SERVICE_ACCOUNTS = "use service_accounts=ServiceAccounts(scheduler=ServiceAccount(...))"
_TASK_PODS = "use task_pods=TaskPods(default=TaskPod(...))"
_UI = 'use ui=Ingress(host="airflow.example.com")'


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, for comparison: ``"1.22.0"`` gives ``(1, 22, 0)``."""
    parts: list[int] = []
    for part in version.split(".")[:3]:
        digits = "".join(letter for letter in part if letter.isdigit())
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


@frozen
class Setting:
    """What values are checked for: chart version, Airflow version, and one or more executors separated by commas."""

    chart: str
    airflow: str
    executor: str

    @property
    def reviewed(self) -> tuple[str, ...]:
        """The charts whose reviewed entries apply: this version, or the versions before and after it if it was not reviewed."""
        known = store.chart_versions()
        if self.chart in known:
            return (self.chart,)
        older = [chart for chart in known if numbers(chart) < numbers(self.chart)]
        newer = [chart for chart in known if numbers(chart) > numbers(self.chart)]
        return (*older[-1:], *newer[:1])

    @property
    def airflow_3(self) -> bool:
        """Whether this is Airflow 3 or later."""
        return numbers(self.airflow) >= (3,)

    @property
    def local(self) -> bool:
        """Whether tasks can run inside the scheduler."""
        return "Local" in self.executor

    @property
    def celery(self) -> bool:
        """Whether Celery workers are among the executors."""
        return "Celery" in self.executor

    @property
    def task_pods(self) -> bool:
        """Whether tasks can run in pods of their own."""
        return "Kubernetes" in self.executor


@frozen
class Misplaced:
    """One key that a chart version does not have at this path, and the right path.

    Attributes:
        path: dotted; a step ``*`` matches any one key.
        instead: the right path, as the fix of a message. It is an argument of this library if there is one.
        since: the first chart version that the entry applies to; empty for all.
        before: the first chart version that the entry no longer applies to; empty for none.
        airflow: 2 or 3 if the entry applies to that major version only.
    """

    path: str
    instead: str
    since: str = ""
    before: str = ""
    airflow: int | None = None

    def applies(self, setting: Setting) -> bool:
        """Whether the entry applies to this setting; between two reviewed charts, whether it applies to both."""
        charts = [numbers(chart) for chart in setting.reviewed]
        return (
            (not self.since or min(charts) >= numbers(self.since))
            and (not self.before or max(charts) < numbers(self.before))
            and (self.airflow is None or (self.airflow >= 3) == setting.airflow_3)
        )

    @property
    def steps(self) -> tuple[str, ...]:
        """The path as a tuple of keys."""
        return tuple(self.path.split("."))


class Table:
    """The entries that apply to one setting, indexed by path."""

    def __init__(self, entries: Iterable[Misplaced], setting: Setting) -> None:
        self._exact: dict[Path, Misplaced] = {}
        self._starred: list[Misplaced] = []
        for entry in entries:
            if not entry.applies(setting):
                continue
            if "*" in entry.steps:
                self._starred.append(entry)
            else:
                self._exact.setdefault(entry.steps, entry)

    def at(self, path: Path) -> Misplaced | None:
        """The entry for a path; an exact one before one with a star."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        return next((each for each in self._starred if _covers(each.steps, path)), None)


def _covers(steps: tuple[str, ...], path: Path) -> bool:
    return len(steps) == len(path) and all(step in ("*", there) for step, there in zip(steps, path, strict=True))


@lru_cache(maxsize=64)
def table(setting: Setting) -> Table:
    """The reviewed entries that apply to a setting."""
    return Table(MISPLACED, setting)


_ONLY_EIGHT = _TASK_PODS + " (workers.{}; this chart version reads only eight keys of workers.kubernetes)"

MISPLACED: Final[tuple[Misplaced, ...]] = (
    Misplaced(path="webserver.ingress", instead=_UI + " (ingress.web)", airflow=2),
    Misplaced(path="webserver.ingress", instead=_UI + " (ingress.apiServer)", airflow=3),
    Misplaced(path="apiServer.ingress", instead=_UI + " (ingress.apiServer)"),
    Misplaced(path="ingress.apiServer", instead=_UI + " (ingress.web with Airflow 2)", airflow=2),
    Misplaced(path="ingress.webserver", instead=_UI + " (ingress.web)", airflow=2),
    Misplaced(path="ingress.webserver", instead=_UI + " (ingress.apiServer)", airflow=3),
    Misplaced(
        path="ingress.*.tls",
        instead=_UI + " (tls is set for each host: hosts: [{name, tls: {enabled, secretName}}])",
    ),
    Misplaced(
        path="apiServer",
        instead="set it in webserver; this chart version runs Airflow 2, which has no separate API server",
        before="1.18.0",
    ),
    Misplaced(path="jwtSecretName", instead="remove it; only Airflow 3 has this key", airflow=2),
    Misplaced(
        path="apiSecretKeySecretName",
        instead=_KEYS + " (webserverSecretKeySecretName with Airflow 2)",
        airflow=2,
    ),
    Misplaced(path="externalDatabase", instead=_DATABASE + " (data.metadataSecretName)"),
    Misplaced(path="postgresql.externalDatabase", instead=_DATABASE + " (data.metadataSecretName)"),
    Misplaced(path="database", instead=_DATABASE + " (data.metadataSecretName)"),
    Misplaced(path="data.metadataSecret", instead=_DATABASE + " (data.metadataSecretName)"),
    Misplaced(path="data.metadataSecretKey", instead="remove it; the key of the Secret is always connection"),
    Misplaced(
        path="externalRedis",
        instead='use executor=CeleryExecutor(..., broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url"))) (data.brokerUrlSecretName)',
    ),
    Misplaced(path="dags.gitSync.interval", instead="set interval= of the DAG source (dags.gitSync.period)"),
    Misplaced(
        path="dags.gitSync.username", instead="set credentials= of the DAG source (dags.gitSync.credentialsSecret)"
    ),
    Misplaced(
        path="dags.gitSync.password", instead="set credentials= of the DAG source (dags.gitSync.credentialsSecret)"
    ),
    Misplaced(path="dags.gitSync.token", instead="set credentials= of the DAG source (dags.gitSync.credentialsSecret)"),
    Misplaced(path="dags.gitSync.sshSecret", instead="set credentials= of the DAG source (dags.gitSync.sshKeySecret)"),
    Misplaced(path="dags.gitSync.tag", instead="set ref= of the DAG source (dags.gitSync.branch and ref)"),
    Misplaced(path="dags.gitSync.revision", instead="set ref= of the DAG source (dags.gitSync.branch and ref)"),
    Misplaced(path="gitSync", instead=_DAGS + " (dags.gitSync)"),
    Misplaced(path="logs.remote_logging", instead=_LOGS + " (config.logging.remote_logging)"),
    Misplaced(path="logs.remote_base_log_folder", instead=_LOGS + " (config.logging.remote_base_log_folder)"),
    Misplaced(path="logs.remote_log_conn_id", instead=_LOGS + " (config.logging.remote_log_conn_id)"),
    Misplaced(path="logs.encrypt_s3_logs", instead=_LOGS + " (config.logging.encrypt_s3_logs)"),
    Misplaced(
        path="config.logging.remote_logging",
        instead=_LOGS + ", or use the string 'True' or 'False'; the chart does not render with a boolean",
    ),
    Misplaced(
        path="logs.persistence.accessMode",
        instead="remove it; the chart's claim is always ReadWriteMany. For another mode use logs=Logs.claim(Volume(...))",
    ),
    Misplaced(
        path="createUserJob.defaultUser",
        instead=_ADMIN + " (webserver.defaultUser, which this chart version reads for the Job)",
        before="1.20.0",
    ),
    Misplaced(
        path="createUserJob.enabled",
        instead=_ADMIN + " (webserver.defaultUser.enabled, which enables the Job in this chart version)",
        before="1.20.0",
    ),
    Misplaced(
        path="workers.kubernetes",
        instead=_TASK_PODS + " (this chart version has these keys in workers itself)",
        before="1.20.0",
    ),
    Misplaced(
        path="workers.celery",
        instead="set workers= of the executor (this chart version has these keys in workers itself)",
        before="1.20.0",
    ),
    *(
        Misplaced(path=f"workers.kubernetes.{key}", since="1.20.0", before="1.21.0", instead=_ONLY_EIGHT.format(key))
        for key in (
            "affinity",
            "env",
            "extraContainers",
            "extraInitContainers",
            "extraVolumeMounts",
            "extraVolumes",
            "hostAliases",
            "labels",
            "podAnnotations",
            "priorityClassName",
            "runtimeClassName",
            "safeToEvict",
            "schedulerName",
            "serviceAccount",
            "tolerations",
            "topologySpreadConstraints",
        )
    ),
    Misplaced(path="workers.kubernetes.replicas", instead="remove it; Airflow creates one pod for each task"),
    Misplaced(path="workers.autoscaling", instead="set workers.hpa or workers.keda"),
    Misplaced(
        path="statsd.prometheus",
        instead="remove it; the exporter serves Prometheus on port 9102 if statsd.enabled is true",
    ),
    Misplaced(
        path="statsd.serviceMonitor", instead="create a ServiceMonitor yourself; no version of this chart creates one"
    ),
    Misplaced(path="serviceMonitor", instead="create a ServiceMonitor yourself; no version of this chart creates one"),
    Misplaced(path="prometheus", instead="create a ServiceMonitor yourself; no version of this chart creates one"),
    Misplaced(path="metrics", instead="set its options in config.metrics, or use statsd"),
    Misplaced(
        path="config.metrics.statsd",
        instead="set the options statsd_on, statsd_host, statsd_port, statsd_prefix in config.metrics",
    ),
    Misplaced(path="executer", instead="use executor=KubernetesExecutor(), CeleryExecutor(...) or LocalExecutor()"),
    Misplaced(path="excutor", instead="use executor=KubernetesExecutor(), CeleryExecutor(...) or LocalExecutor()"),
    Misplaced(path="executors", instead="use executor=KubernetesExecutor(), CeleryExecutor(...) or LocalExecutor()"),
    Misplaced(
        path="airflow",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="web",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="sync",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="auth",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="git",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="externalRabbitmq",
        instead="remove it; it is a key of another Airflow chart. Use config.<section>.<option>, env or secret",
    ),
    Misplaced(
        path="extraObjects",
        instead="add the objects to a Chart of your own; this chart has only extraSecrets and extraConfigMaps",
    ),
    Misplaced(
        path="extraDeploy",
        instead="add the objects to a Chart of your own; this chart has only extraSecrets and extraConfigMaps",
    ),
    Misplaced(
        path="extraManifests",
        instead="add the objects to a Chart of your own; this chart has only extraSecrets and extraConfigMaps",
    ),
    Misplaced(
        path="config.extraObjects",
        instead="add the objects to a Chart of your own; this chart has only extraSecrets and extraConfigMaps",
    ),
    Misplaced(path="kubernetes_executor", instead='use config={"kubernetes_executor": {...}}'),
    Misplaced(path="core", instead='use config={"core": {...}}'),
    Misplaced(path="logging", instead='use config={"logging": {...}}'),
    Misplaced(path="celery", instead='use config={"celery": {...}}'),
    Misplaced(path="api", instead='use config={"api": {...}}'),
    Misplaced(path="secrets", instead='use config={"secrets": {...}}'),
    Misplaced(
        path="scheduler.scheduler_heartbeat_sec",
        instead='use config={"scheduler": {"scheduler_heartbeat_sec": ...}}',
    ),
    Misplaced(path="imagePullSecrets", instead=_PULL_SECRET + " (registry.secretName)", before="1.20.0"),
    Misplaced(path="image", instead=_IMAGE + " (defaultAirflowRepository and defaultAirflowTag)"),
    Misplaced(
        path="images.airflow.image",
        instead=_IMAGE + " (images.airflow.repository and images.airflow.tag)",
    ),
    Misplaced(path="replicas", instead="use scheduler=Scheduler(replicas=2)"),
    Misplaced(path="resources", instead='use scheduler=Scheduler(resources=Resources(cpu="500m", memory="1Gi"))'),
    Misplaced(path="securityContexts.container", instead="use securityContexts.containers; the plural is right here"),
    Misplaced(
        path="*.securityContexts.containers", instead="use securityContexts.container; the singular is right here"
    ),
    Misplaced(path="serviceAccount", instead=_SERVICE_ACCOUNTS + " (scheduler.serviceAccount)"),
    Misplaced(path="ingress.hosts", instead=_UI + " (hosts are in ingress.web or ingress.apiServer)"),
    Misplaced(path="ingress.annotations", instead=_UI + " (annotations are in ingress.web or ingress.apiServer)"),
    Misplaced(
        path="enableBuiltInSecretEnvVars.AIRFLOW__CORE__SQL_ALCHEMY_CONN",
        instead="use AIRFLOW__DATABASE__SQL_ALCHEMY_CONN; Airflow has removed the old name",
        since="1.20.0",
    ),
    Misplaced(
        path="enableBuiltInSecretEnvVars.AIRFLOW__CELERY__CELERY_RESULT_BACKEND",
        instead="use AIRFLOW__CELERY__RESULT_BACKEND; Airflow has removed the old name",
        since="1.20.0",
    ),
    Misplaced(
        path="enableBuiltInSecretEnvVars.AIRFLOW__ELASTICSEARCH__ELASTICSEARCH_HOST",
        instead="use AIRFLOW__ELASTICSEARCH__HOST; Airflow has removed the old name",
        since="1.20.0",
    ),
)
"""Every reviewed entry. The first that matches a path applies."""
