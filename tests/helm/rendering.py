"""Render the released Airflow charts with real Helm and look at the objects.

The charts and the Helm program are not part of this repository. The environment variable ``CDK8S_AIRFLOW_CHARTS``
names a folder that holds the released archives ``airflow-<version>.tgz`` and, if they are not on the ``PATH``,
``bin/helm`` and ``bin/kubectl``. Without the variable the tests that need a chart are skipped; with it, a missing or
altered archive is an error.
"""

from __future__ import annotations

import atexit
import configparser
import copy
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHARTS_VARIABLE = "CDK8S_AIRFLOW_CHARTS"
"""The environment variable that names the folder with the released archives."""

ARCHIVES: Mapping[str, str] = {
    "1.15.0": "2a1ef23f8a887c0e89e9768ead6524cac08978f322d311d4d98e08539e4d672d",
    "1.18.0": "8286a11351af1b874a08395e7bfa73f32d9694977e24496b516b4c2561e0a622",
    "1.20.0": "29740c59c42960f14ac710069686a70220c011e210b6ca7d7f4d0f748da0917a",
    "1.22.0": "1f7d1dfe3d58e2c54899950aba907a43625a18c8b6fb3c54760c21592129a5b6",
}
"""Chart version -> sha256 of the archive as the Airflow project released it."""

PAIRS: tuple[tuple[str, str], ...] = (
    ("1.15.0", "2.9.3"),
    ("1.18.0", "2.10.5"),
    ("1.18.0", "3.0.2"),
    ("1.20.0", "2.11.0"),
    ("1.20.0", "3.1.8"),
    ("1.22.0", "2.11.0"),
    ("1.22.0", "3.2.2"),
)
"""The pairs of chart and Airflow that every platform is rendered with."""

CHARTS_MISSING = (
    f"set {CHARTS_VARIABLE} to a folder with airflow-<version>.tgz (released archives) and bin/helm to run this test"
)
"""The reason shown for a skipped test."""


def charts_folder() -> Path | None:
    """The folder of the released archives, or nothing when the variable is not set."""
    text = os.environ.get(CHARTS_VARIABLE, "")
    return Path(text) if text else None


_DOCUMENTS = re.compile(r"airflow/(?:docs|dockerfiles|newsfragments)/|airflow/[^/]*\.(?:md|rst)$")


class GoYamlLoader(yaml.CSafeLoader):
    """Reads YAML as Helm and Kubernetes do, and refuses a key that is given twice.

    Unlike PyYAML: ``y`` and ``n`` are booleans, a date is text, ``=`` is text, base 60 does not exist, ``0o17`` and ``1e3``
    are numbers.
    """


def _mapping(loader: GoYamlLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                "while reading a mapping", node.start_mark, f"the key {key!r} is given twice", key_node.start_mark
            )
        seen.add(key)
    loader.flatten_mapping(node)
    return {
        loader.construct_object(key_node, deep=True): loader.construct_object(value_node, deep=True)
        for key_node, value_node in node.value
    }


