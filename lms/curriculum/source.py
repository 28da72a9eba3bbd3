"""One file of `content/` into a document: what it says, where in it that stands, and what is wrong with it.

A file that cannot be used as its author meant it is not *whole*: the index then goes on serving the version
before. What is only unfinished (a lesson without a source) is a problem and is served.
"""

from __future__ import annotations

import hashlib
import logging
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from config import LANGUAGES
from lms.curriculum import gift, markup
from lms.curriculum.content import Problem, Question
from lms.text import one_line

log = logging.getLogger(__name__)

FORMAT = 2  # of a document's plain values: raised when what stands in `head` or another field changes
CHECKS = 5  # that a written lesson has at least
LESSON_NAME = re.compile(r"(\d\d)-[\w-]+\.md")
DIGEST = re.compile(r"[0-9a-f]{12}")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_MERGE = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_SAYS = {
    SLUG: "small letters, digits and hyphens, at most 60",
    DIGEST: "the first twelve signs of the English file’s digest, as the check prints it",
}
ASSESSMENT = {
    "draw": (1, 200),
    "pass": (1, 100),
    "attempts": (1, 20),
    "hours_between": (0, 1000),
    "minutes": (1, 480),
}


@dataclass(frozen=True)
class Document:
    """A file as it was read. `head` is its checked TOML, `parts` html and questions in their order.

    `lines` says where a key of the head stands (`title`, `course.0.modules`), a question (`question:<id>`)
    and its tags (`tags:<id>`).
    """

    path: str
    head: dict[str, Any]
    lines: dict[str, int]
    parts: tuple[str | Question, ...] = ()
    links: tuple[markup.Link, ...] = ()
    anchors: tuple[str, ...] = ()
    words: int = 0
    digest: str = ""  # of the file's text: by it a translation says what it was made from

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(part for part in self.parts if isinstance(part, Question))

    def line(self, key: str) -> int:
        return self.lines.get(key, 1)

    def to_data(self) -> dict[str, Any]:
        """Plain values for JSON."""
        parts = [part.to_data() if isinstance(part, Question) else part for part in self.parts]
        return {**vars(self), "parts": parts}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Document:
        parts = (Question.from_data(part) if isinstance(part, dict) else part for part in data["parts"])
        links = (markup.Link(*link) for link in data["links"])
        return cls(**{**data, "parts": tuple(parts), "links": tuple(links), "anchors": tuple(data["anchors"])})


@dataclass(frozen=True)
class Reading:
    """What reading a file gave: the document if one could be made, the problems, and whether all of it is
    there."""

    document: Document | None
    problems: tuple[Problem, ...] = ()
    whole: bool = True


