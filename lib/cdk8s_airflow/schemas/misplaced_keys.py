"""Keys that users and published articles put where a chart version does not have them, and where to put them.

The table is data (``misplaced-keys.json``). Each row has ``keys``, separated by spaces, in which a step ``*`` matches any key,
and ``instead``, the second half of the message. In ``instead``, ``$key`` is the last step of the key, and every other word after a
``$`` is one of ``arguments``. ``charts`` and ``airflow`` are the versions for which the keys are misplaced; without them, all.
Keys that a chart version has but does not read are in :mod:`cdk8s_airflow.schemas.value_classes`.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path as File
from typing import Any, Final

from cdk8s_airflow.schemas.setting import Setting
from cdk8s_airflow.text.documents import Path
from cdk8s_airflow.validation.frozen import frozen
from cdk8s_airflow.validation.versions import within

_DATA: Final = File(__file__).parent / "misplaced-keys.json"


@frozen
class Misplaced:
    """One key that no chart version has there, or that one does not have yet, and where to put it.

    Attributes:
        path: the key, dotted; a step ``*`` matches any key.
        instead: what to do instead, as the second half of a message; an argument of this library if there is one.
        charts: the chart versions for which it is misplaced; empty for all.
        airflow: the Airflow versions for which it is misplaced; empty for all.
    """

    path: str
    instead: str
    charts: str = ""
    airflow: str = ""

    def applies(self, setting: Setting) -> bool:
        """Whether the key is misplaced for a setting. Between two reviewed charts, it is if it is for both."""
        return within(self.airflow, setting.airflow) and all(within(self.charts, chart) for chart in setting.reviewed)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of the path."""
        return tuple(self.path.split("."))


class Table:
    """The entries that apply to one setting, found by place."""

    def __init__(self, entries: Iterable[Misplaced], setting: Setting) -> None:
        self._exact: dict[Path, Misplaced] = {}
        self._starred: list[Misplaced] = []
        for entry in entries:
            if not entry.applies(setting):
                continue
            if "*" in entry.steps:
                self._starred.append(entry)
            else:
                self._exact.setdefault(entry.steps, entry)

    def at(self, path: Path) -> Misplaced | None:
        """The entry for a place. An exact one comes before one with ``*``."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        return next((each for each in self._starred if _covers(each.steps, path)), None)


def _covers(steps: tuple[str, ...], path: Path) -> bool:
    return len(steps) == len(path) and all(step in ("*", there) for step, there in zip(steps, path, strict=True))


@cache
def misplaced_keys() -> tuple[Misplaced, ...]:
    """All entries, in the order of the data. The first that covers a place and applies to a setting counts."""
    data: Mapping[str, Any] = json.loads(_DATA.read_bytes())
    return tuple(
        Misplaced(
            path=key,
            instead=string.Template(row["instead"]).substitute(data["arguments"], key=key.rpartition(".")[2]),
            charts=row.get("charts", ""),
            airflow=row.get("airflow", ""),
        )
        for row in data["keys"]
        for key in row["keys"].split()
    )


@lru_cache(maxsize=64)
def table(setting: Setting) -> Table:
    """The entries that apply to a setting."""
    return Table(misplaced_keys(), setting)
