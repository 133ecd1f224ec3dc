"""Names, quantities, durations and kinds of Kubernetes are described once: no module has a second copy.

Patterns are compared by what they match, so that a copy with other groups or another spelling is found too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk8s_airflow.model import cluster_scoped_kinds

LIBRARY = Path(__file__).parents[1] / "lib" / "cdk8s_airflow"
OTHER_FORMS = {
    (
        "monitoring/log_outputs.py",
        "^[a-zA-Z_][a-zA-Z0-9_]*$",
    ): "a label of Loki, which only looks like an environment variable",
}
PROBES = (
    "", "a", "a1", "1a", "a-b", "a--b", "-a", "a-", "a.b", "a..b", ".a", "a_b", "_a", "a_", "A", "A.b", "a/b", "é", "a b", "a@b", "a:b", "a+b", "a=b", "a%b", "..",
    "1", "12", "0.5", ".5", "5.", "1e3", "1E-3", "500m", "1Gi", "1k", "1K", "1ki", "-1", "+1", "1GiB",
    "1h", "1h30m", "30m1h", "1.5h", "10ms", "1d", "0d", "30d", "0", "s",
)  # fmt: skip
OWNERS = ("kubernetes_names", "quantities", "durations")


def sources() -> Iterator[tuple[str, ast.Module]]:
    """The modules of the library. Programs for pods cannot import it, and the scanner has patterns of its own."""
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY).as_posix()
        if not name.startswith(("jobs/programs/", "secret_scan/")):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def patterns(tree: ast.Module) -> Iterator[str]:
    """The regular expressions that a module compiles from a literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("regex", "re.compile", "re.fullmatch", "re.match"):
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def meaning(pattern: str) -> tuple[bool, ...]:
    """Which probes a pattern matches."""
    compiled = re.compile(pattern.removesuffix("$"), re.ASCII)
    return tuple(compiled.fullmatch(probe) is not None for probe in PROBES)


def copies(found: Iterator[tuple[str, ast.Module]]) -> list[str]:
    modules = dict(found)
    owned = {meaning(pattern): owner for owner in OWNERS for pattern in patterns(modules[f"validation/{owner}.py"])}
    return [
        f"{name}: {pattern} is in validation/{owned[meaning(pattern)]}.py"
        for name, tree in modules.items()
        if name.removeprefix("validation/").removesuffix(".py") not in OWNERS
        for pattern in patterns(tree)
        if meaning(pattern) in owned and (name, pattern) not in OTHER_FORMS
    ]


def kinds_listed(tree: ast.Module) -> Iterator[list[str]]:
    """The cluster-scoped kinds in each literal collection."""
    known = frozenset().union(*cluster_scoped_kinds._CLUSTER_SCOPED.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple | ast.Set | ast.List):
            yield [each.value for each in node.elts if isinstance(each, ast.Constant) and each.value in known]


def test_forms_of_names_quantities_and_durations_have_one_pattern() -> None:
    assert copies(sources()) == []


def test_cluster_scoped_kinds_are_listed_once() -> None:
    found = {name for name, tree in sources() if any(len(kinds) > 2 for kinds in kinds_listed(tree))}
    assert found == {"model/cluster_scoped_kinds.py"}


@pytest.mark.parametrize(
    "copy",
    [
        r'_NAME = regex(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$")',
        r'_SIZE = re.compile(r"[+-]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][+-]?[0-9]{1,2}|[numkMGTPE]|[KMGTPE]i)?")',
        r'_TIME = regex(r"(?:[0-9]+h)?(?:[0-9]+m)?([0-9]+s)?(?<=[hms])")',
    ],
)
def test_second_pattern_in_another_spelling_is_found(copy: str) -> None:
    assert len(copies(iter([*sources(), ("other.py", ast.parse(copy))]))) == 1
