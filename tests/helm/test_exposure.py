"""What real Helm makes of each way to reach the UI, with every pair of chart and Airflow."""

from __future__ import annotations

import pytest

from cdk8s_airflow import ExistingGateway, HttpRoute, Ingress, IngressHost, IngressTls, LoadBalancer, NodePort
from tests.helm.expectations import assert_strict_kinds
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]


def server(pair: tuple[str, str]) -> str:
    return "webserver" if pair[1] < "3" else "api-server"


def base_url(rendered: Rendered, pair: tuple[str, str]) -> str:
    return rendered.airflow_cfg.get("webserver" if pair[1] < "3" else "api", "base_url", fallback="")


def test_a_node_port_listens_on_every_node(pair: tuple[str, str]) -> None:
    manifests = release(
        chart_version=pair[0], airflow_version=pair[1], ui=NodePort(port=30080, base_url="http://lab.example.com:30080")
    )
    rendered = render_release(helm_chart(manifests))
    assert_strict_kinds(rendered)
    service = rendered.get("Service", f"airflow-{server(pair)}")["spec"]
    (port,) = service["ports"]
    assert service["type"] == "NodePort"
    assert (port["port"], port["nodePort"]) == (8080, 30080)
    assert base_url(rendered, pair) == "http://lab.example.com:30080"


def test_a_load_balancer_allows_the_given_networks(pair: tuple[str, str]) -> None:
    ui = LoadBalancer(source_ranges=["10.0.0.0/8"], annotations={"example.com/internal": "true"})
    rendered = render_release(helm_chart(release(chart_version=pair[0], airflow_version=pair[1], ui=ui)))
    assert_strict_kinds(rendered)
    service = rendered.get("Service", f"airflow-{server(pair)}")
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert service["metadata"]["annotations"]["example.com/internal"] == "true"


def test_every_host_of_an_ingress_has_its_own_certificate(pair: tuple[str, str]) -> None:
    ui = Ingress(
        host="a.example.com",
        tls=IngressTls("a-tls", issuer="lab"),
        more_hosts=[IngressHost("b.example.com", tls=IngressTls("b-tls", issuer="lab")), IngressHost("c.example.com")],
    )
    rendered = render_release(helm_chart(release(chart_version=pair[0], airflow_version=pair[1], ui=ui)))
    assert_strict_kinds(rendered)
    (ingress,) = rendered.find("Ingress")
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["a.example.com", "b.example.com", "c.example.com"]
    assert ingress["spec"]["tls"] == [
        {"hosts": ["a.example.com"], "secretName": "a-tls"},
        {"hosts": ["b.example.com"], "secretName": "b-tls"},
    ]
    assert base_url(rendered, pair) == "https://a.example.com"


def test_the_route_leads_to_a_service_and_port_that_the_chart_makes(pair: tuple[str, str]) -> None:
    ui = HttpRoute(host="a.example.com", gateway=ExistingGateway("public", namespace="gateways"))
    manifests = release(chart_version=pair[0], airflow_version=pair[1], ui=ui)
    rendered = render_release(helm_chart(manifests))
    (route,) = (manifest for manifest in manifests if manifest["kind"] == "HTTPRoute")
    (rule,) = route["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    ports = {port["port"] for port in rendered.get("Service", backend["name"])["spec"]["ports"]}
    assert backend["port"] in ports
    assert base_url(rendered, pair) == "https://a.example.com"


def test_airflow_2_can_be_served_below_a_path(pair: tuple[str, str]) -> None:
    if pair[1] >= "3":
        pytest.skip("refused with Airflow 3, which tests/airflow/test_exposure.py shows")
    ui = Ingress(host="a.example.com", path="/airflow")
    rendered = render_release(helm_chart(release(chart_version=pair[0], airflow_version=pair[1], ui=ui)))
    (ingress,) = rendered.find("Ingress")
    assert [path["path"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]] == ["/airflow"]
    probes = rendered.pod("webserver").container("webserver").spec
    assert probes["livenessProbe"]["httpGet"]["path"] == "/airflow/health"
    assert base_url(rendered, pair) == "http://a.example.com/airflow"
