"""Namespaces with a Pod Security level, a quota, limits and a default-deny network policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked, path_teller
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
    from cdk8s_airflow.model.pod_requests import PodRequests
    from cdk8s_airflow.namespaces.fitted_quota import NamespacePods

_OwnName = Annotated[
    Label,
    Must(
        lambda text: text != "default" and not text.startswith("kube-"),
        "must not be a namespace of Kubernetes, because Pod Security labels could stop the system pods",
        'Use another name, or refer to the existing namespace with Namespace.existing("kube-system")',
        "network/reserved-namespace",
    ),
]

_OURS = ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn", STATE_LABEL)


class Namespace(PlatformConstruct):
    """A namespace, created with Pod Security labels.

    It is excluded from pruning, because deleting a namespace deletes everything in it.
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
            scope: the Chart that it is written to. Use a Chart whose file sorts first, because everything else needs
                the namespace.
            id: the construct id, and the name unless ``name`` is set.
            name: the name of the namespace. Default: None, the construct id.
            pod_security: the Pod Security Standard that is enforced: ``"restricted"``, ``"baseline"`` or
                ``"privileged"``. Becomes the label ``pod-security.kubernetes.io/enforce``. Default: ``"restricted"``;
                all pods of this library comply, and so do those that CloudNativePG creates (source: the security
                contexts in the operator's source).
            quota: the ResourceQuota. If tasks run in pods here, the release retries when the quota rejects a pod; by
                default Airflow fails the task. Default: None, no quota.
            limits: the LimitRange: defaults for containers without resources, and maximums. Default: None, no
                LimitRange.
            default_deny: whether to add a NetworkPolicy that denies all traffic of all pods, DNS included. Set it if
                you write your own network policies; :class:`NetworkIsolation` creates this policy itself. Default:
                False.
            labels: additional labels. Default: None.
            annotations: additional annotations. Default: None.

        Raises:
            PlatformError: if the name is not a valid namespace name, or if the quota would reject containers without a
                CPU limit. Constructs that run pods in the namespace check their resources against quota and limits.
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
        self._quota_user = ""
        if not self._sound:
            return
        made = {"namespace": namespace_manifest(self._name, pod_security, labels or {}, annotations or {})}
        if quota is not None and quota.tasks is None:
            made["quota"] = quota_manifest(self._name, quota)
        if limits is not None:
            made["limits"] = limits_manifest(self._name, limits)
        if default_deny:
            made["default-deny"] = default_deny_manifest(self._name)
        self._emit(made)
        if quota is not None and quota.tasks is not None:
            self._registry.checks.append(partial(_unused_quota, self, path_teller(scope, id)))

    @property
    def name(self) -> str:
        """The name of the namespace."""
        return self._name

    @property
    def pod_security(self) -> PodSecurityLevel:
        """The level of the Pod Security Standards that the namespace enforces."""
        return self._pod_security

    @staticmethod
    def existing(name: str, *, pod_security: PodSecurityLevel = "restricted") -> ExistingNamespace:
        """A namespace that this program does not create. Returns a handle for other constructs; emits no object."""
        return ExistingNamespace(name, pod_security=pod_security)


def _label_rules(labels: Mapping[str, str]) -> Iterator[Finding]:
    for key in _OURS:
        if key in labels:
            yield Finding(
                rule="network/own-label",
                at=f"labels.{key}",
                problem="is set by Namespace and cannot be overridden",
                seen=show(labels[key]),
                fix="Remove this label" + ("" if key == STATE_LABEL else "; set pod_security= instead"),
            )


def _unused_quota(namespace: Namespace, path: Callable[[], str]) -> Iterator[Finding]:
    """A quota that is computed from a release needs one."""
    if not namespace._quota_user:
        yield Finding(
            rule="quota/tasks",
            at="quota.tasks",
            problem="requires a release whose tasks run in this namespace, and there is none",
            seen=repr(namespace.name),
            fix='Set limits instead, like Quota(memory="64Gi"), or pass the namespace to AirflowChart',
        ).within(path())


def quota_rules(namespace: NamedObject, user: str, pods: Callable[[], NamespacePods]) -> Iterator[Finding]:
    """Check the pods of a release against ``Quota(tasks=...)`` of their namespace.

    Args:
        namespace: the namespace.
        user: the release.
        pods: returns the pods of the release there. Called only if there is such a quota.
    """
    if not isinstance(namespace, Namespace) or not namespace.sound:
        return
    quota = namespace._quota
    if quota is None or quota.tasks is None:
        return
    from cdk8s_airflow.namespaces.fitted_quota import fitting_findings

    if namespace._quota_user:
        yield Finding(
            rule="quota/tasks",
            at="namespace",
            problem=f"has Quota(tasks={quota.tasks}), which is computed for release {namespace._quota_user} alone",
            seen=repr(namespace.name),
            fix='Set limits instead, like Quota(memory="64Gi"), or use a namespace for each release',
        )
        return
    namespace._quota_user = user
    yield from fitting_findings(quota, pods(), namespace.name)


def emit_quota(namespace: NamedObject, pods: Callable[[], NamespacePods]) -> None:
    """Create the ResourceQuota of a namespace with ``Quota(tasks=...)``, next to the namespace.

    Args:
        namespace: the namespace.
        pods: returns the pods of the release there. Called only if there is such a quota.
    """
    if isinstance(namespace, Namespace) and namespace._quota is not None and namespace._quota.tasks is not None:
        from cdk8s_airflow.namespaces.fitted_quota import fitted_quota

        namespace._emit({"quota": quota_manifest(namespace.name, fitted_quota(namespace._quota, pods()))})


def has_quota(namespace: NamedObject) -> bool:
    """Whether the namespace was created by this program with a quota."""
    return isinstance(namespace, Namespace) and namespace._quota is not None


def fitting_rules(
    namespace: NamedObject,
    given: object,
    at: str = "",
    *,
    always: Callable[[], Iterable[tuple[int, PodRequests]]] | None = None,
    hooks: Callable[[], Iterable[PodRequests]] = tuple,
    others: str = "",
) -> Iterator[Finding]:
    """Check all CPU and memory settings against the quota and limits of a namespace.

    Args:
        namespace: the namespace of the containers.
        given: settings that contain :class:`Resources`.
        at: the argument that holds the settings; empty if their fields are arguments.
        always: returns the number of pods that always run, and the requests of one. Called only if there is a quota.
        hooks: returns the requests of the Jobs of an install, which run one after the other. Called only if there is a quota.
        others: what the pods are, if they always run and belong to no release.
    """
    if isinstance(namespace, Namespace) and namespace.sound and (namespace._quota or namespace._limits):
        from cdk8s_airflow.namespaces.resource_limits import bound_findings, together_findings

        if others and namespace._quota is not None and namespace._quota.tasks is not None:
            yield Finding(
                rule="quota/tasks",
                at="namespace",
                problem=f"has Quota(tasks={namespace._quota.tasks}), which is computed from a release and does not count {others}",
                seen=repr(namespace.name),
                fix='Use another namespace, or set limits in the quota, like Quota(memory="64Gi")',
            )
        found = list(
            bound_findings(given, at, namespace=namespace.name, quota=namespace._quota, limits=namespace._limits)
        )
        yield from found
        if always is not None and namespace._quota is not None and not found:
            yield from together_findings(always(), namespace=namespace.name, quota=namespace._quota, hooks=hooks())


def claim_rules(
    namespace: NamedObject, given: object, at: str = "", *, times: int = 1, service: str = ""
) -> Iterator[Finding]:
    """Check volumes, and the Service of a UI, against the quota and limits of a namespace.

    Args:
        namespace: their namespace.
        given: settings that contain volumes.
        at: the argument that holds the settings; empty if their fields are arguments.
        times: how many claims are created for each volume.
        service: the type of the Service; empty if there is none.
    """
    if isinstance(namespace, Namespace) and namespace.sound and (namespace._quota or namespace._limits):
        from cdk8s_airflow.namespaces.resource_limits import service_findings, volume_findings

        name, quota = namespace.name, namespace._quota
        yield from volume_findings(given, at, namespace=name, quota=quota, limits=namespace._limits, times=times)
        if quota is not None:
            yield from service_findings(service, namespace=name, quota=quota)


def _quota_rules(quota: Quota | None, limits: ContainerLimits | None) -> Iterator[Finding]:
    """Check that containers get a CPU limit if the quota limits CPU limits."""
    if quota is not None and quota.cpu_limit is not None and not (limits is not None and limits.gives_cpu_limits):
        yield Finding(
            rule="quota/cpu-limit",
            at="quota.cpu_limit",
            problem="requires that every container has a CPU limit, and Airflow components have none by default",
            seen=repr(quota.cpu_limit),
            fix="Remove cpu_limit=, or set limits=ContainerLimits(cpu_limit=...), which sets a default limit",
        )
