"""A namespace as an argument of settings and constructs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from cdk8s_airflow.model.secret_reference import NamedObject, name_of
from cdk8s_airflow.validation.constraints import Label, Must
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_label

PodSecurityLevel = Literal["restricted", "baseline", "privileged"]
"""A level of the Pod Security Standards."""


@frozen(kw_only=False)
class ExistingNamespace:
    """A namespace that this program does not create.

    Args:
        name: the name of the namespace, ``metadata.name``.
        pod_security: the level of the Pod Security Standards that it enforces. What users add to pods is checked against it.
            Default: ``"restricted"``, which every cluster accepts.
    """

    how_to_write: ClassVar[str] = 'Namespace(chart, "team-a") or Namespace.existing("airflow")'

    name: Label
    pod_security: PodSecurityLevel = "restricted"


def is_namespace(handle: NamedObject) -> bool:
    """Whether a named object is a namespace: of this library, or of cdk8s-plus."""
    name = handle.name if getattr(handle, "names_a_namespace", False) else name_of(handle, "Namespace")
    return type(name) is str and is_label(name)


NamespaceHandle = (
    ExistingNamespace
    | Annotated[
        NamedObject,
        Must(
            is_namespace,
            "must be a namespace",
            'Pass Namespace(chart, "airflow"), Namespace.existing("airflow") or a Namespace of cdk8s-plus',
            "argument/namespace",
        ),
    ]
)
"""A namespace as other constructs accept it: a ``Namespace``, an existing one, or a Namespace of cdk8s-plus."""
