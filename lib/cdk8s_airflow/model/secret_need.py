"""Secrets that must exist before the platform can start, and commands that create each one without showing its content.

The commands keep secrets off command lines and out of files: a random value goes through a pipe, a typed one through a
prompt that does not echo. ``printf`` is a shell builtin, so its arguments do not appear in the process list.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from urllib.parse import quote

from cdk8s_airflow.model import secret_recipe as recipes
from cdk8s_airflow.model import secret_reference as contracts
from cdk8s_airflow.model.database_login import DatabaseLogin, DatabasePasswords
from cdk8s_airflow.validation.frozen import frozen

_ESCAPE_JSON = "sed 's/[\\\\\"]/\\\\&/g'"
_DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"


@frozen
class SecretNeed:
    """A Secret that must exist for the platform to start.

    Attributes:
        name: the name of the Secret.
        namespace: its namespace.
        keys: each key -> a description of its content.
        purpose: what reads the Secret, and for what.
        command: a bash command that creates the Secret with ``kubectl``.
        type: the type of the Secret. Default: ``"Opaque"``.
        awaited: whether pods of the release cannot start without it. The migration Job then waits for it. Default:
            True.
        added: a bash command that adds the keys to an existing Secret. Default: empty; the keys are in a Secret of
            their own.
        labels: labels that the reader requires. Default: empty.
        recipe: how each key is generated. Keys that only the user can provide are not in it. Default: empty.
        existing: when to use ``copy_command`` instead of ``command``. Default: empty; ``command`` is always right.
        copy_command: a bash command that creates the Secret for an existing database. Default: empty.
        login: the user of a database whose password is the content of the only key. If the database is part of the same
            app, the password is copied (:func:`derived`). Default: None.
        reads: namespace and name of each Secret that ``command`` reads, beyond those in ``recipe``. Default: empty.
    """

    name: str
    namespace: str
    keys: Mapping[str, str]
    purpose: str
    command: str
    type: str = "Opaque"
    awaited: bool = True
    added: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    recipe: recipes.Recipe = field(default_factory=dict)
    existing: str = ""
    copy_command: str = ""
    login: DatabaseLogin | None = None
    reads: tuple[tuple[str, str], ...] = ()

    @property
    def sources(self) -> frozenset[tuple[str, str]]:
        """Namespace and name of each Secret that its content is copied from."""
        return frozenset([*self.reads, *(each[:2] for each in recipes.sources(self.recipe))])

    @property
    def can_be_generated(self) -> bool:
        """Whether every key can be generated without input of the user."""
        return self.keys.keys() <= self.recipe.keys()


def merged(needs: Iterable[SecretNeed]) -> list[SecretNeed]:
    """The needs with each Secret once: a Secret with several readers has the keys of all of them, in their order."""
    whole: dict[tuple[str, str], SecretNeed] = {}
    for need in needs:
        place = (need.namespace, need.name)
        first = whole.get(place)
        whole[place] = need if first is None else _joined(first, need)
    return list(whole.values())


def _joined(first: SecretNeed, need: SecretNeed) -> SecretNeed:
    """One Secret with the keys of two needs. The command of a need with all keys of the other creates both."""
    base, other = (need, first) if first.keys.keys() < need.keys.keys() else (first, need)
    more = other.added if not other.keys.keys() <= base.keys.keys() else ""
    return replace(
        base,
        keys={**base.keys, **{key: content for key, content in other.keys.items() if key not in base.keys}},
        purpose="; ".join(dict.fromkeys((*first.purpose.split("; "), need.purpose))),
        awaited=first.awaited or need.awaited,
        existing=first.existing or need.existing,
        copy_command=first.copy_command or need.copy_command,
        labels={**need.labels, **first.labels},
        recipe=recipes.joined(base.recipe, other.recipe),
        command=f"{base.command}\n    {more}" if more else base.command,
        login=base.login if not more else None,
        reads=(*base.reads, *(other.reads if more else ())),
    )


def sources_first(needs: Iterable[SecretNeed]) -> list[SecretNeed]:
    """Each Secret after those that it copies from; otherwise first those that copy nothing, by namespace and name."""
    waiting = sorted(needs, key=lambda need: (bool(need.sources), need.namespace, need.name))
    ordered: list[SecretNeed] = []
    while waiting:
        names = {(need.namespace, need.name) for need in waiting}
        free = [need for need in waiting if not names & need.sources] or waiting[:1]
        ordered += free
        waiting = [need for need in waiting if need not in free]
    return ordered


def derived(need: SecretNeed, passwords: DatabasePasswords) -> SecretNeed:
    """The need with a command and a recipe that copy the password, if another Secret of the app contains it."""
    source = None if need.login is None else passwords.get(need.login)
    if source is None or need.login is None or (source.namespace, source.secret) == (need.namespace, need.name):
        return need
    (key,) = need.keys
    copied = free_key(
        contracts.SecretKey(need.name, key),
        need.namespace,
        need.purpose,
        content=f"the password of {need.login.user}, as in Secret {source.namespace}/{source.secret}",
        source=_copied_value(source.namespace, source.secret, source.key),
    )
    recipe = {key: (recipes.taken(source.namespace, source.secret, source.key, form="plain"),)}
    return replace(copied, awaited=need.awaited, type=need.type, recipe=recipe)


def _copied_value(namespace: str, secret: str, key: str) -> str:
    """A shell command that prints a key of a Secret, and fails if there is none."""
    path = key.replace(".", "\\.")
    read = f"kubectl -n {namespace} get secret {secret} -o jsonpath='{{.data.{path}}}' | base64 -d"
    return f'ANSWER=$({read}) && [ -n "$ANSWER" ] && printf %s "$ANSWER"'


_PERCENT_ENCODE = "python3 -c 'import sys, urllib.parse; print(end=urllib.parse.quote(sys.stdin.read(), \"\"))'"


def _create(namespace: str, name: str, source: str, *, type_: str = "Opaque") -> str:
    typed = "" if type_ == "Opaque" else f" --type={type_}"
    return f"kubectl -n {namespace} create secret generic {name}{typed} {source}"


def _from_stdin(key: str) -> str:
    return f"--from-file={key}=/dev/stdin"


def random_key(ref: contracts.SecretReference, namespace: str, purpose: str) -> SecretNeed:
    """A Secret with one random key: 32 bytes in URL-safe base64, the format of a Fernet key and long enough for every
    other key.
    """
    (key,) = ref.keys
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=purpose,
        command=f"openssl rand -base64 32 | tr '+/' '-_' | tr -d '\\n' | {_create(namespace, ref.name, _from_stdin(key))}",
        recipe={key: (recipes.random_key(),)},
    )


def fernet_key(ref: contracts.FernetKeySecret, namespace: str, purpose: str) -> SecretNeed:
    """A Secret with the Fernet key. A new key cannot decrypt what is in an existing database."""
    read = "kubectl -n OLD_NAMESPACE get secret OLD_NAME -o jsonpath='{.data.fernet-key}' | base64 -d"
    create = _create(namespace, ref.name, _from_stdin("fernet-key"))
    return replace(
        random_key(ref, namespace, purpose),
        existing="A database with connections or variables needs the key that encrypted them; with a new key, Airflow cannot "
        "read them. For such a database, copy the Secret with its key:",
        copy_command=f'ANSWER=$({read}) && [ -n "$ANSWER" ] && printf %s "$ANSWER" | {create}; unset ANSWER',
    )


def basic_auth(ref: contracts.BasicAuthSecret, namespace: str, *, username: str, purpose: str) -> SecretNeed:
    """A given user name with a random password of letters and digits, which needs no encoding in a URL.

    CloudNativePG reloads a changed Secret only if it has the label ``cnpg.io/reload``.
    """
    create = _create(namespace, ref.name, "--from-env-file=/dev/stdin", type_=ref.type)
    label = f"kubectl -n {namespace} label secret {ref.name} cnpg.io/reload=true"
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={"username": f"exactly {username!r}, the name of the role", "password": "its password"},
        purpose=purpose,
        type=ref.type,
        command=f"printf 'username={username}\\npassword=%s\\n' \"$(openssl rand -hex 24)\" | {create} && {label}",
        labels={"cnpg.io/reload": "true"},
        recipe={"username": (recipes.text(username),), "password": (recipes.random_password(),)},
    )


def dsn_copied(name: str, namespace: str, *, source: tuple[str, str], url: tuple[str, str], purpose: str) -> SecretNeed:
    """A database URL with the password of another Secret, percent-encoded.

    If the other Secret is missing, the command creates nothing, so that no URL without a password is stored.

    Args:
        source: namespace and name of the Secret with the password.
        url: the text before and after the password.
    """
    before, after = url
    there, secret = source
    read = f"kubectl -n {there} get secret {secret} -o jsonpath='{{.data.password}}' | base64 -d"
    create = _create(namespace, name, _from_stdin("connection"))
    return SecretNeed(
        name=name,
        namespace=namespace,
        keys={"connection": f"{before}PASSWORD{after}"},
        purpose=purpose,
        command=(
            f'ANSWER=$({read} | {_PERCENT_ENCODE}) && [ -n "$ANSWER" ] && '
            f"printf '{before}%s{after}' \"$ANSWER\" | {create}; unset ANSWER"
        ),
        recipe={"connection": (recipes.text(before), recipes.taken(there, secret, "password"), recipes.text(after))},
    )


def dsn_typed(name: str, namespace: str, purpose: str) -> SecretNeed:
    """A database URL that the user types at a prompt."""
    return SecretNeed(
        name=name,
        namespace=namespace,
        keys=contracts.DsnSecret.keys,
        purpose=purpose,
        command=(
            "read -rsp 'Database URL: ' ANSWER </dev/tty && printf '%s' \"$ANSWER\" | "
            f"{_create(namespace, name, _from_stdin('connection'))}; unset ANSWER"
        ),
    )


def pgbouncer_login(
    ref: contracts.PgBouncerSecret,
    namespace: str,
    purpose: str,
    *,
    source: contracts.SecretKey,
    user: str,
    include: str,
) -> SecretNeed:
    """A database login in the format of PgBouncer, with the password of another Secret. Creates nothing if that Secret
    is missing.

    Args:
        source: the key of the Secret that holds the password.
        user: the database user.
        include: the only line of ``pgbouncer.ini``.
    """
    key = source.key.replace(".", "\\.")
    read = f"kubectl -n {namespace} get secret {source.name} -o jsonpath='{{.data.{key}}}' | base64 -d"
    name = shlex.quote(user.replace('"', '""'))
    encoded = quote(user, safe="").replace("%", "%%")
    users = f'printf \'"%s" "%s"\\n\' {name} "$({read} | sed \'s/"/""/g\')"'
    url = (
        f"printf 'postgresql://{encoded}:%s@127.0.0.1:6543/pgbouncer?sslmode=disable' \"$({read} | {_PERCENT_ENCODE})\""
    )
    files = f"--from-file=users.txt=<({users}) --from-file=connection=<({url})"
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={**ref.keys, "pgbouncer.ini": f"exactly {include!r}", "users.txt": f'one line: "{user}" "PASSWORD"'},
        purpose=purpose,
        command=(
            f'[ -n "$({read})" ] && '
            + _create(namespace, ref.name, f"--from-literal=pgbouncer.ini={shlex.quote(include)} {files}")
        ),
        reads=((namespace, source.name),),
    )


def git_token(ref: contracts.GitTokenSecret, namespace: str, purpose: str) -> SecretNeed:
    """User and token of a git host, typed at a prompt, under all four keys."""
    lines = " ".join(
        f'"{key}=${"ACCOUNT" if key.endswith("USERNAME") else "ANSWER"}"' for key in contracts.GitTokenSecret.keys
    )
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=purpose,
        command=(
            "read -rp 'Git user: ' ACCOUNT </dev/tty && read -rsp 'Git token: ' ANSWER </dev/tty && "
            f"printf '%s\\n' {lines} | {_create(namespace, ref.name, '--from-env-file=/dev/stdin')}; unset ANSWER"
        ),
    )


def git_connection(ref: contracts.SecretKey, namespace: str, *, repo: str, purpose: str) -> SecretNeed:
    """An Airflow connection to a git repository as JSON: for HTTPS, user and token are typed; for SSH, the JSON is
    pasted.
    """
    create = _create(namespace, ref.name, _from_stdin(ref.key))
    host = json.dumps(repo)
    if repo.startswith("https://"):
        content = f'{{"conn_type": "git", "host": {host}, "login": USER, "password": TOKEN}}'
        typed = " ".join(f'"$(printf %s "${name}" | {_ESCAPE_JSON})"' for name in ("ACCOUNT", "ANSWER"))
        command = (
            "read -rp 'Git user: ' ACCOUNT </dev/tty && read -rsp 'Git token: ' ANSWER </dev/tty && "
            f'printf \'{{"conn_type": "git", "host": %s, "login": "%s", "password": "%s"}}\' {shlex.quote(host)} '
            f"{typed} | {create}; unset ANSWER"
        )
    else:
        extra = '{"private_key": KEY, "strict_host_key_checking": "yes"}'
        content = f'{{"conn_type": "git", "host": {host}, "extra": {extra}}}'
        command = f"{create} </dev/tty  # paste the JSON, then Ctrl-D"
    return SecretNeed(name=ref.name, namespace=namespace, keys={ref.key: content}, purpose=purpose, command=command)


def registry_login(ref: contracts.PullSecret, namespace: str, *, registries: tuple[str, ...]) -> SecretNeed:
    """User and password of image registries, typed at a prompt.

    No Job waits for it: without it, the image of the waiting pod could not be pulled.

    Args:
        registries: the hosts. Docker Hub is stored under the address that container engines use for it.
    """
    typed, entries = [], []
    for index, host in enumerate(registries):
        typed.append(
            f"read -rp 'User of {host}: ' ACCOUNT </dev/tty && read -rsp 'Password: ' ANSWER </dev/tty && "
            f"LOGIN{index}=$(printf '%s:%s' \"$ACCOUNT\" \"$ANSWER\" | base64 | tr -d '\\n') && "
        )
        entries.append(f'"{_DOCKER_HUB_LOGIN if host == "docker.io" else host}":{{"auth":"%s"}}')
    logins = [f"LOGIN{index}" for index in range(len(registries))]
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=f"pulls images from {' and '.join(registries)}",
        type=ref.type,
        awaited=False,
        command=(
            f"{''.join(typed)}printf '{{\"auths\":{{{','.join(entries)}}}}}' {' '.join(chr(34) + '$' + login + chr(34) for login in logins)}"
            f" | {_create(namespace, ref.name, _from_stdin('.dockerconfigjson'), type_=ref.type)}; unset ANSWER {' '.join(logins)}"
        ),
    )


def pasted(
    ref: contracts.SecretReference,
    namespace: str,
    purpose: str,
    *,
    key: str,
    plain: Mapping[str, str] | None = None,
    awaited: bool = True,
) -> SecretNeed:
    """A Secret whose secret key is pasted into the terminal and ended with Ctrl-D. Keys that are not secret come from
    files.

    Args:
        key: the key whose content is pasted.
        plain: the keys that are not secret -> the file of each.
        awaited: whether pods of the release cannot start without it.
    """
    files = "".join(f" --from-file={other}={path}" for other, path in (plain or {}).items())
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=purpose,
        type=ref.type,
        awaited=awaited,
        command=f"{_create(namespace, ref.name, _from_stdin(key), type_=ref.type)}{files} </dev/tty  # paste {key}, then Ctrl-D",
    )


def random_password(ref: contracts.SecretReference, namespace: str, purpose: str, *, before: str = "") -> SecretNeed:
    """A Secret with one random password of letters and digits, which needs no encoding in a URL or quoting in a shell.

    Args:
        before: the text before the password in the same key, such as a user and a colon.
    """
    (key,) = ref.keys
    password = '"$(openssl rand -hex 24)"'
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=purpose,
        command=f"printf '{before}%s' {password} | {_create(namespace, ref.name, _from_stdin(key))}",
        recipe={key: (*((recipes.text(before),) if before else ()), recipes.random_password())},
    )


def composed_url(
    ref: contracts.SecretReference,
    namespace: str,
    purpose: str,
    *,
    source: contracts.SecretReference,
    url: tuple[str, str],
) -> SecretNeed:
    """A URL with the password of another Secret in the same namespace. Creates nothing if that Secret is missing.

    Args:
        source: the Secret with the password, in its only key.
        url: the text before and after the password.
    """
    (key,), (password_key,) = ref.keys, source.keys
    before, after = url
    read = f"kubectl -n {namespace} get secret {source.name} -o jsonpath='{{.data.{password_key}}}' | base64 -d"
    create = _create(namespace, ref.name, _from_stdin(key))
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={key: f"{before}PASSWORD{after}, with the password of {source.name}"},
        purpose=purpose,
        command=(
            f'ANSWER=$({read}) && [ -n "$ANSWER" ] && printf \'{before}%s{after}\' "$ANSWER" | {create}; unset ANSWER'
        ),
        recipe={
            key: (recipes.text(before), recipes.taken(namespace, source.name, password_key), recipes.text(after)),
        },
    )


def typed(ref: contracts.SecretReference, namespace: str, purpose: str, *, prompt: str) -> SecretNeed:
    """A Secret with one key that is typed at a prompt without echo."""
    (key,) = ref.keys
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys=ref.keys,
        purpose=purpose,
        command=(
            f"read -rsp '{prompt}: ' ANSWER </dev/tty && printf '%s' \"$ANSWER\" | "
            f"{_create(namespace, ref.name, _from_stdin(key))}; unset ANSWER"
        ),
    )


def login_typed(ref: contracts.BasicAuthSecret, namespace: str, *, host: str, purpose: str) -> SecretNeed:
    """User and password of a server, typed at a prompt. No pod of the release reads it."""
    create = _create(namespace, ref.name, "--from-env-file=/dev/stdin", type_=ref.type)
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={"username": f"the user of {host}", "password": "its password"},
        purpose=purpose,
        type=ref.type,
        awaited=False,
        command=(
            f"read -rp 'User of {host}: ' ACCOUNT </dev/tty && read -rsp 'Password: ' ANSWER </dev/tty && "
            f'printf \'%s\\n\' "username=$ACCOUNT" "password=$ANSWER" | {create}; unset ANSWER'
        ),
    )


def argo_repository(ref: contracts.BasicAuthSecret, namespace: str, *, url: str, oci: bool, purpose: str) -> SecretNeed:
    """A repository of Argo CD: address, user and password in a Secret that Argo CD selects by a label.

    Args:
        url: the repository, as in the Application.
        oci: whether the repository is an OCI registry.
    """
    plain = {"url": url, "type": "helm", "name": ref.name, **({"enableOCI": "true"} if oci else {})}
    lines = " ".join(f'"{key}={value}"' for key, value in plain.items())
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={
            **{key: f"exactly {value!r}" for key, value in plain.items()},
            "username": "the user",
            "password": "its password",
        },
        purpose=f"{purpose}; with the label argocd.argoproj.io/secret-type: repository",
        awaited=False,
        command=(
            f"read -rp 'User of {url}: ' ACCOUNT </dev/tty && read -rsp 'Password: ' ANSWER </dev/tty && "
            f'printf \'%s\\n\' {lines} "username=$ACCOUNT" "password=$ANSWER" | '
            f"{_create(namespace, ref.name, '--from-env-file=/dev/stdin')} && "
            f"kubectl -n {namespace} label secret {ref.name} argocd.argoproj.io/secret-type=repository; unset ANSWER"
        ),
    )


def authority(ref: contracts.SecretKey, namespace: str, purpose: str) -> SecretNeed:
    """The certificate of a certificate authority, read from a file. It is not secret, but Flux reads it from a
    Secret.
    """
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={ref.key: "the certificate, in PEM"},
        purpose=purpose,
        awaited=False,
        command=_create(namespace, ref.name, f"--from-file={ref.key}=ca.pem"),
    )


def free_key(
    ref: contracts.SecretKey,
    namespace: str,
    purpose: str,
    *,
    content: str,
    source: str = "",
    login: DatabaseLogin | None = None,
) -> SecretNeed:
    """One key of a Secret that may have other keys, typed at a prompt without echo.

    Args:
        content: a description of the content.
        source: a shell command that prints the content, instead of the prompt.
        login: the user of a database whose password it is.
    """
    printed = source or f"read -rsp '{ref.name}/{ref.key}: ' ANSWER </dev/tty && printf '%s' \"$ANSWER\""
    create = _create(namespace, ref.name, _from_stdin(ref.key))
    forget = "; unset ANSWER" if "ANSWER" in printed else ""
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={ref.key: content},
        purpose=purpose,
        command=f"{printed} | {create}{forget}",
        added=(
            f"{printed} | {create} --dry-run=client -o yaml | "
            f"kubectl -n {namespace} apply --server-side --field-manager={ref.key} -f -{forget}"
        ),
        login=login,
    )


ADMIN = "admin"
"""The user name of a generated account. Its password is random."""


def account(ref: contracts.BasicAuthSecret, namespace: str, purpose: str) -> SecretNeed:
    """A user name that is typed at a prompt, with a random password of letters and digits."""
    create = _create(namespace, ref.name, "--from-env-file=/dev/stdin", type_=ref.type)
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={"username": "the name to log in with", "password": "its password"},
        purpose=purpose,
        type=ref.type,
        command=(
            "read -rp 'User name: ' ACCOUNT </dev/tty && "
            f'printf \'username=%s\\npassword=%s\\n\' "$ACCOUNT" "$(openssl rand -hex 24)" | {create}'
        ),
        recipe={"username": (recipes.text(ADMIN),), "password": (recipes.random_password(),)},
    )


ANY_KEY = "*"
"""A key in ``SecretNeed.keys`` that means the whole Secret, whatever the names of its keys are."""


def whole(ref: contracts.ExistingSecret, namespace: str, purpose: str) -> SecretNeed:
    """A Secret each of whose keys is an environment variable, pasted as lines ``NAME=VALUE``."""
    create = _create(namespace, ref.name, "--from-env-file=/dev/stdin")
    return SecretNeed(
        name=ref.name,
        namespace=namespace,
        keys={ANY_KEY: "each key is the name of a variable"},
        purpose=purpose,
        command=f"{create} </dev/tty  # paste lines NAME=VALUE, then Ctrl-D",
    )


_PROMPTS: Mapping[str, str] = {
    "ACCESS_KEY": "Access key",
    "SECRET_KEY": "Secret key",
    "ACCOUNT_KEY": "Account key",
}


def airflow_connection(
    ref: contracts.SecretKey, namespace: str, purpose: str, *, connection: Mapping[str, object]
) -> SecretNeed:
    """An Airflow connection as JSON, with secret values that are typed at a prompt or read from a key file.

    Args:
        connection: the connection. A secret value is a placeholder: ``ACCESS_KEY``, ``SECRET_KEY`` or ``ACCOUNT_KEY``
            for a prompt, ``KEY_FILE`` for the JSON in the file ``key.json``.
    """
    content = json.dumps(connection)
    form, reads, values = content.replace("%", "%%"), [], []
    found = sorted((word for word in (*_PROMPTS, "KEY_FILE") if f'"{word}"' in content), key=content.index)
    for word in found:
        if word == "KEY_FILE":
            form = form.replace(f'"{word}"', "%s")
            values.append("\"$(tr -d '\\n' < key.json)\"")
        else:
            form = form.replace(f'"{word}"', '"%s"')
            reads.append(f"read -rsp '{_PROMPTS[word]}: ' {word} </dev/tty && ")
            values.append(f'"$(printf %s "${word}" | {_ESCAPE_JSON})"')
    source = f"{''.join(reads)}printf {shlex.quote(form)} {' '.join(values)}"
    need = free_key(ref, namespace, purpose, content=content, source=source)
    forget = f"; unset {' '.join(word for word in found if word != 'KEY_FILE')}" if reads else ""
    return replace(need, command=need.command + forget, added=need.added + forget)
