"""The glossary, `content/glossary.toml`: what a term means, where that is said, what it is called in other languages.

A term's first occurrence in a lesson becomes a button that shows its definition, by the page's own means and without
a script. Only running text is searched: no headings, links, tables, figures, formulas or sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

from config import LANGUAGES
from lms.curriculum.content import Lesson, Problem, Question
from lms.curriculum.kept import Kept, NotRead, toml
from lms.curriculum.source import SLUG
from lms.text import sort_key, words_key

FILE = "glossary.toml"
_KEYS = {"term", "also", "unless", "definition", "source", "see"}
_content_dir: Path | None = None


@dataclass(frozen=True)
class Term:
    """A term in every language that it is given in; `also` are other forms in which it stands in texts.

    `unless` are phrases in which a form means something else.
    """

    id: str
    term: Mapping[str, str]
    also: Mapping[str, Sequence[str]]
    unless: Mapping[str, Sequence[str]]
    definition: Mapping[str, str]
    source: str
    see: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A term as one reader sees it. `language` is that of the name, `said_in` that of the definition."""

    id: str
    name: str
    language: str
    definition: str
    said_in: str
    source: str
    see: tuple[tuple[str, str], ...]  # id and name of each
    elsewhere: tuple[tuple[str, str], ...]  # language and name in the other languages
    forms: tuple[str, ...]  # by which it is found, in every language


@dataclass(frozen=True)
class Marked:
    """A lesson's body with its terms marked, and the terms in their order."""

    body: tuple[str | Question, ...]
    terms: tuple[Entry, ...]


@dataclass
class Glossary:
    """All terms by their ids, and what was marked by it already."""

    terms: Mapping[str, Term] = field(default_factory=dict)
    _marked: dict[tuple[str, str], tuple[object, Marked]] = field(default_factory=dict)
    _patterns: dict[str, tuple[re.Pattern[str], dict[str, str]]] = field(default_factory=dict)

    def entry(self, key: str, language: str) -> Entry:
        """Raises KeyError."""
        term = self.terms[key]
        name, said = _own(term.term, language), _own(term.definition, language)
        see = tuple((other, self.terms[other].term[_own(self.terms[other].term, language)]) for other in term.see)
        return Entry(
            key, term.term[name], name, term.definition[said], said, term.source, see,
            tuple((code, term.term[code]) for code in LANGUAGES if code != name and code in term.term),
            (*term.term.values(), *(form for forms in term.also.values() for form in forms)),
        )  # fmt: skip

    def entries(self, language: str) -> list[Entry]:
        """All terms in the order of that language's names."""
        return sorted((self.entry(key, language) for key in self.terms), key=lambda entry: sort_key(entry.name))

    def mark(self, lesson: Lesson) -> Marked:
        """The body of a lesson with each term marked where it stands first. Done once for each version of it."""
        key = lesson.id, lesson.body_language
        body, done = self._marked.get(key, (None, None))
        if done is None or body is not lesson.body:
            done = self._mark(lesson)
            self._marked[key] = lesson.body, done
        return done

    def _mark(self, lesson: Lesson) -> Marked:
        language = lesson.body_language
        if language not in self._patterns:
            self._patterns[language] = _pattern(self.terms, language)
        pattern, ids = self._patterns[language]
        if not ids:
            return Marked(lesson.body, ())
        found: dict[str, None] = {}
        body = tuple(
            _together("".join(_pieces(part, pattern, ids, found))) if isinstance(part, str) else part
            for part in lesson.body
        )
        return Marked(body, tuple(self.entry(key, language) for key in found))


def found(entries: Sequence[Entry], words: str) -> list[Entry]:
    """The terms in whose names and forms, in any language, or definitions all these words stand."""
    wanted = words_key(words).split()
    texts = ((e, words_key(" ".join((e.name, e.definition, *e.forms)))) for e in entries)
    return [entry for entry, text in texts if all(word in text for word in wanted)]


def _own(texts: Mapping[str, Any], language: str) -> str:
    return language if language in texts else "en"


# --- Marking --------------------------------------------------------------------------------------

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"</?([a-zA-Z][\w-]*)")
_READ_IN = frozenset({"p", "li", "dd"})  # text outside of these is none that is read
_PASSED_OVER = frozenset(
    {"a", "abbr", "button", "code", "dt", "figcaption", "figure", "h2", "h3", "h4", "math", "pre", "q", "sup", "svg"}
    | {"summary", "table", "details", "section"}
)
_BUTTON = re.compile(
    r"([^ \t\r\n<>]*)((?:<(?:em|strong)>)*)"  # what stands before it without a space, and what it stands in
    r'(<button type="button" class="term" [^>]*>[^<]*</button>)((?:</(?:em|strong)>)*)'
)
_EMPTY = frozenset({"br", "hr", "img"})
# What is written together with the word in Arabic: and, so; by, as, for; all of them before the article.
_BEFORE = {"ar": "(?:[وف]?[بكل]?)"}
_IN_WORD = (
    r"[\w\-\u0300-\u036f\u064b-\u065f\u0670]"  # vowels and accents of their own belong to the word that they stand in
)


