"""Kubernetes objects of a platform, read from YAML."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from cdk8s_airflow.app.files import MARKER
from cdk8s_airflow.plan.errors import PlanError

HELM_COMMAND = "HelmCommand"
"""The kind under which a release of :class:`~cdk8s_airflow.HelmCommand` appears, which is two files and no object."""

Identity = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


@dataclass(frozen=True, eq=False)
class Manifest:
    """One object.

    Attributes:
        body: the object as a plain document.
        source: the file it comes from; for messages.
    """

    body: Mapping[str, Any]
    source: str = ""

    @property
    def kind(self) -> str:
        """The kind, for example ``Cluster``."""
        return str(self.body["kind"])

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return str(self.body.get("apiVersion", "")).rpartition("/")[0]

    @property
    def namespace(self) -> str:
        """The namespace; empty for objects without one."""
        return str(self.metadata.get("namespace") or "")

    @property
    def name(self) -> str:
        """The name."""
        return str(self.metadata["name"])

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The object's metadata."""
        metadata = self.body["metadata"]
        return metadata if isinstance(metadata, Mapping) else {}

    @property
    def spec(self) -> Mapping[str, Any]:
        """The object's spec; empty if it has none."""
        spec = self.body.get("spec")
        return spec if isinstance(spec, Mapping) else {}

    @property
    def identity(self) -> Identity:
        """What makes the object the same one in two outputs."""
        return self.group, self.kind, self.namespace, self.name

    @property
    def id(self) -> str:
        """``Kind/namespace/name``; the namespace is empty for objects without one."""
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, eq=False)
class Platform:
    """All objects of one output.

    Attributes:
        manifests: the objects by identity.
        label: where they come from, for people: ``dist/ at 4f2a1c3``.
        constructs: the path of the construct that made each object, by its id; empty where it is not known.
    """

    manifests: Mapping[Identity, Manifest] = field(default_factory=dict)
    label: str = ""
    constructs: Mapping[str, str] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Manifest]:
        """The objects of a kind, by namespace and name."""
        return sorted((each for each in self.manifests.values() if each.kind == kind), key=lambda each: each.identity)

    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of a kind and name; None if there is none."""
        return next(
            (
                each
                for each in self.manifests.values()
                if (each.kind, each.namespace, each.name) == (kind, namespace, name)
            ),
            None,
        )


def platform(manifests: Iterable[Manifest], label: str = "") -> Platform:
    """The platform of some objects.

    Raises:
        PlanError: two of them have the same kind, namespace and name.
    """
    found: dict[Identity, Manifest] = {}
    for each in manifests:
        first = found.setdefault(each.identity, each)
        if first is not each:
            where = " and ".join(source for source in dict.fromkeys((first.source, each.source)) if source)
            raise PlanError(f"{each.id} is defined twice{f': in {where}' if where else ''}.")
    return Platform(found, label)


def read_folder(folder: Path, label: str = "") -> Platform:
    """The platform in a folder: every ``.yaml``, ``.yml`` and ``.json`` file directly in it, as ``kubectl apply -f`` reads them,
    and the releases below ``helm/``.

    Raises:
        PlanError: the folder is missing, a file is not YAML, or a document is no Kubernetes object.
    """
    if not folder.is_dir():
        raise PlanError(f"{folder} is not a folder.")
    paths = [path for path in folder.iterdir() if path.is_file()]
    paths += [path for path in folder.glob("helm/*/*") if path.is_file()]
    files = {}
    for path in paths:
        relative = path.relative_to(folder).as_posix()
        if is_read(relative):
            try:
                files[relative] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise PlanError(f"{path} cannot be read: {error}.") from None
    return read_files(files, label or f"{folder}")


def environment_folders(folder: Path) -> list[str]:
    """The names of the folders of environments in an output folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{MARKER}"))


