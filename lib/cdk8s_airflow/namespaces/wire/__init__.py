"""Manifests of namespaces."""
