"""Secrets that are kept encrypted in git, and that the controller of Sealed Secrets decrypts in the cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from constructs import Construct

from cdk8s_airflow.checks import Finding
from cdk8s_airflow.checks.constraints import SecretKeyName
from cdk8s_airflow.facts import ClusterFacts
from cdk8s_airflow.kube.construct import PlatformConstruct, checked
from cdk8s_airflow.network.namespace import NamespaceHandle
from cdk8s_airflow.secrets.made import SecretLabels, SecretToMake, reference_rules, wanted
from cdk8s_airflow.secrets.provided import ProvidedSecret
from cdk8s_airflow.secrets.wire.sealed import ciphertext_problem, sealed_secret_manifest


class SealedSecret(PlatformConstruct):
    """A Secret from ciphertexts that only the controller of Sealed Secrets in the cluster can read.

    Each is made with ``kubeseal --raw --namespace NAMESPACE --name NAME --from-file=/dev/stdin`` and is bound to this name and
    namespace: under another one the controller cannot decrypt it. The Secret goes when this object goes. A Secret that was there
    before is left alone, with an error in the status of this object, unless it has the annotation
    ``sealedsecrets.bitnami.com/managed: "true"``.

    Args:
        scope: the Chart it is written to.
        id: the construct id.
        namespace: where the Secret is read, and so made.
        secret: which Secret: the same reference that its reader is given, or several :class:`SecretKey` of one Secret.
        encrypted: each key, and its ciphertext. What is none is not shown in the error, since it may be the secret itself.
        labels: of the Secret. Default: none but ``cnpg.io/reload`` on a login, by which CloudNativePG reads it again.
        facts: what is known of the cluster.

    Raises:
        PlatformError: for a key that is read and not given, and for what is no ciphertext.
    """

    how_to_write = 'SealedSecret(chart, "fernet", namespace=..., secret=..., encrypted={"fernet-key": "AgB..."})'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        secret: SecretToMake,
        encrypted: Mapping[SecretKeyName, str],
        labels: SecretLabels | None = None,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        found = [_unseen(finding) for finding in checked(SealedSecret.__init__, locals())]
        where: str = getattr(namespace, "name", "")
        if not found:
            found += reference_rules(secret, encrypted, "encrypted")
            found += _ciphertext_rules(encrypted)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        want = wanted(secret, labels)
        manifest = sealed_secret_manifest(want.name, where, type=want.type, labels=want.labels, encrypted=encrypted)
        self._emit({"secret": manifest}, facts=facts)
        if self._sound:
            self._provide(
                [
                    ProvidedSecret(
                        name=want.name,
                        namespace=where,
                        keys=frozenset(encrypted),
                        by=f"SealedSecret {where}/{want.name}",
                        type=want.type,
                    )
                ]
            )


def _unseen(finding: Finding) -> Finding:
    """A finding on ciphertexts, without what was given: it may be the secret itself."""
    if not finding.at.startswith("encrypted"):
        return finding
    return Finding(rule=finding.rule, at=finding.at, problem=finding.problem, fix=finding.fix)


def _ciphertext_rules(encrypted: Mapping[str, str]) -> Iterator[Finding]:
    for key, text in encrypted.items():
        problem = ciphertext_problem(text)
        if problem:
            yield Finding(
                rule="secrets/ciphertext",
                at=f"encrypted.{key}",
                problem=problem,
                fix="give what kubeseal --raw printed for this name and namespace; if it was the secret itself, change that secret",
            )