def read_files(files: Mapping[str, str], label: str = "") -> Platform:
    """The platform in some files.

    Args:
        files: the text of each file by its path below the output folder. Files that :func:`read_folder` would not read are
            left out.
        label: where they come from, for people.

    Raises:
        PlanError: a file is not YAML, or a document is no Kubernetes object.
    """
    found: list[Manifest] = []
    for name in sorted(files):
        if not is_read(name):
            continue
        parts = PurePosixPath(name).parts
        if len(parts) == 1:
            found += read_text(files[name], name)
        elif parts[-1] == "install.sh":
            found.append(_helm_command(name, files))
    return platform(found, label)


def is_read(name: str) -> bool:
    """Whether a file, by its path below the output folder, is read as a manifest or as a part of a Helm release."""
    parts = PurePosixPath(name).parts
    if len(parts) == 1:
        return name.endswith((".yaml", ".yml", ".json"))
    return len(parts) == 3 and parts[0] == "helm" and parts[2] in ("install.sh", "values.yml")


def read_text(text: str, source: str = "") -> list[Manifest]:
    """The objects in a YAML text; ``List`` objects are opened, empty documents are left out.

    Raises:
        PlanError: the text is not YAML, or a document is no Kubernetes object.
    """
    return [Manifest(body, source) for document in _documents(text, source) for body in _objects(document, source)]


def _objects(document: Any, source: str) -> Iterator[Mapping[str, Any]]:
    if document is None:
        return
    if isinstance(document, Mapping) and str(document.get("kind", "")).endswith("List") and "items" in document:
        for item in document["items"] or ():
            yield from _objects(item, source)
        return
    metadata = document.get("metadata") if isinstance(document, Mapping) else None
    if not isinstance(metadata, Mapping) or not metadata.get("name") or not document.get("kind"):
        raise PlanError(
            f"{source or 'A document'} has a document without kind and metadata.name, so it is no Kubernetes object."
        )
    yield document


_RELEASE = re.compile(r"helm upgrade --install (?P<words>.+?)(?:\"\$@\"|$)", re.DOTALL)


def _helm_command(name: str, files: Mapping[str, str]) -> Manifest:
    """The release that ``install.sh`` installs, in the form of an object."""
    values = name.removesuffix("install.sh") + "values.yml"
    match = _RELEASE.search(files[name].replace("\\\n", " "))
    if match is None or values not in files:
        raise PlanError(f"{name} has no 'helm upgrade --install' command, or there is no values.yml next to it.")
    # The last option is the values file, whose path the shell puts together.
    words = shlex.split(match["words"].partition("--values")[0])
    options = dict(zip(words[2::2], words[3::2], strict=False))
    return Manifest(
        {
            "apiVersion": "",
            "kind": HELM_COMMAND,
            "metadata": {"name": words[0], "namespace": options.get("--namespace", "")},
            "spec": {
                "chart": words[1],
                "version": options.get("--version", ""),
                "repo": options.get("--repo", ""),
                "timeout": options.get("--timeout", ""),
                "values": files[values],
            },
        },
        name,
    )


@functools.cache
def _loader() -> Any:
    """PyYAML's safe loader as Kubernetes reads YAML: dates and ``=`` are strings, a key that comes twice is an error."""
    try:
        import yaml
    except ImportError:
        raise PlanError('PyYAML is not installed. Run: pip install "cdk8s-airflow[cli]"') from None

    class Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
        pass

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        loader.flatten_mapping(node)
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a scalar", key_node.start_mark)
            if key in found:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} comes twice", key_node.start_mark)
            found[key] = loader.construct_object(value_node, deep=True)
        return found

    number = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
    fraction = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag.rpartition(":")[2] not in ("timestamp", "value", "int", "float")
        ]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", number, list("-+0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", fraction, list("-+.0123456789"))
    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader


def _documents(text: str, source: str) -> list[Any]:
    import yaml

    try:
        return list(yaml.load_all(text, Loader=_loader()))
    except yaml.YAMLError as error:
        raise PlanError(f"{source or 'A text'} is not YAML: {' '.join(str(error).split())}.") from None


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Any:
    """The document in a YAML text, or the text itself if it is no YAML mapping or list. Documents are shared: do not change them."""
    import yaml

    try:
        document = yaml.load(text, Loader=_loader())
    except yaml.YAMLError:
        return text
    return document if isinstance(document, dict | list) else text
