"""What CloudNativePG's webhook says to a Cluster, Database, Pooler or ScheduledBackup that its schema lets through.

Written from the operator's source (v1.30.0, ``internal/webhook/v1``), function by function and in its order, without a look at the
library's own rules. What compares with the object that is there already is left out: a judge sees one manifest.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

Manifest = Mapping[str, Any]

FIXED = frozenset(
    [
        "allow_system_table_mods",
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
        "logging_collector",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "recovery_target",
        "recovery_target_action",
        "recovery_target_inclusive",
        "recovery_target_lsn",
        "recovery_target_name",
        "recovery_target_time",
        "recovery_target_timeline",
        "recovery_target_xid",
        "restore_command",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
        "archive_cleanup_command",
        "archive_command",
        "log_destination",
        "log_directory",
        "log_file_mode",
        "log_filename",
        "log_rotation_age",
        "log_rotation_size",
        "log_truncate_on_rotation",
        "pg_failover_slots.primary_dsn",
        "pg_failover_slots.standby_slot_names",
        "promote_trigger_file",
        "recovery_end_command",
        "recovery_min_apply_delay",
        "restart_after_crash",
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
        "synchronous_standby_names",
        "synchronized_standby_slots",
        "syslog_facility",
        "syslog_ident",
        "syslog_sequence_numbers",
        "syslog_split_messages",
    ]
)
POOLER_PARAMETERS = frozenset(
    [
        "application_name_add_host",
        "auth_type",
        "autodb_idle_timeout",
        "cancel_wait_timeout",
        "client_idle_timeout",
        "client_login_timeout",
        "client_tls_ciphers",
        "client_tls_sslmode",
        "client_tls13_ciphers",
        "default_pool_size",
        "disable_pqexec",
        "dns_max_ttl",
        "dns_nxdomain_ttl",
        "idle_transaction_timeout",
        "ignore_startup_parameters",
        "listen_backlog",
        "log_connections",
        "log_disconnections",
        "log_pooler_errors",
        "log_stats",
        "max_client_conn",
        "max_db_connections",
        "max_packet_size",
        "max_prepared_statements",
        "max_user_connections",
        "min_pool_size",
        "pkt_buf",
        "query_timeout",
        "query_wait_timeout",
        "reserve_pool_size",
        "reserve_pool_timeout",
        "sbuf_loopcnt",
        "server_check_delay",
        "server_check_query",
        "server_connect_timeout",
        "server_fast_close",
        "server_idle_timeout",
        "server_lifetime",
        "server_login_retry",
        "server_reset_query",
        "server_reset_query_always",
        "server_round_robin",
        "server_tls_ciphers",
        "server_tls13_ciphers",
        "server_tls_protocols",
        "server_tls_sslmode",
        "stats_period",
        "suspend_timeout",
        "tcp_defer_accept",
        "tcp_socket_buffer",
        "tcp_keepalive",
        "tcp_keepcnt",
        "tcp_keepidle",
        "tcp_keepintvl",
        "tcp_user_timeout",
        "track_extra_parameters",
        "verbose",
    ]
)
RESERVED_ENV = {"POD_NAME", "NAMESPACE", "CLUSTER_NAME"}
TRUE = {"1", "on", "y", "ye", "yes", "t", "tr", "tru", "true"}
FALSE = {"0", "of", "off", "n", "no", "f", "fa", "fal", "fals", "false"}
LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
SUFFIXES: dict[str, Any] = {
    "": 1,
    "m": Decimal("0.001"),
    "k": 1000,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "P": 10**15,
    "E": 10**18,
} | {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", start=1)}


def quantity(text: object) -> Decimal:
    """A Kubernetes quantity."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-zA-Z]*)", str(text))
    if match is None or match[2] not in SUFFIXES:
        raise ValueError(text)
    return Decimal(match[1]) * Decimal(SUFFIXES[match[2]])


