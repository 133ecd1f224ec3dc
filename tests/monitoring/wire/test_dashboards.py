"""Dashboards: their queries are right, and Grafana's own library reads the JSON back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cdk8s_airflow.monitoring.metrics import sends
from cdk8s_airflow.monitoring.targets import Targets
from cdk8s_airflow.monitoring.wire.dashboards import dashboard_objects, dashboard_pages
from tests.monitoring.samples import AIRFLOW, release, targets
from tests.monitoring.wire.test_alerts import metrics_of

LABELS = {"grafana_dashboard": "1"}
SCHEMAS = json.loads((Path(__file__).parents[2] / "truth/programs/grafana.schema.json").read_text("utf-8"))
"""The published schemas of Grafana."""


def boards(**changes: Any) -> dict[str, dict[str, Any]]:
    """The dashboards by construct id."""
    pytest.importorskip("grafana_foundation_sdk")
    made = dashboard_objects(targets(**changes), LABELS, "Airflow")
    return {id: json.loads(next(iter(each["data"].values()))) for id, each in made.items()}


@pytest.mark.parametrize("major", [2, 3])
def test_queries_use_metrics_that_exist(major: int) -> None:
    parser = pytest.importorskip("promql_parser")
    for page in dashboard_pages(targets(major)):
        for panel in page.panels:
            for query in panel.queries:
                used = metrics_of(parser.parse(query.expr), parser)
                assert used, panel.title
                assert all(sends(AIRFLOW[major], metric) for metric in used), (panel.title, used)


def test_parts_that_are_not_scraped_have_no_dashboards() -> None:
    assert [page.key for page in dashboard_pages(targets(statsd=None))] == ["database", "store"]
    assert [page.key for page in dashboard_pages(targets())] == ["overview", "scheduler", "dags", "database", "store"]
    assert list(dashboard_pages(Targets(release=release(statsd=None)))) == []


def test_dashboards_have_unique_panels_that_do_not_overlap() -> None:
    for board in boards().values():
        panels = board["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells
            assert panel["targets"]
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def without_empty(value: Any) -> Any:
    """A JSON document without the fields that are null or an empty object."""
    if isinstance(value, dict):
        return {key: without_empty(each) for key, each in value.items() if each is not None and each != {}}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


def test_grafana_library_reads_the_json_back_without_loss() -> None:
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    # With its plugins, the library reads options of panels and queries of Prometheus too, and drops what they do not have.
    register_default_plugins()
    for board in boards().values():
        assert ": null" not in json.dumps(board)  # The library writes such options, but does not read them.
        read = models.Dashboard.from_json(board)
        assert without_empty(json.loads(JSONEncoder().encode(read))) == without_empty(board)


def test_grafana_library_drops_a_field_that_its_schema_does_not_have() -> None:
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard")
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins

    register_default_plugins()
    board = boards()["dashboard-dags"]
    board["panels"][0]["targets"][0]["expression"] = "up"
    read = json.loads(JSONEncoder().encode(models.Dashboard.from_json(board)))
    assert without_empty(read) != without_empty(board)


def violations(board: dict[str, Any]) -> Iterator[str]:
    """Where a dashboard violates the published schemas of Grafana: of the dashboard, its panels and their queries."""

    def compared(value: Any, schema: str, definition: str, at: str) -> Iterator[str]:
        validator = Draft7Validator({"$ref": f"#/definitions/{definition}", **SCHEMAS[schema]})
        for error in validator.iter_errors(value):
            yield "/".join(map(str, (at, *error.absolute_path))) + f": {error.message}"

    yield from compared({**board, "panels": []}, "dashboard", "Dashboard", "")
    for number, panel in enumerate(board["panels"]):
        kind = panel["type"]
        yield from compared(panel, "dashboard", "Panel", f"/panels/{number}")
        yield from compared(panel["options"], kind, "Options", f"/panels/{number}/options")
        if kind == "timeseries":
            custom = panel["fieldConfig"]["defaults"].get("custom", {})
            yield from compared(custom, kind, "FieldConfig", f"/panels/{number}/fieldConfig/defaults/custom")
        for index, query in enumerate(panel["targets"]):
            yield from compared(query, "prometheus", "Dataquery", f"/panels/{number}/targets/{index}")


def test_dashboards_match_the_published_schemas_of_grafana() -> None:
    for name, board in boards().items():
        assert list(violations(board)) == [], name


@pytest.mark.parametrize(
    ("spoil", "at"),
    [
        (lambda board: board.update(titel="Airflow"), ": "),
        (lambda board: board["panels"][0]["gridPos"].update(w=25), "/panels/0/gridPos/w"),
        (
            lambda board: board["panels"][4]["options"]["legend"].update(placement="left"),
            "/panels/4/options/legend/placement",
        ),
        (lambda board: board["panels"][0]["options"].update(graphMode="bars"), "/panels/0/options/graphMode"),
        (
            lambda board: board["panels"][4]["fieldConfig"]["defaults"].update(custom={"width": 2}),
            "/panels/4/fieldConfig",
        ),
        (lambda board: board["panels"][0]["targets"][0].update(query="up"), "/panels/0/targets/0"),
        (lambda board: board["panels"][0]["targets"][0].pop("expr"), "/panels/0/targets/0"),
        (lambda board: board["templating"]["list"][0].update(type="source"), "/templating/list/0/type"),
    ],
)
def test_schemas_of_grafana_find_a_wrong_field(spoil: Callable[[dict[str, Any]], object], at: str) -> None:
    board = boards()["dashboard-overview"]
    spoil(board)
    found = list(violations(board))
    assert any(at in each for each in found), found


def test_config_maps_are_for_the_sidecar_and_have_stable_bytes() -> None:
    pytest.importorskip("grafana_foundation_sdk")
    made = dashboard_objects(targets(), LABELS, "Airflow")
    assert made == dashboard_objects(targets(), LABELS, "Airflow")
    assert made["dashboard-overview"]["metadata"] == {
        "name": "airflow-dashboard-overview",
        "namespace": "airflow",
        "labels": LABELS,
        "annotations": {"grafana_folder": "Airflow"},
    }
    assert all(len(json.dumps(each)) < 1_000_000 for each in made.values())


def test_uid_of_a_long_release_name_fits_grafana() -> None:
    board = boards(release="a-release-name-of-forty-characters-12345")["dashboard-scheduler"]
    assert len(board["uid"]) <= 40
    assert board["uid"] != boards(release="a-release-name-of-forty-characters-12346")["dashboard-scheduler"]["uid"]
