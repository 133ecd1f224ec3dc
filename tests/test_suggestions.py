"""Every suggestion of every message is followed once, and the finding is gone then.

A suggestion that is Python, such as ``Use "30d"`` or ``Use None to turn it off: statsd=None``, is read from the message and written.
A suggestion in prose is followed by :data:`PROSE`. What cannot be followed in a test is in :data:`NOT_FOLLOWED`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cdk8s_airflow import (
    AdminAccount,
    CnpgPooler,
    DatabaseCleanup,
    DsnSecret,
    ExternalDatabase,
    GitTokenSecret,
    Keda,
    Namespace,
    PlatformError,
    SecretKey,
    Triggerer,
)
from cdk8s_airflow.validation import Finding
from tests.airflow.test_environment_variables import CASES
from tests.following import REMOVED, Change, changed, changes, get, inside, put, with_key
from tests.making import make_airflow, make_cluster, new_chart
from tests.test_spoiled import ALL, KEY, Spoil, airflow, case, dags

MISTAKES = [
    case("a number for a retention", airflow(database_cleanup=DatabaseCleanup(retention=30, schedule="0 3 * * *")), "", "", ""),  # type: ignore[arg-type]
    case("a number for an interval", dags(interval=60), "", "", ""),
    case("text for the login of an account", airflow(admin=AdminAccount(credentials="x", email="a@example.com")), "", "", ""),  # type: ignore[arg-type]
    case("text for a source of variables", airflow(env_from=["x"]), "", "", ""),
    case("no triggerer", airflow(triggerer=False), "", "", ""),
    case("no exporter", airflow(statsd=False), "", "", ""),
    case("zero triggerers", airflow(triggerer=Triggerer(replicas=0)), "", "", ""),
    case("no scheduler", airflow(scheduler=False), "", "", ""),
    case("a misspelt key", airflow(values={"scheduler": {"arg": ["x"]}}), "", "", ""),
    case("a login of mail in Airflow 3", airflow(config={"smtp": {"smtp_user": "a"}}), "", "", ""),
    case("an exporter of one's own", airflow(config={"metrics": {"statsd_host": "statsd.example.com"}}), "", "", ""),
    case("a backend as a variable", airflow(env={"AIRFLOW__SECRETS__BACKEND": "a.B"}), "", "", ""),
    case("a backend as an option", airflow(config={"secrets": {"backend": "a.B"}}), "", "", ""),
    case("an option as a variable", airflow(env={"AIRFLOW__CORE__PARALLELISM": "8"}), "", "", ""),
    case(
        "KEDA without a URL",
        airflow(
            database=ExternalDatabase(
                host="db.example.com", user="airflow", password=SecretKey("db", "password"), tls="require"
            ).connection(),
            triggerer=Triggerer(scaling=Keda(max_replicas=2)),
        ),
        "", "", "",
    ),
]  # fmt: skip


def at_place(value: Any) -> Callable[[Finding], Change]:
    """Follows a suggestion that describes a value in words, with such a value."""

    def follow(finding: Finding) -> Change:
        at = inside(finding)
        if " (key" in at:
            return lambda arguments: with_key(arguments, at, finding.seen, value)
        return lambda arguments: put(arguments, at, value)

    return follow


def with_value(compute: Callable[[Any], Any]) -> Callable[[Finding], Change]:
    return lambda finding: lambda arguments: put(arguments, inside(finding), compute(get(arguments, inside(finding))))


def with_arguments(**others: Any) -> Callable[[Finding], Change]:
    return lambda _: lambda arguments: {**arguments, **others}


def instead(**others: Any) -> Callable[[Finding], Change]:
    return lambda finding: lambda arguments: {**put(arguments, inside(finding), REMOVED), **others}


PROSE: Mapping[str, Callable[[Finding], Change]] = {
    r"^argument/type: Convert it: str\(": with_value(str),
    r"^argument/type: Convert it: int\(": with_value(int),
    r"^argument/type: Convert it: \w+\.\w+\.value": with_value(lambda member: member.value),
    r"^argument/type: Pass a boolean": at_place(True),
    r"^argument/type: Pass a mapping": at_place({}),
    r"^argument/type: Pass a set or list": at_place([]),
    r"^argument/(?:type|name): Pass the name of a Secret": at_place("my-secret"),
    r"^argument/name: Pass the name of a key": at_place("my-key"),
    r"lower-case letters, digits and underscores": at_place("my_name"),
    r"letters, digits and underscores, not starting with a digit": at_place("MY_NAME"),
    r"lower-case letters, digits and dashes|letters, digits, dashes and dots|letters, digits, dots, dashes": at_place("my-name"),
    r"^argument/(?:empty|type): Pass a (?:value|string)": at_place("value"),
    r"^dags/known-hosts: .*ssh-keyscan": at_place(KEY),
    r"^dags/plain-http": with_value(lambda url: url.replace("http:", "https:")),
    r"^dags/secret-in-url": with_arguments(
        repo="https://git.example.com/dags.git", credentials=GitTokenSecret("git-token")
    ),
    r"connection\(\), the connection of": with_value(
        lambda database: database.connection()
        if isinstance(database, ExternalDatabase)
        else database.connection(bridge=DsnSecret("airflow-metadata"))
    ),
    r"^argument/type: Use db\.connection": at_place(ExternalDatabase(url=DsnSecret("airflow-metadata")).connection()),
    r"^environment/owned: Use config=": instead(config={"core": {"parallelism": 8}}),
    r"^config/unknown-option: Use connections=": instead(
        connections={"smtp_default": SecretKey("airflow-smtp", "connection")}
    ),
    r"^environment/proxy: [Ss]et one of them": at_place("http://proxy.example.com:3128"),
    r"^environment/clear-text": at_place(SecretKey("my-secret", "my-key")),
    r"^argument/(?:type|namespace): (?:Use|Pass) Namespace\(": at_place(Namespace.existing("airflow")),
    r"^values/(?:secret-literal|unknown-key): .*config=": instead(config={"core": {"parallelism": 8}}),
    r"^network/reserved-namespace": at_place("team-a"),
    r"^values/wrong-type: .*mapping": at_place({}),
    r"^values/wrong-type: .*whole.number": at_place(1),
    r"^values/not-plain: .*(?:finite|smaller) number|^text/number-finite": at_place(1),
    r"^values/not-plain: .*(?:plain data|without a cycle)": at_place({}),
    r"^values/not-plain: .*a list": at_place([]),
    r"^values/not-plain: .*(?:Unicode|Enum)|^text/type": at_place("text"),
}  # fmt: skip
"""Rule and suggestion -> how to follow it."""


NOT_FOLLOWED = (
    "construct/id", "database/address", "database/connections", "database/database",
    "database/needs-bridge", "database/owner", "database/shared-buffers", "database/wal-size",
    "delivery/shared-namespace", "edge/refused", "environment/provider", "environment/proxy",
    "environment/twice", "exposure/issuer", "facts/cnpg", "facts/crd-missing", "manifest/annotation", "manifest/label",
    "secrets/shared", "secrets/shared-key", "text/depth", "text/key-type", "values/ignored-key", "values/not-plain",
    "values/owned", "values/secret-literal", "values/unknown-key", "values/wrong-type", "versions/postgres",
)  # fmt: skip
"""Rules some of whose suggestions are about another construct, the cluster or an image, or leave a choice to the reader."""

NOT_FOLLOWED_TEXTS = (
    r"^argument/name: use letters, digits and underscores; other names can come from secrets_backend=",
    r"^argument/type: Use DagRepoSync\(chart",
    r"^argument/type: Pass the Chart that the construct belongs to",
)
"""The same, for single suggestions of rules that are followed otherwise."""


def found_by(spoil: Spoil) -> list[Finding]:
    try:
        spoil(new_chart("platform"))
    except PlatformError as error:
        return list(error.findings)
    return []


def ways(finding: Finding) -> list[tuple[str, Change]]:
    own = [
        (pattern, follow(finding))
        for pattern, follow in PROSE.items()
        if re.search(pattern, f"{finding.rule}: {finding.fix}")
    ]
    if finding.at == "id" or (finding.rule in ("construct/id", "versions/postgres", "database/needs-bridge")):
        return []
    return own[:1] or list(changes(finding))


def is_left_to_the_reader(finding: Finding) -> bool:
    text = f"{finding.rule}: {finding.fix}"
    return (
        finding.at in ("id", "scope")
        or finding.rule in NOT_FOLLOWED
        or any(re.search(pattern, text) for pattern in NOT_FOLLOWED_TEXTS)
    )


def _remains(finding: Finding, spoil: Spoil) -> list[str]:
    return [
        str(other)
        for other in found_by(spoil)
        if (other.rule, other.at, other.path) == (finding.rule, finding.at, finding.path)
    ]


SPOILED = [*ALL, *CASES, *MISTAKES]


@pytest.mark.parametrize("spoil", [pytest.param(each.values[0], id=each.id) for each in SPOILED])
def test_suggestion_that_is_followed_ends_the_finding(spoil: Spoil) -> None:
    for finding in found_by(spoil):
        followed = ways(finding)
        assert followed or is_left_to_the_reader(finding), f"nothing follows: {finding}"
        for text, change in followed:
            with changed(finding, change):
                remaining = _remains(finding, spoil)
            assert remaining == [], f"{finding}\nwas followed with: {text}"


def test_pooler_and_cluster_lead_to_their_connection() -> None:
    chart = new_chart("platform")
    cluster = make_cluster(chart)
    pooler = CnpgPooler(chart, "pooler", cluster=cluster)
    for given, name in ((cluster, "cluster"), (pooler, "pooler")):
        (finding,) = found_by(lambda _, given=given, name=name: make_airflow(chart, f"for-{name}", database=given))
        assert finding.fix.startswith(f"Use {name}.connection()")
