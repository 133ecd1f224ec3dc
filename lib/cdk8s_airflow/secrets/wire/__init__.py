"""Manifests of ExternalSecrets, SealedSecrets, stores and bridges."""
