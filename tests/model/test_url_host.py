"""Whether the host of a URL is inside or outside the cluster."""

from __future__ import annotations

import pytest

from cdk8s_airflow.model.traffic import ExternalPeer, Peer, UnlocatedPeer
from cdk8s_airflow.model.url_host import of_url


@pytest.mark.parametrize(
    ("url", "peer", "port"),
    [
        ("https://github.com/a/b.git", ExternalPeer(name="github.com"), 443),
        ("http://proxy.example.com", ExternalPeer(name="proxy.example.com"), 80),
        ("git@git.example.com:a/b.git", ExternalPeer(name="git.example.com"), 22),
        ("git.example.com:a/b.git", ExternalPeer(name="git.example.com"), 22),
        ("ssh://git@git.example.com:2222/a", ExternalPeer(name="git.example.com"), 2222),
        ("ldaps://ldap.example.com", ExternalPeer(name="ldap.example.com"), 636),
        ("tempo.example.com:4317", ExternalPeer(name="tempo.example.com"), 4317),
        ("http://10.1.2.3:9000", ExternalPeer(name="10.1.2.3", networks=("10.1.2.3/32",)), 9000),
        ("https://[2001:db8::1]:9000", ExternalPeer(name="2001:db8::1", networks=("2001:db8::1/128",)), 9000),
        ("http://store:8333", UnlocatedPeer(name="store"), 8333),
        ("http://store.storage:8333", UnlocatedPeer(name="store.storage"), 8333),
        ("https://store.storage.svc", UnlocatedPeer(name="store.storage.svc"), 443),
        ("https://store.storage.svc.lab.local", UnlocatedPeer(name="store.storage.svc.lab.local"), 443),
    ],
)
def test_peer_of_treats_a_host_as_external_unless_it_may_be_a_service(url: str, peer: Peer, port: int) -> None:
    assert of_url(url, "lab.local") == (peer, port)


@pytest.mark.parametrize("url", ["plain", "", "https://", "https://host:99999/", "unheard-of://host/", "https:///path"])
def test_of_url_is_none_for_text_without_host_or_port(url: str) -> None:
    assert of_url(url, "cluster.local") is None
