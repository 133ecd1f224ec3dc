"""Finds passwords in the arguments of commands: ``curl -u user:password``, ``sshpass -p password``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secret_scan import exemptions
from cdk8s_airflow.secret_scan.found import Found
from cdk8s_airflow.secret_scan.references import is_reference
from cdk8s_airflow.secret_scan.values import is_secret_value
from cdk8s_airflow.secret_scan.vocabulary import vocabulary, words

_ARGUMENT = regex(r"\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|[^\s\"']{1,512}")
_COMMAND = regex(
    r"(?:^|[\s/\"'`(\[;|&])(airflow|az|curl|docker|helm|ldapsearch|ldapwhoami|mariadb|mongodump|mongorestore|mongosh|mysql|mysqladmin|mysqldump|openssl|redis-cli|sshpass|wget)[\s\"']"
)
_ENDS = regex(r"[\n;|&]")
_LONGEST: Final = 2000


def secret_argument(arguments: Sequence[object], index: int) -> tuple[int, int] | None:
    """Where an argument of a command holds a secret: start and end in the argument, or None.

    Args:
        arguments: the arguments, the command first.
        index: which one.
    """
    return _secret_at(arguments, index, *_flags_of(arguments[:3]))


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


def may_have_commands(words_of_text: set[str]) -> bool:
    """Whether a text has a command of the vocabulary with a flag that takes a login or a password.

    Args:
        words_of_text: its words.
    """
    code = vocabulary()["code"]
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


def _unquoted(argument: re.Match[str]) -> tuple[int, str]:
    """Start and text of an argument without its quotes."""
    quoted = argument[0][0] in "\"'" and len(argument[0]) > 1
    return (argument.start() + 1, argument[0][1:-1]) if quoted else (argument.start(), argument[0])


def find_in_commands(text: str) -> Iterator[Found]:
    """Passwords in the commands of a text. One command ends at the end of its line, or at ``;``, ``|`` or ``&``."""
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
            secret = _secret_at(arguments, index, *flags)
            if secret is not None:
                start, stop = spans[index][0] + secret[0], spans[index][0] + secret[1]
                if not exemptions.active().covers_span(text, start, stop):
                    login = arguments[index - 1] in words("code", "user_flags") or arguments[index].startswith("--")
                    yield Found(start, stop, f"a {'login' if login else 'password'} on a command line")
