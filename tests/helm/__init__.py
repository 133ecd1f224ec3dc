"""Tests that render the official Airflow chart with real Helm, and the tools they share."""
