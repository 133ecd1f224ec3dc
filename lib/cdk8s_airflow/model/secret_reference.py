"""References to Secrets, one type for each contract.

A contract is what the reader of a Secret expects in it: which keys, and what they hold. The readers here (the Airflow
chart, git-sync, CloudNativePG, an ingress controller) fix their key names, so the type of the reference says them. A
reference never holds a secret: nothing here takes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import ObjectName, SecretKeyName, SecretName
from cdk8s_airflow.validation.frozen import frozen


@runtime_checkable
class NamedObject(Protocol):
    """Anything with a Kubernetes name, such as a Secret or ConfigMap of cdk8s-plus."""

    @property
    def name(self) -> str:
        """The object's name in its namespace."""
        ...


def name_of(handle: object, kind: str) -> Any:
    """The name of an object of cdk8s-plus of one kind; anything else as it is, for the check of the name to find."""
    if (
        isinstance(handle, str)
        or not isinstance(handle, NamedObject)
        or type(handle).__module__.startswith("cdk8s_airflow.")
    ):
        return handle
    return handle.name if getattr(handle, "kind", kind) == kind else handle


@frozen(kw_only=False)
class SecretReference:
    """A Secret in the namespace of whoever reads it.

    Attributes:
        name: the Secret's name, or an object of cdk8s-plus that has one.
    """

    how_to_write: ClassVar[str] = 'a reference like FernetKeySecret("airflow-fernet-key")'

    name: SecretName

    keys: ClassVar[Mapping[str, str]] = {}
    type: ClassVar[str] = "Opaque"
    names_a_secret: ClassVar[bool] = True

    def __init__(self, name: str | NamedObject) -> None:
        object.__setattr__(self, "name", name_of(name, "Secret"))


class ExistingSecret(SecretReference):
    """A Secret that exists, or that somebody makes, for a purpose the parameter it is given to names.

    Args:
        name: the Secret's name, or an object of cdk8s-plus that has one.
    """

    how_to_write: ClassVar[str] = 'ExistingSecret("airflow-metadata")'


@frozen(kw_only=False)
class ExistingConfigMap:
    """A ConfigMap that exists, or that somebody makes, each of whose keys is read.

    Args:
        name: the ConfigMap's name.
    """

    how_to_write: ClassVar[str] = 'ExistingConfigMap("airflow-variables")'

    name: ObjectName


class DsnSecret(SecretReference):
    """A Secret with the whole database URL under the key ``connection``.

    The URL is ``postgresql://USER:PASSWORD@HOST:5432/DATABASE`` with user and password percent-encoded and without
    ``sslmode``: Airflow 3 reads it with two drivers, and one of them refuses that parameter. Source of the key: the
    chart's ``data.metadataSecretName``.
    """

    how_to_write: ClassVar[str] = 'DsnSecret("airflow-metadata")'
    keys = {"connection": "the database URL postgresql://USER:PASSWORD@HOST:5432/DATABASE"}


class BasicAuthSecret(SecretReference):
    """A Secret of type ``kubernetes.io/basic-auth`` with the keys ``username`` and ``password``.

    CloudNativePG requires ``username`` to be the owner of the database. Source: ``spec.bootstrap.initdb.secret``.
    """

    how_to_write: ClassVar[str] = 'BasicAuthSecret("airflow-pg-credentials")'
    keys = {"username": "the database owner's name", "password": "its password"}
    type = "kubernetes.io/basic-auth"


class PgBouncerSecret(SecretReference):
    """A Secret with the login of a database as the chart's PgBouncer and its exporter of metrics read it.

    ``users.txt`` is one line with user and password, each in double quotes, a double quote in them doubled. ``pgbouncer.ini`` holds
    no secret, but the chart takes it from there too: one line that names the file with all settings. Source: the chart's
    ``pgbouncer.configSecretName`` and ``pgbouncer.metricsExporterSidecar.statsSecretName``.
    """

    how_to_write: ClassVar[str] = 'PgBouncerSecret("airflow-pgbouncer")'
    keys = {
        "pgbouncer.ini": "exactly '%include /etc/pgbouncer-settings/pgbouncer.ini'",
        "users.txt": 'one line: "USER" "PASSWORD"',
        "connection": "the URL postgresql://USER:PASSWORD@127.0.0.1:6543/pgbouncer?sslmode=disable",
    }


class GitTokenSecret(SecretReference):
    """A Secret for git over https, with the four keys that git-sync's two generations of variables read.

    All four are needed: the chart marks none of them as optional, and a missing one keeps the pods from starting.
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
    """A Secret for git over ssh: the private key under ``gitSshKey``. Source: the chart's ``dags.gitSync.sshKeySecret``."""

    how_to_write: ClassVar[str] = 'GitSshSecret("airflow-git-ssh")'
    keys = {"gitSshKey": "the private key, in OpenSSH's format, without a passphrase"}


class FernetKeySecret(SecretReference):
    """A Secret with the key that encrypts connections and variables in the database, under ``fernet-key``.

    32 random bytes in url-safe base64. It must outlive every release: without it, what was encrypted is lost.
    Source: the chart's ``fernetKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'FernetKeySecret("airflow-fernet-key")'
    keys = {"fernet-key": "32 random bytes in url-safe base64"}


class ApiSecretKeySecret(SecretReference):
    """A Secret with the key that signs sessions of Airflow 3's API server, under ``api-secret-key``.

    Source: the chart's ``apiSecretKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'ApiSecretKeySecret("airflow-api-secret-key")'
    keys = {"api-secret-key": "a long random text"}


