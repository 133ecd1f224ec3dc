"""The kit finds the releases of every delivery, and its chart repository and ciphertexts are what controllers accept."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cdk8s_airflow import ArgoApplication, FluxRelease, K3sHelmChart
from tests.cluster.kit import Kubectl, KubectlError, Platform, loki_server
from tests.cluster.kit.certificates import certificates
from tests.cluster.kit.chart_server import index
from tests.cluster.kit.client import Attempt, outages
from tests.cluster.kit.documentation import shell_block
from tests.cluster.kit.lacking import wait_for_pod_or_skip
from tests.cluster.kit.prometheus import configuration, without_delay
from tests.cluster.kit.usage import measured
from tests.cluster.platforms import homelab
from tests.cluster.test_sealed_secrets import seal
from tests.truth import manifests


@pytest.mark.parametrize("delivery", [K3sHelmChart(), FluxRelease(), ArgoApplication()])
def test_release_and_its_namespaces_are_found_for_every_delivery(delivery: Any) -> None:
    app = homelab("kubernetes", release={"delivery": delivery}).app
    found = manifests.load(str(app.synth_yaml()))
    platform = Platform(cast("Kubectl", None), Path(), found, [], [], [])
    assert platform.release_namespaces == ["airflow"]
    assert {"airflow", "airflow-data", delivery.namespace} <= set(platform.namespaces)


def test_certificate_of_the_chart_repository_is_of_its_authority_and_for_its_host() -> None:
    ca, certificate, key = certificates("charts.example.com")
    authority, server = (x509.load_pem_x509_certificate(each.encode()) for each in (ca, certificate))
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["charts.example.com"]
    assert key.startswith("-----BEGIN PRIVATE KEY-----")


def test_certificate_has_all_hosts() -> None:
    _, certificate, _ = certificates("logs.example.com", "s3.example.com")
    server = x509.load_pem_x509_certificate(certificate.encode())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["logs.example.com", "s3.example.com"]


def test_loki_server_reads_what_snappy_has_compressed() -> None:
    """Literals, and copies with offsets of one and of two bytes, one of them of overlapping text. Compressed by python-snappy."""
    data = bytes.fromhex("8301346c696e65206f66206d616e792c20660e000c20616263fe03005a0300")
    assert loki_server.uncompressed(data) == b"line of many, line of many, line of many " + b"abc" * 30
    with pytest.raises(ValueError, match="instead of"):
        loki_server.uncompressed(b"\x05\x0cline")


def test_loki_server_reads_a_push_of_alloy() -> None:
    """A PushRequest of protobuf: labels, and an entry with its time, its line and its structured metadata."""

    def of(number: int, value: bytes) -> bytes:
        return bytes([number << 3 | 2, len(value)]) + value

    time = b"\x08\x96\x01\x10\x07"
    entry = of(1, time) + of(2, "größer".encode()) + of(3, of(1, b"pod") + of(2, b"load-1"))
    labels = rb'{cluster="lab", note="a \"word\""}'
    message = of(1, of(1, labels) + of(2, entry) + b"\x18\x2a")
    (stream,) = loki_server.streams(message)
    assert stream["stream"] == {"cluster": "lab", "note": 'a "word"'}
    assert stream["values"] == [["150000000007", "größer", {"pod": "load-1"}]]


def test_index_of_the_chart_repository_has_the_digest_of_each_archive(tmp_path: Path) -> None:
    archive = tmp_path / "airflow-1.22.0.tgz"
    archive.write_bytes(b"archive")
    ((entry,),) = json.loads(index([archive]))["entries"].values()
    assert (entry["name"], entry["version"], entry["urls"]) == ("airflow", "1.22.0", [archive.name])
    assert entry["digest"] == hashlib.sha256(b"archive").hexdigest()


def test_ciphertext_can_be_decrypted_only_for_its_namespace_and_name() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    data = base64.b64decode(seal(key.public_key(), "airflow/login", "value"))
    end = 2 + int.from_bytes(data[:2], "big")

    def decrypted(where: str) -> bytes:
        oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=where.encode())
        return AESGCM(key.decrypt(data[2:end], oaep)).decrypt(bytes(12), data[end:], None)

    assert decrypted("airflow/login") == b"value"
    with pytest.raises(ValueError):  # noqa: PT011 - the message is that of OpenSSL
        decrypted("other/login")


class FakeKubectl:
    """Answers of a cluster whose pods use more and more memory, up to a limit, and whose API server gets one request per answer."""

    def __init__(self, *, refuses: str = "") -> None:
        self._refuses = refuses
        self._asked = 0

    def run(self, *arguments: str) -> SimpleNamespace:
        what = arguments[-1]
        if self._refuses and self._refuses in what:
            raise KubectlError(f"kubectl get\nexit code 1\nforbidden: {self._refuses}")
        self._asked += 1
        if what == "name":
            return SimpleNamespace(stdout="node/a\nnode/b\n")
        if what == "/metrics":
            lines = [
                f'apiserver_request_total{{code="200",verb="GET"}} {self._asked}',
                'apiserver_request_total{code="0"} 1e+2',
            ]
            return SimpleNamespace(
                stdout="\n".join(["# TYPE apiserver_request_total counter", *lines, "other_total 7"])
            )
        pods = [
            {"podRef": {"namespace": "airflow"}, "memory": {"workingSetBytes": min(self._asked, 30) * 2**20}},
            {"podRef": {"namespace": "airflow"}},
            {"podRef": {"namespace": "others"}, "memory": {"workingSetBytes": 2**40}},
        ]
        return SimpleNamespace(stdout=json.dumps({"pods": pods}))


def test_usage_is_the_peak_of_the_namespaces_and_the_requests_meanwhile() -> None:
    with measured(cast("Kubectl", FakeKubectl()), ["airflow"], interval=0.001) as usage:
        wait_until(lambda: usage.peak_memory >= 60)
    assert usage.peak_memory == 60  # 30 MiB on each of two nodes
    assert usage.requests > 30
    assert str(usage) == f"0 s, at most 60 MiB of memory, {usage.requests} API requests"


@pytest.mark.parametrize("refused", ["/metrics", "/stats/summary"])
def test_what_of_the_usage_cannot_be_read_is_stated_once(refused: str) -> None:
    with measured(cast("Kubectl", FakeKubectl(refuses=refused)), ["airflow"], interval=0.001) as usage:
        wait_until(lambda: usage.missing and (usage.peak_memory or "summary" in refused))
    assert list(usage.missing) == [f"forbidden: {refused}"]
    assert str(usage).endswith(f"; not measured: forbidden: {refused}")


class NeverReady:
    """A cluster with one pod that does not become ready, for a reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def run(self, *arguments: str, timeout: float) -> None:
        assert arguments[:4] == ("-n", "apps", "wait", "pod/server")
        raise KubectlError("timed out")

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        assert arguments == ("pods", "-n", "apps", "-l", "app=server")
        waiting = {"image": "server:1", "state": {"waiting": {"reason": self._reason}}}
        return [{"status": {"containerStatuses": [waiting]}}]


