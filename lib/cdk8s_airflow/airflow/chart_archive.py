"""A chart version that this library does not support, described by its released archive."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.version import Own, adjacent_charts
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import Must
from cdk8s_airflow.validation.frozen import frozen

if TYPE_CHECKING:
    import tarfile

    from cdk8s_airflow.schemas import chart_compiler as compiling

LARGEST_ARCHIVE = 4_000_000
"""Largest accepted archive in bytes. The released charts have 200,000 to 300,000."""

LARGEST_CONTENT = 40_000_000
"""Largest accepted size of the unpacked archive in bytes. The released charts have 2 million."""

_SHA256 = regex(r"[0-9a-f]{64}", re.ASCII)
_NO_SIDE_IMAGE = ("airflow", "pod_template", "flower")

_Read = TypeVar("_Read")

_Sha256 = Annotated[
    str,
    Must(
        lambda text: _SHA256.fullmatch(text) is not None,
        "must be a SHA-256 checksum",
        "use the 64 hexadecimal digits that sha256sum prints for the archive",
        "archive/checksum",
    ),
]


@dataclass(frozen=True, eq=False)
class OpenedChart:
    """The content of an archive.

    Attributes:
        source: values schema, default values and template texts.
        own: the version of the chart, and the Airflow version that it was released with.
        side_images: key under ``images`` -> repository and tag of each image other than Airflow's.
    """

    source: compiling.ChartSource
    own: Own
    side_images: Mapping[str, tuple[str, str]]


@frozen(kw_only=False)
class ChartArchive:
    """The released archive of a chart version that this library does not support.

    Synth reads it from the local disk, to find out which values the version accepts and which images it runs. The archive does
    not reach the cluster: the delivery still uses the version and its repository, or the :class:`ChartSource`. Requires PyYAML:
    ``pip install "cdk8s-airflow[archives]"``.

    It is treated like the nearest supported versions, the one before and the one after it: it can run only minor versions of
    Airflow that both of them support. A version that is older than the oldest or newer than the newest supported one is
    refused, even with an archive.

    Args:
        path: the ``.tgz`` file; a relative path starts at the current directory of the program.
        sha256: the SHA-256 checksum of the file. A file with another checksum is refused.
    """

    how_to_write: ClassVar[str] = 'ChartArchive("charts/airflow-1.21.0.tgz", sha256="...")'

    path: str | Path
    sha256: _Sha256

    def _rules(self) -> Iterator[Finding]:
        try:
            self.read()
        except _Refused as refused:
            yield refused.finding

    @property
    def opened(self) -> OpenedChart | None:
        """The content of the archive; None if it was refused."""
        try:
            return self.read()
        except (_Refused, TypeError):
            return None

    def read(self) -> OpenedChart:
        """The content of the archive; raises an exception with the finding if it is refused."""
        import hashlib

        data = _bytes(Path(self.path))
        seen = hashlib.sha256(data).hexdigest()
        if seen != self.sha256:
            raise _Refused(
                "has a different SHA-256 checksum, so it is another file",
                "download the released archive, or use this checksum if the file is the right one",
                rule="archive/checksum",
                seen=seen,
                at="sha256",
            )
        return _open(data)


class _Refused(Exception):
    def __init__(self, problem: str, fix: str, *, rule: str, seen: str = "", at: str = "path") -> None:
        super().__init__(problem)
        self.finding = Finding(rule=rule, at=at, problem=problem, seen=seen, fix=fix)


def schema_of(opened: OpenedChart) -> tuple[compiling.Schema, list[Finding]]:
    """The facts that values for this chart are validated with, or the finding that names the fault of the archive."""
    from cdk8s_airflow.schemas.chart_compiler import SourceError

    try:
        return _compiled(opened), []
    except (SourceError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return {}, [
            Finding(
                rule="archive/content",
                at="chart_archive.path",
                problem=f"has a values schema that this library cannot read ({_first(error)})",
                fix="download the released archive again, or use a supported chart_version",
            )
        ]


@lru_cache(maxsize=8)
def _compiled(opened: OpenedChart) -> compiling.Schema:
    from cdk8s_airflow.schemas import chart_compiler as compiling

    neighbours = adjacent_charts(opened.own.chart)
    if neighbours is None:
        raise compiling.SourceError(f"no supported version is next to chart {opened.own.chart}")
    return compiling.facts_like(neighbours[0], opened.source)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_ARCHIVE + 1)
    except (OSError, ValueError):
        raise _Refused(
            "must be a file that can be read",
            "use the path of a chart archive on this machine; nothing is downloaded",
            rule="archive/file",
            seen=show(str(path)),
        ) from None
    if len(data) > LARGEST_ARCHIVE:
        raise _too_large()
    return data


def _too_large() -> _Refused:
    return _Refused(
        f"is larger than a chart can be: more than {LARGEST_ARCHIVE // 10**6} MB, or {LARGEST_CONTENT // 10**6} MB unpacked",
        "use the archive of the chart itself",
        rule="archive/size",
    )


@lru_cache(maxsize=8)
def _open(data: bytes) -> OpenedChart:
    """Reads an archive from its bytes. Refused archives are not cached."""
    import gzip
    import tarfile

    from cdk8s_airflow.schemas import chart_compiler as compiling

    again = "use the archive as it was released, like airflow-1.21.0.tgz"
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            content = packed.read(LARGEST_CONTENT + 1)
        if len(content) > LARGEST_CONTENT:
            raise _too_large()
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = archive.getmembers()
    except (OSError, EOFError, tarfile.TarError, ValueError, ArithmeticError):
        raise _Refused("must be a tar archive compressed with gzip", again, rule="archive/tar") from None
    _check_names(members, again)
    chart = _read(lambda: compiling.read_chart(content), again)
    if chart.get("name") != "airflow" or not isinstance(chart.get("version"), str):
        raise _Refused(
            "must be a release of the official chart: its Chart.yaml has another name, or no version",
            again,
            rule="archive/chart",
            seen=show(chart.get("name")),
        )
    source = _read(lambda: compiling.read_archive("", content), again)
    if not isinstance(source.schema, dict) or not isinstance(source.values, dict):
        raise _Refused("has a values schema or values that are not a mapping", again, rule="archive/content")
    airflow = source.values.get("airflowVersion") or chart.get("appVersion")
    return OpenedChart(
        source, Own(chart["version"], str(airflow)), _side_images(chart["version"], source.values, again)
    )


def _read(what: Callable[[], _Read], again: str) -> _Read:
    try:
        return what()
    except ImportError:
        raise _Refused(
            "cannot be read, because PyYAML is not installed",
            'install it: pip install "cdk8s-airflow[archives]"',
            rule="archive/library",
        ) from None
    except Exception as error:
        raise _Refused(f"has a file that cannot be read ({_first(error)})", again, rule="archive/content") from None


def _check_names(members: list[tarfile.TarInfo], again: str) -> None:
    names = set()
    for member in members:
        name = member.name.removeprefix("./").rstrip("/")
        if ".." in name.split("/") or name.startswith("/") or "\\" in name:
            raise _Refused(
                "has a file with a path outside the archive", again, rule="archive/tar", seen=show(member.name)
            )
        if not (member.isfile() or member.isdir()):
            raise _Refused("must not contain links or devices", again, rule="archive/tar", seen=show(member.name))
        if member.isfile() and name in names:
            raise _Refused("has two files with the same name", again, rule="archive/tar", seen=show(member.name))
        names.add(name)
        if name not in ("", ".") and name.partition("/")[0] != "airflow":
            raise _Refused("has files outside the folder airflow", again, rule="archive/chart", seen=show(member.name))
    if "airflow/Chart.yaml" not in names:
        raise _Refused("has no airflow/Chart.yaml", again, rule="archive/chart")


def _side_images(chart: str, values: Mapping[str, Any], again: str) -> Mapping[str, tuple[str, str]]:
    from cdk8s_airflow.model.image import SIDE_IMAGES

    images = values.get("images")
    found = {
        key: (str(image["repository"]), str(image["tag"]))
        for key, image in (images if isinstance(images, dict) else {}).items()
        if key not in _NO_SIDE_IMAGE and isinstance(image, dict) and image.get("repository") and image.get("tag")
    }
    neighbours = adjacent_charts(chart)
    lacking = [key for key in SIDE_IMAGES[neighbours[0]] if key not in found] if neighbours else []
    if lacking:
        raise _Refused(
            f"has no repository and tag for images.{lacking[0]} in its values.yaml", again, rule="archive/content"
        )
    return found


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__
