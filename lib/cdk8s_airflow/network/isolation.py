"""Namespaces in which nothing connects to anything but what the platform needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.traffic import HasTraffic, Traffic, TrafficFlow
from cdk8s_airflow.network.wire.flow_table import everywhere_note, flow_table, one_sided_note
from cdk8s_airflow.network.wire.network_policy import Isolation, PeerEndpoint, half_open, isolation
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import NonEmpty


class Isolations(list[Isolation]):
    """What each set of network policies of one app allows."""


class NetworkIsolation(PlatformConstruct):
    """Network policies for a platform: in each of its namespaces nothing is allowed but what its parts need, in both directions.

    Each kind of pods gets a policy of its own. What a policy cannot know (where the API server is, what resolves names, who
    collects metrics) comes from ``facts``, and is asked for where it is missing. Whatever else runs in these namespaces is
    cut off too, unless ``flows`` names it: the tasks' own connections to databases and services among them, and pods that DAG
    files start themselves. The chart's own policies stay off: they know one direction only.

    Make it after all the constructs it is given.
    """

    how_to_write: ClassVar[str] = 'NetworkIsolation(chart, "isolation", traffic=[airflow, db], facts=facts)'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        traffic: Sequence[Traffic | HasTraffic],
        flows: Sequence[TrafficFlow] = (),
        endpoints: Mapping[NonEmpty, PeerEndpoint] | None = None,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the network policies.

        Args:
            scope: the Chart it is written to; it may sort before the release, so that nothing ever runs without policies.
            id: the construct id.
            traffic: everything with pods: :class:`AirflowChart`, :class:`CnpgCluster` and others; or :class:`Traffic` of your own.
            flows: further connections, of which the platform does not know. Pods in the namespaces of ``traffic`` that are named
                here get a policy as well, and may resolve names where they open connections. Default: none.
            endpoints: where something is that flows only name, by its name as the findings and the summary have it, like
                ``"gitlab.acme.lab"`` or ``"broker of airflow"``, or by its role, like ``"monitoring"``. Default: what has a name of the
                world is outside the cluster, at addresses nobody knows.
            facts: what is known of the cluster.

        Raises:
            PlatformError: with a question for each thing that no policy can do without and nobody has said, and where a policy
                could not do what it is to do.
        """
        found = checked(NetworkIsolation.__init__, locals())
        worked_out: Isolation | None = None
        if not found and not traffic:
            found.append(_nothing_given())
        if not found and _sound(traffic):
            given = [each if isinstance(each, Traffic) else each.traffic for each in traffic]
            worked_out = isolation(given, flows, endpoints or {}, facts)
            found += worked_out.findings
        super().__init__(scope, id, found)
        self._isolation: Isolation | None = None
        if not self._sound or worked_out is None:
            return
        self._isolation = worked_out
        made = self._registry.objects
        manifests = {
            key: manifest
            for key, manifest in worked_out.manifests.items()
            if (_KIND, manifest["metadata"]["namespace"], manifest["metadata"]["name"]) not in made
            or manifest["metadata"]["name"] != "default-deny"
        }
        self._emit(manifests, facts=facts)
        if self._sound:
            others = self._registry.slot(Isolations)
            self._found_late(
                finding
                for other in others
                for pair in ((worked_out, other), (other, worked_out))
                for finding in half_open(*pair)
            )
            others.append(worked_out)
        if self._sound:
            notes = (
                flow_table(worked_out.namespaces, worked_out.flows),
                everywhere_note(worked_out.everywhere),
                one_sided_note(worked_out.one_sided),
            )
            self._registry.notes += [note for note in notes if note]

    @property
    def flows(self) -> tuple[TrafficFlow, ...]:
        """Every connection that is allowed; none while findings are being collected."""
        return () if self._isolation is None else self._isolation.flows


_KIND = "NetworkPolicy/networking.k8s.io"


def _sound(given: Sequence[Traffic | HasTraffic]) -> bool:
    """Whether nothing was found wrong with the constructs; what follows from their faults is not reported beside them."""
    return all(getattr(each, "sound", True) for each in given)


def _nothing_given() -> Finding:
    return Finding(
        rule="network/nothing",
        at="traffic",
        problem="names nothing, so that there is nothing to isolate",
        seen="[]",
        fix="give the constructs with pods, like [airflow, db]",
    )
