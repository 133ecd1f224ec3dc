"""examples/sealed_secrets.py with a real controller: every Secret of the platform comes from a ciphertext in the manifests."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.cluster.kit import Kubectl, Platform, PlatformRunner
from tests.cluster.kit.lacking import skip_without_controller, skip_without_definition
from tests.cluster.programs import build

DEFINITION = "sealedsecrets.bitnami.com"
ACTIVE_KEY = "sealedsecrets.bitnami.com/sealed-secrets-key=active"


def seal(certificate: rsa.RSAPublicKey, where: str, value: str) -> str:
    """A ciphertext of the strict scope, as ``kubeseal`` makes it: a session key for AES-GCM, and that key for RSA-OAEP.

    Args:
        certificate: the public key of the controller.
        where: the namespace and the name of the Secret.
        value: the value of one key.
    """
    session = secrets.token_bytes(32)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=where.encode())
    key = certificate.encrypt(session, oaep)
    sealed = AESGCM(session).encrypt(bytes(12), value.encode(), None)
    return base64.b64encode(len(key).to_bytes(2, "big") + key + sealed).decode()


def plain(git: tuple[str, str]) -> dict[str, dict[str, str]]:
    """Namespace and name of each Secret of the example -> what it contains."""
    password, (user, token) = secrets.token_hex(24), git
    return {
        "airflow-data/airflow-pg-credentials": {"username": "airflow", "password": password},
        "airflow/airflow-fernet-key": {"fernet-key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()},
        "airflow/airflow-api-secret-key": {"api-secret-key": secrets.token_hex(32)},
        "airflow/airflow-jwt-secret": {"jwt-secret": secrets.token_hex(32)},
        "airflow/airflow-metadata": {
            "connection": f"postgresql://airflow:{password}@airflow-pg-rw.airflow-data.svc:5432/airflow"
        },
        "airflow/airflow-git": {
            "GITSYNC_USERNAME": user, "GITSYNC_PASSWORD": token, "GIT_SYNC_USERNAME": user, "GIT_SYNC_PASSWORD": token,
        },
    }  # fmt: skip


def public_key(kubectl: Kubectl) -> rsa.RSAPublicKey:
    """The newest public key of the controller; without one, the test is skipped."""
    path = "jsonpath={range .items[*]}{.data.tls\\.crt}{'\\n'}{end}"
    found = kubectl.run(
        "get", "secrets", "-A", "-l", ACTIVE_KEY, "--sort-by=.metadata.creationTimestamp", "-o", path
    ).stdout.split()
    if not found:
        pytest.skip("the cluster has the definition of Sealed Secrets, but no controller with a key")
    key = x509.load_pem_x509_certificate(base64.b64decode(found[-1])).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def sealed(key: rsa.RSAPublicKey, values: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The same Secrets with ciphertexts, as in the file of the example."""
    return {where: {name: seal(key, where, text) for name, text in data.items()} for where, data in values.items()}


@pytest.fixture(scope="module")
def values(kubectl: Kubectl) -> dict[str, dict[str, str]]:
    return plain((kubectl.settings.git_user, kubectl.settings.git_token))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sealed")


@pytest.fixture(scope="module")
def runner(kubectl: Kubectl, folder: Path) -> PlatformRunner:
    return PlatformRunner(kubectl, folder.name)


@pytest.fixture(scope="module")
def platform(
    kubectl: Kubectl, runner: PlatformRunner, folder: Path, values: dict[str, dict[str, str]]
) -> Iterator[Platform]:
    """The example, with all pods ready."""
    skip_without_definition(kubectl, DEFINITION, "Sealed Secrets")
    app = build("sealed_secrets", SEALED=sealed(public_key(kubectl), values))
    with runner.platform(app, folder, secrets=False, small=True) as platform:
        platform.apply()
        skip_without_controller(platform, "airflow", f"{DEFINITION}/airflow-metadata")
        for where in values:
            namespace, _, name = where.partition("/")
            platform.wait(namespace, f"{DEFINITION}/{name}", "condition=Synced", 120)
        platform.wait_for_databases()
        platform.wait_for_releases()
        print({what: seconds for what, seconds in platform.seconds.items() if seconds > 5})
        yield platform


def contents(kubectl: Kubectl, where: str) -> dict[str, str]:
    """What a Secret contains."""
    namespace, _, name = where.partition("/")
    data = kubectl.get("secret", name, "-n", namespace)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def test_secrets_have_the_types_and_values_that_were_sealed(
    platform: Platform, values: dict[str, dict[str, str]]
) -> None:
    assert {where: contents(platform.kubectl, where) for where in values} == values
    owner = platform.kubectl.get("secret", "airflow-pg-credentials", "-n", "airflow-data")
    assert owner["type"] == "kubernetes.io/basic-auth"
    assert owner["metadata"]["labels"]["cnpg.io/reload"] == "true"


def test_dag_run_succeeds(platform: Platform) -> None:
    api = platform.api()
    with platform.explained():
        api.trigger("sealed")
        assert api.wait_for_run("sealed") == "success", api.tasks("sealed")


def test_apply_changes_nothing_after_the_controller_has_decrypted(platform: Platform) -> None:
    assert platform.diff() == ""
    before = platform.generations()
    platform.apply()
    assert platform.generations() == before


def test_changed_ciphertext_changes_the_secret(
    platform: Platform, runner: PlatformRunner, values: dict[str, dict[str, str]]
) -> None:
    kubectl = platform.kubectl
    changed = {**values, "airflow/airflow-git": {**values["airflow/airflow-git"], "GITSYNC_PASSWORD": "new"}}
    app = build("sealed_secrets", SEALED=sealed(public_key(kubectl), changed))
    runner.change(platform, app, small=True).apply()
    end = time.monotonic() + 60
    while contents(kubectl, "airflow/airflow-git") != changed["airflow/airflow-git"]:
        assert time.monotonic() < end, "the Secret still has the old value"
        time.sleep(1)
