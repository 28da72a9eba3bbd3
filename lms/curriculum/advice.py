"""What could be better in a text: advice for its author, which stops nothing.

Reading ease is Flesch's (1948), of English: 206.835 - 1.015 words a sentence - 84.6 syllables a word; 60 and more is
plain English, under 40 is hard for somebody who reads it as a second language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Literal

from lms.curriculum import rules
from lms.curriculum.content import Problem, Question
from lms.curriculum.markup import SOURCES
from lms.curriculum.source import Document

LONGEST = 40  # words of a sentence
EASE = 45
WORDS_A_MINUTE, MINUTES_A_CHECK = 130, 1.0  # of a second language, with numbers to follow
State = Literal["translated", "out of date", "titles only", "missing"]


@dataclass(frozen=True)
class Translation:
    """How a lesson stands in another language."""

    language: str
    lesson: str
    state: State
    source: str  # the digest of the English file as it is now


def advice(documents: Mapping[str, Document]) -> list[Problem]:
    """All of it, by file."""
    found = [note for path, document in documents.items() if rules.is_lesson(path) for note in _of(path, document)]
    found += [
        Problem(f"{one.language}/{one.lesson}", 1, _SAYS[one.state].format(source=one.source))
        for one in translations(documents)
        if one.state in _SAYS
    ]
    return sorted(found, key=lambda note: (note.file, note.line, note.message))


_SAYS: dict[State, str] = {
    "out of date": 'the English text has changed since; read it again, and set source = "{source}".',
    "titles only": "title and objectives are translated, the text is not.",
}


def translations(documents: Mapping[str, Document]) -> list[Translation]:
    """How each English lesson that is written stands in the other languages that there are, in their order."""
    lessons: dict[str, dict[str, Document]] = {}
    for path, document in documents.items():
        if rules.is_lesson(path):
            lessons.setdefault(document.head["id"], {})[rules.place(path)[0]] = document
    languages = sorted({code for versions in lessons.values() for code in versions} - {"en"})
    found = []
    for key, versions in lessons.items():
        english = versions.get("en")
        if english is None or not english.parts:
            continue
        for code in languages:
            own = versions.get(code)
            found.append(Translation(code, key, _state(own, english), english.digest))
    return found


def _state(own: Document | None, english: Document) -> State:
    if own is None:
        return "missing"
    if not own.parts:
        return "titles only"
    return "translated" if own.head["source"] == english.digest else "out of date"


def _of(path: str, document: Document) -> Iterator[Problem]:
    if not document.parts:
        return
    sentences = list(_sentences(document))
    for sentence in sentences:
        if (words := len(sentence.split())) > LONGEST:
            yield Problem(path, 1, f"A sentence of {words} words: “{' '.join(sentence.split()[:8])} …”.")
    checks = sum(isinstance(part, Question) for part in document.parts)
    minutes = document.words / WORDS_A_MINUTE + checks * MINUTES_A_CHECK
    stated = document.head["minutes"]
    if not 0.6 * stated <= minutes <= 1.5 * stated:
        yield Problem(path, document.line("minutes"), f"It takes about {minutes:.0f} minutes; {stated} are stated.")
    if rules.place(path)[0] == "en" and sentences and (ease := reading_ease(sentences)) < EASE:
        yield Problem(path, 1, f"Reading ease {ease:.0f}; {EASE} or more is within reach of a second language.")


def _sentences(document: Document) -> Iterator[str]:
    """The sentences of paragraphs and list items; tables, figures, formulas and sources are none."""
    for part in document.parts:
        if not isinstance(part, str):
            continue
        html = re.sub(r"<(table|svg|math|sup|h\d|figure)\b.*?</\1>", " ", SOURCES.split(part)[0], flags=re.DOTALL)
        for block in re.findall(r"<(?:p|li|dd)\b[^>]*>(.*?)</(?:p|li|dd)>", html, re.DOTALL):
            text = " ".join(unescape(re.sub(r"<[^>]*>", "", block)).split())
            yield from (one for one in re.split(r"(?<=[.?!:;])\s+", text) if len(one.split()) > 2)


def reading_ease(sentences: list[str]) -> float:
    """Flesch's reading ease of English sentences."""
    words = [word for sentence in sentences for word in re.findall(r"[A-Za-z]+", sentence)]
    if not words:
        return 100.0
    return 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(_syllables, words)) / len(words)


def _syllables(word: str) -> int:
    """About how many syllables an English word has: groups of vowels, without a silent e at the end."""
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith("le") and groups > 1
    return max(1, groups - silent)
