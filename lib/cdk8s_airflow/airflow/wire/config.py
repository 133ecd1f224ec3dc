"""airflow.cfg, and the options that come from Secrets."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.airflow.config import Config, ConfigValue
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept, SharedResults
from cdk8s_airflow.airflow.wire.once import once
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, PodParts, env_variables
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import SecretKey
from cdk8s_airflow.schemas import airflow_config as known
from cdk8s_airflow.secret_scan import active, find_in_text, has_login, is_secret_value, may_hide
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.frozen import frozen

_ERASED = "<no value>"

# What a line of YAML and of airflow.cfg cannot carry: line breaks of either, control characters, halves of characters, and
# the code points that YAML readers refuse.
_UNWRITABLE = regex("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

_KEYS = 'Use keys=AirflowKeys.existing(prefix="airflow"), which names the Secrets'
_DATABASE = 'Use database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection()'
_LOGS = "Use logs=Logs.in_bucket(...), Logs.s3(...), Logs.gcs(...), Logs.elasticsearch(...) or Logs.opensearch(...)"
_UI = 'Use ui=Ingress(host="airflow.example.com")'
_IMAGE = 'Use image=Image("registry.example.com/airflow", tag="...")'
_METRICS = (
    "Use statsd=Statsd(), which sets it; for a StatsD server of your own statsd=None and "
    'values={"config": {"metrics": {"statsd_on": "True", "statsd_host": "statsd.example.com"}}}'
)
_NAMESPACES = 'Use task_namespaces=[Namespace.existing("team-a")]'
_TRACES = "Use otel_collector=OtelCollector(...)"
_SECRETS = (
    'Use secrets_backend=KubernetesSecretsBackend(namespace="airflow-connections"); for another backend '
    'unchecked_values={"config": {"secrets": {"backend": "..."}}}'
)
_PORT = "Remove it: the Services and probes of the chart depend on the port"

OWNED: Mapping[str, str] = {
    "api.base_url": _UI,
    "api.host": _PORT,
    "api.port": _PORT,
    "api.secret_key": _KEYS,
    "api_auth.jwt_secret": _KEYS,
    "azure_remote_logging.remote_wasb_log_container": _LOGS,
    "celery.broker_url": "Use executor=CeleryExecutor(broker=...)",
    "celery.flower_basic_auth": 'Use flower=Flower(credentials=FlowerAuthSecret("airflow-flower"))',
    "celery.flower_port": _PORT,
    "celery.result_backend": 'Use executor=CeleryExecutor(..., result_backend=ResultBackendSecret("airflow-result-backend"))',
    "core.dags_folder": "Use dags=DagRepoSync(...), DagBundles(...), DagImage(...), DagVolume(...) or DagFolder(...)",
    "core.execution_api_server_url": "Remove it: it is computed from the name of the release and the path of the UI",
    "core.executor": "Use executor=KubernetesExecutor(), CeleryExecutor(...) or LocalExecutor()",
    "core.fernet_key": _KEYS,
    "dag_processor.dag_bundle_config_list": "Use dags=DagRepoSync(...), DagBundles(...), DagImage(...), DagVolume(...) or DagFolder(...)",
    "database.sql_alchemy_conn": _DATABASE,
    "database.sql_alchemy_conn_async": _DATABASE,
    "elasticsearch.host": _LOGS,
    "elasticsearch.json_format": _LOGS,
    "elasticsearch.write_stdout": _LOGS,
    "elasticsearch.write_to_es": _LOGS,
    "kubernetes_executor.multi_namespace_mode": _NAMESPACES,
    "kubernetes_executor.multi_namespace_mode_namespace_list": _NAMESPACES,
    "kubernetes_executor.namespace": 'Use namespace=Namespace.existing("airflow")',
    "kubernetes_executor.pod_template_file": "Use task_pods=TaskPods(default=TaskPod(...))",
    "kubernetes_executor.worker_container_repository": _IMAGE,
    "kubernetes_executor.worker_container_tag": _IMAGE,
    "logging.base_log_folder": "Remove it: the chart mounts the volume for logs there",
    "logging.encrypt_s3_logs": _LOGS,
    "logging.google_key_path": _LOGS,
    "logging.remote_base_log_folder": _LOGS,
    "logging.remote_log_conn_id": _LOGS,
    "logging.remote_logging": _LOGS,
    "logging.trigger_log_server_port": _PORT,
    "logging.worker_log_server_port": _PORT,
    "metrics.otel_host": _TRACES,
    "metrics.otel_on": _TRACES,
    "metrics.otel_port": _TRACES,
    "metrics.statsd_host": _METRICS,
    "metrics.statsd_on": _METRICS,
    "metrics.statsd_port": _METRICS,
    "metrics.statsd_prefix": "Remove it: the mapping of the exporter expects the prefix airflow",
    "opensearch.host": _LOGS,
    "opensearch.json_format": _LOGS,
    "opensearch.password": _LOGS,
    "opensearch.port": _LOGS,
    "opensearch.username": _LOGS,
    "opensearch.write_stdout": _LOGS,
    "opensearch.write_to_os": _LOGS,
    "scheduler.standalone_dag_processor": "Use dag_processor=DagProcessor()",
    "secrets.backend": _SECRETS,
    "secrets.backend_kwargs": _SECRETS,
    "traces.otel_on": _TRACES,
    "webserver.secret_key": _KEYS,
    "webserver.web_server_host": _PORT,
    "webserver.web_server_port": _PORT,
    "workers.secrets_backend": _SECRETS,
    "workers.secrets_backend_kwargs": _SECRETS,
}
"""Options that the chart or another argument sets -> what to do instead."""

SMTP_LOGIN = ("smtp.smtp_user", "smtp.smtp_password")
"""Options of Airflow 2 whose place a connection took in Airflow 3."""
SMTP_CONNECTION = (
    'Use connections={"smtp_default": SecretKey("airflow-smtp", "connection")}; the Secret has the URL of the connection, '
    "smtp://user:password@host:port"
)
"""What to use instead of these options in Airflow 3."""


@frozen(kw_only=False)
class _Option:
    """An option that was asked for.

    Attributes:
        asked: the name it was asked for by.
        value: what it is to be.
        place: the name it has in this version, or None where this version has none that is known.
    """

    asked: known.Name
    value: ConfigValue
    place: known.Name | None

    @property
    def name(self) -> known.Name:
        """The name it is written under."""
        return self.place or self.asked

    @property
    def at(self) -> str:
        """How a finding calls it."""
        return f"config.{known.dotted(self.asked)}"


@once
def _asked(settings: ReleaseSettings) -> tuple[tuple[_Option, tuple[Finding, ...]], ...]:
    """The options in ``config=``, and what is wrong with each."""
    airflow = settings.dialect.airflow
    options = [
        _Option((section, option), value, known.place((section, option), airflow))
        for section, options in settings.config.items()
        for option, value in options.items()
    ]
    return tuple((option, tuple(_problems(option, settings))) for option in options)


@once
def _valid(settings: ReleaseSettings) -> tuple[_Option, ...]:
    """The options with which nothing is wrong, each once."""
    valid: dict[known.Name, _Option] = {}
    for option, problems in _asked(settings):
        if not problems:
            valid.setdefault(option.name, option)
    return tuple(valid.values())


_QUOTA: Mapping[known.Name, int] = {("kubernetes_executor", "task_publish_max_retries"): -1}
"""A task whose pod a quota refuses is tried again until the quota allows it. Airflow's default of 0 fails it at once. Source: the
executor in the provider of Kubernetes, where it handles ``exceeded quota``."""

_OUTAGE: Mapping[known.Name, int] = {
    ("execution_api", "jwt_expiration_time"): 1800,
    ("workers", "execution_api_retries"): 40,
    ("workers", "execution_api_retry_wait_max"): 15,
}
"""An API server of Airflow 3 that does not answer for three minutes fails no task.

