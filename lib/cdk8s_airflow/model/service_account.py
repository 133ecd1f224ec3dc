"""As whom the components of a release speak to Kubernetes, and to the cloud it runs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Annotated, ClassVar

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import AnnotationKey, Must, ObjectName
from cdk8s_airflow.validation.frozen import frozen

_PlainText = Annotated[
    str,
    Must(
        lambda text: "{{" not in text,
        "holds {{, which some versions of the chart take for a template of their own",
        "write it without",
        "components/template",
    ),
]


@frozen
class ServiceAccount:
    """A service account that the release makes for a component.

    Attributes:
        annotations: its annotations; by these clouds know whom it stands for, like ``eks.amazonaws.com/role-arn``,
            ``iam.gke.io/gcp-service-account`` or ``azure.workload.identity/client-id``. Azure wants the label
            ``azure.workload.identity/use: "true"`` on the pods too: ``labels=`` of the component or :class:`TaskPod`. Default: none.
        name: its name. Default: the chart's, ``<release>-<component>``.
    """

    how_to_write: ClassVar[str] = (
        'ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow"})'
    )

    annotations: Mapping[AnnotationKey, _PlainText] = field(default_factory=dict)
    name: ObjectName | None = None


@frozen(kw_only=False)
class ExistingServiceAccount:
    """A service account that exists in the release's namespace. Whether pods get its token, it says itself.

    Args:
        name: its name.
    """

    how_to_write: ClassVar[str] = 'ExistingServiceAccount("airflow-tasks")'

    name: ObjectName


ComponentServiceAccount = ServiceAccount | ExistingServiceAccount
"""The service account of a component: one that the platform creates, or one that exists."""


@frozen
class ServiceAccounts:
    """The service accounts of a release's components.

    Only components that ask the API of Kubernetes anything get a token for it: the scheduler and the pods of tasks, which start
    pods, the triggerer, which watches them, and the server of the UI, which reads their logs.

    Attributes:
        scheduler: of the scheduler.
        api_server: of the server of the UI and API.
        triggerer: of the triggerer.
        dag_processor: of the DAG processor.
        workers: of the pods of tasks and of Celery's workers, which share one.
        migration: of the Job that migrates the database.
    """

    how_to_write: ClassVar[str] = (
        'ServiceAccounts(workers=ServiceAccount(annotations={"iam.gke.io/gcp-service-account": "airflow@lab.iam.gserviceaccount.com"}))'
    )

    scheduler: ComponentServiceAccount = ServiceAccount()
    api_server: ComponentServiceAccount = ServiceAccount()
    triggerer: ComponentServiceAccount = ServiceAccount()
    dag_processor: ComponentServiceAccount = ServiceAccount()
    workers: ComponentServiceAccount = ServiceAccount()
    migration: ComponentServiceAccount = ServiceAccount()

    def _rules(self) -> Iterator[Finding]:
        made: dict[str, str] = {}
        for part in PARTS:
            given = getattr(self, part)
            if not isinstance(given, ServiceAccount) or given.name is None:
                continue
            if given.name in made:
                yield Finding(
                    rule="accounts/shared",
                    at=f"{part}.name",
                    problem=f"is the name of the one for {made[given.name]} too, and the release makes each once",
                    seen=repr(given.name),
                    fix="choose another name, or make the account yourself and give ExistingServiceAccount",
                )
            made.setdefault(given.name, part)


PARTS: tuple[str, ...] = ("scheduler", "api_server", "triggerer", "dag_processor", "workers", "migration")
"""The fields of :class:`ServiceAccounts`."""
