"""Which credentials and CA certificates each delivery accepts, and how their Secrets are created."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.wire.source import source_needs, source_notes, source_rules
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, PullSecret, SecretKey
from tests.terminal import run_in_terminal

HTTPS, OCI = "https://charts.lab", "oci://registry.lab/charts/airflow"
BASIC, PULL = BasicAuthSecret("login"), PullSecret("login")
CONFIG_MAP, SECRET = ConfigMapKey("lab-ca", "ca.crt"), SecretKey("lab-ca", "ca.crt")


@pytest.mark.parametrize(
    ("kind", "url", "credentials", "sound"),
    [
        (K3sHelmChart, HTTPS, BASIC, True),
        (K3sHelmChart, HTTPS, PULL, False),
        (K3sHelmChart, OCI, BASIC, False),
        (K3sHelmChart, OCI, PULL, True),
        (FluxRelease, HTTPS, BASIC, True),
        (FluxRelease, HTTPS, PULL, False),
        (FluxRelease, OCI, BASIC, True),
        (FluxRelease, OCI, PULL, True),
        (ArgoApplication, HTTPS, BASIC, True),
        (ArgoApplication, HTTPS, PULL, False),
        (ArgoApplication, OCI, BASIC, True),
        (ArgoApplication, OCI, PULL, False),
        (HelmCommand, HTTPS, BASIC, False),
        (HelmCommand, OCI, PULL, False),
    ],
)
def test_credentials_must_be_of_the_kind_that_the_delivery_reads(
    kind: Any, url: str, credentials: Any, sound: bool
) -> None:
    found = list(source_rules(kind(source=ChartSource(url=url, credentials=credentials))))
    assert [(f.rule, f.at) for f in found] == [("delivery/credentials", "delivery.source.credentials")] * (not sound)


@pytest.mark.parametrize(
    ("kind", "ca", "sound"),
    [
        (K3sHelmChart, CONFIG_MAP, True),
        (K3sHelmChart, SECRET, False),
        (FluxRelease, CONFIG_MAP, False),
        (FluxRelease, SECRET, True),
        (FluxRelease, SecretKey("lab-ca", "root.pem"), False),
        (ArgoApplication, CONFIG_MAP, False),
        (ArgoApplication, SECRET, False),
        (HelmCommand, CONFIG_MAP, False),
    ],
)
def test_ca_must_be_where_the_delivery_reads_it(kind: Any, ca: Any, sound: bool) -> None:
    found = list(source_rules(kind(source=ChartSource(url=HTTPS, ca=ca))))
    assert [(f.rule, f.at) for f in found] == [("delivery/ca", "delivery.source.ca")] * (not sound)
    assert all(f.fix for f in found)


def test_argo_cd_finds_the_certificate_under_the_host_without_its_port() -> None:
    (found,) = source_rules(ArgoApplication(source=ChartSource(url="https://charts.lab:8443/mirror", ca=CONFIG_MAP)))
    assert found.fix == "Remove ca= and add the certificate to ConfigMap argocd-tls-certs-cm under charts.lab"


def test_public_chart_needs_no_secret() -> None:
    for delivery in (K3sHelmChart(), FluxRelease(), ArgoApplication(), HelmCommand()):
        assert list(source_rules(delivery)) == []
        assert list(source_needs(delivery)) == []
        assert list(source_notes(delivery)) == []


def test_k3s_ca_config_map_is_noted_in_the_namespace_of_the_delivery() -> None:
    (note,) = source_notes(K3sHelmChart(namespace="helm", source=ChartSource(url=HTTPS, ca=CONFIG_MAP)))
    assert note == (
        "ConfigMap lab-ca in namespace helm must contain the CA certificate of charts.lab:\n"
        "  kubectl -n helm create configmap lab-ca --from-file=ca.crt=ca.pem"
    )


def made(delivery: Any, folder: Path) -> tuple[str, str]:
    """The arguments and the input of kubectl when the command of a need runs with typed answers."""
    (need,) = source_needs(delivery)
    assert not need.awaited
    fake = folder / "kubectl"
    fake.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> {folder}/called\ncase "$*" in *create*) cat > {folder}/read;; esac\n'
    )
    fake.chmod(0o755)
    run_in_terminal(
        ["bash", "-c", need.command],
        typed="bot\ns3cret%word\n",
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
    ).check_returncode()
    called = (folder / "called").read_text()
    assert "s3cret" not in called
    assert "s3cret" not in need.command
    return called, (folder / "read").read_text()


def test_repository_login_is_a_basic_auth_secret(tmp_path: Path) -> None:
    called, read = made(K3sHelmChart(source=ChartSource(url=HTTPS, credentials=BASIC)), tmp_path)
    assert called == (
        "-n kube-system create secret generic login --type=kubernetes.io/basic-auth --from-env-file=/dev/stdin\n"
    )
    assert read == "username=bot\npassword=s3cret%word\n"


def test_registry_login_is_a_dockerconfigjson_secret(tmp_path: Path) -> None:
    called, read = made(FluxRelease(source=ChartSource(url=OCI, credentials=PULL)), tmp_path)
    assert called.startswith("-n flux-system create secret generic login --type=kubernetes.io/dockerconfigjson")
    assert read == '{"auths":{"registry.lab":{"auth":"Ym90OnMzY3JldCV3b3Jk"}}}'


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        (HTTPS, ["url=https://charts.lab", "type=helm", "name=login"]),
        (OCI, ["url=registry.lab/charts", "type=helm", "name=login", "enableOCI=true"]),
    ],
)
def test_argo_login_has_the_url_and_the_label(tmp_path: Path, url: str, lines: list[str]) -> None:
    called, read = made(ArgoApplication(source=ChartSource(url=url, credentials=BASIC)), tmp_path)
    assert called.splitlines() == [
        "-n argocd create secret generic login --from-env-file=/dev/stdin",
        "-n argocd label secret login argocd.argoproj.io/secret-type=repository",
    ]
    assert read.splitlines() == [*lines, "username=bot", "password=s3cret%word"]


def test_flux_ca_is_read_from_a_secret() -> None:
    (need,) = source_needs(FluxRelease(source=ChartSource(url=HTTPS, ca=SECRET)))
    assert (need.namespace, need.name, list(need.keys), need.awaited) == ("flux-system", "lab-ca", ["ca.crt"], False)
    assert need.command == "kubectl -n flux-system create secret generic lab-ca --from-file=ca.crt=ca.pem"
