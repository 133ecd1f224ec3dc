"""The components of a release, one class each, holding only what that component has.

The chart asks for no CPU or memory on any container; every class here does. The figures are for a small installation;
a busy one raises them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cdk8s_airflow.checks.constraints import Count, Duration
from cdk8s_airflow.scheduling.resources import Resources

LOG_GROOMER = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")
"""Of the container beside a component that deletes old log files."""


@dataclass(frozen=True, kw_only=True)
class Scheduler:
    """The scheduler.

    Attributes:
        replicas: how many run at once. From two on they get a disruption budget and prefer different nodes; the database
            keeps them apart. Default: 1.
        resources: of each. Default: 250m CPU, 768Mi memory, at most 2Gi, and no CPU limit, because a slowed scheduler is
            late with its heartbeat and gets tasks killed.
        startup_tolerance: how long one may take to come up before it is restarted. Default: ``"5m"``; the chart's minute is
            too short for a slow node.
    """

    how_to_write: ClassVar[str] = "Scheduler(replicas=2)"

    replicas: Count = 1
    resources: Resources = Resources(cpu="250m", memory="768Mi", memory_limit="2Gi")
    startup_tolerance: Duration = "5m"


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """The server of the UI and the API: Airflow 3's API server, Airflow 2's webserver.

    Attributes:
        replicas: how many run at once. From two on they get a disruption budget and prefer different nodes. Default: 1.
        resources: of each. Default: 250m CPU, 1Gi memory, at most 2Gi.
        startup_tolerance: how long one may take to come up before it is restarted. Default: ``"5m"``.
    """

    how_to_write: ClassVar[str] = "ApiServer(replicas=2)"

    replicas: Count = 1
    resources: Resources = Resources(cpu="250m", memory="1Gi", memory_limit="2Gi")
    startup_tolerance: Duration = "5m"


@dataclass(frozen=True, kw_only=True)
class Triggerer:
    """The triggerer, which waits on behalf of deferred tasks.

    It keeps no volume of its own: a volume claim template could never be changed by an upgrade.

    Attributes:
        replicas: how many run at once. From two on they get a disruption budget and prefer different nodes. Default: 1.
        resources: of each. Default: 100m CPU, 512Mi memory, at most 1Gi, and no CPU limit.
    """

    how_to_write: ClassVar[str] = "Triggerer(replicas=2)"

    replicas: Count = 1
    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")


@dataclass(frozen=True, kw_only=True)
class DagProcessor:
    """The DAG processor, which reads DAG files apart from the scheduler. Airflow 3 always has one; Airflow 2 when asked.

    Attributes:
        replicas: how many run at once. From two on they get a disruption budget and prefer different nodes. Default: 1.
        resources: of each. Default: 100m CPU, 512Mi memory, at most 1536Mi.
    """

    how_to_write: ClassVar[str] = "DagProcessor(replicas=2)"

    replicas: Count = 1
    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1536Mi")


@dataclass(frozen=True, kw_only=True)
class Statsd:
    """The StatsD exporter: components send it metrics, Prometheus scrapes them from it.

    Attributes:
        resources: of its one pod. Default: 10m CPU, 64Mi memory, at most 128Mi.
    """

    how_to_write: ClassVar[str] = "Statsd()"

    resources: Resources = Resources(cpu="10m", memory="64Mi", memory_limit="128Mi")


@dataclass(frozen=True, kw_only=True)
class Migration:
    """The Job that migrates the database at each install and upgrade.

    It first waits until every Secret the release reads is there, naming those that are missing, then until the database
    answers. Together that takes at most four fifths of the delivery's timeout.

    Attributes:
        resources: of its containers. Default: 100m CPU, 512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = "Migration()"

    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
