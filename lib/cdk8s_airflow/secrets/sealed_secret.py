"""Secrets that are kept encrypted in git, and that the controller of Sealed Secrets decrypts in the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.model.provided_secret import ProvidedSecret
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.target_secret import SecretLabels, TargetSecret, reference_rules, wanted
from cdk8s_airflow.secrets.wire.sealed_secret import WIDER_SCOPES, ciphertext_problem, sealed_secret_manifest
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import NonEmpty, SecretKeyName
from cdk8s_airflow.validation.frozen import frozen


@frozen(kw_only=False)
class SealedFile:
    """What ``kubeseal`` wrote for a whole Secret, in JSON, which is its default. It says for which Secret it was sealed, and that is checked.

    Args:
        path: the file, from the folder in which the program runs.
    """

    how_to_write: ClassVar[str] = 'SealedFile("sealed/airflow-fernet-key.json")'

    path: NonEmpty


class SealedSecret(PlatformConstruct):
    """A Secret from ciphertexts that only the controller of Sealed Secrets in the cluster can read.

    Each is made with ``kubeseal --raw --namespace NAMESPACE --name NAME --from-file=/dev/stdin`` and is bound to this name and
    namespace: under another one the controller cannot decrypt it. The Secret goes when this object goes. A Secret that was there
    before is left alone, with an error in the status of this object, unless it has the annotation
    ``sealedsecrets.bitnami.com/managed: "true"``.
    """

    how_to_write = 'SealedSecret(chart, "fernet", namespace=..., secret=..., encrypted={"fernet-key": "AgB..."})'

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        namespace: NamespaceHandle,
        secret: TargetSecret,
        encrypted: Mapping[SecretKeyName, str] | SealedFile,
        labels: SecretLabels | None = None,
        facts: ClusterFacts = ClusterFacts(),
    ) -> None:
        """Create the SealedSecret.

        Args:
            scope: the Chart it is written to.
            id: the construct id.
            namespace: where the Secret is read, and so made.
            secret: which Secret: the same reference that its reader is given, or several :class:`SecretKey` of one Secret.
            encrypted: each key, and its ciphertext; or the :class:`SealedFile` that has them. What is no ciphertext is not shown in the
                error, since it may be the secret itself.
            labels: of the Secret. Default: none but ``cnpg.io/reload`` on a login, by which CloudNativePG reads it again.
            facts: what is known of the cluster.

        Raises:
            PlatformError: for a key that is read and not given, and for what is no ciphertext.
        """
        found = [_unseen(finding) for finding in checked(SealedSecret.__init__, locals())]
        where: str = getattr(namespace, "name", "")
        ciphertexts: Mapping[str, str] = {}
        if not found and isinstance(encrypted, SealedFile):
            ciphertexts, found = _from_file(encrypted.path, where, wanted(secret, None).name)
        elif not found and not isinstance(encrypted, SealedFile):
            ciphertexts = encrypted
        if not found:
            found += reference_rules(secret, ciphertexts, "encrypted")
            found += _ciphertext_rules(ciphertexts)
        super().__init__(scope, id, found)
        if not self._sound:
            return
        want = wanted(secret, labels)
        manifest = sealed_secret_manifest(want.name, where, type=want.type, labels=want.labels, encrypted=ciphertexts)
        self._emit({"secret": manifest}, facts=facts)
        if self._sound:
            self._provide(
                [
                    ProvidedSecret(
                        name=want.name,
                        namespace=where,
                        keys=frozenset(ciphertexts),
                        by=f"SealedSecret {where}/{want.name}",
                        type=want.type,
                    )
                ]
            )


def _from_file(path: str, namespace: str, name: str) -> tuple[Mapping[str, str], list[Finding]]:
    """The ciphertexts in a file, and what is wrong with it. What it holds is not shown: it may be no SealedSecret at all."""
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return {}, [_file("cannot be read", path, f"{type(error).__name__}: give the file that kubeseal wrote")]
    except ValueError:
        return {}, [_file("is not JSON", path, "give what kubeseal writes by default, without -o yaml")]
    if not isinstance(manifest, dict) or manifest.get("kind") != "SealedSecret":
        return {}, [_file("is no SealedSecret", path, "give the file that kubeseal wrote, never the Secret itself")]
    metadata, spec = manifest.get("metadata") or {}, manifest.get("spec") or {}
    found = []
    sealed_for = (metadata.get("namespace"), metadata.get("name"))
    if sealed_for != (namespace, name):
        problem = f"is sealed for Secret {show(sealed_for[1])} of namespace {show(sealed_for[0])}, and as another one nobody can read it"
        found.append(_file(problem, path, f"seal it for {name!r} of namespace {namespace!r}"))
    if any(key in (metadata.get("annotations") or {}) for key in WIDER_SCOPES):
        problem = "is sealed for more than one Secret: whoever may make a SealedSecret elsewhere can read it there"
        found.append(_file(problem, path, "seal it without --scope"))
    encrypted: Any = spec.get("encryptedData")
    if not isinstance(encrypted, dict) or not all(isinstance(text, str) for text in encrypted.values()):
        found.append(_file("has no ciphertexts", path, "seal it with kubeseal of Sealed Secrets 0.9 or newer"))
    return ({} if found else encrypted), found


def _file(problem: str, path: str, fix: str) -> Finding:
    return Finding(rule="secrets/sealed-file", at="encrypted.path", problem=problem, seen=repr(path), fix=fix)


def _unseen(finding: Finding) -> Finding:
    """A finding on ciphertexts, without what was given: it may be the secret itself."""
    if not finding.at.startswith("encrypted") or finding.at == "encrypted.path":
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
