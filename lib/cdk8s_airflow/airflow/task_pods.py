"""The pods in which KubernetesExecutor runs tasks: one by default, and others that a task asks for by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, ClassVar

from cdk8s_airflow.airflow.pod_settings import AirflowPod
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ExistingConfigMap, ExistingSecret
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, Label, ObjectName, at_least
from cdk8s_airflow.validation.frozen import frozen

TEMPLATES_FOLDER = "/opt/airflow/pod_templates/named"
"""Where the scheduler has the named templates: ``<name>.yaml`` in here."""


@frozen
class TaskPod(AirflowPod):
    """The pod of a task.

    What the release says of all pods (DAG files, ``env=``, connections, proxy, authorities, logs, pull Secret) it has anyway. A
    variable that is given here too wins over that of the release.

    Attributes:
        resources: of the task's container. Default: what the executor's ``task_resources`` says.
        gpus: how many GPUs. Default: none.
        gpu_resource: what the cluster calls them. Default: ``nvidia.com/gpu``.
        image: an image of its own; it has to hold the same version of Airflow, and is pulled like the release's. Default: that
            of the release.
        service_account: the name of a service account that exists. Default: the one that all task pods share.
        env_from: Secrets and ConfigMaps each of whose keys becomes a variable. Default: none.
        grace_period: how long a task may take to end when its pod is deleted. Default: the chart's 10 minutes.
    """

    how_to_write: ClassVar[str] = 'TaskPod(resources=Resources(cpu="2", memory="8Gi"), gpus=1)'

    resources: Resources | None = None
    gpus: Annotated[int, at_least(0)] = 0
    gpu_resource: AnnotationKey = "nvidia.com/gpu"
    image: Image | None = None
    service_account: ObjectName | None = None
    env_from: Sequence[ExistingSecret | ExistingConfigMap] = ()
    grace_period: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        if "/" not in self.gpu_resource:
            yield Finding(
                rule="tasks/gpu",
                at="gpu_resource",
                problem="is not how a device plugin calls its devices, which have a domain before the name",
                seen=repr(self.gpu_resource),
                fix='write it like "nvidia.com/gpu" or "amd.com/gpu"',
            )


@frozen
class TaskPods:
    """All kinds of pods for tasks. Only with KubernetesExecutor, alone or together with another executor.

    A task asks for a named one with ``executor_config={"pod_template_file": "/opt/airflow/pod_templates/named/<name>.yaml"}``.

    With Airflow 3 a task talks to the API server and needs neither the metadata database nor any key of Airflow, so its pod has
    none of them. With Airflow 2 every task needs them, and has them whatever is said here.

    Attributes:
        default: the pod of a task that asks for none.
        templates: name -> pod. Each says all that is its own; it takes nothing from ``default`` but the resources.
        metadata_database: whether task pods of Airflow 3 get the URL of the metadata database and the fernet key, for DAGs
            that still read the database themselves. Such a task can read and change everything in it.
        fernet_key: whether task pods of Airflow 3 get the fernet key. Airflow needs it in tasks only to pass tables of Delta Lake
            and Iceberg, whose credentials it encrypts, from task to task. Connections come decrypted from the API server.
        complete_started_pods: whether pods that tasks start, such as those of KubernetesPodOperator, get what the namespace
            requires and the DAG does not state: the security context of the Pod Security Standard ``restricted``, and requests
            and limits where the namespace has a quota. It becomes a ``pod_mutation_hook`` in ``airflowLocalSettings``. Default:
            True.
    """

    how_to_write: ClassVar[str] = 'TaskPods(templates={"gpu": TaskPod(gpus=1)})'

    default: TaskPod = TaskPod()
    templates: Mapping[Label, TaskPod] = field(default_factory=dict)
    metadata_database: bool = False
    fernet_key: bool = False
    complete_started_pods: bool = True
