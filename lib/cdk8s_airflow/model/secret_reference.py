"""References to Secrets, with one type for each contract.

A contract is what the reader of a Secret expects: the keys and their content. The readers here (the Airflow chart,
git-sync, CloudNativePG, an ingress controller) require fixed key names, so the type of a reference determines its keys.
A reference never contains a secret: no argument accepts a secret value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import ObjectName, SecretKeyName, SecretName
from cdk8s_airflow.validation.frozen import frozen


@runtime_checkable
class NamedObject(Protocol):
    """Any object with a Kubernetes name, such as a Secret or ConfigMap of cdk8s-plus."""

    @property
    def name(self) -> str:
        """The name of the object in its namespace."""
        ...


def name_of(handle: object, kind: str) -> Any:
    """The name of a cdk8s-plus object of the given kind. Anything else is returned unchanged, for the validation of the
    name.
    """
    if (
        isinstance(handle, str)
        or not isinstance(handle, NamedObject)
        or type(handle).__module__.startswith("cdk8s_airflow.")
    ):
        return handle
    return handle.name if getattr(handle, "kind", kind) == kind else handle


@frozen(kw_only=False)
class SecretReference:
    """A Secret in the namespace of its reader.

    Attributes:
        name: the name of the Secret, or a cdk8s-plus object with a name.
    """

    how_to_write: ClassVar[str] = 'a reference like FernetKeySecret("airflow-fernet-key")'

    name: SecretName

    keys: ClassVar[Mapping[str, str]] = {}
    type: ClassVar[str] = "Opaque"
    names_a_secret: ClassVar[bool] = True

    def __init__(self, name: str | NamedObject) -> None:
        object.__setattr__(self, "name", name_of(name, "Secret"))


class ExistingSecret(SecretReference):
    """A Secret that exists, or that is created outside this program. The argument that takes it determines its purpose.

    Args:
        name: the name of the Secret, or a cdk8s-plus object with a name.
    """

    how_to_write: ClassVar[str] = 'ExistingSecret("my-secret")'


@frozen(kw_only=False)
class ExistingConfigMap:
    """A ConfigMap that exists, or that is created outside this program. All of its keys are read.

    Args:
        name: the name of the ConfigMap.
    """

    how_to_write: ClassVar[str] = 'ExistingConfigMap("my-config")'

    name: ObjectName


class DsnSecret(SecretReference):
    """A Secret with the database URL under the key ``connection``.

    The URL is ``postgresql://USER:PASSWORD@HOST:5432/DATABASE`` with user and password percent-encoded and without
    ``sslmode``: Airflow 3 uses two drivers, and one of them rejects that parameter. Source of the key: the chart's
    ``data.metadataSecretName``.
    """

    how_to_write: ClassVar[str] = 'DsnSecret("airflow-metadata")'
    keys = {"connection": "the database URL postgresql://USER:PASSWORD@HOST:5432/DATABASE"}


class BasicAuthSecret(SecretReference):
    """A Secret of type ``kubernetes.io/basic-auth`` with the keys ``username`` and ``password``.

    CloudNativePG requires that ``username`` is the owner of the database. Source: ``spec.bootstrap.initdb.secret``.
    """

    how_to_write: ClassVar[str] = 'BasicAuthSecret("my-login")'
    keys = {"username": "the database owner's name", "password": "its password"}
    type = "kubernetes.io/basic-auth"


class PgBouncerSecret(SecretReference):
    """A Secret with a database login for the chart's PgBouncer and its metrics exporter.

    ``users.txt`` is one line with user and password, each in double quotes; a double quote inside them is doubled.
    ``pgbouncer.ini`` is not secret, but the chart reads it from the same Secret: one line that includes the settings
    file. Source: the chart's ``pgbouncer.configSecretName`` and ``pgbouncer.metricsExporterSidecar.statsSecretName``.
    """

    how_to_write: ClassVar[str] = 'PgBouncerSecret("airflow-pgbouncer")'
    keys = {
        "pgbouncer.ini": "exactly '%include /etc/pgbouncer-settings/pgbouncer.ini'",
        "users.txt": 'one line: "USER" "PASSWORD"',
        "connection": "the URL postgresql://USER:PASSWORD@127.0.0.1:6543/pgbouncer?sslmode=disable",
    }


class GitTokenSecret(SecretReference):
    """A Secret with a git token for HTTPS, under the four keys that git-sync 3 and git-sync 4 read.

    All four keys are required: the chart does not mark them as optional, so pods do not start if one is missing.
    Source: the chart's ``dags.gitSync.credentialsSecret``.
    """

    how_to_write: ClassVar[str] = 'GitTokenSecret("airflow-git")'
    keys = {
        "GITSYNC_USERNAME": "the git user",
        "GITSYNC_PASSWORD": "the git token",
        "GIT_SYNC_USERNAME": "the git user, again",
        "GIT_SYNC_PASSWORD": "the git token, again",
    }


class GitSshSecret(SecretReference):
    """A Secret with an SSH key for git, under ``gitSshKey``. Source: the chart's ``dags.gitSync.sshKeySecret``."""

    how_to_write: ClassVar[str] = 'GitSshSecret("airflow-git-ssh")'
    keys = {"gitSshKey": "the private key, in OpenSSH's format, without a passphrase"}


