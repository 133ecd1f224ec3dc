"""Runs each task of ``pods_of_dags`` with the Airflow of this interpreter, and prints what became of each as JSON.

Airflow itself runs without a database: the operator gets a context that holds what it reads. Deferred tasks are run by their
trigger and resumed, as the triggerer and the worker do. Started by ``test_pods_of_dags.py``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent / "dags_pods"))

import pods_of_dags

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:
    from airflow.exceptions import TaskDeferred


def context_of(task: Any) -> dict[str, Any]:
    """What the operator reads of a task instance."""
    instance = mock.MagicMock(task_id=task.task_id, dag_id="pods_of_dags", run_id="run", try_number=1, map_index=-1)
    instance.start_date = None
    run = SimpleNamespace(run_id="run", logical_date=None, dag=task.dag)
    return {"ti": instance, "task_instance": instance, "task": task, "dag": task.dag, "run_id": "run", "dag_run": run}


async def first_event(trigger: Any) -> Any:
    """The first event of a trigger."""
    async for event in trigger.run():
        return event
    raise RuntimeError("the trigger ended without an event")


def run(task: Any) -> Any:
    """Run a task to its end."""
    task.kubernetes_conn_id = None
    task._incluster_namespace = "airflow"  # what the operator finds in a pod
    context = context_of(task)
    try:
        return task.execute(context)
    except TaskDeferred as deferred:
        while True:
            event = asyncio.run(first_event(deferred.trigger))
            try:
                return getattr(task, deferred.method_name)(context, event.payload, **(deferred.kwargs or {}))
            except TaskDeferred as again:
                deferred = again


def main() -> None:
    """Run all tasks, one after the other."""
    states = {}
    for task_id, task in pods_of_dags.dag.task_dict.items():
        try:
            result = run(task)
            states[task_id] = "ran" if task_id != "home_xcom" or result == "handed over" else f"returned {result!r}"
        except Exception as error:
            traceback.print_exc()
            states[task_id] = f"{type(error).__name__}: {error}"[:500]
    print()
    print(json.dumps(states))


main()
