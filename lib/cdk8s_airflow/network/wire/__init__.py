"""Network policies and flow tables, computed from data."""
