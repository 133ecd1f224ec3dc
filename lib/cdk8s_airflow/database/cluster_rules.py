"""What the operator's webhook would refuse of a Cluster, and what would never run, found before it is asked.

Source: CloudNativePG 1.30, ``internal/webhook/v1/cluster_webhook.go``; releases by the first tag whose definition has the field.
Rules of the webhook that compare with what the cluster has (no smaller volume, no lower major version) cannot be known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from cdk8s_airflow._regex import regex
from cdk8s_airflow.database.roles import DatabaseRole, twice
from cdk8s_airflow.database.wire.cluster import AFFINITIES
from cdk8s_airflow.database.wire.databases import owner_of
from cdk8s_airflow.database.wire.roles import all_roles
from cdk8s_airflow.database.wire.settings import ClusterSettings
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import version

_DESCRIPTOR = regex(r"\$\{([^:]+):([^}]+)\}")

_KINDS_OF_RULE = ("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")
_METHODS = (
    *("trust", "reject", "scram-sha-256", "md5", "password", "gss", "sspi", "ident", "peer", "ldap", "radius", "cert"),
    *("pam", "bsd", "oauth"),
)

SINCE: Mapping[str, tuple[int, ...]] = {
    "synchronous.failover_quorum": (1, 28),
    "extension_images": (1, 27),
    "service_account": (1, 29),
}
"""The release of the operator that has what an argument asks for; the rest is in every release from 1.26 on."""

ROLE_OBJECTS: tuple[int, ...] = (1, 30)
"""The first release with an object for roles."""


def has_role_objects(facts: ClusterFacts) -> bool:
    """Whether the operator is known to have an object for roles."""
    return facts.cnpg is not None and version(facts.cnpg)[:2] >= ROLE_OBJECTS


def cluster_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    """Everything wrong with a Cluster that each setting by itself does not show."""
    yield from _release_findings(settings, facts)
    yield from _replication_findings(settings, facts)
    yield from _placement_findings(settings)
    yield from _postgres_findings(settings, facts)
    yield from _object_findings(settings)
    yield from _account_findings(settings)
    yield from _role_findings(settings)


def _release_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    asked = {
        "synchronous.failover_quorum": settings.synchronous is not None and settings.synchronous.failover_quorum,
        "extension_images": bool(settings.extension_images),
        "service_account": isinstance(settings.service_account, ExistingServiceAccount),
    }
    for at, first in SINCE.items():
        if not asked[at]:
            continue
        named = ".".join(map(str, first))
        if facts.cnpg is None:
            yield Finding(
                rule="database/release",
                at=at,
                problem=f"is known to CloudNativePG from {named} on, and which release the cluster has is not known",
                fix=f'say ClusterFacts(cnpg="{named}.0") or what you have, or leave it out',
            )
        elif version(facts.cnpg)[:2] < first:
            yield Finding(
                rule="database/release",
                at=at,
                problem=f"is not known to this CloudNativePG, which would drop it in silence; it came with {named}",
                seen=facts.cnpg,
                fix=f"upgrade the operator to {named} or newer, or leave it out",
            )


def _replication_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    instances = settings.instances
    if settings.synchronous is not None and settings.synchronous.number >= instances:
        yield Finding(
            rule="database/synchronous",
            at="synchronous.number",
            problem=f"asks for more instances than there are beside the one that writes ({instances - 1})",
            seen=repr(settings.synchronous.number),
            fix=f"raise instances to {settings.synchronous.number + 1} or more (one more than that, "
            "or the loss of one stops all writing), or lower number",
        )
    if settings.updates is not None and settings.updates.supervised and instances == 1:
        yield Finding(
            rule="database/updates",
            at="updates.supervised",
            problem="waits for a human to choose another instance, and there is one only; CloudNativePG refuses that",
            seen="True",
            fix="give instances=2 or more, or leave it out",
        )
    if settings.disruption_budget and instances == 1:
        yield Finding(
            rule="scheduling/budget",
            at="disruption_budget",
            problem="is for a single instance, whose node could then never be drained",
            seen="True",
            fix="give instances=2 or more, or leave it out",
        )
    apart = settings.anti_affinity
    on_nodes = apart is not None and apart.required and apart.across == "kubernetes.io/hostname"
    if on_nodes and facts.nodes is not None and instances > facts.nodes:
        yield Finding(
            rule="database/anti-affinity",
            at="anti_affinity.required",
            problem=f"wants a node for each of {instances} instances, and the cluster has {facts.nodes}",
            seen="True",
            fix=f"use instances={facts.nodes}, or let them share nodes: required=False",
        )


def _placement_findings(settings: ClusterSettings) -> Iterator[Finding]:
    affinity = settings.placement.affinity if settings.placement is not None else None
    for key in affinity or ():
        if key not in AFFINITIES:
            yield Finding(
                rule="database/placement",
                at=f"placement.affinity.{key}",
                problem="is no part of a pod's affinity",
                seen=repr(key),
                fix=f"use {', '.join(AFFINITIES)}",
            )


def _postgres_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    given = settings.initdb
    if given is not None and settings.bootstrap is not None:
        yield Finding(
            rule="database/bootstrap",
            at="initdb",
            problem="is for a new database, and this Cluster starts from another one",
            fix="leave it out: what is recovered was made before",
        )
    elif given is not None:
        first = {"icu": 15, "builtin": 17}.get(given.provider or "", 0)
        if settings.postgres_major < first:
            yield Finding(
                rule="database/locale",
                at="initdb.provider",
                problem=f"is not in PostgreSQL {settings.postgres_major}; it came with {first}",
                seen=repr(given.provider),
                fix=f"set postgres_major={first} or newer, or leave it out",
            )
    yield from _extension_findings(settings, facts)
    for index, line in enumerate(settings.pg_hba):
        yield from _hba_findings(line, f"pg_hba[{index}]")
    for index, library in enumerate(settings.preload):
        if library in settings.preload[:index]:
            yield Finding(
                rule="database/preload",
                at=f"preload[{index}]",
                problem="is named twice",
                seen=repr(library),
                fix="name each library once",
            )


def _extension_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    yield from twice(settings.extensions, "extensions")
    images = settings.extension_images
    if images and settings.postgres_major < 18:
        yield Finding(
            rule="database/extension",
            at="extension_images",
            problem=f"needs PostgreSQL 18, and this is {settings.postgres_major}",
            fix="set postgres_major=18 if your Airflow takes it, or use an image= that has the extensions in it",
        )
    if images and facts.kubernetes is not None and version(facts.kubernetes)[:2] < (1, 33):
        yield Finding(
            rule="database/extension",
            at="extension_images",
            problem="needs nodes that mount images, which Kubernetes has from 1.33 on",
            seen=facts.kubernetes,
            fix="use an image= that has the extensions in it",
        )
    volumes = Counter(each.name.replace("_", "-") for each in images)
    for index, each in enumerate(images):
        if volumes[each.name.replace("_", "-")] > 1:
            yield Finding(
                rule="database/extension",
                at=f"extension_images[{index}].name",
                problem="gives the same volume as another one: CloudNativePG turns underscores into dashes",
                seen=repr(each.name),
                fix="name each extension once",
            )
        if each.image is None and settings.catalog is None:
            yield Finding(
                rule="database/extension",
                at=f"extension_images[{index}].image",
                problem="is missing, and there is no catalog= that knows it",
                seen="None",
                fix='give image="ghcr.io/cloudnative-pg/pgvector:0.8.1-18-trixie" or the like',
            )


def _hba_findings(line: str, at: str) -> Iterator[Finding]:
    if not line.strip() or any(ord(character) < 0x20 and character != "\t" for character in line):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="is not one line of pg_hba.conf",
            seen=show(line),
            fix='write each rule by itself, like "hostssl all all 10.42.0.0/16 scram-sha-256"',
        )
    elif not _is_access_rule(line.split()):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="is no rule that PostgreSQL reads: kind, database, role, address (unless local) and method",
            seen=show(line),
            fix='write it like "hostssl all all 10.42.0.0/16 scram-sha-256"',
        )
    elif _DESCRIPTOR.search(line):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="refers to a selector of pods, and this Cluster has none, so CloudNativePG would refuse it",
            seen=show(line),
            fix="write the network, like 10.42.0.0/16",
        )


def _is_access_rule(words: list[str]) -> bool:
    """Whether these are the fields of a rule. Source: PostgreSQL's documentation of ``pg_hba.conf``."""
    if not words or words[0] not in _KINDS_OF_RULE:
        return False
    place = 3 if words[0] == "local" else 4
    if place == 4 and len(words) > 3 and words[3].replace(".", "").isdigit():
        # An address without a prefix is followed by its mask.
        place = 5
    if len(words) <= place or words[place] not in _METHODS:
        return False
    only = {"cert": "hostssl", "peer": "local"}.get(words[place], words[0])
    return words[0] == only


