"""Runs in checkov's own environment: judges each folder of manifests that standard input names, and prints JSON.

It knows nothing of the tests, and they import nothing of checkov.
"""

from __future__ import annotations

import json
import logging
import sys


def main() -> None:
    """Folder -> what checkov says of it."""
    logging.disable(logging.CRITICAL)
    from checkov.kubernetes.runner import Runner
    from checkov.runner_filter import RunnerFilter

    said = {}
    for folder in json.load(sys.stdin):
        report = Runner().run(root_folder=folder, runner_filter=RunnerFilter(framework=["kubernetes"]))
        said[folder] = {
            "failed": sorted({(each.check_id, each.check_name, each.resource) for each in report.failed_checks}),
            "passed": len(report.passed_checks),
            "seen": sorted({each.resource for each in (*report.passed_checks, *report.failed_checks)}),
            "unread": sorted(report.parsing_errors),
        }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
