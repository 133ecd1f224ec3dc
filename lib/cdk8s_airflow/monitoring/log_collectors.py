"""Log collectors: they send what pods of a release write to standard output to Loki, CloudWatch or S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from constructs import Construct

from cdk8s_airflow.airflow.chart import AirflowChart
from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.image import Image, registry_and_path
from cdk8s_airflow.model.node_group import NodePlacement
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.placement import Placement, Toleration
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import PullSecret
from cdk8s_airflow.model.service_account import ServiceAccount
from cdk8s_airflow.model.traffic import Traffic
from cdk8s_airflow.monitoring.log_outputs import CloudWatchOutput, FluentBitOutput, LokiOutput, S3LogOutput
from cdk8s_airflow.monitoring.wire.log_collectors import (
    ALLOY_IMAGE,
    FLUENT_BIT_IMAGE,
    CollectorSettings,
    alloy_objects,
    collector_traffic,
    fluent_bit_objects,
)
from cdk8s_airflow.namespaces.namespace import NamespaceHandle, fitting_rules
from cdk8s_airflow.network.left_out import require_policies
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import ObjectName

_ALLOY = Resources(cpu="50m", memory="128Mi", memory_limit="512Mi")
_FLUENT_BIT = Resources(cpu="50m", memory="64Mi", memory_limit="256Mi")
_ALL_NODES = Placement(tolerations=(Toleration(),))
_ROLE = "eks.amazonaws.com/role-arn"


class _Collector(PlatformConstruct):
    """What both collectors have in common."""

    _traffic: Traffic = Traffic()

    @property
    def traffic(self) -> Traffic:
        """Its pods, and their connections, for :class:`NetworkIsolation`. Empty if this construct has errors."""
        return self._traffic

    def _create(
        self,
        settings: CollectorSettings,
        output: FluentBitOutput,
        objects: dict[str, dict[str, Any]],
        facts: ClusterFacts,
    ) -> None:
        self._emit(objects, facts=facts)
        if not self._sound:
            return
        traffic = self._traffic = collector_traffic(settings, output, facts.cluster_domain)
        require_policies(self, f"{type(self).__name__} {settings.name!r}", lambda: traffic)
        if isinstance(output, LokiOutput) and output.credentials is not None:
            self._need([needs.account(output.credentials, settings.namespace, "log-in at Loki")])
        if settings.pull_secret is not None:
            registry = registry_and_path(settings.image)[0]
            self._need(
                [needs.registry_login(PullSecret(settings.pull_secret), settings.namespace, registries=(registry,))]
            )


def _settings(
    name: str | None,
    suffix: str,
    namespace: NamespaceHandle,
    release: AirflowChart,
    image: tuple[Image | None, str],
    resources: Resources,
    placement: NodePlacement,
    pull_secret: PullSecret | None,
    service_account: ServiceAccount = ServiceAccount(),
) -> CollectorSettings | None:
    """The settings of a collector; None while the release has findings."""
    compiled = release._compiled
    if compiled is None:
        return None
    of = compiled.settings
    own, default = image
    reference = default if own is None else own.reference
    return CollectorSettings(
        name=name or f"{of.release}-{suffix}",
        namespace=namespace.name,
        watched=of.pod_namespaces,
        image=reference if of.mirror is None else of.mirror.of(reference),
        resources=resources,
        placement=placement,
        pull_secret=None if pull_secret is None else pull_secret.name,
        service_account=service_account,
    )


class AlloyLogs(_Collector):
    """Sends the logs of all pods of a release to Grafana Loki with Grafana Alloy.

    A Deployment with one replica reads the logs with the Kubernetes API. It needs no access to the nodes, so its namespace can
    enforce the Pod Security Standard ``restricted``. Its service account may read pods and their logs in the namespaces of the
    release, and nothing else. While it restarts, it sends the lines of running pods again; Loki drops identical lines.

    Pods of :class:`KubernetesExecutor` write task logs to standard output, with Airflow 2 and 3. Celery workers do not. Loki does
    not replace ``logs=``: the UI does not read it.
    """

    how_to_write: ClassVar[str] = (
        'AlloyLogs(chart, "logs", release=airflow, namespace=Namespace.existing("logging"), '
        'output=LokiOutput(url="http://loki-gateway.monitoring.svc/loki/api/v1/push"))'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        release: AirflowChart,
        namespace: NamespaceHandle,
        output: LokiOutput,
        name: ObjectName | None = None,
        image: Image | None = None,
        resources: Resources = _ALLOY,
        placement: NodePlacement = Placement(),
        pull_secret: PullSecret | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the collector.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            release: the release. The pods in its namespace, its ``task_namespaces`` and its
                ``pod_operator_namespaces`` are read.
            namespace: the namespace of the collector.
            output: the address of Loki.
            name: the name of its objects. Default: None, ``<release>-alloy``.
            image: its image. Default: ``grafana/alloy`` in the version that the configuration was written for, from the
                release's mirror.
            resources: requests and limits. Default: 50m CPU, 128Mi memory, at most 512Mi.
            placement: the nodes on which it may run. Default: any.
            pull_secret: the Secret with the login to the registry, in the namespace of the collector. Default: None.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if an argument is not valid.
        """
        found = checked(AlloyLogs.__init__, locals())
        if not found:
            found += fitting_rules(namespace, resources, "resources")
        super().__init__(scope, id, found)
        settings = (
            _settings(name, "alloy", namespace, release, (image, ALLOY_IMAGE), resources, placement, pull_secret)
            if self._sound
            else None
        )
        if settings is not None:
            self._create(settings, output, alloy_objects(settings, output), facts_of(scope, facts))


