"""The call of a cohort: made, changed, opened; the offices that it invites are told and reminded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, delete, func, select

from lms import audit, clock, db
from lms.cohorts import queries, rules
from lms.cohorts.models import Call, CallSeat, Cohort, Nomination
from lms.cohorts.service import letters
from lms.policy import Refusal
from lms.text import clean
from lms.web import language

MOST_SEATS = 10_000


def save_call(
    cohort_id: UUID,
    opens_on: date,
    closes_on: date,
    seats: int,
    message: str,
    offices: Mapping[UUID, int],
    by: UUID | None,
) -> UUID:
    """Make or change the call of a cohort; `offices` are those that it invites, with the seats of each.

    Once it was opened its first day stays, and what was nominated and selected keeps its room. Offices that come
    later are told at once. Raises Refusal (dates, offices, seats, selection_made) with the field.
    """
    s = db.need_write()
    cohort: Cohort = db.locked(Cohort, cohort_id)
    call = s.scalars(select(Call).where(Call.cohort_id == cohort_id)).one_or_none()
    _check_days(cohort, opens_on, closes_on)
    within = queries.offices_to_invite(cohort, call)
    if not offices.keys() <= {office.id for office in within}:
        raise Refusal("offices", _("One of these offices is not where the cohort belongs."), field="offices")
    if not 1 <= seats <= MOST_SEATS or not all(1 <= own <= MOST_SEATS for own in offices.values()):
        raise Refusal("seats", _("Write a number of seats of at least one."), field="seats")
    if call is None:
        call = Call(id=db.new_id(), cohort_id=cohort_id, opens_on=opens_on, closes_on=closes_on, seats=seats)
        s.add(call)
    else:
        _check_change(cohort, call, opens_on, closes_on, seats, offices)
    call.opens_on, call.closes_on, call.seats = opens_on, closes_on, seats
    call.message = "\n".join(clean(line) for line in message.splitlines()).strip()[:4000]
    s.flush()
    _set_seats(call, offices)
    audit.record("cohorts.call_saved", "cohort", cohort_id, by, closes_on=closes_on.isoformat(), seats=seats)
    if call.opened_at is not None:
        tell_offices(call.id)
    return call.id


def _check_days(cohort: Cohort, opens_on: date, closes_on: date) -> None:
    if closes_on < opens_on:
        raise Refusal("dates", _("The last day comes before the first."), field="closes_on")
    if closes_on >= cohort.ends_on:
        raise Refusal("dates", _("The call would last longer than its cohort."), field="closes_on")


def _check_change(
    cohort: Cohort, call: Call, opens_on: date, closes_on: date, seats: int, offices: Mapping[UUID, int]
) -> None:
    """What was nominated and selected keeps its room: neither the days nor the seats may be cut below it."""
    _need_selecting(call)
    if call.opened_at is not None and opens_on != call.opens_on:
        message = _("The call is open: its first day stays. You can move the last one.")
        raise Refusal("dates", message, field="opens_on")
    named = _named(cohort.id)
    zone = clock.zone(cohort.time_zone)
    last = max((row.last for row in named.values()), default=None)
    if last is not None and closes_on < last.astimezone(zone).date():
        day = language.day(last.astimezone(zone).date())
        message = _("The last nomination came on %(day)s: the call cannot end before it.", day=day)
        raise Refusal("dates", message, field="closes_on")
    for office, row in named.items():
        if office not in offices:
            message = _("An office that has nominated somebody stays invited. Refuse its people instead.")
            raise Refusal("offices", message, field="offices")
        if offices[office] < row.selected:
            raise Refusal(
                "seats", _("More people of an office are selected than it would have seats."), field="offices"
            )
    if seats < sum(row.selected for row in named.values()):
        raise Refusal("seats", _("More people are selected than there would be seats."), field="seats")


def _named(cohort_id: UUID) -> dict[UUID, Any]:
    """For each office that has nominated somebody: the last time, and how many of its people are selected."""
    rows = db.need_write().execute(
        select(
            Nomination.organisation_id,
            func.max(Nomination.nominated_at).label("last"),
            func.count().filter(Nomination.state == "selected").label("selected"),
        )
        .where(Nomination.cohort_id == cohort_id, Nomination.by_hand.is_(False), Nomination.state != "withdrawn")
        .group_by(Nomination.organisation_id)
    )
    return {row.organisation_id: row for row in rows}


def _set_seats(call: Call, offices: Mapping[UUID, int]) -> None:
    s = db.need_write()
    known = {row.organisation_id: row for row in s.scalars(select(CallSeat).where(CallSeat.call_id == call.id))}
    if gone := known.keys() - offices.keys():
        s.execute(delete(CallSeat).where(CallSeat.call_id == call.id, CallSeat.organisation_id.in_(gone)))
    for office, seats in offices.items():
        if office in known:
            known[office].seats = seats
        else:
            s.add(CallSeat(call_id=call.id, organisation_id=office, seats=seats))
    s.flush()


def open_call(cohort_id: UUID, by: UUID | None) -> int:
    """Open the call: letters go to the focal points of the offices, on its first day. How many went at once.

    Raises Refusal (no_call, no_offices, call_over, selection_made).
    """
    s = db.need_write()
    cohort: Cohort = db.locked(Cohort, cohort_id)
    call = s.scalars(select(Call).where(Call.cohort_id == cohort_id)).one_or_none()
    if call is None:
        raise Refusal("no_call", _("Make the call first."), 409)
    _need_selecting(call)
    if not s.scalar(select(func.count()).where(CallSeat.call_id == call.id)):
        raise Refusal("no_offices", _("The call invites no office yet. Give at least one of them a seat."))
    if call.closes_on < clock.today(cohort.time_zone):
        raise Refusal("call_over", _("The last day is in the past. Move it first."))
    if call.opened_at is None:
        call.opened_at = clock.now()
        audit.record("cohorts.call_opened", "cohort", cohort_id, by)
        s.flush()
    return tell_offices(call.id)


def _need_selecting(call: Call) -> None:
    if call.selected_at is not None:
        raise Refusal("selection_made", _("The selection of this call is made: it stays as it is."), 409)


def tell_offices(call_id: UUID | None = None) -> int:
    """Tell the offices of open calls that have not been told, and remind those that named nobody as the last day
    comes; how many letters. Once each, however often it is asked: the worker asks every hour.

    An office without a focal point is told when it has one.
    """
    s = db.need_write()
    rows = s.execute(
        select(Cohort, Call, CallSeat, _nominations_of_office())
        .join(Call, Call.cohort_id == Cohort.id)
        .join(CallSeat, CallSeat.call_id == Call.id)
        .where(
            Call.opened_at.is_not(None),
            Call.selected_at.is_(None),
            Cohort.archived_at.is_(None),
            *([Call.id == call_id] if call_id else [Call.closes_on >= clock.today("Etc/GMT+12")]),
        )
    )
    due = []
    for cohort, call, seat, nominated in rows.unique():
        today = clock.today(cohort.time_zone)
        if not rules.is_open(True, call.opens_on, call.closes_on, False, today):
            continue
        if seat.told_at is None:
            due.append((cohort, call, seat, False))
        elif rules.is_reminded(call.closes_on, today, seat.reminded_of, nominated):
            due.append((cohort, call, seat, True))
    return _write_to_offices(due)


def _nominations_of_office() -> ScalarSelect[int]:
    """How many an office has nominated for the cohort of the row."""
    return (
        select(func.count())
        .where(
            Nomination.cohort_id == Cohort.id,
            Nomination.organisation_id == CallSeat.organisation_id,
            Nomination.by_hand.is_(False),
            Nomination.state != "withdrawn",
        )
        .correlate(Cohort, CallSeat)
        .scalar_subquery()
    )


def _write_to_offices(due: list[tuple[Cohort, Call, CallSeat, bool]]) -> int:
    if not due:
        return 0
    offices = {seat.organisation_id for _cohort, _call, seat, _again in due}
    recipients, names, sent = queries.focal_points_of(offices), queries.office_names(offices), 0
    for cohort, call, seat, again in due:
        found = recipients.get(seat.organisation_id, [])
        for to in found:
            office = names[seat.organisation_id].name_in(to.language)
            letters.call_letter(cohort, call, seat, office, to, again=again)
            sent += 1
        if found and again:
            seat.reminded_of = call.closes_on
        elif found:
            # Whoever is told within the last days needs no reminder of the same.
            late = rules.is_reminded(call.closes_on, clock.today(cohort.time_zone), None, 0)
            seat.told_at, seat.reminded_of = clock.now(), call.closes_on if late else None
    return sent