A task reports to the API server. With Airflow's defaults it stops trying after about 30 seconds (5 attempts), and its token can expire
after two minutes without an answer: it is valid for 600 seconds and renewed in the last fifth of them. With these figures a task tries for
290 seconds on average, and at least 190 seconds in all but one of ten thousand cases; the scheduler fails it after 300 seconds without a heartbeat anyway.
Source: ``airflow/sdk/api/client.py`` and ``airflow/api_fastapi/execution_api/app.py`` of Airflow 3.2.2."""


def _figures(settings: ReleaseSettings) -> dict[known.Name, int]:
    """Defaults that differ from Airflow's, and what the throughput says, under the names of this version; ``config=`` overrides both."""
    said: dict[known.Name, int] = dict(_QUOTA) if settings.has_quota else {}
    if settings.dialect.has("tasks.isolated"):
        said |= _OUTAGE
    if settings.throughput is not None:
        said |= settings.throughput.options
    if not said:
        return {}
    figures = {
        known.place(name, settings.dialect.airflow) or name: value
        for name, value in said.items()
        if name[0] != "kubernetes_executor" or "Kubernetes" in settings.executor.name
    }
    asked = {option.name for option, _ in _asked(settings)}
    return {name: value for name, value in figures.items() if name not in asked}


def text(value: str | int | float | bool) -> str:
    """A value as airflow.cfg holds it, before the chart's template engine: its parser takes a ``%`` for two."""
    return str(value).replace("%", "%%")