def read(path: str, text: str, figures: markup.Figures) -> Reading:
    """Read the file `path` (relative to the content folder, with /). Never raises for what an author can
    write."""
    page = _File(path, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    name = path.rpartition("/")[2]
    reader: Callable[[_File], Document | None]
    if path in ("courses.toml", "competencies.toml"):
        reader = _courses if path == "courses.toml" else _competencies
    elif name.endswith(".gift"):
        reader = _bank
    elif name == "module.md":
        reader = _module
    elif LESSON_NAME.fullmatch(name):
        reader = lambda file: _lesson(file, figures)  # noqa: E731
    else:
        say = "This file is not read: a lesson is named NN-name.md, a module's page module.md."
        return Reading(None, (Problem(path, 1, say),))
    try:
        document = reader(page)
    except Exception as error:  # a page nested a thousand deep, say: one file must not stop the others
        log.error("%s cannot be read: %r", path, error)
        page.complain(1, f"This file cannot be read: {type(error).__name__}.", whole=False)
        document = None
    if mark := _MERGE.search(page.text):
        line = page.text.count("\n", 0, mark.start()) + 1
        page.complain(line, "A merge left its mark here: choose one of the two texts.", whole=False)
    if document is not None:
        document = replace(document, digest=hashlib.sha256(page.text.strip().encode()).hexdigest()[:12])
    problems = sorted(set(page.problems), key=lambda p: (p.line, p.message))
    return Reading(document, tuple(problems), page.whole and document is not None)


@dataclass
class _File:
    """A file that is being read: its text and what was found wrong so far."""

    path: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True

    @property
    def language(self) -> str:
        return self.path.split("/")[0]

    def complain(self, line: int, message: str, whole: bool = True) -> None:
        self.problems.append(Problem(self.path, line, message))
        self.whole = self.whole and whole

    def front_matter(self) -> tuple[_Head | None, str, int]:
        """What stands between the +++ lines, the body after it, and the line on which the body begins."""
        match = re.match(r"\+\+\+[ \t]*\n(.*?)(?:^|\n)\+\+\+[ \t]*(?:\n|\Z)", self.text, re.DOTALL | re.MULTILINE)
        if match is None:
            self.complain(
                1,
                "The file does not begin with its front matter: TOML between two lines of +++.",
                whole=False,
            )
            return None, "", 1
        body = self.text[match.end() :]
        return self.toml(match[1], 2), body, self.text.count("\n", 0, match.end()) + 1

    def toml(self, text: str, first_line: int) -> _Head | None:
        try:
            return _Head(self, tomllib.loads(text), _key_lines(text, first_line))
        except tomllib.TOMLDecodeError as error:
            at = re.search(r" \(at line (\d+).*\)$", str(error))
            line = int(at[1]) if at else text.rstrip().count("\n") + 1
            message = re.sub(r" \(at .*\)$", "", str(error))
            self.complain(first_line + line - 1, f"This is not TOML: {message}.", whole=False)
            return None


def _key_lines(text: str, first_line: int) -> dict[str, int]:
    """The line of each key, with the tables that it is in before it; the n-th `[[course]]` is `course.n`."""
    lines: dict[str, int] = {}
    table = ""
    counts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), first_line):
        if many := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            counts[many[1]] = counts.get(many[1], -1) + 1
            table = f"{many[1]}.{counts[many[1]]}"
            lines[table] = number
        elif one := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            table = one[1]
            lines.setdefault(table, number)
        elif key := re.match(r"\s*([\w.-]+)\s*=", line):
            name = f"{table}.{key[1]}" if table else key[1]
            lines.setdefault(name, number)
            lines.setdefault(name.rpartition(".")[0] or name, number)
    return lines


class _Head:
    """TOML whose values are asked for one by one; what is missing or of another kind is complained of, with
    its line.

    `at` is the table in it, `name` how that table is named to an author.
    """

    def __init__(self, file: _File, values: dict[str, Any], lines: dict[str, int], at: str = "") -> None:
        self.file = file
        self.values = values
        self.lines = lines
        self.at = at
        self.asked: set[str] = set()

    def line(self, key: str = "") -> int:
        keys = (f"{self.at}.{key}" if self.at and key else key or self.at, self.at)
        return next((self.lines[k] for k in keys if k in self.lines), 1)

    def refuse(self, key: str, message: str, whole: bool = False) -> None:
        self.file.complain(self.line(key), message, whole)

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        """A text that is not empty; empty where it is not given or not one."""
        self.asked.add(key)
        value = self.values.get(key)
        if value is None:
            self.refuse(key, f"{key} is missing.")
        elif not isinstance(value, str) or not value.strip():
            self.refuse(key, f"{key} is empty." if isinstance(value, str) else f"{key} is not a text.")
        elif pattern and not pattern.fullmatch(value):
            self.refuse(key, f"{key} is {_SAYS[pattern]}: not “{value}”.")
        else:
            return one_line(value)
        return ""

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int | None:
        self.asked.add(key)
        value = self.values.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        say = f"{key} is missing." if value is None else f"{key} is a whole number from {low} to {high}."
        self.refuse(key, say)
        return None

    def texts(self, key: str, pattern: str = r".*\S.*") -> list[str]:
        """A list of texts, not empty."""
        self.asked.add(key)
        value = self.values.get(key)
        if value is None:
            self.refuse(key, f"{key} is missing.")
        elif not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(key, f'{key} is a list of texts: ["…", "…"].')
        elif not value or not all(re.fullmatch(pattern, item, re.DOTALL) for item in value):
            say = f"{key} is empty." if not value else f"{key} holds a value that cannot be: {', '.join(value)}."
            self.refuse(key, say)
        elif len(set(value)) < len(value):
            self.refuse(key, f"{key} names something twice.")
        else:
            return value
        return []

    def by_language(self, key: str) -> dict[str, str]:
        """A text in several languages, `title.en` and so on; English has to be there, the others ought to."""
        self.asked.add(key)
        value = self.values.get(key)
        if not isinstance(value, dict):
            self.refuse(key, f"{key}.en is missing.")
            return {}
        known = {k: v.strip() for k, v in value.items() if isinstance(v, str) and v.strip()}
        for language in [*LANGUAGES, *(value.keys() - set(LANGUAGES))]:
            if language not in known:
                say = f"{key}.{language} is empty." if language in value else f"{key}.{language} is missing."
                self.refuse(f"{key}.{language}" if language in value else key, say, whole=language != "en")
        return known

    def table(self, key: str) -> _Head | None:
        self.asked.add(key)
        value = self.values.get(key)
        if isinstance(value, dict):
            return _Head(self.file, value, self.lines, f"{self.at}.{key}" if self.at else key)
        if value is not None:
            self.refuse(key, f"{key} is a table: [{key}].")
        return None

    def finish(self) -> None:
        """Complain of the keys that nobody asked for: mostly a slip of the pen."""
        for key in self.values.keys() - self.asked:
            self.refuse(key, f"{key} is not known here; there are {', '.join(sorted(self.asked))}.", whole=True)


