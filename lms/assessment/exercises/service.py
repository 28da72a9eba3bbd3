"""Beginning an exercise, trying it with figures or with a file. Passed once, it can be done again with other data."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from config import LANGUAGES
from lms import audit, clock, db, limits
from lms.assessment import exercises, numbers, signals
from lms.assessment.exercises import grading, queries, texts, uploads
from lms.assessment.exercises.frame import FORMS, Exercise, by_file
from lms.assessment.models import ExerciseAnswer, ExerciseTask
from lms.files import service as files
from lms.jobs import service as jobs
from lms.people import queries as people
from lms.policy import Refusal
from lms.web import language

GRADE = "assessment.grade_file"
FILES_AN_HOUR = 30


def seed_of(person_id: UUID, exercise: str, form: str, number: int) -> str:
    """The seed of a task: nobody else's, always the same, and not to be guessed without our key."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"exercise:{person_id}:{exercise}:{form}:{number}".encode(), sha256).hexdigest()


def begin(person_id: UUID, exercise: Exercise, form: str) -> UUID:
    """Begin a task, or go on with the one of this form that is open; its id. However many ask at once, one begins.

    A task whose data another version of the program made is put aside. Raises Refusal (form).
    """
    s = db.need_write()
    if form not in FORMS:
        raise Refusal("form", _("Choose one of the two forms."), field="form")
    person_id = people.kept(person_id)
    mine = (
        people.same_person(ExerciseTask.person_id, person_id),
        ExerciseTask.exercise == exercise.ID,
        ExerciseTask.form == form,
    )
    # Asked before what is open: a task that another request begins in between is then seen there.
    number = (s.scalar(select(func.max(ExerciseTask.number)).where(*mine)) or 0) + 1
    opened = s.scalar(
        select(ExerciseTask.id)
        .where(*mine, ExerciseTask.passed_at.is_(None), ExerciseTask.version == exercise.VERSION)
        .order_by(ExerciseTask.number.desc())
        .limit(1)
    )
    if opened is not None:
        return opened
    seed = seed_of(person_id, exercise.ID, form, number)
    data = queries.data_of(exercise.ID, form, seed)
    key = {"person_id": person_id, "exercise": exercise.ID, "form": form, "number": number}
    task_id = db.new_id()
    if not db.insert_once(
        ExerciseTask,
        id=task_id,
        **key,
        seed=seed,
        version=exercise.VERSION,
        expected=grading.freeze(exercise, data),
        started_at=clock.now(),
    ):
        return s.scalars(select(ExerciseTask.id).filter_by(**key)).one()
    return task_id


@dataclass(frozen=True)
class Unsure:
    """A figure that reads as two numbers (12,500): which of them is meant has to be asked."""

    figure: str
    text: str
    value: float
    other: float


def read_figures(exercise: Exercise, typed: Mapping[str, str], meant: Mapping[str, str]) -> dict[str, float]:
    """The figures of a form as numbers. `meant` says, for those that were asked about, which reading is meant: `value`
    or `other`.

    Raises Refusal (`unreadable`, with the figure's field; `nothing` where no figure was given).
    """
    found: dict[str, float] = {}
    for figure in exercise.FIGURES:
        text = typed.get(figure.id, "").strip()
        if not text:
            continue
        reading = numbers.read_number(text, language.code())
        if reading.value is None:
            example = numbers.write_number(12.5, language.code())
            raise Refusal(
                "unreadable",
                _("Not read as a number. Write digits, such as %(example)s.", example=example),
                422,
                figure.id,
            )
        other = reading.other if meant.get(figure.id) == "other" else None
        found[figure.id] = reading.value if other is None else other
    if not found:
        raise Refusal("nothing", _("Write at least one figure."), 422)
    return found


