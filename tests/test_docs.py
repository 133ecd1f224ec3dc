"""The documentation is correct: its programs run, its links have targets, and its output and tables match the code.

The Python blocks of a page run from top to bottom in one namespace, in a folder that contains only ``main.py`` and ``dist/``.
A comment before a block, which readers do not see, controls how the block is checked:

- ``<!-- setup`` ... ``-->``: Python that runs here without being shown.
- ``<!-- raises -->``: the next text block is the PlatformError of the previous Python block.
- ``<!-- prints -->``: the next text block is the output of the previous Python block.
- ``<!-- in: make synth -->``: the lines of the next block occur in this order in the output of ``make synth`` for ``main.py``.
  ``<!-- in: PATH -->`` does the same for a file. A line ``...`` replaces omitted lines.
- ``<!-- diff: ARGUMENTS -->``: the lines with + and - of the next block are the change of ``dist/`` if ``main.build`` is called with
  these arguments.
- ``<!-- edit: PATH -->``: the lines with - of the next block occur in the file. With the lines with + instead, it still builds.

``python -m tests.test_docs`` writes the current output into the pages.
"""

from __future__ import annotations

import ast
import difflib
import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow._exports import HOME_OF
from tests.examples_built import PATHS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(page for folder in ("docs", "examples") for page in (ROOT / folder).rglob("*.md")),
    ],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- (setup|raises|prints|in|diff|edit)(?:: ([^\n]*?))?(?: -->|\n(.*?)-->)", re.DOTALL)
_LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_MAKE = re.compile(r"(?:^|&& |`)make ([a-z-]+)", re.MULTILINE)

RUNNER = """
import contextlib, io, json, shutil, sys, traceback
from pathlib import Path
from cdk8s_airflow import PlatformError

kept = {path.name: path.read_bytes() for path in Path("dist").iterdir()}
results = {}
for page, blocks in json.load(sys.stdin).items():
    shutil.rmtree("dist", ignore_errors=True)
    Path("dist").mkdir()
    for name, content in kept.items():
        Path("dist", name).write_bytes(content)
    space = {"__name__": "__main__"}
    outcomes = []
    for block in blocks:
        said = io.StringIO()
        outcome = {}
        try:
            with contextlib.redirect_stdout(said):
                exec(compile(block, page, "exec"), space)
        except PlatformError as error:
            outcome["findings"] = str(error)
        except BaseException:
            outcome["crash"] = traceback.format_exc()
        outcomes.append({**outcome, "printed": said.getvalue()})
    results[page] = {"blocks": outcomes, "dist": {p.name: p.read_text(encoding="utf-8") for p in Path("dist").iterdir() if p.is_file()}}
json.dump(results, sys.stderr)
"""


@dataclass(frozen=True)
class Block:
    """A block of a page, with the comment before it."""

    language: str
    text: str
    mark: str = ""
    about: str = ""


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@functools.cache
def blocks(page: str) -> tuple[Block, ...]:
    """The blocks of a page, hidden ones included."""
    source = text(page)
    found: list[Block] = []
    mark = about = ""
    events = sorted([*_FENCE.finditer(source), *_COMMENT.finditer(source)], key=lambda match: match.start())
    for match in events:
        if match.re is _FENCE:
            indent, language, content = match.groups()
            found.append(Block(language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE), mark, about))
            mark = about = ""
        elif match[1] == "setup":
            found.append(Block("python", match[3], "setup"))
        else:
            mark, about = match[1], match[2] or ""
    return tuple(found)


