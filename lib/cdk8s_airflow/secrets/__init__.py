"""Secrets: references by contract, External Secrets, Sealed Secrets, and bridges between namespaces."""
