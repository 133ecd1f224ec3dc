"""Finds passwords in the arguments of commands: ``curl -u user:password``, ``sshpass -p password``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.values import is_secret_value
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words

_ARGUMENT = regex(r"\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|[^\s\"']{1,512}")
_COMMAND = regex(
    r"(?:^|[\s/\"'`(\[;|&])(airflow|az|curl|docker|helm|htpasswd|kubectl|ldapsearch|ldapwhoami|mariadb|mongodump|mongorestore|mongosh|mysql|mysqladmin|mysqldump|oc|openssl|redis-cli|snyk|sshpass|wget)[\s\"']"
)
_PIPED = regex(
    r"(?:echo|printf)[ \t]{1,8}(?:-[neE]{1,3}[ \t]{1,8})?(?:[\"']?%s(?:\\\\?n)?[\"']?[ \t]{1,8})?(\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|[^\s\"'|;&]{1,512})[ \t]{0,8}\|[ \t]{0,8}([^\n|;&]{1,300})"
)
_HERE = regex(
    r"(chpasswd|--[a-z-]{4,16})(?:[ \t]{1,8}[A-Za-z0-9._/:-]{1,128}){0,6}[ \t]{0,8}<<(?:<[ \t]{0,8}|-?[ \t]{0,4}[\"']?[A-Za-z]{1,16}[\"']?\n[ \t]{0,64})(\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|[^\s\"'|;&]{1,512})"
)
_FROM_LITERAL: Final = "--from-literal"
_HTPASSWD_BATCH = regex(r"-[a-zA-Z]{0,8}b[a-zA-Z]{0,8}")
_ENDS = regex(r"[\n;|&]")
_LONGEST: Final = 2000


def secret_argument(arguments: Sequence[object], index: int) -> tuple[int, int] | None:
    """Where an argument of a command holds a secret: start and end in the argument, or None.

    Args:
        arguments: the arguments, the command first.
        index: which one.
    """
    return _of_command(arguments, index) or _secret_at(arguments, index, *_flags_of(arguments[:3]))


def _of_command(arguments: Sequence[object], index: int) -> tuple[int, int] | None:
    """Secrets of commands that take them without a telling flag: the literals of ``kubectl create secret``, ``htpasswd -b``."""
    text, command = arguments[index], str(arguments[0]).rsplit("/", 1)[-1]
    if not isinstance(text, str) or not index:
        return None
    if command in ("kubectl", "oc") and "secret" in arguments[1:6] and "create" in arguments[1:5]:
        if text.startswith(f"{_FROM_LITERAL}="):
            return _literal(text, len(_FROM_LITERAL) + 1)
        return _literal(text, 0) if arguments[index - 1] == _FROM_LITERAL else None
    if command == "htpasswd" and index == len(arguments) - 1:
        is_batch = any(isinstance(flag, str) and _HTPASSWD_BATCH.fullmatch(flag) for flag in arguments[1:index])
        return _secret(text, 0) if is_batch and not text.startswith("-") else None
    if command == "snyk" and arguments[index - 1] == "auth":
        return _secret(text, 0) if not text.startswith("-") else None
    return None


def _literal(text: str, offset: int) -> tuple[int, int] | None:
    """The value in ``key=value``."""
    key, sign, value = text[offset:].partition("=")
    start = offset + len(key) + 1
    quote = value[:1] if value[:1] in ("'", '"') else ""
    return _secret(text, start + len(quote)) if sign and value else None


def _secret_at(arguments: Sequence[object], index: int, flag: str, attached: str) -> tuple[int, int] | None:
    text, before = arguments[index], arguments[index - 1] if index else None
    if not isinstance(text, str):
        return None
    if attached and text.startswith(attached) and len(text) > 4:
        return _secret(text, len(attached))
    if not isinstance(before, str) or not before.startswith("-") or text.startswith("-"):
        return _attached_user(text) if text.startswith("-") else None
    if flag == before:
        return _secret(text, 0)
    if before.removesuffix("=") in words("code", "user_flags"):
        return _login(text, 0)
    return (0, len(text)) if "=" not in before and is_secret_value(before, text) else None


def _attached_user(text: str) -> tuple[int, int] | None:
    """The password in ``--user=ci:password``."""
    flag, sign, login = text.partition("=")
    return _login(login, len(flag) + 1) if sign and flag in words("code", "user_flags") else None


def _login(text: str, offset: int) -> tuple[int, int] | None:
    user, colon, password = text.partition(":")
    if not colon or not user or user.startswith("$") or len(password) <= 2 or is_reference(password):
        return None
    return offset + len(user) + 1, offset + len(text)


def _secret(text: str, start: int) -> tuple[int, int] | None:
    return (start, len(text)) if len(text) - start > 2 and not is_reference(text[start:]) else None


def _flags_of(first: Sequence[object]) -> tuple[str, str]:
    """The flags of a command that take a password: followed by it, and joined with it. Empty if it has none."""
    code = vocabulary()["code"]
    if not first or not isinstance(first[0], str):
        return "", ""
    command = first[0].rsplit("/", 1)[-1]
    if command not in words("code", "commands"):
        return "", ""
    names = [command, *map(str, first[1:3])]
    joined = [" ".join(names[:count]) for count in (1, 2, 3)]
    flags = code["password_flags"]
    return next((flags[name] for name in joined if name in flags), ""), code["attached_password_flags"].get(command, "")


@cache
def _without_flags() -> frozenset[str]:
    """Words of commands that take a password without a flag in front of it."""
    return words("code", "piped_passwords") | {"htpasswd", "snyk", _FROM_LITERAL}


def may_have_commands(words_of_text: set[str]) -> bool:
    """Whether a text has a command of the vocabulary with a flag that takes a login or a password.

    Args:
        words_of_text: its words.
    """
    code = vocabulary()["code"]
    if not _without_flags().isdisjoint(words_of_text):
        return True
    flags = words("code", "user_flags") | set(code["password_flags"].values())
    attached = code["attached_password_flags"]
    if flags.isdisjoint(words_of_text) and attached.keys().isdisjoint(words_of_text):
        return False
    names = {word.rsplit("/", 1)[-1] for word in words_of_text}
    return (
        not attached.keys().isdisjoint(names)
        or (not names.isdisjoint(("curl", "wget")) and not words("code", "user_flags").isdisjoint(names))
        or any(names.issuperset((*command.split(), flag)) for command, flag in code["password_flags"].items())
    )


def _given_as_input(text: str) -> Iterator[Found]:
    """Passwords that a command reads: ``echo ... | docker login --password-stdin``, ``chpasswd <<< ...``."""
    readers = words("code", "piped_passwords")
    matches = [(match, 1, match[2].split()) for match in _PIPED.finditer(text)] if "|" in text else []
    matches += [(match, 2, [match[1]]) for match in _HERE.finditer(text)] if "<<" in text else []
    for match, group, reader in matches:
        if readers.isdisjoint(reader):
            continue
        start, end = match.span(group)
        if text[start] in "\"'":
            start, end = start + 1, end - 1
        if "chpasswd" in reader:
            start += text[start:end].find(":") + 1
        if not is_reference(text[start:end]) and not exemptions.active().covers_span(text, start, end):
            yield Found(start, end, "a password on a command line")


def _unquoted(argument: re.Match[str]) -> tuple[int, str]:
    """Start and text of an argument without its quotes."""
    quoted = argument[0][0] in "\"'" and len(argument[0]) > 1
    return (argument.start() + 1, argument[0][1:-1]) if quoted else (argument.start(), argument[0])


def find_in_commands(text: str) -> Iterator[Found]:
    """Passwords in the commands of a text. One command ends at the end of its line, or at ``;``, ``|`` or ``&``."""
    yield from _given_as_input(text)
    at = 0
    for command in _COMMAND.finditer(text):
        if command.start() < at:
            continue
        end = _ENDS.search(text, command.end(), command.end() + _LONGEST)
        at = command.end() + _LONGEST if end is None else end.start()
        spans = [_unquoted(each) for each in _ARGUMENT.finditer(text, command.start(1), at)]
        arguments = [argument for _, argument in spans]
        flags = _flags_of(arguments[:3])
        for index in range(1, len(arguments)):
            secret = _of_command(arguments, index) or _secret_at(arguments, index, *flags)
            if secret is not None:
                start, stop = spans[index][0] + secret[0], spans[index][0] + secret[1]
                if not exemptions.active().covers_span(text, start, stop):
                    login = arguments[index - 1] in words("code", "user_flags") or arguments[index].startswith("--")
                    yield Found(start, stop, f"a {'login' if login else 'password'} on a command line")
