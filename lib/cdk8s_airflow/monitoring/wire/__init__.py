"""Monitoring objects as plain dictionaries."""
