"""Rules on Services, routes and network policies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow.plan.conditions import changed, mappings, text_of, texts
from cdk8s_airflow.plan.pair import Pair, View
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Context, Found, Rule, Setting
from cdk8s_airflow.plan.tree import MISSING, canonical, find

_POLICY = ("NetworkPolicy",)
_ANY = "any"


def allowed(spec: Any, direction: str) -> set[tuple[str, str]] | None:
    """The pairs of peer and port that a NetworkPolicy allows in a direction; None if it does not restrict the direction."""
    types = find(spec, "policyTypes")
    if isinstance(types, list) and direction.capitalize() not in types:
        return None
    if types is MISSING and direction == "egress" and find(spec, "egress") is MISSING:
        return None
    found = set()
    rules = find(spec, direction)
    for rule in mappings(rules):
        peers = [canonical(peer) for peer in mappings(rule.get("from" if direction == "ingress" else "to"))] or [_ANY]
        ports = [canonical(port) for port in mappings(rule.get("ports"))] or [_ANY]
        found |= set(itertools.product(peers, ports))
    return found


def _covered(pair: tuple[str, str], others: set[tuple[str, str]]) -> bool:
    peer, port = pair
    return any(each in others for each in ((peer, port), (_ANY, port), (peer, _ANY), (_ANY, _ANY)))


def _policies(view: View) -> Iterator[tuple[str, set[tuple[str, str]] | None, set[tuple[str, str]] | None]]:
    for direction in ("ingress", "egress"):
        old, new = (allowed(find(document, "spec"), direction) for document in (view.old, view.new))
        yield direction, old, new


def _widened(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    for direction, old, new in _policies(view):
        if old is None or (new is not None and all(_covered(each, old) for each in new)):
            continue
        more = "everything" if new is None else _described(each for each in sorted(new) if not _covered(each, old))
        yield Found(("spec", direction), {"direction": direction, "more": more}, ("spec.policyTypes",))


def _narrowed(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    for direction, old, new in _policies(view):
        if new is None or (old is not None and all(_covered(each, new) for each in old)):
            continue
        less = (
            "what no rule allows"
            if old is None
            else _described(each for each in sorted(old) if not _covered(each, new))
        )
        yield Found(("spec", direction), {"direction": direction, "less": less}, ("spec.policyTypes",))


def _described(pairs: Iterator[tuple[str, str]]) -> str:
    import json

    shown = []
    for peer, port in pairs:
        peer_text = "anybody" if peer == _ANY else _peer(json.loads(peer))
        port_text = "" if port == _ANY else f" on port {json.loads(port).get('port', 'any')}"
        shown.append(f"{peer_text}{port_text}")
    distinct = list(dict.fromkeys(shown))
    return "; ".join(distinct[:3]) + (f" and {len(distinct) - 3} more" if len(distinct) > 3 else "")


def _peer(peer: Mapping[str, Any]) -> str:
    block = peer.get("ipBlock")
    if isinstance(block, Mapping):
        return str(block.get("cidr"))
    parts = []
    for field, name in (("namespaceSelector", "namespaces"), ("podSelector", "pods")):
        if field in peer:
            labels = find(peer[field], "matchLabels")
            pairs = sorted(labels.items()) if isinstance(labels, Mapping) else []
            text = ", ".join(f"{key}={value}" for key, value in pairs)
            parts.append(f"{name} {text}" if text else f"all {name}")
    return " in ".join(reversed(parts))


def hosts(document: Any) -> set[str]:
    """The host names of an Ingress or HTTPRoute."""
    found = {str(rule["host"]) for rule in mappings(find(document, "spec.rules")) if rule.get("host")}
    names = find(document, "spec.hostnames")
    return found | set(texts(names))


def _host_removed(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    old, new = hosts(view.old), hosts(view.new)
    if old - new:
        path = ("spec", "hostnames") if view.subject == "HTTPRoute" else ("spec", "rules")
        yield Found(path, {"old": ", ".join(sorted(old - new)), "new": ", ".join(sorted(new)) or MISSING})


def _encrypted(document: Any) -> set[str]:
    """The host names for which an Ingress has a certificate."""
    entries = mappings(find(document, "spec.tls"))
    return {str(host) for entry in entries for host in texts(entry.get("hosts")) or ["all hosts"]}


def _tls_removed(view: View, pair: Pair, context: Context) -> Iterator[Found]:
    served = hosts(view.new) | {"all hosts"}
    plain = sorted((_encrypted(view.old) - _encrypted(view.new)) & served)
    if plain:
        yield Found(("spec", "tls"), {"host": ", ".join(plain)})


def _exposed(setting: Setting) -> bool:
    return setting.new in ("LoadBalancer", "NodePort") and setting.old not in ("LoadBalancer", "NodePort")


def _ranges(setting: Setting) -> bool:
    old, new = (set(texts(value)) for value in (setting.old, setting.new))
    return bool(old) and (not new or bool(new - old))


def _headless(setting: Setting) -> bool:
    return "None" in (text_of(setting.old), text_of(setting.new))


RULES = (
    Rule(
        id="policy/widened",
        risk=Risk.SECURITY,
        title="A network policy allows more",
        on=_POLICY,
        check=_widened,
        in_place=False,
        happens="The policy allows more {direction}: {more}.",
        first="Check that the connection is needed.",
    ),
    Rule(
        id="policy/narrowed",
        risk=Risk.DOWNTIME,
        title="A network policy allows less",
        on=_POLICY,
        check=_narrowed,
        happens="The policy no longer allows {direction}: {less}. Connections that no other policy allows are refused.",
        first="Check that nothing uses them any more.",
    ),
    Rule(
        id="policy/selector",
        risk=Risk.SECURITY,
        title="A network policy selects other pods",
        on=_POLICY,
        paths=("spec.podSelector",),
        happens="The policy holds for pods with {new} instead of {old}. Pods that no policy selects any more are open to all.",
        first="Check which pods the policy selects: kubectl get pods -l ...",
    ),
    Rule(
        id="service/headless",
        risk=Risk.IMPOSSIBLE,
        title="A Service becomes headless, or stops being so",
        on=("Service",),
        paths=("spec.clusterIP",),
        when=_headless,
        happens="spec.clusterIP of a Service cannot change between None and an address; the API server refuses it.",
        first="Delete the Service and create it again, or use another name.",
    ),
    Rule(
        id="service/immutable",
        fallback=True,
        risk=Risk.IMPOSSIBLE,
        title="A field of a Service changes that cannot",
        on=("Service",),
        paths=("spec.clusterIP", "spec.loadBalancerClass"),
        when=lambda setting: setting.old is not MISSING,
        happens="{path} of a Service cannot be changed ({old} to {new}); the API server refuses it.",
        first="Delete the Service and create it again, or use another name.",
    ),
    Rule(
        id="service/exposed",
        risk=Risk.SECURITY,
        title="A Service is reachable from outside the cluster",
        on=("Service",),
        paths=("spec.type",),
        when=_exposed,
        in_place=False,
        happens="The Service becomes {new}: it can be reached from outside the cluster.",
        first="Restrict the sources, and check that a login and TLS are required.",
    ),
    Rule(
        id="service/source-ranges",
        risk=Risk.SECURITY,
        title="A load balancer accepts more sources",
        on=("Service",),
        paths=("spec.loadBalancerSourceRanges",),
        when=_ranges,
        happens="The load balancer accepts connections from {new} instead of {old}.",
        first="Check the ranges.",
    ),
    Rule(
        id="service/type",
        risk=Risk.DOWNTIME,
        title="A Service gets another type",
        on=("Service",),
        paths=("spec.type",),
        when=lambda setting: not _exposed(setting),
        happens="The Service is {new} instead of {old}. Clients that used its old address outside the cluster can no longer "
        "connect.",
        first="Move the clients to another address first.",
    ),
    Rule(
        id="service/ports",
        risk=Risk.DOWNTIME,
        title="A port of a Service changes",
        on=("Service",),
        paths=("spec.ports.*", "spec.ports.*.port", "spec.ports.*.nodePort"),
        when=lambda setting: (
            setting.old is not MISSING and (setting.new is MISSING or not isinstance(setting.old, dict))
        ),
        happens="Clients that connect to {old} can no longer connect; the port is {new}.",
        first="Change the clients in the same change.",
    ),
    Rule(
        id="service/selector",
        risk=Risk.DOWNTIME,
        title="A Service selects other pods",
        on=("Service",),
        paths=("spec.selector",),
        happens="The Service routes to pods with {new} instead of {old}. Until such pods are ready, no client can connect.",
        first="Add the labels to the pods first.",
    ),
    Rule(
        id="ui/host",
        risk=Risk.DOWNTIME,
        title="A host name is removed",
        on=("Ingress", "HTTPRoute"),
        check=_host_removed,
        in_place=False,
        happens="{old} no longer leads to the UI and the API; the host names are {new}.",
        first="Create DNS records and certificates for the new name first, and tell clients and the sign-on provider.",
    ),
    Rule(
        id="ui/tls-removed",
        risk=Risk.SECURITY,
        title="TLS is removed",
        on=("Ingress",),
        check=_tls_removed,
        in_place=False,
        happens="Connections to {host} are no longer encrypted: passwords and sessions can be read in transit.",
        first="Keep TLS, unless a proxy in front of it terminates TLS.",
    ),
    Rule(
        id="ui/tls-secret",
        risk=Risk.DOWNTIME,
        title="The certificate comes from another Secret",
        on=("Ingress",),
        paths=("spec.tls.*.secretName",),
        when=changed,
        happens="The certificate is read from Secret {new} instead of {old}. Until it exists, browsers refuse the connection.",
        first="Create Secret {new} first, or let cert-manager issue it.",
    ),
    Rule(
        id="ui/class",
        risk=Risk.DOWNTIME,
        title="Another controller serves a route",
        on=("Ingress", "HTTPRoute"),
        paths=("spec.ingressClassName", "spec.parentRefs"),
        happens="The route is served by {new} instead of {old}, under the address of that one.",
        first="Point the DNS record to the new address.",
    ),
)
