"""Ways to write a secret that new users tried: in commands, statements, templates, other languages and embedded manifests."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cdk8s_airflow.secret_scan import find_in_text, find_in_tree

WORD = "Kx7vQ2" + "mLp9Zt"

TEXTS = [
    "sshpass -p@@ ssh u@h",
    "mongosh -u a -p @@",
    "mongodump --host h -u a -p @@ --db d",
    "ldapsearch -D cn=a -w @@",
    "openssl enc -k @@ -in x",
    "CREATE USER x IDENTIFIED WITH mysql_native_password BY '@@'",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET '@@')",
    '$env:DB_PASSWORD = "@@"',
    "setx DB_PASSWORD @@",
    "DB_PASSWORD ?= @@",
    "DB_PASSWORD: !!str @@",
    '<entry key="db.password">@@</entry>',
    "psw=@@",
    "pword: @@",
    "Passwort: @@",
    "kennwort: @@",
    "senha=@@",
    'os.environ.get("DB_PASSWORD") or "@@"',
    'setattr(c, "password", "@@")',
    "kubectl create secret generic x --from-literal=conn=@@",
    "kubectl -n lab create secret generic x --from-literal 'conn=@@'",
    "htpasswd -b -c users ann @@",
    "htpasswd -nbB ann @@",
    "echo ann:@@ | chpasswd",
    "chpasswd <<< 'ann:@@'",
    "chpasswd <<EOF\nann:@@\nEOF",
    "docker login --password @@ registry.lab",
    "docker login -u ann --password-stdin <<< '@@'",
    "echo @@ | docker login -u ann --password-stdin",
    "printf '%s' '@@' | docker login -u ann --password-stdin registry.lab",
    "gh auth login --with-token <<< @@",
    "snyk auth @@",
    "SET PASSWORD = '@@'",
    "SET PASSWORD FOR 'ann'@'%' = '@@'",
    "SET PASSWORD FOR ann = PASSWORD('@@')",
    "ALTER USER 'ann'@'%' IDENTIFIED BY '@@'",
    'CREATE USER ann IDENTIFIED BY "@@"',
    "ALTER USER ann IDENTIFIED BY @@",
    "contraseña: @@",
    "DB_CONTRASEÑA=@@",
    "mot_de_passe=@@",
    "motdepasse: @@",
    "DB_PASSWORT=@@",
    "parola=@@",
    "hasło: @@",
    "пароль: @@",
    "密码: @@",
    'variable "db_password" {\n  type    = string\n  default = "@@"\n}',
]
PYTHON = [
    'if password == "@@":\n    pass\n',
    'password = ("@@")\n',
    'password = (\n    "@@"\n)\n',
    'token = os.getenv("API_TOKEN") or "@@"\n',
    'assert conn.password == "@@"\n',
    'user, password = "ann", "@@"\n',
    "password, user = ('@@', 'ann')\n",
    '(self.user, self.password) = ann, "@@"\n',
    'contraseña = "@@"\n',
]
HARMLESS = [
    'os.environ.get("DB_PASSWORD") or os.environ["PGPASSWORD"]',
    'setattr(c, "password", password)',
    "$env:DB_PASSWORD = $password",
    "DB_PASSWORD ?= $(shell cat /run/secrets/password)",
    'if password == "":',
    'if token == "null":',
    "password = (conn.password)",
    "openssl enc -aes-256-cbc -in x",
    "mongosh --host h -p",
    "DB_PASSWORD: !!str ${DB_PASSWORD}",
    "CREATE USER x IDENTIFIED WITH mysql_native_password BY '${PASSWORD}'",
    'kubectl create secret generic x --from-literal=conn="$CONN"',
    "kubectl create configmap x --from-literal=mode=dark",
    "kubectl create secret generic x --from-file=conn=/run/conn",
    "htpasswd -c users ann",
    "htpasswd -b -c users ann $PASSWORD",
    "echo ann:$PASSWORD | chpasswd",
    "docker login --password-stdin < /run/secrets/password",
    'docker login --password-stdin <<< "$PASSWORD"',
    "echo hello | tee file",
    "SET PASSWORD FOR ann = '${PASSWORD}'",
    "the user is identified by name and address",
    'user, password = "ann", os.environ["PASSWORD"]',
    "user, password = login()",
    'variable "db_password" {\n  type = string\n}',
    'variable "region" {\n  default = "eu-central-1"\n}',
    "passed: many",
    "Passage: Rue 12",
]
"""Almost the same texts without a secret."""


@pytest.mark.parametrize("text", TEXTS)
def test_secret_in_this_form_is_found(text: str) -> None:
    written = text.replace("@@", WORD)
    assert [written[found.start : found.end] for found in find_in_text(written)] == [WORD]


@pytest.mark.parametrize("text", PYTHON)
def test_secret_in_python_source_is_found(text: str) -> None:
    written = text.replace("@@", WORD)
    assert [written[found.start : found.end] for found in find_in_text(written, code=True)] == [WORD]


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("code", [False, True])
def test_text_without_a_secret_is_not_reported(text: str, code: bool) -> None:
    assert find_in_text(text, code=code) == []


@pytest.mark.parametrize(
    "value",
    [
        "Tr0ub{{ x }}4dor",
        '{{ "Tr0ub4dor" }}',
        "{{ 'Tr0ub4dor' | quote }}",
        '{{- "Tr0ub4dor" -}}',
        "${{ `Tr0ub4dor` }}",
        "file:Tr0ub4dor",
    ],
)
def test_value_that_contains_its_text_is_no_reference(value: str) -> None:
    assert list(find_in_tree({"DB_PASSWORD": value}))


@pytest.mark.parametrize(
    "value", ['{{ "{{ conn.db.password }}" }}', "{{ .Values.password | quote }}", "file:/run/secrets/pw", "file:./pw"]
)
def test_reference_is_accepted(value: str) -> None:
    assert not list(find_in_tree({"DB_PASSWORD": value}))


@pytest.mark.parametrize(
    "manifest",
    [
        '"kind": "Secret"\n"stringData":\n  a: hello\n',
        "'kind': 'Secret'\n'data':\n  a: aGVsbG8=\n",
        "kind: !!str Secret\nstringData:\n  a: hello\n",
    ],
)
def test_content_of_a_secret_is_found_in_any_spelling_of_its_keys(manifest: str) -> None:
    documents: list[Any] = [manifest, {"extra.yaml": manifest}]
    assert all(list(find_in_tree(document)) for document in documents)


GENERATED = [
    "secretGenerator:\n- name: db\n  literals:\n  - conn=hello\n",
    "secretGenerator:\n  - literals: ['conn=hello']\n    name: db\nresources: [x.yaml]\n",
    '{"secretGenerator": [{"name": "db", "literals": ["conn=hello"]}]}',
    "kind: SealedSecret\nspec:\n  template:\n    stringData:\n      conn: hello\n",
    "kind: SealedSecret\nspec:\n  template:\n    data:\n      conn: hello\n  encryptedData:\n    a: AgBk\n",
    '{"kind": "SealedSecret", "spec": {"template": {"stringData": {"conn": "hello"}}}}',
]
TERRAFORM = [
    'resource "kubernetes_secret" "db" {\n  metadata {\n    name = "db"\n  }\n  data = {\n    conn = "hello"\n  }\n}\n',
    'resource "kubernetes_secret_v1" "db" {\n  data = {\n    "a.b" = base64encode("hello")\n  }\n}\n',
    'resource "aws_secretsmanager_secret_version" "db" {\n  secret_id     = "x"\n  secret_string = "hello"\n}\n',
    'resource "google_secret_manager_secret_version" "db" {\n  secret_data = "hello"\n}\n',
    'resource "azurerm_key_vault_secret" "db" {\n  name  = "x"\n  value = "hello"\n}\n',
    'resource "vault_kv_secret_v2" "db" {\n  data_json = jsonencode({ conn = "hello" })\n}\n',
    'resource "kubernetes_manifest" "db" {\n  manifest = {\n    kind = "Secret"\n    stringData = {\n      a = "hello"\n    }\n  }\n}',
]
NOT_GENERATED = [
    "secretGenerator:\n- name: db\n  envs: [db.env]\nconfigMapGenerator:\n- name: x\n  literals:\n  - mode=dark\n",
    "secretGenerator:\n- name: db\n  literals:\n  - conn=$(CONN)\n",
    'kind: SealedSecret\nspec:\n  template:\n    data:\n      conn: "user=u host={{ .host }}"\n  encryptedData:\n    a: AgBk\n',
    'resource "kubernetes_secret" "db" {\n  metadata {\n    name = "db"\n  }\n  data = {\n    conn = var.conn\n    a = "${var.a}"\n  }\n}\n',
    'resource "aws_secretsmanager_secret_version" "db" {\n  secret_id     = "x"\n  secret_string = var.x\n}\n',
    'resource "kubernetes_config_map" "x" {\n  data = {\n    mode = "dark"\n  }\n}\n',
]


@pytest.mark.parametrize("text", [*GENERATED, *TERRAFORM])
def test_content_of_a_secret_that_a_tool_generates_is_found(text: str) -> None:
    assert [
        "the content of a Secret" in found.what and "hello" in text[found.start : found.end]
        for found in find_in_text(text)
    ] == [True]
    assert list(find_in_tree({"kustomization.yaml": text}))


@pytest.mark.parametrize("text", GENERATED)
def test_content_of_a_secret_that_a_tool_generates_is_found_in_a_document(text: str) -> None:
    assert [what for _, what in find_in_tree({"x": [yaml.safe_load(text)]})] == ["the content of a Secret"]


@pytest.mark.parametrize("text", NOT_GENERATED)
def test_generated_secret_without_content_is_not_reported(text: str) -> None:
    assert find_in_text(text) == []
    if "resource" not in text:
        assert not list(find_in_tree(yaml.safe_load(text)))


@pytest.mark.parametrize(
    "arguments",
    [
        ["kubectl", "create", "secret", "generic", "x", "--from-literal=conn=@@"],
        ["htpasswd", "-b", "users", "ann", "@@"],
        ["snyk", "auth", "@@"],
    ],
)
def test_secret_in_a_list_of_arguments_is_found(arguments: list[str]) -> None:
    assert list(find_in_tree({"command": [each.replace("@@", WORD) for each in arguments]}))
    assert not list(find_in_tree({"command": [each.replace("@@", "$(PASSWORD)") for each in arguments]}))
