"""Enrolling, and drawing the conclusions from what was answered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from lms import audit, clock, db, privacy
from lms.assessment import queries as assessments
from lms.assessment.signals import Answered, Submitted
from lms.curriculum import index
from lms.learning import queries, rules
from lms.learning.models import Completion, Enrolment, LessonCompletion
from lms.learning.signals import Completed, completed
from lms.people import queries as people
from lms.people.signals import Merged, Parted
from lms.policy import Refusal


def enrol(person_id: UUID, course: str, by: UUID | None = None) -> bool:
    """Enrol a person in a course, once; says whether this call did. A withdrawn enrolment is taken up again.

    Raises `Refusal("unknown_course")`.
    """
    s = db.need_write()
    if all(known.id != course for known in index.current().courses):
        raise Refusal("unknown_course", _("There is no such course."))
    person_id = people.kept(person_id)
    if db.insert_once(Enrolment, person_id=person_id, course=course, enrolled_at=clock.now()):
        audit.record("learning.enrolled", "person", person_id, by, course=course)
        return True
    row = s.scalars(select(Enrolment).where(Enrolment.person_id == person_id, Enrolment.course == course)).one()
    if row.state == "active":
        return False
    row.state = "active"
    audit.record("learning.enrolled_again", "person", person_id, by, course=course)
    return True


def lesson_answered(event: Answered) -> None:
    """Receiver: when every check of a lesson has been tried, the lesson is done."""
    kind, _colon, lesson_id = event.instrument.partition(":")
    lesson = index.current().lesson_or_none(lesson_id, "en")
    if kind != "checks" or not event.all_tried or lesson is None:
        return
    for enrolment in queries.enrolments_with(event.person_id, lesson.module):
        if db.insert_once(LessonCompletion, enrolment_id=enrolment.id, lesson=lesson_id, completed_at=event.at):
            conclude(enrolment, lesson.module, event.at)


def assessment_submitted(event: Submitted) -> None:
    """Receiver: a passed assessment may be the last thing that was asked."""
    kind, _colon, module_id = event.instrument.partition(":")
    if kind == "assessment" and event.passed:
        for enrolment in queries.enrolments_with(event.person_id, module_id):
            conclude(enrolment, module_id, event.at)


def conclude(enrolment: Enrolment, module_id: str, at: datetime) -> None:
    """Complete the module if nothing is missing, once, and say so upward in the same transaction."""
    s = db.need_write()
    module = index.current().module(module_id, "en")
    person_id = people.kept(enrolment.person_id)
    # Under all records of the human: what was done under any counts, and what was completed is completed.
    same = Enrolment.course == enrolment.course, people.same_person(Enrolment.person_id, person_id)
    of_them = select(Enrolment.id).where(*same)
    done = set(s.scalars(select(LessonCompletion.lesson).where(LessonCompletion.enrolment_id.in_(of_them))))
    standing = assessments.standing(person_id, module)
    if not rules.is_complete(module, done, standing.passed):
        return
    completion_id = db.new_id()
    lessons = [lesson.id for lesson in module.written]
    minutes = sum(lesson.minutes for lesson in module.written)
    extent = rules.extent(module)
    score = standing.best or 0.0
    there = select(Completion.id).where(
        Completion.enrolment_id.in_(of_them), Completion.module == module_id, Completion.extent == extent
    )
    if s.scalar(there.limit(1)) is not None:
        return
    if db.insert_once(
        Completion,
        id=completion_id,
        enrolment_id=enrolment.id,
        person_id=person_id,
        module=module_id,
        extent=extent,
        lessons=lessons,
        minutes=minutes,
        score=score,
        completed_at=at,
    ):
        completed.send(
            Completed(
                completion_id,
                person_id,
                enrolment.course,
                module_id,
                extent,
                tuple(lessons),
                minutes,
                score,
                at,
            )
        )


def records_merged(event: Merged) -> None:
    """Receiver: the kept record takes every course that either takes, so that new work has its place; and what the
    work of both completes is complete."""
    s = db.need_write()
    own = select(Enrolment).where(people.same_person(Enrolment.person_id, event.kept_id), Enrolment.state == "active")
    taken = {row.course for row in s.scalars(own)}
    made, resumed = [], []
    for course in sorted(taken):
        key = db.new_id()
        if db.insert_once(Enrolment, id=key, person_id=event.kept_id, course=course, enrolled_at=event.at):
            made.append(str(key))
            continue
        row = s.scalars(select(Enrolment).where(Enrolment.person_id == event.kept_id, Enrolment.course == course)).one()
        if row.state != "active":
            row.state = "active"
            resumed.append(str(row.id))
    if made or resumed:
        event.prepared["learning"] = {"made": made, "resumed": resumed}
    s.flush()
    for module in {module.id: module for course in index.current().courses for module in course.modules}:
        for enrolment in queries.enrolments_with(event.kept_id, module):
            conclude(enrolment, module, event.at)


def records_parted(event: Parted) -> None:
    """Receiver: what was made ready for the merge goes again, unless something was done in it since."""
    s = db.need_write()
    prepared = event.prepared.get("learning", {})
    for key in prepared.get("made", []):
        if not _worked_in(UUID(key)):
            s.execute(delete(Enrolment).where(Enrolment.id == UUID(key)))
    for key in prepared.get("resumed", []):
        row = s.get(Enrolment, UUID(key))
        if row is not None and not _worked_in(row.id, event.merged_at):
            row.state = "withdrawn"


def _worked_in(enrolment_id: UUID, since: datetime | None = None) -> bool:
    """Whether anything was done in an enrolment (since then)."""
    s = db.need_write()
    return any(
        s.scalar(
            select(model.id)
            .where(model.enrolment_id == enrolment_id, *([model.completed_at >= since] if since else []))
            .limit(1)
        )
        for model in (LessonCompletion, Completion)
    )


def forget(person_id: UUID) -> list[privacy.Kept]:
    """What was done stays, as figures about nobody; a course that was not finished counts as withdrawn from."""
    kept = privacy.kept(queries.FATES, person_id)
    finished = select(Completion.id).where(Completion.enrolment_id == Enrolment.id).exists()
    db.need_write().execute(
        update(Enrolment).where(Enrolment.person_id == person_id, ~finished).values(state="withdrawn"),
        execution_options={"synchronize_session": False},
    )
    return kept
