"""How the keys of a Secret are generated, as plain data for the plan of the bootstrap Job.

A recipe lists for each key the parts of its content: plain text, random text, and values copied from other Secrets. It
never contains a secret. A key that only the user can provide (a git token, the password of an external server) has no
recipe, and a Secret with such a key is not generated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

Part: TypeAlias = Mapping[str, Any]
"""One part of the content of a key, as it appears in the plan (JSON)."""

Form = Literal["url", "json", "plain"]
"""The encoding of a value that is copied from another Secret."""

Recipe: TypeAlias = Mapping[str, tuple[Part, ...]]
"""Key -> the parts of its content, in order."""

PASSWORD_BYTES = 24
"""The number of random bytes of a password (192 bits)."""

KEY_BYTES = 32
"""The number of random bytes of a key. A Fernet key has exactly this length."""


def text(plain: str) -> Part:
    """Text that is not secret, such as a user name."""
    return {"text": plain}


def random_password() -> Part:
    """A random password of hexadecimal digits, which needs no encoding in a URL, no quoting in a shell or configuration
    file.
    """
    return {"random": "hex", "bytes": PASSWORD_BYTES}


def random_key() -> Part:
    """32 random bytes in URL-safe base64: the format of a Fernet key, and long enough for every other key."""
    return {"random": "base64url", "bytes": KEY_BYTES}


def taken(namespace: str, secret: str, key: str, *, form: Form = "url") -> Part:
    """A value copied from another Secret.

    Args:
        namespace: the namespace of the other Secret.
        secret: the name of the other Secret.
        key: the key of the other Secret.
        form: ``"url"`` percent-encodes the value; ``"json"`` escapes it for a JSON string; ``"plain"`` copies it
            unchanged. Default: ``"url"``.
    """
    return {"namespace": namespace, "secret": secret, "key": key, "as": form}


def sources(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Namespace, name and key of each Secret that a recipe copies from."""
    for parts in recipe.values():
        for part in parts:
            if "secret" in part:
                yield part["namespace"], part["secret"], part["key"]


def joined(first: Recipe, second: Recipe) -> Recipe:
    """The combined recipe of a Secret with two readers. A key that the two would generate differently is left out."""
    both = {**first, **second}
    return {key: parts for key, parts in both.items() if first.get(key, parts) == parts}
