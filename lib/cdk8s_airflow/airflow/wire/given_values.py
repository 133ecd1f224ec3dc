"""The rules of ``values=``: which keys it may set, and what it must not remove."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.config import OWNED as OWNED_OPTIONS
from cdk8s_airflow.airflow.wire.config import overlaid_config_rules
from cdk8s_airflow.airflow.wire.tree import overlay
from cdk8s_airflow.schemas import check_values, facts_store, value_classes
from cdk8s_airflow.schemas.chart_values import secret_findings
from cdk8s_airflow.schemas.secret_values import is_secret_place
from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.schemas.validation_errors import known_names, knows, names, nearest
from cdk8s_airflow.schemas.value_classes import MISSING, Key, ValueClass, Values, value_at
from cdk8s_airflow.secret_scan import find_in_tree
from cdk8s_airflow.text.documents import dotted, plain
from cdk8s_airflow.validation import Finding, show

_READ = re.compile(r"\.Values\.([A-Za-z_]\w*)")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PROBE: Key = ("dags", "gitSync", "livenessProbe")
_UNSET_BY_ARGUMENTS = ("logging", "metrics", "azure_remote_logging", "elasticsearch", "opensearch")
"""Sections whose options an argument sets in some releases only. In the others they are free: no argument covers all uses."""


def given_value_findings(settings: ReleaseSettings, ours: Mapping[str, Any]) -> list[Finding]:
    """All findings about the values of a release that has ``values=``.

    Args:
        settings: the release.
        ours: the values that its arguments set.
    """
    dialect, schema = settings.dialect, settings.archived_schema
    given, unfit = plain(settings.values, area="values", prefix="values")
    if unfit:
        return unfit
    known = facts_store.values_schema(dialect.chart) if schema is None else schema
    defaults = settings.archived_defaults
    if defaults is None:
        defaults = facts_store.default_values(dialect.chart)
    setting = Setting(chart=dialect.chart, airflow=dialect.airflow, executor=settings.executor.name)
    values = Values(setting, overlay(ours, given), defaults, ours)
    own = own_keys(given, known)
    found = check_values(
        {key: value for key, value in overlay(ours, given).items() if key not in own},
        chart_version=dialect.chart,
        airflow_version=dialect.airflow,
        executor=settings.executor.name,
        schema=schema,
        effects=False,
        advice=lambda path: _meant(path, known, values),
    )
    found += secret_findings(own)
    secrets = {finding.at for finding in found if finding.rule == "values/secret-literal"}
    rules = [
        finding
        for finding in given_value_rules(settings, ours, given, values, known)
        if finding.at not in secrets and not any(at.startswith((f"{finding.at}.", f"{finding.at}[")) for at in secrets)
    ]
    # A key that is refused needs no finding about its type.
    refused = tuple(finding.at for finding in rules)
    return rules + [
        finding
        for finding in found
        if finding.at in secrets
        or not any(finding.at == at or finding.at.startswith((f"{at}.", f"{at}[")) for at in refused)
    ]


def given_value_rules(
    settings: ReleaseSettings,
    ours: Mapping[str, Any],
    given: Mapping[str, Any],
    values: Values,
    known: dict[str, Any],
) -> Iterator[Finding]:
    """Keys of ``values=`` that an argument sets, that have no effect in this release, or that remove what arguments set.

    Args:
        settings: the release.
        ours: the values that its arguments set.
        given: the value of ``values=``.
        values: both, with the chart's defaults.
        known: the facts of the chart version.
    """
    config = given.get("config")
    for path, value, told in _classified({key: each for key, each in given.items() if key != "config"}, (), values):
        if not _is_known(known, path) and not (told.kind == "owned" and told.exact):
            continue
        if told.kind == "owned" and _says_the_same(path, value, ours, values.defaults):
            continue
        if told.kind == "owned" or (told.kind == "no effect" and value is not None):
            yield value_classes.finding(*_innermost(path, value, known), told)
        else:
            yield from _removals(path, value, ours, values.defaults)
            yield from _replaced_list(path, value, ours)
    if isinstance(config, Mapping):
        unread = {finding.at: finding for finding in overlaid_config_rules(settings, given)}
        for finding in _config_rules(ours, config, values):
            wrong = unread.pop(finding.at, None)
            yield finding if wrong is None else replace(wrong, fix=f"{wrong.fix} (in config=, not in values=)")
        yield from unread.values()
    yield from _probe_rules(given, values.document)


def _is_known(known: dict[str, Any], path: Key) -> bool:
    """Whether the chart version has a key, and every section around it."""
    return all(knows(known, path[: length + 1]) for length in range(len(path)))


def _innermost(path: Key, value: object, known: dict[str, Any]) -> tuple[Key, object]:
    """The only key that is set below a section, and its value."""
    while isinstance(value, Mapping) and len(value) == 1 and names(known, (*path, *value)):
        ((step, value),) = value.items()
        path = (*path, step)
    return path, value


def _meant(path: Key, known: dict[str, Any], values: Values) -> str | None:
    """The fix for a misspelt key whose right name an argument sets."""
    guess = nearest(str(path[-1]), known_names(known, path[:-1]))
    if guess is None:
        return None
    told = value_classes.classify((*path[:-1], guess), None, values)
    if told.kind != "owned":
        return None
    way_out = value_classes.way_out(told)
    return f"did you mean {guess!r}? {way_out[:1].upper()}{way_out[1:]}"


def own_keys(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Root keys that the chart does not have, and that a template in the values reads.

    Args:
        given: ``values=``.
        schema: the facts of the chart version.
    """
    unknown = [key for key in given if key not in schema["properties"]]
    if not unknown:
        return {}
    read = {name for text in _texts(given) if "{{" in text for name in _READ.findall(text)}
    return {key: given[key] for key in unknown if key in read}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _classified(tree: Mapping[str, Any], at: Key, values: Values) -> Iterator[tuple[Key, object, ValueClass]]:
    """Keys, values and classes. A section without any effect is reported as one key."""
    for key, value in tree.items():
        path = (*at, key)
        if value is None and value_classes.told_apart(path):
            continue
        section = value_classes.idle_section(path, values) if isinstance(value, Mapping) else None
        if section is not None:
            yield path, value, section
        elif isinstance(value, Mapping) and value and value_classes.told_apart(path):
            yield from _classified(value, path, values)
        else:
            yield path, value, value_classes.classify(path, value, values)


