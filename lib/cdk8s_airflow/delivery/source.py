"""Where Helm gets the chart from: the Airflow project, another chart repository, or an OCI registry."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, PullSecret, SecretKey
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.kubernetes_names import is_host

OFFICIAL_REPOSITORY = "https://airflow.apache.org"
"""The chart repository of the Airflow project."""

_URL = regex(r"(https|oci)://([^/:@?#]+)(?::(\d{1,5}))?((?:/[A-Za-z0-9._~-]+)*)/?")
_NAME = regex(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


def _is_source(url: str) -> bool:
    match = _URL.fullmatch(url)
    return (
        match is not None
        and is_host(match[2])
        and (match[3] is None or 0 < int(match[3]) < 2**16)
        and (match[1] == "https" or _NAME.fullmatch(match[4].rpartition("/")[2]) is not None)
    )


ChartUrl = Annotated[
    str,
    Must(
        _is_source,
        "must be the address of a chart repository or of a chart in an OCI registry, without a login",
        'Use "https://HOST/PATH" for a repository or "oci://HOST/PATH/CHART" for a chart in a registry',
        "delivery/chart-url",
        hides=True,
    ),
]
"""The address of a repository, or of a chart in a registry. An invalid value may contain a password, so it is never
shown."""

ChartName = Annotated[
    str,
    Must(
        lambda text: _NAME.fullmatch(text) is not None,
        "must be the name of a chart",
        'Use the bare name, such as "airflow"',
        "delivery/chart-name",
    ),
]
"""The name of a chart in a repository."""


@frozen
class ChartSource:
    """The chart repository or OCI registry. The version is always ``chart_version``, wherever the chart is stored.

    Attributes:
        url: ``https://`` and the repository, or ``oci://`` and the chart in a registry, including its name.
        name: the name of the chart in a repository. Ignored for a registry, where ``url`` includes it. Default:
            ``"airflow"``.
        credentials: a Secret with the login, in the namespace of the delivery objects: a :class:`BasicAuthSecret` for a
            repository, a :class:`PullSecret` for a registry. It is an error if the delivery cannot read that kind.
            Default: None.
        ca: the CA certificate of the server, in the namespace of the delivery objects: a :class:`ConfigMapKey` for
            :class:`K3sHelmChart`, a :class:`SecretKey` with the key ``ca.crt`` for :class:`FluxRelease`. Default: None.
    """

    how_to_write: ClassVar[str] = 'ChartSource.oci("oci://registry.example.com/charts/airflow")'

    url: ChartUrl = OFFICIAL_REPOSITORY
    name: ChartName = "airflow"
    credentials: BasicAuthSecret | PullSecret | None = None
    ca: SecretKey | ConfigMapKey | None = None

    @classmethod
    def https(
        cls,
        url: str,
        *,
        name: str = "airflow",
        credentials: BasicAuthSecret | None = None,
        ca: SecretKey | ConfigMapKey | None = None,
    ) -> ChartSource:
        """A chart repository, such as a mirror of the official one.

        Args:
            url: the repository, such as ``"https://charts.example.com"``.
            name: the name of the chart in it. Default: ``"airflow"``.
            credentials: a Secret with user and password. Default: None.
            ca: the CA certificate of the server, if a private CA issued it. Default: None.
        """
        return cls(url=url, name=name, credentials=credentials, ca=ca)

    @classmethod
    def oci(
        cls,
        url: str,
        *,
        credentials: PullSecret | BasicAuthSecret | None = None,
        ca: SecretKey | ConfigMapKey | None = None,
    ) -> ChartSource:
        """A chart in an OCI registry.

        Args:
            url: the chart, such as ``"oci://registry.example.com/charts/airflow"``. Its tags are the versions.
            credentials: a Secret with the login. Default: None.
            ca: the CA certificate of the server, if a private CA issued it. Default: None.
        """
        return cls(url=url, credentials=credentials, ca=ca)

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in an OCI registry."""
        return self.url.startswith("oci://")

    @property
    def host(self) -> str:
        """The host, with its port if the URL has one."""
        return self.url.split("/")[2]

    @property
    def repository(self) -> str:
        """The address without the chart."""
        url = self.url.rstrip("/")
        return url.rpartition("/")[0] if self.is_oci else url

    @property
    def chart(self) -> str:
        """The name of the chart."""
        return self.url.rstrip("/").rpartition("/")[2] if self.is_oci else self.name
