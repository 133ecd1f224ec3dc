"""Executors: where and how tasks run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

from cdk8s_airflow.airflow.components import Replicated
from cdk8s_airflow.airflow.pod_settings import ComponentPod, LogGroomer
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.scaling import Hpa, Keda
from cdk8s_airflow.model.secret_reference import BrokerUrlSecret, RedisPasswordSecret, ResultBackendSecret
from cdk8s_airflow.model.volume import Volume
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Count, Duration, Label, Must
from cdk8s_airflow.validation.frozen import frozen

_Queue = Annotated[
    str,
    Must(
        lambda text: bool(text) and all(letter.isalnum() or letter in "-_." for letter in text),
        "must be the name of a queue",
        "use letters, digits, dashes, dots and underscores",
        "executors/queue",
    ),
]

TASK_POD = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")
"""Default requests and limits of a task's container."""


@frozen
class KubernetesExecutor:
    """Runs every task in its own pod, which is created for the task and deleted after it.

    Attributes:
        task_resources: requests and limits of a task's container, unless the task sets others in ``executor_config``. Default:
            250m CPU, 512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = "KubernetesExecutor()"
    name: ClassVar[str] = "KubernetesExecutor"

    task_resources: Resources = TASK_POD


@frozen
class LocalExecutor:
    """Runs tasks as processes in the scheduler's pods. For small installations: add the tasks' resources to :class:`Scheduler`.

    The scheduler has no volume; by default, the chart would create one of 100Gi.
    """

    how_to_write: ClassVar[str] = "LocalExecutor()"
    name: ClassVar[str] = "LocalExecutor"


@frozen
class RedisBroker(ComponentPod):
    """The chart's own Redis as Celery's broker: one pod.

    The database also stores every waiting task, so if Redis loses its data, tasks are delayed but not lost.

    Attributes:
        password: the Secret with its password.
        url: the Secret with its URL, ``redis://:PASSWORD@<release>-redis:6379/0``. Both Secrets are required, because the chart
            would otherwise generate random ones.
        storage: a volume for waiting tasks. An upgrade cannot change its claim. Default: None; a new pod starts empty.
        resources: requests and limits of its container. Default: 50m CPU, 128Mi memory, at most 256Mi.
        grace_period: how long the pod may take to stop before it is killed. Default: the chart's 10 minutes. Chart 1.15
            has no such key.
    """

    how_to_write: ClassVar[str] = (
        'RedisBroker(password=RedisPasswordSecret("airflow-redis-password"), url=BrokerUrlSecret("airflow-broker-url"))'
    )

    names_a_secret: ClassVar[bool] = True

    password: RedisPasswordSecret
    url: BrokerUrlSecret
    storage: Volume | None = None
    resources: Resources = Resources(cpu="50m", memory="128Mi", memory_limit="256Mi")
    grace_period: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from ComponentPod._rules(self)
        yield from _one_pod(self.storage)


@frozen
class ExternalBroker:
    """An existing broker: Redis, Valkey or RabbitMQ.

    Attributes:
        url: the Secret with its URL.
    """

    how_to_write: ClassVar[str] = 'ExternalBroker(url=BrokerUrlSecret("airflow-broker-url"))'
    names_a_secret: ClassVar[bool] = True

    url: BrokerUrlSecret


def _one_pod(storage: Volume | None) -> Iterator[Finding]:
    if storage is not None and storage.access_mode == "ReadWriteMany":
        yield Finding(
            rule="executors/storage",
            at="storage.access_mode",
            problem="is ignored: each pod has its own volume, which the chart always creates with ReadWriteOnce",
            seen="ReadWriteMany",
            fix="remove access_mode=",
        )


@frozen
class CeleryWorkers(Replicated):
    """Celery workers: long-running pods that run tasks as processes.

    Attributes:
        queues: the queues from which the workers take tasks. Default: ``default``.
        resources: requests and limits of each worker. Default: 500m CPU, 2Gi memory, at most 3Gi; up to 16 tasks share them.
        grace_period: how long a worker may finish its tasks before it is killed. Default: the chart's 10 minutes.
        storage: a volume for each worker's log files, which is kept when the pod is deleted. An upgrade cannot change its
            claim. Default: None; logs are stored as ``logs=`` sets.
        log_groomer: the sidecar that deletes old log files, or None to disable it. Charts before 1.22 have it only with
            ``storage``.
        scaling: an autoscaler instead of ``replicas``: :class:`Keda` by the number of waiting tasks, or :class:`Hpa` by CPU.
    """

    how_to_write: ClassVar[str] = "CeleryWorkers(replicas=2)"

    queues: Sequence[_Queue] = ("default",)
    resources: Resources = Resources(cpu="500m", memory="2Gi", memory_limit="3Gi")
    grace_period: Duration | None = None
    storage: Volume | None = None
    log_groomer: LogGroomer | None = LogGroomer()
    scaling: Keda | Hpa | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from Replicated._rules(self)
        yield from _one_pod(self.storage)
        if not self.queues:
            yield Finding(
                rule="executors/queue",
                at="queues",
                problem="is empty, so the workers would get no task",
                seen=repr(self.queues),
                fix='set at least one queue, like "default"',
            )


@frozen
class WorkerSet(CeleryWorkers):
    """An additional set of Celery workers, with its own queues, resources and nodes. From chart 1.20 on.

    Attributes:
        name: the name of the set, which is part of the names of its objects.
    """

    how_to_write: ClassVar[str] = 'WorkerSet(name="gpu", queues=["gpu"])'

    name: Label


Broker = RedisBroker | ExternalBroker
"""The message broker of Celery: the Redis of the chart, or an external broker."""


def _celery_rules(workers: CeleryWorkers, sets: Sequence[WorkerSet]) -> Iterator[Finding]:
    names = [each.name for each in sets]
    for index, name in enumerate(names):
        if name == "default" or name in names[:index]:
            yield Finding(
                rule="executors/sets",
                at=f"sets[{index}].name",
                problem="is already the name of other workers",
                seen=repr(name),
                fix="use another name",
            )
    if isinstance(workers, WorkerSet):
        yield Finding(
            rule="executors/sets",
            at="workers",
            problem="must be CeleryWorkers; a WorkerSet is an additional set",
            fix="pass CeleryWorkers(...), and the set in sets=",
        )


@frozen
class CeleryExecutor:
    """Runs tasks in long-running workers, which receive them through a broker.

    Attributes:
        broker: the message broker: :class:`RedisBroker` or :class:`ExternalBroker`.
        workers: the workers.
        sets: additional sets of workers. Default: none.
        concurrency: how many tasks one worker runs at a time. Default: 16.
        result_backend: the Secret with the URL of another database for Celery's results. Default: the metadata database.
    """

    how_to_write: ClassVar[str] = (
        'CeleryExecutor(broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url")), workers=CeleryWorkers(replicas=2))'
    )
    name: ClassVar[str] = "CeleryExecutor"

    broker: Broker
    workers: CeleryWorkers = CeleryWorkers()
    sets: Sequence[WorkerSet] = ()
    concurrency: Count | None = None
    result_backend: ResultBackendSecret | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from _celery_rules(self.workers, self.sets)


@frozen
class CeleryKubernetesExecutor(CeleryExecutor):
    """Runs tasks in Celery workers, and tasks of the queue ``kubernetes`` in their own pods. Only with Airflow 2.

    Attributes:
        task_resources: requests and limits of the container of a task that runs in a pod. Charts before 1.20 have one key for
            tasks and workers, and use the workers' value. Default: 250m CPU, 512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = (
        'CeleryKubernetesExecutor(broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url")))'
    )
    name: ClassVar[str] = "CeleryKubernetesExecutor"

    task_resources: Resources = TASK_POD


