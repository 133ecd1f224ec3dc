"""``python -m cdk8s_airflow``: the command line."""

from __future__ import annotations

import sys

from cdk8s_airflow.cli import main

if __name__ == "__main__":
    sys.exit(main())
