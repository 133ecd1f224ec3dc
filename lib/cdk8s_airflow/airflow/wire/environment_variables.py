"""Environment variables, proxy, CA certificates and secrets backend of all pods that run Airflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cdk8s_airflow.airflow.environment_variables import CloudIdentityConnection, EnvValue
from cdk8s_airflow.airflow.pod_settings import OWNED_VARIABLES
from cdk8s_airflow.airflow.secret_literals import literal_findings
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.config import OWNED, SMTP_CONNECTION, SMTP_LOGIN
from cdk8s_airflow.airflow.wire.once import once
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions, EnvVariable, PodParts, secret_or_config_map
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import ConfigMapKey, ExistingSecret, OptionalSource, SecretKey
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import is_cidr
from cdk8s_airflow.validation.frozen import frozen

_CA_VOLUME = "ca-bundle"
_CA_FOLDER = "/etc/ca-bundle"

CA_FILE = f"{_CA_FOLDER}/ca.crt"
"""The path of the CA certificates in every pod that runs Airflow."""

CA_MOUNT = {"name": _CA_VOLUME, "mountPath": _CA_FOLDER, "readOnly": True}
"""The mount of the volume with that file."""

CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO")
"""The variables for CA certificates of OpenSSL and httpx, requests, curl, the AWS libraries and git."""

PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""Both spellings are set, because some programs read only one of them."""

BACKEND = "airflow.providers.cncf.kubernetes.secrets.kubernetes_secrets_backend.KubernetesSecretsBackend"

_SERVICES = (
    "webserver",
    "api-server",
    "scheduler",
    "triggerer",
    "worker",
    "statsd",
    "otel-collector",
    "redis",
    "flower",
    "pgbouncer",
)


def literal(text: str) -> str:
    """A string escaped for an environment variable or argument in Kubernetes, where ``$(NAME)`` is a reference."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


@frozen(kw_only=False)
class Variable:
    """A variable that all pods that run Airflow have.

    Attributes:
        at: the argument that it comes from.
        name: its name.
        value: the escaped string, or a reference to a key.
    """

    at: str
    name: str
    value: EnvValue


@once
def variables(settings: ReleaseSettings) -> list[Variable]:
    """All variables of the settings, in the order of the arguments."""
    found = [Variable(f"env.{name}", name, _told(value)) for name, value in settings.env.items()]
    found += [
        Variable(f"connections.{name}", f"AIRFLOW_CONN_{name.upper()}", _connection(ref))
        for name, ref in settings.connections.items()
    ]
    found += [
        Variable(f"variables.{key}", f"AIRFLOW_VAR_{key.upper()}", _told(value))
        for key, value in settings.variables.items()
    ]
    found += [Variable("proxy", name, value) for name, value in proxy_variables(settings).items()]
    if settings.ca is not None:
        found += [Variable("ca", name, CA_FILE) for name in CA_VARIABLES]
    return found


def _connection(given: SecretKey | CloudIdentityConnection) -> str | SecretKey:
    """The value of the variable of a connection: a key of a Secret, or JSON."""
    if isinstance(given, SecretKey):
        return given
    parts = {"conn_type": given.type, "host": given.host, "extra": dict(given.extra)}
    return literal(json.dumps({key: value for key, value in parts.items() if value}, sort_keys=True))


def _told(value: EnvValue) -> EnvValue:
    return literal(value) if isinstance(value, str) else value


def environment_parts(settings: ReleaseSettings) -> PodParts:
    """The variables, and the volume with the CA certificates."""
    ca = settings.ca
    return PodParts(
        variables=tuple(EnvVariable(each.name, each.value) for each in variables(settings)),
        env_from=settings.env_from,
        volumes=() if ca is None else (secret_or_config_map(_CA_VOLUME, ca.source, "ca.crt"),),
        volume_mounts=() if ca is None else (CA_MOUNT,),
    )


@once
def proxy_variables(settings: ReleaseSettings) -> dict[str, str | SecretKey]:
    """The proxy in upper-case and lower-case variables."""
    proxy = settings.proxy
    if proxy is None:
        return {}
    found: dict[str, str | SecretKey] = {}
    for name, value in (("HTTP_PROXY", proxy.http), ("HTTPS_PROXY", proxy.https), ("NO_PROXY", no_proxy(settings))):
        if value is not None:
            found |= {name: value, name.lower(): value}
    return found


def no_proxy(settings: ReleaseSettings) -> str:
    """The hosts that pods connect to without the proxy.

    Kubernetes adds the address of the API server. Tasks of Airflow 3 call the API server of the release by its short name.
    Only IPv4 networks are listed, because httpx fails at others.
    """
    facts = settings.facts
    networks = [text for text in (*facts.pod_networks, *facts.service_networks) if is_cidr(text) and ":" not in text]
    entries = [
        "localhost",
        "127.0.0.1",
        "$(KUBERNETES_SERVICE_HOST)",
        *(f"{settings.release}-{service}" for service in _SERVICES),
        f".{settings.namespace}",
        ".svc",
        f".{facts.cluster_domain}",
        *networks,
        *(settings.proxy.no_proxy if settings.proxy is not None else ()),
    ]
    return ",".join(dict.fromkeys(entries))


def backend_namespace(settings: ReleaseSettings) -> str | None:
    """The namespace of the Secrets that Airflow looks up; None without a secrets backend."""
    backend = settings.secrets_backend
    return None if backend is None else backend.namespace or settings.namespace


def environment_config(settings: ReleaseSettings) -> ConfigOptions:
    """The secrets backend."""
    namespace = backend_namespace(settings)
    if namespace is None:
        return {}
    return {"secrets": {"backend": BACKEND, "backend_kwargs": json.dumps({"namespace": namespace})}}


def backend_readers(settings: ReleaseSettings) -> list[str]:
    """Airflow components that look up connections or variables, by the names of their service accounts."""
    dialect = settings.dialect
    readers = {
        "scheduler": True,
        dialect.ui_server: True,
        "triggerer": settings.triggerer is not None,
        "dag-processor": settings.dag_processor is not None,
        "worker": settings.has_task_pods or settings.has_celery_workers,
    }
    return [component for component, reads in readers.items() if reads]


def _reading_accounts(settings: ReleaseSettings) -> list[str]:
    """The service accounts of the components that read Secrets, including separate ones of task pods, without duplicates."""
    pods = settings.task_pods
    own = [each.service_account for each in (pods.default, *pods.templates.values()) if settings.has_task_pods]
    names = [account_name(settings, component) for component in backend_readers(settings)]
    return list(dict.fromkeys((*names, *(name for name in own if name is not None))))


def environment_objects(settings: ReleaseSettings) -> dict[str, dict[str, Any]]:
    """The permission to list Secrets in that one namespace. The chart grants it to no account."""
    namespace = backend_namespace(settings)
    if namespace is None:
        return {}
    name = f"{settings.release}-secrets-backend"
    return {
        "secrets-backend-role": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": name, "namespace": namespace},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}],
        },
        "secrets-backend-role-binding": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [
                {"kind": "ServiceAccount", "name": name, "namespace": settings.namespace}
                for name in _reading_accounts(settings)
            ],
        },
    }


def environment_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if a variable is set twice, a secret is in clear text, or this version does not support a setting."""
    for name, value in settings.env.items():
        at = f"env.{name}"
        owner = _owner(name, settings.dialect.has("auth.simple"))
        if owner:
            yield Finding(
                rule="environment/owned",
                at=at,
                problem="is set by the chart or by another argument",
                fix=owner,
            )
        elif isinstance(value, str):
            yield from literal_findings(at, name, value)
    for key, text in settings.variables.items():
        if isinstance(text, str):
            yield from literal_findings(f"variables.{key}", key, text)
    yield from _proxy_rules(settings)
    yield from _backend_rules(settings)


