"""Volumes, and later the data lake."""
