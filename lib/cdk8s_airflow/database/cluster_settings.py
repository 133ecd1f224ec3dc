"""Settings of a PostgreSQL cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Annotated, ClassVar, Literal

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import ConfigMapKey, ExistingSecret, TlsSecret
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import (
    AnnotationKey,
    Bytes,
    Count,
    Cpu,
    Duration,
    ExtensionName,
    HostName,
    Must,
    NonEmpty,
    ObjectName,
    SqlName,
)
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.quantities import MEBIBYTE, quantity

_IMAGE = regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?")
_EXTENSION_IMAGE = regex(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_FOLDER = regex(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_LOCALE = regex(r"[A-Za-z0-9@._-]+")


_ImageVolume = Annotated[
    str,
    Must(
        lambda text: len(text) <= 59 and _EXTENSION_IMAGE.fullmatch(text) is not None,
        "must be a name that is valid as the name of a volume",
        "Use at most 59 lower-case letters, digits, dashes and underscores, with a letter or digit at both ends",
        "argument/name",
    ),
]

_Reference = Annotated[
    str,
    Must(
        lambda text: _IMAGE.fullmatch(text) is not None and (":" in text.rpartition("/")[2] or "@" in text),
        "must be an image with a tag or digest",
        'Use, for example, "ghcr.io/cloudnative-pg/pgvector:0.8.1-18-trixie"',
        "database/extension",
    ),
]

_Folder = Annotated[
    str,
    Must(
        lambda text: _FOLDER.fullmatch(text) is not None and ".." not in text.split("/"),
        "must be a folder in the image of the extension",
        'Use a path from the root of the image without a leading slash, such as "share"',
        "database/extension",
    ),
]

_Locale = Annotated[
    str,
    Must(
        lambda text: _LOCALE.fullmatch(text) is not None,
        "must be the name of a locale",
        'Use, for example, "C.UTF-8" or "de-DE"',
        "argument/name",
    ),
]

_SegmentSize = Annotated[
    int,
    Must(
        lambda size: 1 <= size <= 1024 and size & (size - 1) == 0,
        "must be a segment size of PostgreSQL",
        "Use a power of two from 1 to 1024 (mebibytes)",
        "argument/range",
    ),
]


@frozen
class PostgresSize:
    """The size of each instance, and PostgreSQL's parameters that are derived from it.

    ``shared_buffers`` is a quarter of the memory, as PostgreSQL's documentation recommends. ``effective_cache_size`` is three
    quarters of it. ``maintenance_work_mem`` is a sixteenth, at most 1GB. ``work_mem`` is a quarter divided by the number of sessions,
    at least 4MB. ``max_wal_size`` is half the volume of the write-ahead log, or a tenth of the data volume if there is none. It is
    at least PostgreSQL's default of 1GB if that fits, and at most 4GB. The memory request equals the limit, so the database
    never uses more memory than the node has reserved for it.

    Attributes:
        cpu: the CPU each instance reserves. There is no limit.
        memory: the memory each instance reserves and may use.
        max_connections: the number of sessions that PostgreSQL accepts, including those of the operator. Each Airflow component opens several.
    """

    how_to_write: ClassVar[str] = "PostgresSize.medium()"

    cpu: Cpu
    memory: Bytes
    max_connections: Annotated[
        int,
        Must(lambda number: 20 <= number <= 10000, "must be a number of sessions", "use 20 to 10000", "argument/range"),
    ] = 100

    @staticmethod
    def small() -> PostgresSize:
        """A quarter of a CPU, 1Gi, 100 sessions: a lab, a few hundred task runs a day."""
        return PostgresSize(cpu="250m", memory="1Gi", max_connections=100)

    @staticmethod
    def medium() -> PostgresSize:
        """One CPU, 4Gi, 200 sessions: a team."""
        return PostgresSize(cpu="1", memory="4Gi", max_connections=200)

    @staticmethod
    def large() -> PostgresSize:
        """Four CPUs, 16Gi, 400 sessions: many schedulers and thousands of tasks an hour; beyond it, use a pooler."""
        return PostgresSize(cpu="4", memory="16Gi", max_connections=400)

    @property
    def resources(self) -> Resources:
        """What each instance is given."""
        return Resources(cpu=self.cpu, memory=self.memory)

    def parameters(self, *, storage: str, wal_storage: str | None) -> Mapping[str, str]:
        """The parameters of PostgreSQL that follow.

        Args:
            storage: the size of the data volume.
            wal_storage: the size of the write-ahead log's own volume, where there is one.
        """
        memory = int(quantity(self.memory)) // MEBIBYTE
        made = {
            "max_connections": str(self.max_connections),
            "shared_buffers": f"{max(1, memory // 4)}MB",
            "effective_cache_size": f"{max(1, memory * 3 // 4)}MB",
            "maintenance_work_mem": f"{min(1024, max(1, memory // 16))}MB",
            "work_mem": f"{max(4, memory // 4 // self.max_connections)}MB",
        }
        volume = int(quantity(storage if wal_storage is None else wal_storage)) // MEBIBYTE
        most = volume // (10 if wal_storage is None else 2)
        if wal_storage is None:
            most = max(1024, most)
        if most >= 256:
            made["max_wal_size"] = f"{min(4096, most)}MB"
        return made

    def _rules(self) -> Iterator[Finding]:
        if quantity(self.memory) < 256 * MEBIBYTE:
            yield Finding(
                rule="database/size",
                at="memory",
                problem="is too small for PostgreSQL and the instance manager of the operator",
                seen=repr(self.memory),
                fix='Use "256Mi" or more',
            )


@frozen
class SynchronousReplication:
    """A transaction counts as done only when other instances have it, too.

    Attributes:
        number: how many others must have it. Fewer than there are others, or the loss of one stops all writing.
        method: ``"any"`` of the others, or the ``"first"`` in order of their names. Default: ``"any"``.
        durability: what happens when too few others are there: with ``"required"`` writing waits, with ``"preferred"`` it goes on with
            fewer. Default: ``"required"``, the operator's own.
        failover_quorum: whether a new writer is only chosen among instances that are sure to have every transaction. Needs
            CloudNativePG 1.28.
    """

    how_to_write: ClassVar[str] = "SynchronousReplication(number=1)"

    number: Count = 1
    method: Literal["any", "first"] = "any"
    durability: Literal["required", "preferred"] = "required"
    failover_quorum: bool = False


@frozen
class PostgresAntiAffinity:
    """On which nodes instances are placed relative to each other (anti-affinity).

    Attributes:
        across: the node label whose values are places of which each gets one instance. Default: the node itself.
        required: whether an instance stays pending instead of sharing a node. Default: False.
    """

    how_to_write: ClassVar[str] = "PostgresAntiAffinity(required=True)"

    across: AnnotationKey = "kubernetes.io/hostname"
    required: bool = False


@frozen
class ImageCatalog:
    """A catalog with the image of each major version of PostgreSQL. The platform team keeps it up to date.

    Attributes:
        name: the catalog's name.
        cluster_wide: whether it is a ClusterImageCatalog instead of an ImageCatalog in the namespace of the Cluster. Default: True.
    """

    how_to_write: ClassVar[str] = 'ImageCatalog(name="postgresql-standard-trixie")'

    name: ObjectName
    cluster_wide: bool = True


@frozen
class PostgresExtension:
    """An extension that is created in a database. Its files must be in the image, or in an :class:`PostgresExtensionImage`.

    Attributes:
        name: the name of the extension, as in ``CREATE EXTENSION``.
        schema: the schema its objects are in. Default: the extension's own choice.
        version: its version. Default: the newest that the image has.
    """

    how_to_write: ClassVar[str] = 'PostgresExtension(name="pg_trgm")'

    name: ExtensionName
    schema: SqlName | None = None
    version: NonEmpty | None = None


@frozen
class PostgresExtensionImage:
    """The files of an extension, in a separate image that is mounted into the instances.

    It needs PostgreSQL 18, CloudNativePG 1.27, and nodes that mount images: Kubernetes 1.35, or 1.33 with the feature gate
    ``ImageVolume``. The image must be made for the same major version and the same Linux as the server's.

    Attributes:
        name: the extension's name.
        image: the image. Default: what the catalog has for this extension, with ``catalog=``.
        control_paths: folders with its control files. Default: ``share``.
        library_paths: folders with its libraries that PostgreSQL loads. Default: ``lib``.
        system_library_paths: folders with libraries that those need. Default: none.
    """

    how_to_write: ClassVar[str] = (
        'PostgresExtensionImage(name="pgvector", image="ghcr.io/cloudnative-pg/pgvector:0.8.1-18-trixie")'
    )

    name: _ImageVolume
    image: _Reference | None = None
    control_paths: Sequence[_Folder] = ()
    library_paths: Sequence[_Folder] = ()
    system_library_paths: Sequence[_Folder] = ()

    def _rules(self) -> Iterator[Finding]:
        for at in ("control_paths", "library_paths", "system_library_paths"):
            given = getattr(self, at)
            if len(set(given)) < len(given):
                yield Finding(
                    rule="database/extension",
                    at=at,
                    problem="contains a folder twice, which CloudNativePG rejects",
                    seen=show(list(given)),
                    fix="List each folder once",
                )


@frozen
class InitDb:
    """Options of the database directory, which are used only when it is created.

    Attributes:
        encoding: the encoding of the databases. Default: ``"UTF8"``.
        locale: the locale, like ``"C.UTF-8"`` (``"C"`` by default). With another provider, of what that does not cover.
        provider: who sorts texts: the C library, ICU, or PostgreSQL itself (from 17 on). Default: the C library.
        provider_locale: the locale for ICU or PostgreSQL itself.
        checksums: whether pages are asked to carry checksums, by which broken disks are found. Default: only from PostgreSQL 18 on,
            which has them unasked.
        wal_segment_size: the size of a file of the write-ahead log, in mebibytes. Default: 16.
    """

    how_to_write: ClassVar[str] = "InitDb(checksums=True)"

    encoding: _Locale | None = None
    locale: _Locale | None = None
    provider: Literal["libc", "icu", "builtin"] | None = None
    provider_locale: _Locale | None = None
    checksums: bool = False
    wal_segment_size: _SegmentSize | None = None

    def _rules(self) -> Iterator[Finding]:
        if self.provider in ("icu", "builtin") and self.provider_locale is None:
            yield Finding(
                rule="database/locale",
                at="provider_locale",
                problem=f"is required for the provider {self.provider!r}",
                seen="None",
                fix='Use, for example, "und" for ICU or "C.UTF-8" for PostgreSQL itself',
            )
        elif self.provider not in ("icu", "builtin") and self.provider_locale is not None:
            yield Finding(
                rule="database/locale",
                at="provider_locale",
                problem="requires a provider that has locales",
                seen=repr(self.provider_locale),
                fix='Set provider="icu" or "builtin", or use locale=',
            )


@frozen
class PostgresCertificates:
    """Certificates that are not the operator's own.

    Without it, the operator creates its own CA in Secret ``<name>-ca``, and renews the certificates that it signs.

    Attributes:
        server: the certificate that clients see. Its names must cover ``<name>-rw`` with and without the namespace.
        server_ca: the Secret with the CA certificate of the server, in the key ``ca.crt``.
        client_ca: the Secret with the CA that signs certificates of clients, in ``ca.crt``, and in ``ca.key`` its private key, unless
            ``replication`` is given.
        replication: the certificate of the role ``streaming_replica``, by which instances follow the writer.
        names: further names in the certificate that the operator makes, such as that of a load balancer.
    """

    how_to_write: ClassVar[str] = 'PostgresCertificates(server=TlsSecret("pg-tls"), server_ca=ExistingSecret("pg-ca"))'
    names_a_secret: ClassVar[bool] = True

    server: TlsSecret | None = None
    server_ca: ExistingSecret | None = None
    client_ca: ExistingSecret | None = None
    replication: TlsSecret | None = None
    names: Sequence[HostName] = ()

    def _rules(self) -> Iterator[Finding]:
        if self.server is not None and self.server_ca is None:
            yield Finding(
                rule="database/certificates",
                at="server_ca",
                problem="is required with a server certificate",
                seen="None",
                fix='Set the Secret with ca.crt: server_ca=ExistingSecret("pg-ca")',
            )
        if self.server is not None and self.names:
            yield Finding(
                rule="database/certificates",
                at="names",
                problem="applies to the certificate that the operator creates, and conflicts with your own certificate",
                seen=show(list(self.names)),
                fix="Add the names to your certificate, and remove this argument",
            )
        if self.replication is not None and self.client_ca is None:
            yield Finding(
                rule="database/certificates",
                at="client_ca",
                problem="is required with a certificate for replication",
                seen="None",
                fix='Set the Secret with ca.crt: client_ca=ExistingSecret("pg-client-ca")',
            )


@frozen
class PostgresUpdates:
    """How the instance that writes gets a new image or parameter, after the others have it.

    Attributes:
        by: ``"restart"`` it in place, or make an updated one the writer (``"switchover"``). Default: ``"restart"``. With
            ``"switchover"`` image and parameters cannot change at once.
        supervised: whether it waits for a human, who runs ``kubectl cnpg promote``. Default: no.
    """

    how_to_write: ClassVar[str] = 'PostgresUpdates(by="switchover")'

    by: Literal["restart", "switchover"] = "restart"
    supervised: bool = False


@frozen
class PostgresMonitoring:
    """A PodMonitor for the instances, and what they measure. The Prometheus Operator has to be installed.

    Attributes:
        labels: labels of the PodMonitor, by which a Prometheus chooses it, like ``{"release": "prometheus"}``. Default: none.
        interval: how often it is scraped. Default: as Prometheus has it.
        queries: additional metrics: YAML in ConfigMaps in the namespace of the Cluster, run as the role ``cnpg_metrics_exporter``, which has to be
            granted what they read.
        default_queries: whether the operator's default metrics queries run too. Default: True.
        tls: whether metrics are served over TLS, with the server's certificate. Default: no.
    """

    how_to_write: ClassVar[str] = 'PostgresMonitoring(labels={"release": "prometheus"})'

    labels: Mapping[AnnotationKey, str] = field(default_factory=dict)
    interval: Duration | None = None
    queries: Sequence[ConfigMapKey] = ()
    default_queries: bool = True
    tls: bool = False