def unsure(exercise: Exercise, typed: Mapping[str, str], meant: Mapping[str, str]) -> list[Unsure]:
    """The figures about which we have to ask: not a count with the language's own sign between its thousands, since
    nobody counts in thousandths and our tables write it so."""
    asked = []
    for figure in exercise.FIGURES:
        reading = numbers.read_number(typed.get(figure.id, ""), language.code())
        if not figure.decimals and reading.ambiguous and abs(reading.value or 0) > abs(reading.other or 0):
            continue
        if reading.value is not None and reading.other is not None and meant.get(figure.id) not in ("value", "other"):
            asked.append(Unsure(figure.id, typed[figure.id].strip(), reading.value, reading.other))
    return asked


def answer(task_id: UUID, values: Mapping[str, float], typed: Mapping[str, str]) -> bool:
    """Try a task with figures; whether all are right. Tries are not counted. Raises Refusal (no_task, passed)."""
    row = _open(task_id)
    exercise = exercises.ALL[row.exercise]
    found = grading.figures(exercise.FIGURES, queries.expected(task_id), values)
    right = grading.all_right(found)
    given = {key: text.strip()[:60] for key, text in typed.items() if key in {f.id for f in exercise.FIGURES}}
    _add(task_id, given=given, state="graded", found={"figures": grading.plain(found)}, right=right)
    if right:
        row.figures_at = row.figures_at or clock.now()
        _pass(row)
    return right


def _open(task_id: UUID) -> ExerciseTask:
    row: ExerciseTask | None = db.locked(ExerciseTask, task_id)
    if row is None or row.exercise not in exercises.ALL:
        raise Refusal("no_task", _("There is no such task."), 404)
    if row.passed_at is not None:
        raise Refusal("passed", _("You have passed this one. Begin it again to get other data."), 409)
    if row.version != exercises.ALL[row.exercise].VERSION:
        raise Refusal("renewed", _("This exercise was renewed meanwhile. Begin it again."), 409)
    return row


def _add(task_id: UUID, **values: Any) -> UUID:
    """Enter a try. The task's row is locked, so that numbers follow one another."""
    s = db.need_write()
    last = s.scalar(select(func.max(ExerciseAnswer.number)).where(ExerciseAnswer.task_id == task_id)) or 0
    key = db.new_id()
    s.add(ExerciseAnswer(id=key, task_id=task_id, number=last + 1, at=clock.now(), **values))
    s.flush()
    return key


def _pass(row: ExerciseTask) -> None:
    """Passed once the figures are right, and the file, where one is asked."""
    rows_right = row.rows_at or not by_file(exercises.ALL[row.exercise], row.form)
    if row.figures_at and rows_right and row.passed_at is None:
        row.passed_at = clock.now()
        audit.record("assessment.exercise_passed", "person", row.person_id, row.person_id, exercise=row.exercise)
        db.need_write().flush()
        signals.passed.send(signals.Passed(row.person_id, row.exercise, row.passed_at))
    db.need_write().flush()


# --- a file that is given back ---------------------------------------------------------------------------


def give_back(task_id: UUID, data: bytes, name: str) -> UUID:
    """Take a file in for the worker to grade; the try's id. One at a time.

    Raises Refusal (no_task, passed, no_file_asked, still_reading, too_many_tries).
    """
    row = _open(task_id)
    if not by_file(exercises.ALL[row.exercise], row.form):
        raise Refusal("no_file_asked", _("No file is asked for here."), 422, "file")
    s = db.need_write()
    waiting = select(ExerciseAnswer.id).where(ExerciseAnswer.task_id == task_id, ExerciseAnswer.state == "waiting")
    if s.scalar(waiting.limit(1)) is not None:
        raise Refusal("still_reading", _("Your last file is still being read. Wait a moment."), 409, "file")
    if limits.take("exercise_file", str(row.person_id), FILES_AN_HOUR, 3600):
        raise Refusal("too_many_tries", _("That is a lot of files in an hour. Try again later."), 429, "file")
    file_id = files.store(data, "application/octet-stream", name)
    key = _add(task_id, given={}, file_id=file_id, state="waiting", found={"language": language.code()}, right=False)
    jobs.defer(GRADE, {"answer": str(key)}, str(key))
    return key