def _says_the_same(path: Key, value: object, ours: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Whether a value equals the one that the release has without it."""
    mine = value_at(ours, path)
    there = value_at(defaults, path) if mine is MISSING else mine
    return value is not None and type(value) is type(there) and value == there


def _removals(path: Key, value: object, ours: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[Finding]:
    """``None`` for a key without a default: Helm keeps the null, and its schema or the API server rejects it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _removals((*path, key), inner, ours, defaults)
        return
    if value is not None:
        return
    mine = value_at(ours, path)
    if value_at(defaults, path) is MISSING:
        yield Finding(
            rule="values/null",
            at=dotted(path, "values"),
            problem="must not be None, because the chart has no default that None would remove, and Helm rejects the null",
            fix="remove it from values=" if mine is MISSING else "set the value that you need",
        )
    elif isinstance(mine, (Mapping, list)) and mine:
        yield Finding(
            rule="values/null",
            at=dotted(path, "values"),
            problem="must not be None, because that would remove what arguments set there",
            fix="set None for single keys",
        )


def _replaced_list(path: Key, value: object, ours: Mapping[str, Any]) -> Iterator[Finding]:
    """A list that replaces one that arguments set, without its entries."""
    mine = value_at(ours, path)
    if not isinstance(mine, list) or not isinstance(value, list):
        return
    lost = [entry for entry in mine if entry not in value]
    if lost:
        yield Finding(
            rule="values/replaced-list",
            at=dotted(path, "values"),
            problem="must contain the entries that arguments set, because it replaces their list",
            fix=f"add these entries: {_shown(lost)}",
        )


def _shown(entries: list[Any]) -> str:
    """Entries as Python, or only their names if they contain something that looks like a secret."""
    if any(True for _ in find_in_tree({"entries": entries})):
        return ", ".join(str(entry.get("name", "?")) if isinstance(entry, Mapping) else "?" for entry in entries)
    return ", ".join(repr(entry) for entry in entries)


def _config_rules(ours: Mapping[str, Any], config: Mapping[str, Any], values: Values) -> Iterator[Finding]:
    """Options of airflow.cfg. ``config=`` sets them; ``values=`` takes templates, and options of arguments that are not used."""
    for section, options in config.items():
        if not isinstance(options, Mapping) or not isinstance(section, str):
            continue
        idle = value_classes.idle_section(("config", section), values)
        if idle is not None:
            yield value_classes.finding(("config", section), options, idle)
            continue
        for option, value in options.items():
            path = ("config", section, str(option))
            if isinstance(value, (Mapping, list)):
                continue
            idle = value_classes.without_effect(path, value, values, switched=False)
            told = idle or _option_class(path, value, ours)
            if told.kind != "free":
                yield value_classes.finding(path, value if _may_show(path, value) else [], told)


def _may_show(path: Key, value: object) -> bool:
    return not is_secret_place(path) and not any(True for _ in find_in_tree({str(path[-1]): value}))


def _option_class(path: Key, value: object, ours: Mapping[str, Any]) -> ValueClass:
    _, section, option = path
    owner = OWNED_OPTIONS.get(f"{section}.{option}")
    mine = value_at(ours, path) is not MISSING
    if mine or (owner is not None and section not in _UNSET_BY_ARGUMENTS):
        why = "another argument sets it"
        return ValueClass(kind="owned", why=why, instead=owner or "use that argument, or config=")
    if owner is not None or value is None or (isinstance(value, str) and "{{" in value):
        return value_classes.FREE
    shown = repr(value) if isinstance(value, (str, int, float)) and _may_show(path, value) else '"..."'
    return ValueClass(kind="owned", use=f"config={{{section!r}: {{{option!r}: {shown}}}}}".replace("'", '"'))


def _probe_rules(given: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Finding]:
    """The liveness probe of git-sync. The chart either creates one or writes the value unchanged."""
    probe = value_at(document, _PROBE)
    if value_at(given, _PROBE[:2]) is MISSING or not isinstance(probe, Mapping) or not probe:
        return
    at = dotted(_PROBE, "values")
    made = value_at(document, (*_PROBE[:2], "recommendedProbeSetting")) is True
    if made and probe.get("enabled") is True:
        return
    if not any(probe.get(name) for name in _HANDLERS):
        yield Finding(
            rule="values/probe",
            at=at,
            problem="must have a handler, because Kubernetes rejects a probe without one",
            seen=show(dict(probe)),
            fix='set {"recommendedProbeSetting": True, "livenessProbe": {"enabled": True}}, '
            'or add a handler: {"exec": {"command": ["git", "--version"]}}',
        )
    elif "enabled" in probe:
        yield Finding(
            rule="values/probe",
            at=f"{at}.enabled",
            problem="is not a field of a Kubernetes probe, and the chart writes the probe unchanged",
            seen=show(probe["enabled"]),
            fix="remove it: a probe with a handler is always on",
        )


__all__ = ["given_value_findings", "given_value_rules", "own_keys"]
