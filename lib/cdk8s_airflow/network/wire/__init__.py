"""Network policies and flow tables."""
