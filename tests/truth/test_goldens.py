"""Goldens fail on any difference, say what differs, write on request, and do not outlive their tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.truth import crds, goldens, hooks
from tests.truth.file_order import FileSeconds
from tests.truth.goldens import Book, check_golden, check_golden_folder, explain

ROOT = Path(__file__).parents[2]

BEFORE = """\
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata:
  name: airflow
  namespace: kube-system
spec:
  valuesContent: |
    scheduler:
      replicas: 1
    executor: KubernetesExecutor
---
apiVersion: v1
kind: Namespace
metadata:
  name: airflow
"""
AFTER = BEFORE.replace("replicas: 1", "replicas: 2").replace("kind: Namespace", "kind: ServiceAccount")


def test_the_same_text_passes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(BEFORE.encode())
    book = Book()
    check_golden(BEFORE, tmp_path / "a.yaml", book=book)
    assert book.asked == {tmp_path / "a.yaml"}
    assert book.written == []


@pytest.mark.parametrize("text", [BEFORE + "\n", BEFORE[:-1], BEFORE.replace("\n", "\r\n"), AFTER, ""])
def test_any_difference_fails_and_leaves_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_bytes(BEFORE.encode())
    with pytest.raises(AssertionError, match="--update-goldens"):
        check_golden(text, tmp_path / "a.yaml", book=Book())
    assert (tmp_path / "a.yaml").read_bytes() == BEFORE.encode()


def test_a_missing_golden_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no golden"):
        check_golden(BEFORE, tmp_path / "a.yaml", book=Book())
    assert not (tmp_path / "a.yaml").exists()


def test_the_update_writes_exact_bytes_and_only_what_differs(tmp_path: Path) -> None:
    book = Book(update=True)
    check_golden("a: é\r\n", tmp_path / "deep" / "a.yaml", book=book)
    check_golden("a: é\r\n", tmp_path / "deep" / "a.yaml", book=book)
    assert (tmp_path / "deep" / "a.yaml").read_bytes() == "a: é\r\n".encode()
    assert book.written == [tmp_path / "deep" / "a.yaml"]


def test_the_message_names_objects_and_fields_before_lines() -> None:
    message = explain(BEFORE, AFTER, Path("out.yaml"))
    parts = [
        "gone:    Namespace airflow",
        "new:     ServiceAccount airflow",
        "changed: HelmChart kube-system/airflow",
        "spec.valuesContent.scheduler.replicas: 1 -> 2",
        "--- out.yaml (committed)",
        "-      replicas: 1",
        "+      replicas: 2",
    ]
    assert all(part in message for part in parts)
    assert sorted(parts, key=message.index) == parts


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: A\nmetadata: {name: a}\nx: 1\n", "kind: A\nmetadata: {name: a}\nx: '1'\n", "x: 1 -> '1'"),
        ("kind: A\nmetadata: {name: a}\nx: 1\n", "kind: A\nmetadata: {name: a}\n", "x: 1 -> gone"),
        ("kind: A\nmetadata: {name: a}\n", "kind: A\nmetadata: {name: a}\nx: [1]\n", "x: new, [1]"),
        (
            "kind: A\nmetadata: {name: a}\nx: [{y: 1}]\n",
            "kind: A\nmetadata: {name: a}\nx: [{y: 2}]\n",
            "x[0].y: 1 -> 2",
        ),
        ("kind: A\nmetadata: {name: a}\n", "metadata: {name: a}\nkind: A\n", "the same objects in other words"),
        ("kind: A\nmetadata: {name: a}\n", "a: [\n", "not compared by object"),
        ("kind: A\nmetadata: {name: a}\n", "kind: A\nmetadata: {name: a}", "no newline at the end"),
    ],
)
def test_the_message_says_how_a_field_changed(before: str, after: str, said: str) -> None:
    assert said in explain(before, after, Path("out.yaml"))


def test_a_folder_must_hold_exactly_these_files(tmp_path: Path) -> None:
    texts = {"a.yaml": BEFORE, "b/c.yaml": AFTER}
    book = Book(update=True)
    check_golden_folder(texts, tmp_path, book=book)
    check_golden_folder(texts, tmp_path, book=Book())
    (tmp_path / "left.yaml").write_text("x", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"left\.yaml is committed, and nothing writes it"):
        check_golden_folder(texts, tmp_path, book=Book())
    with pytest.raises(AssertionError, match="no golden"):
        check_golden_folder({**texts, "new.yaml": ""}, tmp_path, book=Book())
    with pytest.raises(AssertionError, match="gone: "):
        check_golden_folder({**texts, "a.yaml": AFTER}, tmp_path, book=Book())
    check_golden_folder(texts, tmp_path, book=book)
    assert not (tmp_path / "left.yaml").exists()
    assert book.removed == [tmp_path / "left.yaml"]


pytest_plugins = ("pytester",)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small project with two tests, two goldens, and a golden that nobody asks for."""
    monkeypatch.setattr(goldens, "_book", Book())
    monkeypatch.setattr(hooks, "_seconds", FileSeconds())
    monkeypatch.setattr(hooks, "_known", {})
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    folder = pytester.path / "part" / "goldens"
    folder.mkdir(parents=True)
    (pytester.path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT}\naddopts = --import-mode=importlib\n", encoding="utf-8"
    )
    (pytester.path / "conftest.py").write_text("from tests.truth.hooks import *\n", encoding="utf-8")
    for name in ("a", "b"):
        (pytester.path / "part" / f"test_{name}.py").write_text(
            "from pathlib import Path\nfrom tests.truth.goldens import check_golden\n"
            f"def test_it():\n    check_golden('{name}', Path(__file__).parent / 'goldens' / '{name}.txt')\n",
            encoding="utf-8",
        )
        (folder / f"{name}.txt").write_text(name, encoding="utf-8")
    (folder / "old.txt").write_text("x", encoding="utf-8")
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a run: in this process, or in new ones if there are several."""
    started = project.runpytest_subprocess if IN_PROCESSES[0] in arguments else project.runpytest_inprocess
    done = started("-p", "no:cacheprovider", *arguments)
    return int(done.ret), done.stdout.str()


IN_PROCESSES = ("--numprocesses=2", "--dist=loadfile", "-p", "xdist")


@pytest.mark.parametrize("processes", [(), IN_PROCESSES], ids=["one process", "two processes"])
def test_a_golden_that_no_test_asks_for_fails_the_full_run_until_updated(
    project: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    code, output = run(project, *processes)
    assert code == 1
    assert "2 passed" in output
    assert f"golden that no test asks for: {project.path / 'part' / 'goldens' / 'old.txt'}" in output
    code, output = run(project, "--update-goldens", *processes)
    assert code == 0
    assert "golden removed" in output
    assert sorted(file.name for file in (project.path / "part" / "goldens").iterdir()) == ["a.txt", "b.txt"]
    assert run(project, *processes)[0] == 0


@pytest.mark.parametrize("processes", [(), IN_PROCESSES], ids=["one process", "two processes"])
@pytest.mark.parametrize(
    "arguments", [["part/test_a.py"], ["-k", "test_a"], ["part/test_a.py::test_it", "part/test_b.py::test_it"]]
)
def test_a_run_of_some_tests_says_nothing_of_other_goldens_and_removes_none(
    project: pytest.Pytester, arguments: list[str], processes: tuple[str, ...]
) -> None:
    assert run(project, *arguments, *processes)[0] == 0
    assert run(project, "--update-goldens", *arguments, *processes)[0] == 0
    assert (project.path / "part" / "goldens" / "old.txt").exists()


def test_a_failing_run_reports_the_failure_and_removes_nothing(project: pytest.Pytester) -> None:
    (project.path / "part" / "goldens" / "a.txt").write_text("other", encoding="utf-8")
    code, output = run(project)
    assert code == 1
    assert "no test asks for" not in output
    (project.path / "part" / "test_c.py").write_text("def test_c():\n    assert False\n", encoding="utf-8")
    assert run(project, "--update-goldens")[0] == 1
    assert (project.path / "part" / "goldens" / "old.txt").exists()
    assert (project.path / "part" / "goldens" / "a.txt").read_text(encoding="utf-8") == "a"


def test_what_a_worker_process_could_not_evaluate_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goldens, "_book", Book())
    monkeypatch.setattr(crds, "SEEN_UNEVALUATED", type(crds.SEEN_UNEVALUATED)())
    output = {"book": Book().as_plain_data(), "unevaluated": [["kind", "path", "rule", 2]]}
    for _ in range(2):
        hooks.pytest_testnodedown(SimpleNamespace(workeroutput=output), None)
    assert crds.report() == ["CEL not evaluated: kind path: rule (4 manifests)"]
    assert not goldens.current_book().incomplete


def test_goldens_are_not_judged_after_a_worker_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goldens, "_book", Book())
    hooks.pytest_testnodedown(SimpleNamespace(), None)
    assert goldens.current_book().incomplete


def test_golden_of_a_skipped_test_is_kept(tmp_path: Path) -> None:
    (tmp_path / "goldens").mkdir()
    golden, test = tmp_path / "goldens" / "a.txt", tmp_path / "test_a.py"
    golden.write_text("a", encoding="utf-8")
    test.write_text("", encoding="utf-8")
    book = Book()
    book.ran.add(test.resolve())
    assert book.stale_files() == [golden]
    goldens.keep_golden(golden, book=book)
    assert book.stale_files() == []
