"""What can be done with a cohort: make it, change it, copy it, bring people into it, let them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.core import get_global
from babel.numbers import get_currency_precision
from flask_babel import gettext as _
from sqlalchemy import select

from lms import audit, clock, db
from lms.cohorts import rules
from lms.cohorts.models import Call, CallSeat, Cohort, CohortMember, ModuleTarget, Nomination
from lms.learning import service as learning
from lms.people import service as people
from lms.people.models import Person, RoleGrant
from lms.policy import Refusal
from lms.text import clean


@dataclass(frozen=True)
class Facts:
    """What a cohort is beside its course and days. `cost` in the smallest unit of `currency` (ISO 4217)."""

    organisers: tuple[str, ...] = ()
    funders: tuple[str, ...] = ()
    project_code: str = ""
    people_wanted: int | None = None
    graduates_wanted: int | None = None
    cost: int | None = None
    currency: str = ""

    def columns(self) -> dict[str, Any]:
        values = asdict(self)
        return values | {name: [clean(text)[:200] for text in values[name]] for name in ("organisers", "funders")}


def currencies() -> list[str]:
    """The currencies that are legal tender somewhere today, by their codes."""
    tables = get_global("territory_currencies").values()
    return sorted({code for table in tables for code, _since, until, tender in table if tender and until is None})


def smallest_units(amount: Decimal, currency: str) -> int:
    """An amount in the smallest unit of its currency: 12.50 USD are 1250, 500 XOF are 500.

    Raises Refusal (currency, cost) where the currency is unknown or has no unit so small.
    """
    if currency not in currencies():
        raise Refusal("currency", _("Choose the currency of the cost."), field="currency")
    units = amount.scaleb(get_currency_precision(currency))
    if units != units.to_integral_value():
        raise Refusal("cost", _("This currency has no part so small. Round the cost."), field="cost")
    return int(units)


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
    cohort = Cohort(
        id=db.new_id(), name=_name(name), course=course, starts_on=starts_on, ends_on=_last_day(starts_on, ends_on),
        time_zone=time_zone, scope=scope, scope_id=scope_id, **(facts or Facts()).columns(),
    )  # fmt: skip
    s.add(cohort)
    s.flush()
    _set_targets(cohort.id, {}, targets)
    audit.record("cohorts.created", "cohort", cohort.id, by, course=course)
    return cohort.id


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
    cohort.name, cohort.ends_on = _name(name), _last_day(starts_on, ends_on)
    cohort.starts_on, cohort.time_zone = starts_on, time_zone
    if moved := (cohort.scope, cohort.scope_id) != (scope, scope_id):
        cohort.scope, cohort.scope_id = scope, scope_id
    for column, value in facts.columns().items():
        setattr(cohort, column, value)
    rows = db.need_write().scalars(select(ModuleTarget).where(ModuleTarget.cohort_id == cohort_id))
    _set_targets(cohort_id, {row.module: row for row in rows}, targets)
    audit.record("cohorts.changed", "cohort", cohort_id, by, moved=moved)


def copy_cohort(cohort_id: UUID, name: str, starts_on: date, by: UUID | None, *, staff: bool) -> UUID:
    """Make a cohort like another one, every date moved by as many days as its first day; the new one's id.

    Facts and the call with its offices come along, the call as a draft; staff if wanted, as far as `by` may name
    them; people never. Raises `Refusal("dates")` where a date would fall beyond the calendar.
    """
    s = db.need_write()
    old = s.get_one(Cohort, cohort_id)
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
            people.grant_role(person_id, role, "cohort", str(new), by)
    return new


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


def _name(typed: str) -> str:
    if not (name := clean(typed)):
        raise Refusal("name", _("Give the cohort a name."), field="name")
    return name


def _last_day(starts_on: date, ends_on: date) -> date:
    if ends_on <= starts_on:
        raise Refusal("dates", _("A cohort ends after it begins."), field="ends_on")
    return ends_on


def _set_targets(cohort_id: UUID, known: Mapping[str, ModuleTarget], targets: Mapping[str, date]) -> None:
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
    """Take a person out of a cohort. What they did and earned stays; a place that they had by the call is free."""
    member = _member(cohort_id, person_id)
    if member.withdrawn_at is None:
        member.withdrawn_at = clock.now()
        audit.record("cohorts.withdrawn", "person", person_id, by, cohort=str(cohort_id))
        if nomination := _nomination(cohort_id, person_id, "selected"):
            nomination.state, nomination.decided_by, nomination.decided_at = "withdrawn", by, clock.now()


def _nomination(cohort_id: UUID, person_id: UUID, *states: str) -> Nomination | None:
    return (
        db.need_write()
        .scalars(
            select(Nomination).where(
                Nomination.cohort_id == cohort_id, Nomination.person_id == person_id, Nomination.state.in_(states)
            )
        )
        .one_or_none()
    )


def _member(cohort_id: UUID, person_id: UUID) -> CohortMember:
    s = db.need_write()
    return s.scalars(
        select(CohortMember).where(CohortMember.cohort_id == cohort_id, CohortMember.person_id == person_id)
    ).one()