class FluentBitLogs(_Collector):
    """Sends the logs of all pods of a release to Amazon CloudWatch, Amazon S3 or Grafana Loki with Fluent Bit.

    A DaemonSet reads the log files on each node as root. Its namespace must therefore allow privileged pods, and must not be one
    in which tasks run. For CloudWatch and S3, it uses an IAM role for its service account instead of an access key.

    Pods of :class:`KubernetesExecutor` write task logs to standard output, with Airflow 2 and 3. Celery workers do not.
    CloudWatch does not replace ``logs=``: the UI does not read it.
    """

    how_to_write: ClassVar[str] = (
        'FluentBitLogs(chart, "node-logs", release=airflow, namespace=Namespace.existing("node-logging", pod_security="privileged"), '
        'output=CloudWatchOutput(region="eu-central-1", log_group="/airflow/production"), '
        'service_account=ServiceAccount(annotations={"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/logs"}))'
    )

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        release: AirflowChart,
        namespace: NamespaceHandle,
        output: FluentBitOutput,
        service_account: ServiceAccount = ServiceAccount(),
        name: ObjectName | None = None,
        image: Image | None = None,
        resources: Resources = _FLUENT_BIT,
        placement: NodePlacement = _ALL_NODES,
        pull_secret: PullSecret | None = None,
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the collector.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            release: the release. The pods in its namespace, its ``task_namespaces`` and its
                ``pod_operator_namespaces`` are read.
            namespace: the namespace of the collector. It must allow privileged pods (``pod_security="privileged"``).
            output: where logs go: :class:`CloudWatchOutput`, :class:`S3LogOutput` or :class:`LokiOutput`.
            service_account: the annotations of its service account, such as the IAM role. Default: none; it then uses the role of
                the nodes.
            name: the name of its objects. Default: None, ``<release>-fluent-bit``.
            image: its image. Default: ``fluent/fluent-bit`` in the version that the configuration was written for, from the
                release's mirror.
            resources: requests and limits. Default: 50m CPU, 64Mi memory, at most 256Mi.
            placement: the nodes on which it runs. Default: all, with all taints tolerated.
            pull_secret: the Secret with the login to the registry, in the namespace of the collector. Default: None.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if the namespace forbids access to the files of nodes, or is one in which tasks run.
        """
        found = checked(FluentBitLogs.__init__, locals())
        if not found:
            found += fitting_rules(namespace, resources, "resources")
            found += _namespace_rules(namespace, release)
        super().__init__(scope, id, found)
        settings = None
        if self._sound:
            image_of = (image, FLUENT_BIT_IMAGE)
            settings = _settings(
                name, "fluent-bit", namespace, release, image_of, resources, placement, pull_secret, service_account
            )
        if settings is None:
            return
        self._create(settings, output, fluent_bit_objects(settings, output), facts_of(scope, facts))
        if self._sound and isinstance(output, CloudWatchOutput | S3LogOutput):
            self._registry.notes.append(BeforeApply(_role_note(settings, output)))


def _namespace_rules(namespace: NamespaceHandle, release: AirflowChart) -> Iterator[Finding]:
    compiled = release._compiled
    if compiled is not None and namespace.name in compiled.settings.pod_namespaces:
        yield Finding(
            rule="logs/namespace",
            at="namespace",
            problem="must be another namespace than those of tasks: in a namespace with privileged pods, a DAG could start a pod "
            "that reads the files of the node",
            seen=repr(namespace.name),
            fix='Use Namespace(chart, "logging", pod_security="privileged")',
        )
    level = getattr(namespace, "pod_security", "privileged")
    if level != "privileged":
        yield Finding(
            rule="logs/pod-security",
            at="namespace",
            problem=f"enforces the Pod Security Standard {level!r}, which forbids the volumes with the log files of the node",
            seen=repr(namespace.name),
            fix=f'Use Namespace(chart, "{namespace.name}", pod_security="privileged"), or AlloyLogs for Loki',
        )


def _role_note(settings: CollectorSettings, output: CloudWatchOutput | S3LogOutput) -> str:
    """The permissions that the IAM role needs."""
    if isinstance(output, CloudWatchOutput):
        actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        if output.create_log_group:
            actions += ["logs:CreateLogGroup", "logs:PutRetentionPolicy"]
        what = f"log group {output.log_group}"
    else:
        actions, what = ["s3:PutObject"], f"bucket {output.bucket}"
    role = settings.service_account.annotations.get(_ROLE)
    account = f"{settings.namespace}/{settings.service_account.name or settings.name}"
    who = (
        f"IAM role {role}"
        if role is not None
        else f"the identity of service account {account}, or the role of the nodes,"
    )
    return f"Allow {who} these actions on {what}: {', '.join(sorted(actions))}."
