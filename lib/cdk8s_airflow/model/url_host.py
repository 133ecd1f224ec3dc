"""Whether the host of a URL is inside or outside the cluster."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from cdk8s_airflow.model.traffic import ExternalPeer, Peer, UnlocatedPeer

_USUAL = {"http": 80, "https": 443, "ssh": 22, "ldap": 389, "ldaps": 636, "git": 9418}


def peer_of(host: str, port: int, cluster_domain: str) -> Peer:
    """The peer for a host: an external peer, or one whose location the user has to state.

    Args:
        host: a host name or an IP address.
        port: the port.
        cluster_domain: the DNS domain of Services.
    """
    bare = host.strip("[]")
    try:
        address = ip_address(bare)
    except ValueError:
        return UnlocatedPeer(name=host) if looks_inside(host, port, cluster_domain) else ExternalPeer(name=host)
    return ExternalPeer(name=bare, networks=(f"{bare}/{address.max_prefixlen}",))


def looks_inside(host: str, port: int, cluster_domain: str) -> bool:
    """Whether a name is, or may be, a Service of the cluster: ``store``, ``store.storage``, ``store.storage.svc``.

    A name of two parts may be either. At the ports of HTTPS and SSH it is treated as an external name.
    """
    parts = host.rstrip(".").split(".")
    if host.rstrip(".").endswith((".svc", f".{cluster_domain}")) or len(parts) == 1:
        return True
    return len(parts) == 2 and port not in (443, 22)


def of_url(url: str, cluster_domain: str) -> tuple[Peer, int] | None:
    """The peer and the port of a URL; None if the text is not a URL with a host.

    Args:
        url: for example ``https://host/path``, ``ssh://git@host:2222/path``, ``git@host:path`` or ``host:4317``.
        cluster_domain: the DNS domain of Services.
    """
    if "://" not in url:
        head, separator, rest = url.rpartition("@")[2].partition(":")
        if not separator or not head:
            return None
        port = int(rest) if rest.isdigit() else _USUAL["ssh"]
        return peer_of(head, port, cluster_domain), port
    try:
        parts = urlsplit(url)
        explicit = parts.port
    except ValueError:
        return None
    port = explicit or _USUAL.get(parts.scheme, 0)
    if not parts.hostname or not port:
        return None
    return peer_of(parts.hostname, port, cluster_domain), port