@frozen(kw_only=False, init=False)
class MultipleExecutors:
    """Several executors at once; a task can select one. From chart 1.18 and Airflow 2.10 on.

    Args:
        executors: the executors, one of each kind. The first runs tasks that select none.
    """

    how_to_write: ClassVar[str] = "MultipleExecutors(LocalExecutor(), KubernetesExecutor())"

    executors: tuple[LocalExecutor | CeleryExecutor | KubernetesExecutor, ...]

    def __init__(self, *executors: LocalExecutor | CeleryExecutor | KubernetesExecutor) -> None:
        object.__setattr__(self, "executors", executors)

    @property
    def name(self) -> str:
        """The names of the executors, in the form of Airflow and the chart."""
        return ",".join(each.name for each in self.executors)

    def _rules(self) -> Iterator[Finding]:
        if len(self.executors) < 2:
            yield Finding(
                rule="executors/several",
                at="executors",
                problem="must have at least two executors",
                seen=repr(len(self.executors)),
                fix="pass the single executor directly, or add another",
            )
        names = [each.name for each in self.executors]
        for index, each in enumerate(self.executors):
            if isinstance(each, CeleryKubernetesExecutor) or names[index] in names[:index]:
                yield Finding(
                    rule="executors/several",
                    at=f"executors[{index}]",
                    problem="is itself a combination of executors, or the second of its kind",
                    seen=names[index],
                    fix="pass CeleryExecutor(...) and KubernetesExecutor() once each",
                )


Executor = KubernetesExecutor | LocalExecutor | CeleryExecutor | CeleryKubernetesExecutor | MultipleExecutors
"""Any executor."""


def celery_of(executor: Executor) -> CeleryExecutor | None:
    """The part of an executor with the Celery workers and broker."""
    several = executor.executors if isinstance(executor, MultipleExecutors) else (executor,)
    return next((each for each in several if isinstance(each, CeleryExecutor)), None)


def task_resources_of(executor: Executor) -> Resources | None:
    """Requests and limits of a task's own pod, if the executor runs tasks in pods."""
    several = executor.executors if isinstance(executor, MultipleExecutors) else (executor,)
    return next(
        (each.task_resources for each in several if isinstance(each, KubernetesExecutor | CeleryKubernetesExecutor)),
        None,
    )
