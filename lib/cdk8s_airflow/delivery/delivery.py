"""The type of all deliveries."""

from __future__ import annotations

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart

Delivery = K3sHelmChart | FluxRelease | ArgoApplication | HelmCommand
"""How a release is delivered to the cluster."""
