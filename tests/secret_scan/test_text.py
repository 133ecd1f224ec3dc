"""Secrets are found in text of any language and in documents; what only sounds like one is not."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdk8s_airflow.app.secret_findings import manifest_findings, output_findings
from cdk8s_airflow.secret_scan import find_in_text, find_in_tree, looks_secret

ROOT = Path(__file__).parents[2]
WORD = "hunter2-canary"

TOKENS = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
    "a token of GitLab": "glpat-Xk29vLq8ZtR4mNp7cWy3",
    "a token of GitHub": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "a token of Slack": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzzqgy",
    "a webhook of Slack": "https://hooks.slack.com/services/T1B2C3D4E/B1B2C3D4E/aBcDeFgHiJkLmNoPqRsTuVwX",
    "a key of AWS": "AKIAQ3EGZ5XK7JYTRW2N",
    "a key of Google": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "a key of Azure": "AccountName=x;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq==",
    "a shared access signature of Azure": "https://x.blob.core.windows.net/c?sv=2024&sig=AbCdEf0123456789AbCdEf0123456789AbCdEf01234%3D",
    "a key of an AI service": "sk-proj-4f9aB2cD8eF1gH5iJ7kL",
    "a key of Stripe": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "a key of SendGrid": "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",
    "a token of npm": "npm_16C7e42F292c6912E7710c838347Ae178B4a",
    "a token of PyPI": "pypi-AgEIcHlwaS5vcmcCJDU3NzJlYzE3LWE4ZTUtNDk",
    "a token of Docker": "dckr_pat_16C7e42F292c6912E77",
    "a token of Vault": "hvs.CAESIJ9s8e7d6c5b4a3",
    "a token of Databricks": "dapi0123456789abcdef0123456789abcdef",
    "a token of Telegram": "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "a hash of a password": "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "a bearer token": "Authorization: Bearer 4f9aB2cD8eF1gH5iJ7kL",
    "a login in base64": "Authorization: Basic Y2k6aHVudGVyMi1jYW5hcnk=",
    "a fernet key": "kX9pQ2vN7wLr4TzY8bJ1mC6hF3sD5gA0eUiOoPqRsTw=",
    "a line of .pgpass": f"pg.acme.lab:5432:airflow:airflow:{WORD}",
    "a login for .netrc": f"machine gitlab.acme.lab login ci password {WORD}",
    "an address with a password in it": f"postgresql+asyncpg://airflow:{WORD}@pg.acme.lab:5432/airflow",
    "an address with a token in it": "https://1f2e3d4c5b6a79881f2e3d4c5b6a7988@sentry.acme.lab/1",
}


SHOWN_ON_PURPOSE = ("keep-secrets-out-of-manifests.md", "use-sealed-secrets.md")
"""Pages that show what happens to a secret in clear text."""

FRAGMENTS = ["password", "token", ":", "=", " ", "\n", "'", '"', "\\", "{{", "}}", "$", "${", "}", "(", ")", "name: ", "value: ", "kind: Secret", "data:",
             "://", "@", "curl -u ", "<", ">", "|", "- ", "x", "hunter2", "eyJ", "glpat-", "-----BEGIN RSA PRIVATE KEY-----", "machine a login b password "]  # fmt: skip
"""Pieces that the scanner reacts to."""


@pytest.mark.parametrize(("what", "text"), TOKENS.items(), ids=[what.replace(" ", "-") for what in TOKENS])
def test_token_is_found_anywhere(what: str, text: str) -> None:
    assert looks_secret(text)
    assert find_in_text(text)[0].what == what
    assert find_in_text(f"first line\nnote: see\n{text}\nlast line\n")
    assert next(iter(find_in_tree({"metadata": {"annotations": {"acme.lab/note": text}}})))[0] == (
        "metadata",
        "annotations",
        "acme.lab/note",
    )
    assert next(iter(find_in_tree({"items": [{"notes": ["x", text]}]})))[0] == ("items", 0, "notes", 1)
    assert find_in_text(base64.b64encode(text.encode()).decode())


def test_encoded_address_is_found() -> None:
    url = f"postgresql://airflow:{WORD}@pg.acme.lab/airflow"
    assert find_in_text(quote(url, safe=""))
    assert find_in_text(base64.b64encode(base64.b64encode(url.encode())).decode())
    assert find_in_text(base64.urlsafe_b64encode(url.encode()).decode().rstrip("="))


@pytest.mark.parametrize(
    "text",
    [
        f"password: {WORD}",
        f"password = {WORD}",
        f"password={WORD}",
        f'"password": "{WORD}"',
        f"'password': '{WORD}',",
        f'{{"user": "x", "password": "{WORD}"}}',
        f"DB_PASSWORD={WORD}",
        f"export PGPASSWORD='{WORD}'",
        f"- name: DB_PASSWORD\n  value: {WORD}",
        f"- value: {WORD}\n  name: DB_PASSWORD",
        f'{{"name": "DB_PASSWORD", "value": "{WORD}"}}',
        f"lake --password {WORD} --verbose",
        f"lake --password={WORD}",
        f"lake --client-secret {WORD}",
        f"java -Dlake.password={WORD}",
        f"password: |\n  {WORD}\n",
        f"host=pg user=airflow password={WORD} dbname=x",
        f"snowflake://acme/?password={WORD}&role=x",
        f"client_secret: {WORD}",
        f"apiToken: {WORD}",
        f"ALTER ROLE lake WITH PASSWORD '{WORD}';",
        f"[smtp]\nsmtp_password = {WORD}\n",
        "password: 12345678",
        "secret: 4f9aB2cD8eF1gH5iJ7kL",
        "token: a8f5f167f44f4964e6c998dee827110c",
        "PASSWORD1=Tr0ub4dor",
        f"curl -s -u ci:{WORD} https://lake.acme.lab",
        f'sh -c "curl --user=ci:{WORD} https://lake.acme.lab"',
        f"sshpass -p {WORD} ssh lake",
        f"redis-cli -h cache -a {WORD} ping",
        f"mysqldump -h db -uroot -p{WORD} sales",
        f"PGPASSWORD={WORD} psql -h db",
        f"CREATE ROLE lake LOGIN CONNECTION LIMIT 5 PASSWORD '{WORD}';",
        f"CREATE USER lake IDENTIFIED BY '{WORD}';",
        f"<password>{WORD}</password>",
        f'<add key="Password" value="{WORD}" />',
        f"requirepass {WORD}",
        f"[OUTPUT]\n    HTTP_Passwd  {WORD}\n",
        f"pw: {WORD}",
        f"passcode: {WORD}",
        f"ENV DB_PASSWORD {WORD}",
        f"db_password: {WORD}",
    ],
)
def test_literal_under_the_name_of_a_secret_is_found(text: str) -> None:
    (found,) = find_in_text(text)
    assert text[found.start : found.end] in (
        WORD,
        "12345678",
        "4f9aB2cD8eF1gH5iJ7kL",
        "a8f5f167f44f4964e6c998dee827110c",
        "Tr0ub4dor",
    )


@pytest.mark.parametrize(
    "text",
    [
        f'password = "{WORD}"',
        f'connect(user="x", password="{WORD}")',
        f'os.environ["DB_PASSWORD"] = "{WORD}"',
        f'os.getenv("DB_PASSWORD", "{WORD}")',
        f'Variable.get("lake_password", default_var="{WORD}")',
        f'requests.get(url, auth=("ci", "{WORD}"))',
        f'OAUTH = [{{"client_secret": "{WORD}"}}]',
        f"api_token = '{WORD}'",
        f'PASSWORD: str = "{WORD}"',
        f'k8s.V1EnvVar(name="DB_PASSWORD", value="{WORD}")',
        f'k8s.V1EnvVar("DB_PASSWORD", "{WORD}")',
        f'connect("host=db user=airflow password={WORD}")',
        f'client.set_password("{WORD}")',
    ],
)
def test_literal_in_python_is_found(text: str) -> None:
    (found,) = find_in_text(f"import os\n{text}\n", code=True)
    assert f"import os\n{text}\n"[found.start : found.end] == WORD
    assert find_in_text(f"import os\n{text}\n")
    indented = "".join(f"    {line}\n" for line in f"import os\n{text}".splitlines())
    assert find_in_text(f"data:\n  lake.py: |\n{indented}  other: x\n")


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        "password = connection.password",
        "connect(user=user, password=password)",
        'password = Variable.get("lake_password")',
        'password = os.environ["LAKE_PASSWORD"]',
        'os.getenv("LAKE_PASSWORD")',
        'password = f"{word}"',
        'password = "{{ conn.lake.password }}"',
        'token_url = "https://login.acme.lab/token"',
        'grant = {"token": "access_token"}',
        'hidden = {"password": "Leave blank (optional)"}',
        "def login(password: str, token: str | None = None) -> None: ...",
        'Secret("env", "SQL_CONN", "airflow-secrets", "sql_alchemy_conn")',
        "for key, value in passwords.items(): pass",
        'auth = "basic"',
    ],
)
def test_python_without_a_literal_is_not_reported(text: str) -> None:
    assert find_in_text(f"import os\n{text}\n") == []
    assert find_in_text(text, code=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "secretName: airflow-tls",
        "fernetKeySecretName: airflow-fernet-key",
        "credentialsSecret: airflow-git",
        "passwordSecret: airflow-redis",
        "secretKeyRef: {name: airflow-pg-app, key: password}",
        "secretKey: password",
        "- secretKey: connection\n  remoteRef:\n    key: airflow/metadata\n    property: password",
        "automountServiceAccountToken: false",
        "tokenSecretRef:\n  name: vault-token\n  key: token",
        "auth-secret: airflow-basic-auth",
        "nginx.ingress.kubernetes.io/auth-secret: airflow/basic-auth",
        "password: $(DB_PASSWORD)",
        "password: ${DB_PASSWORD}",
        "password: '{{ .password }}'",
        "password: <password>",
        "password: PASSWORD",
        "password: ''",
        "password: null",
        "password: '***'",
        "password_file: /run/secrets/password",
        "password: /run/secrets/password",
        "sql_alchemy_conn_secret: config/sql_alchemy_conn",
        "fernet_key_cmd: cat /run/fernet",
        "token_ttl: 86400",
        "max_tokens: 4096",
        "password_encryption: scram-sha-256",
        "primary_key: id",
        "keyboard: de",
        "bypass: everything",
        "compass = north",
        "https://gitlab.acme.lab/data/dags.git",
        "ssh://git@gitlab.acme.lab/data/dags.git",
        "git@gitlab.acme.lab:data/dags.git",
        "postgresql://USER:PASSWORD@HOST:5432/DATABASE",
        "postgresql://$(USER):$(PASSWORD)@host/db",
        "printf 'postgresql://airflow:%s@host/db'",
        "postgresql://airflow@host/db",
        "https://airflow.acme.lab/@ann",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n-----END CERTIFICATE-----",
        "gitlab.acme.lab ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
        "image: apache/airflow@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "integrity sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "cdk8s-airflow/pod-templates: 2c26b46b68ffc68f",
        "roleId: db02de05-fa39-4855-059b-67221c5c2f63",
        "task-skills and risk-assessments-of-all-kinds",
        "glpat-... is what such a token begins with",
        'kubectl create secret generic airflow-git --from-literal=password="$(cat token)"',
        'airflow users create --password "${ADMIN_PASSWORD}" --role Admin',
        "requiredDuringSchedulingIgnoredDuringExecution",
        "Bearer authentication is used",
        "keys: [fernet-key, jwt-secret, api-secret-key]",
        "pg_dump --no-password --file=/backup/x",
        "{{- $password := randAlphaNum 10 }}",
        "checksum/secret: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "postgresql://$$(USER):$$(PASSWORD)@host/db",
        "curl -u ci:$TOKEN https://lake.acme.lab",
        'curl -u "$USER:$PASSWORD" https://lake.acme.lab',
        "curl -fsS -u ci https://lake.acme.lab",
        "redis-cli -a $REDIS_PASSWORD ping",
        "mysql -u root -p sales",
        "mysql -p$(MYSQL_PASSWORD) --port=3306",
        "curly -u a:b",
    ],
)
def test_harmless_text_is_not_reported(text: str) -> None:
    assert find_in_text(text) == []
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError:
        tree = None
    assert list(find_in_tree(tree if isinstance(tree, dict) else {"note": text})) == []


@pytest.mark.parametrize(
    "file",
    [
        *sorted((ROOT / "dist").glob("*.yaml")),
        *sorted((ROOT / "tests" / "goldens").rglob("*.yaml")),
        *sorted((ROOT / "tests" / "goldens").rglob("*.yml")),
        *sorted((ROOT / "examples").rglob("*.py")),
        *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.name not in SHOWN_ON_PURPOSE),
        ROOT / "README.md",
        ROOT / "main.py",
    ],
    ids=lambda file: file.relative_to(ROOT).as_posix(),
)
def test_files_of_this_repository_have_no_secret(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".yaml":
        assert find_in_text(text, code=file.suffix == ".py") == []
    else:
        assert output_findings([(file.name, text)]) == []
        for document in yaml.load_all(text, yaml.CSafeLoader):
            assert list(manifest_findings(document)) == []
            spec = document.get("spec") or {}
            if isinstance(spec.get("valuesContent"), str):
                assert list(find_in_tree(yaml.load(spec["valuesContent"], yaml.CSafeLoader))) == []


def test_argument_after_a_flag_is_found() -> None:
    assert [path for path, _ in find_in_tree({"args": ["--password", WORD]})] == [("args", 1)]
    assert [path for path, _ in find_in_tree({"args": ["curl", "-u", f"ci:{WORD}"]})] == [("args", 2)]
    assert list(find_in_tree({"args": ["--password", "--verbose", WORD]})) == []
    assert list(find_in_tree({"args": ["--token-ttl", "4f9aB2cD8eF1gH5i"]})) == []
    assert list(find_in_tree({"args": ["curl", "-u", "$(USER):$(PASSWORD)"]})) == []
    assert [path for path, _ in find_in_tree({"command": ["/usr/bin/redis-cli", "-a", WORD]})] == [("command", 2)]
    assert [path for path, _ in find_in_tree({"command": ["sshpass", "-p", WORD, "ssh", "x"]})] == [("command", 2)]
    assert list(find_in_tree({"command": ["redis-cli", "-a", "$(PASSWORD)"]})) == []
    assert list(find_in_tree({"command": ["psql", "-a", "-p", "5432"]})) == []


def test_key_that_is_a_secret_is_found_and_not_shown() -> None:
    ((path, what),) = find_in_tree({"annotations": {TOKENS["a token of GitLab"]: "x"}})
    assert path == ("annotations", "…")
    assert "key" in what


def test_line_of_a_long_text_is_reported() -> None:
    ((_, what),) = find_in_tree({"data": {"lake.ini": f"[lake]\nuser = x\npassword = {WORD}\n"}})
    assert what.endswith("(line 3)")


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_any_text_can_be_searched(text: str) -> None:
    found = find_in_text(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(before.end <= after.start for before, after in itertools.pairwise(found))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text() | st.sampled_from(["name", "value", "password"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_document_can_be_searched(tree: Any) -> None:
    for path, what in find_in_tree(tree):
        assert path or isinstance(tree, str)
        assert what


@given(
    st.sampled_from(["a: {}", "lake:\n  - {}\n", "{{'x': '{}'}}", "call({})", "{}\n{}"]),
    st.sampled_from(sorted(set(TOKENS.values()))),
    st.text(alphabet=" \n\t,;", max_size=5),
)
def test_token_is_found_whatever_is_around_it(frame: str, token: str, around: str) -> None:
    assert find_in_text(frame.replace("{}", f"{around}{token}{around}").replace("{{", "{").replace("}}", "}"))
