"""An author's own bank, GIFT or Moodle XML, taken over as a `.gift` file of the content folder.

Each question is taken whole or not at all, with a reason; and the file is written whole or not at all, only after the
folder was looked at with it in its place.
"""

from __future__ import annotations

import codecs
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config import LANGUAGES
from lms.curriculum import gift, index, moodle
from lms.curriculum.content import Question
from lms.text import search_key

LARGEST = 5 * 1024 * 1024  # bytes of a file
MOST = 2000  # questions of a file
LONGEST = 40_000  # characters of a question
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")


class Refused(Exception):
    """Nothing was taken; the message says why."""


@dataclass(frozen=True)
class Where:
    """Where the questions go, and what goes without saying for those that do not say it themselves."""

    language: str
    module: str
    name: str  # of the file, without .gift
    lesson: str = ""
    competency: str = ""
    difficulty: int = 1

    @property
    def path(self) -> str:
        return f"{self.language}/{self.module}/{self.name}.gift"


@dataclass
class Taken:
    """One question of the file: what became of it. `why` is empty where it was taken."""

    number: int
    name: str
    id: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    body: str = ""
    why: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(data: bytes, where: Where, content_dir: Path) -> list[Taken]:
    """What of a file can be taken over into the content folder as it is now. Raises Refused."""
    if len(data) > LARGEST:
        raise Refused(f"The file is larger than {LARGEST // 1024 // 1024} MB.")
    content = index.load(content_dir)
    _place(content, where)
    drafts = _from_xml(data) if _XML.match(data) else _from_gift(_decoded(data))
    if not drafts:
        raise Refused("No question is in this file.")
    if len(drafts) > MOST:
        raise Refused(f"The file holds more than {MOST} questions: part it.")
    taken = {question.id for module in content.modules for question in module.bank}
    taken |= {check.id for module in content.modules for lesson in module.lessons for check in lesson.checks}
    for draft in drafts:
        _fit(draft, where, content, taken)
    return drafts


def write(taken: Iterable[Taken], where: Where, content_dir: Path) -> Path:
    """Write those that were taken as one file, which must not be there yet. Raises Refused."""
    chosen = [gift.composed(one.id, one.tags, one.body) for one in taken if not one.why]
    if not chosen:
        raise Refused("No question could be taken: nothing was written.")
    file = content_dir / where.path
    text = "\n\n".join(chosen) + "\n"
    new = file.with_name(f".{file.name}.{secrets.token_hex(8)}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, "utf-8")
        file.hardlink_to(new)  # never over a file that is there, even one that came this moment
    except FileExistsError:
        raise Refused(f"{where.path} is there already: choose another --name.") from None
    except OSError as error:
        raise Refused(f"{where.path} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            new.unlink()
    return file


def _place(content: index.Index, where: Where) -> None:
    """That the language, the module, the lesson and the competency exist. Raises Refused."""
    if where.language not in LANGUAGES:
        raise Refused(f"There is no language {where.language}; there are {', '.join(LANGUAGES)}.")
    modules = {module.id: module for module in content.modules}
    if where.module not in modules:
        raise Refused(f"There is no module {where.module}; there are {', '.join(sorted(modules))}.")
    if where.lesson and where.lesson not in {lesson.id for lesson in modules[where.module].lessons}:
        raise Refused(f"There is no lesson {where.lesson} in {where.module}.")
    if where.competency and where.competency not in {c.code for c in content.competencies()}:
        raise Refused(f"There is no competency {where.competency}.")
    if not re.fullmatch(r"[\w-][\w.-]*", where.name):
        raise Refused("A file's name is letters, digits and hyphens.")


def name_of(file: Path) -> str:
    """What a file that was read is called in the content folder."""
    return re.sub(r"[^a-z0-9]+", "-", search_key(file.stem)).strip("-") or "bank"


def told(one: Taken) -> list[str]:
    """What became of a question, in lines."""
    head = f"{one.number}. {one.name or one.id or 'without a name'}"
    lines = [f"{head}: {'not taken' if one.why else f'taken as {one.id}'}"]
    return lines + [f"   {why}" for why in one.why] + [f"   note: {note}" for note in one.notes]


# --- From either format into drafts ---------------------------------------------------------------


_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _decoded(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(f"The file is not in UTF-8 (line {line}): save it again as UTF-8.") from None
    if "\0" in text:
        raise Refused("The file is no text, or not in UTF-8: save it again as UTF-8.")
    return text


def _from_xml(data: bytes) -> list[Taken]:
    try:
        found = moodle.convert(data)
    except moodle.NotRead as error:
        raise Refused(str(error)) from None
    return [
        Taken(
            one.number, one.name, one.key if gift.ID.fullmatch(one.key) else "",
            {"unit": one.unit}, one.gift,
            [f"{one.why}."] if one.why else [], one.notes,
        )
        for one in found
    ]  # fmt: skip


def _from_gift(text: str) -> list[Taken]:
    return [
        Taken(
            number, piece.name, piece.tags.get("id", ""), piece.tags, piece.body,
            [f"It is longer than {LONGEST} characters."] if len(piece.body) > LONGEST else [],
        )
        for number, piece in enumerate(gift.pieces(text), 1)
    ]  # fmt: skip


# --- One question ---------------------------------------------------------------------------------


def _fit(draft: Taken, where: Where, content: index.Index, taken: set[str]) -> None:
    """Give a draft its id and tags, and find out whether it can be taken."""
    if draft.why:
        return
    draft.id = draft.id or _id(draft, where, taken)
    usual = {"lesson": where.lesson, "competency": where.competency, "difficulty": str(where.difficulty)}
    draft.tags = usual | {name: value for name, value in draft.tags.items() if value}
    parsed = gift.parse(gift.composed(draft.id, draft.tags, draft.body), where.path, where.language)
    if parsed.left_out or len(parsed.questions) != 1:
        draft.why += [problem.message for problem in parsed.problems] or ["It cannot be read as one question."]
        return
    question = parsed.questions[0]
    draft.why += list(_missing(question, where, content, taken))
    draft.notes += [problem.message for problem in parsed.problems]
    if not draft.why:
        taken.add(question.id)


def _missing(question: Question, where: Where, content: index.Index, taken: set[str]) -> Iterable[str]:
    if question.id in taken:
        yield f"The id {question.id} is taken."
    lesson = content.lesson_or_none(question.lesson) if question.lesson else None
    if not question.lesson:
        yield "It names no lesson: --lesson says which it is about."
    elif lesson is None or lesson.module != where.module:
        yield f"There is no lesson {question.lesson} in {where.module}."
    elif not lesson.written:
        yield f"The lesson {question.lesson} has no text yet."
    if not question.competency:
        yield "It names no competency: --competency says which it asks for."
    elif lesson is not None and question.competency not in lesson.competencies:
        known = ", ".join(lesson.competencies)
        yield f"It asks for {question.competency}, which the lesson does not teach (it teaches {known})."


def _id(draft: Taken, where: Where, taken: set[str]) -> str:
    """An id that comes out the same when the same file is read again: by its name, else by its number."""
    slug = re.sub(r"[^a-z0-9]+", "-", search_key(draft.name)).strip("-")[:50].strip("-")
    return f"{where.name}-{slug or draft.number}"
