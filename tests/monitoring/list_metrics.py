"""Prints the metrics of a scrape, each with its labels: ``curl -s http://POD:PORT/metrics | python list_metrics.py``."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

SEEN = Path(__file__).parent / "seen"
"""A file for each program that was scraped."""

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+", re.MULTILINE)
_LABEL = re.compile(r'(?:^|,)(\w+)="(?:[^"\\]|\\.)*"')
_OF_EVERY_PROGRAM = ("go_", "process_", "python_", "promhttp_", "scrape_")


def metrics_of_scrape(text: str) -> Mapping[str, set[str]]:
    """Name of a metric -> its labels.

    Args:
        text: what an exporter serves.
    """
    found: dict[str, set[str]] = {}
    for name, labels in _SAMPLE.findall(text):
        if not name.startswith(_OF_EVERY_PROGRAM):
            found.setdefault(name, set()).update(_LABEL.findall(labels))
    return found


def recorded_metrics() -> Mapping[str, set[str]]:
    """Name of a metric -> its labels, as the files of ``SEEN`` have them."""
    found: dict[str, set[str]] = {}
    for path in sorted(SEEN.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            name, *labels = line.split()
            found.setdefault(name, set()).update(labels)
    return found


if __name__ == "__main__":
    for metric, labels in sorted(metrics_of_scrape(sys.stdin.read()).items()):
        print(" ".join([metric, *sorted(labels)]))
