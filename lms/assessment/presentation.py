"""Questions as the browser may see them: shuffled, without key or seed; graded, with what there is to say.

Templates get these values and never a Question, so that no template can show a key by mistake.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from lms.assessment import queries, rules
from lms.assessment.numbers import write_number
from lms.assessment.queries import Sheet
from lms.assessment.rules import Answer, Graded, Mark
from lms.assessment.service import Given, Saved
from lms.curriculum import index
from lms.curriculum.content import Lesson, Question
from lms.policy import Refusal
from lms.web import language

_NOTHING = Markup()


@dataclass(frozen=True)
class Line:
    """One option, left side or item as it is shown; for what is typed there is one line without a text.

    `position` is its value in the form, or the end of its field's name. `chosen`: whether an option was, or
    which of `offered` was (None: none yet). `expected` is the right one of `offered`, where another was
    chosen.
    """

    position: int
    text: Markup
    chosen: int | None
    mark: Mark = ""
    feedback: Markup = _NOTHING
    expected: str = ""


@dataclass(frozen=True)
class Presented:
    """A question as it is shown. Only once it is `graded` is there anything in it that the key decides.

    `offered`: what the selects of matching and ordering offer. `fraction`: what the answer earned, 0 to 1.
    """

    id: str
    kind: str
    stem: Markup
    language: str
    unit: str
    version: str
    lines: tuple[Line, ...]
    offered: tuple[str, ...] = ()
    text: str = ""
    understood: str = ""
    graded: bool = False
    fraction: float = 0.0
    general: Markup = _NOTHING

    @property
    def blocks(self) -> bool:
        """Whether the stem holds paragraphs or tables, which a legend may not."""
        return re.search(r"<(p|table|ul|ol|div|figure|dl)\b", self.stem) is not None


def presented(question: Question, seed: str, answer: Answer | None = None, graded: Graded | None = None) -> Presented:
    """The question in the seed's order, with the person's answer and, given `graded`, what it came to."""
    order = rules.shuffle(question, seed)
    offered: tuple[str, ...] = ()
    if question.kind == "matching":
        sides = rules.rights(question)
        offered = tuple(sides[side] for side in order)
    elif question.kind == "ordering":
        offered = tuple(language.number(place + 1) for place in range(len(order)))
    return Presented(
        question.id,
        question.kind,
        _html(question.stem),
        question.language,
        question.unit,
        rules.version(question, seed),
        _lines(question, order, offered, answer, graded),
        offered,
        answer.get("text", "") if answer else "",
        understood(question, answer),
        graded is not None,
        graded.fraction if graded else 0.0,
        _html(graded.general if graded else ""),
    )


def _lines(
    question: Question,
    order: tuple[int, ...],
    offered: tuple[str, ...],
    answer: Answer | None,
    graded: Graded | None,
) -> tuple[Line, ...]:
    own: Answer = answer or {}
    notes = graded.feedback if graded else ()

    def line(position: int, original: int, text: Markup, chosen: int | None, expected: str = "") -> Line:
        note = notes[original] if notes else rules.Note()
        wrong = note.mark == "wrong"
        return Line(position, text, chosen, note.mark, _html(note.feedback), expected if wrong else "")

    if question.kind in ("single", "multiple"):
        chosen = {own["choice"]} if "choice" in own else set(own.get("choices", ()))
        return tuple(
            line(position, original, _html(question.options[original].html), 1 if original in chosen else None)
            for position, original in enumerate(order)
        )
    if question.kind == "matching":
        pairs = own.get("pairs") or [None] * len(question.pairs)
        return tuple(
            line(left, left, _html(pair.left), None if side is None else order.index(side), pair.right)
            for left, (pair, side) in enumerate(zip(question.pairs, pairs, strict=True))
        )
    if question.kind == "ordering":
        places = own.get("order") or [None] * len(question.items)
        return tuple(
            line(position, item, escape(question.items[item]), places[item], offered[item])
            for position, item in enumerate(order)
        )
    return (line(0, 0, Markup(), None),)


def _html(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - sanitised when the content was read


def understood(question: Question, answer: Answer | None) -> str:
    """How a number was read, in words; empty for every other kind and where there is no answer."""
    if question.kind != "numerical" or answer is None:
        return ""
    reading, tongue = rules.read(question, answer), language.code()
    if reading.value is None:
        example = write_number(12.5, tongue)
        return str(_("Not read as a number. Write digits, such as %(example)s.", example=example))
    value = write_number(reading.value, tongue)
    if reading.other is None:
        return str(_("Understood as %(value)s.", value=value))
    other = write_number(reading.other, tongue)
    return str(_("Understood as %(value)s, not as %(other)s.", value=value, other=other))


# --- The checks of a lesson -----------------------------------------------------------------------


@dataclass(frozen=True)
class Check:
    """A check of a lesson for one person. `changed`: it was answered, and has another text since."""

    shown: Presented
    changed: bool = False


def check_seed(person_id: UUID, lesson: Lesson) -> str:
    """What shuffles the checks of a lesson for a person, before there is any row of theirs."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"checks:{person_id}:{lesson.id}".encode(), sha256).hexdigest()[:32]


