"""The pods in which KubernetesExecutor runs tasks: a default one, and named ones that a task selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, ClassVar

from cdk8s_airflow.airflow.pod_settings import AirflowPod
from cdk8s_airflow.model.image import Image
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ExistingConfigMap, ExistingSecret, OptionalSource
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Duration, Label, ObjectName, at_least
from cdk8s_airflow.validation.frozen import frozen

TEMPLATES_FOLDER = "/opt/airflow/pod_templates/named"
"""The folder of the scheduler with the named templates, one ``<name>.yaml`` each."""


@frozen
class TaskPod(AirflowPod):
    """The pod of a task.

    Settings of the release for all pods apply to it too: DAG files, ``env=``, connections, proxy, CA certificates, logs, pull
    Secret. A variable that is set here overrides that of the release.

    Attributes:
        resources: requests and limits of the task's container. Default: ``task_resources`` of the executor.
        gpus: the number of GPUs. Default: none.
        gpu_resource: the resource name of the GPUs. Default: ``nvidia.com/gpu``.
        image: an image with the same version of Airflow as the release. It is pulled with the same mirror and pull Secret.
            Default: the image of the release.
        service_account: the name of an existing service account. Default: the one that all task pods share.
        env_from: Secrets and ConfigMaps. Each of their keys becomes an environment variable. Default: none.
        grace_period: how long a task may take to stop when its pod is deleted. Default: the chart's 10 minutes.
    """

    how_to_write: ClassVar[str] = 'TaskPod(resources=Resources(cpu="2", memory="8Gi"), gpus=1)'

    resources: Resources | None = None
    gpus: Annotated[int, at_least(0)] = 0
    gpu_resource: AnnotationKey = "nvidia.com/gpu"
    image: Image | None = None
    service_account: ObjectName | None = None
    env_from: Sequence[ExistingSecret | ExistingConfigMap | OptionalSource] = ()
    grace_period: Duration | None = None

    def _rules(self) -> Iterator[Finding]:
        yield from AirflowPod._rules(self)
        if "/" not in self.gpu_resource:
            yield Finding(
                rule="tasks/gpu",
                at="gpu_resource",
                problem="must be the name of a device plugin's resource, with a domain before the slash",
                seen=repr(self.gpu_resource),
                fix='use a name like "nvidia.com/gpu" or "amd.com/gpu"',
            )


@frozen
class TaskPods:
    """The default pod of tasks and named ones. Only with KubernetesExecutor, alone or together with another executor.

    A task selects a named one with ``executor_config={"pod_template_file": "/opt/airflow/pod_templates/named/<name>.yaml"}``.

    A task of Airflow 3 connects to the API server and needs neither the metadata database nor any key of Airflow, so its pod
    does not get them. Every task of Airflow 2 needs them and gets them, regardless of these settings.

    Attributes:
        default: the pod of a task that selects no other.
        templates: name -> pod. Each is complete: it inherits only the resources of ``default``, no other setting.
        metadata_database: whether task pods of Airflow 3 get the URL of the metadata database and the fernet key, for DAGs
            that still read the database directly. Such a task can read and change everything in it. Default: False.
        fernet_key: whether task pods of Airflow 3 get the fernet key. Airflow needs it in tasks only to pass tables of Delta Lake
            and Iceberg, whose credentials it encrypts, between tasks. The API server sends connections decrypted. Default: False.
        complete_started_pods: whether pods that tasks start, such as those of KubernetesPodOperator, get what the namespace
            requires and the DAG does not set. That is the security context of the Pod Security Standard ``restricted``, and
            requests and limits if the namespace has a quota. It becomes a ``pod_mutation_hook`` in ``airflowLocalSettings``. Default:
            True.
    """

    how_to_write: ClassVar[str] = 'TaskPods(templates={"gpu": TaskPod(gpus=1)})'

    default: TaskPod = TaskPod()
    templates: Mapping[Label, TaskPod] = field(default_factory=dict)
    metadata_database: bool = False
    fernet_key: bool = False
    complete_started_pods: bool = True