def test_pod_whose_image_cannot_be_pulled_skips_the_test() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^the cluster cannot pull server:1$"):
        wait_for_pod_or_skip(cast("Kubectl", NeverReady("ImagePullBackOff")), "apps", "server")


def test_pod_that_is_not_ready_for_another_reason_fails_the_test() -> None:
    with pytest.raises(KubectlError, match="timed out"):
        wait_for_pod_or_skip(cast("Kubectl", NeverReady("CrashLoopBackOff")), "apps", "server")


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_outage_is_from_the_last_success_to_the_next_one() -> None:
    rows = [
        (1, 0, 1, ""),
        (2, 2, 3, "refused"),
        (3, 4, 6, "timeout"),
        (4, 7, 8, ""),
        (5, 9, 10, ""),
        (6, 11, 12, "refused"),
    ]
    attempts = [Attempt(*row) for row in rows]
    assert outages(attempts) == [7]
    assert outages(attempts[3:]) == []


def test_prometheus_has_the_scrape_configuration_with_short_intervals_and_alerts_without_delay() -> None:
    config = yaml.safe_load(configuration("scrape_configs: [{job_name: one, scrape_interval: 30s}]"))
    assert config["scrape_configs"] == [{"job_name": "one", "scrape_interval": "5s"}]
    assert without_delay('- alert: one\n  for: "15m"\n  expr: for\n') == "- alert: one\n  for: 0s\n  expr: for\n"


def test_block_of_the_documentation_is_found_by_its_start() -> None:
    block = shell_block("how-to/back-up-and-restore-the-database.md", "kubectl -n airflow-data create -f -")
    assert block.endswith("EOF\n")
    with pytest.raises(ValueError, match="not enough"):
        shell_block("how-to/back-up-and-restore-the-database.md", "kubectl -n nothing")
