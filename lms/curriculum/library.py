"""The library, `content/library.toml`: standards, handbooks, data and tools that lessons rest on, and where they are.

A title stands in its document's own language. An address stands here only where a source names it, and says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from lms.curriculum.content import Problem
from lms.curriculum.kept import Kept, NotRead, toml
from lms.curriculum.source import SLUG
from lms.text import words_key

FILE = "library.toml"
Kind = Literal["standard", "handbook", "data", "tool"]
KINDS: tuple[Kind, ...] = ("standard", "handbook", "data", "tool")
_KEYS = {"title", "kind", "body", "year", "languages", "competencies", "about", "symbol", "link", "source"}
_content_dir: Path | None = None


@dataclass(frozen=True)
class Item:
    """Something to look things up in. `body` is who issues it, `languages` those in which it can be had, that of its
    title first, `source` who names its address."""

    id: str
    title: str
    kind: Kind
    body: str
    year: int
    languages: tuple[str, ...]
    competencies: tuple[str, ...]
    about: Mapping[str, str]
    symbol: str = ""
    link: str = ""
    source: str = ""

    def said(self, language: str) -> tuple[str, str]:
        """What it is good for, and the language of that."""
        code = language if language in self.about else "en"
        return self.about[code], code

    @property
    def own_language(self) -> str:
        """That of its title."""
        return self.languages[0] if self.languages else "en"

    @property
    def host(self) -> str:
        return urlsplit(self.link).hostname or ""


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; empty: anything. `words` are found in title, body, symbol, year and description."""

    words: str = ""
    kind: str = ""
    body: str = ""
    language: str = ""
    competency: str = ""

    def __bool__(self) -> bool:
        return any((self.words, self.kind, self.body, self.language, self.competency))

    def takes(self, item: Item) -> bool:
        text = words_key(" ".join((item.title, item.body, item.symbol, str(item.year), *item.about.values())))
        return (
            all(word in text for word in words_key(self.words).split())
            and self.kind in ("", item.kind)
            and self.body in ("", item.body)
            and (not self.language or self.language in item.languages)
            and (not self.competency or self.competency in item.competencies)
        )


def found(items: Iterable[Item], wanted: Wanted) -> list[Item]:
    """What was looked for, by kind, then the newest first."""
    return sorted((item for item in items if wanted.takes(item)), key=lambda i: (KINDS.index(i.kind), -i.year, i.title))


# --- The file -------------------------------------------------------------------------------------


def configure(content_dir: Path) -> None:
    """Say where this process finds its content."""
    global _content_dir
    _content_dir = content_dir
    _kept.clear()


def current() -> Sequence[Item]:
    """All that the library holds now; empty where there is no file of it."""
    if _content_dir is None:
        raise RuntimeError("lms.curriculum.library.configure() was not called")
    try:
        return _kept.get(_content_dir / FILE) or ()
    except OSError:
        return ()


def problems(content_dir: Path) -> list[Problem]:
    """Everything that is wrong with the library of a content folder."""
    path = content_dir / FILE
    return _read(path)[1] if path.exists() else []


def _read(path: Path) -> tuple[Sequence[Item] | None, list[Problem]]:
    try:
        text, values = toml(path, FILE)
    except NotRead as error:
        return None, [error.problem]
    lines = {match[1]: text.count("\n", 0, match.start()) + 1 for match in re.finditer(r"(?m)^\[([^\]\s]+)\]", text)}
    items: list[Item] = []
    wrong: list[Problem] = []
    for key, one in values.items():
        said = list(_complaints(key, one))
        wrong += [Problem(FILE, lines.get(key, 1), f"{key}: {message}") for message in said]
        if not said:
            lists = {name: tuple(one.get(name, ())) for name in ("languages", "competencies")}
            items.append(Item(key, **{**one, **lists}))
    return tuple(items), wrong


def _complaints(key: str, one: Any) -> Iterator[str]:
    if not isinstance(one, dict) or not SLUG.fullmatch(key):
        yield "an entry is a table whose name is small letters, digits and hyphens: [recommendations-2025]."
        return
    yield from (f"{name} is not known here; there are {', '.join(sorted(_KEYS))}." for name in one.keys() - _KEYS)
    for name in ("title", "body"):
        if not isinstance(one.get(name), str) or not one[name].strip():
            yield f"{name} is missing."
    if one.get("kind") not in KINDS:
        yield f"kind is one of {', '.join(KINDS)}."
    if not isinstance(one.get("year"), int) or not 1900 <= one["year"] <= 2100:
        yield "year is a year, of the edition that is meant."
    for name, pattern in (("languages", "[a-z]{2,3}"), ("competencies", r"\w+")):
        value = one.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and re.fullmatch(pattern, v) for v in value):
            yield f"{name} is a list of codes."
    about = one.get("about")
    if not isinstance(about, dict) or "en" not in about or not all(isinstance(v, str) and v for v in about.values()):
        yield "about.en is missing: what one finds there."
    link = one.get("link", "")
    if not isinstance(link, str) or (link and not re.fullmatch(r"https://[^\s/]+\.[^\s]+", link)):
        yield "link is an address that begins with https://."
    elif link and not (isinstance(one.get("source"), str) and one["source"].strip()):
        yield "source is missing: which document names this address."


_kept = Kept(_read)
