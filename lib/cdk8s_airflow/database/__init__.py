"""Databases, and the handle by which a release reaches one."""
