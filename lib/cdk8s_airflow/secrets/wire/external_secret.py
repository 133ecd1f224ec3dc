"""ExternalSecrets in the form of External Secrets 2.9 (external-secrets.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdk8s_airflow._regex import regex
from cdk8s_airflow.secrets.remote_secret import LiteralValue, RemoteKey, RemoteValue, as_text, pieces
from cdk8s_airflow.secrets.wire.secret_store import API_VERSION
from cdk8s_airflow.validation.frozen import frozen

_UNSAFE = regex(r"[^A-Za-z0-9_]")
_OPENS = regex(r"\{(?=\{|$)")
_ESCAPES: Mapping[str, str] = {
    # Go's urlquery encodes a space as +, which stays a plus in the user and password of a URL.
    "url": ' | urlquery | replace "+" "%20"',
    "json": " | toJson",
    "none": "",
}


@frozen
class ExternalSettings:
    """The settings of an ExternalSecret."""

    name: str
    namespace: str
    type: str
    labels: Mapping[str, str]
    store_kind: str
    store: str
    data: Mapping[str, RemoteValue]
    interval: str | None


def external_secret_manifest(settings: ExternalSettings) -> dict[str, Any]:
    """The ExternalSecret. It has the name of the Secret that it creates.

    It always has a template. Without a template the operator copies the labels of the ExternalSecret to the Secret, and
    Argo CD, which tracks its objects by a label, would prune the Secret.
    """
    template: dict[str, Any] = {"engineVersion": "v2", "mergePolicy": "Replace", "type": settings.type}
    if settings.labels:
        template["metadata"] = {"labels": dict(settings.labels)}
    composed = any(not isinstance(value, RemoteKey) for value in settings.data.values())
    variables = _variables(settings.data) if composed else {key: _direct(value) for key, value in settings.data.items()}
    if composed:
        names = {remote: name for name, remote in variables.items()}
        template["data"] = {key: _template(value, names) for key, value in settings.data.items()}
    refresh = {"refreshPolicy": "CreatedOnce"} if settings.interval is None else {"refreshInterval": settings.interval}
    return {
        "apiVersion": API_VERSION,
        "kind": "ExternalSecret",
        "metadata": {"name": settings.name, "namespace": settings.namespace},
        "spec": {
            **refresh,
            "secretStoreRef": {"kind": settings.store_kind, "name": settings.store},
            "target": {
                "name": settings.name,
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                "template": template,
            },
            "data": [{"secretKey": name, "remoteRef": _remote(remote)} for name, remote in variables.items()],
        },
    }


def _direct(value: RemoteValue) -> RemoteKey:
    assert isinstance(value, RemoteKey)
    return value


def _remote(key: RemoteKey) -> dict[str, str]:
    """A reference to a value in the store, with the fields that the API server adds where the definition has defaults for them.

    Definitions of External Secrets before 2.9 have them. Argo CD would otherwise report a difference forever, because it
    compares lists as a whole.
    """
    part = {
        "key": key.name,
        "conversionStrategy": "Default",
        "decodingStrategy": "Base64" if key.base64 else "None",
        "metadataPolicy": "None",
    }
    if key.property is not None:
        part["property"] = key.property
    if key.version is not None:
        part["version"] = key.version
    return part


def remotes(value: RemoteValue) -> Iterator[tuple[str, RemoteKey]]:
    """The store values that a value refers to, by part name. The name is empty if it is the whole value."""
    if isinstance(value, RemoteKey):
        yield "", value
    elif not isinstance(value, LiteralValue):
        yield from as_text(value).parts.items()


def _variables(data: Mapping[str, RemoteValue]) -> dict[str, RemoteKey]:
    """A variable name for each store value, valid in a Go template. The same store value is read once."""
    names: dict[str, RemoteKey] = {}
    for key, value in data.items():
        for part, remote in remotes(value):
            if remote in names.values():
                continue
            wanted = _UNSAFE.sub("_", part or key)
            if wanted[:1].isdigit():
                wanted = f"_{wanted}"
            name, number = wanted, 2
            while name in names:
                name, number = f"{wanted}_{number}", number + 1
            names[name] = remote
    return names


def _template(value: RemoteValue, names: Mapping[RemoteKey, str]) -> str:
    """The Go template for the value."""
    if isinstance(value, RemoteKey):
        return f"{{{{ .{names[value]} }}}}"
    if isinstance(value, LiteralValue):
        return _plain(value.value)
    text = as_text(value)
    escape = _ESCAPES[text.escape]
    return "".join(
        _plain(plain) + (f"{{{{ .{names[text.parts[part]]}{escape} }}}}" if part else "")
        for plain, part in pieces(text.template)
    )


def _plain(text: str) -> str:
    """Plain text in a template. Two consecutive braces are escaped, because they would start an action."""
    return _OPENS.sub('{{ "{" }}', text)
