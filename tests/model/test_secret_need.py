"""The commands that create Secrets, executed with the real kubectl but without a cluster.

A script named kubectl precedes the real one in the PATH. It records its arguments, lets the real kubectl print the Secret
instead of sending it, and returns a fixed answer to ``kubectl get secret``.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model import secret_reference as contracts
from cdk8s_airflow.model.secret_need import SecretNeed
from cdk8s_airflow.storage import store_credentials as storage_needs
from cdk8s_airflow.storage.object_storage import ObjectStorage, S3Credentials
from tests.helm.rendering import charts_folder
from tests.terminal import run_in_terminal
from tests.truth import assert_accepted

COPIED = "s3cr/3t+From@The:Cluster%"
NASTY = r"""p%s"w$(o)r'd\n `x` #1;&|"""


def real_kubectl() -> str | None:
    """The kubectl next to the charts, otherwise the one in the PATH."""
    folder = charts_folder()
    adjacent = folder / "bin" / "kubectl" if folder else None
    return str(adjacent) if adjacent and adjacent.is_file() else shutil.which("kubectl")


KUBECTL = real_kubectl()
with_kubectl = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl on this machine")


@dataclass
class Made:
    """The Secret that a command created, and its calls of kubectl."""

    secret: dict[str, Any]
    calls: list[list[str]]
    output: str

    @property
    def data(self) -> dict[str, str]:
        return {key: base64.b64decode(value).decode() for key, value in self.secret["data"].items()}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run the command of a need in bash, with typed input."""
    log = tmp_path / "calls"
    log.mkdir()
    shim = tmp_path / "bin" / "kubectl"
    shim.parent.mkdir()
    shim.write_text(
        "#!/usr/bin/env bash\n"
        f"printf '%s\\0' \"$@\" > {log}/$EPOCHREALTIME.$$\n"
        'for word in "$@"; do\n'
        f'  if [ "$word" = get ]; then printf %s {COPIED} | base64 -w0; exit 0; fi\n'
        '  if [ "$word" = label ]; then exit 0; fi\n'
        "done\n"
        f'exec {KUBECTL} "$@" --dry-run=client -o json\n',
        encoding="utf-8",
    )
    shim.chmod(0o755)

    def runner(need: SecretNeed, typed: str = "", files: dict[str, str] | None = None) -> Made:
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        done = run_in_terminal(
            ["bash", "-c", need.command],
            typed=typed,
            cwd=tmp_path,
            env={"PATH": f"{shim.parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "KUBECONFIG": "/dev/null"},
        )
        assert done.returncode == 0, done.stderr
        # One file for each call, named after its time, because the processes of a pipe run in parallel.
        calls = [call.read_text(encoding="utf-8").split("\0")[:-1] for call in sorted(log.iterdir())]
        left = {file.name for file in tmp_path.iterdir()} - {"calls", "bin", ".kube", *(files or {})}
        assert left == set(), "a command left a file behind"
        return Made(secret=json.loads(done.stdout), calls=calls, output=done.stderr)

    return runner


def assert_made(made: Made, need: SecretNeed) -> None:
    """Name, namespace, type and keys match the need, and no secret was an argument of a process."""
    assert_accepted([made.secret])
    metadata = made.secret["metadata"]
    assert (metadata["name"], metadata["namespace"]) == (need.name, need.namespace)
    assert made.secret.get("type", "Opaque") == need.type
    assert set(made.data) == set(need.keys)
    secrets = [value for key, value in made.data.items() if not key.lower().endswith("username")]
    arguments = [argument for call in made.calls for argument in call]
    assert arguments
    assert secrets
    assert not [argument for argument in arguments for secret in (*secrets, COPIED) if secret in argument]
    assert not [secret for secret in secrets if secret in made.output or secret in need.command]


@with_kubectl
@pytest.mark.parametrize(
    "contract",
    [
        contracts.FernetKeySecret,
        contracts.ApiSecretKeySecret,
        contracts.JwtSecret,
        contracts.WebserverSecretKeySecret,
    ],
)
def test_random_key_is_a_valid_fernet_key_and_different_each_time(run: Any, contract: type) -> None:
    need = needs.random_key(contract("k"), "airflow", "signs")
    one, two = run(need), run(need)
    assert_made(one, need)
    (value,) = one.data.values()
    assert len(base64.urlsafe_b64decode(value)) == 32
    assert len(value) == 44
    assert set(value).isdisjoint("+/\n")
    assert one.data != two.data


@with_kubectl
def test_database_owner_gets_a_random_password_that_is_safe_in_urls(run: Any) -> None:
    need = needs.basic_auth(contracts.BasicAuthSecret("login"), "data", username="robot", purpose="owns")
    made = run(need)
    assert_made(made, need)
    assert made.data["username"] == "robot"
    assert len(made.data["password"]) == 48
    assert made.data["password"].isalnum()
    assert made.calls[-1] == ["-n", need.namespace, "label", "secret", need.name, "cnpg.io/reload=true"]


@with_kubectl
def test_dsn_copied_uses_the_password_of_another_namespace(run: Any) -> None:
    url = ("postgresql://robot:", "@airflow-pg-rw.data.svc:5432/flows")
    need = needs.dsn_copied("metadata", "airflow", source=("data", "login"), url=url, purpose="the URL")
    made = run(need)
    assert_made(made, need)
    assert made.data == {"connection": quote(COPIED, safe="").join(url)}
    assert ["-n", "data", "get", "secret", "login", "-o", "jsonpath={.data.password}"] in made.calls


COPIES = {
    "url": needs.dsn_copied("metadata", "airflow", source=("data", "pg-app"), url=("a:", "@b"), purpose="the URL"),
    "broker": needs.composed_url(
        contracts.BrokerUrlSecret("broker"),
        "airflow",
        "the broker",
        source=contracts.RedisPasswordSecret("pg-app"),
        url=("redis://:", "@redis:6379/0"),
    ),
    "pgbouncer": needs.pgbouncer_login(
        contracts.PgBouncerSecret("login"),
        "airflow",
        "logs in",
        source=contracts.SecretKey("pg-app", "password"),
        user="airflow",
        include="%include x",
    ),
    "bucket": storage_needs.login(
        S3Credentials("pg-app"),
        ObjectStorage(scheme="s3", endpoint="http://store.storage.svc:8333", credentials_namespace="storage"),
        "airflow",
        "tasks",
    ),
}
"""Needs that copy from another Secret named pg-app."""


@pytest.mark.parametrize("name", COPIES)
def test_copying_command_creates_nothing_if_the_source_secret_is_missing(name: str, tmp_path: Path) -> None:
    shim = tmp_path / "kubectl"
    shim.write_text(
        '#!/usr/bin/env bash\necho "called $*" >> calls\n[ "$3" = get ] && echo "pg-app not found" >&2 && exit 1\n',
        encoding="utf-8",
    )
    shim.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", COPIES[name].command],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    (call,) = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert " get secret pg-app" in call
    assert "pg-app not found" in done.stderr


@with_kubectl
def test_dsn_typed_does_not_echo_the_url(run: Any) -> None:
    need = needs.dsn_typed("metadata", "airflow", "the URL")
    typed = "postgresql://robot:a%40b@db.lab:5432/flows"
    made = run(need, f"{typed}\n")
    assert_made(made, need)
    assert made.data == {"connection": typed}


@with_kubectl
@pytest.mark.parametrize("token", ["glpat-0123", NASTY, "=a=b=", "'", '"'])
def test_git_token_stores_user_and_token_under_all_four_keys(run: Any, token: str) -> None:
    need = needs.git_token(contracts.GitTokenSecret("git"), "airflow", "reads")
    made = run(need, f"oauth2\n{token}\n")
    if len(token) > 1:
        assert_made(made, need)
    assert made.data == {
        "GITSYNC_USERNAME": "oauth2",
        "GITSYNC_PASSWORD": token,
        "GIT_SYNC_USERNAME": "oauth2",
        "GIT_SYNC_PASSWORD": token,
    }


@with_kubectl
@pytest.mark.parametrize("token", ["glpat-0123", NASTY])
@pytest.mark.parametrize("registries", [("docker.io",), ("r.lab:5000", "ghcr.io")])
def test_registry_login_has_the_format_of_docker_login(run: Any, token: str, registries: tuple[str, ...]) -> None:
    need = needs.registry_login(contracts.PullSecret("login"), "airflow", registries=registries)
    made = run(need, f"robot\n{token}\n" * len(registries))
    assert_made(made, need)
    written = json.loads(made.data[".dockerconfigjson"])
    hosts = ["https://index.docker.io/v1/" if host == "docker.io" else host for host in registries]
    login = {"auth": base64.b64encode(f"robot:{token}".encode()).decode()}
    assert written == {"auths": dict.fromkeys(hosts, login)}
    assert token not in str(made.calls)


@with_kubectl
@pytest.mark.parametrize("token", ["glpat-0123", NASTY])
def test_git_connection_over_https_prompts_for_user_and_token(run: Any, token: str) -> None:
    repo = "https://git.lab/it's%20a.git"
    need = needs.git_connection(contracts.SecretKey("git", "connection"), "airflow", repo=repo, purpose="reads")
    made = run(need, f"robot\n{token}\n")
    assert_made(made, need)
    assert json.loads(made.data["connection"]) == {
        "conn_type": "git",
        "host": repo,
        "login": "robot",
        "password": token,
    }
    assert token not in str(made.calls)


@with_kubectl
def test_git_connection_over_ssh_is_pasted(run: Any) -> None:
    need = needs.git_connection(contracts.SecretKey("git", "c"), "airflow", repo="git@h:d.git", purpose="reads")
    made = run(need, f'{{"conn_type": "git", "extra": "{COPIED}"}}')
    assert json.loads(made.data["c"])["conn_type"] == "git"


@with_kubectl
def test_ssh_key_is_pasted_with_its_newlines(run: Any) -> None:
    need = needs.pasted(contracts.GitSshSecret("ssh"), "airflow", "reads", key="gitSshKey")
    key = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{NASTY}\n-----END OPENSSH PRIVATE KEY-----\n"
    made = run(need, key)
    assert_made(made, need)
    assert made.data == {"gitSshKey": key}


@with_kubectl
def test_tls_key_is_pasted_and_the_certificate_read_from_a_file(run: Any) -> None:
    need = needs.pasted(contracts.TlsSecret("tls"), "airflow", "serves", key="tls.key", plain={"tls.crt": "tls.crt"})
    made = run(need, "a private key\n", {"tls.crt": "a certificate\n"})
    assert_made(made, need)
    assert made.data == {"tls.crt": "a certificate\n", "tls.key": "a private key\n"}


@with_kubectl
@pytest.mark.parametrize("versions", [("1.15.0", "2.9.3"), ("1.22.0", "3.2.2")], ids="-".join)
def test_every_command_of_the_homelab_example_creates_its_secret(run: Any, versions: tuple[str, str]) -> None:
    import main

    every = registry_of(main.build("k8s-single", *versions)).secrets
    assert len(every) >= 4
    for need in every.values():
        assert_made(run(need, "oauth2\nglpat-0123456789\n"), need)


@pytest.mark.parametrize("name", ["metadata", "a.b-c"])
def test_dsn_typed_command_contains_only_names(name: str) -> None:
    need = needs.dsn_typed(name, "airflow", "the URL")
    assert f"create secret generic {name} --from-file=connection=/dev/stdin" in need.command
    assert need.command.endswith("; unset ANSWER")