def programs(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


def prose(page: str) -> str:
    """A page without its blocks and comments."""
    return re.sub(r"<!--.*?-->", "", _FENCE.sub("", text(page)), flags=re.DOTALL)


WITH_PROGRAMS = [name for name in NAMES if programs(name)]
WITH_OUTPUT = [name for name in NAMES if any(block.mark in ("raises", "prints") for block in blocks(name))]
WITH_EXCERPTS = [name for name in NAMES if any(block.mark == "in" for block in blocks(name))]
WITH_DIFFS = [name for name in NAMES if any(block.mark == "diff" for block in blocks(name))]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results of the programs of all pages. They run in one process, because starting Node is slow."""
    return executed(tmp_path_factory.mktemp("docs"))


def executed(folder: Path) -> dict[str, Any]:
    shutil.copy(ROOT / "main.py", folder)
    shutil.copytree(ROOT / "dist", folder / "dist")
    run = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps({page: [block.text for block in programs(page)] for page in WITH_PROGRAMS}),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stderr.splitlines()[-1])
    return found


@pytest.mark.parametrize("page", WITH_PROGRAMS)
def test_page_programs_run(page: str, results: dict[str, Any]) -> None:
    shown = blocks(page)
    expected = [
        following.mark == "raises"
        for block, following in itertools.zip_longest(shown, shown[1:], fillvalue=Block("", ""))
        if block.language == "python"
    ]
    for block, fails, outcome in zip(programs(page), expected, results[page]["blocks"], strict=True):
        assert "crash" not in outcome, f"{block.text}\n{outcome['crash']}"
        assert ("findings" in outcome) is fails, f"{block.text}\n{outcome.get('findings', 'no error')}"


def _imports_of(program: str) -> Iterator[str]:
    return (
        match[1] for match in re.finditer(r"^ *(?:from|import) (cdk8s|cdk8s_airflow)\b(?!_)", program, re.MULTILINE)
    )


@pytest.mark.parametrize(
    "file",
    [*WITH_PROGRAMS, "main.py", *(path.relative_to(ROOT).as_posix() for path in PATHS.values())],
)
def test_programs_import_the_library_before_cdk8s(file: str) -> None:
    """Importing cdk8s starts Node, which prints a notice about its version unless the library has been imported."""
    shown = [block.text for block in programs(file) if block.mark != "setup"] if file.endswith(".md") else [text(file)]
    imported = list(_imports_of("\n".join(shown)))
    assert "cdk8s_airflow" not in imported or imported[0] == "cdk8s_airflow"


@pytest.mark.parametrize("page", WITH_OUTPUT)
def test_page_output_matches_its_programs(page: str, results: dict[str, Any]) -> None:
    outcomes = iter(results[page]["blocks"])
    outcome: dict[str, str] = {}
    for block in blocks(page):
        if block.language == "python":
            outcome = next(outcomes)
        elif block.mark == "raises":
            assert block.text == outcome["findings"] + "\n"
        elif block.mark == "prints":
            assert block.text == outcome["printed"]


def test_readme_program_writes_dist(results: dict[str, Any]) -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "dist").iterdir()}
    assert results["README.md"]["dist"] == committed


@functools.cache
def homelab(arguments: str = "") -> dict[str, str]:
    """The manifests and the summary of main.py."""
    import main
    from cdk8s_airflow.app.registry import registry_of
    from cdk8s_airflow.report.details import details_text
    from cdk8s_airflow.report.summary import summary

    app = main.build(**{key: ast.literal_eval(value) for key, value in re.findall(r"(\w+)=(\S+)", arguments)})
    manifests = app.synth_yaml()
    return {
        "manifests": manifests,
        "make synth": summary(registry_of(app), Path(os.path.relpath(ROOT / "dist"))),
        "summary --details": details_text(registry_of(app), Path("dist")),
    }


@pytest.mark.parametrize("page", WITH_EXCERPTS)
def test_excerpts_match_their_source(page: str) -> None:
    for block in blocks(page):
        if block.mark == "in":
            source = homelab()[block.about] if block.about in ("make synth", "summary --details") else text(block.about)
            lines = iter(source.splitlines())
            for line in block.text.splitlines():
                assert line.strip() == "..." or line in lines, f"not in {block.about}, or not in this order: {line}"


@pytest.mark.parametrize("page", WITH_DIFFS)
def test_diffs_match_changes_of_dist(page: str) -> None:
    for block in blocks(page):
        if block.mark == "diff":
            before, after = homelab()["manifests"].splitlines(), homelab(block.about)["manifests"].splitlines()
            changed = [line for line in difflib.unified_diff(before, after, n=0) if line[:3] not in ("---", "+++")]
            shown = [line for line in block.text.splitlines() if line[:1] in "+-"]
            assert [line for line in changed if line[:1] in "+-"] == shown


@pytest.mark.parametrize("page", [name for name in NAMES if any(block.mark == "edit" for block in blocks(name))])
def test_edits_apply_and_build(page: str) -> None:
    for block in blocks(page):
        if block.mark == "edit":
            program = text(block.about)
            lines = block.text.splitlines()
            for old, new in itertools.pairwise(lines):
                if (old[0], new[0]) == ("-", "+"):
                    assert program.count(f"{old[1:]}\n") == 1, old
                    program = program.replace(f"{old[1:]}\n", f"{new[1:]}\n")
            space: dict[str, Any] = {"__name__": "edited"}
            exec(compile(program, block.about, "exec"), space)
            manifests = space["build"]().synth_yaml()
            assert "ingressClassName: traefik" in manifests
            assert "https://git.example.com/you/airflow-dags.git" in manifests


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def links(page: str) -> Iterator[tuple[str, Path, str]]:
    for target in _LINK.findall(prose(page)):
        if not target.startswith(("https://", "http://")):
            path, _, anchor = target.partition("#")
            yield target, ((ROOT / page).parent / path).resolve() if path else ROOT / page, anchor


@pytest.mark.parametrize("page", NAMES)
def test_links_have_targets(page: str) -> None:
    for target, path, anchor in links(page):
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("page", [name for name in NAMES if name.startswith("docs/")])
def test_docs_links_stay_in_docs(page: str) -> None:
    for target, path, _ in links(page):
        assert path.is_relative_to(ROOT / "docs"), target


@pytest.mark.parametrize("page", [name for name in NAMES if name != "docs/index.md" and name.startswith("docs/")])
def test_page_is_linked_and_in_the_navigation(page: str) -> None:
    reached = {path for name in NAMES if name != page for _, path, _ in links(name)}
    assert ROOT / page in reached
    assert f"- {page.removeprefix('docs/')}\n" in text("mkdocs.yml")


def test_navigation_lists_only_existing_pages() -> None:
    named = re.findall(r"- (\S+\.md)$", text("mkdocs.yml"), re.MULTILINE)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / "docs" / name).exists()] == []


def commands(page: str) -> set[str]:
    """The make targets that a page uses."""
    inline = re.findall(r"`make [^`]+`", prose(page))
    return set(_MAKE.findall("\n".join([*inline, *(block.text for block in blocks(page) if block.language == "sh")])))


@pytest.mark.parametrize("page", [name for name in NAMES if commands(name)])
def test_make_commands_exist_in_the_makefile(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert commands(page) <= targets


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("page", [name for name in NAMES if any(block.language == "sh" for block in blocks(name))])
def test_shell_blocks_have_valid_syntax(page: str) -> None:
    for block in blocks(page):
        if block.language == "sh":
            run = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert run.returncode == 0, f"{block.text}\n{run.stderr}"


@pytest.mark.parametrize("page", [name for name in NAMES if "Generated by" not in text(name)])
def test_prose_lines_have_at_most_140_characters(page: str) -> None:
    assert [line for line in prose(page).splitlines() if len(line) > 140 and "|" not in line and "](" not in line] == []


def test_generated_pages_are_up_to_date() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    # jsii prints a notice like this about an old Node.
    said = [line for line in run.stderr.splitlines() if not line.startswith("b'!!")]
    assert (run.returncode, said) == (0, [])


def test_reference_documents_every_public_name() -> None:
    documented = {
        heading for page in (ROOT / "docs" / "reference").glob("*.md") for heading in _HEADING.findall(page.read_text())
    }
    assert set(HOME_OF) <= documented


_AREAS = (("values", "key"), ("manifest", "field"))


def rules_in(module: ast.Module) -> Iterator[str]:
    """The rule ids of a module: literals, and those built from an area and a word."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    own = [c.args[0].value for c in calls if _name(c) in ("_finding", "_pairs") and isinstance(c.args[0], ast.Constant)]
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef) and function.name == "_says":
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                    own.append(ast.literal_eval(node.value.elts[0]))
    for call in calls:
        given = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
        given += call.args[3:4] if _name(call) == "Must" else []
        given += call.args[2:3] if _name(call) == "short_label" else []
        for value in [part for each in given for part in _branches(each)]:
            if isinstance(value, ast.Constant):
                yield str(value.value)
            elif isinstance(value, ast.JoinedStr):
                yield from _expanded(ast.unparse(value)[2:-1], own)


