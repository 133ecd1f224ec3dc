"""Several platforms from one program, such as dev, staging and prod.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.environments.environment import Environment as Environment
    from cdk8s_airflow.environments.environments import Environments as Environments
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "Environment",
    "Environments",
]