def _lesson(file: _File, figures: markup.Figures) -> Document | None:
    head, body, first_line = file.front_matter()
    if head is None:
        return None
    values: dict[str, Any] = {
        "id": head.text("id", SLUG),
        "title": head.text("title"),
        "short": head.text("short") if "short" in head.values else "",
        "minutes": head.number("minutes", 1, 480),
        "competencies": head.texts("competencies", r"[\w-]+"),
        "objectives": head.texts("objectives"),
    }
    head.asked |= {"short", "source"}
    values["source"] = head.text("source", DIGEST) if "source" in head.values else ""
    head.finish()
    if not (values["id"] and values["title"] and values["minutes"]):
        return None
    values["short"] = values["short"] or values["title"]
    document = Document(file.path, values, head.lines)
    if not body.strip():
        return document
    rendered = markup.lesson(body, file.language, figures, first_line)
    for line, message in rendered.complaints:
        file.complain(line, message)
    file.whole = file.whole and rendered.whole
    parts: list[str | Question] = []
    lines = dict(head.lines)
    for part in rendered.parts:
        if isinstance(part, str):
            parts.append(part)
            continue
        found = _questions(file, gift.parse(part.text, file.path, file.language, part.line), lines)
        if len(found) > 1:
            file.complain(part.line, "A check holds one question: each stands between ```check and ``` of its own.")
        parts += [_of_lesson(file, question, values, lines) for question in found]
    begin = first_line + len(body) - len(body.lstrip("\n"))
    _complete(file, rendered.html, sum(isinstance(part, Question) for part in parts), begin)
    links = tuple(rendered.links)
    return replace(
        document, lines=lines, parts=tuple(parts), links=links, anchors=rendered.anchors, words=rendered.words
    )


def _of_lesson(file: _File, question: Question, lesson: dict[str, Any], lines: dict[str, int]) -> Question:
    """A check with what goes without saying: its lesson, and the competency where the lesson has only one."""
    if question.lesson not in ("", lesson["id"]):
        say = f"The check names the lesson {question.lesson}, and stands in {lesson['id']}."
        file.complain(lines[f"tags:{question.id}"], say)
    only = lesson["competencies"][0] if len(lesson["competencies"]) == 1 else ""
    return replace(question, lesson=lesson["id"], competency=question.competency or only)


