"""PostgreSQL's parameters that CloudNativePG allows users to set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow._regex import regex
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.quantities import quantity

BLOCKED = frozenset(
    [
        "allow_system_table_mods",
        "archive_cleanup_command",
        "archive_command",
        "archive_mode",
        "bonjour",
        "bonjour_name",
        "cluster_name",
        "config_file",
        "data_directory",
        "data_sync_retry",
        "event_source",
        "external_pid_file",
        "hba_file",
        "hot_standby",
        "ident_file",
        "jit_provider",
        "listen_addresses",
        "log_destination",
        "log_directory",
        "log_file_mode",
        "log_filename",
        "log_rotation_age",
        "log_rotation_size",
        "log_truncate_on_rotation",
        "logging_collector",
        "pg_failover_slots.primary_dsn",
        "pg_failover_slots.standby_slot_names",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "promote_trigger_file",
        "recovery_end_command",
        "recovery_min_apply_delay",
        "recovery_target",
        "recovery_target_action",
        "recovery_target_inclusive",
        "recovery_target_lsn",
        "recovery_target_name",
        "recovery_target_time",
        "recovery_target_timeline",
        "recovery_target_xid",
        "restart_after_crash",
        "restore_command",
        "shared_preload_libraries",
        "ssl",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_crl_file",
        "ssl_dh_params_file",
        "ssl_ecdh_curve",
        "ssl_key_file",
        "ssl_passphrase_command",
        "ssl_passphrase_command_supports_reload",
        "ssl_prefer_server_ciphers",
        "stats_temp_directory",
        "synchronized_standby_slots",
        "synchronous_standby_names",
        "syslog_facility",
        "syslog_ident",
        "syslog_sequence_numbers",
        "syslog_split_messages",
        "temp_tablespaces",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
    ]
)
"""Parameters the operator sets itself. Source: CloudNativePG 1.30, ``pkg/postgres/configuration.go``."""

_NAME = regex(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
LIBRARY = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""The name of a library in ``shared_preload_libraries``."""

_MEMORY = regex(r"(\d+)\s*(B|kB|MB|GB|TB)?")
_UNITS = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_DEFAULTS = {"shared_buffers": 128 * 2**20, "min_wal_size": 80 * 2**20, "max_wal_size": 2**30}
_SWITCHES = ("hot_standby_feedback", "sync_replication_slots", "wal_log_hints")
_ON = ("1", "on", "y", "ye", "yes", "t", "tr", "tru", "true")
_OFF = ("0", "of", "off", "n", "no", "f", "fa", "fal", "fals", "false")

DEFAULT_MAX_CONNECTIONS = 100
"""PostgreSQL's default of ``max_connections``, which the operator does not change."""


def parameter_findings(
    parameters: Mapping[str, str], memory: str, *, instances: int = 1, wal_storage: str | None = None
) -> Iterator[Finding]:
    """Findings for parameters that the operator would refuse.

    Args:
        memory: the memory the instances ask for.
        instances: how many instances there are.
        wal_storage: the size of the write-ahead log's own volume, where there is one.
    """
    for name in sorted(parameters):
        yield from _name_findings(name, parameters[name])
    yield from _memory_findings(parameters, memory)
    yield from _log_findings(parameters, instances, wal_storage)
    slots = next((name for name in sorted(parameters.keys() - BLOCKED) if name.startswith("pg_failover_slots.")), None)
    if slots is not None and parameters.get("hot_standby_feedback", "off").lower() not in _ON:
        yield Finding(
            rule="database/parameter",
            at=f"parameters.{slots}",
            problem="loads pg_failover_slots, which requires hot_standby_feedback",
            fix='Set "hot_standby_feedback": "on", or remove it',
        )
    connections = parameters.get("max_connections")
    if connections is not None and not (connections.isascii() and connections.isdigit() and int(connections) > 0):
        yield Finding(
            rule="database/parameter",
            at="parameters.max_connections",
            problem="must be a number of sessions",
            seen=repr(connections),
            fix='Use an integer, such as "200"',
        )


