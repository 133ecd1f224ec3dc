"""The project is written in plain technical English: no words of the old house dialect, and no sentence over 35 words in the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SENTENCE = 35

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
SOURCES = sorted(
    path
    for folder in ("lib", "examples", "tools", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if path != Path(__file__)
)

_REPLACED = {
    r"mend(s|ed|ing)?": "fix, repair",
    r"counts? for nothing": "is ignored",
    r"(is|are|was|were|be|been) told": "is set, is specified",
    r"(is|are|was|were|be|been) said": "is set, is specified",
    r"what is none|(is|are) none of": "is not, must be one of",
    r"whole numbers?": "integer",
    r"true or false": "boolean",
    r"a mapping of texts": "mapping of strings",
    r"(hold|holds|held) against": "check, compare with",
    r"(make|makes|made|making) up": "generate, create",
    r"(give|gives|gave|given|giving) up": "time out, stop, drop",
    r"(stand|stands|stood) for": "is, means, refers to",
    r"without a word": "by default, without a message",
    r"beside": "next to, in the same namespace as",
    r"sees? to (it|that)": "ensures",
    r"heed(s|ed|ing)?": "use, apply",
    r"is no (argument|key|field)": "has no argument",
    r"leave it out": "remove it",
    r"who talks to whom": "network traffic",
    r"nobody else's": "(name the owner)",
    r"(say|says|said|saying) (so|otherwise)": "set",
    r"somebody who": "a user who",
}
_WORDS = re.compile(rf"\b(?:{'|'.join(_REPLACED)})\b", re.IGNORECASE)

_REPLACED_FOR_READERS = {
    r"(knows|judg(es|ed|ing)|heeds?|speaks? to)": "supports, checks, uses, connects to",
    r"neighbou?rs?": "next to, the nearest version",
    r"room (for|left)|(has|have|no|leave) room": "free resources, enough space",
    r"somebody|anybody|everybody|nobody|whoever|whom": "every user, no user, (name the actor)",
    r"likewise": "the same, in the same form",
    r"anew": "again",
    r"laid over": "merged over",
    r"takes no": "does not support, has no",
    r"leave [\w=]+ out": "remove",
    r"mapping of texts|is no text": "mapping of strings",
    r"seldom": "rarely",
}
_WORDS_FOR_READERS = re.compile(rf"\b(?:{'|'.join(_REPLACED_FOR_READERS)})\b", re.IGNORECASE)
"""Words that are also names in code, so only text is checked: pages, docstrings and messages."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def replaced_words(text: str) -> list[str]:
    """The phrases of a text that STYLE replaces, also in names with underscores and across line breaks."""
    plain = re.sub(r"\s*\n\s*(?:#|\*|//)?\s*", " ", text.replace("_", " "))
    return [match[0] for match in _WORDS.finditer(plain)]


def words_for_readers(text: str) -> list[str]:
    """The words in a text for readers that STYLE replaces. Words in code, such as rule ids, are not checked."""
    plain = re.sub(r"\s+", " ", re.sub(r"[\w-]*/[\w/-]+", "", text))
    return [match[0] for match in _WORDS_FOR_READERS.finditer(plain)]


def texts(source: str) -> Iterator[str]:
    """The docstrings and other strings of a module that contain several words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.value


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of a page: of its paragraphs, list items and cells of tables; code is one word."""
    text = re.sub(r"^( *)(```|~~~).*?^\1\2$", "\n\n", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"``.+?``|`[^`]*`", "code", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", "", text)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.)\s?)", text):
        for cell in block.split("|") if block.lstrip().startswith("|") else [block]:
            yield from re.split(r"(?<=[.!?])[\"')*]*\s+", " ".join(cell.split()))


def long_sentences(markdown: str) -> list[str]:
    """The sentences with more than 35 words."""
    return [sentence for sentence in sentences(markdown) if len(re.findall(r"[\w'-]+", sentence)) > LONGEST_SENTENCE]


def own_words(markdown: str) -> str:
    """A page without what it quotes from the code: output, generated files and names in code spans."""
    quoted = r"^( *)```.*?^\1```$"
    text = re.sub(quoted, "", re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", text)


def findings(path: Path) -> list[str]:
    """The words and sentences of a file that have to change. Code is also checked for words that only readers of text see."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        own = own_words(text)
        return replaced_words(own) + words_for_readers(own) + long_sentences(text)
    tests = relative(path).startswith(("tests/", "benchmarks/"))
    return replaced_words(text) + ([] if tests else [word for each in texts(text) for word in words_for_readers(each)])


@pytest.mark.parametrize("path", [*PAGES, *SOURCES], ids=relative)
def test_file_is_in_plain_english(path: Path) -> None:
    assert findings(path) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def test_nothing_is_told():", ["is told"]),
        ("# what counts\n# for nothing", ["counts for nothing"]),
        ("Recommend a whole\nnumber.", ["whole number"]),
        ("The amendment stands.", []),
    ],
)
def test_replaced_words_are_found_in_names_and_across_lines(text: str, found: list[str]) -> None:
    assert replaced_words(text) == found


def test_words_for_readers_are_found_in_texts_and_not_in_names() -> None:
    source = '"""Whoever\nreads it."""\nneighbours = knows("users/everybody-is-admin of a rule")\nproblem = "the nodes have no room"\n'
    assert [word for each in texts(source) for word in words_for_readers(each)] == ["Whoever", "no room"]


def test_long_sentences_counts_code_and_links_as_their_words() -> None:
    short = "Set `a.b.c(d=1, e=2)` " + "word " * 32 + "[here](page.md#with-an-anchor)."
    assert long_sentences(short) == []
    assert len(long_sentences(f"- {short[:-1]} too.\n- One. Two.")) == 1
    assert long_sentences("| " + "word " * 20 + "| " + "word " * 20 + "|") == []
