"""Results that several concepts read, computed once for a release."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from cdk8s_airflow.airflow.settings import ReleaseSettings

_Result = TypeVar("_Result")


def once(function: Callable[[ReleaseSettings], _Result]) -> Callable[[ReleaseSettings], _Result]:
    """A pure function of the settings of a release that runs once for each release. Callers do not change its result."""

    @functools.wraps(function)
    def result(settings: ReleaseSettings) -> _Result:
        results = settings.results
        if function not in results:
            results[function] = function(settings)
        found: _Result = results[function]
        return found

    return result
