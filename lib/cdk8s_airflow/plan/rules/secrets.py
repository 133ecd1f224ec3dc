"""Rules on what creates Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.plan.manifest import Manifest, Platform
from cdk8s_airflow.plan.references import database_reference
from cdk8s_airflow.plan.release import release_of
from cdk8s_airflow.plan.risk import Risk
from cdk8s_airflow.plan.rule import Rule, Setting
from cdk8s_airflow.plan.tree import find


def target(manifest: Manifest) -> str:
    """The name of the Secret that an ExternalSecret or SealedSecret creates."""
    for path in ("target.name", "template.metadata.name"):
        name = find(manifest.spec, path)
        if isinstance(name, str):
            return name
    return manifest.name


def fernet_secrets(platform: Platform) -> set[tuple[str, str]]:
    """Namespace and name of the Secrets that hold fernet keys."""
    return set(_used(platform, "fernetKeySecretName"))


def database_secrets(platform: Platform) -> set[tuple[str, str]]:
    """Namespace and name of the Secrets that hold the URL of a metadata database."""
    found = set()
    for manifest in platform.manifests.values():
        release = release_of(manifest, platform)
        if release is not None and release.is_airflow:
            reference = database_reference(release.values)
            if reference.secret:
                found.add((release.namespace, reference.secret))
    return found


def _used(platform: Platform, key: str) -> Iterator[tuple[str, str]]:
    for manifest in platform.manifests.values():
        release = release_of(manifest, platform)
        if release is not None and release.is_airflow and isinstance(name := release.values.get(key), str):
            yield release.namespace, name


def _holds_fernet_key(setting: Setting) -> bool:
    assert setting.pair.new is not None
    return (setting.pair.new.namespace, target(setting.pair.new)) in fernet_secrets(setting.context.after)


def _holds_database_url(setting: Setting) -> bool:
    assert setting.pair.new is not None
    return (setting.pair.new.namespace, target(setting.pair.new)) in database_secrets(setting.context.after)


_SOURCES = ("ExternalSecret", "SealedSecret")
_CONTENT = (
    "spec.data", "spec.dataFrom", "spec.secretStoreRef", "spec.target.template", "spec.encryptedData", "spec.template.data",
)  # fmt: skip

RULES = (
    Rule(
        id="secret-source/fernet-key",
        risk=Risk.DATA,
        title="The source of the Fernet key changes",
        on=_SOURCES,
        paths=_CONTENT,
        when=_holds_fernet_key,
        happens="The Secret with the Fernet key gets its content from another place. If that is another key, passwords of "
        "connections and variables in the database can no longer be decrypted.",
        first="Check that the new place holds the same key. To replace the key, list both keys and run airflow rotate-fernet-key.",
    ),
    Rule(
        id="secret-source/database",
        risk=Risk.DATA,
        title="The source of the database URL changes",
        on=_SOURCES,
        paths=_CONTENT,
        when=_holds_database_url,
        happens="The Secret with the database URL gets its content from another place. If that names another database, Airflow "
        "no longer sees its runs, connections and variables.",
        first="Check that the new URL names the same database, or move the data with a dump first.",
    ),
    Rule(
        id="secret-source/target",
        risk=Risk.DOWNTIME,
        title="A Secret is created under another name",
        on=_SOURCES,
        paths=("spec.target.name", "spec.template.metadata.name"),
        happens="The Secret is {new} instead of {old}. Pods that use {old} do not start again.",
        first="Change everything that uses the Secret in the same change.",
    ),
    Rule(
        id="secret-source/content",
        fallback=True,
        risk=Risk.CONFIGURATION,
        title="The source of a Secret changes",
        on=_SOURCES,
        paths=_CONTENT,
        happens="The content of the Secret changes. Pods that read it as environment variables use the old one until they "
        "restart.",
        first="Restart them after the Secret has changed, for example with rotation=.",
    ),
)
