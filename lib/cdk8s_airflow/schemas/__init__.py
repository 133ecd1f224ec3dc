"""What each supported chart version and each custom resource definition accepts, and the validator.

Facts are data that ``make schemas`` writes: names, types, enums, patterns, required lists, closed or open. They are read
when first needed, one chart version or definition at a time. Checks return findings, all of them, and never raise for
what a user wrote. A value that may be a secret is never part of a finding.
"""

from cdk8s_airflow.schemas.chart_values import check_values
from cdk8s_airflow.schemas.facts_store import chart_versions, crd_name, known_kinds
from cdk8s_airflow.schemas.kubernetes_rules import is_builtin
from cdk8s_airflow.schemas.manifests import check_manifest, check_user_manifest, checked_manifest

__all__ = [
    "chart_versions",
    "check_manifest",
    "check_user_manifest",
    "check_values",
    "checked_manifest",
    "crd_name",
    "is_builtin",
    "known_kinds",
]
