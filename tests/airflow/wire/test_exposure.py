"""Each way to reach the UI, in every dialect, and the route as the API server takes it."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow.airflow.authentication import FabAuth, Oidc
from cdk8s_airflow.airflow.exposure import (
    ClusterIP,
    ExistingGateway,
    HttpRoute,
    Ingress,
    IngressHost,
    IngressTls,
    LoadBalancer,
    NodePort,
)
from cdk8s_airflow.airflow.wire.authentication import redirect_address
from cdk8s_airflow.airflow.wire.exposure import (
    EXPOSURE,
    exposure_needs,
    exposure_objects,
    exposure_rules,
)
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.schemas.canonical import canonical
from cdk8s_airflow.validation import check_setting
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of
from tests.truth import crds

NEWEST = ("1.22.0", "3.2.2")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)


def server(pair: Pair) -> str:
    return "apiServer" if pair in WITH_AIRFLOW_3 else "webserver"


def base(pair: Pair, url: str) -> dict[str, Any]:
    return {"config": {"api" if pair in WITH_AIRFLOW_3 else "webserver": {"base_url": url}}}


@every_pair
def test_a_node_port_is_written_with_the_name_that_the_version_has_for_it(pair: Pair) -> None:
    name = "api-server" if pair in WITH_AIRFLOW_3 else "airflow-ui"
    assert values_of(EXPOSURE, release(pair, ui=NodePort(port=30080, base_url="http://n:30080"))) == {
        server(pair): {"service": {"type": "NodePort", "ports": [{"name": name, "port": 8080, "nodePort": 30080}]}},
        **base(pair, "http://n:30080"),
    }
    assert values_of(EXPOSURE, release(pair, ui=NodePort())) == {server(pair): {"service": {"type": "NodePort"}}}


@every_pair
def test_a_load_balancer_has_only_the_given_settings(pair: Pair) -> None:
    ui = LoadBalancer(source_ranges=["10.0.0.0/8"], annotations={"a/b": "c"}, base_url="https://a.example.com")
    assert values_of(EXPOSURE, release(pair, ui=ui)) == {
        server(pair): {
            "service": {
                "type": "LoadBalancer",
                "loadBalancerSourceRanges": ["10.0.0.0/8"],
                "annotations": {"a/b": "c"},
            }
        },
        **base(pair, "https://a.example.com"),
    }
    assert values_of(EXPOSURE, release(pair, ui=LoadBalancer())) == {
        server(pair): {"service": {"type": "LoadBalancer"}}
    }


@every_pair
def test_an_ingress_names_every_host_and_one_issuer(pair: Pair) -> None:
    ui = Ingress(
        host="a.example.com",
        class_name="nginx",
        tls=IngressTls("a-tls", issuer="lab"),
        more_hosts=[IngressHost("b.example.com")],
        annotations={"a/b": "c"},
    )
    assert values_of(EXPOSURE, release(pair, ui=ui)) == {
        server(pair): {"service": {"type": "ClusterIP"}},
        "ingress": {
            "apiServer" if pair in WITH_AIRFLOW_3 else "web": {
                "enabled": True,
                "hosts": [
                    {"name": "a.example.com", "tls": {"enabled": True, "secretName": "a-tls"}},
                    {"name": "b.example.com"},
                ],
                "path": "/",
                "pathType": "Prefix",
                "ingressClassName": "nginx",
                "annotations": {"a/b": "c", "cert-manager.io/cluster-issuer": "lab"},
            }
        },
        **base(pair, "https://a.example.com"),
    }


GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}


@every_pair
def test_a_route_leads_to_the_service_of_the_ui(pair: Pair) -> None:
    ui = HttpRoute(
        host="a.example.com",
        more_hosts=["b.example.com"],
        gateway=ExistingGateway("public", namespace="gateways", listener="https"),
    )
    (route,) = exposure_objects(release(pair, ui=ui)).values()
    crds.assert_accepted(canonical(route))
    assert route["spec"] == {
        "parentRefs": [{**GATEWAY, "name": "public", "namespace": "gateways", "sectionName": "https"}],
        "hostnames": ["a.example.com", "b.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [
                    {
                        "group": "",
                        "kind": "Service",
                        "name": "lab-api-server" if pair in WITH_AIRFLOW_3 else "lab-webserver",
                        "port": 8080,
                        "weight": 1,
                    }
                ],
            }
        ],
    }
    assert values_of(EXPOSURE, release(pair, ui=ui)) == {
        server(pair): {"service": {"type": "ClusterIP"}},
        **base(pair, "https://a.example.com"),
    }


def test_a_gateway_in_the_namespace_of_the_release_has_no_namespace() -> None:
    ui = HttpRoute(host="a.example.com", gateway=ExistingGateway("public"), https=False)
    (route,) = exposure_objects(release(NEWEST, ui=ui)).values()
    crds.assert_accepted(canonical(route))
    assert route["spec"]["parentRefs"] == [{**GATEWAY, "name": "public"}]
    assert ui.base_url == "http://a.example.com"


@pytest.mark.parametrize("ui", [ClusterIP(), NodePort(), LoadBalancer(), Ingress(host="a.example.com")], ids=repr)
def test_only_a_route_is_an_object_of_ours(ui: Any) -> None:
    assert exposure_objects(release(NEWEST, ui=ui)) == {}


@every_pair
@pytest.mark.parametrize(
    ("ui", "at"),
    [
        (Ingress(host="a.example.com", path="/airflow"), "ui.path"),
        (NodePort(base_url="http://a.example.com:30080/airflow"), "ui.base_url"),
        (LoadBalancer(base_url="http://a.example.com/airflow"), "ui.base_url"),
    ],
    ids=["ingress", "node-port", "load-balancer"],
)
def test_a_path_is_refused_where_the_probes_do_not_follow_it(pair: Pair, ui: Any, at: str) -> None:
    found = [(finding.rule, finding.at) for finding in exposure_rules(release(pair, ui=ui))]
    assert found == ([("exposure/sub-path", at)] if pair in WITH_AIRFLOW_3 else [])


@pytest.mark.parametrize(
    "ui",
    [
        ClusterIP(),
        NodePort(base_url="http://a.example.com:30080"),
        Ingress(host="a.example.com"),
        HttpRoute(host="a.example.com", gateway=ExistingGateway("public")),
    ],
    ids=repr,
)
def test_without_a_path_there_is_nothing_to_refuse(ui: Any) -> None:
    assert list(exposure_rules(release(NEWEST, ui=ui))) == []


def test_a_certificate_is_needed_for_each_host_that_no_issuer_serves() -> None:
    ui = Ingress(
        host="a.example.com",
        tls=IngressTls("a-tls"),
        more_hosts=[
            IngressHost("b.example.com", tls=IngressTls("b-tls", issuer="lab")),
            IngressHost("c.example.com", tls=IngressTls("c-tls")),
        ],
    )
    needs = list(exposure_needs(release(NEWEST, ui=ui)))
    assert [(need.name, need.awaited) for need in needs] == [("a-tls", False), ("c-tls", False)]


@pytest.mark.parametrize("pair", PAIRS, ids=called)
def test_base_url_is_https_if_a_proxy_in_front_terminates_tls(pair: Pair) -> None:
    section = "api" if pair in WITH_AIRFLOW_3 else "webserver"
    for ui in (Ingress(host="a.example.com", https=True), ClusterIP(base_url="https://a.example.com")):
        values = values_of(EXPOSURE, release(pair, ui=ui))
        assert values["config"] == {section: {"base_url": "https://a.example.com"}}
    ingress = values_of(EXPOSURE, release(pair, ui=Ingress(host="a.example.com", https=True)))
    assert "tls" not in str(ingress.get("ingress"))


def test_ingress_with_a_certificate_is_not_http() -> None:
    (finding,) = check_setting(Ingress(host="a.example.com", tls=IngressTls("t"), https=False), "ui")
    assert (finding.rule, finding.at) == ("exposure/https", "ui.https")
    assert Ingress(host="a.example.com", tls=IngressTls("t")).base_url == "https://a.example.com"
    assert Ingress(host="a.example.com").base_url == "http://a.example.com"


def test_oidc_redirects_to_https_if_a_proxy_in_front_terminates_tls() -> None:
    sign_on = Oidc(
        name="sso",
        issuer="https://sso.example.com",
        client_id="airflow",
        client_secret=SecretKey("sso", "secret"),
        roles={"admins": "Admin"},
    )
    settings = release(PAIRS[-1], auth=FabAuth(sign_on=sign_on), ui=Ingress(host="a.example.com", https=True))
    assert redirect_address(settings) == "https://a.example.com/auth/oauth-authorized/sso"


@every_pair
def test_without_an_ingress_there_is_a_service_in_the_cluster(pair: Pair) -> None:
    server = "apiServer" if pair in WITH_AIRFLOW_3 else "webserver"
    assert values_of(EXPOSURE, release(pair)) == {server: {"service": {"type": "ClusterIP"}}}
    assert list(exposure_needs(release(pair))) == []


@every_pair
def test_an_ingress_has_the_host_with_its_own_tls_and_the_base_url_follows(pair: Pair) -> None:
    ui = Ingress(
        host="a.example.com",
        class_name="nginx",
        tls=IngressTls("cert", issuer="lab-ca"),
        annotations={"x.io/size": "8m"},
    )
    ingress = {
        "enabled": True,
        "hosts": [{"name": "a.example.com", "tls": {"enabled": True, "secretName": "cert"}}],
        "path": "/",
        "pathType": "Prefix",
        "ingressClassName": "nginx",
        "annotations": {"x.io/size": "8m", "cert-manager.io/cluster-issuer": "lab-ca"},
    }
    if pair in WITH_AIRFLOW_3:
        expected = {
            "apiServer": {"service": {"type": "ClusterIP"}},
            "ingress": {"apiServer": ingress},
            "config": {"api": {"base_url": "https://a.example.com"}},
        }
    else:
        expected = {
            "webserver": {"service": {"type": "ClusterIP"}},
            "ingress": {"web": ingress},
            "config": {"webserver": {"base_url": "https://a.example.com"}},
        }
    assert values_of(EXPOSURE, release(pair, ui=ui)) == expected
    assert list(exposure_needs(release(pair, ui=ui))) == []


def test_a_plain_ingress_says_no_more_than_it_knows() -> None:
    values = values_of(EXPOSURE, release(NEWEST, ui=Ingress(host="a.example.com")))
    assert values["ingress"]["apiServer"] == {
        "enabled": True,
        "hosts": [{"name": "a.example.com"}],
        "path": "/",
        "pathType": "Prefix",
    }
    assert values["config"]["api"]["base_url"] == "http://a.example.com"


def test_an_issuer_in_the_namespace_has_another_annotation() -> None:
    ui = Ingress(host="a.example.com", tls=IngressTls("cert", issuer="own", issuer_kind="Issuer"))
    assert values_of(EXPOSURE, release(NEWEST, ui=ui))["ingress"]["apiServer"]["annotations"] == {
        "cert-manager.io/issuer": "own"
    }


def test_a_certificate_without_an_issuer_has_to_be_made() -> None:
    (need,) = exposure_needs(release(NEWEST, ui=Ingress(host="a.example.com", tls=IngressTls("cert"))))
    assert (need.name, need.type, list(need.keys)) == ("cert", "kubernetes.io/tls", ["tls.crt", "tls.key"])
