"""Namespaces as Kubernetes reads them."""
