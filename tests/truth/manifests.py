"""Reading manifests back, as strictly as a reviewer would wish their own tools were."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ObjectId = tuple[str, str, str]
"""(kind, namespace, name); the namespace is empty for what has none."""


class Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """PyYAML's safe loader with two repairs: ``=`` is text, and a key that comes twice is an error.

    cdk8s leaves ``=`` unquoted, for which PyYAML knows a YAML 1.1 type and no value.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping, once it is sure that no key stands in it twice."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            is_text = key_node.tag == "tag:yaml.org,2002:str"
            key = key_node.value if is_text else self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading a mapping", node.start_mark, f"found the key {key!r} twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep=deep)  # type: ignore[no-any-return]


def _text(loader: Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


Loader.add_constructor("tag:yaml.org,2002:value", _text)


def load(source: Path | str) -> list[dict[str, Any]]:
    """All manifests of a folder (every ``.yaml`` in it, by name), of one file, or of a YAML text.

    A path is a :class:`~pathlib.Path`; a ``str`` is always YAML text. ``List`` objects are opened; empty documents are left out.
    """
    if isinstance(source, Path):
        files = sorted(source.rglob("*.yaml")) if source.is_dir() else [source]
        if not files:
            raise FileNotFoundError(f"no .yaml file in {source}")
        return [manifest for file in files for manifest in load(file.read_text(encoding="utf-8"))]
    found: list[dict[str, Any]] = []
    for document in yaml.load_all(source, Loader=Loader):
        if document is None:
            continue
        if not isinstance(document, dict):
            raise TypeError(f"a YAML document is no manifest but {type(document).__name__}: {str(document)[:80]}")
        found.extend(document["items"] if document.get("kind") == "List" else [document])
    return found


def identity(manifest: Mapping[str, Any]) -> ObjectId:
    """(kind, namespace, name) of a manifest."""
    metadata = manifest.get("metadata") or {}
    return (manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def objects(manifests: Iterable[Mapping[str, Any]]) -> set[ObjectId]:
    """The (kind, namespace, name) of all manifests; an object that is there twice is an error, since one would overwrite the other."""
    found: set[ObjectId] = set()
    for manifest in manifests:
        key = identity(manifest)
        if key in found:
            raise ValueError(f"there twice: {key}")
        found.add(key)
    return found


def values_of(helm_chart: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a HelmChart manifest carries, read from its ``valuesContent`` text."""
    if helm_chart.get("kind") != "HelmChart":
        raise ValueError(f"not a HelmChart: {helm_chart.get('kind')!r}")
    values = yaml.load(helm_chart["spec"]["valuesContent"], Loader=Loader)
    if not isinstance(values, dict):
        raise TypeError(f"valuesContent holds {type(values).__name__}, not a mapping")
    return values