def config_options(settings: ReleaseSettings) -> ConfigOptions:
    """The options in airflow.cfg. Everything is text: Helm would print 1000000 as 1e+06."""
    tree: dict[str, dict[str, Any]] = {}
    for (section, option), figure in _figures(settings).items():
        tree.setdefault(section, {})[option] = text(figure)
    for sound in _valid(settings):
        if not isinstance(sound.value, SecretKey):
            section, option = sound.name
            tree.setdefault(section, {})[option] = text(sound.value)
    return tree


@once
def config_variables(settings: ReleaseSettings) -> dict[str, SecretKey]:
    """Environment variable -> the key of a Secret it comes from, for the options that do."""
    return {variable(sound.name): sound.value for sound in _valid(settings) if isinstance(sound.value, SecretKey)}


def variable(name: known.Name) -> str:
    """The environment variable from which Airflow reads an option."""
    return f"AIRFLOW__{name[0].replace('.', '_')}__{name[1]}".upper()


def config_parts(settings: ReleaseSettings) -> PodParts:
    """The options that come from Secrets. An environment variable wins over airflow.cfg, and is not interpolated."""
    return PodParts(variables=env_variables(config_variables(settings)))


def config_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets that options come from."""
    for option in _valid(settings):
        if isinstance(option.value, SecretKey):
            name = known.dotted(option.name)
            yield needs.free_key(
                option.value, settings.namespace, f"option {name} of Airflow", content=f"the value of option {name}"
            )


def config_notes(settings: ReleaseSettings) -> Iterator[str]:
    """Options that are written with a newer name, and unknown sections."""
    airflow = settings.dialect.airflow
    unknown = dict.fromkeys(option.asked[0] for option in _valid(settings) if option.place is None)
    for option in _valid(settings):
        if option.place is not None and option.place != option.asked:
            yield (
                f"Option {known.dotted(option.asked)} in config= of release {settings.release} is written as "
                f"{known.dotted(option.place)}, its name in Airflow {airflow}."
            )
    for section in unknown:
        close = known.guess_section(section, airflow)
        yield BeforeApply(
            f"config= of release {settings.release} has a section {section!r}, which Airflow {airflow} and its providers do not read. "
            f"Keep it if a plugin reads it.{f' Did you mean {close!r}?' if close else ''}"
        )


def config_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for options that Airflow does not read, that another argument sets, or that have secrets in clear text."""
    first: dict[known.Name, _Option] = {}
    for option, problems in _asked(settings):
        yield from problems
        if not problems and option.name in first:
            yield Finding(
                rule="config/twice",
                at=option.at,
                problem=f"is the same option as {first[option.name].at} in Airflow {settings.dialect.airflow}",
                fix="set it once",
            )
        first.setdefault(option.name, option)