def _pattern(terms: Mapping[str, Term], language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds every form of every term, the longest first, and the id of each form in small letters.

    It finds the phrases in which a form means something else too: they have no id.
    """
    ids: dict[str, str] = {}
    for term in terms.values():
        for form in (term.term.get(language), *term.also.get(language, ())):
            if form:
                ids.setdefault(_plain(form), term.id)
    others = {_plain(phrase) for term in terms.values() for phrase in term.unless.get(language, ())}
    longest = sorted(ids.keys() | others, key=lambda form: (-len(form), form))
    forms = "|".join(re.escape(escape(form, quote=False)).replace(r"\ ", r"\s+") for form in longest)
    before = _BEFORE.get(language, "")
    return re.compile(rf"(?<!{_IN_WORD})({before})({forms})(?!{_IN_WORD})", re.IGNORECASE), ids


def _plain(form: str) -> str:
    return " ".join(form.casefold().split())


def _pieces(html: str, pattern: re.Pattern[str], ids: Mapping[str, str], found: dict[str, None]) -> Iterator[str]:
    """The html with the first occurrence of each term that is not in `found` yet as a button."""
    within: list[str] = []

    def button(match: re.Match[str]) -> str:
        key = ids.get(_plain(match[2].replace("&amp;", "&")))
        if key is None or key in found:
            return match[0]
        found[key] = None
        # With what is written together with it: letters do not join across the edge of a button.
        return f'<button type="button" class="term" popovertarget="term-{key}">{match[0]}</button>'

    for piece in _TAG.split(html):
        if piece.startswith("<"):
            if (tag := _NAME.match(piece)) and tag[1] not in _EMPTY and not piece.endswith("/>"):
                if not piece.startswith("</"):
                    within.append(tag[1])
                elif tag[1] in within:
                    del within[len(within) - 1 - within[::-1].index(tag[1]) :]
            yield piece
        elif piece and not _READ_IN.isdisjoint(within) and _PASSED_OVER.isdisjoint(within):
            yield pattern.sub(button, piece)
        else:
            yield piece


def _together(html: str) -> str:
    """The html in which no line ends between a button and the signs beside it, as it could: `d’`, `(`, or a full stop.

    A line may break before and after a button, whatever stands there, unless the element around it forbids it.
    """

    def span(match: re.Match[str]) -> str:
        before, opened, button, closed = match.groups()
        if opened.count("<") == closed.count("<"):
            return f'<span class="whole">{match[0]}</span>'
        return f'{before}{opened}<span class="whole">{button}</span>{closed}'

    return _BUTTON.sub(span, html)


# --- The file -------------------------------------------------------------------------------------


def configure(content_dir: Path) -> None:
    """Say where this process finds its content."""
    global _content_dir
    _content_dir = content_dir
    _kept.clear()


def current() -> Glossary:
    """The glossary as it is now; empty where there is no file of it."""
    if _content_dir is None:
        raise RuntimeError("lms.curriculum.glossary.configure() was not called")
    try:
        return _kept.get(_content_dir / FILE) or Glossary()
    except OSError:
        return Glossary()


def problems(content_dir: Path) -> list[Problem]:
    """Everything that is wrong with the glossary of a content folder."""
    path = content_dir / FILE
    return _read(path)[1] if path.exists() else []


def _read(path: Path) -> tuple[Glossary | None, list[Problem]]:
    try:
        text, values = toml(path, FILE)
    except NotRead as error:
        return None, [error.problem]
    lines = {match[1]: text.count("\n", 0, match.start()) + 1 for match in re.finditer(r"(?m)^\[([^\]\s]+)\]", text)}
    terms: dict[str, Term] = {}
    found: list[Problem] = []
    for key, one in values.items():
        said = list(_complaints(key, one, values.keys()))
        found += [Problem(FILE, lines.get(key, 1), f"{key}: {message}") for message in said]
        if not said:
            terms[key] = Term(
                key, one["term"], one.get("also", {}), one.get("unless", {}), one["definition"], one["source"],
                tuple(one.get("see", ())),
            )  # fmt: skip
    # A term that cannot be used is left out, and what points to it with it: the others are served.
    terms = {
        key: replace(term, see=tuple(other for other in term.see if other in terms)) for key, term in terms.items()
    }
    found += [Problem(FILE, lines.get(key, 1), message) for key, message in _twice(terms)]
    return Glossary(terms), found


def _complaints(key: str, one: Any, known: Any) -> Iterator[str]:
    if not isinstance(one, dict) or not SLUG.fullmatch(key):
        yield "a term is a table whose name is small letters, digits and hyphens: [usual-residence]."
        return
    yield from (f"{name} is not known here; there are {', '.join(sorted(_KEYS))}." for name in one.keys() - _KEYS)
    term, definition = one.get("term", {}), one.get("definition", {})
    if not _texts(term):
        yield "term.en is missing."
    else:
        yield from (f"term.{code} is missing." for code in LANGUAGES if code not in term)
    if not _texts(definition):
        yield "definition.en is missing."
    if not isinstance(one.get("source"), str) or not one["source"].strip():
        yield "source is missing: who says so, in which document, of which year."
    for name in ("also", "unless"):
        lists = one.get(name, {})
        if not isinstance(lists, dict) or not all(isinstance(v, list) and all(map(_text, v)) for v in lists.values()):
            yield f'{name}.en is a list of texts: ["…", "…"].'
    see = one.get("see", [])
    if not isinstance(see, list):
        yield 'see is a list of ids: ["…", "…"].'
    else:
        yield from (f"see names {other}, which is no term." for other in see if other not in known or other == key)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and "en" in value and all(map(_text, value.values()))


def _twice(terms: Mapping[str, Term]) -> Iterator[tuple[str, str]]:
    """The forms that two terms have in one language: only the first would ever be found."""
    for code in LANGUAGES:
        first: dict[str, str] = {}
        for term in terms.values():
            for form in dict.fromkeys(map(_plain, (term.term.get(code, ""), *term.also.get(code, ())))):
                if form and first.setdefault(form, term.id) != term.id:
                    yield term.id, f"{term.id}: “{form}” ({code}) stands at {first[form]} already."


_kept = Kept(_read)
