"""Until when the makers of each version publish fixes."""

from __future__ import annotations

from collections.abc import Mapping

POSTGRESQL: Mapping[int, str] = {
    13: "2025-11-13",
    14: "2026-11-12",
    15: "2027-11-11",
    16: "2028-11-09",
    17: "2029-11-08",
    18: "2030-11-14",
}
"""Major version of PostgreSQL -> its last release. Source: https://www.postgresql.org/support/versioning/"""

AIRFLOW: Mapping[int, str] = {2: "2026-04-22"}
"""Major version of Airflow -> the end of security fixes, where it is announced.
Source: https://airflow.apache.org/docs/apache-airflow/stable/installation/supported-versions.html"""

KUBERNETES: Mapping[str, str] = {"1.32": "2026-02-28", "1.33": "2026-06-28", "1.34": "2026-10-27"}
"""Minor version of Kubernetes -> its end of life. Source: https://kubernetes.io/releases/"""

NOT_ANNOUNCED = "not announced"
"""What is shown where the makers have named no date."""
