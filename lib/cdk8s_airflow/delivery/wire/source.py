"""Which chart sources and credentials each delivery supports, and the Secrets it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cdk8s_airflow.delivery.argo import ArgoApplication
from cdk8s_airflow.delivery.delivery import Delivery
from cdk8s_airflow.delivery.flux import FluxRelease
from cdk8s_airflow.delivery.helm_command import HelmCommand
from cdk8s_airflow.delivery.k3s import K3sHelmChart
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, PullSecret, SecretKey
from cdk8s_airflow.validation import Finding

_CA_KEY = "ca.crt"
_PURPOSE = "reads the chart"


def source_rules(delivery: Delivery) -> Iterator[Finding]:
    """Check that the delivery supports the credentials and the CA certificate of its source."""
    yield from _login_rules(delivery)
    yield from _ca_rules(delivery)


def _login_rules(delivery: Delivery) -> Iterator[Finding]:
    source = delivery.source
    if source.credentials is None:
        return
    where = "a registry" if source.is_oci else "a repository"
    wanted: tuple[type, ...]
    if isinstance(delivery, HelmCommand):
        login = f"helm registry login {source.host}" if source.is_oci else f"helm repo add NAME {source.repository}"
        yield Finding(
            rule="delivery/credentials",
            at="delivery.source.credentials",
            problem="is ignored: install.sh uses the Helm login of the user who runs it",
            seen=type(source.credentials).__name__,
            fix=f"Remove credentials= and run: {login} --username USER --password-stdin",
        )
        return
    if isinstance(delivery, ArgoApplication) or not source.is_oci:
        wanted = (BasicAuthSecret,)
    elif isinstance(delivery, K3sHelmChart):
        wanted = (PullSecret,)
    else:
        wanted = (BasicAuthSecret, PullSecret)
    if not isinstance(source.credentials, wanted):
        yield Finding(
            rule="delivery/credentials",
            at="delivery.source.credentials",
            problem=f"must be a {wanted[0].__name__}, which {type(delivery).__name__} requires to log in to {where}",
            seen=type(source.credentials).__name__,
            fix=f"Pass a {wanted[0].__name__}",
        )


def _ca_rules(delivery: Delivery) -> Iterator[Finding]:
    ca = delivery.source.ca
    if ca is None:
        return
    problem, fix = "", ""
    if isinstance(delivery, K3sHelmChart) and not isinstance(ca, ConfigMapKey):
        problem = "must be a ConfigMapKey, because the helm-controller reads CA certificates from a ConfigMap"
        fix = 'Pass ConfigMapKey("NAME", "ca.crt") for a ConfigMap in the namespace of the delivery'
    elif isinstance(delivery, FluxRelease) and (not isinstance(ca, SecretKey) or ca.key != _CA_KEY):
        problem = f"must be a SecretKey with the key {_CA_KEY}, where Flux reads the CA certificate"
        fix = f'Pass SecretKey("NAME", "{_CA_KEY}") for a Secret in the namespace of the delivery'
    elif isinstance(delivery, ArgoApplication):
        problem = "is ignored: Argo CD reads CA certificates only from the ConfigMap argocd-tls-certs-cm"
        fix = f"Remove ca= and add the certificate to ConfigMap argocd-tls-certs-cm under {delivery.source.host.partition(':')[0]}"
    elif isinstance(delivery, HelmCommand):
        problem = "is ignored: Helm uses the CA certificates of the machine where install.sh runs"
        fix = "Remove ca= and run install.sh with --ca-file FILE"
    if problem:
        yield Finding(
            rule="delivery/ca", at="delivery.source.ca", problem=problem, seen=f"{type(ca).__name__} {ca.key}", fix=fix
        )


def source_needs(delivery: Delivery) -> Iterator[needs.SecretNeed]:
    """The Secrets for reading the chart, in the namespace of the delivery objects."""
    source = delivery.source
    if isinstance(delivery, HelmCommand):
        return
    ref, ca = source.credentials, source.ca
    if isinstance(delivery, ArgoApplication) and isinstance(ref, BasicAuthSecret):
        yield needs.argo_repository(
            ref,
            delivery.namespace,
            url=source.repository.removeprefix("oci://"),
            oci=source.is_oci,
            purpose=f"{_PURPOSE} from {source.host}",
        )
    elif isinstance(ref, BasicAuthSecret):
        yield needs.login_typed(ref, delivery.namespace, host=source.host, purpose=f"{_PURPOSE} from {source.host}")
    elif isinstance(ref, PullSecret):
        login = needs.registry_login(ref, delivery.namespace, registries=(source.host,))
        yield replace(login, purpose=f"{_PURPOSE} from {source.host}")
    if isinstance(ca, SecretKey):
        yield needs.authority(ca, delivery.namespace, f"CA certificate of {source.host}")


def source_notes(delivery: Delivery) -> Iterator[str]:
    """Other objects that must exist for the chart to be read."""
    source = delivery.source
    if isinstance(source.ca, ConfigMapKey) and not isinstance(delivery, HelmCommand):
        yield BeforeApply(
            f"ConfigMap {source.ca.name} in namespace {delivery.namespace} must contain the CA certificate of "
            f"{source.host}:\n"
            f"  kubectl -n {delivery.namespace} create configmap {source.ca.name} --from-file={source.ca.key}=ca.pem"
        )
