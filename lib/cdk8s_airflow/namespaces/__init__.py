"""Namespaces, their quotas and limits."""
