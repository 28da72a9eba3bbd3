"""A cohort is changed and copied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from lms import audit, db
from lms.cohorts import rules
from lms.cohorts.models import Call, CallSeat, Cohort, ModuleTarget
from lms.cohorts.service.facts import Facts
from lms.cohorts.service.groups import checked_last_day, checked_name, create_cohort, set_targets
from lms.people import service as people
from lms.people.models import Person, RoleGrant
from lms.policy import Refusal


def change_cohort(
    cohort_id: UUID,
    name: str,
    starts_on: date,
    ends_on: date,
    targets: Mapping[str, date],
    time_zone: str,
    by: UUID | None,
    *,
    scope: str,
    scope_id: str,
    facts: Facts,
) -> None:
    """Change what a cohort is; its course stays, since people are enrolled in it.

    Whether `by` may move it to that scope is for whoever calls to ask. Raises what `create_cohort` does.
    """
    cohort: Cohort = db.locked(Cohort, cohort_id)
    cohort.name, cohort.ends_on = checked_name(name), checked_last_day(starts_on, ends_on)
    cohort.starts_on, cohort.time_zone = starts_on, time_zone
    if moved := (cohort.scope, cohort.scope_id) != (scope, scope_id):
        cohort.scope, cohort.scope_id = scope, scope_id
    for column, value in facts.columns().items():
        setattr(cohort, column, value)
    rows = db.need_write().scalars(select(ModuleTarget).where(ModuleTarget.cohort_id == cohort_id))
    set_targets(cohort_id, {row.module: row for row in rows}, targets)
    audit.record("cohorts.changed", "cohort", cohort_id, by, moved=moved)


def copy_cohort(cohort_id: UUID, name: str, starts_on: date, by: UUID | None, *, staff: bool) -> UUID:
    """Make a cohort like another one, every date moved by as many days as its first day; the new one's id.

    Facts and the call with its offices come along, the call as a draft; staff if wanted, as far as `by` may name
    them; people never. Raises `Refusal("dates")` where a date would fall beyond the calendar, `Refusal("copied")` where
    there is a cohort of that name and first day already: a second press copies nothing.
    """
    s = db.need_write()
    old: Cohort = db.locked(Cohort, cohort_id)
    _check_new(old, checked_name(name), starts_on)
    days = (starts_on - old.starts_on).days
    facts = Facts(
        tuple(old.organisers), tuple(old.funders), old.project_code, old.people_wanted, old.graduates_wanted,
        old.cost, old.currency,
    )  # fmt: skip
    new = create_cohort(
        name, old.course, starts_on, _moved(old.ends_on, days),
        {target.module: _moved(target.due_on, days) for target in old.targets}, old.time_zone, by,
        scope=old.scope, scope_id=old.scope_id, facts=facts,
    )  # fmt: skip
    audit.record("cohorts.copied", "cohort", new, by, of=str(cohort_id))
    if call := s.scalars(select(Call).where(Call.cohort_id == cohort_id)).one_or_none():
        copy = Call(
            id=db.new_id(), cohort_id=new, opens_on=_moved(call.opens_on, days), closes_on=_moved(call.closes_on, days),
            seats=call.seats, message=call.message,
        )  # fmt: skip
        s.add(copy)
        s.flush()
        for seat in s.scalars(select(CallSeat).where(CallSeat.call_id == call.id)):
            s.add(CallSeat(call_id=copy.id, organisation_id=seat.organisation_id, seats=seat.seats))
    if staff:
        for person_id, role in _staff(cohort_id):
            try:
                people.grant_role(person_id, role, "cohort", str(new), by)
            except Refusal as refusal:
                if refusal.code != "beyond_scope":  # whom `by` could not name is left out
                    raise
    return new


def _check_new(old: Cohort, name: str, starts_on: date) -> None:
    same = select(Cohort.id).where(
        Cohort.name == name,
        Cohort.starts_on == starts_on,
        Cohort.course == old.course,
        Cohort.scope == old.scope,
        Cohort.scope_id == old.scope_id,
        Cohort.archived_at.is_(None),
    )
    if db.need_write().scalar(same.limit(1)) is not None:
        raise Refusal("copied", _("A cohort of this name begins on this day already."), 409, "name")


def _staff(cohort_id: UUID) -> Iterable[tuple[UUID, str]]:
    """The cohort's own staff of today as (person, role)."""
    rows = db.need_write().execute(
        select(RoleGrant.person_id, RoleGrant.role)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.scope == "cohort",
            RoleGrant.scope_id == str(cohort_id),
            RoleGrant.ended_at.is_(None),
            Person.archived_at.is_(None),
        )
    )
    return [(row.person_id, row.role) for row in rows]


def _moved(day: date, days: int) -> date:
    moved = rules.shifted(day, days)
    if moved is None:
        raise Refusal("dates", _("These dates are beyond the calendar."), field="starts_on")
    return moved
