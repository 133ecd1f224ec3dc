"""Reviewed table of keys that users and published articles put where a chart version does not heed them.

Each entry names a place, the charts, Airflow versions and executors for which it is wrong, and the right place for
them. One table serves both kinds: where the chart refuses the key, the entry is the advice; where the chart accepts the
key and ignores it, the entry is the refusal. Sources: renders of the released charts with and without the key, and their
templates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.text.documents import Path
from cdk8s_airflow.validation.frozen import frozen


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
    """For what values are checked: chart version, Airflow version, executor or executors separated by commas."""

    chart: str
    airflow: str
    executor: str

    @property
    def reviewed(self) -> tuple[str, ...]:
        """The charts whose review says something of this one: itself, or its neighbours where nobody has reviewed it."""
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


def _any(value: object) -> bool:
    return True


@frozen
class Misplaced:
    """One key at the wrong place.

    Attributes:
        path: dotted; a step ``*`` stands for any one key, at the end for each key of a section.
        instead: the right place, as the second half of a message; names our own parameter where there is one.
        since: the first chart version it is wrong for; empty for all.
        before: the first chart version it is right again for; empty for none.
        airflow: 2 or 3 when it is wrong for that major only.
        local: True or False when it is wrong only with or without the LocalExecutor.
        celery: True or False when it is wrong only with or without Celery workers.
        task_pods: True or False when it is wrong only with or without the KubernetesExecutor.
        but: keys of the section that are heeded, when the path ends in ``*``.
        when: whether a value is wrong there; by default every value is.
        effect: what the chart does with the key instead of heeding it; empty when nothing reads it.
    """

    path: str
    instead: str
    since: str = ""
    before: str = ""
    airflow: int | None = None
    local: bool | None = None
    celery: bool | None = None
    task_pods: bool | None = None
    but: tuple[str, ...] = ()
    when: Callable[[object], bool] = _any
    effect: str = ""

    def applies(self, setting: Setting) -> bool:
        """Whether the place is wrong for this setting; between two reviewed charts, where it is wrong for both."""
        charts = [numbers(chart) for chart in setting.reviewed]
        return (
            (not self.since or min(charts) >= numbers(self.since))
            and (not self.before or max(charts) < numbers(self.before))
            and (self.airflow is None or (self.airflow >= 3) == setting.airflow_3)
            and (self.local is None or self.local == setting.local)
            and (self.celery is None or self.celery == setting.celery)
            and (self.task_pods is None or self.task_pods == setting.task_pods)
        )

    @property
    def steps(self) -> tuple[str, ...]:
        """The path in its steps."""
        return tuple(self.path.split("."))


class Table:
    """The entries that apply to one setting, found by place."""

    def __init__(self, entries: Iterable[Misplaced], setting: Setting) -> None:
        self._exact: dict[Path, Misplaced] = {}
        self._starred: dict[int, list[tuple[tuple[str, ...], Misplaced]]] = {}
        for entry in entries:
            if not entry.applies(setting):
                continue
            steps = entry.steps
            if "*" in steps:
                self._starred.setdefault(len(steps), []).append((steps, entry))
            else:
                self._exact.setdefault(steps, entry)

    def at(self, path: Path) -> Misplaced | None:
        """The entry that speaks about a place; an exact one before one with a star."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        for steps, entry in self._starred.get(len(path), ()):
            if path[-1] in entry.but and steps[-1] == "*":
                continue
            if all(step in ("*", there) for step, there in zip(steps, path)):  # noqa: B905 (as long as each other)
                return entry
        return None


@lru_cache(maxsize=64)
def table(setting: Setting) -> Table:
    """The reviewed entries that apply to a setting."""
    return Table(MISPLACED, setting)


def _true(value: object) -> bool:
    return value is True


def _false(value: object) -> bool:
    return value is False


def _filled(value: object) -> bool:
    return value not in ("", [], {}, False)


def _none(value: object) -> bool:
    return False


