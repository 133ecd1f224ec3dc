"""The templates of ExternalSecrets, run by the engine that runs them in the cluster: Go's, with the functions of sprig.

External Secrets runs templates with Go's text/template, sprig and missing keys as errors; so does Helm.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from cdk8s_airflow import RemoteKey, RemoteTemplate
from cdk8s_airflow.secrets.wire.external_secret import ExternalSettings, external_secret_manifest
from tests.helm.rendering import program

pytestmark = pytest.mark.usefixtures("charts")

SECRETS = (
    "plain",
    "with space",
    "a+b",
    "p@ss:w/rd?#%",
    "50% off & <more>",
    'quote"back\\slash',
    "{{ .other }}",
    "${HOME} $(id)",
    "grüße 🔑",
    "line\nbreak\t",
    "%2B%20",
    "'single' `tick`",
)


def run(template: str, parts: dict[str, str], folder: Path) -> str:
    """What the engine makes of a template and its variables."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: engine\nversion: 0.0.1\n", encoding="utf-8")
    (folder / "values.yaml").write_text(json.dumps({"parts": parts}, ensure_ascii=False), encoding="utf-8")
    (folder / "templates" / "made.yaml").write_text(
        '{{- define "it" }}' + template + '{{ end }}made: {{ include "it" .Values.parts | b64enc }}\n', encoding="utf-8"
    )
    done = subprocess.run(
        [str(program("helm")), "template", "engine", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return base64.b64decode(yaml.safe_load(done.stdout)["made"]).decode()


def made(text: RemoteTemplate, secrets: dict[str, str], folder: Path) -> str:
    settings = ExternalSettings(
        name="a",
        namespace="b",
        type="Opaque",
        labels={},
        store_kind="SecretStore",
        store="c",
        data={"connection": text},
        interval="1h",
    )
    spec = external_secret_manifest(settings)["spec"]
    template = spec["target"]["template"]["data"]["connection"]
    return run(template, {each["secretKey"]: secrets[each["remoteRef"]["key"]] for each in spec["data"]}, folder)


def keys(count: int) -> dict[str, RemoteKey]:
    return {f"p{number}": RemoteKey(f"k{number}") for number in range(count)}


def test_every_password_survives_its_url(tmp_path: Path) -> None:
    """As libpq and asyncpg decode it: percent signs, and a plus stays a plus."""
    form = "\n".join(f"postgresql://u{{p{number}}}:{{p{number}}}@db:5432/d" for number in range(len(SECRETS)))
    text = RemoteTemplate(template=form, parts=keys(len(SECRETS)))
    lines = made(text, {f"k{number}": secret for number, secret in enumerate(SECRETS)}, tmp_path / "chart").split("\n")
    assert len(lines) == len(SECRETS)
    for line, secret in zip(lines, SECRETS, strict=True):
        url = urlsplit(line)
        assert (url.hostname, url.port, url.path) == ("db", 5432, "/d")
        assert unquote(url.password or "") == secret
        assert unquote(url.username or "") == f"u{secret}"


def test_every_password_survives_its_json(tmp_path: Path) -> None:
    form = "[" + ", ".join(f'{{"extra": {{"key": {{p{number}}}}}}}' for number in range(len(SECRETS))) + "]"
    text = RemoteTemplate(template=form, parts=keys(len(SECRETS)), escape="json")
    whole = made(text, {f"k{number}": secret for number, secret in enumerate(SECRETS)}, tmp_path / "chart")
    assert [each["extra"]["key"] for each in json.loads(whole)] == list(SECRETS)


@pytest.mark.parametrize(
    "form", ["{{ .env }} {p0}", "{{p0}}", "{ {p0}", "{p0}{", "}}{p0}{{", "{{{{p0}}}}", "a{{/* {p0} */}}"]
)
def test_braces_of_a_form_stay_what_they_are(form: str, tmp_path: Path) -> None:
    text = RemoteTemplate(template=form, parts=keys(1), escape="none")
    assert made(text, {"k0": "SECRET"}, tmp_path / "chart") == form.replace("{p0}", "SECRET")
