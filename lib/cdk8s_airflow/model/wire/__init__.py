"""Shared value objects as Kubernetes and the chart read them."""
