"""Which options airflow.cfg has in a version of Airflow, and the name of an option in that version.

The facts were read from installed releases, one of each minor version, with the providers of the official image. For a
patch release between two of them, the nearest older one of its minor version is used, or the oldest if there is no older
one. Patch releases hardly ever add options, and Airflow ignores an option that it does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from cdk8s_airflow.schemas import facts_store as store
from cdk8s_airflow.schemas.secret_values import is_airflow_secret, is_secret_variable
from cdk8s_airflow.schemas.validation_errors import nearest
from cdk8s_airflow.validation.versions import minor_text, version, within

Name = tuple[str, str]
"""Section and option."""


def dotted(name: Name) -> str:
    """Section and option, joined with a dot. A section may contain a dot, an option does not."""
    return f"{name[0]}.{name[1]}"


def _split(text: str) -> Name:
    section, _, option = text.rpartition(".")
    return section, option


@cache
def facts_version(airflow_version: str) -> str:
    """The release whose options are used for a version of Airflow."""
    known: list[str] = sorted(store.config_facts()["versions"], key=version)
    same = [each for each in known if minor_text(each) == minor_text(airflow_version)] or known
    older = [each for each in same if version(each) <= version(airflow_version)]
    return older[-1] if older else same[0]


@cache
def options(section: str, airflow_version: str) -> frozenset[str]:
    """The options of a section; empty if the version has no such section."""
    facts = store.config_facts()
    bit = 1 << facts["versions"].index(facts_version(airflow_version))
    return frozenset(option for option, mask in facts["sections"].get(section, {}).items() if mask & bit)


@cache
def sections(airflow_version: str) -> frozenset[str]:
    """The sections that a version has."""
    return frozenset(section for section in store.config_facts()["sections"] if options(section, airflow_version))


def is_own_section(section: str) -> bool:
    """Whether a section belongs to Airflow itself; providers and plugins have sections of their own."""
    facts = store.config_facts()
    return section in facts["own_sections"] or section in facts["moved_sections"]


def _variable(name: Name) -> str:
    return f"AIRFLOW__{name[0]}__{name[1]}".replace(".", "_").upper()


def is_marked_sensitive(name: Name) -> bool:
    """Whether Airflow marks an option as sensitive, in any version."""
    return dotted(name) in store.config_facts()["sensitive"] or is_airflow_secret(_variable(name))


def is_sensitive(name: Name) -> bool:
    """Whether an option contains a secret: Airflow marks it as sensitive, or its name says it."""
    return is_marked_sensitive(name) or is_secret_variable(_variable(name))


@lru_cache(maxsize=1)
def _former_names() -> dict[str, list[str]]:
    former: dict[str, list[str]] = {}
    for old, new in sorted(store.config_facts()["moved"].items()):
        former.setdefault(new, []).append(old)
    return former


def names_of(name: Name) -> Iterator[Name]:
    """All names that an option has had: the given one, then the newer ones, then the older ones."""
    facts = store.config_facts()
    name = (facts["moved_sections"].get(name[0], name[0]), name[1])
    seen = [dotted(name)]
    while (newer := facts["moved"].get(seen[-1])) is not None and newer not in seen:
        seen.append(newer)
    queue = list(seen)
    while queue:
        for older in _former_names().get(queue.pop(0), ()):
            if older not in seen:
                seen.append(older)
                queue.append(older)
    yield from map(_split, seen)


def place(name: Name, airflow_version: str) -> Name | None:
    """The name of an option in a version; any of its names can be passed. None if the version does not have the option."""
    known = [other for other in names_of(name) if other[1] in options(other[0], airflow_version)]
    return known[0] if known else None


READ_AS = {"boolean": "a boolean", "float": "a number", "integer": "an integer"}
"""The types that Airflow reads options as, in words."""


_READ_BY_CODE = {
    "boolean": frozenset(
        (
            "celery.ssl_active",
            "celery.worker_precheck",
            "core.check_slas",
            "core.dag_discovery_safe_mode",
            "core.dag_run_conf_overrides_params",
            "core.dags_are_paused_at_creation",
            "core.donot_pickle",
            "core.enable_xcom_pickling",
            "core.load_examples",
            "core.simple_auth_manager_all_admins",
            "core.unit_test_mode",
            "database.check_migrations",
            "database.load_default_connections",
            "database.sql_alchemy_pool_enabled",
            "debug.fail_fast",
            "elasticsearch.json_format",
            "elasticsearch.write_stdout",
            "elasticsearch.write_to_es",
            "fab.expose_hostname",
            "fab.update_fab_perms",
            "kubernetes_executor.delete_worker_pods",
            "kubernetes_executor.delete_worker_pods_on_failure",
            "kubernetes_executor.in_cluster",
            "logging.colored_console_log",
            "logging.delete_local_logs",
            "logging.remote_logging",
            "metrics.timer_unit_consistency",
            "opensearch.json_format",
            "opensearch.write_stdout",
            "opensearch.write_to_os",
            "operators.allow_illegal_arguments",
            "traces.otel_task_log_event",
            "webserver.cookie_secure",
            "webserver.expose_hostname",
            "webserver.expose_stacktrace",
        )
    ),
    "integer": frozenset(
        (
            "api.log_fetch_timeout_sec",
            "celery.flower_port",
            "celery.sync_parallelism",
            "celery.worker_concurrency",
            "core.dag_file_processor_timeout",
            "kerberos.reinit_frequency",
            "kubernetes_executor.worker_pods_creation_batch_size",
            "logging.trigger_log_server_port",
            "logging.worker_log_server_port",
            "operators.default_cpus",
            "operators.default_disk",
            "operators.default_gpus",
            "operators.default_ram",
            "triggerer.default_capacity",
            "webserver.default_dag_run_display_number",
            "webserver.log_fetch_timeout_sec",
            "webserver.web_server_master_timeout",
            "webserver.web_server_port",
            "webserver.worker_refresh_batch_size",
            "webserver.worker_refresh_interval",
            "webserver.workers",
        )
    ),
}
"""Options that Airflow describes as strings and reads with ``getboolean`` or ``getint``. Source: the code of Airflow 2.11.0 and 3.2.2, and of
its providers cncf.kubernetes and celery."""

_WORDS = {"webserver.expose_config": ("non-sensitive-only",), "api.expose_config": ("non-sensitive-only",)}
"""Further words that some boolean options accept, in all versions."""


def read_as(name: Name) -> str:
    """The type that Airflow reads an option as: a key of :data:`READ_AS`; None if any string is accepted, or the type is not known."""
    types, option = store.config_types(), dotted(name)
    if option in _WORDS:
        return "boolean"
    return next(
        (type_ for type_ in READ_AS if option in types[type_] or option in _READ_BY_CODE.get(type_, ())),
        "",
    )


def is_readable(name: Name, value: object, airflow_version: str) -> bool:
    """Whether Airflow can read a value of an option as its type. Source: its ``getint``, ``getfloat``, ``getboolean``."""
    type_ = read_as(name)
    text = str(value)
    # Airflow replaces variables in a string with $ from the environment first.
    if not type_ or "$" in text or (not text and dotted(name) in store.config_types()["empty"]):
        return True
    if text.lower() in _WORDS.get(dotted(name), ()):
        return True
    if type_ == "boolean":
        return text.partition("#")[0].strip().lower() in ("t", "true", "1", "f", "false", "0")
    try:
        float(text) if type_ == "float" else int(text)
    except ValueError:
        return type_ == "integer" and within(_READS_INTEGRAL_FLOATS, airflow_version) and _is_whole(text)
    return True


_READS_INTEGRAL_FLOATS = ">=3.2"
"""Airflow versions that accept 1.0 and 1e3 as integers."""


def _is_whole(text: str) -> bool:
    try:
        return float(text).is_integer()
    except ValueError:
        return False


def guess(name: Name, airflow_version: str) -> Name | None:
    """The option that a misspelt one most probably means: first in its section, then in all sections."""
    section, option = name
    close = nearest(option, sorted(options(section, airflow_version)))
    if close is not None:
        return section, close
    elsewhere = sorted(other for other in sections(airflow_version) if option in options(other, airflow_version))
    return (elsewhere[0], option) if len(elsewhere) == 1 else None


def guess_section(section: str, airflow_version: str) -> str | None:
    """The section that a misspelt one most probably means."""
    return nearest(section, sorted(sections(airflow_version)))