class FernetKeySecret(SecretReference):
    """A Secret with the key that encrypts connections and variables in the database, under ``fernet-key``.

    The key is 32 random bytes in URL-safe base64. Keep it for as long as the database: without it, encrypted values are
    lost. Source: the chart's ``fernetKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'FernetKeySecret("airflow-fernet-key")'
    keys = {"fernet-key": "32 random bytes in URL-safe base64"}


class ApiSecretKeySecret(SecretReference):
    """A Secret with the key that signs the sessions of the Airflow 3 API server, under ``api-secret-key``.

    Source: the chart's ``apiSecretKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'ApiSecretKeySecret("airflow-api-secret-key")'
    keys = {"api-secret-key": "a long random string"}


class JwtSecret(SecretReference):
    """A Secret with the key that signs the tokens between Airflow 3 components, under ``jwt-secret``.

    Source: the chart's ``jwtSecretName``.
    """

    how_to_write: ClassVar[str] = 'JwtSecret("airflow-jwt-secret")'
    keys = {"jwt-secret": "a long random string"}


class WebserverSecretKeySecret(SecretReference):
    """A Secret with the key that signs the sessions of the Airflow 2 webserver, under ``webserver-secret-key``.

    Source: the chart's ``webserverSecretKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'WebserverSecretKeySecret("airflow-webserver-secret-key")'
    keys = {"webserver-secret-key": "a long random string"}


class BrokerUrlSecret(SecretReference):
    """A Secret with the URL of the Celery broker under the key ``connection``.

    For example ``redis://:PASSWORD@HOST:6379/0`` or ``amqp://USER:PASSWORD@HOST:5672/VHOST``, with user and password
    percent-encoded. Source of the key: the chart's ``data.brokerUrlSecretName``.
    """

    how_to_write: ClassVar[str] = 'BrokerUrlSecret("airflow-broker-url")'
    keys = {"connection": "the broker's URL, like redis://:PASSWORD@HOST:6379/0"}


class RedisPasswordSecret(SecretReference):
    """A Secret with the password of the chart's Redis, under ``password``. Source: the chart's
    ``redis.passwordSecretName``.
    """

    how_to_write: ClassVar[str] = 'RedisPasswordSecret("airflow-redis-password")'
    keys = {"password": "letters and digits, because the chart's Redis gets it on a command line"}


class ResultBackendSecret(SecretReference):
    """A Secret with the URL of the database where Celery stores results, under ``connection``.

    For example ``db+postgresql://USER:PASSWORD@HOST:5432/DATABASE``. Source: the chart's
    ``data.resultBackendSecretName``.
    """

    how_to_write: ClassVar[str] = 'ResultBackendSecret("airflow-result-backend")'
    keys = {"connection": "the URL db+postgresql://USER:PASSWORD@HOST:5432/DATABASE"}


class FlowerAuthSecret(SecretReference):
    """A Secret with the user and password for Flower, under ``basicAuth``. Source: the chart's
    ``flower.secretName``.
    """

    how_to_write: ClassVar[str] = 'FlowerAuthSecret("airflow-flower")'
    keys = {"basicAuth": "USER:PASSWORD"}


class SearchUrlSecret(SecretReference):
    """A Secret with the URL of Elasticsearch or OpenSearch under the key ``connection``.

    For example ``https://USER:PASSWORD@HOST:9200``, with user and password percent-encoded. Source: the chart's
    ``elasticsearch.secretName`` and ``opensearch.secretName``.
    """

    how_to_write: ClassVar[str] = 'SearchUrlSecret("airflow-elasticsearch")'
    keys = {"connection": "the URL, like https://USER:PASSWORD@HOST:9200"}


class TlsSecret(SecretReference):
    """A Secret of type ``kubernetes.io/tls`` with a certificate and its private key."""

    how_to_write: ClassVar[str] = 'TlsSecret("airflow-tls")'
    keys = {"tls.crt": "the certificate with its chain", "tls.key": "its private key"}
    type = "kubernetes.io/tls"


class PullSecret(SecretReference):
    """A Secret of type ``kubernetes.io/dockerconfigjson`` with the login of an image registry.

    Source of the key: Kubernetes, ``spec.imagePullSecrets`` of a pod.
    """

    how_to_write: ClassVar[str] = 'PullSecret("registry-login")'
    keys = {".dockerconfigjson": "registries with user and password, as docker login writes them"}
    type = "kubernetes.io/dockerconfigjson"


@frozen(kw_only=False)
class SecretKey:
    """One key of a Secret, for readers that do not require a fixed key name.

    Args:
        name: the name of the Secret.
        key: the key of the Secret.
    """

    how_to_write: ClassVar[str] = 'SecretKey("my-secret", "my-key")'
    names_a_secret: ClassVar[bool] = True

    name: SecretName
    key: SecretKeyName


@frozen(kw_only=False)
class ConfigMapKey:
    """One key of a ConfigMap.

    Args:
        name: the name of the ConfigMap.
        key: the key of the ConfigMap.
    """

    how_to_write: ClassVar[str] = 'ConfigMapKey("my-config", "my-key")'

    name: ObjectName
    key: SecretKeyName


@frozen(kw_only=False)
class OptionalSource:
    """A source of environment variables that may be missing: ``optional: true`` in Kubernetes.

    If the Secret, the ConfigMap or the key is missing when a container starts, the container starts without the variables.
    They are not added to a running container.

    Args:
        source: a key, for ``env=``, or a whole Secret or ConfigMap, for ``env_from=``.
    """

    how_to_write: ClassVar[str] = 'OptionalSource(SecretKey("my-secret", "my-key"))'
    names_a_secret: ClassVar[bool] = True

    source: SecretKey | ConfigMapKey | ExistingSecret | ExistingConfigMap


def reference_entry(
    source: SecretKey | ConfigMapKey | ExistingSecret | ExistingConfigMap | OptionalSource,
) -> dict[str, Any]:
    """The source of an environment variable as Kubernetes reads it: ``valueFrom`` for a key, an entry of ``envFrom`` else."""
    if isinstance(source, OptionalSource):
        ((kind, reference),) = reference_entry(source.source).items()
        return {kind: {**reference, "optional": True}}
    if isinstance(source, SecretKey | ConfigMapKey):
        kind = "secretKeyRef" if isinstance(source, SecretKey) else "configMapKeyRef"
        return {kind: {"name": source.name, "key": source.key}}
    return {"secretRef" if isinstance(source, ExistingSecret) else "configMapRef": {"name": source.name}}


@frozen
class AirflowKeys:
    """The Secrets with the keys of an Airflow release. They must stay the same while the release exists.

    Without them the chart generates random keys, some of them again at every upgrade, so they are required here.
    Airflow 2 reads the webserver key, Airflow 3 the API key and the JWT key.

    Attributes:
        fernet: the key that encrypts connections and variables in the database. Chart key ``fernetKeySecretName``.
            Required.
        previous_fernet: the previous Fernet key, during a rotation: Airflow encrypts with ``fernet`` and still decrypts
            with this one. Remove it after ``airflow rotate-fernet-key`` has run. Default: None.
        api: the key that signs the sessions of the Airflow 3 API server. Chart key ``apiSecretKeySecretName``. Default:
            None.
        jwt: the key that signs the tokens between Airflow 3 components. Chart key ``jwtSecretName``. Default: None.
        webserver: the key that signs the sessions of the Airflow 2 webserver. Chart key
            ``webserverSecretKeySecretName``. Default: None.
    """

    how_to_write: ClassVar[str] = 'AirflowKeys.existing(prefix="airflow")'
    names_a_secret: ClassVar[bool] = True

    fernet: FernetKeySecret
    api: ApiSecretKeySecret | None = None
    jwt: JwtSecret | None = None
    webserver: WebserverSecretKeySecret | None = None
    previous_fernet: FernetKeySecret | None = None

    @classmethod
    def existing(
        cls, *, prefix: str, fernet: FernetKeySecret | None = None, previous_fernet: FernetKeySecret | None = None
    ) -> AirflowKeys:
        """Secrets named after one prefix: ``<prefix>-fernet-key``, ``-api-secret-key``, ``-jwt-secret``,
        ``-webserver-secret-key``.

        Args:
            prefix: the first part of the names.
            fernet: another Secret for the Fernet key, such as the new one of a rotation. Default:
                ``<prefix>-fernet-key``.
            previous_fernet: the previous Fernet key, during a rotation. Default: None.
        """

        def named(rest: str) -> str:
            # A value that is not a string is passed on unchanged; the validation of the name reports it.
            return f"{prefix}-{rest}" if isinstance(prefix, str) else prefix

        return cls(
            fernet=FernetKeySecret(named("fernet-key")) if fernet is None else fernet,
            previous_fernet=previous_fernet,
            api=ApiSecretKeySecret(named("api-secret-key")),
            jwt=JwtSecret(named("jwt-secret")),
            webserver=WebserverSecretKeySecret(named("webserver-secret-key")),
        )

    def _rules(self) -> Iterator[Finding]:
        named = [
            (field, ref.name)
            for field in ("fernet", "previous_fernet", "api", "jwt", "webserver")
            if (ref := getattr(self, field)) is not None
        ]
        for index, (field, name) in enumerate(named):
            for other, same in named[:index]:
                if name == same:
                    yield Finding(
                        rule="secrets/shared-key",
                        at=field,
                        problem=f"is the same Secret as {other}, so the two keys could not be rotated independently",
                        seen=name,
                        fix="Use a separate Secret for each key",
                    )