_DATABASE = "give the database= parameter (data.metadataSecretName)"
_LOGS = "give the logs= parameter (config.logging.{})"
_KEYS = "give the keys= parameter ({})"
_OWN_OBJECTS = "put the objects into a Chart of your own; this chart takes extraSecrets and extraConfigMaps only"
_NO_MONITOR = "write a ServiceMonitor of your own; no version of this chart makes one"
_NO_CELERY = (
    "remove it, or choose CeleryExecutor with the executor= parameter; there are no Celery workers with this one"
)
_NO_WORKERS = "starts no Celery workers with this executor"
_NO_FLOWER = "starts no Flower with this executor"
_NO_REDIS = "starts no Redis with this executor"
_CELERY_PARTS = (
    "annotations",
    "args",
    "livenessProbe",
    "logGroomerSidecar",
    "revisionHistoryLimit",
    "volumeClaimTemplates",
    "waitForMigrations",
)
_OLD_SECTION = "writes the option into airflow.cfg, where nothing reads it"
_NO_PODS = "remove it, or choose KubernetesExecutor with the executor= parameter; tasks run in no pods of their own"
_OTHER_CHART = "remove it; it belongs to another Airflow chart. Here: config.<section>.<option>, env, secret"
_USER_BEFORE = "write it to webserver.defaultUser, which this chart version reads for the create-user job"
_ONLY_EIGHT = "write it to workers.{}; of workers.kubernetes this chart version reads eight keys only"
_CELERY_ONLY = ("keda", "hpa")

