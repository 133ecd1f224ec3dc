"""Priority classes: the components of Airflow before tasks."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Must, ObjectName

_LARGEST = 1_000_000_000

_Priority = Annotated[
    int,
    Must(
        lambda value: bool(-_LARGEST <= value <= _LARGEST),
        "must be an integer from -1000000000 to 1000000000",
        "Use 100000",
        "argument/range",
    ),
]


class PriorityClasses(PlatformConstruct):
    """Two priority classes: one for the components of Airflow, and a lower one for tasks.

    When a node has not enough free resources, Kubernetes evicts pods with a lower priority for a component of Airflow. Tasks never evict
    other pods (``preemptionPolicy: Never``). Pass :attr:`components` and :attr:`tasks` as ``priority_class=``.

    PriorityClasses are cluster-wide: give each platform names of its own.
    """

    how_to_write: ClassVar[str] = 'PriorityClasses(chart, "priorities")'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        components: ObjectName = "airflow-components",
        tasks: ObjectName = "airflow-tasks",
        components_value: _Priority = 100_000,
        tasks_value: _Priority = 1_000,
    ) -> None:
        """Create the priority classes.

        Args:
            scope: the Chart that they are written to.
            id: the construct id.
            components: the name of the class for components. Default: ``"airflow-components"``.
            tasks: the name of the class for tasks. Default: ``"airflow-tasks"``.
            components_value: the priority of components, ``value``. Pods without a class have 0. Default: 100000.
            tasks_value: the priority of tasks. Must be lower. Default: 1000.

        Raises:
            PlatformError: if tasks would not have the lower priority.
        """
        found = checked(PriorityClasses.__init__, locals())
        if not found and tasks_value >= components_value:
            found.append(
                Finding(
                    rule="scheduling/priority",
                    at="tasks_value",
                    problem=f"must be lower than components_value ({components_value})",
                    seen=repr(tasks_value),
                    fix=f"Use tasks_value={components_value - 1} or less",
                )
            )
        super().__init__(scope, id, found)
        self._names = (components, tasks)
        if self._sound:
            self._emit(
                {
                    "components": _priority_class(components, components_value, "Components of Airflow", preempts=True),
                    "tasks": _priority_class(tasks, tasks_value, "Tasks of Airflow", preempts=False),
                }
            )

    @property
    def components(self) -> str:
        """The name of the class for components, for ``Scheduler(priority_class=)`` and the others."""
        return self._names[0]

    @property
    def tasks(self) -> str:
        """The name of the class for tasks, for ``TaskPod(priority_class=)`` and ``CeleryWorkers(priority_class=)``."""
        return self._names[1]


def _priority_class(name: str, value: int, description: str, *, preempts: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "description": description,
        "globalDefault": False,
    }
    if not preempts:
        made["preemptionPolicy"] = "Never"
    return made