def checks(lesson: Lesson, person_id: UUID) -> dict[str, Check]:
    """The lesson's checks as this person sees them, by the question's id: one statement."""
    seed = check_seed(person_id, lesson)
    answers = queries.lesson_answers(person_id, lesson) if lesson.checks else {}
    shown = {}
    for question in lesson.checks:
        given = answers.get(question.id)
        if given is None or given.question_hash != question.hash:
            shown[question.id] = Check(presented(question, seed), changed=given is not None)
        else:
            readable = given.answer and rules.readable(question, given.answer)
            graded = rules.grade(question, given.answer) if readable else None
            shown[question.id] = Check(presented(question, seed, given.answer, graded))
    return shown


def answer_from_form(question: Question, form: MultiDict[str, str], person_id: UUID, lesson: Lesson) -> Answer | None:
    """The answer in a check's form; None where there is none.

    Raises `Refusal`: `question_changed` (409), where the page shows another version than the one there is
    now, and those of `rules.parse_form`.
    """
    seed = check_seed(person_id, lesson)
    if form.get("version") != rules.version(question, seed):
        message = _("This question has changed since you opened the page. Reload it and answer again.")
        raise Refusal("question_changed", message, 409)
    return rules.parse_form(question, form, rules.shuffle(question, seed), language=language.code())


# --- An attempt -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Item:
    """A question of an attempt as shown. `name` begins its fields; `seq` is when its answer was given."""

    position: int
    name: str
    shown: Presented
    seq: int
    answered: bool


def items(sheet: Sheet, graded: bool = False) -> list[Item]:
    """The questions of an attempt, open or `graded`."""
    return [
        Item(
            asked.position,
            _name(asked.position),
            presented(
                asked.question,
                sheet.seed,
                asked.answer,
                rules.grade(asked.question, asked.answer) if graded else None,
            ),
            asked.seq,
            asked.answer is not None,
        )
        for asked in sheet.asked
    ]


def _name(position: int) -> str:
    return f"q{position}"


def answers_from_form(sheet: Sheet, form: MultiDict[str, str]) -> dict[int, Given]:
    """The answers in a form, by position, of those of the sheet's questions that the form holds.

    A question is in the form if its `q<position>-seq` is: an empty field says that an answer was taken back,
    a missing one says nothing. Raises `Refusal` as `rules.parse_form`.
    """
    given = {}
    for asked in sheet.asked:
        name = _name(asked.position)
        if (seq := form.get(f"{name}-seq")) is not None:
            order = rules.shuffle(asked.question, sheet.seed)
            answer = rules.parse_form(asked.question, form, order, name, language.code())
            if answer and asked.answer and "text" in answer and answer["text"] == asked.answer["text"]:
                answer = asked.answer  # typed in another language of the page: it goes on being read in that one
            plain = seq.isascii() and seq.isdigit() and len(seq) < 16
            given[asked.position] = Given(answer, int(seq) if plain else None)
    return given


@dataclass(frozen=True)
class Finding:
    """A competency of an attempt in words, or a lesson to read again. `language` is that of `title`; `known` whether
    the content still has that competency."""

    title: str
    language: str
    part: rules.Part | None = None
    lesson: str = ""
    known: bool = False


def findings(sheet: Sheet) -> tuple[list[Finding], list[Finding]]:
    """The competencies of an attempt that was handed in, weakest first, and the lessons to read again."""
    fractions = [asked.fraction or 0.0 for asked in sheet.asked]
    found = rules.shortfall([asked.question for asked in sheet.asked], fractions, sheet.head.pass_percent)
    tongue, content = language.code(), index.current()
    parts = []
    for part in found.parts:
        try:
            competency = content.competency(part.competency, tongue)
            parts.append(Finding(competency.short, competency.language, part, known=True))
        except KeyError:
            parts.append(Finding(part.competency or _("Other questions"), tongue, part))
    lessons = [content.lesson_or_none(lesson, tongue) for lesson in found.lessons]
    return parts, [Finding(lesson.title, lesson.language, lesson=lesson.id) for lesson in lessons if lesson]


def saved(sheet: Sheet, given: Mapping[int, Given], stands: Saved) -> dict[str, Any]:
    """What the script is told once the one answer of `sheet` stands in the database."""
    asked = sheet.asked[0]
    return {
        "state": "saved",
        "understood": understood(asked.question, given[asked.position].answer),
        "progress": progress(stands.answered, stands.questions),
    }


def saved_in_words(saved: Saved) -> tuple[str, str]:
    """A message and its category after all answers of a form were sent."""
    if saved.older:
        which = language.listed(language.number(position) for position in saved.older)
        text = _("Your answers are saved, except %(which)s: a newer answer from another page stands.", which=which)
        return str(text), "due"
    return str(_("Your answers are saved.")), "ok"


def progress(answered: int, questions: int) -> str:
    """How far somebody is, in words."""
    done, count = language.number(answered), language.number(questions)
    text = ngettext(
        "%(done)s of %(count)s question answered",
        "%(done)s of %(count)s questions answered",
        questions,
        done=done,
        count=count,
    )
    return str(text)
