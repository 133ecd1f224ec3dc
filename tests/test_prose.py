"""The project is written in plain technical English: no words of the old house dialect, and no sentence over 35 words in the docs.

``tests/prose_allowlist.txt`` lists the files that are not converted yet. It only shrinks: a listed file without findings is an error.
``python -m tests.test_prose`` removes converted files from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_SENTENCE = 35
ALLOWLIST_FILE = ROOT / "tests" / "prose_allowlist.txt"
ALLOWLIST = frozenset(ALLOWLIST_FILE.read_text(encoding="utf-8").split())

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
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


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def replaced_words(text: str) -> list[str]:
    """The phrases of a text that STYLE replaces, also in names with underscores and across line breaks."""
    plain = re.sub(r"\s*\n\s*(?:#|\*|//)?\s*", " ", text.replace("_", " "))
    return [match[0] for match in _WORDS.finditer(plain)]


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


def findings(path: Path) -> list[str]:
    """What has to change in a file."""
    text = path.read_text(encoding="utf-8")
    return replaced_words(text) + (long_sentences(text) if path.suffix == ".md" else [])


@pytest.mark.parametrize("path", [path for path in (*PAGES, *SOURCES) if relative(path) not in ALLOWLIST], ids=relative)
def test_file_is_in_plain_english(path: Path) -> None:
    assert findings(path) == []


def unconverted() -> list[str]:
    """The files of the allowlist that still have findings."""
    return sorted(name for name in ALLOWLIST if (ROOT / name).exists() and findings(ROOT / name))


def test_allowlist_lists_only_files_with_findings() -> None:
    assert sorted(ALLOWLIST) == unconverted(), "run: python -m tests.test_prose"


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


def test_long_sentences_counts_code_and_links_as_their_words() -> None:
    short = "Set `a.b.c(d=1, e=2)` " + "word " * 32 + "[here](page.md#with-an-anchor)."
    assert long_sentences(short) == []
    assert len(long_sentences(f"- {short[:-1]} too.\n- One. Two.")) == 1
    assert long_sentences("| " + "word " * 20 + "| " + "word " * 20 + "|") == []


if __name__ == "__main__":
    ALLOWLIST_FILE.write_text("".join(f"{name}\n" for name in unconverted()), encoding="utf-8")