def postgres_quantity(text: str) -> Decimal:
    """A quantity of PostgreSQL as the webhook reads it: through a Kubernetes quantity."""
    if re.fullmatch(r"[+-]?\d+", text):
        text += "MB"
    if not text.endswith("B"):
        raise ValueError(text)
    text = text[:-1].replace(" ", "")
    if not re.fullmatch(r"\d+", text):
        text = f"{text}i".replace("ki", "Ki")
    return quantity(text)


def switch(text: str) -> bool:
    """A boolean of PostgreSQL."""
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError(text)


def refusals(manifest: Manifest) -> list[str]:
    """What the webhook says; nothing for kinds that have none."""
    judges = {"Cluster": CLUSTER, "Database": DATABASE, "ScheduledBackup": SCHEDULED_BACKUP, "Pooler": (pooler,)}
    if not str(manifest.get("apiVersion", "")).startswith("postgresql.cnpg.io/"):
        return []
    return [f"{manifest['kind']}: {said}" for judge in judges.get(manifest["kind"], ()) for said in judge(manifest)]


def dropped(manifest: Manifest, release: str) -> list[str]:
    """The fields that a release of the operator, like ``1.28``, does not have, and whose loss nobody would notice."""
    since = _since().get(manifest["kind"], {})
    wanted = tuple(int(part) for part in release.split(".")[:2])
    return [
        path
        for path, first in since.items()
        if tuple(int(part) for part in first.split(".")) > wanted and any(_at(manifest, path.split(".")))
    ]


@functools.cache
def _since() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "crds" / "cnpg_since.json").read_text())
    return found