def _object_findings(settings: ClusterSettings) -> Iterator[Finding]:
    for at in ("labels", "annotations"):
        for key in getattr(settings, at):
            if key.partition("/")[0].endswith("cnpg.io"):
                yield Finding(
                    rule="database/own-label",
                    at=f"{at}.{key}",
                    problem="is written by CloudNativePG itself",
                    seen=show(key),
                    fix="leave it out",
                )


def _account_findings(settings: ClusterSettings) -> Iterator[Finding]:
    account = settings.service_account
    if isinstance(account, ServiceAccount) and account.name is not None:
        yield Finding(
            rule="database/account",
            at="service_account.name",
            problem="is not ours to choose: CloudNativePG names the account that it makes after the Cluster",
            seen=repr(account.name),
            fix="leave it out, or make the account yourself and give ExistingServiceAccount",
        )


def _role_findings(settings: ClusterSettings) -> Iterator[Finding]:
    roles = all_roles(settings)
    told: dict[str, DatabaseRole] = {}
    for role in roles:
        if role.name == settings.owner:
            yield _twice("roles", role.name, "is the owner of the first database, which the operator makes itself")
        elif role.name in told:
            yield _twice("roles", role.name, "is told twice, in different ways")
        told.setdefault(role.name, role)
    made = {settings.database}
    for index, database in enumerate(settings.databases):
        if database.name in made:
            yield Finding(
                rule="database/database",
                at=f"databases[{index}].name",
                problem="is a database of this Cluster already",
                seen=repr(database.name),
                fix="give each database a name of its own",
            )
        made.add(database.name)
        owner = owner_of(settings, database)
        if owner != settings.owner and owner not in told:
            yield Finding(
                rule="database/owner",
                at=f"databases[{index}].owner",
                problem="is no role of this Cluster, and no database can be made for it",
                seen=repr(owner),
                fix=f'give roles=[DatabaseRole(name="{owner}", ...)], or the role itself for the owner',
            )
    yield from _credential_findings(settings, roles)


def _twice(at: str, name: str, problem: str) -> Finding:
    return Finding(
        rule="database/role",
        at=at,
        problem=f"role {name} {problem}",
        seen=repr(name),
        fix="tell each role once",
    )


def _credential_findings(settings: ClusterSettings, roles: list[DatabaseRole]) -> Iterator[Finding]:
    """A Secret has one username, so it can be of one role."""
    used: dict[str, str] = {} if settings.credentials is None else {settings.credentials: settings.owner}
    for role in roles:
        if role.credentials is None:
            continue
        other = used.setdefault(role.credentials.name, role.name)
        if other != role.name:
            yield Finding(
                rule="database/role",
                at="roles",
                problem=f"role {role.name} has the same credentials as {other}, and a Secret has one username",
                seen=role.credentials.name,
                fix="give each role a Secret of its own",
            )
