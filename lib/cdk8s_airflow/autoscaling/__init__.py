"""Image pre-pull, priority classes, and what creates nodes.

What is listed in ``__all__`` is public. Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk8s_airflow.autoscaling.eksctl import EksctlNodeGroups as EksctlNodeGroups
    from cdk8s_airflow.autoscaling.image_pre_pull import ImagePrePull as ImagePrePull
    from cdk8s_airflow.autoscaling.karpenter import KarpenterNodes as KarpenterNodes
    from cdk8s_airflow.autoscaling.node_pools import EksNodeGroup as EksNodeGroup
    from cdk8s_airflow.autoscaling.node_pools import KarpenterPool as KarpenterPool
    from cdk8s_airflow.autoscaling.priority_classes import PriorityClasses as PriorityClasses
else:
    from cdk8s_airflow._exports import lazily

    __getattr__, __dir__ = lazily(__name__)

__all__ = [
    "EksNodeGroup",
    "EksctlNodeGroups",
    "ImagePrePull",
    "KarpenterNodes",
    "KarpenterPool",
    "PriorityClasses",
]
