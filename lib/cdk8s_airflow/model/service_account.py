"""Service accounts of the components of a release."""

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
        "must not contain {{, which some chart versions evaluate as a template",
        "Remove {{ from the value",
        "components/template",
    ),
]


@frozen
class ServiceAccount:
    """A service account that the chart creates for a component.

    Attributes:
        annotations: its annotations. Clouds use them to assign an identity: ``eks.amazonaws.com/role-arn``,
            ``iam.gke.io/gcp-service-account`` or ``azure.workload.identity/client-id``. Azure also requires the label
            ``azure.workload.identity/use: "true"`` on the pods: set ``labels=`` of the component or of
                :class:`TaskPod`. Chart
            key ``<component>.serviceAccount.annotations``. Default: empty.
        name: its name. Chart key ``<component>.serviceAccount.name``. Default: None, the chart's default,
            ``<release>-<component>``.
    """

    how_to_write: ClassVar[str] = (
        'ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow"})'
    )

    annotations: Mapping[AnnotationKey, _PlainText] = field(default_factory=dict)
    name: ObjectName | None = None


@frozen(kw_only=False)
class ExistingServiceAccount:
    """An existing service account in the namespace of the release. The account itself determines whether pods get its
    token.

    Args:
        name: its name. Chart key ``<component>.serviceAccount.name``, with ``create: false``.
    """

    how_to_write: ClassVar[str] = 'ExistingServiceAccount("airflow-tasks")'

    name: ObjectName


ComponentServiceAccount = ServiceAccount | ExistingServiceAccount
"""The service account of a component: one that the platform creates, or one that exists."""


@frozen
class ServiceAccounts:
    """The service accounts of the components of a release.

    Only components that call the Kubernetes API get a token: the scheduler and task pods, which create pods; the
    triggerer, which watches them; and the API server or webserver, which reads their logs.

    Attributes:
        scheduler: the account of the scheduler. Default: created by the chart.
        api_server: the account of the API server (Airflow 3) or webserver (Airflow 2). Default: created by the chart.
        triggerer: the account of the triggerer. Default: created by the chart.
        dag_processor: the account of the DAG processor. Default: created by the chart.
        workers: the account that task pods and Celery workers share. Default: created by the chart.
        migration: the account of the database migration Job. Default: created by the chart.
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
                    problem=f"must be unique, but {made[given.name]} has the same name",
                    seen=repr(given.name),
                    fix="Use another name, or create the account yourself and pass ExistingServiceAccount",
                )
            made.setdefault(given.name, part)


PARTS: tuple[str, ...] = ("scheduler", "api_server", "triggerer", "dag_processor", "workers", "migration")
"""The field names of :class:`ServiceAccounts`."""
