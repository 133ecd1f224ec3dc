"""Searches text in any language (YAML, JSON, INI, shell, SQL, XML, Python) for secrets.

Nearly every text has nothing to find, so the cheap test comes first: the set of the words in the text. Only if one of them is
the name of a secret, or long enough to be one, is the text read in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.commands import find_in_commands, may_have_commands
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.names import ALWAYS, NONE, NameClass, classify
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.secret_generators import GENERATOR_WORDS, find_generated_secrets
from cdk8s_airflow.secret_scan.secret_manifests import find_secret_manifests
from cdk8s_airflow.secret_scan.tokens import encoded_words, find_logins, find_tokens, has_mark
from cdk8s_airflow.secret_scan.values import is_identifier, is_literal
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words

_WORD_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+/-"
_WORD = regex(r"[A-Za-z0-9_.~+/\u0080-\U0010ffff-]{2,}")
_SPLIT: Final = str.maketrans({chr(code): " " for code in range(128) if chr(code) not in _WORD_LETTERS})
_MOST_NAMES: Final = 64
_LONGEST_NAME: Final = 128
_LONGEST_VALUE: Final = 4096
_DEEPEST: Final = 3

_TYPED = regex(
    r"[ \t]{0,4}:[ \t]{0,4}[A-Za-z_][A-Za-z0-9_.]{0,40}(?:\[[A-Za-z0-9_., |]{0,60}\])?(?: \| None)?[ \t]{0,4}=(?!=)[ \t]{0,4}"
)
_ELEMENT = regex(r"[^<>\n]{0,200}>([^<>\n]{1,512})</")
_DEFAULT = regex(
    r"\\?[\"'][ \t\n]{0,40},[ \t\n]{0,40}(?:(?:default_var|default|value)[ \t]{0,4}=[ \t]{0,4})?(?=[rbfuRBFU]{0,2}\\?[\"'])"
)
_CALL_PAIR = regex(
    r"[\"']?\s{0,8}(?:[:=]\s{0,8})?[(\[]\s{0,40}[\"'][^\"'\n]{1,128}[\"']\s{0,40},\s{0,40}[\"']([^\"'\n]{3,256})[\"']"
)
_OR_DEFAULT = regex(r"\\?[\"'][ \t]{0,8}\)[ \t]{0,8}or[ \t]{1,8}(?=[rbuRBU]{0,2}[\"'])")
_COMPARED = regex(r"[\"']?\]?[ \t]{0,8}==[ \t]{0,8}(?=[rbuRBU]{0,2}[\"'])")
_BRACKETED = regex(r"[ \t]{0,4}\(\s{0,40}(?=[rbuRBU]{0,2}[\"'])")
_SET_ATTRIBUTE = regex(r"\bsetattr\([^,\n]{1,48},\s{0,8}[\"']$")
_SETTER = regex(r"\(\s{0,40}(?=[rbuRBU]{0,2}[\"'])")

# What comes before a name.
_FUNCTION = regex(r"([A-Za-z.]{1,40})\(\s{0,40}\\?[\"']\Z")
_DECLARED = regex(r"(?:^|[\n;&|])[ \t]{0,64}(?:ENV|ARG|setenv|setx|set -g?x)[ \t]{1,8}\Z")
_STATEMENT = regex(r"\b(?:role|user|alter|create|login|grant)\b", re.IGNORECASE)

# What comes after a name whose value has a key of its own.
_VALUE_KEY = regex(r"\\?[\"']?,?\s{0,200}\\?[\"']?value\\?[\"']?\s{0,4}[:=][ \t]{0,32}")
_NAME_AFTER = regex(
    r"\\?[\"']?\s{0,200},?\s{0,200}\\?[\"']?(?:name|envName|key)\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?"
)

# Values.
_BLOCK = regex(r"[|>][+-]?\d?[ \t]{0,16}\n[ \t]{1,256}")
_BARE = regex(r"[^\s,;&|)}\]\"'`<>(\[{]{1,512}")
_CALL = regex(r"[A-Za-z_][A-Za-z0-9_.]{0,128}[(\[]")
_NAME_LIKE = regex(r"[A-Za-z_][A-Za-z0-9_.]{0,128}")

_IMPORT = regex(r"^(?:from [A-Za-z0-9_.]{1,200} import |import [A-Za-z0-9_.]{1,200})", re.MULTILINE)
_FILE = regex(r"^(?P<indent> {0,256})(?:- ){0,8}\"?(?P<key>[A-Za-z0-9_.~+/@ -]{1,256})\"?: [|>][+-]?\d?$")


class _Value(NamedTuple):
    """A value in a text: where it is, what it is, and whether it is in quotes."""

    start: int
    end: int
    text: str
    quoted: bool


@cache
def _file_keys() -> tuple[str, ...]:
    return (".py", *sorted(words("code", "keys")))


@cache
def _file_marks() -> tuple[str, ...]:
    return tuple(f"{key}{quote}: {style}" for key in _file_keys() for quote in ("", '"') for style in "|>")


def find_in_text(text: str, *, code: bool = False) -> list[Found]:
    """Everything in a text that looks like a secret, in the order of the text.

    Args:
        text: the text: a value, a file, a document.
        code: whether it is Python, where text without quotes is an expression. By default it is taken for Python if it has
            imports, and so are Python files inside a YAML document.
    """
    return merged(findings(text, code))


def findings(text: str, code: bool = False) -> Iterator[Found]:
    """The same, one after the other: to know whether there is anything, the first is enough."""
    parts: Iterable[tuple[int, str, bool]] = ((0, text, True),) if code else _parts(text)
    for begin, part, python in parts:
        for found in _search(part, python, 0):
            yield Found(begin + found.start, begin + found.end, found.what) if begin else found
    if "\\n" in text:
        # Lines inside a string of JSON or Python. The copy has the same length, so that places are the same.
        for found in _search(text.replace("\\n", " \n").replace("\\t", "  "), False, _DEEPEST):
            if not exemptions.active().covers_span(text, found.start, found.end):
                yield found


def merged(found: Iterable[Found]) -> list[Found]:
    """In their order, overlapping ones as one."""
    kept: list[Found] = []
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or each.start >= kept[-1].end:
            kept.append(each)
        elif each.end > kept[-1].end:
            kept[-1] = kept[-1]._replace(end=each.end)
    return kept


def looks_secret(text: str) -> bool:
    """Whether the form of a text, or of a part of it, gives away a secret. Names are not considered."""
    return next(by_form(text), None) is not None


def by_form(text: str) -> Iterator[Found]:
    """Secrets in a text that their form gives away."""
    all_words = words_of(text)
    yield from find_tokens(text, has_mark(all_words))
    yield from _others(text, all_words)
    yield from _hidden(text, list(encoded_words(all_words)), False, 1)


def by_name(name: str) -> str:
    """What to say about a literal under a name."""
    short = name.rsplit("/", 1)[-1].strip("-.")
    return f"a secret, by the name {short if len(short) <= 40 else f'{short[:39]}…'}"


def words_of(text: str) -> set[str]:
    """The words of a text, each once."""
    return set(text.translate(_SPLIT).split())


_harmless: set[str] = set()
"""Words that are neither the name of a secret nor part of one. The same words occur again in the values, the manifests and the
files of a platform."""
_MOST_HARMLESS: Final = 200_000


def _search(text: str, code: bool, depth: int) -> Iterator[Found]:
    all_words = words_of(text)
    fresh = all_words - _harmless
    names = [word for word in fresh if 1 < len(word) <= _LONGEST_NAME and classify(word).strength != NONE]
    encoded = list(encoded_words(fresh))
    marked = has_mark(fresh)
    if not marked and len(_harmless) < _MOST_HARMLESS:
        _harmless.update(fresh.difference(names, (word for word, _, _ in encoded)))
    yield from find_tokens(text, marked)
    if may_have_commands(all_words):
        yield from find_in_commands(text)
    if not _SECRET_KINDS.isdisjoint(all_words):
        yield from find_secret_manifests(text)
    if not GENERATOR_WORDS.isdisjoint(all_words):
        yield from find_generated_secrets(text)
    yield from _others(text, all_words)
    if names:
        tuples = list(_tuples(text)) if "," in text else []
        yield from _assigned(text, names, code, [places for places, _ in tuples])
        for name, value in (*(pair for _, pairs in tuples for pair in pairs), *_defaults(text)):
            yield from _literal_of(name, value, text)
    if depth < _DEEPEST:
        yield from _hidden(text, encoded, code, depth)


_SECRET_KINDS: Final = frozenset(("Secret", "SealedSecret", "SecretList"))
_IDENTIFIED = regex(
    r"\bidentified\s{1,8}(?:with\s{1,8}[A-Za-z0-9_'\"]{1,64}\s{1,8})?by\s{1,8}(?:password\s{1,8})?(?:'([^'\n]{3,256})'|\\?\"([^\"\n\\]{3,256})\\?\")",
    re.IGNORECASE,
)
_IDENTIFIED_BARE = regex(
    r"\b(?:create|alter)\s{1,8}user\s{1,8}(?:if\s{1,8}(?:not\s{1,8})?exists\s{1,8})?\S{1,128}\s{1,8}identified\s{1,8}by\s{1,8}([^\s'\";\\]{3,256})",
    re.IGNORECASE,
)
_SET_PASSWORD = regex(
    r"\bset\s{1,8}password\s{1,8}for\s{1,8}[^\s=]{1,128}\s{0,8}=\s{0,8}(?:password\s{0,8}\(\s{0,8})?'([^'\n]{3,256})'",
    re.IGNORECASE,
)
_TUPLE = regex(
    r"(?:^|[\n;])[ \t]{0,64}\(?([A-Za-z_][A-Za-z0-9_.]{0,63}(?:[ \t]{0,4},[ \t]{0,4}[A-Za-z_][A-Za-z0-9_.]{0,63}){1,8})\)?[ \t]{0,4}=[ \t]{0,4}[(\[]?"
)
_VARIABLE = regex(
    r"\bvariable[ \t]{1,8}\"([A-Za-z0-9_-]{1,64})\"[ \t]{0,8}\{[^{}]{0,600}\bdefault[ \t]{0,16}=[ \t]{0,16}"
)
_NETRC = regex(r"\bmachine\s{1,8}\S{1,253}\s{1,8}login\s{1,8}\S{1,128}\s{1,8}password\s{1,8}(\S{3,256})")


def _others(text: str, all_words: set[str]) -> Iterator[Found]:
    """Secrets in forms of their own: a login in ``.netrc``, a user of MySQL."""
    if "machine" in all_words and "login" in all_words:
        yield from _captured(_NETRC, text, "a login for .netrc")
    if not {"IDENTIFIED", "identified"}.isdisjoint(all_words):
        yield from (
            found for found in _captured(_IDENTIFIED, text, "a password in SQL") if _is_statement(text, found.start)
        )
        yield from _captured(_IDENTIFIED_BARE, text, "a password in SQL")
    if ("SET" in all_words and "PASSWORD" in all_words) or ("set" in all_words and "password" in all_words):
        yield from _captured(_SET_PASSWORD, text, "a password in SQL")


def _captured(pattern: re.Pattern[str], text: str, what: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        group = match.lastindex or 1
        if not is_reference(match[group]) and not exemptions.active().covers_span(text, *match.span(group)):
            yield Found(*match.span(group), what)


def _tuples(text: str) -> Iterator[tuple[range, list[tuple[str, _Value]]]]:
    """Assignments of several values, ``user, password = "a", "..."``: where the names are, and each with its value."""
    for targets in _TUPLE.finditer(text):
        pairs, at = [], targets.end()
        for name in targets[1].split(","):
            value = _value(text, at)
            if value is None:
                break
            pairs.append((name.strip(), value))
            at = _skipped(text, value.end + value.quoted, 8)
            if text[at : at + 1] != ",":
                break
            at = _skipped(text, at + 1, 64)
        if len(pairs) > 1:
            yield range(*targets.span(1)), pairs


def _defaults(text: str) -> Iterator[tuple[str, _Value]]:
    """The variables of Terraform with a default."""
    for variable in _VARIABLE.finditer(text):
        default = _value(text, variable.end())
        if default is not None:
            yield variable[1], default


def _literal_of(name: str, value: _Value, text: str) -> Iterator[Found]:
    """A value, if it is a literal in quotes under the name of a secret."""
    kind = classify(name)
    if (
        value.quoted
        and kind.strength != NONE
        and is_literal(kind, value.text)
        and not exemptions.active().covers_span(text, value.start, value.end)
    ):
        yield Found(value.start, value.end, by_name(name))


def _assigned(text: str, names: list[str], code: bool, elsewhere: list[range]) -> Iterator[Found]:
    """Literals under the names of secrets, except for names whose values are elsewhere."""
    done = 0
    for begin, word in _places_of(text, names):
        while elsewhere and elsewhere[0].stop <= begin:
            elsewhere.pop(0)
        if begin < done or (elsewhere and begin in elsewhere[0]):
            continue
        word = word.rstrip(".-~+/")
        start = begin + max(word.rfind("."), word.rfind("/"), word.rfind("+")) + 1
        end = begin + len(word)
        name = text[start:end]
        kind = classify(name)
        if kind.strength == NONE or text.endswith(vocabulary()["names"]["digest_prefix"], 0, start):
            continue
        for value in _values(text, begin, start, end, kind, code):
            if is_literal(kind, value.text) and not exemptions.active().covers_span(text, value.start, value.end):
                yield Found(value.start, value.end, by_name(name))
                done = max(done, value.end)


def _places_of(text: str, names: list[str]) -> Iterator[tuple[int, str]]:
    """Start and text of each word that is the name of a secret, in the order of the text."""
    if len(names) > _MOST_NAMES:
        for match in _WORD.finditer(text):
            if len(match[0]) <= _LONGEST_NAME and classify(match[0]).strength != NONE:
                yield match.start(), match[0]
        return
    places = []
    for name in names:
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if text[at - 1 : at] not in _LETTERS and text[end : end + 1] not in _LETTERS:
                places.append((at, name))
            at = text.find(name, end)
    yield from sorted(places)


_LETTERS: Final = frozenset(_WORD_LETTERS)
_QUIET: Final = frozenset(" \t\"'\\]")


def _values(text: str, begin: int, start: int, end: int, kind: NameClass, code: bool) -> Iterator[_Value]:
    """What a text gives to a name, by the ways there are to write it.

    Args:
        text: the text.
        begin: where the word with the name begins.
        start: where the name itself begins, after a prefix with dots or slashes.
        end: where it ends.
        kind: what the name says.
        code: whether the text is Python.
    """
    name, before = text[start:end], text[max(0, begin - 64) : begin]
    if before[-1:] in ("$", "%") or before.endswith(("${", "$(", "{{", "{{ ")) or "Values." in text[begin:start]:
        return
    sign = before.rstrip(" \t\n\"'\\")[-1:]
    if sign in (":", "=") and not before.endswith("$env:") and _names_something(before):
        yield from _of_pair(text, begin, end)
        if "<" in before and (element := _ELEMENT.match(text, end)) is not None:
            yield _Value(*element.span(1), element[1], True)
        return
    if sign == "(" and (function := _FUNCTION.search(before)) is not None:
        if any(function[1].endswith(known) for known in vocabulary()["code"]["named_value_functions"]):
            yield from _after(_DEFAULT, text, end)
            yield from _after(_OR_DEFAULT, text, end)
        return
    if sign == "," and _SET_ATTRIBUTE.search(before) is not None:
        yield from _after(_DEFAULT, text, end)
        return
    if before.endswith("<"):
        element = _ELEMENT.match(text, end)
        if element is not None:
            yield _Value(*element.span(1), element[1], True)
            return
    if code:
        yield from _in_code(text, end, name, kind)
    assigned = _sign(text, end)
    if assigned:
        typed = (
            _TYPED.match(text, end)
            if text[assigned - 1 : assigned] != "=" and "=" in text[assigned : assigned + 160]
            else None
        )
        colon = typed is None and ":" in text[end:assigned]
        in_string = code and _is_in_string(text, begin)
        yield from _assigned_value(
            text, start, end, assigned if typed is None else typed.end(), code and not in_string, colon
        )
    elif text[end : end + 1] in (" ", "\t", "\n"):
        yield from _spaced(text, start, end, name, kind, before, code)


def _names_something(before: str) -> bool:
    """Whether the key before a name says that it is a name: ``name:``, ``key=``."""
    key = before.rstrip(" \t\n\"'\\")[:-1].rstrip(" \t\"'\\")
    if not key.endswith(("name", "Name", "key", "env")):
        return False
    return (
        key.endswith(_NAME_KEYS)
        and not key[: -len(next(each for each in _NAME_KEYS if key.endswith(each)))][-1:].isalnum()
    )


_NAME_KEYS: Final = ("envName", "name", "key", "env")


def _sign(text: str, end: int) -> int:
    """Where the value begins, if there is a sign of assignment after a name; otherwise 0."""
    limit = end + 12
    while end < limit and text[end : end + 1] in _QUIET:
        end += 1
    if text.startswith((":=", "=>", "?="), end):
        end += 2
    elif text[end : end + 1] == ":" or (text[end : end + 1] == "=" and text[end + 1 : end + 2] != "="):
        end += 1
    else:
        return 0
    return _skipped(text, end, 32)


def _skipped(text: str, at: int, most: int) -> int:
    """The first place from here on that is no space or tab."""
    limit = at + most
    while at < limit and text[at : at + 1] in (" ", "\t"):
        at += 1
    return at


def _spaced(text: str, start: int, end: int, name: str, kind: NameClass, before: str, code: bool) -> Iterator[_Value]:
    """Values with only spaces before them: of flags, in SQL, in Dockerfiles and in some configuration files."""
    at = _skipped(text, end, 32)
    if at > end and not code and (name.startswith("-") or before.endswith("--") or _is_declared(before)):
        value = _value(text, at)
        if value is not None and not value.text.startswith("-"):
            yield value
    elif (
        kind.kind in ("password", "secret") and text[end : end + 16].lstrip()[:1] == "'" and _is_statement(text, start)
    ):
        value = _value(text, text.index("'", end))
        if value is not None:
            yield value
    elif at > end and not code and kind.strength == ALWAYS and _begins_line(text, start):
        yield from _directive(text, start, end, at)


def _after(pattern: re.Pattern[str], text: str, at: int) -> Iterator[_Value]:
    match = pattern.match(text, at)
    value = _value(text, match.end()) if match is not None else None
    if value is not None:
        yield value


def _of_pair(text: str, start: int, end: int) -> Iterator[_Value]:
    """The value of ``name: X, value: Y``, in either order."""
    if text[end : end + 220].lstrip(" \t\r\n,\"'\\").startswith("value"):
        following = _VALUE_KEY.match(text, end)
        if following is not None:
            value = _value(text, following.end())
            if value is not None and not value.quoted:
                value = _rest_of_line(text, following.end(), ":") or value
            if value is not None:
                yield value
            return
    begin = max(0, start - 600)
    at = text.rfind("value", begin, start)
    after = _sign(text, at + len("value")) if at >= 0 else 0
    value = _value(text, after) if after else None
    if value is not None and value.end < start:
        between = _NAME_AFTER.match(text, value.end)
        if between is not None and between.end() == start:
            yield value


_PASSWORD: Final = NameClass(ALWAYS, "password")


def _in_code(text: str, end: int, name: str, kind: NameClass) -> Iterator[_Value]:
    """Logins as a pair of strings, and setters: ``auth=("ci", "...")``, ``set_password("...")``."""
    if kind.kind == "login":
        pair = _CALL_PAIR.match(text, end)
        if pair is not None and is_literal(_PASSWORD, pair[1]):
            yield _Value(*pair.span(1), f"login:{pair[1]}", True)
    elif name.startswith("set"):
        yield from _after(_SETTER, text, end)
    yield from _after(_COMPARED, text, end)


def _assigned_value(text: str, start: int, end: int, at: int, code: bool, colon: bool) -> Iterator[_Value]:
    """The value after a sign: in quotes, as a block of YAML, to the end of the line, or one word."""
    if text.startswith("!!str ", at):
        at += len("!!str ")
    bracket = _BRACKETED.match(text, at) if code else None
    value = _value(text, at if bracket is None else bracket.end())
    if value is not None and value.quoted:
        yield value
        return
    if code:
        return
    begins = _begins_line(text, start)
    if begins and _is_structure(text, at):
        return
    whole = _rest_of_line(text, at, ":" if colon else "=") if begins else None
    if whole is not None and len(whole.text.split()) <= 2:
        yield whole
    elif value is not None and not _is_expression(text, value, colon and text[end : end + 1] not in _QUOTES):
        is_prose = colon and not begins and value.text.isalpha() and text[value.end : value.end + 1] == " "
        is_prose |= value.text.endswith(":")
        if not is_prose and (whole is None or not _is_word(value.text) or text[end:at] == "="):
            yield value


def _is_in_string(text: str, at: int) -> bool:
    """Whether a place in Python source is inside a string that begins on the same line."""
    before = text[max(0, text.rfind("\n", 0, at) + 1, at - 2000) : at]
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1


def _is_declared(before: str) -> bool:
    """Whether a keyword that declares a variable is before its name: ``ENV``, ``setenv``."""
    return (
        before.rstrip(" \t").endswith(("ENV", "ARG", "setenv", "setx", "-x", "-gx"))
        and _DECLARED.search(before) is not None
    )


def _begins_line(text: str, start: int) -> bool:
    """Whether only what belongs to a name is before it on its line: a dash, a quote, ``export``, a prefix with a dot."""
    line = text.rfind("\n", max(0, start - 300), start) + 1
    if line == 0 and start > 300:
        return False
    prefix = text[line:start].lstrip(" \t\"'\\-?#/*").rstrip(" \t\"'\\-")
    return prefix in ("", "export") or (prefix[-1] in "./" and " " not in prefix.removeprefix("export "))


def _is_word(text: str) -> bool:
    """Whether the first of several words on a line is a word of a sentence, or an expression."""
    return text.isalpha() or (_NAME_LIKE.fullmatch(text) is not None and "." in text)


_QUOTES: Final = ('"', "'")


def _is_expression(text: str, value: _Value, plain: bool) -> bool:
    """Whether text without quotes is an expression: a call, or an argument like ``password=password``.

    Args:
        text: the text.
        value: what has no quotes.
        plain: whether it is a plain value of YAML, after a name without quotes.
    """
    following = text[value.end : value.end + 1]
    if following in ("(", "["):
        return True
    is_argument = following in (",", ")", "}") and _NAME_LIKE.fullmatch(value.text) is not None
    return not plain and (is_argument or _is_path_of_attributes(value.text))


def _rest_of_line(text: str, at: int, sign: str) -> _Value | None:
    """What is left of a line, without a comment. None if it is a structure of YAML or an expression."""
    end = text.find("\n", at, at + _LONGEST_VALUE)
    line = text[at : end if end >= 0 else at + _LONGEST_VALUE]
    for mark in (" # ", " // ", " -- "):
        line = line.partition(mark)[0]
    line = line.rstrip(" \t\r,;")
    if not line or line[0] == "\n" or (sign == "=" and _is_path_of_attributes(line)):
        return None
    if line[-1] in ('"', "'", "`") or (sign == ":" and line[0] in "\"'") or _is_call(line):
        return None
    return _Value(at, at + len(line), line, False)


def _is_structure(text: str, at: int) -> bool:
    """Whether a structure of YAML begins here: a mapping, a list, a tag, an anchor or a reference to one."""
    first = text[at : at + 1]
    return first in ("&", "*", "!", "(") or (first in ("{", "[") and not text.startswith("{{", at))


def _is_path_of_attributes(line: str) -> bool:
    """Whether a line is an expression like ``data.vault.secret``."""
    return line.count(".") > 1 and _NAME_LIKE.fullmatch(line) is not None and ".." not in line


def _is_call(line: str) -> bool:
    return ("(" in line or "[" in line) and _CALL.match(line) is not None


def _directive(text: str, start: int, end: int, at: int) -> Iterator[_Value]:
    """The value of a configuration file that has only spaces between name and value: ``requirepass ...``."""
    value = _rest_of_line(text, at, " ")
    if value is None or len(value.text.split()) != 1 or value.text[0] in ":=<>(-":
        return
    name = text[start:end]
    if not is_identifier(value.text) or "_" in name or name in words("names", "directives"):
        yield value


def _is_statement(text: str, start: int) -> bool:
    """Whether a statement of SQL about a user comes before."""
    return _STATEMENT.search(text[max(0, start - 512) : start].rpartition(";")[2]) is not None


def _value(text: str, at: int) -> _Value | None:
    """The value that begins at a place."""
    begin = at
    while begin < at + 3 and text[begin : begin + 1] in _STRING_PREFIX:
        begin += 1
    escaped = text[begin : begin + 1] == "\\"
    quote = text[begin + escaped : begin + escaped + 1]
    if quote in ('"', "'"):
        begin += escaped + 1
        if text.startswith(quote * 2, begin):
            begin += 2
        end = _closing(text, begin, quote, escaped)
        content = text[begin:end]
        is_template = "f" in text[at:begin].lower() and "{" in content
        return None if is_template else _Value(begin, end, content, True)
    if text[at : at + 1] in ("|", ">") and (block := _BLOCK.match(text, at)) is not None:
        end = text.find("\n", block.end(), block.end() + _LONGEST_VALUE)
        end = end if end >= 0 else min(len(text), block.end() + _LONGEST_VALUE)
        return _Value(block.end(), end, text[block.end() : end], True)
    bare = _BARE.match(text, at)
    return None if bare is None else _Value(*bare.span(), bare[0], False)


_STRING_PREFIX: Final = frozenset("rbfuRBFU")


def _closing(text: str, at: int, quote: str, escaped: bool) -> int:
    """Where text in quotes ends: at the quote, at the end of the line, or where it is too long."""
    limit = min(len(text), at + _LONGEST_VALUE)
    line = text.find("\n", at, limit)
    limit = limit if line < 0 else line
    mark = f"\\{quote}" if escaped else quote
    end = text.find(mark, at, limit)
    while end >= 0:
        doubled = quote == "'" and text.startswith("'", end + 1) and end > at
        if not doubled and (escaped or _slashes(text, end) % 2 == 0):
            return end
        end = text.find(mark, end + (2 if doubled else 1), limit)
    return limit


def _slashes(text: str, end: int) -> int:
    count = 0
    while count < 64 and text[end - count - 1 : end - count] == "\\":
        count += 1
    return count


def _hidden(text: str, encoded: list[tuple[str, str, str]], code: bool, depth: int) -> Iterator[Found]:
    """Secrets in base64 or percent-encoding."""
    if "%3A%2F%2F" in text or "%3a%2f%2f" in text:
        plain = unquote(text)
        for found in find_logins(plain):
            secret = plain[found.start : found.end]
            at = text.find(secret)
            yield Found(at, at + len(secret), found.what) if at >= 0 else Found(0, len(text), found.what)
    for _, word, content in encoded:
        what = next((found.what for found in _search(content, code, depth + 1)), "")
        at = text.find(word) if what else -1
        while at >= 0:
            end = at + len(word)
            if not exemptions.active().covers_span(text, at, end):
                yield Found(
                    at, end + len(text[end : end + 2]) - len(text[end : end + 2].lstrip("=")), f"{what}, in base64"
                )
            at = text.find(word, end)


def _parts(text: str) -> Iterator[tuple[int, str, bool]]:
    """Parts of a text, each with its start and whether it is Python: what a YAML document has under the name of such a file."""
    if not any(key in text for key in _file_keys()) or not any(mark in text for mark in _file_marks()):
        yield 0, text, "import " in text and _IMPORT.search(text) is not None
        return
    begin, at, inside = 0, 0, -1
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        indent = len(bare) - len(bare.lstrip(" "))
        if inside >= 0 and bare.strip() and indent <= inside:
            yield begin, text[begin:at], True
            begin, inside = at, -1
        if inside < 0 and (": |" in bare or ": >" in bare):
            block = _FILE.match(bare)
            if block is not None and (block["key"].endswith(".py") or block["key"] in words("code", "keys")):
                yield begin, text[begin:at], False
                begin, inside = at, len(block["indent"])
        at += len(line)
    yield begin, text[begin:], inside >= 0 or (begin == 0 and _IMPORT.search(text) is not None)
