"""Databases as their operators read them."""
