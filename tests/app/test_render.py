"""``render`` returns all text that ``synth`` writes."""

from __future__ import annotations

from pathlib import Path

import cdk8s
import pytest

from cdk8s_airflow import HelmCommand, PlatformError, render, synth
from tests.making import make_airflow


def test_render_has_the_files_of_a_helm_command_and_writes_nothing(tmp_path: Path) -> None:
    def build() -> cdk8s.App:
        app = cdk8s.App(outdir=str(tmp_path / "dist"))
        make_airflow(cdk8s.Chart(app, "lab"), delivery=HelmCommand())
        return app

    rendered = render(build)
    assert not (tmp_path / "dist").exists()
    assert any("fernetKeySecretName" in text for text in rendered.values())
    assert "fernetKeySecretName" not in str(build().synth_yaml())
    synth(build)
    files = [path for path in (tmp_path / "dist").rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert {
        path.relative_to(tmp_path / "dist").as_posix(): path.read_text(encoding="utf-8") for path in files
    } == rendered


def test_render_raises_the_findings_of_synth(tmp_path: Path) -> None:
    app = cdk8s.App(outdir=str(tmp_path))
    cdk8s.ApiObject(
        cdk8s.Chart(app, "lab"), "x", api_version="v1", kind="Secret", metadata={"name": "x"}
    ).add_json_patch(cdk8s.JsonPatch.add("/stringData", {"password": "hunter2"}))
    with pytest.raises(PlatformError, match="secrets/content"):
        render(app)
