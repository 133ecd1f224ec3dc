"""YAML text, digests and plain documents."""
