"""The ports on which the components of the chart listen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

PortKey: TypeAlias = Literal[
    "airflowUI",
    "apiServer",
    "flowerUI",
    "otelCollectorOtlpGrpc",
    "otelCollectorOtlpHttp",
    "pgbouncer",
    "pgbouncerScrape",
    "redisDB",
    "statsdIngest",
    "statsdScrape",
    "triggererLogs",
    "workerLogs",
]
"""A key of the chart under ``ports``."""

CHART_PORTS: Mapping[PortKey, int] = {
    "airflowUI": 8080,
    "apiServer": 8080,
    "flowerUI": 5555,
    "otelCollectorOtlpGrpc": 4317,
    "otelCollectorOtlpHttp": 4318,
    "pgbouncer": 6543,
    "pgbouncerScrape": 9127,
    "redisDB": 6379,
    "statsdIngest": 9125,
    "statsdScrape": 9102,
    "triggererLogs": 8794,
    "workerLogs": 8793,
}
"""Key under ``ports`` -> the port by default, the same in every chart that has the key. Source: ``values.yaml`` of each chart."""
