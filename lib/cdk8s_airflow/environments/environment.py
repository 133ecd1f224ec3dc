"""One environment: its settings and its cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.model.footprint import Budget
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import NonEmpty
from cdk8s_airflow.validation.frozen import frozen


@frozen
class Environment:
    """One environment, such as dev or prod.

    Attributes:
        settings: an instance of your own frozen dataclass, with everything that differs between environments. It is the
            argument of the build function.
        context: the kubectl context of its cluster. It is part of findings and of the commands that are printed.
        cluster: the name of its cluster. Environments with the same cluster must not have the same objects, hosts or
            databases. Default: None, the context.
        budget: the most that the environment may request from its cluster. Default: None, no limit.
    """

    how_to_write: ClassVar[str] = 'Environment(settings=Settings(host="dev.acme.lab"), context="k3d-lab")'

    settings: object
    context: NonEmpty
    cluster: NonEmpty | None = None
    budget: Budget | None = None

    @property
    def cluster_name(self) -> str:
        """The name of the cluster."""
        return self.context if self.cluster is None else self.cluster

    def _rules(self) -> Iterator[Finding]:
        given = self.settings
        if isinstance(given, type) or not dataclasses.is_dataclass(given) or not is_frozen(given):
            yield Finding(
                rule="environments/settings",
                at="settings",
                problem="must be an instance of a frozen dataclass",
                seen=f"{show(given)} ({type(given).__name__})",
                fix="Declare a class with @dataclass(frozen=True), and pass an instance of it",
            )


def is_frozen(given: object) -> bool:
    """Whether fields of an instance of a dataclass cannot be assigned."""
    parameters = getattr(type(given), "__dataclass_params__", None)
    declared = parameters is not None and bool(parameters.frozen)
    return declared or type(given).__setattr__ is not object.__setattr__