def overlaid_config_rules(settings: ReleaseSettings, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Options that no part of Airflow reads, or not like this, in the ``config`` of ``values=``. Templates are not
    checked, because only Helm renders them."""
    given = values.get("config")
    if not isinstance(given, Mapping):
        return
    config: Config = {
        section: {name: value for name, value in options.items() if isinstance(value, (str, int, float))}
        for section, options in given.items()
        if isinstance(section, str) and isinstance(options, Mapping) and all(isinstance(name, str) for name in options)
    }
    templates = {
        f"config.{section}.{name}"
        for section, options in config.items()
        for name in options
        if "{{" in str(options[name])
    }
    for finding in config_rules(dataclasses.replace(settings, config=config)):
        is_template = finding.at in templates
        if finding.rule == "config/unknown-option" or (finding.rule == "config/wrong-type" and not is_template):
            yield dataclasses.replace(finding, at=f"values.{finding.at}")


def config_conflicts(shared: SharedResults) -> Iterator[Finding]:
    """Options that another argument of this release sets as well."""
    settings, taken = shared.settings, shared.config_of_arguments
    names = Counter(each.name for each in shared.parts.variables)
    names.subtract(config_variables(settings).keys())
    for option in _valid(settings):
        section, name = option.name
        if name in taken.get(section, {}) or names[variable(option.name)] > 0:
            yield Finding(
                rule="config/owned",
                at=option.at,
                problem="is set by another argument of this release",
                fix="Remove it, or remove the other argument",
            )


def _problems(option: _Option, settings: ReleaseSettings) -> Iterator[Finding]:
    airflow = settings.dialect.airflow
    owner = _owner(option)
    if owner is not None:
        yield Finding(
            rule="config/owned",
            at=option.at,
            problem="is set by the chart or by another argument",
            seen=_seen(option),
            fix=owner,
        )
        return
    if option.place is None and known.dotted(option.asked) in SMTP_LOGIN:
        yield Finding(
            rule="config/unknown-option",
            at=option.at,
            problem=f"does not exist in Airflow {airflow}, which reads the login of the mail server from a connection",
            fix=SMTP_CONNECTION,
        )
        return
    if option.place is None and known.options(option.asked[0], airflow):
        guess = known.guess(option.asked, airflow)
        yield Finding(
            rule="config/unknown-option",
            at=option.at,
            problem=f"Airflow {airflow} has no such option in section {option.asked[0]!r}, and would ignore it",
            seen=_seen(option),
            fix=f"did you mean {known.dotted(guess)!r}?" if guess else "Remove it",
        )
        return
    if option.place is None and known.is_own_section(option.asked[0]):
        yield Finding(
            rule="config/unknown-option",
            at=option.at,
            problem=f"Airflow {airflow} has no section {option.asked[0]!r} and no replacement for this option",
            seen=_seen(option),
            fix="Remove it, or use an airflow_version that has it",
        )
        return
    yield from _value_problems(option, airflow)


def _owner(option: _Option) -> str | None:
    names = [option.name, *known.names_of(option.asked)]
    return next((OWNED[known.dotted(name)] for name in names if known.dotted(name) in OWNED), None)


def _value_problems(option: _Option, airflow: str) -> Iterator[Finding]:
    value = option.value
    if isinstance(value, SecretKey):
        return
    exempt = isinstance(value, str) and active().covers(value) and not known.is_marked_sensitive(option.name)
    if not exempt and (known.is_sensitive(option.name) or _looks_secret(option.asked[1], value)):
        yield Finding(
            rule="config/secret-literal",
            at=option.at,
            problem="contains a secret, which would be written in clear text to a ConfigMap",
            fix='name the key of a Secret: SecretKey("airflow-config", "...")'
            + ("" if known.is_marked_sensitive(option.name) else ', or, if it is not a secret: not_secret("...")'),
        )
        return
    if isinstance(value, float) and not math.isfinite(value):
        yield _unwritable(option, "is not a finite number", "give a finite number")
        return
    if not known.is_readable(option.name, value, airflow):
        words = known.READ_AS[known.read_as(option.name)]
        yield Finding(
            rule="config/wrong-type",
            at=option.at,
            problem=f"must be {words}, because Airflow fails when it cannot read it",
            seen=_seen(option),
            fix=f"use {words}",
        )
        return
    if isinstance(value, str):
        if _UNWRITABLE.search(value):
            yield _unwritable(
                option,
                "has a line break or another control character, which a line of airflow.cfg cannot carry",
                "write it on one line; JSON needs no line breaks",
            )
        elif value != value.strip():
            yield _unwritable(
                option, "must not start or end with a space, because Airflow's parser removes it", "remove the space"
            )
        elif _ERASED in value:
            yield _unwritable(
                option, f"has {_ERASED} in it, which Helm removes from all it renders", "write it otherwise"
            )


def _looks_secret(name: str, value: object) -> bool:
    """Whether a value is a secret by its form, or by the name of its option."""
    if isinstance(value, str) and (active().covers(value) or not value):
        return False
    return is_secret_value(name, value) or (isinstance(value, str) and bool(find_in_text(value)))


def _unwritable(option: _Option, problem: str, fix: str) -> Finding:
    return Finding(rule="config/unwritable", at=option.at, problem=problem, seen=_seen(option), fix=fix)


def _seen(option: _Option) -> str:
    """The value, unless it may be a secret; so could be any text under a misspelt name."""
    value = option.value
    if isinstance(value, SecretKey) or (isinstance(value, str) and option.place is None):
        return ""
    if known.is_sensitive(option.name) or may_hide(("config", *option.asked)):
        return ""
    return "" if isinstance(value, str) and has_login(value) else show(value)


CONFIG = Concept(
    parts=config_parts,
    config_defaults=config_options,
    rules=config_rules,
    needs=config_needs,
    notes=config_notes,
    rules_from=config_conflicts,
)
"""airflow.cfg."""
