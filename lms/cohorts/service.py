"""What can be done with a cohort: make it, bring people into it, let them go, name its staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms import audit, clock, db, privacy
from lms.cohorts.models import Cohort, CohortMember, ModuleTarget
from lms.cohorts.queries import FATES
from lms.learning import service as learning
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
) -> UUID:
    """Make a cohort of a course; `targets` are the days by which it means to have finished each module.

    It belongs to the whole programme, or to a region or country, whose coordinators see it.
    Raises `Refusal("dates")` where it would end before it begins, `Refusal("name")` for an empty name.
    """
    s = db.need_write()
    if not (name := clean(name)):
        raise Refusal("name", _("Give the cohort a name."), field="name")
    if ends_on <= starts_on:
        raise Refusal("dates", _("A cohort ends after it begins."), field="ends_on")
    cohort = Cohort(
        id=db.new_id(), name=name, course=course, starts_on=starts_on, ends_on=ends_on, time_zone=time_zone,
        scope=scope, scope_id=scope_id,
    )  # fmt: skip
    s.add(cohort)
    s.flush()
    for module, due_on in targets.items():
        s.add(ModuleTarget(cohort_id=cohort.id, module=module, due_on=due_on))
    audit.record("cohorts.created", "cohort", cohort.id, by, course=course)
    return cohort.id


def add_member(cohort_id: UUID, person_id: UUID, by: UUID | None = None) -> bool:
    """Bring a person into a cohort and enrol them in its course; says whether they were not in it before.

    Twice is once: a person who is in it stays as they are, one who was withdrawn comes back with all their work.
    """
    s = db.need_write()
    cohort = s.get_one(Cohort, cohort_id)
    learning.enrol(person_id, cohort.course, by)
    if db.insert_once(CohortMember, cohort_id=cohort_id, person_id=person_id, joined_at=clock.now()):
        audit.record("cohorts.joined", "person", person_id, by, cohort=str(cohort_id))
        return True
    member = _member(cohort_id, person_id)
    if member.withdrawn_at is None:
        return False
    member.withdrawn_at = None
    audit.record("cohorts.joined_again", "person", person_id, by, cohort=str(cohort_id))
    return True


def withdraw_member(cohort_id: UUID, person_id: UUID, by: UUID | None = None) -> None:
    """Take a person out of a cohort. What they did and earned stays."""
    member = _member(cohort_id, person_id)
    if member.withdrawn_at is None:
        member.withdrawn_at = clock.now()
        audit.record("cohorts.withdrawn", "person", person_id, by, cohort=str(cohort_id))


def _member(cohort_id: UUID, person_id: UUID) -> CohortMember:
    s = db.need_write()
    return s.scalars(
        select(CohortMember).where(CohortMember.cohort_id == cohort_id, CohortMember.person_id == person_id)
    ).one()


def forget(person_id: UUID) -> list[privacy.Kept]:
    """An erased person is withdrawn from every cohort: nobody waits for them."""
    kept = privacy.kept(FATES, person_id)
    db.need_write().execute(
        update(CohortMember)
        .where(CohortMember.person_id == person_id, CohortMember.withdrawn_at.is_(None))
        .values(withdrawn_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
    return kept
