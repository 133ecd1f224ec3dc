"""Settings of ui= that are refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import ExistingGateway, HttpRoute, Ingress, IngressHost, IngressTls, LoadBalancer, NodePort
from tests import test_spoiled as spoiled
from tests.making import emitted, make_airflow, new_chart
from tests.test_spoiled import airflow, case

GATEWAY = ExistingGateway("public")

CASES = [
    case(
        "a path with Airflow 3",
        airflow(ui=Ingress(host="a.lab", path="/airflow")),
        "ui.path",
        "'/airflow'",
        "a separate host name",
    ),
    case(
        "a base URL with a path and Airflow 3",
        airflow(ui=LoadBalancer(base_url="http://a.lab/airflow")),
        "ui.base_url",
        "'/airflow'",
        "a separate host name",
    ),
    case(
        "a path without its slash",
        airflow(ui=Ingress(host="a.lab", path="airflow")),
        "ui.path",
        "'airflow'",
        "slash at the start",
    ),
    case(
        "a host twice",
        airflow(ui=Ingress(host="a.lab", more_hosts=[IngressHost("b.lab"), IngressHost("a.lab")])),
        "ui.more_hosts",
        "'a.lab'",
        "once",
    ),
    case(
        "a host of a route twice",
        airflow(ui=HttpRoute(host="a.lab", more_hosts=["a.lab"], gateway=GATEWAY)),
        "ui.more_hosts",
        "'a.lab'",
        "once",
    ),
    case(
        "two issuers for one ingress",
        airflow(
            ui=Ingress(
                host="a.lab",
                tls=IngressTls("a-tls", issuer="one"),
                more_hosts=[IngressHost("b.lab", tls=IngressTls("b-tls", issuer="two"))],
            )
        ),
        "ui.more_hosts",
        "ClusterIssuer two",
        "one issuer",
    ),
    case(
        "an issuer by annotation and by argument",
        airflow(
            ui=Ingress(
                host="a.lab",
                tls=IngressTls("a-tls", issuer="one"),
                annotations={"cert-manager.io/cluster-issuer": "two"},
            )
        ),
        "ui.annotations.cert-manager.io/cluster-issuer",
        "'two'",
        "remove the annotation",
    ),
    case(
        "the kind of no issuer",
        airflow(ui=Ingress(host="a.lab", tls=IngressTls("a-tls", issuer_kind="Issuer"))),
        "ui.tls.issuer_kind",
        "'Issuer'",
        "Set issuer=",
    ),
    case(
        "a network with bits beyond its prefix",
        airflow(ui=LoadBalancer(source_ranges=["10.0.0.1/8"])),
        "ui.source_ranges[0]",
        "'10.0.0.1/8'",
        "10.0.0.0/8",
    ),
    case(
        "an address for a network",
        airflow(ui=LoadBalancer(source_ranges=["10.0.0.1"])),
        "ui.source_ranges[0]",
        "'10.0.0.1'",
        "10.0.0.0/8",
    ),
    case("a base URL without a scheme", airflow(ui=NodePort(base_url="a.lab:30080")), "ui.base_url", "", "https://"),
    case(
        "a base URL with a password",
        airflow(ui=NodePort(base_url="http://ann:hunter2@a.lab")),
        "ui.base_url",
        "",
        "without a user",
    ),
    case("a port that is none", airflow(ui=NodePort(port=70000)), "ui.port", "70000", "65535"),
    case(
        "a gateway by its bare name",
        airflow(ui=HttpRoute(host="a.lab", gateway="public")),
        "ui.gateway",
        "'public'",
        "ExistingGateway(",
    ),  # type: ignore[arg-type]
    case(
        "a wildcard for a route",
        airflow(ui=HttpRoute(host="*.a.lab", gateway=GATEWAY)),
        "ui.host",
        "'*.a.lab'",
        "wildcard",
    ),
]


@pytest.mark.parametrize(("spoil", "at", "seen", "fix"), CASES)
def test_it_is_refused_before_anything_is_written(spoil: Any, at: str, seen: str, fix: str) -> None:
    spoiled.test_invalid_input_is_rejected_and_nothing_is_emitted(spoil, at, seen, fix)


def test_an_http_route_is_emitted() -> None:
    chart = new_chart()
    make_airflow(chart, ui=HttpRoute(host="a.lab", gateway=GATEWAY))
    assert sorted(manifest["kind"] for manifest in emitted(chart)) == ["HTTPRoute", "HelmChart"]
