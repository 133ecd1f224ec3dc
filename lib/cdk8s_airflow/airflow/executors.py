"""How tasks are run."""

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
        "is not the name of a queue",
        "use letters, digits, dashes, dots and underscores",
        "executors/queue",
    ),
]

TASK_POD = Resources(cpu="250m", memory="512Mi", memory_limit="1Gi")
"""Of a task's container where nothing else is said."""


@frozen
class KubernetesExecutor:
    """Every task runs in a pod of its own, made for it and deleted after it.

    Attributes:
        task_resources: of a task's container, unless the task says otherwise with ``executor_config``. Default: 250m CPU,
            512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = "KubernetesExecutor()"
    name: ClassVar[str] = "KubernetesExecutor"

    task_resources: Resources = TASK_POD


@frozen
class LocalExecutor:
    """Tasks run as processes in the scheduler's pods. For small installations: give :class:`Scheduler` the resources for them.

    The scheduler keeps no volume of its own, where the chart would give it one of 100Gi.
    """

    how_to_write: ClassVar[str] = "LocalExecutor()"
    name: ClassVar[str] = "LocalExecutor"


@frozen
class RedisBroker(ComponentPod):
    """The chart's own Redis as Celery's broker: one pod.

    What waits in it is known to the database too, so losing it delays tasks and loses none.

    Attributes:
        password: the Secret with its password.
        url: the Secret with its URL, ``redis://:PASSWORD@<release>-redis:6379/0``. The chart would make both up at random.
        storage: a volume for what waits. A claim made from it can never be changed by an upgrade. Default: none; a new pod
            starts empty.
        resources: of its container. Default: 50m CPU, 128Mi memory, at most 256Mi.
        grace_period: how long it may take to end before it is killed. Default: the chart's 10 minutes. Chart 1.15 has no such
            key.
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
    """A broker that exists: Redis, Valkey or RabbitMQ.

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
            problem="is not heeded: each pod has a volume of its own, which the chart always makes ReadWriteOnce",
            seen="ReadWriteMany",
            fix="leave access_mode= out",
        )


@frozen
class CeleryWorkers(Replicated):
    """Celery's workers, which run tasks as processes of their own and stay.

    Attributes:
        queues: the queues they take tasks from. Default: ``default``.
        resources: of each. Default: 500m CPU, 2Gi memory, at most 3Gi; 16 tasks at a time share them.
        grace_period: how long one may go on with its tasks when it is to end. Default: the chart's 10 minutes.
        storage: a volume for each worker's log files, which outlives its pod. A claim made from it can never be changed by an
            upgrade. Default: none; the logs go where ``logs=`` says.
        log_groomer: what deletes old log files, or None for nothing. Charts before 1.22 have it only with ``storage``.
        scaling: an autoscaler instead of ``replicas``: :class:`Keda` by the tasks that wait, or :class:`Hpa` by CPU.
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
                problem="is empty, so that the workers would get no task",
                seen=repr(self.queues),
                fix='name one, like "default"',
            )


@frozen
class WorkerSet(CeleryWorkers):
    """Further Celery workers, with queues, resources and nodes of their own. From chart 1.20 on.

    Attributes:
        name: what tells them apart; part of the names of their objects.
    """

    how_to_write: ClassVar[str] = 'WorkerSet(name="gpu", queues=["gpu"])'

    name: Label


Broker = RedisBroker | ExternalBroker
"""The message broker of Celery: Redis by the chart, or another that exists."""


def _celery_rules(workers: CeleryWorkers, sets: Sequence[WorkerSet]) -> Iterator[Finding]:
    names = [each.name for each in sets]
    for index, name in enumerate(names):
        if name == "default" or name in names[:index]:
            yield Finding(
                rule="executors/sets",
                at=f"sets[{index}].name",
                problem="is the name of other workers",
                seen=repr(name),
                fix="choose another name",
            )
    if isinstance(workers, WorkerSet):
        yield Finding(
            rule="executors/sets",
            at="workers",
            problem="is a set beside the workers, not the workers themselves",
            fix="give CeleryWorkers(...), and the set in sets=",
        )


@frozen
class CeleryExecutor:
    """Tasks run in workers that stay, and get them through a broker.

    Attributes:
        broker: what carries tasks to the workers: :class:`RedisBroker` or :class:`ExternalBroker`.
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
    """Tasks run in Celery's workers, those of the queue ``kubernetes`` in pods of their own. Only with Airflow 2.

    Attributes:
        task_resources: of the container of a task that runs in a pod. Charts before 1.20 have one key for it and for the
            workers, and the workers' count. Default: 250m CPU, 512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = (
        'CeleryKubernetesExecutor(broker=ExternalBroker(url=BrokerUrlSecret("airflow-broker-url")))'
    )
    name: ClassVar[str] = "CeleryKubernetesExecutor"

    task_resources: Resources = TASK_POD


@frozen(kw_only=False, init=False)
class MultipleExecutors:
    """Several executors at once; a task names the one it wants. From chart 1.18 and Airflow 2.10 on.

    Args:
        executors: the executors, one of each kind. The first runs tasks that name none.
    """

    how_to_write: ClassVar[str] = "MultipleExecutors(LocalExecutor(), KubernetesExecutor())"

    executors: tuple[LocalExecutor | CeleryExecutor | KubernetesExecutor, ...]

    def __init__(self, *executors: LocalExecutor | CeleryExecutor | KubernetesExecutor) -> None:
        object.__setattr__(self, "executors", executors)

    @property
    def name(self) -> str:
        """Their names, as Airflow and the chart take them."""
        return ",".join(each.name for each in self.executors)

    def _rules(self) -> Iterator[Finding]:
        if len(self.executors) < 2:
            yield Finding(
                rule="executors/several",
                at="executors",
                problem="are fewer than two",
                seen=repr(len(self.executors)),
                fix="give the one executor itself, or two",
            )
        names = [each.name for each in self.executors]
        for index, each in enumerate(self.executors):
            if isinstance(each, CeleryKubernetesExecutor) or names[index] in names[:index]:
                yield Finding(
                    rule="executors/several",
                    at=f"executors[{index}]",
                    problem="is two executors itself, or the second of its kind",
                    seen=names[index],
                    fix="give CeleryExecutor(...) and KubernetesExecutor() once each",
                )


Executor = KubernetesExecutor | LocalExecutor | CeleryExecutor | CeleryKubernetesExecutor | MultipleExecutors
"""Any way to run tasks."""


def celery_of(executor: Executor) -> CeleryExecutor | None:
    """The part of an executor that has Celery's workers and broker."""
    several = executor.executors if isinstance(executor, MultipleExecutors) else (executor,)
    return next((each for each in several if isinstance(each, CeleryExecutor)), None)


def task_resources_of(executor: Executor) -> Resources | None:
    """What a task's own pod is given, if there are such pods."""
    several = executor.executors if isinstance(executor, MultipleExecutors) else (executor,)
    return next(
        (each.task_resources for each in several if isinstance(each, KubernetesExecutor | CeleryKubernetesExecutor)),
        None,
    )
