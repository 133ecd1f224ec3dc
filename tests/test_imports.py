"""The generated bindings in imports/ have every field that the library writes for HelmChart and Cluster objects."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    "HelmChart": "cdk8s_airflow_crds.helmchart.io.cattle.helm",
    "Cluster": "cdk8s_airflow_crds.cluster.io.cnpg.postgresql",
}
IDENTITY = {"apiVersion", "kind", "metadata"}


@pytest.fixture(scope="module", autouse=True)
def imports_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "imports"))
    yield
    sys.path.remove(str(ROOT / "imports"))


def written(kind: str) -> list[Mapping[str, Any]]:
    """The objects of a kind in dist/ and in the goldens of the examples, each once."""
    found = {}
    for path in sorted([*ROOT.glob("dist/*.yaml"), *ROOT.glob("tests/goldens/**/*.yaml")]):
        text = path.read_text(encoding="utf-8")
        if re.search(rf"^kind: {kind}$", text, re.MULTILINE):
            for each in yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if isinstance(each, Mapping) and each.get("kind") == kind:
                    found[repr(each)] = each
    return list(found.values())


def unknown_fields(module: ModuleType, struct: str, value: object, path: str) -> Iterator[str]:
    """The fields of a value that a generated struct does not have."""
    if isinstance(value, list):
        for each in value:
            yield from unknown_fields(module, struct, each, path)
        return
    if not isinstance(value, Mapping):
        return
    parameters = {
        name.replace("_", "").lower(): str(parameter.annotation)
        for name, parameter in inspect.signature(getattr(module, struct).__init__).parameters.items()
    }
    for key, inner in value.items():
        annotation = parameters.get(key.lower())
        if annotation is None:
            yield f"{path}.{key}"
        elif "Mapping[builtins.str" in annotation:
            continue
        elif nested := re.findall(rf"({struct.removesuffix('Props')}\w+)", annotation):
            yield from unknown_fields(module, nested[0], inner, f"{path}.{key}")


@pytest.mark.parametrize("kind", MODULES)
def test_bindings_have_every_field_that_is_written(kind: str) -> None:
    module = importlib.import_module(MODULES[kind])
    objects = written(kind)
    assert len(objects) > 5
    found: set[str] = set()
    for each in objects:
        spec = {key: value for key, value in each.items() if key not in IDENTITY}
        found |= set(unknown_fields(module, f"{kind}Props", spec, kind))
    assert found == set()


def test_field_that_a_definition_does_not_have_is_found() -> None:
    module = importlib.import_module(MODULES["Cluster"])
    spec = {"spec": {"instances": 1, "storage": {"size": "1Gi", "sise": "1Gi"}, "bootstrap": {"initDb": {}, "x": 1}}}
    assert list(unknown_fields(module, "ClusterProps", spec, "Cluster")) == [
        "Cluster.spec.storage.sise",
        "Cluster.spec.bootstrap.x",
    ]


def test_library_imports_no_generated_bindings() -> None:
    importing = [
        path for path in (ROOT / "lib").rglob("*.py") if "cdk8s_airflow_crds" in path.read_text(encoding="utf-8")
    ]
    assert importing == []
