"""Namespaces: the Pod Security Standard their pods are held to, what these may have, and whom they may reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.namespace import ExistingNamespace as ExistingNamespace
from cdk8s_airflow.model.namespace import NamespaceHandle as NamespaceHandle
from cdk8s_airflow.model.namespace import PodSecurityLevel as PodSecurityLevel
from cdk8s_airflow.model.pruning import STATE_LABEL
from cdk8s_airflow.model.quota import ContainerLimits, Quota
from cdk8s_airflow.model.secret_reference import NamedObject
from cdk8s_airflow.model.wire.quota import limits_manifest, quota_manifest
from cdk8s_airflow.namespaces.wire.namespace import default_deny_manifest, namespace_manifest
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Label, LabelValue, Must, NonEmpty

if TYPE_CHECKING:
    from cdk8s_airflow.model.resources import Resources

_OwnName = Annotated[
    Label,
    Must(
        lambda text: text != "default" and not text.startswith("kube-"),
        "belongs to Kubernetes, whose own pods the Pod Security labels would keep from starting",
        "choose another name; to only refer to it: Namespace.existing(...)",
        "network/reserved-namespace",
    ),
]

_OURS = ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn", STATE_LABEL)


class Namespace(PlatformConstruct):
    """A namespace, created as an object with Pod Security labels.

    It is marked so that no delivery tool prunes it: deleting a namespace deletes everything in it.
    """

    how_to_write = 'Namespace(chart, "airflow")'
    names_a_namespace: ClassVar[bool] = True

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: _OwnName | None = None,
        pod_security: PodSecurityLevel = "restricted",
        quota: Quota | None = None,
        limits: ContainerLimits | None = None,
        default_deny: bool = False,
        labels: Mapping[NonEmpty, LabelValue] | None = None,
        annotations: Mapping[NonEmpty, str] | None = None,
    ) -> None:
        """Create the namespace.

        Args:
            scope: the Chart it is written to; a Chart whose file sorts first, since everything else needs it.
            id: the construct id, and the name unless ``name`` is given.
            name: the namespace's name. Default: the id.
            pod_security: the level that pods are refused below. Default: ``"restricted"``; all pods of this library pass it, and so
                do those that CloudNativePG makes (instances, PgBouncer, the backup plugin's container: their security contexts in
                the operator's source).
            quota: what all its pods may have together. A release whose tasks run in pods here is told to try again when the quota
                refuses one; Airflow by itself would fail the task. Default: no bound.
            limits: what a container gets that says nothing, and what none may exceed. Default: neither.
            default_deny: whether a NetworkPolicy cuts all its pods off, so that only what further policies allow gets through; not
                even names can be looked up then. Say it for a namespace whose policies you write yourself; where
                NetworkIsolation makes the policies, it makes this one too. Default: False.
            labels: further labels.
            annotations: further annotations.

        Raises:
            PlatformError: when the name is not one that Kubernetes takes, or a quota would keep containers without a CPU limit out.
                What runs in the namespace is held against quota and limits where it is made.
        """
        found = checked(Namespace.__init__, {**locals(), "name": id if name is None else name})
        if not found:
            found += _label_rules(labels or {})
            found += _quota_rules(quota, limits)
        super().__init__(scope, id, found)
        self._name = next((text for text in (name, id) if type(text) is str), "unsound")
        self._quota = quota
        self._pod_security: PodSecurityLevel = pod_security
        self._limits = limits
        if not self._sound:
            return
        made = {"namespace": namespace_manifest(self._name, pod_security, labels or {}, annotations or {})}
        if quota is not None:
            made["quota"] = quota_manifest(self._name, quota)
        if limits is not None:
            made["limits"] = limits_manifest(self._name, limits)
        if default_deny:
            made["default-deny"] = default_deny_manifest(self._name)
        self._emit(made)

    @property
    def name(self) -> str:
        """The namespace's name."""
        return self._name

    @property
    def pod_security(self) -> PodSecurityLevel:
        """The level of the Pod Security Standards that the namespace enforces."""
        return self._pod_security

    @staticmethod
    def existing(name: str, *, pod_security: PodSecurityLevel = "restricted") -> ExistingNamespace:
        """A namespace that somebody else makes: a name for others to refer to, and no object."""
        return ExistingNamespace(name, pod_security=pod_security)


def _label_rules(labels: Mapping[str, str]) -> Iterator[Finding]:
    for key in _OURS:
        if key in labels:
            yield Finding(
                rule="network/own-label",
                at=f"labels.{key}",
                problem="is written by the Namespace itself",
                seen=show(labels[key]),
                fix="leave it out" + ("" if key == STATE_LABEL else "; the level is pod_security="),
            )


def has_quota(namespace: NamedObject) -> bool:
    """Whether a namespace is known to have a quota."""
    return isinstance(namespace, Namespace) and namespace._quota is not None


def fitting_rules(
    namespace: NamedObject,
    given: object,
    at: str = "",
    *,
    always: Callable[[], Iterable[tuple[int, Resources]]] | None = None,
) -> Iterator[Finding]:
    """Whether all that settings say of CPU and memory is within the bounds of a namespace that has some.

    Args:
        namespace: where the containers are to run.
        given: settings, with :class:`Resources` in them.
        at: the argument that holds them; empty for settings whose fields are arguments.
        always: tells how many containers always run, and what each asks for; asked only where there are bounds.
    """
    if isinstance(namespace, Namespace) and namespace.sound and (namespace._quota or namespace._limits):
        from cdk8s_airflow.namespaces.resource_limits import bound_findings, together_findings

        found = list(
            bound_findings(given, at, namespace=namespace.name, quota=namespace._quota, limits=namespace._limits)
        )
        yield from found
        if always is not None and namespace._quota is not None and not found:
            yield from together_findings(always(), namespace=namespace.name, quota=namespace._quota)


def claim_rules(
    namespace: NamedObject, given: object, at: str = "", *, times: int = 1, service: str = ""
) -> Iterator[Finding]:
    """Whether a namespace with bounds has room for all volumes that settings name, and for the Service of a UI.

    Args:
        namespace: where they are to be.
        given: settings, with volumes in them.
        at: the argument that holds them; empty for settings whose fields are arguments.
        times: how many claims are made of each volume.
        service: the type of the Service, where there is one.
    """
    if isinstance(namespace, Namespace) and namespace.sound and (namespace._quota or namespace._limits):
        from cdk8s_airflow.namespaces.resource_limits import service_findings, volume_findings

        name, quota = namespace.name, namespace._quota
        yield from volume_findings(given, at, namespace=name, quota=quota, limits=namespace._limits, times=times)
        if quota is not None:
            yield from service_findings(service, namespace=name, quota=quota)


def _quota_rules(quota: Quota | None, limits: ContainerLimits | None) -> Iterator[Finding]:
    """Whether a quota on CPU limits meets containers that have none."""
    if quota is not None and quota.cpu_limit is not None and not (limits is not None and limits.gives_cpu_limits):
        yield Finding(
            rule="quota/cpu-limit",
            at="quota.cpu_limit",
            problem="makes Kubernetes refuse every container without a CPU limit, and components of Airflow have none unless told",
            seen=repr(quota.cpu_limit),
            fix="leave it out, or give limits=ContainerLimits(cpu_limit=...), by which they get one",
        )