def _at(value: Any, steps: list[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    inner = value.get(steps[0].removesuffix("[]")) if isinstance(value, dict) else None
    for each in inner if steps[0].endswith("[]") and isinstance(inner, list) else [inner]:
        if each is not None:
            yield from _at(each, steps[1:])


def _postgres(spec: Manifest) -> Manifest:
    found: Manifest = spec.get("postgresql") or {}
    return found


def _parameters(spec: Manifest) -> Mapping[str, str]:
    found: Mapping[str, str] = _postgres(spec).get("parameters") or {}
    return found


def _tag(spec: Manifest) -> str:
    image = str(spec.get("imageName", "")).partition("@")[0].rpartition("/")[2]
    return image.partition(":")[2]


def _major(spec: Manifest) -> int | None:
    if spec.get("imageCatalogRef"):
        return int(spec["imageCatalogRef"]["major"])
    if not spec.get("imageName"):
        return 18
    match = re.match(r"(\d+)(?:\.\d+)*(?:$|[^\d.])", _tag(spec))
    return int(match[1]) if match else None


def application_database(manifest: Manifest) -> Iterator[str]:
    bootstrap = manifest["spec"].get("bootstrap") or {}
    if len(bootstrap) > 1:
        yield "only one bootstrap method can be specified at a time"
    for how in ("initdb", "recovery", "pg_basebackup"):
        part = bootstrap.get(how) or {}
        if how != "initdb" and bool(part.get("database")) != bool(part.get("owner")):
            yield f"{how}: database and owner go together"
    size = (bootstrap.get("initdb") or {}).get("walSegmentSize", 0)
    if size & (size - 1):
        yield "WAL segment size must be a power of 2"


def certificates(manifest: Manifest) -> Iterator[str]:
    given = manifest["spec"].get("certificates") or {}
    if given.get("serverTLSSecret") and given.get("serverAltDNSNames"):
        yield "server alternative DNS names can't be defined when server TLS secret is provided"
    if given.get("serverTLSSecret") and not given.get("serverCASecret"):
        yield "server CA secret can't be empty when server TLS secret is provided"
    if given.get("replicationTLSSecret") and not given.get("clientCASecret"):
        yield "client CA secret can't be empty when client replication secret is provided"


def image(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    if spec.get("imageName"):
        tag = _tag(spec)
        if tag in ("latest", ""):
            yield f"can't use {tag or 'just the image sha'} as image tag"
        elif _major(spec) is None:
            yield "invalid version tag"
    major = _major(spec)
    if major is not None and major < 13:
        yield "unsupported PostgreSQL version"
    if spec.get("imagePullPolicy", "Always") not in ("Always", "Never", "IfNotPresent"):
        yield "invalid imagePullPolicy"


def recovery(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    bootstrap = spec.get("bootstrap") or {}
    external = {each["name"]: each for each in spec.get("externalClusters") or ()}
    if len(external) < len(spec.get("externalClusters") or ()):
        yield "external clusters need unique names"
    for each in external.values():
        if not any(each.get(key) for key in ("connectionParameters", "plugin", "barmanObjectStore")):
            yield f"external cluster {each['name']} has nothing to connect with"
        if re.search(r"[/\\]|\.\.", each["name"]):
            yield f"external cluster name {each['name']} is no file name"
    for how in ("recovery", "pg_basebackup"):
        source = (bootstrap.get(how) or {}).get("source")
        if source and source not in external:
            yield f"external cluster {source} not found"
    target = (bootstrap.get("recovery") or {}).get("recoveryTarget") or {}
    keys = ("targetImmediate", "targetLSN", "targetName", "targetXID", "targetTime")
    if sum(target.get(key) is not None for key in keys) > 1:
        yield "recovery target options are mutually exclusive"
    if "targetLSN" in target and not re.fullmatch(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}", target["targetLSN"]):
        yield "invalid targetLSN"
    if "targetXID" in target and not (target["targetXID"].isdigit() and int(target["targetXID"]) < 2**32):
        yield "recovery target xid must be a non-negative 32-bit integer"
    if len(target.get("targetName", "").encode()) >= 64 or any(ord(c) < 32 for c in target.get("targetName", "")):
        yield "recovery target name must be short and without control characters"
    by_label = any(target.get(key) is not None for key in ("targetName", "targetXID", "targetImmediate"))
    if by_label and not target.get("backupID"):
        yield "BackupID is missing"
    line = target.get("targetTLI", "latest")
    if line != "latest" and not (line.isdigit() and int(line) >= 1):
        yield "recovery target timeline can be set to 'latest' or a positive integer"


def replicas(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    count = spec["instances"]
    if spec.get("primaryUpdateStrategy") == "supervised" and count == 1:
        yield "supervised update strategy is not allowed for clusters with a single instance"
    least, most = spec.get("minSyncReplicas", 0), spec.get("maxSyncReplicas", 0)
    if least < 0 or most < 0 or least > most or most >= count:
        yield "minSyncReplicas and maxSyncReplicas do not fit the instances"
    given = _postgres(spec).get("synchronous")
    if given is None:
        return
    if least or most:
        yield "can't have both legacy synchronous replica configuration and new one"
    others = len(given.get("standbyNamesPre") or ()) + len(given.get("standbyNamesPost") or ())
    if given["number"] >= count + others:
        yield "the number of synchronous replicas must be less than the total number of instances"
    if given.get("failoverQuorum") and given["number"] <= others:
        yield "failoverQuorum: number must be greater than the standby names"


def storage(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    for name in ("storage", "walStorage"):
        if name != "storage" and name not in spec:
            continue
        try:
            quantity((spec.get(name) or {})["size"])
        except (KeyError, ValueError):
            yield f"{name}: size not configured"


def name(manifest: Manifest) -> Iterator[str]:
    given = manifest["metadata"]["name"]
    if not LABEL_1035.fullmatch(given) or len(given) > 50:
        yield "cluster name must be a valid DNS label of at most 50 characters"


def affinity(manifest: Manifest) -> Iterator[str]:
    given = manifest["spec"].get("affinity") or {}
    if given.get("podAntiAffinityType", "") not in ("preferred", "required", ""):
        yield "pod anti-affinity type must be preferred or required"
    for each in given.get("tolerations") or ():
        operator = each.get("operator", "Equal")
        if not each.get("key") and operator != "Exists":
            yield "operator must be Exists when key is empty"
        if each.get("tolerationSeconds") is not None and each.get("effect") != "NoExecute":
            yield "effect must be NoExecute when tolerationSeconds is set"
        if operator == "Equal" and not LABEL_VALUE.fullmatch(each.get("value", "")):
            yield "the toleration's value is no label value"
        if operator == "Exists" and each.get("value"):
            yield "value must be empty when operator is Exists"
        if operator not in ("Equal", "Exists"):
            yield "unsupported operator"
        if each.get("effect", "") not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
            yield "unsupported effect"


def parameters(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    given = _parameters(spec)
    for key, value in given.items():
        if not PARAMETER.fullmatch(key):
            yield f"{key!r} must be a valid PostgreSQL configuration parameter name"
        elif key in FIXED:
            yield f"can't set fixed configuration parameter {key}={value}"
    level = given.get("wal_level", "logical")
    if level not in ("logical", "replica", "minimal"):
        yield "unrecognized wal_level"
    elif level == "minimal":
        yield "wal_level should be logical or replica when archive_mode is on"
    for key in ("hot_standby_feedback", "sync_replication_slots", "wal_log_hints"):
        try:
            on = switch(given.get(key, "on"))
        except ValueError:
            yield f"invalid {key} value"
        else:
            if key == "wal_log_hints" and not on and spec["instances"] > 1:
                yield "wal_log_hints must be on when instances > 1"
    slots = any(key.startswith("pg_failover_slots.") for key in given)
    if slots and given.get("hot_standby_feedback", "off").lower() not in TRUE:
        yield "hot_standby_feedback must be enabled to use pg_failover_slots"
    yield from _sizes(spec, given)


def _sizes(spec: Manifest, given: Mapping[str, str]) -> Iterator[str]:
    sizes: dict[str, Decimal] = {}
    for key, default in (("min_wal_size", "80MB"), ("max_wal_size", "1GB"), ("shared_buffers", "")):
        text = given.get(key) or default
        try:
            if text:
                sizes[key] = postgres_quantity(text)
        except ValueError:
            yield f"invalid value for configuration parameter {key}"
    least, most = sizes.get("min_wal_size", Decimal()), sizes.get("max_wal_size", Decimal())
    if least and most and least >= most:
        yield "min_wal_size should be smaller than max_wal_size"
    if "walStorage" in spec and not any(storage({"spec": spec})):
        volume = quantity(spec["walStorage"]["size"])
        for key in ("min_wal_size", "max_wal_size"):
            if given.get(key) and sizes.get(key, Decimal()) >= volume:
                yield f"{key} should be smaller than WAL volume size"
    requests = (spec.get("resources") or {}).get("requests") or {}
    if "memory" in requests and sizes.get("shared_buffers", Decimal()) > quantity(requests["memory"]):
        yield "memory request is lower than PostgreSQL shared_buffers value"


def resources(manifest: Manifest) -> Iterator[str]:
    given = manifest["spec"].get("resources") or {}
    requests, limits = given.get("requests") or {}, given.get("limits") or {}
    for key in requests.keys() & limits.keys() & {"cpu", "memory", "ephemeral-storage"}:
        if quantity(requests[key]) > quantity(limits[key]):
            yield f"{key} request is greater than the limit"


def environment(manifest: Manifest) -> Iterator[str]:
    for each in manifest["spec"].get("env") or ():
        if each["name"].startswith(("PG", "CNPG_")) or each["name"] in RESERVED_ENV:
            yield f"the usage of {each['name']} is reserved for the operator"


def managed_roles(manifest: Manifest) -> Iterator[str]:
    roles = (manifest["spec"].get("managed") or {}).get("roles") or ()
    names = [each["name"] for each in roles]
    if len(set(names)) < len(names):
        yield "role name is duplicate of another"
    for each in roles:
        if each.get("connectionLimit", -1) < -1:
            yield "connection limit should be positive, unless defaulting to -1"
        if each["name"] in ("postgres", "streaming_replica") or each["name"].startswith(("pg_", "cnpg_")):
            yield f"role {each['name']} is reserved for operator use"
        if each.get("disablePassword") and each.get("passwordSecret"):
            yield f"role {each['name']} both sets and disables a password"


def plugins(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    archivers = [each for each in spec.get("plugins") or () if each.get("enabled", True) and each.get("isWALArchiver")]
    if len(archivers) > 1:
        yield "cannot enable more than one WAL archiver plugin"
    if archivers and (spec.get("backup") or {}).get("barmanObjectStore"):
        yield "cannot enable a WAL archiver plugin when barmanObjectStore is configured"


def access_rules(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    known = {each["name"] for each in spec.get("podSelectorRefs") or ()}
    for line in _postgres(spec).get("pg_hba") or ():
        for kind, selector in re.findall(r"\$\{([^:]+):([^}]+)\}", line):
            if kind != "podselector" or selector not in known:
                yield f"pg_hba: {kind}:{selector} not found"


def extensions(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    given = _postgres(spec).get("extensions") or ()
    names = [each["name"] for each in given]
    if len(set(names)) < len(names) or len({each.replace("_", "-") for each in names}) < len(names):
        yield "extension names must be unique, also after underscores became dashes"
    for each in given:
        if "imageCatalogRef" not in spec and not (each.get("image") or {}).get("reference"):
            yield f"image reference for extension {each['name']} must be set when no image catalog is configured"
        for key in ("extension_control_path", "dynamic_library_path", "ld_library_path", "bin_path"):
            paths = each.get(key) or ()
            if "" in paths or len(set(paths)) < len(paths) or any(path.startswith("..") for path in paths):
                yield f"{key} of {each['name']} is empty, twice there or outside"


def service_account(manifest: Manifest) -> Iterator[str]:
    if manifest["spec"].get("serviceAccountName") and manifest["spec"].get("serviceAccountTemplate"):
        yield "serviceAccountName and serviceAccountTemplate are mutually exclusive"


def own_annotations(manifest: Manifest) -> Iterator[str]:
    if (manifest["metadata"].get("annotations") or {}).get("cnpg.io/hibernation", "on") not in ("on", "off"):
        yield "annotation value for hibernation should be on or off"


def database_names(manifest: Manifest) -> Iterator[str]:
    for key in ("extensions", "schemas"):
        names = [each["name"] for each in manifest["spec"].get(key) or ()]
        if len(set(names)) < len(names):
            yield f"{key}: a name is there twice"


def schedule(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    if len(spec["schedule"].split()) != 6 and not spec["schedule"].startswith("@"):
        yield "the schedule has no field for seconds, and means something else then"
    if spec.get("method") == "plugin" and not (spec.get("pluginConfiguration") or {}).get("name"):
        yield "pluginConfiguration cannot be empty when the backup method is plugin"
    if spec.get("method", "barmanObjectStore") == "barmanObjectStore":
        yield "barmanObjectStore, which is also what no method means, is about to be removed"


def pooler(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    given = spec.get("pgbouncer")
    if given is None:
        yield "required pgbouncer configuration"
        return
    secrets = any((given.get(key) or {}).get("name") for key in ("authQuerySecret", "serverTLSSecret"))
    if secrets != bool(given.get("authQuery")):
        yield "an auth query and its secret go together"
    yield from (
        f"{key} is an invalid or reserved parameter"
        for key in given.get("parameters") or ()
        if key not in POOLER_PARAMETERS
    )
    if spec["cluster"]["name"] in ("", manifest["metadata"]["name"]):
        yield "must specify a cluster name, which is not the pooler's own"
    monitoring = spec.get("monitoring") or {}
    tls = (monitoring.get("tls") or {}).get("enabled") and monitoring.get("enablePodMonitor")
    if tls and not (given.get("clientTLSSecret") or {}).get("name"):
        yield "clientTLSSecret is required with TLS and the operator's own PodMonitor"


Judge = Callable[[Manifest], Iterator[str]]
CLUSTER: tuple[Judge, ...] = (
    *(application_database, certificates, image, recovery, replicas, storage, name, affinity, parameters, resources),
    *(environment, managed_roles, plugins, access_rules, extensions, service_account, own_annotations),
)
DATABASE: tuple[Judge, ...] = (database_names,)
SCHEDULED_BACKUP: tuple[Judge, ...] = (schedule,)
