"""The picture of a platform as a Mermaid flowchart, which GitHub and GitLab draw in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.report.picture import COMPONENTS, ENTRY, STORES, Node, Picture


def mermaid(picture: Picture) -> str:
    """The picture as the text of a Mermaid flowchart.

    Args:
        picture: the picture.
    """
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    yield "flowchart LR"
    number = 0
    for column in (ENTRY, COMPONENTS, STORES):
        for group, nodes in picture.groups(column):
            yield f'  subgraph g{number}["{_text(group)}"]'
            yield "    direction TB"
            yield from (f"    {_node(node)}" for node in nodes)
            yield "  end"
            number += 1
    for link in picture.links:
        yield f"  {' & '.join(link.sources)} --> {link.target}"
    stores = [node.id for node in picture.nodes if node.is_store]
    if stores:
        yield "  classDef store fill:#fff7e6,stroke:#c98a1b,color:#1b2733"
        yield f"  class {','.join(stores)} store"


def _node(node: Node) -> str:
    label = _text(node.name) + (f"<br><small>{_text(node.detail)}</small>" if node.detail else "")
    return f'{node.id}[("{label}")]' if node.is_store else f'{node.id}["{label}"]'


def _text(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
