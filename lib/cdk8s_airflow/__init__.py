"""Typed cdk8s constructs for Apache Airflow on Kubernetes."""
