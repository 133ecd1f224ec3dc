"""PostgreSQL's parameters, as far as CloudNativePG lets a user set them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import quantity
from cdk8s_airflow.checks.regex import regex

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
_MEMORY = regex(r"(\d+)\s*(B|kB|MB|GB|TB)?")
_UNITS = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_BUFFER_BYTES = 8192
_DEFAULT_SHARED_BUFFERS = 128 * 2**20


def parameter_findings(parameters: Mapping[str, str], memory: str) -> Iterator[Finding]:
    """What the operator would refuse in a set of parameters, before it is asked.

    Args:
        memory: the memory the instances ask for.
    """
    for name in sorted(parameters):
        at = f"parameters.{name}"
        if name == "shared_preload_libraries":
            yield Finding(
                rule="database/parameter",
                at=at,
                problem="is a list of its own in CloudNativePG, and refused among the parameters",
                fix="leave it out: pg_stat_statements, auto_explain and pgaudit load themselves when a parameter of theirs is set",
            )
        elif name in BLOCKED:
            yield Finding(
                rule="database/parameter",
                at=at,
                problem="is set by CloudNativePG itself, which refuses a Cluster that sets it",
                seen=repr(parameters[name]),
                fix="leave it out",
            )
        elif _NAME.fullmatch(name) is None:
            yield Finding(
                rule="database/parameter",
                at=at,
                problem="is not the name of a parameter",
                fix='write it as PostgreSQL does, like "max_connections"',
            )
    shared = parameters.get("shared_buffers")
    amount = _DEFAULT_SHARED_BUFFERS if shared is None else _memory(shared)
    if amount is None:
        yield Finding(
            rule="database/parameter",
            at="parameters.shared_buffers",
            problem="is not an amount of memory",
            seen=repr(shared),
            fix='write it with a unit, like "256MB"',
        )
    elif amount > quantity(memory):
        yield Finding(
            rule="database/shared-buffers",
            at="resources.memory",
            problem=f"is less than shared_buffers ({shared or '128MB, the default'}), which CloudNativePG refuses",
            seen=repr(memory),
            fix="raise resources.memory to about four times shared_buffers, or lower shared_buffers",
        )


def _memory(text: str) -> int | None:
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        return None
    return int(match[1]) * (_UNITS[match[2]] if match[2] else _BUFFER_BYTES)
