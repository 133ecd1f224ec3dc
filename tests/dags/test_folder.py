"""A folder with DAG files has DAG files, and no file that cannot be read to its end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cdk8s_airflow import DagFolder
from cdk8s_airflow.validation import check_setting


def rules(folder: Path) -> list[str]:
    return [finding.rule for finding in check_setting(DagFolder(folder), "dags")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["b.py", "pipe"])
def test_named_pipe_is_an_error(folder: Path, name: str) -> None:
    os.mkfifo(folder / name)
    assert rules(folder) == ["dags/folder-file"]


def test_socket_is_an_error(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os_path = os.path.relpath(folder / "s.py")
        try:
            server.bind(os_path)
        except OSError:
            pytest.skip("the path is too long for a socket")
        assert rules(folder) == ["dags/folder-file"]


@pytest.mark.parametrize("target", ["/dev/zero", "/etc", "nowhere", "a.py"])
def test_symlink_is_an_error_whatever_it_leads_to(folder: Path, target: str) -> None:
    os.symlink(target, folder / "link.py")
    assert rules(folder) == ["dags/folder-file"]


def test_folder_without_a_dag_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text("select 1\n", encoding="utf-8")
    assert rules(tmp_path) == ["dags/folder"]
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.py").write_text("x = 1\n", encoding="utf-8")
    assert rules(tmp_path) == []
