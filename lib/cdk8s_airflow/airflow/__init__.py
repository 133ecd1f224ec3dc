"""The Airflow release: its settings, and the construct that emits it."""