def _complete(file: _File, html: str, checks: int, line: int) -> None:
    """What every written lesson has."""
    if '<div class="note mistake">' not in html:
        file.complain(line, 'The lesson names no common mistake: !!! mistake "A common mistake".')
    if '<div class="note desk">' not in html:
        file.complain(line, 'The lesson has nothing to try at one\'s desk: !!! desk "Try it at your desk".')
    if not markup.SOURCES.search(html):
        file.complain(line, "The lesson gives no source: a footnote [^name], and [^name]: the source.")
    if checks < CHECKS:
        file.complain(line, f"The lesson has {checks} checks; it needs {CHECKS}.")


def _questions(file: _File, parsed: gift.Parsed, lines: dict[str, int]) -> list[Question]:
    """The questions of a stretch of GIFT; their lines are entered, and an id that the file has already is
    left out."""
    file.problems += parsed.problems
    file.whole = file.whole and not parsed.left_out
    kept = []
    for found in parsed.found:
        if f"question:{found.question.id}" in lines:
            first = lines[f"tags:{found.question.id}"]
            say = f"The question id {found.question.id} stands in this file already, on line {first}."
            file.complain(found.tags_line, say, whole=False)
            continue
        lines[f"question:{found.question.id}"] = found.line
        lines[f"tags:{found.question.id}"] = found.tags_line
        kept.append(found.question)
    return kept


def _bank(file: _File) -> Document:
    lines: dict[str, int] = {}
    questions = _questions(file, gift.parse(file.text, file.path, file.language), lines)
    for question in questions:
        for tag in ("lesson", "competency"):
            if not getattr(question, tag):
                file.complain(lines[f"tags:{question.id}"], f"{question.id} names no {tag}: [tag:{tag}=…].")
    return Document(file.path, {}, lines, tuple(questions))


def _module(file: _File) -> Document | None:
    head, body, first_line = file.front_matter()
    if head is None:
        return None
    values: dict[str, Any] = {"title": head.text("title"), "summary": head.text("summary")}
    values["short"] = head.text("short") if "short" in head.values else values["title"]
    head.asked.add("short")
    if rule := head.table("assessment"):
        values["assessment"] = {}
        for key, (low, high) in ASSESSMENT.items():
            if key in rule.values and (number := rule.number(key, low, high)) is not None:
                values["assessment"][key] = number
        rule.asked.update(ASSESSMENT)
        rule.finish()
    head.finish()
    if body.strip():
        file.complain(first_line, "A module's page has no text after its front matter: it is not shown.")
    return Document(file.path, values, head.lines) if values["title"] else None


def _courses(file: _File) -> Document | None:
    head = file.toml(file.text, 1)
    if head is None:
        return None
    courses: list[dict[str, Any]] = []
    given = head.values.get("course")
    head.asked.add("course")
    head.finish()
    if not isinstance(given, list) or not given:
        file.complain(1, "There is no course: [[course]] with id, title.en and modules.", whole=False)
        given = []
    for n, values in enumerate(given):
        course = _Head(file, values, head.lines, f"course.{n}")
        one = {
            "id": course.text("id", SLUG),
            "title": course.by_language("title"),
            "modules": course.texts("modules", r"[\w-]+"),
            "at": course.at,
        }
        course.finish()
        if any(one["id"] == other["id"] for other in courses):
            course.refuse("id", f"There is a course {one['id']} already.")
        elif one["id"] and "en" in one["title"]:
            courses.append(one)
    return Document(file.path, {"courses": courses}, head.lines)


def _competencies(file: _File) -> Document | None:
    head = file.toml(file.text, 1)
    if head is None:
        return None
    known: dict[str, Any] = {}
    for code in head.values:
        if (table := head.table(code)) is None:
            continue
        one: dict[str, Any] = {
            "title": table.by_language("title"),
            "short": table.by_language("short"),
            "module": table.text("module"),
            "gsbpm": table.texts("gsbpm", r"[1-8](\.\d\d?)?|overarching"),
            "level": table.number("level", 1, 3) or 1,
        }
        table.finish()
        if "en" in one["title"] and "en" in one["short"]:
            known[code] = one
    return Document(file.path, known, head.lines)
