"""References to Secrets by what their readers expect, and how to make the ones that are missing."""
