"""Which pods can connect to which: measured from inside each pod's network, by an ephemeral container."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cdk8s_airflow.network import ClusterComponent, PodGroup, TrafficFlow
from tests.cluster.kit.kubectl import Kubectl

_LISTENS = """\
import json
ports = set()
for file in ("/proc/net/tcp", "/proc/net/tcp6"):
    for line in open(file).read().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, port = local.split(":")
        if state == "0A" and not address.endswith("0100007F") and not address.endswith("01000000"):
            ports.add(int(port, 16))
print(json.dumps(sorted(ports)))
"""

_CONNECTS = """\
import concurrent.futures, json, os, socket
def connects(target):
    try:
        socket.create_connection(target, timeout=4).close()
        return True
    except OSError:
        return False
targets = [tuple(each) for each in json.loads(os.environ["TARGETS"])]
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps([target for target, answered in zip(targets, pool.map(connects, targets)) if answered]))
"""

_NUMBERS = count(1)


@dataclass(frozen=True)
class ProbedPod:
    """A running pod.

    Attributes:
        namespace: its namespace.
        name: its name.
        labels: its labels.
        address: its IP address.
    """

    namespace: str
    name: str
    labels: Mapping[str, str] = field(compare=False)
    address: str

    def is_in(self, group: object) -> bool:
        """Whether the pod is one of a group of a traffic flow."""
        if isinstance(group, ClusterComponent):
            return group.role == "dns" and self.labels.get("k8s-app") == "kube-dns"
        return (
            isinstance(group, PodGroup)
            and group.namespace == self.namespace
            and group.labels.items() <= self.labels.items()
            and not set(group.without) & self.labels.keys()
        )


def running_pods(kubectl: Kubectl, namespace: str, selector: str = "") -> list[ProbedPod]:
    """The pods of a namespace that run."""
    found = kubectl.items(
        "pods",
        "-n",
        namespace,
        "--field-selector=status.phase=Running",
        *([f"--selector={selector}"] if selector else []),
    )
    return [
        ProbedPod(namespace, pod["metadata"]["name"], pod["metadata"].get("labels", {}), pod["status"]["podIP"])
        for pod in found
        if "deletionTimestamp" not in pod["metadata"]
    ]


def listening_ports(kubectl: Kubectl, pod: ProbedPod, image: str) -> list[int]:
    """The TCP ports on which a pod accepts connections of others."""
    return list(map(int, _probe(kubectl, pod, image, _LISTENS)))


def reached(
    kubectl: Kubectl, pod: ProbedPod, targets: Iterable[tuple[str, int]], image: str, profile: str = "restricted"
) -> set[tuple[str, int]]:
    """The addresses and ports among the targets to which a pod can connect.

    Args:
        kubectl: the cluster.
        pod: the pod.
        targets: addresses and ports.
        image: an image with Python 3.
        profile: the profile of ``kubectl debug``: ``"baseline"`` for a pod that runs as root.
    """
    found = _probe(kubectl, pod, image, _CONNECTS, profile, TARGETS=json.dumps(sorted(targets)))
    return {(address, port) for address, port in found}


def _probe(
    kubectl: Kubectl, pod: ProbedPod, image: str, program: str, profile: str = "restricted", **environment: str
) -> Any:
    name = f"probe-{next(_NUMBERS)}"
    kubectl.run(
        "debug", "-n", pod.namespace, pod.name, "--quiet", f"--profile={profile}", f"--container={name}", f"--image={image}",
        "--image-pull-policy=IfNotPresent", *(f"--env={key}={value}" for key, value in environment.items()),
        "--", "python", "-c", program,
    )  # fmt: skip
    path = f'{{.status.ephemeralContainerStatuses[?(@.name=="{name}")].state.terminated.reason}}'
    kubectl.run(
        "wait", "-n", pod.namespace, f"pod/{pod.name}", f"--for=jsonpath={path}=Completed", "--timeout=90s", timeout=100
    )
    return json.loads(kubectl.run("logs", "-n", pod.namespace, pod.name, "-c", name).stdout)


def allowed(flows: Iterable[TrafficFlow], source: ProbedPod, target: ProbedPod, port: int) -> bool:
    """Whether the program states a TCP connection from one pod to a port of another."""
    return any(
        flow.protocol == "TCP" and flow.port == port and source.is_in(flow.source) and target.is_in(flow.target)
        for flow in flows
    )
