"""Finds what looks like a secret in texts and documents, and tells what it looks like, never what it is.

Three things are looked for: texts whose form gives them away (tokens of known services, private keys, fernet keys, addresses
with a password), literal texts under names that say what they are (``password: ...``, ``--token ...``, ``DB_PASSWORD=...``),
and both of them in base64 or percent-encoding. A reference such as ``$(NAME)``, ``${NAME}`` or ``{{ ... }}`` is no secret, and
neither is a placeholder (``<password>``, ``PASSWORD``). Whoever knows a text to be harmless says so with :func:`not_secret`.

Nearly every platform has nothing to find, so what is cheap comes first: marks that are looked for as plain text, in all texts
of a document together. Places are only worked out when there is something to say.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from cdk8s_airflow._regex import regex

Path = tuple["str | int", ...]


class Found(NamedTuple):
    """Something in a text that looks like a secret.

    Attributes:
        start: where the secret itself begins.
        end: where it ends.
        what: what it looks like, in words.
    """

    start: int
    end: int
    what: str


_vouched: set[str] = set()


def not_secret(text: str) -> str:
    """Says that a text is no secret, though it looks like one or stands where one would; gives it back.

    What was said holds for this text wherever the program writes it, also as a part of a longer text such as a DAG file. It does
    not hold where the chart or Airflow takes nothing but secrets, like ``fernetKey`` or ``AIRFLOW__CORE__FERNET_KEY``.

    Args:
        text: the text; the whole value, or for a longer text the part that a finding is about.

    Raises:
        TypeError: when it is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"not_secret takes a text, not {type(text).__name__}")
    if text.strip():
        _vouched.add(text.strip())
    return text


def is_vouched(text: str) -> bool:
    """Whether :func:`not_secret` was said of a text, or of a longer one that it is a part of."""
    if not _vouched:
        return False
    text = text.strip()
    return text in _vouched or (len(text) >= 4 and any(text in each for each in _vouched))


def vouched() -> int:
    """How many texts somebody vouched for."""
    return len(_vouched)


