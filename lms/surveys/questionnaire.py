"""A questionnaire as values, and reading one from what a file or a row holds. No database, no request.

A text is a mapping by language. The row keeps `to_data()`, which `read` takes back, so that files and rows are
checked by one reader.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from config import LANGUAGES

KINDS = ("one", "several", "scale", "number", "text")
AUDIENCES = ("person", "institution")
OTHER, UNKNOWN = "other", "unknown"
STEPS = (1, 2, 3, 4, 5)
LONGEST = 2000  # letters of an answer in words

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """Something wrong: where (an id or a heading of the file, for its line) and what, for its author."""

    place: str
    message: str


@dataclass(frozen=True)
class Option:
    """An answer to choose. `alone`: it excludes the others of a `several` question (none, do not know)."""

    id: str
    texts: Texts
    alone: bool = False


@dataclass(frozen=True)
class Question:
    """One question. Only the fields of its kind are filled.

    `other`: a free line stands under the options. `unknown`: a number may be said to be not known. `low` and
    `high` are the labels of a scale's ends, 1 and 5.
    """

    id: str
    kind: str
    text: Texts
    hint: Texts = field(default_factory=dict)
    required: bool = False
    other: bool = False
    unknown: bool = False
    options: tuple[Option, ...] = ()
    low: Texts = field(default_factory=dict)
    high: Texts = field(default_factory=dict)
    unit: Texts = field(default_factory=dict)
    min: int = 0
    max: int = 1_000_000

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be chosen, in order, by id; the free line last."""
        if self.kind == "scale":
            return tuple(str(step) for step in STEPS)
        return tuple(option.id for option in self.options) + ((OTHER,) if self.other else ())

    @property
    def alone(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options if option.alone)


