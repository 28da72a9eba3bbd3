"""What can be done with a cohort: make it, bring people into it, let them go, name its staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from lms import audit, clock, db
from lms.cohorts.models import Cohort, CohortMember, ModuleTarget, Nomination
from lms.cohorts.service.facts import Facts
from lms.learning import service as learning
from lms.people import queries as people
from lms.policy import Refusal
from lms.text import clean


def create_cohort(
    name: str,
    course: str,
    starts_on: date,
    ends_on: date,
    targets: Mapping[str, date],
    time_zone: str = "UTC",
    by: UUID | None = None,
    *,
    scope: str = "programme",
    scope_id: str = "",
    facts: Facts | None = None,
) -> UUID:
    """Make a cohort of a course; `targets` are the days by which it means to have finished each module.

    It belongs to the whole programme, or to a region or country, whose coordinators see it.
    Raises `Refusal("dates")` where it would end before it begins, `Refusal("name")` for an empty name.
    """
    s = db.need_write()
    name, ends_on = checked_name(name), checked_last_day(starts_on, ends_on)
    cohort = Cohort(
        id=db.new_id(), name=name, course=course, starts_on=starts_on, ends_on=ends_on,
        time_zone=time_zone, scope=scope, scope_id=scope_id, **(facts or Facts()).columns(),
    )  # fmt: skip
    s.add(cohort)
    s.flush()
    set_targets(cohort.id, {}, targets)
    audit.record("cohorts.created", "cohort", cohort.id, by, course=course)
    return cohort.id


def add_member(cohort_id: UUID, person_id: UUID, by: UUID | None = None) -> bool:
    """Bring a person into a cohort and enrol them in its course; says whether they were not in it before.

    Twice is once: a person who is in it stays as they are, one who was withdrawn comes back with all their work.
    """
    s = db.need_write()
    cohort = s.get_one(Cohort, cohort_id)
    person_id = people.kept(person_id)
    learning.enrol(person_id, cohort.course, by)
    if any(row.withdrawn_at is None for row in _rows(cohort_id, person_id)):
        return False
    if db.insert_once(CohortMember, cohort_id=cohort_id, person_id=person_id, joined_at=clock.now()):
        audit.record("cohorts.joined", "person", person_id, by, cohort=str(cohort_id))
        return True
    member = next(row for row in _rows(cohort_id, person_id) if row.person_id == person_id)
    if member.withdrawn_at is None:
        return False
    member.withdrawn_at = None
    audit.record("cohorts.joined_again", "person", person_id, by, cohort=str(cohort_id))
    return True


def withdraw_member(cohort_id: UUID, person_id: UUID, by: UUID | None = None) -> None:
    """Take a person out of a cohort. What they did and earned stays; a place that they had by the call is free."""
    for member in _rows(cohort_id, person_id):
        if member.withdrawn_at is None:
            member.withdrawn_at = clock.now()
            audit.record("cohorts.withdrawn", "person", member.person_id, by, cohort=str(cohort_id))
            if nomination := _nomination(cohort_id, member.person_id, "selected"):
                nomination.state, nomination.decided_by, nomination.decided_at = "withdrawn", by, clock.now()


def _nomination(cohort_id: UUID, person_id: UUID, *states: str) -> Nomination | None:
    return (
        db.need_write()
        .scalars(
            select(Nomination).where(
                Nomination.cohort_id == cohort_id,
                people.same_person(Nomination.person_id, person_id),
                Nomination.state.in_(states),
            )
        )
        .first()
    )


def _rows(cohort_id: UUID, person_id: UUID) -> Sequence[CohortMember]:
    """A person's rows in a cohort: one, or one for each of their records."""
    same = CohortMember.cohort_id == cohort_id, people.same_person(CohortMember.person_id, person_id)
    return db.need_write().scalars(select(CohortMember).where(*same)).all()


def checked_name(typed: str) -> str:
    if not (name := clean(typed)):
        raise Refusal("name", _("Give the cohort a name."), field="name")
    return name


def checked_last_day(starts_on: date, ends_on: date) -> date:
    if ends_on <= starts_on:
        raise Refusal("dates", _("A cohort ends after it begins."), field="ends_on")
    return ends_on


def set_targets(cohort_id: UUID, known: Mapping[str, ModuleTarget], targets: Mapping[str, date]) -> None:
    """Make the target days what they are to be: one that is no longer wanted goes."""
    s = db.need_write()
    for module, row in known.items():
        if module not in targets:
            s.delete(row)
    for module, due_on in targets.items():
        if module in known:
            known[module].due_on = due_on
        else:
            s.add(ModuleTarget(cohort_id=cohort_id, module=module, due_on=due_on))
