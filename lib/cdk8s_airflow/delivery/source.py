"""Where Helm gets the chart from: the Airflow project, a repository of one's own, or an OCI registry."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, PullSecret, SecretKey
from cdk8s_airflow.validation.constraints import Must, is_host
from cdk8s_airflow.validation.frozen import frozen

OFFICIAL_REPOSITORY = "https://airflow.apache.org"
"""Where the Airflow project publishes the chart."""

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
        "is not the address of a chart repository",
        'write "https://HOST/PATH" for a repository, "oci://HOST/PATH/CHART" for a chart in a registry; no login in it',
        "delivery/chart-url",
        hides=True,
    ),
]
"""The address of a repository, or of a chart in a registry. What is none may carry a password, so it is never shown."""

ChartName = Annotated[
    str,
    Must(
        lambda text: _NAME.fullmatch(text) is not None,
        "is not the name of a chart",
        'write the bare name like "airflow"',
        "delivery/chart-name",
    ),
]
"""The name of a chart in a repository."""


@frozen
class ChartSource:
    """Where the chart comes from. The release of it is always the pinned ``chart_version``, wherever it is kept.

    Attributes:
        url: ``https://`` and the repository, or ``oci://`` and the chart in a registry, its name included.
        name: the chart's name in a repository; in a registry it is part of ``url``. Default: ``"airflow"``.
        credentials: who may read it, as a Secret where the delivery's own objects live: a :class:`BasicAuthSecret` for a
            repository, a :class:`PullSecret` for a registry. Which of them a delivery can read is checked.
        ca: the authority of the server's certificate, where the delivery's own objects live: a ConfigMap for
            :class:`K3sHelmChart`, a Secret with the key ``ca.crt`` for :class:`FluxRelease`.
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
        """A chart repository of one's own: a mirror of the official one, for example.

        Args:
            url: the repository, like ``"https://charts.example.com"``.
            name: the chart's name in it.
            credentials: user and password.
            ca: the authority of its certificate, where it is a private one.
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
            url: the chart, like ``"oci://registry.example.com/charts/airflow"``; its tags are the versions.
            credentials: the login.
            ca: the authority of its certificate, where it is a private one.
        """
        return cls(url=url, credentials=credentials, ca=ca)

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in a registry."""
        return self.url.startswith("oci://")

    @property
    def host(self) -> str:
        """The server, with its port if there is one."""
        return self.url.split("/")[2]

    @property
    def repository(self) -> str:
        """The address without the chart."""
        url = self.url.rstrip("/")
        return url.rpartition("/")[0] if self.is_oci else url

    @property
    def chart(self) -> str:
        """The chart's name."""
        return self.url.rstrip("/").rpartition("/")[2] if self.is_oci else self.name
