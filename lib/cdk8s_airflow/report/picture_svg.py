"""The picture of a platform as SVG.

Three columns of boxes. All connections to one node share a vertical lane between the columns: lines meet it at a dot, and an arrow
leads from it to the node. No line crosses a box, because lanes are only between the columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from cdk8s_airflow.report.picture import COMPONENTS, ENTRY, STORES, Link, Node, Picture

_WIDTH = 236
_LANE = 16
_MARGIN = 22
_PORT = 12
_GRID = 6
_LEAST = 40
_COLOURS = ("#0b6e99", "#b3541e", "#5b7a1e", "#7b3fa0", "#a3174f", "#2d6a4f", "#8a6d00", "#3d4fb5")
_LONGEST = 31
"""Characters of a name that fit into a box."""


@dataclass
class _Box:
    node: Node
    x: float = 0
    y: float = 0
    height: float = 0
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)

    def at(self, lane: int, *, right: bool, arrow: bool = False) -> float:
        """The height at which a lane is connected to a side. Arrows and other lines never have the same height."""
        lanes = self.right if right else self.left
        height = self.y + self.height * (lanes.index(lane) + 1) / (len(lanes) + 1)
        return _GRID * round(height / _GRID) + (_GRID / 2 if arrow else 0)


def svg(picture: Picture) -> str:
    """The picture as an SVG element.

    Args:
        picture: the picture.
    """
    boxes = {node.id: _Box(node) for node in picture.nodes}
    gaps: dict[int, list[tuple[int, Link]]] = {0: [], 1: [], 2: []}
    for lane, link in enumerate(picture.links):
        for gap, part in _by_gap(link, boxes):
            gaps[gap].append((lane, part))
    for gap, lanes in gaps.items():
        for lane, link in lanes:
            for box, right in _ends(gap, link, boxes):
                side = box.right if right else box.left
                if lane not in side:
                    side.append(lane)
    lines, width, height = _placed(picture, boxes, gaps)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        'role="img" aria-label="Components of the platform and their connections" '
        'font-family="system-ui, sans-serif" font-size="12">\n'
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n' + "\n".join(lines) + "\n</svg>\n"
    )


def _by_gap(link: Link, boxes: dict[str, _Box]) -> Iterator[tuple[int, Link]]:
    """The parts of a link by the gap in which their lane is: 0 left of the components, 1 left and 2 right of the stores."""
    found: dict[int, list[str]] = {}
    target = boxes[link.target].node.column
    for source in link.sources:
        column = boxes[source].node.column
        gap = {ENTRY: 0, COMPONENTS: 0 if column != STORES else 1, STORES: 1 if column != STORES else 2}[target]
        found.setdefault(gap, []).append(source)
    for gap, sources in found.items():
        yield gap, Link(link.target, tuple(sources), link.port, link.purpose)


def _ends(gap: int, link: Link, boxes: dict[str, _Box]) -> Iterator[tuple[_Box, bool]]:
    """The boxes that a lane is connected to, and whether at their right side."""
    for name in (*link.sources, link.target):
        box = boxes[name]
        yield box, box.node.column == gap


def _placed(
    picture: Picture, boxes: dict[str, _Box], gaps: dict[int, list[tuple[int, Link]]]
) -> tuple[list[str], float, float]:
    used = [
        column for column in (ENTRY, COMPONENTS, STORES) if any(box.node.column == column for box in boxes.values())
    ]
    x, bottom = float(_MARGIN), 0.0
    starts: dict[int, float] = {}
    frames: list[str] = []
    for column in (ENTRY, COMPONENTS, STORES):
        if column in used:
            bottom = max(bottom, _stack(picture, boxes, column, x, frames))
            x += _WIDTH + 2 * _PORT
        starts[column] = x
        x += (len(gaps[column]) + 1) * _LANE if gaps[column] else _LANE
    lines = list(frames)
    for gap, lanes in gaps.items():
        for position, (lane, link) in enumerate(lanes):
            lines += _lane(gap, lane, link, boxes, starts[gap] + (position + 1) * _LANE)
    lines += [line for box in boxes.values() for line in _drawn(box)]
    return lines, x + _MARGIN / 2, bottom + _MARGIN


def _stack(picture: Picture, boxes: dict[str, _Box], column: int, x: float, frames: list[str]) -> float:
    """Places the boxes of a column below each other; returns where it ends."""
    y = float(_MARGIN)
    for group, nodes in picture.groups(column):
        top = y
        y += 30
        for node in nodes:
            box = boxes[node.id]
            box.x, box.y = x + _PORT, y
            box.height = max(_LEAST, 10 + 10 * max(len(box.left), len(box.right)))
            y += box.height + 12
        frames.append(
            f'<rect x="{x:g}" y="{top:g}" width="{_WIDTH + 2 * _PORT}" height="{y - top:g}" rx="8" fill="#f4f6f8" stroke="#c5ced6"/>'
        )
        frames.append(
            f'<text x="{x + _PORT:g}" y="{top + 19:g}" font-weight="600" fill="#33414e">{escape(_cut(group))}</text>'
        )
        y += 18
    return y


def _lane(gap: int, lane: int, link: Link, boxes: dict[str, _Box], x: float) -> Iterator[str]:
    colour = _COLOURS[lane % len(_COLOURS)]
    heights = []
    yield f'<g stroke="{colour}" stroke-width="1.5" fill="none"><title>{escape(link.purpose)}</title>'
    for source in link.sources:
        box = boxes[source]
        right = box.node.column == gap
        y = box.at(lane, right=right)
        heights.append(y)
        yield f'<path d="M{box.x + (_WIDTH if right else 0):g} {y:g}H{x:g}"/>'
        yield f'<circle cx="{x:g}" cy="{y:g}" r="2.5" fill="{colour}" stroke="none"/>'
    box = boxes[link.target]
    right = box.node.column == gap
    y, end = box.at(lane, right=right, arrow=True), box.x + (_WIDTH if right else 0)
    heights.append(y)
    tip = 7 if right else -7
    yield f'<path d="M{x:g} {min(heights):g}V{max(heights):g}"/>'
    yield f'<path d="M{x:g} {y:g}H{end + tip:g}"/>'
    yield f'<path d="M{end:g} {y:g}l{tip} -4v8z" fill="{colour}" stroke="none"/>'
    yield "</g>"


def _drawn(box: _Box) -> Iterator[str]:
    node = box.node
    middle = box.y + box.height / 2
    fill, edge = ("#fff7e6", "#c98a1b") if node.is_store else ("#ffffff", "#7b8a97")
    yield (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{_WIDTH}" height="{box.height:g}" rx="{14 if node.is_store else 4}" '
        f'fill="{fill}" stroke="{edge}"/>'
    )
    title = f"<title>{escape(node.name)}</title>" if len(node.name) > _LONGEST else ""
    yield f'<text x="{box.x + 12:g}" y="{middle - 3 if node.detail else middle + 4:g}" fill="#1b2733">{escape(_cut(node.name))}{title}</text>'
    if node.detail:
        yield f'<text x="{box.x + 12:g}" y="{middle + 12:g}" font-size="11" fill="#5a6874">{escape(_cut(node.detail))}</text>'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
