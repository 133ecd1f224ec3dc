"""The picture of a platform: no line crosses a box, no two lines lie on each other."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import main as homelab
from cdk8s_airflow.app.object_findings import objects_of
from cdk8s_airflow.app.registry import registry_of
from cdk8s_airflow.report.picture import Picture
from cdk8s_airflow.report.picture_mermaid import mermaid
from cdk8s_airflow.report.picture_svg import svg
from cdk8s_airflow.report.platform_report import platform_report
from tests.examples_built import PATHS, example_app

NAMES = ["k8s-single", "k8s-multi", "k8s-ha", *PATHS]
SVG = "{http://www.w3.org/2000/svg}"

Segment = tuple[float, float, float, float]


def app_of(name: str) -> Any:
    return homelab.build(name) if name.startswith("k8s-") else example_app(name)  # type: ignore[arg-type]


def picture_of(name: str) -> Picture:
    app = app_of(name)
    return platform_report(registry_of(app), objects_of(app)).picture


def boxes(root: ElementTree.Element) -> list[Segment]:
    found = [each.attrib for each in root.iter(f"{SVG}rect") if each.attrib.get("rx") in ("4", "14")]
    return [
        (
            float(box["x"]),
            float(box["y"]),
            float(box["x"]) + float(box["width"]),
            float(box["y"]) + float(box["height"]),
        )
        for box in found
    ]


def segments(group: ElementTree.Element) -> list[Segment]:
    found = []
    for path in group.iter(f"{SVG}path"):
        text = path.attrib["d"]
        if "l" in text:
            continue  # the tip of an arrow
        command = "H" if "H" in text else "V"
        start, end = text[1:].split(command)
        x, y = map(float, start.split())
        other = float(end)
        found.append((min(x, other), y, max(x, other), y) if command == "H" else (x, min(y, other), x, max(y, other)))
    return found


@pytest.fixture(scope="module", params=NAMES)
def picture(request: pytest.FixtureRequest) -> Picture:
    return picture_of(request.param)


def test_no_line_crosses_a_box_and_no_lines_of_two_targets_lie_on_each_other(picture: Picture) -> None:
    root = ElementTree.fromstring(svg(picture))
    drawn = boxes(root)
    assert len(drawn) == len(picture.nodes)
    for (left, top, right, bottom), (x, y, to_x, to_y) in itertools.combinations(drawn, 2):
        assert right <= x or to_x <= left or bottom <= y or to_y <= top
    lanes = [segments(group) for group in root.iter(f"{SVG}g")]
    for x, y, to_x, to_y in itertools.chain(*lanes):
        for left, top, right, bottom in drawn:
            inside = x < right and to_x > left and y < bottom and to_y > top
            assert not inside, (x, y, to_x, to_y)
    for one, other in itertools.combinations(lanes, 2):
        for (x, y, to_x, to_y), (a, b, to_a, to_b) in itertools.product(one, other):
            if y == to_y == b == to_b:
                assert to_x <= a or to_a <= x, "two horizontal lines lie on each other"
            if x == to_x == a == to_a:
                assert to_y <= b or to_b <= y, "two vertical lines lie on each other"


def test_everything_is_within_the_picture(picture: Picture) -> None:
    root = ElementTree.fromstring(svg(picture))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for x, y, to_x, to_y in [*boxes(root), *itertools.chain(*(segments(group) for group in root.iter(f"{SVG}g")))]:
        assert 0 <= x <= to_x <= width
        assert 0 <= y <= to_y <= height


def test_mermaid_has_each_node_once_and_each_link(picture: Picture) -> None:
    lines = mermaid(picture).splitlines()
    assert lines[0] == "flowchart LR"
    for node in picture.nodes:
        assert sum(line.strip().startswith((f'{node.id}["', f'{node.id}[("')) for line in lines) == 1
    assert sum(" --> " in line for line in lines) == len(picture.links)


def test_picture_of_the_homelab_names_components_stores_and_the_repository() -> None:
    picture = picture_of("k8s-single")
    names = {node.name: (node.group, node.is_store) for node in picture.nodes}
    assert names["airflow-pg instances"] == ("namespace airflow-data", True)
    assert names["gitlab.acme.lab"] == ("outside the cluster", False)
    assert names["ingress controller"] == ("users", False)
    database = next(node.id for node in picture.nodes if node.name == "airflow-pg instances")
    by_id = {node.id: node.name for node in picture.nodes}
    sources = next(link.sources for link in picture.links if link.target == database)
    assert {by_id[source] for source in sources} == {
        f"{name} of airflow" for name in ("scheduler", "api-server", "triggerer", "DAG processor")
    }