@dataclass(frozen=True)
class Section:
    title: Texts
    questions: tuple[Question, ...]
    intro: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Questionnaire:
    """A whole one. `audience`: answered by persons, each without a name, or by institutions, once and as themselves."""

    id: str
    audience: str
    minutes: int
    title: Texts
    intro: Texts
    sections: tuple[Section, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for section in self.sections for question in section.questions)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that every text is there in."""
        return tuple(code for code in LANGUAGES if all(texts.get(code) for texts in self.texts()))

    def texts(self) -> list[Texts]:
        """All texts that are there, in order."""
        found = [self.title, self.intro]
        for section in self.sections:
            found += [section.title, section.intro]
            for q in section.questions:
                found += [q.text, q.hint, *(option.texts for option in q.options), q.low, q.high, q.unit]
        return [texts for texts in found if texts]

    def to_data(self) -> dict[str, Any]:
        """As JSON keeps it; `read` takes it back."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(self.to_data(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Unreadable(Exception):
    """What was to be read is no questionnaire; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def read(id: str, data: Mapping[str, Any]) -> Questionnaire:
    """A questionnaire out of a file's or a row's values. Raises Unreadable with everything that is wrong."""
    reader = _Reader()
    made = reader.questionnaire(id, data)
    if reader.problems:
        raise Unreadable(reader.problems)
    return made


class _Reader:
    """Reads on after a problem, so that an author sees all of them in one run."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.place = ""
        self.ids: set[str] = set()

    def wrong(self, message: str) -> None:
        self.problems.append(Problem(self.place, message))

    def questionnaire(self, id: str, data: Mapping[str, Any]) -> Questionnaire:
        self.only(data, {"id", "audience", "minutes", "title", "intro", "sections"})
        audience = data.get("audience")
        if audience not in AUDIENCES:
            self.wrong('audience must be "person" or "institution"')
        minutes = data.get("minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 60:
            self.wrong("minutes must be a whole number from 1 to 60")
            minutes = 1
        title = self.texts(data, "title", needed=True)
        intro = self.texts(data, "intro")
        sections = tuple(self.section(one, str(audience)) for one in self.tables(data, "sections"))
        self.place = ""
        if not self.ids:
            self.wrong("it asks nothing: give it a section with a question")
        return Questionnaire(id, str(audience), minutes, title, intro, sections)

    def section(self, data: Mapping[str, Any], audience: str) -> Section:
        self.only(data, {"title", "intro", "questions"})
        title, intro = self.texts(data, "title"), self.texts(data, "intro")
        return Section(title, tuple(self.question(one, audience) for one in self.tables(data, "questions")), intro)

    def question(self, data: Mapping[str, Any], audience: str) -> Question:
        id = self.id(data)
        self.place = id
        if id in self.ids:
            self.wrong(f"the id {id} is used twice")
        self.ids.add(id)
        self.only(data, {f.name for f in Question.__dataclass_fields__.values()})
        kind = str(data.get("kind", ""))
        if kind not in KINDS:
            self.wrong(f"kind must be one of {', '.join(KINDS)}")
        if kind == "number" and audience == "person":
            self.wrong("a person is not asked for a number, which could name them: offer classes as kind one")
        options = tuple(self.option(one) for one in self.tables(data, "options"))
        if kind in ("one", "several"):
            if len(options) < 2:
                self.wrong("a choice needs two options at least")
            if len({option.id for option in options} | {OTHER}) <= len(options):
                self.wrong('two options have one id, or one has the id "other", which the free line has')
        elif options or data.get("other"):
            self.wrong(f"options and other belong to kind one and several, not to {kind}")
        if kind != "several" and any(option.alone for option in options):
            self.wrong("alone belongs to kind several")
        low, high = (self.texts(data, name, needed=kind == "scale") for name in ("low", "high"))
        least, most = self.whole(data, "min", 0), self.whole(data, "max", 1_000_000)
        if least > most:
            self.wrong("min is larger than max")
        text = self.texts(data, "text", needed=True)
        flags = {name: self.flag(data, name) for name in ("required", "other", "unknown")}
        hint, unit = self.texts(data, "hint"), self.texts(data, "unit")
        return Question(id, kind, text, hint, **flags, options=options, low=low, high=high, unit=unit,
                        min=least, max=most)  # fmt: skip

    def option(self, data: Mapping[str, Any]) -> Option:
        id = self.id(data)
        texts = data.get("texts", {key: value for key, value in data.items() if key not in ("id", "alone")})
        return Option(id, self.texts({id: texts}, id, needed=True), self.flag(data, "alone"))

    # --- parts ---

    def only(self, data: Mapping[str, Any], known: set[str]) -> None:
        for key in sorted(set(data) - known):
            self.wrong(f"{key} is not known here")

    def id(self, data: Mapping[str, Any]) -> str:
        id = data.get("id")
        if not isinstance(id, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", id):
            self.wrong(f"an id is small letters, digits and hyphens, not {id!r}")
        return str(id)

    def flag(self, data: Mapping[str, Any], name: str) -> bool:
        value = data.get(name, False)
        if not isinstance(value, bool):
            self.wrong(f"{name} must be true or false")
        return value is True

    def whole(self, data: Mapping[str, Any], name: str, usual: int) -> int:
        value = data.get(name, usual)
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(f"{name} must be a whole number")
            return usual
        return value

    def tables(self, data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
        value = data.get(name, [])
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            self.wrong(f"{name} must be a list of tables")
            return []
        return list(value)

    def texts(self, data: Mapping[str, Any], name: str, needed: bool = False) -> dict[str, str]:
        """A text by language. One in a single language is one: a coordinator's own question may be."""
        value = data.get(name, {})
        if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
            self.wrong(f"{name} must be texts by language, as {name}.en")
            return {}
        if unknown := sorted(set(value) - set(LANGUAGES)):
            self.wrong(f"{name} has a text in {', '.join(unknown)}; the languages are {', '.join(LANGUAGES)}")
        texts = {code: value[code].strip() for code in LANGUAGES if str(value.get(code, "")).strip()}
        if needed and not texts:
            self.wrong(f"{name} is missing")
        if any(len(text) > LONGEST for text in texts.values()):
            self.wrong(f"{name} is longer than {LONGEST} letters")
        return texts


@dataclass(frozen=True)
class Said:
    """A text in a language, for `foreign`; empty where there is none."""

    language: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.text)


def said(texts: Texts, language: str) -> Said:
    """A text in that language, else in English, else in the first that there is."""
    for code in (language, "en", *texts):
        if texts.get(code):
            return Said(code, texts[code])
    return Said(language, "")