_START: Final = r"(?<![A-Za-z0-9])"
_SHAPES: Final = tuple(
    (marks, what, regex(pattern))
    for marks, what, pattern in (
        (("PRIVATE KEY",), "a private key", r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----[\w+/=\s\\-]*"),
        (("PuTTY-User-Key-File",), "a private key", r"PuTTY-User-Key-File-\d[^\0]*"),
        (("AGE-SECRET-KEY-1",), "a private key of age", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
        (("eyJ",), "a JSON Web Token", _START + r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}(?:\.[\w-]*)?"),
        (("gl",), "a token of GitLab", _START + r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|oas|agent|imt)-[\w-]{8,}"),
        (("gh",), "a token of GitHub", _START + r"gh[pousr]_[A-Za-z0-9]{8,}"),
        (("github_pat_",), "a token of GitHub", r"github_pat_\w{8,}"),
        (("ATBB", "ATCTT"), "a token of Bitbucket", _START + r"AT(?:BB|CTT)[A-Za-z0-9_=-]{24,}"),
        (("xox", "xapp-"), "a token of Slack", _START + r"(?:xox[abeoprs]|xapp)-[\w-]{8,}"),
        (("hooks.slack.com",), "a webhook of Slack", r"hooks\.slack\.com/services/[\w/-]{20,}"),
        (("webhook.office.com",), "a webhook of Teams", r"webhook\.office\.com/webhookb2/[\w@/-]{20,}"),
        (("api/webhooks/",), "a webhook of Discord", r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}"),
        (("AKIA", "ASIA"), "a key of AWS", _START + r"A(?:KI|SI)A[A-Z2-7]{12,}(?![A-Za-z])"),
        (("AIza",), "a key of Google", _START + r"AIza[\w-]{30,}"),
        (("ya29.",), "a token of Google", _START + r"ya29\.[\w-]{20,}"),
        (("GOCSPX-",), "a client secret of Google", r"GOCSPX-[\w-]{20,}"),
        (("sig=",), "a shared access signature of Azure", r"[?&]sig=([A-Za-z0-9%/+]{30,}={0,2})"),
        (("AccountKey=", "SharedAccessKey="), "a key of Azure", r"(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{24,}={0,2})"),
        (("sk-",), "a key of an AI service", _START + r"sk-[A-Za-z0-9_-]{20,}"),
        (("k_live_", "k_test_"), "a key of Stripe", _START + r"[srp]k_(?:live|test)_[A-Za-z0-9]{10,}"),
        (("SG.",), "a key of SendGrid", _START + r"SG\.[\w-]{16,}\.[\w-]{16,}"),
        (("npm_",), "a token of npm", _START + r"npm_[A-Za-z0-9]{30,}"),
        (("pypi-A",), "a token of PyPI", _START + r"pypi-A[\w-]{30,}"),
        (("dckr_pat_",), "a token of Docker", r"dckr_pat_[\w-]{16,}"),
        (("hvs.", "hvb.", "hvr."), "a token of Vault", _START + r"hv[sbr]\.[\w-]{16,}"),
        (("dop_v1_",), "a token of DigitalOcean", r"dop_v1_[a-f0-9]{32,}"),
        (("dapi",), "a token of Databricks", _START + r"dapi[a-f0-9]{32}"),
        (("hf_",), "a token of Hugging Face", _START + r"hf_[A-Za-z0-9]{30,}"),
        (("shpat_", "shpss_"), "a token of Shopify", r"shp(?:at|ss)_[a-fA-F0-9]{24,}"),
        (("xkeysib-",), "a key of Brevo", r"xkeysib-[a-f0-9]{32,}"),
        ((":AA",), "a token of Telegram", _START + r"\d{8,10}:AA[\w-]{32,}"),
        (("$2a$", "$2b$", "$2y$", "$apr1$", "$6$", "$argon2"), "a hash of a password",
         r"\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{50,}|apr1\$[^\s$]{1,16}\$[./A-Za-z0-9]{20,}|6\$[^\s$]{4,20}\$[./A-Za-z0-9]{60,}"
         r"|argon2(?:id|i|d)\$[^\s]{30,})"),
        (("SCRAM-SHA-",), "a hash of a password", r"SCRAM-SHA-(?:1|256)\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+"),
        (("earer ",), "a bearer token", r"[Bb]earer ([\w.~+/-]{12,}=*)"),
        (("asic ",), "a login in base64", r"[Bb]asic ([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9+/=])"),
        ((":5432:", ":6432:", ":*:"), "a line of .pgpass", r"(?<![\w.*:-])[\w.*-]{1,253}:(?:5432|6432|\*):[\w*-]{1,63}:[\w*-]{1,63}:([^\s:\"']{3,})(?=[\s\"']|\Z)"),
        (("curl",), "a login on a command line",
         r"\bcurl\s[^\n|;&]{0,400}?(?<=\s)(?:-u|--user)[ =]?[\"']?[^\s:\"'$]{1,128}:([^\s\"']{3,256})"),
        (("sshpass",), "a password on a command line", r"\bsshpass\s+-p\s?[\"']?([^\s\"']{3,256})"),
        (("redis-cli",), "a password on a command line", r"\bredis-cli\s[^\n|;&]{0,400}?(?<=\s)-a\s+[\"']?([^\s\"']{3,256})"),
        (("mysql",), "a password on a command line", r"\bmysql(?:dump|admin)?\s[^\n|;&]{0,400}?(?<=\s)-p([^\s\"']{3,256})"),
        (("machine ",), "a login for .netrc", r"machine\s+\S+\s+login\s+\S+\s+password\s+(\S{3,})"),
    )
)  # fmt: skip
"""What stands in every such text -> what it is -> its form; where a group is captured, that is the secret itself."""

_FERNET = regex(r"[A-Za-z0-9_-]{43}=")
_IN_WORD: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-")
_BASE64 = regex(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_LOGIN = regex(r"(?P<user>[^\s/@:?#\"'<>]{0,128})(?::(?P<password>[^\s@\"'<>]{1,256}))?@")
_REFERENCE = regex(
    r"\${1,2}\(|\$\{|\$[A-Za-z_]|\{\{|\{%|%\(|%[sdr]\Z|\{[A-Za-z_][\w.]*\}|<[^>]*>?\Z|\*+\Z|[xX]{6}|\.\.\.|…|ENC\["
)
_PLACEHOLDER = regex(r"[A-Z][A-Z_-]*|[xX*.•-]+")
_OTHER_PLACES = (
    "/",
    "./",
    "~/",
    "file:",
    "vault:",
    "ref+",
    "ssm:",
    "arn:",
    "op://",
    "gcpsm",
    "awssm",
    "projects/",
    "secret:",
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_VALUES = _words(
    "none null nil true false yes no on off auto default disabled enabled required optional prompt string str text bytes object "
    "any integer int basic bearer oauth2 password pass token secret value redacted hidden masked opaque scram-sha-256 md5 trust ldap"
)

_TELLING: Final = ("pass", "pwd", "secret", "token", "credential", "key", "auth", "login")
_WORD = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEY_OF = _words(
    "api access private secret fernet signing encryption account shared master jwt session hmac license webhook cookie"
)
_TOKEN_OF = _words("access auth api bearer refresh id personal bot deploy private job webhook")
_SECRET_OF = _words("client jwt webhook cookie session app shared")

_VALUE = (
    r"(?:[rbfuRBFU]{0,2}\\?(?P<quote>[\"'])(?P<quoted>(?:(?!\\?(?P=quote))[^\n]){0,4096})\\?(?P=quote)"
    r"|[|>][+-]?\d?[ \t]*\n[ \t]+(?P<block>\S[^\n]{0,4096})"
    r"|(?P<bare>[^\s,;&|)}\]\"'`<>(\[{]{1,4096})(?P<call>[(\[])?)"
)
_ASSIGNED = regex(r"(?:\\?[\"'])?\]?[ \t]{0,4}(?P<sign>:=|=>|:|=(?!=))[ \t]{0,16}" + _VALUE)
_SPACED = regex(r"[ \t]{1,4}" + _VALUE)
_NEXT_VALUE = regex(r"\\?[\"']?,?\s*\\?[\"']?value\\?[\"']?\s*:[ \t]*" + _VALUE)
_VALUE_BEFORE = regex(
    r"\\?[\"']?value\\?[\"']?[ \t]*:[ \t]*" + _VALUE + r"\s*,?\s*\\?[\"']?name\\?[\"']?[ \t]*:[ \t]*\\?[\"']?\Z"
)
_NAME_BEFORE = regex(r"(?:^|[\s{,\"'\\-])(?:name|envName|key)\\?[\"']?\s{0,2}[:=]\s{0,4}\\?[\"']?\Z")
_IN_SQL = regex(
    r"\b(?:role \S+|user \S+|login|with|encrypted|superuser|createdb|inherit|replication)\s+\Z", re.IGNORECASE
)
_QUOTED_NEXT = regex(r"\s+" + _VALUE)
_ASKED_FOR = regex(r"(?:environ\.get|getenv|setdefault|Variable\.(?:get|set))\(\s*[\"']\Z")
_DEFAULT = regex(r"[\"']\s*,\s*(?:default(?:_var)?\s*=\s*)?" + _VALUE)
_PAIR = regex(r"[\"']?\s*[:=]\s*[(\[]\s*[\"'][^\"'\n]{1,128}[\"']\s*,\s*[\"'](?P<password>[^\"'\n]{3,256})[\"']")
_IMPORT = regex(r"^(?:from [\w.]+ import |import [\w.]+)", re.MULTILINE)
_BLOCK = regex(r"^(?P<indent> *)(?:- )*\"?(?P<key>[\w.~+/@ -]{1,256}?)\"?: [|>][+-]?\d?$")
_CODE_KEYS = frozenset(("webserverConfig", "apiServerConfig", "airflowLocalSettings"))
_CODE_MARKS: Final = tuple(
    f"{key}{quote}: {style}" for key in (".py", *sorted(_CODE_KEYS)) for quote in ("", '"') for style in "|>"
)


_DIGEST: Final = "checksum/"
"""Before the name of what an annotation has the digest of, as charts write it."""


@lru_cache(maxsize=4096)
def telling(name: str) -> str:
    """What a name says of the text under it: ``"strict"`` (any literal there is a secret), ``"likely"`` (one that looks
    random is), or nothing."""
    lowered = name.lower()
    if lowered.startswith(_DIGEST) or not any(word in lowered for word in _TELLING):
        return ""
    short = name.rsplit("/", 1)[-1]
    words = [word.lower() for word in _WORD.findall(short)]
    while words and words[-1].isdigit():
        words.pop()
    if not words:
        return ""
    last = words[-1]
    if last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    before = words[-2] if len(words) > 1 else ""
    spelt = "_" in short or short.startswith("-") or (short.isupper() and len(short) > 3)
    if last in ("pass", "pwd", "passwd") or last.endswith(("password", "passwd", "passphrase")):
        return "strict"
    if last == "key":
        if before not in _KEY_OF:
            return "likely" if before in ("ssh", "rsa", "auth", "storage", "deploy") else ""
        return "strict" if before != "secret" or spelt else "likely"
    if last in ("apikey", "secretkey", "privatekey", "accesskey"):
        return "strict"
    if last == "token":
        return "strict" if before in _TOKEN_OF or spelt else "likely"
    if last in ("secret", "credential"):
        if before in ("password", "key", "conn", "token", "backend", "kwargs", "uri", "url", "dsn"):
            return ""
        return "strict" if before in _SECRET_OF or spelt else "likely"
    return "likely" if last in ("auth", "login") else ""


def is_reference(text: str) -> bool:
    """Whether a text stands for a secret that is elsewhere, or for none at all."""
    text = text.strip()
    return (
        not text
        or _REFERENCE.search(text) is not None
        or text.startswith(_OTHER_PLACES)
        or text.startswith("$")
        or _PLACEHOLDER.fullmatch(text) is not None
        or text.lower() in _NO_VALUES
    )


def _is_name(text: str) -> bool:
    """Whether a text reads like a name: words, with at most a short number each."""
    return all(re.fullmatch(r"[A-Za-z]*\d{0,3}|\d{1,4}", piece) is not None for piece in re.split(r"[._/:@ -]", text))


def _looks_random(text: str) -> bool:
    if len(text) < 8 or not text.isascii() or any(map(str.isspace, text)) or _is_name(text):
        return False
    digits = sum(map(str.isdigit, text))
    kinds = (
        any(map(str.islower, text)) + any(map(str.isupper, text)) + (digits > 0)
        + any(not letter.isalnum() and letter not in "-._/:" for letter in text)
    )  # fmt: skip
    if re.fullmatch(r"[0-9a-fA-F]{16,}", text):
        return 0 < digits < len(text)
    if kinds >= 3:
        return _entropy(text) >= 2.75
    return kinds == 2 and len(text) >= 20 and digits >= 4 and text.isalnum()


def _entropy(text: str) -> float:
    """Bits of information in each character, by how often each occurs."""
    return -sum(share * math.log2(share) for share in (text.count(letter) / len(text) for letter in set(text)))


def is_literal(name: str, value: object) -> bool:
    """Whether a value that stands under a name is a secret in clear text, as far as the name tells."""
    strictness = telling(name)
    if not strictness or value is None or isinstance(value, (bool, float)):
        return False
    if isinstance(value, int):
        return (
            strictness == "strict" and abs(value) > 999 and _WORD.findall(name)[-1].lower().startswith(("pass", "pwd"))
        )
    return isinstance(value, str) and _is_literal(strictness, name, value)


def _is_literal(strictness: str, name: str, text: str) -> bool:
    text = text.strip()
    if len(text) < 3 or is_reference(text) or is_vouched(text):
        return False
    if strictness == "likely":
        return _looks_random(text)
    if text.isdigit():
        return len(text) > 3 and name.lower().rstrip("0123456789_-").endswith(("pass", "word", "passwd", "pwd"))
    if len(text.split()) > 2:
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    if words and _is_name(text):
        if any(word.startswith(("pass", "secret", "token", "credential", "key")) for word in words):
            return False
        spoken = [word.lower() for word in _WORD.findall(name)]
        if spoken[-1].startswith(("secret", "credential")) and (len(spoken) < 2 or spoken[-2] not in _SECRET_OF):
            # What such a name says is the name of a Secret as often as a secret.
            return re.fullmatch(r"[a-z][a-z0-9]*(?:[-./][a-z0-9]+)+", text) is None
    return True


def _shapes(text: str) -> Iterator[Found]:
    """What the form of a text gives away."""
    for marks, what, pattern in _SHAPES:
        for mark in marks:
            if mark in text:
                for match in pattern.finditer(text):
                    start, end = match.span(match.re.groups and 1)
                    if _is_shape(what, text[start:end]):
                        yield Found(start, end, what)
                break
    yield from _fernet_keys(text)
    yield from _logins(text)


def _fernet_keys(text: str) -> Iterator[Found]:
    """Keys of 32 bytes, as Airflow takes them to encrypt and sign."""
    end = text.find("=", 43)
    while end >= 0:
        start = end - 43
        if " " not in text[start:end] and _FERNET.match(text, start) is not None:
            secret = text[start : end + 1]
            edges = {text[start - 1 : start] if start else "", text[end + 1 : end + 2]}
            if not edges & _IN_WORD and _is_shape("a fernet key", secret):
                yield Found(start, end + 1, "a fernet key")
        end = text.find("=", end + 1)


def _is_shape(what: str, secret: str) -> bool:
    if is_vouched(secret):
        return False
    if what == "a private key":
        return True
    if what == "a fernet key":
        return all(any(map(kind, secret)) for kind in (str.islower, str.isupper, str.isdigit)) and _entropy(secret) > 4
    if what == "a login in base64":
        return _login_in(secret)
    if what == "a bearer token":
        return not is_reference(secret) and not _is_name(secret)
    if what in ("a line of .pgpass", "a login for .netrc") or what.endswith("on a command line"):
        return not is_reference(secret)
    tail = re.split(r"[-_.]", secret, maxsplit=1)[-1]
    return len(set(tail)) > 4 and not (tail.isalpha() and tail.isupper() and what != "a key of AWS")


def _login_in(text: str) -> bool:
    """Whether base64 holds a user and a password."""
    decoded = _decoded(text)
    user, colon, password = (decoded or "").partition(":")
    return bool(colon) and bool(password) and re.fullmatch(r"[\w.@+-]+", user) is not None


def _logins(text: str) -> Iterator[Found]:
    """Passwords in addresses, and users that are tokens."""
    at = text.find("://")
    while at >= 0:
        match = _LOGIN.match(text, at + 3)
        if match is not None:
            user, password = match["user"], match["password"]
            if password is not None:
                if not _is_placeholder(password) and not is_vouched(password):
                    yield Found(*match.span("password"), "an address with a password in it")
            elif (
                "%3A" in user.upper() and not _is_placeholder(unquote(user).partition(":")[2]) and not is_vouched(user)
            ):
                yield Found(*match.span("user"), "an address with a password in it")
            elif _looks_random(unquote(user)) and len(user) >= 16 and not is_vouched(user):
                yield Found(*match.span("user"), "an address with a token in it")
        at = text.find("://", at + 3)


def _is_placeholder(text: str) -> bool:
    return _REFERENCE.match(text) is not None or _PLACEHOLDER.fullmatch(text) is not None or "{{" in text


def _decoded(text: str) -> str | None:
    """What a text in base64 says, if it says something readable."""
    text = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    return (
        decoded
        if decoded.isprintable() or decoded.replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
        else None
    )


def _given(match: re.Match[str]) -> tuple[str, str]:
    """The group that a value was matched by, and its text."""
    for group in ("quoted", "block", "bare"):
        if match[group] is not None:
            return group, match[group]
    return "bare", ""


def _assigned(text: str, code: bool) -> Iterator[Found]:
    """Literals under telling names, in whatever language the text is."""
    done = -1
    for hit in _telling_places(text):
        if hit < done:
            continue
        start = end = hit
        while start > 0 and hit - start < 64 and (text[start - 1].isalnum() or text[start - 1] in "_-."):
            start -= 1
        while end < len(text) and end - hit < 64 and (text[end].isalnum() or text[end] in "_-"):
            end += 1
        done = end
        name = text[start:end].rsplit(".", 1)[-1]
        strictness = telling(name)
        if not strictness or text.endswith(_DIGEST, 0, start):
            continue
        for match, pair in _values_of(name, text, start, end, code):
            group, value = _given(match)
            if group == "bare" and (match["call"] is not None or _is_code(text, match, code) or (pair and code)):
                continue
            if group == "bare" and (text[start - 1 : start] == "$" or (name.startswith("-") and value.startswith("-"))):
                continue
            if _is_literal(strictness, name, value):
                yield Found(*match.span(group), _by_name(name))
        login = _PAIR.match(text, end) if code and strictness == "likely" else None
        if login is not None and not is_reference(login["password"]) and not is_vouched(login["password"]):
            yield Found(*login.span("password"), "a login")


def _telling_places(text: str) -> list[int]:
    """Where a text has something that telling names have in them."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    places: list[int] = []
    for word in _TELLING:
        at = lowered.find(word)
        while at >= 0:
            places.append(at)
            at = lowered.find(word, at + len(word))
    return sorted(places)


def _shown(name: str) -> str:
    short = name.rsplit("/", 1)[-1].strip("-.")
    return short if len(short) <= 40 else f"{short[:39]}…"


def _by_name(name: str) -> str:
    return f"a secret, by the name {_shown(name)}"


def _values_of(name: str, text: str, start: int, end: int, code: bool) -> Iterator[tuple[re.Match[str], bool]]:
    before = text[max(0, start - 48) : start]
    sign = before.rstrip(" \t\n\"'\\")[-1:]
    if sign in (":", "=") and _NAME_BEFORE.search(before) is not None:
        match = _NEXT_VALUE.match(text, end) or _VALUE_BEFORE.search(text[max(0, start - 400) : start])
        if match is not None:
            if match.string is text:
                yield match, True
            elif _is_literal(telling(name), name, _given(match)[1]):
                offset = _VALUE_BEFORE.search(text, max(0, start - 400), start)
                if offset is not None:
                    yield offset, True
            return
    if sign == "(" and _ASKED_FOR.search(before) is not None:
        match = _DEFAULT.match(text, end)
        if match is not None and match["bare"] is None:
            yield match, False
        return
    match = _ASSIGNED.match(text, end)
    if match is None and (name.startswith("--") or before.rstrip().endswith("--")) and not code:
        match = _SPACED.match(text, end)
    if match is None and name.lower() == "password" and _IN_SQL.search(before) is not None:
        match = _QUOTED_NEXT.match(text, end)
        if match is not None and match["quote"] != "'":
            return
    if match is not None:
        yield match, False


def _is_code(text: str, match: re.Match[str], code: bool) -> bool:
    """Whether what stands there without quotes is an expression rather than a text."""
    if code:
        return True
    return (
        match.groupdict().get("sign") == "="
        and re.fullmatch(r"[A-Za-z_][\w.]*", match["bare"]) is not None
        and text[match.end() : match.end() + 1] in (",", ")")
        and text[match.end() : match.end() + 1] != ""
    )


def _hidden_in(text: str, code: bool, depth: int) -> Iterator[Found]:
    """Secrets in base64 or percent-encoding."""
    if "%3A%2F%2F" in text or "%3a%2f%2f" in text:
        plain = unquote(text)
        for found in _logins(plain):
            at = text.find(plain[found.start : found.end])
            yield Found(max(at, 0), max(at, 0) + found.end - found.start if at >= 0 else len(text), found.what)
    for match in _BASE64.finditer(text):
        word = match[0]
        if not (word.islower() or word.isupper()) and (len(word) >= 20 or word.endswith("=")):
            decoded = _decoded(word)
            if decoded is not None and len(decoded) >= 8 and not is_vouched(word):
                what = next((found.what for found in _all(decoded, code, depth + 1)), "")
                if what:
                    yield Found(match.start(), match.end(), f"{what}, in base64")


def _all(text: str, code: bool, depth: int = 0) -> Iterator[Found]:
    yield from _shapes(text)
    yield from _assigned(text, code)
    if depth < 3:
        yield from _hidden_in(text, code, depth)


def _segments(text: str) -> Iterator[tuple[int, str, bool]]:
    """Parts of a text, each with where it begins and whether it is Python: what YAML has under the name of such a file."""
    if not any(mark in text for mark in _CODE_MARKS):
        yield 0, text, _IMPORT.search(text) is not None
        return
    begin, at, inside = 0, 0, -1
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        indent = len(bare) - len(bare.lstrip(" "))
        if inside >= 0 and bare.strip() and indent <= inside:
            yield begin, text[begin:at], True
            begin, inside = at, -1
        if inside < 0 and (": |" in bare or ": >" in bare):
            block = _BLOCK.match(bare)
            if block is not None and (block["key"].endswith(".py") or block["key"] in _CODE_KEYS):
                yield begin, text[begin:at], False
                begin, inside = at, len(block["indent"])
        at += len(line)
    yield begin, text[begin:], inside >= 0 or (begin == 0 and _IMPORT.search(text) is not None)


def in_text(text: str, *, code: bool = False) -> list[Found]:
    """Everything in a text that looks like a secret, in its order.

    Args:
        text: the text: a value, a file, a document.
        code: whether it is Python, where what stands without quotes is an expression. Default: only what looks like it.
    """
    parts: Iterable[tuple[int, str, bool]] = ((0, text, True),) if code else _segments(text)
    found = [
        Found(begin + each.start, begin + each.end, each.what)
        for begin, part, python in parts
        for each in _all(part, python)
    ]
    return _apart(found)


def _apart(found: Iterable[Found]) -> list[Found]:
    """In their order, those that overlap as one."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:
            kept[-1] = kept[-1]._replace(end=each.end)
    return kept


def has_login(text: str) -> bool:
    """Whether a text holds an address with a password in it, or with a token for a user."""
    return next(_logins(text), None) is not None


def looks_secret(text: str) -> bool:
    """Whether the form of a text alone, or of a part of it, gives away a secret."""
    return next(_shapes(text), None) is not None or next(_hidden_in(text, False, 1), None) is not None


def redacted(text: str, *, forms_only: bool = False) -> str:
    """The text without what looks like a secret in it.

    Args:
        text: the text.
        forms_only: whether only what its form gives away is left out, and what stands under a telling name is kept.
    """
    for found in reversed(_apart(_shapes(text)) if forms_only else in_text(text)):
        text = f"{text[: found.start]}…{text[found.end :]}"
    return text


def in_tree(tree: object) -> Iterator[tuple[Path, str]]:
    """Each place of a plain document that holds what looks like a secret, and what it looks like."""
    texts: list[str] = []
    if _gather(tree, "", texts):
        yield from _places(tree, (), "")
        return
    text = "\n".join(texts)
    if next(_all(text, False), None) is not None:
        yield from _places(tree, (), "")


def _gather(value: Any, name: str, texts: list[str]) -> bool:
    """Takes down the texts of a document; whether names and their values alone are enough to suspect it."""
    if isinstance(value, str):
        texts.append(value)
        return bool(name) and is_literal(name, value)
    suspicious = False
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str):
                if len(key) > 15:
                    texts.append(key)
                suspicious |= _gather(item, key, texts)
        suspicious |= _is_secret_variable(value)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            suspicious |= _gather(item, name, texts) or _is_secret_argument(value, index)
    elif name and isinstance(value, int):
        return is_literal(name, value)
    return suspicious


def _is_secret_variable(entry: Mapping[Any, Any]) -> bool:
    named = entry.get("name")
    return isinstance(named, str) and "value" in entry and is_literal(named, entry["value"])


_PASSWORD_FLAGS: Final[Mapping[str, str]] = {"redis-cli": "-a", "sshpass": "-p"}
_USER_FLAGS = frozenset(("-u", "--user", "--basic-auth", "--login", "--credentials"))


def _is_secret_argument(arguments: Any, index: int) -> bool:
    """Whether an argument is the value of the flag before it, and a secret."""
    before, text = arguments[index - 1] if index else None, arguments[index]
    if not isinstance(before, str) or not isinstance(text, str) or not before.startswith("-") or text.startswith("-"):
        return False
    command = arguments[0].rsplit("/", 1)[-1] if isinstance(arguments[0], str) else ""
    if _PASSWORD_FLAGS.get(command) == before:
        return len(text) > 2 and not is_reference(text) and not is_vouched(text)
    if before in _USER_FLAGS:
        user, colon, password = text.partition(":")
        return bool(colon and user) and len(password) > 2 and not is_reference(password) and not is_vouched(password)
    return "=" not in before and is_literal(before, text)


def _places(value: Any, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        if name and is_literal(name, value):
            yield path, _by_name(name)
            return
        step = path[-1] if path else ""
        code = isinstance(step, str) and (step.endswith(".py") or step in _CODE_KEYS)
        for found in in_text(value, code=code):
            line = value.count("\n", 0, found.start) + 1
            yield path, found.what if "\n" not in value.rstrip("\n") else f"{found.what} (line {line})"
    elif isinstance(value, Mapping):
        if _is_secret_variable(value):
            yield (*path, "value"), _by_name(value["name"])
        for key, item in value.items():
            if not isinstance(key, str):
                continue
            if looks_secret(key):
                yield (*path, "…"), "a key that is a secret itself"
            elif not (key == "value" and _is_secret_variable(value)):
                yield from _places(item, (*path, key), key)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if _is_secret_argument(value, index):
                yield (*path, index), f"the value of {_shown(str(value[index - 1]))}"
            else:
                yield from _places(item, (*path, index), name)
    elif name and isinstance(value, int) and is_literal(name, value):
        yield path, _by_name(name)
