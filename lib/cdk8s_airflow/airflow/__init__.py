"""The Airflow release: what it is made of, as intent, and the construct that emits it."""
