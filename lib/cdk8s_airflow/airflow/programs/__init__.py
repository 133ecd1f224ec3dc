"""Python that runs inside Airflow: no import of this library, Python 3.8 or newer."""
