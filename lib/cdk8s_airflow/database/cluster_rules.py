"""Findings for a Cluster that the operator's webhook would refuse, or that would never run.

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
from cdk8s_airflow.model.node_group import placement_on
from cdk8s_airflow.model.service_account import ExistingServiceAccount, ServiceAccount
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.versions import within

_DESCRIPTOR = regex(r"\$\{([^:]+):([^}]+)\}")

_KINDS_OF_RULE = ("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc")
_METHODS = (
    *("trust", "reject", "scram-sha-256", "md5", "password", "gss", "sspi", "ident", "peer", "ldap", "radius", "cert"),
    *("pam", "bsd", "oauth"),
)

SINCE: Mapping[str, str] = {
    "synchronous.failover_quorum": "1.28",
    "extension_images": "1.27",
    "service_account": "1.29",
}
"""The release of the operator that has what an argument asks for; the rest is in every release from 1.26 on."""

ROLE_OBJECTS = ">=1.30"
"""The releases with an object for roles."""


def has_role_objects(facts: ClusterFacts) -> bool:
    """Whether the operator is known to have an object for roles."""
    return facts.cnpg is not None and within(ROLE_OBJECTS, facts.cnpg)


def cluster_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    """Findings that follow from the combination of settings of a Cluster."""
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
        if facts.cnpg is None:
            yield Finding(
                rule="database/release",
                at=at,
                problem=f"requires CloudNativePG {first} or newer, and the version in the cluster is unknown",
                fix=f'Set ClusterFacts(cnpg="{first}.0") or your version, or remove it',
            )
        elif within(f"<{first}", facts.cnpg):
            yield Finding(
                rule="database/release",
                at=at,
                problem=f"requires CloudNativePG {first} or newer; this version ignores it",
                seen=facts.cnpg,
                fix=f"Upgrade the operator to {first} or newer, or remove it",
            )


def _replication_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    instances = settings.instances
    if settings.synchronous is not None and settings.synchronous.number >= instances:
        yield Finding(
            rule="database/synchronous",
            at="synchronous.number",
            problem=f"must be at most the number of standbys ({instances - 1})",
            seen=repr(settings.synchronous.number),
            fix=f"Set instances={settings.synchronous.number + 1} or more (with one more, "
            "writes continue if one is lost), or lower number=",
        )
    if settings.updates is not None and settings.updates.supervised and instances == 1:
        yield Finding(
            rule="database/updates",
            at="updates.supervised",
            problem="requires a second instance that can be promoted; CloudNativePG rejects it for a single instance",
            seen="True",
            fix="Set instances=2 or more, or remove it",
        )
    if settings.disruption_budget and instances == 1:
        yield Finding(
            rule="scheduling/budget",
            at="disruption_budget",
            problem="prevents the drain of the node of a single instance",
            seen="True",
            fix="Set instances=2 or more, or remove it",
        )
    apart = settings.anti_affinity
    on_nodes = apart is not None and apart.required and apart.across == "kubernetes.io/hostname"
    if on_nodes and facts.nodes is not None and instances > facts.nodes:
        yield Finding(
            rule="database/anti-affinity",
            at="anti_affinity.required",
            problem=f"requires one node per instance ({instances}), but ClusterFacts(nodes={facts.nodes})",
            seen="True",
            fix=f"Set instances={facts.nodes}, or let instances share nodes: required=False",
        )


def _placement_findings(settings: ClusterSettings) -> Iterator[Finding]:
    affinity = placement_on(settings.placement).affinity if settings.placement is not None else None
    for key in affinity or ():
        if key not in AFFINITIES:
            yield Finding(
                rule="database/placement",
                at=f"placement.affinity.{key}",
                problem="is not a field of affinity",
                seen=repr(key),
                fix=f"Use one of: {', '.join(AFFINITIES)}",
            )


def _postgres_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    given = settings.initdb
    if given is not None and settings.bootstrap is not None:
        yield Finding(
            rule="database/bootstrap",
            at="initdb",
            problem="applies to a new database only, but this Cluster is restored from another one",
            fix="Remove it",
        )
    elif given is not None:
        first = {"icu": 15, "builtin": 17}.get(given.provider or "", 0)
        if settings.postgres_major < first:
            yield Finding(
                rule="database/locale",
                at="initdb.provider",
                problem=f"requires PostgreSQL {first} or newer, and this is {settings.postgres_major}",
                seen=repr(given.provider),
                fix=f"Set postgres_major={first} or newer, or remove it",
            )
    yield from _extension_findings(settings, facts)
    for index, line in enumerate(settings.pg_hba):
        yield from _hba_findings(line, f"pg_hba[{index}]")
    for index, library in enumerate(settings.preload):
        if library in settings.preload[:index]:
            yield Finding(
                rule="database/preload",
                at=f"preload[{index}]",
                problem="is listed twice",
                seen=repr(library),
                fix="List each library once",
            )


def _extension_findings(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Finding]:
    yield from twice(settings.extensions, "extensions")
    images = settings.extension_images
    if images and settings.postgres_major < 18:
        yield Finding(
            rule="database/extension",
            at="extension_images",
            problem=f"requires PostgreSQL 18, and this is {settings.postgres_major}",
            fix="Set postgres_major=18 if your Airflow supports it, or use an image= that contains the extensions",
        )
    if images and facts.kubernetes is not None and within("<1.33", facts.kubernetes):
        yield Finding(
            rule="database/extension",
            at="extension_images",
            problem="requires image volumes, which Kubernetes supports from 1.33 on",
            seen=facts.kubernetes,
            fix="Use an image= that contains the extensions",
        )
    volumes = Counter(each.name.replace("_", "-") for each in images)
    for index, each in enumerate(images):
        if volumes[each.name.replace("_", "-")] > 1:
            yield Finding(
                rule="database/extension",
                at=f"extension_images[{index}].name",
                problem="results in the volume name of another extension: CloudNativePG replaces underscores by dashes",
                seen=repr(each.name),
                fix="List each extension once",
            )
        if each.image is None and settings.catalog is None:
            yield Finding(
                rule="database/extension",
                at=f"extension_images[{index}].image",
                problem="is required without catalog=",
                seen="None",
                fix='Set image=, such as "ghcr.io/cloudnative-pg/pgvector:0.8.1-18-trixie"',
            )


def _hba_findings(line: str, at: str) -> Iterator[Finding]:
    if not line.strip() or any(ord(character) < 0x20 and character != "\t" for character in line):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="must be one line of pg_hba.conf",
            seen=show(line),
            fix='Use one string per rule, such as "hostssl all all 10.42.0.0/16 scram-sha-256"',
        )
    elif not _is_access_rule(line.split()):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="must be a rule of pg_hba.conf: type, database, role, address (unless local) and method",
            seen=show(line),
            fix='Use, for example, "hostssl all all 10.42.0.0/16 scram-sha-256"',
        )
    elif _DESCRIPTOR.search(line):
        yield Finding(
            rule="database/pg-hba",
            at=at,
            problem="refers to a pod selector, which this Cluster does not have; CloudNativePG rejects it",
            seen=show(line),
            fix="Use a network, such as 10.42.0.0/16",
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
                    problem="is set by CloudNativePG",
                    seen=show(key),
                    fix="Remove it",
                )


def _account_findings(settings: ClusterSettings) -> Iterator[Finding]:
    account = settings.service_account
    if isinstance(account, ServiceAccount) and account.name is not None:
        yield Finding(
            rule="database/account",
            at="service_account.name",
            problem="is not supported: CloudNativePG names its service account after the Cluster",
            seen=repr(account.name),
            fix="Remove it, or create the account yourself and pass ExistingServiceAccount",
        )


def _role_findings(settings: ClusterSettings) -> Iterator[Finding]:
    roles = all_roles(settings)
    told: dict[str, DatabaseRole] = {}
    for role in roles:
        if role.name == settings.owner:
            yield _twice("roles", role.name, "is the owner of the first database, which the operator makes itself")
        elif role.name in told:
            yield _twice("roles", role.name, "is defined twice, differently")
        told.setdefault(role.name, role)
    made = {settings.database}
    for index, database in enumerate(settings.databases):
        if database.name in made:
            yield Finding(
                rule="database/database",
                at=f"databases[{index}].name",
                problem="is already a database of this Cluster",
                seen=repr(database.name),
                fix="Use a unique name for each database",
            )
        made.add(database.name)
        owner = owner_of(settings, database)
        if owner != settings.owner and owner not in told:
            yield Finding(
                rule="database/owner",
                at=f"databases[{index}].owner",
                problem="must be a role of this Cluster",
                seen=repr(owner),
                fix=f'Add roles=[DatabaseRole(name="{owner}", ...)], or pass the DatabaseRole as owner=',
            )
    yield from _credential_findings(settings, roles)


def _twice(at: str, name: str, problem: str) -> Finding:
    return Finding(
        rule="database/role",
        at=at,
        problem=f"role {name} {problem}",
        seen=repr(name),
        fix="Define each role once",
    )


def _credential_findings(settings: ClusterSettings, roles: list[DatabaseRole]) -> Iterator[Finding]:
    """Check that no two roles share a Secret, which has one user name."""
    used: dict[str, str] = {} if settings.credentials is None else {settings.credentials: settings.owner}
    for role in roles:
        if role.credentials is None:
            continue
        other = used.setdefault(role.credentials.name, role.name)
        if other != role.name:
            yield Finding(
                rule="database/role",
                at="roles",
                problem=f"role {role.name} has the same credentials as {other}, but a Secret has one user name",
                seen=role.credentials.name,
                fix="Use a separate Secret for each role",
            )
