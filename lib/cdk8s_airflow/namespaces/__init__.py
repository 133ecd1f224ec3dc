"""Namespaces with Pod Security labels, quotas and limits."""
