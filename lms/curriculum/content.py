"""What is taught, as values: courses, modules, lessons, questions, competencies. No database, no request.

Texts named `html` are sanitised fragments that templates may print as they are; everything else is plain text.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

Kind = Literal["single", "multiple", "matching", "ordering", "numerical", "short"]
KINDS: tuple[Kind, ...] = ("single", "multiple", "matching", "ordering", "numerical", "short")


@dataclass(frozen=True)
class Option:
    """An answer to choose. `fraction` is what choosing it earns: 1 right, 0 wrong, between -1 and 1 in `multiple`."""

    html: str
    fraction: float
    feedback: str  # html


@dataclass(frozen=True)
class Pair:
    """In `matching`, what belongs to what; `feedback` (html) is shown where another right side was chosen."""

    left: str  # html
    right: str  # plain text: it stands in a <select>
    feedback: str


@dataclass(frozen=True)
class Number:
    """In `numerical`, an expected figure: within `tolerance` (absolute) it earns `fraction`. 0 names a mistake."""

    value: float
    tolerance: float
    fraction: float
    feedback: str  # html


@dataclass(frozen=True)
class Accepted:
    """In `short`, an expected text, compared casefolded and NFKC. A fraction of 0 names a mistake."""

    text: str
    fraction: float
    feedback: str  # html


@dataclass(frozen=True)
class Question:
    """One question of a check or a bank. Only the fields of its kind are filled.

    `items` are plain texts in the right order (`ordering`); `distractors` are right sides that belong to no left
    side (`matching`); `feedback` (html) is said where no answer's own feedback fits.
    """

    id: str
    kind: Kind
    stem: str  # html
    language: str = "en"
    options: tuple[Option, ...] = ()
    pairs: tuple[Pair, ...] = ()
    distractors: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    feedback: str = ""
    unit: str = ""
    lesson: str = ""
    competency: str = ""
    difficulty: int = 1

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the whole content: two versions of a question have two hashes."""
        text = json.dumps(self.to_data(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Question:
        parts = {"options": Option, "pairs": Pair, "numbers": Number, "accepted": Accepted}
        values = dict(data)
        for name, part in parts.items():
            values[name] = tuple(part(**item) for item in values.get(name, ()))
        for name in ("distractors", "items"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


@dataclass(frozen=True)
class Lesson:
    """A lesson in one language. `body` is html and checks in reading order; empty while the text is not written.

    Title and objectives may be there before the text is: `body_language` is that of the text.
    """

    id: str
    module: str
    number: int
    language: str
    title: str
    short: str
    minutes: int
    competencies: tuple[str, ...]
    objectives: tuple[str, ...]
    body: tuple[str | Question, ...] = ()
    words: int = 0
    body_language: str = ""

    @property
    def written(self) -> bool:
        return bool(self.body)

    @cached_property
    def checks(self) -> tuple[Question, ...]:
        return tuple(part for part in self.body if isinstance(part, Question))


@dataclass(frozen=True)
class AssessmentRule:
    """How a module is assessed: questions drawn, per cent to pass, attempts, hours between them, nominal minutes."""

    draw: int = 12
    pass_percent: int = 70
    attempts: int = 3
    hours_between: int = 24
    minutes: int = 25


@dataclass(frozen=True)
class Module:
    """A module in one language with its lessons, each in the best language there is for it."""

    id: str
    language: str
    title: str
    short: str
    summary: str
    lessons: tuple[Lesson, ...]
    assessment: AssessmentRule | None = None
    bank: tuple[Question, ...] = field(default=(), repr=False)

    @cached_property
    def written(self) -> tuple[Lesson, ...]:
        """The lessons that have a text: only they are required."""
        return tuple(lesson for lesson in self.lessons if lesson.written)

    @property
    def complete(self) -> bool:
        """Whether every lesson is written; until then a certificate names the lessons and not the module."""
        return bool(self.lessons) and len(self.written) == len(self.lessons)


@dataclass(frozen=True)
class Course:
    id: str
    language: str
    title: str
    modules: tuple[Module, ...]


@dataclass(frozen=True)
class Competency:
    code: str
    language: str
    title: str  # completes *a person can …*
    short: str
    module: str
    gsbpm: tuple[str, ...]
    level: int


@dataclass(frozen=True)
class Problem:
    """Something wrong in the content, where, in words for its author."""

    file: str  # relative to the content folder
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"
