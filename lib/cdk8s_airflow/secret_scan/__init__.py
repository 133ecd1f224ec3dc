"""The one vocabulary and scanner for text that looks like a secret."""