MISPLACED: Final[tuple[Misplaced, ...]] = (
    # the web interface
    Misplaced(path="webserver.ingress", airflow=2, instead="give the ui= parameter (ingress.web)"),
    Misplaced(path="webserver.ingress", airflow=3, instead="give the ui= parameter (ingress.apiServer)"),
    Misplaced(path="apiServer.ingress", instead="give the ui= parameter (ingress.apiServer)"),
    Misplaced(
        path="ingress.web",
        airflow=3,
        since="1.18.0",
        instead="give the ui= parameter (ingress.apiServer with Airflow 3)",
    ),
    Misplaced(path="ingress.apiServer", airflow=2, instead="give the ui= parameter (ingress.web with Airflow 2)"),
    Misplaced(path="ingress.webserver", airflow=2, instead="give the ui= parameter (ingress.web)"),
    Misplaced(path="ingress.webserver", airflow=3, instead="give the ui= parameter (ingress.apiServer)"),
    Misplaced(
        path="ingress.*.tls",
        when=_none,
        instead="give the ui= parameter (tls stands at each host: hosts: [{name, tls: {enabled, secretName}}])",
    ),
    Misplaced(
        path="ingress.enabled",
        instead="give the ui= parameter",
        effect="then makes an Ingress without a host, which takes every host of the cluster",
    ),
    Misplaced(
        path="webserver.defaultUser",
        airflow=3,
        since="1.20.0",
        instead="give the admin= parameter (createUserJob)",
        effect="lets this outdated key take over the create-user job",
    ),
    Misplaced(
        path="webserver.*",
        airflow=3,
        since="1.18.0",
        but=(
            "defaultUser",
            "webserverConfig",
            "webserverConfigConfigMapName",
            "configMapAnnotations",
            "allowPodLogReading",
        ),
        instead="write it to apiServer, or give the api_server= or ui= parameter; Airflow 3 has no webserver",
    ),
    Misplaced(
        path="webserver.allowPodLogReading",
        airflow=3,
        since="1.18.0",
        before="1.20.0",
        instead="write it to apiServer.allowPodLogReading",
    ),
    Misplaced(
        path="apiServer",
        before="1.18.0",
        instead="write it to webserver; this chart version runs Airflow 2, which has no API server of its own",
    ),
    Misplaced(
        path="apiServer.*",
        airflow=2,
        since="1.18.0",
        instead="write it to webserver; Airflow 2 has no API server of its own",
    ),
    Misplaced(
        path="apiServer.enabled",
        airflow=3,
        since="1.20.0",
        when=_false,
        instead="remove it; no task can run without the API server",
        effect="then makes no API server and no JWT secret",
    ),
    # keys
    Misplaced(path="jwtSecretName", airflow=2, instead="remove it; only Airflow 3 has this key"),
    Misplaced(
        path="apiSecretKeySecretName", airflow=2, instead=_KEYS.format("webserverSecretKeySecretName with Airflow 2")
    ),
    Misplaced(
        path="webserverSecretKeySecretName",
        airflow=3,
        since="1.18.0",
        instead=_KEYS.format("apiSecretKeySecretName with Airflow 3"),
    ),
    *(
        Misplaced(path=path, airflow=3, since="1.18.0", instead="remove it; Airflow 3 has no webserver")
        for path in (
            "enableBuiltInSecretEnvVars.AIRFLOW__WEBSERVER__SECRET_KEY",
            "ports.airflowUI",
            "webserverSecretAnnotations",
        )
    ),
    Misplaced(path="apiServer.defaultUser", before="1.20.0", instead=_USER_BEFORE),
    Misplaced(
        path="scheduler.serviceAccount.automountServiceAccountToken",
        since="1.18.0",
        before="1.20.0",
        task_pods=True,
        instead="remove it; from chart 1.20 on it is heeded",
    ),
    *(
        Misplaced(path=f"_rpcServer.{key}", instead="remove it; this server is internal and experimental")
        for key in (
            "RPC serverConfig",
            "RPC serverConfigConfigMapName",
            "allowPodLogReading",
            "configMapAnnotations",
            "defaultUser",
            "extraNetworkPolicies",
        )
    ),
    Misplaced(
        path="triggerer.persistence.fixPermissions", instead="remove it; the triggerer's volume is left as it is"
    ),
    Misplaced(
        path="config.core.executor",
        instead="give the executor= parameter",
        effect="then runs tasks by another executor than the one all else is made for",
    ),
    # database
    Misplaced(path="externalDatabase", instead=_DATABASE),
    Misplaced(path="postgresql.externalDatabase", instead=_DATABASE),
    Misplaced(path="database", instead=_DATABASE),
    Misplaced(path="data.metadataSecret", instead=_DATABASE),
    Misplaced(path="data.metadataSecretKey", instead="remove it; the Secret's key is always called connection"),
    Misplaced(path="externalRedis", instead="name an existing Secret in data.brokerUrlSecretName"),
    # DAGs
    Misplaced(
        path="dags.gitSync.wait",
        instead="give interval= of the DAG source (dags.gitSync.period)",
        effect="lets this outdated key, in whole seconds, override period",
    ),
    Misplaced(path="dags.gitSync.interval", instead="give interval= of the DAG source (dags.gitSync.period)"),
    Misplaced(
        path="dags.gitSync.username", instead="give credentials= of the DAG source (dags.gitSync.credentialsSecret)"
    ),
    Misplaced(
        path="dags.gitSync.password", instead="give credentials= of the DAG source (dags.gitSync.credentialsSecret)"
    ),
    Misplaced(
        path="dags.gitSync.token", instead="give credentials= of the DAG source (dags.gitSync.credentialsSecret)"
    ),
    Misplaced(path="dags.gitSync.sshSecret", instead="give credentials= of the DAG source (dags.gitSync.sshKeySecret)"),
    Misplaced(path="dags.gitSync.tag", instead="give ref= of the DAG source (dags.gitSync.branch and ref)"),
    Misplaced(path="dags.gitSync.revision", instead="give ref= of the DAG source (dags.gitSync.branch and ref)"),
    Misplaced(path="gitSync", instead="give the dags= parameter (dags.gitSync)"),
    Misplaced(
        path="dagProcessor.enabled",
        airflow=3,
        since="1.18.0",
        when=_false,
        instead="remove it; Airflow 3 needs the DAG processor",
        effect="then runs nothing that reads DAG files",
    ),
    # logs
    *(
        Misplaced(path=f"logs.{option}", instead=_LOGS.format(option))
        for option in ("remote_logging", "remote_base_log_folder", "remote_log_conn_id", "encrypt_s3_logs")
    ),
    Misplaced(
        path="config.logging.remote_logging",
        when=_none,
        instead="give the logs= parameter, or write 'True' or 'False' as a text; a boolean ends the chart's render",
    ),
    Misplaced(
        path="logs.persistence.accessMode",
        instead="remove it; the chart's claim is always ReadWriteMany. For another mode give the logs= parameter a Volume",
    ),
    # users
    Misplaced(path="createUserJob.defaultUser", before="1.20.0", instead=_USER_BEFORE),
    Misplaced(
        path="createUserJob.enabled",
        before="1.20.0",
        instead="write it to webserver.defaultUser.enabled, which switches this chart version's create-user job",
    ),
    Misplaced(
        path="createUserJob.defaultUser.enabled",
        since="1.20.0",
        instead="write it to createUserJob.enabled",
        effect="accepts this key and makes the job all the same",
    ),
    # task pods and Celery workers
    Misplaced(
        path="workers.kubernetes",
        before="1.20.0",
        instead="write its keys to workers itself; this chart version has no workers.kubernetes",
    ),
    Misplaced(
        path="workers.celery",
        before="1.20.0",
        instead="write its keys to workers itself; this chart version has no workers.celery",
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
    Misplaced(path="workers.kubernetes.*", since="1.20.0", task_pods=False, instead=_NO_PODS),
    Misplaced(path="workers.kubernetes.replicas", instead="remove it; task pods come and go one by one"),
    *(
        Misplaced(path=f"workers.{key}.enabled", celery=False, when=_true, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in _CELERY_ONLY
    ),
    *(
        Misplaced(path=f"{workers}.{key}.*", celery=False, but=("enabled",), effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in _CELERY_ONLY
        for workers in ("workers", "workers.celery")
    ),
    *(
        Misplaced(path=f"{workers}.persistence.*", celery=False, local=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for workers in ("workers", "workers.celery")
    ),
    *(
        Misplaced(path=f"workers.{key}", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in ("extraPorts", "podManagementPolicy")
    ),
    *(
        Misplaced(path=f"workers.celery.{key}", since="1.20.0", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in (
            "command",
            "extraContainers",
            "extraInitContainers",
            "extraPorts",
            "extraVolumeMounts",
            "extraVolumes",
            "hostAliases",
            "kerberosInitContainer",
            "kerberosSidecar",
            "safeToEvict",
            "schedulerName",
            "serviceAccount",
        )
    ),
    *(
        Misplaced(
            path=f"workers.celery.{key}.enabled", celery=False, when=_true, effect=_NO_WORKERS, instead=_NO_CELERY
        )
        for key in _CELERY_ONLY
    ),
    *(
        Misplaced(path=f"workers.{key}", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in ("strategy", "updateStrategy")
    ),
    Misplaced(
        path="scheduler.updateStrategy",
        local=False,
        instead="write it to scheduler.strategy; the scheduler is a Deployment with this executor",
    ),
    Misplaced(
        path="workers.resources",
        since="1.20.0",
        instead="write it to workers.kubernetes.resources or workers.celery.resources, which win over it",
        effect="gives workers.kubernetes and workers.celery precedence over this outdated key",
    ),
    Misplaced(path="workers.replicas", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY),
    Misplaced(path="workers.autoscaling", instead="write it to workers.hpa, or to workers.keda"),
    *(
        Misplaced(path=f"workers.celery.{key}", since="1.20.0", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in (
            "replicas",
            "queue",
            "sets",
            "resources",
            "strategy",
            "updateStrategy",
            "nodeSelector",
            "affinity",
            "tolerations",
            "topologySpreadConstraints",
            "priorityClassName",
            "env",
            "podAnnotations",
        )
    ),
    *(Misplaced(path=f"workers.{key}", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY) for key in _CELERY_PARTS),
    *(
        Misplaced(path=f"workers.celery.{key}", since="1.20.0", celery=False, effect=_NO_WORKERS, instead=_NO_CELERY)
        for key in (*_CELERY_PARTS, "podManagementPolicy", "runtimeClassName", "terminationGracePeriodSeconds")
    ),
    Misplaced(path="data.resultBackendSecretName", celery=False, when=_filled, effect=_NO_WORKERS, instead=_NO_CELERY),
    Misplaced(path="flower.*", celery=False, but=("enabled",), effect=_NO_FLOWER, instead=_NO_CELERY),
    Misplaced(path="ingress.flower.enabled", celery=False, when=_true, effect=_NO_FLOWER, instead=_NO_CELERY),
    Misplaced(path="ingress.flower.*", celery=False, but=("enabled",), effect=_NO_FLOWER, instead=_NO_CELERY),
    *(
        Misplaced(path=path, celery=False, effect=effect, instead=_NO_CELERY)
        for path, effect in (
            ("images.flower", _NO_FLOWER),
            ("ports.flowerUI", _NO_FLOWER),
            ("images.redis", _NO_REDIS),
            ("ports.redisDB", _NO_REDIS),
            ("data.resultBackendConnectionSecretAnnotations", _NO_WORKERS),
            ("enableBuiltInSecretEnvVars.AIRFLOW__CELERY__BROKER_URL", _NO_WORKERS),
            ("enableBuiltInSecretEnvVars.AIRFLOW__CELERY__RESULT_BACKEND", _NO_WORKERS),
        )
    ),
    Misplaced(path="ports.workerLogs", celery=False, local=False, effect=_NO_WORKERS, instead=_NO_CELERY),
    Misplaced(path="redis.*", celery=False, but=("enabled",), effect=_NO_REDIS, instead=_NO_CELERY),
    Misplaced(path="podTemplate", task_pods=False, when=_filled, instead=_NO_PODS),
    Misplaced(path="flower.enabled", celery=False, when=_true, effect=_NO_WORKERS, instead=_NO_CELERY),
    Misplaced(
        path="redis.enabled",
        celery=False,
        when=_true,
        effect="starts no Redis with this executor, and still makes a Secret for it",
        instead="write false; Redis carries Celery's queue only",
    ),
    Misplaced(
        path="cleanup.containerLifecycleHooks",
        before="1.22.0",
        instead="remove it; from chart 1.22 on the clean-up job reads it",
    ),
    # metrics
    Misplaced(
        path="statsd.prometheus",
        instead="remove it; the exporter serves Prometheus on port 9102 as soon as statsd.enabled",
    ),
    Misplaced(path="statsd.serviceMonitor", instead=_NO_MONITOR),
    Misplaced(path="serviceMonitor", instead=_NO_MONITOR),
    Misplaced(path="prometheus", instead=_NO_MONITOR),
    Misplaced(path="metrics", instead="write its options to config.metrics, or use statsd"),
    Misplaced(
        path="config.metrics.statsd",
        instead="write the single options statsd_on, statsd_host, statsd_port, statsd_prefix to config.metrics",
        when=_none,
    ),
    # names of other charts, and slips
    *(
        Misplaced(path=name, instead="give the executor= parameter (executor)")
        for name in ("executer", "excutor", "executors")
    ),
    *(
        Misplaced(path=name, instead=_OTHER_CHART)
        for name in ("airflow", "web", "sync", "auth", "git", "externalRabbitmq")
    ),
    Misplaced(path="extraObjects", instead=_OWN_OBJECTS),
    Misplaced(path="extraDeploy", instead=_OWN_OBJECTS),
    Misplaced(path="extraManifests", instead=_OWN_OBJECTS),
    Misplaced(path="config.extraObjects", when=_none, instead=_OWN_OBJECTS),
    *(
        Misplaced(path=name, instead=f"write it to config.{name}")
        for name in ("kubernetes_executor", "core", "logging", "celery", "api", "secrets")
    ),
    Misplaced(
        path="scheduler.scheduler_heartbeat_sec",
        instead="write it to config.scheduler.scheduler_heartbeat_sec",
    ),
    Misplaced(path="imagePullSecrets", before="1.20.0", instead="write registry: {secretName: <name>}"),
    Misplaced(
        path="image",
        instead="write defaultAirflowRepository and defaultAirflowTag, with the airflow_version= parameter",
    ),
    Misplaced(path="images.airflow.image", instead="write images.airflow.repository and images.airflow.tag"),
    Misplaced(path="replicas", instead="give replicas to a component, such as the scheduler= parameter"),
    Misplaced(path="resources", instead="give resources to a component, such as the scheduler= parameter"),
    Misplaced(path="securityContexts.container", instead="write it to securityContexts.containers; here it has an s"),
    Misplaced(path="*.securityContexts.containers", instead="write it to container; below a component it has no s"),
    Misplaced(path="serviceAccount", instead="write it to a component, such as scheduler.serviceAccount"),
    Misplaced(
        path="ingress.hosts", instead="give the ui= parameter (hosts stand below ingress.web or ingress.apiServer)"
    ),
    Misplaced(
        path="ingress.annotations", instead="give the ui= parameter (they stand below ingress.web or ingress.apiServer)"
    ),
    Misplaced(
        path="config.kubernetes",
        effect=_OLD_SECTION,
        instead="write it to config.kubernetes_executor; the old section loses to it",
    ),
    Misplaced(
        path="config.core.dag_concurrency",
        airflow=3,
        effect=_OLD_SECTION,
        instead="write it to config.core.max_active_tasks_per_dag",
    ),
    *(
        Misplaced(
            path=f"enableBuiltInSecretEnvVars.{name}", since="1.20.0", instead=f"write {new}; the old name is gone"
        )
        for name, new in (
            ("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"),
            ("AIRFLOW__CELERY__CELERY_RESULT_BACKEND", "AIRFLOW__CELERY__RESULT_BACKEND"),
            ("AIRFLOW__ELASTICSEARCH__ELASTICSEARCH_HOST", "AIRFLOW__ELASTICSEARCH__HOST"),
        )
    ),
)
"""Every reviewed entry; the first that covers a place answers for it."""
