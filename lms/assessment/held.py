"""What this room holds about a person: attempts, answers as they were given, exceptions."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from html import unescape
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, func, or_, select

from lms.assessment import rules
from lms.assessment.models import Attempt, ExerciseAnswer, ExerciseTask, Override, QuestionVersion, Response
from lms.assessment.queries import ASSESSMENT, CHECKS, module_title
from lms.assessment.rules import Answer
from lms.curriculum import index
from lms.curriculum.content import Question
from lms.db import session
from lms.files import service as stored
from lms.files.models import StoredFile
from lms.privacy import Fate, File, Held, Keeping
from lms.web import language


def _answers(ids: Collection[UUID]) -> ColumnElement[int]:
    return (
        select(func.count(Response.answer))
        .join(Attempt, Attempt.id == Response.attempt_id)
        .where(Attempt.person_id.in_(ids))
        .scalar_subquery()
    )


def _open(ids: Collection[UUID]) -> ColumnElement[int]:
    unfinished = (Attempt.instrument.startswith(ASSESSMENT), Attempt.submitted_at.is_(None))
    return select(func.count(Attempt.id)).where(Attempt.person_id.in_(ids), *unfinished).scalar_subquery()


def _handed_in(ids: Collection[UUID]) -> ColumnElement[int]:
    done = Attempt.submitted_at.is_not(None)
    return select(func.count(Attempt.id)).where(Attempt.person_id.in_(ids), done).scalar_subquery()


def _tries(ids: Collection[UUID]) -> ColumnElement[int]:
    own = select(ExerciseTask.id).where(ExerciseTask.person_id.in_(ids))
    return select(func.count(ExerciseAnswer.id)).where(ExerciseAnswer.task_id.in_(own)).scalar_subquery()


def _exercises_passed(ids: Collection[UUID]) -> ColumnElement[int]:
    passed = (ExerciseTask.person_id.in_(ids), ExerciseTask.passed_at.is_not(None))
    return select(func.count(ExerciseTask.id)).where(*passed).scalar_subquery()


FATES = (
    Fate(_l("Answers: what you chose and what you wrote"), _answers),
    Fate(_l("Attempts that you did not hand in"), _open),
    Fate(_l("Tries at exercises, and files that you gave back"), _tries),
    Fate(
        _l("That an assessment was handed in, its day and result, and what each question earned"),
        _handed_in,
        _l("The results say whether questions are good and courses work; they name nobody."),
    ),
    Fate(
        _l("That an exercise was passed, and its day"),
        _exercises_passed,
        _l("The results say whether questions are good and courses work; they name nobody."),
    ),
    Fate(
        _l("That an exception was made for you, by number and without the reason"),
        lambda ids: select(func.count(Override.id)).where(Override.person_id.in_(ids)).scalar_subquery(),
        _l("Somebody with the right to it decided, and answers for it."),
    ),
    Fate(
        _l("Reasons that you wrote for exceptions you made for others"),
        lambda ids: select(func.count(Override.id)).where(Override.by_id.in_(ids)).scalar_subquery(),
        _l("They belong to those people’s records and explain them."),
    ),
)
KEEPINGS = (Keeping(_l("Your answers and attempts"), _l("until you are erased; then only the results, of nobody")),)


def held_about(person_id: UUID) -> list[Held]:
    """Attempts, the questions asked with the answers given and what those earned, exceptions. No key is in it.

    What an answer earned is told once its attempt was handed in, and of the checks of lessons at once.
    """
    return [*_attempts(person_id), *_exercises(person_id), _overrides(person_id)]


def _attempts(person_id: UUID) -> list[Held]:
    rows = session().execute(
        select(Attempt, Response, QuestionVersion.data)
        .outerjoin(Response, Response.attempt_id == Attempt.id)
        .outerjoin(QuestionVersion, QuestionVersion.hash == Response.question_hash)
        .where(Attempt.person_id == person_id)
        .order_by(Attempt.started_at, Attempt.id, Response.position)
    )
    attempts: dict[UUID, dict[str, Any]] = {}
    answers = []
    for attempt, response, data in rows:
        attempts.setdefault(attempt.id, _attempt(attempt))
        if response is not None:
            graded = attempt.submitted_at is not None or not attempt.instrument.startswith(ASSESSMENT)
            answers.append(_answer(attempt, response, Question.from_data(data), graded))
    labels = {
        "instrument": None,
        "what": _l("What was answered"),
        "number": _l("Attempt"),
        "started_at": _l("Begun"),
        "last_at": _l("Last answer"),
        "submitted_at": _l("Handed in"),
        "score": _l("Result, 0 to 1"),
        "pass_percent": _l("Needed, per cent"),
        "passed": _l("Passed"),
        "question": _l("Question"),
        "answer": _l("Your answer"),
        "answered_at": _l("When"),
        "tries": _l("Tries"),
        "earned": _l("Earned, 0 to 1"),
        "earned_first": _l("Earned at first"),
    }
    return [
        Held("attempts", _l("Attempts"), list(attempts.values()), labels=labels),
        Held("answers", _l("Questions and answers"), answers, labels=labels),
    ]


def _attempt(attempt: Attempt) -> dict[str, Any]:
    fields = ("id", "instrument", "number", "started_at", "last_at", "submitted_at", "score", "pass_percent", "passed")
    values = {"what": _what(attempt.instrument)} | {name: getattr(attempt, name) for name in fields}
    return values | {"pass_percent": attempt.pass_percent or None}


def _what(instrument: str) -> str:
    """An instrument in words: the module that is assessed, the lesson whose checks they are."""
    if instrument.startswith(ASSESSMENT):
        module = module_title(instrument.removeprefix(ASSESSMENT))
        return str(_("assessment of %(module)s", module=language.isolated(module)))
    lesson_id = instrument.removeprefix(CHECKS)
    lesson = index.current().lesson_or_none(lesson_id, language.code())
    title = language.isolated(lesson.title if lesson else lesson_id)
    return str(_("checks of the lesson %(title)s", title=title))


def _answer(attempt: Attempt, response: Response, question: Question, graded: bool) -> dict[str, Any]:
    return {
        "id": response.id,
        "what": _what(attempt.instrument),
        "instrument": attempt.instrument,
        "number": attempt.number,
        "question": _text(question.stem),
        "answer": in_words(question, response.answer or {}),
        "answered_at": response.answered_at,
        "tries": response.tries or None,
        "earned": response.fraction if graded else None,
        "earned_first": response.first_fraction if graded else None,
    }


def in_words(question: Question, answer: Answer) -> list[str]:
    """An answer as texts. Never the positions that we keep: in the order of the source they would tell the key.

    What no longer fits its question is left out.
    """
    if not rules.fits(question, answer):
        return []
    if question.kind in ("single", "multiple"):
        chosen = [answer["choice"]] if "choice" in answer else answer["choices"]
        return sorted(_text(question.options[n].html) for n in chosen)
    if question.kind == "matching":
        sides = rules.rights(question)
        pairs = zip(question.pairs, answer["pairs"], strict=True)
        return [f"{_text(pair.left)} → {sides[side]}" for pair, side in pairs if side is not None]
    if question.kind == "ordering":
        placed = sorted((place, item) for item, place in enumerate(answer["order"]) if place is not None)
        return [f"{place + 1}. {question.items[item]}" for place, item in placed]
    return [str(answer["text"])]


def _text(html: str) -> str:
    return " ".join(unescape(Markup(html).striptags()).split())  # noqa: S704  our own content, and made plain


def _exercises(person_id: UUID) -> list[Held]:
    """Tasks of exercises and the tries at them, with the files that were given back. What they come to is not in it."""
    rows = session().execute(
        select(ExerciseTask, ExerciseAnswer, StoredFile)
        .outerjoin(ExerciseAnswer, ExerciseAnswer.task_id == ExerciseTask.id)
        .outerjoin(StoredFile, StoredFile.id == ExerciseAnswer.file_id)
        .where(ExerciseTask.person_id == person_id)
        .order_by(ExerciseTask.started_at, ExerciseTask.id, ExerciseAnswer.number)
    )
    tasks: dict[UUID, dict[str, Any]] = {}
    tries, files = [], []
    for task, one, file in rows:
        fields = ("id", "exercise", "form", "number", "started_at", "passed_at")
        tasks.setdefault(task.id, {name: getattr(task, name) for name in fields})
        if one is None:
            continue
        given = [f"{key}: {text}" for key, text in one.given.items() if text]
        tries.append({"id": one.id, "exercise": task.exercise, "at": one.at, "given": given, "right": one.right})
        if file is not None and file.removed_at is None:
            files.append(File(file.name or "file", partial(stored.proved, file)))
    labels = {
        "exercise": _l("Exercise"),
        "form": _l("Form"),
        "number": _l("Number"),
        "started_at": _l("Begun"),
        "passed_at": _l("Passed"),
        "given": _l("Your figures"),
        "right": _l("Right"),
    }
    words = {"form": {"phone": _l("on the phone"), "desk": _l("at the desk")}}
    return [
        Held("exercises", _l("Exercises"), list(tasks.values()), labels=labels, words=words),
        Held("exercise_tries", _l("Tries at exercises"), tries, tuple(files), labels),
    ]


def _overrides(person_id: UUID) -> Held:
    """Exceptions made for a person, with their reasons; and those that they made, whose reasons are others'."""
    rows = session().scalars(
        select(Override)
        .where(or_(Override.person_id == person_id, Override.by_id == person_id))
        .order_by(Override.at, Override.id)
    )
    found = [
        {
            "id": row.id,
            "at": row.at,
            "what": _what(row.instrument),
            "instrument": row.instrument,
            "for": str(_("you") if row.person_id == person_id else _("somebody else")),
            "by": str(_("you") if row.by_id == person_id else _("a facilitator or coordinator")),
            "reason": row.reason if row.person_id == person_id else "",
        }
        for row in rows
    ]
    labels = {"instrument": None, "what": _l("What was answered"), "for": _l("For whom")}
    return Held("exceptions", _l("Exceptions"), found, labels=labels)