class JwtSecret(SecretReference):
    """A Secret with the key that signs the tokens between Airflow 3's components, under ``jwt-secret``.

    Source: the chart's ``jwtSecretName``.
    """

    how_to_write: ClassVar[str] = 'JwtSecret("airflow-jwt-secret")'
    keys = {"jwt-secret": "a long random text"}


class WebserverSecretKeySecret(SecretReference):
    """A Secret with the key that signs sessions of Airflow 2's webserver, under ``webserver-secret-key``.

    Source: the chart's ``webserverSecretKeySecretName``.
    """

    how_to_write: ClassVar[str] = 'WebserverSecretKeySecret("airflow-webserver-secret-key")'
    keys = {"webserver-secret-key": "a long random text"}


class BrokerUrlSecret(SecretReference):
    """A Secret with the whole URL of Celery's broker under the key ``connection``.

    Like ``redis://:PASSWORD@HOST:6379/0`` or ``amqp://USER:PASSWORD@HOST:5672/VHOST``, user and password percent-encoded.
    Source of the key: the chart's ``data.brokerUrlSecretName``.
    """

    how_to_write: ClassVar[str] = 'BrokerUrlSecret("airflow-broker-url")'
    keys = {"connection": "the broker's URL, like redis://:PASSWORD@HOST:6379/0"}


class RedisPasswordSecret(SecretReference):
    """A Secret with the password of the chart's own Redis, under ``password``. Source: the chart's ``redis.passwordSecretName``."""

    how_to_write: ClassVar[str] = 'RedisPasswordSecret("airflow-redis-password")'
    keys = {"password": "letters and digits, because the chart's Redis gets it on a command line"}


class ResultBackendSecret(SecretReference):
    """A Secret with the URL of the database to which Celery writes results, under ``connection``.

    Like ``db+postgresql://USER:PASSWORD@HOST:5432/DATABASE``. Source: the chart's ``data.resultBackendSecretName``.
    """

    how_to_write: ClassVar[str] = 'ResultBackendSecret("airflow-result-backend")'
    keys = {"connection": "the URL db+postgresql://USER:PASSWORD@HOST:5432/DATABASE"}


class FlowerAuthSecret(SecretReference):
    """A Secret with the user and password that Flower asks for, under ``basicAuth``. Source: the chart's ``flower.secretName``."""

    how_to_write: ClassVar[str] = 'FlowerAuthSecret("airflow-flower")'
    keys = {"basicAuth": "USER:PASSWORD"}


class SearchUrlSecret(SecretReference):
    """A Secret with the URL of Elasticsearch or OpenSearch under the key ``connection``.

    Like ``https://USER:PASSWORD@HOST:9200``, user and password percent-encoded. Source: the chart's
    ``elasticsearch.secretName`` and ``opensearch.secretName``.
    """

    how_to_write: ClassVar[str] = 'SearchUrlSecret("airflow-elasticsearch")'
    keys = {"connection": "the URL, like https://USER:PASSWORD@HOST:9200"}


class TlsSecret(SecretReference):
    """A Secret of type ``kubernetes.io/tls`` with a certificate and its key."""

    how_to_write: ClassVar[str] = 'TlsSecret("airflow-tls")'
    keys = {"tls.crt": "the certificate with its chain", "tls.key": "its private key"}
    type = "kubernetes.io/tls"


class PullSecret(SecretReference):
    """A Secret of type ``kubernetes.io/dockerconfigjson`` by which nodes log in to a registry of images.

    Source of the key: Kubernetes, ``spec.imagePullSecrets`` of a pod.
    """

    how_to_write: ClassVar[str] = 'PullSecret("registry-login")'
    keys = {".dockerconfigjson": "registries with user and password, as docker login writes them"}
    type = "kubernetes.io/dockerconfigjson"


@frozen(kw_only=False)
class SecretKey:
    """One key of a Secret, where the reader leaves the key's name free.

    Args:
        name: the Secret's name.
        key: the key in it.
    """

    how_to_write: ClassVar[str] = 'SecretKey("airflow-db", "password")'
    names_a_secret: ClassVar[bool] = True

    name: SecretName
    key: SecretKeyName


@frozen(kw_only=False)
class ConfigMapKey:
    """One key of a ConfigMap.

    Args:
        name: the ConfigMap's name.
        key: the key in it.
    """

    how_to_write: ClassVar[str] = 'ConfigMapKey("homelab-ca", "ca.crt")'

    name: ObjectName
    key: SecretKeyName


@frozen
class AirflowKeys:
    """The Secrets whose loss or change would break a running Airflow, all by reference.

    The chart makes them up at random when they are not given, some of them anew at each upgrade, so they always are.
    Which of them a release reads follows its Airflow version: Airflow 2 the webserver key, Airflow 3 the API and JWT keys.

    Attributes:
        fernet: encrypts connections and variables in the database.
        previous_fernet: the key before, while a new one takes over: Airflow encrypts with ``fernet`` and still reads what this
            one has encrypted. Leave it out again once ``airflow rotate-fernet-key`` has run. Default: none.
        api: signs sessions of Airflow 3's API server.
        jwt: signs tokens between Airflow 3's components.
        webserver: signs sessions of Airflow 2's webserver.
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
        """Secrets named after one prefix: ``<prefix>-fernet-key``, ``-api-secret-key``, ``-jwt-secret``, ``-webserver-secret-key``.

        Args:
            prefix: the first part of the names.
            fernet: another Secret for the fernet key, as after its rotation. Default: ``<prefix>-fernet-key``.
            previous_fernet: the fernet key before, while it is being rotated. Default: none.
        """

        def named(rest: str) -> str:
            # What is no text is left as it is, for the check of the name to find.
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
                        problem=f"is the same Secret as {other}, so that rotating one key would touch the other",
                        seen=name,
                        fix="give each key a Secret of its own",
                    )