@jobs.kind(GRADE)
def grade_file(job: jobs.Running) -> None:
    """A job: read the file of a try and grade it; twice is once."""
    answer_id = UUID(job.data["answer"])
    row = db.session().get(ExerciseAnswer, answer_id)
    if row is None or row.state != "waiting" or row.file_id is None:
        db.end_read()
        return
    task = queries.task(row.task_id, newest=0)
    expected, spoken = queries.expected(row.task_id), row.found.get("language", "en")
    with force_locale(spoken):
        try:
            data, _row = files.read(row.file_id)
            db.end_read()
            found, state = _graded(task, data, expected), "graded"
            right = all(grading.enough(one["right"], one["rows"]) for one in found["columns"])
        except Refusal as refusal:
            db.end_read()
            found, state, right = {"refused": str(refusal.message)}, "refused", False
    with db.write() as s:
        changed = s.execute(
            update(ExerciseAnswer)
            .where(ExerciseAnswer.id == answer_id, ExerciseAnswer.state == "waiting")
            .values(state=state, found=found, right=right),
            execution_options={"synchronize_session": False},
        )
        if right and changed.rowcount:  # type: ignore[attr-defined]
            held: ExerciseTask = db.locked(ExerciseTask, task.id)
            held.rows_at = held.rows_at or clock.now()
            _pass(held)


def _graded(task: queries.Task, data: bytes, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What a file came to. Raises Refusal as `uploads.read` and `uploads.coded`."""
    exercise = task.exercise
    names = [column.id for column in exercise.RETURNS]
    titles = _titles(exercise)
    rows = uploads.read(data, [*exercise.KEY.split("."), *names], titles)
    codes = {column.id: column.codes for column in exercise.RETURNS}
    given = uploads.coded(rows, exercise.KEY, expected["rows"].keys(), codes)
    found = grading.rows(exercise.RETURNS, dict(expected), given)
    return {"columns": grading.plain(found), "rows": len(given)}


def _titles(exercise: Exercise) -> dict[str, list[str]]:
    """What the columns are called in the languages that there are, so that a renamed head is known."""
    found: dict[str, list[str]] = {}
    for code in LANGUAGES:
        text = texts.text(exercise.ID, code)
        for column, (title, _note) in text.columns.items():
            found.setdefault(column, []).append(title)
        for column, title in text.returns.items():
            found.setdefault(column, []).append(title)
    return found


# --- forgetting ------------------------------------------------------------------------------------------


def forget(person_id: UUID) -> None:
    """Tries go with their files, and tasks that were not passed; what was passed keeps its day, of nobody."""
    s = db.need_write()
    theirs = select(ExerciseTask.id).where(ExerciseTask.person_id == person_id)
    s.execute(theirs.order_by(ExerciseTask.id).with_for_update()).all()
    for file_id in s.scalars(select(ExerciseAnswer.file_id).where(ExerciseAnswer.task_id.in_(theirs))).all():
        if file_id is not None:
            files.remove(file_id)
    unsynchronized = {"execution_options": {"synchronize_session": False}}
    s.execute(delete(ExerciseAnswer).where(ExerciseAnswer.task_id.in_(theirs)), **unsynchronized)
    s.execute(
        delete(ExerciseTask).where(ExerciseTask.person_id == person_id, ExerciseTask.passed_at.is_(None)),
        **unsynchronized,
    )
    for row in s.scalars(select(ExerciseTask).where(ExerciseTask.person_id == person_id)):
        row.seed, row.expected = "", {}
        for name in ("started_at", "figures_at", "rows_at", "passed_at"):
            at = getattr(row, name)
            if at is not None:
                setattr(row, name, clock.without_hour(at))
    s.flush()
