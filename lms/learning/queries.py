"""What people have done in their courses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    String,
    and_,
    bindparam,
    cast,
    distinct,
    false,
    func,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from lms.curriculum import index
from lms.db import session
from lms.learning import rules
from lms.learning.models import Completion, Enrolment, LessonCompletion
from lms.people import queries as people
from lms.people.models import Person
from lms.privacy import Fate, Held, Keeping
from lms.web import language
from lms.web.timeline import Event


@dataclass(frozen=True)
class Done:
    """A module that somebody completed."""

    module: str
    extent: str
    score: float
    completed_at: datetime


@dataclass
class Progress:
    """One person in one course: the ids of lessons done, and the completions by module and extent."""

    enrolment_id: UUID
    person_id: UUID
    course: str
    state: str
    enrolled_at: datetime
    lessons: dict[str, datetime] = field(default_factory=dict)
    completions: dict[tuple[str, str], Done] = field(default_factory=dict)


@cache
def _progress(one_course: bool) -> Select[Any]:
    """What was enrolled in and done by `people` (in `course`): built once, since building costs more than asking."""
    enrolled: list[ColumnElement[bool]] = [people.among(bindparam("people", expanding=True))]
    if one_course:
        enrolled.append(Enrolment.course == bindparam("course"))
    own = (
        select(
            Enrolment.id,
            people.human().label("person"),
            Enrolment.course,
            Enrolment.state,
            Enrolment.enrolled_at,
            Person.merged_into.is_(None).label("kept"),
        )
        .join(Person, Person.id == Enrolment.person_id)
        .where(*enrolled)
        .cte("own")
    )
    nothing: ColumnElement[Any] = null()
    done = union_all(
        select(
            LessonCompletion.enrolment_id,
            LessonCompletion.lesson.label("what"),
            LessonCompletion.completed_at.label("at"),
            cast(nothing, String).label("extent"),
            cast(nothing, Float).label("score"),
        ).where(LessonCompletion.enrolment_id.in_(select(own.c.id))),
        select(
            Completion.enrolment_id, Completion.module, Completion.completed_at, Completion.extent, Completion.score
        ).where(Completion.enrolment_id.in_(select(own.c.id))),
    ).subquery()
    return (
        select(own, done.c.what, done.c.at, done.c.extent, done.c.score)
        .outerjoin(done, done.c.enrolment_id == own.c.id)
        .order_by(own.c.enrolled_at)
    )


def progress_of(person_ids: Iterable[UUID], course: str | None = None) -> list[Progress]:
    """The progress of these people, in one course or in all of theirs: one statement, however many people.

    What was done under two records of one human is one progress: each thing with the earlier date, active if either
    is, under the kept record's enrolment.
    """
    given: dict[str, Any] = {"people": list(person_ids)}
    if course is not None:
        given["course"] = course
    rows = session().execute(_progress(course is not None), given)
    found: dict[tuple[UUID, str], Progress] = {}
    for enrolment_id, person_id, taken, state, enrolled_at, own, what, at, extent, score in rows:
        progress = found.setdefault((person_id, taken), Progress(enrolment_id, person_id, taken, state, enrolled_at))
        if own:
            progress.enrolment_id = enrolment_id
        if state == "active":
            progress.state = state
        if extent is not None:
            done = progress.completions.get((what, extent))
            if done is None or at < done.completed_at:
                progress.completions[what, extent] = Done(what, extent, score, at)
        elif what is not None:
            progress.lessons[what] = min(at, progress.lessons.get(what, at))
    return list(found.values())


def lessons_done(person_id: UUID) -> set[str]:
    """The ids of the lessons that this person has done, in whatever course: one statement, for the lesson page."""
    return set(session().scalars(_lessons_done(), {"person": person_id}))


@cache
def _lessons_done() -> Select[str]:
    return (
        select(LessonCompletion.lesson)
        .join(Enrolment, Enrolment.id == LessonCompletion.enrolment_id)
        .where(people.same_person(Enrolment.person_id, bindparam("person")))
    )


def finished_in(course_id: str) -> Select[UUID]:
    """The statement for the people (as `people.human()` names them) who have completed all that is written of a course
    today; for others to build on."""
    modules = [module for module in index.current().course(course_id, "en").modules if module.written]
    known = aliased(Person)
    completed = (and_(Completion.module == m.id, Completion.extent == rules.extent(m)) for m in modules)
    return (
        select(people.human(known))
        .join(Enrolment, Enrolment.person_id == known.id)
        .join(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.course == course_id, or_(false(), *completed))
        .group_by(people.human(known))
        .having(func.count(distinct(Completion.module)) == len(modules))
    )


def enrolments_with(person_id: UUID, module_id: str) -> list[Enrolment]:
    """This person's active enrolments in courses that hold the module: one a course, the kept record's first."""
    courses = [course.id for course in index.current().courses if any(m.id == module_id for m in course.modules)]
    rows = session().scalars(
        select(Enrolment)
        .join(Person, Person.id == Enrolment.person_id)
        .where(
            people.same_person(Enrolment.person_id, person_id),
            Enrolment.course.in_(courses),
            Enrolment.state == "active",
        )
        .order_by(Person.merged_into.is_(None), Enrolment.enrolled_at)
    )
    return list({row.course: row for row in rows}.values())


def events_of(person_id: UUID) -> list[Event]:
    """What this room tells of a person's past."""
    return events_in(progress_of([person_id]))


