"""Secrets and harmless strings that the scan is measured with.

The secrets are composed when a test runs: passwords in the places where files have them, and tokens from the patterns of
``token_patterns.json``. So no file here looks like a leaked secret to another scanner. ``hard.txt`` has secrets that nothing gives
away, and ``harmless.txt`` also has strings that the scan reports by mistake: the corpus measures the scan, it does not flatter it.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from cdk8s_airflow.secret_scan.tokens import TokenPattern, token_patterns

_FOLDER = Path(__file__).parent


class Sample(NamedTuple):
    """One text of the corpus.

    Attributes:
        name: what it is, for the report of a test.
        text: the text.
        secret: the secret in it; empty for a harmless text.
        code: whether it is Python.
    """

    name: str
    text: str
    secret: str
    code: bool = False


def lines(name: str) -> list[str]:
    """The lines of a file of the corpus, without its first, a comment."""
    return [line for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines()[1:] if line]


def blocks(name: str) -> list[str]:
    """The blocks of a file of the corpus, each after a line of ``====``."""
    return re.split(r"(?m)^====\n", (_FOLDER / name).read_text(encoding="utf-8"))[1:]


def carried() -> Iterator[Sample]:
    """Every password in every way to write one."""
    for word in lines("passwords.txt"):
        for name, code in (("carriers.txt", False), ("python.txt", True)):
            for block in blocks(name):
                yield Sample(block.strip().splitlines()[-1], block.replace("@@", word), word, code)
        for url in lines("urls.txt"):
            yield Sample(url, url.replace("@@", quote(word, safe="")), quote(word, safe=""))


def tokens() -> Iterator[Sample]:
    """One token of each form."""
    for pattern in token_patterns():
        token = example(pattern)
        match = pattern.pattern.match(token)
        assert match is not None, pattern.id
        yield Sample(pattern.id, f"note: see {token} there", match[1] if match.re.groups else token)


def hard() -> Iterator[Sample]:
    """Secrets that nothing gives away."""
    for block in blocks("hard.txt"):
        yield Sample(block.strip().splitlines()[0], block, "hunter2")


def harmless() -> list[Sample]:
    """Texts without a secret."""
    return [Sample(line, line, "") for line in lines("harmless.txt")]


def example(pattern: TokenPattern, seed: int = 0) -> str:
    """A token of a form, with random characters that depend only on the seed."""
    if pattern.login:
        return f"Basic {base64.b64encode(b'ci:hunter2-canary').decode()}"
    parser = getattr(re, "_parser", None) or __import__("sre_parse")
    chance = random.Random(f"{pattern.id} {seed}")
    tail = "" if pattern.tail is None else "\n".join("".join(chance.sample(_LETTERS, 32)) for _ in range(2))
    return "".join(_characters(parser.parse(pattern.pattern.pattern), chance)) + tail


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def _characters(tree: object, chance: random.Random) -> Iterator[str]:
    """Random text that matches a parsed pattern: repetitions of 24 characters, or the number that is closest to it."""
    for operation, argument in tree:  # type: ignore[attr-defined]
        name = str(operation)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "IN":
            yield chance.choice(_choices(argument))
        elif name == "MAX_REPEAT":
            least, most, inner = argument
            for _ in range(least if least >= 16 else min(int(most), 24) if most > 3 else least):
                yield from _characters(inner, chance)
        elif name == "SUBPATTERN":
            yield from _characters(argument[3], chance)
        elif name == "BRANCH":
            yield from _characters(chance.choice(argument[1]), chance)
        else:
            raise NotImplementedError(name)


def _choices(items: list[tuple[object, object]]) -> str:
    """The characters of a set, printable ones only, and letters and digits rather than others."""
    chosen: set[str] = set()
    for operation, argument in items:
        if str(operation) == "NEGATE":
            return _LETTERS
        if str(operation) == "LITERAL":
            chosen.add(chr(argument))  # type: ignore[arg-type]
        elif str(operation) == "RANGE":
            low, high = argument  # type: ignore[misc]
            chosen |= {chr(code) for code in range(low, high + 1)}
    return "".join(sorted(chosen & set(_LETTERS) or chosen))