def _integer(loader: GoYamlLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits.startswith("0") and digits.isdigit() and len(digits) > 1:
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _configure(loader: type[GoYamlLoader]) -> None:
    bools = re.compile(r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$")
    integers = re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$")
    floats = re.compile(
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    )
    nulls = re.compile(r"^(?:~|null|Null|NULL|)$")
    merge = re.compile(r"^<<$")
    loader.yaml_implicit_resolvers = {}
    loader.add_implicit_resolver("tag:yaml.org,2002:bool", bools, list("yYnNtTfFoO"))
    loader.add_implicit_resolver("tag:yaml.org,2002:int", integers, list("-+0123456789"))
    loader.add_implicit_resolver("tag:yaml.org,2002:float", floats, list("-+0123456789."))
    loader.add_implicit_resolver("tag:yaml.org,2002:null", nulls, ["~", "n", "N", ""])
    loader.add_implicit_resolver("tag:yaml.org,2002:merge", merge, ["<"])
    loader.bool_values = {**loader.bool_values, "y": True, "n": False}
    loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    loader.add_constructor("tag:yaml.org,2002:int", _integer)


_configure(GoYamlLoader)


def load_documents(text: str) -> list[Any]:
    """All YAML documents of ``text`` that hold something, read as Kubernetes reads them."""
    return [document for document in yaml.load_all(text, Loader=GoYamlLoader) if document is not None]


@functools.lru_cache(maxsize=2048)
def _documents(text: str) -> list[Any]:
    """:func:`load_documents`, kept by text: most documents are the same in the next rendering. Callers must not change them."""
    return load_documents(text)


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container or init container of a rendered pod."""

    pod: Pod
    init: bool
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec["name"])

    @property
    def where(self) -> str:
        """A short address for messages: ``Deployment/airflow-scheduler init git-sync-init``."""
        return f"{self.pod.where} {'init ' if self.init else ''}{self.name}"

    @property
    def image(self) -> str:
        """The image with its tag or digest."""
        return str(self.spec.get("image", ""))

    @property
    def env_entries(self) -> list[Mapping[str, Any]]:
        """The entries of ``env`` in their order."""
        return list(self.spec.get("env") or [])

    @property
    def env(self) -> dict[str, Mapping[str, Any]]:
        """The entries of ``env`` by name; of two with one name the last one counts, as in the kubelet."""
        return {str(entry["name"]): entry for entry in self.env_entries}

    def text_env(self, name: str) -> str | None:
        """The plain value of an environment variable, or nothing if it is absent or comes from elsewhere."""
        entry = self.env.get(name)
        if entry is None or "valueFrom" in entry:
            return None
        return str(entry.get("value", ""))

    @property
    def role(self) -> str:
        """What the container is: ``airflow``, ``git-sync``, ``groomer``, ``statsd``, or ``other``."""
        names = {str(entry["name"]) for entry in self.env_entries}
        if "GITSYNC_REPO" in names:
            return "git-sync"
        if self.name.endswith("log-groomer"):
            return "groomer"
        if self.pod.component == "statsd":
            return "statsd"
        if "AIRFLOW_HOME" in names:
            return "airflow"
        return "other"


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod as a workload, a Job, a CronJob or the pod template file of KubernetesExecutor describes it."""

    kind: str
    name: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    @property
    def where(self) -> str:
        """A short address for messages; the task pod is ``PodTemplate/...``."""
        return f"{self.kind}/{self.name}"

    @property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        return dict(self.metadata.get("labels") or {})

    @property
    def annotations(self) -> Mapping[str, str]:
        """The pod's annotations."""
        return dict(self.metadata.get("annotations") or {})

    @property
    def component(self) -> str:
        """The chart's component label: ``scheduler``, ``worker``, ``run-airflow-migrations`` and so on."""
        return str(self.labels.get("component", ""))

    @property
    def containers(self) -> list[Container]:
        """Init containers and then containers, in their order."""
        return [
            Container(pod=self, init=init, spec=spec)
            for init, key in ((True, "initContainers"), (False, "containers"))
            for spec in self.spec.get(key) or []
        ]

    def container(self, name: str) -> Container:
        """The container or init container of that name."""
        found = [container for container in self.containers if container.name == name]
        assert len(found) == 1, f"{self.where} has {[c.name for c in self.containers]}, not one {name!r}"
        return found[0]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The objects of one rendering."""

    text: str
    """Helm's output, byte for byte."""
    release: str = "airflow"
    namespace: str = "airflow"
    chart_version: str = ""
    manifests: tuple[Mapping[str, Any], ...] = field(default=())

    @classmethod
    def parse(
        cls, text: str, *, release: str = "airflow", namespace: str = "airflow", chart_version: str = ""
    ) -> Rendered:
        """Read Helm's output; a key given twice or an object without a kind is an error."""
        manifests = [each for part in re.split(r"^---$", text, flags=re.MULTILINE) for each in _documents(part)]
        for manifest in manifests:
            assert isinstance(manifest, dict), f"not an object: {str(manifest)[:200]}"
            assert manifest.get("kind"), f"an object without a kind: {str(manifest)[:200]}"
        return cls(
            text=text, release=release, namespace=namespace, chart_version=chart_version, manifests=tuple(manifests)
        )

    @property
    def names(self) -> set[tuple[str, str]]:
        """(kind, name) of every object."""
        return {(str(m["kind"]), str(m["metadata"]["name"])) for m in self.manifests}

    def find(self, kind: str, name: str | None = None) -> list[Mapping[str, Any]]:
        """Objects of a kind, all or those of one name."""
        return [m for m in self.manifests if m["kind"] == kind and name in (None, m["metadata"]["name"])]

    def get(self, kind: str, name: str) -> Mapping[str, Any]:
        """The one object of that kind and name."""
        found = self.find(kind, name)
        assert len(found) == 1, f"{len(found)} objects {kind}/{name}; there are {sorted(self.names)}"
        return found[0]

    @functools.cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Every pod: workloads, Jobs, CronJobs, bare pods, and the task pod of the pod template file."""
        return tuple(self._pods())

    def _pods(self) -> Iterator[Pod]:
        for manifest in self.manifests:
            kind, name = str(manifest["kind"]), str(manifest["metadata"]["name"])
            spec = manifest.get("spec") or {}
            if kind == "CronJob":
                spec = spec["jobTemplate"]["spec"]
            if kind == "Pod":
                yield Pod(kind=kind, name=name, metadata=manifest["metadata"], spec=spec)
            elif isinstance(spec, dict) and isinstance(spec.get("template"), dict) and "spec" in spec["template"]:
                template = spec["template"]
                yield Pod(kind=kind, name=name, metadata=template.get("metadata") or {}, spec=template["spec"])
        task_pod = self.pod_template
        if task_pod is not None:
            yield Pod(
                kind="PodTemplate", name="pod_template_file.yaml", metadata=task_pod["metadata"], spec=task_pod["spec"]
            )

    @functools.cached_property
    def pod_template(self) -> Mapping[str, Any] | None:
        """The task pod of KubernetesExecutor, or nothing with another executor."""
        texts = [
            config["data"]["pod_template_file.yaml"]
            for config in self.find("ConfigMap")
            if "pod_template_file.yaml" in (config.get("data") or {})
        ]
        assert len(texts) <= 1, "more than one ConfigMap has a pod_template_file.yaml"
        if not texts:
            return None
        documents = copy.deepcopy(_documents(texts[0]))  # tests take it apart
        kinds = [document["kind"] for document in documents]
        assert kinds == ["Pod"], f"the pod template holds {kinds}, not one Pod"
        pod: Mapping[str, Any] = documents[0]
        return pod

    def pod(self, component: str) -> Pod:
        """The one pod with that component label; the task pod is ``worker``."""
        found = [pod for pod in self.pods if pod.component == component]
        assert len(found) == 1, (
            f"{len(found)} pods of component {component!r}; there are {[p.where for p in self.pods]}"
        )
        return found[0]

    def containers(self, *roles: str) -> list[Container]:
        """All containers and init containers of all pods, or those of some roles."""
        return [c for pod in self.pods for c in pod.containers if not roles or c.role in roles]

    @functools.cached_property
    def airflow_cfg(self) -> configparser.RawConfigParser:
        """airflow.cfg of the chart's ConfigMap; an option given twice is an error."""
        texts = [c["data"]["airflow.cfg"] for c in self.find("ConfigMap") if "airflow.cfg" in (c.get("data") or {})]
        assert len(texts) == 1, f"{len(texts)} ConfigMaps have an airflow.cfg"
        parser = configparser.RawConfigParser(strict=True)
        parser.read_string(texts[0])
        return parser


class HelmError(Exception):
    """Helm refused the values or the templates failed; the text is Helm's message."""


@functools.lru_cache(maxsize=1)
def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cdk8s-airflow-charts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def chart_path(version: str) -> Path:
    """The unpacked chart of that version; unpacked once, after its checksum was compared."""
    folder = charts_folder()
    assert folder is not None, CHARTS_MISSING
    archive = folder / f"airflow-{version}.tgz"
    assert archive.is_file(), f"{CHARTS_VARIABLE} is set, but {archive} does not exist"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert digest == ARCHIVES[version], f"{archive} is not the released archive: its sha256 is {digest}"
    target = _scratch() / version
    with tarfile.open(archive) as bundle:
        # No template reads the documents of the chart, and with them every rendering takes twice as long.
        members = [member for member in bundle if not _DOCUMENTS.match(member.name)]
        bundle.extractall(target, members=members, filter="data")
    return target / "airflow"


@functools.cache
def program(name: str) -> Path:
    """The program ``helm`` or ``kubectl``: from the charts folder's ``bin``, else from the ``PATH``."""
    folder = charts_folder()
    assert folder is not None, CHARTS_MISSING
    installed = folder / "bin" / name
    if installed.is_file():
        return installed
    found = shutil.which(name)
    assert found is not None, f"{CHARTS_VARIABLE} is set, but there is neither {installed} nor {name} on the PATH"
    return Path(found)


_cache: dict[tuple[str, ...], Rendered] = {}


def render(
    values: str | Mapping[str, object],
    chart_version: str,
    *,
    release: str = "airflow",
    namespace: str = "airflow",
    kube_version: str = "1.34",
    fresh: bool = False,
) -> Rendered:
    """Render one values document (text as Helm reads it, or a tree) with one released chart.

    A rendering is kept per process by its content; ``fresh=True`` runs Helm again, for tests of determinism.
    Raises ``HelmError`` with Helm's message when the chart refuses the values.
    """
    text = values_document(values)
    key = (hashlib.sha256(text.encode()).hexdigest(), chart_version, release, namespace, kube_version)
    if fresh or key not in _cache:
        output = render_text(text, chart_version, release=release, namespace=namespace, kube_version=kube_version)
        _cache[key] = Rendered.parse(output, release=release, namespace=namespace, chart_version=chart_version)
    return _cache[key]


def values_document(values: str | Mapping[str, object]) -> str:
    """The text of a values document. It ends with a line break, because Helm 4 ignores a last line of 4096, 8192, … bytes without one."""
    return values if isinstance(values, str) else json.dumps(values) + "\n"


def render_text(
    values: str | Mapping[str, object],
    chart_version: str,
    *,
    release: str = "airflow",
    namespace: str = "airflow",
    kube_version: str = "1.34",
) -> str:
    """Helm's output as text, neither parsed nor kept: for tests that render thousands of values.

    Raises ``HelmError`` with Helm's message when the chart refuses the values.
    """
    text = values_document(values)
    return _run_helm(text, chart_version, release, namespace, kube_version)


def _run_helm(text: str, chart_version: str, release: str, namespace: str, kube_version: str) -> str:
    chart = chart_path(chart_version)
    home = _scratch() / "home"
    home.mkdir(exist_ok=True)
    command: list[str] = [str(program("helm")), "template", release, str(chart), "--namespace", namespace]
    command += ["--kube-version", kube_version, "--values", "-"]
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(home)},
    )
    if done.returncode != 0:
        raise HelmError(done.stderr.strip())
    return done.stdout


def render_release(manifest: Mapping[str, Any], *, kube_version: str = "1.34", fresh: bool = False) -> Rendered:
    """Render what a k3s ``HelmChart`` object would install: its values, chart version, release name and namespace."""
    assert manifest["kind"] == "HelmChart", f"not a HelmChart: {manifest['kind']}"
    spec = manifest["spec"]
    return render(
        spec["valuesContent"],
        spec["version"],
        release=manifest["metadata"]["name"],
        namespace=spec.get("targetNamespace", manifest["metadata"]["namespace"]),
        kube_version=kube_version,
        fresh=fresh,
    )


def helm_charts(folder: Path) -> list[Mapping[str, Any]]:
    """The ``HelmChart`` objects in the YAML files of a folder such as ``dist/``, in file order."""
    documents: Iterable[Any] = (
        document for path in sorted(folder.rglob("*.yaml")) for document in load_documents(path.read_text("utf-8"))
    )
    return [document for document in documents if isinstance(document, dict) and document.get("kind") == "HelmChart"]
