"""Namespaces, and later isolation, certificates and proxies."""
