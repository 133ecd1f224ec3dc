"""Network policies for all namespaces of a platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.traffic import HasTraffic, Traffic, TrafficFlow
from cdk8s_airflow.network.isolations import Isolations
from cdk8s_airflow.network.wire.flow_table import everywhere_note, flow_table, one_sided_note
from cdk8s_airflow.network.wire.network_policy import Isolation, PeerEndpoint, half_open, isolation
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import NonEmpty


class NetworkIsolation(PlatformConstruct):
    """Network policies for a platform: its namespaces deny all traffic, in both directions, except what its parts
    require.

    Each kind of pod gets a policy of its own. Facts about the cluster that a policy requires come from ``facts``: the
    addresses of the API server, the pods of the cluster DNS, the pods of Prometheus. An error names each one that is
    missing. Other traffic in these namespaces is denied too, unless ``flows`` allows it: connections of tasks to
    databases and services, and pods that DAGs create. The network policies of the chart stay off, because they cover
    ingress only.

    Create it after all constructs in ``traffic``.
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
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the network policies.

        Args:
            scope: the Chart that the policies are written to. Its file may sort before the release, so that no pod ever
                runs without policies.
            id: the construct id.
            traffic: all constructs with pods, such as :class:`AirflowChart` and :class:`CnpgCluster`, or
                :class:`Traffic`. At least one.
            flows: other connections to allow. Pods in the namespaces of ``traffic`` that are named here get a policy
                too, and may use DNS if they open connections. Default: none.
            endpoints: the location of peers that are known only by name: the name as in error messages and in the report,
                such as ``"gitlab.acme.lab"`` or ``"broker of airflow"``, or a role such as ``"monitoring"`` -> the
                endpoint. Default: None; a public host name is outside the cluster at unknown addresses, so every
                address outside is allowed.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`). An error asks for
                those that are required.

        Raises:
            PlatformError: if a fact that a policy requires is missing, or if a policy would have no effect.
        """
        found = checked(NetworkIsolation.__init__, locals())
        facts = facts_of(scope, facts)
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
                BeforeApply(everywhere_note(worked_out.everywhere)),
                BeforeApply(one_sided_note(worked_out.one_sided)),
            )
            self._registry.notes += [note for note in notes if note]

    @property
    def flows(self) -> tuple[TrafficFlow, ...]:
        """All connections that the policies allow; empty if this construct has errors."""
        return () if self._isolation is None else self._isolation.flows


_KIND = "NetworkPolicy/networking.k8s.io"


def _sound(given: Sequence[Traffic | HasTraffic]) -> bool:
    """Whether the constructs have no findings. Otherwise findings that follow from theirs would be reported too."""
    return all(getattr(each, "sound", True) for each in given)


def _nothing_given() -> Finding:
    return Finding(
        rule="network/nothing",
        at="traffic",
        problem="must contain at least one construct with pods",
        seen="[]",
        fix="Pass the constructs with pods, such as traffic=[airflow, db]",
    )
