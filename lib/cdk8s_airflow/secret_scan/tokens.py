"""Finds secrets that their form gives away, whatever name they have: tokens of services, keys, URLs with a password."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.references import is_placeholder, is_reference, settings
from cdk8s_airflow.secret_scan.values import entropy, is_words, looks_random
from cdk8s_airflow.secret_scan.vocabulary import token_data

SHORTEST_WORD: Final = 16
"""Shorter words cannot be tokens."""

SHORTEST_ENCODED: Final = 16
"""Shorter words in base64 are not decoded."""

_IN_WORD: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-")
_FERNET = regex(r"[A-Za-z0-9_-]{43}=")
_LOGIN = regex(r"(?P<user>[^\s/@:?#\"'<>]{0,128})(?::(?P<password>[^\s@\"'<>]{1,256}))?@")
_MORE = regex(r"[^\s/?#\"'<>@]{0,128}@")
_PORT = regex(r"\d{1,5}/")
_USER = regex(r"[A-Za-z0-9_.@+-]{1,128}")
_PGPASS = regex(r"[A-Za-z0-9_*-]{1,63}:[A-Za-z0-9_*-]{1,63}:([^\s:\"'(){};,]{3,256})")
_HOST: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.*-"
_LONGEST_LOGIN: Final = 400
_LONGEST_FORM: Final = 1000
_LONGEST_TAIL: Final = 20_000


class TokenPattern(NamedTuple):
    """One form of a token.

    Attributes:
        id: its name in ``token_patterns.json``.
        what: what it is, as a noun phrase.
        marks: strings one of which occurs in every such token.
        pattern: the form. A group, if there is one, is the secret itself.
        lead: how many characters come before the mark: lowest and highest number.
        boundary: characters before the token, besides letters and digits, that make it part of something longer.
        frame: whether the form alone is enough, because it has several parts.
        tail: what follows the form and belongs to the secret, as one run of characters.
        literal: whether the secret must not be a reference or a word.
        login: whether it must be a user and a password in base64.
        upper: whether it may consist of capitals only.
    """

    id: str
    what: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    lead: tuple[int, int]
    boundary: str
    frame: bool
    tail: re.Pattern[str] | None
    literal: bool
    login: bool
    upper: bool


@cache
def token_patterns() -> tuple[TokenPattern, ...]:
    """All forms of tokens."""
    return tuple(map(_pattern, token_data()["patterns"]))


def _pattern(entry: dict[str, Any]) -> TokenPattern:
    lead = entry.get("lead", 0)
    return TokenPattern(
        id=entry["id"],
        what=entry["what"],
        marks=tuple(entry["marks"]),
        pattern=regex(entry["pattern"]),
        lead=(lead, lead) if isinstance(lead, int) else (lead[0], lead[1]),
        boundary=entry.get("boundary", ""),
        frame=entry.get("frame", False),
        tail=regex(f"[{entry['tail']}]*") if "tail" in entry else None,
        literal=entry.get("literal", False),
        login=entry.get("login", False),
        upper=entry.get("upper", False),
    )


@cache
def _by_mark() -> tuple[tuple[tuple[str, TokenPattern], ...], tuple[tuple[str, TokenPattern], ...]]:
    """Marks that occur inside one word, and all other marks, each with the pattern it belongs to."""
    inside: list[tuple[str, TokenPattern]] = []
    across: list[tuple[str, TokenPattern]] = []
    for pattern in token_patterns():
        for mark in pattern.marks:
            in_word = not pattern.frame and re.fullmatch(r"[A-Za-z0-9_.~+/-]+", mark) is not None
            (inside if in_word else across).append((mark, pattern))
    return tuple(inside), tuple(across)


def has_mark(words: set[str]) -> bool:
    """Whether one of the long words of a text contains the mark of a token."""
    long = "\n".join(word for word in words if len(word) >= SHORTEST_WORD)
    return bool(long) and any(mark in long for mark, _ in _by_mark()[0])


def find_tokens(text: str, marked: bool) -> Iterator[Found]:
    """Everything in a text that has the form of a token.

    Args:
        text: the text.
        marked: whether its words contain the mark of a token (:func:`has_mark`).
    """
    inside, across = _by_mark()
    for mark, pattern in (*inside, *across) if marked else across:
        if mark in text:
            yield from _matches(text, mark, pattern)
    yield from _fernet_keys(text)
    yield from find_logins(text)
    yield from _pgpass_lines(text)


def _matches(text: str, mark: str, pattern: TokenPattern) -> Iterator[Found]:
    at = text.find(mark)
    while at >= 0:
        match = _match(text, at, pattern)
        if match is not None:
            start, end = match.span(match.re.groups and 1)
            end = end if pattern.tail is None else _run(pattern.tail, text, end)
            if _is_token(pattern, text[start:end]) and not exemptions.active().covers_span(text, start, end):
                yield Found(start, end, pattern.what)
            at = max(at, end - len(mark))
        at = text.find(mark, at + len(mark))


def _run(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at, at + _LONGEST_TAIL)
    return at if match is None else match.end()


def _match(text: str, at: int, pattern: TokenPattern) -> re.Match[str] | None:
    for lead in range(pattern.lead[1], pattern.lead[0] - 1, -1):
        start = at - lead
        before = text[start - 1] if start > 0 else ""
        if start < 0 or (before and (before.isalnum() or before in pattern.boundary) and not pattern.frame):
            continue
        match = pattern.pattern.match(text, start)
        if match is None:
            continue
        if pattern.frame or match.end() - start >= _LONGEST_FORM or not text[match.end() : match.end() + 1].isalnum():
            return match
    return None


def _is_token(pattern: TokenPattern, secret: str) -> bool:
    if pattern.what == "a private key":
        return secret.startswith("PuTTY") or len(re.split(r"KEY(?: BLOCK)?-----", secret, maxsplit=1)[-1].strip()) >= 8
    if pattern.frame:
        return True
    if pattern.login:
        return _is_login(secret)
    if pattern.literal:
        return not is_reference(secret) and not is_words(secret)
    tail = secret if pattern.lead[1] else re.split(r"[-_.~]", secret, maxsplit=1)[-1]
    if len(set(tail)) <= 4 or is_words(tail):
        return False
    return pattern.upper or not (tail.isalpha() and tail.isupper())


def _is_login(text: str) -> bool:
    """Whether base64 contains a user and a password."""
    user, colon, password = (decoded(text) or "").partition(":")
    return bool(colon) and bool(password) and _USER.fullmatch(user) is not None


def _fernet_keys(text: str) -> Iterator[Found]:
    """Keys of 32 bytes in base64, as Airflow uses them to encrypt and to sign."""
    end = text.find("=", 43)
    while end >= 0:
        start = end - 43
        if " " not in text[start:end] and _FERNET.match(text, start) is not None:
            secret = text[start : end + 1]
            edges = {text[start - 1 : start] if start else "", text[end + 1 : end + 2]}
            if not edges & _IN_WORD and _is_key(secret) and not exemptions.active().covers_span(text, start, end + 1):
                yield Found(start, end + 1, "a fernet key")
        end = text.find("=", end + 1)


def _is_key(secret: str) -> bool:
    return all(any(map(kind, secret)) for kind in (str.islower, str.isupper, str.isdigit)) and entropy(secret) > 4


def find_logins(text: str) -> Iterator[Found]:
    """Passwords in URLs, and users of URLs that are tokens."""
    at = text.find("://") if "@" in text else -1
    while at >= 0:
        end = text.find("@", at + 3, at + _LONGEST_LOGIN)
        match = None if end < 0 or text.find("://", at + 3, end) >= 0 else _LOGIN.match(text, at + 3)
        if match is not None:
            found = _login(text, match)
            if found is not None and not exemptions.active().covers_span(text, found.start, found.end):
                yield found
        at = text.find("://", at + 3)


def _login(text: str, match: re.Match[str]) -> Found | None:
    user, password = match["user"], match["password"]
    if password is not None:
        if is_placeholder(password) or is_reference(password) or _PORT.match(password) is not None:
            return None
        if password.lower() in settings() and (user.lower() in ("user", "username", "login") or is_reference(user)):
            return None
        start, end = match.span("password")
        while (more := _MORE.match(text, end + 1)) is not None and more.end() - start <= 512:
            end = more.end() - 1
        return Found(start, end, "an address with a password in it")
    if "%3A" in user.upper():
        name, _, secret = unquote(user).partition(":")
        return (
            None if is_reference(secret) or not name else Found(*match.span("user"), "an address with a password in it")
        )
    if len(user) >= 16 and looks_random(unquote(user)):
        return Found(*match.span("user"), "an address with a token in it")
    return None


def has_login(text: str) -> bool:
    """Whether a text contains a URL with a password, or with a token as its user."""
    return next(find_logins(text), None) is not None


def _pgpass_lines(text: str) -> Iterator[Found]:
    """Lines of ``.pgpass``: host, port, database, user and password between colons."""
    for mark in (":5432:", ":6432:", ":*:"):
        at = text.find(mark)
        while at >= 0:
            match = _PGPASS.match(text, at + len(mark))
            if match is not None and _is_host_before(text, at) and not is_reference(match[1]):
                start, end = match.span(1)
                if text[end : end + 1] != ":" and not exemptions.active().covers_span(text, start, end):
                    yield Found(start, end, "a line of .pgpass")
            at = text.find(mark, at + len(mark))


def _is_host_before(text: str, at: int) -> bool:
    """Whether the first field of a line ends at a place."""
    before = text[max(0, at - 254) : at]
    rest = before.rstrip(_HOST)
    return len(rest) < len(before) and not rest.endswith(":")


@lru_cache(maxsize=4096)
def decoded(word: str) -> str | None:
    """The readable text that a word in base64 encodes; None if it encodes none."""
    word = word.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        text = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    return (
        text if text.isprintable() or text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None
    )


def encoded_words(words: set[str]) -> Iterator[tuple[str, str, str]]:
    """Words that have something in base64: the word, the part in base64, and the readable text that it encodes."""
    for word in words:
        if len(word) < SHORTEST_ENCODED or word.islower() or word.isupper():
            continue
        for piece in (word,) if "." not in word and "~" not in word else re.split(r"[.~]", word):
            content = decoded(piece) if len(piece) >= SHORTEST_ENCODED else None
            if content is not None and len(content) >= 8:
                yield word, piece, content
