"""Imports all DAG files of a folder with the installed Airflow, and checks the rules of this repository.

    python checks/check_dags.py dags

Exit status 1 if a file cannot be imported, or if a DAG has no owner or a task has no retries.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def problems(folder: Path) -> list[str]:
    """What is wrong with the DAGs of a folder."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models.dagbag import DagBag
    bag = DagBag(str(folder), include_examples=False)
    found = [f"{Path(name).name}: {error.strip().splitlines()[-1]}" for name, error in bag.import_errors.items()]
    if not bag.dags and not found:
        found.append(f"{folder} has no DAG")
    for dag in bag.dags.values():
        if dag.owner in ("", "airflow"):
            found.append(f"{dag.dag_id} has no owner: set default_args={{'owner': ...}}")
        found += [f"{dag.dag_id}.{task.task_id} has no retries" for task in dag.tasks if not task.retries]
    return sorted(found)


if __name__ == "__main__":
    os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp())
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    wrong = problems(Path(sys.argv[1]).resolve())
    print("\n".join(wrong) or "all DAGs are fine")
    sys.exit(1 if wrong else 0)
