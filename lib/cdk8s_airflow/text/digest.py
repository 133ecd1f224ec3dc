"""Short digests, by which a reader of manifests sees that a text has changed, and by which pods are restarted then."""

from __future__ import annotations


def digest(text: str, length: int) -> str:
    """The first hexadecimal digits of a text's SHA-256.

    Args:
        text: the text.
        length: how many digits, at most 64.
    """
    # Loaded where it is used: it brings OpenSSL, and most platforms digest nothing.
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()[:length]
