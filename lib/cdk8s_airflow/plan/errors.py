"""The error of a plan that cannot be made."""

from __future__ import annotations


class PlanError(Exception):
    """A plan cannot be made: a folder is missing, a file is no manifest, a program fails. The text is for the user."""