def _name_findings(name: str, value: str) -> Iterator[Finding]:
    at = f"parameters.{name}"
    if name == "shared_preload_libraries":
        yield Finding(
            rule="database/parameter",
            at=at,
            problem="is not supported as a parameter",
            fix=f"Use preload={_libraries(value)!r}" if _libraries(value) else "Remove it, and set preload=",
        )
    elif name in BLOCKED:
        yield Finding(
            rule="database/parameter",
            at=at,
            problem="is set by CloudNativePG, which rejects a Cluster that sets it",
            seen=repr(value),
            fix="Remove it",
        )
    elif _NAME.fullmatch(name) is None:
        yield Finding(
            rule="database/parameter",
            at=at,
            problem="must be the name of a parameter",
            fix='Use the name in PostgreSQL, such as "max_connections"',
        )
    elif name in _SWITCHES and value.lower() not in (*_ON, *_OFF):
        yield Finding(
            rule="database/parameter",
            at=at,
            problem='must be "on" or "off"',
            seen=repr(value),
            fix='Use "on" or "off"',
        )
    elif any(ord(character) < 0x20 for character in value):
        yield Finding(
            rule="database/parameter",
            at=at,
            problem="must be one line",
            fix="Write the value in one line",
        )


def _libraries(value: str) -> list[str]:
    """The names in a value of ``shared_preload_libraries``, which are separated by commas and may be quoted."""
    names = (name.strip().strip("'\"") for name in value.split(","))
    return list(dict.fromkeys(name for name in names if LIBRARY.fullmatch(name)))


def _memory_findings(parameters: Mapping[str, str], memory: str) -> Iterator[Finding]:
    shared = parameters.get("shared_buffers")
    amount = _amount(parameters, "shared_buffers")
    if amount is None:
        yield _no_amount("shared_buffers", shared)
    elif shared is not None and shared.strip().isdigit():
        yield Finding(
            rule="database/parameter",
            at="parameters.shared_buffers",
            problem="must have a unit: PostgreSQL reads the number as blocks of 8kB, CloudNativePG as megabytes",
            seen=repr(shared),
            fix='Add a unit, such as "256MB"',
        )
    elif amount > quantity(memory):
        yield Finding(
            rule="database/shared-buffers",
            at="resources.memory",
            problem=f"is less than shared_buffers ({shared}), which CloudNativePG rejects"
            if shared
            else "is less than shared_buffers, which default to 128MB",
            seen=repr(memory),
            fix="Increase resources.memory to about four times shared_buffers, or lower shared_buffers",
        )


def _log_findings(parameters: Mapping[str, str], instances: int, wal_storage: str | None) -> Iterator[Finding]:
    level = parameters.get("wal_level")
    if level is not None and level not in ("replica", "logical"):
        yield Finding(
            rule="database/parameter",
            at="parameters.wal_level",
            problem="is too low for the archiving and replication of CloudNativePG"
            if level == "minimal"
            else "is no level of the write-ahead log",
            seen=repr(level),
            fix='Use "replica" or "logical", the default',
        )
    hints = parameters.get("wal_log_hints", "on")
    if instances > 1 and hints.lower() in _OFF:
        yield Finding(
            rule="database/parameter",
            at="parameters.wal_log_hints",
            problem="must be on with more than one instance, so that a former primary can follow the new one",
            seen=repr(hints),
            fix="Remove it",
        )
    least, most = (_amount(parameters, name) for name in ("min_wal_size", "max_wal_size"))
    for name, amount in (("min_wal_size", least), ("max_wal_size", most)):
        given = parameters.get(name)
        if amount is None:
            yield _no_amount(name, given)
        elif given is not None and wal_storage is not None and amount >= quantity(wal_storage):
            yield Finding(
                rule="database/wal-size",
                at=f"parameters.{name}",
                problem=f"does not fit into the {wal_storage} of wal_storage",
                seen=repr(given),
                fix="Use less, at most about half of it, or a larger volume",
            )
    if least is not None and most is not None and least >= most:
        at = "min_wal_size" if "min_wal_size" in parameters else "max_wal_size"
        yield Finding(
            rule="database/wal-size",
            at=f"parameters.{at}",
            problem="leaves min_wal_size (80MB by default) no smaller than max_wal_size (1GB by default)",
            seen=repr(parameters.get(at)),
            fix="Use a smaller min_wal_size, or a larger max_wal_size",
        )


def _no_amount(name: str, seen: str | None) -> Finding:
    return Finding(
        rule="database/parameter",
        at=f"parameters.{name}",
        problem="must be an amount of memory" if name == "shared_buffers" else "must be an amount of storage",
        seen=repr(seen),
        fix='Add a unit, such as "256MB"',
    )


def _amount(parameters: Mapping[str, str], name: str) -> int | None:
    """Bytes; without a unit the operator takes megabytes, which for ``min_wal_size`` and ``max_wal_size`` is PostgreSQL's own."""
    given = parameters.get(name)
    if given is None:
        return _DEFAULTS[name]
    match = _MEMORY.fullmatch(given.strip())
    return None if match is None else int(match[1]) * _UNITS[match[2] or "MB"]
