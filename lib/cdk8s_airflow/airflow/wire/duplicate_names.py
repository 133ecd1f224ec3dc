"""Names that a container or pod would have twice, in the finished values of the chart: the API server refuses such a pod.

Arguments, ``values=`` and the chart itself can each add a variable or volume, so only the finished values show duplicates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.environment_variables import variables
from cdk8s_airflow.validation import Finding, show

_NAME_IN_TEXT = regex(r"""^\s*-\s*(?:\{\s*)?["']?name["']?\s*:\s*["']?([A-Za-z_][A-Za-z0-9_.-]*)""", re.MULTILINE)

_BUILT_IN = {
    "AIRFLOW__CORE__FERNET_KEY": "",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "",
    "AIRFLOW_CONN_AIRFLOW_DB": "",
    "AIRFLOW__CORE__SQL_ALCHEMY_CONN": "builtin_env.core_sql_alchemy_conn",
    "AIRFLOW__WEBSERVER__SECRET_KEY": "keys.webserver",
    "AIRFLOW__API__SECRET_KEY": "keys.api",
    "AIRFLOW__API_AUTH__JWT_SECRET": "keys.jwt",
}
"""Variables that the chart gives to Airflow's containers itself -> the meaning whose place says whether a version does."""

_OWN_ONLY = frozenset(("cleanup", "statsd", "pgbouncer", "redis"))


def duplicate_variable_rules(
    settings: ReleaseSettings, values: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[Finding]:
    """Variables that a container would have twice. Helm 4 applies on the server, which rejects them.

    Args:
        settings: the release.
        values: the finished values.
        given: the value of ``values=``.
    """
    arguments: dict[str, str] = {}
    for each in variables(settings):
        arguments.setdefault(each.name, each.at)

    def finding(at: str, name: str, first: str) -> Finding:
        return Finding(
            rule="environment/twice",
            at=at,
            problem=f"is the variable {name}, which {first} sets too; the API server refuses duplicate names",
            fix="Remove one of the two",
        )

    seen = dict.fromkeys(_built_in(settings, values), "the chart")
    for key, label in (("env", "name"), ("secret", "envName"), ("extraEnv", "")):
        for name in _names(values.get(key), label):
            at = f"values.{key}" if key in given else arguments.get(name, key)
            if name in seen:
                yield finding(at, name, seen[name])
            seen.setdefault(name, at)
    for place, entries in _lists(values):
        above = {} if place.split(".")[0] in _OWN_ONLY or place.startswith("dags.") else dict(seen)
        for name in _names(entries, "name"):
            if name in above:
                yield finding(place, name, above[name])
            above.setdefault(name, place)


def _built_in(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[str]:
    off = values.get("enableBuiltInSecretEnvVars")
    off = off if isinstance(off, Mapping) else {}
    yield "AIRFLOW_HOME"
    for name, meaning in _BUILT_IN.items():
        if off.get(name) is not False and (not meaning or settings.dialect.place(meaning) is not None):
            yield name


def _names(entries: object, label: str) -> Iterator[str]:
    if isinstance(entries, str):
        yield from _NAME_IN_TEXT.findall(entries)
    elif isinstance(entries, list):
        for entry in entries:
            if isinstance(entry, Mapping) and isinstance(entry.get(label), str):
                yield entry[label]


def _lists(values: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The lists of variables below components, with their keys."""
    for key, value in values.items():
        where = f"{at}.{key}" if at else str(key)
        if at and key == "env" and isinstance(value, list):
            yield where, value
        elif isinstance(value, Mapping) and key not in ("config", "waitForMigrations"):
            yield from _lists(value, where)


def duplicate_volume_rules(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Volumes of a component under the name of one that every pod of Airflow has; the API server refuses such a pod."""
    shared = {volume["name"]: index for index, volume in enumerate(values.get("volumes") or []) if "name" in volume}
    for component, part in values.items() if shared else ():
        own = part.get("extraVolumes") if isinstance(part, Mapping) else None
        for index, volume in enumerate(own if isinstance(own, Sequence) and not isinstance(own, str) else ()):
            if isinstance(volume, Mapping) and volume.get("name") in shared:
                yield Finding(
                    rule="components/volume",
                    at=f"values.{component}.extraVolumes[{index}].name",
                    problem=f"is the name of values.volumes[{shared[volume['name']]}] too, which all Airflow pods have",
                    seen=show(volume["name"]),
                    fix="Use another name",
                )
