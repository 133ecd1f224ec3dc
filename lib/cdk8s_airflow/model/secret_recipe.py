"""How a Secret is made up, as plain data: what the bootstrap job follows, and what it is told in its plan.

A recipe says for each key of which parts its content is put together: text, random text, and what stands in another Secret.
It never holds a secret. A key that only a person can know (a git token, the password of a server that somebody else runs) is
in no recipe, and a Secret with such a key is not made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

Part: TypeAlias = Mapping[str, Any]
"""One part of a key's content, as it stands in the plan (JSON)."""

Form = Literal["url", "json", "plain"]
"""How what is taken from another Secret is written."""

Recipe: TypeAlias = Mapping[str, tuple[Part, ...]]
"""Key -> the parts of its content, in their order."""

PASSWORD_BYTES = 24
"""Bytes of a random password: 192 bits, which nobody guesses."""

KEY_BYTES = 32
"""Bytes of a random key; Airflow's Fernet key has exactly these."""


def text(plain: str) -> Part:
    """What everybody may read, such as a user's name."""
    return {"text": plain}


def random_password() -> Part:
    """A random password of the letters a to f and digits: neither a URL, a shell nor a file of settings can mangle it."""
    return {"random": "hex", "bytes": PASSWORD_BYTES}


def random_key() -> Part:
    """32 random bytes in url-safe base64, which is what a Fernet key is, and long enough for any other."""
    return {"random": "base64url", "bytes": KEY_BYTES}


def taken(namespace: str, secret: str, key: str, *, form: Form = "url") -> Part:
    """What stands in another Secret.

    Args:
        namespace: where that Secret is.
        secret: its name.
        key: its key.
        form: ``"url"`` percent-encodes it, as every part of a URL may be; ``"json"`` writes it as the inside of a string of
            JSON; ``"plain"`` leaves it as it is. Default: ``"url"``.
    """
    return {"namespace": namespace, "secret": secret, "key": key, "as": form}


def sources(recipe: Recipe) -> Iterator[tuple[str, str, str]]:
    """Namespace, name and key of each Secret that a recipe takes something from."""
    for parts in recipe.values():
        for part in parts:
            if "secret" in part:
                yield part["namespace"], part["secret"], part["key"]


def joined(first: Recipe, second: Recipe) -> Recipe:
    """The recipe of a Secret from which two readers take keys, without a key that they would make differently."""
    both = {**first, **second}
    return {key: parts for key, parts in both.items() if first.get(key, parts) == parts}
