"""Compares a running cluster with what a program requires. Read-only; used by ``cdk8s-airflow doctor``."""

from __future__ import annotations

from cdk8s_airflow.doctor.diagnosis import Diagnosis, Severity
from cdk8s_airflow.doctor.examination import examine
from cdk8s_airflow.doctor.live_cluster import DoctorError, LiveCluster
from cdk8s_airflow.doctor.requirements import Requirements, requirements_of

__all__ = ["Diagnosis", "DoctorError", "LiveCluster", "Requirements", "Severity", "examine", "requirements_of"]