def _owner(name: str, airflow_3: bool) -> str:
    """What to use instead of a variable; empty if no argument sets it."""
    if name in PROXY_VARIABLES:
        return 'Use proxy=HttpProxy(https="http://proxy.example.com:3128"), which computes NO_PROXY too'
    if name in CA_VARIABLES:
        return 'Use ca=CaBundle(ConfigMapKey("my-config", "ca.crt"))'
    if name.startswith("AIRFLOW_CONN_") and name != "AIRFLOW_CONN_AIRFLOW_DB":
        return 'Use connections={"my_connection": SecretKey("my-secret", "my-key")}'
    if name.startswith("AIRFLOW_VAR_"):
        return 'Use variables={"my_variable": "my-value"}'
    if name in ("PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT") or name.endswith(("__SQL_ALCHEMY_CONN", "CONN_AIRFLOW_DB")):
        return 'Use database=ExternalDatabase(url=DsnSecret("airflow-metadata")).connection()'
    if name.startswith("AIRFLOW__KUBERNETES_ENVIRONMENT_VARIABLES__") or name.startswith(
        "AIRFLOW__KUBERNETES_SECRETS__"
    ):
        return 'Use env={"MY_VARIABLE": ...} for the variable itself: it is set in task pods too'
    option = re.fullmatch(r"AIRFLOW__([A-Z0-9_]+?)__([A-Z0-9_]+)", name)
    if option is not None:
        section, key = option[1].lower(), option[2].lower()
        owned = OWNED.get(f"{section}.{key}")
        if airflow_3 and f"{section}.{key}" in SMTP_LOGIN:
            return SMTP_CONNECTION
        return owned or f'Use config={{"{section}": {{"{key}": ...}}}}; for a secret option, the value is a SecretKey'
    if name == "_PIP_ADDITIONAL_REQUIREMENTS":
        return 'Build an image with the packages, and use image=Image("registry.example.com/airflow", tag="...")'
    if name.startswith("_AIRFLOW_WWW_USER"):
        return 'Use admin=AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com")'
    if name in OWNED_VARIABLES or name.startswith(
        ("_AIRFLOW_", "KUBERNETES_SERVICE_", "CONNECTION_CHECK_", "AIRFLOW__", "GIT_SYNC_", "GITSYNC_")
    ):
        return "Remove it"
    return ""


