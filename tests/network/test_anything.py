"""Any accepted release can be isolated once the locations of its peers are stated."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from cdk8s_airflow.airflow.pipeline import compile_release
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.model.traffic import PodGroup, Traffic, UnlocatedPeer
from cdk8s_airflow.network import ExternalPeer, PeerEndpoint
from cdk8s_airflow.network.wire.network_policy import isolation
from tests.network.matrix import FACTS, assert_exact
from tests.surface import any_settings, repaired
from tests.truth import assert_accepted


def places_of(traffic: Traffic) -> dict[str, PeerEndpoint]:
    """A location for each peer that has none."""
    asked = {
        finding.fix.split("'")[1]
        for finding in isolation([traffic], [], {}, FACTS).findings
        if finding.at == "endpoints"
    }
    unplaced = {flow.target.name for flow in traffic.flows if isinstance(flow.target, UnlocatedPeer)}
    return {
        name: PeerEndpoint(peer=ExternalPeer(name=name, networks=(f"198.51.100.{number}/32",)))
        for number, name in enumerate(sorted(asked | unplaced), 1)
    }


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn=any_settings())
def test_isolation_of_any_release_allows_exactly_its_flows(drawn: ReleaseSettings) -> None:
    each, _ = repaired(drawn)
    traffic = compile_release(each).traffic
    assert not traffic.questions
    ends = [end for flow in traffic.flows for end in (flow.source, flow.target) if isinstance(end, PodGroup)]
    workloads = {pods.chosen_by for pods in traffic.workloads}
    assert {pods.chosen_by for pods in ends} == workloads
    places = places_of(traffic)
    worked_out = isolation([traffic], [], places, FACTS)
    assert assert_exact(worked_out, FACTS, places)
    assert_accepted(list(worked_out.manifests.values()))
