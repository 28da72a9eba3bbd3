"""Practical exercises: the list, one of them, a task with its data, figures and files that are given back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response as Answered
from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms import db
from lms.assessment import exercises
from lms.assessment.exercises import downloads, presentation, queries, service, uploads
from lms.assessment.exercises.frame import Exercise
from lms.assessment.views import blueprint
from lms.policy import Refusal, define
from lms.web import language
from lms.web.sheets import XLSX, attachment
from lms.web.viewer import me, permit

define("exercise.read", signed_in=True)
define("exercise.task", own=True)


def _exercise(name: str) -> Exercise:
    return exercises.ALL.get(name) or abort(404)


@blueprint.get("/exercises")
@permit("exercise.read")
def exercise_list() -> str:
    """All exercises, and how one stands with them."""
    return render_template("assessment/exercises.html", groups=presentation.groups(me().person_id))


@blueprint.get("/exercises/<exercise>")
@permit("exercise.read")
def exercise(exercise: str) -> str:
    """One exercise: what it shows, its two forms, and the tasks that are open."""
    found = _exercise(exercise)
    return render_template("assessment/exercise.html", line=queries.standing(me().person_id, found), exercise=found)


@blueprint.post("/exercises/<exercise>")
@permit("exercise.read")
def begin_exercise(exercise: str) -> Any:
    """Begin it in the form that is chosen, or go on where that is open."""
    found = _exercise(exercise)
    person_id = me().person_id
    with db.write():
        task = service.begin(person_id, found, request.form.get("form", ""))
    return redirect(url_for("assessment.exercise_task", task=task), 303)


def _task(task: UUID) -> queries.Task:
    """A task whose data can still be made; else the reader is sent to begin anew."""
    try:
        found = queries.task(task)
    except LookupError:
        abort(404)
    if not found.is_current:
        raise Refusal("renewed", _("This exercise was renewed meanwhile. Begin it again."), 410)
    return found


@blueprint.get("/exercises/tasks/<uuid:task>")
@permit("exercise.task", target=queries.task_target)
def exercise_task(task: UUID) -> str:
    return _page(_task(task))


def _page(task: queries.Task, typed: Any = None, **more: Any) -> str:
    return render_template("assessment/exercise_task.html", page=presentation.page(task, typed), **more)


@blueprint.post("/exercises/tasks/<uuid:task>")
@permit("exercise.task", target=queries.task_target)
def try_exercise(task: UUID) -> Any:
    """Figures: asked about where they read as two numbers, else graded."""
    found = _task(task)
    typed = {figure.id: request.form.get(figure.id, "")[:60] for figure in found.exercise.FIGURES}
    meant = {figure.id: request.form.get(f"{figure.id}-meant", "") for figure in found.exercise.FIGURES}
    try:
        values = service.read_figures(found.exercise, typed, meant)
        if asked := service.unsure(found.exercise, typed, meant):
            return _page(found, typed, unsure={one.figure: one for one in asked}), 422
        db.end_read()
        with db.write():
            passed = service.answer(task, values, typed) and (found.rows_at or not found.by_file)
    except Refusal as refusal:
        return _page(found, typed, wrong=refusal), refusal.status
    anchor = "content" if passed else "found"  # who has passed reads so at the top, with what comes next
    return redirect(url_for("assessment.exercise_task", task=task, _anchor=anchor), 303)


@blueprint.post("/exercises/tasks/<uuid:task>/file")
@permit("exercise.task", target=queries.task_target)
def give_back(task: UUID) -> Any:
    """A file for the worker to grade."""
    found = _task(task)
    request.max_content_length = uploads.LARGEST + 100_000
    sent = request.files.get("file")
    try:
        data = sent.read(uploads.LARGEST + 1) if sent else b""
        if not data:
            raise Refusal("no_file", _("Choose a file that is not empty."), 422, "file")
        if len(data) > uploads.LARGEST:
            raise uploads.too_large()
        db.end_read()
        with db.write():
            service.give_back(task, data, sent.filename or "" if sent else "")
    except Refusal as refusal:
        return _page(found, wrong=refusal), refusal.status
    return redirect(url_for("assessment.exercise_task", task=task, _anchor="found"), 303)


@blueprint.get("/exercises/tasks/<uuid:task>/found")
@permit("exercise.task", target=queries.task_target)
def exercise_found(task: UUID) -> str:
    """What the newest tries came to, for the script that waits for the worker."""
    return render_template("assessment/_exercise_found.html", page=presentation.page(_task(task)))


# --- files to take along ---------------------------------------------------------------------------------


@blueprint.get("/exercises/tasks/<uuid:task>/<sheet>.csv")
@permit("exercise.task", target=lambda task, sheet: queries.task_target(task))
def exercise_csv(task: UUID, sheet: str) -> Answered:
    found = _task(task)
    tables = {table.name: table for table in found.data.sheets}
    if found.keys_are_given:
        keys = queries.expected(task)["rows"]
        tables["give-back"] = downloads.template_of(found.exercise.KEY, keys, found.exercise.RETURNS)
    table = tables.get(sheet) or abort(404)
    data, name = downloads.as_csv(table, language.code()), f"{found.exercise.ID}-{sheet}.csv"
    return attachment(data, "text/csv; charset=utf-8", name)


@blueprint.get("/exercises/tasks/<uuid:task>/data.xlsx")
@permit("exercise.task", target=queries.task_target)
def exercise_xlsx(task: UUID) -> Answered:
    found = _task(task)
    text = presentation.text_of(found.exercise)
    book = downloads.as_xlsx(found.data, text, found.exercise.RETURNS if found.by_file else ())
    return attachment(book, XLSX, f"{found.exercise.ID}.xlsx")
