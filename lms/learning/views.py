"""The course, a module, a lesson with its checks, and the door to an assessment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, redirect, render_template, request, url_for

from lms import db
from lms.assessment import presentation
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.assessment.exercises import queries as exercises
from lms.curriculum import cases, glossary, index
from lms.curriculum.content import Lesson, Module
from lms.learning import queries, rules
from lms.people import queries as people
from lms.policy import define
from lms.web import language
from lms.web.viewer import me, permit, wants_fragment

blueprint = Blueprint("learning", __name__, template_folder="templates")

define("learning.read", signed_in=True)
define("learning.assess", signed_in=True)


def _lesson(lesson_id: str) -> Lesson:
    found = index.current().lesson_or_none(lesson_id, language.code())
    return found or abort(404)


def _module(module_id: str) -> Module:
    try:
        return index.current().module(module_id, language.code())
    except KeyError:
        abort(404)


@blueprint.get("/learn")
@permit("learning.read")
def learn() -> str:
    """The courses that one is in, with all their modules and lessons; without an enrolment, all courses to read."""
    person = me()
    content = index.current()
    progress = queries.progress_of([person.person_id])
    enrolled = [p.course for p in progress if p.state == "active"]
    courses = [content.course(c, language.code()) for c in enrolled or [c.id for c in content.courses]]
    return render_template(
        "learning/learn.html",
        courses=courses,
        enrolled=bool(enrolled),
        done={lesson for p in progress for lesson in p.lessons},
        begun=assessments.lessons_begun(person.person_id),
    )


@blueprint.get("/learn/modules/<module>")
@permit("learning.read")
def module(module: str) -> str:
    found = _module(module)
    person = me()
    done = queries.lessons_done(person.person_id)
    return render_template(
        "learning/module.html",
        module=found,
        done=done,
        begun=assessments.lessons_begun(person.person_id),
        enrolled=bool(queries.enrolments_with(person.person_id, module)),
        open=rules.lessons_done(found, done),
        standing=assessments.standing(person.person_id, found) if found.assessment else None,
        practice=exercises.of_lessons([lesson.id for lesson in found.lessons]),
    )


@blueprint.get("/learn/lessons/<lesson>")
@permit("learning.read")
def lesson(lesson: str) -> str:
    person, asked = me(), _lesson(lesson)
    marked = glossary.current().mark(asked)
    found = _own_case_first(replace(asked, body=marked.body), person.person_id)
    module = _module(found.module)
    position = found.number - 1
    return render_template(
        "learning/lesson.html",
        lesson=found,
        terms=marked.terms,
        module=module,
        done=queries.lessons_done(person.person_id),
        checks=presentation.checks(found, person.person_id),
        practice=exercises.of_lessons([found.id]),
        before=module.lessons[position - 1] if position > 0 else None,
        after=module.lessons[position + 1] if position + 1 < len(module.lessons) else None,
    )


def _own_case_first(lesson: Lesson, person_id: UUID) -> Lesson:
    """Of the cases in a lesson the one that is like the person's own office comes first."""
    if not any(isinstance(part, str) and "note case-" in part for part in lesson.body):
        return lesson
    office = people.office_of(person_id)
    return replace(lesson, body=cases.own_first(lesson.body, office.infrastructure)) if office else lesson


@blueprint.post("/learn/lessons/<lesson>/checks/<question>")
@permit("learning.read")
def check(lesson: str, question: str) -> Any:
    """Answer one check: the fragment with its feedback, or back to the lesson at that question."""
    found = _lesson(lesson)
    asked = next((q for q in found.checks if q.id == question), None) or abort(404)
    person = me()
    answer = presentation.answer_from_form(asked, request.form, person.person_id, found)
    if answer is not None:
        with db.write():
            assessment.answer_check(person.person_id, found, asked, answer)
    if wants_fragment():
        checks = presentation.checks(found, person.person_id)
        return render_template("assessment/_check.html", check=checks[question], lesson=found, swapped=True)
    return redirect(url_for("learning.lesson", lesson=lesson, _anchor=f"q-{question}"), 303)


@blueprint.post("/learn/modules/<module>/assessment")
@permit("learning.assess")
def assess(module: str) -> Any:
    """Begin the module's assessment, or go on with the one that is open."""
    found = _module(module)
    person = me()
    rules.may_assess(
        found,
        enrolled=bool(queries.enrolments_with(person.person_id, module)),
        done=queries.lessons_done(person.person_id),
    )
    db.end_read()
    with db.write():
        attempt = assessment.start(person.person_id, found)
    return redirect(url_for("assessment.attempt", attempt_id=attempt), 303)
