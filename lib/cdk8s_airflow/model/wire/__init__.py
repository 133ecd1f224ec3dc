"""Shared value objects in the form of Kubernetes fields and chart keys."""
