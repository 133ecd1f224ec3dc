"""Handles of a release: names, labels and ports of the objects that it creates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cdk8s_airflow.validation.frozen import frozen

WorkloadKind = Literal["Deployment", "StatefulSet", "CronJob", "Job"]
"""The kind of object that runs the pods of a component."""

TASK_POD_LABEL = "kubernetes_executor"
"""The label that KubernetesExecutor adds to every pod that it creates. Celery workers do not have it.

Source: ``construct_pod`` of the provider, in every supported version of Airflow.
"""


@frozen
class PortHandle:
    """A port of a Service or of a container.

    Attributes:
        name: the name of the port, such as ``"statsd-scrape"``.
        number: the port number of the Service.
        protocol: ``"TCP"`` or ``"UDP"``.
        container: whether a container of the pods declares the port under the same name. Only such a port can be the
            ``port`` of a PodMonitor.
    """

    name: str
    number: int
    protocol: Literal["TCP", "UDP"] = "TCP"
    container: bool = True


@frozen
class ServiceHandle:
    """A Service.

    Attributes:
        name: the name of the Service.
        namespace: the namespace it is in.
        labels: labels by which a ServiceMonitor selects it. Only the Services of several worker sets have the same
            labels.
        ports: the ports that it accepts connections on.
        cluster_domain: the DNS domain of Services, from ``ClusterFacts``.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    ports: tuple[PortHandle, ...]
    cluster_domain: str = "cluster.local"

    @property
    def host(self) -> str:
        """The host name of the Service, which resolves in every namespace: ``airflow-statsd.airflow.svc``."""
        return f"{self.name}.{self.namespace}.svc"

    @property
    def full_host(self) -> str:
        """The fully qualified host name: ``airflow-statsd.airflow.svc.cluster.local``."""
        return f"{self.host}.{self.cluster_domain}"

    def port(self, name: str) -> PortHandle:
        """The port with a name.

        Raises:
            KeyError: if the Service has no port of this name. The message lists the names of its ports.
        """
        for each in self.ports:
            if each.name == name:
                return each
        raise KeyError(
            f"Service {self.name} has no port {name!r}; its ports are {', '.join(p.name for p in self.ports)}"
        )


@frozen
class ComponentHandle:
    """A component of a release: the object that runs its pods, their labels, and its Service.

    Attributes:
        component: the component label of its pods, such as ``"scheduler"``.
        namespace: the namespace of its pods.
        kind: the kind of object that runs its pods, or None for task pods, which Airflow creates.
        name: the name of that object, such as ``"airflow-scheduler"``; None for task pods.
        pod_labels: labels that all its pods have and no other pods of the namespace have, except
            ``pods_without_labels``.
        pods_without_labels: label keys that its pods lack, where ``pod_labels`` alone would also select other pods.
            Default: none.
        container: the name of its main container.
        service: its Service, or None if it has none.
    """

    component: str
    namespace: str
    kind: WorkloadKind | None
    name: str | None
    pod_labels: Mapping[str, str]
    pods_without_labels: tuple[str, ...] = ()
    container: str
    service: ServiceHandle | None = None

    @property
    def deployment_name(self) -> str:
        """The name of its Deployment.

        Raises:
            AttributeError: if another kind of object runs its pods. The message has the kind and the name.
        """
        return self._name_of("Deployment")

    @property
    def stateful_set_name(self) -> str:
        """The name of its StatefulSet.

        Raises:
            AttributeError: if another kind of object runs its pods. The message has the kind and the name.
        """
        return self._name_of("StatefulSet")

    @property
    def scale_target(self) -> dict[str, str]:
        """``scaleTargetRef`` of a HorizontalPodAutoscaler.

        Raises:
            AttributeError: if the component is not a Deployment or StatefulSet.
        """
        if self.kind not in ("Deployment", "StatefulSet") or self.name is None:
            raise AttributeError(f"{self.component} cannot be scaled: {self._described}")
        return {"apiVersion": "apps/v1", "kind": self.kind, "name": self.name}

    @property
    def selector(self) -> dict[str, object]:
        """A Kubernetes label selector for its pods: ``matchLabels``, and ``matchExpressions`` where it needs them."""
        made: dict[str, object] = {"matchLabels": dict(self.pod_labels)}
        if self.pods_without_labels:
            made["matchExpressions"] = [{"key": key, "operator": "DoesNotExist"} for key in self.pods_without_labels]
        return made

    def _name_of(self, kind: WorkloadKind) -> str:
        if self.kind != kind or self.name is None:
            raise AttributeError(f"{self.component} has no {kind}: {self._described}")
        return self.name

    @property
    def _described(self) -> str:
        if self.kind is None:
            return "Airflow creates its pods. Use pod_labels"
        return f"its pods belong to {self.kind} {self.name}. Use kind and name"


@frozen
class ReleaseHandles:
    """The components of one release.

    Attributes:
        release: the name of the Helm release.
        namespace: the namespace it is in.
        components: name of the component -> its handle, for every component that this release has. The names are the
            same for all versions: ``scheduler``, ``ui``, ``triggerer``, ``dag_processor``, ``workers``,
            ``workers-<set>``, ``task_pods``, ``statsd``, ``pgbouncer``, ``redis``, ``flower``, ``otel_collector``,
            ``migration``, ``create_user``, ``cleanup`` and ``database_cleanup``.
    """

    release: str
    namespace: str
    components: Mapping[str, ComponentHandle]

    def component(self, name: str) -> ComponentHandle:
        """The component with a name, as in ``components``; ``-`` and ``_`` are the same.

        Raises:
            KeyError: if this release has no such component. The message lists those that it has.
        """
        for key in (name, name.replace("-", "_"), _OTHER_NAMES.get(name.replace("-", "_"), name)):
            if key in self.components:
                return self.components[key]
        raise KeyError(f"release {self.release} has no component {name!r}; it has {', '.join(self.components)}")

    def service(self, name: str) -> ServiceHandle:
        """The Service of a component.

        Raises:
            KeyError: if this release has no such component, or the component has no Service.
        """
        service = self.component(name).service
        if service is None:
            having = [key for key, each in self.components.items() if each.service is not None]
            raise KeyError(
                f"component {name!r} of release {self.release} has no Service; those with one: {', '.join(having)}"
            )
        return service


_OTHER_NAMES = {"api_server": "ui", "webserver": "ui", "worker": "workers"}
"""Names of Airflow and of the chart -> names of components."""
