"""The entry point: help, errors, and what works without the extra ``cli``."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cdk8s_airflow.cli import main, progress
from cdk8s_airflow.cli.commands import COMMANDS

PROGRAM = "from cdk8s import App\ndef build():\n    return App()\n"


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command.name} " in text
    assert "Exit status: 0, done; 1, an error" in " ".join(text.split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_help_of_each_command_describes_it_and_all_its_options(
    command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(command.name), "--help"]) == 0
    text = capsys.readouterr().out
    assert command.short_help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name
            assert parameter.help.endswith("."), parameter.name
            assert parameter.opts[0] in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage:"),
        (["unknown"], "No such command 'unknown'."),
        (["summary"], "Missing argument 'PROGRAM'."),
        (["summary", "missing.py", "dist"], "missing.py does not exist."),
    ],
)
def test_error_of_use_exits_with_1(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("cdk8s-airflow ")


def test_defect_is_one_message_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("unexpected")

    monkeypatch.setattr("cdk8s_airflow.cli.plan.read_folder", fail)
    monkeypatch.delenv("CDK8S_AIRFLOW_DEBUG", raising=False)
    assert main(["plan", str(tmp_path), str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert (
        error
        == "Error: KeyError: 'unexpected'\nThis is a defect. Set CDK8S_AIRFLOW_DEBUG=1 to see where, and report it.\n"
    )
    monkeypatch.setenv("CDK8S_AIRFLOW_DEBUG", "1")
    with pytest.raises(KeyError):
        main(["plan", str(tmp_path), str(tmp_path)])


def test_interrupt_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cdk8s_airflow.cli.plan.read_folder", interrupt)
    assert main(["plan", str(tmp_path), str(tmp_path)]) == 1
    assert capsys.readouterr().err.strip() == "Interrupted."


def test_reader_that_closes_early_is_no_error(tmp_path: Path) -> None:
    run = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m cdk8s_airflow plan "{tmp_path}" "{tmp_path}" | true'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


WITHOUT = "import sys; sys.modules['click'] = None; from cdk8s_airflow.cli import main; sys.exit(main(sys.argv[1:]))"


def without_extra(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["plan"], ["--help"], []])
def test_without_the_extra_one_line_says_how_to_install_it(arguments: list[str]) -> None:
    run = without_extra(*arguments)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == 'Error: this command needs the extra "cli". Run: pip install "cdk8s-airflow[cli]"\n'


def test_summary_works_without_the_extra(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PROGRAM, encoding="utf-8")
    run = without_extra("summary", str(tmp_path / "main.py"), str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Wrote no files to ")


class Terminal(io.StringIO):
    """Standard error that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def test_quick_step_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    error = Terminal(is_terminal=False)
    monkeypatch.setattr(sys, "stderr", error)
    with progress.step("Running main.py"):
        pass
    assert error.getvalue() == ""


@pytest.mark.parametrize("is_terminal", [False, True])
def test_slow_step_is_named_on_standard_error(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    error = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", error)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with progress.step("Running main.py"):
        for _ in range(1000):
            if "Running main.py" in error.getvalue():
                break
            progress.threading.Event().wait(0.01)
    assert "Running main.py" in error.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def build():\n    (\n", "main.py line 2: SyntaxError"),
        ("import nonexistent_module\n", "main.py line 1: ModuleNotFoundError"),
        ("def build():\n    return {}['x']\n", "main.py line 2: KeyError"),
    ],
)
def test_error_in_the_program_is_no_defect_of_the_library(
    text: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "main.py"
    program.write_text(text)
    assert main(["report", str(program)]) == 1
    shown_text = capsys.readouterr().err
    assert shown in shown_text
    assert "defect" not in shown_text
