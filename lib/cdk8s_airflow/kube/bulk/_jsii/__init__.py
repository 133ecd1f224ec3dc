"""Holds the built archive of the module (``make edge``)."""
