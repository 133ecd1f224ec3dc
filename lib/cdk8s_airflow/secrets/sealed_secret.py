"""SealedSecrets: encrypted Secrets in git, which the Sealed Secrets controller decrypts in the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from constructs import Construct

from cdk8s_airflow.app.construct import PlatformConstruct, checked
from cdk8s_airflow.app.facts import facts_of
from cdk8s_airflow.model.cluster_facts import ClusterFacts
from cdk8s_airflow.namespaces.namespace import NamespaceHandle
from cdk8s_airflow.secrets.target_secret import SecretLabels, TargetSecret, reference_rules, wanted
from cdk8s_airflow.secrets.wire.sealed_secret import WIDER_SCOPES, ciphertext_problem, sealed_secret_manifest
from cdk8s_airflow.validation import Finding, show
from cdk8s_airflow.validation.constraints import NonEmpty, SecretKeyName
from cdk8s_airflow.validation.frozen import frozen


@frozen(kw_only=False)
class SealedFile:
    """A JSON file that ``kubeseal`` wrote for a whole Secret. It must be sealed for the name and namespace of the Secret.

    Args:
        path: the file, relative to the working directory of the program.
    """

    how_to_write: ClassVar[str] = 'SealedFile("sealed/airflow-fernet-key.json")'

    path: NonEmpty


class SealedSecret(PlatformConstruct):
    """A Secret from ciphertexts that only the Sealed Secrets controller of the cluster can decrypt.

    Create each ciphertext with ``kubeseal --raw --namespace NAMESPACE --name NAME --from-file=/dev/stdin``. It is valid
    only for this name and namespace. If this object is deleted, the Secret is deleted. If a Secret with the same name
    exists, it is not changed and the status of this object has an error, unless that Secret has the annotation
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
        facts: ClusterFacts | None = None,
    ) -> None:
        """Create the SealedSecret.

        Args:
            scope: the Chart that it is written to.
            id: the construct id.
            namespace: the namespace of the Secret and of its readers.
            secret: the Secret to create: the same reference that its reader gets, or a list of :class:`SecretKey` of
                one Secret.
            encrypted: each key -> its ciphertext, or a :class:`SealedFile`. ``spec.encryptedData``. An invalid
                ciphertext is never shown in an error, because it may be the secret itself.
            labels: labels of the Secret. Default: None; a :class:`BasicAuthSecret` gets ``cnpg.io/reload``, so that
                CloudNativePG reloads it.
            facts: facts about the cluster. Default: None, those of the app (:func:`set_facts`).

        Raises:
            PlatformError: if a key that the reader requires is missing, or if a value is not a ciphertext.
        """
        found = [_unseen(finding) for finding in checked(SealedSecret.__init__, locals())]
        facts = facts_of(scope, facts)
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
            self._provide([want.provided("SealedSecret", where, ciphertexts)])


def _from_file(path: str, namespace: str, name: str) -> tuple[Mapping[str, str], list[Finding]]:
    """The ciphertexts in a file, and findings. The content of the file is never shown, because it may not be a
    SealedSecret.
    """
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return {}, [
            _file("must be a readable file", path, f"Pass the file that kubeseal wrote ({type(error).__name__})")
        ]
    except ValueError:
        return {}, [_file("must be JSON", path, "Run kubeseal without -o yaml")]
    if not isinstance(manifest, dict) or manifest.get("kind") != "SealedSecret":
        return {}, [_file("must contain a SealedSecret", path, "Pass the output of kubeseal, never the Secret itself")]
    metadata, spec = manifest.get("metadata") or {}, manifest.get("spec") or {}
    found = []
    sealed_for = (metadata.get("namespace"), metadata.get("name"))
    if sealed_for != (namespace, name):
        problem = (
            f"is sealed for Secret {show(sealed_for[1])} in namespace {show(sealed_for[0])} and cannot be decrypted "
            "for another"
        )
        found.append(_file(problem, path, f"Seal it with --name {name} --namespace {namespace}"))
    if any(key in (metadata.get("annotations") or {}) for key in WIDER_SCOPES):
        problem = "must be sealed with the strict scope; with a wider scope, users of other namespaces can decrypt it"
        found.append(_file(problem, path, "Run kubeseal without --scope"))
    encrypted: Any = spec.get("encryptedData")
    if not isinstance(encrypted, dict) or not all(isinstance(text, str) for text in encrypted.values()):
        found.append(_file("must contain encryptedData", path, "Seal it with kubeseal of Sealed Secrets 0.9 or newer"))
    return ({} if found else encrypted), found


def _file(problem: str, path: str, fix: str) -> Finding:
    return Finding(rule="secrets/sealed-file", at="encrypted.path", problem=problem, seen=repr(path), fix=fix)


def _unseen(finding: Finding) -> Finding:
    """The finding without the value, which may be the secret itself."""
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
                fix="Pass the output of kubeseal --raw for this name and namespace; if you passed the secret itself, "
                "rotate it",
            )
