"""Sections and tables of the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: the heading of each column.
        rows: the cells of each row, in a small part of Markdown: ``code`` and **bold**.
        title: the line above it; may be empty.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes:
        id: its key in JSON.
        title: its heading.
        text: paragraphs before the tables.
        items: lines of a list.
        tables: the tables.
        code: lines that can be copied, after the tables.
        empty: what is shown if there are no items and tables.
    """

    id: str
    title: str
    text: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[str, ...] = ()
    empty: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to list."""
        return not self.items and not self.tables