def _proxy_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    proxy = settings.proxy
    if proxy is None or settings.git_sync is None or settings.dialect.place("git_sync.env_from_secret") is not None:
        return
    for field in ("http", "https"):
        if isinstance(getattr(proxy, field), SecretKey):
            yield Finding(
                rule="environment/proxy",
                at=f"proxy.{field}",
                problem=f"is in a Secret, and git-sync of chart {settings.dialect.chart} cannot read variables from Secrets",
                fix="use a proxy without a password, or chart_version 1.18.0 or newer",
            )


def _backend_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    backend, dialect = settings.secrets_backend, settings.dialect
    if backend is None:
        return
    if not dialect.has("secrets_backend"):
        yield Finding(
            rule="environment/provider",
            at="secrets_backend",
            problem="requires Airflow 2.11 or newer: older versions cannot install a provider that has it",
            seen=dialect.airflow,
            fix="use connections= and variables=, or a newer airflow_version",
        )
    elif not dialect.has("secrets_backend.in_official_image") and (
        backend.provider_version is None or settings.airflow_image is None
    ):
        yield Finding(
            rule="environment/provider",
            at="secrets_backend",
            problem=f"is not in the official image of Airflow {dialect.airflow}, whose provider is too old",
            seen="provider_version=None" if backend.provider_version is None else "image=None",
            fix="set image= to one with apache-airflow-providers-cncf-kubernetes 10.13.0 or newer, and its "
            "version in provider_version=",
        )


def environment_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secrets of variables, proxy and CA certificates, except for one that the database's operator creates."""
    namespace, database = settings.namespace, settings.database
    seen: set[tuple[str, str]] = set()
    for each in variables(settings):
        ref = each.value
        if not isinstance(ref, SecretKey) or (ref.name, ref.key) in seen:
            continue
        seen.add((ref.name, ref.key))
        if ref.name == database.secret and database.secret_namespace is not None:
            continue
        yield needs.free_key(ref, namespace, f"{each.at} of Airflow", content=_content(each))
    for whole in settings.env_from:
        if isinstance(whole, ExistingSecret):
            yield needs.whole(whole, namespace, "variables of every pod that runs Airflow")
    if settings.ca is not None and isinstance(settings.ca.source, SecretKey):
        # The migration Job cannot wait for this Secret, because it mounts the Secret as a volume.
        yield replace(
            needs.free_key(
                settings.ca.source,
                namespace,
                "the CA certificates that pods trust",
                content="certificates in PEM",
                source="cat ca.crt",
            ),
            awaited=False,
        )


def _content(each: Variable) -> str:
    kind, _, name = each.at.partition(".")
    if kind == "connections":
        return f"connection {name!r} as a URI or as JSON"
    if kind == "variables":
        return f"the value of variable {name!r}"
    if kind == "proxy":
        return "the address of the proxy, like http://USER:PASSWORD@proxy.example.com:3128"
    return f"the value of {each.name}"


def environment_notes(settings: ReleaseSettings) -> Iterator[str]:
    """Notes about ConfigMaps that must exist, and labels of Secrets that Airflow looks up."""
    release, namespace = settings.release, settings.namespace
    maps: dict[str, list[str]] = {}
    for each in variables(settings):
        if isinstance(each.value, ConfigMapKey):
            maps.setdefault(each.value.name, []).append(each.value.key)
    if settings.ca is not None and isinstance(settings.ca.source, ConfigMapKey):
        maps.setdefault(settings.ca.source.name, []).append(settings.ca.source.key)
    for ref in settings.env_from:
        if not isinstance(ref, ExistingSecret | OptionalSource):
            maps.setdefault(ref.name, [])
    for name, keys in sorted(maps.items()):
        has = f" with {', '.join(sorted(set(keys)))}" if keys else ""
        yield BeforeApply(
            f"Pods of release {release} do not start without ConfigMap {name}{has} in namespace {namespace}:\n"
            f"  kubectl -n {namespace} get configmap {name}"
        )
    place = backend_namespace(settings)
    if place is not None:
        yield (
            f"Release {release} reads connections and variables from Secrets in namespace {place} that have the label "
            "airflow.apache.org/connection-id or airflow.apache.org/variable-key; the content is in the key value."
        )
        if place == namespace:
            yield (
                f"Every task of release {release} can read all Secrets in namespace {namespace}, including the keys of Airflow. "
                "To prevent that, keep connections in a separate namespace: KubernetesSecretsBackend(namespace=...)."
            )


ENVIRONMENT = Concept(
    parts=environment_parts,
    config=environment_config,
    objects=environment_objects,
    rules=environment_rules,
    needs=environment_needs,
    notes=environment_notes,
)
"""The environment of every pod that runs Airflow."""

__all__ = [
    "CA_FILE",
    "CA_VARIABLES",
    "PROXY_VARIABLES",
    "Variable",
    "backend_namespace",
    "backend_readers",
    "environment_config",
    "environment_needs",
    "environment_notes",
    "environment_objects",
    "environment_parts",
    "environment_rules",
    "literal",
    "no_proxy",
    "variables",
]