def events_in(progresses: Iterable[Progress]) -> list[Event]:
    """The same of a progress that was asked for already."""
    events = []
    content = index.current()
    for progress in progresses:
        course = content.course(progress.course, language.code())
        events.append(
            Event(
                progress.enrolled_at, "begun", _("Enrolled in %(course)s", course=language.isolated(course.title)), ""
            )
        )
        for lesson_id, at in progress.lessons.items():
            if lesson := content.lesson_or_none(lesson_id, language.code()):
                link = url_for("learning.lesson", lesson=lesson_id)
                events.append(
                    Event(at, "done", _("Finished the lesson %(title)s", title=language.isolated(lesson.title)), link)
                )
        for done in progress.completions.values():
            module = content.module(done.module, language.code())
            text = (
                _("Completed the module %(module)s", module=language.isolated(module.title))
                if done.extent == "module"
                else _("Completed all written lessons of %(module)s", module=language.isolated(module.title))
            )
            events.append(Event(done.completed_at, "completed", text, ""))
    return events


# --- what is held about a person -------------------------------------------------------------------------


def _enrolments(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(Enrolment.id)).where(Enrolment.person_id.in_(ids)).scalar_subquery()


def _completions(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(Completion.id)).where(Completion.person_id.in_(ids)).scalar_subquery()


FATES = (
    Fate(
        _l("That somebody took a course, and which lessons were done"),
        _enrolments,
        _l("It is counted in figures about the courses, which say how many and never who."),
    ),
    Fate(
        _l("Modules completed, with the result"),
        _completions,
        _l("A certificate rests on each of them."),
    ),
)
KEEPINGS = (
    Keeping(
        _l("Your courses, the lessons you did, the modules you completed"), _l("for good: certificates rest on them")
    ),
)


def held_about(person_id: UUID) -> list[Held]:
    """A person's courses, the lessons done in them, the modules completed."""
    enrolments = session().scalars(
        select(Enrolment).where(Enrolment.person_id == person_id).order_by(Enrolment.enrolled_at, Enrolment.id)
    )
    lessons = session().scalars(
        select(LessonCompletion)
        .join(Enrolment, Enrolment.id == LessonCompletion.enrolment_id)
        .where(Enrolment.person_id == person_id)
        .order_by(LessonCompletion.completed_at, LessonCompletion.id)
    )
    completions = session().scalars(
        select(Completion).where(Completion.person_id == person_id).order_by(Completion.completed_at, Completion.id)
    )
    done = {"completed_at": _l("Done"), "enrolled_at": _l("Since")}
    fields = ("id", "module", "extent", "lessons", "minutes", "score", "completed_at")
    told = {"extent": _l("Extent"), "lessons": _l("Lessons"), "minutes": _l("Minutes"), "score": _l("Result, 0 to 1")}
    taken = _plain(enrolments, ("id", "course", "state", "enrolled_at"))
    words = _titles() | {"state": {"active": _l("under way"), "withdrawn": _l("withdrawn")}}
    return [
        Held("courses", _l("Courses"), taken, labels=done, words=words),
        Held(
            "lessons", _l("Lessons done"), _plain(lessons, ("id", "lesson", "completed_at")), labels=done, words=words
        ),
        Held("completions", _l("Modules completed"), _plain(completions, fields), labels=done | told, words=words),
    ]


def _titles() -> dict[str, dict[str, str]]:
    """What courses, modules and lessons are called in the page's language, by their ids."""
    content, spoken = index.current(), language.code()
    courses = [content.course(course.id, spoken) for course in content.courses]
    modules = {module.id: module for course in courses for module in course.modules}
    return {
        "course": {course.id: course.title for course in courses},
        "module": {key: module.title for key, module in modules.items()},
        "lesson": {lesson.id: lesson.title for module in modules.values() for lesson in module.lessons},
    }


def _plain(rows: Iterable[Any], fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in fields} for row in rows]