def _branches(value: ast.expr) -> list[ast.expr]:
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def _expanded(template: str, own: list[Any]) -> Iterator[str]:
    for area, field in _AREAS:
        if "{_AREA}" in template and area != "manifest":
            continue
        filled = re.sub(r"\{_AREA\}|\{(document\.)?area\}", area, template)
        filled = re.sub(r"\{(document\.)?field\}", field, filled)
        yield from ([filled.replace("{rule}", rule) for rule in own] if "{rule}" in filled else [filled])


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", "")


def rule_ids() -> set[str]:
    return {
        rule for path in (ROOT / "lib").rglob("*.py") for rule in rules_in(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_rule_ids_are_documented_exactly_once() -> None:
    documented = re.findall(r"^\| `([a-z]+/[a-z0-9-]+)` \| \S", text("docs/reference/rules.md"), re.MULTILINE)
    assert len(documented) > 60
    assert sorted(documented) == sorted(rule_ids())


def test_rule_ids_have_the_format_area_and_name() -> None:
    assert [rule for rule in rule_ids() if not re.fullmatch(r"[a-z]+/[a-z]+(-[a-z0-9]+)*", rule)] == []


@pytest.mark.parametrize("page", [name for name in NAMES if name.startswith("docs/decisions/0")])
def test_decision_has_all_sections(page: str) -> None:
    parts = re.findall(r"^## (.+)$", text(page), re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "A change violates this when", "Evidence"]
    number = Path(page).name[:4]
    assert re.match(rf"# {number}\. \S", text(page))


@pytest.mark.parametrize("page", [name for name in NAMES if name.startswith("docs/decisions/0")])
def test_decision_evidence_exists(page: str) -> None:
    evidence = text(page).partition("## Evidence")[2]
    named = re.findall(r"`((?:lib|tests|tools|imports|edge|main|dist)[\w/.-]*?)(?:::(\w+))?`", evidence)
    assert named
    for path, function in named:
        assert (ROOT / path).exists(), path
        assert not function or f"def {function}(" in text(path), f"{path}::{function}"


FAILS = "from cdk8s_airflow import Namespace, run\nrun(lambda: Namespace(None, 'a'))\n"


@pytest.mark.skipif(
    not (ROOT / "node_modules" / ".bin" / "cdk8s").exists() or shutil.which("sh") is None,
    reason="needs cdk8s-cli and sh",
)
@pytest.mark.parametrize(("command", "stays"), [("python main.py", True), ("cdk8s synth", False)])
def test_failing_program_leaves_dist_as_documented(command: str, stays: bool, tmp_path: Path) -> None:
    said = re.search(
        rf"^\| `{command}` \| .* \| `dist/` is (.+) \|$", text("docs/how-to/run-cdk8s-without-make.md"), re.MULTILINE
    )
    shutil.copy(ROOT / "cdk8s.yaml", tmp_path)
    (tmp_path / "main.py").write_text(FAILS, encoding="utf-8")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "00-before.k8s.yaml").write_text("kind: Before\n", encoding="utf-8")
    folders = [Path(sys.executable).parent, ROOT / "node_modules" / ".bin"]
    run = subprocess.run(
        command.split(),
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={
            **os.environ,
            "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
            "CDK8S_CHECK_UPGRADE": "false",
        },
    )
    assert run.returncode != 0
    assert (tmp_path / "dist" / "00-before.k8s.yaml").exists() is stays
    assert said
    assert said[1] == ("unchanged" if stays else "deleted")


def test_architecture_page_lists_every_package() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", text("docs/explanation/architecture.md"), re.MULTILINE))
    library = ROOT / "lib" / "cdk8s_airflow"
    rooms = {path.parent.name for path in library.glob("*/__init__.py")} | {
        path.stem for path in library.glob("[!_]*.py")
    }
    assert named == rooms


def test_changelog_has_the_package_version() -> None:
    version = re.search(r'^version = "(.+)"', text("pyproject.toml"), re.MULTILINE)
    newest = re.search(r"^## \[(.+?)\] - (Unreleased|\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    assert version
    assert newest
    assert newest[1] == version[1]


def test_readme_states_the_number_of_secrets() -> None:
    words = {4: "four", 5: "five", 6: "six", 7: "seven"}
    count = homelab()["make synth"].count(" create secret generic ")
    count -= homelab()["make synth"].count(" OLD_NAME ")
    assert f"Create the {words[count]} Secrets" in text("README.md")


def test_redirects_point_from_removed_pages_to_existing_ones() -> None:
    redirects = re.findall(r"^ {8}(\S+\.md): (\S+\.md)$", text("mkdocs.yml"), re.MULTILINE)
    assert redirects
    assert [old for old, _ in redirects if (ROOT / "docs" / old).exists()] == []
    assert [new for _, new in redirects if not (ROOT / "docs" / new).exists()] == []


SEARCHED = (
    "network policies", "external database", "Prometheus", "troubleshoot", "remote logging", "private registry", "custom image",
    "Git SSH key", "KEDA autoscaling", "Ingress TLS", "LDAP", "OIDC", "single sign-on", "back up restore", "upgrade Airflow",
    "rotate Fernet key", "Argo CD", "Flux", "resource quotas", "External Secrets", "service account", "proxy", "OpenTelemetry",
)  # fmt: skip


@pytest.mark.parametrize("phrase", SEARCHED)
def test_headings_contain_what_people_search_for(phrase: str) -> None:
    pages = (ROOT / "docs" / "how-to").glob("*.md")
    headings = [
        heading.lower() for path in pages for heading in _HEADING.findall(_FENCE.sub("", path.read_text("utf-8")))
    ]
    assert [heading for heading in headings if all(word in heading for word in phrase.lower().split())]


def update() -> None:
    """Write what programs print and raise into the pages, where it differs: ``python -m tests.test_docs``."""
    with tempfile.TemporaryDirectory() as folder:
        results = executed(Path(folder))
    for page in WITH_OUTPUT:
        outcomes = iter(results[page]["blocks"])
        outcome: dict[str, str] = {}
        source = text(page)
        for block in blocks(page):
            if block.language == "python":
                outcome = next(outcomes)
            elif block.mark in ("raises", "prints"):
                output = f"{outcome.get('findings', '')}\n" if block.mark == "raises" else outcome["printed"]
                source = source.replace(f"```text\n{block.text}```", f"```text\n{output}```", 1)
        if source != text(page):
            (ROOT / page).write_text(source, encoding="utf-8")
            print(page)


if __name__ == "__main__":
    update()
